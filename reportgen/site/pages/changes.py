"""The page of changes: what is different from the last version?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from reportgen.analysis.judge import Judged
from reportgen.model import RunningBuild
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Empty, Row, Span, Table, Text
from reportgen.site.contexts.other import ChangesContext
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, chrome, said, when
from reportgen.site.pages.news import BROKEN, CHAMPION, GROUPS, NEEDS, NEW, BuildNews, News, find_news, news_table
from reportgen.site.pages.table_files import with_files

MOST = 200


class VersionFact(NamedTuple):
    """A version that is kept: its id, data as of, and how to reach it from this one (empty for the present one)."""

    id: str
    as_of: datetime | None
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesInput:
    """What is different since the version `last_version`, whose data was as of `last_as_of`; versions newest first."""

    builds: Sequence[BuildNews] = ()
    running: Sequence[RunningBuild] = ()
    judged: Sequence[Judged] = ()
    last_version: str = ""
    last_as_of: datetime | None = None
    versions: Sequence[VersionFact] = ()
    unchanged: int = 0
    live: Live = field(default_factory=Live)


def changes_page(site: Site, given: ChangesInput) -> Page:
    """Return the page of changes."""
    path = site.links.changes
    news = find_news(site, path, builds=given.builds, running=given.running, judged=given.judged, since=given.last_as_of)
    tables, headings = _groups(path, news)
    verdict = _verdict(given, news)
    context = ChangesContext(
        chrome=chrome(site, path, "changes", "Changes", here="Changes", description=said(verdict), live=given.live),
        verdict=verdict,
        tables=tables,
        headings=headings,
        versions=_versions(given.versions) if given.versions else None,
        empty=None if news else _empty(given),
    )
    return with_files(Page(path, "changes.html", context))


def _groups(path: str, news: Sequence[News]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    tables: list[Table] = []
    headings: list[str] = []
    for group in GROUPS:
        inside = [item for item in news if item.group == group]
        if not inside:
            continue
        words = fmt.plural(len(inside), "entry", "entries") + (f", the newest {MOST} shown" if len(inside) > MOST else "")
        tables.append(
            news_table(path, inside, (Span(f"{words}. Dates are UTC."),), name=f"c-news-{len(tables) + 1}", most=MOST)
        )
        headings.append(group)
    return tuple(tables), tuple(headings)


def _verdict(given: ChangesInput, news: Sequence[News]) -> Text:
    if not given.last_version:
        total = len(given.builds) + given.unchanged
        return (
            Span("This is the first version.", mark="b"),
            Span(f" It holds {fmt.plural(total, 'build')}." if total else " It holds no build yet."),
        )
    since = f" since version {given.last_version}"
    if not news:
        return (Span("Nothing is different", mark="b"), Span(f"{since}."))
    counts = {group: sum(item.group == group for item in news) for group in GROUPS}
    words = []
    if counts[NEEDS]:
        words.append(f"{fmt.in_words(counts[NEEDS])} {'needs' if counts[NEEDS] == 1 else 'need'} a person")
    if counts[BROKEN]:
        words.append(f"{fmt.in_words(counts[BROKEN])} worse or broken")
    if counts[NEW]:
        words.append(f"{fmt.in_words(counts[NEW])} new")
    lead = fmt.plural(len(news), "change")
    champions = [item.label for item in news if item.result == CHAMPION]
    new = [Span(f"New champion {fmt.listed(champions[:3])}.", mark="b"), Span(" ")] if champions else []
    rest = f" {fmt.count(given.unchanged)} builds are as they were." if given.unchanged else ""
    return (
        *new,
        Span(f"{lead}{since}", mark="" if new else "b"),
        Span((": " + fmt.listed(words) if words else "") + "." + rest),
    )


def _empty(given: ChangesInput) -> Empty:
    if given.last_version:
        return Empty("Nothing new.", (Span("No build, decision or title changed since the last version."),))
    return Empty("Nothing to compare with.", (Span("From the next version on, this page says what is different."),))


def _versions(versions: Sequence[VersionFact]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(
                    (
                        Span(version.id, version.href, "" if version.href else "b"),
                        *(() if version.href else (Span(" this version", mark="mut"),)),
                    )
                ),
                Cell((when(version.as_of), Span(" UTC")) if version.as_of else (Span(fmt.DASH),), "mut"),
            ),
            "" if version.href else "me",
        )
        for version in versions
    )
    return Table(
        "c-ver", (Span("Versions that are kept, newest first."),), (Column("Version"), Column("Data as of")), rows, "rows"
    )
