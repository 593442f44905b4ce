"""Agreement: every batch is decided by a quorum before anything acts on it.

pbft/       Castro and Liskov's protocol, sans-IO

node.replica joins it with signing and key generation, node.runtime is its shell (docs/adr/0012).
"""
