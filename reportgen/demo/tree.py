"""Jenkins' ``tree=`` and ``depth=``: which properties of an exported object an answer holds.

A `Bean` is an exported object: its properties have a visibility and are read only when they are asked for. Plain JSON values
(the actions of a build) are pruned the same way, all of their properties being visible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

HIDDEN = {("org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId"): 1}
"""Properties of plain JSON values that a query by depth does not see at once: (class, name) → visibility."""


class BadTree(ValueError):
    """The query cannot be parsed; Jenkins answers 500."""


class Unreadable(Exception):
    """A property of an object cannot be read: the element is dropped from a list, anything else fails the request."""


class Bean(Protocol):
    """An exported object: its class and its properties by name."""

    class_name: str
    shows_class: bool
    visibility: Mapping[str, int]

    def read(self, name: str) -> Any:
        """Return the property: JSON, a bean, or a sequence of these. Raises Unreadable."""


class Pruner(Protocol):
    """Decides which properties are kept."""

    def keep(self, visibility: int, name: str) -> Pruner | None:
        """Return the pruner for the property's own value, or None to leave it out."""

    def cut(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return the part of a list that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Keeps the properties that a ``tree=`` names; a range cuts the list it stands behind."""

    children: Mapping[str, Named] = field(default_factory=dict)
    start: int = 0
    stop: int | None = None

    def keep(self, visibility: int, name: str) -> Named | None:
        """Return the node of that name, else the one named ``*``."""
        return self.children.get(name) or self.children.get("*")

    def cut(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return the elements from `start` (inclusive) to `stop` (exclusive)."""
        return values if self.start == 0 and self.stop is None else values[self.start : self.stop]


@dataclass(frozen=True, slots=True)
class ByDepth:
    """Keeps the properties that are visible enough at this depth of nesting."""

    nesting: int

    def keep(self, visibility: int, name: str) -> ByDepth | None:
        """Keep the property if it is visible enough; its own value is seen one level deeper."""
        return ByDepth(self.nesting + 1) if visibility >= self.nesting else None

    def cut(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return all."""
        return values


def pruner(tree: str | None, depth: str | None) -> Pruner:
    """Return the pruner for a query's ``tree`` and ``depth``; raises BadTree."""
    if tree is not None:
        return parse_tree(tree)
    try:
        return ByDepth(1 - int(depth or "0"))
    except ValueError:
        raise BadTree(f"depth {depth!r}") from None


def parse_tree(text: str) -> Named:
    """Return the parsed query; raises BadTree. Blanks belong to the names, a later equal name replaces an earlier one."""
    parser = _Parser(text)
    tree = parser.nodes()
    if parser.at < len(text):
        raise BadTree(f"unexpected {text[parser.at]!r} at {parser.at}")
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def nodes(self) -> Named:
        children: dict[str, Named] = {}
        while True:
            name = self.word(",[]{}")
            if not name:
                raise BadTree(f"a name is missing at {self.at}")
            children[name] = self.node()
            if not self.takes(","):
                return Named(children=children)

    def node(self) -> Named:
        children: Mapping[str, Named] = {}
        if self.takes("["):
            children = self.nodes().children
            self.expect("]")
        start, stop = self.range() if self.takes("{") else (0, None)
        return Named(children=children, start=start, stop=stop)

    def range(self) -> tuple[int, int | None]:
        first = self.word(",}")
        if not self.takes(","):
            self.expect("}")
            return _number(first), _number(first) + 1
        last = self.word(",}")
        self.expect("}")
        if not first and not last:
            raise BadTree("an empty range")
        return _number(first) if first else 0, _number(last) if last else None

    def word(self, ends: str) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        return self.text[start : self.at]

    def takes(self, token: str) -> bool:
        if self.text[self.at : self.at + 1] == token:
            self.at += 1
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.takes(token):
            raise BadTree(f"{token!r} is missing at {self.at}")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadTree(f"{text!r} is not a number")
    return int(text)


def export(value: Any, kept: Pruner) -> Any:
    """Return `value` as JSON with only the properties that `kept` keeps."""
    if isinstance(value, Mapping):
        return _export_json(value, kept)
    if isinstance(value, (list, tuple)):
        return list(_export_elements(kept.cut(value), kept))
    if hasattr(value, "visibility"):
        return _export_bean(value, kept)
    return value


def _export_elements(values: Sequence[Any], kept: Pruner) -> Iterator[Any]:
    for value in values:
        try:
            yield export(value, kept)
        except Unreadable:
            continue


def _export_bean(bean: Bean, kept: Pruner) -> dict[str, Any]:
    answer: dict[str, Any] = {"_class": bean.class_name} if bean.shows_class else {}
    for name, visibility in bean.visibility.items():
        inner = kept.keep(visibility, name)
        if inner is not None:
            answer[name] = export(bean.read(name), inner)
    return answer


def _export_json(value: Mapping[str, Any], kept: Pruner) -> dict[str, Any]:
    class_name = value.get("_class")
    answer: dict[str, Any] = {} if class_name is None else {"_class": class_name}
    for name, inner_value in value.items():
        inner = kept.keep(HIDDEN.get((str(class_name), name), 999), name) if name != "_class" else None
        if inner is not None:
            answer[name] = export(inner_value, inner)
    return answer
