"""Histories: one metric over the builds of a job, in three widths and as a small panel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reportgen.charts import theme
from reportgen.charts.template import filled, labels_expression, padded
from reportgen.charts.values import Level, Mark, Spec, Trend, TrendPoint

_WHISKER_ROOM: Final = 5.0
"""Pixels a build needs for a whisker of its own; narrower, the intervals become a band."""
_POINT_ROOM: Final = 5.0
"""Pixels a build needs for a point of full size and a line to the next one."""
_FAILED_LABEL_ROOM: Final = 96.0
_TICK_ROOM: Final = 64.0
_TEXT_ROW: Final = 17


_WORDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("after", {"align": "left", "dx": 8, "color": theme.INK2}),
    ("before", {"align": "right", "dx": -8, "color": theme.INK2}),
    ("shiftRight", {"align": "left", "dx": 6, "fontWeight": 600, "color": theme.INK}),
    ("shiftLeft", {"align": "right", "dx": -6, "fontWeight": 600, "color": theme.INK}),
)


def _author() -> Any:
    """Author the history chart: what is drawn, how, and in which order; data and scales come later."""
    import altair as alt

    def layer(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name=name))

    x = alt.X("x:Q", title="Build")
    y = alt.Y("y:Q", title="")
    group = {
        "color": alt.Color("g:N", legend=None),
        "shape": alt.Shape("g:N", legend=None),
    }
    tip = [alt.Tooltip("b:N", title="Build"), alt.Tooltip("y:Q", title="Value"), alt.Tooltip("t:N", title=" ")]
    failed_y = alt.value("height")
    words = [
        layer(f"{name}{row}").mark_text(**look).encode(x=x, y=alt.value(6 + row * _TEXT_ROW), text="b:N")
        for row in (0, 1)
        for name, look in _WORDS
    ]
    small: dict[str, Any] = {"filled": True, "size": 14, "opacity": 1, "shape": "circle"}
    cross: dict[str, Any] = {
        "filled": True,
        "size": 60,
        "opacity": 1,
        "shape": "cross",
        "angle": 45,
        "yOffset": -6,
        "color": theme.RED,
    }
    return alt.layer(
        layer("bands").mark_area(opacity=1, color=theme.BAND).encode(x=x, y=alt.Y("lo:Q", title=""), y2="hi:Q", detail="s:N"),
        layer("breaks").mark_rule(strokeDash=[2, 3], color=theme.INK2, strokeWidth=1.25).encode(x=x),
        layer("shifts").mark_rule(strokeDash=[1, 3], color=theme.INK3, strokeWidth=1).encode(x=x),
        layer("baseline").mark_rule(strokeDash=[1.5, 3], color=theme.EDGE, strokeWidth=1.5).encode(x=x, x2="x2", y=y),
        layer("limit").mark_rule(strokeDash=[5, 3], color=theme.RED, strokeWidth=1.5).encode(x=x, x2="x2", y=y),
        layer("median").mark_rule(color=theme.INK3, strokeWidth=1).encode(x=x, x2="x2", y=y),
        layer("champion").mark_rule(color=theme.INK, strokeWidth=1.5).encode(x=x, x2="x2", y=y),
        layer("lines").mark_line(color=theme.EDGE, strokeWidth=1.25).encode(x=x, y=y, detail="s:N"),
        layer("whiskers").mark_rule(opacity=0.55, strokeWidth=1.5).encode(
            x=x, y=alt.Y("lo:Q", title=""), y2="hi:Q", color=group["color"]
        ),
        layer("points").mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, tooltip=tip, **group),
        layer("dots").mark_point(**small).encode(x=x, y=y, tooltip=tip, color=group["color"]),
        layer("last").mark_point(filled=True, size=72, opacity=1, color=theme.BLUE).encode(x=x, y=y, tooltip=tip),
        layer("failed").mark_point(**cross).encode(x=x, y=failed_y, tooltip=[tip[0], tip[2]]),
        layer("failedRight").mark_text(align="left", dx=8, dy=-6, color=theme.RED).encode(x=x, y=failed_y, text="b:N"),
        layer("failedLeft").mark_text(align="right", dx=-8, dy=-6, color=theme.RED).encode(x=x, y=failed_y, text="b:N"),
        layer("baselineText").mark_text(align="right", dy=9, color=theme.INK3).encode(x=x, y=y, text="b:N"),
        layer("limitText").mark_text(align="right", dy=10, color=theme.RED).encode(x=x, y=y, text="b:N"),
        layer("championText").mark_text(align="right", dy=-9, color=theme.INK2).encode(x=x, y=y, text="b:N"),
        *words,
    ).resolve_scale(y="shared")  # fmt: skip


def trend(chart: Trend, *, size: str = "wide") -> Spec:
    """Return the history as a specification in one of the sizes of `theme.SIZES`.

    Values with intervals get whiskers, or a band where builds stand too close; failed builds are crosses on the axis; shifts
    and breaks are written above. The size "panel" is the small multiple: grey points, the last one marked, no words.
    """
    width, height = theme.SIZES[size]
    panel = size == "panel"
    points = [(at, point) for at, point in enumerate(chart.points) if _finite(point.value)]
    rows = 0 if panel else _text_rows(chart.marks)
    ends = [v for _, p in points for v in (p.value, *(() if panel else (p.low, p.high))) if v is not None and math.isfinite(v)]
    domain = padded(
        [*ends, *(level.value for level in chart.levels if not panel)], top=min(0.4, rows * _TEXT_ROW / height), zero=chart.zero
    )
    data = _point_rows(chart, points, width=width, panel=panel)
    data |= _failed_rows(chart.points, width=width, panel=panel)
    data |= _mark_rows(chart.marks, count=len(chart.points), width=width, panel=panel)
    if not panel:
        data |= _level_rows(chart.levels)
    names = [""] if panel else theme.group_order([point.group for _, point in points])
    colours = list(theme.GROUP_COLOURS[: len(names)]) if len(names) > 1 else [theme.EDGE if panel else theme.BLUE]
    ticks = _ticks(chart, width=width, panel=panel)
    y_axis: dict[str, Any] = {"title": None if panel else chart.title, "tickCount": 3 if panel else 5}
    if ends and min(ends) >= 0 and max(ends) <= 1 < domain[1]:
        y_axis["labelExpr"] = "datum.value > 1 ? '' : datum.label"  # the room above is for words; a share ends at 1
    if "%" in chart.format:
        y_axis["format"] = chart.format
    count = max(len(chart.points), 1)
    air = max(0.1, 6 * count / width)
    spec = filled(
        _author,
        data,
        size=(width, height),
        scales={
            "x": {"domain": [-0.5 - air, count - 0.5 + air], "nice": False, "zero": False},
            "y": {"domain": domain, "nice": False, "zero": False, "clamp": True},
            "color": {"domain": names, "range": colours},
            "shape": {"domain": names, "range": list(theme.GROUP_SHAPES[: len(names)])},
        },
        axes={
            "x": {"title": None if panel else "Build", "values": list(ticks), "labelExpr": labels_expression(ticks)},
            "y": y_axis,
        },
    )
    for tip in (tip for layer in spec["layer"] for tip in layer["encoding"].get("tooltip", ())):
        if tip["field"] == "y" and chart.format:
            tip["format"] = chart.format
    return spec


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _tip(point: TrendPoint) -> str:
    parts = [point.group, point.note]
    if point.low is not None and point.high is not None:
        parts.insert(0, f"{point.low:.4g} to {point.high:.4g}")
    return ", ".join(part for part in parts if part)


def _segment(marks: Sequence[Mark], at: int) -> int:
    return sum(1 for mark in marks if mark.kind == "break" and mark.at <= at)


def _point_rows(
    chart: Trend, points: Sequence[tuple[int, TrendPoint]], *, width: int, panel: bool
) -> dict[str, list[Mapping[str, Any]]]:
    names = set(theme.group_order([point.group for _, point in points]))
    room = width / max(len(chart.points), 1)
    rows = [
        {
            "x": at, "y": point.value, "b": point.label, "t": _tip(point), "k": point.key, "s": _segment(chart.marks, at),
            "g": point.group if point.group in names else theme.OTHER_GROUP,
        }
        for at, point in points
    ]  # fmt: skip
    if panel:
        return {"dots": [{**row, "g": ""} for row in rows[:-1]], "last": list(rows[-1:])}
    data: dict[str, list[Mapping[str, Any]]] = {"points" if room >= _POINT_ROOM else "dots": list(rows)}
    with_interval = [
        {**{key: row[key] for key in ("x", "g", "s")}, "lo": point.low, "hi": point.high}
        for row, (_, point) in zip(rows, points, strict=True)
        if _finite(point.low) and _finite(point.high)
    ]
    if room >= _WHISKER_ROOM:
        data["whiskers"] = list(with_interval)
    elif len(with_interval) > 1:
        data["bands"] = list(with_interval)
    if len(names) == 1 and len(rows) > 1 and room >= _POINT_ROOM:
        data["lines"] = [{key: row[key] for key in ("x", "y", "s")} for row in rows]
    return data


def _failed_rows(points: Sequence[TrendPoint], *, width: int, panel: bool) -> dict[str, list[Mapping[str, Any]]]:
    failed = [(at, point) for at, point in enumerate(points) if point.failed]
    rows = [{"x": at, "b": point.label, "t": point.note or "failed", "k": point.key} for at, point in failed]
    data: dict[str, list[Mapping[str, Any]]] = {"failed": list(rows), "failedRight": [], "failedLeft": []}
    if panel:
        return {"failed": data["failed"]}
    step = width / max(len(points), 1)
    end = -math.inf
    for at, point in failed:
        here = (at + 0.6) * step
        left = here + _FAILED_LABEL_ROOM > width
        start = here - _FAILED_LABEL_ROOM if left else here - 8
        following = [(other + 0.6) * step for other, _ in failed if other > at]
        crowded = not left and bool(following) and following[0] < here + _FAILED_LABEL_ROOM
        if start < end or crowded:
            end = max(end, here + 8)
            continue
        end = here + (8 if left else _FAILED_LABEL_ROOM)
        data["failedLeft" if left else "failedRight"].append({"x": at, "b": f"{point.label} failed"})
    return data


def _text_rows(marks: Sequence[Mark]) -> int:
    """Return how many lines of words stand above the data."""
    return len({mark.kind for mark in marks if mark.label or mark.before})


def _mark_rows(marks: Sequence[Mark], *, count: int, width: int, panel: bool) -> dict[str, list[Mapping[str, Any]]]:
    """Return rules and words of shifts and breaks; a word that would meet another one is left to the caption."""
    data: dict[str, list[Mapping[str, Any]]] = {"breaks": [], "shifts": []}
    lower = any(mark.kind == "break" and (mark.label or mark.before) for mark in marks)
    taken: dict[str, float] = {"break": 0.0, "shift": 0.0}
    for mark in sorted(marks, key=lambda mark: mark.at):
        here, row = mark.at - 0.5, int(mark.kind == "shift" and lower)
        data["breaks" if mark.kind == "break" else "shifts"].append({"x": here})
        pixel = mark.at * width / max(count, 1)
        if mark.before and not panel and pixel - _text_width(mark.before) >= taken[mark.kind]:
            data.setdefault(f"before{row}", []).append({"x": here, "b": mark.before})
            taken[mark.kind] = pixel
        length = _text_width(mark.label)
        right = pixel + length <= width
        start = pixel if right else pixel - length
        if panel or not mark.label or start < taken[mark.kind]:
            continue
        taken[mark.kind] = start + length
        sides = ("before", "after") if mark.kind == "break" else ("shiftLeft", "shiftRight")
        data.setdefault(f"{sides[right]}{row}", []).append({"x": here, "b": mark.label})
    return data


def _text_width(text: str) -> float:
    """Return about how wide 13 px text is, with its distance to the line: 6.6 px a letter is the mean of the sans faces."""
    return len(text) * 6.8 + 12


def _level_rows(levels: Sequence[Level]) -> dict[str, list[Mapping[str, Any]]]:
    data: dict[str, list[Mapping[str, Any]]] = {}
    for level in levels:
        data.setdefault(level.kind, []).append({"x": level.first - 0.4, "x2": level.last + 0.4, "y": level.value})
        if level.label and level.kind != "median":
            data.setdefault(f"{level.kind}Text", []).append({"x": level.last + 0.4, "y": level.value, "b": level.label})
    return data


def _ticks(chart: Trend, *, width: int, panel: bool) -> dict[int, str]:
    """Return position → label: the ends always, a break in a panel, and evenly spaced builds between where there is room."""
    count = len(chart.points)
    if count == 0:
        return {}
    breaks = {mark.at for mark in chart.marks if mark.kind == "break" and 0 < mark.at < count}
    fixed = {0, count - 1} | (breaks if panel else set())
    step_px = width / count
    wanted = max(1, math.ceil(_TICK_ROOM * (1.6 if width > 500 else 1.2) / step_px))
    step = next(nice for nice in _nice_steps() if nice >= wanted)
    chosen = set() if panel else {at for at in range(count) if _rank_of(chart.points[at], at) % step == 0}
    kept = sorted(fixed)
    for at in sorted(chosen):
        if all(abs(at - other) * step_px >= _TICK_ROOM for other in kept):
            kept.append(at)
    if panel and len(kept) > 2:
        kept = [at for at in sorted(kept) if at in (0, count - 1) or min(at, count - 1 - at) * step_px >= _TICK_ROOM]
    return {at: chart.points[at].label for at in sorted(kept)}


def _nice_steps() -> Any:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10


def _rank_of(point: TrendPoint, at: int) -> int:
    """Return the number in a label such as ``#120``, so that ticks fall on round builds; the position where there is none."""
    digits = point.label.lstrip("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else at


def duration_trend(chart: Trend, *, size: str = "wide") -> Spec:
    """Return durations over builds; `chart` holds seconds, the axis shows seconds, minutes or hours, from zero."""
    values = [point.value for point in chart.points if point.value is not None and math.isfinite(point.value)]
    unit, seconds = duration_unit(max(values, default=0.0))
    points = tuple(
        TrendPoint(
            label=point.label, value=None if point.value is None else point.value / seconds,
            failed=point.failed, key=point.key, note=point.note,
        )
        for point in chart.points
    )  # fmt: skip
    levels = tuple(
        Level(kind=level.kind, value=level.value / seconds, first=level.first, last=level.last, label=level.label)
        for level in chart.levels
    )
    return trend(Trend(title=f"Duration, {unit}", points=points, levels=levels, marks=chart.marks, zero=True), size=size)


def duration_unit(longest_s: float) -> tuple[str, float]:
    """Return the unit an axis of durations uses and its length in seconds."""
    if longest_s >= 3 * 3600:
        return "h", 3600.0
    if longest_s >= 180:
        return "min", 60.0
    return "s", 1.0
