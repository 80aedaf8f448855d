"""Numbers of a run page: the key metric against other runs, and the table of all metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reportgen.analysis.separable import Scored, single_delta
from reportgen.analysis.values import Delta as Difference
from reportgen.model import Direction, Metric, Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Column, Delta, Plot, Span, Text
from reportgen.site.contexts.run import Ladder, LadderRow, MetricGroup, MetricRow, Metrics
from reportgen.site.links import relative
from reportgen.site.pages.base import NO_DELTA, Site, Style, delta_of, finite, is_share, number_label
from reportgen.site.pages.past import RunPast
from reportgen.site.pages.scale import Scale, spark

GROUPS: tuple[tuple[Direction, str, str], ...] = (
    ("higher", "Quality", "higher is better"),
    ("lower", "Error and cost", "lower is better"),
    ("none", "Other", "no direction is known"),
)
_MOST = 400
NO_INTERVAL = "no interval"


class Rival(NamedTuple):
    """A run that another is compared with: its part, and whether it was scored on the same data."""

    role: str
    row: RunRow
    comparable: bool


class _Frame(NamedTuple):
    """What the plot of differences is drawn against."""

    scale: Scale | None
    reference: Rival | None
    baseline: RunRow | None


def rivals(past: RunPast, run: Run) -> list[Rival]:
    """Return the runs a run is compared with: previous, champion then, baseline; each once."""
    found: list[Rival] = []
    seen: set[tuple[object, ...]] = set()
    for role, row, comparable in (
        ("previous", past.previous, _alike(past, run)),
        ("champion then", past.champion, past.champion_comparable),
        ("baseline", past.baseline, past.baseline_comparable),
    ):
        if row is None:
            continue
        identity = (row.job, row.number, row.started_at, row.name, row.record)
        if identity not in seen:
            seen.add(identity)
            found.append(Rival(role, row, comparable))
    return found


def _alike(past: RunPast, run: Run) -> bool:
    """Whether the previous run was scored on the same data; two runs that name no validation set are alike in that."""
    if past.validation != "unknown" or past.previous is None:
        return past.validation == "same"
    named = [d for d in (*run.datasets, *past.previous.datasets) if (d.role or "").startswith("val")]
    return not named


def compared(style: Style, mine: Metric | None, theirs: Metric | None, *, comparable: bool) -> Difference | None:
    """Return this run's metric against another's; None where a value is missing or the data differ."""
    a, b = finite(mine), finite(theirs)
    if a is None or b is None or mine is None or theirs is None or not comparable:
        return None
    if mine.definition != theirs.definition:
        return None
    return single_delta(Scored(a, mine.low, mine.high), Scored(b, theirs.low, theirs.high), style.direction)


def delta_cell(style: Style, difference: Difference | None) -> Delta:
    """Return the difference as a cell shows it."""
    if difference is None:
        return NO_DELTA
    return delta_of(difference.value, style.spec, separable=difference.separable, word=difference.word)


def ladder(site: Site, run: Run, past: RunPast, path: str, number: str) -> Ladder | None:
    """Return the key metric of this run and of those it is compared with; None where there is nothing to compare."""
    mine = next((metric for metric in run.metrics if metric.name == past.metric), None)
    others = [rival for rival in rivals(past, run) if finite(rival.row.metrics.get(past.metric)) is not None]
    if mine is None or finite(mine) is None or not others:
        return None
    scored = [rival.row.metrics[past.metric] for rival in others if rival.comparable]
    style = site.style(mine.name, [mine, *scored])
    drawn = [mine, *scored]
    intervals = any(metric.low is not None for metric in drawn)
    ends = (value for metric in drawn for value in (finite(metric), metric.low, metric.high))
    scale = Scale.over(ends) if intervals else None
    band = (mine.low, mine.high) if mine.low is not None and mine.high is not None else None

    def shown(metric: Metric, *, me: bool = False) -> tuple[str, Plot, str]:
        plot = scale.plot(finite(metric), metric.low, metric.high, band=band, me=me) if scale else Plot()
        return fmt.number(metric.value, style.spec), plot, fmt.interval(metric.low, metric.high, style.spec) or NO_INTERVAL

    rows = [LadderRow(number, "", "", *shown(mine, me=True), NO_DELTA, "")]
    for rival in others:
        theirs = rival.row.metrics[past.metric]
        label, href = number_label(rival.row), relative(path, site.links.row(rival.row))
        if not rival.comparable:
            words = "other validation set" if past.validation != "unknown" or rival.role != "previous" else "data not known"
            value, _, interval = shown(theirs)
            rows.append(LadderRow(label, href, rival.role, value, Plot(), interval, NO_DELTA, words))
            continue
        difference = compared(style, mine, theirs, comparable=True)
        verdict = {True: "separable", False: "not separable", None: ""}[difference.separable if difference else None]
        rows.append(LadderRow(label, href, rival.role, *shown(theirs), delta_cell(style, difference), verdict))
    known = any(row.interval != NO_INTERVAL for row in rows)
    caption = _ladder_caption(site, style, run, mine, path, band=band is not None, intervals=known)
    judged = any(row.verdict for row in rows)
    return Ladder(style.title, caption, scale.ticks() if scale else (), tuple(rows), intervals=known, judged=judged)


def _ladder_caption(site: Site, style: Style, run: Run, mine: Metric, path: str, *, band: bool, intervals: bool) -> Text:
    spans = [Span(f"{style.title}{f', {style.unit}' if style.unit else ''}")]
    dataset = next((d for d in run.datasets if (d.role or "").startswith("val") and d.sha256), None)
    if dataset is not None and dataset.sha256:
        spans += [Span(" on "), Span(dataset.name, relative(path, site.links.dataset(dataset.sha256)))]
    rows = dataset.rows if dataset is not None else None
    if rows:
        spans.append(Span(f", {fmt.plural(rows, 'row')}"))
    if mine.n and mine.n != rows:
        spans.append(Span(f", n = {fmt.count(mine.n)}"))
    if band:
        spans.append(Span(", 95 % intervals. Band: the interval of this run"))
    elif not intervals:
        spans.append(Span(", no intervals"))
    spans.append(Span("."))
    return tuple(spans)


def table(site: Site, run: Run, past: RunPast, number: str) -> Metrics | None:
    """Return the table of all metrics, grouped by direction, the key metric first; None where none was logged."""
    if not run.metrics:
        return None
    others = [rival for rival in rivals(past, run) if rival.comparable]
    shown = sorted(run.metrics[:_MOST], key=lambda m: m.name != past.metric)
    styles = {m.name: site.style(m.name, [m, *(r.row.metrics.get(m.name) for r in others)]) for m in shown}
    reference = next((rival for rival in others if rival.role == "champion then" and rival.comparable), None)
    reference = reference or next((rival for rival in others if rival.comparable), None)
    baseline = next((rival.row for rival in others if rival.role == "baseline" and rival.comparable), None)
    scale = _difference_scale(shown, styles, reference, baseline)
    frame = _Frame(scale, reference, baseline)
    sparks = any(len([v for v in past.history.get(m.name, ()) if v is not None]) > 1 for m in shown)
    heads = tuple(Column("on " + rival.role.removesuffix(" then"), sub=_whose(rival)) for rival in others)
    groups = []
    for direction, title, words in GROUPS:
        rows = tuple(
            _metric_row(styles[m.name], m, past, others, frame) for m in shown if styles[m.name].direction == direction
        )
        if rows:
            groups.append(MetricGroup(title, words, rows))
    intervals = any(row.interval != NO_INTERVAL or row.missing for group in groups for row in group.rows)
    return Metrics(
        caption=_caption(run, shown, reference, baseline, drawn=scale is not None),
        axis=scale.ticks(signed=True) if scale else (),
        heads=heads,
        spark_head=_spark_head(past, number) if sparks else None,
        groups=tuple(groups),
        columns=2 + len(heads) + sum((intervals, scale is not None, sparks)),
        intervals=intervals,
    )


def _whose(rival: Rival) -> str:
    return number_label(rival.row) + (" then" if rival.role.endswith(" then") else "")


def _spark_head(past: RunPast, number: str) -> Column:
    longest = max((len(values) for values in past.history.values()), default=0)
    return Column(fmt.plural(longest, "build"), sub=f"up to {number}")


def _difference_scale(
    metrics: Sequence[Metric], styles: Mapping[str, Style], reference: Rival | None, baseline: RunRow | None
) -> Scale | None:
    """Return the shared scale of differences: of scores with intervals, which alone may stand on one axis."""
    if reference is None:
        return None
    ends: list[float | None] = [0.0]
    for metric in metrics:
        theirs = reference.row.metrics.get(metric.name)
        start = finite(theirs)
        if not _drawable(metric, styles[metric.name]) or theirs is None or start is None:
            continue
        ends += [end - start for end in (metric.value, metric.low, metric.high, theirs.low, theirs.high) if end is not None]
        base = finite(baseline.metrics.get(metric.name)) if baseline else None
        ends.append(base - start if base is not None else None)
    return Scale.over(ends, bulk=True) if len(ends) > 1 else None


def _drawable(metric: Metric, style: Style) -> bool:
    return style.direction == "higher" and metric.low is not None and metric.high is not None and is_share(style, metric)


def _metric_row(
    style: Style,
    metric: Metric,
    past: RunPast,
    others: Sequence[Rival],
    frame: _Frame,
) -> MetricRow:
    missing = fmt.missing_reason(metric)
    deltas = tuple(
        delta_cell(style, compared(style, metric, rival.row.metrics.get(metric.name), comparable=rival.comparable))
        for rival in others
    )
    return MetricRow(
        title=style.title,
        name=metric.name if metric.name != style.title else "",
        unit=style.unit,
        value=fmt.number(metric.value, style.spec) if metric.value is not None else (metric.text or fmt.DASH),
        missing=missing,
        plot=_difference_plot(style, metric, frame),
        interval=fmt.interval(metric.low, metric.high, style.spec) or NO_INTERVAL,
        deltas=deltas,
        spark=spark(past.history.get(metric.name, ()), _spark_words(style, past, metric)),
        full=fmt.plain(metric.value) if metric.value is not None else "",
    )


def _difference_plot(style: Style, metric: Metric, frame: _Frame) -> Plot | None:
    scale, reference, baseline = frame
    if scale is None or reference is None or not _drawable(metric, style):
        return None
    theirs = reference.row.metrics.get(metric.name)
    start, value = finite(theirs), finite(metric)
    if theirs is None or start is None or value is None or metric.low is None or metric.high is None:
        return None
    band = (theirs.low - start, theirs.high - start) if theirs.low is not None and theirs.high is not None else None
    base = finite(baseline.metrics.get(metric.name)) if baseline else None
    ring = base - start if base is not None and baseline is not reference.row else None
    return scale.plot(value - start, metric.low - start, metric.high - start, band=band, zero=True, ring=ring, me=True)


def _spark_words(style: Style, past: RunPast, metric: Metric) -> str:
    """What the line shows; over which builds, and of which metric, the heads of its column and row say."""
    known = [value for value in past.history.get(metric.name, ()) if value is not None]
    return f"from {fmt.number(known[0], style.spec)} to {fmt.number(known[-1], style.spec)}" if len(known) > 1 else ""


def _caption(run: Run, shown: Sequence[Metric], reference: Rival | None, baseline: RunRow | None, *, drawn: bool) -> Text:
    count = len(run.metrics)
    words = [fmt.plural(count, "metric") if count == len(shown) else f"The first {len(shown)} of {fmt.plural(count, 'metric')}"]
    sizes = {metric.n for metric in shown if metric.n}
    if len(sizes) == 1:
        words[0] += f", n = {fmt.count(sizes.pop())}"
    words[0] += "." if any(metric.low is not None for metric in shown) else ", no intervals."
    if drawn and reference is not None:
        label = f"{reference.role.removesuffix(' then')} {number_label(reference.row)}"
        ring = f"; ring: baseline {number_label(baseline)}" if baseline is not None and baseline is not reference.row else ""
        words.append(f"Plot: difference to {label} (line), its interval as band{ring}.")
    if reference is not None and any(metric.low is not None for metric in shown):
        words.append("A difference is coloured only if its own 95 % interval leaves out 0.")
    return (Span(" ".join(words)),)
