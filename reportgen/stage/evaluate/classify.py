"""`log_classification`: two classes or many, from scores or labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reportgen import estimate
from reportgen.errors import RecordError
from reportgen.stage import drawings
from reportgen.stage.classification import (
    Measured,
    binary_measures,
    check_sums,
    class_measures,
    class_table,
    confusion,
    matrix_measures,
    probability_measures,
    ranking_measures,
    reliability,
)
from reportgen.stage.evaluate.measured import Evaluation, log_measures, log_rows, said
from reportgen.stage.inputs import Label, aligned, as_list, check_labels, floats, ordered, positive_label, understood
from reportgen.stage.values import number, shown

if TYPE_CHECKING:
    from reportgen.stage.run import Run

MAX_SCORE_COLUMNS = 20


def log_classification(
    run: Run,
    y_true: Any,
    y_score: Any = None,
    *,
    y_pred: Any = None,
    labels: Sequence[Label] | None = None,
    positive: Label | None = None,
    threshold: float = 0.5,
    threshold_policy: str = "fixed",
    split: str = "val",
    dataset: str | None = None,
    betas: float | Sequence[float] = (),
    missing: str = "error",
    rows: bool = True,
    charts: bool = True,
) -> Evaluation:
    """Write the metrics, intervals and charts of a classifier and return the estimates.

    `y_true` holds the true labels. `y_score` holds a score per row of the positive class, or a row of scores per class
    in the order of `labels` (as ``predict_proba`` gives them); labels given there are taken for `y_pred`, the predicted
    labels. Sequences, numpy arrays, pandas and polars columns will do. `labels` defaults to the sorted union of what
    occurs.

    With two classes `positive` is 1 or True unless it is told. Rows are predicted positive at a score of `threshold` or
    above unless `y_pred` says otherwise; `threshold_policy` is ``fixed`` or ``tuned`` (chosen on these rows: the
    metrics at it are optimistic).

    Metrics are named `split`/name; three classes or more also get a table of each class. Missing values are an error,
    or with ``missing="drop"`` their rows are left out and counted. `rows` attaches true label, prediction and score of
    each row, up to 100,000 rows: this is what lets two models be compared on the same rows. `betas` adds Fβ scores;
    `dataset` names the data the metrics belong to.

    Intervals are at 95 %: of shares (accuracy, precision, recall, specificity) Wilson's (1927), of F1 that of its Jaccard
    share, of averages and Fβ that of the influence function on the logit scale, of balanced accuracy MOVER (Zou & Donner
    2008), of Matthews' correlation (Gorodkin 2004) Fisher's scale, of ROC-AUC DeLong's (1988) on the logit scale, of average
    precision (never a trapezoid: Davis & Goadrich 2006) Boyd, Eng & Page's (2013), of log loss and Brier score a t interval.
    One against one is Hand & Till's AUC (2001). What is not defined has no value and a reason; too few rows have no
    interval and a reason.

    RecordError for unequal lengths, no rows, missing values, values that are no labels or scores, probabilities of a row
    that do not sum to 1, and a positive class that cannot be told.
    """
    if threshold_policy not in {"fixed", "tuned"}:
        raise RecordError(f"threshold_policy is 'fixed' or 'tuned', not {threshold_policy!r:.80}")
    threshold, betas = _numbers(threshold, betas)
    if y_true is None:
        raise RecordError("log_classification needs y_true")
    if y_score is None and y_pred is None:
        raise RecordError("log_classification needs y_score or y_pred")
    given = {"y_true": y_true, "y_score": y_score, "y_pred": y_pred}
    given = {name: values for name, values in given.items() if values is not None}
    read = run._read(lambda: aligned(given, missing), " and ".join(given))  # noqa: SLF001 - as the run reads files
    if read is None:
        return Evaluation({}, 0)
    columns, dropped = read
    true = columns[0]
    parts = dict(zip(given, columns, strict=True))
    with understood(" and ".join(given)):
        found, drawn, table, classes = _evaluated(
            true,
            parts.get("y_score"),
            parts.get("y_pred"),
            labels,
            positive=positive,
            threshold=threshold,
            policy=threshold_policy,
            betas=betas,
            charts=charts,
        )
    if "score" in table:
        _log_threshold(run, threshold, split)
    estimates = log_measures(run, found, split, dataset)
    if dropped:
        run.log_metric(f"{split}/rows_dropped", dropped, direction="none", dataset=dataset)
    for name, spec in drawn.items():
        run.log_chart(f"{split}-{name}", spec, caption=spec["description"])
    if classes is not None:
        run.log_table(f"{split}-classes", classes, caption="Precision, recall and F1 of each class, with 95 % intervals.")
    if rows:
        log_rows(run, split, table, len(true))
    return Evaluation(estimates, len(true), dropped)


def _evaluated(
    true: list[Label],
    scores: list[Any] | None,
    predicted: list[Label] | None,
    labels: Sequence[Label] | None,
    *,
    positive: Label | None,
    threshold: float,
    policy: str,
    betas: Sequence[float],
    charts: bool,
) -> _Result:
    check_labels(true, "y_true")
    check_labels(predicted or (), "y_pred")
    if scores is not None and predicted is None and _are_labels(scores, true):
        scores, predicted = None, scores
    told = as_list(labels, "labels") if labels is not None else []
    names = ordered([*told, *set(true), *(set(predicted) if predicted is not None else ())])
    if labels is not None:
        names = _as_told(told, names)
    wide = scores is not None and isinstance(scores[0], (list, tuple))
    width = len(scores[0]) if scores is not None and wide else 0
    two = len(names) <= 2 and (positive is not None or len(names) == 2 or set(names) <= {-1, 0, 1}) and width <= 2
    evaluate = _two_classes if two else _many_classes
    return evaluate(
        true,
        scores,
        predicted,
        names,
        positive=positive,
        threshold=threshold,
        policy=policy,
        betas=betas,
        charts=charts,
    )


def _numbers(threshold: Any, betas: Any) -> tuple[float, list[float]]:
    """Return the threshold and the betas as floats; RecordError unless the one is finite and the others are above 0."""
    limit = float(number(threshold, "threshold"))
    if not math.isfinite(limit):
        raise RecordError(f"threshold is a finite number, not {limit!r}")
    found = [float(number(beta, "each of betas=")) for beta in (betas if hasattr(betas, "__iter__") else (betas,))]
    for beta in found:
        if not 0 < beta < math.inf:
            raise RecordError(f"betas= are numbers above 0, not {beta!r}")
    return limit, found


class _Result(NamedTuple):
    measures: list[Measured]
    charts: dict[str, dict[str, Any]]
    table: dict[str, Sequence[Any]]
    classes: dict[str, list[Any]] | None = None


def _two_classes(
    true: list[Label],
    scores: list[Any] | None,
    predicted: list[Label] | None,
    names: list[Label],
    *,
    positive: Label | None,
    threshold: float,
    policy: str,
    betas: Sequence[float],
    charts: bool,
) -> _Result:
    yes = positive_label(names, positive)
    no = next((name for name in names if name != yes), 0 if yes == 1 else f"not {yes}")
    definition: dict[str, Any] = {"positive": str(yes)}
    column: Sequence[float] | None = None
    if scores is not None:
        column = _positive_column(scores, names, yes) if isinstance(scores[0], (list, tuple)) else floats(scores, "y_score")
    if predicted is None:
        if column is None:
            raise RecordError("log_classification needs y_score or y_pred")
        definition["threshold_policy"] = policy
        predicted = [yes if score >= threshold else no for score in column]
    matrix = confusion(true, predicted, [no, yes])
    found = binary_measures(matrix, betas=betas, definition=definition)
    drawn = {"confusion": drawings.confusion_chart(matrix, [no, yes], _confusion_finding(matrix))} if charts else {}
    table: dict[str, Sequence[Any]] = {"true": true, "predicted": predicted}
    if column is not None:
        table["score"] = column
        positives = [score for label, score in zip(true, column, strict=True) if label == yes]
        negatives = [score for label, score in zip(true, column, strict=True) if label != yes]
        found += ranking_measures(estimate.ranking(positives, negatives), positive=str(yes))
        found += probability_measures(positives, negatives, positive=str(yes))
        if charts and positives and negatives:
            drawn |= _score_charts(found, positives, negatives, threshold)
    return _Result(found, drawn, table)


def _positive_column(scores: list[Any], names: list[Label], yes: Label) -> Sequence[float]:
    """Return the scores of the positive class from rows of two; RecordError where two scores are no two probabilities."""
    for at, row in enumerate(scores):
        if not isinstance(row, (list, tuple)) or len(row) != 2:
            raise RecordError(
                f"row {at} of y_score is {shown(row)}, not a score of each of two classes",
                hint="pass predict_proba's rows as they are",
            )
    columns = [floats([row[k] for row in scores], "y_score") for k in (0, 1)]
    if all(0.0 <= score <= 1.0 for column in columns for score in column):
        check_sums(zip(*columns, strict=True))
    return columns[names.index(yes) if len(names) == 2 else 1]


def _score_charts(
    found: Sequence[Measured], positives: list[float], negatives: list[float], threshold: float
) -> dict[str, dict[str, Any]]:
    by_name = {measure.name: measure for measure in found}
    drawn = drawings.curves(positives, negatives)
    auc, precision, f1 = by_name["roc_auc"], by_name["average_precision"], by_name["f1"]
    specs = {
        "roc": drawings.roc_chart(drawn, f"ROC-AUC {said(auc)}; no skill is 0.5."),
        "pr": drawings.pr_chart(drawn, f"Average precision {said(precision)}; no skill is {precision.no_skill:.3f}."),
        "threshold": drawings.threshold_chart(drawn, threshold, f"F1 {said(f1)} at the threshold {threshold:g}."),
    }
    ece = by_name["ece"].estimate.value
    if ece is not None:
        bins = reliability(positives, negatives)
        specs["calibration"] = drawings.calibration_chart(
            bins, f"Calibration error {ece:.3f} over {len(bins)} bins; {by_name['ece'].note}."
        )
    return specs


def _many_classes(
    true: list[Label],
    scores: list[Any] | None,
    predicted: list[Label] | None,
    names: list[Label],
    *,
    positive: Label | None,
    threshold: float,
    policy: str,
    betas: Sequence[float],
    charts: bool,
) -> _Result:
    if positive is not None or betas:
        raise RecordError(f"positive= and betas= are for two classes; there are {len(names)}")
    table: dict[str, Sequence[Any]] = {"true": true}
    if scores is not None:
        if not isinstance(scores[0], (list, tuple)):
            raise RecordError(
                f"one score per row cannot tell {len(names)} classes apart", hint="pass a score per class, or y_pred"
            )
        odd = next((at for at, row in enumerate(scores) if not isinstance(row, (list, tuple)) or len(row) != len(names)), None)
        if odd is not None:
            width = len(scores[odd]) if isinstance(scores[odd], (list, tuple)) else 1
            where = "y_score" if odd == 0 else f"row {odd} of y_score"
            hint = "pass labels= in the order of the columns"
            raise RecordError(f"{where} has {width} column{'s' * (width != 1)} for {len(names)} labels", hint=hint)
        scores = [floats(row, "y_score") for row in scores]
        if predicted is None:
            predicted = [names[max(range(len(row)), key=row.__getitem__)] for row in scores]
    if predicted is None:
        raise RecordError("log_classification needs y_score or y_pred")
    table["predicted"] = predicted
    matrix = confusion(true, predicted, names)
    found = class_measures(matrix, names)
    if scores is not None:
        found += matrix_measures(true, scores, names)
        if len(names) <= MAX_SCORE_COLUMNS:
            table |= {f"score:{name}": [row[k] for row in scores] for k, name in enumerate(names)}
    drawn = {"confusion": drawings.confusion_chart(matrix, names, _confusion_finding(matrix))} if charts else {}
    if charts and scores is not None:
        drawn |= _class_charts(true, scores, names)
    return _Result(found, drawn, table, class_table(matrix, names))


def _class_charts(true: list[Label], scores: Sequence[Sequence[float]], names: list[Label]) -> dict[str, dict[str, Any]]:
    """Return the ROC curves of the five most frequent classes, each against the rest."""
    counts = Counter(true)
    found: dict[str, tuple[drawings.Curves, float]] = {}
    for name, _ in counts.most_common(len(drawings.CLASSES)):
        k = names.index(name)
        own = [row[k] for label, row in zip(true, scores, strict=True) if label == name]
        rest = [row[k] for label, row in zip(true, scores, strict=True) if label != name]
        area = estimate.ranking(own, rest).auc
        if area is not None:
            found[str(name)] = (drawings.curves(own, rest), area)
    if not found:
        return {}
    worst = min(found, key=lambda name: found[name][1])
    finding = f"ROC-AUC of each class against the rest, least {found[worst][1]:.3f} for {worst}; no skill is 0.5."
    return {"roc": drawings.class_roc_chart(found, finding)}


def _are_labels(scores: list[Any], true: list[Label]) -> bool:
    if isinstance(scores[0], (list, tuple)):
        return False
    kinds = set(map(type, scores))
    return (
        float not in kinds
        and (kinds <= {int, bool} or not all(hasattr(kind, "__float__") for kind in kinds))
        and (str in kinds or set(scores) <= {*true, 0, 1, -1})
    )


def _as_told(labels: Sequence[Label], names: Sequence[Label]) -> list[Label]:
    told = list(dict.fromkeys(labels))
    strange = [name for name in names if name not in told]
    if strange:
        raise RecordError(f"labels= leaves out {', '.join(map(repr, strange[:5]))}, which the data have")
    return told


def _log_threshold(run: Run, threshold: float, split: str) -> None:
    try:
        run.log_param("threshold", threshold)
    except RecordError:  # another split, or the user, had logged a different one
        run.log_param(f"{split}/threshold", threshold)


def _confusion_finding(matrix: Sequence[Sequence[int]]) -> str:
    n, hits = sum(map(sum, matrix)), sum(matrix[k][k] for k in range(len(matrix)))
    return f"{hits:,} of {n:,} rows are predicted right."
