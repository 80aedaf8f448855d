"""What is different from the last version: waiting, worse or broken, new, gone."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from reportgen.analysis.champion import Term
from reportgen.analysis.judge import Judged
from reportgen.analysis.separable import scored as scored_of
from reportgen.analysis.separable import single_delta
from reportgen.analysis.values import Board, BoardRow, RunId, run_id
from reportgen.model import Build, RunningBuild, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Result, Row, Span, Table, Text
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, Style, base_name, number_label, on_day, run_label
from reportgen.site.pages.leaderboard import style_of
from reportgen.site.pages.trends import validation_digest

NEEDS, BROKEN, NEW, GONE = "Needs a person", "Worse or broken", "New", "Gone"
GROUPS = (NEEDS, BROKEN, NEW, GONE)
_LONGEST = 120
CHAMPION = Result("star", "Champion")


class BuildNews(NamedTuple):
    """A build that is new, changed or gone since the last version; `rows` are its runs."""

    job: str
    number: int
    started_at: datetime
    result: str
    rows: tuple[RunRow, ...] = ()
    changed: bool = False
    gone: bool = False
    error: str = ""
    """Why it failed, in one line; empty where that is not known."""


class News(NamedTuple):
    """One thing that is different, in its group."""

    group: str
    result: Result
    label: str
    to: str
    """Path of the page it is about; empty where there is none."""
    text: Text
    at: datetime


def find_news(
    site: Site,
    path: str,
    *,
    builds: Sequence[BuildNews],
    running: Sequence[RunningBuild] = (),
    judged: Sequence[Judged] = (),
    since: datetime | None = None,
) -> tuple[News, ...]:
    """Return what is different for the page at `path` since the last version, group by group.

    In a group new champions come first, then the newest; `since` is when the last version was.
    """
    found = [_waiting(site, build) for build in running if build.waiting_for]
    places = _Places(site, judged, [row for build in builds for row in build.rows])
    for build in builds:
        worse = list(_regressions(site, path, build, places))
        found += worse or [_build(site, build, places)]
    if since is not None:
        found.extend(_titles(site, path, judged, since))
    order = {group: index for index, group in enumerate(GROUPS)}
    return tuple(sorted(found, key=lambda news: (order[news.group], news.result != CHAMPION, -news.at.timestamp(), news.label)))


class _Place(NamedTuple):
    """Where a run is ranked: the leaderboard, the board in it, the row, and how its metric is written."""

    judged: Judged
    board: Board
    row: BoardRow
    style: Style


class _Places:
    """Finds the places of some runs, and the run of its job that was there before each, among any number of runs."""

    def __init__(self, site: Site, judged: Sequence[Judged], runs: Sequence[RunRow]) -> None:
        self._places: dict[RunId, _Place] = {}
        self._alike: dict[tuple[int, str, str], list[RunRow]] = {}
        wanted, jobs = set(map(run_id, runs)), {run.job for run in runs}
        for board_of in judged if runs else ():
            for board in board_of.leaderboard.boards:
                style = style_of(site, board, board_of.leaderboard.options.metric)
                for row in board.rows[: board.ranked]:
                    if row.run.job in jobs:
                        self._alike.setdefault(self._kind(board, row.run), []).append(row.run)
                    for member in row.group.members if row.group else (row.run,):
                        if member.job in jobs and run_id(member) in wanted:
                            self._places.setdefault(run_id(member), _Place(board_of, board, row, style))
        for runs in self._alike.values():
            runs.sort(key=_start)

    @staticmethod
    def _kind(board: Board, run: RunRow) -> tuple[int, str, str]:
        return id(board), run.job, validation_digest(run)

    def of(self, run: RunRow) -> _Place | None:
        """Return where `run` is ranked."""
        return self._places.get(run_id(run))

    def before(self, run: RunRow, board: Board) -> RunRow | None:
        """Return the newest run that is ranked with `run`, of its job and on its data, and started before it."""
        runs = self._alike.get(self._kind(board, run), [])
        place = bisect.bisect_left(runs, run.started_at, key=_start)
        return runs[bisect.bisect_left(runs, runs[place - 1].started_at, key=_start)] if place else None


_start = attrgetter("started_at")


def _waiting(site: Site, build: RunningBuild) -> News:
    words = (Span(f"Waits for a person: “{build.waiting_for}” Answer on Jenkins."),)
    return News(
        NEEDS,
        Result("wait", "Waiting"),
        f"{base_name(build.job)} #{build.number}",
        site.links.job(build.job),
        words,
        build.started_at,
    )


def _build(site: Site, build: BuildNews, places: _Places) -> News:
    to = site.links.build(build.job, build.number, build.started_at)
    label = f"{base_name(build.job)} #{build.number}"
    if build.gone:
        return News(GONE, Result("off", "Gone"), label, to, (Span("No longer on Jenkins; kept here."),), build.started_at)
    if build.result == "FAILURE":
        return News(BROKEN, Result("ko", "Failed"), label, to, (Span(_stage_words(build)),), build.started_at)
    word = "Changed" if build.changed else "New run"
    text: Text = (Span(build.result if build.result != "SUCCESS" else _plain_words(site, build)),)
    for row in build.rows:
        place = places.of(row)
        if place is not None:
            text = _ranked_words(place)
            break
    return News(NEW, Result("new", word), label, to, text, build.started_at)


def failure_words(build: Build) -> str:
    """Return in one line why a build failed: the exception of its run, else what Jenkins says of the stage."""
    error = next((run.error for run in build.runs if run.error is not None), None)
    if error is not None:
        words = f"{error.type}: {error.message}" if error.message.strip() else error.type
    else:
        words = next((stage.error for stage in build.stages if stage.error), "") or ""
    line = " ".join(words.strip().split("\n", 1)[0].split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + " …"


def _stage_words(build: BuildNews) -> str:
    stage = build.rows[0].stage if build.rows else ""
    where = f"Failed in {stage}" if stage else "Failed"
    return f"{where}: {build.error}" if build.error else where


def _plain_words(site: Site, build: BuildNews) -> str:
    row = build.rows[0] if build.rows else None
    if row is None:
        return "No record"
    made = [model.name for model in row.models if model.role == "made"]
    if row.decisions:
        first = row.decisions[0]
        return f"{first.value.capitalize()} by {site.person(first.by)}" + (f": “{first.reason}”" if first.reason else "")
    if made:
        return f"Made {fmt.listed(made[:2])}"
    if row.models:
        return f"Used {row.models[0].name} {fmt.short_digest(row.models[0].sha256)}"
    if row.datasets:
        return f"Data set {row.datasets[0].name}"
    return "Finished"


def _ranked_words(place: _Place) -> Text:
    _, board, row, style = place
    words = f"{style.title} {fmt.number(row.value, style.spec)}, rank {row.rank} of {board.ranked}"
    delta = row.delta_champion
    if row.champion:
        words += ", the champion"
    elif delta is not None:
        hedge = {True: f", clearly {delta.word}", False: ", not separable", None: ""}[delta.separable]
        words += f", {fmt.difference(delta.value, style.spec)} on the champion{hedge}"
    return (Span(words),)


def _regressions(site: Site, path: str, build: BuildNews, places: _Places) -> Iterable[News]:
    """A run that is clearly worse than the comparable run of its job before it."""
    for row in build.rows:
        place = places.of(row)
        if place is None or build.gone or build.changed:
            continue
        metric, board, style = place.judged.leaderboard.options.metric, place.board, place.style
        before = places.before(row, board)
        mine, theirs = row.metrics.get(metric), before.metrics.get(metric) if before else None
        a, b = (scored_of(mine) if mine else None), (scored_of(theirs) if theirs else None)
        if before is None or a is None or b is None:
            continue
        delta = single_delta(a, b, board.comparable.direction)
        if not (delta.separable and delta.word == "worse"):
            continue
        text = (
            Span(f"{style.title} {fmt.number(a.value, style.spec)}, "),
            Span(fmt.difference(delta.value, style.spec), mark="d dn"),
            Span(" on "),
            Span(number_label(before), relative(path, site.links.row(before))),
        )
        yield News(BROKEN, Result("worse", "Regression"), run_label(row, ""), site.links.row(row), text, row.started_at)


def _titles(site: Site, path: str, judged: Sequence[Judged], since: datetime) -> Iterable[News]:
    """Every title that changed hands; one entry where a run took several at once."""
    moves: dict[tuple[object, ...], list[tuple[Judged, Term, Term | None]]] = {}
    for board_of in judged:
        board = board_of.leaderboard.current
        if board is None:
            continue
        terms = board_of.titles.history(board.key)
        for index, term in enumerate(terms):
            if term.since > since and term.holder.run is not None:
                key = (run_id(term.holder.run), term.since)
                moves.setdefault(key, []).append((board_of, term, terms[index - 1] if index else None))
    return [_title(site, path, taken) for taken in moves.values()]


def _title(site: Site, path: str, taken: Sequence[tuple[Judged, Term, Term | None]]) -> News:
    _, term, before = taken[0]
    run = term.holder.run or term.holder.known
    assert run is not None
    names = list(dict.fromkeys(judged.leaderboard.options.label for judged, _, _ in taken))
    spans = [Span(f"Took the title of {fmt.listed(names[:4])}")]
    earlier = before.holder.run or before.holder.known if before else None
    if earlier is not None:
        spans += [Span(" from "), Span(run_label(earlier, run.job), relative(path, site.links.row(earlier)))]
    how = {"deployed": "deployed", "approved": "approved", "best": "by rank"}[term.holder.rule]
    by = f" by {site.person(term.holder.by)}" if term.holder.by else ""
    spans.append(Span(f"; {how}{by}" + (f": “{term.holder.reason}”" if term.holder.reason else "")))
    return News(NEW, CHAMPION, run_label(run, ""), site.links.row(run), tuple(spans), term.since)


def news_table(path: str, news: Sequence[News], caption: Text, *, name: str = "c-news", most: int = 12) -> Table:
    """Return the news as a table, the gravest first."""
    rows = tuple(
        Row(
            (
                Cell((Span(item.label, relative(path, item.to) if item.to else ""),), "nw"),
                Cell((), "nw", result=item.result),
                Cell(item.text, "tx"),
                Cell((on_day(item.at),), "num mut"),
            )
        )
        for item in news[:most]
    )
    return Table(name, caption, (Column("Where"), Column("What"), Column("Detail"), Column("Date", num=True)), rows)
