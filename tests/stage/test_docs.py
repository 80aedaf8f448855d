"""The pages about logging: their Python runs, their shell lines work, and what they list is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import reportgen
from reportgen.record import KINDS, read_record

ROOT = Path(reportgen.__file__).parents[1]
DOCS = ROOT / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


def records(directory: Path):
    return [read_record(path.parent.name, path.read_bytes()) for path in directory.glob("reportgen-results/*/events.jsonl")]


def clean_environment() -> dict[str, str]:
    drop = ("REPORTGEN_", "JOB_", "BUILD_", "STAGE_")
    return {**{key: value for key, value in os.environ.items() if not key.startswith(drop)}, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    ("page", "runs"), [("tutorial/first-run.md", 1), ("how-to/log-from-python.md", 11), ("how-to/log-from-notebook.md", 1)]
)
def test_the_python_of_a_page_runs(tmp_path, page, runs):
    code = "\n".join(blocks(page, "python"))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = records(tmp_path)
    assert len(found) == runs
    assert {record.status for record in found} == {"complete"}


@pytest.mark.slow
def test_the_notebook_of_a_jenkins_job_runs_as_the_page_says(tmp_path):
    cells = [
        "import reportgen\nrun = reportgen.start_run()",
        *blocks("how-to/log-from-notebook.md", "python")[1:2],
        "with reportgen.start_run('own', environment=False) as inner:\n    inner.log_metric('m', 1)",
    ]
    notebook = {
        "cells": [
            {"cell_type": "code", "id": f"c{at}", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
            for at, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (tmp_path / "analysis.ipynb").write_text(json.dumps(notebook))
    [script] = blocks("how-to/log-from-notebook.md", "sh")
    tools = Path(sys.executable).parent
    env = {**clean_environment(), "PATH": f"{tools}:{os.environ['PATH']}", "JOB_NAME": "analyse", "BUILD_NUMBER": "3"}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nbformat" in json.loads((tmp_path / "executed.ipynb").read_text())
    found = {record.name: record for record in records(tmp_path)}
    assert set(found) == {"report", "own"}
    assert {event["name"] for event in found["report"].events if event["kind"] in ("param", "metric")} >= {
        "window_days",
        "val/f1",
    }
    assert found["report"].status == found["own"].status == "complete"
    assert found["own"].opening["parent"] == found["report"].directory
    assert found["report"].ci["build"] == 3


def test_the_example_of_autolog_logs_the_folds_and_the_fit(tmp_path):
    [code] = [block for block in blocks("how-to/log-from-python.md", "python") if "autolog" in block]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), check=True)
    [found] = records(tmp_path)
    logged = {event["kind"]: set() for event in found.events}
    for event in found.events:
        logged[event["kind"]].add(event.get("name"))
    assert "LogisticRegression/C" in logged["param"]
    assert {"LogisticRegression/cv/score", "LogisticRegression-2/fit_seconds"} <= logged["metric"]


def test_the_tutorial_shows_the_tree_and_the_event_that_are_written(tmp_path):
    subprocess.run(
        [sys.executable, "-c", blocks("tutorial/first-run.md", "python")[0]], cwd=tmp_path, env=clean_environment(), check=True
    )
    [directory] = (tmp_path / "reportgen-results").iterdir()
    assert {path.name for path in directory.iterdir()} == {"events.jsonl", "files", "metrics.json", "params.json"}
    assert (directory / "files" / "rows-val.csv").is_file()
    [shown] = blocks("tutorial/first-run.md", "json")
    f1 = next(e for e in records(tmp_path)[0].events if e.get("name") == "val/f1")
    shown_fields = json.loads(shown)
    assert set(shown_fields) <= set(f1)
    for key in ("value", "low", "high", "no_skill"):
        assert round(f1[key], 3) == shown_fields[key]
    assert f1["n"] == shown_fields["n"]


@pytest.mark.slow
def test_the_tutorial_ends_with_the_page_of_the_run(tmp_path):
    code = blocks("tutorial/first-run.md", "python")[0]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), check=True)
    [script] = [block for block in blocks("tutorial/first-run.md", "sh") if "harvest --from" in block]
    lines = script.replace("reportgen serve --open", "reportgen build --no-harvest").replace(
        "reportgen ", f"{sys.executable} -m reportgen "
    )
    done = subprocess.run(
        ["sh", "-ec", lines], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 job: 1 new" in done.stderr
    page = (tmp_path / "report/public/latest/jobs/reportgen-results/1/index.html").read_text()
    for shown in ("0.697", "0.642", "0.748", "March backfill", "Calibration", "ROC"):
        assert shown in page
    assert page.count("data-chart=") == 5


def test_the_shell_lines_of_the_page_work(tmp_path):
    for name in ("validation.csv", "errors.csv", "train.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    (tmp_path / "model.pkl").write_bytes(b"model")
    (tmp_path / "confusion.png").write_bytes(b"\x89PNG")
    own = f"{shlex.quote(sys.executable)} -m reportgen"
    for block in blocks("how-to/log-from-shell.md", "sh"):
        script = "set -eu\n" + block.replace("reportgen log", f"{own} log").replace(
            "reportgen run -- ./train --epochs 10", f"{own} run -- true"
        )
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    kinds = {event["kind"] for record in records(tmp_path) for event in record.events}
    assert kinds == {"run", "param", "metric", "dataset", "model", "table", "figure", "note", "end"}
    assert len(records(tmp_path)) == 3


GIVEN_IN_R = """
set.seed(7)
make <- function(n) { x <- rnorm(n); data.frame(x = x, label = rbinom(n, 1, plogis(x))) }
train <- make(200)
valid <- make(100)
write.csv(valid, "validation.csv", row.names = FALSE)
auc <- 0.75
brier <- 0.2
"""


def test_the_lines_of_the_page_for_r_work_in_r_and_those_of_python_after_them(tmp_path):
    (tmp_path / "step.R").write_text("\n".join([GIVEN_IN_R, *blocks("how-to/log-from-r.md", "r")]))
    environment = clean_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    [after] = blocks("how-to/log-from-r.md", "sh")
    for command in (["Rscript", "step.R"], ["sh", "-c", after]):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    by_stage = {record.stage: record for record in records(tmp_path)}
    assert set(by_stage) == {"reportgen", "validate"}
    logged = {(event["kind"], event.get("name")): event for event in by_stage["reportgen"].events}
    assert logged["param", "alpha"]["value"] == 0.5
    assert (logged["metric", "val/auc"]["value"], logged["metric", "val/auc"]["n"]) == (0.75, 100)
    assert {("param", "family"), ("table", "coefficients"), ("figure", "residuals"), ("model", "model.rds")} <= set(logged)
    assert logged["dataset", "validation"]["rows"] == 100
    found = {event["name"]: event for event in by_stage["validate"].events if event["kind"] == "metric"}
    assert 0.5 < found["val/roc_auc"]["low"] < found["val/roc_auc"]["value"] < 1
    assert found["val/brier"]["n"] == 100


def test_the_reference_lists_every_kind():
    text = (DOCS / "reference/record.md").read_text().partition("## Events")[2].partition("## Values")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == KINDS


def test_the_reference_lists_every_helper():
    text = (DOCS / "reference/helpers.md").read_text()
    for target in re.findall(r"^::: (\S+)", text, re.MULTILINE):
        module, _, name = target.rpartition(".")
        try:
            found = getattr(__import__(module, fromlist=[name]), name)
        except AttributeError:
            found = __import__(target, fromlist=["_"])
        assert found.__doc__
