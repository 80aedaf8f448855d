"""JSON as it comes from anywhere, read without surprises."""

from __future__ import annotations

import codecs
import json
from typing import Any, NoReturn

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MOST_DIGITS = 4000
"""Python refuses to print integers of more than 4,300 digits."""


class BadJson(ValueError):
    """The bytes are no JSON; the message says where and why."""


def load_json(content: bytes) -> Any:
    """Return the value that `content` holds: UTF-8, or UTF-16 or -32 with a byte order mark.

    NaN and the infinities are floats, an integer of thousands of digits is text, a lone surrogate is replaced; of a key that
    comes twice the last one holds. Raises BadJson.
    """
    text = decode_text(content, strict=True)
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as problem:
        offset = len(text[: problem.pos].encode("utf-8", "surrogatepass"))
        raise BadJson(f"no JSON at byte {offset}: {problem.msg}") from None
    except RecursionError:
        raise BadJson("nested too deeply") from None


def decode_text(content: bytes, *, strict: bool = False) -> str:
    """Return the text in `content`, whatever is no UTF-8 replaced; with `strict`, BadJson names the first such byte."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding, "strict" if strict else "replace")
    except UnicodeDecodeError as problem:
        _refuse(problem)


def clean_text(value: str) -> str:
    """Return `value` as UTF-8 can hold it: a lone surrogate becomes U+FFFD."""
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _refuse(problem: UnicodeDecodeError) -> NoReturn:
    raise BadJson(f"no {problem.encoding.upper()} text at byte {problem.start}: {problem.reason}") from None


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MOST_DIGITS else text
