"""From `reportgen init` to a site, and what happens when Jenkins does not play along."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
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
    *_, last = said.splitlines()
    assert last.startswith("warning: the harvest was incomplete (wisconsin/drift: Jenkins at http://127.0.0.1:9/ cannot be ")
    assert re.search(r"the site shows what is in the store, data as of \d{4}-\d\d-\d\d \d\d:\d\d UTC$", last)
    assert [{**run, "url": ""} for run in runs(project)] == before


def test_a_jenkins_that_is_down_leaves_the_site_as_it_is_and_says_so(
    project: Path, capsys: pytest.CaptureFixture[str], jenkins: SampleJenkins
) -> None:
    assert cli.main(["build"]) == 0
    page = (project / "public" / "latest" / "index.html").read_text("utf-8")
    jenkins.faults = Faults(rules=(Fault(where=".", status=503, headers=(("Retry-After", "0"),)),))
    capsys.readouterr()
    assert cli.main(["build"]) == 3
    *_, nothing_new, last = capsys.readouterr().err.splitlines()
    assert nothing_new.startswith("nothing new: ")
    assert last.startswith("warning: the harvest was incomplete (wisconsin/drift: Jenkins at ")
    assert "data as of" in last
    assert (project / "public" / "latest" / "index.html").read_text("utf-8") == page
    assert cli.main(["build", "--strict"]) == 1


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


def test_a_job_that_was_deleted_makes_one_night_red_and_not_all_that_follow(
    project: Path, jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["build"]) == 0
    jenkins.controller = jenkins.controller.without_job("wisconsin/drift")
    assert cli.main(["build"]) == 3
    capsys.readouterr()
    assert cli.main(["build"]) == 0
    said = capsys.readouterr().err
    what = "Jenkins no longer has this job, or no longer shows it to this user"
    assert f"warning: wisconsin/drift: {what}; its builds are kept (hint: " in said
    assert len(runs(project)) == 17
    assert all(run["gone"] for run in runs(project))


def test_what_jenkins_discards_stays_in_every_export_with_the_day_it_was_last_seen(
    project: Path, jenkins: SampleJenkins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z", "2026-12-03T00:00:00Z"]
    job = jenkins.controller.job("wisconsin/drift")
    assert job is not None
    numbers = sorted(build.number for build in job.builds)
    last_seen = {}
    for day, discarded in zip(days, ([], numbers[:-2], numbers), strict=True):
        last_seen.update({number: days[days.index(day) - 1] for number in discarded if number not in last_seen})
        jenkins.controller = jenkins.controller.with_job(job.without_builds(discarded))
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(datetime.fromisoformat(day).timestamp())))
        assert cli.main(["build"]) == 0
        capsys.readouterr()
        assert cli.main(["show", "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)["runs"]
        for told in (shown, runs(project)):
            gone = {run["number"]: run["gone"] and run["gone"]["last_seen"] for run in told}
            assert gone == {number: last_seen.get(number) for number in numbers}
            assert all(run["metrics"] for run in told)
