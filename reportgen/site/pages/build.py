"""The page of a build with several runs: which is best, and what did they vary?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reportgen.model import Build, Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Fact, Link, Row, Span, Table, Text
from reportgen.site.contexts.build import BuildContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages import run_files, run_parts
from reportgen.site.pages.base import Site, Style, cause_text, chrome, described, finite, joined, result_of, said, when
from reportgen.site.pages.columns import choose, varying_params
from reportgen.site.pages.past import Neighbour
from reportgen.site.pages.run_table import run_rows

_ROWS = 500
_GRID = 12
_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInput:
    """A build and its runs; `rows` in any order, with all metrics that may be shown."""

    build: Build
    rows: Sequence[RunRow] = ()
    metric: str = ""
    before: Neighbour | None = None
    after: Neighbour | None = None
    causes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Paths of the pages of the builds that started this one, by job and number as Jenkins wrote them."""


def build_page(site: Site, given: BuildInput) -> Page:
    """Return the page of a build with several runs."""
    build = given.build
    path = site.links.build(build.job, build.number, build.started_at)
    style = site.style(given.metric, [row.metrics.get(given.metric) for row in given.rows]) if given.metric else None
    ordered = _ordered(given.rows, style)
    shown = ordered[:_ROWS]
    columns = choose(site, shown, given.metric)
    axis, rows = run_rows(site, path, shown, style, columns, job=build.job, previous=False)
    number = f"#{build.number}"
    verdict = _verdict(site, path, build, ordered, style)
    whole = Run(name="", stage="", status="complete")
    grid = _grid(site, path, ordered, style) if style else None
    context = BuildContext(
        chrome=chrome(
            site,
            path,
            "build",
            f"{number} {build.job}",
            here=number,
            crumbs=[("Jobs", "jobs/index.html"), (build.job, site.links.job(build.job))],
            section="job",
            description=said(verdict),
            footer=(Span("Last read "), when(build.last_read), Span(" UTC")) if build.last_read else (),
        ),
        number=number,
        job=build.job,
        result=result_of(build.result),
        pager=_pager(site, path, given),
        notices=run_parts.notices(build, whole),
        verdict=verdict,
        description=described(build.description),
        facts=_facts(site, path, given),
        metric=style.title if style else "",
        caption=_caption(len(ordered), len(shown), style),
        axis=axis,
        columns=columns.heads,
        rows=rows,
        grid=grid[1] if grid else None,
        grid_words=grid[0] if grid else (),
        stages=run_parts.stages(build),
        commits=run_parts.commits(build),
        artifacts=run_files.artifacts(site, path, build, whole),
        console=build.console_tail or "",
    )
    return Page(path, "build.html", context, run_files.brought_along(site, build, whole))


def _ordered(rows: Sequence[RunRow], style: Style | None) -> list[RunRow]:
    """Return the runs, best first; those without a value last, in order of their names."""
    if style is None or style.direction == "none":
        return sorted(rows, key=lambda row: row.name)
    sign = -1.0 if style.direction == "higher" else 1.0

    def place(row: RunRow) -> tuple[bool, float, str]:
        value = finite(row.metrics.get(style.name))
        return value is None, sign * (value or 0.0), row.name

    return sorted(rows, key=place)


def _pager(site: Site, path: str, given: BuildInput) -> tuple[Link, ...]:
    build = given.build
    links = []
    for near, label, rel in ((given.before, "← #{}", "prev"), (given.after, "#{} →", "next")):
        if near is not None:
            links.append(
                Link(label.format(near.number), relative(path, site.links.build(build.job, near.number, near.started_at)), rel)
            )
    jenkins = site.on_jenkins(build.job, build.number) if build.gone_since is None else ""
    return (*links, Link("On Jenkins", jenkins)) if jenkins else tuple(links)


def _verdict(site: Site, path: str, build: Build, ordered: Sequence[RunRow], style: Style | None) -> Text:
    total = fmt.plural(len(ordered), "run")
    best = ordered[0] if ordered else None
    value = finite(best.metrics.get(style.name)) if best and style else None
    if best is None or style is None or value is None:
        return (Span(f"{total} in {fmt.duration(build.duration_s)}", mark="b"), Span("; no metric to rank them by."))
    link = Span(best.name, relative(path, site.links.row(best)), "b")
    spans = [Span(f"Best of {total}: ", mark="b"), link, Span(f" at {style.title} {fmt.number(value, style.spec)}.", mark="b")]
    values = [v for row in ordered if (v := finite(row.metrics.get(style.name))) is not None]
    if len(values) > 1:
        spans.append(Span(f" They lie between {fmt.number(min(values), style.spec)} and {fmt.number(max(values), style.spec)}"))
        missing = len(ordered) - len(values)
        spans.append(Span(f"; {fmt.plural(missing, 'run has', 'runs have')} no value." if missing else "."))
    return tuple(spans)


def _facts(site: Site, path: str, given: BuildInput) -> tuple[Fact, ...]:
    build = given.build
    facts = [
        Fact("Started", (when(build.started_at), Span(" UTC"))),
        Fact("Took", (Span(fmt.duration(build.duration_s) + (f" on {build.node}" if build.node else "")),)),
    ]
    causes = joined(cause_text(site, path, cause, given.causes) for cause in build.causes[:3])
    if causes:
        facts.append(Fact("Started by", causes))
    if build.commit:
        facts.append(
            Fact(
                "Commit",
                (Span(fmt.short_commit(build.commit), mark="code"), Span(f" on {build.branch}" if build.branch else "")),
            )
        )
    words = run_parts.tests_words(build)
    if words:
        facts.append(Fact("Tests", (Span(words),)))
    return tuple(facts)


def _caption(total: int, shown: int, style: Style | None) -> Text:
    words = fmt.plural(total, "run") if total == shown else f"The first {shown} of {fmt.plural(total, 'run')}"
    if style:
        words += f", best first by {style.title}" if style.direction != "none" else f"; {style.title} has no direction"
    return (Span(f"{words}. Parameters that vary are columns."),)


def _grid(site: Site, path: str, rows: Sequence[RunRow], style: Style) -> tuple[Text, Table] | None:
    """Return the metric by the two params that vary, best cell marked; None unless two params make a grid."""
    names = [name for name in varying_params(row.params for row in rows) if 1 < len(_levels(rows, name)) <= _GRID]
    if len(names) < 2 or len(rows) < 6:
        return None
    down, across = names[0], names[1]
    if len(_levels(rows, across)) > len(_levels(rows, down)):
        down, across = across, down
    best = {}
    for row in reversed(rows):
        best[fmt.plain(row.params.get(down)), fmt.plain(row.params.get(across))] = row
    ranked = [v for row in best.values() if (v := finite(row.metrics.get(style.name))) is not None]
    if len(ranked) < 4:
        return None
    low, high = min(ranked), max(ranked)
    heads = (Column(f"{down} ↓ {across} →"), *(Column(level) for level in _levels(rows, across)))
    body = []
    for level in _levels(rows, down):
        cells = [Cell((Span(level),), "mono")]
        for other in _levels(rows, across):
            found = best.get((level, other))
            value = finite(found.metrics.get(style.name)) if found else None
            if found is None or value is None:
                reason = "not run" if found is None else fmt.missing_reason(found.metrics.get(style.name))
                cells.append(Cell((Span(reason, mark="none"),)))
                continue
            share = (value - low) / (high - low) if high > low else 1.0
            share = share if style.direction != "lower" else 1 - share
            step = min(_STEPS, 1 + int(share * _STEPS))
            top = " top1" if found is rows[0] else ""
            link = Span(fmt.number(value, style.spec), relative(path, site.links.row(found)), f"q{step}{top}")
            cells.append(Cell((link,), sort=repr(value)))
        body.append(Row(tuple(cells)))
    words = f"{style.title} by {down} and {across}; stronger colour is better, the best outlined. A shared cell shows its best."
    return (Span(words),), Table("c-grid", (Span(words),), heads, tuple(body), "heat")


def _levels(rows: Sequence[RunRow], name: str) -> list[str]:
    values = {
        fmt.plain(row.params[name]): row.params[name] for row in rows if name in row.params and row.params[name] is not None
    }
    numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values.values())
    return sorted(values, key=lambda text: values[text]) if numeric else sorted(values)
