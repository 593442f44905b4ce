"""What the domain thinks of a module: a score, and whether it was reported silent.

Scores are integers from 0 to SCORE_MAX. Silence is a soft observation: it ranks a module last, but never makes it
ineligible. It ends when the module says that it is present, at the earliest after a hold-off that doubles each time.
"""

from __future__ import annotations

import msgspec

SCORE_MAX = 1000
SCORE_ELIGIBLE = 500
HOLD_OFF_DOUBLINGS_MAX = 6
FORGIVEN_AFTER_HOLD_OFFS = 8
"""After this many hold-offs without a new report the hold-off starts small again."""


class Standing(msgspec.Struct, frozen=True):
    """Of one module. Times are agreed milliseconds; `silent_since_ms` 0 means not silent."""

    score: int = SCORE_MAX
    silent_since_ms: int = 0
    silences: int = 0
    last_silence_ms: int = 0

    @property
    def eligible(self) -> bool:
        """May sign and coordinate at all."""
        return self.score >= SCORE_ELIGIBLE

    @property
    def weight(self) -> int:
        """For assignment: the score, and 0 (last choice) while silent."""
        return 0 if self.silent_since_ms else self.score

    def hold_off_ms(self, silence_ms: int) -> int:
        """How long after the report the module may come back."""
        doublings = min(self.silences - 1, HOLD_OFF_DOUBLINGS_MAX) if self.silences else 0
        return silence_ms << doublings

    def reported_silent(self, time_ms: int, silence_ms: int) -> Standing:
        """After a report that this module's partial never came. A second report while silent changes nothing."""
        if self.silent_since_ms:
            return self
        forgiven = time_ms - self.last_silence_ms > FORGIVEN_AFTER_HOLD_OFFS * self.hold_off_ms(silence_ms)
        return Standing(self.score, time_ms, 1 if forgiven else self.silences + 1, time_ms)

    def may_return(self, time_ms: int, silence_ms: int) -> bool:
        """True if a statement of presence would end the silence now."""
        return self.silent_since_ms > 0 and time_ms >= self.silent_since_ms + self.hold_off_ms(silence_ms)

    def present(self) -> Standing:
        """After the module's statement of presence."""
        return Standing(self.score, 0, self.silences, self.last_silence_ms)
