"""`summary` of a metric: which value of its series counts, on every page, in every export and on the command line."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen import cli
from reportgen.analysis.values import MetricOptions
from reportgen.model import Build, Point
from reportgen.site.summed import open_view
from tests.site.support import CONFIG, Project, make_build

STEPS = {1: (0.6, 0.9, 0.7), 2: (0.5, 0.6, 0.8), 3: (0.1, 0.2, 0.75)}
"""Values of the series by build; the last is what was logged."""


def build(number: int) -> Build:
    made = make_build(number, f1=STEPS[number][-1])
    series = {"val/f1": tuple(Point(step=10 * step, value=value) for step, value in enumerate(STEPS[number]))}
    return replace(made, runs=(replace(made.runs[0], series=series),))


def config(how: str) -> str:
    return f'{CONFIG}\n[metrics."val/f1"]\ntitle = "F1"\nformat = ".3f"\nsummary = "{how}"\n'


def project(root: Path, how: str) -> Project:
    found = Project(root, config(how))
    found.save([build(number) for number in STEPS])
    return found


def printed(project: Project, *arguments: str) -> Any:
    out = io.StringIO()
    with redirect_stdout(out):
        assert cli.main([*arguments, "--json", "-f", str(project.root / "reportgen.toml")]) == 0
    return json.loads(out.getvalue())


def text(project: Project, path: str) -> str:
    return (project.output / "latest" / path).read_text("utf-8")


@pytest.mark.parametrize(
    ("how", "order", "values"),
    [
        ("last", [2, 3, 1], [0.8, 0.75, 0.7]),
        ("best", [1, 2, 3], [0.9, 0.8, 0.75]),
        ("max", [1, 2, 3], [0.9, 0.8, 0.75]),
        ("min", [1, 2, 3], [0.6, 0.5, 0.1]),
        ("mean", [1, 2, 3], [2.2 / 3, 1.9 / 3, 0.35]),
    ],
)
def test_boards_and_exports_hold_the_value_that_counts(tmp_path: Path, how: str, order: list[int], values: list[float]) -> None:
    found = project(tmp_path, how)
    rows = printed(found, "show", "churn")["boards"][0]["rows"]
    assert [row["number"] for row in rows] == order
    assert [row["value"] for row in rows] == pytest.approx(values)
    logged = [row["low"] is not None for row in rows]
    assert logged == [value == STEPS[number][-1] for number, value in zip(order, values, strict=True)]
    runs = {run["number"]: run["metrics"]["val/f1"]["value"] for run in printed(found, "show")["runs"]}
    assert [runs[number] for number in order] == pytest.approx(values)
    compared = printed(found, "compare", *(f"churn/validate#{number}" for number in order))
    f1 = next(metric for metric in compared["metrics"] if metric["name"] == "val/f1")
    assert f1["values"] == pytest.approx(values)


def test_the_site_tells_the_value_that_counts_and_moves_with_the_configuration(tmp_path: Path) -> None:
    found = project(tmp_path, "last")
    found.build()
    assert "F1 0.700" in text(found, "jobs/churn/validate/1/index.html")
    (tmp_path / "reportgen.toml").write_text(config("best"))
    found.build(1)
    page = text(found, "jobs/churn/validate/1/index.html")
    assert "F1, best of its steps 0.900" in page
    board = text(found, "leaderboards/churn/index.html")
    assert "F1, best of its steps" in board
    assert "The step that counts was chosen on the data it is scored on" in board
    exported = json.loads(text(found, "data/runs.json"))
    assert {run["number"]: run["metrics"]["val/f1"]["value"] for run in exported["runs"]} == {1: 0.9, 2: 0.8, 3: 0.75}
    assert {run["number"]: run["metrics"]["val/recall"]["value"] for run in exported["runs"]} == {1: 0.6, 2: 0.6, 3: 0.6}


def test_the_view_tells_it_however_runs_are_read(tmp_path: Path) -> None:
    found = project(tmp_path, "best")
    about = {"val/f1": MetricOptions(name="val/f1", summary="best")}
    with open_view(found.root / ".reportgen", about) as view:
        whole = view.run_rows()
        named = view.run_rows(metrics=["val/f1"])
        one = view.run_rows(ids=[whole[0].build_id], metrics=["val/f1", "val/recall"])
        assert [row.metrics["val/f1"].value for row in whole] == [0.75, 0.8, 0.9]
        assert [dict(row.metrics) for row in named] == [{"val/f1": row.metrics["val/f1"]} for row in whole]
        assert dict(one[0].metrics) == {name: whole[0].metrics[name] for name in ("val/f1", "val/recall")}
        assert list(view.iter_run_rows()) == whole
        assert [row.metrics for row in view.run_rows(metrics=["val/recall"])] != []
        builds = list(view.builds([row.build_id for row in whole]))
    best = [next(metric for metric in build.runs[0].metrics if metric.name == "val/f1") for build in builds]
    assert [(metric.value, metric.step, metric.low) for metric in best][2] == (0.9, 10, None)
    assert [metric.value for metric in best] == [0.75, 0.8, 0.9]
    lower = {"val/f1": MetricOptions(name="val/f1", summary="best", direction="lower")}
    with open_view(found.root / ".reportgen", lower) as view:
        assert [row.metrics["val/f1"].value for row in view.run_rows()] == [0.1, 0.5, 0.6]
