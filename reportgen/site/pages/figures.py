"""Figures from what was drawn: one chart in three widths, or small panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Figure, Picture, Span, Text
from reportgen.site.links import relative
from reportgen.site.pages.base import Shown, Site, finite, number_label
from reportgen.site.pages.trends import WIDTHS, panel_styles

Drawings = Mapping[str, Shown]
_NARROW = 380
"""The widest picture that fits one of three columns."""


def picture(path: str, shown: Shown, which: str = "") -> Picture:
    """Return what was drawn as an image of the page at `path`."""
    size = (str(shown.width), str(shown.height)) if shown.width and shown.height else ("", "")
    return Picture(relative(path, shown.path), *size, shown.alt, which, relative(path, shown.spec) if shown.spec else "")


def kind_of(picture: Picture) -> str:
    """Return how much of a row of figures a picture that stands alone takes: what is drawn wide stays readable."""
    return "half" if picture.width and float(picture.width) > _NARROW else ""


def in_three_widths(path: str, slot: str, heading: str, caption: Text, drawings: Drawings, *, name: str = "") -> Figure | None:
    """Return the chart drawn under ``SLOT-wide`` and so on; None where nothing was drawn."""
    found = [(width, drawings[f"{slot}-{width}"]) for width in WIDTHS if f"{slot}-{width}" in drawings]
    if not found:
        return None
    problem = next((shown.problem for _, shown in found if shown.problem), "")
    pictures = tuple(picture(path, shown, width) for width, shown in found if shown.path and not shown.problem)
    return Figure(
        name or slot,
        heading,
        caption,
        pictures,
        problem=f"Not drawn: {problem}." if problem and not pictures else "",
        kind="wide",
    )


def panels(path: str, site: Site, rows: Sequence[RunRow], metric: str, drawings: Drawings) -> tuple[Figure, ...]:
    """Return the small panels of a job: its other metrics, then the duration."""
    found: list[Figure] = []
    for style in panel_styles(site, rows, metric):
        shown = drawings.get(f"panel:{style.name}")
        if shown is None or not shown.path:
            continue
        last = next((row for row in rows if finite(row.metrics.get(style.name)) is not None), None)
        words = f"{fmt.number(finite(last.metrics[style.name]), style.spec)} at {number_label(last)}" if last else ""
        better = {"higher": "; higher is better", "lower": "; lower is better"}.get(style.direction, "")
        heading = f"{style.title}{f', {style.unit}' if style.unit else ''}"
        found.append(Figure(f"panel-{len(found) + 1}", heading, (Span(words + better),), (picture(path, shown),)))
    shown = drawings.get("duration")
    if shown is not None and shown.path and rows:
        words = f"{fmt.duration(rows[0].duration_s)} at {number_label(rows[0])}"
        found.append(Figure("panel-time", "Duration, s", (Span(words),), (picture(path, shown),)))
    return tuple(found)
