"""Scales of forest plots and sparklines: values in, percentages and coordinates out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from reportgen.site import format as fmt
from reportgen.site.contexts.base import Plot, Spark, Tick

_MARGIN = 4.0
_INSIDE = 100.0 - 2 * _MARGIN
_FEW = 20
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def percent(value: float) -> str:
    """Return ``72.9%``, without a needless zero."""
    return f"{value:.1f}".removesuffix(".0") + "%"


class Scale(NamedTuple):
    """A linear scale from `low` to `high` over the width of a plot, less a small margin on either side."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Iterable[float | None], *, bulk: bool = False) -> Scale | None:
        """Return a scale that holds all finite `values` with a little room, None where there is none.

        With `bulk` it holds the middle nine tenths and their surroundings: a few values far away stand at its edge.
        """
        known = sorted(value for value in values if value is not None and math.isfinite(value))
        if not known:
            return None
        low, high = known[0], known[-1]
        if bulk and len(known) > _FEW:
            inner, outer = known[len(known) // 20], known[-1 - len(known) // 20]
            reach = (outer - inner) or (high - low)
            low, high = max(low, inner - reach / 2), min(high, outer + reach / 2)
        room = (high - low) * 0.03 or abs(high) * 0.05 or 1.0
        return cls(low - room, high + room)

    def holds(self, value: float | None) -> bool:
        """Whether `value` is known and on the scale."""
        return value is not None and self.low <= value <= self.high

    def at(self, value: float) -> float:
        """Return where `value` is, in percent; values off the scale stand at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return _MARGIN + _INSIDE * min(max(share, 0.0), 1.0)

    def place(self, value: float | None) -> str:
        """Return where `value` is as an attribute; empty for none."""
        return "" if value is None or not math.isfinite(value) else percent(self.at(value))

    def ticks(self, *, signed: bool = False, most: int = 6) -> tuple[Tick, ...]:
        """Return labelled places at round numbers, every second of four or more minor; `signed` labels are differences."""
        step = _step((self.high - self.low) / max(most - 1, 1))
        spec = f",.{_decimals(step)}f"
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        write = fmt.difference if signed else fmt.number
        many = last - first > 2
        return tuple(
            Tick(percent(self.at(i * step)), write(i * step, spec) if i else "0", many and _minor(i, first, signed=signed))
            for i in range(first, last + 1)
        )

    def plot(
        self,
        value: float | None,
        low: float | None = None,
        high: float | None = None,
        *,
        band: tuple[float, float] | None = None,
        line: float | None = None,
        zero: bool = False,
        ring: float | None = None,
        me: bool = False,
    ) -> Plot:
        """Return one row of a forest plot on this scale."""
        ground = self.ground(band=band, line=line, zero=zero)
        return self.marks(ground, value, low, high, ring=ring, me=me)

    def ground(
        self, *, band: tuple[float, float] | None = None, line: float | None = None, zero: bool = False
    ) -> tuple[str, str, str, str]:
        """Return what all rows of a forest plot share: band, its width, line and zero."""
        left, width = "", ""
        if band is not None:
            start, end = self.at(band[0]), self.at(band[1])
            left, width = percent(start), percent(end - start)
        return left, width, self.place(line), self.place(0.0) if zero else ""

    def marks(
        self,
        ground: tuple[str, str, str, str],
        value: float | None,
        low: float | None = None,
        high: float | None = None,
        *,
        ring: float | None = None,
        me: bool = False,
    ) -> Plot:
        """Return one row of a forest plot of which the `ground` is known."""
        known = low is not None and high is not None
        ends = (self.place(low), self.place(high)) if known else ("", "")
        return Plot(self.place(value), *ends, *ground, self.place(ring), me)


def _minor(index: int, first: int, *, signed: bool) -> bool:
    return index % 2 != 0 if signed else (index - first) % 2 != 0


def _decimals(step: float) -> int:
    """Return how many decimals multiples of `step` need."""
    power = math.floor(math.log10(step) + 1e-9)
    return max(0, -power + (1 if abs(step / 10.0**power - 2.5) < 1e-6 else 0))


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step for step in _STEPS if step * power >= rough * (1 - 1e-9)) * power


@lru_cache(maxsize=256)
def _places(count: int, wide: int) -> tuple[str, ...]:
    """Return where the points of a line of `count` builds stand from left to right."""
    step = (wide - 6) / (count - 1)
    return tuple(f"{2 + index * step:.0f}" for index in range(count))


@lru_cache(maxsize=256)
def _pattern(count: int, wide: int) -> str:
    """Return a line through all places that lacks but the heights."""
    return " ".join(f"{x},%.1f" for x in _places(count, wide))


def spark(
    values: Sequence[float | None],
    alt: str,
    *,
    band: tuple[float, float] | None = None,
    size: tuple[int, int] = (112, 24),
) -> Spark | None:
    """Return a small line of `values`, oldest first; None where fewer than two are known.

    Builds without a value are crosses on the floor. `band` is the champion's interval; it may reach beyond the picture.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    span = high - low
    if not 1e-290 < span < math.inf:  # nothing can be divided by less, and nothing lies within more
        span = 0.0
    wide, tall = size
    floor, room = tall - 4, tall - 7

    def y(value: float) -> float:
        return tall / 2 - 1 if not span else floor - room * (value - low) / span

    places = _places(len(values), wide)
    if len(known) == len(values) and span:  # nearly all lines, and there are dozens on a page
        steep = room / span
        drawn_line = _pattern(len(values), wide) % tuple([floor - steep * (value - low) for value in known])
        gaps: list[str] = []
    else:
        drawn = [value is not None and math.isfinite(value) for value in values]
        drawn_line = " ".join(
            f"{x},{y(value or 0.0):.1f}" for x, value, shown in zip(places, values, drawn, strict=True) if shown
        )
        gaps = [x for x, shown in zip(places, drawn, strict=True) if not shown]
    before, _, after = drawn_line.rpartition(" ")[2].partition(",")
    last = (before, after)
    ended = values[-1] is not None and math.isfinite(values[-1])
    edges = ("", "")
    if band is not None and span:
        top, bottom = max(y(band[1]), 0.0), min(y(band[0]), float(tall))
        if bottom > top:
            edges = (f"{top:.1f}", f"{bottom - top:.1f}")
    end = last if ended else ("", "")
    return Spark(drawn_line, *end, tuple(gaps), alt, edges, str(wide), str(tall), str(tall - 4))
