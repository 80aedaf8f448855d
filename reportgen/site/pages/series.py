"""Charts of a run's series: each measure over step, with its splits on one plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reportgen.charts.alt import overlay_alt
from reportgen.charts.series import downsampled, overlay
from reportgen.charts.values import Chart, Line, LineKind, Overlay, Spec
from reportgen.model import Run
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Figure, Span
from reportgen.site.pages.base import Shown, Site, Style
from reportgen.site.pages.figures import picture

MOST_CHARTS = 12
MOST_COMPARED = 500
"""Points of a series where runs that somebody chooses are compared."""
_SIZE = "curve"


def series_groups(run: Run) -> dict[str, list[str]]:
    """Return the series worth a line by what they measure: ``train/loss`` and ``val/loss`` go together as ``loss``."""
    groups: dict[str, list[str]] = {}
    for name in sorted(run.series):
        if sum(math.isfinite(point.value) for point in run.series[name]) > 1:
            groups.setdefault(name.rpartition("/")[2], []).append(name)
    return groups


def series_slots(run: Run) -> list[str]:
    """Return what names the drawings of a run's series."""
    return [_slot(run, measure) for measure in list(series_groups(run))[:MOST_CHARTS]]


def _slot(run: Run, measure: str) -> str:
    return f"series:{run.record}:{run.started_at}:{measure}"


def _title(style: Style, measure: str, names: Sequence[str]) -> str:
    """Return what a group of series is called: a single one goes by its metric's title."""
    return style.title if len(names) == 1 else fmt.metric_title(measure)


def series_charts(site: Site, run: Run, *, most: int = 2000) -> dict[str, Chart]:
    """Return the charts of a run's series by slot; a series of more than `most` points is thinned, its peaks kept."""
    found: dict[str, Chart] = {}
    for measure, names in list(series_groups(run).items())[:MOST_CHARTS]:
        style = site.style(names[0], [metric for metric in run.metrics if metric.name in names])
        lines = []
        for at, name in enumerate(names):
            points = [(float(point.step), point.value) for point in run.series[name] if math.isfinite(point.value)]
            label = name.rpartition("/")[0] or name
            lines.append(
                Line(name=label, points=downsampled(points, most=most), kind="this" if at == len(names) - 1 else "other")
            )
        better = {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "")
        title = _title(style, measure, names) + (f", {style.unit}" if style.unit else "") + better
        chart = Overlay(x_title="Step", y_title=title, lines=tuple(lines))
        found[_slot(run, measure)] = Chart(spec=overlay(chart, size=_SIZE), alt=overlay_alt(chart), width=0, height=0)
    return found


def thinned(run: Run) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return the series of a run that are worth a line, thinned to `MOST_COMPARED` points with their peaks kept."""
    return {
        name: downsampled(
            [(point.step, point.value) for point in run.series[name] if math.isfinite(point.value)], most=MOST_COMPARED
        )
        for names in series_groups(run).values()
        for name in names
    }


def overlay_template() -> Spec:
    """Return the chart of a series of chosen runs without its numbers: a dashed line, five by colour, their names."""
    ends = ((0.0, 0.0), (1.0, 1.0))
    kinds: list[LineKind] = ["champion", *(["other"] * 5)]  # type: ignore[list-item]
    lines = [Line(name=f"{at}", points=ends, kind=kind) for at, kind in enumerate(kinds)]
    single = Line(name="single", points=ends[:1], kind="other")
    return overlay(Overlay(x_title="Step", y_title="", lines=(*lines, single)), size=_SIZE)


class Overlaid(NamedTuple):
    """A series of several runs on one plot: its name as logged, its title, and words about it."""

    name: str
    title: str
    words: str
    chart: Chart


def overlaid_charts(site: Site, runs: Sequence[Run], labels: Sequence[str], *, most: int = 2000) -> tuple[Overlaid, ...]:
    """Return the series that all `runs` logged, a line per run: the first dashed, the second of two heavy, more by colour."""
    drawable = [{name for names in series_groups(run).values() for name in names} for run in runs]
    found = []
    for name in sorted(set.intersection(*drawable))[:MOST_CHARTS] if drawable else ():
        style = site.style(name, [metric for run in runs for metric in run.metrics if metric.name == name])
        lines = []
        for at, (run, label) in enumerate(zip(runs, labels, strict=True)):
            points = [(float(point.step), point.value) for point in run.series[name] if math.isfinite(point.value)]
            kind: LineKind = "champion" if at == 0 else "this" if len(runs) == 2 else "other"
            lines.append(Line(name=label, points=downsampled(points, most=most), kind=kind))
        better = {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "")
        title = style.title + (f", {style.unit}" if style.unit else "")
        chart = Overlay(x_title="Step", y_title=title + better, lines=tuple(lines))
        drawn = Chart(spec=overlay(chart, size=_SIZE), alt=overlay_alt(chart), width=0, height=0)
        words = f"{name}; dashed {labels[0]}" + (f", heavy {labels[1]}." if len(runs) == 2 else ".")
        found.append(Overlaid(name, title, words, drawn))
    return tuple(found)


def series_figures(site: Site, run: Run, drawings: Mapping[str, Shown], path: str) -> tuple[Figure, ...]:
    """Return the drawn series of a run as figures of the page at `path`."""
    figures = []
    groups = series_groups(run)
    for at, (measure, names) in enumerate(list(groups.items())[:MOST_CHARTS], 1):
        shown = drawings.get(_slot(run, measure))
        if shown is None:
            continue
        points = max(len(run.series[name]) for name in names)
        words = f"{fmt.plural(points, 'step')} of {fmt.listed(names)}."
        pictures = (picture(path, shown),) if shown.path else ()
        problem = "" if pictures else f"Not drawn: {shown.problem}."
        title = _title(site.style(names[0]), measure, names)
        figures.append(Figure(f"series-{at}", title, (Span(words),), pictures, problem=problem))
    left = len(groups) - MOST_CHARTS
    if left > 0 and figures:
        last = figures[-1]
        figures[-1] = last._replace(caption=(*last.caption, Span(f" {fmt.plural(left, 'further measure')} not drawn.")))
    return tuple(figures)
