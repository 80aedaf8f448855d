"""What a run page may know of other runs: only what was there before it, so that a new build leaves old pages alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from reportgen.analysis.standing import NOWHERE, Place
from reportgen.model import RunRow

HISTORY = 22
"""Builds in the small lines of a run page, itself included."""

SameData = Literal["same", "changed", "unknown"]


class Neighbour(NamedTuple):
    """A build of the same job that a run page leads to."""

    number: int
    started_at: datetime


class Upstream(NamedTuple):
    """A run that this one was made from: it made the data set or model that was used, or it triggered the build."""

    row: RunRow
    made: str
    """What it handed on: "training-2026-10", "model.pkl", or empty for a mere trigger."""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPast:
    """A run's past. `metric` is the one it is judged by (empty: none); the rows hold the metrics the run itself has.

    `previous` is the newest earlier run of the job, `validation` tells whether it was scored on the same data; `champion` held
    the title when the run started, by `champion_rule`. `place` is the one it took among the comparable runs that were there;
    `history` has per metric the values of the last builds, oldest first, this one last.
    """

    metric: str = ""
    previous: RunRow | None = None
    validation: SameData = "unknown"
    champion: RunRow | None = None
    champion_rule: str = ""
    champion_comparable: bool = False
    baseline: RunRow | None = None
    baseline_comparable: bool = False
    place: Place = NOWHERE
    history: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    before: Neighbour | None = None
    after: Neighbour | None = None
    last_good: RunRow | None = None
    first_of_kind: bool = False
    """Whether no earlier build of the job failed with the same kind of error."""
    upstream: tuple[Upstream, ...] = ()
    """From data to this run, oldest first."""
    causes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Paths of the pages of the builds that started this one, by job and number as Jenkins wrote them."""
