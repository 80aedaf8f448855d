"""Deleting on purpose, and only that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.model import Artifact, Attachment, Build
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.prune import find_run, prune_blobs, prune_run
from tests.support.builds import NOW, START, make_build

LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def _age(store: Store, digest: str, days: float) -> None:
    then = datetime.now(UTC).timestamp() - days * 86400
    os.utime(store.blobs.path(digest), (then, then))


def _with_table(store: Store, number: int, content: bytes, name: str = "validate") -> Build:
    build = make_build(number)
    digest, size = store.put_blob(content)
    directory = f"reportgen-results/{name}-{number:08x}"
    table = Attachment(
        kind="table", name="t", label="t.csv", format="csv", path=f"{directory}/files/t.csv", sha256=digest, size_bytes=size
    )
    run = replace(build.runs[0], name=name, attachments=(table,), params={"who": "Personal Name"})
    artifact = Artifact(path=f"{directory}/files/t.csv", state="stored", sha256=digest, size_bytes=size)
    return replace(build, runs=(run,), artifacts=(artifact,))


def test_only_old_files_that_nobody_refers_to_are_deleted(store: Store) -> None:
    old, young = store.put_blob(b"old")[0], store.put_blob(b"young")[0]
    store.save_builds([_with_table(store, 1, b"used")], now=NOW)
    used = next(blob.digest for blob in store.blobs.stored() if blob.digest not in {old, young})
    for digest in (old, used):
        _age(store, digest, 8)
    present = datetime.now(UTC)
    told = prune_blobs(store, now=present, dry_run=True)
    assert [blob.digest for blob in told.blobs] == [old]
    assert (told.size_bytes, told.young) == (3, 1)
    assert store.blobs.size(old) == 3, "a dry run deletes nothing"
    assert prune_blobs(store, now=present) == told
    assert [store.blobs.size(digest) for digest in (old, young, used)] == [None, 5, 4]


def test_a_pruned_build_is_gone_for_good(store: Store) -> None:
    build = _with_table(store, 1, b"alone")
    store.save_builds([build, make_build(2)], now=NOW)
    pruned = prune_run(store, "churn/validate#1", "personal data", now=LATER)
    assert pruned.run == "churn/validate#1"
    assert len(pruned.blobs) == 1
    with store.view() as view:
        assert [row.number for row in view.build_ids()] == [2]
        (tomb,) = view.tombstones()
    assert (tomb.job, tomb.number, tomb.run, tomb.reason, tomb.pruned_at) == ("churn/validate", 1, None, "personal data", LATER)
    assert list(store.blobs.stored()) == []
    assert store.known_builds("churn/validate")[1].pruned
    store.put_blob(b"alone")
    assert store.save_builds([build], now=LATER).pruned == 1
    assert [len(prune_blobs(store, now=LATER).blobs), len(list(store.blobs.stored()))] == [1, 0]


def test_nothing_of_a_pruned_run_is_left_in_the_file(store: Store) -> None:
    store.save_builds([_with_table(store, 1, b"alone"), make_build(2)], now=NOW)
    assert b"Personal Name" in (store.path / "store.db").read_bytes()
    (store.path / "cache").mkdir()
    (store.path / "store.db.schema1").write_bytes(b"Personal Name")
    prune_run(store, "churn/validate#1", "personal data", now=LATER)
    assert b"Personal Name" not in (store.path / "store.db").read_bytes()
    assert not (store.path / "cache").exists()
    assert not (store.path / "store.db.schema1").exists()


def test_one_run_of_several_can_be_pruned(store: Store) -> None:
    first, second = _with_table(store, 1, b"first", "a"), _with_table(store, 1, b"second", "b")
    build = replace(first, runs=first.runs + second.runs, artifacts=first.artifacts + second.artifacts)
    store.save_builds([build], now=NOW)
    with store.view() as view, pytest.raises(StoreError, match="has 2 runs") as caught:
        find_run(view, "churn/validate#1")
    assert caught.value.hint == "name one: a, b"
    prune_run(store, "churn/validate#1/a", "wrong file", now=LATER)
    with store.view() as view:
        left = view.build("churn/validate", 1)
    assert left.runs == second.runs
    assert left.artifacts == second.artifacts
    assert [store.blobs.read(blob.digest) for blob in store.blobs.stored()] == [b"second"]
    store.put_blob(b"first")
    assert store.save_builds([build], now=LATER + timedelta(days=1)).unchanged == 1
    assert check_store(store.path, read_data=True).problems == ()


def test_a_file_that_another_build_has_stays(store: Store) -> None:
    store.save_builds([_with_table(store, 1, b"shared"), _with_table(store, 2, b"shared")], now=NOW)
    assert prune_run(store, "churn/validate#1", "x", now=LATER).blobs == ()
    assert len(list(store.blobs.stored())) == 1


def test_a_dry_run_changes_nothing(store: Store) -> None:
    store.save_builds([_with_table(store, 1, b"alone")], now=NOW)
    before = (store.path / "store.db").read_bytes()
    assert len(prune_run(store, "churn/validate#last", "x", now=LATER, dry_run=True).blobs) == 1
    assert (store.path / "store.db").read_bytes() == before
    assert len(list(store.blobs.stored())) == 1


def test_what_came_after_a_pruned_build_is_planned_anew(store: Store) -> None:
    store.save_builds([make_build(number) for number in (1, 2, 3)], now=NOW)
    prune_run(store, "churn/validate#2", "x", now=LATER)
    with store.view() as view:
        marks, (third, first) = view.past_marks(), view.build_ids()
        assert (marks[first.id], marks[third.id]) == (f"1.{third.id}", "2.")


def test_a_pruned_build_does_not_block_its_namesake(store: Store) -> None:
    again = replace(make_build(1), started_at=START + timedelta(days=30))
    store.save_builds([make_build(1)], now=NOW)
    prune_run(store, "churn/validate#1", "x", now=LATER)
    assert store.save_builds([again], now=LATER).new == 1
    assert not store.known_builds("churn/validate")[1].pruned


def test_a_pruned_build_is_known_as_that_beside_an_older_namesake(store: Store) -> None:
    again = replace(make_build(1), started_at=START + timedelta(days=30))
    store.save_builds([make_build(1), again], now=NOW)
    prune_run(store, "churn/validate#1", "x", now=LATER)
    known = store.known_builds("churn/validate")[1]
    assert (known.pruned, known.started_at) == (True, again.started_at)
    with store.view() as view:
        assert view.build("churn/validate", 1).started_at == make_build(1).started_at


@pytest.mark.parametrize(
    "written",
    ["nonsense", "churn/validate", "churn/validate#9", "other#1", "churn/validate#1/nobody", "churn/validate#1~19990101"],
)
def test_a_run_that_is_not_there_is_said_so(store: Store, written: str) -> None:
    store.save_builds([make_build(1)], now=NOW)
    with pytest.raises(StoreError) as caught:
        prune_run(store, written, "x", now=LATER)
    assert caught.value.hint


def test_an_older_namesake_is_named_by_its_day(store: Store) -> None:
    old = make_build(1)
    store.save_builds([old, replace(old, started_at=START + timedelta(days=30))], now=NOW)
    with store.view() as view:
        assert find_run(view, f"churn/validate#1~{old.started_at:%Y%m%d}")[0].started_at == old.started_at
        assert find_run(view, "churn/validate#1")[0].started_at == START + timedelta(days=30)


def test_pruning_keeps_ids_of_metrics_right(store: Store) -> None:
    store.save_builds([make_build(1)], now=NOW)
    prune_run(store, "churn/validate#1", "x", now=LATER)
    store.save_builds([make_build(2)], now=LATER)
    with store.view() as view:
        assert view.build("churn/validate", 2).runs == make_build(2).runs
    assert check_store(store.path, read_data=True).problems == ()
