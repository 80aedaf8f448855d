"""The charts of the evaluation helpers: small Vega-Lite specifications with their data inside.

Colours are those of the theme, labels stand at the lines, no legend, no title; fonts and axes are the site's business.
A curve has at most 200 vertices.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reportgen import estimate
from reportgen.stage.classification import Bin
from reportgen.stage.inputs import Label

INK, INK3, EDGE, LINE, THIS, SECOND, THIRD = "#15181c", "#5d6570", "#7a828d", "#e3e6ea", "#0072b2", "#b86e00", "#434a54"
CLASSES = [THIS, SECOND, THIRD, "#c04a00", EDGE]
"""Colours of up to five classes in one chart."""
HEAT = ["#f0f5f9", "#dcebf5", "#bfdaec", "#9cc7e3"]
WIDTH, HEIGHT = 256, 196
VERTICES = 200
POINTS = 500
CELLS = 24

Spec = dict[str, Any]
Point = tuple[float, float]


class Vertex(NamedTuple):
    """The counts at or above one score."""

    score: float
    hits: int
    misses: int


class Curves(NamedTuple):
    """What the curves of a classifier are drawn from: vertices from the highest score down, and rows of both classes."""

    vertices: list[Vertex]
    positives: int
    negatives: int


def curves(positives: Sequence[float], negatives: Sequence[float]) -> Curves:
    """Return the vertices at distinct scores; of very many those that move the curves by about a thousandth."""
    p_all, n_all = len(positives), len(negatives)
    hits = misses = 0
    bucket = -1
    found: list[Vertex] = []
    for score, p, q in estimate.score_groups(sorted(positives, reverse=True), sorted(negatives, reverse=True)):
        hits += p
        misses += q
        at = int(1000 * (hits / max(p_all, 1) + misses / max(n_all, 1)))
        if at != bucket or len(found) < VERTICES:
            found.append(Vertex(score, hits, misses))
            bucket = at
        last = Vertex(score, hits, misses)
    if found[-1] != last:
        found.append(last)
    return Curves(found, p_all, n_all)


def thinned(points: Sequence[Point], keep: int = VERTICES) -> list[Point]:
    """Return at most `keep` of the points, both ends among them: the point of least triangle area goes first
    (Visvalingam 1993)."""
    count = len(points)
    if count <= keep:
        return list(points)
    before, after = list(range(-1, count - 1)), list(range(1, count + 1))
    alive = [True] * count

    def area(i: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = points[before[i]], points[i], points[after[i]]
        return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))

    areas = [math.inf, *(area(i) for i in range(1, count - 1)), math.inf]
    heap = [(areas[i], i) for i in range(1, count - 1)]
    heapq.heapify(heap)
    left = count
    while left > keep:
        size, i = heapq.heappop(heap)
        if not alive[i] or size != areas[i]:
            continue
        alive[i] = False
        left -= 1
        after[before[i]], before[after[i]] = after[i], before[i]
        for j in (before[i], after[i]):
            if 0 < j < count - 1:
                areas[j] = max(area(j), size)
                heapq.heappush(heap, (areas[j], j))
    return [point for point, stays in zip(points, alive, strict=True) if stays]


def roc_chart(found: Curves, finding: str) -> Spec:
    """Return the ROC curve with the line of no skill."""
    points = [(0.0, 0.0), *((v.misses / found.negatives, v.hits / found.positives) for v in found.vertices)]
    rows = _xy(thinned(points))
    layers = [
        _rule_line([(0.0, 0.0), (1.0, 1.0)]),
        _label("no skill", 0.62, 0.62, INK3, dx=6, dy=10),
        _line(rows, THIS, 2.5),
    ]
    return _panel(layers, finding, "false positive rate", "true positive rate", unit=True)


def class_roc_chart(found: Mapping[str, tuple[Curves, float]], finding: str) -> Spec:
    """Return the ROC curve of each class against the rest; names and areas stand in the colours of their lines."""
    layers = [_rule_line([(0.0, 0.0), (1.0, 1.0)])]
    for at, (name, (curve, area)) in enumerate(found.items()):
        points = [(0.0, 0.0), *((v.misses / curve.negatives, v.hits / curve.positives) for v in curve.vertices)]
        colour = CLASSES[at % len(CLASSES)]
        layers.append(_line(_xy(thinned(points, VERTICES // 2)), colour, 2.0))
        height = 0.06 + 0.09 * (len(found) - 1 - at)
        layers.append(_label(f"{name[:16]} {area:.3f}", 1.0, height, colour, dx=-4, align="right"))
    return _panel(layers, finding, "false positive rate", "true positive rate", unit=True)


def pr_chart(found: Curves, finding: str) -> Spec:
    """Return the precision-recall curve with the line of no skill."""
    share = found.positives / (found.positives + found.negatives)
    points = [(v.hits / found.positives, v.hits / (v.hits + v.misses)) for v in found.vertices]
    rows = _xy(thinned([(0.0, points[0][1]), *points]))
    layers = [
        _rule_line([(0.0, share), (1.0, share)]),
        _label(f"no skill {share:.3f}", 0.0, share, INK3, dx=4, dy=-7 if share < 0.9 else 9),
        _line(rows, THIS, 2.5),
    ]
    return _panel(layers, finding, "recall", "precision", unit=True)


def threshold_chart(found: Curves, threshold: float | None, finding: str) -> Spec:
    """Return precision, recall and F1 over the threshold, with the one in use."""
    total = found.positives
    tracks: dict[str, list[Point]] = {"precision": [], "recall": [], "F1": []}
    for vertex in reversed(found.vertices):
        predicted = vertex.hits + vertex.misses
        tracks["precision"].append((vertex.score, vertex.hits / predicted))
        tracks["recall"].append((vertex.score, vertex.hits / total))
        tracks["F1"].append((vertex.score, 2 * vertex.hits / (predicted + total)))
    colours = {"precision": SECOND, "recall": THIRD, "F1": THIS}
    layers: list[Spec] = []
    if threshold is not None:
        layers.append(_rule_line([(threshold, 0.0), (threshold, 1.0)]))
    for name, points in tracks.items():
        layers.append(_line(_xy(thinned(points, VERTICES // 2)), colours[name], 2.5 if name == "F1" else 1.5))
    for name, (x, y, right) in _label_places(tracks).items():
        align = "left" if right else "right"
        layers.append(_label(name, x, y, colours[name], dx=5 if right else -5, dy=-9, align=align))
    return _panel(layers, finding, "threshold", "precision, recall, F1", unit="y")


def _label_places(tracks: Mapping[str, Sequence[Point]]) -> dict[str, tuple[float, float, bool]]:
    """Return where to write the name of each track: ``(x, y, to the right)`` of a vertex with most room above it."""
    first = next(iter(tracks.values()))
    low, span = first[0][0], (first[-1][0] - first[0][0]) or 1.0
    boxes: list[tuple[float, float]] = []
    found: dict[str, tuple[float, float, bool]] = {}
    for name, track in tracks.items():
        width = 0.03 * len(name)

        def room(place: tuple[float, float, bool], width: float = width) -> float:
            x, y, right = (place[0] - low) / span, place[1] + 0.07, place[2]
            start = x + 0.02 if right else x - 0.02 - width
            frame = min(0.98 - y, start, 1.0 - start - width)
            crossed = min(
                abs(y - _at(other, low + span * (start + width * part / 4))) for other in tracks.values() for part in range(5)
            )
            names = [max(abs(y - by) * 2, abs(start - bx)) / 2 for bx, by in boxes]
            return min(frame + 0.05, crossed, 0.12, *names)

        steps = track[:: max(1, len(track) // 60)]
        found[name] = max(((x, y, right) for x, y in steps for right in (True, False)), key=room)
        x, y, right = found[name]
        boxes.append(((x - low) / span + (0.02 if right else -0.02 - width), y + 0.07))
    return found


def _at(track: Sequence[Point], x: float) -> float:
    return track[min(bisect_left(track, (x, -math.inf)), len(track) - 1)][1]


def calibration_chart(bins: Sequence[Bin], finding: str) -> Spec:
    """Return the reliability diagram: observed share with its Wilson interval over the mean score of each bin."""
    rows = []
    for part in bins:
        low, high = estimate.wilson(part.positives, part.rows)
        bounds = {"low": _round(low), "high": _round(high)}
        rows.append({"x": _round(part.mean), "y": _round(part.positives / part.rows), **bounds, "rows": part.rows})
    layers: list[Spec] = [
        _rule_line([(0.0, 0.0), (1.0, 1.0)]),
        _label("dotted: perfect", 1.0, 0.05, INK3, dx=-4, align="right"),
        {
            "data": {"values": rows},
            "encoding": {"x": _axis("x"), "y": _axis("y")},
            "layer": [
                {
                    "mark": {"type": "rule", "color": THIS, "strokeWidth": 1.5},
                    "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}},
                },
                {
                    "mark": {"type": "line", "color": THIS, "strokeWidth": 1.5, "strokeDash": [4, 3]},
                },
                {
                    "mark": {"type": "point", "filled": True, "color": THIS, "size": 50, "opacity": 1},
                    "encoding": {"tooltip": [{"field": "rows", "type": "quantitative", "title": "rows"}]},
                },
            ],
        },
    ]
    return _panel(layers, finding, "mean score in the bin", "share of positives", unit=True)


def confusion_chart(matrix: Sequence[Sequence[int]], labels: Sequence[Label], finding: str) -> Spec:
    """Return the confusion matrix: counts, coloured by their share of the true class; of many classes the most frequent."""
    order = sorted(range(len(labels)), key=lambda k: -sum(matrix[k]))[:CELLS]
    shown = sorted(order)
    names = [str(label) for label in labels]
    rows = []
    for i in shown:
        total = sum(matrix[i])
        for j in shown:
            share = matrix[i][j] / total if total else 0.0
            rows.append({"true": names[i], "predicted": names[j], "n": matrix[i][j], "share": _round(share)})
    sort = [names[k] for k in shown]
    size = max(min(WIDTH // len(shown), 72), 18)
    layers: list[Spec] = [
        {
            "mark": {"type": "rect"},
            "encoding": {
                "color": {
                    "field": "share",
                    "type": "quantitative",
                    "scale": {"type": "threshold", "domain": [0.1, 0.3, 0.6], "range": HEAT},
                    "legend": None,
                },
                "tooltip": [
                    {"field": "true", "type": "nominal"},
                    {"field": "predicted", "type": "nominal"},
                    {"field": "n", "type": "quantitative", "title": "rows"},
                    {"field": "share", "type": "quantitative", "format": ".3f", "title": "share of the true class"},
                ],
            },
        }
    ]
    if len(shown) <= 12:
        layers.append({
            "mark": {"type": "text", "color": INK, "fontSize": 13},
            "encoding": {"text": {"field": "n", "type": "quantitative", "format": ","}},
        })  # fmt: skip
    angle, gap = {"labelAngle": 0 if len(shown) < 6 else -45}, {"paddingInner": 0.03}
    return {
        "$schema": SCHEMA,
        "description": finding,
        "width": {"step": size},
        "height": {"step": min(size, 48)},
        "data": {"values": rows},
        "encoding": {
            "x": {"field": "predicted", "type": "nominal", "sort": sort, "title": "predicted", "axis": angle, "scale": gap},
            "y": {"field": "true", "type": "nominal", "sort": sort, "title": "true", "scale": gap},
        },
        "layer": layers,
    }  # fmt: skip


def scatter_chart(x: Sequence[float], y: Sequence[float], finding: str, titles: tuple[str, str], *, diagonal: bool) -> Spec:
    """Return y over x as points, or as counted cells where there are many; with the diagonal, or else with the line y = 0."""
    spans = [x, y] if diagonal else [x]
    low, high = min(map(min, spans)), max(map(max, spans))
    line = [(low, low), (high, high)] if diagonal else [(low, 0.0), (high, 0.0)]
    if len(x) <= POINTS:
        marks: Spec = {
            "data": {"values": _xy(list(zip(x, y, strict=True)))},
            "mark": {"type": "point", "color": THIS, "filled": True, "opacity": 0.55, "size": 22},
            "encoding": {"x": _axis("x"), "y": _axis("y")},
        }
    else:
        marks = {
            "data": {"values": _cells(x, y)},
            "mark": {"type": "circle", "color": THIS, "opacity": 0.8},
            "encoding": {
                "x": _axis("x"),
                "y": _axis("y"),
                "size": {"field": "n", "type": "quantitative", "legend": None, "scale": {"range": [4, 110]}},
                "tooltip": [{"field": "n", "type": "quantitative", "title": "rows"}],
            },
        }
    return _panel([marks, _rule_line(line)], finding, *titles, unit=False)


def _cells(x: Sequence[float], y: Sequence[float]) -> list[dict[str, Any]]:
    x0, y0 = min(x), min(y)
    dx, dy = (max(x) - x0) / CELLS or 1.0, (max(y) - y0) / CELLS or 1.0
    counts: dict[tuple[int, int], int] = {}
    for a, b in zip(x, y, strict=True):
        cell = (min(int((a - x0) / dx), CELLS - 1), min(int((b - y0) / dy), CELLS - 1))
        counts[cell] = counts.get(cell, 0) + 1
    return [
        {"x": _round(x0 + (i + 0.5) * dx), "y": _round(y0 + (j + 0.5) * dy), "n": n} for (i, j), n in sorted(counts.items())
    ]


def folds_chart(scores: Sequence[float], name: str, finding: str) -> Spec:
    """Return the score of each fold with their mean."""
    mean = math.fsum(scores) / len(scores)
    spread = max(scores) - min(scores) or abs(mean) or 1.0
    domain = [_round(min(scores) - spread * 0.25), _round(max(scores) + spread * 0.25)]
    last = len(scores)
    layers: list[Spec] = [
        _rule_line([(0.5, mean), (last + 0.5, mean)]),
        _label(f"mean {mean:.4g}", 0.5, mean, INK3, dx=4, dy=-8),
        {
            "data": {"values": [{"x": at, "y": _round(score)} for at, score in enumerate(scores, start=1)]},
            "mark": {"type": "point", "filled": True, "color": THIS, "size": 60, "opacity": 1},
            "encoding": {"x": _axis("x"), "y": _axis("y")},
        },
    ]
    spec = _panel(layers, finding, "fold", name, unit=False)
    spec["encoding"]["y"]["scale"] = {"domain": domain, "zero": False}
    spec["encoding"]["x"].update(scale={"domain": [0.5, last + 0.5]}, axis={"values": list(range(1, last + 1)), "format": "d"})
    return spec


SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def _panel(layers: list[Spec], finding: str, x: str, y: str, *, unit: bool | str) -> Spec:
    whole = {"domain": [0, 1]}
    return {
        "$schema": SCHEMA,
        "description": finding,
        "width": WIDTH,
        "height": HEIGHT,
        "layer": layers,
        "encoding": {
            "x": {**_axis("x"), "title": x, "scale": whole if unit is True else {"zero": False, "nice": True}},
            "y": {**_axis("y"), "title": y, "scale": whole if unit else {"zero": False, "nice": True}},
        },
    }


def _axis(field: str) -> Spec:
    return {"field": field, "type": "quantitative"}


def _line(rows: list[dict[str, float]], colour: str, width: float) -> Spec:
    return {
        "data": {"values": rows},
        "mark": {"type": "line", "color": colour, "strokeWidth": width, "interpolate": "linear"},
        "encoding": {"x": _axis("x"), "y": _axis("y"), "order": {"field": "i", "type": "quantitative"}},
    }


def _rule_line(points: Sequence[Point]) -> Spec:
    return {
        "data": {"values": _xy(points)},
        "mark": {"type": "line", "color": EDGE, "strokeWidth": 1.5, "strokeDash": [2, 2]},
        "encoding": {"x": _axis("x"), "y": _axis("y")},
    }


def _label(text: str, x: float, y: float, colour: str, *, dx: int = 0, dy: int = 0, align: str = "left") -> Spec:
    return {
        "data": {"values": [{"x": _round(x), "y": _round(y), "text": text}]},
        "mark": {"type": "text", "color": colour, "align": align, "dx": dx, "dy": dy, "fontSize": 13},
        "encoding": {"x": _axis("x"), "y": _axis("y"), "text": {"field": "text", "type": "nominal"}},
    }


def _xy(points: Sequence[Point]) -> list[dict[str, float]]:
    return [{"i": i, "x": _round(x), "y": _round(y)} for i, (x, y) in enumerate(points)]


def _round(value: float) -> float:
    return float(f"{value:.5g}")
