"""What a harvest did, for people and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reportgen.errors import HarvestError
from reportgen.report import Reporter

MOST_NOTES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth telling about a job or a build: what it is about and why."""

    what: str
    why: str

    def __str__(self) -> str:
        is_named = re.search(rf"(?:^|job |at ){re.escape(self.what)}(?![\w/-])", self.why)
        return self.why if is_named else f"{self.what}: {self.why}"


class Notes:
    """Collects what was missed and what was left out, and tells `reporter` of each at once.

    With `hold` the first thing missed is told by `release` only: whoever raises it instead has told of it that way.
    """

    def __init__(self, reporter: Reporter, *, hold: bool = False) -> None:
        self.missed: list[Note] = []
        self.skipped: list[Note] = []
        self.first_problem: HarvestError | None = None
        self._reporter = reporter
        self._hold = hold
        self._held: tuple[Note, HarvestError] | None = None

    def miss(self, what: str, problem: HarvestError, *, why: str = "") -> None:
        """Note something that could not be had; the same twice is told once."""
        note = Note(what=what, why=why or problem.message)
        if note in self.missed:
            return
        self.first_problem = self.first_problem or problem
        if len(self.missed) < MOST_NOTES:
            self.missed.append(note)
        if self._hold:
            self._hold, self._held = False, (note, problem)
        else:
            self._warn(note, problem)

    def release(self) -> None:
        """Tell what was held back, and hold nothing back from now on."""
        held, self._hold, self._held = self._held, False, None
        if held is not None:
            self._warn(*held)

    def remind(self, what: str, problem: HarvestError) -> None:
        """Note something that was told before and that people can still mend: a warning, but nothing missed."""
        note = Note(what=what, why=problem.message)
        if len(self.skipped) < MOST_NOTES:
            self.skipped.append(note)
        self._warn(note, problem)

    def _warn(self, note: Note, problem: HarvestError) -> None:
        text = str(note)
        self._reporter.warn(f"{text} (hint: {problem.hint})" if problem.hint and problem.hint not in text else text)

    def skip(self, what: str, why: str) -> None:
        """Note something that was left out."""
        if len(self.skipped) < MOST_NOTES:
            self.skipped.append(Note(what=what, why=why))
        self._reporter.detail(f"{what}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestSummary:
    """Counts of a harvest. `new`, `updated` and `unchanged` count builds that were read, `gone` builds newly marked as gone.

    `incomplete` says that this harvest met something new that it could not fetch, or could not reach Jenkins: a command ends
    with 3. `missed` says what that was; `skipped` what was left out by configuration, for want of time, or long ago.
    """

    jobs: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    running: int = 0
    requests: int = 0
    received_bytes: int = 0
    seconds: float = 0.0
    missed: tuple[Note, ...] = ()
    skipped: tuple[Note, ...] = ()

    @property
    def incomplete(self) -> bool:
        """Tell whether the command ends with 3."""
        return bool(self.missed)

    @property
    def changed(self) -> bool:
        """Tell whether anything in the store is other than before."""
        return bool(self.new or self.updated or self.gone)

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "schema": 1,
            "jobs": self.jobs,
            "builds": {
                "new": self.new,
                "updated": self.updated,
                "unchanged": self.unchanged,
                "gone": self.gone,
                "running": self.running,
            },
            "requests": self.requests,
            "bytes": self.received_bytes,
            "seconds": round(self.seconds, 3),
            "incomplete": self.incomplete,
            "missed": _as_json(self.missed),
            "skipped": _as_json(self.skipped),
        }

    def trouble(self) -> str:
        """Return the first thing that was missed and how many more there are; empty for a complete harvest."""
        if not self.missed:
            return ""
        return str(self.missed[0]) + (f", and {len(self.missed) - 1} more" if len(self.missed) > 1 else "")

    def sentence(self) -> str:
        """Return the counts as one line."""
        builds = f"{self.new} new, {self.updated} updated"
        if self.gone:
            builds += f", {self.gone} gone from Jenkins"
        if self.running:
            builds += f", {self.running} running"
        kilobytes = self.received_bytes / 1e3
        size = f"{kilobytes / 1e3:.1f} MB" if kilobytes >= 100 else f"{kilobytes:.1f} kB"
        jobs = f"{self.jobs} job" + ("" if self.jobs == 1 else "s")
        return f"{jobs}: {builds} ({self.requests} requests, {size}, {self.seconds:.1f} s)"


def _as_json(notes: Iterable[Note]) -> list[dict[str, str]]:
    return [{"what": note.what, "why": note.why} for note in notes]
