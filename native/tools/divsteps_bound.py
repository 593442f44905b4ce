#!/usr/bin/env python3
"""How many divsteps are enough: divsteps_bound.py BITS prints a number for all moduli below 2^BITS.

The divstep is that of native/core/edwards448/modinv.c: with delta = 1/2 at first and f odd,
  (delta, f, g) -> (1 - delta, g, (g - f)/2) if delta > 0 and g is odd, (1 + delta, f, (g + (g mod 2) f)/2) otherwise.

Forget that f and g are whole numbers, and whether g is odd: follow, for every delta, the convex hull of all (f, g) that
can be reached from 0 <= g <= f <= M by any choice. Where a whole hull lies within |g| < 1, g is zero, and nothing more
has to be followed there. The maps are linear, so the corners are enough, and M may be 1 if we wait for |g| < 2^-BITS.
(After P. Wuille, github.com/sipa/safegcd-bounds; written anew.) Numbers are whole here, scaled by 2 at every step.

64 bits take a second and give 148; 448 bits take half an hour and give 1033."""

import sys

Corner = tuple[int, int]


def cross(o: Corner, a: Corner, b: Corner) -> int:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def half_hull(points: list[Corner]) -> list[Corner]:
    chain: list[Corner] = []
    for point in points:
        while len(chain) >= 2 and cross(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def hull(points: set[Corner]) -> list[Corner]:
    ordered = sorted(points)
    if len(ordered) <= 2:
        return ordered
    return half_hull(ordered)[:-1] + half_hull(ordered[::-1])[:-1]


def steps(bits: int) -> int:
    # Hulls by theta = delta - 1/2, which is a whole number.
    hulls: dict[int, list[Corner]] = {0: hull({(0, 0), (1, 0), (1, 1)})}
    count = 0
    scale = 1  # what stands for M
    while hulls:
        reached: dict[int, set[Corner]] = {}
        for theta, corners in hulls.items():
            grown = reached.setdefault(theta + 1, set())
            grown.update((2 * f, g) for f, g in corners)
            if theta >= 0:
                reached.setdefault(-theta, set()).update((2 * g, g - f) for f, g in corners)
            else:
                grown.update((2 * f, g + f) for f, g in corners)
        scale *= 2
        count += 1
        open_sets = {t: points for t, points in reached.items() if any(abs(g) << bits >= scale for _, g in points)}
        hulls = {theta: hull(points) for theta, points in open_sets.items()}
    return count


if __name__ == "__main__":
    print(steps(int(sys.argv[1])))
