"""What the configuration names and the store does not have: most often a slip of the pen, and a page that stays empty."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from reportgen.analysis.columns import metric_names
from reportgen.analysis.options import leaderboard_options
from reportgen.analysis.values import LeaderboardOptions
from reportgen.config import Config
from reportgen.globs import covers


def find_misfits(
    config: Config, *, jobs: Collection[str], builds: Collection[tuple[str, int]], metrics: Collection[str]
) -> list[str]:
    """Return, in words, which jobs, builds and metrics of leaderboards and pipelines are not among those given.

    `jobs` are the names of all jobs, `builds` job and number of each build, `metrics` the names of all that runs logged. A
    store without builds has nothing to say of any name.
    """
    if not builds:
        return []
    boards = (leaderboard_options(name, each, config) for name, each in config.leaderboards.items())
    said = [text for board in boards for text in _of_board(board, jobs, builds, metrics)]
    for name, pipeline in config.pipelines.items():
        named = dict.fromkeys((*pipeline.jobs, pipeline.approve, pipeline.deploy))
        unknown = [job for job in named if job and not any(covers(job, known) for known in jobs)]
        said += [f'pipelines.{name}: there is no job "{job}"{_near(job, jobs)}' for job in unknown]
    return said


def _of_board(
    board: LeaderboardOptions, jobs: Collection[str], builds: Collection[tuple[str, int]], metrics: Collection[str]
) -> Iterator[str]:
    where = f"leaderboards.{board.name}"
    for pattern in board.jobs:
        if not any(covers(pattern, job) for job in jobs):
            yield f'{where}: no job is called "{pattern}"{_near(pattern, jobs)}'
    for metric in dict.fromkeys((board.metric, *metric_names((*board.columns, *board.where, *board.group_by)))):
        if metric not in metrics:
            yield f'{where}: no run has the metric "{metric}"{_near(metric, metrics)}'
    if board.baseline is not None and (board.baseline.job, board.baseline.number) not in builds:
        yield f"{where}: the baseline {board.baseline.job}#{board.baseline.number} is not in the store"


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
