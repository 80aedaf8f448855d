"""The writer of the store: one process at a time, whole builds in one transaction, blobs before the rows that name them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reportgen.errors import StoreError
from reportgen.model import Build, Job, RunningBuild
from reportgen.store import schema
from reportgen.store.blobs import Blobs
from reportgen.store.codec import clean_optional, clean_text, dump_json, load_json, optional_time_text, parse_time, time_text
from reportgen.store.files import disk_errors, make_private_dir, network_warning, sync_dir
from reportgen.store.lock import StoreLock
from reportgen.store.pages import PageRow, forget_site, write_pages, write_site_state
from reportgen.store.rows import encode_build, encode_job
from reportgen.store.save import BuildWriter
from reportgen.store.tombs import build_identity, read_tombstones, without_pruned
from reportgen.store.values import KnownBuild, SaveResult, VersionRow, listing_digest
from reportgen.store.view import StoreView, read_versions

DATABASE = "store.db"


class Store:
    """A store opened for writing; it holds the lock until it is closed. Use as a context manager.

    `warnings` are sentences the user should see once (a network file system, no locks). Methods may be called from several
    threads; `put_blob` runs in parallel, the others one at a time.
    """

    def __init__(self, path: Path, controller: str, lock: StoreLock, database: sqlite3.Connection) -> None:
        self.path = path
        self.controller = controller
        self.blobs = Blobs(path)
        self.warnings = tuple(text for text in (lock.warning, network_warning(path)) if text)
        self._lock = lock
        self._db = database
        self._mutex = threading.RLock()
        self.writer = BuildWriter(database, controller, self.blobs)

    @classmethod
    def open(cls, path: Path, *, controller: str = "jenkins") -> Store:
        """Open the store in the directory `path`, make it or bring it to the present schema.

        Raises StoreLocked when another process writes to it, StoreTooNew when a newer reportgen wrote it, else StoreError.
        """
        path = Path(path).absolute()
        with disk_errors(path, "make"):
            path.parent.mkdir(parents=True, exist_ok=True)
            make_private_dir(path)
            for inner in ("tmp", "blobs"):
                make_private_dir(path / inner)
            sync_dir(path)
        lock = StoreLock(path)
        try:
            with disk_errors(path / "tmp", "clean"):
                Blobs(path).clean_tmp()
            database = _open_database(path / DATABASE)
        except BaseException:
            lock.release()
            raise
        return cls(path, controller, lock, database)

    def close(self) -> None:
        """Close the database and give the lock back."""
        self._db.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def view(self) -> StoreView:
        """Open a read-only view of what is committed."""
        return StoreView.open(self.path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one all-or-nothing change; database errors become StoreError."""
        with self._mutex, schema.database_errors(self.path / DATABASE):
            try:
                with schema.transaction(self._db):
                    yield self._db
            except BaseException:
                self.writer.forget_ids()
                raise

    def put_blob(self, chunks: Iterable[bytes] | bytes, *, limit: int | None = None) -> tuple[str, int]:
        """Keep bytes and return their ``(digest, size)``, durable on return; more than `limit` raises BlobTooLarge."""
        return self.blobs.put(chunks, limit=limit)

    def save_builds(self, builds: Sequence[Build], *, now: datetime) -> SaveResult:
        """Save whole builds in one transaction.

        A build that is stored with the same content keeps its revision and `last_read`; any other gets the next revision and
        ``last_read = now``. A build of a job that was recreated stands beside its namesake. Every blob a build names must be
        there: StoreError, and nothing saved, if not.
        """
        wanted = self.not_pruned(builds)
        encoded = [(encode_build(build), optional_time_text(build.gone_since)) for build in wanted]
        sizes = self._blob_sizes([digest for build, _ in encoded for digest in build.blobs])
        with self.transaction():
            return replace(self.writer.save(encoded, sizes, time_text(now)), pruned=len(builds) - len(wanted))

    def not_pruned(self, builds: Sequence[Build]) -> list[Build]:
        """Return the builds without what was removed on purpose."""
        with self._mutex, schema.database_errors(self.path / DATABASE):
            tombs = read_tombstones(self._db, self.controller)
        left = [without_pruned(build, tombs.get(build_identity(build), ())) for build in builds]
        return [build for build in left if build is not None]

    def _blob_sizes(self, digests: Iterable[str]) -> dict[str, int]:
        sizes = {}
        for digest in set(digests):
            size = self.blobs.size(digest)
            if size is None:
                raise StoreError(
                    f"blob {digest} is named by a build but is not in the store", hint="put_blob comes before save_builds"
                )
            sizes[digest] = size
        return sizes

    def save_jobs(self, jobs: Sequence[Job], *, now: datetime) -> None:
        """Save what is known of jobs; one whose facts changed gets ``last_read = now``, one seen again is no longer gone."""
        with self.transaction() as db:
            changed = False
            for job in jobs:
                job_id = self.writer.job_id(job.name)
                row = (optional_time_text(job.gone_since), encode_job(job))
                if db.execute("SELECT gone_since, detail FROM job WHERE id = ?", (job_id,)).fetchone() != row:
                    db.execute(
                        "UPDATE job SET gone_since = ?, detail = ?, last_read = ? WHERE id = ?", (*row, time_text(now), job_id)
                    )
                    changed = True
            if changed:
                self.writer.next_revision()

    def set_running(self, job: str, running: Sequence[RunningBuild]) -> None:
        """Replace the list of builds of `job` that are not final yet."""
        rows = sorted((build.number, time_text(build.started_at), clean_optional(build.waiting_for)) for build in running)
        with self.transaction() as db:
            if not rows and self.writer.find_job(job) is None:
                return
            job_id = self.writer.job_id(job)
            stored = "SELECT number, started_at, waiting_for FROM running WHERE job_id = ? ORDER BY number"
            if db.execute(stored, (job_id,)).fetchall() == rows:
                return
            db.execute("DELETE FROM running WHERE job_id = ?", (job_id,))
            insert = "INSERT INTO running (job_id, number, started_at, waiting_for) VALUES (?, ?, ?, ?)"
            db.executemany(insert, [(job_id, *row) for row in rows])
            self.writer.next_revision()

    def mark_gone(self, job: str, builds: Iterable[int | tuple[int, datetime]], *, last_seen: datetime) -> int:
        """Mark builds that Jenkins no longer has with when it was last seen to have them; return how many are newly marked.

        A build is a number (all its incarnations) or ``(number, started_at)``. One that is marked keeps its first mark.
        """
        with self.transaction() as db:
            job_id = self.writer.find_job(job)
            if job_id is None:
                return 0
            select = "SELECT id FROM build WHERE job_id = ? AND number = ? AND gone_since IS NULL"
            select += " AND started_at = coalesce(?, started_at)"
            found: set[int] = set()
            for build in builds:
                number, start = (build, None) if isinstance(build, int) else (build[0], time_text(build[1]))
                found.update(row[0] for row in db.execute(select, (job_id, number, start)))
            return self._mark(found, last_seen)

    def mark_job_gone(self, job: str, *, last_seen: datetime) -> int:
        """Mark a job that Jenkins no longer has, and all its builds; return how many builds are newly marked."""
        with self.transaction() as db:
            job_id = self.writer.find_job(job)
            if job_id is None:
                return 0
            marked = db.execute(
                "UPDATE job SET gone_since = ? WHERE id = ? AND gone_since IS NULL", (time_text(last_seen), job_id)
            )
            gone = db.execute("DELETE FROM running WHERE job_id = ?", (job_id,)).rowcount
            found = {row[0] for row in db.execute("SELECT id FROM build WHERE job_id = ? AND gone_since IS NULL", (job_id,))}
            if not found and (marked.rowcount or gone):
                self.writer.next_revision()
            return self._mark(found, last_seen)

    def _mark(self, build_ids: set[int], last_seen: datetime) -> int:
        if build_ids:
            revision = self.writer.next_revision()
            update = "UPDATE build SET gone_since = ?, revision = ? WHERE id = ?"
            self._db.executemany(update, [(time_text(last_seen), revision, each) for each in sorted(build_ids)])
        return len(build_ids)

    def rename_job(self, old: str, new: str) -> None:
        """Give the builds of the job `old` to the job `new`: one history. Nothing happens when `old` is not stored."""
        with self.transaction():
            self.writer.rename(clean_text(old), clean_text(new))

    def known_builds(self, job: str) -> Mapping[int, KnownBuild]:
        """Return what is stored of a job's builds by number; of a number with several builds, the one that started last."""
        known: dict[int, KnownBuild] = {}
        with self._mutex, schema.database_errors(self.path / DATABASE):
            job_id = self.writer.find_job(job)
            rows = self._db.execute(
                "SELECT number, started_at, result, description, display_name, keep, gone_since FROM build"
                " WHERE job_id = ? ORDER BY started_at",
                (job_id,),
            )
            for number, started_at, result, description, name, keep, gone in rows:
                digest = listing_digest(result, description, name, bool(keep))
                known[number] = KnownBuild(parse_time(started_at), digest, gone=gone is not None)
            tombs = self._db.execute(
                "SELECT number, started_at FROM tombstone WHERE controller = ? AND job = ? AND run IS NULL ORDER BY started_at",
                (self.controller, clean_text(job)),
            )
            for number, started_at in tombs:
                start = parse_time(started_at)
                if number not in known or known[number].started_at <= start:
                    known[number] = KnownBuild(start, "", pruned=True)
        return known

    def harvest_state(self, job: str) -> Any:
        """Return what `set_harvest_state` kept for a job, None where it kept nothing."""
        with self._mutex, schema.database_errors(self.path / DATABASE):
            select = "SELECT content FROM harvest_state WHERE job_id = ?"
            row = self._db.execute(select, (self.writer.find_job(job),)).fetchone()
        return None if row is None else load_json(row[0])

    def set_harvest_state(self, job: str, content: Any) -> None:
        """Keep a JSON value for the harvester's next visit to a job: where it stopped, what need not be asked again."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO harvest_state (job_id, content) VALUES (?, ?)"
                " ON CONFLICT (job_id) DO UPDATE SET content = excluded.content",
                (self.writer.job_id(job), dump_json(content)),
            )

    def record_version(self, version: VersionRow) -> None:
        """Remember a published version; one with the same id is replaced."""
        row = (
            version.id,
            time_text(version.published_at),
            version.revision,
            optional_time_text(version.data_as_of),
            version.manifest_sha256,
            dump_json(dict(version.detail)),
        )
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget_version(self, version_id: str) -> bool:
        """Forget a published version; say whether it was known."""
        with self.transaction() as db:
            return db.execute("DELETE FROM version WHERE id = ?", (version_id,)).rowcount > 0

    def save_pages(self, pages: Iterable[PageRow], *, removed: Collection[str] = (), state: Any = None, site: str = "") -> None:
        """Remember in one transaction what was made of a site: pages added or changed, paths gone, and `state` as a whole."""
        with self.transaction() as db:
            write_pages(db, site, pages, removed)
            write_site_state(db, site, state)

    def forget_pages(self, site: str = "") -> None:
        """Forget all that is known of a site's pages, so that the next build makes every page anew."""
        with self.transaction() as db:
            forget_site(db, site)

    def versions(self) -> tuple[VersionRow, ...]:
        """Return the published versions, newest first."""
        with self._mutex, schema.database_errors(self.path / DATABASE):
            return read_versions(self._db)

    @property
    def revision(self) -> int:
        """The number of the last change of what the site shows."""
        with self._mutex:
            (revision,) = self._db.execute("SELECT revision FROM state").fetchone()
        return int(revision)


def _open_database(file: Path) -> sqlite3.Connection:
    with schema.database_errors(file):
        database = schema.connect(file, read_only=False)
        try:
            schema.migrate(database, file)
        except BaseException:
            database.close()
            raise
    return database
