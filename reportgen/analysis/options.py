"""Options of judgement from the configuration, and the leaderboard a job gets without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from reportgen.analysis.comparable import role_of
from reportgen.analysis.decisions import DecisionJobs
from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.series import with_words
from reportgen.analysis.values import LeaderboardOptions, MetricOptions
from reportgen.config import Config, LeaderboardConfig, MetricConfig
from reportgen.errors import ReportgenError
from reportgen.model import Direction, RunKey, RunRow

_SPLITS = {"test": 0, "val": 1}
_DEFAULT_COLUMNS = 5


def metric_options(config: Config) -> Mapping[str, MetricOptions]:
    """Return what the configuration says of each metric."""
    return MappingProxyType({name: _metric(name, settings) for name, settings in config.metrics.items()})


def _metric(name: str, settings: MetricConfig) -> MetricOptions:
    return MetricOptions(
        name=name,
        title=with_words(settings.title or name, settings.summary) if settings.summary != "last" else settings.title,
        direction=settings.direction,
        format=settings.format,
        unit=settings.unit,
        min_shift=settings.min_shift,
        summary=settings.summary,
    )


def leaderboard_options(name: str, settings: LeaderboardConfig, config: Config) -> LeaderboardOptions:
    """Return the options of the leaderboard `name`."""
    return LeaderboardOptions(
        name=name,
        title=settings.title,
        jobs=settings.jobs,
        metric=settings.metric,
        columns=settings.columns,
        comparable_by=settings.comparable_by,
        group_by=settings.group_by,
        where=settings.where,
        baseline=parse_run(settings.baseline) if settings.baseline else None,
        champion=settings.champion,
        missing=settings.missing,
        metrics=metric_options(config),
    )


def decision_jobs(config: Config) -> DecisionJobs:
    """Return the jobs in which people approve and which deploy, over all pipelines."""
    pipelines = config.pipelines.values()
    return DecisionJobs(
        approve=frozenset(p.approve for p in pipelines if p.approve),
        deploy=frozenset(p.deploy for p in pipelines if p.deploy),
    )


def parse_run(text: str) -> RunKey:
    """Return the run that ``JOB#N`` or ``JOB#N/RUN`` names."""
    job, mark, rest = text.strip().partition("#")
    number, _, name = rest.partition("/")
    if not (job and mark and number.isdigit()):
        raise ReportgenError(f"{text!r} is not a run", hint="write JOB#N, or JOB#N/RUN where a build has several runs")
    return RunKey(job, int(number), name)


def all_leaderboards(config: Config, rows: Sequence[RunRow]) -> list[LeaderboardOptions]:
    """Return the configured leaderboards; with none, one per job that logged a metric whose direction is known."""
    if config.leaderboards:
        return [leaderboard_options(name, settings, config) for name, settings in config.leaderboards.items()]
    metrics = metric_options(config)
    by_job: dict[str, list[RunRow]] = {}
    for row in rows:
        by_job.setdefault(row.job, []).append(row)
    found = (default_leaderboard(job, by_job[job], metrics) for job in sorted(by_job))
    return [options for options in found if options is not None]


def default_leaderboard(job: str, rows: Sequence[RunRow], metrics: Mapping[str, MetricOptions]) -> LeaderboardOptions | None:
    """Return the leaderboard of a job that has none configured: by its first metric with a known direction.

    Metrics are tried in the order in which the newest run that has any logged them; ``test/`` and ``val/`` come before others,
    what measures a whole before what measures a part of it (``report/benign/recall``), and what was recorded before what is
    configured before what the name tells.
    """
    logged = _logged(rows)
    if not logged:
        return None
    names = list(logged)
    known = [(name, source) for name in names if (source := _source(name, logged[name], metrics)) is not None]
    if not known:
        return None
    best = min(
        known, key=lambda pair: (_SPLITS.get(pair[0].split("/")[0], 2), pair[0].count("/") > 1, pair[1], names.index(pair[0]))
    )[0]
    prefix = best.rpartition("/")[0]
    others = [name for name, _ in known if name != best and name.rpartition("/")[0] == prefix]
    tested = prefix == "test" and any(role_of(d) == "test" for row in rows for d in row.datasets)
    return LeaderboardOptions(
        name=job,
        title=job,
        jobs=(job,),
        metric=best,
        columns=tuple(others[:_DEFAULT_COLUMNS]),
        comparable_by=("dataset.test",) if tested else ("dataset.validation",),
        metrics=metrics,
    )


def _logged(rows: Iterable[RunRow]) -> dict[str, Direction | None]:
    """Metric names in the order of the newest run that logged any, then of older ones, with the direction recorded."""
    found: dict[str, Direction | None] = {}
    for row in sorted(rows, key=lambda r: (r.started_at, r.number, r.name), reverse=True):
        for name, metric in row.metrics.items():
            if found.get(name) is None:
                found[name] = metric.direction
    return found


def _source(name: str, recorded: Direction | None, metrics: Mapping[str, MetricOptions]) -> int | None:
    """How the direction is known: 0 from the record, 1 from the configuration, 2 by the name, None not at all."""
    configured = metrics[name].direction if name in metrics else None
    if "none" in (configured, recorded if configured is None else configured):
        return None
    if recorded is not None:
        return 0
    if configured is not None:
        return 1
    return 2 if direction_by_name(name) is not None else None
