"""Which value of a series counts: the last, the best, the smallest, the largest, or the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from reportgen.analysis.ranks import is_finite
from reportgen.model import Direction, Metric, Point

Summary = Literal["last", "best", "min", "max", "mean"]


def summarise(points: Sequence[Point], how: Summary, direction: Direction) -> tuple[float, int | None] | None:
    """Return the value that counts and its step (None for a mean); of equal values the first step.

    Non-finite points never count. Without a direction there is no best: the last value counts.
    """
    known = [point for point in points if is_finite(point.value)]
    if not known:
        return None
    if how == "mean":
        return math.fsum(point.value for point in known) / len(known), None
    if how == "last" or (how == "best" and direction == "none"):
        return known[-1].value, known[-1].step
    largest = how == "max" or (how == "best" and direction == "higher")
    chosen = max(known, key=lambda p: (p.value, -p.step)) if largest else min(known, key=lambda p: (p.value, p.step))
    return chosen.value, chosen.step


def with_summary(metric: Metric, points: Sequence[Point], how: Summary, direction: Direction) -> Metric:
    """Return `metric` with the value that counts; an interval stays only with the value it was logged for."""
    found = summarise(points, how, direction) if how != "last" else None
    if found is None or found[0] == metric.value:
        return metric
    return replace(metric, value=found[0], step=found[1], low=None, high=None, std=None, method=None)


def summary_words(how: Summary, points: Sequence[Point], step: int | None) -> str:
    """Return the part of a column head that says which value counts: "best of 50 steps (37)"; "" for the last."""
    if how == "last" or not points:
        return ""
    place = f" ({step})" if step is not None else ""
    return f"{how} of {len(points)} steps{place}"
