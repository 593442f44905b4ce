"""The public side of FROST (RFC 9591): suites, aggregation, blame, verification. Shares live in tokens, never here."""
