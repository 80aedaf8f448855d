"""The theme manual's reference of contexts, made from the contexts themselves."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from reportgen.site.contexts import base
from reportgen.site.contexts.build import BuildContext
from reportgen.site.contexts.compare import CompareContext, CompareIndexContext
from reportgen.site.contexts.job import JobContext
from reportgen.site.contexts.leaderboard import LeaderboardContext
from reportgen.site.contexts.listing import ListingContext
from reportgen.site.contexts.model import DatasetContext, ModelContext
from reportgen.site.contexts.other import ChangesContext, ContentContext, PlainContext, SearchContext
from reportgen.site.contexts.overview import OverviewContext
from reportgen.site.contexts.pipeline import PipelineContext
from reportgen.site.contexts.run import RunContext

CONTEXTS: dict[str, type] = {
    "overview.html": OverviewContext,
    "job.html": JobContext,
    "run.html": RunContext,
    "build.html": BuildContext,
    "leaderboard.html": LeaderboardContext,
    "pipeline.html": PipelineContext,
    "model.html": ModelContext,
    "dataset.html": DatasetContext,
    "compare.html": CompareContext,
    "compare-index.html": CompareIndexContext,
    "changes.html": ChangesContext,
    "search.html": SearchContext,
    "content.html": ContentContext,
    "listing.html": ListingContext,
    "404.html": PlainContext,
    "states.html": PlainContext,
}
"""Template → the one context it gets, as ``page``."""


def fields_of(kind: type) -> Iterator[tuple[str, str, str, frozenset[type]]]:
    """Yield (name, type in words, help, components it holds) of every field of a context or component."""
    names = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else list(kind._fields)  # type: ignore[attr-defined]
    hints = get_type_hints(kind, include_extras=True)
    for name in names:
        hint = hints[name]
        help_text = (
            next((text for text in get_args(hint)[1:] if isinstance(text, str)), "") if get_origin(hint) is Annotated else ""
        )
        inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        yield name, _words(inner), help_text, frozenset(_components(inner))


def _words(hint: Any) -> str:
    if hint == base.Text:
        return "text in pieces"
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        inside = [argument for argument in arguments if argument is not Ellipsis]
        return f"list of {_words(inside[0])}" if Ellipsis in arguments else "(" + ", ".join(map(_words, inside)) + ")"
    if origin in (Union, types.UnionType):
        return " or ".join("none" if argument is type(None) else _words(argument) for argument in arguments)
    name: str = hint.__name__
    return {"str": "text", "bool": "yes or no", "int": "number", "Markup": "markup"}.get(name, name)


def _components(hint: Any) -> Iterator[type]:
    for argument in get_args(hint):
        yield from _components(argument)
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        yield hint


def components() -> dict[str, type]:
    """Return every component that some context holds, by name, in the order in which they are met."""
    found: dict[str, type] = {}
    waiting = [
        kind for context in CONTEXTS.values() for _, _, _, kinds in fields_of(context) for kind in sorted(kinds, key=_name)
    ]
    waiting += [base.Chrome, *(kind for _, _, _, kinds in fields_of(base.Chrome) for kind in sorted(kinds, key=_name))]
    while waiting:
        kind = waiting.pop(0)
        if kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += [inner for _, _, _, kinds in fields_of(kind) for inner in sorted(kinds, key=_name)]
    return found


def _name(kind: type) -> str:
    return kind.__name__


def markdown() -> str:
    """Return the reference as Markdown."""
    lines = [
        "# What templates get",
        "",
        "Every template gets one value, `page`, and the theme's options as `theme`; `asset(NAME)` returns where a file of the",
        "theme's `assets/` is published, relative to the version. Everything in `page` is text that is ready to be placed:",
        "numbers are formatted, links lead from the page, coordinates of plots are percentages. Made from the code.",
        "",
    ]
    by_context: dict[type, list[str]] = {}
    for template, context in CONTEXTS.items():
        by_context.setdefault(context, []).append(template)
    for context, templates in by_context.items():
        lines += [f"## {', '.join(f'`{template}`' for template in templates)}", "", *_table(context)]
    lines += ["## Components", "", "What the fields above hold. `text in pieces` is a list of `Span`.", ""]
    for name, kind in components().items():
        lines += [f"### {name}", "", *_table(kind)]
    return "\n".join(lines).rstrip() + "\n"


def _table(kind: type) -> list[str]:
    rows = [f"| `{name}` | {words} | {text.replace('|', chr(92) + '|')} |" for name, words, text, _ in fields_of(kind)]
    return [inspect.cleandoc(kind.__doc__ or ""), "", "| field | what | meaning |", "|---|---|---|", *rows, ""]
