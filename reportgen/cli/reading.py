"""What `show` and `compare` read of the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reportgen.analysis.decisions import find_rulings
from reportgen.analysis.judge import Judged, judge
from reportgen.analysis.options import decision_jobs, metric_options
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.values import LeaderboardOptions
from reportgen.errors import ReportgenError
from reportgen.site import reading
from reportgen.site.evaluations import BoardRows
from reportgen.site.evaluations import find_run as find_whole
from reportgen.site.links import Links, parse_reference, pick_run
from reportgen.site.summed import open_view

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.model import RunRow
    from reportgen.store.view import StoreView


def open_store(config: Config) -> StoreView:
    """Open the store for reading; series are told as the configuration wants it."""
    return open_view(config.store_path, metric_options(config))


def leaderboards(config: Config, view: StoreView) -> list[LeaderboardOptions]:
    """Return the configured leaderboards, or those the newest runs of each job suggest."""
    return reading.leaderboards(config, view, [] if config.leaderboards else view.build_ids())


def judged(config: Config, view: StoreView, options: LeaderboardOptions) -> Judged:
    """Return a leaderboard, reading no metric that it does not need."""
    index = BuildIndex(view.run_rows(metrics=reading.board_metrics([options])))
    return judge(index, options, rulings=find_rulings(index, decision_jobs(config)), paired=BoardRows(view))


def find_run(view: StoreView, text: str) -> RunRow:
    """Return the run that ``JOB#N``, ``JOB#N/RUN`` or ``JOB#last`` names."""
    wanted = parse_reference(text)
    builds = [b for b in view.build_ids(wanted.job) if wanted.number in (None, b.number)]
    if not builds:
        raise ReportgenError(f"{text} is not in the store", hint="reportgen show lists what is there")
    rows = view.run_rows(ids=[builds[0].id])
    name = pick_run(wanted, [row.name for row in rows])
    if not rows:
        raise ReportgenError(f"{text} has no run", hint="reportgen show lists the runs there are")
    return next(row for row in rows if row.name == name)


def all_links(view: StoreView) -> Links:
    """Return the addresses of all pages of a version."""
    return reading.site_links(view, view.build_ids(), view.jobs())


def find_environment(view: StoreView, row: RunRow) -> Mapping[str, Any]:
    """Return the environment a run logged."""
    run = find_whole(next(iter(view.builds([row.build_id]))), row)
    return run.environment if run is not None else {}
