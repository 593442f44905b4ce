"""Agreement: every batch is decided by a quorum before anything acts on it.

interface   what an engine offers and needs
pbft/       Castro and Liskov's protocol, sans-IO
embedded    the engine in the node: sockets, clock, journal around pbft
"""
