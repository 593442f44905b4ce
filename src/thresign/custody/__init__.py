"""Custody of shares: what a token does for its vault (interface), and the PKCS#11 software token (token)."""
