"""The chosen columns of a board's rows: values, reasons, and which cell is the best of its column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reportgen import estimate
from reportgen.analysis.columns import find_value, split_name
from reportgen.analysis.luck import shrunk
from reportgen.analysis.missing import missing_reason
from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import BoardRow, Cell, Column, Group
from reportgen.model import Direction, RunRow
from reportgen.runmetrics import values_of

_AT_ONCE = 500


class Cells(Mapping[str, Cell]):
    """The cells of one row by column name, made when they are asked for: a large board has a hundred thousand of them."""

    __slots__ = ("_columns", "_group", "_run")

    def __init__(self, run: RunRow, group: Group | None, columns: Mapping[str, Column]) -> None:
        self._run = run
        self._group = group
        self._columns = columns

    def __getitem__(self, name: str) -> Cell:
        column = self._columns[name]
        cell = _cell(self._run, self._group, column)
        return cell._replace(best=True) if column.best is not None and cell.value == column.best else cell

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return repr(dict(self))


def with_best(columns: Sequence[Column], rows: Sequence[tuple[RunRow, Group | None]]) -> list[Column]:
    """Return the columns of a board with the best value in each, over `rows` (a run, or a group of runs).

    Every tied cell is the best; none is where all are equal, or only one row has the column, or it has no direction.
    """
    judged = [column for column in columns if column.direction in ("higher", "lower")]
    best = {
        column.name: best_of(values, column.direction) for column, values in zip(judged, _values(rows, judged), strict=True)
    }
    return [replace(column, best=best.get(column.name)) for column in columns]


def column_values(rows: Sequence[BoardRow], columns: Sequence[Column]) -> list[Sequence[Any]]:
    """Return the values of each column in all rows, without making cells."""
    return list(_values([(row.run, row.group) for row in rows], columns))


def bare_values(rows: Sequence[BoardRow], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """Yield the values of the cells of each row, in the order of `columns`, without making cells; some rows at a time."""
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        yield from zip(*column_values(some, columns), strict=True) if columns else [()] * len(some)


def _values(rows: Sequence[tuple[RunRow, Group | None]], columns: Sequence[Column]) -> Iterator[Sequence[Any]]:
    """Yield the values of all rows, column by column."""
    single = all(group is None for _, group in rows)
    metrics = [split_name(column.name)[1] for column in columns if single and column.kind == "metric"]
    read = iter(values_of(metrics, [run.metrics for run, _ in rows]))
    for column in columns:
        whole = single and column.kind == "metric"
        yield next(read) if whole else [_cell(run, group, column).value for run, group in rows]


def _cell(run: RunRow, group: Group | None, column: Column) -> Cell:
    if column.kind == "shrunk":
        value = group.mean if group is not None else _metric_cell(run, column.of).value
        return Cell(shrunk(float(value), column.shrinkage) if is_finite(value) else None)
    if group is not None and group.n > 1:
        return _group_cell(group, column)
    if column.kind == "metric":
        return _metric_cell(run, split_name(column.name)[1])
    return Cell(value=find_value(run, column.name))


def best_of(values: Sequence[object], direction: Direction | None) -> float | None:
    """Return the best of `values`; None where all are equal, fewer than two are numbers, or there is no direction."""
    if direction is None or direction == "none":
        return None
    known: list[Any] = [v for v in values if (v - v == 0 if type(v) is float else is_finite(v))]
    if len(known) < 2:
        return None
    lowest, highest = min(known), max(known)
    if lowest == highest:
        return None
    best: float = highest if direction == "higher" else lowest
    return best


def _metric_cell(run: RunRow, name: str) -> Cell:
    metric = run.metrics.get(name)
    if metric is not None and is_finite(metric.value):
        return Cell(metric.value, metric)
    return Cell(value=metric.value if metric is not None else None, metric=metric, missing=missing_reason(run, name)[0])


def _group_cell(group: Group, column: Column) -> Cell:
    """The mean of a metric over the members that have it; a param only where they all agree."""
    values = [find_value(run, column.name) for run in group.members]
    if column.kind == "metric":
        known = [float(v) for v in values if is_finite(v)]
        return Cell(value=estimate.mean_of(known)) if known else Cell(value=None, missing="not logged")
    agreed = values[0] if all(v == values[0] for v in values) else f"{len({str(v) for v in values})} values"
    return Cell(value=agreed)
