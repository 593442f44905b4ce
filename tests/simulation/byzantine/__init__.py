"""Modules that lie, one kind a file. A run has at most f of them, drawn by its seed; f + 1 must break it."""

from __future__ import annotations

from tests.simulation.byzantine.bad_view_changes import BadViewChanges
from tests.simulation.byzantine.behaviour import Behaviour
from tests.simulation.byzantine.corrupt_snapshots import CorruptSnapshots
from tests.simulation.byzantine.equivocation import Equivocation
from tests.simulation.byzantine.lies import LyingHeld, OtherResults, WrongPartials
from tests.simulation.byzantine.replays import Replays
from tests.simulation.byzantine.slow_primary import SlowPrimary
from tests.simulation.byzantine.split_prepares import SplitPrepares
from tests.simulation.byzantine.stale_checkpoints import StaleCheckpoints
from tests.simulation.byzantine.twin import Twin
from tests.simulation.byzantine.withheld_bodies import WithheldBodies
from tests.simulation.byzantine.wrong_signatures import WrongSignatures

BEHAVIOURS: dict[str, type[Behaviour]] = {
    kind.name: kind
    for kind in (
        Equivocation,
        SplitPrepares,
        WithheldBodies,
        BadViewChanges,
        StaleCheckpoints,
        Replays,
        SlowPrimary,
        WrongPartials,
        LyingHeld,
        OtherResults,
        Twin,
        CorruptSnapshots,
        WrongSignatures,
    )
}
