"""Sparklines: SVG files of a few hundred bytes, written directly because a site has thousands of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from reportgen.charts import theme

_STYLE: Final = (
    f"<style>.l{{fill:none;stroke:{theme.EDGE};stroke-width:1.25}}.e{{fill:#0067a3}}.b{{fill:#dcebf5}}.x{{stroke:#a63c00;stroke-width:1.5}}"
    f"@media screen and (prefers-color-scheme:dark){{.l{{stroke:{theme.DARK[theme.EDGE]}}}"
    f".e{{fill:{theme.DARK[theme.BLUE]}}}.b{{fill:#1c3443}}.x{{stroke:{theme.DARK[theme.RED]}}}}}</style>"
)
_MARGIN: Final = 4.0
SMALL: Final = (112, 24)
CARD: Final = (320, 48)


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".").replace("-0", "0", 1) if abs(value) < 0.05 else f"{value:.1f}"


def sparkline(
    values: Sequence[float | None],
    *,
    title: str,
    size: tuple[int, int] = SMALL,
    band: tuple[float, float] | None = None,
) -> bytes:
    """Return the SVG file of a small history, oldest first, with its last value marked.

    A missing or non-finite value is a cross on the floor; the line joins the values beside it. `band` is
    drawn over the whole width (the champion's interval, say) and does not stretch the scale.
    """
    width, height = size
    left, right, top, bottom = 3.0, width - 5.0, _MARGIN, height - _MARGIN
    present = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = (min(present), max(present)) if present else (0.0, 1.0)
    span = high - low

    def x_at(index: int) -> float:
        return right if len(values) < 2 else left + (right - left) * index / (len(values) - 1)

    def y_at(value: float) -> float:
        return (top + bottom) / 2 if span == 0 else bottom - (bottom - top) * ((value - low) / span)

    parts: list[str] = []
    if band is not None and span > 0 and all(map(math.isfinite, band)):
        upper, lower = max(y_at(max(band)), 0.0), min(y_at(min(band)), float(height))
        if lower > upper:
            parts.append(f'<rect class="b" y="{_number(upper)}" width="{width}" height="{_number(lower - upper)}"/>')
    parts.extend(_lines(values, x_at, y_at))
    crosses = [f"M{_number(x_at(i) - 2)} {height - 4}l4 4m0-4l-4 4" for i, v in enumerate(values) if not _finite(v)]
    if crosses:
        parts.append(f'<path class="x" d="{"".join(crosses)}"/>')
    if present:
        last = max(i for i, v in enumerate(values) if _finite(v))
        parts.append(f'<circle class="e" cx="{_number(x_at(last))}" cy="{_number(y_at(present[-1]))}" r="2.75"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{escape(title)}</title>{_STYLE}{''.join(parts)}</svg>\n"
    ).encode()


def _lines(values: Sequence[float | None], x_at: Callable[[int], float], y_at: Callable[[float], float]) -> list[str]:
    """Return one polyline for all present values: the crosses on the floor say where something is missing."""
    present = [(i, float(v)) for i, v in enumerate(values) if v is not None and math.isfinite(v)]
    points = [f"{_number(x_at(i))},{_number(y_at(v))}" for i, v in present]
    return [f'<polyline class="l" points="{" ".join(points)}"/>'] if len(points) > 1 else []
