"""Rows of the tables to values, many at a time."""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from reportgen.many import no_collection, thawed
from reportgen.model import Build, Cause, Dataset, Decision, Fingerprint, Metric, Model, Run, RunRow
from reportgen.store.codec import (
    NO_ITEMS,
    codec_of,
    dump_json,
    load_json,
    load_json_all,
    parse_number,
    parse_optional_time,
    parse_time,
)
from reportgen.store.columns import StoredMetrics, load_columns
from reportgen.store.params import ParamTable
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

_AT_ONCE = 500
_SHORT = 20
_ThawedRow = thawed(RunRow)
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
    with no_collection():
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
    most = _are_most(database, run_ids)
    listed, wanted = ("", ()) if most else (f" WHERE run.id IN {_LISTED}", (str(list(run_ids)),))
    builds = "" if most else f" WHERE build_id IN (SELECT build_id FROM run WHERE id IN {_LISTED})"
    several = f"SELECT build_id FROM run{builds} GROUP BY build_id HAVING count(*) > 1"
    query = (
        "SELECT run.id, build_id, job.name, number, run.name, record, run.stage, result, status, build.started_at,"
        " build.duration_s, params, nullif(tags, '{}'), datasets, nullif(models, '[]'), nullif(decisions, '[]'),"
        " coalesce(run.git_commit, build.git_commit), coalesce(run.git_branch, build.git_branch), nullif(causes, '[]'),"
        " nullif(approvers, '[]'), nullif(fingerprints, '[]'), expired, nullif(over_limit, '[]'), build.gone_since"
        f" FROM run JOIN build ON build.id = build_id JOIN job ON job.id = job_id{listed}"
    )
    with no_collection():
        make = _RowMaker(
            renames=dict(database.execute("SELECT old_name, new_name FROM job_rename").fetchall()),
            several={row[0] for row in database.execute(several, wanted).fetchall()},
            metrics=_load_metrics(database, run_ids, metrics, most=most),
        )
        rows: dict[int, RunRow] = {}
        found = database.execute(query, wanted)
        while cells := found.fetchmany(_AT_ONCE):
            rows.update(zip([row[0] for row in cells], make(cells), strict=True))
    return [rows[run_id] for run_id in run_ids if run_id in rows]


def _are_most(database: sqlite3.Connection, run_ids: Sequence[int]) -> bool:
    """Whether so many runs are asked for that reading all of them is less work."""
    (runs,) = database.execute("SELECT max(id) FROM run").fetchone()
    return len(run_ids) * 2 >= (runs or 0)


def _load_metrics(
    database: sqlite3.Connection, run_ids: Sequence[int], names: Collection[str] | None, *, most: bool
) -> Callable[[int], Mapping[str, Metric]]:
    """Return what gives the metrics of a run by name; where a run has one twice, the later one counts.

    A few runs get theirs at once; of many, some names are read whole and kept as they are (`reportgen.store.columns`).
    """
    if names is not None and not names:
        return lambda _: NO_ITEMS
    if names is not None:
        kinds = _kinds(database, "name", dump_json(sorted(names)))
        if most:
            columns = load_columns(database, kinds)
            return lambda run: StoredMetrics(columns, run)
        rows = _look_up(database, run_ids, str(sorted(kinds)))
    else:
        rows = database.execute(f"{_METRICS} WHERE run_id IN {_LISTED}", (str(list(run_ids)),)).fetchall()
        kinds = _kinds(database, "id", str(sorted({row[1] for row in rows})))
    last: dict[int, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for row in rows:
        of_run, name = last[row[0]], kinds[row[1]][0]
        if name not in of_run or of_run[name][2] < row[2]:
            of_run[name] = row
    made = {
        run_id: {name: decode_metric(kinds[row[1]], row) for name, row in of_run.items()} for run_id, of_run in last.items()
    }
    return lambda run: made.get(run, {})


def _look_up(database: sqlite3.Connection, run_ids: Sequence[int], kinds: str) -> list[tuple[Any, ...]]:
    """Return the rows of some metrics by one look-up for each run and kind."""
    query = f"SELECT {_METRIC_CELLS} FROM json_each(?) AS kind CROSS JOIN json_each(?) AS wanted CROSS JOIN metric"
    query += " WHERE kind_id = kind.value AND run_id = wanted.value ORDER BY kind_id, run_id, position"
    return database.execute(query, (kinds, str(list(run_ids)))).fetchall()


def _kinds(database: sqlite3.Connection, column: str, wanted: str) -> dict[int, tuple[Any, ...]]:
    query = f"SELECT id, {', '.join(KIND_COLUMNS)} FROM metric_kind WHERE {column} IN {_LISTED}"
    return {row[0]: row[1:] for row in database.execute(query, (wanted,)).fetchall()}


class _RowMaker:
    """Makes run rows; data sets and short texts, which most runs share, are there once."""

    def __init__(self, *, renames: dict[str, str], several: set[int], metrics: Callable[[int], Mapping[str, Metric]]) -> None:
        self._renames = renames
        self._several = several
        self._metrics = metrics
        self._memo: dict[str, tuple[Dataset, ...]] = {}
        self._words: dict[str, str] = {}
        self._params = ParamTable()

    def _shared(self, params: dict[str, Any]) -> dict[str, Any]:
        same = self._words.setdefault
        return {
            same(name, name): same(value, value) if type(value) is str and len(value) < _SHORT else value
            for name, value in params.items()
        }

    def _models(self, texts: Sequence[str | None]) -> list[tuple[Any, ...]]:
        return _values(texts, Model, self._shared)

    def _datasets(self, text: str) -> tuple[Dataset, ...]:
        found = self._memo.get(text)
        if found is None:
            found = self._memo[text] = decode_all(text, Dataset)
        return found

    def __call__(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[RunRow]:
        """Yield the runs of some rows."""
        same = self._words.setdefault
        columns = list(zip(*rows, strict=True))
        params = [self._params.keep(self._shared(found)) if found else NO_ITEMS for found in load_json_all(columns[11])]
        tags = [load_json(text) if text else NO_ITEMS for text in columns[12]]
        models, decisions = self._models(columns[14]), _values(columns[15], Decision)
        causes, fingerprints = _values(columns[18], Cause), _values(columns[20], Fingerprint)
        approvers, over_limit = _names(columns[19]), _names(columns[22])
        for place, row in enumerate(rows):
            run_id, build_id, job, number, name, record, stage, result, status, started_at, duration_s = row[:11]
            made = _ThawedRow(
                job=same(job, job),
                number=number,
                name=same(name, name),
                record=record,
                stage=same(stage, stage),
                result=same(result, result),
                status=same(status, status),
                started_at=parse_time(started_at),
                duration_s=parse_number(duration_s),
                params=params[place],
                metrics=self._metrics(run_id),
                tags=tags[place],
                datasets=self._datasets(row[13]),
                models=models[place],
                decisions=decisions[place],
                commit=row[16],
                branch=row[17],
                upstream=self._upstream(causes[place]) if causes[place] else (),
                causes=causes[place],
                approvers=approvers[place],
                fingerprints=fingerprints[place],
                expired=bool(row[21]),
                over_limit=over_limit[place],
                gone_since=parse_optional_time(row[23]),
                several=build_id in self._several,
                build_id=build_id,
            )
            made.__class__ = RunRow
            yield made

    def _upstream(self, causes: tuple[Cause, ...]) -> tuple[tuple[str, int], ...]:
        return tuple(
            [(self._renames.get(each.job, each.job), each.number) for each in causes if each.job and each.number is not None]
        )


def _names(texts: Sequence[str | None]) -> list[tuple[str, ...]]:
    return [tuple(load_json(text)) if text else () for text in texts]


def _values(
    texts: Sequence[str | None], kind: type[Any], change: Callable[[dict[str, Any]], dict[str, Any]] = dict
) -> list[tuple[Any, ...]]:
    """Return the values of one kind that a JSON column holds, row by row; None stands for an empty list.

    `change` is what each goes through before it is one.
    """
    decode = codec_of(kind).decode
    found = iter(load_json_all([text for text in texts if text]))
    return [tuple([decode(change(item)) for item in next(found)]) if text else () for text in texts]
