"""The chosen columns of a board's rows: values, reasons, and which cell is the best of its column."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportgen.analysis.columns import find_value, split_name
from reportgen.analysis.missing import missing_reason
from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import Cell, Column, Group
from reportgen.model import Direction, RunRow


def make_cells(rows: Sequence[tuple[RunRow, Group | None]], columns: Sequence[Column]) -> list[dict[str, Cell]]:
    """Return the cells of each row (a run, or a group of runs), by column name, with the best of each column marked.

    Every tied cell is marked; none is where all are equal, or only one row has the column, or it has no direction.
    """
    lines: list[dict[str, Cell]] = [{} for _ in rows]
    for column in columns:
        cells = _cells(rows, column)
        best = best_of([cell.value for cell in cells], column.direction)
        for line, cell in zip(lines, cells, strict=True):
            line[column.name] = cell._replace(best=True) if best is not None and cell.value == best else cell
    return lines


def _cells(rows: Sequence[tuple[RunRow, Group | None]], column: Column) -> list[Cell]:
    kind, name = split_name(column.name)
    single = _metric_cell if kind == "metric" else _value_cell
    return [
        _group_cell(group, column) if group is not None and group.n > 1 else single(run, name, column) for run, group in rows
    ]


def best_of(values: Sequence[object], direction: Direction | None) -> float | None:
    """Return the best of `values`; None where all are equal, fewer than two are numbers, or there is no direction."""
    if direction is None or direction == "none":
        return None
    known = [v for v in values if isinstance(v, int | float) and is_finite(v)]
    if len(known) < 2 or min(known) == max(known):
        return None
    return max(known) if direction == "higher" else min(known)


def _metric_cell(run: RunRow, name: str, column: Column) -> Cell:
    metric = run.metrics.get(name)
    if metric is not None and is_finite(metric.value):
        return Cell(metric.value, metric)
    return Cell(value=metric.value if metric is not None else None, metric=metric, missing=missing_reason(run, name)[0])


def _value_cell(run: RunRow, name: str, column: Column) -> Cell:
    return Cell(value=find_value(run, column.name))


def _group_cell(group: Group, column: Column) -> Cell:
    """The mean of a metric over the members that have it; a param only where they all agree."""
    values = [find_value(run, column.name) for run in group.members]
    if column.kind == "metric":
        known = [float(v) for v in values if is_finite(v)]
        return Cell(value=math.fsum(known) / len(known)) if known else Cell(value=None, missing="not logged")
    agreed = values[0] if all(v == values[0] for v in values) else f"{len({str(v) for v in values})} values"
    return Cell(value=agreed)
