"""What a sample Jenkins knows: a controller with jobs and builds, as frozen values that a test can write by hand.

JSON that Jenkins would export (actions, change sets, fingerprints, stages) is given in Jenkins' own shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = Any
Content = bytes | Callable[[], bytes] | None
"""The bytes of an artifact, a function that reads them when they are asked for, or None: listed, and no longer there."""

FREESTYLE = "hudson.model.FreeStyleProject"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
ORGANIZATION = "jenkins.branch.OrganizationFolder"
MATRIX = "hudson.matrix.MatrixProject"
MATRIX_CONFIGURATION = "hudson.matrix.MatrixConfiguration"

CONTAINERS = frozenset({FOLDER, MULTIBRANCH, ORGANIZATION})
BUILD_CLASSES = {
    FREESTYLE: "hudson.model.FreeStyleBuild",
    PIPELINE: "org.jenkinsci.plugins.workflow.job.WorkflowRun",
    MATRIX: "hudson.matrix.MatrixBuild",
    MATRIX_CONFIGURATION: "hudson.matrix.MatrixRun",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBuild:
    """One execution of a job. Times are milliseconds; `artifacts` maps relative paths to contents.

    `change_sets` is a list for pipelines, and its only element is the change set of other kinds of jobs. `stages` None means
    that the job is no pipeline or the stages' plugin is absent. `half_loaded` builds fail when anything but number and
    address is read of them, as builds with a broken ``build.xml`` do.
    """

    number: int
    timestamp: int
    duration: int = 0
    result: str | None = "SUCCESS"
    building: bool = False
    display_name: str = ""
    description: str | None = None
    built_on: str = ""
    keep_log: bool = False
    queue_id: int = -1
    actions: tuple[Json, ...] = ()
    change_sets: tuple[Json, ...] = ()
    fingerprint: tuple[Json, ...] = ()
    stages: tuple[Json, ...] | None = None
    pending_inputs: tuple[Json, ...] = ()
    test_report: Json = None
    console: str | None = None
    artifacts: Mapping[str, Content] = field(default_factory=dict)
    half_loaded: bool = False

    def content(self, path: str) -> bytes:
        """Return the bytes of the artifact at `path`; KeyError where there is none."""
        held = self.artifacts[path]
        if held is None:
            raise KeyError(path)
        return held if isinstance(held, bytes) else held()


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleJob:
    """A job or a folder by its full name; `class_name` decides what it is. Builds in any order.

    `first_build` is the number of the oldest build Jenkins admits to; by default that of the oldest build.
    """

    name: str
    class_name: str = PIPELINE
    description: str | None = None
    display_name: str = ""
    buildable: bool = True
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    builds: tuple[SampleBuild, ...] = ()

    @property
    def base_name(self) -> str:
        """The last part of the full name."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def parent(self) -> str:
        """Full name of the folder it is in; empty at the top."""
        return self.name.rsplit("/", 1)[0] if "/" in self.name else ""

    def build(self, number: int) -> SampleBuild | None:
        """Return the build of that number, or None."""
        return next((build for build in self.builds if build.number == number), None)

    def with_builds(self, *builds: SampleBuild) -> SampleJob:
        """Return the job with these builds added, replacing those of the same number."""
        numbers = {build.number for build in builds}
        return replace(self, builds=(*(b for b in self.builds if b.number not in numbers), *builds))

    def without_builds(self, numbers: Iterable[int]) -> SampleJob:
        """Return the job after Jenkins discarded the builds with these numbers."""
        gone = set(numbers)
        return replace(self, builds=tuple(build for build in self.builds if build.number not in gone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A whole Jenkins: its jobs, who may read, and what its address is configured to be.

    `users` maps user ids to API tokens; with `anonymous_read` nobody needs one, yet a wrong one is still refused. `hidden`
    jobs are answered with 404, `discoverable` ones with 403, as without permission to read them. `root_url` is the address
    in "Jenkins Location", which ``url`` fields are made from; empty for the address of the request.
    """

    jobs: tuple[SampleJob, ...] = ()
    version: str = "2.541.3"
    session: str = "5f2d3c1a"
    root_url: str = ""
    users: Mapping[str, str] = field(default_factory=dict)
    anonymous_read: bool = True
    hidden: frozenset[str] = frozenset()
    discoverable: frozenset[str] = frozenset()
    artifacts_need_permission: bool = False
    has_stage_view: bool = True
    has_in_progress: bool = True

    def job(self, name: str) -> SampleJob | None:
        """Return the job or folder of that full name, or None; folders that jobs imply are there."""
        return next((job for job in self.items() if job.name == name), None)

    def items(self) -> tuple[SampleJob, ...]:
        """Return every job and folder by name, with the folders that full names imply."""
        known = {job.name: job for job in self.jobs}
        for job in self.jobs:
            parts = job.name.split("/")
            for depth in range(1, len(parts)):
                name = "/".join(parts[:depth])
                known.setdefault(name, SampleJob(name=name, class_name=FOLDER))
        return tuple(known[name] for name in sorted(known))

    def with_job(self, job: SampleJob) -> Controller:
        """Return the controller with this job added, replacing one of the same name."""
        return replace(self, jobs=(*(old for old in self.jobs if old.name != job.name), job))

    def without_job(self, name: str) -> Controller:
        """Return the controller after the job was deleted."""
        return replace(self, jobs=tuple(job for job in self.jobs if job.name != name))
