"""What page functions share: the site they are part of, the frame, and the small components."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.values import MetricOptions
from reportgen.content import render_description
from reportgen.model import Cause, Direction, Metric, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Chrome, Delta, Link, NavItem, Result, Span, Text
from reportgen.site.links import Links, relative, up_to_root

SECTIONS = (
    ("overview", "Overview", "index.html"),
    ("leaderboard", "Leaderboards", "leaderboards/index.html"),
    ("pipeline", "Pipelines", "pipelines/index.html"),
    ("job", "Jobs", "jobs/index.html"),
    ("model", "Models", "models/index.html"),
    ("dataset", "Data sets", "datasets/index.html"),
    ("compare", "Compare", "compare/index.html"),
)
"""Sections in the header: the same on every page of every site, so that a new board does not touch the pages of the past."""

_RESULTS = {
    "SUCCESS": "ok",
    "UNSTABLE": "un",
    "FAILURE": "ko",
    "FAILED": "ko",
    "ABORTED": "off",
    "NOT_BUILT": "nil",
    "NOT_EXECUTED": "nil",
    "IN_PROGRESS": "go",
    "RUNNING": "go",
    "PAUSED_PENDING_INPUT": "wait",
}
_SHARES = ("f1", "auc", "precision", "recall", "accuracy", "score", "mcc", "ap")


class Shown(NamedTuple):
    """A chart or image of this version: where its file is, its size on the page, or why there is none."""

    path: str
    width: int = 0
    height: int = 0
    alt: str = ""
    problem: str = ""
    spec: str = ""
    """Path of the script data that makes it interactive, or empty."""


class Style(NamedTuple):
    """How one metric is written on one page."""

    name: str
    title: str
    spec: str
    direction: Direction
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Site:
    """What every page function may know of the site: it changes only with the configuration and the addresses.

    `jenkins_url` ends in a slash, or is empty where links to Jenkins are unknown; `people` says whether user ids are shown;
    `metrics` holds what is configured by metric name.
    """

    name: str
    links: Links = field(default_factory=Links)
    metrics: Mapping[str, MetricOptions] = field(default_factory=dict)
    url: str = ""
    jenkins_url: str = ""
    people: bool = True
    generator: str = "reportgen"
    table_rows: int = 1000
    table_columns: int = 50

    def style(self, name: str, values: Iterable[Metric | None] = ()) -> Style:
        """Return how the metric `name` is written, one format for all `values`."""
        options = self.metrics.get(name)
        known = [metric for metric in values if metric is not None]
        spec = (options.format if options else "") or fmt.spec_for(metric.value for metric in known)
        logged: Direction | None = next((m.direction for m in known if m.direction is not None), None)
        direction: Direction | None = (options.direction if options else None) or logged or direction_by_name(name)
        unit = options.unit if options and options.unit is not None else next((m.unit for m in known if m.unit), None)
        title = (options.title if options else "") or fmt.metric_title(name)
        if unit and title.lower().endswith(f" {unit.lower()}"):
            unit = ""
        return Style(name, title, spec, direction or "none", unit or "")

    def person(self, user: str | None) -> str:
        """Return a user id, or "a person" where ids are hidden or unknown."""
        return user if user and self.people else "a person"

    def on_jenkins(self, job: str, number: int | None = None, tail: str = "") -> str:
        """Return the address of a job or build on Jenkins; empty where the controller's address is not known."""
        if not self.jenkins_url:
            return ""
        parts = "/".join(f"job/{quote(part, safe='')}" for part in job.split("/"))
        return f"{self.jenkins_url}{parts}/" + (f"{number}/" if number is not None else "") + tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What pages that are made anew in every version also know: the state of the store, and the version."""

    as_of: datetime | None = None
    version: str = ""
    words: str = ""
    """State of the store: "5 jobs, 318 builds kept, 2 gone from Jenkins"."""


def chrome(
    site: Site,
    path: str,
    kind: str,
    title: str,
    *,
    here: str = "",
    crumbs: Sequence[tuple[str, str]] = (),
    section: str = "",
    description: str = "",
    live: Live | None = None,
    footer: Text = (),
) -> Chrome:
    """Return the frame of the page at `path`; `crumbs` are (label, path) between the overview and this page."""
    root = up_to_root(path)
    inside = section or kind
    nav = tuple(
        NavItem(label, root + to, ("page" if path == to else "true") if inside == name else "")
        for name, label, to in SECTIONS
    )  # fmt: skip
    trail = (("Overview", "index.html"), *crumbs) if path != "index.html" else ()
    as_of = live.as_of if live else None
    if live and live.words and not footer:
        footer = (Span(live.words),)
    return Chrome(
        site=site.name,
        title=f"{title} · {site.name}" if title != site.name else title,
        root=root,
        path=path,
        nav=nav,
        crumbs=tuple(Link(label, relative(path, to)) for label, to in trail),
        here=here,
        data=f"{root}data/",
        description=description,
        canonical=f"{site.url.rstrip('/')}/latest/{path}" if site.url else "",
        as_of=fmt.minute(as_of) if as_of else "",
        as_of_time=fmt.machine_time(as_of) if as_of else "",
        version=live.version if live else "",
        generator=site.generator,
        footer=footer,
        kind=kind,
    )


def result_of(word: str) -> Result:
    """Return shape and word of Jenkins' result `word`."""
    return Result(_RESULTS.get(word.upper(), "nil"), word)


def when(moment: datetime) -> Span:
    """Return a time to the minute, machine-readable too."""
    return Span(fmt.minute(moment), datetime=fmt.machine_time(moment))


def on_day(moment: datetime) -> Span:
    """Return a date, machine-readable too."""
    return Span(fmt.day(moment), datetime=fmt.machine_time(moment))


def described(text: str) -> str:
    """Return a description from Jenkins as safe markup, to be shown in a paragraph."""
    return Markup(render_description(text))  # noqa: S704 - made safe by reportgen.content


def said(spans: Text) -> str:
    """Return the words of a sentence without its marks."""
    return "".join(span.text for span in spans)


def joined(parts: Iterable[Text], separator: str = ", ") -> Text:
    """Return sentences one after another, divided by `separator`."""
    result: list[Span] = []
    for part in parts:
        if not part:
            continue
        if result:
            result.append(Span(separator))
        result.extend(part)
    return tuple(result)


def number_label(row: RunRow) -> str:
    """Return ``#140``, or ``#140/fold-2`` where the build has several runs."""
    return f"#{row.number}/{row.name}" if row.several else f"#{row.number}"


def run_label(row: RunRow, job: str = "") -> str:
    """Return ``#140`` on the pages of its own `job`, else ``validate-model #140``."""
    return number_label(row) if row.job == job else f"{base_name(row.job)} {number_label(row)}"


def builds_of(site: Site, path: str, jobs: Sequence[str]) -> Text:
    """Return links to the builds of `jobs` by number, where runs stand that a table has no room for."""
    links = [Span(job, relative(path, site.links.job_builds(job))) for job in jobs]
    return tuple(span for link in links for span in (Span(", "), link))[1:]


def base_name(job: str) -> str:
    """Return the last part of a job's full name."""
    return job.rpartition("/")[2] or job


def cause_text(site: Site, path: str, cause: Cause, pages: Mapping[tuple[str, int], str]) -> Text:
    """Return why a build started, in words, with a link to the build that caused it if it is one of `pages`."""
    if cause.kind == "upstream" and cause.job:
        if cause.number is None:
            return (Span(cause.job),)
        page = pages.get((cause.job, cause.number), "")
        return (Span(f"{cause.job} #{cause.number}", relative(path, page) if page else ""),)
    if cause.kind == "user":
        return (Span(site.person(cause.user)),)
    words = {"timer": "the clock", "scm": "a change in source control", "branch": "branch indexing", "remote": "a remote call"}
    if cause.kind == "replay":
        return (Span(f"a replay by {site.person(cause.user)}"),)
    return (Span(words.get(cause.kind) or cause.text or "unknown"),)


def delta_of(value: float, spec: str, *, separable: bool | None, word: str) -> Delta:
    """Return a difference, with arrow and colour only if it is `separable`; `word` is better, worse or empty."""
    text = fmt.difference(value, spec)
    if separable and word in ("better", "worse"):
        return Delta(text, "up" if word == "better" else "dn", word)
    return Delta(text)


NO_DELTA = Delta(fmt.DASH)


def finite(metric: Metric | None) -> float | None:
    """Return the value of a metric if it is a finite number."""
    if metric is None or metric.value is None or not math.isfinite(metric.value):
        return None
    return float(metric.value)


def is_share(style: Style, metric: Metric) -> bool:
    """Whether a metric is a score between −1 and 1, so that differences of it share a scale with other scores."""
    value = finite(metric)
    return value is not None and -1 <= value <= 1 and not style.unit and not metric.unit
