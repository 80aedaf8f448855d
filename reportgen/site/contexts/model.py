"""Contexts of the pages of a model and of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reportgen.site.contexts.base import ChainStep, Chrome, Empty, Fact, Link, Plot, Result, Table, Text, Tick


class ScoreRow(NamedTuple):
    """A metric of a validation of the model."""

    title: Annotated[str, "Readable name."]
    name: Annotated[str, "Name as logged; empty where the title says the same."]
    value: Annotated[str, "Value in the metric's format."]
    plot: Annotated[Plot, "Value and interval on the shared scale."]
    interval: Annotated[str, "95 % interval, or `no interval`."]
    part: Annotated[tuple[str, str], "Name and direction of the group that begins with this row; empty inside one."] = ("", "")


class Validation(NamedTuple):
    """Where the model was scored."""

    id: Annotated[str, "Unique on the page."]
    caption: Annotated[Text, "Run, data set, n."]
    axis: Annotated[tuple[Tick, ...], "Shared scale; empty where nothing is drawn."]
    rows: Annotated[tuple[ScoreRow, ...], "Metrics."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelContext:
    """A model's passport: may we use this file?"""

    chrome: Annotated[Chrome, "The frame."]
    name: Annotated[str, "Name of the file."]
    digest: Annotated[str, "First twelve digits of its SHA-256."]
    state: Annotated[Result | None, "live, approved, rejected or not decided."]
    pager: Annotated[tuple[Link, ...], "Download, Jenkins, compare."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    chain: Annotated[tuple[ChainStep, ...], "From data to deployment."]
    facts: Annotated[tuple[Fact, ...], "File, digest, type, where it is kept."]
    caution: Annotated[tuple[str, str], "Lead and words of a warning, such as for pickles; empty for none."]
    validations: Annotated[tuple[Validation, ...], "Where it was scored, newest first."]
    validations_empty: Annotated[Empty | None, "What stands there where it was not scored."]
    decisions: Annotated[Table | None, "Who decided what about it, and why."]
    uses: Annotated[Table | None, "All runs that made, used or decided about it."]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetContext:
    """A data set: what was this, who used it?"""

    chrome: Annotated[Chrome, "The frame."]
    name: Annotated[str, "Newest name it goes by."]
    digest: Annotated[str, "First twelve digits of its SHA-256."]
    verdict: Annotated[Text, "The answer in one or two sentences."]
    facts: Annotated[tuple[Fact, ...], "Role, rows, columns, digest, produced by."]
    boards: Annotated[Table | None, "Leaderboards it defines, with their leader."]
    gaps: Annotated[Table | None, "Per metric the smallest difference that its size can show."]
    gaps_note: Annotated[str, "What that rests on."]
    worn: Annotated[Text, "How often models were picked by it, and how much of the best value may be luck."]
    worn_note: Annotated[str, "What to do about it."]
    others: Annotated[Table | None, "Sets that the same leaderboards rank on, this one among them."]
    uses: Annotated[Table | None, "Runs that made or used it, with their models, newest first."]
    uses_more: Annotated[Text, "Where the other runs are, if the table has not all."]
