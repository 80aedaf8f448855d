"""One job on its way through a harvest: listed, planned, its builds read one by one, then settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime

from reportgen.config import Config, JobConfig
from reportgen.errors import HarvestError, NotFound, StoreError
from reportgen.harvest.fetch import BuildReader, ReadBuild
from reportgen.harvest.plan import FEW, JobPlan, JobState, Work, load_state, next_state, plan_job
from reportgen.harvest.shard import WHOLE, Shard
from reportgen.harvest.source import Listing, Source
from reportgen.harvest.stages import StageCensus, StageProbe
from reportgen.model import Build, RunningBuild
from reportgen.store.db import Store
from reportgen.store.values import KnownBuild

MOST_HIDDEN = 3
"""So many builds that vanished from within the list are looked for themselves; more of them are taken for discarded."""


@dataclass(slots=True)
class JobWork:
    """What is known and still to do of one job."""

    name: str
    entry: JobConfig
    listing: Listing
    known: Mapping[int, KnownBuild]
    state: JobState | None
    plan: JobPlan
    reader: BuildReader
    todo: deque[Work]
    gone: list[int]
    running: tuple[RunningBuild, ...] = ()
    unfinished: dict[int, RunningBuild] = field(default_factory=dict)
    """Builds below the list that turned out to run still."""
    parts: tuple[str, ...] = ()
    open: set[int] = field(default_factory=set)
    saved: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    @property
    def is_finished(self) -> bool:
        """Tell whether every build that was to be read has been."""
        return not self.todo and not self.open

    def next_state(self, now: datetime) -> JobState:
        """Return what to remember; builds that were not reached are the next harvest's."""
        left = self.open | {work.number for work in self.todo}
        settled_from = max(left) + 1 if left else self.listing.first
        state = self.plan.made_again or self.state
        return next_state(
            state,
            self.listing,
            settled_from=settled_from,
            failed=self.failed,
            settled=self.saved,
            unfinished=self.unfinished,
            seen=now,
        )


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists and plans jobs; runs in any thread."""

    source: Source
    store: Store
    config: Config
    writers: Executor
    full: bool = False
    shard: Shard = WHOLE
    stages: StageCensus = field(default_factory=StageCensus)

    def open(self, name: str) -> JobWork:
        """Return the work on a job or, with `parts` alone, the jobs in a folder of that name. Raises HarvestError."""
        known = self.store.known_builds(name)
        state = load_state(self.store.harvest_state(name), self.shard.mark)
        first_sight = state is None
        listing = self._list(name, facts=first_sight or self.full)
        entry = self.config.job(name) or JobConfig.model_validate({"name": name})
        if listing.is_folder:
            return self._work(listing, entry, known, state, JobPlan())
        if not listing.complete and (first_sight or self.full):
            listing = self._list_all(name, listing, known)
        plan = self._share(plan_job(listing, known, state, full=self.full, authoritative=self.source.is_authoritative), name)
        if len(plan.missing_below) > FEW and not first_sight and not self.full and self._is_bounded(listing):
            listing = self._list_all(name, listing, known)
            plan = self._share(plan_job(listing, known, state), name)
        work = self._work(listing, entry, known, state, plan)
        kind = listing.job.kind
        work.running = tuple(running_build(self.source, name, kind, build.number, build.started_at) for build in plan.running)
        work.gone.extend(self._look_for(name, plan.hidden))
        return work

    def _share(self, plan: JobPlan, name: str) -> JobPlan:
        return plan if self.shard == WHOLE else plan.share(lambda number: self.shard.takes(name, number))

    def _list(self, name: str, *, facts: bool) -> Listing:
        """Return the list with everything about each build; if Jenkins fails on that, with what a list needs."""
        try:
            return self.source.list_builds(name, facts=facts)
        except NotFound:
            raise
        except HarvestError:
            if not facts or self.source.down is not None:
                raise
            return self.source.list_builds(name)

    def _list_all(self, name: str, listing: Listing, known: Mapping[int, KnownBuild]) -> Listing:
        """Return the list of all builds where they are not too many and Jenkins manages it in time."""
        below = min((build.number for build in listing.builds), default=0) - (listing.first or 0)
        if not self._is_bounded(listing) or (not self.full and below <= FEW and known):
            return listing
        try:
            everything = self.source.list_builds(name, facts=True, everything=True)
        except HarvestError:
            if self.source.down is not None:
                raise
            return listing
        return everything if everything.builds or listing.first is None else listing

    def _is_bounded(self, listing: Listing) -> bool:
        oldest = min((build.number for build in listing.builds), default=0)
        backfill = self.config.jenkins.backfill if self.config.jenkins else 0
        return listing.first is not None and oldest - listing.first <= backfill

    def _work(
        self, listing: Listing, entry: JobConfig, known: Mapping[int, KnownBuild], state: JobState | None, plan: JobPlan
    ) -> JobWork:
        reader = BuildReader(
            source=self.source,
            config=self.config,
            entry=entry,
            put_blob=self.store.put_blob,
            put_soon=lambda content: self.writers.submit(self.store.put_blob, content),
            read_blob=self.store.blobs.read,
            stages=StageProbe(self.stages),
        )
        return JobWork(
            name=listing.job.name,
            entry=entry,
            listing=listing,
            known=known,
            state=state,
            plan=plan,
            reader=reader,
            todo=deque((*plan.work, *_direct(plan, known))),
            gone=list(plan.gone),
            parts=listing.parts,
        )

    def _look_for(self, name: str, hidden: tuple[int, ...]) -> Iterator[int]:
        """Yield the builds that are gone among those missing from within the list; Jenkins leaves out what it cannot load."""
        for number in hidden:
            if len(hidden) > MOST_HIDDEN:
                yield number
                continue
            try:
                self.source.fetch_facts(name, number)
            except NotFound:
                yield number
            except HarvestError:
                if self.source.down is not None:
                    raise


def running_build(source: Source, job: str, kind: str, number: int, started_at: datetime) -> RunningBuild:
    """Return a build that is not final, with what it waits for if its job is a pipeline."""
    waiting = None
    if kind.endswith(".WorkflowJob"):
        try:
            waiting = source.fetch_waiting_for(job, number)
        except HarvestError:
            if source.down is not None:
                raise
    return RunningBuild(job=job, number=number, started_at=started_at, waiting_for=waiting)


def _direct(plan: JobPlan, known: Mapping[int, KnownBuild]) -> Iterator[Work]:
    for number in plan.missing_below:
        yield Work(number=number, is_known=number in known, again=number in known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one build: read, still running, a problem, left for another harvest, or else absent."""

    job: JobWork
    work: Work
    read: ReadBuild | None = None
    running: RunningBuild | None = None
    problem: HarvestError | None = None
    left: bool = False


def read_work(job: JobWork, work: Work, load: LoadBuild) -> Outcome:
    """Read one build; runs in any thread and raises nothing but bugs and a full disk."""
    try:
        return _read(job, work, load)
    except NotFound:
        return Outcome(job, work)
    except HarvestError as problem:
        return Outcome(job, work, problem=problem)


def _read(job: JobWork, work: Work, load: LoadBuild) -> Outcome:
    facts = work.listed.facts if work.listed is not None else None
    if facts is None:
        facts = job.reader.source.fetch_facts(job.name, work.number)
    build = facts.build
    if facts.running:
        kind = job.listing.job.kind
        return Outcome(job, work, running=running_build(job.reader.source, job.name, kind, work.number, build.started_at))
    old = load(job.name, work.number, build.started_at) if work.is_known else None
    if old is None:
        return Outcome(job, work, job.reader.read(facts))
    return Outcome(job, work, job.reader.read(facts, old) if work.again else job.reader.renew(facts, old))


class LoadBuild:
    """Loads stored builds, each thread for itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, job: str, number: int, started_at: datetime) -> Build | None:
        """Return the stored build, None where there is none that started then."""
        with self._store.view() as view:
            try:
                build = view.build(job, number, started_at)
            except StoreError:
                return None
        return replace(build, gone_since=None)
