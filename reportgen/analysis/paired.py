"""Two models on the same rows: differences from row-level results, which see far more than two intervals do.

Both models err on many of the same rows; a paired difference takes that out. Accuracy: McNemar's exact test. Everything with a
value per row or an influence per row (F1 and other Fβ, macro and weighted F1, precision, recall, balanced accuracy, Brier, log
loss, MAE, RMSE): the standard error of the paired influences. ROC-AUC: DeLong's covariance of the placements.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from reportgen import estimate
from reportgen.analysis import pulls
from reportgen.analysis.directions import plain_name
from reportgen.analysis.values import RunId, run_id
from reportgen.model import RunRow

MOST_ROWS = 100_000
_POSITIVE = {"1": True, "true": True, "0": False, "-1": False, "false": False, "1.0": True, "0.0": False, "-1.0": False}
_AGREES = 1e-6
_OF_NUMBERS = frozenset({"mae", "rmse"})
_OF_SCORES = frozenset({"rocauc", "auc", "brier", "logloss"})

Paired = Callable[[str, RunRow, RunRow], estimate.Difference | None]
"""The difference of a metric between two runs (second − first) from row-level results, where both have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRows:
    """The rows of one evaluation, in order: what was true, what was predicted, and the score where there is one."""

    true: tuple[str, ...]
    predicted: tuple[str, ...]
    score: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two evaluations of the same rows, the values that were logged of them, and the quantile that is asked for."""

    first: EvaluationRows
    second: EvaluationRows
    values: tuple[float, float]
    z: float


def parse_rows(text: str) -> EvaluationRows | None:
    """Read an attached table of rows (columns true, predicted, score); None where it is not one or is too long."""
    reader = csv.reader(text.splitlines())
    try:
        head = next(reader, [])
        places = [head.index(name) for name in ("true", "predicted")]
        rows = list(islice(reader, MOST_ROWS + 1))
        true, predicted = (tuple([row[place] for row in rows]) for place in places)
    except (csv.Error, ValueError, IndexError):
        return None
    if not rows or len(rows) > MOST_ROWS:
        return None
    return EvaluationRows(true=true, predicted=predicted, score=_scores(rows, head.index("score")) if "score" in head else None)


def _scores(rows: Sequence[Sequence[str]], place: int) -> tuple[float, ...] | None:
    try:
        return _floats([row[place] for row in rows])
    except IndexError:
        return None


def _floats(texts: Sequence[str]) -> tuple[float, ...] | None:
    try:
        values = tuple(map(float, texts))
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None


def can_pair(metric: str) -> bool:
    """Tell whether row-level results can tell two values of `metric` apart."""
    name = plain_name(metric)
    return name in _OF_NUMBERS or name in _OF_SCORES or pulls.of_labels(name) is not None


def paired(
    metric: str, first: EvaluationRows, second: EvaluationRows, values: tuple[float, float], *, z: float = estimate.Z95
) -> estimate.Difference | None:
    """Return second − first of `metric` on the same rows, with interval and p; None where the rows do not give it.

    The rows must have the same truth in the same order, and give the logged `values` again: a threshold or filter that the
    metric knew and the rows do not would otherwise be compared away. Which of two classes is the positive one is told by its
    name (1, true), else by the values.
    """
    name = plain_name(metric)
    if first.true != second.true or not can_pair(metric):
        return None
    pair = _Pair(first, second, values, z)
    try:
        found = [_of_numbers(name, pair)] if name in _OF_NUMBERS else [_of_class(name, pair, c) for c in _classes(name, pair)]
    except (ValueError, ArithmeticError):
        return None
    return max((each for each in found if each is not None), key=lambda each: each.se or 0.0, default=None)


def _classes(name: str, pair: _Pair) -> list[pulls.Labels]:
    """What may be the positive class: where its label says so, that one alone; of two others, either."""
    if name in pulls.OF_ALL_CLASSES:
        return [frozenset()]
    labels = {*pair.first.true, *pair.first.predicted, *pair.second.predicted}
    known = {label: _POSITIVE.get(label.strip().lower()) for label in labels}
    if None not in known.values():
        return [frozenset(label for label, positive in known.items() if positive)]
    return [frozenset({label}) for label in sorted(labels)] if len(labels) == 2 else []


def _of_class(name: str, pair: _Pair, positive: pulls.Labels) -> estimate.Difference | None:
    make = pulls.of_labels(name)
    if make is not None:
        return _of_labels(name, make, pair, positive)
    a, b = pair.first.score, pair.second.score
    if a is None or b is None:
        return None
    truth = [label in positive for label in pair.first.true]
    if name in ("brier", "logloss"):
        losses = pulls.brier if name == "brier" else pulls.log_loss
        return _of_losses(losses(truth, a), losses(truth, b), pair)
    if min(sum(truth), len(truth) - sum(truth)) < 2:
        return None
    found = estimate.paired_auc(truth, a, b, z=pair.z)
    return found if _agree([pair.values[1] - pair.values[0]], [found.value]) else None


def _of_labels(name: str, make: pulls.OfCells, pair: _Pair, positive: pulls.Labels) -> estimate.Difference | None:
    joint = Counter(zip(pair.first.true, pair.first.predicted, pair.second.predicted, strict=True))
    cells: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]] = (Counter(), Counter())
    for (true, *guesses), rows in joint.items():
        for side, guess in zip(cells, guesses, strict=True):
            side[true, guess] += rows
    one, other = (make(side, positive) for side in cells)
    if one is None or other is None or not _agree(pair.values, (one[0], other[0])):
        return None
    of_one, of_other = [one[1][t, a] for t, a, _ in joint], [other[1][t, b] for t, _, b in joint]
    found = estimate.paired_difference(one[0], other[0], of_one, of_other, z=pair.z, weights=list(joint.values()))
    if name != "accuracy":
        return found
    only_first = sum(rows for (t, a, b), rows in joint.items() if a == t != b)
    only_second = sum(rows for (t, a, b), rows in joint.items() if b == t != a)
    return found._replace(p=estimate.mcnemar(only_first, only_second))


def _of_numbers(name: str, pair: _Pair) -> estimate.Difference | None:
    truth = _floats(pair.first.true)
    sides = [_floats(rows.predicted) for rows in (pair.first, pair.second)]
    if truth is None or sides[0] is None or sides[1] is None:
        return None
    errors = [[p - t for p, t in zip(side, truth, strict=True)] for side in sides if side is not None]
    a, b = ([abs(e) if name == "mae" else e * e for e in side] for side in errors)
    return _of_losses(a, b, pair, root=name == "rmse")


def _of_losses(
    a: Sequence[float] | None, b: Sequence[float] | None, pair: _Pair, *, root: bool = False
) -> estimate.Difference | None:
    if a is None or b is None:
        return None
    (one, of_one), (other, of_other) = pulls.of_losses(a, root=root), pulls.of_losses(b, root=root)
    if not _agree(pair.values, (one, other)):
        return None
    return estimate.paired_difference(one, other, of_one, of_other, z=pair.z)


def _agree(logged: Iterable[float], made: Iterable[float]) -> bool:
    return all(abs(x - y) <= _AGREES * max(1.0, abs(x)) for x, y in zip(logged, made, strict=True))


def pair_runs(rows: Mapping[RunId, Mapping[str, EvaluationRows]]) -> Paired:
    """Return what `compare` and leaderboards ask for a paired difference; `rows` of each run by the name of the split."""

    def difference(metric: str, first: RunRow, second: RunRow) -> estimate.Difference | None:
        split = metric.rpartition("/")[0]
        a, b = (rows.get(run_id(run), {}).get(split) for run in (first, second))
        values = [m.value for run in (first, second) if (m := run.metrics.get(metric)) is not None and m.value is not None]
        return paired(metric, a, b, (values[0], values[1])) if a is not None and b is not None and len(values) == 2 else None

    return difference
