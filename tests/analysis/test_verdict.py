"""Verdict sentences: words that follow the statistics, from the run's own past."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.champion import find_titles
from reportgen.analysis.comparable import order, score
from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.separable import single_delta
from reportgen.analysis.standing import Past, find_past
from reportgen.analysis.values import MetricOptions
from reportgen.analysis.verdict import FORBIDDEN, MOST_WORDS, board_verdict, run_verdict
from reportgen.model import Failure, RunRow
from tests.analysis.rows import SET_B, metric, options, row
from tests.analysis.test_champion import JOBS, deploy, histories


def past(rows: list[RunRow], **more: Any) -> Past:
    scores = score(rows, options(jobs=JOBS, **more))
    return find_past(scores, find_titles(scores, rows))


def said(rows: list[RunRow], run: RunRow | None = None, **more: Any) -> str:
    run = run or rows[-1]
    return run_verdict(past(rows, **more).standing(run), run).text


OLD = row(52, metric(0.722, (0.699, 0.744), n=1305), model="m52")
NEW = row(53, metric(0.734, (0.712, 0.755), n=1305), model="m53")
CHAMPION = row(47, metric(0.738, (0.716, 0.759), n=1305), model="m47")


def test_the_sentence_of_a_run_among_others() -> None:
    rows = [CHAMPION, deploy(47.5, "m47"), OLD, NEW]
    assert said(rows, NEW) == (
        "F1 0.734 (0.712–0.755, n 1,305); +0.012 on #52, within noise; −0.004 on champion #47, not separable; "
        "validation set unchanged"
    )
    verdict = run_verdict(past(rows).standing(NEW), NEW)
    assert [p.text for p in verdict.parts if p.strong] == ["F1 0.734", "+0.012", "−0.004"]
    assert "".join(p.text for p in verdict.parts) == verdict.text


def test_the_worked_difference_is_not_separable() -> None:
    delta = past([OLD, NEW]).standing(NEW).to_previous  # type: ignore[union-attr]
    assert delta is not None
    assert (delta.low, delta.high) == pytest.approx((-0.019113, 0.043145), abs=1e-6)
    assert delta.separable is False


def test_touching_intervals_may_be_separable() -> None:
    rows = [row(1, 0.734, (0.712, 0.755)), row(2, 0.690, (0.667, 0.712))]
    assert "−0.044 on #1, clearly worse" in said(rows)
    assert "+0.044 on #1, clearly better" in said([row(1, 0.690, (0.667, 0.712)), row(2, 0.734, (0.712, 0.755))])


def test_beating_and_trailing_the_champion_are_said_only_when_separable() -> None:
    low, high = row(1, 0.60, (0.58, 0.62), model="m1"), row(2, 0.70, (0.68, 0.72), model="m2")
    assert "beats champion #1 by 0.100" in said([low, deploy(1.5, "m1"), high], high)
    assert "behind champion #2 by 0.100" in said(
        [row(2, 0.70, (0.68, 0.72), model="m2"), deploy(2.5, "m2"), row(3, 0.6, (0.58, 0.62))]
    )
    assert "−0.100 on champion #2;" in said([row(2, 0.7, model="m2"), deploy(2.5, "m2"), row(3, 0.6), row(4, 0.6)])


def test_the_champion_scored_again_is_the_champion() -> None:
    again = row(3, 0.7, model="m1")
    text = said([row(1, 0.7, model="m1"), deploy(1.5, "m1"), again], again)
    assert text == "F1 0.700 (no interval); same as #1 (identical model); is the champion; validation set unchanged"


def test_a_changed_validation_set_gives_no_deltas() -> None:
    text = said([row(1, 0.7, model="m1"), deploy(1.5, "m1"), row(2, 0.8, data=SET_B)])
    assert text == "F1 0.800 (no interval); champion unknown; validation set changed: not comparable with #1"


def test_an_unknown_validation_set_is_said() -> None:
    assert said([row(1, 0.7, data=None)]) == "F1 0.700 (no interval); no champion yet; validation set unknown"


def test_the_best_so_far_expects_luck_where_the_lead_is_small() -> None:
    rows = [row(n, v, (v - 0.02, v + 0.02), model=f"m{n}") for n, v in enumerate((0.70, 0.71, 0.705, 0.702, 0.72), start=1)]
    assert said(rows).endswith("best of 5 comparable runs so far; expect some luck")
    clear = [*rows[:-1], row(5, 0.95, (0.93, 0.97), model="m5")]
    assert said(clear).endswith("best of 5 comparable runs so far")
    assert "best" not in said(rows, rows[2])


def test_differences_below_the_last_digit_are_said_as_such() -> None:
    text = said([row(1, 0.7341), row(2, 0.7342)])
    assert "same to three digits as #1" in text
    assert "0.000" not in text


@pytest.mark.parametrize(
    ("run", "error", "text"),
    [
        (
            row(1, result="FAILURE", status="failed", duration_s=41.2, stage="train"),
            Failure(type="ValueError", message="could not convert\nstring"),
            "Failed after 41 s in train: ValueError could not convert string; no metrics",
        ),
        (row(1, status="interrupted", metrics_total=3), None, "Interrupted; 3 metrics logged before"),
        (row(1, result="ABORTED", duration_s=74), None, "Aborted after 1 min 14 s in validate; no metrics"),
        (row(1), None, "F1: not logged"),
        (row(1, metric(math.nan)), None, "F1: not finite (nan)"),
        (row(1, status="implicit", data=None), None, "F1: no record"),
    ],
)
def test_runs_without_a_value_say_why(run: RunRow, error: Failure | None, text: str) -> None:
    assert run_verdict(past([run]).standing(run), run, error=error).text == text


def test_a_run_that_is_ranked_nowhere_has_no_metric_with_a_known_direction() -> None:
    assert run_verdict(None, row(1)).text == "No metric with a known direction"


def test_a_failed_run_with_a_value_tells_both() -> None:
    text = said([row(1, 0.7), row(2, 0.8, result="FAILURE", duration_s=5)])
    assert text.startswith("Failed after 5.0 s in validate; 1 metric logged before; F1 0.800 (no interval); +0.100 on #1")


def test_later_clauses_are_dropped_first() -> None:
    rows = [CHAMPION, deploy(47.5, "m47"), OLD, NEW]
    long_error = Failure(type="ValueError", message="a b c d e f g h i j k l m n o p q r s t u v w x y z")
    failed = row(54, metric(0.5, (0.4, 0.6), n=1305), result="FAILURE", model="m54")
    verdict = run_verdict(past([*rows, failed]).standing(failed), failed, error=long_error, shift="F1 has been lower since #82")
    assert verdict.words <= MOST_WORDS
    assert verdict.text.startswith("Failed after 1 min 00 s in validate: ValueError a b c")
    assert "lower since" not in verdict.text
    calm = run_verdict(past(rows).standing(NEW), NEW, shift="F1 has been lower since #52")
    assert calm.text.endswith("F1 has been lower since #52")


def test_deltas_of_lower_is_better() -> None:
    about = {"val/f1": MetricOptions(name="val/f1", title="Loss", direction="lower", format=".2f")}
    rows = [row(1, metric(0.9, (0.88, 0.92), direction="lower")), row(2, metric(0.5, (0.48, 0.52), direction="lower"))]
    assert "−0.40 on #1, clearly better" in said(rows, metrics=about)


@given(histories)
def test_a_new_run_never_changes_what_was_said(rows: list[RunRow]) -> None:
    rows = sorted(rows, key=order)
    before, now = past(rows[:-1]), past(rows)
    for run in rows[:-1]:
        assert before.standing(run) == now.standing(run)
        text = run_verdict(now.standing(run), run).text
        assert text == run_verdict(before.standing(run), run).text
        assert len(text.split()) <= MOST_WORDS
        assert not any(word in text.lower() for word in FORBIDDEN)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(0, 0.3))
def test_a_difference_turns_with_its_sides(a: float, b: float, wide: float, narrow: float) -> None:
    from reportgen.analysis.separable import Scored

    one, other = Scored(a, a - wide, a + narrow), Scored(b, b - narrow, b + wide)
    there, back = single_delta(one, other, "higher"), single_delta(other, one, "higher")
    assert there.value == -back.value
    assert there.low == pytest.approx(-back.high)  # type: ignore[operator]
    assert there.separable == back.separable


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
