"""From a source into the store: lists jobs, reads what is new, several builds at once, and saves them as they come."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reportgen.config import Config
from reportgen.errors import HarvestError
from reportgen.harvest.budget import Budget
from reportgen.harvest.fetch import ReadBuild
from reportgen.harvest.finding import Finding, take_renames
from reportgen.harvest.jobwork import JobWork, Lister, LoadBuild, Outcome, read_work
from reportgen.harvest.lost import LostJobs
from reportgen.harvest.plan import MOST_ATTEMPTS, Work, dump_state
from reportgen.harvest.shard import WHOLE, Shard
from reportgen.harvest.source import Source
from reportgen.harvest.summary import HarvestSummary, Notes
from reportgen.many import settled
from reportgen.model import Job
from reportgen.report import Reporter
from reportgen.store.db import Store
from reportgen.store.prune import drop_pruned

BATCH_BUILDS = 64
BATCH_SECONDS = 1.0
BATCH_BYTES = 32 << 20
WRITERS = 8
"""Threads that write files: they wait for the disk, not for the processor."""


def harvest(
    source: Source,
    store: Store,
    config: Config,
    *,
    now: datetime,
    reporter: Reporter,
    full: bool = False,
    jobs: Sequence[str] = (),
    shard: Shard = WHOLE,
    clock: Callable[[], float] = time.monotonic,
) -> HarvestSummary:
    """Bring the store up to date with what the source has, and return what was done.

    `full` reads every build anew; `jobs` are patterns that restrict the configured jobs; of their builds only those of `shard`
    are read. Whatever was read when this ends, by whatever cause, is in the store, and the next harvest goes on from there.
    What could not be had is in the summary; with a store that holds nothing to build a site from, the first such problem is
    raised instead (HarvestError). Begins nothing more when a budget of the configuration, of time or of requests, is used up.
    StoreError passes through.
    """
    work = _Harvest(source, store, config, now=now, reporter=reporter, full=full, only=tuple(jobs), shard=shard, clock=clock)
    try:
        work.run()
    except BaseException:
        source.stop()
        work.notes.release()
        raise
    summary = work.summary()
    if work.notes.first_problem is not None and _is_empty(store):
        raise work.notes.first_problem
    work.notes.release()
    return summary


def _is_empty(store: Store) -> bool:
    with store.view() as view:
        return not view.build_ids()


@dataclass(frozen=True, slots=True)
class _Listed:
    """What became of listing one name."""

    name: str
    job: JobWork | None = None
    problem: HarvestError | None = None
    left: bool = False


class _Harvest:
    def __init__(
        self,
        source: Source,
        store: Store,
        config: Config,
        *,
        now: datetime,
        reporter: Reporter,
        full: bool,
        only: tuple[str, ...],
        shard: Shard,
        clock: Callable[[], float],
    ) -> None:
        self.source, self.store, self.config = source, store, config
        self.now, self.reporter = now, reporter
        self.clock = clock
        self.started = clock()
        self.budget = Budget(config, clock, lambda: source.request_count)
        self.width = config.jenkins.concurrency if config.jenkins else 4
        self.writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="write")
        self.lister = Lister(source, store, config, self.writers, full, shard)
        self.finding = Finding(source, config, only)
        self.lost = LostJobs(source, store, now=now, reporter=reporter, selects=self.finding.selects, mark=shard.mark)
        self.load = LoadBuild(store)
        self.names: deque[str] = deque()
        self.met: set[str] = set()
        self.active: deque[JobWork] = deque()
        self.batch: list[tuple[JobWork, ReadBuild]] = []
        self.batch_bytes = 0
        self.listed_jobs: list[Job] = []
        self.batch_since = clock()
        self.results: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self.pending = 0
        self.counts = {"new": 0, "updated": 0, "unchanged": 0, "gone": 0, "running": 0}
        self.notes = Notes(reporter, hold=_is_empty(store))
        self.done = self.total = 0

    # -- the course of it

    def run(self) -> None:
        """Find jobs, work through them, and settle what is left."""
        take_renames(self.store, self.config, self.reporter)
        self.lost.remember()
        if not self._find_jobs():
            return
        with settled(), self.writers, ThreadPoolExecutor(self.width, thread_name_prefix="harvest") as pool:
            try:
                self._work_through(pool)
            except BaseException:
                self.source.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                self._flush()
                raise
            self._flush()
        for job in self.active:
            self._settle(job)
        self._save_jobs()
        drop_pruned(self.store)
        if self.source.down is None and not self.budget.spent:
            self.finding.tell_unmatched({*self.met, *(job.name for job in self.listed_jobs)}, self.notes)
            if self.source.is_authoritative and self.finding.is_answered:
                self.lost.look(self.met, self.notes)
        self.counts["gone"] += self.lost.builds
        self.lost.alarm(self.notes)

    def _save_jobs(self) -> None:
        """Save what is known of jobs; what a directory does not tell of one leaves what is stored."""
        jobs = self.listed_jobs
        if not self.source.is_authoritative:
            with self.store.view() as view:
                known = {job.name for job in view.jobs()}
            jobs = [job for job in jobs if job.name not in known]
        self.store.save_jobs(jobs, now=self.now)

    def _find_jobs(self) -> bool:
        """Find out which jobs to list; False where the source does not answer."""
        found = self.finding.find(self.lost, self.notes)
        self.names.extend(found.jobs)
        self.met.update(found.jobs)
        return not self.finding.failed

    def _work_through(self, pool: ThreadPoolExecutor) -> None:
        while self._submit(pool) or self.pending:
            future = self._next_result()
            if future is not None:
                self.pending -= 1
                self._take(future.result())
            if self._is_due():
                self._flush()

    def _is_due(self) -> bool:
        if len(self.batch) >= BATCH_BUILDS or self.batch_bytes >= BATCH_BYTES:
            return True
        return bool(self.batch) and self.clock() - self.batch_since >= BATCH_SECONDS

    def _next_result(self) -> Future[Any] | None:
        try:
            return self.results.get(timeout=BATCH_SECONDS)
        except queue.Empty:
            return None

    def _submit(self, pool: ThreadPoolExecutor) -> bool:
        """Keep the threads busy; False when there is nothing left to give them."""
        while self.pending < self.width + BATCH_BUILDS:
            task = self._next_task()
            if task is None:
                return False
            future: Future[Any] = pool.submit(*task)
            self.pending += 1
            future.add_done_callback(self.results.put)
        return True

    def _next_task(self) -> tuple[Any, ...] | None:
        if self.source.down is not None or self.budget.is_spent():
            return None
        for job in self.active:
            if job.todo:
                work = job.todo.popleft()
                job.open.add(work.number)
                return self._read, job, work
        if self.names and len(self.active) < 2 * self.width:
            return self._list, self.names.popleft()
        return None

    def _read(self, job: JobWork, work: Work) -> Outcome:
        return Outcome(job, work, left=True) if self.budget.is_spent() else read_work(job, work, self.load)

    def _list(self, name: str) -> _Listed:
        if self.budget.is_spent():
            return _Listed(name, left=True)
        try:
            return _Listed(name, self.lister.open(name))
        except HarvestError as problem:
            return _Listed(name, problem=problem)

    # -- results

    def _take(self, result: _Listed | Outcome) -> None:
        if isinstance(result, Outcome):
            self._take_build(result)
        elif result.job is not None:
            self._take_job(result.job)
        elif result.problem is not None:
            self.lost.explain(result.name, result.problem, self.notes)
        else:
            self.names.append(result.name)
        self.reporter.progress("builds", self.done, self.total)

    def _take_job(self, job: JobWork) -> None:
        self._add_parts(job.parts)
        if job.listing.is_folder or not self.finding.selects(job.name):
            return
        self.total += len(job.todo)
        self.counts["running"] += len(job.running)
        self.listed_jobs.append(job.listing.job)
        if job.plan.made_again is not None:  # written at once: after a stop, what was read of it would look like the same job
            self._mark_gone(job)
            self.store.set_harvest_state(job.name, dump_state(job.plan.made_again, self.lister.shard.mark))
        for number, problem in job.listing.unreadable:  # a directory remembers nothing: below what is stored it was told before
            tell = self.notes.miss if number > max(job.known, default=0) else self.notes.remind
            tell(f"{job.name} #{number}", problem)
        for number, count in (job.state.attempts if job.state else {}).items():
            if count >= MOST_ATTEMPTS:
                self.notes.skip(f"{job.name} #{number}", f"could not be read {count} times; --full tries again")
        self.active.append(job)
        self._close_if_finished(job)

    def _add_parts(self, parts: Iterable[str]) -> None:
        for name in parts:
            if name not in self.met and self.finding.selects(name):
                self.met.add(name)
                self.names.append(name)

    def _take_build(self, outcome: Outcome) -> None:
        job, number = outcome.job, outcome.work.number
        if outcome.left:
            return
        self.done += 1
        if outcome.running is not None:
            job.open.discard(number)
            job.unfinished[number] = outcome.running
        elif outcome.problem is not None:
            if self.source.down is None:
                job.failed.add(number)
                job.open.discard(number)
                self._miss_again(job, number, outcome.problem.message, outcome.problem)
            else:
                self.notes.miss(self.source.name, self.source.down)
        elif outcome.read is None:
            job.open.discard(number)
            job.saved.add(number)
            known = job.known.get(number)
            if known is not None and not known.gone:
                job.gone.append(number)
        else:
            self._note_losses(job, number, outcome.read)
            if not self.batch:
                self.batch_since = self.clock()
            self.batch.append((job, outcome.read))
            self.batch_bytes += outcome.read.size_bytes
        self._close_if_finished(job)

    def _note_losses(self, job: JobWork, number: int, read: ReadBuild) -> None:
        """Tell what of a build could not be fetched or read, and what its limits leave out."""
        if read.troubles:
            job.failed.add(number)
            self._miss_again(job, number, "; ".join(read.troubles[:3]), None)
        if read.unreadable:
            why = "; ".join(f"{each.path}: {each.reason}" for each in read.unreadable[:3])
            self.notes.miss(f"{job.name} #{number}", HarvestError(f"set aside: {why}"))
        if read.over_limit:
            first, *more = read.over_limit
            rest = f", and {len(more)} more" if more else ""
            what = f"{first.path}: " if first.path else ""
            self.notes.skip(f"{job.name} #{number}", f"{what}{first.reason}{rest}")

    def _miss_again(self, job: JobWork, number: int, why: str, problem: HarvestError | None) -> None:
        """Tell of a build that could not be read: as new the first time, as known from then on."""
        if job.state is not None and job.state.attempts.get(number):
            self.notes.skip(f"{job.name} #{number}", why)
        else:
            self.notes.miss(f"{job.name} #{number}", problem or HarvestError(why), why=why)

    # -- saving

    def _close_if_finished(self, job: JobWork) -> None:
        if job.is_finished and job in self.active:
            self.active.remove(job)
            self._settle(job)

    def _flush(self) -> None:
        """Save the builds that were read, and settle the jobs that are finished with that."""
        batch, self.batch, self.batch_bytes = self.batch, [], 0
        if not batch:
            return
        for write in [write for _, read in batch for write in read.writes]:
            write.result()
        saved = self.store.save_builds([read.build for _, read in batch], now=self.now)
        self.notes.release()
        self.counts["new"] += saved.new
        self.counts["updated"] += saved.updated
        self.counts["unchanged"] += saved.unchanged
        for job, read in batch:
            job.open.discard(read.build.number)
            if read.build.number not in job.failed:
                job.saved.add(read.build.number)
        for job in {id(job): job for job, _ in batch}.values():
            self._close_if_finished(job)

    def _settle(self, job: JobWork) -> None:
        """Write down what is true of a job beside its builds."""
        if not self.source.is_authoritative:
            return
        self.store.set_running(job.name, (*job.running, *job.unfinished.values()))
        self._mark_gone(job)
        self.store.set_harvest_state(job.name, dump_state(job.next_state(self.now), self.lister.shard.mark))

    def _mark_gone(self, job: JobWork) -> None:
        seen = job.state.seen if job.state and job.state.seen else self.now
        gone: list[int | tuple[int, datetime]] = [*job.gone, *job.plan.replaced]
        if gone:
            self.counts["gone"] += self.store.mark_gone(job.name, gone, last_seen=seen)

    def summary(self) -> HarvestSummary:
        """Return what was done so far."""
        if self.budget.spent:
            left = sum(len(job.todo) + len(job.open) for job in self.active)
            more = f", and {len(self.names)} jobs" if self.names else ""
            self.notes.skip(self.budget.spent, f"{left} builds{more} are left for the next harvest")
            self.reporter.warn(f"the {self.budget.spent} is used up: {left} builds{more} are left for the next harvest")
        return HarvestSummary(
            jobs=len(self.listed_jobs),
            **self.counts,
            requests=self.source.request_count,
            received_bytes=self.source.received_bytes,
            seconds=self.clock() - self.started,
            missed=tuple(self.notes.missed),
            skipped=tuple(self.notes.skipped),
        )
