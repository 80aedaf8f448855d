"""Several runs as one row: the statistics of groups. The only module of the analysis that uses pandas, and it loads it late."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen import estimate
from reportgen.analysis.columns import find_value
from reportgen.analysis.comparable import Candidate
from reportgen.analysis.separable import Scored, scored
from reportgen.analysis.values import Group
from reportgen.model import RunRow


def group_key(row: RunRow, by: Sequence[str]) -> tuple[str, ...]:
    """Return what tells the group of `row`: its values of the columns `by`, as text so that 1 and "1" are one."""
    return tuple(str(find_value(row, name)) for name in by)


def make_groups(candidates: Sequence[Candidate], by: Sequence[str]) -> list[tuple[Group, Scored]]:
    """Return the groups of `candidates` (of one board, oldest first) that have a value, with what they are ranked by.

    Mean, sd (n − 1), minimum and maximum come from pandas. The interval used to tell groups apart joins both sources of luck:
    half-width = √((t·sd/√k)² + mean(half-widths of the members)²); more seeds do not make the validation set larger. Two
    members give no interval, and members without one give none.
    """
    import numpy as np
    import pandas as pd

    ranked = [c for c in candidates if c.missing is None and c.metric is not None]
    if not ranked:
        return []
    keys = pd.Series([group_key(c.row, by) for c in ranked])
    codes, _ = pd.factorize(keys)
    values = pd.Series([float(c.metric.value) for c in ranked if c.metric and c.metric.value is not None])
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number is told as unknown below
        table = values.groupby(codes).agg(["mean", "std", "count", "min", "max"])
    members: dict[int, list[Candidate]] = {}
    for code, candidate in zip(codes.tolist(), ranked, strict=True):
        members.setdefault(code, []).append(candidate)
    without: dict[tuple[str, ...], list[RunRow]] = {}
    for candidate in candidates:
        if candidate.missing is not None:
            without.setdefault(group_key(candidate.row, by), []).append(candidate.row)
    return [
        _group(stats, members[code], without.get(group_key(members[code][0].row, by), []), by)
        for code, stats in zip(table.index.tolist(), table.to_dict("records"), strict=True)
    ]


def _group(
    stats: Mapping[Any, Any], members: Sequence[Candidate], without: Sequence[RunRow], by: Sequence[str]
) -> tuple[Group, Scored]:
    k, mean = int(stats["count"]), float(stats["mean"])
    if not math.isfinite(mean):  # each is a number, and their sum is none
        mean = estimate.mean_of([float(c.metric.value) for c in members if c.metric and c.metric.value is not None])
    mean = max(float(stats["min"]), min(float(stats["max"]), mean))  # rounding leaves no mean outside its values
    sd = float(stats["std"]) if k > 1 and math.isfinite(stats["std"]) else None
    reach = estimate.t_quantile(0.975, k - 1) * sd / math.sqrt(k) if sd is not None and k > 2 else None
    group = Group(
        by={name: find_value(members[-1].row, name) for name in by},
        mean=mean,
        sd=sd,
        n=k,
        minimum=float(stats["min"]),
        maximum=float(stats["max"]),
        members=tuple(c.row for c in members),
        without=tuple(without),
        seeds_low=None if reach is None else mean - reach,
        seeds_high=None if reach is None else mean + reach,
    )
    return group, _ranked_by(mean, reach, members)


def _ranked_by(mean: float, reach: float | None, members: Sequence[Candidate]) -> Scored:
    known = [s.bounds for c in members if c.metric is not None and (s := scored(c.metric)) is not None and s.bounds]
    if len(known) < len(members):
        return Scored(mean)
    if len(members) == 1 and members[0].metric is not None:
        return scored(members[0].metric) or Scored(mean)
    if reach is None:
        return Scored(mean)
    widths = estimate.mean_of([high / 2 - low / 2 for _, low, high in known])
    half = math.hypot(reach, widths)
    return Scored(mean, mean - half, mean + half, "seeds and validation set")
