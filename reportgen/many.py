"""Making many values at once: what takes its time there is freezing each of them, and the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import field, fields, make_dataclass
from functools import wraps
from typing import Any, TypeVar

K = TypeVar("K")
T = TypeVar("T")


def thawed(kind: type[Any]) -> type[Any]:
    """Return a class with the fields of the frozen dataclass `kind` (slots, by keyword) that is made in a third of the time.

    A frozen dataclass sets each field by a call of its own. Whoever makes a thawed value says ``made.__class__ = kind`` when
    it is complete; from there on it is one: both classes have the same slots.
    """
    given = [(each.name, Any, field(default=each.default, default_factory=each.default_factory)) for each in fields(kind)]
    return make_dataclass(kind.__name__, given, slots=True, kw_only=True)


def gather(found: MutableMapping[K, Sequence[T]], key: K, item: T) -> None:
    """Add `item` to those of `key`: a tuple while there is one, as most keys of a large mapping have, else a list."""
    items = found.get(key)
    if items is None:
        found[key] = (item,)
    elif isinstance(items, list):
        items.append(item)
    else:
        found[key] = [*items, item]


def remembered(function: Callable[..., T]) -> Callable[..., T]:
    """Remember the results of a function of large values, which are the same only where they are the same objects.

    To compare a board of ten thousand rows, or to hash it, takes longer than what is asked of it. What is remembered ends with
    the first of the values that does; those that nothing can refer to weakly, such as text, are held.
    """
    known: dict[tuple[int, ...], tuple[list[object], T]] = {}

    @wraps(function)
    def ask(*given: object) -> T:
        key = tuple(map(id, given))
        found = known.get(key)
        if found is None:
            found = known[key] = [_held(each, lambda _: known.pop(key, None)) for each in given], function(*given)
        return found[1]

    return ask


def _held(value: object, forget: Callable[[object], object]) -> object:
    try:
        return weakref.ref(value, forget)
    except TypeError:
        return value


@contextmanager
def no_collection() -> Iterator[None]:
    """Hold the garbage collector back while many values are made: they have no cycles, and it would walk them all again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def settled() -> Iterator[None]:
    """Leave what has been made by now out of every collection within: it stays, and walking it again frees nothing."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
