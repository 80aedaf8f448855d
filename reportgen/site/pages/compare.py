"""Comparisons: what differs between these runs? Differences are to the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reportgen.analysis.compare import Comparison, MetricLine, ValueLine
from reportgen.analysis.wording import is_unseen, same_to
from reportgen.model import Metric, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Delta, Empty, Figure, Link, Plot, Result, Row, Span, Table, Text
from reportgen.site.contexts.compare import CompareCell, CompareContext, Compared, CompareGroup, CompareRow
from reportgen.site.links import relative
from reportgen.site.page import Page, StoredFile
from reportgen.site.pages import figures
from reportgen.site.pages.base import (
    NO_DELTA,
    Live,
    Shown,
    Site,
    Style,
    chrome,
    delta_of,
    finite,
    is_share,
    on_day,
    result_of,
    run_label,
    said,
)
from reportgen.site.pages.run_metrics import GROUPS
from reportgen.site.pages.scale import Scale
from reportgen.site.pages.trends import training_digest

_MOST_PARAMS = 200


class Side(NamedTuple):
    """Pictures of one run that all compared runs have: (name, what was drawn)."""

    pictures: tuple[tuple[str, Shown], ...] = ()


class Curve(NamedTuple):
    """A series of all compared runs on one plot."""

    title: str
    words: str
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareInput:
    """A comparison with the place of its page; `roles` say what each run is; `sides` hold the pictures of each.

    `curves` are the series that all of them logged; `files` what the page needs of all that was drawn.
    """

    path: str
    comparison: Comparison
    roles: Sequence[str] = ()
    board: str = ""
    board_title: str = ""
    metric: str = ""
    sides: Sequence[Side] = ()
    curves: Sequence[Curve] = ()
    files: tuple[StoredFile, ...] = ()
    live: Live = field(default_factory=Live)


def compare_page(site: Site, given: CompareInput) -> Page:
    """Return the page of a comparison."""
    path, found = given.path, given.comparison
    order = [found.baseline, *(i for i in range(len(found.runs)) if i != found.baseline)]
    job = found.runs[0].job if len({run.job for run in found.runs}) == 1 else ""
    labels = [run_label(found.runs[i], job) for i in order]
    runs = tuple(
        Compared(label, relative(path, site.links.row(found.runs[i])), given.roles[i] if i < len(given.roles) else "")
        for i, label in zip(order, labels, strict=True)
    )
    styles = {line.name: _style(site, line) for line in found.metrics}
    scale = _scale(found, styles, order)
    differing = [line for line in found.metrics if not line.same]
    groups = _groups(differing, styles, order, scale)
    verdict = _verdict(site, path, given, runs, order, styles)
    crumbs = [("Compare", site.links.compare)]
    context = CompareContext(
        chrome=chrome(
            site,
            path,
            "comparison",
            " and ".join(f"{label}" for label in labels) + f" compared{f' · {job}' if job else ''}",
            here=fmt.listed(labels),
            crumbs=crumbs,
            section="compare",
            description=said(verdict),
            live=given.live,
        ),
        title=fmt.listed(labels),
        pager=(Link("Leaderboard", relative(path, site.links.leaderboard(given.board))),) if given.board else (),
        verdict=verdict,
        runs=runs,
        caption=_caption(site, path, found, runs, order, drawn=scale is not None),
        axis=scale.ticks(signed=True, most=5) if scale else (),
        groups=groups,
        width=2 + (1 if scale else 0) + 2 * (len(runs) - 1),
        same_metrics=_same_metrics(found),
        params=_lines_table("c-cp", "Parameter", [line for line in found.params if not line.same], labels, order, mono=True),
        same_params=_same_table([line for line in found.params if line.same], order),
        same_words=f"{fmt.plural(sum(line.same for line in found.params), 'parameter')} the same in all",
        around=_around(site, path, found, labels, order),
        environment=_lines_table(
            "c-env", "What", [line for line in found.environment if not line.same], labels, order, mono=True
        ),
        figures=_pictures(path, given, labels, order),
        curves=_curves(path, given.curves),
        empty=None
        if groups
        else Empty("No metric differs.", (Span("The runs logged the same values, or none that both have."),)),
    )
    return Page(path, "compare.html", context, given.files)


def _style(site: Site, line: MetricLine) -> Style:
    style = site.style(line.name, line.metrics)
    return style._replace(direction=line.direction, spec=line.format or style.spec)


def _scale(found: Comparison, styles: Mapping[str, Style], order: Sequence[int]) -> Scale | None:
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
    return Scale.over(ends) if len(ends) > 1 else None


def _groups(
    lines: Sequence[MetricLine], styles: Mapping[str, Style], order: Sequence[int], scale: Scale | None
) -> tuple[CompareGroup, ...]:
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


def _verdict(
    site: Site, path: str, given: CompareInput, runs: Sequence[Compared], order: Sequence[int], styles: Mapping[str, Style]
) -> Text:
    found = given.comparison
    key = next((line for line in found.metrics if line.name == given.metric), None) or next(iter(found.metrics), None)
    spans: list[Span] = []
    if key is not None and len(runs) == 2:
        spans = _two(key, styles[key.name], runs, order)
    elif key is not None:
        style = styles[key.name]
        separable = [key.deltas[i] for i in order[1:] if key.deltas[i] is not None]
        apart = sum(bool(delta and delta.separable) for delta in separable)
        spans = [
            Span(f"{style.title}: ", mark="b"),
            Span(f"{apart} of {len(separable)} can be told apart from " if separable else "no difference can be judged to "),
            Span(runs[0].label, runs[0].href),
            Span("."),
        ]
    words = {
        True: "Same validation set",
        False: "Scored on different validation sets, so no difference is judged",
        None: "Validation set not known for all",
    }
    trained = {training_digest(run) for run in found.runs}
    if found.same_data is None and len(trained) == 1 and trained != {""}:
        words[None] = "Same training set"
    params = sum(not line.same for line in found.params)
    tail = f", {fmt.plural(params, 'parameter differs', 'parameters differ')}." if params else ", all parameters the same."
    spans.append(Span((" " if spans else "") + words[found.same_data] + tail))
    return tuple(spans)


def _two(line: MetricLine, style: Style, runs: Sequence[Compared], order: Sequence[int]) -> list[Span]:
    delta = line.deltas[order[1]]
    first, second = runs[0], runs[1]
    who = f"{first.role} " if first.role in ("champion", "baseline") else ""
    a = Span(second.label, second.href, "b")
    b = Span(first.label, first.href, "b")
    if delta is None:
        return [a, Span(" and ", mark="b"), b, Span(f" cannot be compared by {style.title}.")]
    size = fmt.number(abs(delta.value), style.spec)
    if delta.separable and delta.word in ("better", "worse"):
        return [
            a,
            Span(f" is {delta.word} than {who}", mark="b"),
            b,
            Span(f" by {style.title} {size}", mark="b"),
            Span(", separable."),
        ]
    if delta.separable:
        return [a, Span(" differs from ", mark="b"), b, Span(f" by {style.title} {size}", mark="b"), Span(", separable.")]
    if is_unseen(delta.value, style.spec):
        words = "the same as" if delta.word == "same" else f"the {same_to(style.spec)} as"
        return [a, Span(f" is {words} {who}", mark="b"), b, Span(f" by {style.title}.")]
    if delta.separable is False:
        spans = [a, Span(f" and {who}", mark="b"), b, Span(" cannot be told apart", mark="b")]
        return [*spans, Span(f": {style.title} {fmt.difference(delta.value, style.spec)}, not separable.")]
    return [
        a,
        Span(" is ", mark="b"),
        Span(f"{fmt.difference(delta.value, style.spec)} on {who}", mark="b"),
        b,
        Span(f" by {style.title}; no interval says how sure that is."),
    ]


def _caption(site: Site, path: str, found: Comparison, runs: Sequence[Compared], order: Sequence[int], *, drawn: bool) -> Text:
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


def _same_metrics(found: Comparison) -> str:
    same = [line.name for line in found.metrics if line.same]
    return f"{fmt.plural(len(same), 'metric')} the same in all: {', '.join(same[:12])}." if same else ""


def _shown(value: object) -> str:
    return "not set" if value is None else fmt.plain(value)


def _lines_table(
    name: str, head: str, lines: Sequence[ValueLine], labels: Sequence[str], order: Sequence[int], *, mono: bool
) -> Table | None:
    if not lines:
        return None
    kind = "mono any" if mono else "any"
    rows = tuple(
        Row(
            (
                Cell((Span(line.name),), kind),
                *(Cell((Span(_shown(line.values[i]), mark="b" if line.changed[i] else ""),), kind) for i in order),
            )
        )
        for line in lines[:_MOST_PARAMS]
    )
    caption = f"{fmt.plural(len(lines), 'difference')}. Bold: not as in {labels[0]}."
    return Table(name, (Span(caption),), (Column(head), *(Column(label) for label in labels)), rows)


def _same_table(lines: Sequence[ValueLine], order: Sequence[int]) -> Table | None:
    if not lines:
        return None
    rows = tuple(Row((Cell((Span(line.name),)), Cell((Span(_shown(line.values[order[0]])),)))) for line in lines[:_MOST_PARAMS])
    return Table("c-same", (Span("The same in all."),), (Column("Parameter"), Column("Value")), rows, "codes")


def _around(site: Site, path: str, found: Comparison, labels: Sequence[str], order: Sequence[int]) -> Table:
    runs = [found.runs[i] for i in order]
    rows = [
        Row((Cell((Span("Started"),)), *(Cell((on_day(run.started_at),)) for run in runs))),
        Row((Cell((Span("Result"),)), *(Cell((), result=_result(run)) for run in runs))),
        Row((Cell((Span("Took"),)), *(Cell((Span(fmt.duration(run.duration_s)),)) for run in runs))),
    ]
    if any(run.commit for run in runs):
        cells = [
            Cell((Span(fmt.short_commit(run.commit) or fmt.DASH, mark="b" if run.commit != runs[0].commit else ""),), "mono")
            for run in runs
        ]
        rows.append(Row((Cell((Span("Commit"),)), *cells)))
    roles = list(dict.fromkeys(d.role or d.name for run in runs for d in run.datasets))
    for role in roles[:6]:
        cells = []
        for run in runs:
            dataset = next((d for d in run.datasets if (d.role or d.name) == role), None)
            if dataset is None:
                cells.append(Cell((Span("none"),), "why"))
                continue
            to = relative(path, site.links.dataset(dataset.sha256)) if dataset.sha256 else ""
            cells.append(Cell((Span(dataset.name, to),), "any"))
        rows.append(Row((Cell((Span(f"{role[:1].upper()}{role[1:]} set"),)), *cells)))
    models = [next(iter(run.models), None) for run in runs]
    if any(models):
        cells = [
            Cell((Span(fmt.short_digest(model.sha256), relative(path, site.links.model(model.sha256)), "code"),))
            if model
            else Cell((Span("none"),), "why")
            for model in models
        ]
        rows.append(Row((Cell((Span("Model"),)), *cells)))
    rows.extend(
        Row((Cell((Span(f"Tag {line.name}"),)), *(Cell((Span(_shown(line.values[i])),), "any") for i in order)))
        for line in [line for line in found.tags if not line.same][:8]
    )
    return Table(
        "c-ar", (Span("Where they come from. Dates are UTC."),), (Column(""), *(Column(label) for label in labels)), tuple(rows)
    )


def _result(run: RunRow) -> Result:
    return Result("torn", "interrupted") if run.status == "interrupted" else result_of(run.result)


def _curves(path: str, curves: Sequence[Curve]) -> tuple[Figure, ...]:
    return tuple(
        Figure(f"curve-{at}", curve.title, (Span(curve.words),), (figures.picture(path, curve.shown),))
        for at, curve in enumerate(curves, 1)
        if curve.shown.path
    )


def _pictures(path: str, given: CompareInput, labels: Sequence[str], order: Sequence[int]) -> tuple[Figure, ...]:
    """Return the pictures that all runs have, side by side, name by name."""
    if not given.sides:
        return ()
    by_run = [dict(given.sides[i].pictures) for i in order]
    found: list[Figure] = []
    for name in by_run[0]:
        if not all(name in pictures for pictures in by_run):
            continue
        for label, pictures in zip(labels, by_run, strict=True):
            shown = pictures[name]
            if shown.path:
                picture = figures.picture(path, shown)
                kind = figures.kind_of(picture)
                found.append(Figure(f"side-{len(found) + 1}", label, (Span(name),), (picture,), kind=kind))
    return tuple(found[:24])
