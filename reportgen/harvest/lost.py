"""Jobs that are no longer seen on Jenkins: marked one by one, told as new once, and an alarm when many are missing at once.

A job that its user may no longer read looks the same: Jenkins answers 404 and leaves it out of its lists. So all that is said
names both, and nothing is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from reportgen.errors import HarvestError, NotFound
from reportgen.globs import covers
from reportgen.harvest.items import fixed_folder
from reportgen.harvest.plan import dump_state, load_state
from reportgen.harvest.source import Source
from reportgen.harvest.summary import Notes
from reportgen.report import Reporter
from reportgen.store.db import Store

ALARMING = 0.2
"""When more than this share of the jobs is gone at once, and more than one, something else than tidying up has happened."""


def _pasted(name: str) -> str:
    """Return the full name in an address of a job, or in the path of one; empty where a name is neither."""
    parts = name.split("/")
    begin = parts.index("job") if "://" in name and "job" in parts else 0
    path = parts[begin:]
    return "/".join(map(unquote, path[1::2])) if set(path[::2]) == {"job"} else ""


class LostJobs:
    """Marks jobs that are gone.

    `selects` tells which names this harvest is about, `mark` is that of its share of the builds.
    """

    def __init__(
        self, source: Source, store: Store, *, now: datetime, reporter: Reporter, selects: Callable[[str], bool], mark: str
    ) -> None:
        self._source, self._store = source, store
        self._now, self._reporter, self._mark = now, reporter, mark
        self._selects = selects
        self._stored: list[str] = []
        self._gone_before: list[str] = []
        self._gone: list[str] = []
        self.builds = 0
        """How many builds were newly marked as gone."""

    def remember(self) -> None:
        """Note which jobs there were before this harvest; to be called once those that were renamed have their new names."""
        with self._store.view() as view:
            jobs = [job for job in view.jobs() if self._selects(job.name)]
        self._stored = [job.name for job in jobs if job.gone_since is None]
        self._gone_before = [job.name for job in jobs if job.gone_since is not None]

    def explain(self, name: str, problem: HarvestError, notes: Notes) -> None:
        """Note why a configured name or pattern led to no job, after marking what it stood for if that is gone.

        A harvest that finds it gone has missed something; for later ones that is known, and a warning that says what to do.
        """
        if not isinstance(problem, NotFound) or not self._source.is_authoritative:
            notes.miss(name, problem)
            return
        gone = [each for each in self._stored if covers(name, each)]
        known = [*gone, *(each for each in self._gone_before if covers(name, each))]
        place = fixed_folder(name)
        if not known or not place or self._source.down is not None or not self._source.is_gone(place):
            notes.miss(name, self._absent(name, place))
            return
        kind, kept = (
            ("job", "its builds are kept") if known == [name] else ("folder", f"the builds of its {len(known)} jobs are kept")
        )
        why = NotFound(
            f"{name}: Jenkins no longer has this {kind}, or no longer shows it to this user; {kept}",
            hint="let this user read it; if it was renamed, name the new job under [[jobs]] with renamed_from; "
            "else take it out of [[jobs]]",
        )
        for each in gone:
            self._take(each)
        if gone:
            notes.miss(name, why)
        else:
            notes.remind(name, why)

    def _absent(self, name: str, place: str) -> NotFound:
        """Return what it means that there is nothing at `place`; without one it was the controller that was asked."""
        if not place:
            hint = "url under [jenkins] is the address of Jenkins itself, with its path if it has one, such as /jenkins"
            return NotFound(f"there is no Jenkins at {self._source.name} (404)", hint=hint)
        hint = "check the name under [[jobs]], the path of url under [jenkins], and that this user may read the job"
        meant = _pasted(name)
        if meant:
            hint = f'a full name has no job/ before its parts: write name = "{meant}" under [[jobs]]'
        return NotFound(f"there is no job {name} on Jenkins, or this user may not see it", hint=hint)

    def look(self, met: Collection[str], notes: Notes) -> None:
        """Mark the jobs that are stored, were not met, and are not in the folder they were in."""
        for name in self._stored:
            if name in met or name in self._gone:
                continue
            try:
                if self._source.is_gone(name):
                    self._take(name)
            except HarvestError as problem:
                notes.skip(name, problem.message)

    def alarm(self, notes: Notes) -> None:
        """Note it as something missed if far more jobs are gone than people delete in a day."""
        gone = [name for name in self._gone if name in self._stored]
        if len(gone) < 2 or len(gone) <= ALARMING * len(self._stored):
            return
        problem = HarvestError(
            f"{len(gone)} of {len(self._stored)} jobs are no longer seen on Jenkins, all at once; every run of them is kept",
            hint="check that url under [jenkins] leads to the same Jenkins, and that this user may still read these jobs",
        )
        notes.miss(self._source.name, problem)

    def _take(self, name: str) -> None:
        """Mark a job and all of its builds; if it comes back, all of them are looked at again."""
        state = load_state(self._store.harvest_state(name), self._mark)
        gone = self._store.mark_job_gone(name, last_seen=state.seen if state and state.seen else self._now)
        if state is not None:
            unsettled = replace(state, low=None, high=None, attempts={})
            self._store.set_harvest_state(name, dump_state(unsettled, self._mark))
        self._gone.append(name)
        self.builds += gone
        self._reporter.line(f"{name} is gone from Jenkins, or hidden from this user; {gone} builds are kept")
