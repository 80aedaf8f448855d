"""The search page without scripts: an index from A to Z, and all builds by number."""

from __future__ import annotations

import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from reportgen.site import format as fmt
from reportgen.site.contexts.base import Span, Text
from reportgen.site.contexts.other import BuildNumber, Entry, JobNumbers, Letter, SearchContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, chrome, result_of, said

MOST_BUILDS = 300
MOST_ENTRIES = 2000
LISTED = 1000
"""Builds of a further list. The first holds the oldest, so that a full one stays as it is."""


class Indexed(NamedTuple):
    """A thing with a name: its kind in words and the path of its page."""

    name: str
    kind: str
    path: str


class NumberedBuild(NamedTuple):
    """A build for the grid of numbers."""

    number: int
    started_at: datetime
    result: str


def search_page(
    site: Site, entries: Iterable[Indexed], builds: Sequence[tuple[str, Sequence[NumberedBuild]]], live: Live | None = None
) -> Page:
    """Return the search page; `builds` are (job, its builds newest first)."""
    path = site.links.search
    known = sorted(set(entries), key=lambda entry: (_sort_key(entry.name), entry.kind, entry.path))
    kept = known[:MOST_ENTRIES]
    by_letter: dict[str, list[Entry]] = {}
    named = Counter((entry.name, entry.kind) for entry in kept)
    for entry in kept:
        which = f" · {_place(entry.path)}" if named[entry.name, entry.kind] > 1 else ""  # two of one name need telling apart
        by_letter.setdefault(_letter(entry.name), []).append(Entry(entry.name, relative(path, entry.path), entry.kind + which))
    letters = tuple(
        Letter(letter, tuple(by_letter[letter])) for letter in ("#", *string.ascii_uppercase) if letter in by_letter
    )
    total = sum(len(found) for _, found in builds)
    names = fmt.plural(len(known), "name") + (f" (the first {fmt.count(len(kept))} below)" if len(kept) < len(known) else "")
    verdict: Text = (
        Span(f"{names} and {fmt.plural(total, 'build')}.", mark="b"),
        Span(
            " Where scripts run, a box finds runs by commit, param, metric, tag and words of their notes; without, look below."
        ),
    )
    context = SearchContext(
        chrome=chrome(site, path, "search", "Search", here="Search", description=said(verdict), live=live),
        heading="Search",
        verdict=verdict,
        alphabet=tuple((letter, letter in by_letter) for letter in ("#", *string.ascii_uppercase)),
        letters=letters,
        jobs=tuple(
            _numbers(site, path, job, found[:MOST_BUILDS], _lists(site, path, job, found) if len(found) > MOST_BUILDS else ())
            for job, found in builds
        ),
    )
    return Page(path, "search.html", context)


def parts_of(builds: Sequence[NumberedBuild]) -> list[Sequence[NumberedBuild]]:
    """Return the builds (newest first) in further lists, the oldest list first; none if the search page shows all."""
    if len(builds) <= MOST_BUILDS:
        return []
    ends = range(len(builds), 0, -LISTED)
    return [builds[max(0, end - LISTED) : end] for end in ends]


def builds_page(site: Site, job: str, part: int, builds: Sequence[NumberedBuild]) -> Page:
    """Return one of the further lists of a job's builds (newest first); `part` counts from 1, the oldest."""
    path = site.links.job_builds(job, part)
    span = _span(builds)
    verdict = (
        Span(f"{fmt.plural(len(builds), 'build')} of {job}.", mark="b"),
        Span(" The newest stand with those of "),
        Span("all jobs", relative(path, site.links.job_builds(job))),
        Span("."),
    )
    context = SearchContext(
        chrome=chrome(
            site, path, "search", f"{job} {span}", here=f"{job} {span}", crumbs=[("Search", site.links.search)],
            description=said(verdict),
        ),
        heading=f"Builds {span}",
        verdict=verdict,
        alphabet=(),
        letters=(),
        jobs=(_numbers(site, path, job, builds, ()),),
    )  # fmt: skip
    return Page(path, "search.html", context)


def _span(builds: Sequence[NumberedBuild]) -> str:
    return f"#{builds[-1].number} to #{builds[0].number}"


def _lists(site: Site, path: str, job: str, builds: Sequence[NumberedBuild]) -> Text:
    parts = list(enumerate(parts_of(builds), 1))
    spans = [Span(f"The newest {MOST_BUILDS} of {fmt.plural(len(builds), 'build')}. All by number: ")]
    for part, listed in reversed(parts):
        spans += [Span(_span(listed), relative(path, site.links.job_builds(job, part))), Span(", " if part > 1 else ".")]
    return tuple(spans)


def _place(path: str) -> str:
    """Return what is special about the address of a page: the job, or the digest."""
    return path.removesuffix("/index.html").partition("/")[2]


def _sort_key(name: str) -> str:
    return unicodedata.normalize("NFKD", name).casefold()


def _letter(name: str) -> str:
    first = unicodedata.normalize("NFKD", name[:1]).upper()[:1]
    return first if first in string.ascii_uppercase and first else "#"


def _numbers(site: Site, path: str, job: str, builds: Sequence[NumberedBuild], more: Text) -> JobNumbers:
    shown = tuple(
        BuildNumber(
            f"#{build.number}",
            relative(path, site.links.build(job, build.number, build.started_at)),
            None if build.result == "SUCCESS" else result_of(build.result),
        )
        for build in builds
    )
    return JobNumbers(job, relative(path, site.links.job(job)), site.links.job_dir(job), shown, more)
