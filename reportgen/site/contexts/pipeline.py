"""Context of a pipeline's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import Chrome, Empty, Link, Result, Table, Text


class Node(NamedTuple):
    """A stage or a data set in the picture of the pipeline."""

    title: Annotated[str, "Name of the stage or data set."]
    href: Annotated[str, "Page of the job or data set."]
    text: Annotated[Text, "Newest build and its result, or rows of the data set."]
    note: Annotated[str, "Date, value, or who acts."]
    kind: Annotated[str, "`set` data set, `hand` a person acts, `live` where the deployed model is, else empty."]
    result: Annotated[Result | None, "How the newest build ended."]


class Place(NamedTuple):
    """A place of the picture: one lane, or several that part before it and come together after it."""

    lanes: Annotated[
        tuple[tuple[tuple[Node, ...], ...], ...], "Lanes side by side; a lane has steps in order, a step its nodes."
    ]


class PassCell(NamedTuple):
    """A stage of one pass."""

    result: Annotated[Result | None, "How it ended; None where nothing ran."]
    label: Annotated[str, "Build number, or an en dash."]
    href: Annotated[str, "Its page."]
    value: Annotated[str, "The key metric, where the stage has one."]
    word: Annotated[str, "Approved, rejected, waiting; else empty."]
    note: Annotated[str, "A second line: rank, reason, algorithm."]


class PassRow(NamedTuple):
    """One pass through the chain."""

    date: Annotated[str, "Day its last build started."]
    datetime: Annotated[str, "The same, machine-readable."]
    cells: Annotated[tuple[PassCell, ...], "One per stage, in order."]
    state: Annotated[str, "`live`, `approved`, `open`, `waiting`, `broken`, `rejected`, `ended` and so on."]
    live: Annotated[bool, "The pass whose model is deployed now."]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineContext:
    """A pipeline: where is each model in the chain?"""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "Its title."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    places: Annotated[tuple[Place, ...], "The picture: places in order."]
    alt: Annotated[str, "The picture in words."]
    waiting: Annotated[Table | None, "Builds that wait for a person."]
    waiting_empty: Annotated[Empty | None, "What stands there when nothing waits."]
    heads: Annotated[tuple[str, ...], "Names of the stages."]
    passes: Annotated[tuple[PassRow, ...], "Newest first."]
    passes_caption: Annotated[str, "How many of how many."]
    passes_data: Annotated[tuple[Link, ...], "The passes as CSV and JSON."]
    broken: Annotated[Table | None, "Chains with a part that is not known."]
    broken_empty: Annotated[Empty | None, "What stands there when none is broken."]
    empty: Annotated[Empty | None, "What stands in place of the passes where there are none."]
