"""Rows of builds into the tables, inside a transaction of the caller."""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from reportgen.store.blobs import Blobs
from reportgen.store.codec import clean_text, dump_json, time_text
from reportgen.store.rows import BUILD_COLUMNS, METRIC_COLUMNS, RUN_COLUMNS, EncodedBuild, EncodedRun
from reportgen.store.values import SaveResult, Tombstone


def _marks(count: int) -> str:
    return ", ".join("?" * count)


_INSERT_BUILD = (
    f"INSERT INTO build (job_id, number, started_at, {', '.join(BUILD_COLUMNS)}, revision, content_digest, last_read,"
    f" gone_since) VALUES ({_marks(len(BUILD_COLUMNS) + 7)})"
)
_UPDATE_BUILD = (
    f"UPDATE build SET {' = ?, '.join(BUILD_COLUMNS)} = ?, revision = ?, content_digest = ?, last_read = ?, gone_since = ?"
    " WHERE id = ?"
)
_INSERT_RUN = (
    f"INSERT INTO run (build_id, position, environment_id, {', '.join(RUN_COLUMNS)}) VALUES ({_marks(len(RUN_COLUMNS) + 3)})"
)
_INSERT_METRIC = (
    f"INSERT INTO metric (run_id, position, kind_id, {', '.join(METRIC_COLUMNS)}) VALUES ({_marks(len(METRIC_COLUMNS) + 3)})"
)
_INSERT_SERIES = (
    'INSERT INTO series (run_id, position, metric, points, first_step, stride, steps, points_json, "values")'
    f" VALUES ({_marks(9)})"
)


class BuildWriter:
    """Writes the rows of builds and jobs; remembers the ids it has met."""

    def __init__(self, database: sqlite3.Connection, controller: str, blobs: Blobs) -> None:
        self._db = database
        self._controller = controller
        self._blobs = blobs
        self._kinds: dict[tuple[Any, ...], int] = {}

    def forget_ids(self) -> None:
        """Forget remembered ids: after a roll-back they may name nothing."""
        self._kinds.clear()

    def next_revision(self) -> int:
        """Return a revision no row has yet."""
        (revision,) = self._db.execute("UPDATE state SET revision = revision + 1 RETURNING revision").fetchone()
        return int(revision)

    def find_job(self, name: str) -> int | None:
        """Return the row of a job, None where it is not stored."""
        select = "SELECT id FROM job WHERE controller = ? AND name = ?"
        row = self._db.execute(select, (self._controller, clean_text(name))).fetchone()
        return None if row is None else int(row[0])

    def job_id(self, name: str) -> int:
        """Return the row of a job, made if need be."""
        found = self.find_job(name)
        if found is not None:
            return found
        insert = "INSERT INTO job (controller, name) VALUES (?, ?)"
        return int(self._db.execute(insert, (self._controller, clean_text(name))).lastrowid or 0)

    def save(self, builds: Iterable[tuple[EncodedBuild, str | None]], sizes: Mapping[str, int], now: str) -> SaveResult:
        """Save builds, each with the time since which it is gone; `sizes` holds the size of every blob they name."""
        counts = {"new": 0, "updated": 0, "unchanged": 0}
        revision = 0
        for build, gone_since in builds:
            job_id = self.job_id(build.job)
            stored = self._db.execute(
                "SELECT id, content_digest, gone_since FROM build WHERE job_id = ? AND number = ? AND started_at = ?",
                (job_id, build.number, build.started_at),
            ).fetchone()
            if stored is not None and stored[1:] == (build.digest, gone_since):
                counts["unchanged"] += 1
                continue
            revision = revision or self.next_revision()
            if stored is None:
                cells = (job_id, build.number, build.started_at, *build.cells, revision, build.digest, now, gone_since)
                self._save_parts(int(self._db.execute(_INSERT_BUILD, cells).lastrowid or 0), build, sizes)
                counts["new"] += 1
            elif stored[1] == build.digest:
                self._db.execute(
                    "UPDATE build SET gone_since = ?, revision = ? WHERE id = ?", (gone_since, revision, stored[0])
                )
                counts["updated"] += 1
            else:
                self._db.execute(_UPDATE_BUILD, (*build.cells, revision, build.digest, now, gone_since, stored[0]))
                self._db.execute("DELETE FROM run WHERE build_id = ?", (stored[0],))
                self._db.execute("DELETE FROM blob_use WHERE build_id = ?", (stored[0],))
                self._save_parts(stored[0], build, sizes)
                counts["updated"] += 1
            self._db.execute("DELETE FROM running WHERE job_id = ? AND number = ?", (job_id, build.number))
        (last,) = self._db.execute("SELECT revision FROM state").fetchone()
        return SaveResult(**counts, revision=last)

    def _save_parts(self, build_id: int, build: EncodedBuild, sizes: Mapping[str, int]) -> None:
        uses = [(build_id, digest, sizes[digest]) for digest in build.blobs]
        self._db.executemany("INSERT INTO blob_use (build_id, sha256, size_bytes) VALUES (?, ?, ?)", uses)
        for position, run in enumerate(build.runs):
            self._save_run(build_id, position, run)

    def _save_run(self, build_id: int, position: int, run: EncodedRun) -> None:
        row = (build_id, position, self._environment_id(run.environment), *run.cells)
        run_id = self._db.execute(_INSERT_RUN, row).lastrowid
        metrics = [(run_id, index, self._kind_id(kind), *cells) for index, (kind, cells) in enumerate(run.metrics)]
        self._db.executemany(_INSERT_METRIC, metrics)
        series = [(run_id, index, name, *cells) for index, (name, cells) in enumerate(run.series)]
        self._db.executemany(_INSERT_SERIES, series)

    def _environment_id(self, content: str | None) -> int | None:
        """Return the row of an environment; most runs share one."""
        if content is None:
            return None
        digest = hashlib.sha256(content.encode()).hexdigest()
        row = self._db.execute("SELECT id FROM environment WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        return self._db.execute("INSERT INTO environment (digest, content) VALUES (?, ?)", (digest, content)).lastrowid

    def _kind_id(self, kind: tuple[Any, ...]) -> int:
        found = self._kinds.get(kind)
        if found is not None:
            return found
        row = self._db.execute(
            "SELECT id FROM metric_kind WHERE name = ? AND direction IS ? AND unit IS ? AND method IS ? AND definition = ?",
            kind,
        ).fetchone()
        if row is None:
            insert = "INSERT INTO metric_kind (name, direction, unit, method, definition) VALUES (?, ?, ?, ?, ?)"
            found = int(self._db.execute(insert, kind).lastrowid or 0)
        else:
            found = int(row[0])
        self._kinds[kind] = found
        return found

    def bury(self, tomb: Tombstone) -> None:
        """Remember what was removed on purpose; the same is remembered once."""
        what = (self._controller, clean_text(tomb.job), tomb.number, time_text(tomb.started_at), tomb.run, tomb.record)
        select = (
            "SELECT 1 FROM tombstone WHERE (controller, job, number, started_at) = (?, ?, ?, ?) AND run IS ? AND record IS ?"
        )
        if self._db.execute(select, what).fetchone() is None:
            self._db.execute(
                "INSERT INTO tombstone (controller, job, number, started_at, run, record, blobs, reason, pruned_at, revision)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*what, dump_json(tomb.blobs), clean_text(tomb.reason), time_text(tomb.pruned_at), self.next_revision()),
            )

    def rename(self, old: str, new: str) -> None:
        """Move every build of one job to another; of a build that both have, the one with more metrics stays."""
        old_id = self.find_job(old)
        if old_id is None or old == new:
            return
        self._db.execute("UPDATE build SET revision = ?, gone_since = NULL WHERE job_id = ?", (self.next_revision(), old_id))
        job_id = self._merge(old_id, new)
        self._db.execute("UPDATE job SET name = ?, gone_since = NULL WHERE id = ?", (new, job_id))
        names = (new, self._controller, old)
        self._db.execute("UPDATE tombstone SET job = ? WHERE controller = ? AND job = ?", names)
        self._db.execute("UPDATE job_rename SET new_name = ? WHERE controller = ? AND new_name = ?", names)
        self._db.execute("INSERT OR REPLACE INTO job_rename (new_name, controller, old_name) VALUES (?, ?, ?)", names)
        self._db.execute("DELETE FROM job_rename WHERE controller = ? AND old_name = ?", (self._controller, new))

    def _merge(self, old_id: int, new: str) -> int:
        """Give the builds of one job to the job named `new` where there is one; return the job that has them."""
        new_id = self.find_job(new)
        if new_id is None:
            return old_id
        for old_build, new_build in self._doubles(old_id, new_id):
            self._db.execute("DELETE FROM build WHERE id = ?", (self._poorer(old_build, new_build),))
        self._db.execute("UPDATE build SET job_id = ? WHERE job_id = ?", (new_id, old_id))
        self._db.execute("DELETE FROM job WHERE id = ?", (old_id,))
        return new_id

    def _doubles(self, old_id: int, new_id: int) -> list[tuple[int, int]]:
        return self._db.execute(
            "SELECT old.id, new.id FROM build AS old JOIN build AS new USING (number, started_at)"
            " WHERE old.job_id = ? AND new.job_id = ?",
            (old_id, new_id),
        ).fetchall()

    def _poorer(self, old_build: int, new_build: int) -> int:
        """Return which of two readings of one build to let go: the one that was read when less of it was left."""
        count = "SELECT count(*) FROM metric JOIN run ON run.id = metric.run_id WHERE run.build_id = ?"
        (old_metrics,) = self._db.execute(count, (old_build,)).fetchone()
        (new_metrics,) = self._db.execute(count, (new_build,)).fetchone()
        return new_build if old_metrics > new_metrics else old_build
