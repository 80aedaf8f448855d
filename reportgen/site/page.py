"""One output document, before it is rendered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page goes, which template makes it and the one context that template gets.

    `path` is relative to the version and ends in a file name (``jobs/churn/train/53/index.html``); `context` is a frozen
    dataclass of `reportgen.site.contexts`.
    """

    path: str
    template: str
    context: object
