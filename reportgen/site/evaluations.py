"""Row-level results of runs, read from the store: what lets two models be judged on the same rows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from reportgen import estimate
from reportgen.analysis.directions import plain_name
from reportgen.analysis.paired import EvaluationRows, Paired, can_pair, pair_runs, paired, parse_rows
from reportgen.analysis.values import RunId, run_id
from reportgen.errors import StoreError
from reportgen.model import Build, Run, RunRow
from reportgen.store.view import StoreView

MOST_BYTES = 4_000_000
"""Larger tables are left to the intervals: every live page of a pair would read them again."""

BOARD_BYTES = 8_000_000
"""Tables that a board reads, all together: 50 runs on 5,000 rows."""


def paired_runs(view: StoreView, runs: Sequence[RunRow], *, most_bytes: int = MOST_BYTES) -> Paired:
    """Return what `compare` asks for the difference of two of `runs` on the same rows."""
    return pair_runs({run_id(run): _evaluations(view, run, most_bytes) for run in runs})


def find_run(build: Build, row: RunRow) -> Run | None:
    """Return the whole run that `row` tells of."""
    return next((run for run in build.runs if (run.name, run.record) == (row.name, row.record)), None)


def _evaluations(view: StoreView, run: RunRow, most_bytes: int) -> dict[str, EvaluationRows]:
    """The row-level results a run attached, by the name of their split."""
    found = {}
    for name, (digest, size) in view.row_results(run).items():
        rows = _read(view, digest) if size <= most_bytes else None
        if rows is not None:
            found[name.removeprefix("rows-")] = rows
    return found


def _read(view: StoreView, digest: str) -> EvaluationRows | None:
    try:
        return parse_rows(view.blob(digest).decode("utf-8", "replace"))
    except StoreError:  # `check` tells of it
        return None


class Found:
    """Differences found before, kept in the cache of a store: those asked for this time are there the next time."""

    def __init__(self, cache: Path, program: str) -> None:
        self._file = cache / "pairs.json"
        self._program = program
        self._before: dict[str, list[float] | None] | None = None
        self._now: dict[str, list[float] | None] = {}

    def get(self, key: str, make: Callable[[], estimate.Difference | None]) -> estimate.Difference | None:
        """Return what was found under `key`, else what `make` finds."""
        if self._before is None:
            self._before = self._load()
        if key in self._before:
            kept = self._before[key]
            found = None if kept is None else estimate.Difference(*kept)
        else:
            found = make()
        self._now[key] = None if found is None else [*found]  # type: ignore[list-item]
        return found

    def _load(self) -> dict[str, list[float] | None]:
        try:
            kept = json.loads(self._file.read_bytes())
            return dict(kept["pairs"]) if kept["program"] == self._program else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def save(self) -> None:
        """Keep what was asked for; a cache that cannot be written is no cache."""
        if self._now != (self._before or {}):
            with suppress(OSError):
                self._file.parent.mkdir(exist_ok=True)
                whole = self._file.with_name(f"pairs.{os.getpid()}.json")
                whole.write_text(json.dumps({"program": self._program, "pairs": self._now}), "utf-8")
                whole.replace(self._file)


class BoardRows:
    """What leaderboards ask for the difference of a run to their leader; a run's rows are read when it is asked for.

    A leader without row-level results costs one look at the store, whatever the number of runs. Which runs are judged by rows
    depends on the size of their tables alone, not on what was `found` before.
    """

    def __init__(self, view: StoreView, found: Found | None = None, *, most_bytes: int = BOARD_BYTES) -> None:
        self._view = view
        self._found = found
        self._most = most_bytes
        self._left = 0
        self._asked: tuple[RunId, str] | None = None
        self._leader = ""
        self._rows: EvaluationRows | None = None

    def __call__(self, metric: str, first: RunRow, second: RunRow) -> estimate.Difference | None:
        """Return second − first of `metric`; `first` is the leader of a board."""
        if not can_pair(metric):
            return None
        split = metric.rpartition("/")[0]
        if self._asked != (run_id(first), metric):
            self._asked, self._left, self._rows = (run_id(first), metric), self._most, None
            self._leader = self._table(first, split)
        other = self._table(second, split) if self._leader else ""
        values = [m.value for run in (first, second) if (m := run.metrics.get(metric)) is not None and m.value is not None]
        if not other or len(values) != 2:
            return None

        def make() -> estimate.Difference | None:
            self._rows = self._rows or _read(self._view, self._leader)
            rows = _read(self._view, other) if self._rows is not None else None
            return None if self._rows is None or rows is None else paired(metric, self._rows, rows, (values[0], values[1]))

        key = f"{plain_name(metric)} {self._leader} {other} {values[0]!r} {values[1]!r}"
        return make() if self._found is None else self._found.get(key, make)

    def _table(self, run: RunRow, split: str) -> str:
        """The digest of a run's table, if there is still room for it."""
        digest, size = self._view.row_results(run).get(f"rows-{split}", ("", 0))
        if size > self._left:
            return ""
        self._left -= size
        return digest
