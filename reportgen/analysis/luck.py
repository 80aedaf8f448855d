"""What picking the best of many does to its value, and how small a gap a data set can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from reportgen import estimate
from reportgen.analysis.comparable import Candidate
from reportgen.analysis.values import BoardRow, Luck, RunId, run_id
from reportgen.analysis.wording import count, number
from reportgen.model import RunRow

FEWEST = 5
"""Below this many candidates nothing is said about luck."""


def standard_error(low: float | None, high: float | None) -> float | None:
    """Return the standard error that a 95 % interval stands for."""
    return None if low is None or high is None else (high - low) / (2 * estimate.Z95)


def model_identity(row: RunRow) -> str | tuple[str, ...] | RunId:
    """Return what tells which model was scored: the digest it used, or the several, else those it made, else the run itself."""
    if not row.models:
        return run_id(row)
    if len(row.models) == 1:
        return row.models[0].sha256
    used = tuple(sorted(m.sha256 for m in row.models if m.role == "input"))
    made = tuple(sorted(m.sha256 for m in row.models if m.role == "made"))
    digests = used or made
    return digests[0] if len(digests) == 1 else digests or run_id(row)


def count_models(rows: Iterable[RunRow]) -> int:
    """Return how many different models are among `rows`."""
    return len({model_identity(row) for row in rows})


def luck_bound(value: float, mean: float, low: float | None, high: float | None, candidates: int) -> float | None:
    """Return how much of the best value may be luck, at most; None for fewer than 5 candidates or without an interval."""
    error = standard_error(low, high)
    if candidates < FEWEST or error is None:
        return None
    return min(estimate.blom(candidates) * error, abs(value - mean))


def board_luck(ranked: Sequence[BoardRow], candidates: Sequence[Candidate], rows: int | None) -> Luck | None:
    """Return the luck of a board's leader: every candidate ever scored counts, also failed and unranked ones.

    `rows` is how many rows they were scored on, where it is known.
    """
    if not ranked or ranked[0].value is None:
        return None
    leader = ranked[0]
    value = float(ranked[0].value)
    mean = estimate.mean_of([float(row.value) for row in ranked if row.value is not None])
    tried = count_models(c.row for c in candidates)
    bound = luck_bound(value, mean, leader.low, leader.high, tried)
    return None if bound is None else Luck(candidates=tried, luck=bound, rows=rows, leader=value)


def luck_words(luck: Luck, spec: str) -> str:
    """Return the hint under a board: "60 candidates were scored on these 1,305 rows; up to 0.019 … may be luck"."""
    rows = f"these {count(luck.rows)} rows" if luck.rows else "this validation set"
    return (
        f"{count(luck.candidates)} candidates were scored on {rows}; "
        f"up to {number(luck.luck, spec)} of the leader's {number(luck.leader, spec)} may be luck"
    )


def shrinkage(values: Sequence[float], error: float | None) -> tuple[float, float] | None:
    """Return the mean of `values`, and the part of the distance to it that a standard `error` of each does not explain.

    James and Stein (1961), toward the mean (Efron & Morris 1975). None for three values or fewer, or without an error.
    """
    if error is None or len(values) < 4:
        return None
    mean = estimate.mean_of(values)
    spread = math.hypot(*(x - mean for x in values))
    ratio = error / spread if spread > 0 else math.inf
    return mean, max(0.0, 1 - (len(values) - 3) * min(ratio, 1.0) ** 2) if spread > 0 and math.isfinite(spread) else 0.0


def shrunk(value: float, toward: tuple[float, float] | None) -> float | None:
    """Return a value drawn toward the mean of its board; None where nothing is known of either."""
    return None if toward is None else toward[0] + toward[1] * (value - toward[0])


def gap_of_interval(low: float, high: float, runs: int = 2) -> float:
    """Return the smallest gap that unpaired runs with an interval as wide as this can show; any pair of them, if more than two.

    Half the width times √2, for two errors of that size; for any pair of `runs` widened to the level of all pairs.
    """
    return (high - low) / 2 * math.sqrt(2) * estimate.z_all_pairs(runs) / estimate.Z95


def smallest_gap(share: float, n: int) -> float:
    """Return the smallest gap that two unpaired shares near `share` can show on `n` rows."""
    return estimate.Z95 * math.sqrt(2 * share * (1 - share) / n)
