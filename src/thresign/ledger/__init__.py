"""The replicated state: what every vault knows after the same batches, and the pure functions that judge and apply.

state     the values
judge     is this entry permitted now, by ledger and header alone -> Permit (with changes) | Refuse | Later
assign    the assignment of signers, nonces and coordinator
planner   a batch of entries -> its orders, and the changes that applying it makes
ledger    the room's door
snapshot  the state as canonical bytes and its digest
"""
