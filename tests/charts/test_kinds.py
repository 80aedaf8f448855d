"""What the chart functions make: valid specifications in the theme's colours that show what they were given."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from typing import Any

import altair as alt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.charts import scatter, series, theme, trend
from reportgen.charts.check import checked
from reportgen.charts.template import padded
from reportgen.charts.values import Line, Overlay, Scatter, ScatterPoint, Trend, TrendPoint
from tests.charts.kinds import PALETTE, cost, every_kind, history

finite = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("name", sorted(every_kind()))
def test_every_kind_is_valid_vega_lite(name: str) -> None:
    alt.Chart.from_dict(every_kind()[name])


@pytest.mark.parametrize("name", sorted(every_kind()))
def test_every_colour_has_a_partner_for_dark_screens(name: str) -> None:
    colours = set(re.findall(r'"(#[0-9a-fA-F]{6})"', json.dumps(every_kind()[name])))
    assert colours <= PALETTE


def test_the_scripts_know_the_same_colours() -> None:
    from reportgen.resources import themes_dir

    script = (themes_dir() / "default/assets/charts.js").read_text(encoding="utf-8")
    pairs = dict(re.findall(r'"(#[0-9a-f]{6})": "(#[0-9a-f]{6})"', script))
    assert pairs == dict(theme.DARK)


def test_the_same_values_give_the_same_bytes() -> None:
    assert json.dumps(every_kind()) == json.dumps(every_kind())


def rows(spec: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return spec["datasets"].get(name, [])


def test_failed_builds_are_crosses_and_no_points() -> None:
    spec = trend.trend(history())
    assert [row["b"] for row in rows(spec, "failed")] == ["#90", "#103"]
    assert not {row["x"] for row in rows(spec, "failed")} & {row["x"] for row in rows(spec, "points")}


def test_a_crowd_of_builds_has_a_band_in_place_of_whiskers() -> None:
    assert rows(trend.trend(history(30)), "whiskers")
    crowded = trend.trend(history(600))
    assert rows(crowded, "bands")
    assert not rows(crowded, "whiskers")


def test_the_band_does_not_reach_over_a_break() -> None:
    band = rows(trend.trend(history(600)), "bands")
    assert {row["s"] for row in band if row["x"] < 8} == {0}
    assert {row["s"] for row in band if row["x"] >= 8} == {1}


def test_points_carry_the_key_of_their_row() -> None:
    assert rows(trend.trend(history()), "points")[0]["k"] == "a/b#84"


def test_values_that_are_not_finite_are_left_out() -> None:
    points = tuple(TrendPoint(label=f"#{i}", value=v) for i, v in enumerate((0.5, math.nan, math.inf, None, 0.7)))
    spec = trend.trend(Trend(title="F1", points=points))
    assert [row["x"] for row in rows(spec, "points")] == [0, 4]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_or_no_builds_still_make_a_chart(count: int) -> None:
    points = tuple(TrendPoint(label=f"#{at}", value=0.5) for at in range(count))
    alt.Chart.from_dict(trend.trend(Trend(title="F1", points=points)))


@given(st.integers(1, 400), st.sampled_from(["wide", "middle", "small", "panel"]))
def test_ticks_name_both_ends_and_do_not_meet(count: int, size: str) -> None:
    points = tuple(TrendPoint(label=f"#{at + 7}", value=0.5) for at in range(count))
    spec = trend.trend(Trend(title="F1", points=points), size=size)
    encoding = next(layer["encoding"] for layer in spec["layer"] if "x" in layer["encoding"])
    ticks = encoding["x"]["axis"]["values"]
    assert ticks[0] == 0
    assert ticks[-1] == count - 1
    inner = [(b - a) * spec["width"] / count for a, b in pairwise(ticks)]
    assert len(ticks) <= 2 or min(inner) >= 64


def test_durations_are_shown_in_a_unit_that_suits_them() -> None:
    assert trend.duration_unit(59) == ("s", 1.0)
    assert trend.duration_unit(400) == ("min", 60.0)
    assert trend.duration_unit(40_000) == ("h", 3600.0)


@example([5e-324], True)
@example([5e-324, 1e-323], False)
@given(st.lists(finite, min_size=1, max_size=30), st.booleans())
def test_an_axis_holds_all_its_values(values: list[float], zero: bool) -> None:
    low, high = padded(values, zero=zero)
    slack = (high - low) * 1e-3
    assert low - slack <= min(values)
    assert max(values) <= high + slack
    assert low < high


points_on_a_grid = st.lists(
    st.builds(lambda x, y: ScatterPoint(x=float(x), y=float(y), name=f"{x}/{y}"), st.integers(0, 6), st.integers(0, 6)),
    max_size=25,
)


@given(points_on_a_grid, st.booleans(), st.booleans())
def test_the_front_is_what_nothing_beats(points: list[ScatterPoint], x_lower: bool, y_lower: bool) -> None:
    def beats(a: ScatterPoint, b: ScatterPoint) -> bool:
        x, y = (a.x - b.x) * (1 if x_lower else -1), (a.y - b.y) * (1 if y_lower else -1)
        return x <= 0 and y <= 0 and (x, y) != (0, 0)

    expected = sorted(p.name for p in points if not any(beats(q, p) for q in points))
    assert sorted(p.name for p in scatter.pareto_front(points, x_lower=x_lower, y_lower=y_lower)) == expected


def test_runs_that_are_equal_on_both_measures_are_on_the_front_together() -> None:
    runs = {"A": (41, 0.734), "B": (12, 0.731), "C": (12, 0.731), "D": (9, 0.702), "E": (20, 0.720), "F": (55, 0.734)}
    points = [ScatterPoint(x=x, y=y, name=name) for name, (x, y) in runs.items()]
    assert sorted(point.name for point in scatter.pareto_front(points)) == ["A", "B", "C", "D"]


def test_labels_of_a_scatter_plot_do_not_cover_each_other() -> None:
    crowd = tuple(ScatterPoint(x=1.0, y=0.5, name=f"#{at}", label=f"#{at} champion") for at in range(9))
    spread_out = (ScatterPoint(x=0.1, y=0.1, name="a"), ScatterPoint(x=9.0, y=0.9, name="b"))
    spec = scatter.scatter(Scatter(x_title="ms", y_title="F1", points=crowd + spread_out))
    assert len(rows(spec, "labelRight")) + len(rows(spec, "labelLeft")) <= 2


def test_a_small_scatter_plot_names_what_its_tooltips_show() -> None:
    spec = scatter.scatter(cost(), size="small")
    titles = {tip["title"] for layer in spec["layer"] for tip in layer["encoding"].get("tooltip", ())}
    assert {"ms", "F1, higher is better"} <= titles


@given(st.lists(st.floats(0, 200), max_size=12))
def test_labels_that_are_spread_keep_order_and_distance(places: list[float]) -> None:
    moved = series.spread(places, gap=15, high=240)
    order = sorted(range(len(places)), key=lambda at: (places[at], at))
    assert all(moved[b] - moved[a] >= 15 - 1e-9 for a, b in pairwise(order))
    assert all(-1e-9 <= place <= 240 for place in moved)


@given(st.lists(finite, min_size=1, max_size=400), st.integers(4, 60))
def test_a_thinned_series_keeps_its_ends_and_its_peaks(values: list[float], most: int) -> None:
    points = [(float(at), value) for at, value in enumerate(values)]
    kept = series.downsampled(points, most=most)
    assert len(kept) <= most or len(points) <= most
    assert list(kept) == sorted(set(kept))
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert {max(values), min(values)} <= {value for _, value in kept}


def test_lines_beyond_six_are_drawn_but_not_named() -> None:
    lines = tuple(Line(name=f"#{at}", points=((0.0, at), (1.0, at + 1.0))) for at in range(9))
    spec = series.overlay(Overlay(x_title="Step", y_title="Loss", lines=lines))
    assert len(rows(spec, "names")) == 6
    assert {row["n"] for row in rows(spec, "other")} == {line.name for line in lines}


def test_more_groups_than_colours_share_the_last_one() -> None:
    names = [f"g{at:02}" for at in range(12) for _ in range(12 - at)]
    order = theme.group_order(names)
    assert order == ["g00", "g01", "g02", "g03", "g04", theme.OTHER_GROUP]
    assert theme.group_legend(["a", "b", "a"]) == (("●", "a"), ("▲", "b"))
    assert theme.group_legend(["a", "a"]) == ()


@pytest.mark.parametrize("name", sorted(every_kind()))
def test_our_own_charts_pass_the_check_for_others(name: str) -> None:
    spec = every_kind()[name]
    for layer in spec["layer"]:  # the only expression of ours looks a label up by position
        for channel in layer["encoding"].values():
            if isinstance(channel, dict):
                (channel.get("axis") or {}).pop("labelExpr", None)
    checked(spec)
