"""The rules by which a vault votes (DESIGN section 7), cut by kind of vote. Pure: no clock, no disk, no randomness.

Each function takes the Book (what this vault has said and believes) and answers with a Ballot: the reply, and what has
to be on disk before the reply leaves. A rule that does not hold raises VoteRefused with the rule's tag, numbered in
docs/spec/agreement.md. The node may ask for anything in any order; it can delay, but never obtain two votes for one
slot of one view, a vote for what was not judged, or a vote that forgets what was prepared.
"""
