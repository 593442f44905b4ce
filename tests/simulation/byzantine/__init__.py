"""Modules that lie, one kind a file. A run has at most f of them, drawn by its seed; more must break it."""
