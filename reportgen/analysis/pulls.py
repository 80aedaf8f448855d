"""What a row does to a metric: the value that row-level results give, and the pull of each row on it (its influence).

Of metrics of labels, rows with the same true and predicted label pull alike, so they are counted, not walked. Losses have a
value per row. The arithmetic with its sources is `reportgen.estimate`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from reportgen import estimate

Cells = Mapping[tuple[str, str], int]
"""How many rows there are of each (true, predicted)."""

Pulls = tuple[float, Mapping[tuple[str, str], float]]
"""The value of a metric, and the pull of a row of each (true, predicted) on it."""

Labels = frozenset[str]
OfCells = Callable[[Cells, Labels], Pulls | None]
"""Value and pulls of a metric of labels, given the labels of the positive class; None where it is not defined."""

_MOST_LABELS = 200
_CLIP = 2.0**-52
_FBETA = re.compile(r"f\d{1,3}(\.\d{1,3})?")


def of_labels(name: str) -> OfCells | None:
    """Return how the metric of that plain name comes from labels; None for a metric that does not."""
    if name in _OF_LABELS:
        return _OF_LABELS[name]
    if name == "f1score":
        return _fbeta(1.0)
    return _fbeta(float(name[1:])) if _FBETA.fullmatch(name) else None


def _accuracy(cells: Cells, positive: Labels) -> Pulls:
    value = sum(rows for (t, p), rows in cells.items() if t == p) / sum(cells.values())
    return value, {(t, p): (t == p) - value for t, p in cells}


def _fbeta(beta: float) -> OfCells:
    square = beta * beta

    def make(cells: Cells, positive: Labels) -> Pulls | None:
        weight = {(t, p): square * (t in positive) + (p in positive) for t, p in cells}
        hits = {(t, p): (1 + square) * (t in positive and p in positive) for t, p in cells}
        total = sum(rows * weight[cell] for cell, rows in cells.items())
        if not total:
            return None
        value = sum(rows * hits[cell] for cell, rows in cells.items()) / total
        scale = sum(cells.values()) / total
        return value, {cell: (hits[cell] - value * weight[cell]) * scale for cell in cells}

    return make


def _share_within(side: int) -> OfCells:
    """Recall or precision: the hits among the rows whose true (0) or predicted (1) label is positive."""

    def make(cells: Cells, positive: Labels) -> Pulls | None:
        inside = {cell: rows for cell, rows in cells.items() if cell[side] in positive}
        total = sum(inside.values())
        if not total:
            return None
        value = sum(rows for cell, rows in inside.items() if cell[1 - side] in positive) / total
        scale = sum(cells.values()) / total
        return value, {cell: ((cell[1 - side] in positive) - value) * scale if cell in inside else 0.0 for cell in cells}

    return make


def _balanced_accuracy(cells: Cells, positive: Labels) -> Pulls | None:
    true: Counter[str] = Counter()
    for (t, _), rows in cells.items():
        true[t] += rows
    if len(true) < 2:
        return None
    recall = {t: cells.get((t, t), 0) / rows for t, rows in true.items()}
    scale = {t: sum(true.values()) / rows / len(true) for t, rows in true.items()}
    return math.fsum(recall.values()) / len(true), {(t, p): ((t == p) - recall[t]) * scale[t] for t, p in cells}


def _average_f1(*, weighted: bool) -> OfCells:
    def make(cells: Cells, positive: Labels) -> Pulls | None:
        labels = sorted({label for cell in cells for label in cell})
        if len(labels) > _MOST_LABELS:
            return None
        matrix = [[cells.get((t, p), 0) for p in labels] for t in labels]
        value = estimate.average_f1(matrix, weighted=weighted).value
        pulls = estimate.f1_influence(matrix, weighted=weighted)
        place = {label: at for at, label in enumerate(labels)}
        return None if value is None else (value, {(t, p): pulls[place[t]][place[p]] for t, p in cells})

    return make


_OF_LABELS: Mapping[str, OfCells] = {
    "accuracy": _accuracy,
    "recall": _share_within(0),
    "precision": _share_within(1),
    "balancedaccuracy": _balanced_accuracy,
    "f1macro": _average_f1(weighted=False),
    "f1weighted": _average_f1(weighted=True),
}
OF_ALL_CLASSES = frozenset({"accuracy", "balancedaccuracy", "f1macro", "f1weighted"})
"""Metrics of labels without a positive class."""


def brier(truth: Sequence[bool], scores: Sequence[float]) -> list[float]:
    """Return the squared error of each score."""
    return [(s - t) ** 2 for s, t in zip(scores, truth, strict=True)]


def log_loss(truth: Sequence[bool], scores: Sequence[float]) -> list[float] | None:
    """Return the log loss of each row, clipped as the stage helpers do; None where a score is no probability."""
    if not all(0 <= s <= 1 for s in scores):
        return None
    clipped = [min(max(s if t else 1 - s, _CLIP), 1 - _CLIP) for s, t in zip(scores, truth, strict=True)]
    return [-math.log(p) for p in clipped]


def of_losses(losses: Sequence[float], *, root: bool = False) -> tuple[float, list[float]]:
    """Return the mean of losses, or its root, and the pull of each row on it."""
    mean = math.fsum(losses) / len(losses)
    if not root:
        return mean, [loss - mean for loss in losses]
    value = math.sqrt(mean)
    return value, [(loss - mean) / (2 * value) if value else 0.0 for loss in losses]
