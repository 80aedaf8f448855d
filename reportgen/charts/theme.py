"""Colours, fonts and sizes of charts: the design tokens of the default theme.

Every colour a built-in chart may use is a key of `DARK`, so that one style sheet inside the SVG file can turn the whole
picture for dark screens.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

INK: Final = "#15181c"
INK2: Final = "#434a54"
INK3: Final = "#5d6570"
EDGE: Final = "#7a828d"
LINE: Final = "#e3e6ea"
BLUE: Final = "#0072b2"
AMBER: Final = "#b86e00"
GREEN: Final = "#007a5a"
RED: Final = "#c04a00"
BAND: Final = "#cfe3f0"
PAPER: Final = "#ffffff"
PURPLE: Final = "#8a4f9e"
HEAT: Final = ("#f0f5f9", "#dcebf5", "#bfdaec", "#9cc7e3")

DARK: Final[Mapping[str, str]] = {
    INK: "#e9ebee",
    INK2: "#b9c0c8",
    INK3: "#99a1ac",
    EDGE: "#78818c",
    LINE: "#2a3037",
    BLUE: "#6db9ec",
    AMBER: "#e8a93c",
    GREEN: "#4fc79b",
    RED: "#f2955f",
    BAND: "#1f3b4d",
    PAPER: "#131619",
    PURPLE: "#c79bd8",
    **dict(zip(HEAT, ("#192027", "#1c3443", "#22495f", "#2b617f"), strict=True)),
}
"""Light colour → the colour that takes its place on a dark screen."""

SANS: Final = '-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",system-ui,sans-serif'

GROUP_COLOURS: Final = (BLUE, AMBER, EDGE, GREEN, PURPLE, INK)
GROUP_SHAPES: Final = ("circle", "triangle-up", "square", "diamond", "triangle-down", "cross")
GROUP_SIGNS: Final = ("●", "▲", "■", "◆", "▼", "✚")
OTHER_GROUP: Final = "other"

SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "wide": (1120, 250),
    "middle": (640, 240),
    "small": (300, 220),
    "panel": (310, 86),
    "square": (256, 196),
}
"""Plot areas in CSS pixels, without axes: the three widths of a trend, a small multiple, a figure panel."""


def config() -> dict[str, Any]:
    """Return the Vega-Lite ``config`` block, a new one for each caller."""
    words: dict[str, Any] = {"labelColor": INK3, "labelFontSize": 13, "titleColor": INK3, "titleFontSize": 13}
    axis: dict[str, Any] = {
        **words, "labelPadding": 6, "titleFontWeight": "normal",
        "domainColor": EDGE, "tickColor": EDGE, "tickSize": 4, "gridColor": LINE,
    }  # fmt: skip
    return {
        "aria": False,
        "background": "transparent",
        "font": "sans-serif",
        "padding": 4,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "labelFlush": False, "labelOverlap": "greedy"},
        "axisY": {
            "domain": False, "ticks": False, "labelPadding": 4,
            "titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleBaseline": "bottom",
            "titleX": 0, "titleY": -10,
        },
        "legend": {**words, "titleFontWeight": "normal"},
        "header": words,
        "title": {"color": INK, "fontSize": 15, "fontWeight": 600, "anchor": "start"},
        "line": {"strokeWidth": 2.5},
        "text": {"color": INK3, "fontSize": 13},
        "mark": {"color": BLUE},
        "rule": {"color": EDGE},
        "range": {
            "category": list(GROUP_COLOURS),
            "symbol": list(GROUP_SHAPES),
            "ramp": {"scheme": "blues"},
            "heatmap": {"scheme": "blues"},
        },
    }  # fmt: skip


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `over` laid on it, key by key at every depth."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both else copy.deepcopy(value)  # type: ignore[arg-type]
    return result


def group_order(groups: list[str]) -> list[str]:
    """Return the names that get a colour and shape of their own, most frequent first; the rest share `OTHER_GROUP`."""
    counts: dict[str, int] = {}
    for name in groups:
        counts[name] = counts.get(name, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    if len(names) <= len(GROUP_COLOURS):
        return names
    return [*names[: len(GROUP_COLOURS) - 1], OTHER_GROUP]


def group_legend(groups: list[str]) -> tuple[tuple[str, str], ...]:
    """Return ``(sign, name)`` for the groups of a chart, for the caption; empty where there is only one."""
    names = group_order([name for name in groups if name])
    return tuple(zip(GROUP_SIGNS, names, strict=False)) if len(names) > 1 else ()
