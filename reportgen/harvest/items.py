"""Jobs and folders of a controller: their addresses, and which of them the configuration means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reportgen.config import JobConfig
from reportgen.globs import covers
from reportgen.harvest.facts import LISTED
from reportgen.harvest.strict import clean_text
from reportgen.model import Job

NESTING = 6
"""How many levels of folders one query sees; deeper ones are asked for one by one."""
MATRIX_MARK = "="


def nested_items(levels: int = NESTING) -> str:
    """Return the part of a query that lists folders within folders."""
    inner = f",jobs[{nested_items(levels - 1)}]" if levels > 1 else ",jobs[_class]"
    return "_class,name,nextBuildNumber,activeConfigurations[name]" + inner


def job_query(builds: str, *, newest: bool = True) -> str:
    """Return the query for one item: what a job is and its builds, or what a folder holds."""
    which = "builds" if newest else "allBuilds"
    return (
        "_class,name,displayName,description,buildable,nextBuildNumber,upstreamProjects[fullName],downstreamProjects[fullName],"
        f"firstBuild[number,timestamp],lastBuild[number],{which}[{builds}],activeConfigurations[name],jobs[{nested_items()}]"
    )


LIST_QUERY = job_query(LISTED)


@dataclass(frozen=True, slots=True)
class Item:
    """A job or a folder. A folder that is `unseen` holds more than the query could tell."""

    name: str
    is_job: bool
    is_matrix_part: bool = False
    unseen: bool = False


def item_path(name: str, matrix_parts: frozenset[str] | set[str] = frozenset()) -> str:
    """Return the path of a job or folder from its full name; parts are escaped, nothing is taken from Jenkins' own links."""
    parts = name.split("/")
    path = ""
    for place, part in enumerate(parts, start=1):
        is_part = "/".join(parts[:place]) in matrix_parts
        path += ("" if is_part else "job/") + quote(part, safe="") + "/"
    return path


def iter_items(parent: str, answer: Mapping[str, Any]) -> Iterator[Item]:
    """Yield what a folder holds, at every level the answer tells of; decided by fields, as classes are without number."""
    for entry in _list(answer.get("jobs")):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        base = clean_text(entry["name"])
        name = f"{parent}/{base}" if parent else base
        inner = entry.get("jobs")
        if isinstance(inner, list):
            named = [each for each in inner if isinstance(each, dict) and "name" in each]
            yield Item(name, is_job=False, unseen=bool(inner) and not named)
            yield from iter_items(name, entry)
        else:
            yield from iter_job(name, entry)


def iter_job(name: str, entry: Mapping[str, Any]) -> Iterator[Item]:
    """Yield a job, and the configurations of a matrix job as jobs of their own."""
    if entry.get("nextBuildNumber") is None:
        return
    yield Item(name, is_job=True)
    for part in _list(entry.get("activeConfigurations")):
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield Item(f"{name}/{clean_text(part['name'])}", is_job=True, is_matrix_part=True)


def is_pattern(name: str) -> bool:
    """Tell whether a configured name holds wildcards."""
    return "*" in name or "?" in name


def fixed_folder(pattern: str) -> str:
    """Return the folder that everything a pattern selects is in: the parts before the first wildcard."""
    fixed: list[str] = []
    for part in pattern.split("/"):
        if is_pattern(part):
            break
        fixed.append(part)
    return "/".join(fixed)


def may_be_selected(name: str, entries: Sequence[JobConfig], only: Sequence[str]) -> bool:
    """Tell whether this job, or one in it if it is a folder, may be meant by the configuration and a command's patterns."""
    if not any(entry.selects(name) for entry in entries):
        return False
    return not only or any(covers(pattern, name) or _may_be_inside(fixed_folder(pattern), pattern, name) for pattern in only)


def _may_be_inside(fixed: str, pattern: str, folder: str) -> bool:
    """Tell whether a pattern may mean something within `folder`."""
    return pattern.startswith(folder + "/") or (is_pattern(pattern) and f"{folder}/".startswith(fixed + "/" if fixed else ""))


def parse_job(name: str, answer: Mapping[str, Any]) -> Job:
    """Return what Jenkins tells of a job."""
    return Job(
        name=name,
        kind=str(answer.get("_class") or ""),
        display_name=_own_name(name, answer.get("displayName")),
        description=_text(answer.get("description")),
        buildable=answer.get("buildable") is not False,
        upstream=tuple(_full_names(answer.get("upstreamProjects"))),
        downstream=tuple(_full_names(answer.get("downstreamProjects"))),
    )


def _own_name(name: str, display_name: Any) -> str:
    text = _text(display_name)
    return "" if text == name.rsplit("/", 1)[-1] else text


def _full_names(projects: Any) -> Iterator[str]:
    for project in _list(projects):
        if isinstance(project, dict) and isinstance(project.get("fullName"), str):
            yield clean_text(project["fullName"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return clean_text(value) if isinstance(value, str) else ""
