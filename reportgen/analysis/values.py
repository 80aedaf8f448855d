"""What judgement is told and what it answers: the options of a leaderboard, its boards, rows and cells.

Everything is frozen; what a large board has thousands of is a tuple. Rows carry the `RunRow` they speak about, so whoever shows
them needs no second look-up. Numbers are exact; how they are printed is `reportgen.analysis.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from reportgen.model import Direction, Metric, RunKey, RunRow

TitleRule = Literal["deployed", "approved", "best"]

Missing = Literal[
    "expired",
    "build failed",
    "no record",
    "not logged",
    "not numeric",
    "not finite",
    "over limit",
    "not comparable",
]
"""Why a candidate has no rank; the first that applies, in this order."""

Word = Literal["better", "worse", "same", ""]

Summary = Literal["last", "best", "min", "max", "mean"]
"""Which value of a series counts."""

ColumnKind = Literal["metric", "param", "tag", "field", "shrunk"]


class RunId(NamedTuple):
    """What no two runs of a store share: a job that was recreated uses its numbers again, so the start belongs to it."""

    job: str
    number: int
    started_at: datetime
    name: str
    record: str


def run_id(row: RunRow) -> RunId:
    """Return the identity of the run in `row`."""
    return RunId(row.job, row.number, row.started_at, row.name, row.record)


class Key(NamedTuple):
    """A comparability key: runs with the same one may be ranked together.

    `direction` and `rows` are empty for "as first said"; `by` follows the order of `comparable_by`.
    """

    direction: Direction | Literal[""]
    unit: str
    definition: str
    by: tuple[str | None, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOptions:
    """How one metric is called, judged and printed; `format` "" means by the size of the values."""

    name: str
    title: str = ""
    direction: Direction | None = None
    format: str = ""
    unit: str | None = None
    min_shift: float | None = None
    summary: Summary = "last"

    @property
    def label(self) -> str:
        """The title, else the name."""
        return self.title or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardOptions:
    """What to rank and how. `jobs` are patterns (none: every job); `comparable_by` () ranks across everything, visibly."""

    name: str
    metric: str
    title: str = ""
    jobs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    comparable_by: tuple[str, ...] = ("dataset.validation",)
    group_by: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    baseline: RunKey | None = None
    champion: TitleRule = "deployed"
    missing: Literal["show", "skip"] = "show"
    metrics: Mapping[str, MetricOptions] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The title, else the name."""
        return self.title or self.name

    def about(self, metric: str) -> MetricOptions:
        """Return what is configured for `metric`, which may be nothing."""
        return self.metrics.get(metric) or MetricOptions(name=metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One chosen column. Metrics have a direction and, on a board, may have a `best`; `unit` is empty where runs disagree.

    The column ``shrunk`` holds the metric `of` the board, drawn toward its mean; `shrinkage` is that mean and the part of the
    distance that stays, None where nothing can be said.
    """

    name: str
    kind: ColumnKind
    title: str
    direction: Direction | None = None
    unit: str = ""
    format: str = ""
    best: float | None = None
    of: str = ""
    shrinkage: tuple[float, float] | None = None

    @property
    def numeric(self) -> bool:
        """Whether its values are written in the format of a metric."""
        return self.kind in ("metric", "shrunk")


class Cell(NamedTuple):
    """A value in a column: a number, a text, or None with the reason in `missing`. `metric` has interval and n.

    A tuple, because a large board has a hundred thousand of them.
    """

    value: Any
    metric: Metric | None = None
    best: bool = False
    missing: Missing | None = None


class Delta(NamedTuple):
    """A difference to a fixed reference: value − reference, with the word for its direction.

    `low` and `high` bound the single difference at 95 % (None: one of the two has no interval). `separable` is the verdict
    with the correction that fits the place it stands in (`method` says which), None where it cannot be told.
    """

    value: float
    word: Word = ""
    low: float | None = None
    high: float | None = None
    separable: bool | None = None
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several runs as one row: seeds or folds of one setting on one validation set, ranked by their mean.

    `sd` is None for one member. `seeds_low` and `seeds_high` are the t interval of the mean over the members (how much
    training luck matters; from three members on). `by` holds the values the group was made by; `without` are members that
    have no value, and count in "4 of 5".
    """

    by: Mapping[str, Any]
    mean: float
    sd: float | None
    n: int
    minimum: float
    maximum: float
    members: tuple[RunRow, ...]
    without: tuple[RunRow, ...] = ()
    seeds_low: float | None = None
    seeds_high: float | None = None

    @property
    def words(self) -> str:
        """How many members the row stands for: "1 seed", "5 seeds", "4 of 5 seeds"."""
        total = self.n + len(self.without)
        count = str(self.n) if total == self.n else f"{self.n} of {total}"
        return f"{count} seed" if total == 1 else f"{count} seeds"


class BoardRow(NamedTuple):
    """A candidate: ranked, or listed with the reason why not.

    `value` is what it is ranked by (of a group: the mean), None or not finite where `missing` says why. `method` is how the
    interval was made, for a footnote. `separable` tells whether the row can be told apart from the leader (None: the leader
    itself, or not known), `against` what it was judged by. `decimals` is how many decimals the value needs so that it does not
    look like a neighbour it differs from (None: its format suffices). `failed` marks a ranked run of a build that failed.
    """

    run: RunRow
    rank: int | None = None
    tied: bool = False
    value: int | float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    method: str | None = None
    metric: Metric | None = None
    separable: bool | None = None
    against: Literal["", "intervals", "paired rows"] = ""
    delta_champion: Delta | None = None
    delta_baseline: Delta | None = None
    champion: bool = False
    baseline: bool = False
    missing: Missing | None = None
    missing_text: str = ""
    failed: bool = False
    columns: Mapping[str, Cell] = MappingProxyType({})
    group: Group | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """What the runs of a board have in common: the key that decides who may be ranked with whom.

    `by` maps each entry of `comparable_by` to its digest or value (None: unknown; several digests are joined by "+");
    `rows` is set only where runs disagree on the size of one digest. `names` are the names the data sets go by.
    """

    metric: str
    direction: Direction
    unit: str = ""
    definition: str = ""
    split: str = ""
    by: Mapping[str, str | None] = field(default_factory=dict)
    rows: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether every entry of `comparable_by` has a value."""
        return all(value is not None for value in self.by.values())


ROWS_MARK = "†"
"""Stands behind what row-level results told, on a board where intervals told the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """How much of the leader's value may be luck, because the best of many was picked.

    An upper bound: min(expected maximum of `candidates` errors, lead over the mean).
    """

    candidates: int
    luck: float
    rows: int | None
    leader: float


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Board:
    """Runs that may be ranked together: ranked rows first, then the others with their reasons, newest first.

    `ranked` counts the rows with a rank. `with_interval` is N of the all-pairs correction: ranked rows with an interval,
    identical models once. `not_separable` counts the ranked rows that are not separable from the leader, without it;
    `prefix` says that they stand directly below it, so that one rule in the table divides them from the rest. `mixed` counts
    the validation sets ranked together by request. `rows_scored` is how many rows they were scored on, where it is
    known. `by_rows` counts the runs that were told from the leader row by row.
    """

    key: Key
    comparable: Comparable
    columns: tuple[Column, ...]
    rows: tuple[BoardRow, ...]
    ranked: int
    with_interval: int = 0
    not_separable: int = 0
    prefix: bool = False
    mixed: int = 0
    luck: Luck | None = None
    rows_scored: int | None = None
    by_rows: int = 0
    first_used: datetime | None = None
    last_used: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def leader(self) -> BoardRow | None:
        """The first ranked row, if there is one."""
        return self.rows[0] if self.ranked else None

    def mark(self, row: BoardRow) -> str:
        """Return what stands behind a row that was told row by row where others were not: a note explains it."""
        return ROWS_MARK if row.against == "paired rows" and self.by_rows + 1 < self.ranked else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """All boards of one leaderboard, the most recently used first."""

    options: LeaderboardOptions
    boards: tuple[Board, ...]
    skipped: int = 0
    """Candidates that are not listed because `missing = "skip"`."""

    @property
    def current(self) -> Board | None:
        """The board in use: the most recent that ranks something, else the most recent."""
        return next((board for board in self.boards if board.ranked), self.boards[0] if self.boards else None)
