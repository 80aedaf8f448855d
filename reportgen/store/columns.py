"""Metrics of many runs, kept by name as packed columns: a run's own are made when somebody asks for them.

A board of 10,000 runs and ten columns has a hundred thousand metrics, of which a page shows a few hundred: the others are
only compared by their values, and kept as numbers of eight bytes each.
"""

# ruff: noqa: S608 - the statements are put together from constants of this package; values are always bound

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from reportgen.model import Metric
from reportgen.runmetrics import RunMetrics, Traits
from reportgen.store.codec import parse_number
from reportgen.store.rows import KIND_COLUMNS, METRIC_COLUMNS, ThawedMetric, metric_cells

_PARTS = METRIC_COLUMNS[1:]
_INTEGERS = frozenset({"n", "step", "points"})
_TEXTS = frozenset({"dataset", "reason", "text", "extra"})
_COUNTS = ", ".join(f"count(nullif({part}, 0))" if part == "points" else f"count({part})" for part in _PARTS)
_AT_ONCE = 500
_SPARSE = 4
_LOWEST = -(2**63)

Code = Literal["d", "q", "O"]
"""What most cells of a column are: floats, integers of 64 bits, or texts."""


class Cells:
    """One cell for each of many runs, by the number of the run: eight bytes for the common kind, the others beside.

    A column that few of the runs between its first and its last have keeps all its cells beside.
    """

    __slots__ = ("_code", "_first", "_kind", "_others", "_packed", "_words")

    def __init__(self, code: Code, first: int, last: int, count: int) -> None:
        self._code = code
        self._first = first
        span = last - first + 1
        packed = 0 if count * _SPARSE < span else span
        self._kind: Any = float if code == "d" else int if code == "q" else str
        nothing: Any = float("nan") if code == "d" else _LOWEST
        self._packed: Any = [None] * packed if code == "O" else array(code, (nothing,)) * packed
        self._others: dict[int, Any] = {}
        self._words: dict[str, str] = {}

    def put(self, runs: Sequence[int], cells: Sequence[Any], *, keep_none: bool = False) -> None:
        """Keep the cells of some runs; None is a cell only where `keep_none` says so. The later of two counts."""
        packed, first, others = self._packed, self._first, self._others
        if packed and not others and self._code == "d" and set(map(type, cells)) == {float}:
            for run, cell in zip(runs, cells, strict=True):
                packed[run - first] = cell
            return
        for run, cell in zip(runs, cells, strict=True):
            self.drop(run)
            if packed and type(cell) is self._kind:
                packed[run - first] = self._words.setdefault(cell, cell) if self._code == "O" else cell
            elif cell is not None or keep_none:
                others[run] = parse_number(cell) if self._code != "O" else cell
            if packed and type(cell) is int and cell == _LOWEST:
                others[run] = cell

    def drop(self, run: int) -> None:
        """Forget the cell of a run."""
        self._others.pop(run, None)
        if self._packed:
            self._packed[run - self._first] = None if self._code == "O" else float("nan") if self._code == "d" else _LOWEST

    def get(self, run: int) -> Any:
        """Return the cell of a run, None where it has none."""
        place = run - self._first
        if 0 <= place < len(self._packed):
            cell = self._packed[place]
            if self._is_cell(cell):
                return cell
        return self._others.get(run)

    def _is_cell(self, cell: Any) -> bool:
        return cell == cell if self._code == "d" else cell is not None and cell != _LOWEST

    def __contains__(self, run: int) -> bool:
        place = run - self._first
        return run in self._others or (0 <= place < len(self._packed) and self._is_cell(self._packed[place]))

    def __iter__(self) -> Iterator[int]:
        for place, cell in enumerate(self._packed, start=self._first):
            if self._is_cell(cell) or place in self._others:
                yield place
        if not self._packed:
            yield from self._others

    def of(self, runs: Sequence[int]) -> list[Any]:
        """Return the cell of each run, None where one has none."""
        packed, first, beside = self._packed, self._first, self._others.get
        if self._code != "d" or not runs or not packed or min(runs) < first or max(runs) - first >= len(packed):
            return list(map(self.get, runs))
        found = [packed[run - first] for run in runs]
        return [cell if cell == cell else beside(run) for cell, run in zip(found, runs, strict=True)]


class MetricColumn:
    """One kind of metric (name, direction, unit, method, definition) of many runs.

    `cells` holds the values; a run that is not in it has no such metric. `parts` are the columns beyond the value that any run
    has.
    """

    __slots__ = ("_shared", "cells", "parts", "traits")

    def __init__(self, kind: tuple[Any, ...], cells: Cells, parts: Mapping[str, Cells]) -> None:
        self._shared = dict(zip(KIND_COLUMNS, kind, strict=True))
        self.traits: Traits = (kind[1], kind[2])
        self.parts = parts
        self.cells = cells

    def metric(self, run: int) -> Metric:
        """Return the metric of a run that is here."""
        given = {part: cells.get(run) for part, cells in self.parts.items()}
        if "extra" in given:
            given = metric_cells(given.items())
        made = ThawedMetric(value=self.cells.get(run), **self._shared, **given)
        made.__class__ = Metric
        return made  # type: ignore[no-any-return]


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

    def values_of(self, names: Sequence[str], runs: Sequence[Mapping[str, Metric]]) -> Iterable[list[int | float | None]]:
        """Return for each name the value of that metric in each of `runs`, None where one has none."""
        ids = self._ids(runs)
        if ids is None:
            return super().values_of(names, runs)
        return (_values(self._columns.get(name, ()), ids) for name in names)

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
    if len(columns) == 1:
        return columns[0].cells.of(ids)
    return [next((c.cells.get(run) for c in columns if run in c.cells), None) for run in ids]


def _traits(columns: Sequence[MetricColumn], ids: Sequence[int]) -> list[Traits]:
    if len(columns) == 1:
        return [columns[0].traits] if any(run in columns[0].cells for run in ids) else []
    found = (next((c.traits for c in columns if run in c.cells), None) for run in ids)
    return [traits for traits in dict.fromkeys(found) if traits is not None]


def load_columns(database: sqlite3.Connection, kinds: Mapping[int, tuple[Any, ...]]) -> Columns:
    """Return the metrics of these kinds (by id, as in `KIND_COLUMNS`) of all runs by name; the later of two counts."""
    wanted = (str(sorted(kinds)),)
    query = (
        f"SELECT kind_id, min(run_id), max(run_id), count(*), total(typeof(value) = 'integer'), {_COUNTS} FROM metric"
        " WHERE kind_id IN (SELECT value FROM json_each(?)) GROUP BY kind_id"
    )
    found: dict[str, dict[int, MetricColumn]] = {}
    for kind_id, first, last, count, integers, *counts in database.execute(query, wanted).fetchall():
        parts = [part for part, known in zip(_PARTS, counts, strict=True) if known]
        codes: list[Code] = ["q" if integers * 2 > count else "d", *map(_code, parts)]
        columns = [Cells(code, first, last, count) for code in codes]
        _fill(database, kind_id, ("value", *parts), columns)
        made = MetricColumn(kinds[kind_id], columns[0], dict(zip(parts, columns[1:], strict=True)))
        found.setdefault(kinds[kind_id][0], {})[kind_id] = made
    for same in found.values():
        if len(same) > 1:
            _keep_later(database, same)
    return {name: tuple(columns.values()) for name, columns in found.items()}


def _code(part: str) -> Code:
    return "q" if part in _INTEGERS else "O" if part in _TEXTS else "d"


def _fill(database: sqlite3.Connection, kind: int, names: Sequence[str], columns: Iterable[Cells]) -> None:
    query = f"SELECT run_id, {', '.join(names)} FROM metric WHERE kind_id = ? ORDER BY run_id, position"
    rows = database.execute(query, (kind,))
    while several := rows.fetchmany(_AT_ONCE):
        runs, *found = zip(*several, strict=True)
        for place, (column, cells) in enumerate(zip(columns, found, strict=True)):
            column.put(runs, cells, keep_none=place == 0)


def _keep_later(database: sqlite3.Connection, columns: Mapping[int, MetricColumn]) -> None:
    """Of a run that logged one name in two ways, keep what it logged last."""
    kinds = (str(sorted(columns)),)
    listed = "kind_id IN (SELECT value FROM json_each(?))"
    twice = f"SELECT run_id FROM metric WHERE {listed} GROUP BY run_id HAVING count(DISTINCT kind_id) > 1"
    query = f"SELECT run_id, kind_id FROM metric WHERE {listed} AND run_id IN ({twice}) ORDER BY run_id, position"
    last = dict(database.execute(query, (*kinds, *kinds)))
    for kind, column in columns.items():
        for run, later in last.items():
            if kind != later and run in column.cells:
                column.cells.drop(run)
