"""Alternative texts and sparklines."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.charts.alt import confusion_alt, joined, number, overlay_alt, scatter_alt, spec_alt, trend_alt
from reportgen.charts.sparkline import CARD, sparkline
from reportgen.charts.values import Trend, TrendPoint
from tests.charts.kinds import CELLS, cost, history, losses

SVG = "{http://www.w3.org/2000/svg}"


def test_a_history_is_told_with_numbers() -> None:
    assert trend_alt(history()) == (
        "F1 over 30 builds rises from 0.600 to 0.697; val-2 at #92; median +0.036; #90 and #103 failed"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "F1 over 0 builds: no value"),
        ([0.5], "F1 over 1 build: 0.500"),
        ([0.5, 0.5], "F1 over 2 builds starts and ends at 0.500"),
        ([0.7, 0.9, 0.5], "F1 over 3 builds falls from 0.700 to 0.500, between 0.500 and 0.900"),
        ([0.5, math.nan, None, 0.6], "F1 over 4 builds rises from 0.500 to 0.600"),
    ],
)
def test_only_facts_are_said(values: list[float | None], words: str) -> None:
    points = tuple(TrendPoint(label=f"#{at}", value=value) for at, value in enumerate(values))
    assert trend_alt(Trend(title="F1, higher is better", points=points, format=".3f")) == words


def test_a_scatter_plot_is_told_by_the_ends_of_its_front() -> None:
    text = scatter_alt(cost())
    assert text.startswith("F1 against ms for 9 runs: best F1 0.74 at 5 (#4); least ms 1 at 0.7 (#0)")


def test_lines_and_matrices_are_told() -> None:
    assert overlay_alt(losses()).startswith("Loss over Step: #9 ends at 0.3448, #7 ends at")
    assert confusion_alt(CELLS).startswith("Confusion matrix: 1,126 of 1,305 right; stays predicted as stays 903")


def test_long_lists_are_cut_with_a_count() -> None:
    assert joined(["a", "b"]) == "a and b"
    assert joined(list("abcdef")) == "a, b, c, d and 2 more"


def test_numbers_have_a_real_minus_and_survive_a_format_that_is_none() -> None:
    assert number(-0.5, ".2f") == "−0.50"
    assert number(1234.5, "~s") == "1234"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"description": "What it shows", "title": "T"}, "What it shows"),
        ({"title": {"text": "T"}}, "T"),
        ({"mark": "bar", "encoding": {"x": {"field": "c"}, "y": {"title": "Count"}}}, "Chart “pr”: bar chart of Count over c"),
        ({"layer": [{"mark": {"type": "line"}, "encoding": {"x": {"field": "t"}}}]}, "Chart “pr”: line chart of t"),
        ({}, "Chart “pr”"),
    ],
)
def test_a_chart_of_a_user_has_a_description(spec: dict[str, object], words: str) -> None:
    assert spec_alt(spec, name="pr") == words


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.text(max_size=20))
def test_a_sparkline_is_always_a_picture(values: list[float | None], title: str) -> None:
    picture = sparkline(values, title="".join(c for c in title if c.isprintable()))
    root = ET.fromstring(picture)
    assert (root.get("width"), root.get("height")) == ("112", "24")
    assert b"nan" not in picture.partition(b"</style>")[2]
    assert b"inf" not in picture.partition(b"</style>")[2]
    present = [value for value in values if value is not None and math.isfinite(value)]
    assert len(root.findall(f"{SVG}circle")) == min(1, len(present))


def test_missing_values_are_crosses_on_the_floor() -> None:
    root = ET.fromstring(sparkline([1, None, 3, math.nan], title="F1"))
    cross = root.find(f"{SVG}path")
    assert cross is not None
    assert cross.get("d", "").count("M") == 2


def test_the_band_is_drawn_to_scale_and_cut_at_the_edge() -> None:
    root = ET.fromstring(sparkline([0.0, 1.0], title="F1", size=CARD, band=(0.5, 9.0)))
    rect = root.find(f"{SVG}rect")
    assert rect is not None
    assert (rect.get("y"), rect.get("height")) == ("0", "24.0")
    assert ET.fromstring(sparkline([0.0, 1.0], title="F1", band=(5.0, 9.0))).find(f"{SVG}rect") is None
