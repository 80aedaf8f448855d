"""Where builds come from: what every source offers, and the values it hands out.

`JenkinsSource` asks a controller over HTTP, `DirectorySource` reads what lies on a disk; both pass one suite of tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reportgen.config import JobConfig
from reportgen.errors import HarvestError
from reportgen.harvest.http import Body
from reportgen.model import Build, Job, Stage, Tests
from reportgen.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFacts:
    """Everything a source tells of a build without opening its files.

    `build` has neither runs nor artifacts yet; `files` are the paths it archived. `has_stages` and `has_failed_tests` say that
    asking for them is worth a request.
    """

    build: Build
    running: bool = False
    files: tuple[str, ...] = ()
    has_stages: bool = False
    has_failed_tests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBuild:
    """A build as a list tells it; `facts` where the list held everything."""

    number: int
    started_at: datetime
    running: bool
    result: str
    description: str
    display_name: str
    keep: bool
    facts: BuildFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A job and its builds, newest first.

    `builds` hold all builds if `complete`, else the newest ones that Jenkins lists. `first` and `last` are the numbers of the
    oldest and the newest build, None without any; `first_started_at` is the start of the oldest where it was told. A name may
    turn out to be that of a folder: `is_folder`, with the full names of the jobs in it as `parts`; the parts of a matrix job
    are jobs beside it. `unreadable` are builds that are there and tell nothing, with the reason.
    """

    job: Job
    builds: tuple[ListedBuild, ...] = ()
    first: int | None = None
    last: int | None = None
    first_started_at: datetime | None = None
    complete: bool = False
    is_folder: bool = False
    parts: tuple[str, ...] = ()
    unreadable: tuple[tuple[int, HarvestError], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a source found for the configured names: full names of jobs, and why a configured name led to none.

    `unmatched` are entries that mean no job: a pattern that none matches for now, or one that excludes all it names.
    """

    jobs: tuple[str, ...] = ()
    unmatched: tuple[JobConfig, ...] = ()
    missing: tuple[tuple[str, HarvestError], ...] = ()


class Source(Protocol):
    """Something that has jobs with builds. Methods may be called from several threads and raise HarvestError."""

    name: str
    redactor: Redactor
    is_authoritative: bool
    """What such a source does not have is gone; what another lacks may be elsewhere, and its jobs need no configuration."""

    @property
    def request_count(self) -> int:
        """How many requests were sent so far."""

    @property
    def received_bytes(self) -> int:
        """How many bytes were received so far."""

    @property
    def down(self) -> HarvestError | None:
        """Why nothing more can be asked, once that is so."""

    def find_jobs(self, entries: Sequence[JobConfig], only: Sequence[str] = ()) -> Found:
        """Return the jobs that the entries select, of which `only` keeps those that one of its patterns covers."""

    def list_builds(self, job: str, *, facts: bool = False, everything: bool = False) -> Listing:
        """Return the newest builds of a job, or all of them with `everything`; with `facts`, each with its facts.

        Raises NotFound for a name that is neither a job nor a folder.
        """

    def fetch_facts(self, job: str, number: int) -> BuildFacts:
        """Return the facts of one build; raises NotFound where there is none."""

    def fetch_file(self, job: str, number: int, path: str, *, limit: int) -> Body:
        """Return the bytes of an archived file; raises TooLarge above `limit` bytes."""

    def fetch_stages(self, job: str, number: int) -> tuple[Stage, ...]:
        """Return the stages of a pipeline build; raises NotFound where Jenkins does not tell any."""

    def tells_stages(self, job: str) -> bool:
        """Tell whether stages of the builds of a pipeline can be asked for at all."""

    def fetch_tests(self, job: str, number: int) -> Tests | None:
        """Return test counts and failed cases."""

    def fetch_console_tail(self, job: str, number: int, lines: int) -> str:
        """Return the last lines of the log."""

    def fetch_waiting_for(self, job: str, number: int) -> str | None:
        """Return the message of the input that a running build waits for, None where it waits for none."""

    def is_gone(self, job: str) -> bool:
        """Tell whether the job is absent although the folder it was in can be read."""

    def stop(self) -> None:
        """Make whatever is under way fail at once."""

    def close(self) -> None:
        """Give back connections and files."""
