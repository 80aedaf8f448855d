"""What stands above a page: TOML between ``+++`` lines, or plain ``key: value`` lines between ``---``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from reportgen.errors import ContentError

_KINDS: Final[dict[str, tuple[type, ...]]] = {"title": (str,), "description": (str,), "nav": (str, bool), "order": (int,)}
_SECOND_FENCE: Final = re.compile(r"\n(?P<fence>\+\+\+|---)[ \t]*(?:\n|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """`nav` is the words in the navigation, False for none; pages stand there by `order`, then title."""

    title: str = ""
    description: str = ""
    nav: str | bool = True
    order: int = 100


def split(text: str, shown: str) -> tuple[Meta, str, int]:
    """Return the front matter, the text below it and how many lines were above that text; `shown` names the file in errors."""
    text = text.replace("\r\n", "\n")
    fence = text[:3]
    if fence not in ("+++", "---") or text[3:].split("\n", 1)[0].strip():
        return Meta(), text, 0
    end = next((match for match in _SECOND_FENCE.finditer(text) if match["fence"] == fence), None)
    if end is None:
        if fence == "---":
            return Meta(), text, 0  # a rule at the top of a page
        raise ContentError(f"{shown}:1: the front matter has no closing {fence} line")
    head, body = text[text.index("\n") + 1 : end.start() + 1], text[end.end() :]
    values = _toml(head, shown) if fence == "+++" else _lines(head, shown)
    return _meta(values, shown), body, text.count("\n", 0, end.end())


def _toml(head: str, shown: str) -> dict[str, tuple[Any, int]]:
    try:
        values = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line, words = (int(found[1]) + 1, str(error).replace(found[0], "")) if found else (1, str(error))
        raise ContentError(f"{shown}:{line}: the front matter is not TOML: {words}") from None
    lines = head.split("\n")
    return {
        key: (value, next((at for at, line in enumerate(lines, 2) if line.lstrip().startswith(key)), 2))
        for key, value in values.items()
    }


def _lines(head: str, shown: str) -> dict[str, tuple[Any, int]]:
    values: dict[str, tuple[Any, int]] = {}
    for at, line in enumerate(head.split("\n"), 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z_-]+", key.strip()):
            raise ContentError(f"{shown}:{at}: the front matter has a line that is not “key: value”")
        values[key.strip()] = (_plain(value.strip()), at)
    return values


def _plain(value: str) -> str | int | bool:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    if re.fullmatch(r"[-+]?\d{1,9}", value):
        return int(value)
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value


def _meta(values: dict[str, tuple[Any, int]], shown: str) -> Meta:
    for key, (value, line) in values.items():
        if key not in _KINDS:
            near = get_close_matches(key, _KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_KINDS)}"
            raise ContentError(f"{shown}:{line}: “{key}” is not known in the front matter", hint=hint)
        if key in ("title", "description") and isinstance(value, int) and not isinstance(value, bool):
            values[key] = (str(value), line)
        elif type(value) not in _KINDS[key]:
            wanted = " or ".join({str: "text", bool: "true or false", int: "a whole number"}[kind] for kind in _KINDS[key])
            raise ContentError(f"{shown}:{line}: “{key}” must be {wanted}")
    return Meta(**{key: value for key, (value, _) in values.items()})
