"""What the chart functions take: plain numbers with the words that stand beside them.

The horizontal axis of a history counts builds by position (0 is the oldest), not by number, so a job that was recreated or has
gaps keeps its order; `label` is what is written there (``#140``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Spec = dict[str, Any]
"""A Vega-Lite specification: JSON values only, data inline."""

LevelKind = Literal["champion", "baseline", "median", "limit"]
MarkKind = Literal["shift", "break"]
LineKind = Literal["this", "champion", "baseline", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One build of a history.

    `value` None is a build without the metric; with `failed` it is drawn as a cross on the axis. `group` is the word that
    decides colour and shape (an algorithm, say). `key` is the ``data-key`` of the table row that shows the same run.
    """

    label: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    group: str = ""
    failed: bool = False
    key: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A horizontal line from position `first` to `last`, both included."""

    kind: LevelKind
    value: float
    first: int
    last: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment in a history: a shift in level, or a break after which values are not comparable with those before.

    `at` is the position of the first build after it. `before` is written to the left of a break, `label` to the right.
    """

    kind: MarkKind
    at: int
    label: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One metric over builds, oldest first."""

    title: str
    points: tuple[TrendPoint, ...]
    levels: tuple[Level, ...] = ()
    marks: tuple[Mark, ...] = ()
    format: str = ""
    """d3 number format of the values, for example ``.3f``; empty lets the axis choose."""
    zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterPoint:
    """One run by cost (`x`) and quality (`y`); `label` is drawn only where it is not empty.

    `near` is drawn hollow: nothing shows that the run is behind the front.
    """

    x: float
    y: float
    name: str
    group: str = ""
    label: str = ""
    key: str = ""
    near: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Runs by two measures. `x_lower` and `y_lower` say that less is better there."""

    x_title: str
    y_title: str
    points: tuple[ScatterPoint, ...]
    x_lower: bool = True
    y_lower: bool = False
    x_format: str = ""
    y_format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One named line: points ``(x, y)`` in order, with an optional band of ``(x, low, high)``."""

    name: str
    points: tuple[tuple[float, float], ...]
    kind: LineKind = "other"
    band: tuple[tuple[float, float, float], ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Several lines on shared axes, each named where it ends."""

    x_title: str
    y_title: str
    lines: tuple[Line, ...]
    x_format: str = ""
    y_format: str = ""
    diagonal: bool = False
    """Draw the dotted line from the lower left to the upper right, for curves whose ideal it is."""
    unit_square: bool = False
    """Both axes run from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a confusion matrix."""

    actual: str
    predicted: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart ready to be drawn and placed: the static specification, what it says, and its size on the page."""

    spec: Spec
    alt: str
    width: int
    height: int
    facts: Mapping[str, Any] = field(default_factory=dict)
