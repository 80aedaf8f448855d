"""The Pareto front: runs that no other run beats in one metric without losing in another. On exact values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reportgen.analysis.ranks import is_finite
from reportgen.analysis.separable import Scored, difference, excludes_zero
from reportgen.errors import ReportgenError
from reportgen.model import Direction

MOST_RUNS = 2000
"""With more than two axes every run meets every other; beyond this many that takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Places of the points on the front, and of those on it within noise."""

    members: tuple[int, ...]
    near: tuple[int, ...] = ()


def pareto_front(vectors: Sequence[Sequence[float | None]], directions: Sequence[Direction]) -> list[int]:
    """Return the places of the vectors that none dominates, in order; equal vectors are both on the front.

    p dominates q if it is no worse on every axis and better on one. A vector with a missing or non-finite value is not on it.
    """
    if any(direction == "none" for direction in directions):
        raise ReportgenError("a Pareto front needs a direction for every axis", hint="set direction under [metrics.NAME]")
    turned = [
        (place, tuple(-v if d == "higher" else v for v, d in zip(vector, directions, strict=True) if v is not None))
        for place, vector in enumerate(vectors)
        if all(is_finite(v) for v in vector)
    ]
    found = _sweep(turned) if len(directions) == 2 else _all_against_all(turned)
    return sorted(found)


def _sweep(points: Sequence[tuple[int, tuple[float, ...]]]) -> list[int]:
    """O(n log n) for two axes: by the first axis, groups of equal value at once."""
    found: list[int] = []
    best: float | None = None
    for _, group in groupby(sorted(points, key=lambda p: (p[1], p[0])), key=lambda p: p[1][0]):
        members = list(group)
        least = members[0][1][1]
        if best is None or least < best:
            found += [place for place, vector in members if vector[1] == least]
            best = least
    return found


def _all_against_all(points: Sequence[tuple[int, tuple[float, ...]]]) -> list[int]:
    if len(points) > MOST_RUNS:
        raise ReportgenError(f"{len(points)} runs are too many for a front over more than two metrics", hint="use two metrics")
    return [place for place, vector in points if not any(_dominates(other, vector) for _, other in points)]


def _dominates(p: tuple[float, ...], q: tuple[float, ...]) -> bool:
    return p != q and all(a <= b for a, b in zip(p, q, strict=True))


def find_front(points: Sequence[tuple[float, Scored]], cost: Direction, quality: Direction) -> Front:
    """Return the front of `points`, each a cost and a quality.

    Near it ("on the front within noise") are points that cannot be told apart in quality from one of the front and are no worse
    in cost; intervals never move the front itself.
    """
    members = pareto_front([(price, found.value) for price, found in points], (cost, quality))
    on_it = set(members)
    sign = -1 if cost == "higher" else 1
    near = [
        place
        for place, (price, found) in enumerate(points)
        if place not in on_it
        and any(sign * price <= sign * points[other][0] and _alike(found, points[other][1]) for other in members)
    ]
    return Front(members=tuple(members), near=tuple(near))


def _alike(a: Scored, b: Scored) -> bool:
    return excludes_zero(difference(a, b)) is False
