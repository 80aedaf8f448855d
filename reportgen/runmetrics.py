"""Metrics of a run that are made when they are asked for, and what can be told of those of many runs without making any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reportgen.model import Direction, Metric

Traits = tuple[Direction | None, str | None]
"""Direction and unit of a metric, as logged."""
Metrics = Mapping[str, Metric]


def values_of(names: Sequence[str], runs: Sequence[Metrics]) -> Iterable[list[int | float | None]]:
    """Return for each name the value of that metric in each of `runs`, None where one has none: one name after the other."""
    first = runs[0] if runs else None
    if isinstance(first, RunMetrics):
        return first.values_of(names, runs)
    return _made_values(names, runs)


def traits_of(names: Sequence[str], runs: Sequence[Metrics]) -> list[list[Traits]]:
    """Return for each name the directions and units that `runs` logged that metric with, the first first."""
    first = runs[0] if runs else None
    if isinstance(first, RunMetrics):
        return first.traits_of(names, runs)
    return _made_traits(names, runs)


def _made_values(names: Sequence[str], runs: Sequence[Metrics]) -> Iterator[list[int | float | None]]:
    return ([None if (metric := run.get(name)) is None else metric.value for run in runs] for name in names)


def _made_traits(names: Sequence[str], runs: Sequence[Metrics]) -> list[list[Traits]]:
    logged = [[metric for run in runs if (metric := run.get(name)) is not None] for name in names]
    return [list(dict.fromkeys((metric.direction, metric.unit) for metric in found)) for found in logged]


class RunMetrics(Metrics):
    """Metrics of a run by name that are made when they are asked for; subclasses know a shorter way than the methods here."""

    __slots__ = ()

    def values_of(self, names: Sequence[str], runs: Sequence[Metrics]) -> Iterable[list[int | float | None]]:
        """Return what the function of this name returns, for `runs` of which this may be one."""
        return _made_values(names, runs)

    def traits_of(self, names: Sequence[str], runs: Sequence[Metrics]) -> list[list[Traits]]:
        """Return what the function of this name returns, for `runs` of which this may be one."""
        return _made_traits(names, runs)
