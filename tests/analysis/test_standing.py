"""Where a run stood when it came: from its own past alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from reportgen.analysis.champion import find_titles
from reportgen.analysis.comparable import order, score
from reportgen.analysis.ranks import competition_ranks
from reportgen.analysis.standing import NOWHERE, Place, Standings
from reportgen.model import RunKey, RunRow
from tests.analysis.rows import SET_B, metric, options, row
from tests.analysis.test_champion import JOBS, deploy, histories


def standings(rows: list[RunRow], **more: Any) -> Standings:
    scores = score(rows, options(jobs=JOBS, **more))
    return Standings(scores, find_titles(scores, rows))


def places(rows: list[RunRow]) -> list[tuple[int | None, int, bool]]:
    found = standings(rows)
    return [found.place(each)[:3] for each in rows]


def test_ranks_are_those_of_the_moment_and_shared_where_values_are() -> None:
    rows = [row(1, 0.7), row(2, 0.8), row(3, 0.8), row(4, 0.7), row(5, 0.75), row(6)]
    assert places(rows) == [(1, 1, False), (1, 2, False), (1, 3, True), (3, 4, True), (3, 5, False), (None, 0, False)]
    lower = [row(number, metric(value, direction="lower")) for number, value in enumerate((0.7, 0.8, 0.6), 1)]
    assert [rank for rank, _, _ in places(lower)] == [1, 2, 1]
    none = [row(number, metric(value, direction="none")) for number, value in enumerate((0.7, 0.8), 1)]
    assert standings([row(1, 0.7)]).place(row(9, 0.7)) == NOWHERE
    assert [rank for rank, _, _ in places(none)] == [None, None]


def test_runs_on_other_data_start_anew() -> None:
    assert places([row(1, 0.7), row(2, 0.6, data=SET_B)]) == [(1, 1, False), (1, 1, False)]


def test_the_best_so_far_expects_luck_where_the_lead_is_small() -> None:
    rows = [row(n, v, (v - 0.02, v + 0.02), model=f"m{n}") for n, v in enumerate((0.70, 0.71, 0.705, 0.702, 0.72), start=1)]
    assert standings(rows).place(rows[-1]) == Place(1, 5, lucky=True)
    assert standings(rows[1:]).place(rows[-1]) == Place(1, 4), "of fewer than five candidates nothing is said"
    half, less = ([*rows[:-1], row(5, v, (v - 0.02, v + 0.02), model="m5")] for v in (0.73, 0.74))
    assert standings(half).place(half[-1]).lucky, "0.012 of a lead of 0.020"
    assert not standings(less).place(less[-1]).lucky, "0.012 of a lead of 0.030"
    clear = [*rows[:-1], row(5, 0.95, (0.93, 0.97), model="m5")]
    assert standings(clear).place(clear[-1]) == Place(1, 5)
    assert standings(rows).place(rows[2]) == Place(2, 3)
    failed = [*rows[1:-1], row(5, result="FAILURE", model="m6"), row(6, 0.72, (0.70, 0.74), model="m7")]
    assert standings(failed).place(failed[-1]) == Place(1, 4, lucky=True), "a candidate that failed was tried as well"
    again = [*rows[1:-1], row(5, 0.704, (0.684, 0.724), model="m4"), row(6, 0.72, (0.70, 0.74), model="m7")]
    assert standings(again).place(again[-1]) == Place(1, 5), "a model that is scored twice is one candidate"


def test_the_champion_then_and_the_baseline_are_known_from_before() -> None:
    rows = [row(1, 0.7, model="m1"), deploy(1.5, "m1"), row(2, 0.8, model="m2"), row(3, 0.6, data=SET_B, model="m3")]
    found = standings(rows, baseline=RunKey("churn/validate", 1))
    assert found.champion(rows[2]) == (rows[0], "deployed", True)
    assert found.baseline(rows[0]) == (None, False)
    assert found.baseline(rows[2]) == (rows[0], True)
    assert found.baseline(rows[3]) == (rows[0], False)
    best = standings([rows[0], rows[2]])
    assert best.champion(rows[0]) == (None, "", False)
    assert best.champion(rows[2]) == (rows[0], "best", True)


@given(histories)
def test_a_new_run_never_changes_where_others_stood(rows: list[RunRow]) -> None:
    rows = sorted(rows, key=order)
    before, now = standings(rows[:-1]), standings(rows)
    for run in rows[:-1]:
        assert before.place(run) == now.place(run)
        assert before.champion(run) == now.champion(run)
        assert before.baseline(run) == now.baseline(run)


@given(histories)
def test_the_last_place_is_the_rank_among_all(rows: list[RunRow]) -> None:
    rows = sorted(rows, key=order)
    scores = score(rows, options(jobs=JOBS))
    found = Standings(scores, find_titles(scores, rows))
    for candidate in {c.key: c for c in scores.candidates if c.missing is None}.values():
        values = [c.metric.value for c in scores.candidates if c.key == candidate.key and c.missing is None and c.metric]
        ranks = competition_ranks(values, scores.directions[candidate.key])
        assert found.place(candidate.row)[:3] == (ranks[-1], len(values), ranks[-1] is not None and ranks.count(ranks[-1]) > 1)
