"""The node: the process that talks.

replica            agreement, signing and key generation joined, sans-IO
runtime            sockets, clock, disk around the replica
desk               callers' requests from arrival to answer
bodies             large bodies on their way
history, records   what it writes down, and finds again
evidence           bundles, put together from the journal
wiring, main       the only place that picks backends; the process
"""
