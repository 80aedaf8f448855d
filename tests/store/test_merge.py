"""Several stores that share one back-fill become one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.model import Artifact, Job
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.merge import merge_store
from reportgen.store.prune import prune_run
from tests.support.builds import NOW, make_build

LATER = NOW + timedelta(days=1)


def _shard(path: Path, numbers: range) -> Path:
    with Store.open(path) as store:
        store.save_jobs([Job(name="churn/validate", kind="pipeline")], now=NOW)
        for number in numbers:
            digest, size = store.put_blob(str(number).encode() * 100)
            artifact = Artifact(path="f", state="stored", sha256=digest, size_bytes=size)
            store.save_builds([make_build(number, artifacts=(artifact,))], now=NOW)
        store.mark_gone("churn/validate", [numbers[0]], last_seen=NOW)
    return path


def test_shards_become_one_store(tmp_path: Path) -> None:
    shards = [_shard(tmp_path / "one", range(1, 100)), _shard(tmp_path / "two", range(90, 120))]
    with Store.open(tmp_path / "whole") as store:
        first, second = (merge_store(store, shard, now=LATER) for shard in shards)
        assert (first.new, second.new, second.unchanged) == (99, 20, 10)
        revision = store.revision
        assert [merge_store(store, shard, now=LATER).new for shard in shards] == [0, 0]
        assert store.revision == revision
        with store.view() as view:
            assert [row.number for row in view.build_ids()] == list(range(119, 0, -1))
            assert view.jobs() == (Job(name="churn/validate", kind="pipeline"),)
            assert view.build("churn/validate", 1).gone_since == NOW
            assert view.build("churn/validate", 100).runs == make_build(100).runs
    assert check_store(tmp_path / "whole", read_data=True).problems == ()


def test_what_is_here_is_left_as_it_is(tmp_path: Path) -> None:
    shard = _shard(tmp_path / "one", range(1, 4))
    with Store.open(tmp_path / "whole") as store:
        mine = make_build(1, description="mine")
        store.save_builds([mine, make_build(2)], now=NOW)
        prune_run(store, "churn/validate#2", "wrong", now=NOW)
        merged = merge_store(store, shard, now=LATER)
        assert (merged.new, merged.unchanged, merged.pruned) == (1, 1, 1)
        with store.view() as view:
            assert view.build("churn/validate", 1) == replace(mine, last_read=NOW)
            assert [row.number for row in view.build_ids()] == [3, 1]
        assert len(list(store.blobs.stored())) == 1  # of #3: neither of what is here already, nor of what was pruned


def test_what_was_pruned_there_does_not_come_back_here(tmp_path: Path) -> None:
    shard = _shard(tmp_path / "one", range(1, 4))
    with Store.open(shard) as other:
        prune_run(other, "churn/validate#2", "personal data", now=NOW)
        prune_run(other, "churn/validate#3", "held here", now=NOW)
    with Store.open(tmp_path / "whole") as store:
        store.save_builds([make_build(3)], now=NOW)
        for _ in range(2):
            merge_store(store, shard, now=LATER)
            assert store.save_builds([make_build(2)], now=LATER).pruned == 1
        with store.view() as view:
            assert [row.number for row in view.build_ids()] == [3, 1]
            assert [(tomb.number, tomb.reason) for tomb in view.tombstones()] == [(2, "personal data")]


def test_a_damaged_file_is_not_taken_over(tmp_path: Path) -> None:
    shard = _shard(tmp_path / "one", range(1, 3))
    damaged = next(path for path in (shard / "blobs").rglob("*") if path.is_file())
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with Store.open(tmp_path / "whole") as store, pytest.raises(StoreError, match="has changed since it was written"):
        merge_store(store, shard, now=LATER)
    assert check_store(tmp_path / "whole", read_data=True).problems == ()


def test_a_store_cannot_be_merged_from_nowhere(tmp_path: Path) -> None:
    with Store.open(tmp_path / "whole") as store, pytest.raises(StoreError, match="there is no store"):
        merge_store(store, tmp_path / "nowhere", now=LATER)
