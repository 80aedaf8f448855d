"""Records that steps left in a workspace: each is a run of the build that wrote it, whichever builds archive it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import reportgen
from reportgen.demo.model import Controller
from reportgen.harvest.directory import DirectorySource
from reportgen.harvest.ingest import harvest
from reportgen.model import Build
from reportgen.report import SilentReporter
from reportgen.store.db import Store
from tests.readers.reading import fixture
from tests.support.home import write_home
from tests.support.jenkins import NOW, Bench, bench, build, job, pipeline

JOB = "churn/train-model"
ROOT = Path(__file__).resolve().parents[2]


def step(workspace: Path, number: int, value: float) -> None:
    """What a step of this build writes into the workspace that builds share."""
    environ = {"JOB_NAME": JOB, "BUILD_NUMBER": str(number), "STAGE_NAME": "train"}
    with reportgen.start_run(directory=workspace / "reportgen-results", environ=environ, environment=False) as run:
        run.log_param("seed", number)
        run.log_metric("val/f1", value, direction="higher")
        run.log_table("folds", [{"fold": 1, "f1": value}])


def archived(workspace: Path) -> dict[str, bytes]:
    """What ``archiveArtifacts 'reportgen-results/**'`` takes from the workspace."""
    return {str(path.relative_to(workspace)): path.read_bytes() for path in sorted(workspace.rglob("*")) if path.is_file()}


def values(built: Build) -> list[float | int | str | None]:
    return [metric.value for run in built.runs for metric in run.metrics]


def carried(built: Build) -> list[str]:
    return [a.reason for run in built.runs for a in run.attachments if a.reason and "carried over" in a.reason]


def check(fifty_two: Build, fifty_three: Build, fifty_four: Build) -> None:
    assert values(fifty_two) == [0.52]
    assert carried(fifty_two) == []
    assert values(fifty_three) == [0.53]
    assert [run.params["seed"] for run in fifty_three.runs] == [53]
    assert carried(fifty_three) == [f"carried over from {JOB}#52"]
    [implicit] = fifty_four.runs  # it wrote nothing, and archived what both had left
    assert (implicit.status, values(fifty_four)) == ("implicit", [])
    assert sorted(carried(fifty_four)) == [f"carried over from {JOB}#52", f"carried over from {JOB}#53"]


@pytest.fixture
def builds(tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    found = []
    for number, value in ((52, 0.52), (53, 0.53), (54, None)):
        if value is not None:
            step(workspace, number, value)
        found.append(build(number, artifacts=archived(workspace)))
    return found


def all_three(b: Bench) -> tuple[Build, Build, Build]:
    return b.build(JOB, 52), b.build(JOB, 53), b.build(JOB, 54)


def test_a_record_left_behind_never_becomes_a_run_of_a_later_build(tmp_path, builds):
    with bench(tmp_path, pipeline(JOB, *builds)) as b:
        b.harvest()
        check(*all_three(b))


def test_nor_when_the_build_that_wrote_it_comes_later_or_never(tmp_path, builds):
    with bench(tmp_path, pipeline(JOB, *builds[1:])) as b:
        b.harvest()
        assert values(b.build(JOB, 53)) == [0.53]
        b.change(pipeline(JOB, *builds))
        b.harvest(full=True)
        check(*all_three(b))


def test_nor_from_a_copy_of_jenkins(tmp_path, builds):
    home = tmp_path / "home"
    write_home(Controller(jobs=(pipeline(JOB, *builds),)), home)
    with bench(tmp_path) as b, Store.open(tmp_path / "copied") as store:
        harvest(DirectorySource(home, b.config()), store, b.config(), now=NOW, reporter=SilentReporter())
        with store.view() as view:
            check(view.build(JOB, 52), view.build(JOB, 53), view.build(JOB, 54))


def test_a_step_that_was_killed_in_the_build_before_is_no_run_of_this_one(tmp_path):
    code = "import os, reportgen; run = reportgen.start_run('train'); run.log_metric('val/f1', 0.1); os.kill(os.getpid(), 9)"
    environ = {"JOB_NAME": JOB, "BUILD_NUMBER": "52", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, check=False)
    workspace = {path: content for path, content in archived(tmp_path).items() if path.startswith("reportgen-results")}
    assert len(workspace) == 1
    with bench(tmp_path, pipeline(JOB, build(52, artifacts=workspace, result="ABORTED"), build(53, artifacts=workspace))) as b:
        b.harvest()
        assert [(run.status, len(run.metrics)) for run in b.build(JOB, 52).runs] == [("interrupted", 1)]
        assert [(run.status, len(run.metrics)) for run in b.build(JOB, 53).runs] == [("implicit", 0)]


def test_a_record_of_another_job_with_the_same_number_is_carried_over(tmp_path, builds):
    with bench(tmp_path, pipeline("churn/copy", replace(builds[0], number=52))) as b:
        b.harvest()
        built = b.build("churn/copy", 52)
        assert values(built) == []
        assert carried(built) == [f"carried over from {JOB}#52"]


@pytest.mark.parametrize(("models", "state"), [("link", "linked"), ("copy", "stored")])
def test_a_tracked_run_has_its_model_and_whatever_else_the_build_archived(models: str, state: str, tmp_path: Path) -> None:
    files = {**fixture("mlflow-models"), "plot.png": fixture("pictures")["plot.png"], "notes.md": b"fine\n"}
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = f'[[jobs]]\nname = "t"\nmodels = "{models}"\n'
        assert not b.harvest().incomplete
        read = b.build("t", 1)
        (run,) = read.runs
        assert (run.name, run.models[0].framework, run.notes) == ("linear", "scikit-learn", ("fine\n",))
        assert [each.label for each in run.attachments] == ["plot.png"]
        (kept,) = (each for each in read.artifacts if each.path.endswith("model.pkl"))
        assert (kept.state, kept.sha256) == (state, run.models[0].sha256)
        assert (b.store.blobs.find(kept.sha256 or "") is None) == (models == "link")
