"""Who approved, rejected, revoked or deployed which model, when and why: gathered from everything a build tells.

Sources, first that applies: decision events of a record; a successful deploy job (model digest); an approve job without events
(the approver of its input step, else the user who started it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from reportgen.analysis.missing import has_failed
from reportgen.analysis.references import BuildIndex
from reportgen.model import Decision, RunRow

RulingKind = Literal["approved", "rejected", "revoked", "deployed"]

_REASONS = ("reason", "comment", "why", "justification")
_VERDICTS: dict[str, RulingKind] = {"approved": "approved", "rejected": "rejected", "revoked": "revoked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionJobs:
    """Names of the jobs in which people approve and which deploy; with none named, jobs called so."""

    approve: frozenset[str] = frozenset()
    deploy: frozenset[str] = frozenset()

    def approves(self, row: RunRow) -> bool:
        """Whether `row` is a run of a job in which a person decides."""
        return row.job in self.approve if self.approve else _is_called(row.stage, row.job, "approve")

    def deploys(self, row: RunRow) -> bool:
        """Whether `row` is a run of a job that deploys."""
        return row.job in self.deploy if self.deploy else _is_called(row.stage, row.job, "deploy")


@lru_cache(maxsize=4096)
def _is_called(stage: str, job: str, word: str) -> bool:
    names = (stage, job.rpartition("/")[2])
    return any(word in re.split(r"[^a-z]+", name.lower()) for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision about one model. `target` is the run it was about, where one was named or found upstream."""

    at: datetime
    kind: RulingKind
    model: str | None
    target: RunRow | None
    by: str | None
    reason: str | None
    source: RunRow


def find_rulings(rows: Iterable[RunRow] | BuildIndex, jobs: DecisionJobs) -> tuple[Ruling, ...]:
    """Return every ruling in order of (time, job, number)."""
    index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
    found = [ruling for row in index.rows for ruling in _rulings(row, index, jobs)]
    return tuple(sorted(found, key=lambda r: (r.at, r.source.job, r.source.number)))


def _rulings(row: RunRow, index: BuildIndex, jobs: DecisionJobs) -> list[Ruling]:
    said = []
    if row.decisions:
        said = [_decided(d, _VERDICTS[v], row, index) for d in row.decisions if (v := d.value.lower()) in _VERDICTS]
    if jobs.deploys(row) and not has_failed(row) and row.status != "interrupted":
        said.append(_ruling("deployed", row, index, by=_person(row)))
    elif not row.decisions and jobs.approves(row):
        said += _implied(row, index)
    return said


def _implied(row: RunRow, index: BuildIndex) -> list[Ruling]:
    """What an approve job without decision events means: it went through, or its input step was turned down."""
    person = _person(row)
    if person is None:
        return []
    if not has_failed(row):
        return [_ruling("approved", row, index, by=person)]
    return [_ruling("rejected", row, index, by=person)] if row.result == "ABORTED" and row.approvers else []


def _person(row: RunRow) -> str | None:
    users = [cause.user for cause in row.causes if cause.user]
    return next(iter([*row.approvers, *users]), None)


def _decided(decision: Decision, kind: RulingKind, row: RunRow, index: BuildIndex) -> Ruling:
    ruling = _ruling(kind, row, index, by=decision.by or _person(row), model=decision.model)
    return Ruling(
        at=decision.at or ruling.at, kind=kind, model=ruling.model, target=ruling.target, by=ruling.by,
        reason=decision.reason or ruling.reason, source=row,
    )  # fmt: skip


def _ruling(kind: RulingKind, row: RunRow, index: BuildIndex, *, by: str | None, model: str | None = None) -> Ruling:
    """A deploy run tells itself what it deployed; a decision concerns the run a parameter names, else the nearest one."""
    named = _named(row, index)
    near = index.nearest(row, lambda r: bool(r.models)) if named is None else None
    told = (row, named, near) if kind == "deployed" else (named, row, near)
    return Ruling(
        at=row.started_at + timedelta(seconds=row.duration_s),
        kind=kind,
        model=model or _first_model(told),
        target=named or near,
        by=by,
        reason=_reason(row),
        source=row,
    )


def _named(row: RunRow, index: BuildIndex) -> RunRow | None:
    for _, (job, number) in index.named(row):
        found = index.find(job, number, row.started_at)
        if found:
            return next((r for r in found if r.models), found[0])
    return None


def _first_model(rows: Sequence[RunRow | None]) -> str | None:
    for row in rows:
        if row is not None and row.models:
            return min(row.models, key=lambda m: (m.role != "input", m.name)).sha256
    return None


def _reason(row: RunRow) -> str | None:
    for name in sorted(row.params):
        if name.removeprefix("jenkins.").lower() in _REASONS and row.params[name] not in (None, ""):
            return str(row.params[name])
    return None
