"""The node: the process that talks.

replica     agreement, signing and key generation joined, sans-IO
journal     what it writes down
wiring      the only place that picks backends
runtime     sockets, clock, disk around the replica
"""
