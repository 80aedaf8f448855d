"""Which value of a series counts: the last, the best, the smallest, the largest, or the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportgen import estimate
from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import Summary
from reportgen.model import Direction, Metric, Point


def summarise(points: Sequence[Point], how: Summary, direction: Direction) -> tuple[float, int | None] | None:
    """Return the value that counts and its step (None for a mean); of equal values the first step.

    Non-finite points never count. Without a direction there is no best: the last value counts.
    """
    known = [point for point in points if is_finite(point.value)]
    if not known:
        return None
    if how == "mean":
        return estimate.mean_of([point.value for point in known]), None
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


def with_words(title: str, how: Summary) -> str:
    """Return the title of a metric with the value of its series that counts: "F1, best of its steps"."""
    words = {"best": "best", "min": "smallest", "max": "largest", "mean": "mean"}
    return f"{title}, {words[how]} of its steps" if how in words else title
