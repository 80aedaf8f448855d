"""Pictures of compared runs: what all of them logged under one name, side by side, and their series on one plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from reportgen.model import Attachment, Run, RunRow
from reportgen.site.page import StoredFile
from reportgen.site.pages.base import Shown, Site
from reportgen.site.pages.compare import Curve, Side
from reportgen.site.pages.run_files import readable
from reportgen.site.pages.series import overlaid_charts
from reportgen.site.prepare import Studio, prepare
from reportgen.store.view import StoreView

_MOST = 12
_KINDS = ("chart", "figure")


class Sides(NamedTuple):
    """The pictures of each run, in the order of the runs, the series of all, and the files that a page with them needs."""

    sides: tuple[Side, ...] = ()
    curves: tuple[Curve, ...] = ()
    files: tuple[StoredFile, ...] = ()


def find_sides(view: StoreView, studio: Studio, site: Site, rows: Sequence[RunRow], labels: Sequence[str]) -> Sides:
    """Return what runs show of the same names; `labels` name the runs in the plots of their series."""
    ids = list(dict.fromkeys(row.build_id for row in rows))
    builds = dict(zip(ids, view.builds(ids), strict=True))
    runs: list[Run] = []
    for row in rows:
        found = next((run for run in builds[row.build_id].runs if (run.name, run.record) == (row.name, row.record)), None)
        if found is None:
            return Sides()
        runs.append(found)
    pictures = [_pictures(run) for run in runs]
    names = [name for name in pictures[0] if all(name in others for others in pictures[1:])][:_MOST]
    chosen = [
        replace(run, attachments=tuple(of[name] for name in names), series={}) for run, of in zip(runs, pictures, strict=True)
    ]
    drawings: Mapping[str, Shown] = {}
    if names:
        given = [replace(builds[row.build_id], runs=(run,)) for row, run in zip(rows, chosen, strict=True)]
        drawings = prepare(view, studio, site, studio.limits, given).drawings
    sides = tuple(
        Side(tuple(_named(of[name], drawings, label) for name in names if (of[name].sha256 or "") in drawings))
        for of, label in zip(pictures, labels, strict=True)
    )
    stored = [
        StoredFile(shown.path, "" if attachment.kind == "chart" else attachment.sha256 or "")
        for of in pictures
        for name in names
        if (shown := drawings.get((attachment := of[name]).sha256 or "")) is not None and shown.path
    ]
    scripts = [StoredFile(shown.spec, "") for shown in drawings.values() if shown.spec]
    charts = overlaid_charts(site, runs, labels, most=studio.limits.series_points)
    drawn, files = studio.draw({chart.name: chart.chart for chart in charts})
    curves = tuple(Curve(chart.title, chart.words, drawn[chart.name]) for chart in charts if chart.name in drawn)
    return Sides(sides, curves, tuple(dict.fromkeys([*stored, *scripts, *files])))


def _named(attachment: Attachment, drawings: Mapping[str, Shown], label: str) -> tuple[str, Shown]:
    """Return a picture with its heading; an image says at least what it is and of which run."""
    name, shown = readable(attachment), drawings[attachment.sha256 or ""]
    return name, shown if shown.alt else shown._replace(alt=f"{name} of {label}")


def _pictures(run: Run) -> dict[str, Attachment]:
    """Return the charts and images of a run that are kept, by their names."""
    found: dict[str, Attachment] = {}
    for attachment in run.attachments:
        if attachment.kind in _KINDS and attachment.state == "stored" and attachment.sha256:
            found.setdefault(attachment.name or attachment.label, attachment)
    return found
