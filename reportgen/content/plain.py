"""Text that programs wrote, made fit to be seen: no terminal codes, nothing hidden, nothing that turns the line around."""

from __future__ import annotations

import re
from typing import Final

_TERMINAL: Final = re.compile(
    r"""
    \x1b\[ [0-9:;<=>?]{0,64} [ -/]{0,8} [@-~]     # colours, cursor, screen
  | \x1b[\]PX^_] [^\x07\x1b]{0,4096} (?:\x07|\x1b\\)?   # titles, links, clipboard
  | \x1b [ -/]{0,4} [0-~]
  | \x9b [0-9:;<=>?]{0,64} [ -/]{0,8} [@-~]
    """,
    re.VERBOSE,
)
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN: Final = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\u2028\u2029"
_NAMED: Final = {ord(character): f"⟨U+{ord(character):04X}⟩" for character in _DIRECTIONS + _UNSEEN}
_CONTROLS: Final = (
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
    | {0x7F: "␡"}
    | {code: f"⟨U+{code:04X}⟩" for code in range(0x80, 0xA0)}
)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def without_terminal_codes(text: str) -> str:
    """Return `text` without escape sequences; of a line that was written over again and again, what stood there last."""
    text = _TERMINAL.sub("", text).replace("\r\n", "\n")
    if "\r" not in text:
        return text
    return "\n".join(_last_state(line) for line in text.split("\n"))


def _last_state(line: str) -> str:
    written = [part for part in line.split("\r") if part]
    return written[-1] if written else ""


def visible(text: str) -> str:
    """Return `text` with control, direction and unseen characters replaced by signs that say what was there."""
    return _SURROGATES.sub("\ufffd", text).translate(_CONTROLS | _NAMED)


def console_text(text: str) -> str:
    """Return console output as plain text to be shown in ``<pre>``, still to be escaped for HTML."""
    return visible(without_terminal_codes(text))
