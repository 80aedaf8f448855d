"""One output document before it is rendered, and the files it brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class StoredFile(NamedTuple):
    """A file of the store that a page shows or links to; `path` is relative to the version, `sha256` names the blob."""

    path: str
    sha256: str


class TextFile(NamedTuple):
    """A file made for a page that may be large, such as all rows of a table: a call of `pieces` makes its text anew."""

    path: str
    pieces: Callable[[], Iterable[str]]


PageFile = StoredFile | TextFile


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page goes, which template makes it, the one context that template gets, and the files it needs beside it.

    `path` is relative to the version and ends in a file name (``jobs/churn/train/53/index.html``); `context` is a frozen
    dataclass of `reportgen.site.contexts`. Two pages may need the same file: equal paths mean equal content.
    """

    path: str
    template: str
    context: object
    files: tuple[PageFile, ...] = ()
