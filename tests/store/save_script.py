"""What the fault tests do to a store: open it, save new, changed and gone builds with their blobs, prune one.

Run as a program with the store's directory and, for the controls, the name of a bug to put in. Running it again on whatever a
killed run left must lead to the same store.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reportgen.errors import ReportgenError
from reportgen.model import Artifact, Build, Metric, Run
from reportgen.store import blobs, db, prune, schema
from reportgen.store.db import Store

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def build_of(store: Store, number: int, description: str = "") -> Build:
    files = [store.put_blob(f"{number} {description} {part}".encode() * 50) for part in ("a", "b")]
    start = NOW - timedelta(days=30) + timedelta(hours=number)
    artifacts = [
        Artifact(path=f"{index}.txt", state="stored", sha256=sha, size_bytes=size) for index, (sha, size) in enumerate(files)
    ]
    metrics = tuple(Metric(name=f"val/m{index}", value=number / (index + 1), direction="higher") for index in range(8))
    run = Run(name="train", stage="train", status="complete", record=f"{number:08x}", params={"n": number}, metrics=metrics)
    return Build(
        job="churn/train",
        number=number,
        started_at=start,
        duration_s=40.0,
        result="SUCCESS",
        description=description,
        artifacts=tuple(artifacts),
        runs=(run,),
    )


def before(path: Path) -> None:
    """Make the store that is there before anything goes wrong: builds 1 to 3."""
    with Store.open(path) as store:
        store.save_builds([build_of(store, number) for number in (1, 2, 3)], now=NOW)


def work(path: Path) -> None:
    """Save builds 4 to 6 in two batches, change build 2, mark build 3 as gone, prune build 1."""
    with Store.open(path) as store:
        store.save_builds([build_of(store, 4), build_of(store, 5)], now=NOW)
        store.save_builds([build_of(store, 6), build_of(store, 2, "changed")], now=NOW)
        store.mark_gone("churn/train", [3], last_seen=NOW)
        if not store.known_builds("churn/train")[1].pruned:
            prune.prune_run(store, "churn/train#1", "wrong data", now=NOW)
        prune.prune_blobs(store, now=datetime.now(UTC) + timedelta(days=30))


def _commit_before_blob() -> None:
    put, save, late = Store.put_blob, Store.save_builds, []

    def remember(self: Store, chunks: Any, **options: Any) -> tuple[str, int]:
        from hashlib import sha256

        late.append(chunks)
        return sha256(chunks).hexdigest(), len(chunks)

    def save_first(self: Store, builds: Any, *, now: datetime) -> Any:
        result = save(self, builds, now=now)
        while late:
            put(self, late.pop())
        return result

    Store.put_blob, Store.save_builds = remember, save_first  # type: ignore[method-assign, assignment]
    Store._blob_sizes = lambda self, digests: dict.fromkeys(digests, 0)  # type: ignore[method-assign]


def _write_in_place() -> None:
    def put(self: blobs.Blobs, chunks: Any, *, limit: int | None = None) -> tuple[str, int]:
        from hashlib import sha256

        path = self.path(sha256(chunks).hexdigest())
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        for start in range(0, len(chunks), 100):
            os.write(handle, chunks[start : start + 100])
        os.fsync(handle)
        os.close(handle)
        return path.parent.name + path.name, len(chunks)

    blobs.Blobs.put = put  # type: ignore[method-assign]


def _no_transaction() -> None:
    @contextmanager
    def none(connection: Any) -> Iterable[None]:  # type: ignore[misc]
        yield

    schema.transaction = none  # type: ignore[assignment]


def _no_journal() -> None:
    connect = schema.connect

    def careless(database: Path, *, read_only: bool) -> Any:
        connection = connect(database, read_only=read_only)
        if not read_only:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA cache_size = 5")
        return connection

    schema.connect = careless


def _blob_gone_before_row() -> None:
    remove = prune._remove

    def removed_first(store: Store, tomb: Any, *rest: Any) -> None:
        store.blobs.remove(tomb.blobs)
        remove(store, tomb, *rest)

    prune._remove = removed_first


def _errors_swallowed() -> None:
    write = os.write

    def careless(handle: int, data: Any) -> int:
        try:
            return write(handle, data)
        except OSError:
            return len(data)

    blobs.os = _Patched(os, write=careless)  # type: ignore[assignment]


def _no_sync() -> None:
    blobs.os = _Patched(os, fsync=lambda handle: None)  # type: ignore[assignment]


def _no_sync_of_directory() -> None:
    blobs.sync_dir = lambda path: None


def _failed_sync_ignored() -> None:
    def careless(handle: int) -> None:
        try:
            os.fsync(handle)
        except OSError:
            os.fsync(handle)

    blobs.os = _Patched(os, fsync=careless)  # type: ignore[assignment]


def _no_lock() -> None:
    db.StoreLock.__init__ = lambda self, store: setattr(self, "warning", None)  # type: ignore[method-assign, assignment]
    db.StoreLock.release = lambda self: None  # type: ignore[method-assign]


class _Patched:
    """A module with some of its functions replaced."""

    def __init__(self, module: Any, **changed: Any) -> None:
        self._module = module
        self.__dict__.update(changed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


BUGS: dict[str, Callable[[], None]] = {
    "commit before blob": _commit_before_blob,
    "blob written in place": _write_in_place,
    "no transaction": _no_transaction,
    "no journal": _no_journal,
    "blob gone before its row": _blob_gone_before_row,
    "write errors swallowed": _errors_swallowed,
    "no sync of files": _no_sync,
    "no sync of directories": _no_sync_of_directory,
    "failed sync tried again": _failed_sync_ignored,
    "no lock": _no_lock,
}


def main(path: str, bug: str = "") -> int:
    if bug:
        BUGS[bug]()
    try:
        work(Path(path))
    except ReportgenError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
