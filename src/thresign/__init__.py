"""thresign: threshold signing in which the key never exists. docs/architecture.md is the map."""
