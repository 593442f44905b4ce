"""Trust: what is known of modules, and who is chosen for an order. Integers only: every vault computes the same."""
