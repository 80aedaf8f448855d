"""The only deletions from the store: files that nothing refers to any more, and runs that somebody wants gone."""

from __future__ import annotations

import re
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reportgen.errors import StoreError
from reportgen.model import Build, Run
from reportgen.store.blobs import StoredBlob
from reportgen.store.codec import optional_time_text, time_text
from reportgen.store.db import DATABASE, Store
from reportgen.store.files import disk_errors
from reportgen.store.rows import encode_build, stored_blobs
from reportgen.store.tombs import build_identity, read_tombstones, run_blobs, without_pruned
from reportgen.store.values import Tombstone
from reportgen.store.view import StoreView

MIN_AGE = timedelta(days=7)

_WRITTEN = re.compile(r"(?P<job>.+?)#(?P<number>\d{1,9}|last)(?:~(?P<day>\d{8}))?(?:/(?P<run>.+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed, or would be: a build or a run of it, the blobs that went with it, and what is still too young."""

    run: str = ""
    blobs: tuple[StoredBlob, ...] = ()
    young: int = 0

    @property
    def size_bytes(self) -> int:
        """How many bytes of blobs."""
        return sum(blob.size_bytes for blob in self.blobs)


def prune_blobs(store: Store, *, now: datetime, min_age: timedelta = MIN_AGE, dry_run: bool = False) -> Pruned:
    """Remove the blobs that no build refers to, once they are older than `min_age`.

    Younger ones may belong to a harvest that was interrupted and will be finished. What was removed with a run on purpose, and
    was fetched again since, goes at once.
    """
    with store.transaction() as db:
        used = {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM blob_use")}
        tombs = read_tombstones(db)
    unwanted = {digest for found in tombs.values() for tomb in found for digest in tomb.blobs}
    unused = [blob for blob in store.blobs.stored() if blob.digest not in used]
    limit = (now - min_age).timestamp()
    doomed = tuple([blob for blob in unused if blob.digest in unwanted or blob.written_at <= limit])
    if not dry_run:
        store.blobs.remove(blob.digest for blob in doomed)
        with store.transaction() as db:
            _sweep(store, db)
    return Pruned(blobs=doomed, young=len(unused) - len(doomed))


def drop_pruned(store: Store) -> None:
    """Remove the blobs of runs that were removed on purpose and came again with the build they are of."""
    with store.transaction() as db:
        unwanted = {digest for found in read_tombstones(db).values() for tomb in found for digest in tomb.blobs}
        here = [digest for digest in sorted(unwanted) if store.blobs.size(digest) is not None]
        used = "SELECT 1 FROM blob_use WHERE sha256 = ? LIMIT 1"
        store.blobs.remove(digest for digest in here if db.execute(used, (digest,)).fetchone() is None)


def prune_run(store: Store, written: str, reason: str, *, now: datetime, dry_run: bool = False) -> Pruned:
    """Remove a run (``JOB#N`` or ``JOB#N/RUN``) for good, and leave a tombstone that keeps it from coming back.

    A build whose only run it is goes as a whole. Also removed are its files that nobody else has, the drawn charts and the
    copies of older schemas, as they may hold the same data. StoreError when there is no such run, or several could be meant.
    """
    with StoreView.open(store.path) as view:
        build, run = find_run(view, written)
    whole = run is None or len(build.runs) == 1
    alone = _tombstone(build, None if whole else run, reason, now)
    with store.transaction() as db:
        others = _others(db, store.controller, build)
    left = None if whole else without_pruned(build, [alone])
    kept = others | (set() if left is None else set(stored_blobs(left)))
    doomed = [blob for digest in set(alone.blobs) - kept if (blob := store.blobs.find(digest)) is not None]
    told = f"{build.job}#{build.number}" + ("" if whole or run is None else f"/{run.name}")
    if not dry_run:
        _remove(store, alone, build, left, now)
        store.blobs.remove(blob.digest for blob in doomed)
        _remove_copies(store.path)
    return Pruned(run=told, blobs=tuple(sorted(doomed)))


def find_run(view: StoreView, written: str) -> tuple[Build, Run | None]:
    """Return the build that ``JOB#N``, ``JOB#last``, ``JOB#N~YYYYMMDD`` or any of them with ``/RUN`` names, and its run.

    StoreError, with the runs to choose from, where there is none or several are meant.
    """
    parts = _WRITTEN.fullmatch(written.strip())
    if parts is None:
        raise StoreError(f"{written!r} does not name a run", hint="write JOB#NUMBER, or JOB#NUMBER/RUN")
    rows = [row for row in view.build_ids(parts["job"]) if parts["number"] in {"last", str(row.number)}]
    if parts["day"]:
        rows = [row for row in rows if f"{row.started_at:%Y%m%d}" == parts["day"]]
    if not rows:
        raise StoreError(f"run {written} is not in the store", hint="reportgen show lists what is there")
    build = next(iter(view.builds([rows[0].id])))
    names = [run.name for run in build.runs]
    if parts["run"] is None:
        if len(names) > 1:
            raise StoreError(f"build {written} has {len(names)} runs", hint=f"name one: {_choices(build)}")
        return build, (build.runs[0] if build.runs else None)
    found = [run for run in build.runs if parts["run"] in {run.name, f"{run.name}-{run.record}"}]
    if len(found) != 1:
        raise StoreError(
            f"{len(found) or 'no'} runs of build {build.job}#{build.number} are named {parts['run']}",
            hint=f"name one: {_choices(build)}",
        )
    return build, found[0]


def _choices(build: Build) -> str:
    names = [run.name for run in build.runs]
    return ", ".join(run.name if names.count(run.name) == 1 else f"{run.name}-{run.record}" for run in build.runs)


def _tombstone(build: Build, run: Run | None, reason: str, now: datetime) -> Tombstone:
    return Tombstone(
        job=build.job,
        number=build.number,
        started_at=build.started_at,
        run=None if run is None else run.name,
        record=None if run is None else run.record,
        blobs=tuple(sorted(set(stored_blobs(build)) if run is None else run_blobs(run))),
        reason=reason,
        pruned_at=now,
        revision=0,
    )


def _others(db: sqlite3.Connection, controller: str, build: Build) -> set[str]:
    """Return the blobs that any other build refers to."""
    query = (
        "SELECT DISTINCT sha256 FROM blob_use JOIN build ON build.id = build_id JOIN job ON job.id = job_id"
        " WHERE NOT (controller = ? AND name = ? AND number = ? AND started_at = ?)"
    )
    return {row[0] for row in db.execute(query, (controller, *build_identity(build)))}


def _remove(store: Store, tomb: Tombstone, build: Build, left: Build | None, now: datetime) -> None:
    """Take the rows out in one transaction, so that their bytes are overwritten with zeros in the file."""
    job, number, started_at = build_identity(build)
    sizes = {} if left is None else {digest: store.blobs.size(digest) or 0 for digest in stored_blobs(left)}
    with store.transaction() as db:
        db.execute("PRAGMA secure_delete = ON")
        store.writer.bury(tomb)
        if left is None:
            doomed = (number, started_at, store.writer.find_job(job))
            db.execute("DELETE FROM build WHERE number = ? AND started_at = ? AND job_id = ?", doomed)
        else:
            store.writer.save([(encode_build(left), optional_time_text(left.gone_since))], sizes, time_text(now))
        _sweep(store, db)


def _sweep(store: Store, db: sqlite3.Connection) -> None:
    """Remove what only removed runs shared: environments and kinds of metrics nobody has."""
    db.execute("DELETE FROM environment WHERE NOT EXISTS (SELECT 1 FROM run WHERE environment_id = environment.id)")
    db.execute("DELETE FROM metric_kind WHERE NOT EXISTS (SELECT 1 FROM metric WHERE kind_id = metric_kind.id)")
    store.writer.forget_ids()


def _remove_copies(store: Path) -> None:
    with disk_errors(store, "remove copies from"):
        shutil.rmtree(store / "cache", ignore_errors=True)
        for copy in store.glob(f"{DATABASE}.schema*"):
            copy.unlink()
