"""Rows of a board: the first ones for the page, all of them for its script."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from reportgen.analysis.values import Board, BoardRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Column, Delta, Plot
from reportgen.site.contexts.job import Extra
from reportgen.site.contexts.leaderboard import BoardLine, BoardPart, Unranked
from reportgen.site.links import relative
from reportgen.site.page import TextFile
from reportgen.site.pages.base import NO_DELTA, Site, Style, delta_of, run_label
from reportgen.site.pages.scale import Scale
from reportgen.site.scripts import TableColumn, table_script

FIGURE_SPACE = "\u2007"


def _aligned(lines: Sequence[BoardLine]) -> tuple[BoardLine, ...]:
    """Return the rows with their values filled up by figure spaces, where neighbours needed more digits to be told apart."""
    decimals = max((len(line.value.partition(".")[2]) for line in lines), default=0)
    return tuple(line._replace(value=_filled(line.value, decimals)) for line in lines)


def _filled(value: str, decimals: int) -> str:
    short = decimals - len(value.partition(".")[2])
    return value + FIGURE_SPACE * short if short > 0 and "." in value else value


def heads(board: Board) -> tuple[Column, ...]:
    """Return the heads of the chosen columns."""
    heads = []
    for column in board.columns:
        number = column.kind == "metric" or _numeric(board, column.name)
        title = fmt.metric_title(column.title) if column.kind == "metric" and column.title == column.name else column.title
        unit = "" if column.unit and title.lower().endswith(f" {column.unit.lower()}") else column.unit
        heads.append(Column(title, number, unit, sort="num" if number else "text"))
    return tuple(heads)


def _numeric(board: Board, name: str) -> bool:
    values = [cell.value for row in board.rows if (cell := row.columns.get(name)) is not None and cell.value is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _spec(board: Board, name: str) -> str:
    cells = [cell for row in board.rows if (cell := row.columns.get(name)) is not None]
    return fmt.spec_for(cell.value for cell in cells if isinstance(cell.value, (int, float)))


def _specs(board: Board) -> dict[str, str]:
    """Return the number format of each chosen metric."""
    return {column.name: column.format or _spec(board, column.name) for column in board.columns if column.kind == "metric"}


def _extra(board: Board, row: BoardRow, specs: Mapping[str, str]) -> tuple[Extra, ...]:
    found = []
    for column in board.columns:
        cell = row.columns.get(column.name)
        if cell is None or cell.value is None:
            found.append(Extra(fmt.DASH))
        elif column.kind == "metric":
            found.append(Extra(fmt.number(cell.value, specs[column.name]), repr(cell.value), cell.best))
        else:
            found.append(Extra(fmt.plain(cell.value), "", cell.best))
    return tuple(found)


def lines(
    site: Site, path: str, board: Board, rows: Sequence[BoardRow], style: Style, scale: Scale | None, *, several: bool
) -> tuple[BoardLine, ...]:
    """Return ranked rows of a board as the page shows them."""
    champion = champion_of(board)
    specs = _specs(board)
    return _aligned([_line(site, path, board, row, style, scale, champion, specs, several=several) for row in rows])


def champion_of(board: Board) -> BoardRow | None:
    """Return the row of the champion, if it is ranked."""
    return next((row for row in board.rows[: board.ranked] if row.champion), None)


def _line(
    site: Site,
    path: str,
    board: Board,
    row: BoardRow,
    style: Style,
    scale: Scale | None,
    champion: BoardRow | None,
    specs: Mapping[str, str],
    *,
    several: bool,
) -> BoardLine:
    leader = board.leader
    spec = style.spec if row.decimals is None else f".{row.decimals}f"
    band = (leader.low, leader.high) if leader and leader.low is not None and leader.high is not None else None
    line = float(champion.value) if champion and champion.value is not None and champion is not leader else None
    value = None if row.value is None else float(row.value)
    plot = scale.plot(value, row.low, row.high, band=band, line=line, me=row.champion) if scale else Plot()
    return BoardLine(
        rank=fmt.DASH if row.rank is None else str(row.rank),
        tied=row.tied,
        label=run_label(row.run, "" if several else row.run.job),
        href=relative(path, site.links.row(row.run)),
        key=str(row.run.key),
        tags=_tags(row, leader, champion),
        words=_group_words(row, style),
        value=fmt.number(row.value, spec),
        sort=repr(row.value),
        plot=plot,
        interval=fmt.interval(row.low, row.high, style.spec) or "no interval",
        against="leader" if row is leader else {True: "separable", False: "not separable", None: ""}[row.separable],
        delta=_delta(row, leader, champion, style),
        extra=_extra(board, row, specs),
        date=fmt.day(row.run.started_at),
        datetime=fmt.machine_time(row.run.started_at),
        me=row.champion,
    )


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
    spread = f", sd {fmt.number(group.sd, style.spec)}" if group.sd is not None else ""
    return f"{group.words}{spread}" + (f"; {by}" if by else "")


def _delta(row: BoardRow, leader: BoardRow | None, champion: BoardRow | None, style: Style) -> Delta:
    """Against the champion; only a gain that can be told apart is coloured, for most rows are expected to be lower."""
    if champion is not None:
        found = row.delta_champion
        if row is champion or found is None:
            return NO_DELTA
        return delta_of(found.value, style.spec, separable=found.separable and found.word == "better", word=found.word)
    if leader is None or row is leader or row.value is None or leader.value is None:
        return NO_DELTA
    return Delta(fmt.difference(float(row.value) - float(leader.value), style.spec))


def unranked_line(site: Site, path: str, row: BoardRow, board: Board, *, several: bool) -> Unranked:
    """Return a candidate without a rank as the page shows it."""
    reason = row.missing or ""
    return Unranked(
        label=run_label(row.run, "" if several else row.run.job),
        href=relative(path, site.links.row(row.run)),
        key=str(row.run.key),
        reason=f"{reason}: {row.missing_text}" if row.missing_text and row.missing_text != reason else reason,
        extra=_extra(board, row, _specs(board)),
        date=fmt.day(row.run.started_at),
        datetime=fmt.machine_time(row.run.started_at),
    )


def long_table(name: str, path: str, part: BoardPart, rows: Sequence[BoardLine]) -> TextFile:
    """Return the script with all rows of a board, for tables of which the page holds the first ones only."""
    columns = [TableColumn("Rank, run"), TableColumn(part.metric, "num", "v")]
    if part.axis:
        columns += [TableColumn("Plot", "", "p"), TableColumn("95 % interval")]
    columns += [TableColumn("Against first", "", "nw"), TableColumn(part.delta_head, "", "num")]
    columns += [TableColumn(head.label, head.sort, "num" if head.num else "") for head in part.columns]
    columns.append(TableColumn("Date", "text", "mut"))
    address = f"data/tables/{posixpath.dirname(path)}.js"
    return TextFile(address, table_script(address, columns, (_cells(path, line, part) for line in rows)))


def _cells(path: str, line: BoardLine, part: BoardPart) -> list[object]:
    page = posixpath.normpath(posixpath.join(posixpath.dirname(path), line.href))
    first: dict[str, object] = {
        "text": line.label,
        "page": page,
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
    cells.append({"text": line.against, "mark": "" if line.against == "not separable" else "mut"})
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
