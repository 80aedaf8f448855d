"""Histories: shifts with the builds that brought them, regressions and their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from reportgen.analysis.comparable import score
from reportgen.analysis.history import History, build_histories, shift_words
from reportgen.analysis.values import MetricOptions
from reportgen.model import Dataset, RunRow
from tests.analysis.rows import SET_A, SET_B, metric, options, row
from tests.analysis.test_shifts import LOW, H


def runs(values: Sequence[float | None], first: int = 1, **more: Any) -> list[RunRow]:
    return [row(n, v, **more) for n, v in enumerate(values, start=first)]


def one(rows: list[RunRow], **more: Any) -> History:
    (found,) = build_histories(score(rows, options(**more)))
    return found


def test_a_regression_is_told_with_its_range_and_spread() -> None:
    history = one(runs([*H, 0.701, 0.704, 0.699]))
    (shift,) = history.shifts
    assert (shift.kind, shift.good.number, shift.bad.number, shift.since, shift.open) == ("regression", 16, 17, 3, True)
    assert shift_words(history, shift) == (
        "F1 fell from 0.732 to 0.701 (−0.031, worse) between #16 and #17; 3 builds since; usual spread ±0.004"
    )
    assert [(level.median, level.builds) for level in history.levels] == [(pytest.approx(0.7325), 16), (0.701, 3)]
    assert history.regressions == history.shifts


def test_an_improvement_is_told_and_not_alarmed() -> None:
    history = one(runs([*(v - 0.1 for v in H), *H]))
    (shift,) = history.shifts
    assert (shift.kind, shift.open) == ("improvement", False)
    assert ", better)" in shift_words(history, shift)


def test_lower_is_better_turns_the_words() -> None:
    about = {"val/f1": MetricOptions(name="val/f1", title="Loss", format=".3f", direction="lower")}
    history = one(runs([*H, 0.761, 0.764, 0.759]), metrics=about)
    assert history.shifts[0].kind == "regression"
    assert history.shifts[0].open
    assert shift_words(history, history.shifts[0]).startswith("Loss rose from 0.732 to 0.761")


def test_without_a_direction_it_is_a_shift_and_no_regression() -> None:
    about = {"val/f1": MetricOptions(name="val/f1", direction="none", format=".3f")}
    history = one(runs([*H, 0.701, 0.704, 0.699]), metrics=about)
    assert [s.kind for s in history.shifts] == ["shift"]
    assert "worse" not in shift_words(history, history.shifts[0])


def test_a_regression_that_recovered_says_where() -> None:
    history = one(runs([*H, *(v - 0.02 for v in H), *H]))
    fell, rose = history.shifts
    assert (fell.open, fell.recovered.number if fell.recovered else None, rose.kind) == (False, 33, "improvement")
    assert shift_words(history, fell).endswith("; recovered at #33")


def test_leaving_a_short_good_stretch_is_being_back() -> None:
    history = one(runs([*H, 0.76, 0.761, 0.759, 0.762, *H[:12]]))
    rose, fell = history.shifts
    assert (rose.kind, fell.kind, fell.back) == ("improvement", "regression", True)
    assert shift_words(history, fell).startswith("F1 is back to 0.73")
    assert not fell.open


def test_builds_without_a_value_keep_their_place_and_are_listed_in_the_range() -> None:
    rows = [*runs(H), row(17, result="FAILURE"), row(18, 0.9, result="FAILURE"), *runs([0.701, 0.704, 0.699], first=19)]
    history = one(rows)
    assert len(history.points) == 21
    assert [p.run.number for p in history.points if p.value is None] == [17, 18]
    (shift,) = history.shifts
    assert (shift.good.number, shift.bad.number) == (16, 19)
    assert [run.number for run in shift.between] == [17, 18]


def test_what_changed_in_the_range_is_named_data_first() -> None:
    def trained(values: Sequence[float], first: int, training: str, **params: Any) -> list[RunRow]:
        data = (Dataset(name="v", role="validation", sha256=SET_A), Dataset(name="t", role="train", sha256=training))
        return [row(n, v, datasets=data, params=params, commit=f"c{n}") for n, v in enumerate(values, start=first)]

    rows = [*trained(H, 1, SET_A, depth=3, seed=1), *trained([0.701, 0.704, 0.699], 17, SET_B, depth=4, seed=1)]
    (shift,) = one(rows).shifts
    assert shift.changed == ("training set", "depth")
    assert shift.commits == ("c16", "c17")


def test_a_new_validation_set_starts_a_new_history() -> None:
    rows = [*runs(H), *runs([0.6, 0.61, 0.6], first=17, data=SET_B)]
    found = build_histories(score(rows, options()))
    assert [(len(h.points), h.shifts) for h in found] == [(3, ()), (16, ())]
    assert found[0].notes == ("too short to judge (3 of 11 builds)",)


def test_one_unusual_build_is_not_a_shift() -> None:
    history = one(runs([*H[:10], 0.701]))
    assert history.shifts == ()
    assert history.notes == (
        "last value 0.701 is outside the usual 0.721–0.744 (median ± 3·1.4826·MAD of the last 10); one build is not a shift",
    )
    assert one(runs([*H[:10], 0.733])).notes == ()


def test_small_shifts_are_given_some_room() -> None:
    history = one(runs([*H, *LOW]))
    assert history.shifts[0].unsure
    assert "(give or take 3 builds)" in shift_words(history, history.shifts[0])


def test_a_drift_is_said_instead_of_steps() -> None:
    ramp = [0.6 + 0.004 * n + (0.002 if n % 3 else -0.002) for n in range(40)]
    history = one(runs(ramp))
    assert (history.shifts, history.levels) == ((), ())
    assert history.notes[0].startswith("F1 drifts: +0.004 a build over 40 builds")


def test_a_build_with_several_runs_has_one_value() -> None:
    rows = [
        r
        for n, v in enumerate(H, start=1)
        for r in (row(n, v, several=True), row(n, 0.1, name="grid-01", stage="validate", several=True))
    ]
    history = one(rows)
    assert [p.value for p in history.points] == H


def test_jobs_have_histories_of_their_own_and_can_be_asked_for() -> None:
    rows = [*runs(H), *runs(LOW, job="other/validate")]
    assert {h.job for h in build_histories(score(rows, options()))} == {"churn/validate", "other/validate"}
    assert [h.job for h in build_histories(score(rows, options()), job="other/validate")] == ["other/validate"]


def test_a_later_build_never_moves_the_breaks_of_the_axis() -> None:
    rows = runs([*H, 0.701, 0.704, 0.699])
    assert one([*rows, row(99, metric(0.7))]).points[: len(rows)] == one(rows).points


def test_numbers_that_have_no_squares_are_not_judged() -> None:
    history = one(runs([1.7e308, -1.7e308] * 15))
    assert (history.shifts, history.levels, history.notes) == ((), (), ())


def test_builds_after_the_range_are_not_in_it() -> None:
    (shift,) = one(runs([*H[:8], None, *H[8:], None, 0.701, 0.704, None, 0.699])).shifts
    assert [run.number for run in shift.between] == [18]


def test_a_better_stretch_of_eight_builds_is_a_level_of_its_own() -> None:
    rose, fell = one(runs([*H, *([0.76, 0.761, 0.759, 0.762] * 2), *H[:12]])).shifts
    assert (rose.kind, fell.kind, fell.back, fell.open) == ("improvement", "regression", False, True)


def test_a_fall_by_just_the_smallest_shift_counts() -> None:
    values = [0.75] * 20 + [0.5] * 20
    (shift,) = one(runs(values), metrics={"val/f1": MetricOptions(name="val/f1", min_shift=0.25)}).shifts
    assert (shift.delta, shift.open) == (-0.25, True)
    assert one(runs(values), metrics={"val/f1": MetricOptions(name="val/f1", min_shift=0.251)}).shifts == ()
