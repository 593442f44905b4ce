"""Benchmarks: what repeats per request, measured beside peers in the same run. No assert on time."""
