"""Lists of leaderboards, pipelines, models and data sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from reportgen.analysis.judge import Judged
from reportgen.analysis.values import BoardRow
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Empty, Row, Span, Table, Text
from reportgen.site.links import relative
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, Style, on_day, run_label
from reportgen.site.pages.leaderboard import by_metric, style_of
from reportgen.site.pages.listing import listing_page
from reportgen.site.pages.overview import PipelineState, flow_step

MOST = 300


class ModelFact(NamedTuple):
    """A model for the list: who made it when, its state in words."""

    digest: str
    name: str
    maker: RunRow | None
    state: str
    at: datetime | None


class DatasetFact(NamedTuple):
    """A data set for the list."""

    digest: str
    name: str
    role: str
    rows: int | None
    columns: int | None
    uses: int
    last: datetime | None


def leaderboards_page(site: Site, judged: Sequence[Judged], live: Live | None = None) -> Page:
    """Return the list of leaderboards."""
    path = "leaderboards/index.html"
    rows = [_leaderboard(site, path, each) for each in judged]
    verdict: Text = (
        Span(f"{fmt.plural(len(judged), 'leaderboard')}.", mark="b"),
        Span(" Runs are ranked among those scored on the same data."),
    )
    columns = (
        Column("Leaderboard", sort="text"),
        Column("Champion"),
        Column("Value", num=True),
        Column("First"),
        Column("Value", num=True),
        Column("Ranked", num=True, sort="num"),
        Column("On"),
    )
    table = Table("c-leaderboards", (Span("The current board of each."),), columns, tuple(rows))
    empty = Empty(
        "No leaderboard.",
        (Span("No job logged a metric whose direction is known. Name one in reportgen.toml:"),),
        '[leaderboards.NAME]\njobs = ["folder/job"]\nmetric = "val/f1"\n\n[metrics."val/f1"]\ndirection = "higher"',
    )
    tables = [("", table)] if judged else []
    return listing_page(
        site, path, "leaderboard", "Leaderboards", verdict=verdict, tables=tables, empty=None if judged else empty, live=live
    )


def _leaderboard(site: Site, path: str, judged: Judged) -> Row:
    options = judged.leaderboard.options
    board = judged.leaderboard.current
    style = style_of(site, board, options.metric)
    leader = board.leader if board else None
    champion = next((row for row in board.rows if row.champion), None) if board else None

    def run(row: object) -> Cell:
        found = leader if row is leader else champion
        if found is None or row is None:
            return Cell((Span("nobody" if row is champion else "nothing ranked"),), "why")
        return Cell((Span(run_label(found.run, ""), relative(path, site.links.row(found.run))),), "nw")

    return Row(
        (
            Cell((Span(by_metric(options.label, style), relative(path, site.links.leaderboard(options.name))),)),
            run(champion),
            Cell((Span(fmt.number(champion.value if champion else None, style.spec)),), "v"),
            run(leader),
            Cell((Span(fmt.number(leader.value if leader else None, style.spec)),), "num"),
            Cell((Span(fmt.count(board.ranked if board else 0)),), "num"),
            Cell((Span(", ".join(board.comparable.names) if board and board.comparable.names else fmt.DASH),), "any"),
        )
    )


def pipelines_page(site: Site, states: Sequence[PipelineState], live: Live | None = None) -> Page:
    """Return the list of pipelines."""
    path = "pipelines/index.html"
    rows = []
    for state in states:
        steps = [flow_step(site, path, stage) for stage in state.stages]
        spans: list[Span] = []
        for step in steps:
            spans += [Span(" → ")] if spans else []
            spans += [Span(step.title, step.href), Span(f" {step.number}" if step.number else "")]
        waiting = [step for step in steps if step.result.kind == "wait"]
        words = f"{waiting[0].title} waits for a person" if waiting else ""
        rows.append(
            Row(
                (
                    Cell((Span(state.title, relative(path, site.links.pipeline(state.name))),), "nw"),
                    Cell(tuple(spans), "tx"),
                    Cell((Span(words),)),
                )
            )
        )
    verdict: Text = (Span(f"{fmt.plural(len(states), 'pipeline')}.", mark="b"),)
    table = Table(
        "c-pipelines",
        (Span("Stages in order, each with its newest build."),),
        (Column("Pipeline"), Column("Stages"), Column("Now")),
        tuple(rows),
    )
    empty = Empty(
        "No pipeline.",
        (Span("No job triggers another, and none uses what another made. Name one in reportgen.toml:"),),
        '[pipelines.NAME]\njobs = ["folder/train", "folder/validate", "folder/deploy"]',
    )
    return listing_page(
        site,
        path,
        "pipeline",
        "Pipelines",
        verdict=verdict,
        tables=[("", table)] if states else [],
        empty=None if states else empty,
        live=live,
    )


def models_page(site: Site, models: Sequence[ModelFact], judged: Sequence[Judged] = (), live: Live | None = None) -> Page:
    """Return the list of models, newest first, with how they stand on the first leaderboard."""
    path = "models/index.html"
    board = judged[0].leaderboard.current if judged else None
    standing: dict[str, BoardRow] = {}
    for row in board.rows[: board.ranked] if board else ():
        for model in row.run.models:
            standing.setdefault(model.sha256, row)
    style = style_of(site, board, judged[0].leaderboard.options.metric) if standing else None
    names = {model.name for model in models}
    columns = [Column("Model")]
    if len(names) > 1:
        columns.append(Column("File", sort="text"))
    if style:
        columns += [Column(style.title, num=True, sort="num"), Column("Rank", num=True, sort="num")]
    columns += [Column("State", sort="text"), Column("Made by"), Column("Date", sort="text")]
    rows = tuple(
        Row(_model(site, path, model, standing.get(model.digest), style, named=len(names) > 1)) for model in models[:MOST]
    )
    live_now = [model for model in models if model.state == "live"]
    words = f" {fmt.listed([fmt.short_digest(m.digest) for m in live_now[:3]])} is live." if len(live_now) == 1 else ""
    lead = f"{fmt.plural(len(models), 'model')}." if models else "No model is known yet."
    verdict: Text = (Span(lead, mark="b"), Span(words))
    called = f" called {next(iter(names))}" if len(names) == 1 else ""
    more = f", the newest {MOST} shown" if len(models) > MOST else ""
    caption = [Span(f"{fmt.plural(len(models), 'file')}{called}, by digest{more}. ")]
    if style:
        options = judged[0].leaderboard.options
        to = relative(path, site.links.leaderboard(options.name))
        caption += [Span(f"{style.title} is a model's best on "), Span(options.label, to), Span(". ")]
    table = Table("c-models", (*caption, Span("Dates are UTC.")), tuple(columns), rows)
    empty = Empty(
        "No models.", (Span("A step says which file it made:"),), 'run.log_model("model.pkl", framework="scikit-learn")'
    )
    return listing_page(
        site,
        path,
        "model",
        "Models",
        verdict=verdict,
        tables=[("", table)] if models else [],
        empty=None if models else empty,
        live=live,
    )


def _model(
    site: Site, path: str, model: ModelFact, row: BoardRow | None, style: Style | None, *, named: bool
) -> tuple[Cell, ...]:
    cells = [Cell((Span(fmt.short_digest(model.digest), relative(path, site.links.model(model.digest)), "code"),), "nw")]
    if named:
        cells.append(Cell((Span(model.name),), "any"))
    if style and row is not None:
        to = relative(path, site.links.row(row.run))
        cells.append(Cell((Span(fmt.number(row.value, style.spec), to),), "num", sort=repr(row.value)))
        cells.append(Cell((Span(f"{row.rank}{'=' if row.tied else ''}"),), "num", sort=str(row.rank)))
    elif style:
        cells += [Cell((Span(fmt.DASH),), "num")] * 2
    state = Span(model.state, mark="key" if model.state == "live" else ("tag" if model.state else ""))
    maker = model.maker
    made = Span(run_label(maker, ""), relative(path, site.links.row(maker))) if maker else Span("not known", mark="why")
    return (*cells, Cell((state,)), Cell((made,)), Cell((on_day(model.at) if model.at else Span(fmt.DASH),), "mut nw"))


def datasets_page(site: Site, datasets: Sequence[DatasetFact], live: Live | None = None) -> Page:
    """Return the list of data sets, the last used first."""
    path = "datasets/index.html"
    rows = tuple(
        Row(
            (
                Cell((Span(dataset.name or "unnamed", relative(path, site.links.dataset(dataset.digest))),), "any"),
                Cell((Span(dataset.role or fmt.DASH),)),
                Cell(
                    (Span(fmt.count(dataset.rows) if dataset.rows is not None else fmt.DASH),),
                    "num",
                    sort=str(dataset.rows or ""),
                ),
                Cell((Span(fmt.count(dataset.columns) if dataset.columns is not None else fmt.DASH),), "num"),
                Cell((Span(fmt.count(dataset.uses)),), "num"),
                Cell((Span(fmt.short_digest(dataset.digest)),), "mono"),
                Cell((on_day(dataset.last) if dataset.last else Span(fmt.DASH),), "mut nw"),
            )
        )
        for dataset in datasets[:MOST]
    )
    verdict: Text = (
        Span(f"{fmt.plural(len(datasets), 'data set')}." if datasets else "No data set is known yet.", mark="b"),
        Span(" Two runs are comparable when they were scored on the same one."),
    )
    columns = (
        Column("Data set", sort="text"),
        Column("Role", sort="text"),
        Column("Rows", num=True, sort="num"),
        Column("Columns", num=True, sort="num"),
        Column("Runs", num=True, sort="num"),
        Column("SHA-256"),
        Column("Last used", sort="text"),
    )
    more = f"The {MOST} used last of {fmt.count(len(datasets))}. " if len(datasets) > MOST else ""
    table = Table("c-datasets", (Span(f"{more}Identified by digest, whatever their names. Dates are UTC."),), columns, rows)
    empty = Empty(
        "No data sets.",
        (Span("A step says what it used:"),),
        'run.log_dataset("validation", "validation.csv", role="validation")',
    )
    return listing_page(
        site,
        path,
        "dataset",
        "Data sets",
        verdict=verdict,
        tables=[("", table)] if datasets else [],
        empty=None if datasets else empty,
        live=live,
    )
