"""The page of a data set: what was this, who used it, and what can be told apart on it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reportgen.analysis.judge import Judged
from reportgen.analysis.luck import smallest_gap
from reportgen.analysis.values import Board
from reportgen.model import Dataset, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Fact, Row, Span, Table, Text
from reportgen.site.contexts.model import DatasetContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, chrome, on_day, run_label, said
from reportgen.site.pages.leaderboard import style_of
from reportgen.site.pages.passport import uses_table

_MODELS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInput:
    """A data set by digest, with the runs that made and used it (oldest first), models made from it or scored on it.

    `names` are all names it goes by, the newest first; `boards` the leaderboards that rank on it.
    """

    dataset: Dataset
    names: Sequence[str] = ()
    makers: Sequence[RunRow] = ()
    users: Sequence[RunRow] = ()
    models: Sequence[tuple[str, str, RunRow]] = ()
    """(digest, name, run): the run that made the model from it, or scored the model on it."""
    boards: Sequence[tuple[Judged, Board]] = ()
    live: Live = field(default_factory=Live)


def dataset_page(site: Site, given: DatasetInput) -> Page:
    """Return the page of a data set."""
    dataset = given.dataset
    path = site.links.dataset(dataset.sha256 or "")
    digest = fmt.short_digest(dataset.sha256)
    verdict = _verdict(site, path, given)
    uses = [(run, "made it") for run in given.makers] + [(run, "used it") for run in given.users]
    context = DatasetContext(
        chrome=chrome(
            site, path, "dataset", f"{dataset.name} {digest}", here=f"{dataset.name} {digest}",
            crumbs=[("Data sets", "datasets/index.html")], description=said(verdict), live=given.live,
        ),
        name=dataset.name,
        digest=digest,
        verdict=verdict,
        facts=_facts(site, path, given),
        boards=_boards(site, path, given.boards) if given.boards else None,
        gaps=_gaps(site, given),
        models=_models(site, path, given.models) if given.models else None,
        uses=uses_table(site, path, uses, "c-use"),
        uses_words=fmt.plural(len(given.makers) + len(given.users), "run"),
    )  # fmt: skip
    return Page(path, "dataset.html", context)


def _verdict(site: Site, path: str, given: DatasetInput) -> Text:
    dataset = given.dataset
    shape = _shape(dataset)
    spans = [Span(f"{shape}." if shape else "Size not known.", mark="b")]
    used = len(given.users)
    if given.boards:
        names = fmt.listed([judged.leaderboard.options.label for judged, _ in given.boards[:3]])
        ranked = max(board.ranked for _, board in given.boards)
        spans.append(Span(f" It decides who is comparable on {names}: {fmt.plural(ranked, 'run')} ranked on it."))
    elif used:
        newest = given.users[-1]
        spans.append(Span(f" Used by {fmt.plural(used, 'run')}, last by "))
        spans += [Span(run_label(newest, ""), relative(path, site.links.row(newest))), Span(".")]
    else:
        spans.append(Span(" No known run used it."))
    if not given.makers:
        spans.append(Span(" No known build made it."))
    return tuple(spans)


def _shape(dataset: Dataset) -> str:
    if dataset.rows is None:
        return ""
    return fmt.plural(dataset.rows, "row") + (
        f" × {fmt.plural(dataset.columns, 'column')}" if dataset.columns is not None else ""
    )


def _facts(site: Site, path: str, given: DatasetInput) -> tuple[Fact, ...]:
    dataset = given.dataset
    facts = [Fact("SHA-256", (Span(dataset.sha256 or "", mark="code"),))]
    if dataset.role:
        facts.insert(0, Fact("Role", (Span(dataset.role),)))
    if _shape(dataset):
        facts.append(Fact("Size", (Span(_shape(dataset)),)))
    others = [name for name in given.names if name and name != dataset.name]
    if others:
        facts.append(Fact("Also called", (Span(fmt.listed(others[:5])),)))
    for run in given.makers[-1:]:
        link = Span(run_label(run, ""), relative(path, site.links.row(run)))
        facts.append(Fact("Made by", (link, Span(" on "), on_day(run.started_at))))
    if given.users:
        facts.append(Fact("First used", (on_day(given.users[0].started_at),)))
        facts.append(Fact("Last used", (on_day(given.users[-1].started_at),)))
    return tuple(facts)


def _boards(site: Site, path: str, boards: Sequence[tuple[Judged, Board]]) -> Table:
    rows = []
    for judged, board in boards:
        options = judged.leaderboard.options
        style = style_of(site, board, options.metric)
        leader = board.leader
        first: Text = (Span("nothing ranked"),)
        if leader is not None:
            first = (Span(run_label(leader.run, ""), relative(path, site.links.row(leader.run))),)
        rows.append(
            Row(
                (
                    Cell((Span(f"{options.label} by {style.title}", relative(path, site.links.leaderboard(options.name))),)),
                    Cell((Span(fmt.count(board.ranked)),), "num"),
                    Cell(first, "" if leader else "why"),
                    Cell((Span(fmt.number(leader.value if leader else None, style.spec)),), "v"),
                    Cell((Span(fmt.count(board.not_separable)),), "num"),
                )
            )
        )
    columns = (
        Column("Leaderboard"),
        Column("Ranked", num=True),
        Column("First"),
        Column("Value", num=True),
        Column("Not separable", num=True),
    )
    return Table("c-boards", (Span("Boards whose runs were scored on this set."),), columns, tuple(rows))


def _gaps(site: Site, given: DatasetInput) -> Table | None:
    """What its size allows: the smallest difference of a share that two runs can show, by the rows it was measured on."""
    rows = given.dataset.rows
    if not rows or not given.boards:
        return None
    body = []
    for judged, board in given.boards:
        leader = board.leader
        value = float(leader.value) if leader is not None and leader.value is not None else None
        style = style_of(site, board, judged.leaderboard.options.metric)
        if leader is None or value is None or not 0 < value < 1 or style.unit:
            continue
        spread = leader.high - leader.low if leader.low is not None and leader.high is not None else None
        gap = smallest_gap(value, leader.n or rows)
        body.append(
            Row(
                (
                    Cell((Span(style.title),)),
                    Cell((Span(fmt.number(value, style.spec)),), "v"),
                    Cell((Span(fmt.number(gap, ".3f")),), "num"),
                    Cell((Span(fmt.number(spread, ".3f") if spread is not None else fmt.DASH),), "num"),
                )
            )
        )
    if not body:
        return None
    columns = (
        Column("Metric"),
        Column("Leader", num=True),
        Column("Smallest gap", num=True),
        Column("Width of its interval", num=True),
    )
    words = f"With {fmt.plural(rows, 'row')}: the smallest difference that two runs can show, read as shares of its rows."
    return Table("c-gaps", (Span(words),), columns, tuple(body))


def _models(site: Site, path: str, models: Sequence[tuple[str, str, RunRow]]) -> Table:
    rows = tuple(
        Row(
            (
                Cell((Span(fmt.short_digest(digest), relative(path, site.links.model(digest)), "code"),), "nw"),
                Cell((Span(name),), "any"),
                Cell((Span(f"{run_label(run, '')}", relative(path, site.links.row(run))),)),
                Cell((on_day(run.started_at),), "mut nw"),
            )
        )
        for digest, name, run in list(reversed(models))[:_MODELS]
    )
    more = f", the newest {_MODELS} shown" if len(models) > _MODELS else ""
    columns = (Column("Model"), Column("File"), Column("Run"), Column("Date"))
    return Table("c-mod", (Span(f"{fmt.plural(len(models), 'model')}{more}."),), columns, rows, "p8")
