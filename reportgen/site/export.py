"""Data files of a version: every run and every leaderboard as JSON and CSV, in the documented, versioned shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from reportgen.analysis.judge import Judged
from reportgen.analysis.shapes import (
    RunsTable,
    csv_text,
    leaderboard_json,
    leaderboard_rows,
    line,
    run_json,
    runs_text,
)
from reportgen.model import RunRow
from reportgen.site.pages.base import Site
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

NEWEST = 5000
"""Runs in ``data/runs.json``; a site with more also has one file per job."""


def _bytes(pieces: Iterable[str]) -> bytes:
    return "".join(pieces).encode("utf-8", "replace")


def run_entry(site: Site, row: RunRow) -> dict[str, Any]:
    """Return a run as ``data/runs.json`` lists it."""
    return run_json(row, page=site.links.row(row), url=site.on_jenkins(row.job, row.number) or None)


def export_runs(site: Site, builds: Sequence[BuildRow], view: StoreView, as_of: datetime | None) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the data files of all runs; `builds` newest first."""
    table = RunsTable()
    newest: list[str] = []
    by_job: dict[str, list[str]] = {}
    many = sum(build.runs for build in builds) > NEWEST
    for row in view.iter_run_rows():
        entry = run_entry(site, row)
        table.learn(entry)
        text = line(entry)
        if len(newest) < NEWEST:
            newest.append(text)
        if many:
            by_job.setdefault(row.job, []).append(text)
    parts = sorted(site.links.job_runs(job) for job in by_job)
    yield "data/runs.json", _bytes(runs_text(newest, as_of, parts))
    for job, lines in sorted(by_job.items()):
        yield site.links.job_runs(job), _bytes(runs_text(lines, as_of))
    entries = map(json.loads, newest) if not many else (run_entry(site, row) for row in view.iter_run_rows())
    yield "data/runs.csv", _bytes(csv_text(table.rows(entries)))


def export_leaderboards(site: Site, judged: Sequence[Judged]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the data files of all leaderboards."""
    for each in judged:
        board = each.leaderboard
        yield site.links.leaderboard_data(board.options.name, "json"), _bytes([line(leaderboard_json(board)), "\n"])
        yield site.links.leaderboard_data(board.options.name, "csv"), _bytes(csv_text(leaderboard_rows(board)))
