"""One metric over the builds of a job: levels, shifts, regressions and where they came in.

A history holds one comparable value per finished build; builds without one keep their place on the axis. A new comparability
key starts a new history, and the break is named, never detected.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reportgen.analysis.comparable import Candidate, Scores, digests
from reportgen.analysis.compare import same_value
from reportgen.analysis.directions import is_better
from reportgen.analysis.missing import has_failed
from reportgen.analysis.separable import scored
from reportgen.analysis.shifts import FEWEST, Steps, find_steps
from reportgen.analysis.values import Key, Missing
from reportgen.analysis.wording import display_unit, interval, number, plural, signed, spec_for
from reportgen.model import Direction, RunRow

ShiftKind = Literal["regression", "improvement", "shift"]

_SHORT_STRETCH = 8
_RECENT = 10
_UNSURE = 2.0
_RESEMBLING = 0.5
_MOST_CHANGES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """One build on the axis: its value, or why it has none."""

    run: RunRow
    value: float | None
    low: float | None = None
    high: float | None = None
    missing: Missing | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A stretch of builds around one median, from `first` to `last`."""

    median: float
    first: RunRow
    last: RunRow
    builds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A confirmed level change: `good` is the last build of the level before, `bad` the first of the new one.

    (For an improvement the names stay, and mean before and after.) `open` tells whether the latest level is still worse than
    the best before it; `recovered` is the build at which it no longer was. `back` says that it only ends a better stretch.
    `between` are builds inside the range that have no value; `changed` names what differs between the two ends, data first.
    `unsure` says that the place may be three builds off.
    """

    kind: ShiftKind
    before: float
    after: float
    good: RunRow
    bad: RunRow
    since: int
    open: bool = False
    recovered: RunRow | None = None
    back: bool = False
    unsure: bool = False
    between: tuple[RunRow, ...] = ()
    changed: tuple[str, ...] = ()
    commits: tuple[str | None, str | None] = (None, None)

    @property
    def delta(self) -> float:
        """After − before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One metric over comparable builds of one job, oldest first.

    `spread` is the usual difference between neighbouring builds (0 where nothing was judged). `slope` per build is set where
    the history drifts instead of stepping. `notes` are sentences: too short to judge, neighbours resemble each other, the last
    value is unusual.
    """

    job: str
    metric: str
    label: str
    direction: Direction
    key: Key
    format: str
    points: tuple[HistoryPoint, ...]
    levels: tuple[Level, ...] = ()
    shifts: tuple[Shift, ...] = ()
    spread: float = 0.0
    slope: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[Shift, ...]:
        """The shifts in the bad direction, oldest first."""
        return tuple(shift for shift in self.shifts if shift.kind == "regression")

    @property
    def latest(self) -> Shift | None:
        """The newest shift."""
        return self.shifts[-1] if self.shifts else None


def build_histories(scores: Scores, *, job: str | None = None, min_shift: float | None = None) -> tuple[History, ...]:
    """Return the histories of `scores`' metric, one for each job and comparability key, the most recently used first."""
    by_key: dict[tuple[str, Key], list[Candidate]] = {}
    for candidate in _one_per_build(c for c in scores.candidates if job in (None, c.row.job)):
        by_key.setdefault((candidate.row.job, candidate.key), []).append(candidate)
    found = [_history(scores, name, key, members, min_shift) for (name, key), members in by_key.items()]
    return tuple(sorted(found, key=lambda h: h.points[-1].run.started_at, reverse=True))


def _one_per_build(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Of a build with several runs take the one named like its stage, else the last that has a value."""
    builds: dict[tuple[object, ...], list[Candidate]] = {}
    for c in candidates:
        builds.setdefault((c.row.started_at, c.row.job, c.row.number), []).append(c)
    return [max(runs, key=lambda c: (c.missing is None, c.row.name == c.row.stage, c.row.name)) for runs in builds.values()]


def _history(scores: Scores, job: str, key: Key, members: Sequence[Candidate], min_shift: float | None) -> History:
    about = scores.options.about(scores.options.metric)
    points = tuple(_point(candidate) for candidate in members)
    spec = about.format or spec_for(point.value for point in points)
    least = min_shift if min_shift is not None else about.min_shift if about.min_shift is not None else display_unit(spec)
    return judge_history(
        points, job=job, metric=scores.options.metric, label=about.label, direction=scores.directions[key], key=key,
        format_spec=spec, min_shift=least,
    )  # fmt: skip


def _point(candidate: Candidate) -> HistoryPoint:
    failed = has_failed(candidate.row)
    found = scored(candidate.metric) if candidate.metric is not None and candidate.missing is None else None
    if found is None or failed:
        return HistoryPoint(run=candidate.row, value=None, missing=candidate.missing or "build failed", failed=failed)
    return HistoryPoint(run=candidate.row, value=float(found.value), low=found.low, high=found.high)


def judge_history(
    points: Sequence[HistoryPoint],
    *,
    job: str,
    metric: str,
    label: str,
    direction: Direction,
    key: Key,
    format_spec: str,
    min_shift: float,
) -> History:
    """Return the history of `points` (oldest first) with its levels, shifts and notes."""
    kept = [point for point in points if point.value is not None]
    values = [point.value for point in kept if point.value is not None]
    steps = find_steps(values, min_shift=min_shift)
    levels = _levels(kept, steps) if steps.slope is None else ()
    shifts = _shifts(points, kept, steps, levels, direction, min_shift) if steps.slope is None else ()
    return History(
        job=job,
        metric=metric,
        label=label,
        direction=direction,
        key=key,
        format=format_spec,
        points=tuple(points),
        levels=levels,
        shifts=shifts,
        spread=steps.sigma,
        slope=steps.slope,
        notes=tuple(_notes(kept, values, steps, shifts, label, format_spec)),
    )


def _levels(kept: Sequence[HistoryPoint], steps: Steps) -> tuple[Level, ...]:
    edges = [0, *steps.starts, len(kept)]
    return tuple(
        Level(median=median, first=kept[a].run, last=kept[b - 1].run, builds=b - a)
        for median, a, b in zip(steps.levels, edges[:-1], edges[1:], strict=False)
    )


def _shifts(
    points: Sequence[HistoryPoint],
    kept: Sequence[HistoryPoint],
    steps: Steps,
    levels: Sequence[Level],
    direction: Direction,
    min_shift: float,
) -> tuple[Shift, ...]:
    found = []
    for place, start in enumerate(steps.starts):
        before, after = levels[place].median, levels[place + 1].median
        kind: ShiftKind = "shift"
        if direction != "none":
            kind = "improvement" if is_better(after, before, direction) else "regression"
        good, bad = kept[start - 1].run, kept[start].run
        recovered = _recovery(levels, place, direction, min_shift) if kind == "regression" else None
        back = kind == "regression" and _is_back(levels, place, direction, min_shift)
        found.append(
            Shift(
                kind=kind,
                before=before,
                after=after,
                good=good,
                bad=bad,
                since=len(kept) - start,
                open=kind == "regression" and recovered is None and not back,
                recovered=recovered,
                back=back,
                unsure=abs(after - before) < _UNSURE * steps.sigma,
                between=_between(points, good, bad),
                changed=tuple(_changed(good, bad)),
                commits=(good.commit, bad.commit),
            )
        )
    return tuple(found)


def _worse(value: float, reference: float, direction: Direction, min_shift: float) -> bool:
    return is_better(reference, value, direction) and abs(value - reference) >= min_shift


def _recovery(levels: Sequence[Level], place: int, direction: Direction, min_shift: float) -> RunRow | None:
    """The first build of a later level that is no longer worse than the best level before the shift.

    None while the latest level is worse. Short stretches count only directly before the shift.
    """
    earlier = [level.median for level in levels[:place] if level.builds >= _SHORT_STRETCH]
    best = levels[place].median
    for median in earlier:
        best = median if is_better(median, best, direction) else best
    if _worse(levels[-1].median, best, direction, min_shift):
        return None
    return next((level.first for level in levels[place + 2 :] if not _worse(level.median, best, direction, min_shift)), None)


def _is_back(levels: Sequence[Level], place: int, direction: Direction, min_shift: float) -> bool:
    """Whether the step only returns from a better stretch of fewer than 8 builds to where it was."""
    if place == 0 or levels[place].builds >= _SHORT_STRETCH:
        return False
    return not _worse(levels[place + 1].median, levels[place - 1].median, direction, min_shift)


def _between(points: Sequence[HistoryPoint], good: RunRow, bad: RunRow) -> tuple[RunRow, ...]:
    inside = [p.run for p in points if p.value is None]
    return tuple(run for run in inside if good.started_at < run.started_at < bad.started_at)


def _changed(good: RunRow, bad: RunRow) -> Iterable[str]:
    """What differs between the last good and the first bad build: data and models first, then parameters."""
    for role in ("training", "test"):
        if digests(good, role) != digests(bad, role):
            yield f"{role} set"
    names = sorted({*good.params, *bad.params})
    different = [name for name in names if not same_value(good.params.get(name), bad.params.get(name))]
    yield from different[:_MOST_CHANGES]


def _notes(
    kept: Sequence[HistoryPoint], values: Sequence[float], steps: Steps, shifts: Sequence[Shift], label: str, spec: str
) -> Iterable[str]:
    if len(values) < FEWEST:
        yield f"too short to judge ({len(values)} of {FEWEST} builds)"
        return
    if steps.slope is not None:
        yield f"{label} drifts: {_per_build(steps.slope)} a build over {plural(len(values), 'build')}, with no step in it"
    if steps.memory > _RESEMBLING:
        yield "neighbouring builds resemble each other; shifts are less certain"
    new = shifts and shifts[-1].bad is kept[-1].run
    if not new and steps.slope is None and (said := _unusual(values, steps, spec)):
        yield said


def _per_build(slope: float) -> str:
    return signed(slope, ".2g")


def _unusual(values: Sequence[float], steps: Steps, spec: str) -> str:
    """A last value outside the usual band of the ten before it, as far as they are of its level."""
    start = steps.starts[-1] if steps.starts else 0
    recent = list(values[start:-1][-_RECENT:])
    if len(recent) < _RECENT:
        return ""
    middle = statistics.median(recent)
    reach = 3 * 1.4826 * statistics.median(abs(v - middle) for v in recent)
    if not abs(values[-1] - middle) > reach:
        return ""
    return (
        f"last value {number(values[-1], spec)} is outside the usual {interval(middle - reach, middle + reach, spec)}"
        f" (median ± 3·1.4826·MAD of the last {_RECENT}); one build is not a shift"
    )


def shift_words(history: History, shift: Shift) -> str:
    """Return a shift in a sentence: "F1 fell from 0.733 to 0.701 (−0.032, worse) between #81 and #82; 3 builds since"."""
    spec = history.format
    verb = "fell" if shift.delta < 0 else "rose"
    word = {"regression": ", worse", "improvement": ", better", "shift": ""}[shift.kind]
    where = f"between #{shift.good.number} and #{shift.bad.number}"
    unsure = " (give or take 3 builds)" if shift.unsure else ""
    levels = f"from {number(shift.before, spec)} to {number(shift.after, spec)}"
    if shift.back:
        verb, levels = "is back", f"to {number(shift.after, spec)} from {number(shift.before, spec)}"
    spread = f"; usual spread ±{number(history.spread, spec)}" if history.spread else ""
    recovered = f"; recovered at #{shift.recovered.number}" if shift.recovered is not None else ""
    change = signed(shift.delta, spec)
    since = f"{plural(shift.since, 'build')} since"
    return f"{history.label} {verb} {levels} ({change}{word}) {where}{unsure}; {since}{spread}{recovered}"
