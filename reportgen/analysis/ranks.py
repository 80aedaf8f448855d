"""Competition ranks by exact value: 1 2 2 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, TypeVar

from reportgen.model import Direction

T = TypeVar("T")


def is_finite(value: object) -> bool:
    """Tell whether `value` is a number that may be ranked: not a bool, not nan, not infinite."""
    kind = type(value)
    if kind is float:  # asked once for every cell of every board
        return math.isfinite(value)  # type: ignore[arg-type]
    if kind is int:
        return True
    return isinstance(value, float) and math.isfinite(value)


def ordered(items: Sequence[T], value: Callable[[T], float], direction: Direction, *, tie: Callable[[T], Any]) -> list[T]:
    """Return `items` best first; inside a tie in the order of `tie`. Integers compare as integers, −0.0 equals 0.0."""
    if direction == "none":
        return sorted(items, key=tie)
    placed: list[T] = []
    for _, equal in groupby(sorted(items, key=value, reverse=direction == "higher"), key=value):
        shared = list(equal)
        placed += sorted(shared, key=tie) if len(shared) > 1 else shared
    return placed


def competition_ranks(values: Sequence[Any], direction: Direction) -> list[int | None]:
    """Return the rank of each value, None for what is not a finite number; without a direction nothing has a rank.

    Exactly equal values share a rank, and the next one counts them all: 1 2 2 4.
    """
    if direction == "none":
        return [None] * len(values)
    finite = sorted((v for v in values if is_finite(v)), reverse=direction == "higher")
    first: dict[Any, int] = {}
    for place, value in enumerate(finite, start=1):
        first.setdefault(value, place)
    return [first[v] if is_finite(v) else None for v in values]
