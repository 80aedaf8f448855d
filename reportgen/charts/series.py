"""Lines over a common axis: training curves of several runs, PR and ROC curves, calibration, and confusion matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reportgen.charts import theme
from reportgen.charts.template import filled, padded
from reportgen.charts.values import Cell, Line, Overlay, Spec

_LABEL_GAP: Final = 15.0
_LABEL_ROOM: Final = 7.0
_COLOURS: Final = (theme.AMBER, theme.GREEN, theme.PURPLE, theme.EDGE, theme.INK)
_SIZES: Final[Mapping[str, tuple[int, int]]] = {**theme.SIZES, "wide": (1000, 260), "middle": (560, 240), "curve": (310, 190)}
_MOST_NAMED: Final = 6


def _author() -> Any:
    """Author the overlay: a layer per kind of line, bands below, names where lines end."""
    import altair as alt

    def layer(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name=name))

    x, y = alt.X("x:Q"), alt.Y("y:Q")
    tip = [alt.Tooltip("n:N", title="Run"), alt.Tooltip("x:Q"), alt.Tooltip("y:Q")]
    own_colour = alt.Color("c:N", scale=None, legend=None)

    def line(name: str, **look: Any) -> alt.Chart:
        drawn: alt.Chart = layer(name).mark_line(**look).encode(x=x, y=y, detail="n:N", tooltip=tip)
        return drawn

    return alt.layer(
        layer("bands").mark_area(color=theme.BAND).encode(x=x, y=alt.Y("lo:Q"), y2="hi:Q", detail="n:N"),
        layer("diagonal").mark_line(color=theme.EDGE, strokeDash=[1.5, 3], strokeWidth=1.5).encode(x=x, y=y),
        line("other", strokeWidth=1.5).encode(color=own_colour),
        line("baseline", color=theme.EDGE, strokeDash=[1.5, 3], strokeWidth=1.5),
        line("champion", color=theme.INK2, strokeDash=[5, 3], strokeWidth=1.5),
        line("this", color=theme.BLUE, strokeWidth=2.5),
        layer("single").mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=own_colour, tooltip=tip),
        layer("names").mark_text(align="left", dx=6).encode(x=x, y=y, text="n:N", color=own_colour),
    )


def overlay(chart: Overlay, *, size: str = "wide") -> Spec:
    """Return the lines as a specification in a size of `theme.SIZES`.

    Lines are told apart by their kind first (this run solid and heavy, the champion dashed, the baseline dotted), then by
    colour. The first six are named where they end, moved apart where they would meet; the caption has to name the others.
    """
    width, height = _SIZES[size]
    room = (
        max((len(line.name) for line in chart.lines[:_MOST_NAMED]), default=0) * _LABEL_ROOM + 8 if len(chart.lines) > 1 else 0
    )
    width = max(width - round(room), width // 2)
    lines = [(line, [(x, y) for x, y in line.points if math.isfinite(x) and math.isfinite(y)]) for line in chart.lines]
    xs = [x for _, points in lines for x, _ in points]
    ys = [y for _, points in lines for _, y in points] + [v for line, _ in lines for _, lo, hi in line.band for v in (lo, hi)]
    x_domain = [0.0, 1.0] if chart.unit_square else ([min(xs), max(xs)] if xs and min(xs) < max(xs) else padded(xs))
    y_domain = [0.0, 1.0] if chart.unit_square else padded([y for y in ys if math.isfinite(y)])
    data = _line_rows(lines)
    data["bands"] = [
        {"x": x, "lo": lo, "hi": hi, "n": line.name}
        for line, _ in lines
        for x, lo, hi in line.band
        if all(map(math.isfinite, (x, lo, hi)))
    ]
    if chart.diagonal:
        data["diagonal"] = [{"x": x_domain[0], "y": y_domain[0]}, {"x": x_domain[1], "y": y_domain[1]}]
    if len(lines) > 1:
        data["names"] = _name_rows(lines, y_domain, height)
    return filled(
        _author,
        data,
        size=(width, height),
        scales={
            "x": {"domain": x_domain, "nice": False, "zero": False},
            "y": {"domain": y_domain, "nice": False, "zero": False},
        },
        axes={
            "x": {"title": chart.x_title, "tickCount": 5, **({"format": chart.x_format} if chart.x_format else {})},
            "y": {"title": chart.y_title, "tickCount": 5, **({"format": chart.y_format} if chart.y_format else {})},
        },
    )


def _colours(lines: Sequence[tuple[Line, Any]]) -> dict[str, str]:
    fixed = {"this": theme.BLUE, "champion": theme.INK2, "baseline": theme.EDGE}
    others = [line.name for line, _ in lines if line.kind == "other"]
    cycle = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(others)}
    return {line.name: fixed.get(line.kind) or cycle[line.name] for line, _ in lines}


def _line_rows(lines: Sequence[tuple[Line, list[tuple[float, float]]]]) -> dict[str, list[Mapping[str, Any]]]:
    colours = _colours(lines)
    data: dict[str, list[Mapping[str, Any]]] = {"single": []}
    for line, points in lines:
        rows = [{"x": x, "y": y, "n": line.name, "k": line.key, "c": colours[line.name]} for x, y in points]
        data.setdefault("single" if len(rows) == 1 else line.kind, []).extend(rows)
    return data


def _name_rows(
    lines: Sequence[tuple[Line, list[tuple[float, float]]]], y_domain: Sequence[float], height: int
) -> list[Mapping[str, Any]]:
    ends = [(line, points[-1]) for line, points in lines[:_MOST_NAMED] if points]
    scale = height / (y_domain[1] - y_domain[0])
    places = spread([(y - y_domain[0]) * scale for _, (_, y) in ends], gap=_LABEL_GAP, high=float(height))
    colours = _colours(lines)
    return [
        {"x": x, "y": y_domain[0] + place / scale, "n": line.name, "c": colours[line.name]}
        for (line, (x, _)), place in zip(ends, places, strict=True)
    ]


def spread(places: Sequence[float], *, gap: float, high: float) -> list[float]:
    """Return `places` moved apart, in their order, to be at least `gap` apart and, if that fits, within 0 … `high`."""
    order = sorted(range(len(places)), key=lambda at: (places[at], at))
    result = list(places)
    floor = 0.0
    for at in order:
        result[at] = max(result[at], floor)
        floor = result[at] + gap
    ceiling = high
    for at in reversed(order):
        result[at] = min(result[at], ceiling)
        ceiling = result[at] - gap
    return result


def downsampled(points: Sequence[tuple[float, float]], *, most: int) -> tuple[tuple[float, float], ...]:
    """Return at most `most` points of a series: the lowest and the highest of each stretch, so that no peak is lost.

    The first and the last point are always kept.
    """
    if len(points) <= most or most < 4:
        return tuple(points) if len(points) <= most else (points[0], points[-1])
    inner = points[1:-1]
    buckets = (most - 2) // 2
    kept = [points[0]]
    for at in range(buckets):
        stretch = inner[at * len(inner) // buckets : (at + 1) * len(inner) // buckets]
        low = min(range(len(stretch)), key=lambda i: stretch[i][1])
        high = max(range(len(stretch)), key=lambda i: stretch[i][1])
        kept.extend(stretch[i] for i in sorted({low, high}))
    kept.append(points[-1])
    return tuple(kept)


def _heat_author() -> Any:
    """Author the confusion matrix: a tile per cell with its count, shaded by share of the actual class."""
    import altair as alt

    base = alt.Chart(alt.NamedData(name="cells")).encode(
        x=alt.X("p:N", title="Predicted", sort=None, axis=alt.Axis(labelAngle=0, domain=False, ticks=False)),
        y=alt.Y("a:N", title="Actual", sort=None, axis=alt.Axis(domain=False)),
    )
    shade = alt.Color("q:O", legend=None, scale=alt.Scale(domain=[0, 1, 2, 3], range=list(theme.HEAT)))
    tip = [alt.Tooltip("a:N", title="Actual"), alt.Tooltip("p:N", title="Predicted"), alt.Tooltip("n:Q", title="Count")]
    return alt.layer(
        base.mark_rect(stroke=theme.PAPER, strokeWidth=2).encode(color=shade, tooltip=tip),
        base.mark_text(color=theme.INK, fontSize=15).encode(text=alt.Text("n:Q", format=",")),
    )


def confusion(cells: Sequence[Cell]) -> Spec:
    """Return a confusion matrix; a tile's shade is its share of the actual class, in four steps."""
    totals: dict[str, int] = {}
    for cell in cells:
        totals[cell.actual] = totals.get(cell.actual, 0) + cell.count
    rows = [
        {"a": cell.actual, "p": cell.predicted, "n": cell.count, "q": min(3, int(4 * cell.count / (totals[cell.actual] or 1)))}
        for cell in cells
    ]
    side = max(1, len(totals))
    return filled(
        _heat_author, {"cells": rows}, size=(min(360, max(160, 80 * side)), min(300, max(112, 56 * side))), scales={}, axes={}
    )
