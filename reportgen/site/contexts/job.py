"""Context of a job's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import (
    Chrome,
    Column,
    Delta,
    Empty,
    Fact,
    Figure,
    Link,
    Notice,
    Plot,
    Result,
    Strip,
    Table,
    Text,
    Tick,
)


class Extra(NamedTuple):
    """A further cell of a row: a metric or a param."""

    text: Annotated[str, "The value; an en dash where there is none."]
    sort: Annotated[str, "Value that scripts sort by, where it is not the text."] = ""
    best: Annotated[bool, "Best in its column."] = False


class JobRow(NamedTuple):
    """A run of the job."""

    label: Annotated[str, "Its number."]
    href: Annotated[str, "Its page; empty for builds without one."]
    key: Annotated[str, "What scripts know the run by: `JOB#N`."]
    tag: Annotated[str, "`champion`, `baseline` or empty."]
    result: Annotated[Result, "How the build ended."]
    value: Annotated[str, "The key metric; an en dash where there is none."]
    missing: Annotated[str, "Why there is none."]
    plot: Annotated[Plot, "Value and interval on the shared scale."]
    delta: Annotated[Delta, "Against the comparable run before it."]
    extra: Annotated[tuple[Extra, ...], "Further metrics and params, in the order of `columns`."]
    time: Annotated[str, "How long it took."]
    seconds: Annotated[str, "The same for sorting."]
    date: Annotated[str, "Day it started."]
    datetime: Annotated[str, "The same, machine-readable."]
    group: Annotated[str, "Set where comparability breaks before this row: the words of the break."] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """A job: how is this step doing over time?"""

    chrome: Annotated[Chrome, "The frame."]
    job: Annotated[str, "Full name."]
    title: Annotated[str, "Display name on Jenkins, or the full name."]
    result: Annotated[Result | None, "How the newest build ended."]
    pager: Annotated[tuple[Link, ...], "Jenkins, leaderboard, exports."]
    notices: Annotated[tuple[Notice, ...], "Running builds, job gone from Jenkins."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    description: Annotated[str, "Description on Jenkins, as safe markup."]
    metric: Annotated[str, "Title of the key metric; empty without one."]
    trend: Annotated[Figure | None, "Key metric over builds."]
    shifts: Annotated[Table | None, "Level shifts of the key metric, newest first."]
    panels: Annotated[tuple[Figure, ...], "Other metrics and the duration, small."]
    strip: Annotated[Strip | None, "Results of the builds, oldest left."]
    strip_heading: Annotated[str, "Success rate."]
    strip_caption: Annotated[str, "The counts."]
    facts: Annotated[tuple[Fact, ...], "Stage, jobs before and after, usual duration."]
    caption: Annotated[Text, "Caption of the table."]
    axis: Annotated[tuple[Tick, ...], "Scale of the plots; empty without."]
    columns: Annotated[tuple[Column, ...], "Heads of the further cells."]
    rows: Annotated[tuple[JobRow, ...], "Runs, newest first."]
    more: Annotated[Text, "Where the other runs are, if the table has not all."]
    empty: Annotated[Empty | None, "What stands in place of the table where there is nothing."]
