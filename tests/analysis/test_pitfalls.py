"""Pareto fronts, luck, and what may mislead: the worked numbers of the methods, and when nothing is said."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.lineage import lineage
from reportgen.analysis.luck import luck_bound, shrinkage, shrunk, smallest_gap
from reportgen.analysis.pareto import MOST_RUNS, find_front, pareto_front
from reportgen.analysis.pitfalls import board_pitfalls, run_pitfalls
from reportgen.analysis.separable import Scored, scored
from reportgen.errors import ReportgenError
from reportgen.model import Dataset, Model, RunRow
from tests.analysis.rows import SET_A, SET_B, digest, metric, options, row
from tests.analysis.test_lineage import featureset, sets, train

EXAMPLE = {"A": (0.734, 41), "B": (0.731, 12), "C": (0.731, 12), "D": (0.702, 9), "E": (0.720, 20), "F": (0.734, 55)}


def test_the_worked_front() -> None:
    found = pareto_front(list(EXAMPLE.values()), ("higher", "lower"))
    assert [list(EXAMPLE)[place] for place in found] == ["A", "B", "C", "D"]


def test_missing_values_are_left_out_and_a_direction_is_needed() -> None:
    assert pareto_front([(1.0, None), (2.0, 1.0), (math.nan, 0.0)], ("higher", "lower")) == [1]
    with pytest.raises(ReportgenError, match="direction"):
        pareto_front([(1.0, 2.0)], ("higher", "none"))
    with pytest.raises(ReportgenError, match="too many"):
        pareto_front([(1.0, 2.0, 3.0)] * (MOST_RUNS + 1), ("higher",) * 3)


points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), max_size=30)
ways = st.tuples(*[st.sampled_from(["higher", "lower"])] * 3)


@given(points, ways)
def test_a_front_is_what_nothing_dominates(vectors: list[tuple[int, ...]], directions: tuple[Any, ...]) -> None:
    for axes in (2, 3):
        cut, way = [v[:axes] for v in vectors], directions[:axes]

        def beats(p: tuple[int, ...], q: tuple[int, ...], way: tuple[Any, ...] = way) -> bool:
            turned = [((-a, -b) if d == "higher" else (a, b)) for a, b, d in zip(p, q, way, strict=True)]
            return all(a <= b for a, b in turned) and any(a < b for a, b in turned)

        plain = [i for i, q in enumerate(cut) if not any(beats(p, q) for p in cut)]
        assert pareto_front(cut, way) == plain


def timed(number: int, f1: float, seconds: float | None) -> RunRow:
    more = {} if seconds is None else {"seconds": metric(seconds, name="seconds", direction="lower")}
    return row(number, f1, (f1 - 0.02, f1 + 0.02), metrics=more)


def test_runs_no_slower_and_not_separable_are_on_the_front_within_noise() -> None:
    runs = [
        timed(1, 0.734, 41),
        timed(2, 0.730, 40),
        timed(3, 0.700, 39),
        timed(4, 0.72, 41),
        timed(6, 0.5, 41),
    ]
    points = [(run.metrics["seconds"].value or 0, scored(run.metrics["val/f1"]) or Scored(0)) for run in runs]
    found = find_front(points, "lower", "higher")
    assert (found.members, found.near) == ((0, 1, 2), (3,))


def test_the_worked_luck() -> None:
    low, high = 0.734 - 1.959963984540054 * 0.011, 0.734 + 1.959963984540054 * 0.011
    assert luck_bound(0.734, 0.715, low, high, 60) == pytest.approx(0.019)
    assert luck_bound(0.734, 0.5, low, high, 60) == pytest.approx(2.3126 * 0.011, abs=1e-6)
    assert luck_bound(0.734, 0.5, low, high, 4) is None
    assert luck_bound(0.734, 0.5, None, None, 60) is None


def test_the_worked_shrunk_values() -> None:
    values = [0.734, 0.728, 0.725, 0.722, 0.718, 0.715, 0.713, 0.709, 0.706, 0.700]
    found = shrinkage(values, 0.011)
    assert found == pytest.approx((0.717, 0.147887), abs=1e-6)
    assert shrunk(values[0], found) == pytest.approx(0.719514, abs=1e-6)
    assert shrinkage([0.5, 0.5, 0.5, 0.5], 0.01) == (0.5, 0.0)
    assert shrinkage([0.5, 0.6, 0.7], 0.01) is None
    assert shrinkage(values, None) is None
    assert shrunk(0.5, None) is None


def test_a_board_shows_shrunk_values_where_it_is_asked_to() -> None:
    values = [0.734, 0.728, 0.725, 0.722, 0.718, 0.715, 0.713, 0.709, 0.706, 0.700]
    half = 1.959963984540054 * 0.011
    runs = [row(n, v, (v - half, v + half)) for n, v in enumerate(values, 1)]
    (board,) = leaderboard(runs, options(columns=("shrunk", "params.depth"))).boards
    shown = {r.run.number: r.columns["shrunk"].value for r in board.rows}
    assert shown[1] == pytest.approx(0.719514, abs=1e-6)
    assert sum(shown.values()) / 10 == pytest.approx(0.717)
    assert [r.run.number for r in board.rows] == list(range(1, 11)), "it ranks nothing anew"
    (few,) = leaderboard(runs[:3], options(columns=("shrunk",))).boards
    assert [r.columns["shrunk"].value for r in few.rows] == [None] * 3


def test_the_worked_smallest_gap() -> None:
    assert smallest_gap(0.74, 1305) == pytest.approx(0.0337, abs=5e-5)


def said(run: RunRow, rows: list[RunRow] | None = None) -> list[tuple[str, str]]:
    return [(p.kind, p.severity) for p in run_pitfalls(run, lineage(rows) if rows else None)]


def test_a_training_set_used_for_validation_is_an_error_also_across_jobs() -> None:
    both = (Dataset(name="t", role="train", sha256=SET_A), Dataset(name="v", role="val", sha256=SET_A))
    assert said(row(1, 0.7, datasets=both)) == [("leakage", "error")]
    trained = train(1, 1, "m1")
    leaked = row(1, 0.7, model="m1", datasets=sets(("validation", digest("train"))))
    assert said(leaked) == []
    assert said(leaked, [trained, leaked]) == [("leakage", "error")]


def test_validation_data_newer_than_training_data_is_a_warning() -> None:
    old = featureset(1, 1, datasets=sets(("training", digest("train"))))
    new = featureset(2, 3, datasets=sets(("validation", SET_B)))
    trained = train(1, 2, "m1")
    scored = row(1, 0.7, model="m1", data=SET_B, hours=4)
    assert said(scored, [old, trained, new, scored]) == [("later features", "warning")]
    same = featureset(1, 1, datasets=sets(("training", digest("train")), ("validation", SET_B)))
    assert said(scored, [same, trained, scored]) == []


def test_equal_training_and_validation_metrics_are_asked_about() -> None:
    assert said(row(1, 0.7, metrics={"train/f1": metric(0.7000000001)})) == [("equal to training", "warning")]
    assert said(row(1, 0.7, metrics={"train/f1": metric(0.71)})) == []
    assert said(row(1, 1.0, metrics={"train/f1": metric(1.0)})) == []


def test_imbalance_is_noted_by_what_guessing_scores() -> None:
    (found,) = run_pitfalls(row(1, metrics={"val/accuracy": metric(0.85, no_skill=0.8167)}))
    assert "always naming it scores 0.817 accuracy" in found.text
    assert said(row(1, metrics={"val/accuracy": metric(0.85, no_skill=0.6)})) == []


def test_a_test_set_scored_by_many_models_is_worn() -> None:
    data = (Dataset(name="t", role="test", sha256=SET_B), Dataset(name="v", role="validation", sha256=SET_A))
    runs = [row(n, 0.7 + n / 1000, model=f"m{n}", datasets=data) for n in range(1, 5)]
    (board,) = leaderboard(runs, options()).boards
    assert [p.kind for p in board_pitfalls(board)] == ["worn test set"]
    (few,) = leaderboard(runs[:3], options()).boards
    assert board_pitfalls(few) == ()


def test_undecided_leaders_are_told_what_would_decide() -> None:
    (board,) = leaderboard([timed(1, 0.7, 1), timed(2, 0.701, 1)], options()).boards
    assert [p.kind for p in board_pitfalls(board)] == ["row results"]


def test_a_lead_within_the_spread_of_seeds_is_training_luck() -> None:
    def seeded(first: int, values: tuple[float, ...], depth: int) -> list[RunRow]:
        return [row(first + i, v, params={"depth": depth, "seed": i}) for i, v in enumerate(values)]

    runs = [*seeded(1, (0.731, 0.742, 0.727, 0.738, 0.735), 3), *seeded(6, (0.729, 0.74, 0.727, 0.738, 0.735), 4)]
    (board,) = leaderboard(runs, options(group_by=("params.depth",))).boards
    assert [p.kind for p in board_pitfalls(board)] == ["seeds"]


def test_model_inputs_alone_tell_of_leakage() -> None:
    made = Model(name="m", role="made", sha256=digest("m"), inputs=(SET_A,))
    assert said(row(1, 0.7, models=(made,))) == [("leakage", "error")]


def test_a_lead_within_the_spread_of_either_is_training_luck() -> None:
    calm, wild = (0.741, 0.742, 0.740, 0.741), (0.72, 0.745, 0.735, 0.750)
    runs = [row(n, v, params={"depth": 3 if n < 5 else 4, "seed": n}) for n, v in enumerate((*calm, *wild), 1)]
    (board,) = leaderboard(runs, options(group_by=("params.depth",))).boards
    assert [p.kind for p in board_pitfalls(board)] == ["seeds"]


def test_a_largest_class_of_just_four_fifths_is_no_pitfall() -> None:
    def of(share: float) -> list[tuple[str, str]]:
        return said(row(1, metrics={"val/accuracy": metric(0.9, name="val/accuracy", no_skill=share)}))

    assert of(0.8) == []
    assert of(0.81) == [("imbalance", "note")]
