"""Comparisons: what differs between these runs? Differences are to the first of them."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reportgen.analysis.compare import Comparison
from reportgen.analysis.shapes import compare_rows, compare_text, csv_text
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Empty, Figure, Link, Span
from reportgen.site.contexts.compare import CompareContext, Compared
from reportgen.site.links import relative
from reportgen.site.page import Page, StoredFile, TextFile
from reportgen.site.pages import figures
from reportgen.site.pages.base import Live, Shown, Site, chrome, run_label, said
from reportgen.site.pages.compare_metrics import caption_of, groups_of, line_style, same_metrics, scale_of
from reportgen.site.pages.compare_values import around, lines_table, same_table
from reportgen.site.pages.compare_verdict import verdict_of
from reportgen.site.pages.table_files import links_to


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

    `curves` are the series that all of them logged; `files` what the page needs of all that was drawn. A page that goes `alone`
    has no files of its numbers beside it.
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
    alone: bool = False
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
    styles = {line.name: line_style(site, line) for line in found.metrics}
    scale = scale_of(found, styles, order)
    differing = sorted((line for line in found.metrics if not line.same), key=lambda line: line.name != given.metric)
    groups = groups_of(differing, styles, order, scale)
    verdict = verdict_of(found, given.metric, runs, order, styles)
    crumbs = [("Compare", site.links.compare)]
    exports = () if given.alone else _exports(path, found)
    links = [("Leaderboard", site.links.leaderboard(given.board))] if given.board else []
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
        pager=(*(Link(label, relative(path, to)) for label, to in links), *links_to(exports)),
        verdict=verdict,
        runs=runs,
        caption=caption_of(site, path, found, runs, order, drawn=scale is not None),
        axis=scale.ticks(signed=True, most=5) if scale else (),
        groups=groups,
        width=2 + (1 if scale else 0) + 2 * (len(runs) - 1),
        same_metrics=same_metrics(found),
        params=lines_table("c-cp", "Parameter", [line for line in found.params if not line.same], labels, order, mono=True),
        same_params=same_table([line for line in found.params if line.same], order),
        same_words=f"{fmt.plural(sum(line.same for line in found.params), 'parameter')} the same in all",
        around=around(site, path, found, labels, order),
        environment=lines_table(
            "c-env", "What", [line for line in found.environment if not line.same], labels, order, mono=True
        ),
        figures=_pictures(path, given, labels, order),
        curves=_curves(path, given.curves),
        empty=None
        if groups
        else Empty("No metric differs.", (Span("The runs logged the same values, or none that both have."),)),
    )
    return Page(path, "compare.html", context, (*given.files, *exports))


def _exports(path: str, found: Comparison) -> tuple[TextFile, ...]:
    """Return the numbers of a comparison as CSV and JSON, beside its page."""
    directory = posixpath.dirname(path)
    return (
        TextFile(f"{directory}/comparison.csv", lambda: csv_text(compare_rows(found))),
        TextFile(f"{directory}/comparison.json", lambda: compare_text(found)),
    )


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
