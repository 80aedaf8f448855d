"""Context of a leaderboard's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import Chrome, Column, Delta, Figure, Link, Plot, Table, Text, Tick
from reportgen.site.contexts.job import Extra


class BoardLine(NamedTuple):
    """A ranked run, or several as one row."""

    rank: Annotated[str, "Competition rank."]
    tied: Annotated[bool, "Whether others share the rank."]
    label: Annotated[str, "Run number, with its job where the board ranks several."]
    href: Annotated[str, "Its page."]
    key: Annotated[str, "What scripts know the run by: `JOB#N`."]
    tags: Annotated[tuple[str, ...], "`champion`, `challenger`, `baseline`, `failed`."]
    words: Annotated[str, "A second line: how many seeds, the values of the group; else empty."]
    value: Annotated[str, "What it is ranked by."]
    sort: Annotated[str, "The same with all digits."]
    plot: Annotated[Plot, "Value and interval on the shared scale."]
    interval: Annotated[str, "95 % interval, or why there is none."]
    against: Annotated[str, "`leader`, `not separable`, `separable`, or empty where that is not known."]
    mark: Annotated[str, "`†` where row-level results told it and intervals the rest; a note says so. Else empty."]
    delta: Annotated[Delta, "Against the champion; against the leader where there is none."]
    extra: Annotated[tuple[Extra, ...], "The chosen columns."]
    date: Annotated[str, "Day it started."]
    datetime: Annotated[str, "The same, machine-readable."]
    me: Annotated[bool, "The champion's row."]
    members: Annotated[tuple[Link, ...], "The runs of a group: first those it is the mean of, then those without a value."] = ()


class Unranked(NamedTuple):
    """A candidate without a rank."""

    label: Annotated[str, "Run number."]
    href: Annotated[str, "Its page."]
    key: Annotated[str, "What scripts know the run by."]
    reason: Annotated[str, "Why."]
    extra: Annotated[tuple[Extra, ...], "The chosen columns."]
    date: Annotated[str, "Day it started."]
    datetime: Annotated[str, "The same, machine-readable."]


class BoardPart(NamedTuple):
    """Runs that may be ranked together."""

    id: Annotated[str, "Unique on the page."]
    heading: Annotated[str, "Name of the validation set."]
    note: Annotated[Text, "Since when it is used, its digest."]
    caption: Annotated[Text, "How many of how many, n, units."]
    sorted: Annotated[str, "`descending` or `ascending`: the order of the value column."]
    metric: Annotated[str, "Title of the metric."]
    axis: Annotated[tuple[Tick, ...], "Shared scale; empty where nothing can be drawn."]
    intervals: Annotated[bool, "Whether any row has one."]
    delta_head: Annotated[str, "`on #140` (champion, else baseline), or `on first`."]
    columns: Annotated[tuple[Column, ...], "The chosen columns."]
    width: Annotated[int, "Number of columns of the table."]
    rows: Annotated[tuple[BoardLine, ...], "Ranked rows."]
    unranked: Annotated[tuple[Unranked, ...], "Candidates without a rank, each with its reason."]
    unranked_words: Annotated[str, "How many, and how many are not listed here."]
    more: Annotated[Text, "Where the other ranks are; empty if all are here."]
    notes: Annotated[tuple[str, ...], "What to know when reading it: luck of the best of many, mixed sets."]
    legend: Annotated[bool, "Whether the marks are explained: on the first board."]
    data: Annotated[str, "Address of the script with all rows, relative to the page, where the page holds the first only."] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardContext:
    """A leaderboard: which model is best, and is it really?"""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "Its title."]
    metric: Annotated[str, "Title of the metric."]
    pager: Annotated[tuple[Link, ...], "Compare, CSV, JSON."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    because: Annotated[Text, "What the champion is here, and on which rule."]
    boards: Annotated[tuple[BoardPart, ...], "One per comparable validation set, the current one first."]
    champions: Annotated[Table | None, "Who held the title, newest first."]
    scatter: Annotated[Figure | None, "Metric against cost."]
    scatter_heading: Annotated[str, "Question the chart answers."]
    front: Annotated[Table | None, "Runs that no other beats on both."]
