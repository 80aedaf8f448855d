"""What a harvest asks for, saves, marks and leaves alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reportgen.demo.faults import Fault, Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import PIPELINE, SampleJob
from reportgen.errors import StoreLocked
from reportgen.model import Build
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.prune import prune_run
from reportgen.store.values import SaveResult
from tests.support.jenkins import NOW, START_MS, bench, build, cause, job, metric, metrics, pipeline


def ordered(numbers: range) -> list[int]:
    return sorted(numbers, reverse=True)


# -- cheap and polite


def test_a_cold_harvest_costs_one_request_per_build_and_a_few(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 301))) as b:
        summary = b.harvest()
        assert summary.new == 300
        assert summary.requests <= 1.1 * 300
        assert b.numbers("train") == ordered(range(1, 301))
        artifacts = Counter(target for target in b.jenkins.targets() if "/artifact/" in target)
        assert max(artifacts.values()) == 1


def test_files_are_written_while_builds_are_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving waits for the disk, too: were only the files of one batch written at a time, requests would wait for both."""
    put, save = Store.put_blob, Store.save_builds
    written: set[str] = set()
    ahead: list[bool] = []

    def noted(store: Store, content: bytes) -> tuple[str, int]:
        digest, size = put(store, content)
        written.add(digest)
        return digest, size

    def patient(store: Store, builds: Sequence[Build], *, now: datetime) -> SaveResult:
        own = {artifact.sha256 for each in builds for artifact in each.artifacts}
        assert own <= written
        for _ in range(0 if ahead else 500):
            if written > own:
                break
            time.sleep(0.01)
        ahead.append(written > own)
        return save(store, builds, now=now)

    monkeypatch.setattr(Store, "put_blob", noted)
    monkeypatch.setattr(Store, "save_builds", patient)
    monkeypatch.setattr("reportgen.harvest.ingest.BATCH_BUILDS", 2)
    with bench(tmp_path, job("train", *range(1, 13))) as b:
        assert b.harvest().new == 12
        assert ahead[0]


def test_a_quiet_night_costs_a_request_per_job(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"f/j{n}", 1, 2, 3) for n in range(50))) as b:
        b.harvest()
        revision = b.store.revision
        quiet = b.harvest()
        assert quiet.requests <= 60
        assert not quiet.changed
        assert b.store.revision == revision
        for n in range(50):
            b.change(job(f"f/j{n}", 1, 2, 3, 4))
        busy = b.harvest()
        assert busy.new == 50
        assert busy.requests <= 60 + 3 * 50


def test_artifacts_are_fetched_only_when_somebody_wants_them(tmp_path: Path) -> None:
    files = {**metrics(f1=1), "notes.docx": b"x", "target/app.jar": b"x", "core.dump": b"x"}
    with bench(tmp_path, job("train", builds=(build(1, artifacts=files),))) as b:
        b.harvest()
        states = {artifact.path: artifact.state for artifact in b.build("train", 1).artifacts}
        assert states == {"metrics.json": "stored", "notes.docx": "unread", "target/app.jar": "unread", "core.dump": "unread"}
        assert not [target for target in b.jenkins.targets() if "jar" in target]


def test_patterns_replace_the_choice_of_the_readers(tmp_path: Path) -> None:
    files = {**metrics(f1=1), "out/cv.json": b'{"f1_mean": 0.5}', "out/notes.docx": b"docx"}
    with bench(tmp_path, job("train", builds=(build(1, artifacts=files),))) as b:
        b.toml = '[[jobs]]\nname = "train"\nartifacts = ["out/**"]\n'
        b.harvest()
        built = b.build("train", 1)
        assert {artifact.path: artifact.state for artifact in built.artifacts} == {
            "metrics.json": "unread",
            "out/cv.json": "stored",
            "out/notes.docx": "stored",
        }
        assert [each.name for each in built.runs[0].metrics] == ["cv/f1_mean"]


def test_wfapi_is_probed_once_per_job_and_its_absence_is_no_complaint(tmp_path: Path) -> None:
    jobs = [job(f"p{n}", 1, 2, 3, 4, 5, kind=PIPELINE) for n in range(10)]
    with bench(tmp_path, *jobs, has_stage_view=False) as b:
        b.toml = "[jenkins]\nconcurrency = 1\n" + b.toml
        assert not b.harvest().incomplete
        asked = [target for target in b.jenkins.targets() if "wfapi" in target]
        assert len(asked) == 2 * 3  # of a build and of its job, until three jobs have none
    staged = pipeline(
        "p", *(build(n, stages=({"name": "Fit", "status": "SUCCESS", "durationMillis": 1500},)) for n in range(1, 6))
    )
    with bench(tmp_path / "with", staged) as b:
        b.harvest()
        assert len([target for target in b.jenkins.targets() if "wfapi" in target]) == 5
        (stage,) = b.build("p", 3).stages
        assert (stage.name, stage.status, stage.duration_s) == ("Fit", "SUCCESS", 1.5)


@pytest.mark.parametrize("without", [("a",), ("a", "b", "c", "d")], ids=["one", "four"])
def test_jobs_without_wfapi_hide_the_stages_of_no_other(without: tuple[str, ...], tmp_path: Path) -> None:
    stages = ({"name": "Fit", "status": "SUCCESS", "durationMillis": 1500},)
    names = ("has", *without, "too")
    with bench(tmp_path, *(pipeline(name, *(build(n, stages=stages) for n in (1, 2, 3))) for name in names)) as b:
        b.toml = "[jenkins]\nconcurrency = 1\n" + "".join(f'[[jobs]]\nname = "{name}"\n' for name in names)
        b.jenkins.faults = Faults(rules=tuple(Fault(where=f"/job/{name}/.*wfapi", status=404) for name in without))
        assert not b.harvest().incomplete
        told = {name: [len(b.build(name, n).stages) for n in (1, 2, 3)] for name in names}
        assert told == {name: [0] * 3 if name in without else [1] * 3 for name in names}
        for name in without:
            assert len([target for target in b.jenkins.targets() if f"/job/{name}/" in target and "wfapi" in target]) == 2


def test_jobs_that_are_deleted_midway_say_nothing_about_wfapi(tmp_path: Path) -> None:
    stages = ({"name": "Fit", "status": "SUCCESS", "durationMillis": 1500},)
    gone = ("a", "b", "c", "d")
    with bench(tmp_path, *(pipeline(name, build(1, stages=stages)) for name in (*gone, "has"))) as b:
        b.toml = "[jenkins]\nconcurrency = 1\n" + "".join(f'[[jobs]]\nname = "{name}"\n' for name in (*gone, "has"))
        b.jenkins.faults = Faults(rules=tuple(Fault(where=f"/job/{name}/", after=1, status=404) for name in gone))
        b.harvest()
        assert len(b.build("has", 1).stages) == 1


def test_new_builds_of_pipelines_without_wfapi_cost_little(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"f/j{n}", 1, kind=PIPELINE) for n in range(50)), has_stage_view=False) as b:
        b.harvest()
        for n in range(50):
            b.change(job(f"f/j{n}", 1, 2, kind=PIPELINE))
        busy = b.harvest()
        assert busy.new == 50
        assert busy.requests <= 60 + 3 * 50


def test_tests_are_asked_for_only_when_some_failed(tmp_path: Path) -> None:
    counts = {"_class": "hudson.tasks.junit.TestResultAction", "totalCount": 4, "skipCount": 1, "urlName": "testReport"}
    cases = [
        {"className": "t.A", "name": "ok", "status": "FIXED"},
        {"className": "t.A", "name": "bad", "status": "REGRESSION", "errorDetails": "boom"},
    ]
    report = {"failCount": 1, "passCount": 2, "skipCount": 1, "suites": [{"name": "s", "cases": cases}]}
    fine, broken = (
        build(1, actions=({**counts, "failCount": 0},)),
        build(2, actions=({**counts, "failCount": 1},), test_report=report),
    )
    with bench(tmp_path, job("t", builds=(fine, broken))) as b:
        b.harvest()
        assert len([target for target in b.jenkins.targets() if "testReport" in target]) == 1
        passed, failed = b.build("t", 1).tests, b.build("t", 2).tests
        assert passed is not None
        assert failed is not None
        assert (passed.total, passed.failed, passed.skipped) == (4, 0, 1)
        assert [(case.name, case.message) for case in failed.failures] == [("t.A.bad", "boom")]


def test_the_console_of_a_failed_build_is_kept_from_its_end_when_asked(tmp_path: Path) -> None:
    log = "".join(f"line {n}\n" for n in range(300_000)) + "\x1b[31mpassword=hunter2hunter2\x1b[0m\nfailed\n"
    builds = (build(1, result="FAILURE", console=log), build(2, console="fine\n"))
    with bench(tmp_path, job("t", builds=builds)) as b:
        b.harvest()
        assert b.build("t", 1).console_tail is None
    with bench(tmp_path / "tail", job("t", builds=builds)) as b:
        b.toml = '[[jobs]]\nname = "t"\nconsole_tail = 3\n'
        summary = b.harvest()
        tail = b.build("t", 1).console_tail
        assert tail is not None
        lines = tail.split("\n")
        assert (lines[0], lines[2]) == ("line 299999", "failed")
        assert "hunter2" not in tail
        assert b.build("t", 2).console_tail is None
        assert summary.received_bytes < 2_000_000


def test_running_builds_say_what_they_wait_for(tmp_path: Path) -> None:
    waiting = build(
        2, building=True, result=None, stages=(), pending_inputs=({"id": "Go", "message": "Deploy?"},), artifacts={}
    )
    with bench(tmp_path, pipeline("p", build(1), waiting)) as b:
        b.harvest()
        with b.view() as view:
            assert [(each.number, each.waiting_for) for each in view.running()] == [(2, "Deploy?")]


# -- back to the beginning


def test_history_beyond_the_window_comes_with_one_query(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 251))) as b:
        b.harvest()
        assert len([target for target in b.jenkins.targets() if "allBuilds" in target]) == 1
        b.change(job("train", *range(1, 252)))
        b.harvest()
        assert not [target for target in b.jenkins.targets() if "allBuilds" in target]
        assert b.numbers("train") == ordered(range(1, 252))


def test_too_much_history_is_fetched_build_by_build(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 131))) as b:
        b.toml = '[jenkins]\nbackfill = 10\n[[jobs]]\nname = "train"\n'
        b.harvest()
        assert not [target for target in b.jenkins.targets() if "allBuilds" in target]
        assert b.numbers("train") == ordered(range(1, 131))
        assert b.harvest().requests == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 504}, {"silent_s": 0.6}])
def test_a_query_for_all_that_fails_falls_back_to_build_by_build(fault: dict[str, float], tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 111))) as b:
        b.settings["timeout_s"] = 0.3
        b.jenkins.faults = Faults(rules=(Fault(where="allBuilds", **fault),))  # type: ignore[arg-type]
        assert not b.harvest().incomplete
        assert len([target for target in b.jenkins.targets() if "allBuilds" in target]) == 1
        assert b.numbers("train") == ordered(range(1, 111))


def test_holes_in_the_numbers_are_asked_for_once(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, *range(30, 140))) as b:
        b.toml = '[jenkins]\nbackfill = 5\n[[jobs]]\nname = "train"\n'
        first = b.harvest()
        assert (first.new, first.incomplete) == (111, False)
        assert b.harvest().requests == 1


def test_more_new_builds_than_the_window_shows_are_all_found(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        b.change(job("train", *range(1, 151)))
        b.harvest()
        assert b.numbers("train") == ordered(range(1, 151))


def test_builds_that_failed_to_load_are_found_when_they_do(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 3, builds=(build(2, half_loaded=True),))) as b:
        assert not b.harvest().incomplete
        assert b.numbers("train") == [3, 1]
        b.change(job("train", 1, 2, 3))
        b.harvest()
        assert b.numbers("train") == [3, 2, 1]


def test_a_stored_build_that_jenkins_cannot_load_for_now_is_not_gone(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        b.change(job("train", 1, 3, builds=(build(2, half_loaded=True),)))
        assert b.harvest().gone == 0
        b.discard("train", 2)
        assert b.harvest().gone == 1
        assert b.gone("train") == [2]


# -- refresh


@pytest.mark.parametrize(
    "change", [{"description": "the good one"}, {"display_name": "1.2.3"}, {"keep_log": True}, {"result": "UNSTABLE"}]
)
def test_changed_facts_are_taken_without_the_files(change: dict[str, object], tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        b.change(job("train", 1, 3, builds=(build(2, **change),)))
        later = NOW + timedelta(days=1)
        summary = b.harvest(now=later)
        assert (summary.updated, summary.new) == (1, 0)
        assert not [target for target in b.jenkins.targets() if "/artifact/" in target]
        built = b.build("train", 2)
        assert built.last_read == later
        assert metric(built, "f1") == 0.002
        field, value = next(iter(change.items()))
        assert getattr(built, {"keep_log": "keep"}.get(field, field)) == value
        assert b.harvest().updated == 0


def test_a_changed_build_is_asked_only_for_what_is_not_held(tmp_path: Path) -> None:
    secret = b'{"f1": 0.5, "note": "AKIAIOSFODNN7EXAMPLE"}'
    files = {"metrics.json": secret, "lost.png": b"\x89PNG\r\n\x1a\n", "x.docx": b"x"}
    log = {"console": "boom\n"}
    with bench(tmp_path, pipeline("train", build(1, artifacts=files, **log), build(2))) as b:
        b.toml = '[[jobs]]\nname = "train"\nconsole_tail = 5\n'
        b.jenkins.faults = Faults(rules=(Fault(where="lost.png", status=404),))
        b.harvest()
        before = b.build("train", 1)
        assert {each.path: each.state for each in before.artifacts}["lost.png"] == "gone"
        assert any("masked" in each.reason for each in before.problems)
        b.jenkins.faults = Faults()
        more = {**files, "cv.json": b'{"f1_mean": 0.6}', "y.docx": b"y"}
        b.change(pipeline("train", build(1, result="FAILURE", artifacts=more, **log), build(2)))
        assert b.harvest().updated == 1
        fetched = [target.rpartition("/")[2] for target in b.jenkins.targets() if "/artifact/" in target]
        assert sorted(fetched) == ["cv.json", "lost.png"]
        built = b.build("train", 1)
        assert {each.path: each.state for each in built.artifacts} == {
            "metrics.json": "stored",
            "lost.png": "stored",
            "cv.json": "stored",
            "x.docx": "unread",
            "y.docx": "unread",
        }
        assert (metric(built, "f1"), metric(built, "cv/f1_mean")) == (0.5, 0.6)
        assert (built.result, built.console_tail) == ("FAILURE", "boom")
        assert set(before.problems) <= set(built.problems)


@pytest.mark.parametrize(
    "change", [{"description": "fine"}, {"display_name": "1.0"}, {"keep_log": True}, {"result": "UNSTABLE"}]
)
def test_every_kind_of_change_finds_files_that_came_later(change: dict[str, object], tmp_path: Path) -> None:
    with bench(tmp_path, job("train", builds=(build(1),))) as b:
        b.harvest()
        b.change(job("train", builds=(build(1, artifacts={**metrics(f1=0.001), "cv.json": b'{"f1_mean": 0.6}'}, **change),)))
        b.harvest()
        assert [target.rpartition("/")[2] for target in b.jenkins.targets() if "/artifact/" in target] == ["cv.json"]
        assert metric(b.build("train", 1), "cv/f1_mean") == 0.6


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_stored_file_that_is_damaged_is_fetched_again_or_leaves_the_build_as_it_was(is_listed: bool, tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2)) as b:
        b.harvest()
        (artifact,) = b.build("train", 1).artifacts
        path = b.store.blobs.path(artifact.sha256 or "")
        path.chmod(0o600)
        path.write_bytes(b'{"f1": 9.999}')
        changed = build(1, result="UNSTABLE", artifacts=metrics(f1=0.001) if is_listed else {})
        b.change(job("train", 2, builds=(changed,)))
        summary = b.harvest()
        assert summary.incomplete != is_listed
        assert metric(b.build("train", 1), "f1") == 0.001
        assert b.build("train", 1).result == ("UNSTABLE" if is_listed else "SUCCESS")
        if not is_listed:
            assert "stored copy is lost or damaged" in summary.missed[0].why


def test_new_files_of_a_changed_build_are_read_and_old_ones_are_not_lost(tmp_path: Path) -> None:
    files = {**metrics(f1=0.5), "old.png": b"\x89PNG\r\n\x1a\n"}
    with bench(tmp_path, job("train", builds=(build(1, artifacts=files),))) as b:
        b.harvest()
        b.change(job("train", builds=(build(1, description="more", artifacts={"cv.json": b'{"f1_mean": 0.6}'}),)))
        b.harvest()
        built = b.build("train", 1)
        assert {artifact.path: artifact.state for artifact in built.artifacts} == {
            "metrics.json": "stored",
            "old.png": "stored",
            "cv.json": "stored",
        }
        assert (metric(built, "f1"), metric(built, "cv/f1_mean")) == (0.5, 0.6)


def test_full_reads_everything_anew_and_changes_nothing_that_is_the_same(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 121))) as b:
        b.harvest()
        b.jenkins.forget_requests()
        revision = b.store.revision
        summary = b.harvest(full=True)
        assert (summary.new, summary.updated, summary.unchanged) == (0, 0, 120)
        assert len([target for target in b.jenkins.targets() if "/artifact/" in target]) == 120
        assert b.store.revision == revision


def test_full_never_loses_what_jenkins_discarded(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", builds=(build(1), build(2)))) as b:
        b.harvest()
        b.change(job("train", builds=(build(1, artifacts={}), build(2))))
        b.harvest(full=True)
        assert metric(b.build("train", 1), "f1") == 0.001


# -- what Jenkins forgets


def test_when_jenkins_discards_most_then_all_builds_every_run_stays(tmp_path: Path) -> None:
    first, second, third = NOW, NOW + timedelta(days=1), NOW + timedelta(days=2)
    with bench(tmp_path, job("train", *range(1, 151))) as b:
        b.harvest(now=first)
        b.discard("train", *range(1, 136))
        assert b.harvest(now=second).gone == 135
        assert b.gone("train") == list(range(1, 136))
        assert b.build("train", 7).gone_since == first
        b.discard("train", *range(1, 151))
        summary = b.harvest(now=third)
        assert (summary.gone, summary.incomplete) == (15, False)
        assert b.gone("train") == list(range(1, 151))
        assert b.build("train", 150).gone_since == second
        assert all(metric(b.build("train", n), "f1") == n / 1000 for n in range(1, 151))


def test_a_build_kept_for_ever_does_not_hide_those_discarded_around_it(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 31))) as b:
        b.harvest()
        b.discard("train", *(n for n in range(1, 26) if n != 3))
        b.harvest()
        assert b.gone("train") == [n for n in range(1, 26) if n != 3]


def test_a_build_that_comes_back_is_no_longer_gone(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        b.discard("train", 1, 2)
        b.harvest()
        b.change(job("train", 1, 2, 3))
        b.harvest()
        assert b.gone("train") == []


@pytest.mark.parametrize("also", ["", '[[jobs]]\nname = "**"\n'])
def test_a_renamed_job_keeps_one_history(also: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("old/train", 1, 2)) as b:
        b.toml = '[[jobs]]\nname = "old/train"\n'
        b.harvest()
        b.jenkins.controller = b.jenkins.controller.without_job("old/train").with_job(job("new/train", 1, 2, 3))
        b.toml = f'{also}[[jobs]]\nname = "new/train"\nrenamed_from = ["old/train"]\n'
        summary = b.harvest()
        assert (summary.new, summary.gone, summary.incomplete) == (1, 0, False)
        with b.view() as view:
            assert [each.name for each in view.jobs()] == ["new/train"]
        assert b.numbers("new/train") == [3, 2, 1]
        assert b.numbers("old/train") == []
        assert not b.harvest().changed


def test_a_new_address_of_the_controller_changes_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        summary = b.harvest(url=b.jenkins.url.replace("127.0.0.1", "localhost"))
        assert not summary.changed
        assert summary.requests == 2


def long_job(start_ms: int, count: int) -> SampleJob:
    builds = (replace(build(n, artifacts=metrics(f1=n / 1000)), timestamp=start_ms + n * 1000) for n in range(1, count + 1))
    return job("train", builds=tuple(builds))


def test_a_long_job_that_was_made_again_is_read_whole_and_once(tmp_path: Path) -> None:
    with bench(tmp_path, long_job(START_MS, 150)) as b:
        assert b.harvest().new == 150
        b.change(long_job(2 * START_MS, 160))
        summary = b.harvest()
        assert (summary.new, summary.gone) == (160, 150)
        assert not b.harvest().changed
        assert not [target for target in b.jenkins.targets() if "/artifact/" in target or "allBuilds" in target]


def test_a_long_job_that_was_made_again_is_read_whole_after_a_stop_too(tmp_path: Path) -> None:
    with bench(tmp_path, long_job(START_MS, 150)) as b:
        b.harvest()
        b.change(long_job(2 * START_MS, 160))
        b.toml = '[jenkins]\ntime_budget = 40\n[[jobs]]\nname = "**"\n'
        first = b.harvest(clock=lambda: float(len(b.jenkins.requests)))
        assert 0 < first.new < 160
        b.toml = '[[jobs]]\nname = "**"\n'
        assert first.new + b.harvest().new == 160
        assert len(b.gone("train")) == 150
        assert not b.harvest().changed


@pytest.mark.parametrize("was_met_gone", [False, True], ids=["between two harvests", "and a harvest met it gone"])
@pytest.mark.parametrize("old", [20, 150], ids=["short", "long"])
def test_a_job_made_again_that_grew_beyond_the_list_is_read_whole(old: int, was_met_gone: bool, tmp_path: Path) -> None:
    with bench(tmp_path, long_job(START_MS, old), job("other", 1)) as b:
        b.harvest()
        if was_met_gone:
            b.jenkins.controller = b.jenkins.controller.without_job("train")
            assert b.harvest().gone == old
        b.change(long_job(2 * START_MS, 160))
        summary = b.harvest()
        assert summary.new == 160
        assert len(b.gone("train")) == old
        assert not b.harvest().changed


def test_numbers_that_were_pruned_are_read_again_of_a_job_made_again_only(tmp_path: Path) -> None:
    with bench(tmp_path, long_job(START_MS, 150)) as b:
        b.harvest()
        for number in (3, 140):
            prune_run(b.store, f"train#{number}", "wrong labels", now=NOW)
        assert b.harvest(full=True).new == 0
        b.change(long_job(2 * START_MS, 160))
        assert b.harvest().new == 160
        assert metric(b.build("train", 3), "f1") == 0.003
        assert not b.harvest().changed


def test_a_long_job_that_comes_back_as_it_was_is_no_longer_gone(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 151)), job("other", 1)) as b:
        b.harvest()
        away = b.jenkins.controller
        b.jenkins.controller = away.without_job("train")
        assert b.harvest().gone == 150
        b.jenkins.controller = away
        summary = b.harvest()
        assert (summary.new, summary.updated) == (0, 150)
        assert b.gone("train") == []
        assert not [target for target in b.jenkins.targets() if "/artifact/" in target]


def test_a_build_that_runs_longer_than_the_list_is_long_is_read_when_it_is_done(tmp_path: Path) -> None:
    with bench(tmp_path, pipeline("p", build(1), build(2, building=True, result=None))) as b:
        assert b.harvest().running == 1
        many = [build(n) for n in range(3, 131)]
        waiting = build(2, building=True, result=None, stages=(), pending_inputs=({"message": "Go?"},))
        b.change(pipeline("p", build(1), waiting, *many))
        assert b.harvest().new == 128
        with b.view() as view:
            assert [(each.number, each.waiting_for) for each in view.running()] == [(2, "Go?")]
        assert not b.harvest().changed
        b.change(pipeline("p", build(1), build(2), *many))
        assert b.harvest().new == 1
        with b.view() as view:
            assert view.running() == ()
        assert not b.harvest().changed


def test_a_job_that_was_deleted_and_made_again_keeps_both_pasts(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 11))) as b:
        b.harvest()
        again = tuple(replace(build(n, artifacts=metrics(f1=n / 10)), timestamp=START_MS * 2 + n) for n in (1, 2, 3))
        b.change(job("train", builds=again))
        summary = b.harvest()
        assert (summary.new, summary.gone) == (3, 10)
        assert len(b.numbers("train")) == 13
        assert metric(b.build("train", 2), "f1") == 0.2
        assert not b.harvest().changed


# -- budgets, kills, limits


@pytest.mark.parametrize("budget", ["time_budget", "request_budget"])
def test_a_budget_stops_early_and_the_next_harvest_goes_on(budget: str, tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"j{n}", *range(1, 31)) for n in range(4))) as b:
        everything = b.toml
        b.toml = f"[jenkins]\n{budget} = 40\n{everything}"
        summaries = []
        while not summaries or summaries[-1].skipped:
            summaries.append(b.harvest(clock=lambda: float(len(b.jenkins.requests))))
            assert len(b.jenkins.requests) <= 40 + 2 * 4
            assert not summaries[-1].incomplete
        first = summaries[0]
        assert 0 < first.new < 40
        (note,) = first.skipped
        assert note.what == ("time budget of 40 s" if budget == "time_budget" else "budget of 40 requests")
        assert note.why == f"{120 - first.new} builds are left for the next harvest"
        assert len(b.waits.waited) == 0
        assert len(summaries) <= 7
        assert sum(summary.new for summary in summaries) == 120
        assert all(b.numbers(f"j{n}") == ordered(range(1, 31)) for n in range(4))
        b.toml = everything
        assert b.harvest().requests == 5


def test_a_budget_that_does_for_the_lists_alone_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"j{n}", 1) for n in range(20))) as b:
        b.toml = "[jenkins]\nrequest_budget = 3\nconcurrency = 1\n" + b.toml
        first = b.harvest()
        assert (first.new, first.incomplete) == (0, False)
        assert "jobs are left for the next harvest" in first.skipped[0].why
        assert b.warnings == [f"the budget of 3 requests is used up: {first.skipped[0].why}"]
        b.toml = b.toml.replace("= 3", "= 300")
        assert b.harvest().new == 20


def test_a_budget_that_is_used_up_leaves_no_request_for_jobs_that_were_not_met(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"f{n}/x", 1) for n in range(10))) as b:
        b.toml = "".join(f'[[jobs]]\nname = "f{n}"\n' for n in range(10))
        assert b.harvest().new == 10
        b.toml = "[jenkins]\nrequest_budget = 3\nconcurrency = 1\n" + b.toml
        again = b.harvest(jobs=("**",))
        assert (again.gone, again.incomplete) == (0, False)
        assert again.requests <= 4
        assert len(b.warnings) == 1


def test_files_and_bytes_of_a_build_are_bounded(tmp_path: Path) -> None:
    files = {f"m{n}/metrics.json": b'{"f1": 1}' for n in range(10)}
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = '[[jobs]]\nname = "t"\n[limits]\nfiles_per_build = 3\n'
        (note,) = b.harvest().skipped
        assert str(note) == "t #1: m3/metrics.json: the build has more than 3 files to read, and 6 more"
        assert Counter(artifact.state for artifact in b.build("t", 1).artifacts) == {"stored": 3, "over limit": 7}
    with bench(tmp_path / "bytes", job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = '[[jobs]]\nname = "t"\n[limits]\nbuild_total = 30\n'
        summary = b.harvest()
        assert Counter(artifact.state for artifact in b.build("t", 1).artifacts) == {"stored": 3, "over limit": 7}
        assert not summary.incomplete
        assert len(summary.skipped) == 1
        again = b.harvest(full=True)
        assert (again.incomplete, again.skipped) == (False, ()), "it was said when it came"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("metrics.json", b'{"f1": 1, "recall": 2, "precision": 3}'),
        ("report.json", b'{"accuracy": 0.9, "macro avg": {"f1-score": 0.8, "recall": 0.7, "support": 9}}'),
        ("bench.json", json.dumps([{"name": name, "unit": "ms", "value": 1} for name in "abc"]).encode()),
        ("dvclive/metrics.json", b'{"f1": 1, "recall": 2, "precision": 3}'),
    ],
)
def test_metrics_over_the_limit_are_left_out_and_noted(tmp_path: Path, path: str, content: bytes) -> None:
    with bench(tmp_path, job("t", builds=(build(1, artifacts={path: content}),))) as b:
        b.toml = '[[jobs]]\nname = "t"\n[limits]\nmetrics_per_run = 2\n'
        summary = b.harvest()
        assert not summary.incomplete
        (note,) = summary.skipped
        assert "metrics are over the limit of 2; the rest was left out" in str(note)
        assert "over the limit of 2" in str(b.build("t", 1).problems)
        assert len(b.build("t", 1).runs[0].metrics) == 2
        assert b.harvest(full=True).skipped == ()


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "a/../b.json", "a//metrics.json", "./metrics.json", "a\\..\\metrics.json"]
)
def test_paths_that_lead_elsewhere_are_never_asked_for(path: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("t", builds=(build(1, artifacts={path: b'{"f1": 1}', **metrics(f1=2)}),))) as b:
        b.toml = '[[jobs]]\nname = "t"\nartifacts = ["**"]\n'
        b.harvest()
        states = {artifact.path: artifact.state for artifact in b.build("t", 1).artifacts}
        assert states[path] == "refused"
        assert states["metrics.json"] == "stored"
        assert not [target for target in b.jenkins.targets() if "passwd" in target or ".." in target]


_KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from reportgen.config import parse_config
from reportgen.harvest.ingest import harvest
from reportgen.harvest.jenkins import open_jenkins
from reportgen.report import SilentReporter
from reportgen.store.check import check_store
from reportgen.store.db import Store
keep, url = Path(sys.argv[1]), sys.argv[2]
config = parse_config(f'[jenkins]\\nurl = "{url}"\\n[[jobs]]\\nname = "**"\\n', keep / "reportgen.toml")
with Store.open(keep / "store") as store:
    harvest(open_jenkins(config, {}), store, config, now=datetime(2026, 1, 1, tzinfo=UTC), reporter=SilentReporter())
"""


@pytest.mark.slow
@pytest.mark.parametrize("is_remade", [False, True], ids=["new jobs", "jobs made again"])
@pytest.mark.parametrize("requests", [1, 4, 30, 120, 250, 380])
def test_a_harvest_killed_at_any_moment_is_taken_up_by_the_next(requests: int, is_remade: bool, tmp_path: Path) -> None:
    names = [f"f/j{n}" for n in range(3)]
    old = [job(name, *range(1, 131)) for name in names]
    again = [replace(build(n, artifacts=metrics(f1=n / 10)), timestamp=2 * START_MS + n * 1000) for n in range(1, 131)]
    with bench(tmp_path / "server", *old) as served, Store.open(tmp_path / "store") as store:
        served.store.close()
        served.store = store
        if is_remade:
            assert served.harvest().new == 390
            for name in names:
                served.change(job(name, builds=tuple(again)))
        before = 390 if is_remade else 0
        store.close()
        kill_after(requests, served.jenkins, tmp_path)
        with Store.open(tmp_path / "store") as served.store:
            kept = sum(len(served.numbers(name)) for name in names) - before
            assert 0 <= kept < 390
            summary = served.harvest()
            assert (summary.new, summary.incomplete) == (390 - kept, False)
            scale = 10 if is_remade else 1000
            for name in names:
                assert Counter(served.numbers(name)) == dict.fromkeys(range(1, 131), 2 if is_remade else 1)
                assert served.gone(name) == (list(range(1, 131)) if is_remade else [])
                assert [metric(served.build(name, n), "f1") for n in range(1, 131)] == [n / scale for n in range(1, 131)]
            assert served.harvest().requests == 4
            assert not check_store(tmp_path / "store", read_data=True).problems


def kill_after(requests: int, jenkins: SampleJenkins, keep: Path) -> None:
    """Start a harvest of its own and kill it once it has sent so many requests."""
    jenkins.faults = Faults(latency_s=0.002)
    jenkins.forget_requests()
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(keep), jenkins.url], stdout=subprocess.PIPE) as killed:
        deadline = time.monotonic() + 60
        while len(jenkins.requests) < requests and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
    jenkins.faults = Faults()


def test_two_harvests_at_once_are_refused(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", 1)) as b, pytest.raises(StoreLocked):
        Store.open(b.keep / "store")


# -- the summary


def test_the_summary_says_what_was_done(tmp_path: Path) -> None:
    running = build(4, building=True)
    with bench(tmp_path, job("a", 1, 2, 3, builds=(running,)), job("b", 1)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="/b/1/artifact", status=500),))
        summary = b.harvest()
        told = json.loads(json.dumps(summary.to_json()))
        assert told["schema"] == 1
        assert told["jobs"] == 2
        assert told["builds"] == {"new": 4, "updated": 0, "unchanged": 0, "gone": 0, "running": 1}
        assert told["requests"] == summary.requests == len(b.jenkins.requests)
        assert told["bytes"] > 500
        assert told["incomplete"] is True
        assert told["missed"][0]["what"] == "b #1"
        assert summary.sentence().startswith("2 jobs: 4 new, 0 updated, 1 running")


def test_each_thread_has_one_connection(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 101))) as b:
        b.toml = '[jenkins]\nconcurrency = 3\n[[jobs]]\nname = "**"\n'
        b.harvest()
        assert b.jenkins.connections <= 4


# -- secrets


def test_our_token_is_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from reportgen.harvest.http import Credentials, Secret

    token = "RGTOKEN_4f9a8b7c6d5e"
    files = {**metrics(f1=1, note=f"used {token}"), "log.md": f"curl -u ann:{token} https://ann:{token}@ci/".encode()}
    leaky = build(
        1,
        artifacts=files,
        description=f"token {token}",
        actions=({"parameters": [{"_class": "hudson.model.StringParameterValue", "name": "X", "value": token}]},),
    )
    with caplog.at_level(0), bench(tmp_path, job("t", builds=(leaky,)), users={"ann": token}, anonymous_read=False) as b:
        b.settings["credentials"] = Credentials("ann", Secret(token))
        b.secrets = (token,)
        b.jenkins.faults = Faults(rules=(Fault(where="artifact/metrics", status=500, times=1),))
        summary = b.harvest()
        b.harvest(full=True)
        source = b.source()
        assert token not in repr(b.settings) + repr(source.__dict__) + str(summary) + "".join(b.warnings)
        source.close()
    assert token not in caplog.text
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file


def test_files_that_nobody_reads_do_not_pile_up_in_memory(tmp_path: Path) -> None:
    def content(number: int) -> Callable[[], bytes]:
        return lambda: bytes([number]) * 2_000_000

    files = {f"data/{number}.bin": content(number) for number in range(16)}
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = '[[jobs]]\nname = "t"\nartifacts = ["**"]\n'
        tracemalloc.start()
        try:
            assert not b.harvest().incomplete
            peak = tracemalloc.get_traced_memory()[1]
            assert peak < 24_000_000
        finally:
            tracemalloc.stop()
        assert {each.state for each in b.build("t", 1).artifacts} == {"stored"}


def test_files_of_a_pruned_run_do_not_come_back_with_the_build_it_was_of(tmp_path: Path) -> None:
    def record(name: str, note: bytes) -> dict[str, bytes]:
        head = {"v": 1, "t": "2026-01-01T00:00:00Z"}
        events = [{**head, "id": "a", "kind": "run", "name": name}]
        events.append({**head, "id": "b", "kind": "artifact", "name": "note", "file": "files/note.txt"})
        place = f"reportgen-results/{name}-0123abcd/"
        journal = "".join(json.dumps(each) + "\n" for each in events).encode()
        return {f"{place}events.jsonl": journal, f"{place}files/note.txt": note}

    with bench(tmp_path, job("t", builds=(build(1, artifacts=record("a", b"Jane Roe") | record("b", b"nobody")),))) as b:
        b.harvest()
        prune_run(b.store, "t#1/a", "personal data", now=NOW)
        b.harvest(full=True)
        assert [run.name for run in b.build("t", 1).runs] == ["b"]
        held = [b.store.blobs.read(blob.digest) for blob in b.store.blobs.stored()]
        assert b"nobody" in held
        assert not [content for content in held if b"Jane Roe" in content or b'"name": "a"' in content]


def test_secret_parameters_are_dropped_and_secret_looking_ones_masked(tmp_path: Path) -> None:
    def parameter(kind: str, name: str, **fields: object) -> dict[str, object]:
        return {"_class": f"hudson.model.{kind}", "name": name, **fields}

    action = {
        "_class": "hudson.model.ParametersAction",
        "parameters": [
            parameter("StringParameterValue", "SEED", value="7"),
            parameter("BooleanParameterValue", "DRY", value=True),
            parameter("StringParameterValue", "EMPTY", value=""),
            parameter("StringParameterValue", "NULL", value="null"),
            parameter("PasswordParameterValue", "PW"),
            {"_class": "com.cloudbees.plugins.credentials.CredentialsParameterValue", "name": "CRED", "value": "id"},
            {"_class": "com.wangyin.parameter.WHideParameterValue", "name": "HID", "value": "s3cret"},
            parameter("FileParameterValue", "UPLOAD"),
            parameter("RunParameterValue", "RUN", jobName="a/b", number="12"),
            parameter("StringParameterValue", "DB_PASSWORD", value="hunter2"),
            {"name": "OLD", "value": ["a", "b"]},
            {},
            None,
        ],
    }
    with bench(tmp_path, job("t", builds=(build(1, actions=(action, {}, None)),))) as b:
        b.harvest()
        built = b.build("t", 1)
    assert built.parameters == {
        "SEED": "7",
        "DRY": True,
        "EMPTY": "",
        "NULL": "null",
        "RUN": "a/b#12",
        "DB_PASSWORD": "[redacted: name]",
        "OLD": ["a", "b"],
    }
    assert built.runs[0].params["jenkins.SEED"] == "7"


def test_who_started_approved_and_aborted(tmp_path: Path) -> None:
    approver = {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": "reviewer-1"}
    rejection = {"_class": "jenkins.model.InterruptedBuildAction", "causes": [{"_class": "x.Rejection", "user": {"id": "ann"}}]}
    started = cause("hudson.model.Cause$UserIdCause", userId="bob", userName="Bob Roe")
    upstream = cause("hudson.model.Cause$UpstreamCause", upstreamProject="a/b", upstreamBuild=7, upstreamUrl="job/a/job/b/")
    with bench(tmp_path, pipeline("p", build(1, actions=(started, upstream, approver, approver, rejection)))) as b:
        b.harvest()
        built = b.build("p", 1)
    assert built.approvers == ("reviewer-1",)
    assert built.aborted_by == "ann"
    assert [(each.kind, each.user, each.job, each.number) for each in built.causes] == [
        ("user", "bob", None, None),
        ("upstream", None, "a/b", 7),
    ]
    assert "Roe" not in repr(built.causes[0])


def test_times_of_the_far_past_and_future_are_kept(tmp_path: Path) -> None:
    odd = (replace(build(1), timestamp=0), replace(build(2), timestamp=4_070_908_800_000))
    with bench(tmp_path, job("t", builds=odd)) as b:
        assert b.harvest().new == 2
        assert b.build("t", 1).started_at == datetime.fromtimestamp(0, NOW.tzinfo)
        assert b.build("t", 2).started_at.year == 2099
