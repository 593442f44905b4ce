"""The token's reasons by code: a mirror of native/include/thresign/result.h and errors.h, held equal by a test."""

from __future__ import annotations

RESULTS: dict[int, tuple[str, str]] = {}
