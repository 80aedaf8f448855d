"""Context of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import Chrome, Delta, Empty, Figure, Link, Plot, Table, Text, Tick


class Compared(NamedTuple):
    """A run among those compared."""

    label: Annotated[str, "Its number."]
    href: Annotated[str, "Its page."]
    role: Annotated[str, "champion, challenger, baseline, newest, or empty."]


class CompareCell(NamedTuple):
    """A metric of one of the other runs."""

    value: Annotated[str, "Value in the metric's format, or an en dash."]
    missing: Annotated[str, "Why there is none."]
    delta: Annotated[Delta, "Against the first run."]


class CompareRow(NamedTuple):
    """A metric in all runs."""

    title: Annotated[str, "Readable name."]
    name: Annotated[str, "Name as logged; empty where the title says the same."]
    value: Annotated[str, "The first run's value."]
    plots: Annotated[tuple[Plot, ...], "Differences of the others on the shared scale, at most two; empty where not drawn."]
    why: Annotated[str, "Why nothing is drawn."]
    cells: Annotated[tuple[CompareCell, ...], "The other runs."]


class CompareGroup(NamedTuple):
    """Metrics of one direction."""

    title: Annotated[str, "Quality, Error and cost, or Other."]
    words: Annotated[str, "Which way is better."]
    rows: Annotated[tuple[CompareRow, ...], "Those that differ first."]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareContext:
    """A comparison: what differs between these?"""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "The runs."]
    pager: Annotated[tuple[Link, ...], "Other comparisons."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    runs: Annotated[tuple[Compared, ...], "The runs; differences are to the first."]
    caption: Annotated[Text, "Caption of the metrics."]
    axis: Annotated[tuple[Tick, ...], "Scale of the differences; empty where nothing is drawn."]
    groups: Annotated[tuple[CompareGroup, ...], "Metrics that differ."]
    width: Annotated[int, "Number of columns."]
    same_metrics: Annotated[str, "Metrics that are the same in all, in words."]
    params: Annotated[Table | None, "Params that differ."]
    same_params: Annotated[Table | None, "Params that are the same."]
    same_words: Annotated[str, "How many."]
    around: Annotated[Table | None, "Data sets, commit, model, tags."]
    environment: Annotated[Table | None, "Versions that differ."]
    figures: Annotated[tuple[Figure, ...], "Pictures side by side: each name once per run, in the order of the runs."]
    curves: Annotated[tuple[Figure, ...], "Series of all runs on one plot each."]
    empty: Annotated[Empty | None, "What stands here where nothing differs."]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareIndexContext:
    """The compare page: which comparisons are ready, and where a chosen one goes."""

    chrome: Annotated[Chrome, "The frame."]
    verdict: Annotated[Text, "What is here."]
    overlay: Annotated[str, "The script that series of chosen runs are drawn with; empty without."]
    tables: Annotated[tuple[Table, ...], "Per board: the champion against others."]
    headings: Annotated[tuple[str, ...], "Title of each table."]
    empty: Annotated[Empty | None, "What stands here where there is nothing to compare."]
