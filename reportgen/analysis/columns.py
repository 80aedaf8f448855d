"""Values of a run by the name a user writes: metrics, ``params.NAME``, ``tags.NAME`` and facts of the build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.values import Column, ColumnKind, LeaderboardOptions
from reportgen.model import RunRow
from reportgen.runmetrics import traits_of

SHRUNK = "shrunk"
"""Name of the column with the shrunk value of what a board is ranked by."""

FIELDS = ("job", "number", "name", "stage", "result", "status", "started_at", "duration_s", "commit", "branch")
_KINDS: Mapping[str, ColumnKind] = {"params": "param", "tags": "tag", "metrics": "metric"}


def split_name(name: str) -> tuple[ColumnKind, str]:
    """Return what kind of column `name` means and the name inside it; a name without a known prefix is a metric."""
    prefix, dot, rest = name.partition(".")
    if dot and rest and prefix in _KINDS:
        return _KINDS[prefix], rest
    if name == SHRUNK:
        return "shrunk", name
    return ("field", name) if name in FIELDS else ("metric", name)


def find_value(row: RunRow, name: str) -> Any:
    """Return the value of column `name` in `row`, None where there is none."""
    kind, inner = split_name(name)
    if kind == "param":
        return row.params.get(inner)
    if kind == "tag":
        return row.tags.get(inner)
    metric = row.metrics.get(inner)
    if metric is not None:
        return metric.value
    return getattr(row, inner) if kind == "field" else None


def metric_names(names: Iterable[str]) -> list[str]:
    """Return the metrics among the column `names`."""
    return [inner for kind, inner in map(split_name, names) if kind == "metric"]


def selects(where: Mapping[str, Any], row: RunRow) -> bool:
    """Tell whether `row` has every value that `where` asks for; a list means any of its values.

    A value that was logged as text (the shell knows no other) equals the number it spells.
    """
    return all(_has(find_value(row, name), wanted) for name, wanted in where.items())


def _has(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple):
        return any(_has(value, one) for one in wanted)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return _spelled(value) == _spelled(wanted)
    return value == wanted or (value is not None and str(value) == str(wanted))


def _spelled(value: Any) -> str:
    return str(value).lower()


def make_columns(options: LeaderboardOptions, rows: Sequence[RunRow]) -> tuple[Column, ...]:
    """Return the chosen columns of a leaderboard over `rows` (oldest first), with direction and unit of each metric."""
    columns = []
    metrics = metric_names(options.columns)
    traits = dict(zip(metrics, traits_of(metrics, [row.metrics for row in rows]), strict=True))
    for name in options.columns:
        kind, inner = split_name(name)
        if kind == "shrunk":
            ranked = options.about(options.metric)
            columns.append(
                Column(name=name, kind=kind, title=f"{ranked.label}, shrunk", format=ranked.format, of=options.metric)
            )
            continue
        if kind != "metric":
            columns.append(Column(name=name, kind=kind, title=inner))
            continue
        about = options.about(inner)
        units = {unit or "" for _, unit in traits[inner]}
        logged = units.pop() if len(units) == 1 else ""
        said = next((direction for direction, _ in traits[inner] if direction is not None), None)
        columns.append(
            Column(
                name=name,
                kind=kind,
                title=about.label,
                direction=about.direction or said or direction_by_name(inner) or "none",
                unit=logged if about.unit is None else about.unit,
                format=about.format,
            )
        )
    return tuple(columns)
