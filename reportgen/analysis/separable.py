"""Can two runs be told apart? Differences of intervals, with the correction that fits who is compared with whom.

Sources: MOVER intervals of a difference (Newcombe 1998; Zou & Donner 2008); all-pairs Bonferroni against a leader picked by the
data; Holm (1979) against a run that was fixed beforehand. The arithmetic is `reportgen.estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from reportgen import estimate
from reportgen.analysis.directions import is_better, plain_name
from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import Delta, Word
from reportgen.model import Direction, Metric

LEVEL = 0.05


_SHARES = frozenset({"accuracy", "recall", "precision", "specificity", "sensitivity", "errorrate"})
"""Metrics that are one count divided by another, so that a share and n tell the counts."""


class Scored(NamedTuple):
    """A value with its 95 % interval, which may be unknown; `method` says where the interval comes from."""

    value: float
    low: float | None = None
    high: float | None = None
    method: str | None = None

    @property
    def bounds(self) -> tuple[float, float, float] | None:
        """Value, low, high where the interval is known and holds the value."""
        if self.low is None or self.high is None or not self.low <= self.value <= self.high:
            return None
        return self.value, self.low, self.high


def scored(metric: Metric) -> Scored | None:
    """Return the value of a metric with its interval; None without a finite value.

    Where none was logged, one is derived for a plain share only, if n is known and the value is some k of n.
    """
    if metric.value is None or not is_finite(metric.value):
        return None
    if metric.low is None and metric.high is None and metric.n and plain_name(metric.name) in _SHARES:
        derived = estimate.proportion_of_value(float(metric.value), metric.n)
        if derived is not None:
            return Scored(metric.value, derived.low, derived.high, "wilson, from n")
    return Scored(metric.value, metric.low, metric.high, metric.method)


def word_for(value: float, reference: float, direction: Direction) -> Word:
    """Return how `value` compares with `reference` in the good direction; "" where there is none."""
    if value == reference:
        return "same"
    if direction == "none":
        return ""
    return "better" if is_better(value, reference, direction) else "worse"


def difference(a: Scored, b: Scored, *, z: float = estimate.Z95) -> estimate.Difference | None:
    """Return a − b with its interval at quantile `z`; None where an interval is missing."""
    left, right = a.bounds, b.bounds
    return None if left is None or right is None else estimate.difference_from_intervals(left, right, z=z)


def excludes_zero(found: estimate.Difference | None) -> bool | None:
    """Tell whether the interval of a difference leaves out 0; None for no interval."""
    return None if found is None else found.low > 0 or found.high < 0


def _p_of(found: estimate.Difference) -> float:
    """The two-sided p value at which the interval of a difference would just touch 0."""
    if found.p is not None:
        return found.p
    if found.value == 0:
        return 1.0
    reach = found.value - found.low if found.value > 0 else found.high - found.value
    return estimate.z_two_sided(estimate.Z95 * found.value / reach) if reach > 0 else 0.0


def single_delta(value: Scored, reference: Scored, direction: Direction, *, comparable: bool = True) -> Delta:
    """Return the one difference a run page shows: no correction, because nothing was picked."""
    found = difference(value, reference) if comparable else None
    return Delta(
        value=value.value - reference.value,
        word=word_for(value.value, reference.value, direction),
        low=found.low if found else None,
        high=found.high if found else None,
        separable=excludes_zero(found),
        method="difference of two intervals, 95 %" if found else "",
    )


def deltas_to_fixed(
    values: Sequence[Scored | None],
    reference: Scored,
    direction: Direction,
    *,
    on_rows: Mapping[int, estimate.Difference] = MappingProxyType({}),
) -> list[Delta | None]:
    """Return the differences of all `values` to a run that was fixed beforehand, corrected by Holm; None stays None.

    `on_rows` has, by place, those that row-level results gave. They are corrected together with the others: it is one column.
    """
    differences = [None if v is None else on_rows.get(place) or difference(v, reference) for place, v in enumerate(values)]
    adjusted = iter(estimate.holm([_p_of(found) for found in differences if found is not None]))
    return [
        None if value is None else _delta_to_fixed(value, reference, direction, found, adjusted, paired=place in on_rows)
        for place, (value, found) in enumerate(zip(values, differences, strict=True))
    ]


def _delta_to_fixed(
    value: Scored,
    reference: Scored,
    direction: Direction,
    found: estimate.Difference | None,
    adjusted: Iterator[float],
    *,
    paired: bool,
) -> Delta:
    change, word = value.value - reference.value, word_for(value.value, reference.value, direction)
    if found is None:
        return Delta(change, word)
    method = "paired rows" if paired else "Holm over this column"
    return Delta(found.value if paired else change, word, found.low, found.high, next(adjusted) <= LEVEL, method)


def from_leader(leader: Scored, others: Sequence[Scored | None], runs: int) -> list[bool | None]:
    """Return for each of `others` whether it can be told apart from a leader picked among `runs` runs with intervals."""
    if runs < 2 or leader.bounds is None:
        return [None] * len(others)
    z = estimate.z_all_pairs(runs)
    return [None if v is None else excludes_zero(difference(leader, v, z=z)) for v in others]
