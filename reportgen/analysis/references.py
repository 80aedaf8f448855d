"""Builds that parameters name, and finding the runs of a build: what decisions and lineage hang on."""

from __future__ import annotations

import bisect
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from urllib.parse import unquote, urlsplit

from reportgen.analysis.comparable import order
from reportgen.analysis.values import RunId, run_id
from reportgen.many import gather
from reportgen.model import RunRow

Build = tuple[str, int]

_WRITTEN = re.compile(r"(?P<job>[^#\s][^#]*)#(?P<number>\d{1,9})(?:/(?P<run>.+))?")
_IN_ADDRESS = re.compile(r"((?:/job/[^/]+)+)/(\d{1,9})(?:/.*)?$")
_BUILD_PARAM = re.compile(r"(?P<stem>.+?)[-_. ]?(?:build[-_. ]?(?:number|no|id)?|number|run)$", re.IGNORECASE)
_PLAIN = re.compile(r"[^a-z0-9]+")
_MOST_STEPS = 50


def named_builds(params: Mapping[str, Any], jobs: Iterable[str]) -> list[tuple[str, Build]]:
    """Return (parameter, build) for every parameter that names a build of one of `jobs`.

    Understood are ``JOB#N`` and ``JOB#N/RUN``, the address of a build, and a bare number in a parameter that is called after
    a job (``TRAIN_BUILD = 88`` where exactly one job's name starts with "train").
    """
    return _Jobs(jobs).named(params)


def _may_name(value: Any) -> bool:
    """Whether a value is of a kind that can name a build; asked for every parameter of every run, and most cannot."""
    if type(value) is str:
        return "#" in value or "/job/" in value or value.strip().isdecimal()
    return type(value) is int


def _named_build(name: str, value: Any, jobs: _Jobs) -> Build | None:
    if isinstance(value, str):
        text = value.strip()
        if not text.isdecimal():
            return _written(text, jobs)
    job = jobs.meant(name)
    number = int(value) if job is not None and len(str(value)) <= 9 else 0
    return (job, number) if job is not None and number > 0 else None


def _written(text: str, jobs: _Jobs) -> Build | None:
    match = _WRITTEN.fullmatch(text) if "#" in text and len(text) < 1000 else None
    if match and match["job"] in jobs.names:
        return match["job"], int(match["number"])
    if "/job/" not in text or len(text) > 2000:
        return None
    try:
        address = _IN_ADDRESS.search(urlsplit(text).path)
    except ValueError:
        return None
    if address is None:
        return None
    job = "/".join(unquote(part) for part in address[1].split("/job/")[1:])
    return (job, int(address[2])) if job in jobs.names else None


class _Jobs:
    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._plain = {name: (_plain(name.rpartition("/")[2]), _plain(name)) for name in sorted(self.names)}
        self._meant: dict[str, str | None] = {}

    def named(self, params: Mapping[str, Any]) -> list[tuple[str, Build]]:
        """Return (parameter, build) for every parameter that names a build."""
        found = []
        for name, value in params.items():
            build = _named_build(name.removeprefix("jenkins."), value, self) if _may_name(value) else None
            if build is not None:
                found.append((name, build))
        return sorted(found, key=itemgetter(0))

    def meant(self, param: str) -> str | None:
        """The job whose builds a parameter of this name numbers; None for other parameters."""
        if param not in self._meant:
            match = _BUILD_PARAM.fullmatch(param)
            self._meant[param] = self.called(match["stem"]) if match else None
        return self._meant[param]

    def called(self, stem: str) -> str | None:
        """The one job whose base name (or full name) is `stem`, or else starts with it."""
        wanted = _plain(stem)
        exact = [name for name, called in self._plain.items() if wanted in called]
        near = [name for name, (base, _) in self._plain.items() if len(wanted) > 2 and base.startswith(wanted)]
        found = exact or near
        return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.lower())


class BuildIndex:
    """Finds the runs of a build by job and number; of a job that was recreated, those of the right time."""

    def __init__(self, rows: Iterable[RunRow]) -> None:
        self.rows: Sequence[RunRow] = sorted(rows, key=order)
        self.jobs = frozenset(row.job for row in self.rows)
        self.fingerprinted = any(row.fingerprints for row in self.rows)
        self._names = _Jobs(self.jobs)
        self._named: dict[int, tuple[RunRow, list[tuple[str, Build]]]] = {}
        self._builds: dict[str, dict[int, Sequence[RunRow]]] = {job: {} for job in self.jobs}
        for row in self.rows:
            gather(self._builds[row.job], row.number, row)

    def find(self, job: str, number: int, at: datetime) -> list[RunRow]:
        """Return the runs of the build that had this number at the time `at`, by run name; empty if it is not known."""
        rows = self._builds.get(job, {}).get(number, ())
        if len(rows) == 1:  # nearly always
            return list(rows) if rows[0].started_at <= at else []
        place = bisect.bisect_right(rows, at, key=lambda row: row.started_at)
        start = rows[place - 1].started_at if place else None
        return [row for row in rows[:place] if row.started_at == start]

    def named(self, row: RunRow) -> list[tuple[str, Build]]:
        """Return (parameter, build) for every parameter of `row` that names a build of a known job."""
        known = self._named.get(id(row))
        if known is None or known[0] is not row:
            known = self._named[id(row)] = (row, self._names.named(row.params))
        return known[1]

    def upstream(self, row: RunRow, *, fingerprints: bool = True) -> list[Build]:
        """Return the builds that `row` came from, the most telling first: causes, named by parameters, fingerprints.

        A fingerprint names the build that first made these bytes, which need not be the one that handed them on.
        """
        own = (row.job, row.number)
        found = list(row.upstream)
        found += [build for _, build in self.named(row)]
        if fingerprints:
            found += [(f.job, f.number) for f in row.fingerprints if f.job is not None and f.number is not None]
        return [build for build in dict.fromkeys(found) if build != own]

    def walk_up(self, row: RunRow, *, fingerprints: bool = True) -> Iterator[RunRow]:
        """Yield the runs upstream of `row`, nearest first, each once."""
        seen: set[RunId] = {run_id(row)}
        waiting = deque([(row, 0)])
        while waiting:
            current, steps = waiting.popleft()
            for job, number in self.upstream(current, fingerprints=fingerprints) if steps < _MOST_STEPS else ():
                for found in self.find(job, number, current.started_at):
                    if run_id(found) not in seen:
                        seen.add(run_id(found))
                        yield found
                        waiting.append((found, steps + 1))

    def nearest(self, row: RunRow, fits: Callable[[RunRow], bool]) -> RunRow | None:
        """Return the nearest run upstream of `row` that fits; fingerprints are followed only where nothing else leads on."""
        for fingerprints in (False, True):
            for found in self.walk_up(row, fingerprints=fingerprints):
                if fits(found):
                    return found
        return None
