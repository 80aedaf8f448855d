"""Contexts of the changes, the search index, content pages, and pages that only explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from markupsafe import Markup

from reportgen.site.contexts.base import Chrome, Empty, Fact, Figure, Link, Result, Table, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesContext:
    """What is different from the last version?"""

    chrome: Annotated[Chrome, "The frame."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    tables: Annotated[tuple[Table, ...], "Changes by group: needs a person, worse or broken, new, gone."]
    headings: Annotated[tuple[str, ...], "Names of the groups."]
    versions: Annotated[Table | None, "Versions that are kept."]
    empty: Annotated[Empty | None, "What stands here where nothing changed."]


class Entry(NamedTuple):
    """A line of the index."""

    label: Annotated[str, "Name."]
    href: Annotated[str, "Its page."]
    kind: Annotated[str, "job, leaderboard, metric, param, data set, model or page."]


class Letter(NamedTuple):
    """Entries under one letter."""

    letter: Annotated[str, "The letter, or `#`."]
    entries: Annotated[tuple[Entry, ...], "In order."]


class BuildNumber(NamedTuple):
    """A build in the grid of numbers."""

    label: Annotated[str, "Its number."]
    href: Annotated[str, "Its page."]
    result: Annotated[Result | None, "Shown unless it is a plain success."]


class JobNumbers(NamedTuple):
    """Builds of a job as a grid of numbers."""

    job: Annotated[str, "Full name."]
    href: Annotated[str, "Its page."]
    anchor: Annotated[str, "What links to it name."]
    builds: Annotated[tuple[BuildNumber, ...], "Newest first."]
    more: Annotated[Text, "Links to the lists of the others, the newest first; empty if all are here."]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchContext:
    """Where was that run? Without scripts: an index from A to Z, and all builds by number; further pages hold older builds."""

    chrome: Annotated[Chrome, "The frame."]
    heading: Annotated[str, "What it lists."]
    verdict: Annotated[Text, "What can be found here."]
    alphabet: Annotated[tuple[tuple[str, bool], ...], "Letters, and whether anything stands under them."]
    letters: Annotated[tuple[Letter, ...], "The index."]
    jobs: Annotated[tuple[JobNumbers, ...], "Builds by job."]


class ContentPart(NamedTuple):
    """A piece of a content page: text, or what a directive became."""

    kind: Annotated[str, "`html`, `cite`, `table`, `figure`, `link` or `problem`."]
    html: Annotated[Markup, "Safe markup, for `html`."] = Markup("")
    cite: Annotated[str, "The number, for `cite`."] = ""
    href: Annotated[str, "Where the number comes from, for `cite` and `link`."] = ""
    title: Annotated[str, "What the number is."] = ""
    table: Annotated[Table | None, "For `table`."] = None
    caption: Annotated[Text, "Under a table: as of when, and where the whole is."] = ()
    figure: Annotated[Figure | None, "For `figure`."] = None


class Heading(NamedTuple):
    """A heading of a content page, for its list of contents."""

    label: Annotated[str, "The words."]
    href: Annotated[str, "Its anchor."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentContext:
    """A page in the team's own words, with numbers resolved when the site was built."""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "Its title."]
    parts: Annotated[tuple[ContentPart, ...], "Pieces in order."]
    toc: Annotated[tuple[Heading, ...], "Headings; empty for short pages."]
    facts: Annotated[tuple[Fact, ...], "How many numbers are resolved, and from which runs."]
    links: Annotated[tuple[Link, ...], "Other content pages."]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainContext:
    """A page that only explains: not found, what the marks mean."""

    chrome: Annotated[Chrome, "The frame."]
