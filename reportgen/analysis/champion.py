"""Who holds the title on a board, since when, on whose decision, and who held it at any earlier time.

The title goes with a model. By rule it is the deployed model, else the approved one, else rank 1; each rule falls back to the
next where nobody has deployed or approved yet, and says so. Questions about the past are answered by bisection: what was
decided or scored later never changes them.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reportgen.analysis.comparable import Candidate, Order, Scores, order
from reportgen.analysis.decisions import DecisionJobs, Ruling, find_rulings
from reportgen.analysis.directions import is_better
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.separable import scored, single_delta
from reportgen.analysis.values import Delta, Key, TitleRule, run_id
from reportgen.many import gather
from reportgen.model import Direction, RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The champion at one moment: its run on the board asked about (None: not scored there) and the rule that gave the title.

    `known` is the run the model is known by where it was not scored on the board.
    """

    rule: TitleRule
    run: RunRow | None
    model: str | None
    since: datetime
    by: str | None = None
    reason: str | None = None
    known: RunRow | None = None

    @property
    def words(self) -> str:
        """What has to be said where the holder has no row on the board; "" where it has one."""
        if self.run is not None:
            return ""
        if self.known is None and self.model is None:
            return "champion unknown: nothing says which model was " + self.rule
        if self.known is None:
            return f"champion unknown: model {(self.model or '')[:4]}… was not trained in a harvested job"
        return "held; not scored on the current validation set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One holder's time: from `since` to `until` (None: to now).

    `beat` is the difference to the holder before as of then; `rejected` are the challengers that were turned down during the
    term before. `source` is the run that decided.
    """

    holder: Holder
    until: datetime | None = None
    beat: Delta | None = None
    rejected: tuple[Ruling, ...] = ()
    source: RunRow | None = None
    note: str = ""

    @property
    def since(self) -> datetime:
        """When the term began."""
        return self.holder.since


@dataclass(frozen=True, slots=True)
class _Span:
    """A time in which decisions gave the title to one model, or to none."""

    since: datetime | None
    rule: TitleRule | None
    ruling: Ruling | None
    moved: Order | None = None
    """The place in time of the decision that began it; None for the first."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The scored runs of one key, oldest first: who led it when, and the runs of each model."""

    direction: Direction
    leaders: Sequence[RunRow]
    by_model: Mapping[str, Sequence[RunRow]]
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """The titles of one leaderboard. Make it with `find_titles`."""

    rule: TitleRule
    metric: str
    rulings: tuple[Ruling, ...] = ()
    spans: tuple[_Span, ...] = ()
    lines: Mapping[Key, _Line] = field(default_factory=dict)
    known: Mapping[str, Sequence[RunRow]] = field(default_factory=dict)
    across: bool = False

    def holder(self, key: Key, before: RunRow | None = None) -> Holder | None:
        """Return who held the title on board `key` when the run `before` started (None: who holds it now)."""
        span = self.spans[-1] if before is None else self._span_at(order(before))
        limit = None if before is None else order(before)
        if span.ruling is None or span.rule is None:
            return self._leader(key, limit)
        return self._ruled(span.rule, span.ruling, key, limit)

    def champions(self) -> dict[Key, RunRow]:
        """Return the run that holds the title now, for every board it was scored on."""
        found = {key: self.holder(key) for key in self.lines}
        return {key: holder.run for key, holder in found.items() if holder is not None and holder.run is not None}

    @property
    def applied(self) -> TitleRule:
        """The rule that gives the title now."""
        return self.spans[-1].rule or "best"

    @property
    def words(self) -> str:
        """What has to be said when another rule applies than the one asked for; "" otherwise."""
        if self.applied == self.rule:
            return ""
        missing = {"deployed": "nothing was deployed yet", "approved": "nothing was approved yet"}[self.rule]
        how = "the approved model" if self.applied == "approved" else "rank 1"
        return f"{missing}: the champion is {how}"

    def history(self, key: Key) -> tuple[Term, ...]:
        """Return who held the title on board `key`, oldest first; terms that ended before the board was used are left out."""
        terms: list[Term] = []
        for place, span in enumerate(self.spans):
            until = self.spans[place + 1].since if place + 1 < len(self.spans) else None
            if span.ruling is None or span.rule is None:
                terms += self._led(key, span.since, until)
            else:
                holder = self._ruled(span.rule, span.ruling, key, None if until is None else (until, "", 0, "", ""))
                terms.append(Term(holder=holder, until=until, source=span.ruling.source))
        line = self.lines.get(key)
        kept = [t for t in terms if line is None or t.until is None or t.until > line.first]
        return tuple(self._told(kept, line.direction if line else "none"))

    def _span_at(self, place: Order) -> _Span:
        return self.spans[bisect.bisect_left(self.spans, place, lo=1, key=lambda span: span.moved or place) - 1]

    def _leader(self, key: Key, limit: Order | None) -> Holder | None:
        line = self.lines.get(key)
        if line is None or self.across:
            return None
        found = _last_before(line.leaders, limit)
        if found is None:
            return None
        return Holder(rule="best", run=found, model=_model_of(found), since=found.started_at, known=found)

    def _ruled(self, rule: TitleRule, ruling: Ruling, key: Key, limit: Order | None) -> Holder:
        model = ruling.model
        line = self.lines.get(key)
        run = _last_before(line.by_model.get(model, ()), limit) if line is not None and model is not None else None
        if run is None and model is None and ruling.target is not None:
            run = ruling.target if line is not None and _stands_on(line, ruling.target) else None
        known = run or (_last_before(self.known.get(model, ()), limit) if model is not None else ruling.target)
        return Holder(rule=rule, run=run, model=model, since=ruling.at, by=ruling.by, reason=ruling.reason, known=known)

    def _led(self, key: Key, since: datetime | None, until: datetime | None) -> list[Term]:
        """Terms by rank within a time in which no decision held."""
        line = self.lines.get(key)
        if line is None or self.across:
            return []
        terms = []
        for place, run in enumerate(line.leaders):
            end = line.leaders[place + 1].started_at if place + 1 < len(line.leaders) else None
            begin = run.started_at if since is None else max(run.started_at, since)
            stop = min((t for t in (end, until) if t is not None), default=None)
            if (until is None or begin < until) and (stop is None or begin < stop):
                holder = Holder(rule="best", run=run, model=_model_of(run), since=begin, known=run)
                terms.append(Term(holder=holder, until=stop, source=run))
        return terms

    def _told(self, terms: Sequence[Term], direction: Direction) -> Iterable[Term]:
        """Add what each holder beat, and who was rejected during the term before."""
        previous: Term | None = None
        for term in _joined(terms):
            beat = self._beat(term, previous, direction)
            began = previous.since if previous is not None else None
            rejected = tuple(
                r for r in self.rulings if r.kind == "rejected" and r.at <= term.since and (began is None or r.at > began)
            )
            unclear = term.holder.rule == "best" and beat is not None and beat.separable is False
            note = "new rank 1, not separable from the previous" if unclear else term.holder.words
            previous = replace(term, beat=beat, rejected=rejected, note=note)
            yield previous

    def _beat(self, term: Term, previous: Term | None, direction: Direction) -> Delta | None:
        now = term.holder.run
        before = previous.holder.run if previous is not None else None
        if now is None or before is None:
            return None
        a, b = now.metrics.get(self.metric), before.metrics.get(self.metric)
        new, old = (scored(a) if a else None), (scored(b) if b else None)
        return single_delta(new, old, direction) if new and old else None


def _joined(terms: Sequence[Term]) -> Iterable[Term]:
    """Join neighbouring terms of one model under one rule, as when it was deployed twice."""
    current: Term | None = None
    for term in terms:
        same = (
            current is not None
            and term.holder.rule == current.holder.rule
            and term.holder.model is not None
            and term.holder.model == current.holder.model
        )
        if current is not None and same:
            current = replace(current, until=term.until, holder=replace(current.holder, run=term.holder.run))
            continue
        if current is not None:
            yield current
        current = term
    if current is not None:
        yield current


def _last_before(runs: Sequence[RunRow], limit: Order | None) -> RunRow | None:
    place = len(runs) if limit is None else bisect.bisect_left(runs, limit, key=order)
    return runs[place - 1] if place else None


def _stands_on(line: _Line, run: RunRow) -> bool:
    wanted = run_id(run)
    return any(run_id(row) == wanted for runs in line.by_model.values() for row in runs)


def _model_of(row: RunRow) -> str | None:
    """The model a run scored, else the one it made."""
    found = sorted(row.models, key=lambda m: (m.role != "input", m.name))
    return found[0].sha256 if found else None


def find_titles(
    scores: Scores,
    rows: Iterable[RunRow] | BuildIndex,
    *,
    jobs: DecisionJobs | None = None,
    rulings: Sequence[Ruling] | None = None,
) -> Titles:
    """Return the titles of a leaderboard: `scores` are its candidates, `rows` the runs of all jobs.

    `rulings` may be passed where they were found before (`find_rulings`); they are the same for every leaderboard.
    """
    index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
    found = find_rulings(index, jobs or DecisionJobs()) if rulings is None else tuple(rulings)
    by_key: dict[Key, list[Candidate]] = {}
    for candidate in scores.candidates:
        if candidate.missing is None:
            by_key.setdefault(candidate.key, []).append(candidate)
    known: dict[str, Sequence[RunRow]] = {}
    for row in index.rows:
        for model in row.models:
            if model.role == "made":
                gather(known, model.sha256, row)
    return Titles(
        rule=scores.options.champion,
        metric=scores.options.metric,
        rulings=found,
        spans=tuple(_spans(scores.options.champion, found)),
        lines={key: _line(members, scores.directions[key]) for key, members in by_key.items()},
        known=known,
        across=not scores.options.comparable_by,
    )


def _line(members: Sequence[Candidate], direction: Direction) -> _Line:
    leaders: list[RunRow] = []
    by_model: dict[str, Sequence[RunRow]] = {}
    best: float | None = None
    for candidate in members:
        row, metric = candidate.row, candidate.metric
        if metric is None or metric.value is None:
            continue
        for model in row.models:
            gather(by_model, model.sha256, row)
        if direction != "none" and (best is None or is_better(metric.value, best, direction)):
            best = metric.value
            leaders.append(row)
    return _Line(
        direction=direction,
        leaders=tuple(leaders),
        by_model=by_model,
        first=members[0].row.started_at,
        last=members[-1].row.started_at,
    )


def _spans(rule: TitleRule, rulings: Sequence[Ruling]) -> Iterable[_Span]:
    """Follow the decisions: what was deployed last, else what was approved last and not revoked, else nothing."""
    yield _Span(None, None, None)
    deployed: Ruling | None = None
    approved: list[Ruling] = []
    current: Ruling | None = None
    for ruling in rulings if rule != "best" else ():
        if ruling.kind == "deployed" and rule == "deployed":
            deployed = _with_approval(ruling, approved)
        elif ruling.kind == "approved":
            approved.append(ruling)
        elif ruling.kind == "revoked":
            approved = [a for a in approved if not _same_subject(a, ruling)]
        holder = deployed or (approved[-1] if approved else None)
        if holder is not current:
            current = holder
            source = ruling.source
            moved = (ruling.at, source.job, source.number, source.name, source.record)
            yield _Span(ruling.at, "deployed" if deployed else "approved" if holder else None, holder, moved)


def _with_approval(deployed: Ruling, approved: Sequence[Ruling]) -> Ruling:
    """A deployment with who approved the model and why, where the deploy job itself does not say."""
    approval = next((a for a in reversed(approved) if _same_subject(a, deployed)), None)
    if approval is None:
        return deployed
    return replace(deployed, by=approval.by or deployed.by, reason=deployed.reason or approval.reason)


def _same_subject(a: Ruling, b: Ruling) -> bool:
    if a.model is not None or b.model is not None:
        return a.model == b.model
    return a.target is not None and b.target is not None and run_id(a.target) == run_id(b.target)
