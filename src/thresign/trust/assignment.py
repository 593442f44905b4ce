"""Who signs: smooth weighted round-robin over the eligible, with its counters in the ledger.

Each candidate gains credit in proportion to its weight; the min_signers with the most credit are chosen and pay for it
together what all gained. Over time everybody is chosen in proportion to weight, nobody proposes the choice, and nobody
can grind it: it depends on the ledger alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

CREDIT_MAX = 1 << 40
"""Credits are held within this bound, so that a module that was away for long does not come back as the only choice."""


def choose(
    weights: Mapping[int, int], credits: Mapping[int, int], count: int, last: Collection[int] = ()
) -> tuple[list[int], dict[int, int]]:
    """Chooses `count` of the candidates in `weights` (number to weight, 0 or more).

    Returns the chosen numbers, most credit first (the first coordinates), and the new credits of all candidates.
    Candidates of weight 0 are chosen only when the others are too few, and those in `last` only after these. Requires
    count <= len(weights).
    """
    total = sum(weights.values())
    gained = {number: credits.get(number, 0) + weight * count for number, weight in weights.items()}
    ranked = sorted(gained, key=lambda number: (number in last, weights[number] == 0, -gained[number], number))
    chosen = ranked[:count]
    for number in chosen:
        gained[number] -= total
    return chosen, {number: max(-CREDIT_MAX, min(CREDIT_MAX, credit)) for number, credit in gained.items()}
