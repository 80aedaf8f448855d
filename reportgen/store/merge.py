"""Taking over what another store has: how several machines share one back-fill."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reportgen.errors import StoreError
from reportgen.model import Build
from reportgen.store.codec import time_text
from reportgen.store.db import Store
from reportgen.store.lock import StoreLock
from reportgen.store.rows import stored_blobs
from reportgen.store.tombs import Identity, build_identity
from reportgen.store.values import SaveResult
from reportgen.store.view import StoreView

_BATCH = 64


def merge_store(store: Store, other: Path, *, now: datetime) -> SaveResult:
    """Add the builds and jobs of the store at `other` that this one does not have; what it has is left as it is.

    A build is told by job, number and start, a file by its digest, so merging twice changes nothing, and a merge that was
    interrupted is finished by merging again. Runs that were pruned here do not come back, and what was pruned there of builds
    that are not here does not come from Jenkins either. The other store is kept from being written to meanwhile: StoreLocked if
    it is being written to, StoreError if it is this one, or if one of its files is missing or damaged; what was merged before
    stays.
    """
    result = SaveResult(revision=store.revision)
    with StoreView.open(other) as source, _held(store, other):
        with store.view() as here:
            known = {job.name for job in here.jobs()}
            held = {(row.job, row.number, time_text(row.started_at)) for row in here.build_ids()}
        store.save_jobs([job for job in source.jobs() if job.name not in known], now=now)
        _take_tombstones(store, source, held)
        ids = [row.id for row in reversed(source.build_ids())]
        for start in range(0, len(ids), _BATCH):
            builds = [build for build in source.builds(ids[start : start + _BATCH]) if build_identity(build) not in held]
            wanted = store.not_pruned(builds)
            _copy_blobs(store, source, wanted)
            saved = store.save_builds(wanted, now=now)
            result = _sum(result, replace(saved, pruned=len(builds) - len(wanted)))
    return replace(result, unchanged=len(ids) - result.new - result.updated - result.pruned)


@contextmanager
def _held(store: Store, other: Path) -> Iterator[None]:
    """Lock the other store where that is possible: one that cannot be written to needs no lock."""
    if other.samefile(store.path):
        raise StoreError(f"{other} is the store to merge into", hint="name the stores whose builds are to be added to it")
    if not os.access(other, os.W_OK):
        yield
        return
    lock = StoreLock(other)
    try:
        yield
    finally:
        lock.release()


def _take_tombstones(store: Store, source: StoreView, held: Container[Identity]) -> None:
    tombs = [tomb for tomb in source.tombstones() if (tomb.job, tomb.number, time_text(tomb.started_at)) not in held]
    if tombs:
        with store.transaction():
            for tomb in tombs:
                store.writer.bury(tomb)


def _copy_blobs(store: Store, source: StoreView, builds: Sequence[Build]) -> None:
    for digest in sorted({digest for build in builds for digest in stored_blobs(build)}):
        if store.blobs.size(digest) is not None and store.blobs.size(digest) == source.blobs.size(digest):
            continue
        copied, _ = store.put_blob(source.blobs.chunks(digest))
        if copied != digest:
            raise StoreError(f"blob {digest} of {source.path} has changed since it was written", hint="harvest its build again")


def _sum(one: SaveResult, two: SaveResult) -> SaveResult:
    return SaveResult(
        new=one.new + two.new, updated=one.updated + two.updated, pruned=one.pruned + two.pruned, revision=two.revision
    )
