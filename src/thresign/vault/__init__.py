"""The vault: the process with the token, the vote key and the ledger; no network.

voting/      the rules by which a judgement becomes a vote; pure
replay       from what it wrote down back to what it was
service      the calls that its node may make; pure
server       the process: socket, token, clock
client       the node's side of the socket
hardening    what the process gives up before it serves
"""
