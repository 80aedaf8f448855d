"""Where each run of a leaderboard stood when it came: its rank so far, the champion then, the baseline.

Everything is known from the runs and decisions before it, so that a new run never changes what was said of an older one.
Set-up is O(n log n), each question O(log n).
"""

from __future__ import annotations

import bisect
from typing import NamedTuple

from reportgen.analysis.champion import Titles
from reportgen.analysis.comparable import Candidate, Scores, order
from reportgen.analysis.luck import luck_bound, model_identity
from reportgen.analysis.separable import scored
from reportgen.analysis.values import Key, RunId, run_id
from reportgen.model import Direction, RunRow


class Place(NamedTuple):
    """The rank a run took among the comparable ones that were there, itself included; None without a direction or a value.

    `tied` where an earlier run has the same value. `lucky` where the run leads and half of its lead or more may be luck.
    """

    rank: int | None = None
    comparable: int = 0
    tied: bool = False
    lucky: bool = False


NOWHERE = Place()


class _Line:
    """The runs of one key so far: their values with the best first, and how many models were tried."""

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.models: set[object] = set()
        self.values: list[float] = []
        self.total = 0.0

    def take(self, candidate: Candidate) -> Place:
        self.models.add(model_identity(candidate.row))
        own = scored(candidate.metric) if candidate.missing is None and candidate.metric is not None else None
        if own is None:
            return NOWHERE
        value = -own.value if self.direction == "higher" else own.value
        place = bisect.bisect_left(self.values, value)
        tied = self.values[place : place + 1] == [value]
        lead = self.values[0] - value if self.values and place == 0 else 0.0
        self.values.insert(place, value)
        self.total += own.value
        if self.direction == "none":
            return Place(None, len(self.values))
        luck = luck_bound(own.value, self.total / len(self.values), own.low, own.high, len(self.models)) if lead else None
        return Place(place + 1, len(self.values), tied, luck is not None and luck >= lead / 2)


class Standings:
    """One leaderboard as it grew: who was comparable with whom, and which place a run took when it came."""

    def __init__(self, scores: Scores, titles: Titles) -> None:
        self.options = scores.options
        self.titles = titles
        self._key_of: dict[RunId, Key] = {}
        self._places: dict[RunId, Place] = {}
        self._baseline: dict[Key, RunRow] = {}
        self._any_baseline: RunRow | None = None
        lines: dict[Key, _Line] = {}
        wanted = scores.options.baseline
        for candidate in scores.candidates:
            row, key = candidate.row, candidate.key
            known = run_id(row)
            self._key_of[known] = key
            if wanted is not None and (row.job, row.number) == wanted[:2] and wanted.name in ("", row.name):
                self._baseline[key] = self._any_baseline = row
            if key not in lines:
                lines[key] = _Line(scores.directions[key])
            self._places[known] = lines[key].take(candidate)
        base = self._any_baseline
        ways = sorted((repr(key), direction) for key, direction in scores.directions.items())
        self.lasting = repr((self.options, ways, base and run_id(base)))
        """What the places of all runs depend on besides what came before each, as text."""

    def place(self, row: RunRow) -> Place:
        """Return which place a run took when it came."""
        return self._places.get(run_id(row), NOWHERE)

    def champion(self, row: RunRow) -> tuple[RunRow | None, str, bool]:
        """Return who held the title when the run started, by which rule, and whether the two are comparable."""
        key = self._key_of.get(run_id(row))
        if key is None:
            return None, "", False
        holder = self.titles.holder(key, before=row)
        found = (holder.run or holder.known) if holder is not None else None
        if holder is None or found is None or run_id(found) == run_id(row):
            return None, "", False
        return found, holder.rule, holder.run is not None

    def baseline(self, row: RunRow) -> tuple[RunRow | None, bool]:
        """Return the fixed reference, if it was there before, and whether it is comparable with the run."""
        found = self._any_baseline
        if found is None or order(found) >= order(row):
            return None, False
        key = self._key_of.get(run_id(row))
        return found, key is not None and self._baseline.get(key) is found
