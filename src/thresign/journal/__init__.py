"""Append-only files: framing that survives a torn tail (frames), one file (file), and many in a row (segments)."""
