"""Quality against cost: which of the chosen columns is a cost, the chart, and the runs on the front."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reportgen.analysis.pareto import Front, find_front
from reportgen.analysis.separable import Scored
from reportgen.analysis.values import Board, BoardRow, Column
from reportgen.charts import alt
from reportgen.charts.scatter import scatter
from reportgen.charts.values import Chart, Scatter, ScatterPoint
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Row, Span, Table
from reportgen.site.contexts.base import Column as Head
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, Style, number_label
from reportgen.site.pages.trends import group_param

FEWEST = 4
_COST_WORDS = frozenset(
    ("ms", "s", "seconds", "time", "latency", "duration", "size", "bytes", "kb", "mb", "cost", "price", "memory", "parameters")
)
MOST = 500


class Costs(NamedTuple):
    """A cost among the columns of a board, and the ranked rows that have both."""

    column: Column
    spec: str
    group: str
    rows: tuple[BoardRow, ...]
    values: tuple[tuple[float, float], ...]
    """Cost and quality of each row."""


def find_costs(board: Board) -> Costs | None:
    """Return the first chosen column of which less is better while more of the metric is; None without one or too few rows."""
    if board.comparable.direction != "higher":
        return None
    for column in board.columns:
        if column.kind != "metric" or column.direction != "lower" or not _is_cost(column):
            continue
        pairs = [(row, cost) for row in board.rows[: board.ranked] if (cost := _number(row, column.name)) is not None][:MOST]
        if len(pairs) >= FEWEST and len({cost for _, cost in pairs}) > 1:
            values = tuple((cost, float(row.value or 0)) for row, cost in pairs)
            spec = column.format or fmt.spec_for(cost for cost, _ in values)
            group = group_param([row.run for row, _ in pairs])
            return Costs(column, spec, group, tuple(row for row, _ in pairs), values)
    return None


def _is_cost(column: Column) -> bool:
    """Whether less of it is cheaper, not just less wrong: it has a unit, or its name says time, size or money."""
    words = set(re.split(r"[^a-z]+", column.name.lower()))
    return bool(column.unit) or bool(words & _COST_WORDS)


def _number(row: BoardRow, name: str) -> float | None:
    cell = row.columns.get(name)
    return float(cell.value) if cell is not None and cell.missing is None and isinstance(cell.value, (int, float)) else None


def cost_title(costs: Costs) -> str:
    """Return how the cost is called, with its unit."""
    title = costs.column.title
    if title == costs.column.name:
        title = fmt.metric_title(title)
    return f"{title}, {costs.column.unit}" if costs.column.unit else title


def _scatter(costs: Costs, style: Style) -> Scatter:
    points = []
    near = set(_front(costs).near)
    for place, (row, (cost, quality)) in enumerate(zip(costs.rows, costs.values, strict=True)):
        name = number_label(row.run)
        word = row.run.params.get(costs.group) if costs.group else ""
        label = f"{name} champion" if row.champion else (name if row.rank == 1 else "")
        group = word if isinstance(word, str) else ""
        key = str(row.run.key)
        points.append(ScatterPoint(x=cost, y=quality, name=name, group=group, label=label, key=key, near=place in near))
    return Scatter(
        x_title=f"{cost_title(costs)} (lower is better)",
        y_title=f"{style.title}, higher is better",
        points=tuple(points),
        x_format=costs.spec,
        y_format=style.spec,
    )


def cost_charts(costs: Costs, style: Style) -> dict[str, Chart]:
    """Return the chart in two widths, by slot."""
    chart = _scatter(costs, style)
    words = alt.scatter_alt(chart)
    return {
        f"scatter-{size}": Chart(spec=scatter(chart, size=size), alt=words, width=0, height=0) for size in ("wide", "small")
    }


def _front(costs: Costs) -> Front:
    pairs = zip(costs.rows, costs.values, strict=True)
    return find_front([(cost, Scored(quality, row.low, row.high)) for row, (cost, quality) in pairs], "lower", "higher")


def front_rows(costs: Costs) -> Sequence[BoardRow]:
    """Return the rows that no other beats on both, the cheapest first."""
    return [costs.rows[place] for place in sorted(_front(costs).members, key=lambda place: costs.values[place])]


def front_table(site: Site, path: str, costs: Costs, style: Style) -> Table:
    """Return the front as a table."""
    rows = []
    for row in front_rows(costs)[:12]:
        group = row.run.params.get(costs.group) if costs.group else None
        cells = [
            Cell((Span(number_label(row.run), relative(path, site.links.row(row.run))),)),
            Cell((Span(fmt.number(row.value, style.spec)),), "v"),
            Cell((Span(fmt.number(_number(row, costs.column.name), costs.spec)),), "num"),
        ]
        if costs.group:
            cells.append(Cell((Span(fmt.plain(group) if group is not None else fmt.DASH),), "nw"))
        rows.append(Row(tuple(cells)))
    heads = [
        Head("Run"),
        Head(style.title, num=True),
        Head(cost_title(costs), num=True),
    ]
    if costs.group:
        heads.append(Head(costs.group.rpartition(".")[2]))
    return Table("c-front", (Span("No other run is better on both."),), tuple(heads), tuple(rows))
