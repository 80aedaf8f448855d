"""Where a run stood among what was known when it ran: the comparison with the run before, the champion then, the best so far.

Everything about a run comes from its own record and from runs and decisions before it, so that a new run never changes what was
said of an older one. Set-up is O(n log n); each question takes O(log n).
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reportgen.analysis.champion import Holder, Titles
from reportgen.analysis.comparable import Candidate, Scores, order
from reportgen.analysis.directions import is_better
from reportgen.analysis.luck import luck_bound, model_identity
from reportgen.analysis.separable import Scored, scored, single_delta
from reportgen.analysis.values import Delta, Key, LeaderboardOptions, Missing, RunId, run_id
from reportgen.model import Direction, Metric, RunRow

DataState = Literal["unchanged", "changed", "unknown", "first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What may be said of `run` by its own past.

    `previous` is the run of the same job before it that has a value; `to_previous` is None where the two are not comparable
    (`data` says why). `best_of` is the number of comparable runs so far, this one among them, if it is the best of them;
    `luck` is how much of its lead over the others may be luck, if that is half of it or more. `champion` is who held the title
    when the run started.
    """

    run: RunRow
    options: LeaderboardOptions
    direction: Direction
    metric: Metric | None = None
    scored: Scored | None = None
    missing: Missing | None = None
    missing_text: str = ""
    previous: RunRow | None = None
    to_previous: Delta | None = None
    identical: bool = False
    champion: Holder | None = None
    to_champion: Delta | None = None
    is_champion: bool = False
    baseline: RunRow | None = None
    to_baseline: Delta | None = None
    data: DataState = "unknown"
    best_of: int | None = None
    luck: float | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """The scored runs of one key, oldest first, and what was true before each of them."""

    times: tuple[tuple[object, ...], ...]
    candidates: tuple[Candidate, ...]
    best: tuple[float | None, ...]
    """Best value among the first i runs."""
    total: tuple[float, ...]
    models: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """Answers where any run of a leaderboard stood when it ran. Make it with `find_past`."""

    scores: Scores
    titles: Titles | None
    lines: Mapping[Key, _Line]
    by_job: Mapping[str, tuple[tuple[tuple[object, ...], ...], tuple[Candidate, ...]]]
    places: Mapping[RunId, Candidate] = field(default_factory=dict)
    baseline: RunRow | None = None

    def standing(self, run: RunRow) -> Standing | None:
        """Return where `run` stood; None if it is no candidate of the leaderboard."""
        candidate = self.places.get(run_id(run))
        if candidate is None:
            return None
        options, key = self.scores.options, candidate.key
        direction = self.scores.directions[key]
        own = scored(candidate.metric) if candidate.metric is not None and candidate.missing is None else None
        previous = self._previous(run)
        holder = self.titles.holder(key, before=run) if self.titles is not None else None
        best_of, luck = self._best(candidate, own, direction)
        return Standing(
            run=run,
            options=options,
            direction=direction,
            metric=candidate.metric,
            scored=own,
            missing=candidate.missing,
            missing_text=candidate.missing_text,
            previous=previous.row if previous else None,
            to_previous=self._delta(own, previous, key, direction),
            identical=previous is not None and model_identity(previous.row) == model_identity(run),
            champion=holder,
            to_champion=self._to_champion(own, holder, direction),
            is_champion=holder is not None and _same_model(run, holder),
            baseline=self.baseline,
            to_baseline=self._to_baseline(run, own, key, direction),
            data=_data_state(candidate, previous),
            best_of=best_of,
            luck=luck,
        )

    def _previous(self, run: RunRow) -> Candidate | None:
        times, candidates = self.by_job.get(run.job, ((), ()))
        place = bisect.bisect_left(times, order(run))
        return candidates[place - 1] if place else None

    def _delta(self, own: Scored | None, other: Candidate | None, key: Key, direction: Direction) -> Delta | None:
        if own is None or other is None or other.key != key or other.metric is None:
            return None
        reference = scored(other.metric)
        return single_delta(own, reference, direction) if reference is not None else None

    def _to_champion(self, own: Scored | None, holder: Holder | None, direction: Direction) -> Delta | None:
        metric = holder.run.metrics.get(self.scores.options.metric) if holder is not None and holder.run else None
        reference = scored(metric) if metric is not None else None
        return single_delta(own, reference, direction) if own is not None and reference is not None else None

    def _to_baseline(self, run: RunRow, own: Scored | None, key: Key, direction: Direction) -> Delta | None:
        if self.baseline is None or order(self.baseline) >= order(run):
            return None
        return self._delta(own, self.places.get(run_id(self.baseline)), key, direction)

    def _best(self, candidate: Candidate, own: Scored | None, direction: Direction) -> tuple[int | None, float | None]:
        """How many comparable runs there were if this is the best so far, and what of its lead may be luck."""
        line = self.lines.get(candidate.key)
        if own is None or line is None or direction == "none":
            return None, None
        place = bisect.bisect_left(line.times, order(candidate.row))
        before = line.best[place]
        if before is None or not is_better(own.value, before, direction):
            return None, None
        mean = (line.total[place] + own.value) / (place + 1)
        luck = luck_bound(own.value, mean, own.low, own.high, line.models[place + 1])
        lead = abs(own.value - before)
        return place + 1, luck if luck is not None and luck >= lead / 2 else None


def find_past(scores: Scores, titles: Titles | None = None) -> Past:
    """Return the index that answers where each candidate of `scores` stood."""
    by_key: dict[Key, list[Candidate]] = {}
    by_job: dict[str, list[Candidate]] = {}
    for candidate in scores.candidates:
        if candidate.missing is None:
            by_key.setdefault(candidate.key, []).append(candidate)
            by_job.setdefault(candidate.row.job, []).append(candidate)
    wanted = scores.options.baseline
    fixed = (
        c.row
        for c in reversed(scores.candidates)
        if wanted is not None and c.row.key[:2] == wanted[:2] and wanted.name in ("", c.row.name)
    )
    return Past(
        scores=scores,
        titles=titles,
        lines={key: _line(members, scores.directions[key]) for key, members in by_key.items()},
        by_job={job: (tuple(order(c.row) for c in found), tuple(found)) for job, found in by_job.items()},
        places={run_id(c.row): c for c in scores.candidates},
        baseline=next(fixed, None),
    )


def _line(members: Sequence[Candidate], direction: Direction) -> _Line:
    best: list[float | None] = [None]
    total, models = [0.0], [0]
    seen: set[str | tuple[str, ...]] = set()
    for candidate in members:
        value = candidate.metric.value if candidate.metric is not None else None
        last = best[-1]
        better = value is not None and (last is None or is_better(value, last, direction))
        best.append(value if better else last)
        total.append(total[-1] + float(value or 0))
        seen.add(model_identity(candidate.row))
        models.append(len(seen))
    return _Line(
        times=tuple(order(c.row) for c in members),
        candidates=tuple(members),
        best=tuple(best),
        total=tuple(total),
        models=tuple(models),
    )


def _same_model(run: RunRow, holder: Holder) -> bool:
    if holder.model is not None:
        return any(m.sha256 == holder.model for m in run.models)
    return holder.run is not None and run_id(holder.run) == run_id(run)


def _data_state(candidate: Candidate, previous: Candidate | None) -> DataState:
    if not candidate.key.by or any(digest is None for digest in candidate.key.by):
        return "unknown"
    if previous is None:
        return "first"
    return "unchanged" if previous.key.by == candidate.key.by else "changed"
