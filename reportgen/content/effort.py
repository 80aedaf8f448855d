"""How much work a page's Markdown is, told before it is parsed.

The parser of content pages takes time with the square of what stands open in one paragraph: a file of brackets would hold up
every build. The constructions are counted, not timed, so that a page is read or refused on every machine alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

PER_BLOCK: Final = 1500
"""Brackets, stars, backticks and the like in one paragraph, list item, or row of a table."""
MOST_BLOCKS: Final = 12
"""As many blocks at the limit as a page may have; more of smaller ones."""
PER_PAGE: Final = 500
"""Footnote marks, and fences that are not closed."""
NESTING: Final = 40

_COSTLY: Final = "[]!*_`<&\\"
_FENCE: Final = re.compile(r"~{3,}|`{3,}")
_HEADS: Final = re.compile(r"^(?:#|=+[ ]*$|-+[ ]*$)", re.MULTILINE)
_WHOLE_PAGE: Final = {"footnote marks": re.compile(r"\[\^"), "fences without an end": re.compile(r"^(?:~{3,}|`{3,})")}
_QUOTES: Final = re.compile(r"[ \t]*(?:>[ \t]?)+")
_ITEM: Final = re.compile(r"[ ]{0,3}(?:[-+*]|\d{1,9}[.)])[ \t]")
_RULE: Final = re.compile(r"[ ]{0,3}\|?[ \t]*:?-+[-| \t:]*$")


def excess(text: str) -> tuple[int, str] | None:
    """Return line (from 1) and reason of the first thing in `text` that would take too long to lay out, if any."""
    lines = _without_fenced(text.split("\n"))
    for what, pattern in _WHOLE_PAGE.items():
        places = [at for at, line in enumerate(lines, 1) for _ in pattern.findall(line)]
        if len(places) > PER_PAGE:
            return places[PER_PAGE], f"the page has {len(places):,} {what}, at most {PER_PAGE} are laid out"
    work = 0
    for line, block in _blocks(lines):
        marks = sum(map(block.count, _COSTLY))
        heads = len(_HEADS.findall(block))
        if max(marks, heads) > PER_BLOCK:
            what = f"{marks:,} brackets, stars and other marks" if marks > heads else f"{heads:,} headings without a blank line"
            return line, f"one paragraph has {what}, at most {PER_BLOCK:,} are laid out"
        depth = max((found.group().count(">") for found in map(_QUOTES.match, block.split("\n")) if found), default=0)
        if depth > NESTING:
            return line, f"quotations stand {depth:,} deep, at most {NESTING} are laid out"
        work += max(marks, heads) ** 2
        if work > MOST_BLOCKS * PER_BLOCK**2:
            return line, "the page has too many brackets, stars and other marks to be laid out"
    return None


def _without_fenced(lines: list[str]) -> list[str]:
    """Return the lines with those of fenced blocks emptied: they are set aside before anything is parsed."""
    ends: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        if _FENCE.fullmatch(line.rstrip(" ")):
            ends.setdefault(line.rstrip(" "), []).append(at)
    kept = list(lines)
    at = 0
    while at < len(lines):
        found = _FENCE.match(lines[at])
        closing = ends.get(found.group(), []) if found else []
        place = bisect_right(closing, at)
        if place < len(closing):
            kept[at : closing[place] + 1] = [""] * (closing[place] + 1 - at)
            at = closing[place]
        at += 1
    return kept


def _blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield each piece that is parsed by itself, with the line it starts on."""
    start = 0
    for at in range(len(lines) + 1):
        if at < len(lines) and lines[at].strip():
            continue
        if at > start:
            yield from _pieces(lines[start:at], start + 1)
        start = at + 1


def _pieces(block: list[str], first: int) -> Iterator[tuple[int, str]]:
    """Split a block that is a list or a table into its items or rows."""
    table = len(block) > 1 and "|" in block[1] and _RULE.match(block[1]) is not None
    items = _ITEM.match(block[0]) is not None
    start = 0
    for at in range(1, len(block)):
        if table or (items and _ITEM.match(block[at])):
            yield first + start, "\n".join(block[start:at])
            start = at
    yield first + start, "\n".join(block[start:])
