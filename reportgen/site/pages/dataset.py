"""The page of a data set: what was this, who used it, and what can be told apart on it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reportgen.analysis.judge import Judged
from reportgen.analysis.luck import gap_of_interval, smallest_gap
from reportgen.analysis.values import Board, run_id
from reportgen.model import Dataset, Model, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Fact, Row, Span, Table, Text
from reportgen.site.contexts.model import DatasetContext
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, Style, builds_of, chrome, finite, on_day, result_of, run_label, said
from reportgen.site.pages.leaderboard import by_metric, style_of
from reportgen.site.pages.run_table import band_words, champion_band, why_missing
from reportgen.site.pages.scale import Scale

_MODELS = 3
_SETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInput:
    """A data set by digest, with the runs that made and used it (oldest first).

    `names` are all names it goes by, the newest first; `boards` the leaderboards that rank on it.
    """

    dataset: Dataset
    names: Sequence[str] = ()
    makers: Sequence[RunRow] = ()
    users: Sequence[RunRow] = ()
    boards: Sequence[tuple[Judged, Board]] = ()
    live: Live = field(default_factory=Live)


def dataset_page(site: Site, given: DatasetInput) -> Page:
    """Return the page of a data set."""
    dataset = given.dataset
    path = site.links.dataset(dataset.sha256 or "")
    digest = fmt.short_digest(dataset.sha256)
    verdict = _verdict(site, path, given)
    gaps = _gaps(site, given)
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
        gaps=gaps,
        gaps_note=_gaps_note(given.boards),
        worn=_worn(site, given.boards),
        worn_note="Score the chosen model once on rows that nobody looked at, logged with the role test.",
        others=_others(site, path, given),
        uses=_uses(site, path, given),
        uses_more=_more(site, path, given),
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
        gap = next((found for judged, board in given.boards if (found := _gap(site, given, judged, board))), None)
        if gap is not None:
            style, two, _ = gap
            spans += [Span(" Two runs nearer than "), Span(f"{fmt.number(two, style.spec)} in {style.title}", mark="b")]
            spans.append(Span(" cannot be told apart."))
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
                    Cell((Span(by_metric(options.label, style), relative(path, site.links.leaderboard(options.name))),)),
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


_Gap = tuple[Style, float, float]
"""How a metric is written, the smallest gap of two runs, and that of any pair of the runs on the board."""


def _gap(site: Site, given: DatasetInput, judged: Judged, board: Board) -> _Gap | None:
    """Return what the leader's interval says of the smallest gap; without one, what a share of so many rows can show."""
    leader = board.leader
    value = float(leader.value) if leader is not None and leader.value is not None else None
    if leader is None or value is None or leader.group is not None:
        return None
    style = style_of(site, board, judged.leaderboard.options.metric)
    if leader.low is not None and leader.high is not None:
        return style, gap_of_interval(leader.low, leader.high), gap_of_interval(leader.low, leader.high, board.with_interval)
    if given.dataset.rows and 0 < value < 1 and not style.unit:
        gap = smallest_gap(value, given.dataset.rows)
        return style, gap, gap * gap_of_interval(0.0, 1.0, board.ranked) / gap_of_interval(0.0, 1.0)
    return None


def _gaps(site: Site, given: DatasetInput) -> Table | None:
    body = []
    for judged, board in given.boards:
        found = _gap(site, given, judged, board)
        if found is None or board.leader is None:
            continue
        style, two, every = found
        leader = board.leader
        body.append(
            Row(
                (
                    Cell((Span(style.title + (f", {style.unit}" if style.unit else "")),)),
                    Cell((Span(fmt.number(two, style.spec)),), "v"),
                    Cell((Span(fmt.number(every, style.spec) if board.ranked > 2 else fmt.DASH),), "num"),
                    Cell((Span(fmt.number(leader.value, style.spec)),), "num"),
                    Cell((Span(fmt.interval(leader.low, leader.high, style.spec) or "no interval", mark="ci"),), "nw"),
                )
            )
        )
    if not body:
        return None
    columns = (
        Column("Metric"),
        Column("Two runs", num=True, sub="named beforehand"),
        Column("Any pair", num=True, sub="of the board"),
        Column("Leader", num=True),
        Column("95 % interval"),
    )
    rows = f" that {fmt.plural(given.dataset.rows, 'row')} can show" if given.dataset.rows else ""
    return Table("c-gaps", (Span(f"The smallest difference{rows}, near the leader's value."),), columns, tuple(body))


def _gaps_note(boards: Iterable[tuple[Judged, Board]]) -> str:
    known = any(board.leader is not None and board.leader.low is not None for _, board in boards)
    source = "the leader's interval" if known else "the leader's value as a share of the rows"
    return f"From {source}, as if the runs had erred on different rows. Results by row, where runs log them, show smaller gaps."


def _worn(site: Site, boards: Iterable[tuple[Judged, Board]]) -> Text:
    for judged, board in boards:
        luck = board.luck
        if luck is not None:
            spec = style_of(site, board, judged.leaderboard.options.metric).spec
            rows = f"these {fmt.count(luck.rows)} rows" if luck.rows else "this set"
            words = f"{fmt.plural(luck.candidates, 'model')} were scored on {rows}."
            value = fmt.number(luck.leader, spec)
            return (
                Span(words, mark="b"),
                Span(f" Up to {fmt.number(luck.luck, spec)} of the leader's {value} may be luck of the pick."),
            )
    return ()


def _others(site: Site, path: str, given: DatasetInput) -> Table | None:
    """The sets that the first of its leaderboards ranks on, for what stands left and right of a change does not compare."""
    if not given.boards:
        return None
    judged, own = given.boards[0]
    rows = []
    for board in judged.leaderboard.boards:
        digest = next((value for key, value in board.comparable.by.items() if key.startswith("dataset.") and value), None)
        if digest is None or "+" in digest or board.first_used is None or board.last_used is None:
            continue
        name = ", ".join(board.comparable.names) or "unnamed"
        mine = board is own or board.key == own.key
        rows.append(
            Row(
                (
                    Cell((Span(name),) if mine else (Span(name, relative(path, site.links.dataset(digest))),), "any"),
                    Cell((Span(fmt.count(board.rows_scored) if board.rows_scored else fmt.DASH),), "num"),
                    Cell((Span(fmt.count(board.ranked)),), "num"),
                    Cell((on_day(board.first_used), Span(" to "), on_day(board.last_used)), "mut"),
                    Cell((Span(fmt.short_digest(digest)),), "mono"),
                ),
                "me" if mine else "",
            )
        )
    if len(rows) < 2:
        return None
    label = judged.leaderboard.options.label
    words = f"What {label} was ranked on, the newest set first. Scores on different sets do not compare."
    columns = (Column("Set"), Column("Rows", num=True), Column("Ranked", num=True), Column("Used"), Column("SHA-256"))
    return Table("c-sets", (Span(words),), columns, tuple(rows[:_SETS]))


def _about(given: DatasetInput) -> list[RunRow]:
    """The runs that made or used it, newest first, each once."""
    found = {run_id(run): run for run in (*given.makers, *given.users)}
    return sorted(found.values(), key=lambda run: run.started_at, reverse=True)


def _uses(site: Site, path: str, given: DatasetInput) -> Table | None:
    every = _about(given)
    if not every:
        return None
    shown = every[: site.table_rows]
    made = {run_id(run) for run in given.makers}
    judged, board = given.boards[0] if given.boards else (None, None)
    style = style_of(site, board, judged.leaderboard.options.metric) if judged and board else None
    champion = next((row.run for row in board.rows if row.champion), None) if board else None
    metrics = [metric for run in shown if style and (metric := run.metrics.get(style.name)) is not None]
    band = champion_band(shown, style, champion)
    ends = [*(v for m in metrics for v in (finite(m), m.low, m.high)), *(band or ())]
    scale = Scale.over(ends, bulk=True) if any(metric.low is not None for metric in metrics) else None
    words = f"{fmt.plural(len(every), 'run')}, newest first"
    if len(shown) < len(every):
        words = f"The newest {fmt.count(len(shown))} of {fmt.plural(len(every), 'run')}"
    if style:
        words += f"; {style.title}" + {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "")
    columns = [Column("Run", sort="text"), Column("Result", sort="text"), Column("What", sort="text")]
    if style:
        columns.append(Column(style.title + (f", {style.unit}" if style.unit else ""), num=True, sort="num"))
        if scale:
            columns += [Column("Plot", kind="p", axis=scale.ticks()), Column("95 % interval")]
    columns += [Column("Model"), Column("Date", sort="text")]
    rows = []
    for run in shown:
        tag = (Span(" "), Span("champion", mark="key")) if champion is not None and run.key == champion.key else ()
        cells = [
            Cell((Span(run_label(run, ""), relative(path, site.links.row(run))), *tag), "nw"),
            Cell((), result=result_of(run.result)),
            Cell((Span("made it" if run_id(run) in made else "used it"),), "mut nw"),
        ]
        if style:
            cells += _scored(run, style, scale, band, maker=run_id(run) in made)
        cells += [Cell(_models(site, path, run.models), "any"), Cell((on_day(run.started_at),), "mut nw")]
        rows.append(Row(tuple(cells)))
    caption = Span(f"{words}.{band_words(shown, style, champion, '')} Dates are UTC.")
    return Table("c-use", (caption,), tuple(columns), tuple(rows), "board pad stick p8 fold")


def _scored(run: RunRow, style: Style, scale: Scale | None, band: tuple[float, float] | None, *, maker: bool) -> list[Cell]:
    metric = run.metrics.get(style.name)
    missing = "" if metric is None and maker else why_missing(run, style)
    value = finite(metric)
    if metric is None or value is None:
        cell = Cell((Span(missing or fmt.DASH),), "why" if missing else "num")
        return [cell, Cell((), "p"), Cell(())] if scale else [cell]
    cells = [Cell((Span(fmt.number(value, style.spec)),), "v", sort=repr(value))]
    if scale:
        cells.append(Cell((), "p", plot=scale.plot(value, metric.low, metric.high, band=band)))
        cells.append(Cell((Span(fmt.interval(metric.low, metric.high, style.spec) or "no interval", mark="ci"),), "nw"))
    return cells


def _models(site: Site, path: str, models: Sequence[Model]) -> Text:
    spans: list[Span] = []
    for model in models[:_MODELS]:
        spans += [Span(", ")] if spans else []
        spans.append(Span(fmt.short_digest(model.sha256), relative(path, site.links.model(model.sha256)), "code"))
        spans.append(Span(f" {model.name}" if model.name else "", mark="mut"))
    if len(models) > _MODELS:
        spans.append(Span(f" and {len(models) - _MODELS} more", mark="mut"))
    return tuple(spans) or (Span(fmt.DASH),)


def _more(site: Site, path: str, given: DatasetInput) -> Text:
    total = len(_about(given))
    if total <= site.table_rows:
        return ()
    digest = fmt.short_digest(given.dataset.sha256)
    return (
        Span("Older runs are among the builds of "),
        *builds_of(site, path, list(dict.fromkeys(run.job for run in _about(given)))),
        Span(" and in "),
        Span("runs.csv", relative(path, "data/runs.csv")),
        Span("; where scripts run, "),
        Span("search finds them by the digest", f"{relative(path, site.links.search)}#q={digest}"),
        Span("."),
    )
