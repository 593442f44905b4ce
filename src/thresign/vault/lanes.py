"""Which calls there are, in which lane each is served, and what it may be answered with: one table for both ends.

Votes are served before bulk work. Failure may answer any call. A call without its answer cannot be written down here:
an answer that the node's end does not know would end the connection.
"""

from __future__ import annotations

from thresign.orders.statements import Announcement, CeremonyAbort, FoundReport, MissingReport, Present
from thresign.orders.votes import Checkpoint, HorizonReport, NewView, PrePrepare, ViewChange, Vote
from thresign.vault import calls, recovery_calls
from thresign.wire.canonical import Record, by_tag

Answers = dict[type[Record], tuple[type[Record], ...]]

_VOTES: Answers = {
    calls.StatusCall: (calls.Status,),
    calls.ProposeCall: (calls.Proposed,),
    calls.ReproposeCall: (PrePrepare,),
    calls.PrepareCall: (Vote,),
    calls.CommitCall: (Vote,),
    calls.DecideCall: (calls.Applied,),
    calls.ChangeViewCall: (ViewChange,),
    calls.NewViewCall: (NewView,),
    calls.InstallCall: (calls.Done,),
    calls.CheckpointCall: (Checkpoint,),
    calls.StabiliseCall: (recovery_calls.Stabilised, calls.Status),
    calls.BodyCall: (calls.Done,),
}
_BULK: Answers = {
    calls.JudgeCall: (calls.Judged,),
    calls.SignCall: (calls.Signed,),
    calls.ForgetCall: (calls.Done,),
    calls.DecidedCall: (calls.DecidedBatch,),
    calls.UnusedCall: (calls.Unused,),
    calls.AnnounceCall: (Announcement,),
    calls.ReportMissingCall: (MissingReport,),
    calls.ReportFoundCall: (FoundReport,),
    calls.PresentCall: (Present,),
    calls.KeygenBeginCall: (calls.KeygenStep,),
    calls.KeygenDealCall: (calls.KeygenStep,),
    calls.KeygenFinishCall: (calls.KeygenStep,),
    calls.AbortCall: (CeremonyAbort,),
    recovery_calls.OfferCall: (recovery_calls.Offer,),
    recovery_calls.SnapshotCall: (recovery_calls.SnapshotChunk,),
    recovery_calls.TransferCall: (calls.Done,),
    recovery_calls.TransferChunkCall: (calls.Done, calls.Status),
    recovery_calls.Reminder: (recovery_calls.Memory,),
    recovery_calls.ReportCall: (HorizonReport,),
    recovery_calls.RejoinCall: (recovery_calls.Memory,),
}
ANSWERS_TO: Answers = _VOTES | _BULK

VOTE_LANE: dict[bytes, type[Record]] = by_tag(*_VOTES)
BULK_LANE: dict[bytes, type[Record]] = by_tag(*_BULK)
CALLS = VOTE_LANE | BULK_LANE
ANSWERS: dict[bytes, type[Record]] = by_tag(calls.Failure, *(kind for kinds in ANSWERS_TO.values() for kind in kinds))
