"""Plain directories of results: each that holds some is a build, named after the directories it is in, timed by its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from reportgen.errors import HarvestError
from reportgen.harvest.files import list_files
from reportgen.harvest.readers import assign
from reportgen.harvest.readers.metrics import is_metrics
from reportgen.harvest.readers.native import parse_time
from reportgen.harvest.source import BuildFacts
from reportgen.harvest.strict import BadJson, load_json
from reportgen.model import Build
from reportgen.record import JOURNAL, Record, read_record
from reportgen.redact import Redactor

LARGEST_JSON = 16_000_000
MOST_FILES = 1_000_000
_TELLING = frozenset({"record", "params", "mlflow", "dvclive"})
"""Readers whose files make a directory one of results; other kinds of files belong to the results above them."""
_WRAPPERS = frozenset({"reportgen-results", "mlruns", "dvclive"})
_LONGEST_NUMBER = 15
_LAST_SECOND = 253_402_300_799
_Member = tuple[str, tuple[str, ...]]
"""A directory of results and its files, by relative paths."""
Known = Callable[[str], Mapping[int, datetime]]
"""The builds of a job that are stored: number and start."""


@dataclass(frozen=True, slots=True)
class ResultsBuild:
    """A directory of results as a build of a job; `files` are its own, by relative path."""

    job: str
    number: int
    directory: Path
    files: tuple[str, ...]
    started_at: datetime | None = None
    log: Path | None = None

    def facts(self, redactor: Redactor) -> BuildFacts:
        """Return the little that a directory tells: when its files were written."""
        del redactor
        try:
            started = self.started_at or _started(self.directory, self.files)
            times = [(self.directory / path).stat().st_mtime for path in self.files]
        except OSError as problem:
            raise HarvestError(f"{self.directory}: cannot be read: {problem.strerror}") from problem
        ended = _moment(max(times))
        build = Build(
            job=self.job,
            number=self.number,
            started_at=started,
            duration_s=max((ended - started).total_seconds(), 0.0),
            result="SUCCESS",
        )
        return BuildFacts(build=build, files=self.files)


def read_results(root: Path, known: Known) -> dict[str, dict[int, ResultsBuild]]:
    """Return the directories of results below `root` (or `root` itself) as builds of jobs.

    A directory with a record of Jenkins is that build. Any other belongs to the job named by the directories it is in; `known`
    tells which builds of it are stored. Raises HarvestError where there are too many files to look at.
    """
    files = list_files(root, MOST_FILES)
    if len(files) >= MOST_FILES:
        raise HarvestError(f"{root}: more than {MOST_FILES:,} files", hint="harvest the directories in it one by one")
    homes = _result_directories(root, files)
    owned: dict[str, list[str]] = {home: [] for home in homes}
    for path in files:
        owner = _owner(path, homes)
        if owner is not None:
            owned[owner].append(path)
    jobs: dict[str, dict[int, ResultsBuild]] = {}
    plain: dict[str, list[_Member]] = {}
    for home, paths in owned.items():
        inner = tuple(path[len(home) + 1 :] if home else path for path in paths)
        record = _record_of_jenkins(root / home, inner)
        if record is None:
            plain.setdefault(_job_name(root, home), []).append((home, inner))
        else:
            job, number = record.ci["job"], record.ci["build"]
            started = parse_time(record.events[0].get("t"))
            jobs.setdefault(job, {})[number] = ResultsBuild(job, number, root / home, inner, started)
    for job, members in plain.items():
        taken = jobs.setdefault(job, {})
        for number, (home, inner) in _numbered(root, members, known(job)).items():
            taken.setdefault(number, ResultsBuild(job, number, root / home, inner))
    return jobs


def _result_directories(root: Path, files: list[str]) -> set[str]:
    """Return the directories (relative, empty for `root`) that hold results themselves."""
    homes: set[str] = set()
    for path, reader in assign(files).items():
        if reader.name in _TELLING or _is_metrics_file(root / path):
            homes.add(_home_of(path, is_record=reader.name == "record"))
    return homes


def _is_metrics_file(file: Path) -> bool:
    """Tell whether a file holds metrics, or is called as if it did: one that cannot be read is to be told of."""
    if file.suffix.lower() != ".json":
        return False
    try:
        return file.stat().st_size <= LARGEST_JSON and is_metrics(load_json(file.read_bytes()))
    except (BadJson, OSError):
        return file.name == "metrics.json"


def _home_of(path: str, *, is_record: bool) -> str:
    """Return the directory whose results a file is part of: tools' own directories are parts of the one they are in."""
    parts = list(PurePosixPath(path).parent.parts)
    for place, part in enumerate(parts):
        if part in _WRAPPERS:
            return "/".join(parts[:place])
    if is_record:
        while parts and not re.search(r"-[0-9a-f]{8}$", parts[-1]):
            parts.pop()
        parts = parts[:-1]
    return "/".join(parts)


def _owner(path: str, homes: set[str]) -> str | None:
    """Return the nearest directory of results that a file is in."""
    for parent in PurePosixPath(path).parents:
        name = "" if str(parent) == "." else str(parent)
        if name in homes:
            return name
    return None


def _job_name(root: Path, home: str) -> str:
    """Return the directories above a build; the base name of the root where there are none."""
    parent = home.rpartition("/")[0]
    return parent or root.resolve().name or "results"


def _record_of_jenkins(home: Path, files: Iterable[str]) -> Record | None:
    for path in files:
        if path.endswith("/" + JOURNAL):
            record = _read_record(home / path)
            if record is not None and _names_a_build(record.ci.get("job"), record.ci.get("build")):
                return record
    return None


def _names_a_build(job: Any, number: Any) -> bool:
    return (
        isinstance(job, str) and job != "" and isinstance(number, int) and not isinstance(number, bool) and 0 < number < 1 << 63
    )


def _read_record(journal: Path) -> Record | None:
    try:
        return read_record(journal.parent.name, journal.read_bytes())
    except OSError:
        return None


def _numbered(root: Path, members: list[_Member], known: Mapping[int, datetime]) -> dict[int, _Member]:
    """Return the builds of a job by number.

    A build that the store has, told by its start, keeps the number it has there, so that one that comes or goes renumbers no
    other. Else it gets the digits of its name where all have their own, else the next number by age.
    """
    starts = {home: _started(root / home, inner) for home, inner in members}
    wishes = _digits([home for home, _ in members])
    by_start: dict[datetime, list[int]] = {}
    for number, start in sorted(known.items()):
        by_start.setdefault(start, []).append(number)
    numbered: dict[int, _Member] = {}
    new: list[_Member] = []
    for member in sorted(members, key=lambda member: (starts[member[0]], member[0])):
        held = by_start.get(starts[member[0]], [])
        wish = wishes.get(member[0])
        if held:
            numbered[held.pop(held.index(wish) if wish in held else 0)] = member
        else:
            new.append(member)
    for member in new:
        wish = wishes.get(member[0])
        free = wish is not None and wish not in numbered
        numbered[wish if wish is not None and free else max((*numbered, *known), default=0) + 1] = member
    return numbered


def _digits(homes: list[str]) -> dict[str, int]:
    """Return the digits of each directory's name as a number; nothing unless they tell all of them apart."""
    digits = {home: "".join(re.findall(r"[0-9]+", home.rpartition("/")[2])) for home in homes}
    numbers = {home: int(text) for home, text in digits.items() if 0 < len(text) <= _LONGEST_NUMBER and int(text)}
    return numbers if len(set(numbers.values())) == len(homes) else {}


def _started(home: Path, files: Iterable[str]) -> datetime:
    return _moment(min((home / path).stat().st_mtime for path in files))


def _moment(seconds: float) -> datetime:
    """Return the time of a file; a file system may hold later ones than a calendar of four digits."""
    return datetime.fromtimestamp(min(int(seconds), _LAST_SECOND), UTC)
