"""Tables as CSV and JSON beside the page that shows them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any
from urllib.parse import unquote

from reportgen.analysis.shapes import SCHEMA, csv_text, line
from reportgen.site.contexts.base import Cell, Link, Row, Table, Text
from reportgen.site.page import Page, TextFile
from reportgen.site.pages.base import said

_NUMBER = re.compile(r"[+−-]?\d[\d,]*(\.\d+)?")
_PAGE = "page"
_MISSING = ("", "–")


def with_files(page: Page) -> Page:
    """Return `page` with the general tables of its context as files beside it, and links to them in the captions.

    For the few pages that tell how things stand now: of the many about one run, model or data set, ``runs.json`` tells all.
    """
    context: Any = page.context
    files: list[TextFile] = []

    def filed(table: Table) -> Table:
        made = table_files(page.path, table)
        files.extend(made)
        return table._replace(data=links_to(made))

    changed: dict[str, Table | tuple[Table, ...]] = {}
    for field in fields(context):
        value = getattr(context, field.name)
        if isinstance(value, Table):
            changed[field.name] = filed(value)
        elif isinstance(value, tuple) and value and all(isinstance(each, Table) for each in value):
            changed[field.name] = tuple(filed(each) for each in value)
    return replace(page, context=replace(context, **changed), files=(*page.files, *files))


def links_to(files: Sequence[TextFile]) -> tuple[Link, ...]:
    """Return links to files that lie beside the page, named by their kind: CSV, JSON."""
    names = [posixpath.basename(file.path) for file in files]
    return tuple(Link(name.rpartition(".")[2].upper(), name) for name in names)


def table_files(path: str, table: Table) -> tuple[TextFile, TextFile]:
    """Return a table of the page at `path` as CSV and JSON: the columns of words and numbers, and the page of each row."""
    base = f"{posixpath.dirname(path)}/{table.id.removeprefix('c-')}~table"  # no directory has such a name: see `safe_path`
    return (
        TextFile(f"{base}.csv", lambda: csv_text(_lines(path, table))),
        TextFile(f"{base}.json", lambda: _json(path, table)),
    )


def _json(path: str, table: Table) -> Iterator[str]:
    columns, *rows = _lines(path, table)
    yield line({"schema": SCHEMA, "caption": said(table.caption), "columns": columns, "rows": rows}) + "\n"


def _lines(path: str, table: Table) -> Iterator[list[Any]]:
    """Yield head and rows; what is drawn only is left out."""
    places = [at for at, column in enumerate(table.columns) if not column.axis]
    rows = [row for row in table.rows if row.kind != "part"]
    pages = [_page(path, row) for row in rows]
    tail = [_PAGE] if any(pages) else []
    yield [*(table.columns[at].label for at in places), *tail]
    for row, page in zip(rows, pages, strict=True):
        cells = [value for cell in row.cells for value in (_value(cell), *[None] * (cell.span - 1))]
        yield [*(cells[at] for at in places), *([page or None] if tail else [])]


def _page(path: str, row: Row) -> str:
    """Return the first page that a row leads to, relative to the version."""
    links = (span.href for cell in row.cells for span in cell.text if span.href)
    for link in links:
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(link.partition("#")[0])))
        if "://" not in link and not found.startswith(".."):
            return found
    return ""


def _value(cell: Cell) -> object:
    if cell.delta is not None:
        return _number(cell.delta.text)
    words = _words(cell.text)
    if cell.result is not None:
        return f"{cell.result.word} {words}".strip()
    return _number(words) if {"num", "v"} & set(cell.kind.split()) else (None if words in _MISSING else words)


def _words(text: Text) -> str:
    return "".join(span.datetime or span.text for span in text).strip()


def _number(words: str) -> object:
    """Return a number that is written for people as one; other words as they are."""
    if _NUMBER.fullmatch(words) is None:
        return None if words in _MISSING else words
    plain = words.replace(",", "").replace("−", "-")
    return float(plain) if "." in plain else int(plain)
