"""Telemetry: structured logs (log). No core imports it, and no secret reaches it."""
