"""Scores of a binary classifier: area under the ROC curve with its variance, average precision and both curves from one
sort."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reportgen.estimate.compare import Difference
from reportgen.estimate.intervals import Estimate, logit_interval, wilson
from reportgen.estimate.quantiles import Z95, z_two_sided


class Ranking(NamedTuple):
    """What the order of the scores says.

    `auc` and `variance` are None with one class (the variance also with a single row of a class); `average_precision`
    without a positive.
    """

    auc: float | None
    variance: float | None
    average_precision: float | None
    positives: int
    negatives: int


def ranking(positive: Sequence[float], negative: Sequence[float]) -> Ranking:
    """Return AUC, its DeLong variance and average precision from the scores of positive and of negative rows.

    O(n log n): DeLong et al. 1988 in the rank form of Sun & Xu 2014; average precision is Σ(Rₖ−Rₖ₋₁)Pₖ, never a trapezoid.
    """
    p_all, n_all = len(positive), len(negative)
    above_p = above_n = 0
    area = squares_p = squares_n = precision = 0.0
    for _, p, q in score_groups(sorted(positive, reverse=True), sorted(negative, reverse=True)):
        below_n = n_all - above_n - q
        if p and n_all:
            a = (below_n + q / 2) / n_all
            area += p * a
            squares_p += p * a * a
        if q and p_all:
            b = (above_p + p / 2) / p_all
            squares_n += q * b * b
        above_p += p
        above_n += q
        if p:
            precision += p * above_p / (above_p + above_n)
    if not p_all or not n_all:
        return Ranking(None, None, precision / p_all if p_all else None, p_all, n_all)
    auc = area / p_all
    variance = None
    if p_all > 1 and n_all > 1:
        s10 = (squares_p - p_all * auc * auc) / (p_all - 1)
        s01 = (squares_n - n_all * auc * auc) / (n_all - 1)
        variance = max(s10, 0.0) / p_all + max(s01, 0.0) / n_all
    return Ranking(auc, variance, precision / p_all, p_all, n_all)


def score_groups(positive: Sequence[float], negative: Sequence[float]) -> Iterator[tuple[float, int, int]]:
    """Yield ``(score, positives, negatives)`` of each distinct score, highest first; both inputs sorted downwards."""
    i = j = 0
    p_all, n_all = len(positive), len(negative)
    while i < p_all or j < n_all:
        score = positive[i] if i < p_all and (j >= n_all or positive[i] >= negative[j]) else negative[j]
        start_i, start_j = i, j
        while i < p_all and positive[i] == score:
            i += 1
        while j < n_all and negative[j] == score:
            j += 1
        yield score, i - start_i, j - start_j


def auc_estimate(found: Ranking) -> Estimate:
    """Return AUC with the DeLong interval on the logit scale; Wilson on the smaller class where AUC is 0 or 1 or has no
    spread."""
    smaller = min(found.positives, found.negatives)
    n = found.positives + found.negatives
    if found.auc is None:
        return Estimate(None, n=n, reason="only one class is true")
    if found.variance is None:
        return Estimate(found.auc, n=n, reason="one row of a class has no interval")
    low, high = logit_interval(found.auc, math.sqrt(found.variance), smaller)
    return Estimate(found.auc, low, high, n, "logit-delong")


def average_precision_estimate(found: Ranking) -> Estimate:
    """Return average precision with its logit interval (Boyd, Eng & Page 2013), which is conservative."""
    n = found.positives + found.negatives
    value = found.average_precision
    if value is None:
        return Estimate(None, n=n, reason="no positive row")
    low, high = average_precision_interval(value, found.positives)
    return Estimate(value, low, high, n, "logit")


def average_precision_interval(value: float, positives: int) -> tuple[float, float]:
    """Return the interval of an average precision over this many positive rows (Boyd, Eng & Page 2013); ValueError for
    none."""
    if positives <= 0:
        raise ValueError("an average precision of no positive rows has no interval")
    if not 0.0 < value < 1.0:
        return wilson(value * positives, positives)
    return logit_interval(value, math.sqrt(value * (1.0 - value) / positives), positives)


def placements(positive: Sequence[float], negative: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return DeLong's placement (1988) of every positive row, the share of negatives below it, and of every negative row,
    the share of positives above; ties count half."""
    low_n, low_p = _shares_below(negative), _shares_below(positive)
    return [low_n(score) for score in positive], [1.0 - low_p(score) for score in negative]


def _shares_below(scores: Sequence[float]) -> _Below:
    return _Below(sorted(scores))


class _Below:
    """Share of sorted scores below a score, ties counted half."""

    def __init__(self, ordered: list[float]) -> None:
        self._ordered = ordered

    def __call__(self, score: float) -> float:
        from bisect import bisect_left, bisect_right

        left, right = bisect_left(self._ordered, score), bisect_right(self._ordered, score)
        return (left + right) / 2 / len(self._ordered)


def paired_auc(true: Sequence[object], scores_a: Sequence[float], scores_b: Sequence[float], *, z: float = Z95) -> Difference:
    """Return AUC(b) − AUC(a) on the same rows by DeLong's covariance of the placements (1988).

    `true` is truthy for positive rows; higher scores mean positive. ValueError for unequal lengths, and for fewer than two
    rows of a class.
    """
    if not len(true) == len(scores_a) == len(scores_b):
        raise ValueError(f"unequal lengths: {len(true)} labels, {len(scores_a)} and {len(scores_b)} scores")
    positive = [i for i, label in enumerate(true) if label]
    negative = [i for i, label in enumerate(true) if not label]
    if len(positive) < 2 or len(negative) < 2:
        raise ValueError("a paired AUC test needs two rows or more of both classes")
    differences = []
    for scores, sign in ((scores_a, -1.0), (scores_b, 1.0)):
        v10, v01 = placements([scores[i] for i in positive], [scores[i] for i in negative])
        differences.append(([sign * v for v in v10], [sign * v for v in v01]))
    d10 = [x + y for x, y in zip(differences[0][0], differences[1][0], strict=True)]
    d01 = [x + y for x, y in zip(differences[0][1], differences[1][1], strict=True)]
    d = math.fsum(d10) / len(d10)
    variance = sum(math.fsum((x - d) ** 2 for x in part) / (len(part) - 1) / len(part) for part in (d10, d01))
    se = math.sqrt(variance)
    return Difference(d, d - z * se, d + z * se, se, z_two_sided(d / se) if se > 0 else float(d == 0))
