"""Closed-form 95 % intervals of the metrics people rank by. Nothing here draws a random number.

Confusion matrices are rows of counts, true class by predicted class, both in the same order. Rows of data are taken as
independent: with several rows per customer every interval is too short.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from reportgen.estimate.quantiles import Z95, t_quantile

Matrix = Sequence[Sequence[int]]


class Estimate(NamedTuple):
    """A metric's value with its interval, the number of rows behind it and the name of the method.

    `value` is None where the metric is not defined and `reason` says why; `low` and `high` are None where there is no
    interval, and `reason` then says why that is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    method: str | None = None
    reason: str | None = None


def wilson(successes: float, n: float, *, z: float = Z95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927); `successes` may be a share times `n`.

    ValueError for no rows, and for fewer successes than 0 or more than rows.
    """
    if n <= 0:
        raise ValueError("a proportion of no rows has no interval")
    p = successes / n
    if not -1e-9 <= p <= 1.0 + 1e-9:
        raise ValueError(f"{successes!r} of {n!r} rows is no proportion")
    z2 = z * z
    centre = p + z2 / (2 * n)
    half = z * math.sqrt(max(p * (1.0 - p) / n, 0.0) + z2 / (4 * n * n))
    scale = 1.0 + z2 / n
    low = 0.0 if successes <= 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes >= n else min(1.0, (centre + half) / scale)
    return low, high


def proportion(successes: int, n: int) -> Estimate:
    """Return k of n with its Wilson interval; undefined for n = 0."""
    if n == 0:
        return Estimate(None, n=0, reason="no rows")
    low, high = wilson(successes, n)
    return Estimate(successes / n, low, high, n, "wilson")


def proportion_of_value(value: float, n: int, *, tolerance: float = 1e-6) -> Estimate | None:
    """Return the Wilson interval of an imported share, or None unless the value is some k of n within `tolerance`."""
    if n <= 0 or not 0.0 <= value <= 1.0 or abs(round(value * n) / n - value) > tolerance:
        return None
    low, high = wilson(round(value * n), n)
    return Estimate(value, low, high, n, "wilson")


def logit_interval(value: float, se: float, n: float, *, z: float = Z95) -> tuple[float, float]:
    """Return value ± z·se on the logit scale; Wilson on `n` rows where the value is 0 or 1 or the se is 0."""
    if not 0.0 < value < 1.0 or se <= 0.0:
        return wilson(value * n, n, z=z)
    return _expit(value, z * se / (value * (1.0 - value)))


def _expit(value: float, half: float) -> tuple[float, float]:
    odds = math.log(value / (1.0 - value))
    return 1.0 / (1.0 + math.exp(-(odds - half))), 1.0 / (1.0 + math.exp(-(odds + half)))


# -- from a confusion matrix


def f1_of_counts(tp: int, fp: int, fn: int) -> Estimate:
    """Return F1 of one class: its Jaccard share TP/(TP+FP+FN) is a proportion, Wilson on that is carried over by 2J/(1+J)."""
    n = tp + fp + fn
    if n == 0:
        return Estimate(None, n=0, reason="the class is neither true nor predicted")
    low, high = wilson(tp, n)
    return Estimate(2 * tp / (2 * tp + fp + fn), 2 * low / (1 + low), 2 * high / (1 + high), n, "wilson-jaccard")


def fbeta_of_counts(tp: int, fp: int, fn: int, n: int, beta: float) -> Estimate:
    """Return Fβ of one class among `n` rows, with the interval of its influence function on the logit scale."""
    if beta == 1:
        return f1_of_counts(tp, fp, fn)
    b2 = beta * beta
    weight = b2 * (tp + fn) + (tp + fp)
    if weight == 0:
        return Estimate(None, n=0, reason="the class is neither true nor predicted")
    value = (1 + b2) * tp / weight
    cells = ((tp, (1 + b2) - value * (b2 + 1)), (fn, -value * b2), (fp, -value))
    scale = weight / n
    se = math.sqrt(math.fsum(count * (pull / scale) ** 2 for count, pull in cells)) / n
    low, high = logit_interval(value, se, n)
    return Estimate(value, low, high, n, "influence-logit")


class Margins(NamedTuple):
    """Shares of a confusion matrix: of each true class, of each predicted class, of each class's hits, and the row count."""

    true: list[float]
    predicted: list[float]
    hits: list[float]
    n: int


def margins(matrix: Matrix) -> Margins:
    """Return the margins of a confusion matrix as shares of all rows; ValueError where it is empty, as in all that use it."""
    n = sum(map(sum, matrix))
    if n == 0:
        raise ValueError("the confusion matrix is empty")
    columns = [sum(row[k] for row in matrix) / n for k in range(len(matrix))]
    return Margins([sum(row) / n for row in matrix], columns, [matrix[k][k] / n for k in range(len(matrix))], n)


def class_f1(matrix: Matrix) -> list[float]:
    """Return F1 of each class; 0 where a class is never hit."""
    true, predicted, hits, _ = margins(matrix)
    return [2 * h / (t + p) if t + p else 0.0 for t, p, h in zip(true, predicted, hits, strict=True)]


def f1_influence(matrix: Matrix, *, weighted: bool = False) -> list[list[float]]:
    """Return how a row of each cell pulls on the macro (or weighted) F1: the influence function (Hampel 1974), cell by
    cell, in the shape of the matrix."""
    true, predicted, _, _ = margins(matrix)
    scores = class_f1(matrix)
    size = len(matrix)
    weights = true if weighted else [1.0 / size] * size
    average = math.fsum(w * f for w, f in zip(weights, scores, strict=True))

    def pull(k: int, i: int, j: int) -> float:
        share = true[k] + predicted[k]
        return (2.0 * (i == j == k) - scores[k] * ((i == k) + (j == k))) / share if share else 0.0

    return [
        [
            math.fsum(weights[k] * pull(k, i, j) for k in {i, j}) + (scores[i] - average if weighted else 0.0)
            for j in range(size)
        ]
        for i in range(size)
    ]


def average_f1(matrix: Matrix, *, weighted: bool = False) -> Estimate:
    """Return macro (or weighted) F1 with the interval of its influence function on the logit scale."""
    true, _, _, n = margins(matrix)
    scores = class_f1(matrix)
    weights = true if weighted else [1.0 / len(matrix)] * len(matrix)
    value = math.fsum(w * f for w, f in zip(weights, scores, strict=True))
    low, high = logit_interval(value, influence_se(matrix, f1_influence(matrix, weighted=weighted)), n)
    return Estimate(value, low, high, n, "influence-logit")


def influence_se(matrix: Matrix, influence: Sequence[Sequence[float]]) -> float:
    """Return the standard error of a metric from its influence in every cell (infinitesimal jackknife)."""
    n = sum(map(sum, matrix))
    total = math.fsum(c * u * u for row, pulls in zip(matrix, influence, strict=True) for c, u in zip(row, pulls, strict=True))
    return math.sqrt(total) / n


def mcc(matrix: Matrix) -> Estimate:
    """Return Matthews' correlation (Gorodkin 2004 for several classes), with an influence interval on Fisher's scale."""
    true, predicted, hits, n = margins(matrix)
    correct = math.fsum(hits)
    b = 1.0 - math.fsum(p * p for p in predicted)
    c = 1.0 - math.fsum(t * t for t in true)
    if max(predicted) >= 1.0 or max(true) >= 1.0:
        which = "predicted" if max(predicted) >= 1.0 else "true"
        return Estimate(None, n=n, reason=f"only one class is {which}")
    root = math.sqrt(b * c)
    value = max(-1.0, min(1.0, (correct - math.fsum(p * t for p, t in zip(predicted, true, strict=True))) / root))
    pulls = [
        [
            ((i == j) + correct - true[j] - predicted[i]) / root - value * ((1 - predicted[j]) / b + (1 - true[i]) / c)
            for j in range(len(matrix))
        ]
        for i in range(len(matrix))
    ]
    # the product has degree 0 in the counts, so the derivative along a cell is the influence of a row in it
    average = math.fsum(
        count / n * u for row, line in zip(matrix, pulls, strict=True) for count, u in zip(row, line, strict=True)
    )
    se = influence_se(matrix, [[u - average for u in line] for line in pulls])
    if abs(value) >= 1.0 or se == 0.0:
        return Estimate(value, n=n, method="influence-fisher", reason="no interval at a perfect score")
    half = Z95 * se / (1.0 - value * value)
    return Estimate(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half), n, "influence-fisher")


def balanced_accuracy(matrix: Matrix) -> Estimate:
    """Return the mean recall over the classes that are true somewhere, Wilson intervals combined by MOVER (Zou & Donner
    2008)."""
    recalls = [(row[k], sum(row)) for k, row in enumerate(matrix) if sum(row)]
    n = sum(rows for _, rows in recalls)
    if len(recalls) < 2:
        return Estimate(None, n=n, reason="only one class is true")
    value = math.fsum(hit / rows for hit, rows in recalls) / len(recalls)
    bounds = [(hit / rows, *wilson(hit, rows)) for hit, rows in recalls]
    down = math.sqrt(math.fsum((p - low) ** 2 for p, low, _ in bounds)) / len(recalls)
    up = math.sqrt(math.fsum((high - p) ** 2 for p, _, high in bounds)) / len(recalls)
    return Estimate(value, max(0.0, value - down), min(1.0, value + up), n, "mover-wilson")


# -- from the losses of rows


def mean_interval(losses: Sequence[float]) -> Estimate:
    """Return the mean of per-row losses (log loss, Brier, absolute error …), in their unit, with its t interval."""
    n = len(losses)
    if n == 0:
        return Estimate(None, n=0, reason="no rows")
    mean = math.fsum(losses) / n
    if n == 1:
        return Estimate(mean, n=1, reason="one row has no interval")
    half = t_quantile(0.975, n - 1) * _sd(losses, mean) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n, "t")


def rmse(errors: Sequence[float]) -> Estimate:
    """Return the root mean squared error, in the errors' unit; the t interval of the mean square, taken on the log scale."""
    n = len(errors)
    if n == 0:
        return Estimate(None, n=0, reason="no rows")
    squares = [error * error for error in errors]
    mean = math.fsum(squares) / n
    value = math.sqrt(mean)
    if n == 1 or mean == 0.0:
        return Estimate(value, n=n, reason="one row has no interval" if n == 1 else "no error at all")
    half = t_quantile(0.975, n - 1) * _sd(squares, mean) / math.sqrt(n) / (2 * mean)
    return Estimate(value, value * math.exp(-half), value * math.exp(half), n, "t-log")


def r_squared(true: Sequence[float], errors: Sequence[float]) -> Estimate:
    """Return 1 − SSE/SST with the interval of its influence function; `errors` are predicted minus true, a row each."""
    n = len(errors)
    if n < 2:
        return Estimate(None, n=n, reason="fewer than two rows")
    mean = math.fsum(true) / n
    spread = math.fsum((y - mean) ** 2 for y in true) / n
    if spread == 0.0:
        return Estimate(None, n=n, reason="target is constant")
    unexplained = math.fsum(e * e for e in errors) / n / spread
    total = math.fsum((e * e - unexplained * (y - mean) ** 2) ** 2 for y, e in zip(true, errors, strict=True))
    half = Z95 * math.sqrt(total) / spread / n
    value = 1.0 - unexplained
    return Estimate(value, value - half, value + half, n, "influence")


def median_interval(values: Sequence[float]) -> Estimate:
    """Return the median with the interval between two order statistics (Thompson 1936); none under six values."""
    n = len(values)
    if n == 0:
        return Estimate(None, n=0, reason="no rows")
    ordered = sorted(values)
    middle = n // 2
    value = ordered[middle] if n % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    rank = median_rank(n)
    if rank is None:
        return Estimate(value, n=n, reason="fewer than six rows have no interval")
    return Estimate(value, ordered[rank - 1], ordered[n - rank], n, "order-statistics")


def median_rank(n: int) -> int | None:
    """Return the largest l with 2·P(Bin(n, ½) ≤ l−1) ≤ 0.05, None under six: the l-th value from both ends bounds the
    median."""
    if n < 6:
        return None
    low, high = 1, (n + 1) // 2
    while low < high:
        middle = (low + high + 1) // 2
        if 2 * _half_binomial_cdf(middle - 1, n) <= 0.05:
            low = middle
        else:
            high = middle - 1
    return low


def _half_binomial_cdf(k: int, n: int) -> float:
    """Return P(Bin(n, ½) ≤ k) for k below n/2, summed from the largest term down."""
    term = math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2.0))
    total = 0.0
    while k >= 0 and term > total * 1e-18:
        total += term
        term *= k / (n - k + 1)
        k -= 1
    return total


def _sd(values: Sequence[float], mean: float) -> float:
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def corrected_interval(scores: Sequence[float], test_to_train: float | None = None) -> Estimate:
    """Return the mean over folds with the corrected resampled t interval (Nadeau & Bengio 2003).

    `test_to_train` is the ratio of rows in a fold's test and training part; 1/(k−1) for k-fold cross-validation.
    """
    k = len(scores)
    if k == 0:
        return Estimate(None, n=0, reason="no folds")
    mean = math.fsum(scores) / k
    if k == 1:
        return Estimate(mean, n=1, reason="one fold has no interval")
    ratio = 1.0 / (k - 1) if test_to_train is None else test_to_train
    half = t_quantile(0.975, k - 1) * _sd(scores, mean) * math.sqrt(1.0 / k + ratio)
    return Estimate(mean, mean - half, mean + half, k, "corrected-t")
