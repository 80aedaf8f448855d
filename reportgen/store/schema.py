"""The tables of ``store.db``, as numbered migrations; ``docs/reference/store.md`` explains them to people who query them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import StoreError, StoreTooNew
from reportgen.store.files import free_bytes

BUSY_TIMEOUT_S = 60
_WRITER_CACHE_KIB = 64 * 1024
"""A reader keeps what SQLite keeps by itself, 2 MB: it reads most rows once."""

VERSION_1 = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO state (id, revision) VALUES (1, 0);

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    controller TEXT NOT NULL,
    name TEXT NOT NULL,
    last_read TEXT,
    gone_since TEXT,
    detail TEXT NOT NULL DEFAULT '{}',
    UNIQUE (controller, name)
) STRICT;

CREATE TABLE job_rename (
    controller TEXT NOT NULL,
    old_name TEXT NOT NULL,
    new_name TEXT NOT NULL,
    PRIMARY KEY (controller, old_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE harvest_state (
    job_id INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE running (
    job_id INTEGER NOT NULL REFERENCES job ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    waiting_for TEXT,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE build (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES job,
    number INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    duration_s ANY NOT NULL,
    finished_at TEXT NOT NULL,
    result TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    keep INTEGER NOT NULL,
    node TEXT,
    git_commit TEXT,
    git_branch TEXT,
    causes TEXT NOT NULL,
    approvers TEXT NOT NULL,
    fingerprints TEXT NOT NULL,
    over_limit TEXT NOT NULL,
    expired INTEGER NOT NULL,
    detail TEXT NOT NULL,
    revision INTEGER NOT NULL,
    content_digest TEXT NOT NULL,
    last_read TEXT NOT NULL,
    gone_since TEXT,
    UNIQUE (job_id, number, started_at)
) STRICT;

CREATE TABLE environment (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    content TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    build_id INTEGER NOT NULL REFERENCES build ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    record TEXT NOT NULL,
    stage TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT,
    duration_s ANY,
    git_commit TEXT,
    git_branch TEXT,
    params TEXT NOT NULL,
    tags TEXT NOT NULL,
    datasets TEXT NOT NULL,
    models TEXT NOT NULL,
    decisions TEXT NOT NULL,
    environment_id INTEGER REFERENCES environment,
    detail TEXT NOT NULL,
    UNIQUE (build_id, position)
) STRICT;
CREATE INDEX run_environment ON run (environment_id) WHERE environment_id IS NOT NULL;

CREATE TABLE metric_kind (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    direction TEXT,
    unit TEXT,
    method TEXT,
    definition TEXT NOT NULL
) STRICT;
CREATE INDEX metric_kind_name ON metric_kind (name);

CREATE TABLE metric (
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind_id INTEGER NOT NULL REFERENCES metric_kind,
    value ANY,
    low ANY,
    high ANY,
    n ANY,
    std ANY,
    step ANY,
    points INTEGER NOT NULL,
    dataset TEXT,
    reason TEXT,
    text TEXT,
    extra TEXT,
    PRIMARY KEY (kind_id, run_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_of_run ON metric (run_id, position);

CREATE TABLE series (
    run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    position INTEGER NOT NULL,
    metric TEXT NOT NULL,
    points INTEGER NOT NULL,
    first_step INTEGER,
    stride INTEGER,
    steps BLOB,
    points_json TEXT,
    "values" BLOB,
    PRIMARY KEY (run_id, position)
) STRICT;

CREATE TABLE blob_use (
    build_id INTEGER NOT NULL REFERENCES build ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (build_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_sha256 ON blob_use (sha256);

CREATE TABLE tombstone (
    id INTEGER PRIMARY KEY,
    controller TEXT NOT NULL,
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    run TEXT,
    record TEXT,
    blobs TEXT NOT NULL,
    reason TEXT NOT NULL,
    pruned_at TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstone_build ON tombstone (controller, job, number);

CREATE TABLE version (
    id TEXT PRIMARY KEY,
    published_at TEXT NOT NULL,
    revision INTEGER NOT NULL,
    data_as_of TEXT,
    manifest_sha256 TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE site_state (
    site TEXT PRIMARY KEY,
    content TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE page (
    site TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (site, path)
) STRICT, WITHOUT ROWID;

CREATE VIEW runs_wide AS
SELECT run.id AS run_id, build.id AS build_id, job.name AS job, build.number, run.name, run.stage, build.result, run.status,
       build.started_at, build.duration_s, coalesce(run.git_commit, build.git_commit) AS git_commit,
       coalesce(run.git_branch, build.git_branch) AS git_branch, run.params, run.tags, run.datasets, run.models, run.decisions,
       build.last_read, build.gone_since
FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id;

CREATE VIEW metric_values AS
SELECT job.name AS job, build.number, run.name AS run, build.started_at, metric_kind.name AS metric, metric.value, metric.low,
       metric.high, metric.n, metric.std, metric.step, metric_kind.direction, metric_kind.unit, metric.dataset, metric.reason,
       metric.text, metric.run_id, build.id AS build_id
FROM metric JOIN metric_kind ON metric_kind.id = metric.kind_id JOIN run ON run.id = metric.run_id
     JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id;

CREATE VIEW param_values AS
SELECT job.name AS job, build.number, run.name AS run, build.started_at, item.key AS param, item.value, run.id AS run_id,
       build.id AS build_id
FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id, json_each(run.params) AS item;

CREATE VIEW tag_values AS
SELECT job.name AS job, build.number, run.name AS run, build.started_at, item.key AS tag, item.value, run.id AS run_id,
       build.id AS build_id
FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id, json_each(run.tags) AS item;

CREATE VIEW dataset_uses AS
SELECT job.name AS job, build.number, run.name AS run, build.started_at, json_extract(item.value, '$.name') AS dataset,
       json_extract(item.value, '$.role') AS role, json_extract(item.value, '$.sha256') AS sha256,
       json_extract(item.value, '$.rows') AS rows, json_extract(item.value, '$.columns') AS columns, run.id AS run_id,
       build.id AS build_id
FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id, json_each(run.datasets) AS item;

CREATE VIEW model_uses AS
SELECT job.name AS job, build.number, run.name AS run, build.started_at, json_extract(item.value, '$.name') AS model,
       json_extract(item.value, '$.role') AS role, json_extract(item.value, '$.sha256') AS sha256,
       json_extract(item.value, '$.framework') AS framework, run.id AS run_id, build.id AS build_id
FROM run JOIN build ON build.id = run.build_id JOIN job ON job.id = build.job_id, json_each(run.models) AS item;

CREATE VIEW upstream_builds AS
SELECT job.name AS job, build.number, build.started_at, json_extract(item.value, '$.job') AS upstream_job,
       json_extract(item.value, '$.number') AS upstream_number, build.id AS build_id
FROM build JOIN job ON job.id = build.job_id, json_each(build.causes) AS item
WHERE json_extract(item.value, '$.job') IS NOT NULL;
"""

MIGRATIONS: tuple[str, ...] = (VERSION_1,)
"""Migration number *n* (from 1) brings a store from schema *n - 1* to schema *n*; a published one is never edited."""

LATEST = len(MIGRATIONS)


def connect(database: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the database file with the settings every connection to a store has.

    A reader may still have to roll back the journal of a writer that was killed, so it opens the file for writing where it
    can, and is kept from changing anything by SQLite itself.
    """
    mode = "rwc" if not read_only else "rw"
    uri = f"{database.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
    return connection


def schema_number(connection: sqlite3.Connection) -> int:
    """Return the number of the schema the store has, 0 for an empty file."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def require_readable(connection: sqlite3.Connection, database: Path) -> None:
    """Raise unless the store has exactly the schema this program reads."""
    number = schema_number(connection)
    if number > LATEST:
        raise too_new(database, number)
    if number < LATEST:
        raise StoreError(
            f"{database} has schema {number}, this reportgen reads schema {LATEST}",
            hint="run reportgen harvest or reportgen build once: it upgrades the store and keeps a copy of the old one",
        )


def too_new(database: Path, number: int) -> StoreTooNew:
    """Return the refusal of a store that a newer program wrote."""
    return StoreTooNew(
        f"{database} has schema {number}, this reportgen knows schemas up to {LATEST}",
        hint="install the newer reportgen that wrote it, or give this one its own store: path under [store] in reportgen.toml",
    )


def migrate(connection: sqlite3.Connection, database: Path) -> None:
    """Bring the store to the latest schema, each step in one transaction; what was there is copied beside it first."""
    number = schema_number(connection)
    if number > LATEST:
        raise too_new(database, number)
    if 0 < number < LATEST:
        _keep_copy(connection, database.with_name(f"{database.name}.schema{number}"))
    for step in range(number + 1, LATEST + 1):
        with transaction(connection):
            for statement in statements(MIGRATIONS[step - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step}")


def _keep_copy(connection: sqlite3.Connection, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(copy),))


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one, so that they can share a transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block did, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def database_errors(database: Path) -> Iterator[None]:
    """Turn an error of SQLite into a `StoreError` that names the file, the cause and the free space."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        free = free_bytes(database)
        room = "" if free is None else f" ({free:,} bytes free)"
        hint = "reportgen check lists what is damaged"
        if "full" in str(error):
            hint = (
                "free some space there, or move the store: path under [store] in reportgen.toml; nothing that was saved is lost"
            )
        raise StoreError(f"{database}: {error}{room}", hint=hint) from error
