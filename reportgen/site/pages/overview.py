"""The overview: where do we stand, what is new?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from reportgen.analysis.judge import Judged
from reportgen.analysis.luck import model_identity
from reportgen.analysis.values import Board, BoardRow
from reportgen.analysis.wording import gap
from reportgen.globs import covers
from reportgen.model import RunningBuild, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Empty, Link, Result, Span, Spark, Text
from reportgen.site.contexts.overview import Card, Flow, FlowStep, OverviewContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import (
    Live,
    Site,
    Style,
    base_name,
    chrome,
    finite,
    number_label,
    on_day,
    result_of,
    run_label,
    said,
)
from reportgen.site.pages.columns import choose
from reportgen.site.pages.leaderboard import by_metric, held_since, style_of
from reportgen.site.pages.listing import JobState, jobs_table
from reportgen.site.pages.news import BuildNews, find_news, news_table
from reportgen.site.pages.run_table import band_words, run_rows
from reportgen.site.pages.scale import spark

RECENT = 12
_SPARK = 25
_CARDS = 6


class StageState(NamedTuple):
    """A stage of a pipeline: its job, the newest build, and what it waits for."""

    job: str
    title: str
    number: int | None = None
    started_at: datetime | None = None
    duration_s: float = 0.0
    result: str = ""
    running: RunningBuild | None = None
    hand: bool = False
    note: str = ""


class PipelineState(NamedTuple):
    """A pipeline with the last state of each stage, in order."""

    name: str
    title: str
    stages: tuple[StageState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewInput:
    """Everything the overview is made from.

    `intro` is safe markup; `pages` are (title, path) of content pages. `recent` are the newest runs, with all metrics that may
    be shown; `builds` what is different since the version `last_version`, made at `last_as_of`.
    """

    title: str = ""
    intro: str = ""
    pages: Sequence[tuple[str, str]] = ()
    judged: Sequence[Judged] = ()
    pipelines: Sequence[PipelineState] = ()
    jobs: Sequence[JobState] = ()
    recent: Sequence[RunRow] = ()
    running: Sequence[RunningBuild] = ()
    builds: Sequence[BuildNews] = ()
    last_version: str = ""
    last_as_of: datetime | None = None
    live: Live = field(default_factory=Live)


def overview_page(site: Site, given: OverviewInput) -> Page:
    """Return the overview."""
    path = site.links.overview
    title = given.title or site.name
    board_of = given.judged[0] if given.judged else None
    board = board_of.leaderboard.current if board_of else None
    news = find_news(site, path, builds=given.builds, running=given.running, judged=given.judged, since=given.last_as_of)
    verdict = _verdict(site, path, given, board_of)
    known = _recent(given, board_of)
    recent = known[:RECENT]
    style = style_of(site, board, board_of.leaderboard.options.metric) if board_of and board else None
    columns = choose(site, recent, style.name if style else "", metrics=0 if style else 2, params=2)
    champion = next((row.run for row in board.rows if row.champion), None) if board else None
    baseline = next((row.run for row in board.rows if row.baseline), None) if board else None
    jobs = {row.job for row in recent}
    axis, rows = run_rows(
        site,
        path,
        recent,
        style,
        columns,
        champion=champion,
        baseline=baseline,
        job=next(iter(jobs)) if len(jobs) == 1 else " ",
        earlier=known[RECENT:],
    )
    context = OverviewContext(
        chrome=chrome(site, path, "overview", title, description=said(verdict), live=given.live),
        title=title,
        pager=tuple(Link(label, relative(path, to)) for label, to in given.pages[:6]),
        notices=(),
        verdict=verdict,
        intro=Markup(given.intro),  # noqa: S704 - made safe by reportgen.content
        cards=tuple(_card(site, path, each) for each in given.judged[:_CARDS]),
        flows=tuple(_flow(site, path, each) for each in given.pipelines),
        news=news_table(path, news, _news_caption(len(news)), most=12) if news and given.last_version else None,
        news_note=_news_note(given),
        recent_heading="Recent runs",
        recent_more=_more(site, path, jobs),
        caption=_caption(jobs, style, band_words(recent, style, champion, next(iter(jobs)) if len(jobs) == 1 else "")),
        metric=style.title if style else "",
        axis=axis,
        columns=columns.heads,
        rows=rows,
        jobs=jobs_table(site, path, given.jobs) if len(given.jobs) > 1 else None,
        empty=None if given.jobs or given.recent else _empty(),
    )
    return Page(path, "overview.html", context)


def _recent(given: OverviewInput, board_of: Judged | None) -> list[RunRow]:
    """Return the newest runs of the first leaderboard's jobs, else of all: those to show, then those before them."""
    patterns = board_of.leaderboard.options.jobs if board_of else ()
    ranked = [row for row in given.recent if any(covers(pattern, row.job) for pattern in patterns)]
    return ranked or list(given.recent)


def _news_caption(count: int) -> Text:
    return (Span(f"{fmt.plural(count, 'change')}; what needs a person first, then what is worse or broken."),)


def _news_note(given: OverviewInput) -> str:
    if not given.last_version:
        return ""
    return f"{given.last_version}" + (f", data as of {fmt.minute(given.last_as_of)} UTC" if given.last_as_of else "")


def _verdict(site: Site, path: str, given: OverviewInput, board_of: Judged | None) -> Text:
    if not given.jobs and not given.recent:
        return (Span("Nothing to show yet.", mark="b"), Span(" The store is empty."))
    spans: list[Span] = []
    if board_of is not None:
        spans += _standing(site, path, board_of)
    waiting = [build for build in given.running if build.waiting_for]
    if waiting:
        verb = "build waits" if len(waiting) == 1 else "builds wait"
        spans.append(Span(f" {_sentence(fmt.in_words(len(waiting)))} {verb} for a person."))
    failed = [build for build in given.builds if build.result == "FAILURE" and not build.gone]
    if failed and given.last_as_of:
        words = "build" if len(failed) == 1 else "builds"
        spans.append(Span(f" Since {fmt.long_day(given.last_as_of)} {fmt.in_words(len(failed))} {words} failed."))
    if not spans:
        broken = [job for job in given.jobs if job.result == "FAILURE"]
        total = fmt.plural(len(given.jobs), "job")
        state = (
            "the last build of each succeeded"
            if not broken
            else f"the last build of {fmt.listed([base_name(j.job) for j in broken[:3]])} failed"
        )
        spans = [Span(f"{total}:", mark="b"), Span(f" {state}.")]
    return tuple(spans)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _standing(site: Site, path: str, board_of: Judged) -> list[Span]:
    board = board_of.leaderboard.current
    style = style_of(site, board, board_of.leaderboard.options.metric)
    leader = board.leader if board else None
    if board is None or leader is None:
        return [Span("Nothing ranked yet.", mark="b"), Span(f" No run has {style.title} so far.")]
    champion = next((row for row in board.rows if row.champion), None)
    if champion is None:
        link = Span(number_label(leader.run), relative(path, site.links.row(leader.run)), "b")
        return [
            link,
            Span(f" ranks first at {style.title} {fmt.number(leader.value, style.spec)}", mark="b"),
            Span("; nobody holds the title."),
        ]
    link = Span(number_label(champion.run), relative(path, site.links.row(champion.run)), "b")
    spans = [
        Span("Champion ", mark="b"),
        link,
        Span(f" holds at {style.title} {fmt.number(champion.value, style.spec)}.", mark="b"),
    ]
    if leader is not champion and leader.delta_champion is not None:
        size = gap(leader.delta_champion.value, style.spec)
        hedge = {False: ", too little to tell apart", True: ", separable", None: ""}[leader.delta_champion.separable]
        ahead = Span(number_label(leader.run), relative(path, site.links.row(leader.run)))
        spans += [Span(" Challenger "), ahead, Span(f" is {size} ahead{hedge}.")]
    return spans


def _card(site: Site, path: str, board_of: Judged) -> Card:
    options = board_of.leaderboard.options
    board = board_of.leaderboard.current
    style = style_of(site, board, options.metric)
    href = relative(path, site.links.leaderboard(options.name))
    title = by_metric(options.label, style)
    leader = board.leader if board else None
    if board is None or leader is None:
        return Card(title, href, fmt.DASH, "nothing ranked yet", (), None)
    champion = next((row for row in board.rows if row.champion), None)
    shown = champion or leader
    interval = fmt.interval(shown.low, shown.high, style.spec)
    direction = {"lower": "lower is better", "higher": "" if interval else "higher is better"}.get(style.direction, "")
    small = ", ".join(words for words in (style.unit, interval, direction) if words)
    text = _card_text(site, path, board_of, board, leader, champion, style)
    return Card(title, href, fmt.number(shown.value, style.spec), small, text, _card_spark(board_of, board, champion, style))


def _card_text(
    site: Site, path: str, board_of: Judged, board: Board, leader: BoardRow, champion: BoardRow | None, style: Style
) -> Text:
    several = len({row.run.job for row in board.rows}) > 1

    def link(row: BoardRow) -> Span:
        return Span(run_label(row.run, "" if several else row.run.job), relative(path, site.links.row(row.run)))

    if champion is None:
        second = board.rows[1] if board.ranked > 1 else None
        spans = [link(leader), Span(f" ranks first of {board.ranked}")]
        if second is not None and second.value is not None and leader.value is not None:
            size = gap(float(leader.value) - float(second.value), style.spec)
            hedge = {False: ", not separable", True: ", separable", None: ""}[second.separable]
            spans += [Span(f", {size} ahead of "), link(second), Span(hedge)]
        return (*spans, Span(". Nobody holds the title."))
    spans = [link(champion), Span(" "), Span("champion", mark="key")]
    term = held_since(board_of, board)
    if term is not None:
        spans += [Span(" since "), on_day(term.since)]
    spans.append(Span(". "))
    if leader is champion:
        second = board.rows[1] if board.ranked > 1 else None
        if second is not None and leader.tied:
            same = model_identity(second.run) == model_identity(leader.run)
            spans += [Span("It shares rank 1 with "), link(second), Span(", of the same model." if same else ".")]
        elif second is not None and second.delta_champion is not None:
            size = gap(second.delta_champion.value, style.spec)
            hedge = {False: ", not separable", True: ", separable", None: ""}[second.delta_champion.separable]
            spans += [Span(f"It leads by {size} over "), link(second), Span(f"{hedge}.")]
    elif leader.delta_champion is not None:
        size = gap(leader.delta_champion.value, style.spec)
        hedge = {False: ", not separable", True: ", separable", None: ""}[leader.delta_champion.separable]
        spans += [link(leader), Span(f" is {size} ahead{hedge}.")]
    return tuple(spans)


def _card_spark(board_of: Judged, board: Board, champion: BoardRow | None, style: Style) -> Spark | None:
    rows = [c for c in board_of.scores.candidates if c.key == board.key][-_SPARK:]
    values = [finite(c.metric) if c.missing is None else None for c in rows]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    gaps = len(values) - len(known)
    ends = f"from {fmt.number(known[0], style.spec)} to {fmt.number(known[-1], style.spec)}"
    words = f"{style.title} of the last {len(values)} comparable runs, {ends}"
    if gaps:
        words += f"; {gaps} without a value"
    band = (champion.low, champion.high) if champion and champion.low is not None and champion.high is not None else None
    return spark(values, words, band=band, size=(320, 48))


def _flow(site: Site, path: str, state: PipelineState) -> Flow:
    return Flow(
        state.title,
        relative(path, site.links.pipeline(state.name)),
        tuple(flow_step(site, path, stage) for stage in state.stages),
    )


def flow_step(site: Site, path: str, stage: StageState) -> FlowStep:
    """Return a stage as the strip of the overview shows it."""
    href = relative(path, site.links.job(stage.job))
    if stage.running is not None:
        waiting = stage.running.waiting_for
        result = Result("wait", "waiting for input") if waiting else Result("go", "running")
        note = f"since {fmt.minute(stage.running.started_at)}"
        return FlowStep(stage.title, href, f"#{stage.running.number}", "", result, stage.note or note, stage.hand)
    if stage.number is None or stage.started_at is None:
        return FlowStep(stage.title, href, "", "", Result("nil", "no build yet"), stage.note, stage.hand)
    to = relative(path, site.links.build(stage.job, stage.number, stage.started_at))
    note = stage.note or f"{fmt.day(stage.started_at)}, {fmt.duration(stage.duration_s)}"
    return FlowStep(stage.title, href, f"#{stage.number}", to, result_of(stage.result), note, stage.hand)


def _more(site: Site, path: str, jobs: set[str]) -> Link | None:
    if len(jobs) != 1:
        return Link("All jobs", relative(path, "jobs/index.html"))
    job = next(iter(jobs))
    return Link(f"All runs of {base_name(job)}", relative(path, site.links.job(job)))


def _caption(jobs: set[str], style: Style | None, band: str) -> Text:
    whose = f"{next(iter(jobs))}, newest first" if len(jobs) == 1 else "Newest first"
    direction = {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "") if style else ""
    return (Span(f"{whose}{f'; {style.title}{direction}' if style else ''}.{band} Dates are UTC."),)


def _empty() -> Empty:
    return Empty(
        "First steps.",
        (Span("Name your Jenkins and at least one job in reportgen.toml, then build:"),),
        '[jenkins]\nurl = "https://ci.example.com/jenkins"\n\n[[jobs]]\nname = "folder/job"\n\n$ reportgen build',
    )
