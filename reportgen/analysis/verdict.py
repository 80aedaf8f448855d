"""The sentence a page opens with: words by rules that follow the statistics, and never claim more.

A verdict is a tuple of clauses; a clause is a tuple of parts, and a part may be strong (a key number). At most 40 words: later
clauses are dropped first. What is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reportgen.analysis.champion import Holder
from reportgen.analysis.luck import count_models
from reportgen.analysis.missing import has_failed
from reportgen.analysis.standing import Standing
from reportgen.analysis.values import Board, BoardRow, Delta
from reportgen.analysis.wording import count, duration, interval, number, plural, signed, spec_for
from reportgen.model import Failure, RunRow

MOST_WORDS = 40
FORBIDDEN = (
    "significant", "statistical", "proves", "state of the art", "outperforms", "equal", "much", "slightly", "strongly",
    "greatly", "barely", "far ",
)  # fmt: skip
"""Words that no verdict uses, whatever the numbers."""

_LONGEST_MESSAGE = 80
_DIGITS = ("", "one digit", "two digits", "three digits", "four digits", "five digits", "six digits")


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


def run_verdict(
    standing: Standing | None, run: RunRow, *, error: Failure | None = None, shift: str = "", format_spec: str = ""
) -> Verdict:
    """Return the verdict on a run: its value, then against the run before and the champion then, the data, the best so far.

    `standing` is None for a run that is ranked nowhere. `shift` is a clause of `reportgen.analysis.history` about the past of
    the run. `format_spec` overrides the metric's configured format.
    """
    clauses: list[Clause] = []
    if has_failed(run) or run.status == "interrupted":
        clauses += _failed(run, error)
    if standing is not None and standing.scored is not None:
        clauses += _scored(standing, format_spec, shift)
    elif not clauses:
        clauses.append(_unscored(standing))
    return Verdict(clauses=_cut(clauses))


def _scored(standing: Standing, format_spec: str, shift: str) -> Iterable[Clause]:
    spec = format_spec or standing.options.about(standing.options.metric).format
    spec = spec or spec_for([standing.scored.value if standing.scored else None])
    yield _value(standing, spec)
    for clause in (_previous(standing, spec), _champion(standing, spec), _data(standing), _best(standing)):
        if clause:
            yield clause
    if shift:
        yield (Part(shift),)


def _value(standing: Standing, spec: str) -> Clause:
    own, metric = standing.scored, standing.metric
    assert own is not None
    label = standing.options.about(standing.options.metric).label
    bounds = interval(own.low, own.high, spec)
    size = f", n {count(metric.n)}" if metric is not None and metric.n else ""
    return Part(f"{label} {number(own.value, spec)}", strong=True), Part(
        f" ({bounds or 'no interval'}{size if bounds else ''})"
    )


def _previous(standing: Standing, spec: str) -> Clause:
    delta, previous = standing.to_previous, standing.previous
    if delta is None or previous is None:
        return ()
    name = run_name(previous, standing.run)
    if delta.word == "same":
        return (Part(f"same as {name}" + (" (identical model)" if standing.identical else "")),)
    if _unseen(delta.value, spec):
        return (Part(f"{_same_to(spec)} as {name}" + (" (identical model)" if standing.identical else "")),)
    certainty = {None: "", False: ", within noise", True: f", clearly {delta.word}" if delta.word else ""}
    return Part(signed(delta.value, spec), strong=True), Part(f" on {name}{certainty[delta.separable]}")


def _champion(standing: Standing, spec: str) -> Clause:
    if standing.is_champion:
        return (Part("is the champion"),)
    if standing.champion is None:
        return (Part("no champion yet"),) if standing.direction != "none" else ()
    delta, holder = standing.to_champion, standing.champion
    if delta is None or holder.run is None:
        return (Part(_not_here(holder, standing.run)),)
    name = f"champion {run_name(holder.run, standing.run)}"
    if delta.word == "same":
        return (Part(f"same as {name}"),)
    if _unseen(delta.value, spec):
        return (Part(f"{_same_to(spec)} as {name}"),)
    if delta.separable and delta.word == "better":
        return Part(f"beats {name} by "), Part(number(abs(delta.value), spec), strong=True)
    if delta.separable and delta.word == "worse":
        return Part(f"behind {name} by "), Part(number(abs(delta.value), spec), strong=True)
    unclear = ", not separable" if delta.separable is False else ""
    return Part(signed(delta.value, spec), strong=True), Part(f" on {name}{unclear}")


def _not_here(holder: Holder, run: RunRow) -> str:
    if holder.known is None:
        return "champion unknown"
    return f"champion {run_name(holder.known, run)} not scored on this validation set"


def _data(standing: Standing) -> Clause:
    previous = standing.previous
    if standing.data == "unknown":
        return (Part("validation set unknown"),)
    if previous is None or standing.data == "first":
        return ()
    if standing.data == "unchanged":
        return (Part("validation set unchanged"),)
    return (Part(f"validation set changed: not comparable with {run_name(previous, standing.run)}"),)


def _best(standing: Standing) -> Clause:
    if standing.best_of is None:
        return ()
    luck = "; expect some luck" if standing.luck is not None else ""
    return (Part(f"best of {count(standing.best_of)} comparable runs so far{luck}"),)


def _failed(run: RunRow, error: Failure | None) -> Iterable[Clause]:
    logged = run.metrics_total or len(run.metrics)
    before = f"{plural(logged, 'metric')} logged before" if logged else "no metrics"
    if run.status == "interrupted" and run.result not in ("FAILURE", "ABORTED"):
        yield (Part("Interrupted", strong=True),)
    else:
        how = "Aborted" if run.result == "ABORTED" or run.status == "aborted" else "Failed"
        place = f" in {run.stage}" if run.stage else ""
        why = f": {_exception(error)}" if error is not None else ""
        yield Part(f"{how} after {duration(run.duration_s)}{place}", strong=True), Part(why)
    yield (Part(before),)


def _exception(error: Failure) -> str:
    said = " ".join(error.message.split())
    if len(said) > _LONGEST_MESSAGE:
        said = said[:_LONGEST_MESSAGE].rstrip() + " …"
    return f"{error.type} {said}".strip()


def _unscored(standing: Standing | None) -> Clause:
    if standing is None or (standing.metric is None and standing.direction == "none"):
        return (Part("No metric with a known direction"),)
    said = f" ({standing.missing_text})" if standing.missing_text and standing.missing != "not logged" else ""
    return (Part(f"{standing.options.about(standing.options.metric).label}: {standing.missing}{said}"),)


def run_name(run: RunRow, beside: RunRow | None = None) -> str:
    """Return how a sentence names `run`: ``#52`` beside a run of the same job, else with the job's own name."""
    name = f"#{run.number}" + (f"/{run.name}" if run.several else "")
    return name if beside is not None and run.job == beside.job else f"{run.job.rpartition('/')[2]} {name}"


def _unseen(value: float, spec: str) -> bool:
    return not any("1" <= digit <= "9" for digit in number(value, spec))


def _same_to(spec: str) -> str:
    """Words for a difference that the format cannot show: "same to three digits"."""
    digits = spec.rpartition(".")[2].rstrip("f%")
    if not digits.isdigit() or not 0 < int(digits) < len(_DIGITS):
        return "same to the last digit shown"
    return f"same to {_DIGITS[int(digits)]}"


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
        yield Part(f"{who} leads by {_gap(lead, spec)}, separable", strong=True), Part(f": {name} "), value
    elif second.separable is False:
        yield (Part("Too close to call", strong=True),)
        yield Part(f"{who} ranks first at "), value, Part(f", {_gap(lead, spec)} ahead of {run_name(second.run, leader.run)}")
    else:
        yield Part(f"{who} ranks first at "), value, Part("; no intervals, so nothing says how sure that is")
    below = board.rows[shared : board.ranked]
    close = sum(row.separable is False for row in below) if leader.tied else board.not_separable
    if close and not second.separable:
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


def _gap(value: float, spec: str) -> str:
    return "less than a digit" if _unseen(value, spec) else number(value, spec)


def _on_champion(delta: Delta, spec: str) -> str:
    verdict = {None: "", True: ", separable", False: ", not separable"}[delta.separable]
    if _unseen(delta.value, spec):
        return f"{_same_to(spec)} as the champion"
    return f"{signed(delta.value, spec)} on the champion{verdict}"
