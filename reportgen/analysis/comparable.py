"""Who may be ranked with whom: the comparability key of every run, from its own record and its past alone.

A key holds what changes the meaning of a number: direction, unit, definition, and the digests of the data sets it was measured
on. Where a run leaves something open (no direction, no row count), it counts as what was first said before or after it, so that
a later run never moves an earlier one to another board.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from reportgen.analysis.columns import find_value, selects
from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.missing import reason_without
from reportgen.analysis.values import Comparable, Key, LeaderboardOptions, Missing
from reportgen.globs import covers
from reportgen.model import Dataset, Direction, Metric, RunRow

Order = tuple[datetime, str, int, str, str]

_ROLES = {"train": "training", "val": "validation", "valid": "validation"}


class Candidate(NamedTuple):
    """A run that a board's jobs and `where` let in: its value and key, or the reason why it has no rank."""

    row: RunRow
    key: Key
    metric: Metric | None
    missing: Missing | None
    missing_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """All candidates of a leaderboard, oldest first, and the direction of each key."""

    options: LeaderboardOptions
    candidates: tuple[Candidate, ...]
    directions: Mapping[Key, Direction]

    def describe(self, key: Key, candidates: Sequence[Candidate]) -> Comparable:
        """Return `key` in the words of the configuration."""
        options = self.options
        names = {d.name for c in candidates[-1:] for role in options.comparable_by for d in _of_role(c.row, role)}
        prefix, slash, _ = options.metric.rpartition("/")
        return Comparable(
            metric=options.metric,
            direction=self.directions[key],
            unit=key.unit,
            definition=key.definition,
            split=prefix if slash else "",
            by=dict(zip(options.comparable_by, key.by, strict=True)),
            rows=key.rows,
            names=tuple(sorted(names)),
        )


order: Callable[[RunRow], Order] = attrgetter("started_at", "job", "number", "name", "record")
"""The place of a run in time: by start, then job, number, run and record."""


def role_of(dataset: Dataset) -> str:
    """Return the role of `dataset` in its long spelling, "" where it has none."""
    role = (dataset.role or "").lower()
    return _ROLES.get(role, role)


def digests(row: RunRow, role: str) -> tuple[str, ...]:
    """Return the sorted digests of the data sets that `row` used in `role`."""
    return tuple(sorted({d.sha256 for d in row.datasets if d.sha256 and role_of(d) == role}))


def _of_role(row: RunRow, entry: str) -> list[Dataset]:
    role = entry.removeprefix("dataset.")
    return [d for d in row.datasets if role_of(d) == role] if entry != role else []


def _measured_on(row: RunRow, metric: Metric | None) -> list[Dataset]:
    """The data sets that the metric itself names, by name or digest."""
    if metric is None or not metric.dataset:
        return []
    return [d for d in row.datasets if metric.dataset in (d.name, d.sha256)]


def _by_value(row: RunRow, metric: Metric | None, entry: str) -> str | None:
    if not entry.startswith("dataset."):
        value = find_value(row, entry)
        return None if value is None else str(value)
    chosen = _of_role(row, entry)
    named = [d for d in _measured_on(row, metric) if d in chosen]
    found = {d.sha256 for d in named or chosen if d.sha256}
    return "+".join(sorted(found)) or None


def data_rows(row: RunRow, comparable_by: Iterable[str]) -> int | None:
    """Return how many rows the data set has that decides the board, where it is one and tells."""
    sizes = [d.rows for entry in comparable_by for d in _of_role(row, entry)]
    return sizes[0] if len(sizes) == 1 else None


def set_name(comparable_by: Sequence[str]) -> str:
    """Return what to call the data that decides a board: "validation set"."""
    roles = [entry.removeprefix("dataset.") for entry in comparable_by if entry.startswith("dataset.")]
    return f"{roles[0]} set" if len(roles) == 1 else "data" if roles else "validation set"


def scored_on_training(row: RunRow, metric: Metric | None, comparable_by: Iterable[str]) -> bool:
    """Tell whether the metric names a training set as what it was measured on, where validation decides the board."""
    named = _measured_on(row, metric)
    wanted = {entry.removeprefix("dataset.") for entry in comparable_by}
    return bool(named) and "training" not in wanted and all(role_of(d) == "training" for d in named)


class _FirstSaid:
    """Remembers what was said first; the first and the silent are "", anything else is itself."""

    def __init__(self) -> None:
        self.first: dict[Any, Any] = {}

    def differs(self, subject: Any, said: Any) -> bool:
        return said is not None and self.first.setdefault(subject, said) != said


def select_rows(rows: Iterable[RunRow], options: LeaderboardOptions) -> list[RunRow]:
    """Return the runs of the leaderboard's jobs that its `where` lets in, oldest first."""
    known: dict[str, bool] = {}

    def wanted(job: str) -> bool:
        if job not in known:
            known[job] = not options.jobs or any(covers(pattern, job) for pattern in options.jobs)
        return known[job]

    where = options.where
    return sorted([row for row in rows if wanted(row.job) and (not where or selects(where, row))], key=order)


def score(rows: Iterable[RunRow], options: LeaderboardOptions) -> Scores:
    """Return every candidate with its key: who is comparable with whom, and why some have no value."""
    about = options.about(options.metric)
    directions = _FirstSaid()
    data = _DataFacts(options.comparable_by)
    keys: dict[Key, Key] = {}
    measured: list[Candidate] = []
    by_name = direction_by_name(options.metric) or "none"
    for row in select_rows(rows, options):
        metric = row.metrics.get(options.metric)
        missing, text = reason_without(row, metric)
        by, unlike, trained = data.of(row, metric)
        if missing is None and trained:
            missing, text = "not comparable", "scored on training data"
        said = about.direction or (metric.direction if metric else None)
        key = Key(
            direction=said if said is not None and directions.differs("", said) else "",
            unit=_unit(metric, about.unit),
            definition=metric.definition if metric else "",
            by=by,
            rows=unlike,
        )
        key = keys.setdefault(key, key)
        measured.append(Candidate(row, key, metric, missing, text))
    first: Direction = directions.first.get("", by_name)
    scored = {candidate.key for candidate in measured if candidate.missing is None}
    attach = _Attach([candidate for candidate in measured if candidate.missing is None])
    candidates = tuple([c if c.key in scored else c._replace(key=attach.key(c.row, c.key)) for c in measured])
    resolved: dict[Key, Direction] = {c.key: c.key.direction or first for c in candidates}
    return Scores(options=options, candidates=candidates, directions=resolved)


def _unit(metric: Metric | None, configured: str | None) -> str:
    logged = metric.unit if metric else None
    return logged or configured or ""


class _DataFacts:
    """What the data sets of a run say of its key; most runs share theirs, so each tuple of them is looked at once."""

    def __init__(self, comparable_by: Sequence[str]) -> None:
        self._entries = comparable_by
        self._by_data = all(entry.startswith("dataset.") for entry in comparable_by)
        self._sizes = _FirstSaid()
        self._known: dict[tuple[int, str | None], tuple[tuple[str | None, ...], tuple[int, ...], bool]] = {}
        self._kept: list[tuple[Dataset, ...]] = []

    def of(self, row: RunRow, metric: Metric | None) -> tuple[tuple[str | None, ...], tuple[int, ...], bool]:
        """Return digests by entry, row counts that contradict what was first said, and whether it is training data."""
        place = id(row.datasets), metric.dataset if metric is not None else None
        found = self._known.get(place) if self._by_data else None
        if found is None:
            found = (
                tuple([_by_value(row, metric, entry) for entry in self._entries]),
                self._unlike_rows(row),
                scored_on_training(row, metric, self._entries),
            )
            self._known[place] = found
            self._kept.append(row.datasets)
        return found

    def _unlike_rows(self, row: RunRow) -> tuple[int, ...]:
        used = [d for entry in self._entries for d in _of_role(row, entry) if d.sha256]
        return tuple(sorted([d.rows for d in used if d.rows is not None and self._sizes.differs(d.sha256, d.rows)]))


class _Attach:
    """Finds the board on which a run without the metric is listed: same data if known, else the one in use at its time."""

    def __init__(self, scored: Sequence[Candidate]) -> None:
        self._all = scored
        self._by: dict[tuple[str | None, ...], list[Candidate]] = {}
        for candidate in scored:
            self._by.setdefault(candidate.key.by, []).append(candidate)

    def key(self, row: RunRow, own: Key) -> Key:
        unknown = all(value is None for value in own.by)
        found = _in_use(self._all if unknown else self._by.get(own.by, ()), row)
        return found if found is not None else own


def _in_use(scored: Sequence[Candidate], row: RunRow) -> Key | None:
    """The key last in use at the time of `row`, else the first one after it; `scored` is in the order of time."""
    if not scored:
        return None
    return scored[max(0, bisect.bisect_right(scored, order(row), key=lambda each: order(each.row)) - 1)].key
