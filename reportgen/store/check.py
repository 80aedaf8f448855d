"""Whether a store is whole: every problem of it, none of them repaired."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.errors import StoreError, StoreTooNew
from reportgen.store.blobs import Blobs
from reportgen.store.db import DATABASE
from reportgen.store.files import network_warning
from reportgen.store.load import load_builds
from reportgen.store.rows import encode_build
from reportgen.store.view import StoreView

_BATCH = 200
_CHUNK = 1 << 20
_RESTORE = f"restore {DATABASE} from a backup, or move it away and harvest again; the blobs can stay"
_PLACE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")

Progress = Callable[[str, int, int], None]
"""Called with what is being read, how much is done and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong with the store, and what to do about it."""

    text: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found: problems (data is damaged or lost), notes (nothing is), and how much was looked at."""

    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    builds: int = 0
    runs: int = 0
    blobs: int = 0
    blob_bytes: int = 0
    read_bytes: int = 0


def check_store(path: Path, *, read_data: bool = False, progress: Progress | None = None) -> Checked:
    """Look for everything that can be wrong with the store at `path`.

    The structure takes seconds: SQLite's own check, references, and that every blob is there in its size. With `read_data`
    every blob is hashed again and every build compared with the digest that was taken when it was saved, which finds any
    changed byte of either. StoreError when there is no store, or one this program cannot read.
    """
    try:
        view = StoreView.open(path)
    except StoreTooNew:
        raise
    except StoreError as error:
        if not (path / DATABASE).is_file():
            raise
        return Checked(problems=(Problem(text=error.message, hint=_RESTORE),), notes=())
    with view:
        return _Check(view, read_data, progress or _silent).run()


def _silent(_label: str, _done: int, _total: int) -> None:
    """Tell nobody."""


class _Check:
    def __init__(self, view: StoreView, read_data: bool, tell: Progress) -> None:
        self._view = view
        self._path = view.path
        self._db = view.connection
        self._read_data = read_data
        self._tell = tell
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._blobs = self._blob_bytes = self._read_bytes = 0

    def run(self) -> Checked:
        warning = network_warning(self._path)
        if warning:
            self._notes.append(warning)
        builds = runs = 0
        try:
            self._check_database()
            ((builds, runs),) = self._db.execute("SELECT (SELECT count(*) FROM build), (SELECT count(*) FROM run)").fetchall()
            self._check_blobs(self._used())
            if self._read_data:
                self._check_builds()
        except (sqlite3.DatabaseError, StoreError) as error:
            self._broken(f"{DATABASE} cannot be read: {error}")
        return Checked(
            problems=tuple(self._problems),
            notes=tuple(self._notes),
            builds=builds,
            runs=runs,
            blobs=self._blobs,
            blob_bytes=self._blob_bytes,
            read_bytes=self._read_bytes,
        )

    def _broken(self, text: str) -> None:
        self._problems.append(Problem(text=text, hint=_RESTORE))

    def _check_database(self) -> None:
        for (line,) in self._db.execute("PRAGMA integrity_check").fetchall():
            if line != "ok":
                self._broken(f"{DATABASE}: {line}")
        for table, row, parent, _ in self._db.execute("PRAGMA foreign_key_check").fetchall():
            self._broken(f"{DATABASE}: row {row} of {table} refers to a row of {parent} that is not there")

    def _used(self) -> dict[str, set[int]]:
        """Return the sizes that builds know of each blob they refer to: one, unless something is wrong."""
        used: dict[str, set[int]] = {}
        for digest, size in self._db.execute("SELECT DISTINCT sha256, size_bytes FROM blob_use").fetchall():
            used.setdefault(digest, set()).add(size)
        return used

    def _check_blobs(self, used: dict[str, set[int]]) -> None:
        found = dict(self._stored())
        orphans = orphan_bytes = 0
        for count, (digest, size) in enumerate(found.items()):
            self._tell("blobs", count, len(found))
            if self._read_data:
                self._check_content(digest)
            if digest not in used:
                orphans, orphan_bytes = orphans + 1, orphan_bytes + size
            elif used[digest] != {size}:
                self._damaged(digest, f"has {size:,} bytes instead of {_sizes(used[digest])}")
        self._tell("blobs", len(found), len(found))
        for digest in sorted(set(used) - set(found)):
            self._damaged(digest, "is missing")
        if orphans:
            self._notes.append(
                f"blobs that belong to no build: {orphans:,} ({orphan_bytes:,} bytes); reportgen prune removes them"
            )
        self._blobs, self._blob_bytes = len(found), sum(found.values())

    def _stored(self) -> Iterator[tuple[str, int]]:
        """Yield digest and size of every blob; note what else lies among them."""
        root = self._view.blobs.root
        for directory, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(files):
                path = Path(directory) / name
                place = path.relative_to(root).as_posix()
                if not _PLACE.fullmatch(place):
                    self._notes.append(f"{path} is not a file of the store")
                elif path.is_symlink():
                    self._damaged(place.replace("/", ""), "is a symbolic link")
                else:
                    yield place.replace("/", ""), path.lstat().st_size

    def _check_content(self, digest: str) -> None:
        hasher = hashlib.sha256()
        try:
            for chunk in self._view.blobs.chunks(digest):
                hasher.update(chunk)
                self._read_bytes += len(chunk)
        except (StoreError, OSError) as error:
            self._damaged(digest, f"cannot be read: {error}")
            return
        if hasher.hexdigest() != digest:
            self._damaged(digest, "has changed since it was written")

    def _damaged(self, digest: str, what: str) -> None:
        users = self._db.execute(
            "SELECT job.name, number FROM blob_use JOIN build ON build.id = build_id JOIN job ON job.id = job_id"
            " WHERE sha256 = ? ORDER BY build.started_at DESC LIMIT 4",
            (digest,),
        ).fetchall()
        named = ", ".join(f"{job}#{number}" for job, number in users[:3]) + (" and others" if len(users) > 3 else "")
        hint = "delete the file and run reportgen harvest --full while Jenkins still has it, or restore it from a backup"
        self._problems.append(
            Problem(text=f"blob {Blobs(self._path).path(digest)} {what}" + (f" (of {named})" if named else ""), hint=hint)
        )

    def _check_builds(self) -> None:
        """Compare every build with the digest of its content that was stored beside it."""
        rows = self._db.execute("SELECT id, content_digest FROM build ORDER BY id").fetchall()
        for start in range(0, len(rows), _BATCH):
            self._tell("builds", start, len(rows))
            for build_id, digest in rows[start : start + _BATCH]:
                self._check_build(build_id, digest)
        self._tell("builds", len(rows), len(rows))

    def _check_build(self, build_id: int, digest: str) -> None:
        try:
            (build,) = load_builds(self._db, [build_id])
            same = encode_build(build).digest == digest
        except (StoreError, ValueError, TypeError, LookupError, sqlite3.DatabaseError) as error:
            self._broken(f"row {build_id} of build cannot be read: {error}")
            return
        if not same:
            self._broken(f"build {build.job}#{build.number} has changed since it was saved")


def _sizes(sizes: set[int]) -> str:
    return " or ".join(f"{size:,}" for size in sorted(sizes))
