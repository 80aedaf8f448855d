"""A copy of a Jenkins home: ``jobs/*/builds/*/build.xml`` with what each build archived beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from reportgen.errors import HarvestError
from reportgen.harvest.facts import parse_facts
from reportgen.harvest.files import list_files
from reportgen.harvest.source import BuildFacts
from reportgen.redact import Redactor

LARGEST_XML = 64 << 20
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_CONTROLS = re.compile(rb"&#(?:x(?:0?[0-8bcefBCEF]|1[0-9a-fA-F])|[0-8]|1[1245678]|1[9]|2[0-9]|3[01]);")
_PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowRun"
_NUMBER = re.compile(r"[0-9]{1,18}")
_LONG_NAME = "name-utf8.txt"
_HOLDERS = ("jobs", "branches")


@dataclass(frozen=True, slots=True)
class HomeBuild:
    """A build in a Jenkins home."""

    job: str
    number: int
    home: Path

    @property
    def directory(self) -> Path:
        """Where its artifacts are."""
        return self.home / "archive"

    @property
    def log(self) -> Path | None:
        """Its console log."""
        return self.home / "log"

    def facts(self, redactor: Redactor) -> BuildFacts:
        """Return what ``build.xml`` tells, read as if the remote API had told it."""
        answer = read_build_xml(self.home / "build.xml", self.number)
        files = [] if self.directory.is_symlink() else list_files(self.directory)
        answer["artifacts"] = [{"relativePath": path} for path in files]
        return parse_facts(self.job, answer, lambda name, value: redactor.param(name, value).value)


def find_home(directory: Path) -> Path | None:
    """Return the Jenkins home that `directory` is, or is a part of (``jobs/``, a folder or a job); None for any other."""
    place = directory.resolve()
    if not (_holds_items(place / "jobs") or _holds_items(place) or _is_item(place)):
        return None
    while not _is_whole(place) and (place.name in _HOLDERS or place.parent.name in _HOLDERS):
        place = place.parent if place.name in _HOLDERS else place.parent.parent
    return place


def _is_whole(place: Path) -> bool:
    return (place / "jobs").is_dir() and any((place / name).is_dir() for name in ("secrets", "users", "plugins"))


def _holds_items(directory: Path) -> bool:
    return directory.name in _HOLDERS and directory.is_dir() and any(map(_is_item, directory.iterdir()))


def _is_item(place: Path) -> bool:
    """Tell whether this is the directory of a job or a folder."""
    if place.parent.name not in _HOLDERS or not place.is_dir():
        return False
    has_builds = next(_builds(place / "builds", ""), None) is not None
    return has_builds or (place / "config.xml").is_file() or any(_holds_items(place / name) for name in _HOLDERS)


def read_home(home: Path, directory: Path) -> dict[str, dict[int, HomeBuild]]:
    """Return the jobs of a Jenkins home that lie in `directory`, branches and configurations of matrix jobs among them."""
    place = directory.resolve()
    found = ((name, builds) for name, builds in _jobs(home / "jobs", "") if builds)
    return {name: builds for name, builds in found if next(iter(builds.values())).home.is_relative_to(place)}


def _jobs(directory: Path, parent: str) -> Iterator[tuple[str, dict[int, HomeBuild]]]:
    for place in sorted(directory.iterdir()) if directory.is_dir() else ():
        if not place.is_dir() or place.is_symlink():
            continue
        name = (f"{parent}/" if parent else "") + _item_name(place)
        yield name, dict(_builds(place / "builds", name))
        yield from _jobs(place / "jobs", name)
        yield from _jobs(place / "branches", name)
        yield from _parts(place / "configurations", name, ())


def _parts(directory: Path, parent: str, axes: tuple[str, ...]) -> Iterator[tuple[str, dict[int, HomeBuild]]]:
    """Yield the configurations of a matrix job: ``axis-NAME/VALUE`` directories, one within the other."""
    for axis in sorted(directory.glob("axis-*")) if directory.is_dir() else ():
        for value in sorted(axis.iterdir()):
            if not value.is_dir():
                continue
            chosen = (*axes, f"{axis.name.removeprefix('axis-')}={value.name}")
            name = f"{parent}/{','.join(chosen)}"
            yield name, dict(_builds(value / "builds", name))
            yield from _parts(value, parent, chosen)


def _item_name(place: Path) -> str:
    """Return an item's name: its directory's, or the one kept aside where the name was too odd for a directory."""
    try:
        name = (place / _LONG_NAME).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return place.name
    return place.name if "/" in name or "\0" in name else name or place.name


def _builds(directory: Path, job: str) -> Iterator[tuple[int, HomeBuild]]:
    for place in directory.iterdir() if directory.is_dir() else ():
        if _NUMBER.fullmatch(place.name) and not place.is_symlink() and (place / "build.xml").is_file():
            yield int(place.name), HomeBuild(job, int(place.name), place)


def read_build_xml(path: Path, number: int) -> dict[str, Any]:
    """Return a ``build.xml`` in the shape the remote API gives a build; HarvestError where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_XML:
            raise HarvestError(f"{path}: more than {LARGEST_XML:,} bytes")
        content = path.read_bytes()
    except OSError as problem:
        raise HarvestError(f"{path}: cannot be read: {problem.strerror}") from problem
    # Jenkins writes XML 1.1, which allows control characters and which no parser of Python reads.
    plain = _CONTROLS.sub(b"", _DECLARATION.sub(b"", content))
    try:
        root = defusedxml.ElementTree.fromstring(plain, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as problem:
        raise HarvestError(f"{path}: no build: {problem}") from None
    return _build(root, number)


def _build(root: Element, number: int) -> dict[str, Any]:
    is_pipeline = root.tag == "flow-build"
    result = root.findtext("result")
    actions = root.find("actions")
    return {
        "_class": _PIPELINE if is_pipeline else "hudson.model.FreeStyleBuild",
        "number": number,
        "timestamp": _int(root.findtext("timestamp")) or _int(root.findtext("startTime")),
        "duration": _int(root.findtext("duration")) or 0,
        "result": result,
        "building": result is None,
        "displayName": root.findtext("displayName") or f"#{number}",
        "description": root.findtext("description"),
        "keepLog": root.findtext("keepLog") == "true",
        "builtOn": root.findtext("builtOn") or "",
        "actions": [action for element in (actions if actions is not None else ()) for action in _action(element)],
        "fingerprint": [
            entry for element in root.iter("hudson.tasks.Fingerprinter_-FingerprintAction") for entry in _prints(element)
        ],
    }


def _action(element: Element) -> Iterator[dict[str, Any]]:
    class_name = _class(element.tag)
    if class_name.endswith("ParametersAction"):
        yield {"_class": class_name, "parameters": list(_parameters(element))}
    elif class_name.endswith("CauseAction"):
        causes = [cause for bag in ("causeBag/entry", "causes") for holder in element.findall(bag) for cause in holder]
        yield {"_class": class_name, "causes": [_cause(cause) for cause in causes if "." in cause.tag]}
    elif class_name.endswith("InterruptedBuildAction"):
        yield {"_class": class_name, "causes": [_cause(cause) for holder in element.findall("causes") for cause in holder]}
    elif class_name.endswith("git.util.BuildData"):
        yield from _checkout(element)
    elif class_name.endswith("TestResultAction"):
        counts = {name: _int(element.findtext(name)) or 0 for name in ("failCount", "skipCount", "totalCount")}
        yield {"_class": class_name, "urlName": "testReport", **counts}
    elif class_name.endswith("ApproverAction"):
        yield {"_class": class_name, "userId": element.findtext("userId")}


def _parameters(element: Element) -> Iterator[Mapping[str, Any]]:
    for parameter in element.find("parameters") or ():
        value: Any = parameter.findtext("value")
        if parameter.tag.endswith("BooleanParameterValue"):
            value = value == "true"
        found = {"_class": _class(parameter.tag), "name": parameter.findtext("name")}
        if parameter.tag.endswith("RunParameterValue"):
            job, _, number = (parameter.findtext("runId") or "").rpartition("#")
            yield {**found, "jobName": job, "number": number}
        else:
            yield {**found, "value": value}


def _cause(element: Element) -> dict[str, Any]:
    user = element.findtext("userId") or element.findtext("user")
    return {
        "_class": _class(element.tag),
        "userId": user,
        "upstreamProject": element.findtext("upstreamProject"),
        "upstreamBuild": _int(element.findtext("upstreamBuild")),
    }


def _checkout(element: Element) -> Iterator[dict[str, Any]]:
    """Yield what was checked out: of all builds by branch, the newest one."""
    marked = [build.find("marked") for build in element.iter("hudson.plugins.git.util.Build")]
    newest = element.find("lastBuild/marked")
    revision = newest if newest is not None else next((each for each in reversed(marked) if each is not None), None)
    if revision is None:
        return
    branches = [{"name": name.text} for name in revision.iter("name")]
    remotes = [url.text for url in element.findall("remoteUrls/string")]
    built = {"SHA1": revision.findtext("sha1"), "branch": branches}
    yield {"_class": _class(element.tag), "lastBuiltRevision": built, "remoteUrls": remotes}


def _prints(element: Element) -> Iterator[dict[str, Any]]:
    for entry in element.findall("record/entry"):
        texts = [text.text or "" for text in entry.findall("string")]
        if len(texts) == 2:
            yield {"fileName": texts[0].rsplit("/", 1)[-1], "hash": texts[1]}


def _class(tag: str) -> str:
    """Return the Java class of an element: nested ones are written with ``_-``, underscores doubled."""
    return tag.replace("_-", "$").replace("__", "_")


def _int(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,18}", text.strip()) else None
