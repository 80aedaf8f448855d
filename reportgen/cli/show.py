"""``reportgen show``: runs or a leaderboard in the terminal, or as JSON, CSV and Markdown."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import DONE, App, pass_app, verb
from reportgen.errors import ReportgenError

if TYPE_CHECKING:
    from reportgen.analysis.values import Board, BoardRow, Column, Delta, Leaderboard, LeaderboardOptions
    from reportgen.config import Config
    from reportgen.model import RunRow
    from reportgen.store.view import StoreView

_SHOWN = 20
_SHOWN_METRICS = 6


@verb("show")
@click.argument("what", required=False, metavar="[LEADERBOARD|JOB]")
@click.option("--json", "shape", flag_value="json", help="Print the documented JSON.")
@click.option("--csv", "shape", flag_value="csv", help="Print CSV.")
@click.option("--md", "shape", flag_value="md", help="Print a Markdown table.")
@click.option("--sort-by", metavar="COLUMN", help="A metric, params.NAME, tags.NAME or a field; -COLUMN turns the order.")
@click.option("-n", "count", type=click.IntRange(min=1), help=f"How many rows.  [default: {_SHOWN} in a table, else all]")
@pass_app
def command(app: App, what: str | None, shape: str | None, sort_by: str | None, count: int | None) -> int:
    """Show a leaderboard, the runs of a job, or the newest runs of all jobs.

    Reads the store alone. A metric sorts best first, anything else ascending; what is missing comes last.
    """
    from reportgen.cli.reading import judged, leaderboards, open_store

    config = app.config()
    with open_store(config) as view:
        options = {board.name: board for board in leaderboards(config, view)}
        if what is not None and what in options:
            found = judged(config, view, options[what]).leaderboard
            lines = _show_board(found, shape, sort_by, count)
        else:
            lines = _show_runs(config, view, _jobs(view, what, options), shape, sort_by, count)
        for text in lines:
            click.echo(text, nl=False, color=True)
    return DONE


def _jobs(view: StoreView, what: str | None, options: Iterable[str]) -> list[str] | None:
    """The jobs that `what` names, None for all."""
    from reportgen.globs import covers

    if what is None:
        return None
    names = [job.name for job in view.jobs()]
    found = [name for name in names if covers(what, name)]
    if found:
        return found
    near = difflib.get_close_matches(what, [*options, *names], n=1)
    known = f"did you mean {near[0]}?" if near else f"leaderboards: {', '.join(options) or 'none'}"
    raise ReportgenError(f'there is no leaderboard or job "{what}"', hint=known)


# -- runs


def _show_runs(
    config: Config, view: StoreView, jobs: list[str] | None, shape: str | None, sort_by: str | None, count: int | None
) -> Iterator[str]:
    if shape in ("json", "csv") and sort_by is None:
        rows: Iterable[RunRow] = view.iter_run_rows(jobs=jobs)
        return _export_runs(config, view, lambda: islice(rows, count), shape)
    every = view.run_rows(jobs=jobs)
    ordered = _sorted_rows(every, sort_by, config) if sort_by else every
    chosen = ordered[: count or (None if shape in ("json", "csv") else _SHOWN)]
    if shape in ("json", "csv"):
        return _export_runs(config, view, lambda: chosen, shape)
    return _runs_table(config, chosen, len(every), shape, sort_by)


def _export_runs(config: Config, view: StoreView, rows: Callable[[], Iterable[RunRow]], shape: str) -> Iterator[str]:
    from reportgen.analysis.options import metric_options
    from reportgen.analysis.shapes import RunsTable, build_url, csv_text, line, run_json, runs_text
    from reportgen.cli.reading import all_links

    links, about = all_links(view), metric_options(config)
    base = config.jenkins.url if config.jenkins else ""

    def runs() -> Iterator[dict[str, Any]]:
        for row in rows():
            yield run_json(row, page=links.row(row), url=build_url(base, row.job, row.number), about=about)

    if shape == "json":
        yield from runs_text(map(line, runs()), view.data_as_of())
        return
    table, entries = RunsTable(), list(runs())
    for run in entries:
        table.learn(run)
    yield from csv_text([table.columns])
    yield from table.lines(entries)


def _sorted_rows(rows: Sequence[RunRow], column: str, config: Config) -> list[RunRow]:
    """Best first for a metric, ascending for anything else, what is missing last; a leading minus turns the order."""
    from reportgen.analysis.columns import find_value, split_name
    from reportgen.analysis.directions import find_direction
    from reportgen.analysis.options import metric_options

    name = column.removeprefix("-")
    kind, inner = split_name(name)
    known = metric_options(config).get(inner)
    direction = find_direction(inner, rows, known.direction if known else None) if kind == "metric" else "none"
    turned = (direction == "higher") != column.startswith("-")
    values = [(find_value(row, name), row) for row in rows]
    if all(value is None for value, _ in values):
        raise ReportgenError(f'no run has "{name}"', hint="name a metric, params.NAME, tags.NAME, started_at or duration_s")
    present = [pair for pair in values if _sortable(pair[0]) is not None]
    present.sort(key=lambda pair: _sortable(pair[0]) or (0, 0), reverse=turned)
    return [row for _, row in present] + [row for value, row in values if _sortable(value) is None]


def _sortable(value: Any) -> tuple[int, Any] | None:
    """A key that puts numbers before texts; None for what has no place."""
    from reportgen.analysis.ranks import is_finite

    if value is None or (isinstance(value, float) and not is_finite(value)):
        return None
    if is_finite(value):
        return (0, value)
    return (1, value.isoformat()) if hasattr(value, "isoformat") else (1, str(value))


def _runs_table(config: Config, rows: Sequence[RunRow], total: int, shape: str | None, sort_by: str | None) -> Iterator[str]:
    from reportgen.analysis.columns import find_value, split_name
    from reportgen.analysis.options import metric_options
    from reportgen.analysis.wording import number, plural, spec_for

    names = _metric_columns(rows, sort_by)
    about = metric_options(config)
    extra = [c for c in [(sort_by or "").removeprefix("-")] if c and split_name(c)[0] != "metric"]
    head = ["run", "result", "started (UTC)", "duration", *extra, *(about[n].label if n in about else n for n in names)]
    specs = {
        name: (about[name].format if name in about else "")
        or spec_for(m.value for row in rows if (m := row.metrics.get(name)) is not None)
        for name in names
    }
    lines = []
    for row in rows:
        metrics = [(row.metrics.get(name), specs[name]) for name in names]
        values = [number(m.value, spec) if m is not None else "–" for m, spec in metrics]
        more = [str(find_value(row, name) if find_value(row, name) is not None else "–") for name in extra]
        lines.append([str(row.key), row.result, _minute(row), _duration(row), *more, *values])
    yield from _table(head, lines, shape, right=range(3, len(head)))
    if shape is None and total > len(rows):
        yield f"{len(rows)} of {plural(total, 'run')}; -n shows more\n"


def _metric_columns(rows: Sequence[RunRow], sort_by: str | None) -> list[str]:
    """The metrics that most of the runs have, first what it is sorted by."""
    from reportgen.analysis.columns import metric_names

    seen: dict[str, int] = {}
    for row in rows:
        for name in row.metrics:
            seen[name] = seen.get(name, 0) + 1
    often = sorted(seen, key=lambda name: -seen[name])[:_SHOWN_METRICS]
    first = metric_names([sort_by.removeprefix("-")]) if sort_by else []
    return list(dict.fromkeys([*first, *often]))[:_SHOWN_METRICS]


def _minute(row: RunRow) -> str:
    from datetime import UTC

    return row.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _duration(row: RunRow) -> str:
    from reportgen.analysis.wording import duration

    return duration(row.duration_s)


# -- a leaderboard


def _show_board(found: Leaderboard, shape: str | None, sort_by: str | None, count: int | None) -> Iterator[str]:
    from reportgen.analysis.shapes import csv_text, leaderboard_rows, leaderboard_text

    if sort_by:
        found = replace(found, boards=tuple(replace(b, rows=tuple(_sorted_board(b, sort_by))) for b in found.boards))
    if shape in ("json", "csv"):
        if count:
            found = replace(found, boards=tuple(replace(b, rows=b.rows[:count]) for b in found.boards))
        yield from leaderboard_text(found) if shape == "json" else csv_text(leaderboard_rows(found))
        return
    for place, board in enumerate(found.boards):
        if place:
            yield "\n"
        yield from _board_text(board, found.options, shape, count or _SHOWN)
    if not found.boards:
        yield f"{found.options.label}: no run to rank yet\n"


def _sorted_board(board: Board, column: str) -> list[BoardRow]:
    """Rows by a column, missing cells last. Ranks stay what they are."""
    name = column.removeprefix("-")
    chosen = next((c for c in board.columns if c.name == name), None)
    if chosen is None and name != board.comparable.metric:
        have = ", ".join([board.comparable.metric, *(c.name for c in board.columns)])
        raise ReportgenError(f'the leaderboard has no column "{name}"', hint=f"it has {have}")
    direction = chosen.direction if chosen is not None else board.comparable.direction
    turned = (direction == "higher") != column.startswith("-")

    def value(row: BoardRow) -> Any:
        return row.value if chosen is None else row.columns[name].value

    present = [row for row in board.rows if _sortable(value(row)) is not None]
    present.sort(key=lambda row: _sortable(value(row)) or (0, 0), reverse=turned)
    return present + [row for row in board.rows if _sortable(value(row)) is None]


def _board_text(board: Board, options: LeaderboardOptions, shape: str | None, count: int) -> Iterator[str]:
    from reportgen.analysis.verdict import board_verdict
    from reportgen.analysis.wording import plural, spec_for

    about = options.about(options.metric)
    spec = about.format or spec_for(row.value for row in board.rows[: board.ranked])
    data = ", ".join(f"{name} {(value or 'unknown')[:12]}" for name, value in board.comparable.by.items())
    direction = (
        "no direction: not ranked" if board.comparable.direction == "none" else f"{board.comparable.direction} is better"
    )
    mark = "**" if shape == "md" else ""
    yield f"{mark}{options.label}{mark}: {about.label}, {direction}" + (f"; {data}" if data else "") + "\n"
    yield f"{board_verdict(board, label=about.label, format_spec=spec).text}.\n\n"
    fixed = _fixed(board)
    on = [f"on {name}" for name in fixed]
    head = ["rank", "run", about.label, "95 % interval", "against first", *on, *(c.title for c in board.columns)]
    rows = [_board_line(row, board, spec, fixed) for row in board.rows[:count]]
    yield from _table(head, rows, shape, right=[0, 2, 3, *range(5, len(head))])
    item = "- " if shape == "md" else ""
    if len(board.rows) > count:
        yield f"{item}{count} of {plural(len(board.rows), 'run')}; -n shows more\n"
    for note in board.notes:
        yield f"{item}{note}\n"


def _fixed(board: Board) -> list[str]:
    """What the differences of a board are to: of champion and baseline those that it ranks."""
    ranked = board.rows[: board.ranked]
    return [name for name in ("champion", "baseline") if any(getattr(row, name) for row in ranked)]


def _board_line(row: BoardRow, board: Board, spec: str, fixed: Sequence[str]) -> list[str]:
    from reportgen.analysis.wording import interval, number

    marks = [m for m, on in (("champion", row.champion), ("baseline", row.baseline), (row.run.result, row.failed)) if on]
    group = f" ({row.group.words})" if row.group is not None else ""
    name = str(row.run.key) + group + (f" [{', '.join(marks)}]" if marks else "")
    if row.rank is None and row.missing is not None:
        return ["–", name, row.missing, "", "", *("" for _ in fixed), *(_cell(row, c) for c in board.columns)]
    shown = f".{row.decimals}f" if row.decimals is not None and spec.endswith("f") else spec
    first = row.rank == 1 and row.separable is None
    against = "leader" if first else {True: "separable", False: "not separable", None: ""}[row.separable]
    against = f"{against} {board.mark(row)}".strip()
    rank = "–" if row.rank is None else f"{row.rank} =" if row.tied else str(row.rank)
    return [
        rank, name, number(row.value, shown), interval(row.low, row.high, spec), against,
        *(_delta(getattr(row, f"delta_{name}"), spec) for name in fixed), *(_cell(row, c) for c in board.columns),
    ]  # fmt: skip


def _delta(delta: Delta | None, spec: str) -> str:
    from reportgen.analysis.wording import change

    return "" if delta is None else f"{change(delta.value, spec)} {delta.word}".strip()


def _cell(row: BoardRow, column: Column) -> str:
    from reportgen.analysis.ranks import is_finite
    from reportgen.analysis.wording import number, spec_for

    cell = row.columns[column.name]
    if cell.value is None:
        return cell.missing or "–"
    averaged = row.group is not None and isinstance(cell.value, float)
    if cell.metric is None and not averaged and not column.numeric:
        return str(cell.value)
    text = number(cell.value, column.format or spec_for([cell.value] if is_finite(cell.value) else []))
    return f"{text} *" if cell.best else text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], shape: str | None, *, right: Iterable[int]) -> Iterator[str]:
    from reportgen.cli.tables import markdown_table, text_table

    make = markdown_table if shape == "md" else text_table
    for text in make(head, rows, right=right):
        yield text + "\n"
