"""The exported objects of the sample Jenkins: the controller itself, jobs and builds, read property by property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from reportgen.demo.model import (
    BUILD_CLASSES,
    CONTAINERS,
    MATRIX,
    MATRIX_CONFIGURATION,
    PIPELINE,
    Controller,
    SampleBuild,
    SampleJob,
)
from reportgen.demo.tree import Unreadable

NEWEST_BUILDS = 100
"""How many builds ``builds`` holds at most."""
MOST_DISPLAY_PATHS = 20

_SEGMENT_SAFE = "!@$&*()-_=+',."
_COLORS = {"SUCCESS": "blue", "UNSTABLE": "yellow", "FAILURE": "red", "ABORTED": "aborted", "NOT_BUILT": "notbuilt"}


def segment(name: str) -> str:
    """Return `name` as Jenkins writes it in an address."""
    return quote(name, safe=_SEGMENT_SAFE)


class Index:
    """A controller, looked up by name and number; made once per controller value."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.items = {job.name: job for job in controller.items()}
        self.children: dict[str, list[SampleJob]] = {}
        for job in self.items.values():
            self.children.setdefault(job.parent, []).append(job)
        self._builds: dict[str, dict[int, SampleBuild]] = {}

    def builds(self, job: SampleJob) -> dict[int, SampleBuild]:
        """Return the builds of `job`, newest first, by number."""
        held = self._builds.get(job.name)
        if held is None:
            ordered = sorted(job.builds, key=lambda build: build.number, reverse=True)
            held = self._builds[job.name] = {build.number: build for build in ordered}
        return held

    def readable(self, job: SampleJob) -> bool:
        """Tell whether lists show the job: it and all its folders can be read."""
        closed = self.controller.hidden | self.controller.discoverable
        return not any(job.name == name or job.name.startswith(name + "/") for name in closed)

    def listed(self, parent: str) -> list[SampleJob]:
        """Return the jobs and folders directly in `parent` that can be read."""
        return [job for job in self.children.get(parent, []) if self.readable(job)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer's links point: the root address, and the item part as the request wrote it.

    Jenkins repeats the way a request came (through a view, say) in the addresses of the item asked for and of all below it.
    """

    root: str
    asked_name: str = ""
    asked_path: str = ""

    def job(self, name: str) -> str:
        """Return the address of the job or folder with that full name."""
        if self.asked_name and (name == self.asked_name or name.startswith(self.asked_name + "/")):
            rest = name[len(self.asked_name) :].strip("/")
            return self.root + self.asked_path + job_path(rest)
        return self.root + job_path(name)


def job_path(name: str) -> str:
    """Return ``job/a/job/b/`` for ``a/b``; a configuration of a matrix job has no ``job/`` before it."""
    parts = [part for part in name.split("/") if part]
    return "".join((segment(part) if "=" in part else "job/" + segment(part)) + "/" for part in parts)


class RootBean:
    """The controller."""

    class_name = "hudson.model.Hudson"
    shows_class = True
    visibility: ClassVar[Mapping[str, int]] = {
        "jobs": 1, "mode": 1, "nodeDescription": 1, "nodeName": 1, "numExecutors": 1, "primaryView": 1, "quietingDown": 1,
        "url": 1, "useCrumbs": 1, "useSecurity": 1, "views": 1,
    }  # fmt: skip

    def __init__(self, index: Index, place: Place) -> None:
        self.index = index
        self.place = place

    def read(self, name: str) -> Any:
        """Return one property."""
        all_view = {"_class": "hudson.model.AllView", "name": "all", "url": self.place.root}
        match name:
            case "jobs":
                return [JobBean(self.index, job, self.place) for job in self.index.listed("")]
            case "views":
                return [all_view]
            case "primaryView":
                return all_view
            case "url":
                return self.index.controller.root_url or self.place.root
            case "numExecutors":
                return 2
            case "useCrumbs" | "useSecurity":
                return bool(self.index.controller.users)
            case "quietingDown":
                return False
            case "mode":
                return "NORMAL"
            case _:
                return ""


_ITEM = {"description": 1, "displayName": 1, "fullDisplayName": 1, "fullName": 1, "name": 2, "url": 2}
_PERMALINKS: Mapping[str, Callable[[SampleBuild], bool]] = {
    "firstBuild": lambda _build: True,
    "lastBuild": lambda _build: True,
    "lastCompletedBuild": lambda build: not build.building,
    "lastFailedBuild": lambda build: not build.building and build.result == "FAILURE",
    "lastStableBuild": lambda build: not build.building and build.result == "SUCCESS",
    "lastSuccessfulBuild": lambda build: not build.building and build.result in ("SUCCESS", "UNSTABLE"),
    "lastUnstableBuild": lambda build: not build.building and build.result == "UNSTABLE",
    "lastUnsuccessfulBuild": lambda build: not build.building and build.result != "SUCCESS",
}
PERMALINKS = frozenset(_PERMALINKS)


def find_permalink(index: Index, job: SampleJob, name: str) -> SampleBuild | None:
    """Return the build that `name`, such as lastStableBuild, stands for at the moment."""
    builds = list(index.builds(job).values())
    if name == "firstBuild":
        builds.reverse()
    return next((build for build in builds if _PERMALINKS[name](build)), None)


class JobBean:
    """A job or a folder."""

    shows_class = True

    def __init__(self, index: Index, job: SampleJob, place: Place) -> None:
        self.index = index
        self.job = job
        self.place = place
        self.class_name = job.class_name
        self.visibility = _job_properties(job)

    def read(self, name: str) -> Any:
        """Return one property."""
        if name in PERMALINKS:
            found = find_permalink(self.index, self.job, name)
            return None if found is None else BuildBean(self.index, self.job, found, self.place)
        match name:
            case "name":
                return self.job.base_name
            case "fullName":
                return self.job.name
            case "displayName":
                return self.job.display_name or self.job.base_name
            case "fullDisplayName":
                return " » ".join(self._display_names())
            case "description":
                return self.job.description
            case "url":
                return self.place.job(self.job.name)
            case "jobs" | "activeConfigurations":
                return [JobBean(self.index, job, self.place) for job in self.index.listed(self.job.name)]
            case "upstreamProjects":
                return self._neighbours(self.job.upstream)
            case "downstreamProjects":
                return self._neighbours(self.job.downstream)
            case "builds" | "allBuilds":
                builds = list(self.index.builds(self.job).values())
                kept = builds if name == "allBuilds" else builds[:NEWEST_BUILDS]
                return [BuildBean(self.index, self.job, build, self.place) for build in kept]
            case _:
                return self._state(name)

    def _state(self, name: str) -> Any:
        builds = self.index.builds(self.job)
        match name:
            case "buildable":
                return self.job.buildable
            case "color":
                return _color(self.job, list(builds.values()))
            case "nextBuildNumber":
                return max(builds, default=0) + 1
            case "inQueue" | "concurrentBuild" | "keepDependencies" | "resumeBlocked":
                return False
            case "healthReport" | "property" | "actions" | "views":
                return []
            case _:
                return None

    def _display_names(self) -> Iterator[str]:
        parts = self.job.name.split("/")
        for depth in range(1, len(parts) + 1):
            item = self.index.items["/".join(parts[:depth])]
            yield item.display_name or item.base_name

    def _neighbours(self, names: tuple[str, ...]) -> list[JobBean]:
        jobs = [self.index.items[name] for name in names if name in self.index.items]
        return [JobBean(self.index, job, self.place) for job in jobs if self.index.readable(job)]


def _job_properties(job: SampleJob) -> Mapping[str, int]:
    if job.class_name in CONTAINERS:
        return _FOLDER_PROPERTIES if job.class_name.endswith(".Folder") else _COMPUTED_FOLDER_PROPERTIES
    if job.class_name == PIPELINE:
        return _PIPELINE_PROPERTIES
    return _MATRIX_PROPERTIES if job.class_name == MATRIX else _PROJECT_PROPERTIES


_FOLDER_PROPERTIES = {"actions": 1, **_ITEM, "healthReport": 1, "jobs": 1, "primaryView": 1, "views": 1}
_COMPUTED_FOLDER_PROPERTIES = {**_FOLDER_PROPERTIES, "buildable": 1}
_JOB_PROPERTIES = {
    "actions": 1, **_ITEM, "allBuilds": -2, "buildable": 1, "builds": 1, "color": 2, "concurrentBuild": 1,
    **dict.fromkeys(_PERMALINKS, 1), "healthReport": 1, "inQueue": 1, "keepDependencies": 1, "nextBuildNumber": 1,
    "property": 1, "queueItem": 1,
}  # fmt: skip
_PIPELINE_PROPERTIES = {**_JOB_PROPERTIES, "resumeBlocked": 1}
_PROJECT_PROPERTIES = {**_JOB_PROPERTIES, "downstreamProjects": 1, "scm": 1, "upstreamProjects": 1}
_MATRIX_PROPERTIES = {**_PROJECT_PROPERTIES, "activeConfigurations": 1}


def _color(job: SampleJob, builds: list[SampleBuild]) -> str:
    if not job.buildable:
        return "disabled"
    last = next((build for build in builds if not build.building), None)
    color = _COLORS.get(last.result or "", "notbuilt") if last else "notbuilt"
    return color + ("_anime" if builds and builds[0].building else "")


_BUILD_PROPERTIES = {
    "actions": 1, "artifacts": 1, "building": 1, "description": 1, "displayName": 1, "duration": 1, "estimatedDuration": 1,
    "executor": 1, "fingerprint": -1, "fullDisplayName": 1, "id": 1, "inProgress": 1, "keepLog": 1, "number": 2, "queueId": 1,
    "result": 1, "timestamp": 1, "url": 2,
}  # fmt: skip
_PIPELINE_BUILD_PROPERTIES = {**_BUILD_PROPERTIES, "changeSets": 1, "culprits": 1, "nextBuild": 1, "previousBuild": 1}
_PROJECT_BUILD_PROPERTIES = {**_BUILD_PROPERTIES, "builtOn": 1, "changeSet": 1, "culprits": 1}
_MATRIX_BUILD_PROPERTIES = {**_PROJECT_BUILD_PROPERTIES, "runs": 1}
_BUILD_FIELDS = {
    "actions": "actions", "building": "building", "builtOn": "built_on", "changeSets": "change_sets",
    "description": "description", "fingerprint": "fingerprint", "inProgress": "building", "keepLog": "keep_log",
    "queueId": "queue_id", "result": "result", "timestamp": "timestamp",
}  # fmt: skip
_EMPTY_CHANGE_SET: Mapping[str, Any] = {"_class": "hudson.scm.EmptyChangeLogSet", "items": [], "kind": None}


class BuildBean:
    """A build of a job."""

    shows_class = True

    def __init__(self, index: Index, job: SampleJob, build: SampleBuild, place: Place) -> None:
        self.index = index
        self.job = job
        self.build = build
        self.place = place
        self.class_name = BUILD_CLASSES.get(job.class_name, "hudson.model.FreeStyleBuild")
        self.visibility = _build_properties(index.controller, job)

    def read(self, name: str) -> Any:
        """Return one property; raises Unreadable for a half loaded build."""
        build = self.build
        if name == "number":
            return build.number
        if name == "url":
            return f"{self.place.job(self.job.name)}{build.number}/"
        if build.half_loaded:
            raise Unreadable(f"{self.job.name} #{build.number}")
        field = _BUILD_FIELDS.get(name)
        return self._derived(name) if field is None else getattr(build, field)

    def _derived(self, name: str) -> Any:
        build = self.build
        match name:
            case "artifacts":
                return list(_artifacts(build))
            case "displayName":
                return build.display_name or f"#{build.number}"
            case "fullDisplayName":
                names = JobBean(self.index, self.job, self.place).read("fullDisplayName")
                return f"{names} {build.display_name or f'#{build.number}'}"
            case "id":
                return str(build.number)
            case "duration":
                return 0 if build.building else build.duration
            case "executor":
                return {} if build.building else None
            case "changeSet":
                return build.change_sets[0] if build.change_sets else _EMPTY_CHANGE_SET
            case "previousBuild" | "nextBuild":
                return self._neighbour(name)
            case "runs":
                return self._runs()
            case "estimatedDuration":
                return -1
            case _:
                return []

    def _neighbour(self, name: str) -> BuildBean | None:
        numbers = list(self.index.builds(self.job))
        place = numbers.index(self.build.number) + (1 if name == "previousBuild" else -1)
        if not 0 <= place < len(numbers):
            return None
        neighbour = self.index.builds(self.job)[numbers[place]]
        return BuildBean(self.index, self.job, neighbour, self.place)

    def _runs(self) -> list[BuildBean]:
        """Return the newest build of each configuration up to this number, older ones carried over included."""
        found = []
        for job in self.index.children.get(self.job.name, []):
            builds = self.index.builds(job)
            number = next((number for number in builds if number <= self.build.number), None)
            if job.class_name == MATRIX_CONFIGURATION and number is not None:
                found.append(BuildBean(self.index, job, builds[number], self.place))
        return found


def _build_properties(controller: Controller, job: SampleJob) -> Mapping[str, int]:
    if job.class_name == PIPELINE:
        properties = _PIPELINE_BUILD_PROPERTIES
    else:
        properties = _MATRIX_BUILD_PROPERTIES if job.class_name == MATRIX else _PROJECT_BUILD_PROPERTIES
    if controller.has_in_progress:
        return properties
    return {name: visibility for name, visibility in properties.items() if name != "inProgress"}


def _artifacts(build: SampleBuild) -> Iterator[dict[str, str | None]]:
    few = len(build.artifacts) <= MOST_DISPLAY_PATHS
    for path in build.artifacts:
        name = path.rsplit("/", 1)[-1]
        yield {"displayPath": name if few else None, "fileName": name, "relativePath": path}
