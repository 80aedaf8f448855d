"""Row-level results of runs, read from the store: what lets two models be judged on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.analysis.paired import EvaluationRows, Paired, pair_runs, parse_rows
from reportgen.analysis.values import run_id
from reportgen.model import Build, Run, RunRow
from reportgen.store.view import StoreView

MOST_BYTES = 4_000_000
"""Larger tables are left to the intervals: every live page of a pair would read them again."""


def paired_runs(view: StoreView, runs: Sequence[RunRow], *, most_bytes: int = MOST_BYTES) -> Paired:
    """Return what `compare` asks for the difference of two of `runs` on the same rows."""
    ids = list(dict.fromkeys(run.build_id for run in runs))
    builds = dict(zip(ids, view.builds(ids), strict=True))
    return pair_runs({run_id(row): _evaluations(view, find_run(builds[row.build_id], row), most_bytes) for row in runs})


def find_run(build: Build, row: RunRow) -> Run | None:
    """Return the whole run that `row` tells of."""
    return next((run for run in build.runs if (run.name, run.record) == (row.name, row.record)), None)


def _evaluations(view: StoreView, run: Run | None, most_bytes: int) -> dict[str, EvaluationRows]:
    """The row-level results a run attached, by the name of their split."""
    found = {}
    for attached in run.attachments if run is not None else ():
        stored = attached.kind == "evaluation-rows" and attached.state == "stored" and attached.sha256 is not None
        if stored and (attached.size_bytes or 0) <= most_bytes:
            rows = parse_rows(view.blob(attached.sha256 or "").decode("utf-8", "replace"))
            if rows is not None:
                found[attached.name.removeprefix("rows-")] = rows
    return found
