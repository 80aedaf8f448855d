"""The sentences that boards open with: words that follow the statistics. Those of runs are in `tests/pages/test_run.py`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.separable import Scored, deltas_to_fixed, single_delta
from reportgen.analysis.verdict import FORBIDDEN, MOST_WORDS, board_verdict
from reportgen.model import RunRow
from tests.analysis.rows import SET_B, metric, options, row


def test_the_worked_difference_is_not_separable() -> None:
    delta = single_delta(Scored(0.734, 0.712, 0.755), Scored(0.722, 0.699, 0.744), "higher")
    assert (delta.low, delta.high) == pytest.approx((-0.019113, 0.043145), abs=1e-6)
    assert (delta.separable, delta.word) == (False, "better")


def test_touching_intervals_may_be_separable() -> None:
    delta = single_delta(Scored(0.734, 0.712, 0.755), Scored(0.690, 0.667, 0.712), "higher")
    assert (delta.low, delta.high) == pytest.approx((0.0129, 0.0751), abs=5e-5)
    assert (delta.separable, delta.word) == (True, "better")


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_difference_turns_with_its_sides(a: float, b: float, wide: float, narrow: float) -> None:
    one, other = Scored(a, a - wide, a + narrow), Scored(b, b - narrow, b + wide)
    there, back = single_delta(one, other, "higher"), single_delta(other, one, "higher")
    assert there.value == -back.value
    assert there.low == pytest.approx(-back.high)  # type: ignore[operator]
    assert there.separable == back.separable


ends = st.floats(0, 0.3)


@given(st.floats(0, 1), ends, ends, st.floats(0, 1), ends, ends)
def test_one_comparison_with_a_fixed_run_needs_no_correction(
    a: float, below_a: float, above_a: float, b: float, below_b: float, above_b: float
) -> None:
    one, other = Scored(a, a - below_a, a + above_a), Scored(b, b - below_b, b + above_b)
    alone = single_delta(one, other, "higher")
    (delta,) = deltas_to_fixed([one], other, "higher")
    assert delta is not None
    assert delta[:4] == alone[:4]
    near = min(abs(alone.low or 0), abs(alone.high or 0)) < 1e-9
    assert near or delta.separable == alone.separable


def test_runs_without_any_spread_are_alike_where_their_values_are() -> None:
    same = Scored(0.5, 0.5, 0.5)
    assert single_delta(same, same, "higher").separable is False
    assert single_delta(Scored(0.6, 0.6, 0.6), same, "higher").separable is True
    assert boards_say([row(1, 0.5, (0.5, 0.5)), row(2, 0.5, (0.5, 0.5))]) == "2 runs share rank 1 with F1 0.500"


def boards_say(rows: list[RunRow], **more: Any) -> str:
    board = leaderboard(rows, options(**more)).current
    return board_verdict(board, label="F1", format_spec=".3f").text


def test_boards_open_with_what_can_be_told() -> None:
    close = [row(1, 0.735, (0.724, 0.745)), row(2, 0.736, (0.725, 0.746)), row(3, 0.5, (0.49, 0.51))]
    assert boards_say(close) == (
        "Too close to call. #2 ranks first at 0.736, 0.001 ahead of #1. 1 of the other 2 runs cannot be told apart from it"
    )
    assert boards_say(close[:2]).endswith(". The other run cannot be told apart from it")
    alike = [*close[:2], row(3, 0.734, (0.723, 0.744))]
    assert boards_say(alike).endswith(". None of the other 2 runs can be told apart from it")
    clear = [row(1, 0.90, (0.89, 0.91)), row(2, 0.5, (0.49, 0.51))]
    assert boards_say(clear) == "#1 leads by 0.400, separable: F1 0.900"
    assert boards_say([row(1), row(2), row(3)]) == "Nothing ranked yet: 3 runs, none with F1"
    assert boards_say([row(1, 0.7)]) == "#1 is the only ranked run: F1 0.700"
    assert boards_say([row(1, 0.7), row(2, 0.7)]).startswith("2 runs share rank 1 with F1 0.700")
    tied = [row(1, 0.7, (0.6, 0.8)), row(2, 0.7, (0.6, 0.8))]
    assert boards_say(tied) == "2 runs share rank 1 with F1 0.700"
    near, far = row(3, 0.69, (0.59, 0.79)), row(4, 0.2, (0.19, 0.21))
    assert boards_say([*tied, near]) == "2 runs share rank 1 with F1 0.700. The other run cannot be told apart from them"
    assert boards_say([*tied, near, far]).endswith(". 1 of the other 2 runs cannot be told apart from them")
    assert board_verdict(None).text == "Nothing to rank yet"


def test_a_second_without_an_interval_is_said_to_be_unsure_where_others_are_judged() -> None:
    rows = [row(1, 0.736, (0.725, 0.746)), row(2, 0.735), row(3, 0.734, (0.723, 0.744))]
    assert boards_say(rows) == (
        "#1 ranks first at 0.736, 0.001 ahead of #2; nothing says how sure that is. "
        "1 of the other 2 runs cannot be told apart from it"
    )
    assert boards_say(rows[:2]) == "#1 ranks first at 0.736; no intervals, so nothing says how sure that is"


def test_a_lead_below_the_last_digit_is_never_said_to_be_nothing() -> None:
    rows = [row(1, 0.73602, (0.725, 0.746)), row(2, 0.73601, (0.725, 0.746))]
    assert ", less than a digit ahead of #2" in boards_say(rows)


def test_across_sets_only_runs_of_the_same_set_are_said_to_be_near() -> None:
    rows = [row(1, 0.736, (0.725, 0.746)), row(2, 0.735, (0.724, 0.745)), row(3, 0.734, (0.723, 0.744))]
    other = row(4, 0.72, (0.71, 0.73), data=SET_B)
    said = boards_say([*rows, other], comparable_by=())
    assert said.endswith(". None of the other 2 runs scored on the same set can be told apart from it")
    assert boards_say(rows, comparable_by=()).endswith(". None of the other 2 runs can be told apart from it")


wide = st.tuples(st.floats(0, 1), st.floats(0, 0.2) | st.none(), st.sampled_from(["", "a", "b"]))


@given(st.lists(wide, min_size=1, max_size=8), st.sampled_from(["higher", "lower", "none"]))
def test_a_board_never_says_more_than_its_intervals_allow(found: list[tuple[float, float | None, str]], direction: Any) -> None:
    rows = [
        row(number, metric(value, None if reach is None else (value - reach, value + reach), direction=direction), model=model)
        for number, (value, reach, model) in enumerate(found, 1)
    ]
    board = leaderboard(rows, options()).current
    assert board is not None
    text = board_verdict(board).text
    below = [one.separable for one in board.rows[1 : board.ranked]]
    assert not any(word in text.lower() for word in FORBIDDEN)
    assert len(text.split()) <= MOST_WORDS
    assert ("leads by" in text) == (below[:1] == [True] and not board.rows[0].tied)
    assert ("Too close to call" in text) == (below[:1] == [False] and not board.rows[0].tied)
    if "None of the other" in text:
        assert below == [False] * len(below)
    elif "cannot be told apart" in text:
        assert False in below
    assert board.ranked or "first" not in text.replace("newest first", "")


def test_a_lead_over_the_second_says_nothing_of_a_third_that_is_less_sure() -> None:
    rows = [row(1, 0.90, (0.89, 0.91)), row(2, 0.80, (0.79, 0.81)), row(3, 0.79, (0.5, 0.95))]
    assert boards_say(rows) == "#1 leads by 0.100, separable: F1 0.900. 1 of the other 2 runs cannot be told apart from it"
