"""From `reportgen init` to a site, and what happens when Jenkins does not play along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.demo.faults import Fault, Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import Controller
from reportgen.demo.sample import load_sample


@pytest.fixture(scope="module")
def sample() -> Controller:
    return load_sample()


@pytest.fixture
def jenkins(sample: Controller) -> Iterator[SampleJenkins]:
    with SampleJenkins(sample) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, jenkins: SampleJenkins, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("JENKINS_USER", "JENKINS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    edit(tmp_path, "https://jenkins.example.com/", jenkins.url)
    edit(tmp_path, "my-folder/train-model", "wisconsin/drift")
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    file = project / "reportgen.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def runs(project: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((project / "public" / "latest" / "data" / "runs.json").read_text("utf-8"))[
        "runs"
    ]
    return found


def test_a_url_and_a_job_name_are_enough(project: Path) -> None:
    assert cli.main(["build"]) == 0
    assert {run["job"] for run in runs(project)} == {"wisconsin/drift"}
    assert len(runs(project)) == 17
    assert list((project / "public" / "latest" / "leaderboards").rglob("index.html"))


def test_an_unknown_job_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(project, "wisconsin/drift", "wisconsin/drfit")
    assert cli.main(["build"]) == 1
    said = capsys.readouterr().err
    assert "wisconsin/drfit" in said
    assert "hint: " in said
    assert not (project / "public" / "latest").exists()


def test_a_wrong_address_is_told_and_loses_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], jenkins: SampleJenkins
) -> None:
    assert cli.main(["build"]) == 0
    before = [{**run, "url": ""} for run in runs(project)]
    capsys.readouterr()
    edit(project, jenkins.url, "http://127.0.0.1:9/")
    assert cli.main(["build"]) == 3
    said = capsys.readouterr().err
    assert "127.0.0.1:9" in said
    assert [{**run, "url": ""} for run in runs(project)] == before


def test_a_wrong_address_with_an_empty_store_is_an_error(
    project: Path, jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project, jenkins.url, "http://127.0.0.1:9/")
    assert cli.main(["build"]) == 1
    assert "hint: " in capsys.readouterr().err


def test_a_wrong_token_is_told_without_the_token(
    project: Path, sample: Controller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JENKINS_USER", "reader")
    monkeypatch.setenv("JENKINS_TOKEN", "RGTOKEN-very-secret-0123456789")
    with SampleJenkins(replace(sample, users={"reader": "another"}, anonymous_read=False)) as closed:
        text = (project / "reportgen.toml").read_text("utf-8")
        (project / "reportgen.toml").write_text(
            "\n".join(f'url = "{closed.url}"' if line.startswith("url") else line for line in text.splitlines()), "utf-8"
        )
        assert cli.main(["--debug", "build"]) == 1
    said = capsys.readouterr().err
    assert "401" in said or "log" in said.lower()
    assert "RGTOKEN" not in said
    assert "JENKINS_TOKEN" in said


def test_an_unreadable_artifact_costs_only_itself(
    project: Path, jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.faults = Faults(rules=(Fault(where=r"/drift/5/artifact/", status=500),))
    assert cli.main(["build"]) == 3
    assert "5" in capsys.readouterr().err
    assert len(runs(project)) == 17
    assert next(run for run in runs(project) if run["number"] == 5)["metrics"] == {}
    jenkins.faults = Faults()
    assert cli.main(["build"]) == 0
    assert next(run for run in runs(project) if run["number"] == 5)["metrics"]


def test_strict_publishes_nothing_incomplete(project: Path, jenkins: SampleJenkins) -> None:
    jenkins.faults = Faults(rules=(Fault(where=r"/drift/5/artifact/", status=500),))
    assert cli.main(["build", "--strict"]) == 1
    assert not (project / "public" / "latest").exists()
