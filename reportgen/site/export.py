"""Data files of a version: every run and every leaderboard as JSON and CSV, in the documented, versioned shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice

from reportgen.analysis.judge import Judged
from reportgen.analysis.shapes import RunsTable, csv_text, csv_under, leaderboard_rows, leaderboard_text, runs_text
from reportgen.site.blocks import Blocks
from reportgen.site.links import Links
from reportgen.site.pages.base import Site

NEWEST = 5000
"""Runs in ``data/runs.json``; a site with more also has one file per job."""

File = tuple[str, Iterable[str]]
"""Path of a file, and its text in pieces."""


def export_runs(blocks: Blocks, links: Links, total: int, as_of: datetime | None) -> Iterator[File]:
    """Yield the data files of all `total` runs, each written before the next is asked for."""
    jobs = blocks.jobs()
    parts = sorted(links.job_runs(job, "json") for job in jobs) if total > NEWEST else []
    yield "data/runs.json", runs_text(islice(blocks.runs("line"), NEWEST), as_of, parts)
    whole, of_job = RunsTable(), {job: RunsTable() for job in jobs}
    for job, block in blocks.summaries():
        names = {kind: block.names[kind.removesuffix("s")] for kind in ("params", "metrics", "tags")}
        whole.learn(names)
        if job in of_job:
            of_job[job].learn(names)
    yield "data/runs.csv", _table(whole.columns, blocks)
    for job, table in of_job.items():
        yield links.job_runs(job, "json"), runs_text(blocks.runs("line", job), blocks.as_of(job))
        yield links.job_runs(job, "csv"), _table(table.columns, blocks, job)


def _table(columns: Sequence[str], blocks: Blocks, job: str | None = None) -> Iterator[str]:
    return chain(csv_text([columns]), csv_under(columns, blocks.table_lines(job)))


def export_leaderboards(site: Site, judged: Sequence[Judged]) -> Iterator[File]:
    """Yield the data files of all leaderboards."""
    for each in judged:
        board = each.leaderboard
        yield site.links.leaderboard_data(board.options.name, "json"), leaderboard_text(board)
        yield site.links.leaderboard_data(board.options.name, "csv"), csv_text(leaderboard_rows(board))
