"""Addresses of everything in a version, and links between them.

Pure: names in, paths relative to the version out. Every path ends in a file name, because a page opened by double-click has
no server that would add ``index.html``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from reportgen.errors import ReportgenError
from reportgen.model import RunKey, RunRow

PART_LENGTH = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|clock\$|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_OWN_NAMES = re.compile(r"[0-9]+$|index\.html$|runs\.(?:csv|json)$", re.IGNORECASE)
_REFERENCE = re.compile(r"(?P<job>[^#]+)#(?P<number>[0-9]+|last)(?:/(?P<run>.+))?")

ATTACHMENT_FORMATS = frozenset({"png", "jpg", "webp", "gif", "svg", "csv", "tsv", "json", "txt", "md"})


class BadReference(ReportgenError):
    """A reference to a run is not written as one, or names none or several."""

    slug = "reference"


class BuildAddress(NamedTuple):
    """What the address of a build depends on; `runs` are (name, record) pairs, needed where a build has several."""

    job: str
    number: int
    started_at: datetime
    runs: Sequence[tuple[str, str]] = ()


class Reference(NamedTuple):
    """A run as people write it; `number` None is the newest finished build, `run` is empty where none was named."""

    job: str
    number: int | None
    run: str = ""


def safe_part(part: str) -> tuple[str, bool]:
    """Return `part` as a directory name and whether it had to be changed."""
    safe = _UNSAFE.sub("-", part)[:PART_LENGTH]
    bare = safe.lstrip(".")
    if bare != safe:
        safe = "-" * (len(safe) - len(bare)) + bare
    if _DEVICE.match(safe):
        safe = f"-{safe}"[:PART_LENGTH]
    return safe or "-", safe != part


def safe_path(parts: Sequence[str], name: str, *, taken: bool = False) -> str:
    """Return the directory of `name`, made of `parts`; if one had to change or it is `taken`, a digest tells it apart.

    The page that lists all of a kind lies beside their directories, so that ``index.html`` is always taken.
    """
    pairs = [safe_part(part) for part in parts]
    if pairs[0][0].lower() == "index.html":
        pairs[0] = f"-{pairs[0][0]}", True
    path = "/".join(safe for safe, _ in pairs)
    if taken or any(changed for _, changed in pairs):
        path += "~" + sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return path


def job_directories(names: Iterable[str]) -> dict[str, str]:
    """Return the directory of each job below ``jobs/``; `names` in the order in which they were first stored."""
    ordered = list(dict.fromkeys(names))
    known = set(ordered)
    lower: set[str] = set()
    directories: dict[str, str] = {}
    for name in ordered:
        parts = name.split("/")
        taken = name.lower() in lower or _inside_a_job(parts, known)
        lower.add(name.lower())
        directories[name] = safe_path(parts, name, taken=taken)
    return directories


def _inside_a_job(parts: Sequence[str], known: set[str]) -> bool:
    """Whether the directory would be that of a build of another job, or one of its files: folders may replace jobs."""
    return any(_OWN_NAMES.match(parts[i]) and "/".join(parts[:i]) in known for i in range(1, len(parts)))


def run_directories(runs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the directory of each (name, record) of one build, below the build's own."""
    count: dict[str, int] = {}
    for name, _ in runs:
        count[name] = count.get(name, 0) + 1
    lower: dict[str, str] = {}
    used: set[str] = set()
    directories: dict[tuple[str, str], str] = {}
    for name, record in runs:
        twin = lower.setdefault(name.lower(), name) != name
        part = safe_path([name], name, taken=twin or bool(_OWN_NAMES.match(name)))
        if count[name] > 1:
            part += f"-{record}"
        while part.lower() in used:
            part += "~"
        used.add(part.lower())
        directories[name, record] = part
    return directories


def relative(from_path: str, to_path: str) -> str:
    """Return the link from the page at `from_path` to `to_path` (both relative to the version), ready for an attribute.

    A fragment after ``#`` stays one.
    """
    path, mark, fragment = to_path.partition("#")
    if path == from_path and mark:
        return "#" + quote(fragment, safe="/:~._-")
    here = from_path.split("/")[:-1]
    there = path.split("/")
    shared = 0
    for mine, theirs in zip(here, there[:-1], strict=False):
        if mine != theirs:
            break
        shared += 1
    link = quote("../" * (len(here) - shared) + "/".join(there[shared:]), safe="/~._-")
    return link + (f"#{quote(fragment, safe='/:~._-')}" if mark else "")


def up_to_root(path: str) -> str:
    """Return what leads from the page at `path` to the version's root: "" or "../" as often as needed."""
    return "../" * path.count("/")


def attachment_path(sha256_hex: str, extension: str, *, text: bool = False) -> str:
    """Return where a stored file is published: its digest, and an extension no browser runs anything for."""
    wanted = extension.lower().lstrip(".")
    wanted = {"jpeg": "jpg", "markdown": "md"}.get(wanted, wanted)
    if wanted not in ATTACHMENT_FORMATS:
        wanted = "txt" if text else "bin"
    return f"files/{sha256_hex[:2]}/{sha256_hex}.{wanted}"


def parse_reference(text: str) -> Reference:
    """Read ``JOB#N``, ``JOB#N/RUN`` or ``JOB#last``."""
    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        raise BadReference(f"{text!r} is not a run", hint="write JOB#N, JOB#N/RUN where a build has several runs, or JOB#last")
    number = None if match["number"] == "last" else int(match["number"])
    return Reference(match["job"], number, match["run"] or "")


def pick_run(reference: Reference, names: Sequence[str]) -> str:
    """Return which of a build's run `names` the reference means; raise where it means none or several of them."""
    written = f"{reference.job}#{'last' if reference.number is None else reference.number}"
    if reference.run:
        if reference.run in names:
            return reference.run
        raise BadReference(f"{written} has no run {reference.run!r}", hint=f"its runs: {_listed(names)}")
    if len(names) > 1:
        raise BadReference(
            f"{written} has {len(names)} runs, name one", hint=", ".join(f"{written}/{name}" for name in names[:12])
        )
    return names[0] if names else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (" …" if len(names) > 12 else "") if names else "none"


_Incarnation = tuple[str, int, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where everything of one version is. Made by `Links.of`; small, and may be sent to other processes."""

    jobs: Mapping[str, str] = field(default_factory=dict)
    older: Mapping[_Incarnation, str] = field(default_factory=dict)
    """Directory of builds whose number was used again later."""
    runs: Mapping[_Incarnation, Mapping[tuple[str, str], str]] = field(default_factory=dict)
    """Directories of the runs of builds that have several."""
    newest: Mapping[tuple[str, int], datetime] = field(default_factory=dict)
    """Start of the newest build of a number, for those that are in `older` or `runs`."""

    @classmethod
    def of(cls, jobs: Iterable[str], builds: Iterable[BuildAddress]) -> Links:
        """Work out the addresses; `jobs` in the order in which they were first stored, `builds` in any order."""
        several: dict[_Incarnation, Mapping[tuple[str, str], str]] = {}
        starts: dict[tuple[str, int], datetime] = {}
        recreated: dict[tuple[str, int], list[datetime]] = {}
        for build in builds:
            if len(build.runs) > 1:
                several[build.job, build.number, build.started_at] = run_directories(build.runs)
            key = (build.job, build.number)
            first = starts.setdefault(key, build.started_at)
            if first != build.started_at:
                recreated.setdefault(key, [first]).append(build.started_at)
        older: dict[_Incarnation, str] = {}
        newest: dict[tuple[str, int], datetime] = {}
        for job, number, start in several:
            newest[job, number] = max(start, newest.get((job, number), start))
        for (job, number), times in recreated.items():
            newest[job, number], *past = sorted(set(times), reverse=True)
            used: set[str] = set()
            for start in past:
                stamp = start.astimezone(UTC)
                name = f"{number}~{stamp:%Y%m%d}"
                older[job, number, start] = name if name not in used else f"{number}~{stamp:%Y%m%dT%H%M%S}"
                used.add(name)
        return cls(jobs=job_directories(jobs), older=older, runs=several, newest=newest)

    def unusual(self) -> str:
        """Return a digest of the addresses that may change when something new is stored: those that are not plain names."""
        moved = sorted((job, number, start.isoformat(), part) for (job, number, start), part in self.older.items())
        renamed = sorted((job, directory) for job, directory in self.jobs.items() if job != directory)
        return sha256(repr((moved, renamed)).encode("utf-8", "backslashreplace")).hexdigest()

    def job_dir(self, job: str) -> str:
        """Return the directory of a job, without a final slash."""
        directory = self.jobs.get(job)
        return f"jobs/{directory if directory is not None else safe_path(job.split('/'), job)}"

    def job(self, job: str) -> str:
        """Return the page of a job."""
        return f"{self.job_dir(job)}/index.html"

    def job_builds(self, job: str, part: int = 0) -> str:
        """Return where the builds of a job stand by number: with the newest of all jobs, or in a list of older ones."""
        directory = self.job_dir(job)
        if not part:
            return f"{self.search}#{directory}"
        return f"search/{directory.removeprefix('jobs/')}/builds~{part}.html"

    def job_runs(self, job: str, extension: str) -> str:
        """Return the data file of a job's runs, `extension` json or csv."""
        return f"{self.job_dir(job)}/runs.{extension}"

    def build_dir(self, job: str, number: int, started_at: datetime | None = None) -> str:
        """Return the directory of a build; without a start, that of the newest of its number."""
        part = str(number) if started_at is None else self.older.get((job, number, started_at), str(number))
        return f"{self.job_dir(job)}/{part}"

    def build(self, job: str, number: int, started_at: datetime | None = None) -> str:
        """Return the page of a build, which is that of its run where it has one."""
        return f"{self.build_dir(job, number, started_at)}/index.html"

    def run(self, job: str, number: int, name: str = "", record: str = "", started_at: datetime | None = None) -> str:
        """Return the page of a run; `name` may be empty where the build has one run."""
        start = started_at if started_at is not None else self.newest.get((job, number))
        directories = self.runs.get((job, number, start), {}) if start is not None else {}
        part = directories.get((name, record)) or next((d for (n, _), d in directories.items() if n == name), None)
        directory = self.build_dir(job, number, started_at)
        return f"{directory}/{part}/index.html" if part else f"{directory}/index.html"

    def row(self, row: RunRow) -> str:
        """Return the page of the run in `row`."""
        if not row.several:
            return self.build(row.job, row.number, row.started_at)
        return self.run(row.job, row.number, row.name, row.record, row.started_at)

    def key(self, key: RunKey) -> str:
        """Return the page of a run by how people write it."""
        return self.run(key.job, key.number, key.name) if key.name else self.build(key.job, key.number)

    @property
    def overview(self) -> str:
        """Return the overview page."""
        return "index.html"

    @property
    def compare(self) -> str:
        """Return the compare page."""
        return "compare/index.html"

    @property
    def search(self) -> str:
        """Return the search page."""
        return "search/index.html"

    @property
    def changes(self) -> str:
        """Return the page of what is new since the last version."""
        return "changes/index.html"

    def leaderboard(self, name: str) -> str:
        """Return the page of a leaderboard."""
        return f"leaderboards/{safe_path([name], name)}/index.html"

    def leaderboard_data(self, name: str, extension: str) -> str:
        """Return the export of a leaderboard, `extension` json or csv."""
        return f"data/leaderboards/{safe_path([name], name)}.{extension}"

    def pipeline(self, name: str) -> str:
        """Return the page of a pipeline."""
        return f"pipelines/{safe_path([name], name)}/index.html"

    def model(self, digest: str) -> str:
        """Return the passport of a model."""
        return f"models/{digest[:12]}/index.html"

    def dataset(self, digest: str) -> str:
        """Return the page of a dataset."""
        return f"datasets/{digest[:12]}/index.html"

    def comparison(self, left: str, right: str) -> str:
        """Return the pre-rendered comparison of two run pages, each given by its path."""
        slug = "--vs--".join(posixpath.dirname(path).removeprefix("jobs/").replace("/", "-") for path in (left, right))
        name = slug if len(slug) <= PART_LENGTH else slug[:60].rstrip("-")
        mark = sha256(f"{left} {right}".encode()).hexdigest()[:6]
        return f"compare/{name}~{mark}/index.html"
