"""Bytes: one canonical encoding per value (canonical), and how they are cut on a stream (frames)."""
