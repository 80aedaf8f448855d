"""Differences on the same rows: the worked numbers, and what must not be paired."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from reportgen import estimate
from reportgen.analysis.compare import compare
from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.paired import EvaluationRows, can_pair, pair_runs, paired, parse_rows
from reportgen.analysis.values import run_id
from reportgen.model import RunRow
from tests.analysis.rows import metric, options, row

F1_ROWS = {"111": 36, "110": 4, "101": 7, "100": 8, "011": 6, "010": 4, "001": 3, "000": 232}


def made(true: list[object], predicted: list[object], score: list[float] | None = None) -> EvaluationRows:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["true", "predicted", *(["score"] if score else [])])
    for i, (t, p) in enumerate(zip(true, predicted, strict=True)):
        writer.writerow([t, p, *([score[i]] if score else [])])
    found = parse_rows(out.getvalue())
    assert found is not None
    return found


def test_the_worked_f1_difference() -> None:
    rows = [tuple(map(int, key)) for key, times in F1_ROWS.items() for _ in range(times)]
    a, b = made([r[0] for r in rows], [r[1] for r in rows]), made([r[0] for r in rows], [r[2] for r in rows])
    values = tuple(sk.f1_score([r[0] for r in rows], [r[i] for r in rows]) for i in (1, 2))
    assert values == (pytest.approx(0.761905, abs=1e-6), pytest.approx(0.803738, abs=1e-6))
    found = paired("val/f1", a, b, values)
    assert found is not None
    assert (found.value, found.se, found.low, found.high) == pytest.approx((0.041834, 0.042706, -0.041868, 0.125535), abs=1e-6)


def test_the_worked_auc_difference() -> None:
    y = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
    first, second = [0.9, 0.8, 0.7, 0.7, 0.7, 0.4, 0.35, 0.3, 0.2, 0.1], [0.8, 0.3, 0.6, 0.9, 0.5, 0.45, 0.55, 0.2, 0.4, 0.3]
    found = paired("val/roc_auc", made(y, y, first), made(y, y, second), (0.56, 0.86))
    assert found is not None
    assert (found.value, found.se, found.p) == pytest.approx((0.30, 0.151658, 0.047913), abs=1e-6)


@pytest.mark.parametrize(("b", "c", "p"), [(12, 25, 0.047031), (3, 0, 0.25), (5, 5, 1.0)])
def test_accuracy_is_judged_by_mcnemar(b: int, c: int, p: float) -> None:
    true = [1] * (b + c + 20)
    one = [1] * b + [0] * c + [1] * 20
    other = [0] * b + [1] * c + [1] * 20
    values = (sum(one) / len(true), sum(other) / len(true))
    found = paired("accuracy", made(true, one), made(true, other), values)
    assert found is not None
    assert found.p == pytest.approx(p, abs=1e-6)
    assert found.p == pytest.approx(stats.binomtest(min(b, c), b + c).pvalue)


def test_losses_agree_with_a_paired_t_test_in_the_large() -> None:
    rng = random.Random(5)
    y = [rng.random() < 0.4 for _ in range(2000)]
    scores = [[min(0.99, max(0.01, (0.6 if t else 0.4) + rng.gauss(0, 0.2))) for t in y] for _ in range(2)]
    guessed = [[s >= 0.5 for s in one] for one in scores]
    rows = [made([int(t) for t in y], [int(g) for g in guess], score) for guess, score in zip(guessed, scores, strict=True)]
    for name, loss in (("val/brier", sk.brier_score_loss), ("val/log_loss", sk.log_loss)):
        values = (float(loss(y, scores[0])), float(loss(y, scores[1])))
        found = paired(name, *rows, values)
        assert found is not None
        assert found.value == pytest.approx(values[1] - values[0], abs=1e-12)
    squares = [[(s - t) ** 2 for s, t in zip(score, y, strict=True)] for score in scores]
    brier = paired("val/brier", *rows, tuple(float(sk.brier_score_loss(y, s)) for s in scores))
    assert brier is not None
    assert brier.p == pytest.approx(stats.ttest_rel(squares[1], squares[0]).pvalue, abs=2e-3)


def test_regression_errors_pair_too() -> None:
    rng = random.Random(2)
    y = [rng.gauss(0, 3) for _ in range(300)]
    near, far = [v + rng.gauss(0, 1) for v in y], [v + rng.gauss(0, 1.5) for v in y]
    a, b = made(y, near), made(y, far)
    mae = paired("test/mae", a, b, (sk.mean_absolute_error(y, near), sk.mean_absolute_error(y, far)))
    rmse = paired("test/rmse", a, b, (sk.root_mean_squared_error(y, near), sk.root_mean_squared_error(y, far)))
    assert mae is not None
    assert rmse is not None
    assert mae.low > 0
    assert rmse.low > 0


def test_precision_and_recall_follow_their_values() -> None:
    rng = random.Random(8)
    y = [int(rng.random() < 0.5) for _ in range(400)]
    good, bad = ([t if rng.random() < share else 1 - t for t in y] for share in (0.9, 0.7))
    for name, score in (("precision", sk.precision_score), ("recall", sk.recall_score)):
        values = (float(score(y, bad)), float(score(y, good)))
        found = paired(f"val/{name}", made(y, bad), made(y, good), values)
        assert found is not None
        assert found.value == pytest.approx(values[1] - values[0])
        assert found.low > 0


THREE = {
    "f1_macro": lambda t, p: sk.f1_score(t, p, average="macro"),
    "f1_weighted": lambda t, p: sk.f1_score(t, p, average="weighted"),
    "balanced_accuracy": sk.balanced_accuracy_score,
    "accuracy": sk.accuracy_score,
}
TWO = {
    "f1": lambda t, p: sk.f1_score(t, p, pos_label="yes"),
    "f2": lambda t, p: sk.fbeta_score(t, p, beta=2, pos_label="yes"),
    "f0.5": lambda t, p: sk.fbeta_score(t, p, beta=0.5, pos_label="yes"),
    "precision": lambda t, p: sk.precision_score(t, p, pos_label="yes"),
    "recall": lambda t, p: sk.recall_score(t, p, pos_label="yes"),
}


@pytest.mark.parametrize(
    ("name", "labels", "score"),
    [*((name, "abc", score) for name, score in THREE.items()), *((name, ["no", "yes"], score) for name, score in TWO.items())],
)
def test_the_error_of_a_paired_difference_is_what_leaving_out_rows_does(name: str, labels: list[str], score: Any) -> None:
    """The jackknife over all rows, which knows nothing of influence functions; the class called "yes" is told by the values."""
    rng = random.Random(12)
    true = rng.choices(labels, [len(labels) - i for i in range(len(labels))], k=100)
    hard = [rng.random() < 0.2 for _ in true]
    sides = [
        [rng.choice(labels) if h or rng.random() < share else t for t, h in zip(true, hard, strict=True)]
        for share in (0.1, 0.2)
    ]
    values = (float(score(true, sides[0])), float(score(true, sides[1])))
    found = paired(f"val/{name}", made(true, sides[0]), made(true, sides[1]), values)
    assert found is not None
    assert found.value == pytest.approx(values[1] - values[0], abs=1e-12)
    without = []
    for i in range(len(true)):
        rest = [[*column[:i], *column[i + 1 :]] for column in (true, *sides)]
        without.append(score(rest[0], rest[2]) - score(rest[0], rest[1]))
    mean = sum(without) / len(without)
    assert found.se == pytest.approx(sum((d - mean) ** 2 for d in without) ** 0.5, rel=0.06)


def test_scores_of_named_classes_are_those_of_the_class_that_the_values_tell() -> None:
    y, scores = ["yes", "no", "yes", "yes", "no", "no"], [[0.9, 0.4, 0.6, 0.7, 0.2, 0.8], [0.8, 0.3, 0.9, 0.6, 0.1, 0.4]]
    truth = [label == "yes" for label in y]
    for name, score in (("brier", sk.brier_score_loss), ("log_loss", sk.log_loss), ("roc_auc", sk.roc_auc_score)):
        values = tuple(float(score(truth, s)) for s in scores)
        found = paired(name, made(y, y, scores[0]), made(y, y, scores[1]), values)
        assert found is not None
        assert found.value == pytest.approx(values[1] - values[0], abs=1e-9)


def test_only_metrics_that_rows_tell_are_paired() -> None:
    assert all(can_pair(name) for name in ("val/f1", "F1-score", "val/f0.5", "roc_auc", "x/Log Loss", "rmse", "f1_macro"))
    assert not any(can_pair(name) for name in ("mcc", "ece", "f1_micro", "f", "seconds", "average_precision"))


def test_what_must_not_be_paired() -> None:
    a, b = made([1, 0, 1, 0], [1, 0, 0, 0]), made([1, 0, 1, 0], [1, 0, 1, 0])
    other = made([0, 1, 1, 0], [1, 0, 1, 0])
    assert paired("accuracy", a, b, (0.75, 1.0)) is not None
    assert paired("accuracy", a, other, (0.75, 0.5)) is None, "another truth"
    assert paired("accuracy", a, b, (0.8, 1.0)) is None, "the rows do not give the logged value"
    assert paired("made_up", a, b, (0.75, 1.0)) is None
    assert paired("f1", made(["x", "y"], ["x", "x"]), made(["x", "y"], ["x", "y"]), (0.5, 1.0)) is None, (
        "which class is positive?"
    )
    assert paired("roc_auc", a, b, (0.5, 0.6)) is None, "no scores"


def test_numbers_beyond_all_bounds_are_not_paired() -> None:
    y = ["1e200", "-1e200", "0"]
    for name in ("mae", "rmse", "accuracy"):
        assert paired(name, made(y, ["-1e300", "1e300", "1"]), made(y, y), (1.0, 0.0)) is None
    score = [1e200, -1e200, 0.0]
    assert paired("brier", made([1, 0, 1], [1, 0, 1], score), made([1, 0, 1], [1, 0, 1], score), (0.1, 0.1)) is None


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n", "true,predicted\n", "true,predicted\n1\n", 'true,predicted\n1,"' + "x" * 200_000 + '"\n'],
    ids=["empty", "other columns", "no rows", "short row", "endless field"],
)
def test_tables_that_are_no_evaluation_rows(text: str) -> None:
    assert parse_rows(text) is None


def test_row_level_results_tell_apart_on_a_board_what_intervals_cannot() -> None:
    rng = random.Random(4)
    true = [int(rng.random() < 0.5) for _ in range(1305)]
    hard = [rng.random() < 0.25 for _ in true]
    best = [1 - t if h else t for t, h in zip(true, hard, strict=True)]
    worse = [1 - t if h or rng.random() < 0.03 else t for t, h in zip(true, hard, strict=True)]
    runs, rows = [], {}
    for number, predicted in ((1, best), (2, worse)):
        share = sum(t == p for t, p in zip(true, predicted, strict=True)) / len(true)
        found = row(number, metrics={"val/accuracy": metric(share, name="val/accuracy", n=len(true))}, model=f"m{number}")
        runs.append(found)
        rows[run_id(found)] = {"val": made(true, predicted)}
    wanted = options(metric="val/accuracy", metrics={})
    (by_intervals,) = leaderboard(runs, wanted).boards
    (by_rows,) = leaderboard(runs, wanted, paired=pair_runs(rows)).boards
    assert [(r.separable, r.against) for r in by_intervals.rows] == [(None, ""), (False, "intervals")]
    assert [(r.separable, r.against) for r in by_rows.rows] == [(None, ""), (True, "paired rows")]
    line = compare(runs, paired=pair_runs(rows)).metrics[0]
    assert line.deltas[1] is not None
    assert (line.deltas[1].separable, line.deltas[1].method) == (True, "paired rows")


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_a_paired_difference_turns_with_its_sides(rows: list[tuple[bool, bool, bool]]) -> None:
    true = [int(r[0]) for r in rows]
    a, b = made(true, [int(r[1]) for r in rows]), made(true, [int(r[2]) for r in rows])
    values = tuple(sum(r[0] == r[i] for r in rows) / len(rows) for i in (1, 2))
    there, back = paired("accuracy", a, b, values), paired("accuracy", b, a, values[::-1])
    assert there is not None
    assert back is not None
    assert (there.value, there.low, there.p) == pytest.approx((-back.value, -back.high, back.p))


def test_the_first_fifty_below_the_leader_are_told_by_rows_at_the_level_of_all_pairs() -> None:
    rows = [row(n, metric(0.9 - n / 1000, (0.5, 0.95), n=100), model=f"m{n}") for n in range(1, 56)]
    pairs = 55 * 54 / 2
    asked: dict[int, float] = {n: 0.05 / pairs * (0.999 if n % 2 else 1.001) for n in range(2, 52)}
    seen: list[int] = []

    def told(_: str, leader: RunRow, other: RunRow) -> estimate.Difference | None:
        assert leader.number == 1
        seen.append(other.number)
        return estimate.Difference(-0.01, -0.02, 0.0, 0.004, asked[other.number])

    (board,) = leaderboard(rows, options(), paired=told).boards
    assert seen == list(range(2, 52))
    assert [r.separable for r in board.rows[1:51]] == [bool(n % 2) for n in range(2, 52)]
    assert [r.against for r in board.rows[50:53]] == ["paired rows", "intervals", "intervals"]
    assert board.by_rows == 50
