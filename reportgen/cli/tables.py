"""Tables for a terminal and as Markdown; nothing in them is obeyed by either."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from reportgen.cli.console import printable


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> Iterator[str]:
    """Yield the lines of a table in columns; those whose place is in `right` are aligned on their right."""
    from rich.cells import cell_len

    cells = [[_one_line(cell) for cell in line] for line in (head, *rows)]
    widths = [max(cell_len(line[i]) for line in cells) for i in range(len(head))]
    on_the_right = frozenset(right)
    for place, line in enumerate(cells):
        padded = []
        for i, cell in enumerate(line):
            space = " " * (widths[i] - cell_len(cell))
            padded.append(space + cell if i in on_the_right else cell + space)
        text = "  ".join(padded).rstrip()
        yield _heading(text) if place == 0 else text


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Iterable[int] = ()) -> Iterator[str]:
    """Yield the lines of a Markdown table, an empty one last: what follows is no row of it."""
    on_the_right = frozenset(right)
    yield _markdown_line(head)
    yield "|" + "|".join("---:" if i in on_the_right else "---" for i in range(len(head))) + "|"
    for line in rows:
        yield _markdown_line(line)
    yield ""


def _markdown_line(cells: Sequence[str]) -> str:
    escaped = (_escaped(_one_line(cell)) for cell in cells)
    return "| " + " | ".join(escaped) + " |"


def _escaped(text: str) -> str:
    for mark in "\\`*_{}[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return text


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def _heading(text: str) -> str:
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else click.style(text, bold=True)
