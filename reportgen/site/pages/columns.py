"""Which metrics and params get a column, and how their cells are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from reportgen.model import Metric, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Column
from reportgen.site.contexts.job import Extra
from reportgen.site.pages.base import Site, Style, finite

MOST_METRICS = 2
MOST_PARAMS = 4
_RECENT = 60
_WIDEST = 40


class Columns(NamedTuple):
    """Further columns of a table of runs: metrics first, then params that vary."""

    metrics: tuple[Style, ...]
    params: tuple[str, ...]
    numeric: tuple[bool, ...]

    @property
    def heads(self) -> tuple[Column, ...]:
        """Heads in the order of the cells."""
        metrics = tuple(Column(style.title, True, style.unit, sort="num") for style in self.metrics)
        params = tuple(
            Column(name.rpartition(".")[2] or name, number, sort="num" if number else "text", kind="px")
            for name, number in zip(self.params, self.numeric, strict=True)
        )
        return metrics + params

    def cells(self, row: RunRow) -> tuple[Extra, ...]:
        """Return the cells of `row`."""
        return tuple(_metric(style, row.metrics.get(style.name)) for style in self.metrics) + tuple(
            _param(row.params.get(name)) for name in self.params
        )


def choose(
    site: Site, rows: Sequence[RunRow], key_metric: str, *, metrics: int = MOST_METRICS, params: int = MOST_PARAMS
) -> Columns:
    """Return the columns for `rows`: metrics most runs have, and the params that vary, the most telling first."""
    seen: dict[str, int] = {}
    for row in rows:
        for name, metric in row.metrics.items():
            if name != key_metric and finite(metric) is not None:
                seen[name] = seen.get(name, 0) + 1
    prefix = key_metric.rpartition("/")[0]
    names = sorted(seen, key=lambda name: (name.rpartition("/")[0] != prefix, -seen[name]))[:metrics]
    styles = tuple(site.style(name, [row.metrics.get(name) for row in rows]) for name in names)
    varying = varying_params(row.params for row in rows[:_RECENT])[:params]
    numeric = tuple(
        all(_is_number(row.params.get(name)) for row in rows if row.params.get(name) is not None) for name in varying
    )
    return Columns(styles, tuple(varying), numeric)


def varying_params(params: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the params that have more than one value and fit a cell, those with few different values first."""
    values: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    total = 0
    for each in params:
        if not each:
            continue  # a run without a record says nothing of its params
        total += 1
        for name, value in each.items():
            if isinstance(value, (Mapping, list, tuple)):
                continue
            values.setdefault(name, set()).add(fmt.plain(value))
            count[name] = count.get(name, 0) + 1
    usable = [
        name
        for name, found in values.items()
        if len(found) + (count[name] < total) > 1 and max(map(len, found)) <= _WIDEST and (len(found) < total or len(found) < 6)
    ]
    return sorted(usable, key=lambda name: (name.startswith("jenkins."), len(values[name]) > 12))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _metric(style: Style, metric: Metric | None) -> Extra:
    if metric is None or metric.value is None:
        return Extra(fmt.DASH)
    return Extra(fmt.number(metric.value, style.spec), repr(metric.value))


def _param(value: object) -> Extra:
    if value is None:
        return Extra(fmt.DASH)
    return Extra(fmt.plain(value))
