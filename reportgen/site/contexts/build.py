"""Context of the page of a build with several runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from reportgen.site.contexts.base import Chrome, Column, Fact, Link, Notice, Result, Table, Text, Tick
from reportgen.site.contexts.job import JobRow
from reportgen.site.contexts.run import Stages


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """A build with several runs: which of them is best, what did they vary?"""

    chrome: Annotated[Chrome, "The frame."]
    number: Annotated[str, "`#140`."]
    job: Annotated[str, "Full name of the job."]
    result: Annotated[Result, "Result of the build."]
    pager: Annotated[tuple[Link, ...], "Previous and next build, Jenkins."]
    notices: Annotated[tuple[Notice, ...], "What is not as usual."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    description: Annotated[str, "Description given to the build on Jenkins, as safe markup."]
    facts: Annotated[tuple[Fact, ...], "When, how long, who, commit."]
    metric: Annotated[str, "Title of the key metric; empty without one."]
    caption: Annotated[Text, "Caption of the table."]
    axis: Annotated[tuple[Tick, ...], "Scale of the plots; empty without."]
    columns: Annotated[tuple[Column, ...], "Heads of further cells: metrics and the params that vary."]
    rows: Annotated[tuple[JobRow, ...], "The runs, the best first."]
    grid: Annotated[Table | None, "The metric by the two params that vary most, where there are two."]
    grid_words: Annotated[Text, "What the grid shows."]
    stages: Annotated[Stages | None, "Stages of the build."]
    commits: Annotated[Table | None, "New commits."]
    artifacts: Annotated[Table | None, "Files of the build."]
    console: Annotated[str, "Last lines of the console; empty unless kept."]
