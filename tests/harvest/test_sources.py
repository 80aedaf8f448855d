"""Both sources, a Jenkins over HTTP and a copy of its home, pass one suite; and what plain directories give."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.config import parse_config
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import FREESTYLE, MATRIX, MATRIX_CONFIGURATION, MULTIBRANCH, Controller, SampleJob
from reportgen.errors import HarvestError, NotFound
from reportgen.harvest.directory import DirectorySource
from reportgen.harvest.http import TooLarge
from reportgen.harvest.ingest import harvest
from reportgen.harvest.source import Source
from reportgen.harvest.summary import HarvestSummary
from reportgen.model import Build
from reportgen.report import SilentReporter
from reportgen.store.db import Store
from tests.support.home import write_home
from tests.support.jenkins import NOW, Waits, bench, build, cause, http_for, job, metric, metrics, pipeline

PARAMETERS = {
    "_class": "hudson.model.ParametersAction",
    "parameters": [
        {"_class": "hudson.model.StringParameterValue", "name": "SEED", "value": "7"},
        {"_class": "hudson.model.BooleanParameterValue", "name": "DRY", "value": True},
        {"_class": "hudson.model.PasswordParameterValue", "name": "PW", "value": "{AQAAABAAAAAQ}"},
    ],
}
CHECKOUT = {
    "_class": "hudson.plugins.git.util.BuildData",
    "lastBuiltRevision": {"SHA1": "ab" * 20, "branch": [{"name": "refs/remotes/origin/main"}]},
    "remoteUrls": ["https://ann:s3cret@git.example.com/r.git"],
}
APPROVER = {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": "reviewer-1"}
TESTED = {
    "_class": "hudson.tasks.junit.TestResultAction",
    "failCount": 0,
    "skipCount": 1,
    "totalCount": 9,
    "urlName": "testReport",
}
RICH = build(
    3,
    actions=(
        PARAMETERS,
        CHECKOUT,
        APPROVER,
        TESTED,
        cause("hudson.model.Cause$UserIdCause", userId="bob"),
        cause("hudson.model.Cause$UpstreamCause", upstreamProject="a/b", upstreamBuild=7),
    ),
    description="<b>kept</b>",
    display_name="3-rc1",
    keep_log=True,
    result="UNSTABLE",
    fingerprint=({"fileName": "model.pkl", "hash": "cd" * 16},),
    console="one\ntwo\nthree\n",
    artifacts={"metrics.json": b'{"f1": 0.5}', "out/ü b#.csv": b"a,b\n", "big.bin": bytes(5000)},
)
CONTROLLER = Controller(
    jobs=(
        pipeline("churn/train", build(1), build(2, result="FAILURE"), RICH, build(4, building=True, result=None)),
        job("free", 1, 2, kind=FREESTYLE),
        SampleJob(name="mb", class_name=MULTIBRANCH),
        pipeline("mb/feature%2Ffoo", build(1)),
        job("grid", 1, kind=MATRIX),
        job("grid/depth=3,seed=1", 1, kind=MATRIX_CONFIGURATION),
    ),
)
ALL = parse_config('[[jobs]]\nname = "**"\n', Path("reportgen.toml"))
JOBS = {"churn/train", "free", "mb/feature%2Ffoo", "grid", "grid/depth=3,seed=1"}


@pytest.fixture(params=["jenkins", "directory"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    if request.param == "directory":
        write_home(CONTROLLER, tmp_path)
        yield DirectorySource(tmp_path, ALL)
        return
    from reportgen.harvest.jenkins import JenkinsSource

    with SampleJenkins(CONTROLLER) as server:
        found = JenkinsSource(http_for(server, Waits()))
        yield found
        found.close()


def test_every_job_is_found(source: Source) -> None:
    assert set(source.find_jobs(ALL.jobs).jobs) == JOBS
    assert set(source.find_jobs(ALL.jobs, ["churn"]).jobs) == {"churn/train"}


def test_builds_are_listed_newest_first_running_ones_too(source: Source) -> None:
    source.find_jobs(ALL.jobs)
    listing = source.list_builds("churn/train", facts=True, everything=True)
    assert [(each.number, each.running) for each in listing.builds] == [(4, True), (3, False), (2, False), (1, False)]
    assert (listing.first, listing.last, listing.complete) == (1, 4, True)
    third = listing.builds[1]
    assert (third.result, third.description, third.display_name, third.keep) == ("UNSTABLE", "<b>kept</b>", "3-rc1", True)
    assert third.facts == source.fetch_facts("churn/train", 3)


def test_facts_are_the_same(source: Source) -> None:
    source.find_jobs(ALL.jobs)
    facts = source.fetch_facts("churn/train", 3)
    built = facts.build
    assert (built.job, built.number, built.duration_s, built.result) == ("churn/train", 3, 5.0, "UNSTABLE")
    assert built.started_at.timestamp() * 1000 == RICH.timestamp
    assert built.parameters == {"SEED": "7", "DRY": True}
    assert (built.commit, built.branch, built.remote) == ("ab" * 20, "main", "https://git.example.com/r.git")
    assert built.approvers == ("reviewer-1",)
    assert built.tests is not None
    assert (built.tests.total, built.tests.skipped) == (9, 1)
    assert [(each.kind, each.user, each.job, each.number) for each in built.causes] == [
        ("user", "bob", None, None),
        ("upstream", None, "a/b", 7),
    ]
    assert [(each.file, each.md5) for each in built.fingerprints] == [("model.pkl", "cd" * 16)]
    assert set(facts.files) == set(RICH.artifacts)


def test_files_are_read_with_a_limit(source: Source) -> None:
    source.find_jobs(ALL.jobs)
    assert source.fetch_file("churn/train", 3, "out/ü b#.csv", limit=100).content == b"a,b\n"
    with pytest.raises(TooLarge):
        source.fetch_file("churn/train", 3, "big.bin", limit=100)
    with pytest.raises(NotFound):
        source.fetch_file("churn/train", 3, "none.json", limit=100)
    with pytest.raises(HarvestError):
        source.fetch_file("churn/train", 3, "../../build.xml", limit=100)


def test_logs_end_where_they_end(source: Source) -> None:
    source.find_jobs(ALL.jobs)
    assert source.fetch_console_tail("churn/train", 3, 2) == "two\nthree"


def test_what_is_not_there_is_not_found(source: Source) -> None:
    source.find_jobs(ALL.jobs)
    with pytest.raises(NotFound):
        source.list_builds("nobody")
    with pytest.raises(NotFound):
        source.fetch_facts("churn/train", 99)


def import_directory(keep: Path, directory: Path, **options: object) -> tuple[HarvestSummary, Store]:
    store = Store.open(keep)
    source = DirectorySource(directory, ALL, lambda job: {n: known.started_at for n, known in store.known_builds(job).items()})
    summary = harvest(source, store, ALL, now=NOW, reporter=SilentReporter(), **options)  # type: ignore[arg-type]
    return summary, store


def comparable(built: Build) -> Build:
    """A build without what a home does not tell (the words of a cause) and without an order of files."""
    causes = tuple(replace(each, text="") for each in built.causes)
    return replace(built, last_read=None, artifacts=(), causes=causes)


def test_a_home_and_its_jenkins_give_the_same_runs(tmp_path: Path) -> None:
    write_home(CONTROLLER, tmp_path / "home")
    with bench(tmp_path / "jenkins", *CONTROLLER.jobs) as b:
        b.harvest()
        summary, store = import_directory(tmp_path / "store", tmp_path / "home")
        with store, store.view() as view:
            assert (summary.new, summary.incomplete) == (8, False)
            assert {row.job for row in view.build_ids()} == JOBS
            for row in view.build_ids():
                here, there = view.build(row.job, row.number), b.build(row.job, row.number)
                assert comparable(here) == comparable(there)
                assert set(here.artifacts) == set(there.artifacts)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("jobs", JOBS),
        ("jobs/churn", {"churn/train"}),
        ("jobs/churn/jobs", {"churn/train"}),
        ("jobs/churn/jobs/train", {"churn/train"}),
        ("jobs/mb/branches", {"mb/feature%2Ffoo"}),
        ("jobs/grid", {"grid", "grid/depth=3,seed=1"}),
    ],
)
@pytest.mark.parametrize("kept_in", ["home", "jobs/home"])
def test_a_part_of_a_home_has_the_names_of_the_whole(part: str, expected: set[str], kept_in: str, tmp_path: Path) -> None:
    home = tmp_path / kept_in
    write_home(CONTROLLER, home)
    (home / "users").mkdir()
    assert set(DirectorySource(home / part, ALL).find_jobs(ALL.jobs).jobs) == expected
    assert set(DirectorySource(home, ALL).find_jobs(ALL.jobs).jobs) == JOBS


def test_a_part_of_a_home_is_imported_as_from_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_home(CONTROLLER, tmp_path / "home")
    _, store = import_directory(tmp_path / "store", tmp_path / "home")
    store.close()
    monkeypatch.chdir(tmp_path / "home/jobs/churn")
    summary, store = import_directory(tmp_path / "store", Path())
    store.close()
    assert (summary.new, summary.updated, summary.jobs) == (0, 0, 1)


def test_directories_of_results_may_be_called_jobs(tmp_path: Path) -> None:
    results(tmp_path / "data-science", "jobs/churn/2/metrics.json", "jobs/churn/3/metrics.json")
    for root in ("data-science", "data-science/jobs"):
        found = DirectorySource(tmp_path / root, ALL).find_jobs(ALL.jobs).jobs
        assert [name.rpartition("/")[2] for name in found] == ["churn"]


def test_a_directory_proves_nothing_about_what_it_lacks(tmp_path: Path) -> None:
    write_home(Controller(jobs=(job("free", 2),)), tmp_path / "home")
    with bench(tmp_path, job("free", 1, 2, 3), job("other", 1)) as b:
        b.harvest()
        b.discard("free", 1)
        b.harvest()
        summary = harvest(DirectorySource(tmp_path / "home", ALL), b.store, ALL, now=NOW, reporter=SilentReporter())
        assert not summary.changed
        assert b.gone("free") == [1]
        assert b.gone("other") == []


def test_a_home_restores_what_jenkins_discarded_before_we_came(tmp_path: Path) -> None:
    write_home(Controller(jobs=(job("free", 1, 2, 3),)), tmp_path / "home")
    with bench(tmp_path, job("free", 3, 4)) as b:
        b.harvest()
        summary = harvest(DirectorySource(tmp_path / "home", ALL), b.store, ALL, now=NOW, reporter=SilentReporter())
        assert summary.new == 2
        assert b.numbers("free") == [4, 3, 2, 1]


@pytest.mark.parametrize(
    "text", ["<build><result>", '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><build>&x;</build>', "<build/>"]
)
def test_a_build_xml_that_cannot_be_read_costs_that_build_only(text: str, tmp_path: Path) -> None:
    write_home(Controller(jobs=(job("free", 1, 2),)), tmp_path / "home")
    (tmp_path / "home/jobs/free/builds/1/build.xml").write_text(text)
    summary, store = import_directory(tmp_path / "store", tmp_path / "home")
    with store, store.view() as view:
        assert [row.number for row in view.build_ids("free")] == [2]
    (note,) = summary.missed
    assert note.what == "free #1"
    assert note.why.startswith(str(tmp_path)) or "neither number nor time" in note.why
    again, store = import_directory(tmp_path / "store", tmp_path / "home")
    store.close()
    assert (again.incomplete, [each.what for each in again.skipped]) == (False, ["free #1"])


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\x00b", b"../../evil", b""])
def test_a_name_kept_aside_that_is_none_does_no_harm(name: bytes, tmp_path: Path) -> None:
    write_home(Controller(jobs=(job("odd", 1), job("free", 1))), tmp_path / "home")
    (tmp_path / "home/jobs/odd/name-utf8.txt").write_bytes(name)
    (tmp_path / "home/jobs/free/builds" / ("9" * 30)).mkdir()
    (tmp_path / "home/jobs/free/builds" / ("9" * 30) / "build.xml").write_text("<build/>")
    summary, store = import_directory(tmp_path / "store", tmp_path / "home")
    with store, store.view() as view:
        assert (summary.new, summary.missed) == (2, ())
        assert [row.job for row in view.build_ids()][-1] == ("\ufffd\ufffd" if name.startswith(b"\xff") else "odd")


def results(root: Path, *paths: str, at: float = 1_700_000_000) -> None:
    for place, path in enumerate(paths):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(metrics(f1=0.1 + place / 10)["metrics.json"] if path.endswith(".json") else b"x")
        os.utime(file, (at + place * 100, at + place * 100))


def test_plain_directories_become_builds(tmp_path: Path) -> None:
    root = tmp_path / "data-science"
    results(root, "churn/run-2/metrics.json", "churn/run-2/plots/pr.png", "churn/run-10/metrics.json", "churn/data/raw.csv")
    results(root, "fraud/beta/metrics.json", "fraud/alpha/val/metrics.json", "notes.md")
    _, store = import_directory(tmp_path / "store", root)
    with store, store.view() as view:
        found = {(row.job, row.number) for row in view.build_ids()}
        assert found == {("churn", 2), ("churn", 10), ("fraud", 1), ("fraud/alpha", 1)}
        built = view.build("churn", 2)
        assert metric(built, "f1") == 0.1
        assert built.started_at.timestamp() == 1_700_000_000
        assert built.duration_s == 100
        assert {artifact.path for artifact in built.artifacts} == {"metrics.json", "plots/pr.png"}


def test_a_file_from_beyond_the_calendar_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results(tmp_path / "root", "churn/run-1/metrics.json")
    real = Path.stat

    def far(path: Path, **options: bool) -> os.stat_result:
        found = real(path, **options)
        return os.stat_result((*found[:8], 10**12, *found[9:])) if path.name == "metrics.json" else found

    monkeypatch.setattr(Path, "stat", far)
    _, store = import_directory(tmp_path / "store", tmp_path / "root")
    with store, store.view() as view:
        assert [row.started_at.year for row in view.build_ids()] == [9999]


def test_what_comes_or_goes_renumbers_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "data-science"

    def imported() -> dict[int, float | None]:
        summary, store = import_directory(tmp_path / "store", root)
        with store, store.view() as view:
            assert not summary.updated
            return {row.number: metric(view.build("churn", row.number), "f1") for row in view.build_ids("churn")}

    results(root, "churn/forest/metrics.json", "churn/trees/metrics.json", "churn/linear/metrics.json")
    first = imported()
    assert first == {3: pytest.approx(0.3), 2: 0.2, 1: 0.1}
    results(root, "churn/svm/metrics.json", at=1_700_000_050)
    assert imported() == {4: 0.1, **first}
    results(root, "churn/forest/metrics.json", at=1_700_009_000)  # trained again: a run of its own, the former one is kept
    assert imported() == {5: 0.1, 4: 0.1, **first}
    for name in ("forest", "svm"):
        shutil.rmtree(root / "churn" / name)
    (root / "churn" / "trees").rename(root / "churn" / "trees-7")
    (root / "churn" / "linear").rename(root / "churn" / "linear-8")
    assert imported() == {5: 0.1, 4: 0.1, **first}


def test_a_tracked_run_or_damaged_metrics_make_a_build(tmp_path: Path) -> None:
    tracked = tmp_path / "root/mine/mlruns/0" / ("a" * 32)
    (tracked / "metrics").mkdir(parents=True)
    (tracked / "meta.yaml").write_text("run_name: svm\nstatus: 3\n")
    (tracked / "metrics/f1").write_text("1 0.5 0\n")
    (tmp_path / "root/torn").mkdir()
    (tmp_path / "root/torn/metrics.json").write_text('{"f1": 0.')
    odd = [{"v": 1, "id": "1", "t": "2026-01-02T03:04:05Z", "kind": "run", "ci": {"job": job, "build": number}}
           for job, number in (("x", 10**25), (["x"], 1), ("x", -5), ("x", True), ("", 1))]  # fmt: skip
    for place, event in enumerate(odd):
        journal = tmp_path / f"root/odd-{place}/reportgen-results/fit-0123abcd/events.jsonl"
        journal.parent.mkdir(parents=True)
        journal.write_text(json.dumps(event) + "\n")
    summary, store = import_directory(tmp_path / "store", tmp_path / "root")
    with store, store.view() as view:
        assert {row.job for row in view.build_ids()} == {"root"}
        names = {run.name for row in view.build_ids() for run in view.build("root", row.number).runs}
        assert "svm" in names
        assert summary.new == 7
    assert [note.why.partition(" at ")[0] for note in summary.missed] == ["set aside: metrics.json: no JSON"]


def test_importing_twice_changes_nothing_and_new_results_are_added(tmp_path: Path) -> None:
    root = tmp_path / "data-science"
    results(root, "churn/2026-01-02/metrics.json")
    import_directory(tmp_path / "store", root)[1].close()
    results(root, "churn/2026-01-03/metrics.json", at=1_700_001_000)
    summary, store = import_directory(tmp_path / "store", root)
    with store, store.view() as view:
        assert (summary.new, summary.updated, summary.gone) == (1, 0, 0)
        assert [row.number for row in view.build_ids("churn")] == [20260103, 20260102]


def test_records_copied_from_jenkins_are_the_builds_that_wrote_them(tmp_path: Path) -> None:
    events = [
        {
            "v": 1,
            "id": "1",
            "t": "2026-01-02T03:04:05.000Z",
            "kind": "run",
            "name": "fit",
            "stage": "train",
            "ci": {"job": "a/b", "build": 53},
        },
        {"v": 1, "id": "2", "t": "2026-01-02T03:04:06.000Z", "kind": "metric", "name": "val/f1", "value": 0.75},
    ]
    journal = tmp_path / "copy/somewhere/reportgen-results/fit-0123abcd/events.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    _, store = import_directory(tmp_path / "store", tmp_path / "copy")
    with store, store.view() as view:
        built = view.build("a/b", 53)
        assert built.started_at.isoformat() == "2026-01-02T03:04:05+00:00"
        assert (built.runs[0].name, metric(built, "val/f1")) == ("fit", 0.75)


def test_a_directory_without_results_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no results"):
        import_directory(tmp_path / "store", tmp_path / "empty")
    with pytest.raises(HarvestError, match="no such directory"):
        DirectorySource(tmp_path / "none", ALL)


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    results(tmp_path / "secret", "metrics.json")
    results(tmp_path / "root", "a/metrics.json")
    (tmp_path / "root/a/params.json").symlink_to(tmp_path / "secret/metrics.json")
    (tmp_path / "root/b").symlink_to(tmp_path / "secret")
    write_home(Controller(jobs=(job("free", 1),)), tmp_path / "home")
    shutil.rmtree(tmp_path / "home/jobs/free/builds/1/archive")
    (tmp_path / "home/jobs/free/builds/1/archive").symlink_to(tmp_path / "secret")
    _, store = import_directory(tmp_path / "home-store", tmp_path / "home")
    with store, store.view() as view:
        assert view.build("free", 1).artifacts == ()
    _, store = import_directory(tmp_path / "store", tmp_path / "root")
    with store, store.view() as view:
        assert [row.job for row in view.build_ids()] == ["root"]
        assert [artifact.path for artifact in view.build("root", 1).artifacts] == ["metrics.json"]
