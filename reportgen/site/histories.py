"""What a job's page tells of its history: level shifts of the key metric, and who held the title when."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.analysis.comparable import score
from reportgen.analysis.history import History, build_histories, shift_words
from reportgen.analysis.judge import Judged
from reportgen.analysis.values import LeaderboardOptions
from reportgen.analysis.wording import signed
from reportgen.model import RunRow
from reportgen.site.pages.base import Site
from reportgen.site.pages.trends import Reign, ShiftNote


def job_histories(site: Site, job: str, rows: Sequence[RunRow], metric: str, board: Judged | None) -> tuple[History, ...]:
    """Return the histories of a job's key metric, that in use first; a new validation set starts a new one."""
    if not metric:
        return ()
    comparable_by = board.leaderboard.options.comparable_by if board is not None else ("dataset.validation",)
    options = LeaderboardOptions(
        name=job, metric=metric, jobs=(job,), comparable_by=comparable_by or ("dataset.validation",), metrics=site.metrics
    )
    return build_histories(score(rows, options), job=job)


def shift_notes(histories: Sequence[History]) -> list[ShiftNote]:
    """Return the level shifts of all histories, oldest first."""
    notes = [
        ShiftNote(shift.bad, shift_words(history, shift), _label(history, shift.delta))
        for history in histories
        for shift in history.shifts
    ]
    return sorted(notes, key=lambda note: note.row.started_at)


def _label(history: History, delta: float) -> str:
    return f"level {signed(delta, history.format)}"


def job_reigns(board: Judged | None, job: str) -> list[Reign]:
    """Return who held the title on the job's current board, oldest first, from the first run on its validation set on."""
    current = board.leaderboard.current if board is not None else None
    if board is None or current is None or current.first_used is None:
        return []
    return [
        Reign(term.holder.run, max(term.since, current.first_used), term.until)
        for term in board.titles.history(current.key)
        if term.holder.run is not None and term.holder.run.job == job
    ]
