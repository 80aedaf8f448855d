"""Metrics of many runs, kept by name as the database gives them: a run's own are made when somebody asks for them.

A board of 10,000 runs and ten columns has a hundred thousand metrics, of which a page shows a few hundred: the others are
only compared by their values.
"""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportgen.model import Metric
from reportgen.runmetrics import RunMetrics, Traits
from reportgen.store.codec import parse_number
from reportgen.store.rows import KIND_COLUMNS, METRIC_COLUMNS, ThawedMetric, metric_cells

_PARTS = METRIC_COLUMNS[1:]
_COUNTS = ", ".join(f"count(nullif({part}, 0))" if part == "points" else f"count({part})" for part in _PARTS)


class MetricColumn:
    """One kind of metric (name, direction, unit, method, definition) of many runs.

    `parts` are the columns beyond the value that any of them has; `cells` holds by run its value where there are none, else
    the row of run, value and parts.
    """

    __slots__ = ("_arguments", "_shared", "cells", "parts", "traits")

    def __init__(self, kind: tuple[Any, ...], parts: tuple[str, ...], cells: dict[int, Any]) -> None:
        self._shared = dict(zip(KIND_COLUMNS, kind, strict=True))
        self._arguments = ("value", *parts)
        self.traits: Traits = (kind[1], kind[2])
        self.parts = parts
        self.cells = cells

    def value(self, run: int) -> Any:
        """Return the value of a run that is here."""
        cell = self.cells[run]
        return parse_number(cell[1] if self.parts else cell)

    def metric(self, run: int) -> Metric:
        """Return the metric of a run that is here."""
        if not self.parts:
            made = ThawedMetric(value=self.value(run), **self._shared)
        else:
            cells = self.cells[run][1:]
            given = dict(zip(self._arguments, cells, strict=True))
            if str in map(type, cells):
                given = metric_cells(given.items())
            given.pop("extra", None)
            made = ThawedMetric(**self._shared, **given)
        made.__class__ = Metric
        return made  # type: ignore[no-any-return]


_NO_ROW = (None, None)
Columns = Mapping[str, Sequence[MetricColumn]]


class StoredMetrics(RunMetrics):
    """The metrics of one run in columns that it shares with others."""

    __slots__ = ("_columns", "_run")

    def __init__(self, columns: Columns, run: int) -> None:
        self._columns = columns
        self._run = run

    def _column(self, name: str) -> MetricColumn | None:
        for column in self._columns.get(name, ()):
            if self._run in column.cells:
                return column
        return None

    def values_of(self, names: Sequence[str], runs: Sequence[Mapping[str, Metric]]) -> list[list[int | float | None]]:
        """Return for each name the value of that metric in each of `runs`, None where one has none."""
        ids = self._ids(runs)
        if ids is None:
            return super().values_of(names, runs)
        return [_values(self._columns.get(name, ()), ids) for name in names]

    def traits_of(self, names: Sequence[str], runs: Sequence[Mapping[str, Metric]]) -> list[list[Traits]]:
        """Return for each name the directions and units that `runs` logged that metric with, the first first."""
        ids = self._ids(runs)
        if ids is None:
            return super().traits_of(names, runs)
        return [_traits(self._columns.get(name, ()), ids) for name in names]

    def _ids(self, runs: Sequence[Mapping[str, Metric]]) -> list[int] | None:
        """The runs by their numbers, None where they are not all of the same columns."""
        columns = self._columns
        ids = [run._run for run in runs if type(run) is StoredMetrics and run._columns is columns]  # noqa: SLF001
        return ids if len(ids) == len(runs) else None

    def __getitem__(self, name: str) -> Metric:
        column = self._column(name)
        if column is None:
            raise KeyError(name)
        return column.metric(self._run)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the metric of that name, `default` where the run has none."""
        column = self._column(name)
        return default if column is None else column.metric(self._run)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._column(name) is not None

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._columns if self._column(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(self._run in column.cells for columns in self._columns.values() for column in columns)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[str, Metric]], tuple[dict[str, Metric]]]:
        return dict, (dict(self),)


def _values(columns: Sequence[MetricColumn], ids: Sequence[int]) -> list[int | float | None]:
    if len(columns) != 1:
        return [next((c.value(run) for c in columns if run in c.cells), None) for run in ids]
    get = columns[0].cells.get
    found = [get(run, _NO_ROW)[1] for run in ids] if columns[0].parts else list(map(get, ids))
    return [parse_number(cell) for cell in found] if str in map(type, found) else found


def _traits(columns: Sequence[MetricColumn], ids: Sequence[int]) -> list[Traits]:
    if len(columns) == 1:
        return [columns[0].traits] if any(run in columns[0].cells for run in ids) else []
    found = (next((c.traits for c in columns if run in c.cells), None) for run in ids)
    return [traits for traits in dict.fromkeys(found) if traits is not None]


def load_columns(database: sqlite3.Connection, kinds: Mapping[int, tuple[Any, ...]]) -> Columns:
    """Return the metrics of these kinds (by id, as in `KIND_COLUMNS`) of all runs by name; the later of two counts."""
    wanted = (str(sorted(kinds)),)
    query = f"SELECT kind_id, {_COUNTS} FROM metric WHERE kind_id IN (SELECT value FROM json_each(?)) GROUP BY kind_id"
    found: dict[str, dict[int, MetricColumn]] = {}
    for kind_id, *counts in database.execute(query, wanted).fetchall():
        parts = tuple([part for part, count in zip(_PARTS, counts, strict=True) if count])
        cells = _cells(database, kind_id, parts)
        found.setdefault(kinds[kind_id][0], {})[kind_id] = MetricColumn(kinds[kind_id], parts, cells)
    for columns in found.values():
        if len(columns) > 1:
            _keep_later(database, columns)
    return {name: tuple(columns.values()) for name, columns in found.items()}


def _cells(database: sqlite3.Connection, kind: int, parts: Sequence[str]) -> dict[int, Any]:
    query = f"SELECT run_id, {', '.join(('value', *parts))} FROM metric WHERE kind_id = ? ORDER BY run_id, position"
    rows = database.execute(query, (kind,))
    return {row[0]: row for row in rows} if parts else dict(rows)


def _keep_later(database: sqlite3.Connection, columns: Mapping[int, MetricColumn]) -> None:
    """Of a run that logged one name in two ways, keep what it logged last."""
    if sum(len(column.cells) for column in columns.values()) == len({run for c in columns.values() for run in c.cells}):
        return
    query = "SELECT run_id, kind_id FROM metric WHERE kind_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, position"
    last = dict(database.execute(query, (str(sorted(columns)),)))
    for kind, column in columns.items():
        column.cells = {run: cell for run, cell in column.cells.items() if last[run] == kind}
