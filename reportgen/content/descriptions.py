"""Descriptions of jobs and builds on Jenkins: text, or HTML that people and plugins write; nobody says which."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

from reportgen.content import sanitize
from reportgen.content.notes import shown

_MARKED_UP: Final = re.compile(
    r"</?(?:a|abbr|b|br|code|div|em|font|h[1-6]|hr|i|img|ins|del|kbd|li|mark|ol|p|pre|s|small|span|strong|sub|sup|table|td|th|tr"
    r"|tt|u|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_LINE_END: Final = re.compile(r"\s*(?:<br\s*/?>|<hr\s*/?>|</(?:p|div|li|h[1-6]|tr|ul|ol|table|pre)\s*>)", re.IGNORECASE)
_LINE_ENDS: Final = re.compile(r"(?:\s*<br>)+\s*")


def render_description(text: str) -> str:
    """Return a description as HTML that is safe within a paragraph: words, emphasis, links that leave the site, line breaks."""
    text = shown(text)
    if _MARKED_UP.search(text) is None:
        return escape(text)
    html = sanitize.clean_line(_LINE_END.sub("<br>", text.replace("\n", " ")))
    return _LINE_ENDS.sub("<br>", html).removeprefix("<br>").removesuffix("<br>").strip()


def description_text(text: str) -> str:
    """Return a description as plain text."""
    if _MARKED_UP.search(text) is None:
        return text
    bare = sanitize.clean_text(_LINE_END.sub("\n", text.replace("\n", " ")))
    return "\n".join(line for part in unescape(bare).split("\n") if (line := " ".join(part.split())))
