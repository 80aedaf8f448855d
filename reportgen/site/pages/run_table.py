"""Rows of tables of runs: result, key metric with its interval, difference to the run before, further columns."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.analysis.values import run_id
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Plot, Result, Tick
from reportgen.site.contexts.job import JobRow
from reportgen.site.links import relative
from reportgen.site.pages.base import NO_DELTA, Site, Style, finite, number_label, result_of, run_label
from reportgen.site.pages.columns import Columns
from reportgen.site.pages.run_metrics import compared, delta_cell
from reportgen.site.pages.scale import Scale
from reportgen.site.pages.trends import validation_digest, validation_name


def run_rows(
    site: Site,
    path: str,
    shown: Sequence[RunRow],
    style: Style | None,
    columns: Columns,
    *,
    champion: RunRow | None = None,
    baseline: RunRow | None = None,
    job: str = "",
    previous: bool = True,
    earlier: Sequence[RunRow] = (),
) -> tuple[tuple[Tick, ...], tuple[JobRow, ...]]:
    """Return the scale and the rows of a table of runs, newest first; runs of other jobs than `job` are named in full.

    Without `previous` they are runs of one build: named by their names, in any order, and not compared with one another.
    `earlier` are the runs before those shown, which the oldest of them are compared with.
    The champion's interval is a band through the runs that were scored on the same data.
    """
    metrics = [row.metrics[style.name] for row in shown if style and style.name in row.metrics]
    intervals = any(metric.low is not None for metric in metrics)
    band = champion_band(shown, style, champion)
    ends = [*(v for m in metrics for v in (finite(m), m.low, m.high)), *(band or ())]
    scale = Scale.over(ends, bulk=True) if intervals else None
    banded = validation_digest(champion) if band and champion else ""
    tags = {run_id(row): tag for tag, row in (("baseline", baseline), ("champion", champion)) if row is not None}
    before = _before((*shown, *earlier), style)
    rows = []
    for position, row in enumerate(shown):
        metric = row.metrics.get(style.name) if style else None
        missing = why_missing(row, style)
        prior = before[position] if previous else None
        tag = tags.get(run_id(row), "")
        difference = None
        if style and prior is not None:
            difference = compared(style, metric, prior.metrics.get(style.name), comparable=True)
        plot = Plot()
        if scale and metric and not missing:
            inside = band if banded and validation_digest(row) == banded else None
            plot = scale.plot(finite(metric), metric.low, metric.high, band=inside, me=tag == "champion")
        rows.append(
            JobRow(
                label=run_label(row, job or row.job) if previous else (row.name or number_label(row)),
                href=relative(path, site.links.row(row)),
                key=str(row.key),
                tag=tag,
                result=Result("torn", "interrupted") if row.status == "interrupted" else result_of(row.result),
                value=fmt.number(metric.value, style.spec) if style and metric and not missing else fmt.DASH,
                missing=missing,
                plot=plot,
                delta=delta_cell(style, difference) if style else NO_DELTA,
                extra=columns.cells(row),
                time=fmt.clock(row.duration_s),
                seconds=f"{row.duration_s:.1f}",
                date=fmt.day(row.started_at),
                datetime=fmt.machine_time(row.started_at),
                group=_break(shown[position - 1] if position and previous else None, row),
            )
        )
    return (scale.ticks() if scale else ()), tuple(rows)


def champion_band(shown: Sequence[RunRow], style: Style | None, champion: RunRow | None) -> tuple[float, float] | None:
    """Return the champion's interval, if one of the runs `shown` has an interval on the same validation set; else None."""
    metric = champion.metrics.get(style.name) if champion and style else None
    if metric is None or champion is None or style is None or metric.low is None or metric.high is None:
        return None
    data = validation_digest(champion)
    others = (row.metrics.get(style.name) for row in shown if data and validation_digest(row) == data)
    return (metric.low, metric.high) if any(other is not None and other.low is not None for other in others) else None


def band_words(shown: Sequence[RunRow], style: Style | None, champion: RunRow | None, job: str) -> str:
    """Return what the band through the plots is, as a sentence to follow another; empty where there is none."""
    found = champion_band(shown, style, champion)
    return f" Band: the interval of champion {run_label(champion, job)}." if found and champion else ""


def _before(rows: Sequence[RunRow], style: Style | None) -> list[RunRow | None]:
    """Return for each of `rows` (newest first) the comparable run with a value before it."""
    last: dict[str, RunRow] = {}
    found: list[RunRow | None] = []
    for row in reversed(rows):
        key = validation_digest(row)
        found.append(last.get(key))
        if style and finite(row.metrics.get(style.name)) is not None:
            last[key] = row
    return found[::-1]


def why_missing(row: RunRow, style: Style | None) -> str:
    """Return why a run has no number for the metric; empty if it has one."""
    if style is None:
        return ""
    reason = fmt.missing_reason(row.metrics.get(style.name))
    if reason and (row.result == "FAILURE" or row.status == "failed"):
        return "build failed"
    if reason == "not logged" and row.status == "implicit" and not row.metrics:
        return "no record"
    return reason


def _break(newer: RunRow | None, row: RunRow) -> str:
    if newer is None:
        return ""
    a, b = validation_digest(newer), validation_digest(row)
    if not a or not b or a == b:
        return ""
    return f"{validation_name(row)}: not comparable with the runs above"
