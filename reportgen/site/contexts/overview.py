"""Context of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from markupsafe import Markup

from reportgen.site.contexts.base import Chrome, Column, Empty, Link, Notice, Result, Spark, Table, Text, Tick
from reportgen.site.contexts.job import JobRow


class Card(NamedTuple):
    """A leaderboard in short."""

    title: Annotated[str, "Its title and metric."]
    href: Annotated[str, "Its page."]
    big: Annotated[str, "The champion's value; the leader's where there is no champion; else an en dash."]
    small: Annotated[str, "Interval, unit, which way is better."]
    text: Annotated[Text, "Who holds the title since when, and how far the next is."]
    spark: Annotated[Spark | None, "The last comparable runs, with the champion's interval as band."]


class FlowStep(NamedTuple):
    """A stage of a pipeline with its last state."""

    title: Annotated[str, "Name of the stage."]
    href: Annotated[str, "Page of its job."]
    number: Annotated[str, "Newest build; empty for none."]
    number_href: Annotated[str, "Its page."]
    result: Annotated[Result, "How it ended, or what it waits for."]
    note: Annotated[str, "Date and duration, or what it says."]
    hand: Annotated[bool, "Whether a person has to act before the next stage."]


class Flow(NamedTuple):
    """A pipeline in short."""

    title: Annotated[str, "Its title."]
    href: Annotated[str, "Its page."]
    steps: Annotated[tuple[FlowStep, ...], "Stages in order."]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewContext:
    """The overview: where do we stand, what is new?"""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "Name of the site, or the title of `content/index.md`."]
    pager: Annotated[tuple[Link, ...], "Content pages."]
    notices: Annotated[tuple[Notice, ...], "Builds that wait for a person."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    intro: Annotated[Markup, "Safe markup of `content/index.md`; empty without."]
    cards: Annotated[tuple[Card, ...], "One per leaderboard."]
    flows: Annotated[tuple[Flow, ...], "One per pipeline."]
    news: Annotated[Table | None, "What is different from the last version."]
    news_note: Annotated[str, "Which version that was."]
    recent_heading: Annotated[str, "Heading of the newest runs."]
    recent_more: Annotated[Link | None, "All runs of the job."]
    caption: Annotated[Text, "Caption of the newest runs."]
    metric: Annotated[str, "Title of the metric of the newest runs; empty without one."]
    axis: Annotated[tuple[Tick, ...], "Scale of the plots; empty without."]
    columns: Annotated[tuple[Column, ...], "Heads of further cells."]
    rows: Annotated[tuple[JobRow, ...], "The newest runs."]
    jobs: Annotated[Table | None, "All jobs with their last result."]
    empty: Annotated[Empty | None, "What stands here while the store is empty."]
