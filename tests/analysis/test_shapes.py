"""Exports: the documented shapes hold for anything, and CSV cells start no formula."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.analysis.compare import compare
from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.shapes import (
    COMPARE_CSV,
    LEADERBOARD_CSV,
    RUN_CSV,
    RunsTable,
    compare_json,
    csv_text,
    csv_under,
    leaderboard_json,
    leaderboard_rows,
    leaderboard_text,
    line,
    run_json,
    runs_text,
    safe_cell,
)
from reportgen.analysis.values import MetricOptions
from reportgen.analysis.verdict import board_verdict
from reportgen.model import RunKey, RunRow
from reportgen.site.pages.base import Site
from tests.analysis.rows import SET_A, SET_B, at, digest, metric, options, row
from tests.analysis.test_leaderboard import many

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


def checked(value: Any, name: str) -> Any:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    again = json.loads(line(value))
    jsonschema.validate(again, schema, cls=jsonschema.Draft202012Validator)
    return again


def test_every_column_of_the_csv_is_documented_in_its_order() -> None:
    text = (SCHEMAS.parent / "reference" / "exports.md").read_text()
    tables = [re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in text.split("\n### ")[1:]]
    assert tables == [list(RUN_CSV), list(LEADERBOARD_CSV), list(COMPARE_CSV)]


RUN = row(
    7, metric(0.7, (0.6, 0.8), n=100), model="m1", params={"depth": 4, "x": math.inf, "list": [1, math.nan]},
    tags={"kind": "a"}, upstream=(("churn/train", 3),), commit="abc", gone_since=at(99),
    metrics={"val/odd": metric(math.nan, direction=None)},
)  # fmt: skip


def test_a_run_is_listed_as_documented() -> None:
    found = run_json(RUN, page="jobs/churn/validate/7/index.html", url="https://ci/job/churn/job/validate/7/")
    checked({"schema": 1, "data_as_of": None, "runs": [found]}, "runs")
    assert found["started_at"] == "2026-01-01T07:00:00Z"
    assert found["metrics"]["val/f1"] == {"value": 0.7, "low": 0.6, "high": 0.8, "n": 100, "direction": "higher"}
    assert found["metrics"]["val/odd"]["value"] == "nan"
    assert found["params"] == {"depth": 4, "list": [1, "nan"], "x": "inf"}
    assert found["upstream"] == [{"job": "churn/train", "number": 3}]
    assert found["gone"] == {"last_seen": "2026-01-05T03:00:00Z"}
    assert found["models"][0]["sha256"] == digest("m1")


def test_a_direction_is_told_as_pages_tell_it() -> None:
    """Configured, else logged, else known by the name; null where nothing tells."""
    names = ("val/f1", "val/rmse", "val/odd", "val/score", "val/none")
    logged = {"val/f1": "lower", "val/none": "none"}
    run = row(1, metrics={name: metric(1.0, name=name, direction=logged.get(name)) for name in names})  # type: ignore[arg-type]
    about = {"val/score": MetricOptions(name="val/score", direction="lower"), "val/none": MetricOptions(name="val/none")}
    found = run_json(run, about=about)
    checked({"schema": 1, "data_as_of": None, "runs": [found]}, "runs")
    told = {name: each["direction"] for name, each in found["metrics"].items()}
    assert told == {"val/f1": "lower", "val/rmse": "lower", "val/odd": None, "val/score": "lower", "val/none": "none"}
    site = Site(name="s", metrics=about)
    assert {name: site.style(name, [run.metrics[name]]).direction for name in names} == {
        name: direction or "none" for name, direction in told.items()
    }


def test_runs_stand_one_per_line() -> None:
    lines = [line(run_json(RUN)), line(run_json(row(8)))]
    text = "".join(runs_text(lines, at(8), parts=["jobs/a/runs.json"]))
    found = json.loads(text)
    jsonschema.validate(found, json.loads((SCHEMAS / "runs.schema.json").read_text()))
    assert (found["data_as_of"], found["parts"], len(found["runs"])) == ("2026-01-01T08:00:00Z", ["jobs/a/runs.json"], 2)
    assert text.splitlines()[1:3] == [lines[0] + ",", lines[1]]
    assert json.loads("".join(runs_text([], None))) == {"schema": 1, "data_as_of": None, "runs": []}


def test_a_leaderboard_is_exported_as_documented() -> None:
    rows = [
        row(1, 0.7, (0.6, 0.8)),
        row(2, 0.8, (0.7, 0.9)),
        row(3, result="FAILURE"),
        row(4, 0.9, data=SET_B),
        row(5, metric(math.inf)),
    ]
    found = leaderboard_json(leaderboard(rows, options(columns=("val/f1", "params.x"), baseline=RunKey("churn/validate", 1))))
    again = checked(found, "leaderboard")
    assert [b["comparable"] for b in again["boards"]] == [{"dataset.validation": SET_A}, {"dataset.validation": SET_B}]
    first = again["boards"][0]["rows"]
    assert [(r["number"], r["rank"], r["separable"], r["missing"], r["baseline"]) for r in first] == [
        (2, 1, None, None, False), (1, 2, False, None, True),
        (5, None, None, "not finite", False), (3, None, None, "build failed", False),
    ]  # fmt: skip
    assert first[2]["value"] == "inf"
    shared = leaderboard_json(leaderboard([row(1, 0.7), row(2, 0.7), row(3, 0.6)], options()))
    assert [(r["rank"], r["tied"]) for r in shared["boards"][0]["rows"]] == [(1, True), (1, True), (3, False)]
    grouped = leaderboard_json(leaderboard(rows, options(group_by=("params.x",))))
    assert checked(grouped, "leaderboard")["boards"][0]["rows"][0]["group"]["n"] == 2


def test_the_csv_of_a_leaderboard_has_the_same_rows() -> None:
    rows = [row(1, 0.7, params={"x": "=1+1"}), row(2, 0.8), row(3, 0.9, data=None)]
    text = "".join(csv_text(leaderboard_rows(leaderboard(rows, options(columns=("params.x",))))))
    found = list(csv.DictReader(io.StringIO(text)))
    assert [(r["board"], r["rank"], r["number"], r["params.x"]) for r in found] == [
        ("unknown", "1", "3", ""), (SET_A, "1", "2", ""), (SET_A, "2", "1", "'=1+1"),
    ]  # fmt: skip


def test_a_comparison_is_exported_as_documented() -> None:
    runs = [row(1, 0.7, (0.68, 0.72), params={"a": 1, "b": 1}), row(2, 0.8, (0.78, 0.82), params={"a": 1, "b": math.nan})]
    again = checked(compare_json(compare(runs)), "compare")
    assert [(p["name"], p["values"], p["same"]) for p in again["params"]] == [("b", [1, "nan"], False), ("a", [1, 1], True)]
    (f1,) = again["metrics"]
    assert (f1["deltas"][0], f1["deltas"][1], f1["separable"]) == (None, pytest.approx(0.1), [None, True])


def test_the_table_of_runs_has_a_column_for_everything() -> None:
    runs = [run_json(RUN, page="p"), run_json(row(8, 0.5, params={"=cmd": "@x", "n": -1.5, "s": "-1.5"}))]
    table = RunsTable()
    for run in runs:
        table.learn(run)
    found = list(csv.reader(io.StringIO("".join([*csv_text([table.columns]), *table.lines(runs)]))))
    assert ",".join(found[0][:12]) == "job,number,name,stage,result,status,started_at,duration_s,commit,url,page,gone"
    assert found[0][12:] == [
        "params.=cmd", "params.depth", "params.list", "params.n", "params.s", "params.x", "metrics.val/f1", "metrics.val/odd",
        "tags.kind",
    ]  # fmt: skip
    first, second = (dict(zip(found[0], cells, strict=True)) for cells in found[1:])
    assert (first["gone"], first["metrics.val/odd"], first["params.list"]) == ("2026-01-05T03:00:00Z", "nan", '[1,"nan"]')
    assert (second["params.=cmd"], second["params.n"], second["params.s"]) == ("'@x", "-1.5", "-1.5")


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text('x",;\r\n\u2028 =', max_size=6)), max_size=5))
def test_lines_of_csv_written_apart_are_those_written_together(found) -> None:
    runs = [run_json(row(number, 0.5, params=params)) for number, params in enumerate(found)]
    table, apart = RunsTable(), []
    for run in runs:
        table.learn(run)
        own = RunsTable()
        own.learn(run)
        apart += [(own.columns, text) for text in own.lines([run])]
    assert list(csv_under(table.columns, apart)) == list(table.lines(runs))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"), ("+1+1", "'+1+1"), ("-1+1", "'-1+1"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("＝1", "'＝1"), (" =1", "' =1"), ("-1.5", "-1.5"),
        (-1.5, -1.5), ("-1e-3", "-1e-3"),
        ("text", "text"), (None, ""), (True, "true"), (math.nan, "nan"), ("-٣", "'-٣"), ([1], "[1]"),
    ],
)  # fmt: skip
def test_no_cell_starts_a_formula(value: Any, cell: Any) -> None:
    assert safe_cell(value) == cell


@given(many)
def test_every_leaderboard_fits_its_schema(rows: list[RunRow]) -> None:
    board = leaderboard(rows, options(columns=("val/f1",)))
    again = checked(leaderboard_json(board), "leaderboard")
    assert "".join(leaderboard_text(board)) == line(leaderboard_json(board)) + "\n"
    assert sum(len(b["rows"]) for b in again["boards"]) == len(rows)


@given(st.text())
def test_text_comes_back_from_csv_with_at_most_an_apostrophe(text: str) -> None:
    (found,) = next(csv.reader(io.StringIO("".join(csv_text([[text]])), newline="")), [""])
    assert found in (text, f"'{text}")


finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.7976931348623157e308, -1e308, 1e200, 5e-324])


@given(st.lists(st.tuples(finite, finite, st.integers(0, 2)), min_size=1, max_size=9), st.booleans())
@example([(1.7976931348623157e308, 0.0, 0), (1e300, 0.0, 0), (1.5e308, 1e308, 0), (1e200, 1e160, 0), (-1e308, 1e308, 0)], True)
def test_a_board_of_any_numbers_is_judged_and_exported(found: list[tuple[float, float, int]], grouped: bool) -> None:
    rows = [
        row(
            number,
            metric(value, (value - abs(reach), value + abs(reach))),
            model=f"m{number}",
            params={"of": of, "seed": number},
        )
        for number, (value, reach, of) in enumerate(found, 1)
    ]
    more = {"group_by": ("params.of",)} if grouped else {"columns": ("shrunk",)}
    board = leaderboard(rows, options(**more))
    checked(leaderboard_json(board), "leaderboard")
    assert board_verdict(board.current).text
    means = [r.value for r in board.boards[0].rows]
    assert all(value is not None and min(v for v, _, _ in found) <= value <= max(v for v, _, _ in found) for value in means)
    checked(compare_json(compare([rows[0], rows[-1]])), "compare")
