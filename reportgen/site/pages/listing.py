"""Lists: all jobs, leaderboards, pipelines, models, data sets; and the runs of a build that has several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from reportgen.content import description_text
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Empty, Row, Span, Table, Text
from reportgen.site.contexts.listing import ListingContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, chrome, on_day, result_of, said
from reportgen.site.pages.table_files import with_files


class JobState(NamedTuple):
    """A job with its newest build."""

    job: str
    description: str = ""
    number: int | None = None
    started_at: datetime | None = None
    duration_s: float = 0.0
    result: str = ""
    builds: int = 0
    succeeded: int = 0
    gone: bool = False
    running: bool = False


def jobs_table(site: Site, path: str, jobs: Sequence[JobState]) -> Table:
    """Return all jobs with their last result."""
    rows = []
    for state in jobs:
        last: Text = (Span(fmt.DASH),)
        when: Text = (Span("no build yet"),)
        if state.number is not None and state.started_at is not None:
            to = site.links.build(state.job, state.number, state.started_at)
            last = (Span(f"#{state.number}", relative(path, to)),)
            when = (on_day(state.started_at),)
        share = f"{100 * state.succeeded / state.builds:.0f} %" if state.builds else fmt.DASH
        name = Cell(
            (
                Span(state.job, relative(path, site.links.job(state.job))),
                *((Span(" "), Span("gone", mark="tag")) if state.gone else ()),
            ),
            "any",
        )
        rows.append(
            Row(
                (
                    name,
                    Cell(last, result=result_of(state.result) if state.result else None),
                    Cell(when, "" if state.number is not None else "why"),
                    Cell((Span(fmt.clock(state.duration_s) if state.number is not None else fmt.DASH),), "num"),
                    Cell((Span(fmt.count(state.builds)),), "num"),
                    Cell((Span(share),), "num"),
                    Cell((Span(_first_line(state.description)),), "tx mut"),
                )
            )
        )
    columns: tuple[Column, ...] = (
        Column("Job", sort="text"),
        Column("Last build"),
        Column("Date", sort="text"),
        Column("Took", num=True, sort="num"),
        Column("Builds", num=True, sort="num"),
        Column("Success", num=True, sort="num"),
        Column("What it does"),
    )
    if not any(state.description.strip() for state in jobs):
        columns, rows = columns[:-1], [row._replace(cells=row.cells[:-1]) for row in rows]
    return Table("c-jobs", (Span(f"{fmt.plural(len(jobs), 'job')} harvested. Dates are UTC."),), columns, tuple(rows))


def _first_line(text: str) -> str:
    line = description_text(text).strip().split("\n", 1)[0]
    return line if len(line) <= 160 else line[:159] + "…"


def listing_page(
    site: Site,
    path: str,
    section: str,
    title: str,
    *,
    verdict: Text,
    tables: Sequence[tuple[str, Table]] = (),
    empty: Empty | None = None,
    live: Live | None = None,
    kind: str = "listing",
    crumbs: Sequence[tuple[str, str]] = (),
) -> Page:
    """Return a page that lists things: `tables` are (heading, table)."""
    context = ListingContext(
        chrome=chrome(
            site, path, kind, title, here=title, section=section, description=said(verdict), live=live, crumbs=crumbs
        ),
        title=title,
        verdict=verdict,
        tables=tuple(table for _, table in tables),
        headings=tuple(heading for heading, _ in tables),
        empty=empty,
    )
    return with_files(Page(path, "listing.html", context))


def jobs_page(site: Site, jobs: Sequence[JobState], live: Live | None = None) -> Page:
    """Return the list of all jobs."""
    path = "jobs/index.html"
    failing = [state for state in jobs if state.result == "FAILURE"]
    if not jobs:
        verdict: Text = (Span("No job is harvested yet.", mark="b"),)
    elif failing:
        names = fmt.listed([state.job for state in failing[:3]])
        more = f" and {len(failing) - 3} more" if len(failing) > 3 else ""
        verdict = (
            Span(f"{len(failing)} of {fmt.plural(len(jobs), 'job')} failed last time:", mark="b"),
            Span(f" {names}{more}."),
        )
    else:
        built = any(state.number is not None for state in jobs)
        words = "none of which failed last time" if built else "none of which has a finished build yet"
        verdict = (Span(f"{fmt.plural(len(jobs), 'job')}, {words}.", mark="b"),)
    empty = Empty("No jobs.", (Span("Name at least one under [[jobs]] in reportgen.toml."),), '[[jobs]]\nname = "folder/job"')
    return listing_page(
        site,
        path,
        "job",
        "Jobs",
        verdict=verdict,
        tables=[("All jobs", jobs_table(site, path, jobs))] if jobs else [],
        empty=None if jobs else empty,
        live=live,
    )
