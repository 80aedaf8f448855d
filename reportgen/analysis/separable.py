"""Can two runs be told apart? Differences of intervals, with the correction that fits who is compared with whom.

Sources: MOVER intervals of a difference (Newcombe 1998; Zou & Donner 2008); all-pairs Bonferroni against a leader picked by the
data; Holm (1979) against a run that was fixed beforehand. The arithmetic is `reportgen.estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen import estimate
from reportgen.analysis.directions import is_better
from reportgen.analysis.values import Delta, Word
from reportgen.model import Direction

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """A value with its 95 % interval, which may be unknown."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def bounds(self) -> tuple[float, float, float] | None:
        """Value, low, high where the interval is known and holds the value."""
        if self.low is None or self.high is None or not self.low <= self.value <= self.high:
            return None
        return self.value, self.low, self.high


def word_for(value: float, reference: float, direction: Direction) -> Word:
    """Return how `value` compares with `reference` in the good direction; "" where there is none."""
    if value == reference:
        return "same"
    if direction == "none":
        return ""
    return "better" if is_better(value, reference, direction) else "worse"


def difference(a: Scored, b: Scored, *, factor: float = 1.0) -> tuple[float, float] | None:
    """Return the interval of a − b, both roots widened by `factor`; None where an interval is missing."""
    left, right = a.bounds, b.bounds
    if left is None or right is None:
        return None
    low, high = estimate.mover(left, right)
    d = a.value - b.value
    return d - factor * (d - low), d + factor * (high - d)


def excludes_zero(interval: tuple[float, float] | None) -> bool | None:
    """Tell whether an interval of a difference leaves out 0; None for no interval."""
    return None if interval is None else interval[0] > 0 or interval[1] < 0


def p_value(a: Scored, b: Scored) -> float | None:
    """Return the two-sided p value at which the widened difference would just touch 0; None without intervals."""
    interval = difference(a, b)
    if interval is None:
        return None
    d = a.value - b.value
    reach = d - interval[0] if d > 0 else interval[1] - d
    if d == 0:
        return 1.0
    if reach == 0:
        return 0.0
    return 2 * estimate.NORMAL.cdf(-estimate.Z * abs(d) / reach)


def single_delta(value: Scored, reference: Scored, direction: Direction, *, comparable: bool = True) -> Delta:
    """Return the one difference a run page shows: no correction, because nothing was picked."""
    interval = difference(value, reference) if comparable else None
    return Delta(
        value=value.value - reference.value,
        word=word_for(value.value, reference.value, direction),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        separable=excludes_zero(interval),
        method="difference of two intervals, 95 %" if interval else "",
    )


def deltas_to_fixed(values: Sequence[Scored | None], reference: Scored, direction: Direction) -> list[Delta | None]:
    """Return the differences of all `values` to a run that was fixed beforehand, corrected by Holm; None stays None."""
    tested = [p_value(v, reference) if v is not None else None for v in values]
    known = [p for p in tested if p is not None]
    adjusted = iter(estimate.holm(known))
    deltas: list[Delta | None] = []
    for value, p in zip(values, tested, strict=True):
        if value is None:
            deltas.append(None)
            continue
        interval = difference(value, reference)
        deltas.append(
            Delta(
                value=value.value - reference.value,
                word=word_for(value.value, reference.value, direction),
                low=interval[0] if interval else None,
                high=interval[1] if interval else None,
                separable=None if p is None else next(adjusted) <= LEVEL,
                method="Holm over this column" if p is not None else "",
            )
        )
    return deltas


def from_leader(leader: Scored, others: Sequence[Scored | None], runs: int) -> list[bool | None]:
    """Return for each of `others` whether it can be told apart from a leader picked among `runs` runs with intervals."""
    if runs < 2 or leader.bounds is None:
        return [None] * len(others)
    factor = estimate.all_pairs_z(runs) / estimate.Z
    return [None if v is None else excludes_zero(difference(leader, v, factor=factor)) for v in others]
