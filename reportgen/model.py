"""The values that travel between the harvester, the store, the analysis and the site.

One meaning each: a *build* is one execution of a Jenkins job and holds 0..n *runs*; a run is one logged set of params, metrics
and attachments. Every value is frozen; times are aware datetimes in UTC, durations are seconds, sizes are bytes, digests are
lower-case SHA-256 in hex. Saving a `Build` and loading it again gives an equal value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

Scalar = str | int | float | bool | None

Direction = Literal["higher", "lower", "none"]
RunStatus = Literal["complete", "failed", "aborted", "interrupted", "implicit"]


class RunKey(NamedTuple):
    """What people write as ``JOB#N`` or ``JOB#N/RUN``; `name` is empty where a build has one run."""

    job: str
    number: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.job}#{self.number}" + (f"/{self.name}" if self.name else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A measured output of a run.

    `value` is the summary of the series (or the only value): an int or a float, which may be nan or infinite. It is None where
    the metric was logged without a number; `reason` then says why ("class 2 was never predicted") or `text` holds what stood
    there. `definition` is a digest of the fields that change what the number means (average, positive class, threshold …).
    """

    name: str
    value: int | float | None
    step: int | None = None
    direction: Direction | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    std: float | None = None
    method: str | None = None
    definition: str = ""
    dataset: str | None = None
    reason: str | None = None
    text: str | None = None
    points: int = 0
    no_skill: float | None = None
    """What guessing would score on the same rows, where the metric has such a value."""
    note: str | None = None
    """A few words of the step to stand beside the value ("3 rows at 0 or 1 were clipped")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a series, at a step."""

    step: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Named data, identified by its digest; `role` is free, with training, validation and test known."""

    name: str
    role: str | None
    sha256: str | None
    rows: int | None = None
    columns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained artifact, made by the run (`role` "made", with the digests of its `inputs`) or used by it ("input")."""

    name: str
    role: Literal["made", "input"]
    sha256: str
    size_bytes: int | None = None
    framework: str | None = None
    inputs: tuple[str, ...] = ()
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    """What a reader could tell without executing anything: type, version, class names, a note of danger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file an event of a run refers to.

    `state` is "stored" (the bytes are a blob), "linked" (left on Jenkins), "gone" (listed, no longer there), "refused" (see
    `reason`) or "over limit". `path` is the artifact's path in the build; `label` is the name to show.
    """

    kind: Literal["table", "chart", "figure", "artifact", "model", "evaluation-rows", "report"]
    name: str
    label: str
    format: str
    path: str = ""
    sha256: str | None = None
    size_bytes: int | None = None
    state: Literal["stored", "linked", "gone", "refused", "over limit"] = "stored"
    reason: str | None = None
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided: `value` is approved, rejected or revoked; `by` is a Jenkins user id."""

    name: str
    value: str
    by: str | None = None
    reason: str | None = None
    model: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The exception that ended a run."""

    type: str
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One logged set of params, metrics and attachments; one record becomes one run.

    `record` is the 8 hex digits of the record's directory, empty for an implicit run (a build without a record). `params`
    hold the Jenkins build parameters too, named ``jenkins.NAME``. `series` maps a metric's name to its points.
    """

    name: str
    stage: str
    status: RunStatus
    record: str = ""
    started_at: datetime | None = None
    duration_s: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    series: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    tags: Mapping[str, Scalar] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    models: tuple[Model, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    error: Failure | None = None
    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    journal: str | None = None
    """Digest of the blob that holds the record's ``events.jsonl``."""
    unread_lines: int = 0
    unknown_events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a build started: `kind` is user, timer, scm, upstream, branch, replay, remote or other."""

    kind: str
    text: str = ""
    user: str | None = None
    job: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit that is new in a build; people are not named."""

    commit: str
    message: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of a pipeline build, in Jenkins' words for stages."""

    name: str
    status: str
    started_at: datetime | None = None
    duration_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """A failed test."""

    __test__ = False

    name: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """Test counts of a build and its failed cases."""

    __test__ = False

    total: int
    failed: int
    skipped: int
    failures: tuple[TestCase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file archived by a build: where it is, and its digest and size where they are known."""

    path: str
    state: Literal["stored", "linked", "gone", "refused", "over limit", "unread"]
    sha256: str | None = None
    size_bytes: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Jenkins' MD5 fingerprint of a file, with the build that made it: an edge of the lineage."""

    file: str
    md5: str
    job: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Input that could not be read and was set aside; the rest of the build is kept.

    `partial` says that the input was read all the same, but for what the reason tells of. `over_limit` says that the
    configuration leaves it out; only who has just read the input knows that, and it is not stored.
    """

    path: str
    reason: str
    partial: bool = field(default=False, compare=False)
    over_limit: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One finished execution of a job, with everything that was read from it."""

    job: str
    number: int
    started_at: datetime
    duration_s: float
    result: str
    display_name: str = ""
    description: str = ""
    node: str | None = None
    keep: bool = False
    commit: str | None = None
    branch: str | None = None
    remote: str | None = None
    causes: tuple[Cause, ...] = ()
    changes: tuple[Change, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Build parameters as Jenkins has them, without the secret kinds."""
    stages: tuple[Stage, ...] = ()
    tests: Tests | None = None
    approvers: tuple[str, ...] = ()
    aborted_by: str | None = None
    console_tail: str | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    runs: tuple[Run, ...] = ()
    problems: tuple[Problem, ...] = ()
    last_read: datetime | None = None
    """When the harvest last changed what is stored of this build."""
    gone_since: datetime | None = None
    """When Jenkins was last seen to have it, once it no longer has."""

    @property
    def finished_at(self) -> datetime:
        """Start plus duration."""
        return self.started_at + timedelta(seconds=self.duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBuild:
    """A build that is not final yet: listed, no run and no page."""

    job: str
    number: int
    started_at: datetime
    waiting_for: str | None = None
    """The message of a pending input step, where one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A configured piece of work, by its full name."""

    name: str
    kind: str = ""
    display_name: str = ""
    description: str = ""
    buildable: bool = True
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    stage: str = ""
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run with the facts of its build that rankings, comparisons, lineage and exports need.

    `metrics` may be restricted to the names a caller asked for. `name` is the run's name; `several` says that its build has
    more than one run (its address then needs the name). `upstream` are the builds that caused this one.
    """

    job: str
    number: int
    name: str
    record: str
    stage: str
    result: str
    status: RunStatus
    started_at: datetime
    duration_s: float
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    tags: Mapping[str, Scalar] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    models: tuple[Model, ...] = ()
    decisions: tuple[Decision, ...] = ()
    commit: str | None = None
    branch: str | None = None
    upstream: tuple[tuple[str, int], ...] = ()
    causes: tuple[Cause, ...] = ()
    approvers: tuple[str, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    expired: bool = False
    """The record was listed by Jenkins and was gone before it could be read."""
    over_limit: tuple[str, ...] = ()
    """Names of files that were left out for their size."""
    gone_since: datetime | None = None
    several: bool = False
    metrics_total: int = 0
    """How many metrics the run has, whatever `metrics` was restricted to."""
    build_id: int = 0
    """Row of the build in the store, an internal number."""

    @property
    def key(self) -> RunKey:
        """How people write this run."""
        return RunKey(self.job, self.number, self.name if self.several else "")
