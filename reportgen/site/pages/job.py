"""The page of a job: how is this step doing over time?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from reportgen.analysis.history import History
from reportgen.charts.values import Chart
from reportgen.model import Job, RunningBuild, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Empty, Fact, Link, Notice, Span, Strip, Text
from reportgen.site.contexts.job import JobContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages import figures, trends
from reportgen.site.pages.base import (
    Live,
    Shown,
    Site,
    Style,
    chrome,
    described,
    finite,
    number_label,
    result_of,
    said,
    when,
)
from reportgen.site.pages.columns import Columns, choose
from reportgen.site.pages.run_table import band_words, run_rows
from reportgen.site.pages.scale import percent
from reportgen.site.pages.shifts import history_words, shifts_table
from reportgen.site.pages.table_files import with_files
from reportgen.site.pages.trends import validation_digest

MOST_ROWS = 200
_STRIP = 120
_FEWEST = 24
"""Bars of a strip are as wide as those of this many, though there may be fewer."""


class BuildFact(NamedTuple):
    """A build of a job, whether it has runs or not."""

    number: int
    result: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInput:
    """Everything a job's page is made from; `rows` and `builds` newest first, `rows` with all metrics that may be shown.

    `champion` and `baseline` are as of now, `reigns` the terms of all champions, `histories` those of the key metric, `shifts`
    their level shifts.
    """

    job: Job
    rows: Sequence[RunRow] = ()
    builds: Sequence[BuildFact] = ()
    running: Sequence[RunningBuild] = ()
    metric: str = ""
    champion: RunRow | None = None
    baseline: RunRow | None = None
    leaderboard: str = ""
    histories: Sequence[History] = ()
    shifts: Sequence[trends.ShiftNote] = ()
    reigns: Sequence[trends.Reign] = ()
    drawings: Mapping[str, Shown] = field(default_factory=dict)
    live: Live = field(default_factory=Live)


def job_charts(site: Site, given: JobInput) -> Mapping[str, Chart]:
    """Return the charts of a job's page by slot; what is drawn of them comes back in `JobInput.drawings`."""
    return trends.job_charts(site, given.rows, given.metric, reigns=given.reigns, shifts=given.shifts, baseline=given.baseline)


def job_page(site: Site, given: JobInput) -> Page:
    """Return the page of a job."""
    job = given.job
    path = site.links.job(job.name)
    style = site.style(given.metric, [row.metrics.get(given.metric) for row in given.rows]) if given.metric else None
    shown = given.rows[:MOST_ROWS]
    columns = choose(site, shown, given.metric)
    verdict = _verdict(site, path, given, style)
    newest = given.builds[0] if given.builds else None
    older = given.rows[MOST_ROWS:]
    axis, rows = run_rows(site, path, shown, style, columns, champion=given.champion, baseline=given.baseline, earlier=older)
    context = JobContext(
        chrome=chrome(
            site,
            path,
            "job",
            job.name,
            here=job.name,
            crumbs=[("Jobs", "jobs/index.html")],
            description=said(verdict),
            live=given.live,
        ),
        job=job.name,
        title=job.display_name if job.display_name and "/" not in job.name else job.name,
        result=result_of(newest.result)._replace(word=f"{newest.result} #{newest.number}") if newest else None,
        pager=_pager(site, path, given),
        notices=_notices(site, given),
        verdict=verdict,
        description=described(job.description),
        metric=style.title if style else "",
        trend=figures.in_three_widths(path, "trend", "", _trend_caption(given, style), given.drawings),
        shifts=shifts_table(site, path, given.histories),
        panels=figures.panels(path, site, given.rows, given.metric, given.drawings),
        strip=_strip(given.builds),
        strip_heading=_success(given.builds),
        strip_caption=_counts(given.builds)
        + ("; tall bars failed." if any(b.result == "FAILURE" for b in given.builds) else "."),
        facts=_facts(site, path, given),
        caption=_caption(given, shown, style, columns),
        axis=axis,
        columns=columns.heads,
        rows=rows,
        more=_more(site, path, given, shown),
        empty=_empty(job, given) if not rows else None,
    )
    return with_files(Page(path, "job.html", context))


def _pager(site: Site, path: str, given: JobInput) -> tuple[Link, ...]:
    links = []
    if given.leaderboard:
        links.append(Link("Leaderboard", relative(path, site.links.leaderboard(given.leaderboard))))
    jenkins = site.on_jenkins(given.job.name) if given.job.gone_since is None else ""
    if jenkins:
        links.append(Link("On Jenkins", jenkins))
    if given.rows:
        data = site.links.job_runs
        links += [Link(kind.upper(), relative(path, data(given.job.name, kind))) for kind in ("csv", "json")]
    return tuple(links)


def _notices(site: Site, given: JobInput) -> tuple[Notice, ...]:
    found = []
    for running in given.running[:5]:
        link = site.on_jenkins(running.job, running.number)
        since = (Span(f"#{running.number}", link), Span(" since "), when(running.started_at), Span(" UTC"))
        if running.waiting_for:
            found.append(
                Notice("run", "Waiting for a person:", (*since, Span(f": “{running.waiting_for}” Answer on Jenkins.")))
            )
        else:
            found.append(Notice("run", "Running:", (*since, Span(". It gets a page when it is final."))))
    if given.job.gone_since is not None:
        words = (
            Span("The job was last seen on "),
            when(given.job.gone_since),
            Span(" UTC; everything here is from what was kept."),
        )
        found.append(Notice("gone", "Gone from Jenkins.", words))
    return tuple(found)


def _verdict(site: Site, path: str, given: JobInput, style: Style | None) -> Text:
    newest = given.builds[0] if given.builds else None
    if newest is None:
        return (Span("No finished build yet.", mark="b"), Span(" The next harvest after one will show it here."))
    scored = [row for row in given.rows if style and finite(row.metrics.get(style.name)) is not None]
    spans: list[Span] = []
    if style and scored:
        spans += _standing(site, path, scored, style)
        if given.shifts:
            spans.append(Span(f" {given.shifts[-1].words}."))
    else:
        ended = "succeeded" if newest.result == "SUCCESS" else f"ended {newest.result}"
        spans += [Span(f"#{newest.number} {ended}", mark="b"), Span(f" after {fmt.duration(newest.duration_s)}.")]
    failed = [build for build in given.builds[:10] if build.result == "FAILURE"]
    if newest.result == "FAILURE":
        spans.append(Span(f" #{newest.number} failed."))
    elif failed and scored:
        names = fmt.listed([f"#{build.number}" for build in failed[:3]])
        spans.append(Span(f" Of the last {min(len(given.builds), 10)} builds, {names} failed."))
    return tuple(spans)


def _standing(site: Site, path: str, scored: Sequence[RunRow], style: Style) -> list[Span]:
    newest = scored[0]
    value = finite(newest.metrics.get(style.name))
    same = [row for row in scored if validation_digest(row) == validation_digest(newest)]
    values = [v for row in same if (v := finite(row.metrics.get(style.name))) is not None]
    unit = f" {style.unit}" if style.unit else ""
    lead = f"{style.title} {fmt.number(value, style.spec)}{unit} at "
    spans = [Span(lead, mark="b"), Span(number_label(newest), relative(path, site.links.row(newest)), "b")]
    if style.direction != "none" and len(values) > 1 and value is not None:
        better = sum(v > value if style.direction == "higher" else v < value for v in values)
        data = " on the current validation set" if validation_digest(newest) else ""
        place = "the best" if better == 0 else f"rank {better + 1}"
        spans.append(Span(f", {place} of {len(values)} comparable runs{data}"))
    spans.append(Span("."))
    return spans


def _trend_caption(given: JobInput, style: Style | None) -> Text:
    if style is None:
        return ()
    words = trends.caption(given.rows, style, champion=bool(given.reigns), builds=len(given.builds))
    return (Span(words + history_words(given.histories)),)


def _caption(given: JobInput, shown: Sequence[RunRow], style: Style | None, columns: Columns) -> Text:
    total, builds = len(given.rows), len({(row.number, row.started_at) for row in given.rows})
    words = fmt.plural(total, "run") if len(shown) == total else f"The newest {len(shown)} of {fmt.plural(total, 'run')}"
    if len(given.builds) > builds:  # the rows given are not all there are
        words = f"The newest {fmt.plural(len(shown), 'run')} of {fmt.plural(len(given.builds), 'build')}"
    if style:
        direction = {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "")
        words += f"; {style.title}{direction}"
    if columns.params:
        words += ". Parameters that vary are columns"
    return (Span(f"{words}.{band_words(shown, style, given.champion, given.job.name)} Dates are UTC."),)


def _more(site: Site, path: str, given: JobInput, shown: Sequence[RunRow]) -> Text:
    if len(shown) == len(given.rows):
        return ()
    every = Span("by number", relative(path, site.links.job_builds(given.job.name)))
    return (
        Span("All builds: "),
        every,
        Span(", "),
        Span("runs.csv", relative(path, site.links.job_runs(given.job.name, "csv"))),
    )


def _strip(builds: Sequence[BuildFact]) -> Strip | None:
    if len(builds) < 2:
        return None
    recent = list(reversed(builds[:_STRIP]))
    width = 100 / max(len(recent), _FEWEST)
    bars = tuple((percent(index * width), result_of(build.result).kind) for index, build in enumerate(recent))
    return Strip(bars, percent(width * 0.7), f"Results of {len(recent)} builds, oldest left: {_counts(builds[:_STRIP])}")


def _success(builds: Sequence[BuildFact]) -> str:
    if not builds:
        return ""
    good = sum(build.result == "SUCCESS" for build in builds)
    return f"Success, {100 * good / len(builds):.0f} %"


def _counts(builds: Sequence[BuildFact]) -> str:
    counts: dict[str, int] = {}
    for build in builds:
        counts[build.result] = counts.get(build.result, 0) + 1
    order = ("SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT")
    known = [f"{counts[word]} {word}" for word in order if word in counts]
    return fmt.listed(known + [f"{count} {word}" for word, count in counts.items() if word not in order])


def _facts(site: Site, path: str, given: JobInput) -> tuple[Fact, ...]:
    job = given.job
    facts = []
    if job.stage:
        facts.append(Fact("Stage", (Span(job.stage),)))
    for label, names in (("Comes after", job.upstream), ("Triggers", job.downstream)):
        spans: list[Span] = []
        for name in names[:4]:
            known = name in site.links.jobs
            spans += [Span(", ")] if spans else []
            spans.append(Span(name, relative(path, site.links.job(name)) if known else ""))
        if spans:
            facts.append(Fact(label, tuple(spans)))
    if given.builds:
        usual = median(build.duration_s for build in given.builds[:50])
        facts.append(Fact("Usually takes", (Span(fmt.duration(usual)),)))
        facts.append(Fact("Builds kept", (Span(fmt.count(len(given.builds))),)))
    return tuple(facts)


def _empty(job: Job, given: JobInput) -> Empty:
    if given.running:
        return Empty("No finished build yet.", (Span("One is running; it is listed above and gets a page when it is final."),))
    return Empty(
        "No builds.",
        (Span("None was harvested from this job so far. If Jenkins has some, harvest again in full:"),),
        f"reportgen harvest --full --job {job.name}",
    )
