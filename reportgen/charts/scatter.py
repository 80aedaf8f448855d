"""Quality against cost: every run a point, with the runs that nothing beats on both joined by a line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reportgen.analysis import pareto
from reportgen.charts import theme
from reportgen.charts.template import filled, padded
from reportgen.charts.values import Scatter, ScatterPoint, Spec
from reportgen.model import Direction


def _author() -> Any:
    """Author the scatter plot: points by group, the front, and words at the runs that matter."""
    import altair as alt

    def layer(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name=name))

    x, y = alt.X("x:Q"), alt.Y("y:Q")
    tip = [alt.Tooltip("n:N", title="Run"), alt.Tooltip("y:Q"), alt.Tooltip("x:Q"), alt.Tooltip("g:N", title=" ")]
    words: dict[str, Any] = {"fontWeight": 600, "color": theme.BLUE}
    return alt.layer(
        layer("front").mark_line(strokeDash=[4, 3], strokeWidth=1.5, color=theme.INK2).encode(x=x, y=y, order="i:Q"),
        layer("points")
        .mark_point(filled=True, size=56, opacity=1)
        .encode(x=x, y=y, color=alt.Color("g:N", legend=None), shape=alt.Shape("g:N", legend=None), tooltip=tip),
        layer("near")
        .mark_point(filled=False, size=48, strokeWidth=1.75, opacity=1)
        .encode(x=x, y=y, color=alt.Color("g:N", legend=None), shape=alt.Shape("g:N", legend=None), tooltip=tip),
        layer("labelRight").mark_text(align="left", dx=7, dy=-9, **words).encode(x=x, y=y, text="b:N"),
        layer("labelLeft").mark_text(align="right", dx=-7, dy=-9, **words).encode(x=x, y=y, text="b:N"),
    )


_SIZES: Final[Mapping[str, tuple[int, int]]] = {"wide": (620, 280), "middle": (620, 280), "small": (278, 220)}


def scatter(chart: Scatter, *, size: str = "wide") -> Spec:
    """Return the plot as a specification, "wide" or "small"; points that are not finite are left out."""
    width, height = _SIZES[size]
    points = [point for point in chart.points if math.isfinite(point.x) and math.isfinite(point.y)]
    names = theme.group_order([point.group for point in points])
    xs, ys = [point.x for point in points], [point.y for point in points]
    x_domain = padded(xs, zero=bool(xs) and min(xs) >= 0 and min(xs) < 0.5 * max(xs))
    y_domain = padded(ys, share=0.1)
    rows: dict[bool, list[Mapping[str, Any]]] = {False: [], True: []}
    for point in points:
        group = point.group if point.group in names else theme.OTHER_GROUP
        rows[point.near].append({"x": point.x, "y": point.y, "n": point.name, "k": point.key, "g": group})
    data = {"points": rows[False], "near": rows[True], "front": _front_rows(chart, points, x_domain)}
    spec = filled(
        _author,
        {**data, **_labels(points, x_domain, y_domain, size)},
        size=(width, height),
        scales={
            "x": {"domain": x_domain, "nice": False, "zero": False},
            "y": {"domain": y_domain, "nice": False, "zero": False},
            "color": {"domain": names, "range": list(theme.GROUP_COLOURS[: len(names)])},
            "shape": {"domain": names, "range": list(theme.GROUP_SHAPES[: len(names)])},
        },
        axes={
            "x": {"title": chart.x_title, "tickCount": 6, **({"format": chart.x_format} if chart.x_format else {})},
            "y": {"title": chart.y_title, "tickCount": 5, **({"format": chart.y_format} if chart.y_format else {})},
        },
    )
    for layer in spec["layer"]:
        for tip in layer["encoding"].get("tooltip", ()):
            if tip["field"] in ("x", "y"):
                tip["title"] = chart.x_title if tip["field"] == "x" else chart.y_title
    return spec


def pareto_front(points: Sequence[ScatterPoint], *, x_lower: bool = True, y_lower: bool = False) -> tuple[ScatterPoint, ...]:
    """Return the points that no other point beats: none is at least as good on both measures and better on one.

    In order from the best `x`; points that are equal on both measures are on it together.
    """
    directions: tuple[Direction, Direction] = ("lower" if x_lower else "higher", "lower" if y_lower else "higher")
    front = [points[place] for place in pareto.pareto_front([(p.x, p.y) for p in points], directions)]
    return tuple(sorted(front, key=lambda p: (p.x if x_lower else -p.x, p.y if y_lower else -p.y, p.name)))


def _front_rows(chart: Scatter, points: Sequence[ScatterPoint], x_domain: Sequence[float]) -> list[Mapping[str, Any]]:
    """Return the corners of the staircase: between two runs of the front, what can be had is the cheaper one's quality."""
    front = pareto_front(points, x_lower=chart.x_lower, y_lower=chart.y_lower)
    if len(front) < 2:
        return []
    corners: list[tuple[float, float]] = []
    for at, point in enumerate(front):
        if at:
            corners.append((point.x, front[at - 1].y))
        corners.append((point.x, point.y))
    corners.append((x_domain[1] if chart.x_lower else x_domain[0], front[-1].y))
    return [{"i": i, "x": x, "y": y} for i, (x, y) in enumerate(corners)]


def _labels(
    points: Sequence[ScatterPoint], x_domain: Sequence[float], y_domain: Sequence[float], size: str
) -> dict[str, list[Mapping[str, Any]]]:
    """Return the words at labelled points, to the side where they fit; one that would cover another is left out."""
    width, height = _SIZES[size]
    data: dict[str, list[Mapping[str, Any]]] = {"labelRight": [], "labelLeft": []}
    taken: list[tuple[float, float, float]] = []
    for point in points:
        if not point.label:
            continue
        px = width * (point.x - x_domain[0]) / (x_domain[1] - x_domain[0])
        py = height * (point.y - y_domain[0]) / (y_domain[1] - y_domain[0])
        length = len(point.label) * 7.2 + 9
        for side, start in (("labelRight", px), ("labelLeft", px - length)):
            fits = start >= 0 and start + length <= width
            free = all(abs(py - y) > 15 or start > b or start + length < a for a, b, y in taken)
            if fits and free:
                taken.append((start, start + length, py))
                data[side].append({"x": point.x, "y": point.y, "b": point.label})
                break
    return data
