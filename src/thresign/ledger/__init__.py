"""The replicated state: what every vault knows after the same batches, and the pure functions that judge and apply.

state      the values
verdicts   how an entry is judged, and what applying a permitted one changes
judge_*    is this entry permitted now, by ledger and header alone -> Permit (with changes) | Refuse | Later | Known
assign     the assignment of signers, nonces and coordinator
draft      a batch while it is planned, and the plan: its orders, and the changes that applying it makes
ledger     the room's door
snapshot   the state as canonical bytes and its digest
"""
