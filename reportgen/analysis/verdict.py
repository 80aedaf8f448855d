"""The sentence a leaderboard opens with: words by rules that follow the statistics, and never claim more.

A verdict is a tuple of clauses; a clause is a tuple of parts, and a part may be strong (a key number). At most 40 words: later
clauses are dropped first. What is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reportgen.analysis.luck import count_models
from reportgen.analysis.values import Board, BoardRow, Delta
from reportgen.analysis.wording import count, gap, is_unseen, number, plural, same_to, signed, spec_for
from reportgen.model import RunRow

MOST_WORDS = 40
FORBIDDEN = (
    "significant", "statistical", "proves", "state of the art", "outperforms", "equal", "much", "slightly", "strongly",
    "greatly", "barely", "far ",
)  # fmt: skip
"""Words that no verdict uses, whatever the numbers."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a clause; `strong` marks a key number."""

    text: str
    strong: bool = False


Clause = tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Clauses in order; `mark` joins them ("; " within a sentence, ". " between sentences)."""

    clauses: tuple[Clause, ...]
    mark: str = "; "

    @property
    def text(self) -> str:
        """The whole sentence, without a full stop."""
        return self.mark.join("".join(part.text for part in clause) for clause in self.clauses)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in order, with the marks between clauses as parts of their own."""
        found: list[Part] = []
        for clause in self.clauses:
            found += [Part(self.mark)] if found else []
            found += clause
        return tuple(found)

    @property
    def words(self) -> int:
        """How many words the sentence has."""
        return len(self.text.split())


def run_name(run: RunRow, beside: RunRow | None = None) -> str:
    """Return how a sentence names `run`: ``#52`` beside a run of the same job, else with the job's own name."""
    name = f"#{run.number}" + (f"/{run.name}" if run.several else "")
    return name if beside is not None and run.job == beside.job else f"{run.job.rpartition('/')[2]} {name}"


def _cut(clauses: Sequence[Clause], mark: str = "; ") -> tuple[Clause, ...]:
    """Drop later clauses until at most 40 words are left; the first always stays."""
    kept = list(clauses)
    while len(kept) > 1 and Verdict(clauses=tuple(kept), mark=mark).words > MOST_WORDS:
        kept.pop()
    return tuple(kept)


def board_verdict(board: Board | None, *, label: str = "", format_spec: str = "") -> Verdict:
    """Return the sentences a leaderboard opens with: too close to call, a lead that can be told apart, or nothing ranked."""
    if board is None:
        return Verdict(clauses=((Part("Nothing to rank yet", strong=True),),))
    name = label or board.comparable.metric
    leader = board.leader
    if leader is None or leader.value is None:
        return _nothing_ranked(board, name)
    spec = format_spec or spec_for(row.value for row in board.rows[: board.ranked])
    return Verdict(clauses=_cut(list(_board_sentences(board, leader, name, spec)), ". "), mark=". ")


def _nothing_ranked(board: Board, name: str) -> Verdict:
    runs = plural(len(board.rows), "run")
    if board.comparable.direction == "none" and any(row.missing is None for row in board.rows):
        return Verdict(
            clauses=((Part("Not ranked", strong=True), Part(f": {name} has no direction; {runs} listed, newest first")),)
        )
    return Verdict(clauses=((Part("Nothing ranked yet", strong=True), Part(f": {runs}, none with {name}")),))


def _board_sentences(board: Board, leader: BoardRow, name: str, spec: str) -> Iterable[Clause]:
    value = Part(number(leader.value, spec), strong=True)
    if board.ranked == 1:
        yield Part(f"{run_name(leader.run, leader.run)} is the only ranked run: {name} "), value
        return
    second = board.rows[1]
    lead = abs(float(leader.value or 0) - float(second.value or 0))
    who = run_name(leader.run, leader.run)
    shared = sum(1 for row in board.rows[: board.ranked] if row.rank == 1)
    if leader.tied:
        one = " of one model" if count_models(row.run for row in board.rows[:shared]) == 1 else ""
        yield Part(f"{plural(shared, 'run')}{one} share rank 1", strong=True), Part(f" with {name} "), value
    elif second.separable:
        yield Part(f"{who} leads by {gap(lead, spec)}, separable", strong=True), Part(f": {name} "), value
    elif second.separable is False:
        yield (Part("Too close to call", strong=True),)
        yield Part(f"{who} ranks first at "), value, Part(f", {gap(lead, spec)} ahead of {run_name(second.run, leader.run)}")
    elif all(row.separable is None for row in board.rows):
        yield Part(f"{who} ranks first at "), value, Part("; no intervals, so nothing says how sure that is")
    else:
        ahead = f"{gap(lead, spec)} ahead of {run_name(second.run, leader.run)}"
        yield Part(f"{who} ranks first at "), value, Part(f", {ahead}; nothing says how sure that is")
    below = board.rows[shared : board.ranked]
    close = sum(row.separable is False for row in below) if leader.tied else board.not_separable
    if close:
        judged = len(below) if board.mixed <= 1 else sum(row.separable is not None for row in below)
        alike = " scored on the same set" if judged < len(below) else ""
        yield (Part(_close(close, judged, "them" if leader.tied else "it", alike)),)
    delta = next((row.delta_champion for row in board.rows if row is leader), None)
    if delta is not None and not leader.champion:
        yield (Part(_on_champion(delta, spec)),)


def _close(close: int, others: int, first: str, alike: str) -> str:
    """How many of the runs below the leader, or those that share its rank, are too near to what is `first`."""
    if others == 1:
        return f"The other run{alike} cannot be told apart from {first}"
    runs = f"the other {plural(others, 'run')}{alike}"
    if close == others:
        return f"None of {runs} can be told apart from {first}"
    return f"{count(close)} of {runs} cannot be told apart from {first}"


def _on_champion(delta: Delta, spec: str) -> str:
    verdict = {None: "", True: ", separable", False: ", not separable"}[delta.separable]
    if is_unseen(delta.value, spec):
        return f"{same_to(spec)} as the champion"
    return f"{signed(delta.value, spec)} on the champion{verdict}"
