"""What site and terminal read of the store in the same way: addresses, the leaderboards there are, and what those need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reportgen.analysis.columns import metric_names
from reportgen.analysis.misfits import find_misfits
from reportgen.analysis.options import all_leaderboards
from reportgen.analysis.values import LeaderboardOptions
from reportgen.config import Config
from reportgen.model import Job, RunRow
from reportgen.site.links import BuildAddress, Links
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

_SAMPLE = 25


def site_links(view: StoreView, builds: Sequence[BuildRow], jobs: Iterable[Job]) -> Links:
    """Return the addresses of all pages of a version; of equal ones the job whose build was stored first keeps its own."""
    first = dict.fromkeys(build.job for build in sorted(builds, key=lambda build: build.id))
    return Links.of(list(first | dict.fromkeys(job.name for job in jobs)), _addresses(view, builds))


def _addresses(view: StoreView, builds: Sequence[BuildRow]) -> Iterator[BuildAddress]:
    several = [build.id for build in builds if build.runs > 1]
    runs: dict[int, list[tuple[str, str]]] = {}
    for row in reversed(view.run_rows(ids=several, metrics=())) if several else ():
        runs.setdefault(row.build_id, []).append((row.name, row.record))
    for build in builds:
        yield BuildAddress(build.job, build.number, build.started_at, runs.get(build.id, ()))


def leaderboards(config: Config, view: StoreView, builds: Sequence[BuildRow]) -> list[LeaderboardOptions]:
    """Return the configured leaderboards, or those the newest runs of each job suggest."""
    return all_leaderboards(config, [] if config.leaderboards else newest_runs(view, builds))


def misfits(config: Config, view: StoreView, builds: Sequence[BuildRow], jobs: Iterable[Job]) -> list[str]:
    """Return, in words, what leaderboards and pipelines name and the store does not have."""
    return find_misfits(
        config,
        jobs=[job.name for job in jobs],
        builds={(build.job, build.number) for build in builds},
        metrics=view.logged_metrics(),
    )


def newest_runs(view: StoreView, builds: Sequence[BuildRow]) -> list[RunRow]:
    """Return the newest runs of each job with all their metrics: enough to tell what a job is judged by."""
    taken: dict[str, int] = {}
    chosen = []
    for build in builds:
        taken[build.job] = taken.get(build.job, 0) + 1
        if taken[build.job] <= _SAMPLE:
            chosen.append(build.id)
    return view.run_rows(ids=chosen) if chosen else []


def board_metrics(options: Iterable[LeaderboardOptions]) -> set[str]:
    """Return the metrics that leaderboards rank by, show, choose by and group by."""
    wanted: set[str] = set()
    for each in options:
        wanted.update((each.metric, *metric_names(each.columns), *metric_names(each.where), *metric_names(each.group_by)))
    return wanted
