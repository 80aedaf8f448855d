"""Leaderboards: one board per comparability key, ranked on exact values, with what can and cannot be told apart.

Pure: the same rows in any order give the same boards. Ranks are competition ranks; `separable` is the all-pairs rule of
`reportgen.analysis.separable`; every candidate without a rank has its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from typing import Literal, NamedTuple

from reportgen.analysis.cells import Cells, with_best
from reportgen.analysis.columns import make_columns
from reportgen.analysis.comparable import Candidate, Scores, data_rows, digests, order, score, set_name
from reportgen.analysis.groups import make_groups
from reportgen.analysis.luck import board_luck, luck_words, model_identity, shrinkage, standard_error
from reportgen.analysis.missing import has_failed
from reportgen.analysis.paired import Paired
from reportgen.analysis.ranks import competition_ranks, ordered
from reportgen.analysis.separable import LEVEL, Scored, deltas_to_fixed, from_leader, scored
from reportgen.analysis.values import (
    ROWS_MARK,
    Board,
    BoardRow,
    Column,
    Comparable,
    Delta,
    Group,
    Key,
    Leaderboard,
    LeaderboardOptions,
    run_id,
)
from reportgen.analysis.wording import count, decimals_apart, plural, spec_for
from reportgen.model import Direction, Metric, RunKey, RunRow

MOST_PAIRED = 50
"""Rows that are compared with the leader on row-level results; further down intervals are enough."""

_VALUE = attrgetter("value")
_Told = tuple[bool | None, Literal["", "intervals", "paired rows"]]
_UNTOLD: _Told = (None, "")
_TOLD: Mapping[bool | None, _Told] = {None: _UNTOLD, True: (True, "intervals"), False: (False, "intervals")}


class _Entry(NamedTuple):
    """What becomes a ranked row: a run, or the newest run of a group."""

    row: RunRow
    value: int | float
    scored: Scored
    metric: Metric | None
    n: int | None
    group: Group | None = None

    @property
    def runs(self) -> tuple[RunRow, ...]:
        return self.group.members if self.group else (self.row,)


def leaderboard(
    rows: Iterable[RunRow],
    options: LeaderboardOptions,
    *,
    champions: Mapping[Key, RunRow] | None = None,
    paired: Paired | None = None,
) -> Leaderboard:
    """Return the boards of `options` over `rows`; `champions` names who holds the title on which board.

    `paired` is asked for the difference of the first 50 runs to the leader from row-level results; else intervals tell.
    """
    return rank(score(rows, options), champions=champions, paired=paired)


def rank(scores: Scores, *, champions: Mapping[Key, RunRow] | None = None, paired: Paired | None = None) -> Leaderboard:
    """Return the boards of what `score` found, the most recently used first."""
    options = scores.options
    by_key: dict[Key, list[Candidate]] = {}
    for candidate in scores.candidates:
        by_key.setdefault(candidate.key, []).append(candidate)
    columns = make_columns(options, [c.row for c in scores.candidates])
    boards = [
        _board(scores, key, members, columns, (champions or {}).get(key), paired)
        for key, members in sorted(by_key.items(), key=lambda item: order(item[1][-1].row), reverse=True)
    ]
    skipped = 0
    if options.missing == "skip":
        skipped = sum(1 for board in boards for row in board.rows if row.missing is not None)
        boards = [replace(board, rows=tuple(row for row in board.rows if row.missing is None)) for board in boards]
    return Leaderboard(options=options, boards=tuple(_with_changes(boards, set_name(options.comparable_by))), skipped=skipped)


def _board(
    scores: Scores,
    key: Key,
    members: Sequence[Candidate],
    columns: Sequence[Column],
    champion: RunRow | None,
    paired: Paired | None,
) -> Board:
    options, direction = scores.options, scores.directions[key]
    placed = _placed(_entries(options, members), direction)
    comparable = scores.describe(key, members)
    by_rows = paired if comparable.known else None
    runs, told = _separability(options, placed, by_rows) if direction != "none" else (0, [_UNTOLD] * len(placed))
    separable = [known for known, _ in told]
    baseline = _find_run(members, options.baseline)
    mixed = _mixed(options, members)
    judged = with_best(_shrunk_columns(columns, placed if mixed <= 1 else ()), [(e.row, e.group) for e in placed])
    rows = _rows(placed, told, judged, options, direction, (champion, baseline))
    ranked = len(rows) if direction != "none" else 0
    unlike = [place for place, known in enumerate(separable) if known is False]
    size = _rows_scored(rows, options)
    board = Board(
        key=key,
        comparable=comparable,
        columns=tuple(judged),
        rows=(*rows, *_unranked_rows(members, placed, columns)),
        ranked=ranked,
        with_interval=runs,
        not_separable=len(unlike),
        prefix=unlike == list(range(1, len(unlike) + 1)),
        mixed=mixed,
        luck=board_luck(rows, members, size) if ranked and mixed <= 1 and not options.group_by else None,
        rows_scored=size,
        by_rows=sum(method == "paired rows" for _, method in told[: MOST_PAIRED + 1]),
        first_used=members[0].row.started_at,
        last_used=members[-1].row.started_at,
    )
    return replace(board, notes=tuple(_notes(board, options)))


def _shrunk_columns(columns: Sequence[Column], placed: Sequence[_Entry]) -> Sequence[Column]:
    if not placed or all(column.kind != "shrunk" for column in columns):
        return columns
    found = shrinkage([float(e.value) for e in placed], standard_error(placed[0].scored.low, placed[0].scored.high))
    return [replace(column, shrinkage=found) if column.kind == "shrunk" else column for column in columns]


def _rows_scored(rows: Sequence[BoardRow], options: LeaderboardOptions) -> int | None:
    """How many rows the runs were scored on: those of the data set, else n where all agree on it."""
    by_data = {id(row.run.datasets): row.run for row in rows}  # most runs share theirs
    known = {data_rows(run, options.comparable_by) for run in by_data.values()} - {None}
    sizes = known or {row.n for row in rows}
    return sizes.pop() if len(sizes) == 1 else None


def _entries(options: LeaderboardOptions, members: Sequence[Candidate]) -> list[_Entry]:
    if options.group_by:
        return [
            _Entry(group.members[-1], group.mean, scored, *_shared(group, options.metric), group)
            for group, scored in make_groups(members, options.group_by)
        ]
    return [
        _Entry(c.row, found.value, found, c.metric, c.metric.n)
        for c in members
        if c.missing is None and c.metric is not None and (found := scored(c.metric)) is not None
    ]


def _shared(group: Group, name: str) -> tuple[Metric | None, int | None]:
    """The metric of a group of one, and n where all members agree on it."""
    metrics = [run.metrics.get(name) for run in group.members]
    sizes = {m.n for m in metrics if m is not None}
    return (metrics[0] if group.n == 1 else None), (sizes.pop() if len(sizes) == 1 else None)


def newest_first(row: RunRow) -> tuple[float, str, int, str, str]:
    """Return the order in which runs that share a rank are shown: newest build, then job, number and run name."""
    return (-row.started_at.timestamp(), row.job, -row.number, row.name, row.record)


def _placed(entries: Sequence[_Entry], direction: Direction) -> list[_Entry]:
    return ordered(entries, _VALUE, direction, tie=lambda e: newest_first(e.row))


def _separability(options: LeaderboardOptions, placed: Sequence[_Entry], paired: Paired | None) -> tuple[int, list[_Told]]:
    """N of the correction, and for each row whether it can be told apart from the first, and by what."""
    if not placed:
        return 0, []
    with_interval = [e for e in placed if e.scored.bounds is not None]
    runs = len({model_identity(e.row) if e.group is None else run_id(e.row) for e in with_interval})
    leader = placed[0]
    others: list[Scored | None] = [e.scored if options.comparable_by or _same_set(e, leader) else None for e in placed[1:]]
    known = from_leader(leader.scored, others, runs)
    told = [_UNTOLD, *(_TOLD[one] for one in known)]
    if paired is not None and options.comparable_by and not options.group_by and runs > 1:
        for place, entry in enumerate(placed[1 : MOST_PAIRED + 1], start=1):
            found = paired(options.metric, leader.row, entry.row)
            if found is not None and found.p is not None:
                told[place] = (found.p * runs * (runs - 1) / 2 <= LEVEL, "paired rows")
    return runs, told


def _same_set(a: _Entry, b: _Entry) -> bool:
    return digests(a.row, "validation") == digests(b.row, "validation")


def _mixed(options: LeaderboardOptions, members: Sequence[Candidate]) -> int:
    if options.comparable_by:
        return 0
    return len({digests(c.row, "validation") for c in members if c.missing is None})


def _find_run(members: Sequence[Candidate], wanted: RunKey | None) -> RunRow | None:
    """The newest run that people would mean by `wanted`."""
    if wanted is None:
        return None
    for candidate in reversed(members):
        row = candidate.row
        if (row.job, row.number) == wanted[:2] and wanted.name in ("", row.name):
            return row
    return None


def _against(
    placed: Sequence[_Entry], options: LeaderboardOptions, direction: Direction, reference: RunRow | None
) -> tuple[int | None, Sequence[Delta | None]]:
    """Where the reference stands and the difference of every other row to it."""
    wanted = run_id(reference) if reference is not None else None
    place = next((i for i, e in enumerate(placed) if any(run_id(run) == wanted for run in e.runs)), None)
    if place is None or wanted is None:
        return None, [None] * len(placed)
    fixed = placed[place]
    others: list[Scored | None] = [None if e is fixed else _comparable_part(e, fixed, options) for e in placed]
    return place, deltas_to_fixed(others, fixed.scored, direction)


def _comparable_part(entry: _Entry, reference: _Entry, options: LeaderboardOptions) -> Scored:
    """Across validation sets a difference has no interval."""
    if options.comparable_by or _same_set(entry, reference):
        return entry.scored
    return Scored(entry.scored.value)


def _rows(
    placed: Sequence[_Entry],
    told: Sequence[_Told],
    columns: Sequence[Column],
    options: LeaderboardOptions,
    direction: Direction,
    references: tuple[RunRow | None, RunRow | None],
) -> list[BoardRow]:
    ranks = competition_ranks([e.value for e in placed], direction)
    shared: dict[int | None, int] = {}
    for place in ranks:
        shared[place] = shared.get(place, 0) + 1
    champion, to_champion = _against(placed, options, direction, references[0])
    baseline, to_baseline = _against(placed, options, direction, references[1])
    decimals = _decimals([e.value for e in placed], options.about(options.metric).format)
    named = {column.name: column for column in columns}
    return [
        BoardRow(
            run=e.row,
            rank=ranks[i],
            tied=ranks[i] is not None and shared[ranks[i]] > 1,
            value=e.value,
            low=e.scored.low,
            high=e.scored.high,
            n=e.n,
            method=e.scored.method,
            metric=e.metric,
            separable=told[i][0],
            against=told[i][1],
            delta_champion=to_champion[i],
            delta_baseline=to_baseline[i],
            champion=i == champion,
            baseline=i == baseline,
            failed=e.group is None and has_failed(e.row),
            columns=Cells(e.row, e.group, named),
            group=e.group,
            decimals=decimals.get(i),
        )
        for i, e in enumerate(placed)
    ]


def _decimals(values: Sequence[int | float], configured: str) -> dict[int, int]:
    """Decimals for neighbours that differ but would print alike; equal values get the same."""
    spec = configured or spec_for(values)
    needed: dict[int | float, int] = {}
    for upper, lower in pairwise(values):
        decimals = decimals_apart(upper, lower, spec)
        if decimals is not None:
            for value in (upper, lower):
                needed[value] = max(decimals, needed.get(value, 0))
    return {place: needed[value] for place, value in enumerate(values) if value in needed}


def _unranked_rows(members: Sequence[Candidate], placed: Sequence[_Entry], columns: Sequence[Column]) -> list[BoardRow]:
    inside = {run_id(row) for e in placed if e.group for row in e.group.without}
    left = [c for c in members if c.missing is not None and run_id(c.row) not in inside]
    left.sort(key=lambda c: newest_first(c.row))
    named = {column.name: column for column in columns}
    return [
        BoardRow(
            run=c.row,
            value=c.metric.value if c.metric else None,
            metric=c.metric,
            missing=c.missing,
            missing_text=c.missing_text,
            failed=has_failed(c.row),
            columns=Cells(c.row, None, named),
        )
        for c in left
    ]


def _notes(board: Board, options: LeaderboardOptions) -> Iterable[str]:
    comparable = board.comparable
    if board.mixed > 1:
        yield f"ranked across {plural(board.mixed, 'validation set')} by request"
    if comparable.direction == "none":
        yield "no direction: not ranked"
    if options.comparable_by and not comparable.known:
        yield f"{set_name(options.comparable_by)} unknown"
    if comparable.rows:
        sizes = ", ".join(count(n) for n in comparable.rows)
        yield f"the same digest was logged with another number of rows ({sizes}); not ranked with the others"
    if options.about(options.metric).summary in ("best", "min", "max") and not options.metric.startswith("train/"):
        yield "the step that counts was chosen on the data it is scored on"
    if board.by_rows + 1 == board.ranked > 1:
        yield "told from the first row by row, as all were scored on the same rows"
    elif board.by_rows:
        others = "the others by the intervals of both"
        yield f"{ROWS_MARK} told from the first row by row, as both were scored on the same rows; {others}"
    if board.luck is not None:
        spec = options.about(options.metric).format or spec_for(row.value for row in board.rows[: board.ranked])
        yield luck_words(board.luck, spec)


def _with_changes(boards: Sequence[Board], data: str) -> list[Board]:
    """Say on a board that the data it goes by was another one before."""
    said = []
    for place, board in enumerate(boards):
        older = next((b for b in boards[place + 1 :] if _same_name(b.comparable, board.comparable)), None)
        note = _change_note(board, older, data) if older is not None else None
        said.append(replace(board, notes=(*board.notes, note)) if note else board)
    return said


def _same_name(a: Comparable, b: Comparable) -> bool:
    return bool(a.names) and a.names == b.names and a.by != b.by and a.known and b.known


def _change_note(board: Board, older: Board, data: str) -> str | None:
    first = min((row.run for row in board.rows), key=order, default=None)
    if first is None:
        return None
    before, now = older.rows_scored, board.rows_scored
    rows = f" ({count(before)} → {count(now)} rows)" if before and now and before != now else ""
    return f"{data} changed at #{first.number}{rows}"
