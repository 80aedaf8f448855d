"""Notes of runs: Markdown written by whoever can run a build.

The parser's time grows with the square of some constructions, so text that has too many of them is not parsed at all but shown
as it is. That is decided by counting, not by a clock: the same note gives the same page on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, Final

from reportgen.content import sanitize
from reportgen.content.plain import visible, without_terminal_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLimits:
    """How much of a note is read and shown, and how many lines of text, and costly characters in one block, are parsed."""

    read_bytes: int = 256_000
    html_bytes: int = 2 * 1024**2
    plain_characters: int = 64_000
    lines: int = 10_000
    per_block: int = 1500
    table_cells: int = 20_000
    nesting: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as safe HTML. `problem` says in words what was left out or why it is shown as plain text."""

    html: str
    problem: str = ""


Images = Callable[[str], str | None]
"""Address in a note → address relative to the page, or None where the run has no such image."""

_COSTLY: Final = "[]!*_`<&\\~|"
_MARKS: Final = re.compile(r"^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]))+", re.MULTILINE)


def render_note(text: str | bytes, *, images: Images | None = None, limits: NoteLimits | None = None) -> Note:
    """Return a note as HTML that is safe on any page; its headings start at level three.

    Links lead to http, https or mailto; an image that is not the run's own is replaced by its description.
    """
    limits = limits or NoteLimits()
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    problem = ""
    if len(raw) > limits.read_bytes:
        raw, problem = raw[: limits.read_bytes], f"Cut after {limits.read_bytes // 1000} kB of {len(raw) // 1000} kB."
    source = shown(raw.decode("utf-8", "replace"))
    if _too_complex(source, limits):
        return _as_plain(source, limits, "Too complex to be laid out: shown as it is.")
    html = sanitize.clean_note(_rendered(source, images))
    if len(html) > limits.html_bytes:
        return _as_plain(source, limits, "Too long when laid out: shown as it is.")
    return Note(html=html, problem=problem)


def shown(text: str) -> str:
    """Return text of a note with terminal codes removed and unseen characters made visible; tabs and line ends stay."""
    return visible(without_terminal_codes(text.replace("\x00", "\ufffd")))


def _too_complex(source: str, limits: NoteLimits) -> bool:
    if any(
        len(match.group()) > limits.nesting * 2 and _depth(match.group()) > limits.nesting for match in _MARKS.finditer(source)
    ):
        return True
    indent = max((len(line) - len(line.lstrip(" ")) for line in source.split("\n") if line[:1] == " "), default=0)
    if indent > limits.nesting * 4:
        return True
    if sum(1 for line in source.split("\n") if line) > limits.lines:  # each may be a block of its own
        return True
    blocks = re.split(r"\n[ \t]*\n", source)
    counts = [(sum(map(block.count, _COSTLY)), block) for block in blocks]
    if any(count > limits.per_block and _is_costly(block, limits) for count, block in counts):
        return True
    if sum(min(count, limits.per_block) ** 2 for count, _ in counts) > 10 * limits.per_block**2:
        return True
    # A reference can be used anywhere, so their number counts over the whole note.
    return source.count("]:") > limits.per_block


def _depth(marks: str) -> int:
    return len(re.findall(r">|[-+*](?=[ \t])|\d[.)]", marks))


def _is_costly(block: str, limits: NoteLimits) -> bool:
    lines = block.count("\n") + 1
    if "|" in block and re.search(r"^[ \t|:-]*-[ \t|:-]*$", block, re.MULTILINE):
        columns = max(line.count("|") for line in block.split("\n")) + 1
        rest = sum(block.count(mark) for mark in _COSTLY if mark != "|")
        return lines * columns > limits.table_cells or columns > 200 or rest > limits.per_block
    return True


def _as_plain(source: str, limits: NoteLimits, problem: str) -> Note:
    cut = len(source) > limits.plain_characters
    text = source[: limits.plain_characters] + ("\n…" if cut else "")
    return Note(html=f"<pre>{escape(text, quote=False)}</pre>\n", problem=problem)


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "maxNesting": 60}).enable(["table", "strikethrough"])


def _rendered(source: str, images: Images | None) -> str:
    parser = _parser()
    tokens = parser.parse(source)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        if token.type in ("th_open", "td_open"):
            _align(token)
        if token.children:
            _place_images(token.children, images)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _align(token: Any) -> None:
    """Turn the parser's ``style`` into a class: the site's policy allows no inline style."""
    style = str(token.attrs.pop("style", ""))
    side = style.removeprefix("text-align:").strip()
    if side in ("center", "right"):
        token.attrs["class"] = side[0]
    if token.type == "th_open":
        token.attrs["scope"] = "col"


def _place_images(children: list[Any], images: Images | None) -> None:
    for child in children:
        if child.type != "image":
            continue
        source = str(child.attrs.get("src", ""))
        place = images(source) if images is not None and sanitize.is_local(source) else None
        if place is not None:
            child.attrs["src"] = place
            continue
        child.type, child.tag, child.attrs, child.nesting = "text", "", {}, 0
        child.content = child.content or "image"
        child.children = None
