"""Which way is better: from the configuration, the record, or the last part of a metric's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from reportgen.model import Direction, RunRow

_HIGHER = frozenset({
    "f1", "f1score", "auc", "rocauc", "averageprecision", "balancedaccuracy", "accuracy", "precision", "recall", "mcc", "r2",
})  # fmt: skip
_LOWER = frozenset({"rmse", "mae", "mse", "mape", "logloss", "loss", "brier", "errorrate", "seconds", "ms"})
_IGNORED = re.compile(r"[-_\s]")


def plain_name(metric: str) -> str:
    """Return the last part of a metric's name in lower case without ``-``, ``_`` and spaces."""
    return _IGNORED.sub("", metric.rsplit("/", 1)[-1]).lower()


@lru_cache(maxsize=4096)
def direction_by_name(metric: str) -> Direction | None:
    """Return the direction that the last part of `metric` is known for, or None (case, ``-``, ``_``, space ignored)."""
    last = plain_name(metric)
    if last in _HIGHER:
        return "higher"
    return "lower" if last in _LOWER else None


def find_direction(metric: str, rows: Iterable[RunRow], configured: Direction | None = None) -> Direction:
    """Return the direction of `metric`: as configured, else as the first of `rows` recorded it, else by its name."""
    if configured is not None:
        return configured
    for row in rows:
        found = row.metrics.get(metric)
        if found is not None and found.direction is not None:
            return found.direction
    return direction_by_name(metric) or "none"


def is_better(a: float, b: float, direction: Direction) -> bool:
    """Tell whether `a` is better than `b`; never, where there is no direction."""
    return a > b if direction == "higher" else direction == "lower" and a < b
