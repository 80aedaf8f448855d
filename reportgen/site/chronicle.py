"""What was known when each run was made: its neighbours, the champion and rank of that moment, and where its data came from.

Made once per build of the site from light rows (the metrics that boards rank by, nothing else); small facts come out, which
travel to worker processes and decide which pages have to be looked at again.
"""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from reportgen.analysis.missing import has_failed
from reportgen.analysis.options import default_leaderboard
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.standing import NOWHERE, Place, Standings
from reportgen.analysis.values import MetricOptions
from reportgen.globs import covers
from reportgen.many import gather
from reportgen.model import RunRow
from reportgen.site.links import Links
from reportgen.site.pages.past import HISTORY
from reportgen.store.values import BuildRow

_UPSTREAM = 12
_ENCODE = json.JSONEncoder(default=str).encode


class Ref(NamedTuple):
    """A run in the store: the build's row, and the run's name and record (both empty for a build without runs)."""

    build: int
    name: str = ""
    record: str = ""


class Near(NamedTuple):
    """A build of the same job before or after."""

    build: int
    number: int
    started_at: datetime


class Step(NamedTuple):
    """A run that another was made from, and what it handed on."""

    run: Ref
    made: str
    digest: str


class Caused(NamedTuple):
    """A build that started another and that the site has: as Jenkins wrote it, and the path of its page."""

    job: str
    number: int
    path: str


class Facts(NamedTuple):
    """The past of one run in references; `window` are the builds of its small histories, oldest first, its own last."""

    path: str
    run: Ref
    window: tuple[int, ...]
    metric: str = ""
    previous: Ref | None = None
    same_data: str = "unknown"
    champion: Ref | None = None
    champion_rule: str = ""
    champion_comparable: bool = False
    baseline: Ref | None = None
    baseline_comparable: bool = False
    place: Place = NOWHERE
    before: Near | None = None
    after: Near | None = None
    last_good: Ref | None = None
    failures: int = 0
    """How many builds of the job failed before; `failures_digest` moves with any of them. Both empty for a success."""
    failures_digest: str = ""
    upstream: tuple[Step, ...] = ()
    causes: tuple[Caused, ...] = ()

    def builds(self) -> Iterator[int]:
        """Yield the builds whose content the page may show; the neighbours are named by their numbers alone."""
        yield from self.window
        for ref in (self.previous, self.champion, self.baseline, self.last_good):
            if ref is not None:
                yield ref.build
        for step in self.upstream:
            yield step.run.build

    def digest(self, revisions: Mapping[int, int]) -> str:
        """Return what moves when the page may have to change, whatever all pages depend on."""
        cited = [(build, revisions.get(build)) for build in self.builds()]
        return sha256(_ENCODE((self, cited)).encode()).hexdigest()


def ref_of(row: RunRow) -> Ref:
    """Return the reference to the run in `row`."""
    return Ref(row.build_id, row.name, row.record)


class Chronicle:
    """The past of every run of a site, from the rows of all its runs.

    `builds` come newest first; `index` holds the rows of all runs with the metrics that the `boards` rank by; the
    `sample` has all metrics of the newest runs of jobs without a board.
    """

    def __init__(
        self,
        builds: Sequence[BuildRow],
        index: BuildIndex,
        boards: Sequence[Standings],
        links: Links,
        metrics: Mapping[str, MetricOptions],
        sample: Iterable[RunRow] = (),
        caused_by: Mapping[int, Sequence[tuple[str, str, int]]] | None = None,
    ) -> None:
        self.links = links
        self.boards = boards
        self.index = index
        self.revisions = {build.id: build.revision for build in builds}
        self._caused_by = caused_by or {}
        self._jobs: dict[str, list[BuildRow]] = {}
        self._numbers: dict[str, dict[int, Sequence[BuildRow]]] = {}
        for build in reversed(builds):
            self._jobs.setdefault(build.job, []).append(build)
            gather(self._numbers.setdefault(build.job, {}), build.number, build)
        self._rows: dict[int, Sequence[RunRow]] = {}
        for row in self.index.rows:
            gather(self._rows, row.build_id, row)
        self._board_of = {job: self._first_board(job) for job in self._jobs}
        self._metric_of: dict[str, str] = {}
        sampled: dict[str, list[RunRow]] = {}
        for row in sample:
            sampled.setdefault(row.job, []).append(row)
        for job in self._jobs:
            board = self._board_of[job]
            if board is not None:
                self._metric_of[job] = board.options.metric
            else:
                found = default_leaderboard(job, sampled.get(job, []), metrics)
                self._metric_of[job] = found.metric if found else ""

    def _first_board(self, job: str) -> Standings | None:
        return next((b for b in self.boards if any(covers(pattern, job) for pattern in b.options.jobs)), None)

    @property
    def jobs(self) -> Mapping[str, Sequence[BuildRow]]:
        """The builds of each job, oldest first."""
        return self._jobs

    def metric(self, job: str) -> str:
        """Return the metric that runs of a job are judged by; empty if there is none."""
        return self._metric_of.get(job, "")

    def rows_of(self, build: int) -> Sequence[RunRow]:
        """Return the light rows of a build's runs."""
        return self._rows.get(build, ())

    def failed(self, job: str) -> list[int]:
        """Return the builds of a job that did not succeed, oldest first."""
        return [build.id for build in self._jobs[job] if build.result != "SUCCESS"]

    def pages(self) -> int:
        """Return how many run pages there are: one for each run, and one for each build that has not just one."""
        builds = sum(map(len, self._jobs.values()))
        alone = sum(1 for rows in self._rows.values() if len(rows) == 1)
        return len(self.index.rows) + builds - alone

    def lasting(self) -> str:
        """Return a digest of what the facts of all runs depend on besides what came before each and what came next."""
        names = sorted(self._jobs.keys() | self.index.jobs)
        boards = [board.lasting for board in self.boards]
        text = repr((names, sorted(self._metric_of.items()), boards, self.index.fingerprinted))
        return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()

    def paths(self, build: BuildRow) -> list[str]:
        """Return the run pages of a build; none where facts of a run may come later: one without a value is put to others."""
        board, rows = self._board_of[build.job], self._rows.get(build.id, ())
        if board is not None and not all(board.place(row).comparable for row in rows):
            return []
        own = [] if len(rows) == 1 else [self.links.build(build.job, build.number, build.started_at)]
        return own + [self.links.row(row) for row in rows]

    def facts(self, job: str, *, known: Collection[int] = ()) -> Iterator[Facts]:
        """Yield the facts of the run pages of a job, oldest first, but for `known` builds; none where there is no such job."""
        builds = self._jobs.get(job, ())
        last: RunRow | None = None
        by_name: dict[str, RunRow] = {}
        good: RunRow | None = None
        failures, failed = sha256(), 0
        ids = [build.id for build in builds]
        board = self._board_of.get(job)
        ranked = board.options.metric if board else ""
        for position, build in enumerate(builds):
            rows = self._rows.get(build.id, ())
            if build.id not in known:
                near = Facts(
                    path=self.links.build(job, build.number, build.started_at),
                    run=Ref(build.id),
                    window=tuple(ids[max(0, position - HISTORY + 1) : position + 1]),
                    metric=self.metric(job),
                    before=_near(builds, position - 1),
                    after=_near(builds, position + 1),
                    last_good=ref_of(good) if good else None,
                    failures=failed if build.result != "SUCCESS" else 0,
                    failures_digest=failures.hexdigest() if build.result != "SUCCESS" and failed else "",
                    causes=tuple(self._causes(build)),
                )
                if len(rows) != 1:  # the page of the build itself: it lists its runs, or says that there are none
                    yield near._replace(previous=ref_of(last) if last else None)
                for row in rows:
                    previous = by_name.get(row.name, last) if row.several else last
                    yield self._with_past(near, row, previous)
            for row in rows:
                worth = _worth(row, ranked)
                last = row if worth or last is None or not _worth(last, ranked) else last
                by_name[row.name] = row if worth else by_name.get(row.name, row)
                if build.result == "SUCCESS" and not has_failed(row) and row.status != "interrupted":
                    good = row
            if build.result != "SUCCESS":
                failed += 1
                failures.update(f"{build.id}:{build.revision} ".encode())

    def _causes(self, build: BuildRow) -> Iterator[Caused]:
        """Yield the builds that started this one, as far as the site has pages of them."""
        for written, job, number in self._caused_by.get(build.id, ()):
            known = self._numbers.get(job, {}).get(number, ())
            place = bisect.bisect_right(known, build.started_at, key=lambda each: each.started_at)
            if place:
                yield Caused(written, number, self.links.build(job, number, known[place - 1].started_at))

    def _with_past(self, near: Facts, row: RunRow, previous: RunRow | None) -> Facts:
        board = self._board_of[row.job]
        champion, rule, alike = board.champion(row) if board else (None, "", False)
        baseline, baseline_alike = board.baseline(row) if board else (None, False)
        return near._replace(
            path=self.links.row(row),
            run=ref_of(row),
            previous=ref_of(previous) if previous else None,
            same_data=_same_data(row, previous),
            champion=ref_of(champion) if champion else None,
            champion_rule=rule,
            champion_comparable=alike,
            baseline=ref_of(baseline) if baseline else None,
            baseline_comparable=baseline_alike,
            place=board.place(row) if board else NOWHERE,
            upstream=self._upstream(row),
        )

    def _upstream(self, row: RunRow) -> tuple[Step, ...]:
        """What the run came from, oldest first.

        A fingerprint names the build that first made the same bytes; it counts only for what no other build is known to have
        handed on, and not within a job, which makes the same data again.
        """
        if not (row.upstream or row.fingerprints or row.params):
            return ()
        steps: dict[Ref, tuple[datetime, Step]] = {}
        used = {d.sha256: d.name for d in row.datasets if d.sha256} | {
            m.sha256: m.name for m in row.models if m.role == "input"
        }
        for found in self.index.walk_up(row, fingerprints=False):
            self._step(found, used, steps)
            if len(steps) == _UPSTREAM:
                break
        if self.index.fingerprinted and (used or not steps) and len(steps) < _UPSTREAM:
            known, jobs = bool(steps), {row.job}
            for found in self.index.walk_up(row):
                if len(steps) == _UPSTREAM:
                    break
                if found.job not in jobs and ref_of(found) not in steps and (not known or _handed(found, used)):
                    jobs.add(found.job)
                    self._step(found, used, steps)
        ordered = sorted(steps.values(), key=itemgetter(0))
        return tuple(step for _, step in ordered)

    def _step(self, found: RunRow, used: dict[str, str], steps: dict[Ref, tuple[datetime, Step]]) -> None:
        """Add a run to the `steps` and take what it handed on from what was `used`; what it used itself comes in its place."""
        handed = _handed(found, used)
        digest = handed[0] if handed else ""
        steps[ref_of(found)] = (found.started_at, Step(ref_of(found), used.pop(digest, "") if digest else "", digest))
        own = {d.sha256: d.name for d in found.datasets if d.sha256}
        if digest in own:  # it makes data sets
            for each in own:
                used.pop(each, None)
        else:
            used |= own


def _handed(found: RunRow, used: Mapping[str, str]) -> list[str]:
    """Return the digests among those `used` that a run made or handed on, models first."""
    models = [m.sha256 for m in found.models if m.role == "made" and m.sha256 in used]
    return models + [d.sha256 for d in found.datasets if d.sha256 and d.sha256 in used]


def _worth(row: RunRow, metric: str) -> bool:
    """Whether later runs are compared with this one: it has a value of the `metric` that ranks it; unranked, it ended well."""
    if not metric:
        return row.result in ("SUCCESS", "UNSTABLE") and not has_failed(row) and row.status != "interrupted"
    found = row.metrics.get(metric)
    return found is not None and found.value is not None and math.isfinite(found.value)


def _near(builds: Sequence[BuildRow], position: int) -> Near | None:
    if not 0 <= position < len(builds):
        return None
    build = builds[position]
    return Near(build.id, build.number, build.started_at)


def _same_data(row: RunRow, previous: RunRow | None) -> str:
    """Whether two runs were scored on the same validation data: same, changed, or unknown."""
    if previous is None:
        return "unknown"
    mine, theirs = _validation(row), _validation(previous)
    if not mine or not theirs:
        return "unknown"
    return "same" if mine == theirs else "changed"


def _validation(row: RunRow) -> frozenset[str]:
    return frozenset(d.sha256 for d in row.datasets if d.sha256 and d.role in ("validation", "val", "valid", "test"))
