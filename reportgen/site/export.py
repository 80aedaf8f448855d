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
    jobs = blocks.jobs() if total > NEWEST else []
    newest = islice(blocks.runs("line"), NEWEST)
    yield "data/runs.json", runs_text(newest, as_of, sorted(links.job_runs(job) for job in jobs))
    for job in jobs:
        yield links.job_runs(job), runs_text(blocks.runs("line", job), as_of)
    table = RunsTable()
    names = {"params": set[str](), "metrics": set[str](), "tags": set[str]()}
    for _, block in blocks.summaries():
        for kind, found in (("params", "param"), ("metrics", "metric"), ("tags", "tag")):
            names[kind].update(block.names[found])
    table.learn(names)
    yield "data/runs.csv", chain(csv_text([table.columns]), csv_under(table.columns, blocks.table_lines()))


def export_leaderboards(site: Site, judged: Sequence[Judged]) -> Iterator[File]:
    """Yield the data files of all leaderboards."""
    for each in judged:
        board = each.leaderboard
        yield site.links.leaderboard_data(board.options.name, "json"), leaderboard_text(board)
        yield site.links.leaderboard_data(board.options.name, "csv"), csv_text(leaderboard_rows(board))
