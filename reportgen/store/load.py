"""Rows of the tables to values, many at a time."""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
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

_LISTED = "(SELECT value FROM json_each(?))"

_BUILD_CELLS = ", ".join(f"build.{each}" for each in BUILD_COLUMNS)
_RUN_CELLS = ", ".join(RUN_COLUMNS)

Kinds = dict[int, tuple[Any, ...]]


def load_builds(database: sqlite3.Connection, ids: Sequence[int]) -> list[Build]:
    """Return whole builds in the order of `ids`; KeyError for one that is not stored."""
    wanted = (str(list(ids)),)
    runs = _load_runs(database, wanted)
    rows = database.execute(
        f"SELECT build.id, job.name, number, started_at, build.last_read, build.gone_since, {_BUILD_CELLS}"
        f" FROM build JOIN job ON job.id = job_id WHERE build.id IN {_LISTED}",
        wanted,
    ).fetchall()
    builds = {row[0]: decode_build(row[1:6], row[6:], tuple(runs.get(row[0], ()))) for row in rows}
    return [builds[build_id] for build_id in ids]


def _load_runs(database: sqlite3.Connection, wanted: tuple[str]) -> dict[int, list[Run]]:
    of_builds = f"run_id IN (SELECT id FROM run WHERE build_id IN {_LISTED})"
    kinds: Kinds = {}
    metrics: dict[int, list[Metric]] = defaultdict(list)
    query = f"SELECT run_id, kind_id, {', '.join(METRIC_COLUMNS)} FROM metric WHERE {of_builds} ORDER BY run_id, position"
    rows = database.execute(query, wanted).fetchall()
    _learn_kinds(database, {row[1] for row in rows}, kinds)
    for row in rows:
        metrics[row[0]].append(decode_metric(kinds[row[1]], row[2:]))
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


def _learn_kinds(database: sqlite3.Connection, ids: Collection[int], kinds: Kinds) -> None:
    query = f"SELECT id, {', '.join(KIND_COLUMNS)} FROM metric_kind WHERE id IN {_LISTED}"
    for row in database.execute(query, (str(sorted(ids)),)).fetchall():
        kinds[row[0]] = row[1:]


def load_run_rows(database: sqlite3.Connection, run_ids: Sequence[int], metrics: Collection[str] | None) -> list[RunRow]:
    """Return runs in the order of `run_ids`, each with its metrics of the names in `metrics` (None: all)."""
    wanted = (str(list(run_ids)),)
    found = _load_metrics(database, wanted, metrics)
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
    make = _RowMaker(renames, several, found)
    rows = {row[0]: make(row) for row in database.execute(query, wanted).fetchall()}
    return [rows[run_id] for run_id in run_ids if run_id in rows]


def _load_metrics(
    database: sqlite3.Connection, wanted: tuple[str], names: Collection[str] | None
) -> dict[int, dict[str, Metric]]:
    columns = ", ".join(METRIC_COLUMNS)
    kinds: Kinds = {}
    found: dict[int, dict[str, Metric]] = defaultdict(dict)
    if names is None:
        query = f"SELECT run_id, kind_id, {columns} FROM metric WHERE run_id IN {_LISTED} ORDER BY run_id, position"
        rows = database.execute(query, wanted).fetchall()
        _learn_kinds(database, {row[1] for row in rows}, kinds)
    else:
        query = f"SELECT id, {', '.join(KIND_COLUMNS)} FROM metric_kind WHERE name IN {_LISTED}"
        for row in database.execute(query, (dump_json(sorted(names)),)).fetchall():
            kinds[row[0]] = row[1:]
        query = (
            f"SELECT run_id, kind_id, {columns} FROM metric NOT INDEXED WHERE kind_id IN {_LISTED} AND run_id IN {_LISTED}"
            " ORDER BY run_id, position"
        )
        rows = database.execute(query, (str(sorted(kinds)), *wanted)).fetchall()
    for row in rows:
        metric = decode_metric(kinds[row[1]], row[2:])
        found[row[0]][metric.name] = metric
    return found


def _names(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(load_json(text))


class _RowMaker:
    """Makes run rows; the datasets, which most runs share, are decoded once."""

    def __init__(self, renames: dict[str, str], several: set[int], metrics: dict[int, dict[str, Metric]]) -> None:
        self._renames = renames
        self._several = several
        self._metrics = metrics
        self._memo: dict[str, tuple[Dataset, ...]] = {}

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
        return RunRow(
            job=job,
            number=number,
            name=name,
            record=record,
            stage=stage,
            result=result,
            status=status,
            started_at=parse_time(started_at),
            duration_s=parse_number(duration_s),
            params=load_json(params),
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
