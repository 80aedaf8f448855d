"""Which jobs a harvest is about: found by their configured names, and what was not found told."""

from __future__ import annotations

from collections.abc import Collection

from reportgen.config import Config
from reportgen.errors import HarvestError, Unreachable
from reportgen.globs import covers
from reportgen.harvest.items import is_pattern
from reportgen.harvest.lost import LostJobs
from reportgen.harvest.source import Found, Source
from reportgen.harvest.summary import Notes
from reportgen.report import Reporter
from reportgen.store.db import Store


def take_renames(store: Store, config: Config, reporter: Reporter) -> None:
    """Give the builds of jobs that were renamed to the job that says so."""
    for entry in config.jobs:
        for old in entry.renamed_from if not is_pattern(entry.name) else ():
            if store.known_builds(old):
                reporter.line(f"{old} is now {entry.name}: its builds go there")
                store.rename_job(old, entry.name)


class Finding:
    """Finds the configured jobs of a source; `only` are patterns that restrict them."""

    def __init__(self, source: Source, config: Config, only: tuple[str, ...]) -> None:
        self._source, self._config, self._only = source, config, only
        self.failed = False
        """Whether the source could not be asked at all."""
        self.is_answered = True
        """Whether every folder that was asked for its jobs gave an answer."""

    def selects(self, name: str) -> bool:
        """Tell whether this harvest is about the job of that name; the jobs in a directory need no configuration."""
        configured = self._config.job(name) is not None or not self._source.is_authoritative
        return configured and (not self._only or any(covers(each, name) for each in self._only))

    def find(self, lost: LostJobs, notes: Notes) -> Found:
        """Return the jobs to list, after telling why entries of the configuration led to none."""
        if self._source.is_authoritative and not self._config.jobs:
            hint = "name the jobs to harvest under [[jobs]]"
            notes.remind(self._source.name, HarvestError("no job is configured, so nothing is harvested", hint=hint))
        try:
            found = self._source.find_jobs(self._config.jobs, self._only)
        except HarvestError as problem:
            notes.miss(self._source.name, problem)
            self.failed = True
            return Found()
        for name, why in found.missing:
            self.is_answered = self.is_answered and not isinstance(why, Unreachable)
            lost.explain(name, why, notes)
        for entry in found.unmatched:
            less, mend = (", or its exclude leaves none", "name and exclude") if entry.exclude else ("", "the name")
            nothing = HarvestError(f"no job on Jenkins matches this{less}", hint=f"check {mend} under [[jobs]]")
            notes.remind(entry.name, nothing)
        return found

    def tell_unmatched(self, met: Collection[str], notes: Notes) -> None:
        """Tell of a pattern of the command that covers none of the jobs `met`, unless something missed may be why."""
        for pattern in self._only if not notes.missed else ():
            if not any(covers(pattern, name) for name in met):
                why = f"no configured job matches --job {pattern}"
                notes.remind(pattern, HarvestError(why, hint="check it against the names under [[jobs]]"))
