"""Metrics of a classifier from its predictions: pure functions, with intervals, no-skill values and reasons where there
are none.

Definitions follow scikit-learn where both define a metric, except that what is not defined is None with a reason
instead of 0. In an average, a class that was never predicted or is never true counts as 0, as it does there, and the
note says so.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from reportgen import estimate
from reportgen.errors import RecordError
from reportgen.estimate import Estimate
from reportgen.stage.inputs import Label

EPSILON = 2.0**-52
FEW_ROWS = 5
FEW_LOSSES = 10
FEW_TO_RANK_CALIBRATION = 1000
"""Rows under which a calibration error, which is too high on few rows whatever the model, has no better and no worse."""


class Measured(NamedTuple):
    """A metric as it will be logged: its estimate, direction, what a model without skill would score, and fields of its
    definition."""

    name: str
    estimate: Estimate
    direction: str = "higher"
    no_skill: float | None = None
    note: str | None = None
    definition: Mapping[str, Any] = {}


class Bin(NamedTuple):
    """One bin of a reliability diagram: rows, mean score, observed share of positives."""

    rows: int
    mean: float
    positives: int


def confusion(true: Sequence[Label], predicted: Sequence[Label], labels: Sequence[Label]) -> list[list[int]]:
    """Return counts by true (rows) and predicted (columns) label."""
    counts = Counter(zip(true, predicted, strict=True))
    return [[counts.get((t, p), 0) for p in labels] for t in labels]


# -- two classes


def binary_measures(
    matrix: Sequence[Sequence[int]], *, betas: Sequence[float] = (), definition: Mapping[str, Any]
) -> list[Measured]:
    """Return the metrics of a 2×2 matrix whose second class is the positive one."""
    (tn, fp), (fn, tp) = matrix
    n = tn + fp + fn + tp
    share = (tp + fn) / n
    fixed = {"average": "binary", **definition}
    found = [
        Measured("accuracy", estimate.proportion(tn + tp, n), no_skill=max(share, 1 - share)),
        Measured("balanced_accuracy", _few_true(matrix, estimate.balanced_accuracy(matrix)), no_skill=0.5),
        Measured("precision", _share(tp, tp + fp, "the positive class was never predicted"), no_skill=share, definition=fixed),
        Measured("recall", _share(tp, tp + fn, "no row is positive"), definition=fixed),
        Measured("specificity", _share(tn, tn + fp, "no row is negative"), definition=fixed),
        Measured("f1", estimate.f1_of_counts(tp, fp, fn), no_skill=2 * share / (1 + share), definition=fixed),
        Measured("mcc", estimate.mcc(matrix), no_skill=0.0),
    ]
    found.extend(
        Measured(f"f{beta:g}", estimate.fbeta_of_counts(tp, fp, fn, n, beta), definition={**fixed, "beta": beta})
        for beta in betas
    )
    return found


def _share(k: int, n: int, reason: str) -> Estimate:
    return estimate.proportion(k, n) if n else Estimate(None, n=0, reason=reason)


def ranking_measures(found: estimate.Ranking, *, positive: str) -> list[Measured]:
    """Return ROC-AUC and average precision; their intervals are refused with fewer than five rows of a class."""
    share = found.positives / (found.positives + found.negatives)
    few = ""
    for rows, word in ((found.positives, "positive"), (found.negatives, "negative")):
        if rows < FEW_ROWS:
            few = f"only {rows} {word} row{'s' * (rows != 1)}"
    auc, precision = estimate.auc_estimate(found), estimate.average_precision_estimate(found)
    return [
        Measured("roc_auc", _refused(auc, few), no_skill=0.5, definition={"positive": positive}),
        Measured("average_precision", _refused(precision, few), no_skill=share, definition={"positive": positive}),
    ]


def probability_measures(positives: Sequence[float], negatives: Sequence[float], *, positive: str) -> list[Measured]:
    """Return log loss, Brier score and calibration error; all None unless every score is between 0 and 1."""
    n = len(positives) + len(negatives)
    fixed = {"positive": positive}
    if not _are_shares(positives) or not _are_shares(negatives):
        none = Estimate(None, n=n, reason="not probabilities")
        return [Measured(name, none, "lower", definition=fixed) for name in ("log_loss", "brier", "ece")]
    share = len(positives) / n
    low, high = EPSILON, 1.0 - EPSILON
    clipped = sum(not low <= score <= high for part in (positives, negatives) for score in part)
    losses = array("d", (-math.log(min(max(score, low), high)) for score in positives))
    losses.extend(-math.log(1.0 - min(max(score, low), high)) for score in negatives)
    squares = array("d", ((1.0 - score) ** 2 for score in positives))
    squares.extend(score * score for score in negatives)
    entropy = -math.fsum(part * math.log(part) for part in (share, 1 - share) if part)
    return [
        Measured("log_loss", _few_losses(losses), "lower", entropy, _clip_note(clipped), fixed),
        Measured("brier", _few_losses(squares), "lower", share * (1 - share), definition=fixed),
        _calibration_measure(reliability(positives, negatives), n, fixed),
    ]


def _are_shares(scores: Sequence[float]) -> bool:
    return not scores or (min(scores) >= 0.0 and max(scores) <= 1.0)


def _clip_note(clipped: int) -> str | None:
    return f"{clipped} row{'s' * (clipped != 1)} at 0 or 1 were clipped to 2⁻⁵² from it" if clipped else None


def reliability(positives: Sequence[float], negatives: Sequence[float]) -> list[Bin]:
    """Return the filled bins of equal width, the last one closed: ten, or five under 200 rows."""
    count = 10 if len(positives) + len(negatives) >= 200 else 5
    rows, hits, sums = [0] * count, [0] * count, [0.0] * count
    for part, hit in ((positives, 1), (negatives, 0)):
        for score in part:
            at = min(int(score * count), count - 1)
            rows[at] += 1
            hits[at] += hit
            sums[at] += score
    return [Bin(r, s / r, h) for r, s, h in zip(rows, sums, hits, strict=True) if r]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error: the gaps between mean score and observed share, weighted by rows."""
    n = sum(part.rows for part in bins)
    return math.fsum(part.rows / n * abs(part.positives / part.rows - part.mean) for part in bins)


def _calibration_measure(bins: Sequence[Bin], n: int, definition: Mapping[str, Any]) -> Measured:
    perfect = math.fsum(part.rows / n * math.sqrt(2 / math.pi * part.mean * (1 - part.mean) / part.rows) for part in bins)
    note = f"a perfectly calibrated model would show about {perfect:.2g} here"
    direction = "lower"
    if n < FEW_TO_RANK_CALIBRATION:
        direction, note = "none", f"{note}; not ranked under {FEW_TO_RANK_CALIBRATION:,} rows"
    found = Estimate(calibration_error(bins), n=n, reason="no interval for this metric")
    return Measured("ece", found, direction, note=note, definition=definition)


# -- several classes


def class_measures(matrix: Sequence[Sequence[int]], labels: Sequence[Label]) -> list[Measured]:
    """Return the metrics of a matrix of three classes or more: averages over classes, and the worst recall."""
    n = sum(map(sum, matrix))
    true = [sum(row) for row in matrix]
    predicted = [sum(row[k] for row in matrix) for k in range(len(matrix))]
    hits = [matrix[k][k] for k in range(len(matrix))]
    precision = [h / p if p else 0.0 for h, p in zip(hits, predicted, strict=True)]
    recall = [h / t if t else 0.0 for h, t in zip(hits, true, strict=True)]
    note = _zero_note(labels, true, predicted)
    size = len(matrix)
    worst = min((k for k in range(size) if true[k]), key=lambda k: (recall[k], -true[k]))
    none = "no interval for this metric"
    macro = {"average": "macro", "k": size}
    weighted = {"average": "weighted", "k": size}
    return [
        Measured("accuracy", estimate.proportion(sum(hits), n), no_skill=max(true) / n),
        Measured("balanced_accuracy", _few_true(matrix, estimate.balanced_accuracy(matrix)), no_skill=1 / sum(map(bool, true))),
        Measured("f1_macro", _few_true(matrix, estimate.average_f1(matrix)), note=note, definition=macro),
        Measured("precision_macro", Estimate(math.fsum(precision) / size, n=n, reason=none), note=note, definition=macro),
        Measured("recall_macro", Estimate(math.fsum(recall) / size, n=n, reason=none), note=note, definition=macro),
        Measured("f1_weighted", _few_true(matrix, estimate.average_f1(matrix, weighted=True)), note=note, definition=weighted),
        Measured("mcc", estimate.mcc(matrix), no_skill=0.0),
        Measured(
            "recall_worst", estimate.proportion(hits[worst], true[worst]), note=f"class {labels[worst]}", definition={"k": size}
        ),
    ]


def class_table(matrix: Sequence[Sequence[int]], labels: Sequence[Label]) -> dict[str, list[Any]]:
    """Return precision, recall and F1 of each class with their intervals, as columns; None where one is not defined."""
    columns: dict[str, list[Any]] = {"class": [], "rows": [], "predicted": []}
    for k, label in enumerate(labels):
        hits, rows, predicted = matrix[k][k], sum(matrix[k]), sum(row[k] for row in matrix)
        columns["class"].append(str(label))
        columns["rows"].append(rows)
        columns["predicted"].append(predicted)
        for name, found in (
            ("precision", _share(hits, predicted, "never predicted")),
            ("recall", _share(hits, rows, "never true")),
            ("f1", estimate.f1_of_counts(hits, predicted - hits, rows - hits)),
        ):
            for part in ("value", "low", "high"):
                key = name if part == "value" else f"{name}_{part}"
                columns.setdefault(key, []).append(getattr(found, part))
    return columns


def _zero_note(labels: Sequence[Label], true: Sequence[int], predicted: Sequence[int]) -> str | None:
    notes = []
    for counts, word in ((predicted, "never predicted"), (true, "never true")):
        names = [str(label) for label, count in zip(labels, counts, strict=True) if not count]
        if names:
            notes.append(f"{word}: {', '.join(names[:5])}{' …' * (len(names) > 5)} (counts as 0)")
    return "; ".join(notes) or None


def check_sums(scores: Iterable[Sequence[float]]) -> None:
    """Raise RecordError for the first row of scores from 0 to 1 that does not sum to 1."""
    for at, row in enumerate(scores):
        if abs(math.fsum(row) - 1.0) > 1e-6:
            raise RecordError(
                f"the scores of row {at} sum to {math.fsum(row):.6g}, not to 1", hint="pass probabilities, or y_pred"
            )


def matrix_measures(
    true: Sequence[Label], scores: Sequence[Sequence[float]], labels: Sequence[Label], *, clip: float = EPSILON
) -> list[Measured]:
    """Return ROC-AUC (one against the rest, one against one), log loss and Brier score of a matrix of scores, a column
    per label."""
    n = len(true)
    index = {label: k for k, label in enumerate(labels)}
    counts = Counter(true)
    found = list(_auc_measures(true, scores, labels, counts))
    if not all(0.0 <= score <= 1.0 for row in scores for score in row):
        none = Estimate(None, n=n, reason="not probabilities")
        return [*found, Measured("log_loss", none, "lower"), Measured("brier", none, "lower")]
    check_sums(scores)
    shares = [counts.get(label, 0) / n for label in labels]
    losses, squares, clipped = array("d"), array("d"), 0
    for label, row in zip(true, scores, strict=True):
        k = index[label]
        score = row[k]
        clipped += not clip <= score <= 1.0 - clip
        losses.append(-math.log(min(max(score, clip), 1.0 - clip)))
        squares.append(math.fsum((p - (j == k)) ** 2 for j, p in enumerate(row)))
    entropy = -math.fsum(share * math.log(share) for share in shares if share)
    size = {"k": len(labels)}
    return [
        *found,
        Measured("log_loss", _few_losses(losses), "lower", entropy, _clip_note(clipped), size),
        Measured("brier", _few_losses(squares), "lower", 1 - math.fsum(share * share for share in shares), "from 0 to 2", size),
    ]


def _auc_measures(
    true: Sequence[Label], scores: Sequence[Sequence[float]], labels: Sequence[Label], counts: Mapping[Label, int]
) -> Iterator[Measured]:
    n = len(true)
    present = [label for label in labels if counts.get(label)]
    absent = [str(label) for label in labels if not counts.get(label)]
    note = f"without rows, left out: {', '.join(absent)}" if absent else None
    size = {"k": len(labels)}
    if len(present) < 2:
        yield Measured("roc_auc_ovr", Estimate(None, n=n, reason="only one class is true"), no_skill=0.5, definition=size)
        return
    index = {label: k for k, label in enumerate(labels)}
    column: Callable[[Label, int], list[float]] = lambda label, k: [  # noqa: E731 - one expression used three times
        row[k] for t, row in zip(true, scores, strict=True) if t == label
    ]
    ovr, pairs = [], []
    for label in present:
        k = index[label]
        rest = [row[k] for t, row in zip(true, scores, strict=True) if t != label]
        ovr.append((counts[label], estimate.ranking(column(label, k), rest).auc or 0.0))
    for at, a in enumerate(present):
        for b in present[at + 1 :]:
            first = estimate.ranking(column(a, index[a]), column(b, index[a])).auc or 0.0
            second = estimate.ranking(column(b, index[b]), column(a, index[b])).auc or 0.0
            pairs.append((first + second) / 2)
    none = "no interval for this metric"
    mean = math.fsum(auc for _, auc in ovr) / len(ovr)
    weighted = math.fsum(rows * auc for rows, auc in ovr) / n
    for name, value, average in (("roc_auc_ovr", mean, "ovr"), ("roc_auc_ovr_weighted", weighted, "ovr-weighted"),
                                 ("roc_auc_ovo", math.fsum(pairs) / len(pairs), "ovo")):  # fmt: skip
        yield Measured(
            name, Estimate(value, n=n, reason=none), no_skill=0.5, note=note, definition={"average": average, **size}
        )


# -- refusals


def _few_true(matrix: Sequence[Sequence[int]], found: Estimate) -> Estimate:
    few = min(sum(row) for row in matrix)
    return _refused(found, f"a class has only {few} true row{'s' * (few != 1)}" if few < FEW_ROWS else "")


def _few_losses(losses: Sequence[float]) -> Estimate:
    found = estimate.mean_interval(losses)
    return _refused(found, f"only {len(losses)} rows" if len(losses) < FEW_LOSSES else "")


def _refused(found: Estimate, why: str) -> Estimate:
    """Return the estimate without its interval where there is a reason to refuse one."""
    if not why or found.value is None:
        return found
    return found._replace(low=None, high=None, method=None, reason=f"no interval: {why}")
