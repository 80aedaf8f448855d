"""Rows of the tables to values, many at a time."""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import gc
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from reportgen.model import Build, Cause, Dataset, Decision, Fingerprint, Metric, Model, Run, RunRow
from reportgen.store.codec import dump_json, load_json, parse_number, parse_optional_time, parse_time
from reportgen.store.rows import (
    BUILD_COLUMNS,
    KIND_COLUMNS,
    METRIC_COLUMNS,
    RUN_COLUMNS,
    decode_all,
    decode_build,
    decode_metric,
    decode_run,
)

_SHORT = 20
_LISTED = "(SELECT value FROM json_each(?))"

_BUILD_CELLS = ", ".join(f"build.{each}" for each in BUILD_COLUMNS)
_RUN_CELLS = ", ".join(RUN_COLUMNS)
_METRIC_CELLS = f"run_id, kind_id, position, {', '.join(f'metric.{each}' for each in METRIC_COLUMNS)}"
_METRICS = f"SELECT {_METRIC_CELLS} FROM metric"


def load_builds(database: sqlite3.Connection, ids: Sequence[int]) -> list[Build]:
    """Return whole builds in the order of `ids`; KeyError for one that is not stored."""
    wanted = (str(list(ids)),)
    rows = database.execute(
        f"SELECT build.id, job.name, number, started_at, build.last_read, build.gone_since, {_BUILD_CELLS}"
        f" FROM build JOIN job ON job.id = job_id WHERE build.id IN {_LISTED}",
        wanted,
    ).fetchall()
    with _no_collection():
        runs = _load_runs(database, wanted)
        builds = {row[0]: decode_build(row[1:6], row[6:], tuple(runs.get(row[0], ()))) for row in rows}
    return [builds[build_id] for build_id in ids]


def _load_runs(database: sqlite3.Connection, wanted: tuple[str]) -> dict[int, list[Run]]:
    of_builds = f"run_id IN (SELECT id FROM run WHERE build_id IN {_LISTED})"
    metrics: dict[int, list[Metric]] = defaultdict(list)
    rows = database.execute(f"{_METRICS} WHERE {of_builds} ORDER BY run_id, position", wanted).fetchall()
    kinds = _kinds(database, "id", str(sorted({row[1] for row in rows})))
    for row in rows:
        metrics[row[0]].append(decode_metric(kinds[row[1]], row))
    series: dict[int, dict[str, Any]] = defaultdict(dict)
    query = (
        'SELECT run_id, metric, points, first_step, stride, steps, points_json, "values"'
        f" FROM series WHERE {of_builds} ORDER BY run_id, position"
    )
    for row in database.execute(query, wanted).fetchall():
        series[row[0]][row[1]] = row[2:]
    environments = _load_environments(database, wanted)
    runs: dict[int, list[Run]] = defaultdict(list)
    query = (
        f"SELECT build_id, id, environment_id, {_RUN_CELLS} FROM run WHERE build_id IN {_LISTED} ORDER BY build_id, position"
    )
    for row in database.execute(query, wanted).fetchall():
        environment = environments.get(row[2], {})
        runs[row[0]].append(decode_run(row[3:], environment, tuple(metrics.get(row[1], ())), series.get(row[1], {})))
    return runs


def _load_environments(database: sqlite3.Connection, wanted: tuple[str]) -> dict[int, dict[str, Any]]:
    query = f"SELECT id, content FROM environment WHERE id IN (SELECT environment_id FROM run WHERE build_id IN {_LISTED})"
    return {each: load_json(content) for each, content in database.execute(query, wanted).fetchall()}


def load_run_rows(database: sqlite3.Connection, run_ids: Sequence[int], metrics: Collection[str] | None) -> list[RunRow]:
    """Return runs in the order of `run_ids`, each with its metrics of the names in `metrics` (None: all)."""
    wanted = (str(list(run_ids)),)
    renames = dict(database.execute("SELECT old_name, new_name FROM job_rename").fetchall())
    several = {
        row[0]
        for row in database.execute(
            f"SELECT build_id FROM run WHERE build_id IN (SELECT build_id FROM run WHERE id IN {_LISTED})"
            " GROUP BY build_id HAVING count(*) > 1",
            wanted,
        ).fetchall()
    }
    query = (
        "SELECT run.id, build_id, job.name, number, run.name, record, run.stage, result, status, build.started_at,"
        " build.duration_s, params, tags, datasets, models, decisions, coalesce(run.git_commit, build.git_commit),"
        " coalesce(run.git_branch, build.git_branch), causes, approvers, fingerprints, expired, over_limit, build.gone_since"
        f" FROM run JOIN build ON build.id = build_id JOIN job ON job.id = job_id WHERE run.id IN {_LISTED}"
    )
    with _no_collection():
        make = _RowMaker(renames, several, _load_metrics(database, run_ids, metrics))
        rows = {row[0]: make(row) for row in database.execute(query, wanted).fetchall()}
    return [rows[run_id] for run_id in run_ids if run_id in rows]


def _load_metrics(
    database: sqlite3.Connection, run_ids: Sequence[int], names: Collection[str] | None
) -> Mapping[int, dict[str, Metric]]:
    """Return the metrics of runs by name; where a run has one twice, the later one counts."""
    if names is not None and not names:
        return {}
    if names is None:
        rows = database.execute(f"{_METRICS} WHERE run_id IN {_LISTED}", (str(list(run_ids)),)).fetchall()
        kinds = _kinds(database, "id", str(sorted({row[1] for row in rows})))
    else:
        kinds = _kinds(database, "name", dump_json(sorted(names)))
        rows = _metrics_of_kinds(database, run_ids, str(sorted(kinds)))
    last: dict[int, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for row in rows:
        of_run, name = last[row[0]], kinds[row[1]][0]
        if name not in of_run or of_run[name][2] < row[2]:
            of_run[name] = row
    return {
        run_id: {name: decode_metric(kinds[row[1]], row) for name, row in of_run.items()} for run_id, of_run in last.items()
    }


def _metrics_of_kinds(database: sqlite3.Connection, run_ids: Sequence[int], kinds: str) -> list[tuple[Any, ...]]:
    """Return the rows of some metrics: one look-up for each run and kind, or each kind whole where that reads less."""
    (runs,) = database.execute("SELECT max(id) FROM run").fetchone()
    if len(run_ids) * 2 < (runs or 0):
        query = f"SELECT {_METRIC_CELLS} FROM json_each(?) AS kind CROSS JOIN json_each(?) AS wanted CROSS JOIN metric"
        query += " WHERE kind_id = kind.value AND run_id = wanted.value ORDER BY kind_id, run_id, position"
        return database.execute(query, (kinds, str(list(run_ids)))).fetchall()
    wanted = set(run_ids)
    query = f"{_METRICS} WHERE kind_id IN {_LISTED} ORDER BY kind_id, run_id, position"
    return [row for row in database.execute(query, (kinds,)).fetchall() if row[0] in wanted]


def _kinds(database: sqlite3.Connection, column: str, wanted: str) -> dict[int, tuple[Any, ...]]:
    query = f"SELECT id, {', '.join(KIND_COLUMNS)} FROM metric_kind WHERE {column} IN {_LISTED}"
    return {row[0]: row[1:] for row in database.execute(query, (wanted,)).fetchall()}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the garbage collector back while many values are made: they have no cycles, and it would walk them all again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _names(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(load_json(text))


class _RowMaker:
    """Makes run rows; data sets and short texts, which most runs share, are there once."""

    def __init__(self, renames: dict[str, str], several: set[int], metrics: Mapping[int, dict[str, Metric]]) -> None:
        self._renames = renames
        self._several = several
        self._metrics = metrics
        self._memo: dict[str, tuple[Dataset, ...]] = {}
        self._texts: dict[str, str] = {}

    def _params(self, text: str) -> dict[str, Any]:
        shared = self._texts.setdefault
        return {
            shared(name, name): shared(value, value) if type(value) is str and len(value) < _SHORT else value
            for name, value in (load_json(text).items() if text != "{}" else ())
        }

    def _datasets(self, text: str) -> tuple[Dataset, ...]:
        found = self._memo.get(text)
        if found is None:
            found = self._memo[text] = decode_all(text, Dataset)
        return found

    def __call__(self, row: tuple[Any, ...]) -> RunRow:
        run_id, build_id, job, number, name, record, stage, result, status, started_at, duration_s = row[:11]
        params, tags, datasets, models, decisions, commit, branch, causes, approvers, fingerprints = row[11:21]
        expired, over_limit, gone_since = row[21:]
        causes = decode_all(causes, Cause)
        shared = self._texts.setdefault
        return RunRow(
            job=shared(job, job),
            number=number,
            name=shared(name, name),
            record=record,
            stage=shared(stage, stage),
            result=shared(result, result),
            status=status,
            started_at=parse_time(started_at),
            duration_s=parse_number(duration_s),
            params=self._params(params),
            metrics=self._metrics.get(run_id, {}),
            tags=load_json(tags) if tags != "{}" else {},
            datasets=self._datasets(datasets),
            models=decode_all(models, Model),
            decisions=decode_all(decisions, Decision),
            commit=commit,
            branch=branch,
            upstream=self._upstream(causes),
            causes=causes,
            approvers=_names(approvers),
            fingerprints=decode_all(fingerprints, Fingerprint),
            expired=bool(expired),
            over_limit=_names(over_limit),
            gone_since=parse_optional_time(gone_since),
            several=build_id in self._several,
            build_id=build_id,
        )

    def _upstream(self, causes: tuple[Cause, ...]) -> tuple[tuple[str, int], ...]:
        return tuple(
            [(self._renames.get(each.job, each.job), each.number) for each in causes if each.job and each.number is not None]
        )
