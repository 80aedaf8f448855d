"""The evaluation helpers: worked numbers, agreement with scikit-learn, edges, refusals and what is written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reportgen
from reportgen import estimate
from reportgen.errors import RecordError
from reportgen.stage import classification, drawings, regression
from reportgen.stage.drawings import thinned
from tests.stage.support import metrics, of_kind, params

SIX = 5e-7
Y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
S = [0.9, 0.8, 0.7, 0.7, 0.7, 0.4, 0.35, 0.3, 0.2, 0.1]
TRUE, PREDICTED = list("aaaabbbccc"), list("aaabbbcccb")
P1 = [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.3, 0.5, 0.2], [0.2, 0.6, 0.2],
      [0.3, 0.4, 0.3], [0.1, 0.4, 0.5], [0.2, 0.2, 0.6], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]]  # fmt: skip
R = [3, -0.5, 2, 7, 0, 4], [2.5, 0, 2, 8, 1, 5.5]


@pytest.fixture
def run(tmp_path):
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        yield run


def measures(found):
    return {measure.name: measure for measure in found}


def event(run, name):
    return next(e for e in of_kind(run, "metric") if e["name"] == name)


# -- worked numbers


def test_two_classes(run):
    found = run.log_classification(Y, S).metrics
    worked = {
        "accuracy": 0.6, "precision": 0.6, "recall": 0.6, "f1": 0.6, "mcc": 0.2, "roc_auc": 0.56, "average_precision": 0.654286,
        "log_loss": 0.807517, "brier": 0.28425, "ece": 0.225,
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in worked} == pytest.approx(worked, abs=SIX)
    assert (found["val/roc_auc"].low, found["val/roc_auc"].high) == pytest.approx((0.198948, 0.867059), abs=SIX)
    assert max(
        abs(b.positives / b.rows - b.mean)
        for b in classification.reliability(
            [s for y, s in zip(Y, S, strict=True) if y], [s for y, s in zip(Y, S, strict=True) if not y]
        )
    ) == pytest.approx(0.9)
    assert params(run) == {"threshold": 0.5}


def test_the_confusion_matrices():
    assert classification.confusion(Y, [int(s >= 0.5) for s in S], [0, 1]) == [[3, 2], [2, 3]]
    assert classification.confusion(TRUE, PREDICTED, list("abc")) == [[3, 1, 0], [0, 2, 1], [0, 1, 2]]


def test_three_classes(run):
    found = run.log_classification(TRUE, P1, y_pred=PREDICTED).metrics
    worked = {
        "accuracy": 0.7, "balanced_accuracy": 0.694444, "precision_macro": 0.722222, "recall_macro": 0.694444,
        "f1_macro": 0.698413,
        "f1_weighted": 0.714286, "mcc": 0.560606, "roc_auc_ovr": 0.905754, "roc_auc_ovr_weighted": 0.913095,
        "roc_auc_ovo": 0.900463,
        "log_loss": 0.733365, "recall_worst": 0.666667,
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in worked} == pytest.approx(worked, abs=SIX)
    matrix = classification.confusion(TRUE, PREDICTED, list("abc"))
    assert estimate.class_f1(matrix) == pytest.approx([0.857143, 0.571429, 0.666667], abs=SIX)


def test_each_class_has_its_row(run):
    run.log_classification(TRUE, y_pred=PREDICTED)
    [table] = [t for t in of_kind(run, "table") if t["name"] == "val-classes"]
    rows = list(csv.DictReader(io.StringIO((run.directory / table["file"]).read_text())))
    assert [row["class"] for row in rows] == ["a", "b", "c"]
    assert [float(row["precision"]) for row in rows] == pytest.approx([1, 0.5, 2 / 3])
    assert [float(row["recall"]) for row in rows] == pytest.approx([0.75, 2 / 3, 2 / 3])
    assert [float(row["f1"]) for row in rows] == pytest.approx([0.857143, 0.571429, 0.666667], abs=SIX)
    assert float(rows[0]["recall_low"]) == pytest.approx(estimate.wilson(3, 4)[0])


def test_a_class_that_is_never_hit_counts_as_zero_and_is_named(run):
    found = run.log_classification(list("aabb"), y_pred=list("aaac")).metrics
    worked = {"precision_macro": 0.222222, "recall_macro": 0.333333, "f1_macro": 0.266667, "balanced_accuracy": 0.5}
    assert {name: found[f"val/{name}"].value for name in worked} == pytest.approx(worked, abs=SIX)
    assert event(run, "val/f1_macro")["note"] == "never predicted: b (counts as 0); never true: c (counts as 0)"


def test_log_loss_clips_and_says_how_many(run):
    found = run.log_classification([1, 0], [0.0, 0.0]).metrics
    assert found["val/log_loss"].value == pytest.approx(18.021827, abs=SIX)
    assert event(run, "val/log_loss")["note"] == "2 rows at 0 or 1 were clipped to 2⁻⁵² from it"


def test_regression(run):
    found = run.log_regression(*R, alphas=(0.9, 0.5), smape=True, unit="EUR").metrics
    worked = {
        "mae": 0.75, "rmse": 0.889757, "bias": 0.583333, "r2": 0.875682, "median_ae": 0.75, "mape": 0.336905, "smape": 0.771823,
        "wape": 0.272727, "quantile_loss_0.9": 0.141667, "quantile_loss_0.5": 0.375,
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in worked} == pytest.approx(worked, abs=SIX)
    assert event(run, "val/mape")["note"] == "1 row with a target of 0 left out; targets at or around 0: prefer WAPE"
    assert event(run, "val/mape")["n"] == 5
    assert [event(run, f"val/{name}").get("unit") for name in ("mae", "rmse", "bias", "r2")] == ["EUR", "EUR", "EUR", None]
    assert [event(run, f"val/{name}")["direction"] for name in ("rmse", "bias", "r2")] == ["lower", "none", "higher"]


def test_values_without_skill():
    found = measures(classification.binary_measures([[235, 10], [15, 40]], definition={}))
    share = 55 / 300
    positives, negatives = [0.5] * 55, [0.5] * 245
    found |= measures(classification.ranking_measures(estimate.ranking(positives, negatives), positive="1"))
    found |= measures(classification.probability_measures(positives, negatives, positive="1"))
    worked = {
        "accuracy": 0.816667, "balanced_accuracy": 0.5, "f1": 0.309859, "average_precision": 0.183333, "roc_auc": 0.5,
        "log_loss": 0.476411, "brier": 0.149722, "mcc": 0.0,
    }  # fmt: skip
    assert {name: found[name].no_skill for name in worked} == pytest.approx(worked, abs=SIX)
    assert found["average_precision"].estimate.value == pytest.approx(share)
    true, predicted = R
    lines = measures(regression.regression_measures(true, predicted))
    mean = sum(true) / 6
    assert lines["rmse"].no_skill == pytest.approx(math.sqrt(sum((t - mean) ** 2 for t in true) / 6))
    assert (lines["mae"].no_skill, lines["r2"].no_skill) == (pytest.approx(sum(abs(t - 2.5) for t in true) / 6), 0.0)


def test_folds(run):
    found = run.log_folds({"f1": [0.71, 0.74, 0.69, 0.73, 0.72]}, direction="higher").metrics["cv/f1"]
    assert (found.value, found.low) == (pytest.approx(0.718), None)
    written = event(run, "cv/f1")
    assert written["std"] == pytest.approx(0.019235, abs=SIX)
    assert written["folds"] == 5
    assert written["note"] == "± sd over 5 folds (spread, not a confidence interval)"
    found = run.log_folds([0.71, 0.74, 0.69, 0.73, 0.72], name="f1b", interval=True).metrics["cv/f1b"]
    assert (found.low, found.high) == pytest.approx((0.682174, 0.753826), abs=SIX)
    assert event(run, "cv/f1b")["method"] == "corrected-t"


# -- scikit-learn says the same


def sample(seed, n=400, classes=2, ties=False):
    draw = random.Random(seed)
    true = [draw.randrange(classes) for _ in range(n)]
    rows = []
    for t in true:
        weights = [draw.random() + (1.2 if k == t else 0.2) for k in range(classes)]
        row = [w / sum(weights) for w in weights]
        rows.append([round(v, 1) for v in row] if ties and classes == 2 else row)
    return true, rows


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_two_classes_as_scikit_learn(tmp_path, seed, ties):
    import sklearn.metrics as sk

    true, rows = sample(seed, ties=ties)
    scores = [row[1] for row in rows]
    predicted = [int(s >= 0.5) for s in scores]
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        found = run.log_classification(true, scores, betas=(0.5, 2.0)).metrics
    theirs = {
        "accuracy": sk.accuracy_score(true, predicted), "precision": sk.precision_score(true, predicted),
        "recall": sk.recall_score(true, predicted), "f1": sk.f1_score(true, predicted),
        "mcc": sk.matthews_corrcoef(true, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(true, predicted), "specificity": sk.recall_score(true,
        predicted, pos_label=0),
        "f0.5": sk.fbeta_score(true, predicted, beta=0.5), "f2": sk.fbeta_score(true, predicted, beta=2.0),
        "roc_auc": sk.roc_auc_score(true, scores), "average_precision": sk.average_precision_score(true, scores),
        "log_loss": sk.log_loss(true, scores), "brier": sk.brier_score_loss(true, scores),
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in theirs} == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_many_classes_as_scikit_learn(tmp_path, seed):
    import sklearn.metrics as sk

    true, rows = sample(seed, classes=4)
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        found = run.log_classification(true, rows).metrics
    predicted = [row.index(max(row)) for row in rows]
    theirs = {
        "accuracy": sk.accuracy_score(true, predicted), "balanced_accuracy": sk.balanced_accuracy_score(true, predicted),
        "f1_macro": sk.f1_score(true, predicted, average="macro"), "f1_weighted": sk.f1_score(true, predicted,
        average="weighted"),
        "precision_macro": sk.precision_score(true, predicted, average="macro"),
        "recall_macro": sk.recall_score(true, predicted, average="macro"), "mcc": sk.matthews_corrcoef(true, predicted),
        "roc_auc_ovr": sk.roc_auc_score(true, rows, multi_class="ovr"), "roc_auc_ovo": sk.roc_auc_score(true, rows,
        multi_class="ovo"),
        "roc_auc_ovr_weighted": sk.roc_auc_score(true, rows, multi_class="ovr", average="weighted"),
        "log_loss": sk.log_loss(true, rows),
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in theirs} == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_regression_as_scikit_learn(tmp_path, seed):
    import sklearn.metrics as sk

    draw = random.Random(seed)
    true = [draw.gauss(100, 20) for _ in range(301)]
    predicted = [t + draw.gauss(1, 5) for t in true]
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        found = run.log_regression(true, predicted, alphas=[0.9]).metrics
    theirs = {
        "mae": sk.mean_absolute_error(true, predicted), "rmse": sk.root_mean_squared_error(true, predicted),
        "r2": sk.r2_score(true, predicted), "median_ae": sk.median_absolute_error(true, predicted),
        "mape": sk.mean_absolute_percentage_error(true, predicted), "quantile_loss_0.9": sk.mean_pinball_loss(true,
        predicted, alpha=0.9),
    }  # fmt: skip
    assert {name: found[f"val/{name}"].value for name in theirs} == pytest.approx(theirs, rel=1e-12)


def test_what_is_not_defined_is_null_where_scikit_learn_gives_a_number(run):
    import sklearn.metrics as sk

    assert sk.mean_absolute_percentage_error(*R) == pytest.approx(7.5e14, rel=0.01)
    assert sk.matthews_corrcoef([0, 1, 1], [1, 1, 1]) == 0.0
    assert (sk.r2_score([2, 2], [2, 2]), sk.r2_score([2, 2], [2, 3])) == (1.0, 0.0)
    assert run.log_regression(*R).metrics["val/mape"].value == pytest.approx(0.336905, abs=SIX)
    found = run.log_classification([0, 1, 1], y_pred=[1, 1, 1], split="one").metrics["one/mcc"]
    assert (found.value, found.reason) == (None, "only one class is predicted")
    found = run.log_regression([2, 2], [2, 3], split="flat").metrics["flat/r2"]
    assert (found.value, found.reason) == (None, "target is constant")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60))
def test_ranking_as_by_counting_pairs(rows):
    positive = [float(s) for y, s in rows if y]
    negative = [float(s) for y, s in rows if not y]
    found = estimate.ranking(positive, negative)
    if not positive or not negative:
        assert found.auc is None
        return
    pairs = sum((p > q) + 0.5 * (p == q) for p in positive for q in negative)
    assert found.auc == pytest.approx(pairs / len(positive) / len(negative), abs=1e-12)
    down, up = estimate.placements(positive, negative)
    assert math.fsum(down) / len(down) == pytest.approx(found.auc, abs=1e-12)
    assert math.fsum(up) / len(up) == pytest.approx(found.auc, abs=1e-12)
    if len(positive) > 1 and len(negative) > 1:
        variance = sum(math.fsum((v - found.auc) ** 2 for v in part) / (len(part) - 1) / len(part) for part in (down, up))
        assert found.variance == pytest.approx(variance, abs=1e-12)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_intervals_hold_their_value_and_stay_in_range(rows):
    matrix = [[sum(1 for t, p in rows if (t, p) == (i, j)) for j in range(3)] for i in range(3)]
    for found in (estimate.average_f1(matrix), estimate.balanced_accuracy(matrix), estimate.mcc(matrix)):
        if found.low is not None:
            assert -1.0 <= found.low <= found.value + 1e-12
            assert found.value - 1e-12 <= found.high <= 1.0


# -- inputs of every kind


def test_arrays_series_and_frames_give_the_same(tmp_path):
    import numpy as np
    import pandas as pd
    import polars as pl

    results = []
    for kind in (list, tuple, np.array, pd.Series, pl.Series, lambda v: iter(v)):
        with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
            results.append(run.log_classification(kind(Y), kind(S), rows=False, charts=False).metrics)
    proba = np.column_stack([1 - np.array(S), S])
    for kind in (np.asarray, pd.DataFrame, lambda v: v.tolist()):
        with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
            results.append(run.log_classification(Y, kind(proba), rows=False, charts=False).metrics)
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("labels", "options"),
    [(["no", "yes"], {"positive": "yes"}), ([False, True], {}), ([-1, 1], {}), ([0.0, 1.0], {}), ([2, 7], {"positive": 7})],
)
def test_labels_of_two_classes(run, labels, options):
    found = run.log_classification([labels[y] for y in Y], S, **options)
    assert found.metrics["val/f1"].value == pytest.approx(0.6)
    assert event(run, "val/f1")["positive"] == str(labels[1])


def test_hard_predictions_are_taken_as_such(run):
    found = run.log_classification(Y, [int(s >= 0.5) for s in S]).metrics
    assert "val/roc_auc" not in found
    assert found["val/f1"].value == pytest.approx(0.6)
    assert params(run) == {}
    assert "threshold_policy" not in event(run, "val/f1")


def test_scores_that_are_no_probabilities(run):
    found = run.log_classification(Y, [s * 10 - 4 for s in S], threshold=1.0).metrics
    assert found["val/roc_auc"].value == pytest.approx(0.56)
    assert found["val/log_loss"] == estimate.Estimate(None, n=10, reason="not probabilities")
    assert event(run, "val/brier")["value"] is None
    assert "val-calibration" not in {c["name"] for c in of_kind(run, "chart")}


def test_two_columns_are_the_probabilities_of_two_classes(run):
    import numpy as np

    both = np.array([[1 - s, s] for s in S], dtype=np.float32)
    found = run.log_classification(Y, both).metrics
    assert found["val/roc_auc"].value == pytest.approx(0.56)
    assert found["val/log_loss"].value == pytest.approx(0.807517, abs=SIX)
    margins = [[-s, s] for s in S]
    assert run.log_classification(Y, [[10 * a, 10 * b] for a, b in margins], split="margin").metrics[
        "margin/log_loss"
    ].reason == "not probabilities"  # fmt: skip


def test_a_single_beta_and_a_frame_of_folds_will_do(run):
    import pandas as pd

    assert "val/f2" in run.log_classification(Y, S, betas=2).metrics
    found = run.log_folds(pd.DataFrame({"f1": [0.5, 0.7], "auc": [0.6, 0.8]}), split="frame").metrics
    assert {name: round(estimated.value, 6) for name, estimated in found.items()} == {"frame/f1": 0.6, "frame/auc": 0.7}


@pytest.mark.parametrize(("rows", "direction"), [(20, "none"), (999, "none"), (1000, "lower")])
def test_a_calibration_error_of_few_rows_is_not_ranked(run, rows, direction):
    run.log_classification([k % 2 for k in range(rows)], [(k % 10) / 10 for k in range(rows)], rows=False, charts=False)
    found = event(run, "val/ece")
    assert found["direction"] == direction
    assert ("not ranked under 1,000 rows" in found["note"]) == (direction == "none")


def test_a_tuned_threshold_is_another_definition(run):
    run.log_classification(Y, S, threshold=0.3, threshold_policy="tuned", split="tuned")
    run.log_classification(Y, S)
    assert event(run, "tuned/f1")["threshold_policy"] == "tuned"
    assert event(run, "val/f1")["threshold_policy"] == "fixed"
    assert params(run) == {"threshold": 0.3, "val/threshold": 0.5}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.log_classification(Y, S[:-1]), "y_true has 10 values, y_score has 9"),
        (lambda r: r.log_classification([], []), "nothing to evaluate"),
        (lambda r: r.log_classification(Y), "needs y_score or y_pred"),
        (
            lambda r: r.log_classification(Y, [None, *S[1:-1], float("nan")]),
            "y_score has 2 missing values, the first at index 0",
        ),
        (lambda r: r.log_classification([*Y[:-1], None], S), "y_true has 1 missing value, the first at index 9"),
        (lambda r: r.log_classification(Y, ["x", *S[1:]], y_pred=Y), r"y_score\[0\] is not a number"),
        (lambda r: r.log_classification(list("ab") * 5, S), "labels are 'a', 'b'"),
        (lambda r: r.log_classification(list("ab") * 5, S, positive="c"), "is none of the labels"),
        (lambda r: r.log_classification(TRUE, S), "cannot tell 3 classes apart"),
        (lambda r: r.log_classification(TRUE, [[0.5, 0.5, 0.0, 0.0]] * 10), "4 columns for 3 labels"),
        (lambda r: r.log_classification(TRUE, [[0.5, 0.2, 0.1]] * 10), "sum to 0.8, not to 1"),
        (lambda r: r.log_classification(S, Y), r"y_true\[0\] is not a label: 0.9"),
        (lambda r: r.log_classification(None, S), "needs y_true"),
        (lambda r: r.log_classification([[0, 1], [1, 0]] * 5, S), r"y_true\[0\] is not a label: \[0, 1\]"),
        (lambda r: r.log_classification(Y, y_pred=[{}] * 10), r"y_pred\[0\] is not a label: {}"),
        (lambda r: r.log_classification(Y, S, threshold="x"), "threshold is a number, not str"),
        (lambda r: r.log_classification(Y, S, threshold=float("nan")), "threshold is a finite number"),
        (lambda r: r.log_classification(Y, S, betas=[-1]), "numbers above 0, not -1.0"),
        (lambda r: r.log_regression([1e308] * 12, [-1e308] * 12), "too large to be squared"),
        (lambda r: r.log_classification(Y, [[0.2, 0.7]] * 10), "row 0 sum to 0.9, not to 1"),
        (lambda r: r.log_classification(Y, [[0.3, 0.7]] * 9 + [[0.3, 0.70001]]), "row 9 sum to 1.00001, not to 1"),
        (lambda r: r.log_classification(Y, [[0.3, 0.7]] * 9 + [[0.7]]), "row 9 of y_score is .0.7., not a score of each"),
        (lambda r: r.log_classification(Y, [[0.3, 0.7]] * 9 + [0.7]), "row 9 of y_score is 0.7, not a score of each"),
        (lambda r: r.log_classification(Y, [[]] * 10), "row 0 of y_score is .., not a score of each"),
        (lambda r: r.log_classification(TRUE, P1, labels=["a", "b"]), "leaves out 'c'"),
        (lambda r: r.log_classification(TRUE, P1, betas=[2]), "are for two classes"),
        (lambda r: r.log_classification(Y, S, threshold_policy="lucky"), "'fixed' or 'tuned'"),
        (lambda r: r.log_classification(Y, S, missing="ignore"), "'error' or 'drop'"),
        (lambda r: r.log_regression([1.0], [float("inf")]), "has 1 infinite value$"),
        (lambda r: r.log_regression(*R, alphas=[1.0]), "0 < alpha < 1"),
        (lambda r: r.log_folds({"a": [1.0], "b": []}), "as many scores of each"),
        (lambda r: r.log_folds({}), "at least one"),
    ],
)
def test_misuse_says_what_is_wrong(run, call, words):
    with pytest.raises(RecordError, match=words):
        call(run)
    assert of_kind(run, "metric") == []


def test_missing_rows_are_dropped_only_when_asked_and_counted(run):
    import pandas as pd

    scores = pd.Series([*S, None, 0.4], dtype="Float64")
    found = run.log_classification([*Y, 1, None], scores, missing="drop")
    assert (found.rows, found.dropped) == (10, 2)
    assert metrics(run)["val/rows_dropped"] == 2
    assert found.metrics["val/roc_auc"].value == pytest.approx(0.56)


# -- undefined, refused


def test_one_class_only(run):
    found = run.log_classification([1] * 12, [0.9] * 12).metrics
    assert found["val/roc_auc"].reason == "only one class is true"
    assert found["val/balanced_accuracy"].reason == "only one class is true"
    assert found["val/specificity"].reason == "no row is negative"
    assert found["val/mcc"].reason == "only one class is predicted"
    assert found["val/accuracy"].value == 1.0
    none = run.log_classification([0] * 12, [0.1] * 12, split="none").metrics
    assert none["none/average_precision"].reason == "no positive row"
    assert none["none/precision"].reason == "the positive class was never predicted"
    assert none["none/f1"].value is None


def test_few_rows_have_no_interval_and_say_why(run):
    found = run.log_classification([1, 1, 1] + [0] * 30, [0.9, 0.4, 0.8] + [0.3] * 30).metrics
    assert found["val/roc_auc"].reason == "no interval: only 3 positive rows"
    assert found["val/roc_auc"].low is None
    assert event(run, "val/roc_auc")["value"] == found["val/roc_auc"].value
    small = run.log_regression([1.0, 2.0, 3.0], [1.0, 2.5, 3.0], split="small").metrics
    assert small["small/rmse"].reason == "no interval: only 3 rows"
    assert small["small/median_ae"].reason == "fewer than six rows have no interval"


def test_edges_of_regression(run):
    found = run.log_regression([2.0] * 12, [2.0, 3.0] * 6).metrics
    assert found["val/r2"].reason == "target is constant"
    zero = run.log_regression([0.0] * 12, [1.0] * 12, split="zero").metrics
    assert (zero["zero/wape"].reason, zero["zero/mape"].reason) == ("every target is 0", "every target is 0")
    exact = run.log_regression([1.0, 2.0] * 8, [1.0, 2.0] * 8, split="exact").metrics
    assert (exact["exact/rmse"].value, exact["exact/rmse"].reason) == (0.0, "no error at all")
    bad = run.log_regression([1.0, 2.0] * 20, [9.0, -7.0] * 20, split="bad")
    assert bad.metrics["bad/r2"].value < 0
    assert event(run, "bad/r2")["note"] == "worse than predicting the mean"


def test_a_perfect_ranking_uses_the_smaller_class():
    found = estimate.auc_estimate(estimate.ranking([0.9, 0.8, 0.95, 0.85, 0.99], [0.1, 0.2, 0.3, 0.05, 0.4, 0.15]))
    assert (found.value, found.low, found.high) == (1.0, *estimate.wilson(5, 5))


def test_a_fold_without_a_finite_score(run):
    found = run.log_folds({"f1": [0.5, float("nan"), 0.6]}).metrics["cv/f1"]
    assert found.reason == "a fold has no finite score"


def test_scikit_learn_results_are_folds(run):
    found = run.log_folds({"fit_time": [0.1, 0.2], "test_f1": [0.5, 0.7], "estimator": [1, 2]}).metrics
    assert set(found) == {"cv/fit_time", "cv/f1"}
    assert event(run, "cv/fit_time")["direction"] == "lower"


# -- what is attached


def test_rows_are_attached_with_the_digest_of_the_truth(run):
    run.log_classification(Y, S, dataset="validation")
    [table] = [t for t in of_kind(run, "table") if t.get("role") == "evaluation-rows"]
    assert (table["name"], table["rows"]) == ("rows-val", 10)
    text = (run.directory / table["file"]).read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["true"] for row in rows] == [str(y) for y in Y]
    assert [float(row["score"]) for row in rows] == S
    assert table["true_sha256"] == hashlib.sha256("\n".join(map(str, Y)).encode()).hexdigest()
    assert event(run, "val/f1")["dataset"] == "validation"


def test_too_many_rows_are_left_out_with_a_note(run, monkeypatch):
    monkeypatch.setattr("reportgen.stage.evaluate.measured.MAX_ROWS", 5)
    run.log_classification(Y, S)
    assert not of_kind(run, "table")
    assert "10 rows, at most 5 are kept" in of_kind(run, "note")[0]["text"]
    run.log_classification(Y, S, split="quiet", rows=False, charts=False)
    assert len(of_kind(run, "note")) == 1


THEME = {"#15181c", "#5d6570", "#7a828d", "#0072b2", "#b86e00", "#434a54", "#f0f5f9", "#dcebf5", "#bfdaec", "#9cc7e3"}


def test_charts_are_small_self_contained_and_in_the_colours_of_the_theme(run):
    draw = random.Random(1)
    true = [int(draw.random() < 0.3) for _ in range(20_000)]
    run.log_classification(true, [min(max(draw.gauss(0.3 + 0.3 * t, 0.2), 0), 1) for t in true], rows=False)
    run.log_regression([float(i) for i in range(3000)], [i + draw.gauss(0, 9) for i in range(3000)], split="r", rows=False)
    run.log_classification(TRUE, y_pred=PREDICTED, split="m")
    run.log_folds([0.1, 0.3, 0.2])
    charts = {c["name"]: c for c in of_kind(run, "chart")}
    assert set(charts) == {
        "val-confusion", "val-roc", "val-pr", "val-threshold", "val-calibration", "r-predicted", "r-residuals",
        "m-confusion", "cv-score",
    }  # fmt: skip
    for chart in charts.values():
        text = (run.directory / chart["file"]).read_text()
        spec = json.loads(text)
        assert len(text) < 40_000
        assert chart["caption"] == spec["description"]
        assert 'legend":{' not in text
        assert "title" not in spec
        assert {word for word in text.replace("'", '"').split('"') if word.startswith("#")} <= THEME
        for layer in spec["layer"]:
            assert len(layer.get("data", {}).get("values", [])) <= max(drawings.VERTICES, drawings.CELLS**2)


def test_scores_per_class_get_a_curve_each(run):
    run.log_classification(TRUE, P1)
    [roc] = [c for c in of_kind(run, "chart") if c["name"] == "val-roc"]
    text = (run.directory / roc["file"]).read_text()
    assert {word for word in text.split('"') if word.startswith("#")} <= THEME
    positive = [row[2] for t, row in zip(TRUE, P1, strict=True) if t == "c"]
    area = estimate.ranking(positive, [row[2] for t, row in zip(TRUE, P1, strict=True) if t != "c"]).auc
    assert f"c {area:.3f}" in text
    assert roc["caption"].startswith("ROC-AUC of each class against the rest, least 0.8")


@pytest.mark.slow
def test_charts_can_be_drawn(run):
    import vl_convert as vl

    run.log_classification(Y * 3, S * 3)
    run.log_classification(TRUE, P1, split="m")
    run.log_regression(*R, split="r")
    run.log_folds([0.1, 0.3, 0.2])
    for chart in of_kind(run, "chart"):
        svg = vl.vegalite_to_svg((run.directory / chart["file"]).read_text())
        assert svg.startswith("<svg")
        assert svg.count("<path") > 2


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=400), st.integers(2, 50))
def test_thinning_keeps_both_ends_and_its_promise(points, keep):
    found = thinned(points, keep)
    assert len(found) == min(len(points), keep)
    assert (found[0], found[-1]) == (points[0], points[-1])
    remaining = iter(points)
    assert all(point in remaining for point in found)


def test_thinning_keeps_what_makes_the_shape():
    line = [(i / 1000, 0.0 if i < 500 else (i - 500) / 500) for i in range(1001)]
    assert thinned(line, 3) == [line[0], line[500], line[-1]]


@pytest.mark.slow
def test_a_million_rows_in_seconds(tmp_path):
    import time

    draw = random.Random(5)
    true = [int(draw.random() < 0.2) for _ in range(1_000_000)]
    scores = [draw.betavariate(2, 3) if t else draw.betavariate(1, 4) for t in true]
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        started = time.perf_counter()
        run.log_classification(true, scores)
        assert time.perf_counter() - started < 60
    assert "1,000,000 rows" in of_kind(run, "note")[0]["text"]
