"""Which Vega expressions a chart out of a build may contain.

The language looks like JavaScript; past holes in it were reached through function objects, constructors and internal functions.
So an expression is read token by token, and whatever is not plainly arithmetic, text, dates or a condition on a row is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from reportgen.errors import ChartError


def words(text: str) -> frozenset[str]:
    """Return the words of `text`, which may be written over several lines."""
    return frozenset(text.split())


FUNCTIONS: Final = words(
    """
    abs acos asin atan atan2 ceil clamp cos exp floor hypot log max min pow round sin sqrt tan isArray isBoolean
    isDate isDefined isNaN isFinite isNumber isObject isString isValid toBoolean toDate toNumber if now datetime date
    day dayofyear year quarter month week hours minutes seconds milliseconds time timezoneoffset utc utcdate utcday
    utcdayofyear utcyear utcquarter utcmonth utcweek utchours utcminutes utcseconds utcmilliseconds timeOffset
    utcOffset extent inrange indexof join lastindexof length lerp peek reverse slice sort span lower upper pad
    parseFloat parseInt replace split substring trim truncate format timeFormat utcFormat timeParse utcParse
    monthFormat monthAbbrevFormat dayFormat dayAbbrevFormat rgb hsl lab hcl luminance contrast
    """
)
"""Functions without a way to other objects, to regular expressions or to long loops; `now` is refused where it is called."""

CONSTANTS: Final = words(
    """
    true false null undefined NaN Infinity E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 MAX_VALUE MIN_VALUE
    """
)
_ROOTS: Final = frozenset({"datum"})
_REFUSED_MEMBERS: Final = frozenset({"constructor", "prototype", "__proto__", "toString", "valueOf", "toJSON", "then"})
MOST_CHARACTERS: Final = 2000

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<string>"[^"\\\n]*"|'[^'\\\n]*')
  | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<operator>===|!==|==|!=|<=|>=|&&|\|\||<<|>>>|>>|[-+*/%<>!~&|^?:,.()\[\]{}])
    """,
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str
    text: str


def check_expression(text: str, *, names: Collection[str] = ()) -> None:
    """Raise ChartError unless `text` stays within the allowed part of the expression language.

    `names` are the parameters the chart declares.
    """
    if len(text) > MOST_CHARACTERS:
        raise ChartError(f"an expression has {len(text):,} characters, at most {MOST_CHARACTERS:,} are allowed")
    tokens = _tokens(text)
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.kind == "name":
            _check_name(token.text, before, after, names, tokens[at + 2] if at + 2 < len(tokens) else None)
        elif token.text == "/" and not _ends_operand(before):
            raise ChartError("regular expressions are not allowed in a chart's expression")
        elif token.text == "(" and _ends_operand(before) and not (before and before.kind == "name"):
            raise ChartError("only plain functions can be called in a chart's expression")
        elif token.text == "[" and _ends_operand(before):
            _check_index(tokens[at + 1 : at + 3])


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ChartError(f"“{text[at]}” is not allowed in a chart's expression")
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup or "", match.group()))
        at = match.end()
    return tokens


def _ends_operand(token: _Token | None) -> bool:
    return token is not None and (token.kind in ("name", "number", "string") or token.text in (")", "]", "}"))


def _check_name(
    name: str, before: _Token | None, after: _Token | None, names: Collection[str], next_but_one: _Token | None
) -> None:
    if before is not None and before.text == ".":
        if name in _REFUSED_MEMBERS or name.startswith("__"):
            raise ChartError(f"“.{name}” is not allowed in a chart's expression")
        if after is not None and after.text == "(":
            raise ChartError(f"“.{name}()” is not allowed in a chart's expression: only plain functions can be called")
        return
    if after is not None and after.text == "(":
        if name not in FUNCTIONS:
            raise ChartError(f"the function “{name}” is not allowed in a chart's expression")
        if name == "now" or (name in ("date", "datetime") and next_but_one is not None and next_but_one.text == ")"):
            raise ChartError(f"“{name}()” would make the chart depend on when it is drawn")
        return
    if after is not None and after.text == ":" and before is not None and before.text in ("{", ","):
        if name in _REFUSED_MEMBERS or name.startswith("__"):
            raise ChartError(f"the key “{name}” is not allowed in a chart's expression")
        return
    if name not in CONSTANTS and name not in _ROOTS and name not in names:
        raise ChartError(f"“{name}” is not known in a chart's expression")


def _check_index(inside: list[_Token]) -> None:
    """Raise unless an index is one written-out key or number: a computed one could spell any name."""
    if len(inside) != 2 or inside[0].kind not in ("string", "number") or inside[1].text != "]":
        raise ChartError("an index in a chart's expression must be a plain key or number")
    key = inside[0].text.strip("\"'")
    if key in _REFUSED_MEMBERS or key.startswith("__"):
        raise ChartError(f"the key “{key}” is not allowed in a chart's expression")
