"""Charts of a job: the key metric over builds in three widths, other metrics and the duration as small panels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from reportgen.charts import alt, theme, trend
from reportgen.charts.values import Chart, Level, Mark, Trend, TrendPoint
from reportgen.model import Run, RunRow
from reportgen.site import format as fmt
from reportgen.site.pages.base import Site, Style, finite, number_label
from reportgen.site.pages.columns import varying_params

WIDTHS: tuple[Literal["wide", "middle", "small"], ...] = ("wide", "middle", "small")
MOST_BUILDS = 400
MOST_PANELS = 4
_GROUPS = 6
_GROUP_NAMES = ("algorithm", "model", "estimator", "classifier", "model_type", "kind", "method")


class ShiftNote(NamedTuple):
    """A level shift of the key metric: the run it starts at, and what is said of it."""

    row: RunRow
    words: str
    label: str


class Reign(NamedTuple):
    """Who held the title from when to when, for the steps in the chart."""

    row: RunRow
    since: datetime
    until: datetime | None


def validation_digest(row: RunRow) -> str:
    """Return the digest of the validation set of a run; empty where there is none."""
    return next((d.sha256 or "" for d in row.datasets if (d.role or "").startswith("val")), "")


def training_digest(row: RunRow | Run) -> str:
    """Return the digest of the training set of a run; empty where there is none."""
    return next((d.sha256 or "" for d in row.datasets if (d.role or "").startswith("train")), "")


def validation_name(row: RunRow) -> str:
    """Return the name of the validation set of a run; empty where there is none."""
    return next((d.name for d in row.datasets if (d.role or "").startswith("val")), "")


def group_param(rows: Sequence[RunRow]) -> str:
    """Return the param whose few values tell runs apart best, such as the algorithm; empty if there is none."""
    usable = []
    for name in varying_params(row.params for row in rows):
        values = {row.params[name] for row in rows if isinstance(row.params.get(name), str)}
        known = sum(isinstance(row.params.get(name), str) for row in rows)
        if 2 <= len(values) <= _GROUPS and known * 2 > len(rows):
            usable.append(name)
    named = [name for wanted in _GROUP_NAMES for name in usable if name.rpartition(".")[2].lower() == wanted]
    return (named or [name for name in usable if not name.startswith("jenkins.")] or [""])[0]


def direction_words(style: Style) -> str:
    """Return "F1, higher is better", with the unit where there is one."""
    unit = f", {style.unit}" if style.unit else ""
    return style.title + unit + {"higher": ", higher is better", "lower": ", lower is better"}.get(style.direction, "")


def trend_of(
    rows: Sequence[RunRow],
    style: Style,
    *,
    reigns: Sequence[Reign] = (),
    shifts: Sequence[ShiftNote] = (),
    baseline: RunRow | None = None,
    group: str | None = None,
) -> Trend:
    """Return the history of a metric; `rows` newest first, `group` is the param that tells them apart where that is known."""
    past = list(reversed(rows[:MOST_BUILDS]))
    group = group_param(past) if group is None else group
    points = tuple(_point(row, style, group) for row in past)
    marks = _breaks(past) + tuple(
        Mark(kind="shift", at=at, label=note.label) for note in shifts if (at := _position(past, note.row)) is not None
    )
    levels = [level for reign in reigns if (level := _level(past, reign, style)) is not None]
    value = finite(baseline.metrics.get(style.name)) if baseline else None
    if value is not None and baseline is not None and past:
        label = f"baseline {number_label(baseline)}"
        start = _position(past, baseline) or 0
        levels.append(Level(kind="baseline", value=value, first=start, last=len(past) - 1, label=label))
    return Trend(title=direction_words(style), points=points, levels=tuple(levels), marks=marks, format=style.spec)


def _point(row: RunRow, style: Style, group: str) -> TrendPoint:
    metric = row.metrics.get(style.name)
    word = row.params.get(group) if group else ""
    return TrendPoint(
        label=number_label(row),
        value=finite(metric),
        low=metric.low if metric else None,
        high=metric.high if metric else None,
        group=word if isinstance(word, str) else "",
        failed=row.result == "FAILURE",
        key=str(row.key),
        note=fmt.day(row.started_at),
    )


def _position(past: Sequence[RunRow], row: RunRow) -> int | None:
    return next((index for index, other in enumerate(past) if other is row or other.key == row.key), None)


def _breaks(past: Sequence[RunRow]) -> tuple[Mark, ...]:
    marks = []
    before: RunRow | None = None
    for at, row in enumerate(past):
        digest = validation_digest(row)
        if digest and before is not None and digest != validation_digest(before):
            name = validation_name(row)
            marks.append(
                Mark(kind="break", at=at, label=f"{name}: not comparable with the left", before=validation_name(before))
            )
        if digest:
            before = row
    return tuple(marks[-3:])


def _level(past: Sequence[RunRow], reign: Reign, style: Style) -> Level | None:
    value = finite(reign.row.metrics.get(style.name))
    inside = [
        i
        for i, row in enumerate(past)
        if row.started_at >= reign.since and (reign.until is None or row.started_at < reign.until)
    ]
    if value is None or not inside:
        return None
    return Level(kind="champion", value=value, first=inside[0], last=inside[-1])


def caption(rows: Sequence[RunRow], style: Style, *, champion: bool = False, builds: int = 0) -> str:
    """Return what the chart shows: marks, intervals, the signs of the groups, how many of the `builds`."""
    past = rows[:MOST_BUILDS]
    intervals = any((metric := row.metrics.get(style.name)) is not None and metric.low is not None for row in past)
    words = "One mark per build" + (" with its 95 % interval" if intervals else "")
    group = group_param(list(reversed(past)))
    names = [str(row.params.get(group)) for row in past if isinstance(row.params.get(group), str)] if group else []
    legend = theme.group_legend(names)
    if legend:
        words += ": " + ", ".join(f"{sign} {name}" for sign, name in legend)
    steps = " Steps: the champion, where one was set." if champion else ""
    drawn = len({(row.number, row.started_at) for row in past})
    older = f" The newest {fmt.count(drawn)} of {fmt.plural(builds, 'build')}." if builds > drawn else ""
    return f"{words}.{steps}{older}"


def panel_styles(site: Site, rows: Sequence[RunRow], metric: str) -> list[Style]:
    """Return the metrics that get a small panel: those of the same prefix first, with at least three values."""
    seen: dict[str, int] = {}
    for row in rows[:MOST_BUILDS]:
        for name, value in row.metrics.items():
            if name != metric and finite(value) is not None:
                seen[name] = seen.get(name, 0) + 1
    prefix = metric.rpartition("/")[0]
    names = sorted((n for n in seen if seen[n] >= 3), key=lambda n: (n.rpartition("/")[0] != prefix, -seen[n]))
    return [site.style(name, [row.metrics.get(name) for row in rows]) for name in names[:MOST_PANELS]]


def duration_trend(rows: Sequence[RunRow]) -> Trend:
    """Return how long builds took, in seconds."""
    past = reversed(rows[:MOST_BUILDS])
    points = tuple(TrendPoint(label=number_label(row), value=row.duration_s, key=str(row.key)) for row in past)
    return Trend(title="Duration, s", points=points, format=",.0f", zero=True)


def job_charts(
    site: Site,
    rows: Sequence[RunRow],
    metric: str,
    *,
    reigns: Sequence[Reign] = (),
    shifts: Sequence[ShiftNote] = (),
    baseline: RunRow | None = None,
) -> dict[str, Chart]:
    """Return the charts of a job by slot: ``trend-wide``, ``trend-middle``, ``trend-small``, ``panel:NAME``, ``duration``."""
    charts: dict[str, Chart] = {}
    if len(rows) < 2:
        return charts
    group = group_param(list(reversed(rows[:MOST_BUILDS])))
    if metric:
        style = site.style(metric, [row.metrics.get(metric) for row in rows])
        history = trend_of(rows, style, reigns=reigns, shifts=shifts, baseline=baseline, group=group)
        if sum(point.value is not None for point in history.points) > 1:
            words = alt.trend_alt(history)
            for size in WIDTHS:
                charts[f"trend-{size}"] = _chart(history, size, words)
    for style in panel_styles(site, rows, metric):
        history = trend_of(rows, style, group=group)
        charts[f"panel:{style.name}"] = _chart(history, "panel", alt.trend_alt(history))
    duration = duration_trend(rows)
    charts["duration"] = _chart(duration, "panel", alt.trend_alt(duration))
    return charts


def _chart(history: Trend, size: str, words: str) -> Chart:
    width, height = theme.SIZES[size]
    return Chart(spec=trend.trend(history, size=size), alt=words, width=width, height=height)
