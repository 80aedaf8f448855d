"""What `show` and `compare` read of the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reportgen.analysis.columns import metric_names
from reportgen.analysis.decisions import find_rulings
from reportgen.analysis.judge import Judged, judge
from reportgen.analysis.options import all_leaderboards, decision_jobs
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.values import LeaderboardOptions
from reportgen.errors import ReportgenError
from reportgen.site.evaluations import BoardRows
from reportgen.site.evaluations import find_run as find_whole
from reportgen.site.links import BuildAddress, Links, parse_reference, pick_run

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.model import RunRow
    from reportgen.store.values import BuildRow
    from reportgen.store.view import StoreView

_SAMPLE = 25


def leaderboards(config: Config, view: StoreView) -> list[LeaderboardOptions]:
    """Return the configured leaderboards, or those the newest runs of each job suggest."""
    return all_leaderboards(config, [] if config.leaderboards else _sample(view, view.build_ids()))


def _sample(view: StoreView, builds: Sequence[BuildRow]) -> list[RunRow]:
    taken: dict[str, int] = {}
    chosen = []
    for build in builds:
        taken[build.job] = taken.get(build.job, 0) + 1
        if taken[build.job] <= _SAMPLE:
            chosen.append(build.id)
    return view.run_rows(ids=chosen) if chosen else []


def judged(config: Config, view: StoreView, options: LeaderboardOptions) -> Judged:
    """Return a leaderboard, reading no metric that it does not need."""
    wanted = {options.metric, *metric_names(options.columns), *metric_names(options.where), *metric_names(options.group_by)}
    index = BuildIndex(view.run_rows(metrics=wanted))
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
    builds = view.build_ids()
    jobs = dict.fromkeys(build.job for build in sorted(builds, key=lambda build: build.id))
    return Links.of(list(jobs | dict.fromkeys(job.name for job in view.jobs())), _addresses(view, builds))


def _addresses(view: StoreView, builds: Sequence[BuildRow]) -> Iterator[BuildAddress]:
    several = [build.id for build in builds if build.runs > 1]
    runs: dict[int, list[tuple[str, str]]] = {}
    for row in reversed(view.run_rows(ids=several, metrics=())) if several else ():
        runs.setdefault(row.build_id, []).append((row.name, row.record))
    for build in builds:
        yield BuildAddress(build.job, build.number, build.started_at, runs.get(build.id, ()))


def find_environment(view: StoreView, row: RunRow) -> Mapping[str, Any]:
    """Return the environment a run logged."""
    run = find_whole(next(iter(view.builds([row.build_id]))), row)
    return run.environment if run is not None else {}
