"""The sentence that stands for a chart: what it shows, with numbers, for people who do not see it.

Only facts that are in the data are said, never what they might mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportgen.charts.scatter import pareto_front
from reportgen.charts.values import Cell, Overlay, Scatter, Spec, Trend

_MOST_NAMED = 4


def number(value: float, form: str = "") -> str:
    """Return `value` in a number format both d3 and Python know (``.3f``, ``,``, ``.1%``), else with four digits."""
    try:
        text = format(value, form) if form else f"{value:.4g}"
    except ValueError:
        text = f"{value:.4g}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


def joined(words: Sequence[str]) -> str:
    """Return “a, b and c”, cut after four with the count of the rest."""
    if len(words) > _MOST_NAMED:
        return f"{', '.join(words[:_MOST_NAMED])} and {len(words) - _MOST_NAMED} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def name_of(title: str) -> str:
    """Return the measure in an axis title such as “F1, higher is better”."""
    return title.partition(",")[0].strip() or title


def trend_alt(chart: Trend) -> str:
    """Return what a history shows: “F1 over 60 builds rises from 0.605 to 0.736; …; #97 failed”."""
    name = name_of(chart.title) or "Value"
    values = [p.value for p in chart.points if p.value is not None and math.isfinite(p.value)]
    parts = [_movement(name, values, len(chart.points), chart.format)]
    parts.extend(
        f"{m.label or 'break'} at {chart.points[m.at].label}"
        for m in chart.marks
        if m.kind == "break" and m.at < len(chart.points)
    )
    parts.extend(m.label for m in chart.marks if m.kind == "shift" and m.label)
    failed = [point.label for point in chart.points if point.failed]
    if failed:
        parts.append(f"{joined(failed)} failed")
    return "; ".join(parts)


def _movement(name: str, values: Sequence[float], builds: int, form: str) -> str:
    span = f"{name} over {builds} build{'' if builds == 1 else 's'}"
    if not values:
        return f"{span}: no value"
    first, last = number(values[0], form), number(values[-1], form)
    low, high = number(min(values), form), number(max(values), form)
    if len(values) == 1:
        return f"{span}: {last}"
    verb = "rises" if values[-1] > values[0] else "falls"
    moved = f"starts and ends at {last}" if first == last else f"{verb} from {first} to {last}"
    inside = {low, high} <= {first, last}
    return f"{span} {moved}" + ("" if inside else f", between {low} and {high}")


def scatter_alt(chart: Scatter) -> str:
    """Return how many runs a plot holds, the two ends of the front and how many runs are on it."""
    points = [p for p in chart.points if math.isfinite(p.x) and math.isfinite(p.y)]
    what = f"{name_of(chart.y_title)} against {name_of(chart.x_title)} for {len(points)} run{'' if len(points) == 1 else 's'}"
    front = pareto_front(points, x_lower=chart.x_lower, y_lower=chart.y_lower)
    if not front:
        return what
    y_name, x_name = name_of(chart.y_title), name_of(chart.x_title)
    best, cheap = front[-1], front[0]
    text = f"{what}: best {y_name} {number(best.y, chart.y_format)} at {number(best.x, chart.x_format)} ({best.name})"
    if len(front) > 1:
        text += f"; least {x_name} {number(cheap.x, chart.x_format)} at {number(cheap.y, chart.y_format)} ({cheap.name})"
        text += f"; {len(front)} runs are beaten by none on both"
    return text


def overlay_alt(chart: Overlay) -> str:
    """Return where each line ends: “Loss over Step: #140 ends at 0.21, …”."""
    ends = [f"{line.name} ends at {number(line.points[-1][1], chart.y_format)}" for line in chart.lines if line.points]
    return f"{name_of(chart.y_title)} over {name_of(chart.x_title)}: {joined(ends) or 'no points'}"


def confusion_alt(cells: Sequence[Cell]) -> str:
    """Return the counts of a confusion matrix, and how many predictions are right."""
    total = sum(cell.count for cell in cells)
    right = sum(cell.count for cell in cells if cell.actual == cell.predicted)
    rows = joined([f"{cell.actual} predicted as {cell.predicted} {cell.count:,}" for cell in cells])
    return f"Confusion matrix: {right:,} of {total:,} right; {rows}"


def spec_alt(spec: Spec, *, name: str) -> str:
    """Return what can be said of a user's chart: its own description or title, else its name, kind and axes."""
    for key in ("description", "title"):
        value = spec.get(key)
        text = value.get("text") if isinstance(value, dict) else value
        if isinstance(text, str) and text.strip():
            return text.strip()
    unit = _first_unit(spec)
    mark = unit.get("mark")
    kind = mark.get("type") if isinstance(mark, dict) else mark
    axes = [_axis_name(unit.get("encoding", {}).get(channel)) for channel in ("y", "x")]
    over = " over ".join(axis for axis in axes if axis)
    return f"Chart “{name}”" + (f": {kind} chart" if kind else "") + (f" of {over}" if over else "")


def _first_unit(spec: Spec) -> Spec:
    for key in ("layer", "hconcat", "vconcat", "concat"):
        parts = spec.get(key)
        if isinstance(parts, list) and parts:
            return _first_unit({**{k: v for k, v in spec.items() if k == "encoding"}, **parts[0]})
    inner = spec.get("spec")
    return _first_unit(inner) if isinstance(inner, dict) else spec


def _axis_name(channel: object) -> str:
    if not isinstance(channel, dict):
        return ""
    value = channel.get("title") or channel.get("field") or channel.get("aggregate") or ""
    return value if isinstance(value, str) else ""
