"""Level shifts in a short, noisy history: propose with a bounded loss, confirm by rank.

Proposals minimise Σ min(((y − level)/σ)², 9) plus a price per change over piecewise-constant levels (biweight loss: Fearnhead &
Rigaill 2019), so that an outlier never buys a level. A proposal stands only if a rank scan over its two neighbours, whose
threshold is the .999 quantile under exchangeability, or the rule of three agrees. Deterministic, the same for both directions,
indifferent to scale and offset, and silent on fewer than 11 values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 11
"""Histories shorter than this are never judged."""

_SHORTEST_SEGMENT = 3
_MOST_STATES = 200
_LOSS_LIMIT = 9.0
_RANK_FEWEST = 15
_REFERENCE_FEWEST, _REFERENCE_MOST = 8, 30
_MEMORY_LIMIT = 0.8
_LARGEST = 1e150
"""Squares of larger values are no numbers: nothing is judged by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What was found in a history: `starts` are the first indices of new levels, `levels` the medians of all segments.

    `sigma` is the usual spread between neighbouring builds, `memory` how much neighbours resemble each other (0 to 0.8).
    `slope` is set where a straight drift describes the history better than the steps, which then do not count.
    """

    starts: tuple[int, ...]
    levels: tuple[float, ...]
    sigma: float
    memory: float
    slope: float | None = None


def find_steps(values: Sequence[float], *, min_shift: float) -> Steps:
    """Return the level shifts of finite `values` in build order; changes below `min_shift` do not count."""
    import numpy as np

    y = np.asarray(values, dtype=np.float64)
    if len(y) and float(np.max(np.abs(y))) > _LARGEST:
        return Steps(starts=(), levels=(), sigma=0.0, memory=0.0)
    if len(y) < FEWEST:
        return _nothing(y, 0.0)
    sigma = _sigma(y)
    if sigma == 0.0:
        return _nothing(y, 0.0)
    sigma = max(sigma, min_shift / 2)
    z = (y - np.median(y)) / sigma
    starts = _dissolve(y, _propose(z))
    memory = _memory(z, starts)
    starts = _confirm(y, starts, math.sqrt((1 - memory) / (1 + memory)), min_shift)
    slope = _slope(y, starts) if starts else None
    return Steps(starts=tuple(starts), levels=_levels(y, starts), sigma=sigma, memory=memory, slope=slope)


def _nothing(y: Floats, sigma: float) -> Steps:
    return Steps(starts=(), levels=_levels(y, []) if len(y) else (), sigma=sigma, memory=0.0)


def _sigma(y: Floats) -> float:
    """Spread between neighbours; of mostly equal values the mean instead of the median, of equal ones 0."""
    import numpy as np

    steps = np.abs(np.diff(y))
    spread = float(np.median(steps)) / (0.674490 * math.sqrt(2))
    return spread or float(np.mean(steps)) * math.sqrt(math.pi) / 2


def _propose(z: Floats) -> list[int]:
    """Cheapest path through the levels (Viterbi): on equal cost it stays, and of equal levels the lowest holds."""
    import numpy as np

    n = len(z)
    states = np.unique(z)
    if len(states) > _MOST_STATES:
        states = np.unique(np.quantile(z, np.linspace(0, 1, _MOST_STATES)))
    price = 2 * math.log(n)
    came = np.empty((n, len(states)), dtype=np.int16)
    here = np.arange(len(states), dtype=np.int16)
    cost = np.minimum((z[0] - states) ** 2, _LOSS_LIMIT)
    came[0] = here
    for t in range(1, n):
        cheapest = int(np.argmin(cost))
        moved = cost[cheapest] + price
        stays = cost <= moved
        came[t] = np.where(stays, here, cheapest)
        cost = np.where(stays, cost, moved) + np.minimum((z[t] - states) ** 2, _LOSS_LIMIT)
    state = int(np.argmin(cost))
    starts = []
    for t in range(n - 1, 0, -1):
        before = int(came[t][state])
        if before != state:
            starts.append(t)
        state = before
    return starts[::-1]


def _segments(n: int, starts: Sequence[int]) -> list[tuple[int, int]]:
    edges = [0, *starts, n]
    return list(itertools.pairwise(edges))


def _levels(y: Floats, starts: Sequence[int]) -> tuple[float, ...]:
    import numpy as np

    return tuple(float(np.median(y[a:b])) for a, b in _segments(len(y), starts))


def _dissolve(y: Floats, starts: Sequence[int]) -> list[int]:
    """Merge segments shorter than three, the shortest first, into the neighbour with the nearer median."""
    left = list(starts)
    while left:
        segments = _segments(len(y), left)
        place = min(range(len(segments)), key=lambda i: segments[i][1] - segments[i][0])
        if segments[place][1] - segments[place][0] >= _SHORTEST_SEGMENT:
            break
        levels = _levels(y, left)
        over_left = place == len(segments) - 1 or (
            place > 0 and abs(levels[place] - levels[place - 1]) <= abs(levels[place] - levels[place + 1])
        )
        del left[place - 1 if over_left else place]
    return left


def _memory(z: Floats, starts: Sequence[int]) -> float:
    """How much neighbouring residuals resemble each other, corrected for short segments."""
    import numpy as np

    residuals = np.concatenate([z[a:b] - np.median(z[a:b]) for a, b in _segments(len(z), starts)])
    residuals = np.clip(residuals, -3, 3)
    total = float(np.sum(residuals**2))
    if total == 0:
        return 0.0
    raw = float(np.sum(residuals[1:] * residuals[:-1])) / total
    return min(_MEMORY_LIMIT, max(0.0, raw + (len(starts) + 1) / len(z) - 0.5 / math.sqrt(len(z))))


def _confirm(y: Floats, starts: Sequence[int], factor: float, min_shift: float) -> list[int]:
    """Drop the weakest boundary that fails until all that are left stand."""
    left = list(starts)
    while left:
        edges = [0, *left, len(y)]
        levels = _levels(y, left)
        weakest: tuple[float, int] | None = None
        for place in range(len(left)):
            beside = y[edges[place] : edges[place + 2]]
            strength = factor * rank_scan(beside) / threshold(len(beside))
            large = abs(levels[place + 1] - levels[place]) >= min_shift * (1 - 1e-9)
            by_rank = len(beside) >= _RANK_FEWEST and strength > 1
            if not (large and (by_rank or rule_of_three(beside, min_shift))):
                weakest = min(weakest or (strength, place), (strength, place))
        if weakest is None:
            break
        del left[weakest[1]]
    return left


def threshold(length: int) -> float:
    """Return the .999 quantile of the rank scan over `length` exchangeable values."""
    return 4.45 - 4.8 / math.sqrt(length)


def rank_scan(y: Floats) -> float:
    """Return the largest standardised rank sum over the splits that leave three values on either side."""
    import numpy as np

    n = len(y)
    if n < 2 * _SHORTEST_SEGMENT:
        return 0.0
    _, where, counts = np.unique(y, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    k = np.arange(_SHORTEST_SEGMENT, n - _SHORTEST_SEGMENT + 1)
    sums = np.cumsum(ranks)[k - 1]
    return float(np.max(np.abs(sums - k * (n + 1) / 2) / np.sqrt(k * (n - k) * (n + 1) / 12)))


def rule_of_three(y: Floats, min_shift: float) -> bool:
    """Tell whether three neighbouring builds all stand clear of at least eight before (or after) them."""
    n = len(y)
    if n < FEWEST:
        return False
    for k in range(_REFERENCE_FEWEST, n - 2):
        if _clear(y[max(0, k - _REFERENCE_MOST) : k], y[k : k + 3], min_shift):
            return True
    return any(_clear(y[k : k + _REFERENCE_MOST], y[k - 3 : k], min_shift) for k in range(3, n - _REFERENCE_FEWEST + 1))


def _clear(reference: Floats, three: Floats, min_shift: float) -> bool:
    import numpy as np

    middle = float(np.median(reference))
    away = three - middle
    if not (bool(np.all(away > 0)) or bool(np.all(away < 0))):
        return False
    mad = 1.4826 * float(np.median(np.abs(reference - middle)))
    steps = 0.8862 * float(np.mean(np.abs(np.diff(reference))))
    s = max(max(mad, steps) * (1 + 3 / len(reference)), min_shift / 2)
    sizes = np.abs(away)
    return bool(np.all(sizes > 2.5 * s)) and float(np.median(sizes)) > 3.5 * s


def _slope(y: Floats, starts: Sequence[int]) -> float | None:
    """The slope of a straight line where it fits better than the steps, each charged for its parameters."""
    import numpy as np

    n, parameters = len(y), 2 * len(starts) + 1
    if n <= max(parameters, 2):
        return None
    x = np.arange(n, dtype=np.float64)
    slope, offset = np.polyfit(x, y, 1)
    line = float(np.sum(np.abs(y - (slope * x + offset)))) * n / (n - 2)
    levels = np.repeat(_levels(y, starts), [b - a for a, b in _segments(n, starts)])
    steps = float(np.sum(np.abs(y - levels))) * n / (n - parameters)
    return float(slope) if line < steps else None
