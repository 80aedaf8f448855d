"""Passes through a pipeline: which featureset became which model, where it was validated, who approved it, what runs now.

A pass ends in a build that nothing later in the pipeline came of. Steps before it are found by the model's digest first, then
by causes and parameters, by fingerprints, by data set digests; so chains hold although builds were started by hand, and show
where a part is missing.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportgen.analysis.comparable import order
from reportgen.analysis.decisions import Ruling
from reportgen.analysis.lineage import Graph, lineage, model_node, run_node
from reportgen.analysis.missing import has_failed
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.values import RunId, run_id
from reportgen.globs import covers
from reportgen.model import Job, RunningBuild, RunRow

StepState = Literal["done", "failed", "running", "waiting", "open", "stopped", "missing"]
PassState = Literal["deployed", "approved", "rejected", "revoked", "waiting", "running", "failed", "open", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions:
    """A pipeline: its jobs in order (patterns), and those in which people decide."""

    name: str
    jobs: tuple[str, ...]
    title: str = ""
    approve: str | None = None
    deploy: str | None = None

    @property
    def label(self) -> str:
        """The title, else the name."""
        return self.title or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One job's part in a pass. `missing` means that later steps ran and this one is not known; `open` that it has not run yet,
    `waiting` that a person has to start or answer it, `stopped` that an earlier step failed or was turned down."""

    job: str
    state: StepState
    run: RunRow | None = None
    running: RunningBuild | None = None
    ruling: Ruling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One way through the pipeline, named by its last build."""

    steps: tuple[Step, ...]
    state: PassState
    model: str | None
    last: RunRow

    @property
    def started_at(self) -> datetime:
        """When its last build started."""
        return self.last.started_at

    @property
    def broken(self) -> bool:
        """Whether a step in between is not known."""
        return any(step.state == "missing" for step in self.steps)


def find_passes(
    options: PipelineOptions,
    rows: Iterable[RunRow] | BuildIndex,
    *,
    graph: Graph | None = None,
    rulings: Sequence[Ruling] = (),
    running: Sequence[RunningBuild] = (),
) -> tuple[Pass, ...]:
    """Return the passes of a pipeline, newest first. `rulings` tell who decided (`find_rulings`)."""
    index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
    finder = _Finder(options, index, graph or lineage(index), rulings, running)
    return finder.passes()


class _Finder:
    def __init__(
        self,
        options: PipelineOptions,
        index: BuildIndex,
        graph: Graph,
        rulings: Sequence[Ruling],
        running: Sequence[RunningBuild],
    ) -> None:
        self.options = options
        self.index = index
        self.graph = graph
        self.running = running
        self._known_makers: dict[str, list[RunRow]] = {}
        self.by_source: dict[RunId, list[Ruling]] = {}
        for ruling in rulings:
            self.by_source.setdefault(run_id(ruling.source), []).append(ruling)
        self.places = {job: place for job in index.jobs if (place := self._place(job)) is not None}
        self.rows = _one_per_build(row for row in index.rows if row.job in self.places)

    def _place(self, job: str) -> int | None:
        return next((i for i, pattern in enumerate(self.options.jobs) if covers(pattern, job)), None)

    def passes(self) -> tuple[Pass, ...]:
        """One pass for every run that no later pass holds, from the end of the pipeline backwards."""
        found: list[Pass] = []
        covered: set[RunId] = set()
        for row in sorted(self.rows, key=lambda r: (self.places[r.job], order(r)), reverse=True):
            if run_id(row) in covered:
                continue
            chain = self._chain(row)
            covered |= {run_id(member) for member in chain.values()}
            found.append(self._pass(row, chain))
        return tuple(sorted(found, key=lambda one: order(one.last), reverse=True))

    def _chain(self, row: RunRow) -> dict[int, RunRow]:
        """The run itself and, for every earlier place of the pipeline, the run it came from."""
        own = self.places[row.job]
        chain = {own: row}
        for ways in (self._by_model, self._by_cause, self._by_fingerprint, self._by_data):
            for member in sorted(chain.values(), key=lambda r: -self.places[r.job]):
                if len(chain) > own:
                    return chain
                for found in ways(member):
                    place = self.places.get(found.job)
                    if place is not None and place < own and place not in chain:
                        chain[place] = found
        return chain

    def _by_model(self, row: RunRow) -> list[RunRow]:
        """Runs that made or used the model of `row` before it, the newest first."""
        found: dict[RunId, RunRow] = {}
        for digest in _models_of(row):
            node = model_node(digest)
            for other in [*self.graph.deciders(node), *self.graph.users(node), *self.graph.makers(node)]:
                if order(other) < order(row):
                    found[run_id(other)] = other
        caused = {run_id(other) for other in self._by_cause(row)}
        return sorted(found.values(), key=lambda r: (run_id(r) not in caused, -r.started_at.timestamp()))

    def _by_cause(self, row: RunRow) -> list[RunRow]:
        return list(self.index.walk_up(row, fingerprints=False))

    def _by_fingerprint(self, row: RunRow) -> list[RunRow]:
        return list(self.index.walk_up(row))

    def _by_data(self, row: RunRow) -> list[RunRow]:
        """The run that made each data set of `row` last before it, the newest first."""
        made: list[RunRow] = []
        for edge, node in self.graph.up(run_node(row)):
            if edge.kind == "used" and node.kind == "dataset":
                makers = self._makers(node.id)
                place = bisect.bisect_left(makers, order(row), key=order)
                made += makers[place - 1 : place] if place else []
        return sorted(made, key=order, reverse=True)

    def _makers(self, node: str) -> list[RunRow]:
        if node not in self._known_makers:
            self._known_makers[node] = self.graph.makers(node)
        return self._known_makers[node]

    def _pass(self, last: RunRow, chain: Mapping[int, RunRow]) -> Pass:
        reached = max(chain)
        steps: list[Step] = []
        for place, pattern in enumerate(self.options.jobs):
            run = chain.get(place)
            if run is not None:
                steps.append(self._done(run))
            elif place < reached:
                steps.append(Step(job=pattern, state="missing"))
            else:
                steps.append(self._ahead(pattern, steps, last))
        return Pass(steps=tuple(steps), state=_state_of(steps), model=_model_of(last, chain), last=last)

    def _done(self, run: RunRow) -> Step:
        ruling = next(iter(self.by_source.get(run_id(run), ())), None)
        return Step(job=run.job, state="failed" if has_failed(run) else "done", run=run, ruling=ruling)

    def _ahead(self, pattern: str, steps: Sequence[Step], last: RunRow) -> Step:
        """A step that has not run: running now, stopped by what came before, waiting for a person, or simply open."""
        before = steps[-1] if steps else None
        refused = before is not None and before.ruling is not None and before.ruling.kind in ("rejected", "revoked")
        if before is not None and (before.state in ("failed", "stopped") or refused):
            return Step(job=pattern, state="stopped")
        now = next((r for r in self.running if covers(pattern, r.job) and r.started_at >= last.started_at), None)
        if now is not None and before is not None and before.run is last:
            return Step(job=pattern, state="waiting" if now.waiting_for else "running", running=now)
        human = pattern in (self.options.approve, self.options.deploy)
        ready = before is not None and before.state == "done"
        return Step(job=pattern, state="waiting" if human and ready else "open")


def _one_per_build(rows: Iterable[RunRow]) -> list[RunRow]:
    """Of a build with several runs the one that made a model, else the last."""
    builds: dict[tuple[str, int, datetime], RunRow] = {}
    for row in rows:
        key = (row.job, row.number, row.started_at)
        if key not in builds or row.models or not builds[key].models:
            builds[key] = row
    return list(builds.values())


def _model_of(last: RunRow, chain: Mapping[int, RunRow]) -> str | None:
    known = (digest for place in sorted(chain, reverse=True) for digest in _models_of(chain[place]))
    return next(iter([*_models_of(last), *known]), None)


def _models_of(run: RunRow) -> list[str]:
    return [m.sha256 for m in run.models] + [d.model for d in run.decisions if d.model]


def _state_of(steps: Sequence[Step]) -> PassState:
    said = {step.ruling.kind for step in steps if step.ruling is not None and step.state == "done"}
    states = {step.state for step in steps}
    for step in steps:
        if step.ruling is not None and (step.ruling.kind == "rejected" or step.ruling.kind == "revoked"):
            return step.ruling.kind
    if "failed" in states:
        return "failed"
    if "deployed" in said:
        return "deployed"
    for state in ("running", "waiting"):
        if state in states:
            return "approved" if state == "waiting" and "approved" in said else state
    if "approved" in said:
        return "approved"
    return "open" if "open" in states else "done"


def find_pipelines(rows: Iterable[RunRow] | BuildIndex, jobs: Sequence[Job] = ()) -> tuple[PipelineOptions, ...]:
    """Return the pipelines that causes, up- and downstream jobs and lineage tell of, where none is configured.

    Jobs that hang together make one pipeline, in the order in which things pass from one to the next.
    """
    index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
    arrows = _job_arrows(index, jobs)
    found = []
    for members in _components(arrows):
        ordered = _topological(members, arrows)
        name = _common_folder(ordered) or ordered[0]
        found.append(
            PipelineOptions(
                name=name, jobs=tuple(ordered), approve=_called(ordered, "approve"), deploy=_called(ordered, "deploy")
            )
        )
    return tuple(sorted(found, key=lambda pipeline: pipeline.name))


def _job_arrows(index: BuildIndex, jobs: Sequence[Job]) -> dict[tuple[str, str], int]:
    """How often something passed from one job to another; jobs that are only named are left out."""
    arrows: dict[tuple[str, str], int] = {}
    known = index.jobs | {job.name for job in jobs}

    def count(source: str, target: str) -> None:
        if source != target and source in known and target in known:
            arrows[source, target] = arrows.get((source, target), 0) + 1

    for job in jobs:
        for other in job.upstream:
            count(other, job.name)
        for other in job.downstream:
            count(job.name, other)
    made: dict[str, str] = {}
    for row in index.rows:
        for job_name, _ in index.upstream(row):
            count(job_name, row.job)
        for model in row.models:
            if model.role == "made":
                made.setdefault(model.sha256, row.job)
            elif model.sha256 in made:
                count(made[model.sha256], row.job)
    return arrows


def _components(arrows: Mapping[tuple[str, str], int]) -> list[list[str]]:
    near: dict[str, set[str]] = {}
    for source, target in arrows:
        near.setdefault(source, set()).add(target)
        near.setdefault(target, set()).add(source)
    left, found = set(near), []
    while left:
        waiting, members = [min(left)], set()
        while waiting:
            job = waiting.pop()
            if job not in members:
                members.add(job)
                waiting += sorted(near[job] - members)
        left -= members
        found.append(sorted(members))
    return found


def _topological(members: Sequence[str], arrows: Mapping[tuple[str, str], int]) -> list[str]:
    """Jobs in the order of their arrows; where these go round, the job with the fewest arrows left into it comes next."""
    left, ordered = set(members), []
    while left:
        heavy = dict.fromkeys(left, 0)
        for (source, target), times in arrows.items():
            if source in left and target in left and times > arrows.get((target, source), 0):
                heavy[target] += times
        job = min(left, key=lambda name: (heavy[name], name))
        ordered.append(job)
        left.remove(job)
    return ordered


def _common_folder(jobs: Sequence[str]) -> str:
    folders = {job.rpartition("/")[0] for job in jobs}
    return folders.pop() if len(folders) == 1 else ""


def _called(jobs: Sequence[str], word: str) -> str | None:
    return next((job for job in jobs if word in job.rpartition("/")[2].lower()), None)
