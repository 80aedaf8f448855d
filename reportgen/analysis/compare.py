"""Two to twenty runs side by side: what differs first, differences to a fixed baseline, identical parts folded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reportgen.analysis.cells import best_of
from reportgen.analysis.comparable import digests, role_of
from reportgen.analysis.directions import find_direction
from reportgen.analysis.missing import missing_reason
from reportgen.analysis.paired import Paired
from reportgen.analysis.separable import Scored, deltas_to_fixed, scored
from reportgen.analysis.values import Delta, MetricOptions, Missing
from reportgen.errors import ReportgenError
from reportgen.model import Direction, Metric, Point, RunRow

FEWEST, MOST = 2, 20

_SPLIT_ROLES = {"test": "test", "train": "training", "training": "training", "cv": "training"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """One param, tag, data set or fact: its value in each run (None: not there), and whether it is the same in all."""

    name: str
    values: tuple[Any, ...]
    same: bool
    changed: tuple[bool, ...]
    """Per run, whether its value is not the baseline's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricLine:
    """One metric in each run, with the difference to the baseline where the two are comparable.

    `deltas` has None for the baseline, for a run without a value, and for one that was scored on other data (`comparable`
    tells). The verdicts are corrected by Holm over the runs that are compared.
    """

    name: str
    title: str
    direction: Direction
    unit: str
    format: str
    metrics: tuple[Metric | None, ...]
    missing: tuple[Missing | None, ...]
    comparable: tuple[bool, ...]
    deltas: tuple[Delta | None, ...]
    best: tuple[bool, ...]
    same: bool

    @property
    def values(self) -> tuple[float | None, ...]:
        """The value of each run."""
        return tuple(m.value if m is not None else None for m in self.metrics)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """One series of each run (empty: it has none), to be drawn over each other."""

    name: str
    points: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What a comparison may show of a run beside its row."""

    environment: Mapping[str, Any] = field(default_factory=dict)
    series: Mapping[str, Sequence[Point]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side; in every group of lines those that differ come first. `baseline` is the place of the fixed run.

    `same_data` tells whether all runs were scored on the same validation set (None: one of them does not say).
    """

    runs: tuple[RunRow, ...]
    baseline: int
    params: tuple[ValueLine, ...]
    metrics: tuple[MetricLine, ...]
    tags: tuple[ValueLine, ...]
    datasets: tuple[ValueLine, ...]
    models: tuple[ValueLine, ...]
    environment: tuple[ValueLine, ...]
    facts: tuple[ValueLine, ...]
    series: tuple[SeriesLine, ...]
    same_data: bool | None


def compare(
    runs: Sequence[RunRow],
    *,
    baseline: int = 0,
    metrics: Mapping[str, MetricOptions] | None = None,
    details: Sequence[Detail] = (),
    paired: Paired | None = None,
) -> Comparison:
    """Return `runs` side by side with differences to the run at place `baseline`.

    `details` (one per run) adds environments and series. `paired` is asked first for a difference; otherwise it comes from the
    two intervals.
    """
    if not FEWEST <= len(runs) <= MOST:
        raise ReportgenError(f"{len(runs)} runs cannot be compared", hint=f"choose {FEWEST} to {MOST}")
    if details and len(details) != len(runs):
        raise ValueError(f"{len(details)} details for {len(runs)} runs")
    more = list(details) or [Detail()] * len(runs)
    return Comparison(
        runs=tuple(runs),
        baseline=baseline,
        params=_lines([run.params for run in runs], baseline),
        metrics=_metric_lines(runs, baseline, metrics or {}, paired),
        tags=_lines([run.tags for run in runs], baseline),
        datasets=_lines([_datasets(run) for run in runs], baseline),
        models=_lines([_models(run) for run in runs], baseline),
        environment=_lines([flatten(d.environment) for d in more], baseline),
        facts=_lines([_facts(run) for run in runs], baseline),
        series=_series(more),
        same_data=_same_data(runs),
    )


def _lines(parts: Sequence[Mapping[str, Any]], baseline: int) -> tuple[ValueLine, ...]:
    lines = [_line(name, [part.get(name) for part in parts], baseline) for name in sorted({n for p in parts for n in p})]
    return tuple(sorted(lines, key=lambda line: line.same))


def _line(name: str, values: Sequence[Any], baseline: int) -> ValueLine:
    changed = tuple(not same_value(value, values[baseline]) for value in values)
    return ValueLine(name=name, values=tuple(values), same=not any(changed), changed=changed)


def same_value(a: Any, b: Any) -> bool:
    """Tell whether two logged values are the same: 3 and 3.0 are, and 3 and "3"; True and 1 are not; nan is nan."""
    if isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b) and a == b
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    if a is None or b is None:
        return a is b
    return bool(a == b) or (isinstance(a, str) != isinstance(b, str) and str(a) == str(b))


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _datasets(run: RunRow) -> dict[str, str | None]:
    found: dict[str, list[str]] = {}
    for dataset in run.datasets:
        found.setdefault(role_of(dataset) or dataset.name, []).append(dataset.sha256 or "")
    return {role: "+".join(sorted(shas)) or None for role, shas in found.items()}


def _models(run: RunRow) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for model in run.models:
        found.setdefault(model.role, []).append(model.sha256)
    return {role: "+".join(sorted(shas)) for role, shas in found.items()}


def _facts(run: RunRow) -> dict[str, Any]:
    facts = {
        "job": run.job, "stage": run.stage, "result": run.result, "status": run.status, "started_at": run.started_at,
        "duration_s": run.duration_s, "commit": run.commit, "branch": run.branch,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _same_data(runs: Sequence[RunRow]) -> bool | None:
    found = [digests(run, "validation") for run in runs]
    return None if not all(found) else len(set(found)) == 1


def _series(details: Sequence[Detail]) -> tuple[SeriesLine, ...]:
    names = dict.fromkeys(name for d in details for name in d.series if len(d.series[name]) > 1)
    return tuple(SeriesLine(name=n, points=tuple(tuple(d.series.get(n, ())) for d in details)) for n in names)


def _metric_lines(
    runs: Sequence[RunRow], baseline: int, options: Mapping[str, MetricOptions], paired: Paired | None
) -> tuple[MetricLine, ...]:
    names = dict.fromkeys(name for run in [runs[baseline], *runs] for name in run.metrics)
    lines = [_metric_line(name, runs, baseline, options.get(name) or MetricOptions(name=name), paired) for name in names]
    return tuple(sorted(lines, key=lambda line: line.same))


def _metric_line(name: str, runs: Sequence[RunRow], baseline: int, about: MetricOptions, paired: Paired | None) -> MetricLine:
    found = [run.metrics.get(name) for run in runs]
    direction = find_direction(name, [runs[baseline], *runs], about.direction)
    units = {m.unit for m in found if m is not None and m.unit}
    comparable = tuple(measured_alike(name, run, runs[baseline]) for run in runs)
    values = tuple(m.value if m is not None else None for m in found)
    best = best_of(values, direction)
    return MetricLine(
        name=name,
        title=about.label,
        direction=direction,
        unit=about.unit if about.unit is not None else (units.pop() if len(units) == 1 else ""),
        format=about.format,
        metrics=tuple(found),
        missing=tuple(missing_reason(run, name)[0] for run in runs),
        comparable=comparable,
        deltas=_deltas(name, runs, baseline, comparable, direction, paired),
        best=tuple(best is not None and value == best for value in values) if all(comparable) else (False,) * len(runs),
        same=all(same_value(value, values[baseline]) for value in values),
    )


def _deltas(
    name: str,
    runs: Sequence[RunRow],
    baseline: int,
    comparable: Sequence[bool],
    direction: Direction,
    paired: Paired | None,
) -> tuple[Delta | None, ...]:
    fixed = runs[baseline]
    reference = _scored(fixed, name)
    if reference is None:
        return (None,) * len(runs)
    on_rows = {
        place: difference
        for place, run in enumerate(runs)
        if paired is not None and place != baseline and comparable[place] and (difference := paired(name, fixed, run))
    }
    values = [_scored(run, name) if comparable[place] and place != baseline else None for place, run in enumerate(runs)]
    return tuple(deltas_to_fixed(values, reference, direction, on_rows=on_rows))


def _scored(run: RunRow, name: str) -> Scored | None:
    metric = run.metrics.get(name)
    return scored(metric) if metric is not None else None


def measured_alike(name: str, run: RunRow, other: RunRow) -> bool:
    """Tell whether `name` means the same in both runs: unit, definition, direction, and the data its split is about."""
    a, b = run.metrics.get(name), other.metrics.get(name)
    if a is None or b is None:
        return False
    if (a.unit or "", a.definition) != (b.unit or "", b.definition) or len({a.direction, b.direction} - {None}) > 1:
        return False
    role = _SPLIT_ROLES.get(name.partition("/")[0], "validation")
    return digests(run, role) == digests(other, role)
