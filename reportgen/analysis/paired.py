"""Two models on the same rows: differences from row-level results, which see far more than two intervals do.

Both models err on many of the same rows; a paired difference takes that out. Accuracy: McNemar's exact test. Everything with a
value per row or an influence per row (F1, precision, recall, Brier, log loss, MAE, RMSE): the standard error of the paired
influences. ROC-AUC: DeLong's covariance of the placements.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from reportgen import estimate
from reportgen.analysis.directions import plain_name
from reportgen.analysis.values import RunId, run_id
from reportgen.model import RunRow

MOST_ROWS = 100_000
_POSITIVE = {"1": True, "true": True, "0": False, "-1": False, "false": False, "1.0": True, "0.0": False, "-1.0": False}
_CLIP = 2.0**-52
_AGREES = 1e-6

Paired = Callable[[str, RunRow, RunRow], estimate.Difference | None]
"""The difference of a metric between two runs (second − first) from row-level results, where both have them."""

Influence = tuple[float, list[float]]
"""The value of a metric and each row's pull on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRows:
    """The rows of one evaluation, in order: what was true, what was predicted, and the score where there is one."""

    true: tuple[str, ...]
    predicted: tuple[str, ...]
    score: tuple[float, ...] | None = None


def parse_rows(text: str) -> EvaluationRows | None:
    """Read an attached table of rows (columns true, predicted, score); None where it is not one or is too long."""
    reader = csv.DictReader(text.splitlines())
    if reader.fieldnames is None or not {"true", "predicted"} <= set(reader.fieldnames):
        return None
    rows = list(islice(reader, MOST_ROWS + 1))
    if not rows or len(rows) > MOST_ROWS or any(row["true"] is None or row["predicted"] is None for row in rows):
        return None
    return EvaluationRows(
        true=tuple(row["true"] for row in rows),
        predicted=tuple(row["predicted"] for row in rows),
        score=_floats([row.get("score") for row in rows]),
    )


def _floats(texts: Sequence[str | None]) -> tuple[float, ...] | None:
    try:
        values = tuple(float(text) for text in texts if text is not None)
    except ValueError:
        return None
    return values if len(values) == len(texts) and all(map(math.isfinite, values)) else None


def paired(
    metric: str, first: EvaluationRows, second: EvaluationRows, values: tuple[float, float], *, z: float = estimate.Z95
) -> estimate.Difference | None:
    """Return second − first of `metric` on the same rows, with interval and p; None where the rows do not give it.

    The rows must have the same truth in the same order, and give the logged `values` again: a threshold or filter that the
    metric knew and the rows do not would otherwise be compared away.
    """
    if first.true != second.true:
        return None
    name = plain_name(metric)
    if name in ("rocauc", "auc"):
        return _auc(first, second, values, z)
    make = _INFLUENCES.get(name)
    a, b = (make(first), make(second)) if make is not None else (None, None)
    if a is None or b is None or not _agree(values, (a[0], b[0])):
        return None
    found = estimate.paired_difference(a[0], b[0], a[1], b[1], z=z)
    return found._replace(p=_mcnemar(first, second)) if name == "accuracy" else found


def _agree(logged: tuple[float, float], made: tuple[float, float]) -> bool:
    return all(abs(x - y) <= _AGREES * max(1.0, abs(x)) for x, y in zip(logged, made, strict=True))


def _mcnemar(first: EvaluationRows, second: EvaluationRows) -> float:
    rows = list(zip(first.true, first.predicted, second.predicted, strict=True))
    only_first = sum(1 for t, a, b in rows if a == t != b)
    only_second = sum(1 for t, a, b in rows if b == t != a)
    return estimate.mcnemar(only_first, only_second)


def _auc(first: EvaluationRows, second: EvaluationRows, values: tuple[float, float], z: float) -> estimate.Difference | None:
    truth = _truth(first.true)
    if truth is None or first.score is None or second.score is None or min(sum(truth), len(truth) - sum(truth)) < 2:
        return None
    found = estimate.paired_auc(truth, first.score, second.score, z=z)
    return found if abs(found.value - (values[1] - values[0])) <= _AGREES else None


def _truth(labels: Sequence[str]) -> list[bool] | None:
    """Which rows are positive, where the labels say so by themselves."""
    found = [_POSITIVE.get(label.strip().lower()) for label in labels]
    return None if any(value is None for value in found) else [bool(value) for value in found]


def _of_losses(losses: list[float]) -> Influence:
    mean = math.fsum(losses) / len(losses)
    return mean, [loss - mean for loss in losses]


def _accuracy(rows: EvaluationRows) -> Influence:
    return _of_losses([float(t == p) for t, p in zip(rows.true, rows.predicted, strict=True)])


def _of_share(inside: Sequence[bool], hits: Sequence[bool]) -> Influence | None:
    """A share among some of the rows: hits / inside."""
    total = sum(inside)
    if not total:
        return None
    value = sum(h and i for h, i in zip(hits, inside, strict=True)) / total
    scale = len(inside) / total
    return value, [(h - value) * scale if i else 0.0 for h, i in zip(hits, inside, strict=True)]


def _binary(rows: EvaluationRows) -> tuple[list[bool], list[bool]] | None:
    truth, predicted = _truth(rows.true), _truth(rows.predicted)
    return None if truth is None or predicted is None else (truth, predicted)


def _f1(rows: EvaluationRows) -> Influence | None:
    found = _binary(rows)
    if found is None:
        return None
    value, pulls = estimate.f1_row_influence(*found)
    return None if value is None else (value, pulls)


def _recall(rows: EvaluationRows) -> Influence | None:
    found = _binary(rows)
    return None if found is None else _of_share(found[0], found[1])


def _precision(rows: EvaluationRows) -> Influence | None:
    found = _binary(rows)
    return None if found is None else _of_share(found[1], found[0])


def _brier(rows: EvaluationRows) -> Influence | None:
    truth = _truth(rows.true)
    if truth is None or rows.score is None:
        return None
    return _of_losses([(s - t) ** 2 for s, t in zip(rows.score, truth, strict=True)])


def _log_loss(rows: EvaluationRows) -> Influence | None:
    truth = _truth(rows.true)
    if truth is None or rows.score is None or not all(0 <= s <= 1 for s in rows.score):
        return None
    clipped = [min(max(s if t else 1 - s, _CLIP), 1 - _CLIP) for s, t in zip(rows.score, truth, strict=True)]
    return _of_losses([-math.log(p) for p in clipped])


def _errors(rows: EvaluationRows) -> list[float] | None:
    truth, predicted = _floats(rows.true), _floats(rows.predicted)
    return None if truth is None or predicted is None else [p - t for p, t in zip(predicted, truth, strict=True)]


def _mae(rows: EvaluationRows) -> Influence | None:
    errors = _errors(rows)
    return None if errors is None else _of_losses([abs(e) for e in errors])


def _rmse(rows: EvaluationRows) -> Influence | None:
    errors = _errors(rows)
    if errors is None:
        return None
    mean, pulls = _of_losses([e * e for e in errors])
    root = math.sqrt(mean)
    return (root, [pull / (2 * root) for pull in pulls]) if root > 0 else (0.0, [0.0] * len(pulls))


def pair_runs(rows: Mapping[RunId, Mapping[str, EvaluationRows]]) -> Paired:
    """Return what `compare` and leaderboards ask for a paired difference; `rows` of each run by the name of the split."""

    def difference(metric: str, first: RunRow, second: RunRow) -> estimate.Difference | None:
        split = metric.rpartition("/")[0]
        a, b = (rows.get(run_id(run), {}).get(split) for run in (first, second))
        values = [m.value for run in (first, second) if (m := run.metrics.get(metric)) is not None and m.value is not None]
        return paired(metric, a, b, (values[0], values[1])) if a is not None and b is not None and len(values) == 2 else None

    return difference


_INFLUENCES: dict[str, Callable[[EvaluationRows], Influence | None]] = {
    "accuracy": _accuracy,
    "f1": _f1,
    "recall": _recall,
    "precision": _precision,
    "brier": _brier,
    "logloss": _log_loss,
    "mae": _mae,
    "rmse": _rmse,
}
