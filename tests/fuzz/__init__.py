"""Fuzzing of what reads outside input: `make fuzz` for long, a little of it in every run of the tests."""
