"""How numbers, times and places in plots are written."""

# ruff: noqa: E501

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.site import format as fmt
from reportgen.site.pages.scale import Scale, spark

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [
        (0.0123, ".3f", "+0.012"),
        (-0.0041, ".3f", "−0.004"),
        (0.0004, ".3f", "0.000"),
        (-0.0004, ".3f", "0.000"),
        (None, ".3f", "–"),
        (math.nan, ".3f", "–"),
        (1234.0, ",.0f", "+1,234"),
    ],
)
def test_differences_carry_their_sign(value: float | None, spec: str, shown: str) -> None:
    assert fmt.difference(value, spec) == shown


@pytest.mark.parametrize(
    ("seconds", "in_table", "in_text"),
    [
        (0.04, "0.0 s", "0 s"),
        (0.44, "0.4 s", "0.4 s"),
        (4.0, "4.0 s", "4 s"),
        (46, "0:46", "46 s"),
        (59.6, "1:00", "1 min 00 s"),
        (74, "1:14", "1 min 14 s"),
        (7389, "2:03:09", "2 h 3 min"),
        (273_600, "76:00:00", "3 d 4 h"),
        (math.nan, "–", "unknown"),
        (None, "–", "unknown"),
    ],
)
def test_durations(seconds: float | None, in_table: str, in_text: str) -> None:
    assert (fmt.clock(seconds), fmt.duration(seconds)) == (in_table, in_text)


@pytest.mark.parametrize(
    ("size", "shown"),
    [(None, "–"), (0, "0 B"), (99, "99 B"), (220, "0.2 kB"), (9_120, "9.1 kB"), (412_000, "412 kB"), (1_812_000, "1.8 MB"), (84 * 10**6, "84.0 MB"), (5 * 10**12, "5.0 TB")],
)  # fmt: skip
def test_sizes_are_decimal(size: int | None, shown: str) -> None:
    assert fmt.size(size) == shown


@pytest.mark.parametrize(
    ("name", "title"),
    [("val/f1", "F1"), ("val/average_precision", "Average precision"), ("test/roc_auc", "ROC AUC"), ("Loss", "Loss"), ("a//", "A//"), ("macro avg/f1-score", "F1 score"), ("report/macro avg/f1-score", "F1 score, macro avg")],
)  # fmt: skip
def test_titles_are_readable(name: str, title: str) -> None:
    assert fmt.metric_title(name) == title


def test_times() -> None:
    moment = datetime(2026, 11, 18, 9, 5, 7, tzinfo=UTC)
    assert (fmt.minute(moment), fmt.day(moment), fmt.long_day(moment)) == ("2026-11-18 09:05", "2026-11-18", "18 November")
    assert fmt.machine_time(moment) == "2026-11-18T09:05:07Z"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "none"), (True, "true"), ("x", "x"), (0.1, "0.1"), (10**30, str(10**30)), ({"a": [1, None]}, '{"a": [1, null]}')]
)  # fmt: skip
def test_params_read_as_written(value: object, shown: str) -> None:
    assert fmt.plain(value) == shown


def test_a_huge_param_is_cut_and_another_one_still_differs() -> None:
    one, other = [0] * 100_000, [0] * 99_999 + [1]
    shown = fmt.plain(one)
    assert len(shown) < 10_100
    assert shown.startswith("[0, 0, 0")
    assert "… (300,000 characters in all, digest " in shown
    assert fmt.plain(other) != shown
    assert fmt.plain("x" * 10_000) == "x" * 10_000


@given(st.lists(numbers, min_size=1, max_size=30))
def test_a_scale_holds_what_it_was_made_of(values: list[float]) -> None:
    scale = Scale.over(values)
    assert scale is not None
    places = [scale.at(value) for value in values]
    assert all(4 <= place <= 96 for place in places)
    assert all((a <= b) == (scale.at(a) <= scale.at(b)) or scale.at(a) == scale.at(b) for a, b in itertools.pairwise(values))


@given(st.lists(numbers, min_size=1, max_size=60), st.booleans())
def test_ticks_are_few_round_and_inside(values: list[float], bulk: bool) -> None:
    scale = Scale.over(values, bulk=bulk)
    assert scale is not None
    ticks = scale.ticks()
    assert len(ticks) <= 7
    assert all(3.9 <= float(tick.x.rstrip("%")) <= 96.1 for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_one_value_far_away_does_not_flatten_the_rest() -> None:
    values = [0.9 + i / 1000 for i in range(50)]
    plain, bulk = Scale.over([*values, 0.0]), Scale.over([*values, 0.0], bulk=True)
    assert plain is not None
    assert bulk is not None
    assert bulk.at(0.949) - bulk.at(0.9) > 5 * (plain.at(0.949) - plain.at(0.9))
    assert bulk.place(0.0) == "4%"
    assert not bulk.holds(0.0)


def test_nothing_known_has_no_scale() -> None:
    assert Scale.over([None, math.nan, math.inf]) is None


@given(st.lists(st.none() | numbers, max_size=30))
@example([0.0, 2.225073858507e-311])
@example([-1.7e308, 1.7e308])
def test_a_small_line_shows_every_build(values: list[float | None]) -> None:
    found = spark(values, "words")
    known = [value for value in values if value is not None]
    if len(known) < 2:
        assert found is None
        return
    assert found is not None
    assert len(found.points.split()) == len(known)
    assert len(found.gaps) == len(values) - len(known)
    assert (found.last_x == "") == (values[-1] is None)
    for point in found.points.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 112
        assert 0 <= y <= 24
