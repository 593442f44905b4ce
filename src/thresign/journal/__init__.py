"""Append-only files: framing that survives a torn tail (frames), and the file itself (file)."""
