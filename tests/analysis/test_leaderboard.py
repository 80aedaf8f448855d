"""Leaderboards: ranks, boards, reasons, marks, and what can be told apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.columns import find_value, selects
from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.ranks import competition_ranks
from reportgen.analysis.values import Board, MetricOptions, run_id
from reportgen.model import Dataset, Metric, RunKey, RunRow
from tests.analysis.rows import SET_A, SET_B, at, digest, metric, options, row

FIVE = [
    (1, 0.734, (0.712, 0.755)),
    (2, 0.731, (0.709, 0.752)),
    (3, 0.731, (0.709, 0.752)),
    (4, 0.702, (0.679, 0.724)),
    (5, 0.655, (0.631, 0.678)),
]


def one_board(rows: list[RunRow], **more: object) -> Board:
    boards = leaderboard(rows, options(**more)).boards
    assert len(boards) == 1
    return boards[0]


def test_ranks_are_competition_ranks_on_exact_values() -> None:
    assert competition_ranks([0.8, 0.9, 0.9, 0.7, math.nan], "higher") == [3, 1, 1, 4, None]
    assert competition_ranks([0.8, 0.9, 0.9, 0.7, math.nan], "lower") == [2, 3, 3, 1, None]
    assert competition_ranks([0.0, -0.0, 1], "higher") == [2, 2, 1]
    assert competition_ranks([2**53, 2**53 + 1], "higher") == [2, 1]
    assert competition_ranks([1.0, 2.0, math.inf, -math.inf, None, True, "3"], "none") == [None] * 7
    assert competition_ranks([1.0, math.inf, True, "3", None], "higher") == [1, None, None, None, None]


@given(st.lists(st.floats() | st.integers() | st.none(), max_size=30), st.randoms())
def test_ranks_do_not_depend_on_the_order_and_mirror_when_the_direction_turns(values: list[float], chance: object) -> None:
    ranks = competition_ranks(values, "higher")
    shuffled = list(enumerate(values))
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    again = competition_ranks([v for _, v in shuffled], "higher")
    assert [again[[i for i, _ in shuffled].index(k)] for k in range(len(values))] == ranks
    negated = [None if v is None else -v for v in values]
    assert competition_ranks(negated, "lower") == ranks


def test_the_worked_board_of_five() -> None:
    board = one_board([row(n, v, i, model=f"m{n}") for n, v, i in FIVE])
    assert [r.rank for r in board.rows] == [1, 2, 2, 4, 5]
    assert [r.tied for r in board.rows] == [False, True, True, False, False]
    assert [r.run.number for r in board.rows] == [1, 3, 2, 4, 5], "inside a tie the newest build stands first"
    assert [r.separable for r in board.rows] == [None, False, False, False, True]
    assert (board.with_interval, board.not_separable, board.prefix) == (5, 3, True)


def test_identical_models_count_once_in_the_correction() -> None:
    same = one_board([row(n, v, i, model="one") for n, v, i in FIVE])
    assert same.with_interval == 1
    assert {r.separable for r in same.rows} == {None}, "one model was scored: there is nobody to compare with"
    twice = one_board([row(n, v, i, model="m1" if n < 4 else f"m{n}") for n, v, i in FIVE])
    assert twice.with_interval == 3
    assert [r.separable for r in twice.rows] == [None, False, False, False, True]


def test_without_an_interval_nothing_is_said_about_separability() -> None:
    assert {r.separable for r in one_board([row(1, 0.7), row(2, 0.6)]).rows} == {None}
    rows = [row(1, 0.9, (0.89, 0.91)), row(2, 0.6), row(3, 0.5, (0.49, 0.51))]
    assert [r.separable for r in one_board(rows).rows] == [None, None, True]


def test_each_validation_set_has_its_own_board_the_most_recently_used_first() -> None:
    rows = [row(1, 0.9), row(2, 0.8, data=SET_B), row(3, 0.7, data=SET_B), row(4, 0.99, data=None), row(5, 0.6)]
    boards = leaderboard(rows, options()).boards
    assert [b.comparable.by["dataset.validation"] for b in boards] == [SET_A, None, SET_B]
    assert [[r.run.number for r in b.rows] for b in boards] == [[1, 5], [4], [2, 3]]
    assert "validation set unknown" in boards[1].notes


def test_the_change_of_the_validation_set_is_said() -> None:
    rows = [row(1, metric(0.7, n=1305)), row(2, metric(0.72, n=1422), data=SET_B)]
    first = leaderboard(rows, options()).boards[0]
    assert first.notes == ("validation set changed at #2 (1,305 → 1,422 rows)",)
    rows = [row(1, metric(0.7, n=1305)), row(2, metric(0.72, n=1305), data=SET_B)]
    assert leaderboard(rows, options()).boards[0].notes == ("validation set changed at #2",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (metric(0.7, definition="macro"), metric(0.7, definition="weighted")),
        (metric(0.7, unit="ms"), metric(0.7)),
        (metric(0.7, direction="higher"), metric(0.7, direction="lower")),
    ],
)
def test_unlike_definitions_units_and_directions_are_not_ranked_together(one: Metric, other: Metric) -> None:
    boards = leaderboard([row(1, one), row(2, other)], options(metrics={})).boards
    assert [[r.run.number for r in b.rows] for b in boards] == [[2], [1]]


def test_a_configured_direction_holds_where_runs_disagree() -> None:
    rows = [row(1, metric(0.7, direction="higher")), row(2, metric(0.6, direction="lower"))]
    about = {"val/f1": MetricOptions(name="val/f1", direction="lower")}
    assert [r.run.number for r in one_board(rows, metrics=about).rows] == [2, 1]


def test_an_unsaid_direction_counts_as_the_one_that_was_said() -> None:
    rows = [row(1, metric(0.7, direction=None)), row(2, metric(0.6, direction="lower")), row(3, metric(0.5, direction=None))]
    assert [r.run.number for r in one_board(rows).rows] == [3, 2, 1]


def test_the_same_digest_with_another_number_of_rows_is_a_conflict() -> None:
    rows = [row(1, 0.7), row(2, 0.8, data_rows=1305), row(3, 0.9, data_rows=1306)]
    boards = leaderboard(rows, options()).boards
    assert [[r.run.number for r in b.rows] for b in boards] == [[3], [2, 1]]
    assert boards[0].notes[0].startswith("the same digest was logged with another number of rows (1,306)")


def test_two_validation_sets_make_one_key_whatever_their_order() -> None:
    def both(*shas: str) -> tuple[Dataset, ...]:
        return tuple(Dataset(name=s[0], role="val", sha256=s) for s in shas)

    rows = [row(1, 0.7, datasets=both(SET_A, SET_B)), row(2, 0.8, datasets=both(SET_B, SET_A)), row(3, 0.9)]
    boards = leaderboard(rows, options()).boards
    assert [[r.run.number for r in b.rows] for b in boards] == [[3], [2, 1]]
    assert boards[1].comparable.by["dataset.validation"] == f"{SET_A}+{SET_B}"


def test_a_metric_that_names_its_data_set_is_measured_on_that_one() -> None:
    two = (Dataset(name="old", role="validation", sha256=SET_A), Dataset(name="new", role="validation", sha256=SET_B))
    rows = [row(1, metric(0.7, dataset="old"), datasets=two), row(2, 0.8)]
    assert [r.run.number for r in one_board(rows).rows] == [2, 1]


def test_a_value_scored_on_training_data_is_not_comparable() -> None:
    data = (Dataset(name="train", role="train", sha256=SET_B), Dataset(name="v", role="validation", sha256=SET_A))
    board = one_board([row(1, metric(0.99, dataset="train"), datasets=data), row(2, 0.7)])
    assert [(r.run.number, r.rank, r.missing) for r in board.rows] == [(2, 1, None), (1, None, "not comparable")]


def test_ranking_across_sets_needs_to_be_asked_for_and_is_marked() -> None:
    rows = [row(1, 0.9, (0.89, 0.91)), row(2, 0.5, (0.49, 0.51), data=SET_B), row(3, 0.6, (0.59, 0.61))]
    board = one_board(rows, comparable_by=())
    assert board.mixed == 2
    assert "ranked across 2 validation sets by request" in board.notes
    assert [(r.run.number, r.separable) for r in board.rows] == [(1, None), (3, True), (2, None)]


def test_a_difference_to_a_run_of_another_set_is_told_without_a_claim() -> None:
    rows = [row(1, 0.9, (0.89, 0.91)), row(2, 0.5, (0.49, 0.51), data=SET_B), row(3, 0.6, (0.59, 0.61))]
    board = one_board(rows, comparable_by=(), baseline=RunKey("churn/validate", 1))
    told = {r.run.number: r.delta_baseline for r in board.rows}
    assert told[2] is not None
    assert told[3] is not None
    assert (told[2].value, told[2].low, told[2].separable) == (pytest.approx(-0.4), None, None)
    assert told[3].separable is True


def test_of_the_luck_of_the_best_nothing_is_said_across_sets() -> None:
    rows = [row(n, 0.7 + n / 100, (0.65 + n / 100, 0.75 + n / 100), model=str(n)) for n in range(1, 8)]
    other = row(8, 0.5, (0.45, 0.55), data=SET_B, model="8")
    alone = one_board(rows, columns=("shrunk",), comparable_by=())
    assert alone.luck is not None
    assert alone.rows[0].columns["shrunk"].value is not None
    mixed = one_board([*rows, other], columns=("shrunk",), comparable_by=())
    assert mixed.luck is None, "the candidates were not picked from by one set, nor is their mean one of one set"
    assert mixed.rows[0].columns["shrunk"].value is None


MISSING = [
    (row(9, expired=True, result="FAILURE"), "expired"),
    (row(9, result="FAILURE", status="failed"), "build failed"),
    (row(9, result="ABORTED", over_limit=("big.json",)), "build failed"),
    (row(9, status="implicit", data=None), "no record"),
    (row(9, metrics={"val/auc": metric(0.9)}), "not logged"),
    (row(9, status="implicit", metrics_total=3), "not logged"),
    (row(9, metric(None, text="nan?")), "not numeric"),
    (row(9, metric(None, reason="class 2 was never predicted")), "not numeric"),
    (row(9, metric(math.nan)), "not finite"),
    (row(9, metric(-math.inf)), "not finite"),
    (row(9, over_limit=("metrics.json",), status="implicit", data=None), "over limit"),
]


@pytest.mark.parametrize(("broken", "reason"), MISSING)
def test_every_missing_value_has_its_reason(broken: RunRow, reason: str) -> None:
    board = one_board([row(1, 0.7), broken, row(2, 0.8)])
    assert [(r.run.number, r.rank, r.missing) for r in board.rows] == [(2, 1, None), (1, 2, None), (9, None, reason)]


def test_the_run_of_a_failed_build_is_ranked_and_marked() -> None:
    board = one_board([row(1, 0.7), row(2, 0.8, result="FAILURE")])
    assert [(r.run.number, r.rank, r.failed) for r in board.rows] == [(2, 1, True), (1, 2, False)]


def test_runs_without_a_value_stand_on_the_board_in_use_at_their_time() -> None:
    failed = {"result": "FAILURE", "data": None}
    rows = [row(1, **failed), row(2, 0.7), row(3, **failed), row(4, 0.8, data=SET_B), row(5, **failed), row(6, data=SET_A)]
    boards = leaderboard(rows, options()).boards
    assert {b.comparable.by["dataset.validation"]: [r.run.number for r in b.rows] for b in boards} == {
        SET_A: [2, 6, 3, 1],
        SET_B: [4, 5],
    }


def test_missing_rows_can_be_left_out_and_are_counted() -> None:
    found = leaderboard([row(1, 0.7), row(2), row(3, metric(math.nan))], options(missing="skip"))
    assert ([r.run.number for r in found.boards[0].rows], found.skipped) == ([1], 2)


def test_without_a_direction_nothing_is_ranked_and_the_newest_stands_first() -> None:
    rows = [row(n, metric(v, (v - 0.01, v + 0.01), direction=None, name="val/odd")) for n, v in ((1, 0.9), (2, 0.5))]
    rows = [replace(r, metrics={"val/odd": r.metrics["val/f1"]}) for r in rows]
    board = one_board(rows, metric="val/odd", columns=("val/odd",), baseline=RunKey("churn/validate", 1))
    assert [(r.run.number, r.rank, r.separable) for r in board.rows] == [(2, None, None), (1, None, None)]
    assert (board.ranked, board.leader, board.notes) == (0, None, ("no direction: not ranked",))
    assert [r.columns["val/odd"].best for r in board.rows] == [False, False]
    delta = board.rows[0].delta_baseline
    assert delta is not None
    assert (delta.word, round(delta.value, 9)) == ("", -0.4)


def test_lower_is_better_ranks_ascending() -> None:
    rows = [row(n, metric(v, direction="lower")) for n, v in ((1, 0.3), (2, 0.1), (3, 0.2))]
    assert [r.run.number for r in one_board(rows).rows] == [2, 3, 1]


def test_where_selects_runs_by_tags_params_and_facts() -> None:
    tagged = row(1, 0.7, tags={"kind": "candidate"}, params={"seed": 7, "flag": True})
    assert selects({"tags.kind": "candidate", "params.seed": "7", "result": "SUCCESS"}, tagged)
    assert selects({"params.flag": "true", "params.seed": [1, 7]}, tagged)
    assert not selects({"tags.kind": "other"}, tagged)
    assert not selects({"params.none": "x"}, tagged)
    assert find_value(tagged, "metrics.val/f1") == find_value(tagged, "val/f1") == 0.7
    board = one_board([tagged, row(2, 0.9)], where={"tags.kind": "candidate"})
    assert [r.run.number for r in board.rows] == [1]


def test_jobs_are_chosen_by_their_globs() -> None:
    rows = [row(1, 0.7, job="churn/validate"), row(2, 0.8, job="fraud/validate"), row(3, 0.9, job="churn/deep/validate")]
    assert [r.run.number for r in one_board(rows, jobs=("churn/val*",)).rows] == [1]
    assert [r.run.number for r in one_board(rows, jobs=("churn",)).rows] == [3, 1]


def test_the_best_of_each_column_is_marked_and_ties_share_the_mark() -> None:
    def pair(n: int, value: float, precision: float | None, ms: float) -> RunRow:
        more = {"ms": metric(ms, direction="lower", name="ms")}
        if precision is not None:
            more["val/precision"] = metric(precision)
        return row(n, value, metrics=more, params={"trees": n, "depth": 3})

    rows = [pair(1, 0.7, 0.5, 9.0), pair(2, 0.8, 0.6, 3.0), pair(3, 0.9, None, 3.0)]
    columns = ("val/precision", "ms", "params.trees", "params.depth")
    board = one_board(rows, columns=columns)
    marks = {r.run.number: [name for name, cell in r.columns.items() if cell.best] for r in board.rows}
    assert marks == {3: ["ms"], 2: ["val/precision", "ms"], 1: []}
    cells = next(r for r in board.rows if r.run.number == 3).columns
    assert (cells["val/precision"].value, cells["val/precision"].missing) == (None, "not logged")
    assert cells["params.trees"].value == 3
    assert [c.kind for c in board.columns] == ["metric", "metric", "param", "param"]
    equal = one_board([pair(1, 0.7, 0.5, 3.0), pair(2, 0.8, 0.5, 3.0)], columns=columns)
    assert not any(c.best for r in equal.rows for c in r.columns.values())


def test_deltas_to_the_baseline_have_a_word_and_a_corrected_verdict() -> None:
    rows = [row(n, v, i, model=f"m{n}") for n, v, i in FIVE]
    board = one_board(rows, baseline=RunKey("churn/validate", 4))
    by_number = {r.run.number: r for r in board.rows}
    assert by_number[4].baseline
    assert by_number[4].delta_baseline is None
    assert [by_number[n].delta_baseline.word for n in (1, 2, 5)] == ["better", "better", "worse"]  # type: ignore[union-attr]
    first = by_number[1].delta_baseline
    assert first is not None
    assert first.value == pytest.approx(0.032)
    assert first.low == pytest.approx(0.0009, abs=5e-5), "alone it leaves out 0"
    assert first.separable is False, "Holm over four rows does not"
    assert by_number[5].delta_baseline is not None
    assert by_number[5].delta_baseline.separable is True


def test_values_that_print_alike_but_differ_say_how_many_decimals_they_need() -> None:
    board = one_board([row(1, 0.73414), row(2, 0.73412), row(3, 0.5), row(4, 0.5)])
    assert [r.decimals for r in board.rows] == [5, 5, None, None]
    assert [r.rank for r in board.rows] == [1, 2, 3, 3]


def test_luck_of_the_best_of_many_counts_every_model_that_was_tried() -> None:
    rows = [row(n, v, (v - 0.02, v + 0.02), model=f"m{n}") for n, v in enumerate((0.70, 0.71, 0.72, 0.73), start=1)]
    assert one_board(rows).luck is None
    board = one_board([*rows, row(5, model="m5", result="FAILURE")])
    assert board.luck is not None
    assert board.luck.candidates == 5
    assert board.luck.luck == pytest.approx(1.1798 * 0.02 / 1.959964, rel=1e-4)
    assert board.notes[-1] == ("5 candidates were scored on this validation set; up to 0.012 of the leader's 0.730 may be luck")
    again = one_board([*rows, row(5, 0.70, model="m1")])
    assert again.luck is None, "the same model scored twice is one candidate"


def test_the_luck_of_the_best_counts_the_candidates_of_its_board_alone() -> None:
    final = [row(n, 0.70 + n / 100, (0.68, 0.9), model=f"m{n}", tags={"kind": "final"}) for n in range(1, 7)]
    tried = [row(n, 0.60 + n / 100, (0.58, 0.9), model=f"m{n}", tags={"kind": "tried"}) for n in range(7, 20)]
    elsewhere = [row(n, 0.5, (0.4, 0.6), data=SET_B, model=f"m{n}", tags={"kind": "final"}) for n in range(20, 30)]
    rows = [*final, *tried, *elsewhere]
    by_set = {board.comparable.by["dataset.validation"]: board for board in leaderboard(rows, options()).boards}
    chosen = leaderboard(rows, options(where={"tags.kind": "final"})).boards
    assert by_set[SET_A].luck is not None
    assert by_set[SET_A].luck.candidates == 19
    assert [board.luck.candidates for board in chosen if board.luck is not None] == [10, 6]
    skipped = [*final[1:], row(40, result="FAILURE", model="m40", tags={"kind": "final"})]
    (short,) = leaderboard(skipped, options(missing="skip")).boards
    assert len(short.rows) == 5
    assert short.luck is not None
    assert short.luck.candidates == 6, "rows that are not shown were tried all the same"


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val/f1", "higher"), ("F1-score", "higher"), ("test/ROC AUC", "higher"), ("average_precision", "higher"),
        ("val/Log-Loss", "lower"), ("rmse", "lower"), ("time/ms", "lower"), ("f1/odd", None), ("rows", None),
    ],
)  # fmt: skip
def test_well_known_names_have_a_direction(name: str, direction: str | None) -> None:
    assert direction_by_name(name) == direction


values = st.none() | st.floats(allow_nan=True) | st.sampled_from([0.5, 0.7, 0.7, -0.0, 0.0])
runs = st.builds(
    lambda number, value, data, result, model, half: row(
        number, None if value is None else metric(value, (value - half, value + half)), data=data, result=result, model=model
    ),
    st.integers(1, 40), values, st.sampled_from([SET_A, SET_B, None]), st.sampled_from(["SUCCESS", "FAILURE"]),
    st.sampled_from(["", "m1", "m2", "m3"]), st.floats(0, 0.2),
)  # fmt: skip
many = st.lists(runs, max_size=25, unique_by=lambda r: r.number)


@given(many, st.randoms())
def test_a_leaderboard_does_not_depend_on_the_order_of_its_runs(rows: list[RunRow], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert repr(leaderboard(shuffled, options())) == repr(leaderboard(rows, options()))


@given(many)
def test_every_candidate_stands_on_exactly_one_board_and_sets_are_never_mixed(rows: list[RunRow]) -> None:
    boards = leaderboard(rows, options()).boards
    assert sorted(run_id(r.run) for b in boards for r in b.rows) == sorted(run_id(r) for r in rows)
    for board in boards:
        ranked = board.rows[: board.ranked]
        assert {d.sha256 for r in ranked for d in r.run.datasets} <= {board.comparable.by["dataset.validation"]}
        assert all((r.rank is None) == (r.missing is not None) for r in board.rows)
        assert [r.rank for r in ranked] == competition_ranks([r.value for r in ranked], "higher")


@given(many)
def test_turning_the_direction_mirrors_the_board(rows: list[RunRow]) -> None:
    def turned(r: RunRow) -> RunRow:
        m = r.metrics.get("val/f1")
        if m is None or m.value is None:
            return r
        low, high = (None, None) if m.low is None or m.high is None else (-m.high, -m.low)
        return replace(r, metrics={"val/f1": replace(m, value=-m.value, low=low, high=high, direction="lower")})

    def marks(rows: list[RunRow]) -> list[list[object]]:
        return [[(r.run.number, r.rank, r.separable) for r in b.rows] for b in leaderboard(rows, options()).boards]

    assert marks([turned(r) for r in rows]) == marks(rows)


def test_a_recreated_job_keeps_both_runs_of_a_number() -> None:
    board = one_board([row(1, 0.7), row(1, 0.8, hours=50)])
    assert [r.run.started_at for r in board.rows] == [at(50), at(1)]
    assert digest("x") != digest("y")


def test_of_runs_that_started_together_the_higher_number_stands_first() -> None:
    rows = [row(number, 0.7, hours=1) for number in (1, 3, 2)]
    assert [one.run.number for one in one_board(rows).rows] == [3, 2, 1]


def test_of_groups_nothing_is_said_about_luck() -> None:
    rows = [row(n, 0.7 + n / 100, (0.6, 0.9), model=f"m{n}", params={"depth": n}) for n in range(1, 8)]
    assert one_board(rows).luck is not None
    assert one_board(rows, group_by=("params.depth",)).luck is None


def test_of_two_validation_sets_in_a_run_none_says_how_many_rows_it_has() -> None:
    data = tuple(Dataset(name=sha[:1], role="validation", sha256=sha, rows=rows) for sha, rows in ((SET_A, 100), (SET_B, 50)))
    assert one_board([row(1, 0.7, datasets=data), row(2, 0.8, datasets=data)]).rows_scored is None
    assert one_board([row(1, 0.7, datasets=data[:1]), row(2, 0.8, datasets=data[:1])]).rows_scored == 100


def test_a_name_that_training_and_validation_share_does_not_make_a_value_one_of_training() -> None:
    data = tuple(Dataset(name="churn", role=role, sha256=sha) for role, sha in (("training", SET_B), ("validation", SET_A)))
    (one,) = one_board([row(1, metric(0.7, dataset="churn"), datasets=data)]).rows
    assert (one.rank, one.missing) == (1, None)
