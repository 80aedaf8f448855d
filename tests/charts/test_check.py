"""The allow-list: what teams draw passes, what attacks need does not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.charts.check import SpecLimits, checked, load_spec
from reportgen.charts.expressions import FUNCTIONS, check_expression
from reportgen.errors import ChartError

ROWS = [{"a": i, "b": i * i % 7, "c": "xyz"[i % 3]} for i in range(30)]
DATA = alt.Data(values=ROWS)
X = {"field": "a", "type": "quantitative"}
POINT: dict[str, Any] = {"data": {"values": ROWS}, "mark": "point", "encoding": {"x": X}}


def typical() -> dict[str, Any]:
    base = alt.Chart(DATA)
    brush = alt.selection_interval(name="brush", encodings=["x"])
    pick = alt.selection_point(name="pick", fields=["c"], bind="legend")
    slider = alt.param(name="cut", value=3, bind=alt.binding_range(min=0, max=10, step=1))
    return {
        "bars": base.mark_bar().encode(x="c:N", y="mean(b):Q", color="c:N", tooltip=["c:N", "mean(b):Q"]),
        "layers": base.mark_line().encode(x="a:Q", y="b:Q") + base.mark_point().encode(x="a:Q", y="b:Q"),
        "interactive": base.mark_point().encode(x="a:Q", y="b:Q").interactive(),
        "legend": base.mark_point().encode(x="a:Q", opacity=alt.condition(pick, alt.value(1), alt.value(0.2))).add_params(pick),
        "brushed": base.mark_point().encode(x="a:Q").add_params(brush) | base.mark_bar().transform_filter(brush),
        "slider": base.mark_point().encode(x="a:Q").add_params(slider).transform_filter("datum.a > cut"),
        "computed": base.mark_bar().transform_calculate(z="datum.a * 2 + sqrt(datum['b'])").encode(x="z:Q"),
        "facet": base.mark_point().encode(x="a:Q", y="b:Q").facet("c:N"),
        "repeat": base.mark_point().encode(x=alt.X(alt.repeat("column"), type="quantitative")).repeat(column=["a", "b"]),
        "density": base.transform_density("a", as_=["a", "d"], steps=50).mark_area().encode(x="a:Q", y="d:Q"),
        "lookup": base.mark_point().transform_lookup("a", from_=alt.LookupData(data=DATA, key="a", fields=["b"])),
        "box": base.mark_boxplot().encode(x="c:N", y="b:Q"),
        "labels": base.mark_point().encode(x=alt.X("a:Q", axis=alt.Axis(labelExpr="datum.value + ' ms'"))),
        "dates": base.mark_line().encode(x=alt.X("yearmonth(a):T"), y="count()"),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(typical()))
def test_what_teams_draw_passes(name: str) -> None:
    spec = typical()[name].to_dict()
    result = checked(spec)
    alt.Chart.from_dict(result)
    rest = {key: value for key, value in json.loads(json.dumps(spec)).items() if key not in ("config", "$schema")}
    assert {key: value for key, value in result.items() if key != "config"} == rest


def test_the_look_of_the_site_lies_below_the_chart_s_own() -> None:
    result = checked({**POINT, "config": {"mark": {"color": "#123456"}}})
    assert result["config"]["mark"]["color"] == "#123456"
    assert result["config"]["axis"]["labelFontSize"] == 13


def test_links_and_embed_options_are_dropped() -> None:
    link = "javascript:alert(1)"
    spec = {
        **POINT, "usermeta": {"embedOptions": {"loader": {}, "actions": True}},
        "encoding": {"x": X, "href": {"value": link}}, "mark": {"type": "point", "href": link},
    }  # fmt: skip
    assert "javascript" not in json.dumps(checked(spec))
    assert "usermeta" not in checked(spec)


REFUSED: dict[str, Any] = {
    "data from a server": {**POINT, "data": {"url": "http://evil.example/x.json"}},
    "data from a file": {**POINT, "data": {"url": "file:///etc/passwd"}},
    "data from a server in a lookup": {
        **POINT, "transform": [{"lookup": "a", "from": {"data": {"url": "http://evil.example/"}, "key": "a", "fields": ["b"]}}]
    },
    "data in a place of its own": {**POINT, "encoding": {"x": {**X, "data": {"url": "http://evil.example/"}}}},
    "data that is not there": {**POINT, "data": {"name": "elsewhere"}},
    "topojson": {**POINT, "data": {"values": {}, "format": {"type": "topojson", "feature": "x"}}},
    "an image mark": {**POINT, "mark": "image", "encoding": {"url": {"value": "http://evil.example/p.gif"}}},
    "an image mark in a layer": {"data": {"values": ROWS}, "layer": [{"mark": {"type": "image", "url": "http://evil.example/"}}]},
    "a url channel": {**POINT, "encoding": {"url": {"field": "a"}}},
    "a url in a mark": {**POINT, "mark": {"type": "point", "url": "http://evil.example/"}},
    "a map": {**POINT, "mark": "geoshape"},
    "a sequence without end": {**POINT, "data": {"sequence": {"start": 0, "stop": 1e9}}},
    "a sequence with a step of nothing": {**POINT, "data": {"sequence": {"start": 0, "stop": 10, "step": 0}}},
    "a sequence to fill in": {**POINT, "transform": [{"impute": "a", "key": "b", "keyvals": {"start": 0, "stop": 1e9}}]},
    "a width beyond reason": {**POINT, "width": 1e9},
    "a negative height": {**POINT, "height": -5},
    "steps beyond reason": {**POINT, "transform": [{"density": "a", "steps": 10**9}]},
    "bins beyond reason": {**POINT, "encoding": {"x": {**X, "bin": {"maxbins": 10**9}}}},
    "ticks beyond reason": {**POINT, "encoding": {"x": {**X, "axis": {"tickCount": 10**9}}}},
    "a Vega specification": {"$schema": "https://vega.github.io/schema/vega/v6.json", "marks": []},
    "signals": {**POINT, "signals": [{"name": "x", "update": "alert(1)"}]},
    "signals in the config": {**POINT, "config": {"signals": [{"name": "x"}]}},
    "an event with a filter": {
        **POINT, "params": [{"name": "p", "select": {"type": "point", "on": "click[scale(event.view.setTimeout,'alert(1)')]"}}]
    },
    "an event as an object": {**POINT, "params": [{"name": "p", "select": {"type": "point", "on": {"type": "click"}}}]},
    "an element of the page": {**POINT, "params": [{"name": "p", "bind": {"input": "range", "element": "#main"}}]},
    "a regular expression": {**POINT, "transform": [{"filter": "test(/(a+)+$/, datum.a)"}]},
    "an unknown function": {**POINT, "transform": [{"calculate": "fetch('http://evil.example')", "as": "z"}]},
    "an unknown top level key": {**POINT, "onload": "alert(1)"},
    "an unknown transform": {**POINT, "transform": [{"wordcloud": 1}]},
    "no object": [1, 2],
    "no data in a list": {"data": [1, 2], "mark": "point"},
    "layers that are no list": {"data": {"values": ROWS}, "layer": {"mark": "point"}},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_attacks_need_is_refused(name: str) -> None:
    with pytest.raises(ChartError):
        checked(REFUSED[name])


HOSTILE = (
    "scale('f','x',{context:{scales:{f:[].constructor.constructor}}})('alert(1)')()",
    "event.view.setTimeout('alert(1)')",
    "vlSelectionTuples([{datum:1}], {fields:[{getter:[].constructor.constructor}]})",
    "setdata('x', 1)",
    "datum.constructor",
    "datum['constructor']",
    "datum['__proto__']",
    "datum['const' + 'ructor']",
    "datum[datum.a]",
    "datum.a.b.constructor('alert(1)')()",
    "datum.toString()",
    "{toString: datum.a}",
    "[].filter.constructor('x')()",
    "(datum.a)('x')",
    "'x'.constructor",
    "window.alert(1)",
    "self",
    "this.alert",
    "alert`1`",
    "datum.a = 1",
    "a => a",
    "new Date()",
    "modify('x')",
    "data('x')",
    "warn('x')",
    "random()",
    "now()",
    "regexp('(a+)+$')",
    "'a\\u0062'",
    "datum['constru\\x63tor']",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_expressions_that_reach_for_more_are_refused(text: str) -> None:
    with pytest.raises(ChartError):
        check_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "datum.a > 3 && datum['b c'] <= 10",
        "datum.a / datum.b / 2",
        "if(isValid(datum.a), format(datum.a, '.2f'), 'none')",
        "[1, 2, 3][1] + {a: 1}.a",
        "indexof(['x', 'y'], datum.c) >= 0 ? 'yes' : 'no'",
        "timeFormat(datum.t, '%Y-%m')",
        "!datum.flag || -datum.a % 2 == 1",
        "datum.a.b[0].c",
        "brush.a && inrange(datum.a, brush.a)",
    ],
)
def test_ordinary_expressions_pass(text: str) -> None:
    check_expression(text, names={"brush"})


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz_$", min_size=1, max_size=12))
def test_no_function_outside_the_list_can_be_called(name: str) -> None:
    if name in FUNCTIONS and name != "now":
        check_expression(f"{name}(1)")
    else:
        with pytest.raises(ChartError):
            check_expression(f"{name}(1)")


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    with contextlib.suppress(ChartError):
        check_expression(text)


def test_sizes_are_limited() -> None:
    limits = SpecLimits(rows=20, spec_bytes=500)
    with pytest.raises(ChartError, match="more than 20 rows"):
        checked(POINT, limits=limits)
    with pytest.raises(ChartError, match="at most 500"):
        load_spec(json.dumps(POINT).encode(), limits=limits)
    split = {"datasets": {"x": ROWS[:15], "y": ROWS[:15]}, "data": {"name": "x"}, "mark": "point"}
    with pytest.raises(ChartError, match="more than 20 rows"):
        checked(split, limits=limits)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 5000, b'{"mark": ' * 3000])
def test_files_that_are_no_specification_are_refused_in_words(text: bytes) -> None:
    with pytest.raises(ChartError):
        load_spec(text)


def test_numbers_that_are_none_become_null() -> None:
    spec = load_spec(b'{"data": {"values": [{"a": NaN}, {"a": Infinity}]}, "mark": "point"}')
    assert spec["data"]["values"] == [{"a": None}, {"a": None}]


def test_data_is_left_as_it_is() -> None:
    data = [{"href": "javascript:x", "url": "y", "expr": "alert(1)", "signal": 1}]
    assert checked({**POINT, "data": {"values": data}})["data"]["values"] == data
