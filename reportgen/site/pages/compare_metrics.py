"""The metrics of a comparison: values, differences to the first run, and their plots on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen.analysis.compare import Comparison, MetricLine
from reportgen.model import Metric
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Delta, Plot, Span, Text
from reportgen.site.contexts.compare import CompareCell, Compared, CompareGroup, CompareRow
from reportgen.site.links import relative
from reportgen.site.pages.base import NO_DELTA, Site, Style, delta_of, finite, is_share
from reportgen.site.pages.run_metrics import GROUPS
from reportgen.site.pages.scale import Scale


def line_style(site: Site, line: MetricLine) -> Style:
    """Return how a metric of a comparison is written."""
    style = site.style(line.name, line.metrics)
    return style._replace(direction=line.direction, spec=line.format or style.spec)


def scale_of(found: Comparison, styles: Mapping[str, Style], order: Sequence[int]) -> Scale | None:
    """Return the shared scale of differences: of scores with intervals, on the same data."""
    ends: list[float] = [0.0]
    for line in found.metrics:
        base = line.metrics[order[0]]
        start = finite(base)
        if base is None or start is None or not is_share(styles[line.name], base) or base.low is None or base.high is None:
            continue
        for i in order[1:3]:
            metric = line.metrics[i]
            if metric is not None and finite(metric) is not None and line.comparable[i] and metric.low is not None:
                ends += [end - start for end in (metric.value, metric.low, metric.high, base.low, base.high) if end is not None]
    return Scale.over(ends, bulk=True) if len(ends) > 1 else None


def groups_of(
    lines: Sequence[MetricLine], styles: Mapping[str, Style], order: Sequence[int], scale: Scale | None
) -> tuple[CompareGroup, ...]:
    """Return the rows of `lines`, those of one direction together."""
    found = []
    for direction, title, words in GROUPS:
        rows = tuple(_row(line, styles[line.name], order, scale) for line in lines if styles[line.name].direction == direction)
        if rows:
            found.append(CompareGroup(title, words, rows))
    return tuple(found)


def _row(line: MetricLine, style: Style, order: Sequence[int], scale: Scale | None) -> CompareRow:
    base = line.metrics[order[0]]
    cells = tuple(_cell(line, style, i) for i in order[1:])
    plots = _plots(line, style, base, order, scale)
    unit = f", {style.unit}" if style.unit else ""
    return CompareRow(
        title=style.title + unit,
        name=line.name if line.name != style.title else "",
        value=_value(base, style),
        plots=plots,
        why="" if plots or scale is None else "no interval",
        cells=cells,
    )


def _value(metric: Metric | None, style: Style) -> str:
    return fmt.DASH if metric is None or metric.value is None else fmt.number(metric.value, style.spec)


def _cell(line: MetricLine, style: Style, i: int) -> CompareCell:
    delta = line.deltas[i]
    missing = line.missing[i] or ("" if line.comparable[i] else "other data")
    shown: Delta = NO_DELTA
    if delta is not None:
        shown = delta_of(delta.value, style.spec, separable=delta.separable, word=delta.word)
    return CompareCell(_value(line.metrics[i], style), missing, shown)


def _plots(line: MetricLine, style: Style, base: Metric | None, order: Sequence[int], scale: Scale | None) -> tuple[Plot, ...]:
    start = finite(base)
    if scale is None or base is None or start is None or base.low is None or base.high is None or not is_share(style, base):
        return ()
    band = (base.low - start, base.high - start)
    found = []
    for i in order[1:3]:
        metric = line.metrics[i]
        value = finite(metric)
        if metric is None or value is None or not line.comparable[i]:
            continue
        low = metric.low - start if metric.low is not None else None
        high = metric.high - start if metric.high is not None else None
        found.append(scale.plot(value - start, low, high, band=band, zero=True))
    return tuple(found)


def caption_of(
    site: Site, path: str, found: Comparison, runs: Sequence[Compared], order: Sequence[int], *, drawn: bool
) -> Text:
    """Return what the metrics were scored on, and what the plot shows where one is `drawn`."""
    spans: list[Span] = []
    first = found.runs[order[0]]
    dataset = next((d for d in first.datasets if (d.role or "").startswith("val") and d.sha256), None)
    if found.same_data and dataset is not None:
        spans += [Span("All on "), Span(dataset.name, relative(path, site.links.dataset(dataset.sha256 or "")))]
        spans.append(Span(f", n = {fmt.count(dataset.rows)}. " if dataset.rows else ". "))
    spans.append(Span(f"Differences are to {runs[0].label}."))
    if drawn:
        marks = "mark" if len(runs) == 2 else f"upper mark {runs[1].label}, lower {runs[2].label}"
        name = f"{marks} {runs[1].label}" if len(runs) == 2 else marks
        spans.append(Span(f" Plot: {name}; line and band {runs[0].label}."))
    spans.append(Span(" Coloured only if the interval of the difference leaves out 0."))
    return tuple(spans)


def same_metrics(found: Comparison) -> str:
    """Return which metrics are the same in all runs, in words."""
    same = [line.name for line in found.metrics if line.same]
    return f"{fmt.plural(len(same), 'metric')} the same in all: {', '.join(same[:12])}." if same else ""
