"""A directory as a source: a copy of a Jenkins home, or plain directories of results.

What it does not hold proves nothing: no build is gone because a directory lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from reportgen.config import Config, JobConfig
from reportgen.errors import HarvestError, NotFound
from reportgen.globs import covers
from reportgen.harvest.home import find_home, read_home
from reportgen.harvest.http import Body, TooLarge
from reportgen.harvest.results import Known, read_results
from reportgen.harvest.source import BuildFacts, Found, ListedBuild, Listing
from reportgen.model import Job, Stage, Tests
from reportgen.redact import Redactor


class StoredBuild(Protocol):
    """A build that lies in a directory."""

    @property
    def directory(self) -> Path:
        """Where its files are."""

    @property
    def log(self) -> Path | None:
        """Its console log, where there is one."""

    def facts(self, redactor: Redactor) -> BuildFacts:
        """Return what is known of it; HarvestError where that cannot be read."""


Layout = Mapping[str, Mapping[int, StoredBuild]]
"""Jobs by full name, their builds by number."""


class DirectorySource:
    """Reads `directory`: a Jenkins home or a part of one, else one build for each directory that holds results.

    `known` tells which builds of a job are stored, so that directories keep the numbers they have there.
    """

    is_authoritative = False

    def __init__(self, directory: Path, config: Config, known: Known = lambda _job: {}) -> None:
        if not directory.is_dir():
            raise HarvestError(
                f"{directory}: there is no such directory", hint="name a directory of results, or a copy of a Jenkins home"
            )
        self.name = str(directory)
        self.redactor = Redactor(names=config.secrets.names, allow=config.secrets.allow)
        self._directory, self._known = directory, known
        self._layout: Layout | None = None
        self._bytes = 0

    @property
    def request_count(self) -> int:
        """No request is ever sent."""
        return 0

    @property
    def received_bytes(self) -> int:
        """How many bytes of files were read."""
        return self._bytes

    @property
    def down(self) -> HarvestError | None:
        """A directory stays."""
        return None

    def find_jobs(self, entries: Sequence[JobConfig], only: Sequence[str] = ()) -> Found:  # the whole directory is meant
        """Return all jobs in the directory, of which `only` keeps those that one of its patterns covers."""
        del entries
        names = [name for name in self._jobs() if not only or any(covers(pattern, name) for pattern in only)]
        if not names and not only:
            hint = "results are records, metrics.json and the like; a copy of a Jenkins home has jobs/*/builds/*/build.xml"
            return Found(missing=((self.name, NotFound(f"{self.name}: no results are found here", hint=hint)),))
        return Found(jobs=tuple(sorted(names)))

    def list_builds(self, job: str, *, facts: bool = False, everything: bool = False) -> Listing:
        """Return all builds of a job, newest first, each with its facts, and why others cannot be read."""
        del facts, everything
        builds: list[ListedBuild] = []
        unreadable: list[tuple[int, HarvestError]] = []
        for number in sorted(self._builds(job), reverse=True):
            try:
                builds.append(_listed(self._builds(job)[number].facts(self.redactor)))
            except HarvestError as problem:
                unreadable.append((number, problem))
        numbers = [build.number for build in builds]
        return Listing(
            job=Job(name=job),
            builds=tuple(builds),
            first=min(numbers, default=None),
            last=max(numbers, default=None),
            complete=True,
            unreadable=tuple(unreadable),
        )

    def fetch_facts(self, job: str, number: int) -> BuildFacts:
        """Return the facts of one build."""
        return self._build(job, number).facts(self.redactor)

    def fetch_file(self, job: str, number: int, path: str, *, limit: int) -> Body:
        """Return the bytes of a file of the build; a link that leads out of it is refused."""
        home = self._build(job, number).directory.resolve()
        file = (home / path).resolve()
        if not file.is_relative_to(home):
            raise HarvestError("the path leads out of the build's directory")
        try:
            size = file.stat().st_size
            if size > limit:
                raise TooLarge(f"{size:,} bytes are over the limit of {limit:,}")
            content = file.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"{path}: the file is not there") from None
        except OSError as problem:
            raise HarvestError(f"{path}: cannot be read: {problem.strerror}") from problem
        self._bytes += len(content)
        return Body(content)

    def fetch_stages(self, job: str, number: int) -> tuple[Stage, ...]:
        """Raise NotFound: a directory tells no stages."""
        raise NotFound(f"{job} #{number}: a directory tells no stages")

    def tells_stages(self, job: str) -> bool:
        """Return False: a directory tells no stages."""
        del job
        return False

    def fetch_tests(self, job: str, number: int) -> Tests | None:
        """Return the counts."""
        return self.fetch_facts(job, number).build.tests

    def fetch_console_tail(self, job: str, number: int, lines: int) -> str:
        """Return the last lines of the log; NotFound without one."""
        log = self._build(job, number).log
        if log is None or not log.is_file():
            raise NotFound(f"{job} #{number}: there is no log")
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - (1 << 20), 0))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])

    def fetch_waiting_for(self, job: str, number: int) -> str | None:
        """Return None: a directory waits for nothing."""
        del job, number
        return None

    def is_gone(self, job: str) -> bool:
        """Return False: what is not here may be elsewhere."""
        del job
        return False

    def stop(self) -> None:
        """Do nothing: no reading takes long."""

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _jobs(self) -> Layout:
        if self._layout is None:
            home = find_home(self._directory)
            self._layout = read_results(self._directory, self._known) if home is None else read_home(home, self._directory)
        return self._layout

    def _builds(self, job: str) -> Mapping[int, StoredBuild]:
        if job not in self._jobs():
            raise NotFound(f"{job}: there is no such job in {self.name}")
        return self._jobs()[job]

    def _build(self, job: str, number: int) -> StoredBuild:
        if number not in self._builds(job):
            raise NotFound(f"{job} #{number}: there is no such build in {self.name}")
        return self._builds(job)[number]


def _listed(facts: BuildFacts) -> ListedBuild:
    build = facts.build
    return ListedBuild(
        number=build.number,
        started_at=build.started_at,
        running=facts.running,
        result=build.result,
        description=build.description,
        display_name=build.display_name,
        keep=build.keep,
        facts=facts,
    )
