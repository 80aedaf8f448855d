"""Quantiles and tail probabilities of the normal and of Student's t distribution, without scipy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

LEVEL = 0.95
"""Every interval of this package is at this level unless it is told another quantile."""

_NORMAL = NormalDist()
Z95 = _NORMAL.inv_cdf(0.5 + LEVEL / 2)


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of finite `values`; also of such large ones that their sum is no number."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        half = math.fsum(value / 2 / len(values) for value in values)
        return max(min(values), min(max(values), 2 * half))


def z_quantile(p: float) -> float:
    """Return the standard normal quantile at probability `p`; ValueError unless 0 < p < 1."""
    return _NORMAL.inv_cdf(p)


def z_two_sided(z: float) -> float:
    """Return the two-sided p-value of a standard normal statistic."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def z_all_pairs(runs: int, level: float = LEVEL) -> float:
    """Return the normal quantile at which all pairs among `runs` may be compared together (Bonferroni over the pairs).

    The leader of a board was picked by the data, so comparing it with the others uses every pair. Fewer than two runs:
    as for one pair.
    """
    pairs = max(1, runs * (runs - 1) // 2)
    return _NORMAL.inv_cdf(1.0 - (1.0 - level) / 2.0 / pairs)


def blom(count: int) -> float:
    """Return about the expected largest of `count` standard normal values (Blom 1958): how lucky the best of many is."""
    return 0.0 if count < 2 else _NORMAL.inv_cdf((count - 0.375) / (count + 0.25))


def t_series(p: float, df: float) -> float:
    """Return Student's t quantile by four terms of the Cornish-Fisher series (Abramowitz & Stegun 26.7.5); exact for df
    1 and 2.

    Good to 0.13 % from three degrees of freedom; `t_quantile` starts from it.
    """
    if df == 1:
        return math.tan(math.pi * (p - 0.5))
    if df == 2:
        u = 2.0 * p - 1.0
        return u * math.sqrt(2.0 / (1.0 - u * u))
    x = _NORMAL.inv_cdf(p)
    terms = (
        (x**3 + x) / 4.0,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96.0,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384.0,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160.0,
    )
    return x + sum(term / df**power for power, term in enumerate(terms, start=1))


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """Return Student's t quantile to full precision: Newton's method on the distribution function, from `t_series`.

    ValueError unless 0 < p < 1 and df > 0.
    """
    if not 0.0 < p < 1.0 or df <= 0:
        raise ValueError(f"a t quantile needs 0 < p < 1 and df > 0, not p={p!r}, df={df!r}")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1.0 - p, df)
    x = max(t_series(p, df), 1e-12)
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    for _ in range(100):
        density = math.exp(log_scale - (df + 1) / 2 * math.log1p(x * x / df))
        step = (t_tail(x, df) - (1.0 - p)) / density
        step = max(-x / 2, min(step, x))
        x += step
        if abs(step) <= 1e-15 * x:
            break
    return x


def t_tail(t: float, df: float) -> float:
    """Return the probability that Student's t with `df` degrees of freedom is above `t`."""
    half = 0.5 * t_two_sided(t, df)
    return half if t >= 0 else 1.0 - half


def t_two_sided(t: float, df: float) -> float:
    """Return the two-sided p-value of a t statistic."""
    square = t * t
    if square < df:  # the other way round would lose the digits of a small t
        return 1.0 - incomplete_beta(0.5, df / 2.0, square / (df + square))
    return incomplete_beta(df / 2.0, 0.5, df / (df + square))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function by its continued fraction (Lentz's method)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1.0), tiny)
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for coefficient in (even, odd):
            d = 1.0 / (1.0 + coefficient * d or tiny)
            c = 1.0 + coefficient / c or tiny
            change = c * d
            fraction *= change
        if abs(change - 1.0) < 1e-16:
            break
    return front * fraction
