"""Is one value better than another: differences with their intervals, and tests on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from reportgen.estimate.quantiles import Z95, t_two_sided, z_two_sided


class Difference(NamedTuple):
    """``a − b`` with its interval; se and two-sided p-value where the method has them."""

    value: float
    low: float
    high: float
    se: float | None = None
    p: float | None = None


class TTest(NamedTuple):
    """A t statistic, its degrees of freedom and two-sided p-value."""

    t: float
    df: float
    p: float


def difference_from_intervals(a: Sequence[float], b: Sequence[float], *, z: float = Z95) -> Difference:
    """Return a − b of two ``(value, low, high)`` by MOVER (Newcombe 1998; Zou & Donner 2008), right for lopsided intervals.

    The intervals are at 95 %; another quantile `z` widens the roots, as for comparing all pairs of a board.
    """
    (va, la, ha), (vb, lb, hb) = a[:3], b[:3]
    d = va - vb
    widen = z / Z95
    return Difference(d, d - widen * math.hypot(va - la, hb - vb), d + widen * math.hypot(ha - va, vb - lb))


def mcnemar(b: int, c: int) -> float:
    """Return the two-sided p-value of McNemar's test (1947) for `b` and `c` discordant rows, 1 where there are none.

    Exact; above 2,000 discordant rows the normal approximation with continuity correction. ValueError for counts below 0.
    """
    if b < 0 or c < 0:
        raise ValueError(f"discordant rows are counts, not {b!r} and {c!r}")
    n = b + c
    if n == 0:
        return 1.0
    if n > 2000:
        return min(1.0, z_two_sided(max(abs(b - c) - 1, 0) / math.sqrt(n)))
    term = total = 1
    for i in range(1, min(b, c) + 1):
        term = term * (n - i + 1) // i
        total += term
    return float(min(1.0, 2 * total / 2**n)) if 2 * total < 2**n else 1.0


def paired_difference(
    a: float,
    b: float,
    influence_a: Sequence[float],
    influence_b: Sequence[float],
    *,
    z: float = Z95,
    weights: Sequence[int] | None = None,
) -> Difference:
    """Return b − a of one metric on the same rows, from each row's influence on either value; `weights` count equal rows.

    The influences stand in the same order of rows, in the metric's unit; se = √(Σ(Uᵢᵇ−Uᵢᵃ)²)/n (infinitesimal
    jackknife). ValueError for unequal lengths and for no rows.
    """
    counts = weights if weights is not None else [1] * len(influence_a)
    n = sum(counts)
    if n == 0:
        raise ValueError("a paired difference needs rows")
    total = math.fsum(w * (y - x) ** 2 for w, x, y in zip(counts, influence_a, influence_b, strict=True))
    se = math.sqrt(total) / n
    d = b - a
    p = z_two_sided(d / se) if se > 0 else float(d == 0)
    return Difference(d, d - z * se, d + z * se, se, p)


def f1_row_influence(true: Sequence[bool | int], predicted: Sequence[bool | int]) -> tuple[float | None, list[float]]:
    """Return F1 of the positive class and each row's influence on it; None where the class is neither true nor predicted.

    Truthy values are positive. ValueError for unequal lengths.
    """
    n = len(true)
    hits = sum(1 for t, p in zip(true, predicted, strict=True) if t and p)
    share = (sum(map(bool, true)) + sum(map(bool, predicted))) / n if n else 0.0
    if share == 0.0:
        return None, [0.0] * n
    value = 2 * hits / (share * n)
    pulls = {(t, p): (2.0 * (t and p) - value * (t + p)) / share for t in (False, True) for p in (False, True)}
    return value, [pulls[bool(t), bool(p)] for t, p in zip(true, predicted, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down method (1979), in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for position, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - position) * p_values[index]))
        adjusted[index] = running
    return adjusted


def corrected_t(differences: Sequence[float], test_to_train: float | None = None) -> TTest:
    """Return the corrected resampled t test (Nadeau & Bengio 2003) of fold-wise differences on equal splits.

    `test_to_train` is the ratio of rows, 1/(k−1) unless told. ValueError for fewer than two folds.
    """
    k = len(differences)
    if k < 2:
        raise ValueError("the corrected t test needs two folds or more")
    ratio = 1.0 / (k - 1) if test_to_train is None else test_to_train
    mean = math.fsum(differences) / k
    sd = math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (k - 1))
    if sd == 0.0:
        return TTest(0.0 if mean == 0 else math.copysign(math.inf, mean), k - 1, 1.0 if mean == 0 else 0.0)
    t = mean / (sd * math.sqrt(1.0 / k + ratio))
    return TTest(t, k - 1, t_two_sided(t, k - 1))


def welch(a: Sequence[float], b: Sequence[float]) -> TTest:
    """Return Welch's t test (1947) of a − b for two independent groups; ValueError for fewer than two values in one."""
    if len(a) < 2 or len(b) < 2:
        raise ValueError("Welch's test needs two values or more in each group")
    parts = []
    for group in (a, b):
        mean = math.fsum(group) / len(group)
        parts.append((mean, math.fsum((x - mean) ** 2 for x in group) / (len(group) - 1) / len(group), len(group) - 1))
    (mean_a, var_a, df_a), (mean_b, var_b, df_b) = parts
    variance = var_a + var_b
    if variance == 0.0:
        same = mean_a == mean_b
        return TTest(0.0 if same else math.copysign(math.inf, mean_a - mean_b), df_a + df_b, 1.0 if same else 0.0)
    t = (mean_a - mean_b) / math.sqrt(variance)
    df = variance**2 / (var_a**2 / df_a + var_b**2 / df_b)
    return TTest(t, df, t_two_sided(t, df))
