"""Pages that only explain, and pages in the team's own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from reportgen.site import format as fmt
from reportgen.site.contexts.base import Fact, Figure, Link, Span, Table, Text
from reportgen.site.contexts.other import ContentContext, ContentPart, Heading, PlainContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, chrome

_FEWEST_HEADINGS = 3


def not_found_page(site: Site) -> Page:
    """Return the page that hosts show for what is not there; its links work from any address below ``site.url``."""
    return Page("404.html", "404.html", PlainContext(chrome=chrome(site, "404.html", "missing", "Not found", here="Not found")))


def states_page(site: Site) -> Page:
    """Return the page that says what the marks mean."""
    path = "states/index.html"
    return Page(
        path,
        "states.html",
        PlainContext(chrome=chrome(site, path, "states", "What the marks mean", here="What the marks mean")),
    )


def html(text: str) -> ContentPart:
    """Return a piece of safe markup."""
    return ContentPart("html", html=Markup(text))  # noqa: S704 - made safe by reportgen.content


def cite(number: str, href: str, title: str) -> ContentPart:
    """Return a number that was looked up, with the run it comes from."""
    return ContentPart("cite", cite=number, href=href, title=title)


def board(table: Table, caption: Text) -> ContentPart:
    """Return a table that was looked up, with what it is as of."""
    return ContentPart("table", table=table, caption=caption)


def chart(figure: Figure) -> ContentPart:
    """Return a chart that was looked up."""
    return ContentPart("figure", figure=figure)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentInput:
    """A content page: `headings` are (words, anchor), `cited` the runs its numbers come from as (words, path)."""

    path: str
    title: str
    description: str = ""
    parts: Sequence[ContentPart] = ()
    headings: Sequence[tuple[str, str]] = ()
    cited: Sequence[tuple[str, str]] = ()
    others: Sequence[tuple[str, str]] = ()
    live: Live = field(default_factory=Live)


def content_page(site: Site, given: ContentInput) -> Page:
    """Return a page in the team's own words."""
    path = given.path
    numbers = sum(part.kind == "cite" for part in given.parts)
    facts: list[Fact] = []
    if numbers:
        facts.append(Fact("Numbers", (Span(f"{fmt.plural(numbers, 'number')} resolved at build"),)))
    if given.cited:
        spans: list[Span] = []
        for words, to in given.cited[:12]:
            spans += [Span(", ")] if spans else []
            spans.append(Span(words, relative(path, to)))
        facts.append(Fact("From", tuple(spans)))
    context = ContentContext(
        chrome=chrome(site, path, "content", given.title, here=given.title, description=given.description, live=given.live),
        title=given.title,
        parts=tuple(given.parts),
        toc=tuple(Heading(words, f"#{anchor}") for words, anchor in given.headings)
        if len(given.headings) >= _FEWEST_HEADINGS
        else (),
        facts=tuple(facts),
        links=tuple(Link(words, relative(path, to)) for words, to in given.others if to != path),
    )
    return Page(path, "content.html", context)
