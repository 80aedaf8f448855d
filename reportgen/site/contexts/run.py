"""Context of a run's page, which is also the page of a build that has one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import (
    ChainStep,
    Change,
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
    Spark,
    Table,
    Text,
    Tick,
)


class LadderRow(NamedTuple):
    """The key metric of this run or of one it is compared with."""

    label: Annotated[str, "Run number."]
    href: Annotated[str, "Its page; empty for this run."]
    role: Annotated[str, "`previous`, `champion then`, `baseline`; empty for this run."]
    value: Annotated[str, "Value in the metric's format."]
    plot: Annotated[Plot, "Value and interval on the shared scale."]
    interval: Annotated[str, "Interval, or why there is none."]
    delta: Annotated[Delta, "What this run is against that one."]
    verdict: Annotated[str, "`separable`, `not separable`, or empty where that is not known."]


class Ladder(NamedTuple):
    """The key metric against the runs that matter: previous, champion then, baseline."""

    title: Annotated[str, "Title of the metric."]
    caption: Annotated[Text, "Validation set, rows, what the band is."]
    axis: Annotated[tuple[Tick, ...], "The shared scale; empty where nothing can be drawn."]
    rows: Annotated[tuple[LadderRow, ...], "This run first."]
    intervals: Annotated[bool, "Whether there is a column of intervals: none where no run has one."] = True
    judged: Annotated[bool, "Whether there is a column of verdicts: none where nothing can be said."] = True


class MetricRow(NamedTuple):
    """A metric of this run."""

    title: Annotated[str, "Readable name."]
    name: Annotated[str, "Name as logged; empty where the title says the same."]
    unit: Annotated[str, "Unit, or empty."]
    value: Annotated[str, "Value in the metric's format; an en dash where there is none."]
    missing: Annotated[str, "Why there is no number; else empty."]
    plot: Annotated[Plot | None, "Difference to the reference on the shared scale; None where there is nothing to draw."]
    interval: Annotated[str, "Interval, or `no interval`."]
    deltas: Annotated[tuple[Delta, ...], "Differences, in the order of the heads."]
    spark: Annotated[Spark | None, "The builds up to this one."]
    full: Annotated[str, "The value with all its digits."]


class MetricGroup(NamedTuple):
    """Metrics of one direction."""

    title: Annotated[str, "Quality, Error and cost, or Other."]
    words: Annotated[str, "Which way is better."]
    rows: Annotated[tuple[MetricRow, ...], "Its metrics, the key metric first."]


class Metrics(NamedTuple):
    """The table of metrics."""

    caption: Annotated[Text, "How many, n, what the plot shows."]
    axis: Annotated[tuple[Tick, ...], "Scale of the differences; empty where no plot is drawn."]
    heads: Annotated[tuple[Column, ...], "The runs compared with: `on previous` and its number, and so on."]
    spark_head: Annotated[Column | None, "Head of the small lines; None without."]
    groups: Annotated[tuple[MetricGroup, ...], "By direction."]
    columns: Annotated[int, "Number of columns, for headings inside the table."]
    intervals: Annotated[bool, "Whether there is a column of intervals: none where no metric has one."] = True


class Note(NamedTuple):
    """A note of the run."""

    html: Annotated[str, "Safe markup, made from the Markdown of the note."]


class Preview(NamedTuple):
    """The beginning of a file of numbers or settings that the build archived."""

    summary: Annotated[str, "Its name and size."]
    text: Annotated[str, "Its first lines."]
    cut: Annotated[str, "How much more there is; empty if this is all."]
    href: Annotated[str, "The whole file."]


class Failed(NamedTuple):
    """Why a run ended in failure."""

    error: Annotated[str, "Exception and message."]
    place: Annotated[str, "Where it was raised, or empty."]
    traceback: Annotated[str, "The whole traceback, or empty."]
    lines: Annotated[str, "How many lines it has."]


class StageRow(NamedTuple):
    """A stage of the build on the time axis."""

    name: Annotated[str, "Jenkins' name."]
    result: Annotated[Result, "How it ended."]
    time: Annotated[str, "How long it took."]
    x: Annotated[str, "Start as a percentage; empty where it is not known."]
    width: Annotated[str, "Length as a percentage."]
    error: Annotated[str, "Jenkins' message, or empty."]


class Stages(NamedTuple):
    """Stages of the build."""

    caption: Annotated[str, "Where, in what order."]
    axis: Annotated[str, "Length of the axis in words."]
    rows: Annotated[tuple[StageRow, ...], "In order."]


class Changed(NamedTuple):
    """What differs from another run."""

    heading: Annotated[str, "Since which run."]
    href: Annotated[str, "Its page."]
    label: Annotated[str, "Its number."]
    changes: Annotated[tuple[Change, ...], "Params, datasets, commit that differ."]
    same: Annotated[str, "What is the same."]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """A run: what happened, and is it good?"""

    chrome: Annotated[Chrome, "The frame."]
    number: Annotated[str, "`#140`, or `#140/fold-2` where the build has several runs."]
    job: Annotated[str, "Full name of the job."]
    job_href: Annotated[str, "Its page."]
    result: Annotated[Result, "Result of the build, or that the record was interrupted."]
    display_name: Annotated[str, "Name given to the build on Jenkins, where it is not its number."] = ""
    pager: Annotated[tuple[Link, ...], "Previous and next build, last good one, compare, Jenkins."] = ()
    notices: Annotated[tuple[Notice, ...], "What is not as usual."] = ()
    verdict: Annotated[Text, "The answer in one or two sentences."] = ()
    description: Annotated[str, "Description given to the build on Jenkins, as safe markup."] = ""
    failed: Annotated[Failed | None, "The exception, on failed runs."] = None
    ladder: Annotated[Ladder | None, "The key metric against other runs."] = None
    changed: Annotated[Changed | None, "Params and data that differ from the previous run."] = None
    differences: Annotated[Table | None, "On failed runs: all that differs from the last good one."] = None
    differences_title: Annotated[str, "Heading of that table."] = ""
    notes: Annotated[tuple[Note, ...], "Notes of the run."] = ()
    facts: Annotated[tuple[Fact, ...], "When, how long, who, commit, model, tags, decision."] = ()
    metrics: Annotated[Metrics | None, "All metrics."] = None
    empty: Annotated[Empty | None, "What stands in place of metrics and charts where there are none."] = None
    figures: Annotated[tuple[Figure, ...], "Charts and figures of the run."] = ()
    tables: Annotated[tuple[Table, ...], "Tables of the run."] = ()
    table_titles: Annotated[tuple[tuple[str, str], ...], "Per table its title and the address of the whole file."] = ()
    logged: Annotated[Table | None, "On interrupted and failed runs: what had been written by then."] = None
    lineage: Annotated[tuple[ChainStep, ...], "From data to this run."] = ()
    lineage_note: Annotated[Text, "Where later steps are."] = ()
    stages: Annotated[Stages | None, "Stages of the build."] = None
    decisions: Annotated[Table | None, "Who decided what, and why."] = None
    tests: Annotated[Table | None, "Failed tests; None where there are no tests."] = None
    tests_words: Annotated[str, "Counts of tests in words; empty without tests."] = ""
    commits: Annotated[Table | None, "Commits that are new in this build."] = None
    reproduce: Annotated[str, "Commands and digests to make it again; empty where nothing is known."] = ""
    artifacts: Annotated[Table | None, "Files of the build: size, digest, where they are."] = None
    console: Annotated[str, "Last lines of the console; empty unless kept."] = ""
    console_words: Annotated[str, "How many lines."] = ""
    console_href: Annotated[str, "The whole console on Jenkins, or empty."] = ""
    params: Annotated[Table | None, "All params, changed ones first."] = None
    params_words: Annotated[str, "How many, how many changed."] = ""
    environment: Annotated[Table | None, "Versions of what it ran on."] = None
    environment_words: Annotated[str, "The same in few words."] = ""
    previews: Annotated[tuple[Preview, ...], "Files of numbers and settings, as they were read."] = ()
    journal: Annotated[Link | None, "The raw record."] = None
    siblings: Annotated[tuple[Link, ...], "Other runs of the same build."] = ()
