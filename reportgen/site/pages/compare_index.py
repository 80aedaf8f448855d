"""The compare page: which comparisons are ready, and how the runs in them stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from reportgen.analysis.judge import Judged
from reportgen.analysis.values import Board, BoardRow
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Empty, Row, Span, Table, Text
from reportgen.site.contexts.compare import CompareIndexContext
from reportgen.site.links import relative
from reportgen.site.page import Page, StoredFile
from reportgen.site.pages.base import Live, Site, chrome, run_label, said
from reportgen.site.pages.board_lines import champion_of, chosen, lines
from reportgen.site.pages.leaderboard import board_heading, board_note, style_of
from reportgen.site.pages.table_files import with_files


class Ready(NamedTuple):
    """A comparison that is ready: the address of its page, the other run on its board, and why that one was chosen."""

    path: str
    row: BoardRow
    role: str


class ReadyBoard(NamedTuple):
    """The comparisons of one board: its place among those of the leaderboard, and the run all others are compared with."""

    judged: Judged
    board: Board
    position: int
    first: RunRow
    ready: Sequence[Ready]


def compare_index(site: Site, boards: Sequence[ReadyBoard], live: Live | None = None, *, overlay: str = "") -> Page:
    """Return the compare page with one table per board; `overlay` is the script that series of chosen runs are drawn with."""
    path = site.links.compare
    shown = [given for given in boards if given.ready]
    tables = tuple(_table(site, path, given, index) for index, given in enumerate(shown, 1))
    count = sum(len(given.ready) for given in shown)
    verdict: Text = (
        Span(f"{fmt.plural(count, 'comparison') if count else 'No comparison'} ready.", mark="b"),
        Span(" Where scripts run, any two to twenty runs chosen in a table can be compared here."),
    )
    context = CompareIndexContext(
        chrome=chrome(site, path, "compare", "Compare", here="Compare", description=said(verdict), live=live),
        verdict=verdict,
        overlay=relative(path, overlay) if overlay else "",
        tables=tables,
        headings=tuple(_title(given) for given in shown),
        empty=None
        if tables
        else Empty(
            "Nothing to compare yet.", (Span("A leaderboard with a champion and another run gives the first comparison."),)
        ),
    )
    return with_files(Page(path, "compare-index.html", context, (StoredFile(overlay, ""),) if overlay else ()))


def _title(given: ReadyBoard) -> str:
    label = given.judged.leaderboard.options.label
    role = next((key.removeprefix("dataset.") for key in given.board.comparable.by if key.startswith("dataset.")), "data")
    return f"{label}: earlier {role} set" if given.position and given.board.comparable.names else label


def _table(site: Site, path: str, given: ReadyBoard, index: int) -> Table:
    board = given.board
    style = style_of(site, board, given.judged.leaderboard.options.metric)
    champion = champion_of(board)
    several = len({row.run.job for row in board.rows}) > 1
    first = run_label(given.first, "" if several else given.first.job)
    rows_of = [one.row for one in given.ready]
    specs = chosen(board).specs
    shown = lines(site, partial(relative, path), board, rows_of, style, None, specs, several=several, reference=champion)
    rows = tuple(
        Row(
            (
                Cell((Span(f"{first} and {line.label}", relative(path, one.path)),)),
                Cell((Span(one.role),)),
                Cell((Span(line.value),), "v"),
                Cell((Span(line.interval, mark="ci"),)),
                Cell((), "num", delta=line.delta),
            )
        )
        for one, line in zip(given.ready, shown, strict=True)
    )
    leader = next((row for row in board.rows if row.run is given.first), None)
    value = f", {style.title} {fmt.number(leader.value, style.spec)}," if leader else ""
    caption: Text = (
        Span(f"{'Champion' if champion else 'Leader'} {first}{value} against others on "),
        Span(board_heading(board, given.position), mark="b"),
        Span(": "),
        *board_note(site, path, board, given.position, above="current one"),
        Span(f". {style.title}" + {"higher": ", higher is better.", "lower": ", lower is better."}.get(style.direction, ".")),
    )
    columns = (
        Column("Runs"),
        Column("Which"),
        Column(style.title + (f", {style.unit}" if style.unit else ""), num=True),
        Column("95 % interval"),
        Column(f"on {first}", num=True),
    )
    return Table(f"c-cmp-{index}", caption, columns, rows)
