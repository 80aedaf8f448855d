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
_SPACES: Final = re.compile(r"[ \t\n\r\f\v]+")
"""Each run of them is one space before anything is looked for: a pattern that may begin with many would try each of them."""
_LINE_END: Final = re.compile(r" ?(?:<[bh]r ?/?>|</(?:p|div|li|h[1-6]|tr|ul|ol|table|pre) ?>)", re.IGNORECASE)
_LINE_ENDS: Final = re.compile(r"(?: ?<br>)+ ?")


def render_description(text: str) -> str:
    """Return a description as HTML that is safe within a paragraph: words, emphasis, links that leave the site, line breaks."""
    text = shown(text)
    if _MARKED_UP.search(text) is None:
        return escape(text)
    html = sanitize.clean_line(_LINE_END.sub("<br>", _SPACES.sub(" ", text)))
    return _LINE_ENDS.sub("<br>", _SPACES.sub(" ", html)).removeprefix("<br>").removesuffix("<br>").strip()


def description_text(text: str) -> str:
    """Return a description as plain text."""
    if _MARKED_UP.search(text) is None:
        return text
    bare = sanitize.clean_text(_LINE_END.sub("\n", _SPACES.sub(" ", text)))
    return "\n".join(line for part in unescape(bare).split("\n") if (line := " ".join(part.split())))
