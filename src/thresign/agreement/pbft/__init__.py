"""PBFT (Castro and Liskov, OSDI '99), every message signed, sans-IO: step(event) -> effects.

The core runs in the node. It talks, counts and waits; what is true it leaves to the vault, which judges, votes and
verifies (vault.voting). So a core may be wrong about anything and the domain is merely slower.

    events, messages   what goes in and out
    pending            entries that wait to be ordered
    state              what the core remembers
    core               the table of contents: one function per event
    propose prepare commit decide view_change checkpoint catch_up     one file per kind of message
"""
