"""The page of a pipeline: where is each model in the chain?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from reportgen.analysis.judge import Judged
from reportgen.analysis.ownership import as_owned, find_owners
from reportgen.analysis.pipeline import Pass, PipelineOptions, Step
from reportgen.analysis.values import BoardRow, RunId, run_id
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Empty, Result, Row, Span, Table, Text
from reportgen.site.contexts.pipeline import PassCell, PassRow, PipelineContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import (
    Live,
    Site,
    Style,
    base_name,
    chrome,
    delta_of,
    number_label,
    result_of,
    run_label,
    said,
    when,
)
from reportgen.site.pages.leaderboard import style_of
from reportgen.site.pages.overview import PipelineState
from reportgen.site.pages.pipeline_picture import picture
from reportgen.site.pages.table_files import links_to, table_files, with_files
from reportgen.site.pages.trends import group_param

MOST_PASSES = 200
_BROKEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineInput:
    """A pipeline with its passes, newest first; `newest` maps a job to its newest run; `judged` ranks one of its jobs.

    `compare` maps a run to the page of it and the champion.
    """

    options: PipelineOptions
    state: PipelineState
    passes: Sequence[Pass] = ()
    newest: Mapping[str, RunRow] = field(default_factory=dict)
    judged: Judged | None = None
    compare: Mapping[str, str] = field(default_factory=dict)
    live: Live = field(default_factory=Live)


def pipeline_page(site: Site, given: PipelineInput) -> Page:
    """Return the page of a pipeline."""
    path = site.links.pipeline(given.options.name)
    verdict = _verdict(site, path, given)
    ranked = _ranked(site, given.judged)
    live = _live(given.passes)
    shown = given.passes[:MOST_PASSES]
    group = group_param([step.run for one in shown for step in one.steps if step.run is not None and step.run.params])
    broken = [one for one in given.passes if one.broken]
    owners = find_owners(given.passes)
    heads = tuple(stage.title for stage in given.state.stages)
    passes = tuple(
        _pass(site, path, as_owned(one, index, owners), ranked, group, live=one is live) for index, one in enumerate(shown)
    )
    caption = _caption(len(given.passes), len(shown))
    data = table_files(path, _as_table(heads, passes, caption)) if passes else ()
    context = PipelineContext(
        chrome=chrome(
            site,
            path,
            "pipeline",
            f"Pipeline {given.options.label}",
            here=given.options.label,
            crumbs=[("Pipelines", "pipelines/index.html")],
            description=said(verdict),
            live=given.live,
        ),
        title=given.options.label,
        verdict=verdict,
        places=picture(site, path, given.state.stages, given.newest, live=given.options.deploy if live is not None else None),
        alt=f"Pipeline {given.options.label}: " + ", then ".join(stage.title for stage in given.state.stages),
        waiting=_waiting(site, path, given, owners, ranked),
        waiting_empty=Empty("Nothing waits.", (Span("No build of this pipeline asks a person for input."),)),
        heads=heads,
        passes=passes,
        passes_caption=caption,
        passes_data=links_to(data),
        broken=_broken(site, path, broken) if broken else None,
        broken_empty=Empty("None.", (Span("Every step that later steps came of is known."),)),
        empty=None if given.passes else Empty("No pass yet.", (Span("No build of its jobs was harvested so far."),)),
    )
    return with_files(Page(path, "pipeline.html", context, data))


_Ranked = Mapping[RunId, tuple[BoardRow, int, Style]]


def _ranked(site: Site, judged: Judged | None) -> _Ranked:
    found: dict[RunId, tuple[BoardRow, int, Style]] = {}
    for board in judged.leaderboard.boards if judged else ():
        style = style_of(site, board, judged.leaderboard.options.metric) if judged else None
        for row in board.rows[: board.ranked]:
            for member in row.group.members if row.group else (row.run,):
                if style is not None:
                    found[run_id(member)] = (row, board.ranked, style)
    return found


def _live(passes: Sequence[Pass]) -> Pass | None:
    """Return the pass of the newest deployment."""
    deployed = [one for one in passes if one.state == "deployed"]
    return max(deployed, key=lambda one: one.started_at, default=None)


def _verdict(site: Site, path: str, given: PipelineInput) -> Text:
    waiting = [stage.running for stage in given.state.stages if stage.running is not None and stage.running.waiting_for]
    spans: list[Span] = []
    if waiting:
        first = min(waiting, key=lambda running: running.started_at)
        words = (
            "One build waits for a person"
            if len(waiting) == 1
            else f"{fmt.in_words(len(waiting)).capitalize()} builds wait for a person"
        )
        spans = [
            Span(f"{words}:", mark="b"),
            Span(f" {base_name(first.job)} #{first.number}, since {fmt.long_day(first.started_at)}."),
        ]
    live = _live(given.passes)
    if live is not None:
        deployed = next((step.run for step in reversed(live.steps) if step.run is not None), live.last)
        scored = next((step.run for step in reversed(live.steps) if step.run is not None and step.run.metrics), None)
        shown = scored or deployed
        lead = Span("The model of ", mark="" if spans else "b")
        link = Span(run_label(shown, ""), relative(path, site.links.row(shown)), "" if spans else "b")
        spans += [Span(" ")] if spans else []
        spans += [lead, link, Span(f" is live since {fmt.long_day(deployed.started_at)}.", mark="" if len(spans) > 2 else "b")]
    elif given.passes:
        spans += [Span(" Nothing is deployed yet." if spans else "Nothing is deployed yet.", mark="" if spans else "b")]
    failed = [one for one in given.passes[:10] if one.state == "failed"]
    if failed:
        count = len(failed)
        spans.append(Span(f" Of the last {min(10, len(given.passes))} passes {fmt.in_words(count)} failed."))
    return tuple(spans) or (Span("No pass yet.", mark="b"),)


def _waiting(
    site: Site, path: str, given: PipelineInput, owners: Mapping[tuple[str, int], int], ranked: _Ranked
) -> Table | None:
    rows = []
    for stage in given.state.stages:
        running = stage.running
        if running is None or not running.waiting_for:
            continue
        link = site.on_jenkins(running.job, running.number)
        owner = owners.get((running.job, running.number))
        rows.append(
            Row(
                (
                    Cell((Span(f"{base_name(running.job)} #{running.number}", link),), "nw", result=None),
                    Cell((Span(running.waiting_for),), "tx"),
                    *_concerned(site, path, given, ranked, None if owner is None else given.passes[owner]),
                    Cell((when(running.started_at), Span(" UTC")), "mut nw"),
                )
            )
        )
    if not rows:
        return None
    return Table(
        "c-wait",
        (Span("Answer on Jenkins; this page cannot."),),
        (
            Column("Input"),
            Column("Question"),
            Column("Run"),
            Column("Value", num=True),
            Column("on champion", num=True),
            Column("Since"),
        ),
        tuple(rows),
    )


def _concerned(site: Site, path: str, given: PipelineInput, ranked: _Ranked, one: Pass | None) -> tuple[Cell, Cell, Cell]:
    """Return the run that a question is about, its value, and how it stands against the champion."""
    scored = [step.run for step in one.steps if step.run is not None and run_id(step.run) in ranked] if one else []
    if not scored:
        return Cell((Span("not known"),), "why"), Cell((Span(fmt.DASH),), "num"), Cell((Span(fmt.DASH),), "num")
    run = scored[-1]
    row, among, style = ranked[run_id(run)]
    value = (Span(f"{style.title} ", mark="mut"), Span(fmt.number(row.value, style.spec), mark="b"))
    name = (Span(run_label(run, ""), relative(path, site.links.row(run))), Span(f" rank {row.rank} of {among}", mark="mut"))
    found = row.delta_champion
    if row.champion or found is None:
        return Cell(name, "nw"), Cell(value, "num"), Cell((Span("the champion" if row.champion else fmt.DASH),), "num")
    delta = delta_of(found.value, style.spec, separable=found.separable, word=found.word)
    page = given.compare.get(str(run.key))
    if page:
        words = {True: "separable", False: "not separable", None: "compare"}[found.separable]
        return Cell(name, "nw"), Cell(value, "num"), Cell((Span(f"{delta.text}, "), Span(words, relative(path, page))), "num")
    return Cell(name, "nw"), Cell(value, "num"), Cell((), "num", delta=delta)


def _caption(total: int, shown: int) -> str:
    which = (
        "One row per pass through the chain, newest first"
        if total == shown
        else f"The newest {shown} of {fmt.count(total)} passes"
    )
    return f"{which}; read from left to right until it stops. Dates are UTC."


_STATES = {"deployed": "ended", "failed": "broken", "done": "ended"}


def _pass(site: Site, path: str, one: Pass, ranked: _Ranked, group: str, *, live: bool) -> PassRow:
    cells = tuple(_step(site, path, step, ranked, group) for step in one.steps)
    state = "live" if live else _STATES.get(one.state, one.state)
    return PassRow(fmt.day(one.started_at), fmt.machine_time(one.started_at), cells, state, live)


def _step(site: Site, path: str, step: Step, ranked: _Ranked, group: str) -> PassCell:
    run = step.run
    if run is None:
        if step.running is not None:
            waits = bool(step.running.waiting_for)
            result = Result("wait", "waiting") if waits else Result("go", "running")
            return PassCell(
                result,
                f"#{step.running.number}",
                "",
                "",
                "waiting" if waits else "running",
                f"since {fmt.minute(step.running.started_at)}",
            )
        words = {"missing": "not known", "stopped": "not reached", "waiting": "waits for a person", "open": "not yet"}
        return PassCell(None, fmt.DASH, "", "", "", words.get(step.state, ""))
    href = relative(path, site.links.row(run))
    ruling = step.ruling
    if ruling is not None:
        word = {"approved": "approved", "rejected": "rejected", "revoked": "revoked", "deployed": ""}[ruling.kind]
        by = f"{site.person(ruling.by)}: " if ruling.by else ""
        note = f"{by}{ruling.reason}" if ruling.reason else by.removesuffix(": ")
        return PassCell(result_of(run.result), number_label(run), href, "", word, note)
    entry = ranked.get(run_id(run))
    if entry is not None:
        row, among, style = entry
        return PassCell(
            result_of(run.result), number_label(run), href, fmt.number(row.value, style.spec), "", f"rank {row.rank} of {among}"
        )
    note = (
        "build failed" if step.state == "failed" else (fmt.plain(run.params[group]) if group and run.params.get(group) else "")
    )
    if not note and run.datasets and not run.models:
        note = run.datasets[0].name
    return PassCell(result_of(run.result), number_label(run), href, "", "", note)


def _as_table(heads: Sequence[str], passes: Sequence[PassRow], caption: str) -> Table:
    """Return the passes with a column for each thing that is told of a stage."""
    columns = [Column(f"{head}: {part}") for head in heads for part in ("build", "result", "value", "note")]

    def cells(one: PassCell) -> tuple[Cell, ...]:
        result = Cell((Span(one.result.word if one.result else ""),))
        value = Cell((Span(one.value),), "num")
        note = " ".join(word for word in (one.word, one.note) if word)
        return (Cell((Span(one.label, one.href),)), result, value, Cell((Span(note),)))

    rows = tuple(
        Row(
            (
                Cell((Span(one.date, datetime=one.datetime),)),
                Cell((Span(one.state),)),
                *chain.from_iterable(map(cells, one.cells)),
            )
        )
        for one in passes
    )
    return Table("c-passes", (Span(caption),), (Column("Started"), Column("State"), *columns), rows)


def _broken(site: Site, path: str, broken: Sequence[Pass]) -> Table:
    rows = []
    for one in broken[:_BROKEN]:
        missing = [base_name(step.job) for step in one.steps if step.state == "missing"]
        rows.append(
            Row(
                (
                    Cell((Span(run_label(one.last, ""), relative(path, site.links.row(one.last))),)),
                    Cell((Span(f"{fmt.listed(missing)} not known"),), "tx"),
                    Cell((Span(fmt.day(one.started_at)),), "mut nw"),
                )
            )
        )
    words = f"{fmt.plural(len(broken), 'pass', 'passes')} with a step that no harvested build made" + (
        f", the newest {_BROKEN} shown." if len(broken) > _BROKEN else "."
    )
    return Table("c-broken", (Span(words),), (Column("Ends in"), Column("Missing"), Column("Date")), tuple(rows))
