"""Rows of a board: the first ones for the page, all of them for its script."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reportgen.analysis.cells import bare_values, column_values
from reportgen.analysis.values import Board, BoardRow
from reportgen.many import remembered
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Column, Delta, Link, Plot
from reportgen.site.contexts.job import Extra
from reportgen.site.contexts.leaderboard import BoardLine, BoardPart, Unranked
from reportgen.site.links import relative
from reportgen.site.page import TextFile
from reportgen.site.pages.base import NO_DELTA, Site, Style, delta_of, run_label
from reportgen.site.pages.scale import Scale
from reportgen.site.scripts import TableColumn, table_script

FIGURE_SPACE = "\u2007"
_AGAINST = {True: "separable", False: "not separable", None: ""}


def _aligned(values: Sequence[str]) -> list[str]:
    """Return values filled up by figure spaces, where neighbours needed more digits to be told apart."""
    decimals = max((len(value.partition(".")[2]) for value in values), default=0)
    return [_filled(value, decimals) for value in values]


def _filled(value: str, decimals: int) -> str:
    short = decimals - len(value.partition(".")[2])
    return value + FIGURE_SPACE * short if short > 0 and "." in value else value


class Chosen(NamedTuple):
    """The chosen columns of a board: their heads, and the number format of each metric."""

    heads: tuple[Column, ...]
    specs: tuple[str, ...]


@remembered
def chosen(board: Board) -> Chosen:
    """Return heads and number formats of the chosen columns, by all values of the board."""
    heads, specs = [], []
    for column, values in zip(board.columns, column_values(board.rows, board.columns), strict=True):
        known = [value for value in values if value is not None]
        numbers = [value for value in known if isinstance(value, (int, float)) and not isinstance(value, bool)]
        metric = column.numeric
        number = metric or (bool(known) and len(numbers) == len(known))
        title = fmt.metric_title(column.title) if metric and column.title == column.name else column.title
        unit = "" if column.unit and title.lower().endswith(f" {column.unit.lower()}") else column.unit
        heads.append(Column(title, number, unit, sort="num" if number else "text"))
        specs.append((column.format or fmt.spec_for(numbers)) if metric else "")
    return Chosen(tuple(heads), tuple(specs))


def _extra(board: Board, values: Sequence[Any], specs: Sequence[str], *, ranked: bool) -> tuple[Extra, ...]:
    found = []
    for column, value, spec in zip(board.columns, values, specs, strict=True):
        best = ranked and column.best is not None and value == column.best
        if value is None:
            found.append(Extra(fmt.DASH))
        elif column.numeric:
            found.append(Extra(fmt.number(value, spec), repr(value), best))
        else:
            found.append(Extra(fmt.plain(value), "", best))
    return tuple(found)


def lines(
    site: Site,
    link: Callable[[str], str],
    board: Board,
    rows: Sequence[BoardRow],
    style: Style,
    scale: Scale | None,
    specs: Sequence[str],
    *,
    several: bool,
    reference: BoardRow | None,
) -> Iterator[BoardLine]:
    """Yield ranked rows of a board as the page shows them; one by one, for a board may have very many.

    `link` makes links of paths. Differences are to `reference` (champion or baseline), to the leader where it is None.
    """
    made = _Lines(site, link, board, style, scale, reference, several=several)
    values = _aligned([fmt.number(row.value, _spec(row, style)) for row in rows])
    for row, value, known in zip(rows, values, bare_values(rows, board.columns), strict=True):
        extra = _extra(board, known, specs, ranked=True)
        yield made.line(row, value, extra)


def _spec(row: BoardRow, style: Style) -> str:
    return style.spec if row.decimals is None else f".{row.decimals}f"


def champion_of(board: Board) -> BoardRow | None:
    """Return the row of the champion, if it is ranked."""
    return next((row for row in board.rows[: board.ranked] if row.champion), None)


def reference_of(board: Board) -> BoardRow | None:
    """Return the row that differences are to: the champion's, else that of the baseline; None: those to the first are told."""
    return champion_of(board) or next((row for row in board.rows[: board.ranked] if row.baseline), None)


class _Lines:
    """Makes the rows of one board, with what is the same in all of them."""

    def __init__(
        self,
        site: Site,
        link: Callable[[str], str],
        board: Board,
        style: Style,
        scale: Scale | None,
        reference: BoardRow | None,
        *,
        several: bool,
    ) -> None:
        self._site = site
        self._link = link
        self._board = board
        self._style = style
        self._scale = scale
        self._leader = leader = board.leader
        self._champion = champion = champion_of(board)
        self._reference = reference
        self._several = several
        band = (leader.low, leader.high) if leader and leader.low is not None and leader.high is not None else None
        line = float(champion.value) if champion and champion.value is not None and champion is not leader else None
        self._ground = scale.ground(band=band, line=line) if scale else None

    def line(self, row: BoardRow, value: str, extra: tuple[Extra, ...]) -> BoardLine:
        style, run, scale = self._style, row.run, self._scale
        place = None if row.value is None else float(row.value)
        ground = self._ground
        plot = scale.marks(ground, place, row.low, row.high, me=row.champion) if scale and ground else Plot()
        start = fmt.machine_time(run.started_at)
        return BoardLine(
            rank=fmt.DASH if row.rank is None else str(row.rank),
            tied=row.tied,
            label=run_label(run, "" if self._several else run.job),
            href=self._link(self._site.links.row(run)),
            key=str(run.key),
            tags=_tags(row, self._leader, self._champion),
            words=_group_words(row, style),
            value=value,
            sort=repr(row.value),
            plot=plot,
            interval=fmt.interval(row.low, row.high, style.spec) or "no interval",
            against="leader" if row is self._leader else _AGAINST[row.separable],
            mark=self._board.mark(row),
            delta=_delta(row, self._leader, self._reference, style),
            extra=extra,
            date=start.partition("T")[0],
            datetime=start,
            me=row.champion,
            members=self._members(row),
        )

    def _members(self, row: BoardRow) -> tuple[Link, ...]:
        """The runs that a row of several stands for."""
        if row.group is None or row.group.n + len(row.group.without) < 2:
            return ()
        runs = (*row.group.members, *row.group.without)
        return tuple(Link(run_label(run, row.run.job), self._link(self._site.links.row(run))) for run in runs)


def _tags(row: BoardRow, leader: BoardRow | None, champion: BoardRow | None) -> tuple[str, ...]:
    if row.champion:
        return ("champion",)
    tags = []
    if row is leader and champion is not None:
        tags.append("challenger")
    if row.baseline:
        tags.append("baseline")
    if row.failed:
        tags.append("build failed")
    return tuple(tags[:1])


def _group_words(row: BoardRow, style: Style) -> str:
    group = row.group
    if group is None:
        return ""
    known = [(name.rpartition(".")[2], value) for name, value in group.by.items() if value is not None]
    by = ", ".join(f"{name} {fmt.plain(value)}" for name, value in known[:5])
    words = [group.words]
    if group.n > 1:
        words.append(f"from {fmt.number(group.minimum, style.spec)} to {fmt.number(group.maximum, style.spec)}")
    if group.n > 2 and group.sd is not None:
        words.append(f"sd {fmt.number(group.sd, style.spec)}")
    if group.seeds_low is not None:
        words.append(f"by seeds only {fmt.interval(group.seeds_low, group.seeds_high, style.spec)}")
    return ", ".join(words) + (f"; {by}" if by else "")


def _delta(row: BoardRow, leader: BoardRow | None, reference: BoardRow | None, style: Style) -> Delta:
    """Against champion or baseline; only a gain that can be told apart is coloured, for most rows are expected to be lower."""
    if reference is not None:
        found = row.delta_champion if reference.champion else row.delta_baseline
        if row is reference or found is None:
            return NO_DELTA
        return delta_of(found.value, style.spec, separable=found.separable and found.word == "better", word=found.word)
    if leader is None or row is leader or row.value is None or leader.value is None:
        return NO_DELTA
    return Delta(fmt.difference(float(row.value) - float(leader.value), style.spec))


def unranked_lines(
    site: Site, path: str, board: Board, rows: Sequence[BoardRow], specs: Sequence[str], *, several: bool
) -> tuple[Unranked, ...]:
    """Return candidates without a rank as the page shows them."""
    return tuple(
        Unranked(
            label=run_label(row.run, "" if several else row.run.job),
            href=relative(path, site.links.row(row.run)),
            key=str(row.run.key),
            reason=_reason(row),
            extra=_extra(board, values, specs, ranked=False),
            date=fmt.day(row.run.started_at),
            datetime=fmt.machine_time(row.run.started_at),
        )
        for row, values in zip(rows, bare_values(rows, board.columns), strict=True)
    )


def _reason(row: BoardRow) -> str:
    reason = row.missing or ""
    return f"{reason}: {row.missing_text}" if row.missing_text and row.missing_text != reason else reason


def long_table(path: str, part: BoardPart, rows: Callable[[], Iterable[BoardLine]]) -> TextFile:
    """Return the script with all rows of a board, for tables of which the page at `path` holds the first ones only.

    The links of `rows` are relative to the version.
    """
    columns = [TableColumn("Rank, run"), TableColumn(part.metric, "num", "v")]
    if part.axis:
        columns += [TableColumn("Plot", "", "p"), TableColumn("95 % interval")]
    columns += [TableColumn("Against first", "", "nw"), TableColumn(part.delta_head, "", "num")]
    columns += [TableColumn(head.label, head.sort, "num" if head.num else "") for head in part.columns]
    columns.append(TableColumn("Date", "text", "mut"))
    address = f"data/tables/{posixpath.dirname(path)}.js"
    return TextFile(address, lambda: table_script(address, columns, (_cells(line, part) for line in rows())))


def _cells(line: BoardLine, part: BoardPart) -> list[object]:
    first: dict[str, object] = {
        "text": line.label,
        "page": line.href,
        "rank": line.rank + ("=" if line.tied else ""),
        "key": line.key,
    }
    if line.tags:
        first["tags"] = list(line.tags)
    if line.words:
        first["words"] = line.words
    if line.me:
        first["me"] = True
    cells: list[object] = [first, [line.value, float(line.sort)]]
    if part.axis:
        cells += [{"plot": _trimmed(line.plot)}, {"text": line.interval, "mark": "ci"}]
    cells.append({"text": f"{line.against} {line.mark}".strip(), "mark": "" if line.against == "not separable" else "mut"})
    word = {"word": line.delta.word} if line.delta.word else {}
    cells.append({"text": line.delta.text, "mark": f"d {line.delta.state}".strip(), **word})
    for head, extra in zip(part.columns, line.extra, strict=True):
        sort = float(extra.sort) if head.num and extra.sort else extra.sort
        if extra.best:
            cells.append({"text": extra.text, "sort": sort, "mark": "best", "word": "best"})
        else:
            cells.append([extra.text, sort] if extra.sort else extra.text)
    cells.append(line.date)
    return cells


def _trimmed(plot: Plot) -> list[object]:
    """Return the parts of a plot up to the last that is drawn."""
    last = max((place for place, part in enumerate(plot) if part), default=-1)
    return list(plot[: last + 1])
