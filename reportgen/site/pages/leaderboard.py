"""The page of a leaderboard: which model is best, and is it really?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from reportgen.analysis.champion import Term
from reportgen.analysis.decisions import Ruling
from reportgen.analysis.judge import Judged
from reportgen.analysis.pitfalls import board_pitfalls
from reportgen.analysis.values import Board, BoardRow, run_id
from reportgen.analysis.verdict import board_verdict
from reportgen.charts.values import Chart
from reportgen.many import remembered
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Link, Row, Span, Table, Text
from reportgen.site.contexts.leaderboard import BoardLine, BoardPart, LeaderboardContext
from reportgen.site.links import relative
from reportgen.site.page import Page, TextFile
from reportgen.site.pages import costs, figures
from reportgen.site.pages.base import (
    NO_DELTA,
    Live,
    Shown,
    Site,
    Style,
    builds_of,
    chrome,
    delta_of,
    number_label,
    on_day,
    run_label,
    said,
)
from reportgen.site.pages.board_lines import chosen, lines, long_table, reference_of, unranked_lines
from reportgen.site.pages.scale import Scale
from reportgen.site.pages.table_files import with_files

MOST_ROWS = 200
MOST_OLD = 8
MOST_UNRANKED = 30
_MOST_REJECTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardInput:
    """A judged leaderboard and what its page links to; `compare` maps a run to the page of it and the champion."""

    name: str
    judged: Judged
    compare: Mapping[str, str] = field(default_factory=dict)
    drawings: Mapping[str, Shown] = field(default_factory=dict)
    live: Live = field(default_factory=Live)


@remembered
def style_of(site: Site, board: Board | None, metric: str) -> Style:
    """Return how the metric of a board is written."""
    metrics = [row.metric for row in board.rows if row.metric is not None] if board else []
    style = site.style(metric, metrics)
    return style._replace(direction=board.comparable.direction) if board else style


def by_metric(label: str, style: Style) -> str:
    """Return "Churn models by F1"; a leaderboard called like its metric says it once."""
    return label if label == style.title else f"{label} by {style.title}"


def leaderboard_charts(site: Site, given: LeaderboardInput) -> Mapping[str, Chart]:
    """Return the charts of the page by slot; what is drawn of them comes back in `LeaderboardInput.drawings`."""
    board = given.judged.leaderboard.current
    costs_of = costs.find_costs(board) if board else None
    if board is None or costs_of is None:
        return {}
    return costs.cost_charts(costs_of, style_of(site, board, given.judged.leaderboard.options.metric))


def leaderboard_page(site: Site, given: LeaderboardInput) -> Page:
    """Return the page of a leaderboard."""
    options = given.judged.leaderboard.options
    path = site.links.leaderboard(given.name)
    current = given.judged.leaderboard.current
    style = style_of(site, current, options.metric)
    verdict = tuple(
        Span(part.text, mark="b" if part.strong else "")
        for part in board_verdict(current, label=style.title, format_spec=style.spec).parts
    )
    verdict = (*verdict, Span("."))
    boards = given.judged.leaderboard.boards
    ordered = sorted(boards, key=lambda board: board is not current)
    several = len({row.run.job for board in boards for row in board.rows}) > 1
    found = costs.find_costs(current) if current else None
    scatter = figures.in_three_widths(path, "scatter", "", _scatter_caption(current), given.drawings) if found else None
    parts = [_board(site, path, given, board, position, several=several) for position, board in enumerate(ordered)]
    context = LeaderboardContext(
        chrome=chrome(
            site,
            path,
            "leaderboard",
            options.label,
            here=options.label,
            crumbs=[("Leaderboards", "leaderboards/index.html")],
            description=said(verdict),
            live=given.live,
        ),
        title=options.label,
        metric=style.title,
        pager=_pager(site, path, given, current, cost=bool(found and scatter)),
        verdict=verdict,
        because=_because(given),
        boards=tuple(part for part, _ in parts),
        champions=_champions(site, path, given, current, style),
        scatter=scatter,
        scatter_heading="Is a better score worth its cost?",
        front=costs.front_table(site, path, found, style) if found and scatter else None,
    )
    scripts = tuple(script for _, scripts in parts for script in scripts)
    return with_files(Page(path, "leaderboard.html", context, scripts))


def long_tables(site: Site, given: LeaderboardInput) -> tuple[TextFile, ...]:
    """Return the script with all rows of the current board, where its page has no room for them."""
    boards = given.judged.leaderboard.boards
    current = given.judged.leaderboard.current
    if current is None:
        return ()
    several = len({row.run.job for board in boards for row in board.rows}) > 1
    return _board(site, site.links.leaderboard(given.name), given, current, 0, several=several)[1]


def _pager(site: Site, path: str, given: LeaderboardInput, current: Board | None, *, cost: bool) -> tuple[Link, ...]:
    links = []
    leader = current.leader if current else None
    champion = next((row for row in current.rows if row.champion), None) if current else None
    if leader is not None and champion is not None and leader is not champion:
        page = given.compare.get(str(leader.run.key))
        if page:
            links.append(Link(f"Compare {number_label(leader.run)} with champion", relative(path, page)))
    if current is not None and given.judged.titles.history(current.key):
        links.append(Link("Who held the title", "#champions"))
    if cost:
        links.append(Link("Cost", "#cost"))
    data = site.links.leaderboard_data
    links += [Link(ending.upper(), relative(path, data(given.name, ending))) for ending in ("csv", "json")]
    return tuple(links)


def _because(given: LeaderboardInput) -> Text:
    rule = {
        "deployed": "the run whose model is deployed. A decision, not a rank",
        "approved": "the run whose model was approved last. A decision, not a rank",
        "best": "the run that ranks first",
    }[given.judged.titles.applied]
    fallback = given.judged.titles.words
    words = f"Champion: {rule}." + (f" {fallback[:1].upper()}{fallback[1:]}." if fallback else "")
    return (Span(words),)


def _scatter_caption(board: Board | None) -> Text:
    name = ", ".join(board.comparable.names) if board else ""
    where = f" on {name}" if name else ""
    line = "The dashed line joins runs that no other run beats on both."
    hollow = "Hollow marks cost no more than one of those and are not separable from it."
    return (Span(f"Each mark is a run{where}. {line} {hollow}"),)


def _board(
    site: Site, path: str, given: LeaderboardInput, board: Board, position: int, *, several: bool
) -> tuple[BoardPart, tuple[TextFile, ...]]:
    options = given.judged.leaderboard.options
    style = style_of(site, board, options.metric)
    most = MOST_ROWS if position == 0 else MOST_OLD
    ranked = board.rows[: board.ranked][:most]
    unranked = board.rows[board.ranked :]
    ends = [value for row in ranked for value in (row.value, row.low, row.high)]
    intervals = any(row.low is not None for row in ranked)
    scale = Scale.over(ends, bulk=True) if intervals else None
    reference = reference_of(board)
    columns = chosen(board)
    shown_unranked = unranked[: MOST_UNRANKED if position == 0 else 5]
    part = BoardPart(
        id=f"board-{position + 1}",
        heading=board_heading(board, position),
        note=board_note(site, path, board, position),
        caption=_caption(board, columns.heads, style, ranked, unranked),
        sorted="ascending" if style.direction == "lower" else "descending",
        metric=style.title + (f", {style.unit}" if style.unit else ""),
        axis=scale.ticks() if scale else (),
        intervals=intervals,
        delta_head=f"on {run_label(reference.run, reference.run.job)}" if reference else "on first",
        columns=columns.heads,
        width=5 + len(columns.heads) + (2 if scale else 0),
        rows=tuple(
            lines(
                site, partial(relative, path), board, ranked, style, scale, columns.specs, several=several, reference=reference
            )
        ),
        unranked=unranked_lines(site, path, board, shown_unranked, columns.specs, several=several),
        unranked_words=_unranked_words(len(unranked), len(shown_unranked)),
        more=_more(site, path, given, board, len(ranked)),
        notes=tuple(map(fmt.sentence, (*board.notes, *(pitfall.text for pitfall in board_pitfalls(board))))),
        legend=position == 0 and intervals,
    )
    if position or board.ranked <= MOST_ROWS:
        return part, ()
    all_ranked = board.rows[: board.ranked]

    def every() -> Iterator[BoardLine]:
        return lines(site, str, board, all_ranked, style, scale, columns.specs, several=several, reference=reference)

    script = long_table(path, part, every)
    return part._replace(data=relative(path, script.path)), (script,)


def board_heading(board: Board, position: int) -> str:
    """Return what the runs of a board were scored on, by name."""
    if board.comparable.names:
        return ", ".join(board.comparable.names)
    if board.comparable.by and not board.comparable.known:
        return "No validation set named"
    return "All runs" if not board.comparable.by else f"Board {position + 1}"


def board_note(site: Site, path: str, board: Board, position: int, *, above: str = "board above") -> Text:
    """Return when a board was in use and the digest it stands for; `above` is what the page calls the one before it."""
    spans: list[Span] = []
    if board.first_used and board.last_used:
        if position == 0:
            spans += [Span("in use since "), on_day(board.first_used)]
        else:
            spans += [
                Span(f"not comparable with the {above}; used "),
                on_day(board.first_used),
                Span(" to "),
                on_day(board.last_used),
            ]
    for entry, value in board.comparable.by.items():
        if entry.startswith("dataset.") and value and "+" not in value:
            spans += [
                Span(", " if spans else ""),
                Span(fmt.short_digest(value), relative(path, site.links.dataset(value)), "code"),
            ]
        elif value:
            spans.append(Span(f"{', ' if spans else ''}{entry.partition('.')[2]} {value[:40]}"))
    return tuple(spans)


def _caption(
    board: Board, heads: Sequence[Column], style: Style, ranked: Sequence[BoardRow], unranked: Sequence[BoardRow]
) -> Text:
    total = board.ranked + len(unranked)
    words = f"{fmt.count(board.ranked)} of {fmt.plural(total, 'run')} ranked by {style.title}"
    if len(ranked) < board.ranked:
        words += f", the first {len(ranked)} shown"
    words += {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, ", which has no direction")
    if board.rows_scored:
        words += f"; n = {fmt.plural(board.rows_scored, 'row')}"
    lower = [
        head.label
        for head, column in zip(heads, board.columns, strict=True)
        if column.kind == "metric" and column.direction == "lower"
    ]
    if lower and style.direction == "higher":
        words += f"; {fmt.listed(lower)}: lower is better"
    return (Span(words + "."),)


def _unranked_words(total: int, shown: int) -> str:
    more = f", the newest {shown} shown" if shown < total else ""
    return f"{fmt.plural(total, 'run')}, each with its reason{more}"


def _more(site: Site, path: str, given: LeaderboardInput, board: Board, shown: int) -> Text:
    if shown >= board.ranked:
        return ()
    link = Span("CSV", relative(path, site.links.leaderboard_data(given.name, "csv")))
    jobs = list(dict.fromkeys(row.run.job for row in board.rows))
    spans = [Span(f"Ranks {shown + 1} to {board.ranked} are in the "), link, Span("; the builds by number: ")]
    return (*spans, *builds_of(site, path, jobs), Span("."))


def _champions(site: Site, path: str, given: LeaderboardInput, board: Board | None, style: Style) -> Table | None:
    terms = given.judged.titles.history(board.key) if board else ()
    if not terms:
        return None
    rows = tuple(
        _term(site, path, given.judged, term, style, now=index == 0) for index, term in enumerate(reversed(terms[-20:]))
    )
    columns = (
        Column("Run"),
        Column(style.title, num=True),
        Column("Held"),
        Column("On the holder before", num=True),
        Column("Decided by"),
        Column("Reason given"),
        Column("Source"),
    )
    return Table("c-held", _because(given), columns, rows, "rows pad")


def _term(site: Site, path: str, judged: Judged, term: Term, style: Style, *, now: bool) -> Row:
    holder = term.holder
    run = holder.run or holder.known
    metric = run.metrics.get(style.name) if run and holder.run else None
    who: Text = (Span(run_label(run, run.job), relative(path, site.links.row(run))),) if run else (Span("unknown"),)
    held = (on_day(term.since), Span(" to "), on_day(term.until) if term.until else Span("now"))
    beat = term.beat
    delta = delta_of(beat.value, style.spec, separable=beat.separable, word=beat.word) if beat else NO_DELTA
    rule = {"deployed": "deployed", "approved": "approved", "best": "rank 1"}[holder.rule]
    approved = _approval(judged, term)
    person = holder.by or (approved.by if approved else None)
    by = site.person(person) if person else ("–" if holder.rule == "best" else "not known")
    decided = Cell((Span(by, mark="nw"),))
    words = holder.reason or (approved.reason if approved else None) or term.note
    source = term.source if holder.rule != "best" else None
    link: Text = (
        (Span(f"{rule} in "), Span(run_label(source, ""), relative(path, site.links.row(source)))) if source else (Span(rule),)
    )
    value = Cell((Span(fmt.number(metric.value, style.spec)),), "v") if metric else Cell((Span("not scored"),), "why")
    turned_down = _turned_down(site, path, term)
    nothing = fmt.DASH if holder.rule == "best" else "no reason given" + ("." if turned_down else "")
    reason = Cell((Span(words or nothing), *turned_down), "tx" if words or turned_down else "why")
    return Row(
        (Cell(who), value, Cell(held), Cell((), "num", delta=delta), decided, reason, Cell(link)),
        "me" if now else "",
    )


def _turned_down(site: Site, path: str, term: Term) -> Text:
    """Name the challengers that were rejected during the term before, the newest first."""
    targets = (ruling.target for ruling in term.rejected if ruling.target is not None)
    runs = list({run_id(target): target for target in targets}.values())[::-1]
    spans: list[Span] = [Span(" Turned down before: " if runs else "")]
    for run in runs[:_MOST_REJECTED]:
        spans += [*([Span(", ")] if len(spans) > 1 else []), Span(run_label(run, ""), relative(path, site.links.row(run)))]
    more = len(runs) - _MOST_REJECTED
    return (*spans, Span(f" and {more} more." if more > 0 else ".")) if runs else ()


def _approval(judged: Judged, term: Term) -> Ruling | None:
    """Return the approval that a deployment rests on: the last one of the same model before it."""
    model = term.holder.model
    found = (r for r in judged.titles.rulings if r.kind == "approved" and model and r.model == model and r.at <= term.since)
    return max(found, key=lambda ruling: ruling.at, default=None)


def held_since(judged: Judged, board: Board) -> Term | None:
    """Return the present champion's term on a board, if there is a champion."""
    terms = judged.titles.history(board.key)
    return terms[-1] if terms and terms[-1].until is None else None


def same_run(a: RunRow | None, b: RunRow | None) -> bool:
    """Whether two rows are one run."""
    return a is not None and b is not None and run_id(a) == run_id(b)
