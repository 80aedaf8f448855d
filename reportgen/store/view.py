"""The store, read only: what analysis and the site are made of."""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reportgen.errors import StoreError
from reportgen.model import Build, Job, Point, RunningBuild, RunRow
from reportgen.store import schema
from reportgen.store.blobs import Blobs
from reportgen.store.codec import dump_json, load_json, parse_number, parse_optional_time, parse_time, time_text
from reportgen.store.load import load_builds, load_run_rows
from reportgen.store.packed import unpack
from reportgen.store.pages import PageRow, read_pages, read_past_marks, read_site_state
from reportgen.store.rows import decode_job
from reportgen.store.tombs import read_tombstones
from reportgen.store.values import BuildRow, MetricName, Tombstone, VersionRow

_FEW, _MANY = 1000, 5000
_BATCH = 200
_NEWEST_FIRST = "build.started_at DESC, job.name, build.number DESC"


class StoreView:
    """A store opened for reading; many may be open at once, also while one process writes. Use as a context manager.

    Each call reads what is committed at that moment, and none holds the database open while its caller works.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self.blobs = Blobs(path)
        self._db = database

    @classmethod
    def open(cls, path: Path) -> StoreView:
        """Open the store in the directory `path`; StoreError when there is none, StoreTooNew when it is too new."""
        path = Path(path).absolute()
        file = path / "store.db"
        if not file.is_file():
            raise StoreError(f"there is no store at {path}", hint="reportgen harvest fills it; reportgen demo makes a sample")
        with schema.database_errors(file):
            database = schema.connect(file, read_only=True)
            try:
                schema.require_readable(database, file)
            except BaseException:
                database.close()
                raise
        return cls(path, database)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The read-only connection, for queries of one's own; the schema is documented."""
        return self._db

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._db.execute(query, values).fetchall()

    def _errors(self) -> AbstractContextManager[None]:
        return schema.database_errors(self.path / "store.db")

    @property
    def revision(self) -> int:
        """The number of the last change of what the site shows."""
        return int(self._all("SELECT revision FROM state")[0][0])

    def data_as_of(self) -> datetime | None:
        """Return start plus duration of the newest finished build, None in an empty store."""
        return parse_optional_time(self._all("SELECT max(finished_at) FROM build")[0][0])

    def jobs(self) -> tuple[Job, ...]:
        """Return every job, gone ones too, by name."""
        return tuple([decode_job(*row) for row in self._all("SELECT name, gone_since, detail FROM job ORDER BY name, id")])

    def running(self) -> tuple[RunningBuild, ...]:
        """Return the builds that were not final at the last harvest, the newest first."""
        rows = self._all(
            "SELECT job.name, running.number, running.started_at, waiting_for FROM running JOIN job ON job.id = job_id"
            " ORDER BY running.started_at DESC, job.name, running.number DESC"
        )
        return tuple(
            [
                RunningBuild(job=job, number=number, started_at=parse_time(start), waiting_for=text)
                for job, number, start, text in rows
            ]
        )

    def harvest_states(self) -> dict[str, Any]:
        """Return by job what the harvester remembers of it, as `Store.set_harvest_state` kept it."""
        rows = self._all("SELECT name, content FROM harvest_state JOIN job ON job.id = job_id ORDER BY name")
        return {job: load_json(content) for job, content in rows}

    def build_ids(self, job: str | None = None) -> tuple[BuildRow, ...]:
        """Return the light facts of all builds, or those of one job, the newest first."""
        rows = self._all(
            "SELECT build.id, job.name, number, build.started_at, build.duration_s, result, revision,"
            " build.gone_since, build.last_read, (SELECT count(*) FROM run WHERE run.build_id = build.id), content_digest"
            f" FROM build JOIN job ON job.id = build.job_id {_of_job(job)} ORDER BY {_NEWEST_FIRST}",
            () if job is None else (job,),
        )
        words: dict[Any, Any] = {}
        return tuple([_build_row(row, words.setdefault) for row in rows])

    def caused_by(self) -> dict[int, tuple[tuple[str, str, int], ...]]:
        """Return for each build that others started: their job as Jenkins wrote it, its name of today, and their numbers."""
        rows = self._all(
            "SELECT build_id, upstream_job, coalesce(new_name, upstream_job), upstream_number FROM upstream_builds"
            " LEFT JOIN job_rename ON old_name = upstream_job WHERE upstream_number IS NOT NULL"
        )
        found: dict[int, tuple[tuple[str, str, int], ...]] = {}
        for build, written, job, number in rows:
            found[build] = (*found.get(build, ()), (written, job, number))
        return found

    def build(self, job: str, number: int, started_at: datetime | None = None) -> Build:
        """Return a build; of several with that number the one that started at `started_at`, else last. StoreError if none."""
        rows = self._all(
            "SELECT build.id FROM build JOIN job ON job.id = build.job_id WHERE job.name = ? AND number = ?"
            " AND started_at = coalesce(?, started_at) ORDER BY started_at DESC LIMIT 1",
            (job, number, None if started_at is None else time_text(started_at)),
        )
        if not rows:
            raise StoreError(f"build {job}#{number} is not in the store", hint="reportgen show lists what is there")
        with self._errors():
            return load_builds(self._db, [rows[0][0]])[0]

    def builds(self, ids: Sequence[int]) -> Iterator[Build]:
        """Yield whole builds in the order asked; an id that is not stored raises KeyError."""
        for start in range(0, len(ids), _BATCH):
            with self._errors():
                builds = load_builds(self._db, ids[start : start + _BATCH])
            yield from builds

    def run_rows(
        self, *, jobs: Collection[str] | None = None, metrics: Collection[str] | None = None, ids: Collection[int] | None = None
    ) -> list[RunRow]:
        """Return runs, the newest first: by start of the build, then job, number and name of the run.

        `jobs` and `ids` (of builds) restrict the runs, `metrics` the metrics each of them carries; None means all.
        """
        if metrics is None:
            return list(self._batches(_MANY, jobs, metrics, ids))
        run_ids = self._run_ids(jobs, ids)
        with self._errors():
            return load_run_rows(self._db, run_ids, metrics)

    def iter_run_rows(
        self, *, jobs: Collection[str] | None = None, metrics: Collection[str] | None = None, ids: Collection[int] | None = None
    ) -> Iterator[RunRow]:
        """Yield what `run_rows` returns, holding only a part of it in memory."""
        return self._batches(_FEW, jobs, metrics, ids)

    def _batches(
        self, size: int, jobs: Collection[str] | None, metrics: Collection[str] | None, ids: Collection[int] | None
    ) -> Iterator[RunRow]:
        run_ids = self._run_ids(jobs, ids)
        for start in range(0, len(run_ids), size):
            with self._errors():
                rows = load_run_rows(self._db, run_ids[start : start + size], metrics)
            yield from rows

    def _run_ids(self, jobs: Collection[str] | None, ids: Collection[int] | None) -> list[int]:
        where, values = [], []
        if jobs is not None:
            where.append(f"job.name IN ({', '.join('?' * len(jobs))})")
            values += sorted(jobs)
        if ids is not None:
            where.append("build.id IN (SELECT value FROM json_each(?))")
            values.append(str(sorted(ids)))
        rows = self._all(
            "SELECT run.id FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id"
            f"{' WHERE ' if where else ''}{' AND '.join(where)} ORDER BY {_NEWEST_FIRST}, run.name, run.position",
            values,
        )
        return [row[0] for row in rows]

    def logged_metrics(self) -> frozenset[str]:
        """Return the names of all metrics that any run ever had, pruned ones among them."""
        return frozenset(row[0] for row in self._all("SELECT name FROM metric_kind"))

    def metric_names(self, job: str | None = None) -> tuple[MetricName, ...]:
        """Return the metrics that runs, or those of one job, have: the one seen last first."""
        rows = self._all(
            "SELECT metric_kind.name, direction, unit, count(*), max(build.started_at) AS newest FROM metric"
            " JOIN metric_kind ON metric_kind.id = kind_id JOIN run ON run.id = run_id JOIN build ON build.id = build_id"
            f" JOIN job ON job.id = job_id {_of_job(job)} GROUP BY kind_id ORDER BY newest DESC, kind_id",
            () if job is None else (job,),
        )
        found: dict[str, MetricName] = {}
        for name, direction, unit, runs, newest in rows:
            first = found.get(name)
            if first is None:
                found[name] = MetricName(name, direction, unit, runs, parse_time(newest))
            else:
                found[name] = first._replace(
                    direction=first.direction or direction, unit=first.unit or unit, runs=first.runs + runs
                )
        return tuple(found.values())

    def notes(self, ids: Collection[int] | None = None) -> dict[tuple[int, str, str], tuple[str, ...]]:
        """Return the notes of all runs that have any, and the error that ended a run, by (build id, run name, record).

        `ids` restricts the builds.
        """
        rows = self._all(
            "SELECT build_id, name, record, json_extract(detail, '$.notes'), json_extract(detail, '$.error.type'),"
            " json_extract(detail, '$.error.message') FROM run"
            " WHERE (json_type(detail, '$.notes') IS NOT NULL OR json_type(detail, '$.error') IS NOT NULL)"
            + ("" if ids is None else " AND build_id IN (SELECT value FROM json_each(?))"),
            () if ids is None else (str(sorted(ids)),),
        )
        return {
            (build, name, record): (*(load_json(notes) if notes else ()), *(text for text in error if text))
            for build, name, record, notes, *error in rows
        }

    def series(self, job: str, number: int, run: str, metric: str) -> tuple[Point, ...]:
        """Return the points of a metric of a run of the newest build of that number; empty where there are none."""
        rows = self._all(
            'SELECT points, first_step, stride, steps, points_json, "values" FROM series JOIN run ON run.id = run_id'
            " JOIN build ON build.id = build_id JOIN job ON job.id = job_id"
            " WHERE job.name = ? AND number = ? AND run.name = ? AND metric = ?"
            " ORDER BY build.started_at DESC, run.position LIMIT 1",
            (job, number, run, metric),
        )
        return unpack(rows[0]) if rows else ()

    def series_of(
        self, ids: Collection[int], metrics: Collection[str]
    ) -> dict[tuple[int, str, str], dict[str, tuple[Point, ...]]]:
        """Return the points of some metrics of the runs of some builds: (build id, run name, record) → metric → points."""
        rows = self._all(
            'SELECT build_id, name, record, metric, points, first_step, stride, steps, points_json, "values"'
            " FROM series JOIN run ON run.id = run_id WHERE build_id IN (SELECT value FROM json_each(?))"
            " AND metric IN (SELECT value FROM json_each(?))",
            (str(sorted(ids)), dump_json(sorted(metrics))),
        )
        found: dict[tuple[int, str, str], dict[str, tuple[Point, ...]]] = {}
        for row in rows:
            found.setdefault((row[0], row[1], row[2]), {})[row[3]] = unpack(row[4:])
        return found

    def series_digests(self, ids: Collection[int]) -> dict[tuple[int, str, str], str]:
        """Return what names the series of each run of some builds that has any: (build id, run name, record) → digest."""
        rows = self._all(
            'SELECT build_id, name, record, metric, points, first_step, stride, steps, points_json, "values"'
            " FROM series JOIN run ON run.id = run_id WHERE build_id IN (SELECT value FROM json_each(?))"
            " ORDER BY run_id, metric",
            (str(sorted(ids)),),
        )
        found: dict[tuple[int, str, str], Any] = {}
        for build, name, record, *stored in rows:
            found.setdefault((build, name, record), sha256()).update(repr(stored).encode("utf-8", "backslashreplace"))
        return {run: digest.hexdigest() for run, digest in found.items()}

    def row_results(self, run: RunRow) -> dict[str, tuple[str, int]]:
        """Return digest and size of the stored tables of row-level results of a run, by their names."""
        rows = self._all(
            "SELECT detail FROM run WHERE build_id = ? AND name = ? AND record = ? AND instr(detail, 'evaluation-rows') > 0",
            (run.build_id, run.name, run.record),
        )
        attached = [each for (detail,) in rows for each in load_json(detail).get("attachments", ())]
        return {
            each["name"]: (each["sha256"], each.get("size_bytes") or 0)
            for each in attached
            if each["kind"] == "evaluation-rows" and each.get("state", "stored") == "stored" and each.get("sha256")
        }

    def blob(self, digest: str) -> bytes:
        """Return the bytes of a blob; StoreError when it is missing."""
        return self.blobs.read(digest)

    def blob_path(self, digest: str) -> Path:
        """Return where a blob is or would be."""
        return self.blobs.path(digest)

    def past_marks(self) -> dict[int, str]:
        """Return for each build, by row, a mark that moves with it, with what came before it and with the next of its job."""
        with self._errors():
            return read_past_marks(self._db)

    def pages(self, site: str = "") -> dict[str, PageRow]:
        """Return the pages of a site (the name the engine gives an output) as they were last made, by path."""
        with self._errors():
            return read_pages(self._db, site)

    def site_state(self, site: str = "") -> Any:
        """Return what the engine kept about a site as a whole, None where it kept nothing."""
        with self._errors():
            return read_site_state(self._db, site)

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Return what was removed on purpose, in the order of removal."""
        with self._errors():
            found = [tomb for tombs in read_tombstones(self._db).values() for tomb in tombs]
        return tuple(sorted(found, key=lambda tomb: (tomb.pruned_at, tomb.revision)))

    def versions(self) -> tuple[VersionRow, ...]:
        """Return the published versions, newest first."""
        with self._errors():
            return read_versions(self._db)


def _of_job(job: str | None) -> str:
    return "" if job is None else "WHERE job.name = ?"


def _build_row(row: tuple[Any, ...], same: Callable[[Any, Any], Any]) -> BuildRow:
    """Return the facts of a row; what many rows say is the `same` value in all of them."""
    build_id, job, number, started_at, duration_s, result, revision, gone_since, last_read, runs, content = row
    return BuildRow(
        build_id,
        same(job, job),
        number,
        parse_time(started_at),
        parse_number(duration_s),
        same(result, result),
        same(revision, revision),
        parse_optional_time(gone_since),
        same(read_at := parse_time(last_read), read_at),
        runs,
        content,
    )


def read_versions(database: sqlite3.Connection) -> tuple[VersionRow, ...]:
    """Return the published versions that a store's table holds, newest first."""
    rows = database.execute(
        "SELECT id, published_at, revision, data_as_of, manifest_sha256, detail FROM version"
        " ORDER BY published_at DESC, id DESC"
    )
    return tuple(
        [
            VersionRow(
                id=version_id,
                published_at=parse_time(published_at),
                revision=revision,
                data_as_of=parse_optional_time(data_as_of),
                manifest_sha256=manifest,
                detail=load_json(detail),
            )
            for version_id, published_at, revision, data_as_of, manifest, detail in rows
        ]
    )
