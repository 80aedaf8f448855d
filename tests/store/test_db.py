"""Saving, marking and renaming: what changes a revision, and what never overwrites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.model import Artifact, Job, RunningBuild
from reportgen.store.db import Store
from reportgen.store.values import VersionRow, listing_digest
from tests.support.builds import NOW, START, make_build

LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def _rows(store: Store) -> dict[int, tuple[int, object]]:
    with store.view() as view:
        return {row.number: (row.revision, row.last_read) for row in view.build_ids()}


def test_saving_says_what_is_new_updated_and_unchanged(store: Store) -> None:
    first = store.save_builds([make_build(1), make_build(2)], now=NOW)
    assert (first.new, first.updated, first.unchanged) == (2, 0, 0)
    second = store.save_builds([make_build(1), make_build(2, description="better"), make_build(3)], now=LATER)
    assert (second.new, second.updated, second.unchanged) == (1, 1, 1)
    assert second.revision == store.revision > first.revision


def test_only_what_changed_gets_a_revision_and_a_last_read(store: Store) -> None:
    store.save_builds([make_build(1), make_build(2)], now=NOW)
    before = _rows(store)
    store.save_builds([make_build(1), make_build(2, f1=0.9)], now=LATER)
    after = _rows(store)
    assert after[1] == before[1] == (1, NOW)
    assert after[2] == (2, LATER)


def test_nothing_new_leaves_the_revision_alone(store: Store) -> None:
    store.save_builds([make_build(1)], now=NOW)
    store.save_jobs([Job(name="churn/validate", kind="freestyle")], now=NOW)
    revision = store.revision
    store.save_builds([make_build(1)], now=LATER)
    store.save_jobs([Job(name="churn/validate", kind="freestyle")], now=LATER)
    store.set_running("churn/validate", [])
    store.mark_gone("churn/validate", [99], last_seen=LATER)
    assert store.revision == revision


def test_a_recreated_job_never_overwrites_its_past(store: Store) -> None:
    old, new = make_build(1), make_build(1, started_at=START + timedelta(days=9))
    store.save_builds([old], now=NOW)
    store.save_builds([new], now=LATER)
    with store.view() as view:
        assert [row.number for row in view.build_ids()] == [1, 1]
        assert view.build(old.job, 1).started_at == new.started_at
        assert view.build(old.job, 1, old.started_at).started_at == old.started_at
    assert store.known_builds(old.job)[1].started_at == new.started_at


def test_a_build_that_is_gone_is_kept_with_the_first_date_it_was_missed(store: Store) -> None:
    store.save_builds([make_build(1), make_build(2)], now=NOW)
    assert store.mark_gone("churn/validate", [1], last_seen=NOW) == 1
    assert store.mark_gone("churn/validate", [(1, make_build(1).started_at)], last_seen=LATER) == 0
    with store.view() as view:
        gone = {row.number: row.gone_since for row in view.build_ids()}
        assert view.build("churn/validate", 1).last_read == NOW
    assert gone == {1: NOW, 2: None}
    assert store.known_builds("churn/validate")[1].gone


def test_a_build_that_is_seen_again_is_no_longer_gone(store: Store) -> None:
    store.save_builds([make_build(1)], now=NOW)
    store.mark_gone("churn/validate", [1], last_seen=NOW)
    assert store.save_builds([make_build(1)], now=LATER).updated == 1
    assert _rows(store)[1] == (3, NOW)
    assert not store.known_builds("churn/validate")[1].gone


def test_a_job_that_is_gone_takes_its_builds_along(store: Store) -> None:
    store.save_builds([make_build(1), make_build(2)], now=NOW)
    store.save_jobs([Job(name="churn/validate")], now=NOW)
    store.set_running("churn/validate", [RunningBuild(job="churn/validate", number=3, started_at=NOW)])
    assert store.mark_job_gone("churn/validate", last_seen=LATER) == 2
    with store.view() as view:
        assert [job.gone_since for job in view.jobs()] == [LATER]
        assert view.running() == ()
        assert all(row.gone_since == LATER for row in view.build_ids())


@pytest.mark.parametrize("change", [{"description": "b"}, {"gone_since": NOW}, {"buildable": False}])
def test_a_job_that_changed_gets_a_revision(store: Store, change: dict[str, object]) -> None:
    job = Job(name="a", description="a")
    store.save_jobs([job, Job(name="b")], now=NOW)
    revision = store.revision
    store.save_jobs([replace(job, **change), Job(name="b")], now=LATER)  # type: ignore[arg-type]
    assert store.revision > revision


def test_jobs_come_back_equal(store: Store) -> None:
    job = Job(name="a", kind="pipeline", display_name="A", description="<b>", buildable=False, upstream=("b",), stage="train")
    store.save_jobs([job, Job(name="b")], now=NOW)
    with store.view() as view:
        assert view.jobs() == (job, Job(name="b"))


def test_running_builds_are_listed_until_they_are_saved(store: Store) -> None:
    running = RunningBuild(job="churn/validate", number=1, started_at=START, waiting_for="Deploy?")
    store.set_running("churn/validate", [running])
    with store.view() as view:
        assert view.running() == (running,)
        store.save_builds([make_build(1)], now=NOW)
        assert view.running() == ()


def test_a_blob_must_be_there_before_the_build_that_names_it(store: Store) -> None:
    digest, _ = store.put_blob(b"here")
    named = make_build(1, artifacts=(Artifact(path="a", state="stored", sha256="0" * 64),))
    with pytest.raises(StoreError, match="not in the store"):
        store.save_builds([make_build(2), named], now=NOW)
    with store.view() as view:
        assert view.build_ids() == ()
    store.save_builds([replace(named, artifacts=(Artifact(path="a", state="stored", sha256=digest),))], now=NOW)


def test_known_builds_tell_what_a_list_query_can_compare(store: Store) -> None:
    build = make_build(1, description="d", display_name="n", keep=True)
    store.save_builds([build], now=NOW)
    known = store.known_builds("churn/validate")[1]
    assert known.started_at == build.started_at
    assert known.digest == listing_digest("SUCCESS", "d", "n", True)
    assert known.digest != listing_digest("SUCCESS", "d", "n", False)
    assert store.known_builds("no such job") == {}


def test_a_renamed_job_keeps_one_history(store: Store) -> None:
    store.save_builds([make_build(1, job="old"), make_build(2, job="old")], now=NOW)
    store.save_builds([make_build(3, job="new"), make_build(2, job="new", runs=())], now=NOW)
    downstream = make_build(4, job="deploy", causes=(replace(make_build().causes[0], job="old", number=2),))
    store.save_builds([downstream], now=NOW)
    store.rename_job("old", "new")
    with store.view() as view:
        assert [row.number for row in view.build_ids("new")] == [3, 2, 1]
        assert view.build_ids("old") == ()
        assert len(view.build("new", 2).runs) == 1, "the reading that still had the run is the one to keep"
        assert [job.name for job in view.jobs()] == ["deploy", "new"]
        assert view.run_rows(jobs=["deploy"])[0].upstream == (("new", 2),)
    store.rename_job("old", "new")
    assert store.save_builds([make_build(1, job="new")], now=LATER).unchanged == 1


def test_a_job_that_is_found_under_its_new_name_is_no_longer_gone(store: Store) -> None:
    store.save_builds([make_build(1, job="old"), make_build(2, job="old")], now=NOW)
    store.mark_job_gone("old", last_seen=NOW)
    store.rename_job("old", "new")
    with store.view() as view:
        assert [job.gone_since for job in view.jobs()] == [None]
        assert [row.gone_since for row in view.build_ids("new")] == [None, None]


def test_a_job_may_be_renamed_before_its_new_name_was_seen(store: Store) -> None:
    store.save_jobs([Job(name="old", kind="pipeline")], now=NOW)
    store.save_builds([make_build(1, job="old")], now=NOW)
    store.rename_job("old", "new")
    store.rename_job("new", "newest")
    with store.view() as view:
        assert view.jobs() == (Job(name="newest", kind="pipeline"),)
        assert view.build("newest", 1).number == 1


def test_what_the_harvester_noted_of_a_job_is_kept(store: Store) -> None:
    assert store.harvest_state("a") is None
    store.set_harvest_state("a", {"backfilled": True})
    store.set_harvest_state("a", {"backfilled": False})
    assert store.harvest_state("a") == {"backfilled": False}


def test_versions_are_listed_newest_first(store: Store) -> None:
    first = VersionRow(id="20261123T020001Z", published_at=NOW, revision=3, manifest_sha256="ab", data_as_of=START)
    second = VersionRow(id="20261124T020001Z", published_at=LATER, revision=5, detail={"title": "nightly"})
    store.record_version(first)
    store.record_version(second)
    with store.view() as view:
        assert view.versions() == store.versions() == (second, first)
    assert store.forget_version(first.id)
    assert not store.forget_version(first.id)
    assert store.versions() == (second,)


def test_a_failed_save_leaves_no_trace_and_the_store_usable(store: Store) -> None:
    impossible = replace(make_build(2), number=2**70)
    with pytest.raises(OverflowError):
        store.save_builds([make_build(1), impossible], now=NOW)
    assert store.revision == 0
    assert store.save_builds([make_build(1)], now=NOW).new == 1


def test_two_controllers_do_not_share_jobs(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", controller="one") as store:
        store.save_builds([make_build(1)], now=NOW)
    with Store.open(tmp_path / "s", controller="two") as store:
        assert store.known_builds("churn/validate") == {}
        assert store.save_builds([make_build(1)], now=NOW).new == 1
