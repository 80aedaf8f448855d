"""A leaderboard with its titles in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reportgen.analysis.champion import Titles, find_titles
from reportgen.analysis.comparable import Scores, score
from reportgen.analysis.decisions import DecisionJobs, Ruling
from reportgen.analysis.leaderboard import rank
from reportgen.analysis.paired import Paired
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.values import Leaderboard, LeaderboardOptions
from reportgen.many import no_collection
from reportgen.model import RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A leaderboard, who holds its titles, and the scores both were made from."""

    leaderboard: Leaderboard
    titles: Titles
    scores: Scores


def judge(
    rows: Iterable[RunRow] | BuildIndex,
    options: LeaderboardOptions,
    *,
    jobs: DecisionJobs | None = None,
    rulings: Sequence[Ruling] | None = None,
    paired: Paired | None = None,
) -> Judged:
    """Return the leaderboard of `options` over `rows`, which are the runs of all jobs: decisions are among them.

    Who judges several leaderboards makes the `BuildIndex` and the rulings (`find_rulings`) once and passes them.
    `paired` gives differences from row-level results (`pair_runs`).
    """
    with no_collection():
        index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
        scores = score(index.rows, options)
        titles = find_titles(scores, index, jobs=jobs, rulings=rulings)
        board = rank(scores, champions=titles.champions(), paired=paired)
    return Judged(leaderboard=board, titles=titles, scores=scores)
