"""Directives of content pages: ``{{ metric("churn/validate#140", "val/f1") }}``.

A directive is a name and literal arguments, read by a parser of its own. It is no template language: there is nothing to
compute, no way to reach an object, and each name has one signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal

Value = str | int | float | bool
Shape = Literal["inline", "block"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A directive as it stands in a page: `line` counts from 1 in the file."""

    name: str
    args: tuple[Value, ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)
    line: int = 0
    source: str = ""


class BadDirective(ValueError):
    """A directive cannot be read; the message says why."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    required: tuple[str, ...]
    options: Mapping[str, type]
    shape: Shape
    many: bool = False


SIGNATURES: Final[Mapping[str, _Signature]] = {
    "metric": _Signature(required=("run", "name"), options={}, shape="inline"),
    "leaderboard": _Signature(required=("name",), options={"top": int}, shape="block"),
    "compare": _Signature(required=("a", "b"), options={}, shape="block", many=True),
    "chart": _Signature(required=("run", "name"), options={}, shape="block"),
}
FOUND: Final = re.compile(r"(?<!\\)\{\{(?!\{)(?P<body>[^{}\n]{0,500}(?:\n[^{}\n]{1,500}){0,3})\}\}")
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>[-+]?\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\["\\])*"|'(?:[^'\\]|\\['\\])*')|(?P<mark>[(),=]))"""
)


def parse(body: str, *, line: int = 0) -> Call:
    """Return the call written between the braces, or raise BadDirective."""
    tokens = _tokens(body)
    if not tokens or tokens[0][0] != "name":
        raise BadDirective("a directive starts with its name", hint=_KNOWN)
    name = str(tokens[0][1])
    if name not in SIGNATURES:
        near = get_close_matches(name, SIGNATURES, n=1)
        raise BadDirective(f"there is no directive “{name}”", hint=f"did you mean {near[0]}?" if near else _KNOWN)
    if len(tokens) < 3 or tokens[1] != ("mark", "(") or tokens[-1] != ("mark", ")"):
        raise BadDirective(f"“{name}” needs its arguments in parentheses", hint=_usage(name))
    args, options = _arguments(tokens[2:-1], name)
    _check(name, args, options)
    return Call(name=name, args=tuple(args), options=options, line=line, source=body.strip())


_KNOWN: Final = "known are metric, leaderboard, compare and chart; write \\{{ for braces that are meant as such"


def _usage(name: str) -> str:
    signature = SIGNATURES[name]
    words = [f'"{word.upper()}"' for word in signature.required] + (["…"] if signature.many else [])
    words += [f"{option}={'5' if kind is int else '…'}" for option, kind in signature.options.items()]
    return f"write {{{{ {name}({', '.join(words)}) }}}}"


def _tokens(body: str) -> list[tuple[str, Value]]:
    tokens: list[tuple[str, Value]] = []
    at, end = 0, len(body.rstrip())
    while at < end:
        match = _TOKEN.match(body, at, end)
        if match is None:
            raise BadDirective(
                f"“{body[at:end].strip()[:20]}” is not understood here", hint="arguments are texts in quotes and numbers"
            )
        kind = match.lastgroup or ""
        text = match[kind]
        if kind == "number":
            tokens.append((kind, float(text) if "." in text else int(text)))
        elif kind == "text":
            tokens.append((kind, re.sub(r"\\(.)", r"\1", text[1:-1])))
        elif kind == "name" and text in ("true", "false"):
            tokens.append(("number", text == "true"))
        else:
            tokens.append((kind, text))
        at = match.end()
    return tokens


def _arguments(tokens: list[tuple[str, Value]], name: str) -> tuple[list[Value], dict[str, Value]]:
    args: list[Value] = []
    options: dict[str, Value] = {}
    at = 0
    while at < len(tokens):
        kind, value = tokens[at]
        if (
            kind == "name"
            and tokens[at + 1 : at + 2] == [("mark", "=")]
            and at + 2 < len(tokens)
            and tokens[at + 2][0] in ("text", "number")
        ):
            options[str(value)] = tokens[at + 2][1]
            at += 3
        elif kind in ("text", "number") and not options:
            args.append(value)
            at += 1
        else:
            raise BadDirective(f"the arguments of “{name}” are not understood at “{value}”", hint=_usage(name))
        if at < len(tokens):
            if tokens[at] != ("mark", ",") or at + 1 == len(tokens):
                raise BadDirective(f"the arguments of “{name}” are not understood at “{tokens[at][1]}”", hint=_usage(name))
            at += 1
    return args, options


def _check(name: str, args: list[Value], options: Mapping[str, Value]) -> None:
    signature = SIGNATURES[name]
    enough = len(args) >= len(signature.required)
    too_many = len(args) > (20 if signature.many else len(signature.required))
    if not enough or too_many or not all(isinstance(arg, str) for arg in args):
        wanted = " and ".join(signature.required)
        raise BadDirective(
            f"“{name}” takes {wanted}{' and more of them' if signature.many else ''}, as texts", hint=_usage(name)
        )
    for option, value in options.items():
        if option not in signature.options:
            raise BadDirective(f"“{name}” has no option “{option}”", hint=_usage(name))
        if type(value) is not signature.options[option] or (isinstance(value, int) and not 1 <= value <= 100):
            raise BadDirective(f"the option “{option}” of “{name}” must be a whole number from 1 to 100", hint=_usage(name))
