"""Context of pages that list things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from reportgen.site.contexts.base import Chrome, Empty, Table, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingContext:
    """A list: jobs, leaderboards, pipelines, models, data sets, comparisons."""

    chrome: Annotated[Chrome, "The frame."]
    title: Annotated[str, "What is listed."]
    verdict: Annotated[Text, "How many, and what stands out."]
    tables: Annotated[tuple[Table, ...], "The lists."]
    headings: Annotated[tuple[str, ...], "Heading of each table; empty for none."]
    empty: Annotated[Empty | None, "What stands here where there is nothing."]
