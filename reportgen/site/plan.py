"""Which pages to look at: all that the whole site needs of the store, in light values, and the keys that tell what moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path

from reportgen.analysis.decisions import Ruling, find_rulings
from reportgen.analysis.judge import Judged, judge
from reportgen.analysis.lineage import Graph, lineage
from reportgen.analysis.options import decision_jobs, metric_options
from reportgen.analysis.pipeline import PipelineOptions, find_pipelines
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.standing import Standings
from reportgen.analysis.values import LeaderboardOptions
from reportgen.config import Config
from reportgen.globs import covers
from reportgen.model import Job, RunningBuild
from reportgen.site.chronicle import Chronicle
from reportgen.site.evaluations import BoardRows, Found
from reportgen.site.links import Links
from reportgen.site.manifest import Entry
from reportgen.site.pages.base import Site
from reportgen.site.reading import board_metrics, leaderboards, misfits, newest_runs, site_links
from reportgen.site.work import Chunk, Task
from reportgen.store.pages import PageRow
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

_CHUNK = 120


@dataclass(frozen=True)
class Survey:
    """What the whole site is made from, in light values: all runs with the metrics that boards need and no others."""

    site: Site
    config: Config
    revision: int
    as_of: datetime | None
    jobs: tuple[Job, ...]
    running: tuple[RunningBuild, ...]
    builds: tuple[BuildRow, ...]
    judged: tuple[Judged, ...]
    rulings: tuple[Ruling, ...]
    chronicle: Chronicle
    misfits: tuple[str, ...] = ()

    @cached_property
    def graph(self) -> Graph:
        """What was made from what."""
        return lineage(self.chronicle.index)

    @cached_property
    def pipelines(self) -> tuple[PipelineOptions, ...]:
        """The configured pipelines; with none, those that the runs tell of."""
        return tuple(_pipelines(self.config)) or find_pipelines(self.chronicle.index, self.jobs)

    @property
    def links(self) -> Links:
        """Where everything is."""
        return self.site.links


def survey(view: StoreView, config: Config, program: str) -> Survey:
    """Read what the whole site needs of the store."""
    builds = view.build_ids()
    jobs = view.jobs()
    links = site_links(view, builds, jobs)
    options = leaderboards(config, view, builds)
    rows = view.run_rows(metrics=board_metrics(options))
    index = BuildIndex(rows)
    rulings = find_rulings(index, decision_jobs(config))
    told = Found(config.store_path / "cache", program)
    judged = tuple(judge(index, each, rulings=rulings, paired=BoardRows(view, told)) for each in options)
    told.save()
    about = metric_options(config)
    site = Site(
        name=config.site.name,
        links=links,
        metrics=dict(about),
        url=config.site.url,
        jenkins_url=config.jenkins.url if config.jenkins else "",
        people=config.site.people == "ids",
        generator=program,
        table_rows=config.limits.table_rows,
        table_columns=config.limits.table_columns,
    )
    undecided = newest_runs(view, [b for b in builds if not any(_covers(each, b.job) for each in options)])
    return Survey(
        site=site,
        config=config,
        revision=view.revision,
        as_of=view.data_as_of(),
        jobs=jobs,
        running=view.running(),
        builds=builds,
        judged=judged,
        rulings=rulings,
        chronicle=Chronicle(
            builds, index, [Standings(each.scores, each.titles) for each in judged], links, about, undecided, view.caused_by()
        ),
        misfits=tuple(misfits(config, view, builds, jobs)),
    )


def _pipelines(config: Config) -> Iterator[PipelineOptions]:
    for name, each in config.pipelines.items():
        yield PipelineOptions(name=name, jobs=each.jobs, title=each.title, approve=each.approve, deploy=each.deploy)


def _covers(options: LeaderboardOptions, job: str) -> bool:
    return not options.jobs or any(covers(pattern, job) for pattern in options.jobs)


def config_digest(config: Config) -> str:
    """Return a digest of the configuration as far as pages may depend on it."""
    data = config.model_dump(
        mode="json", exclude={"store": True, "site": {"output", "keep_versions", "alias", "theme", "content"}}
    )
    return sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def tree_digest(directory: Path) -> str:
    """Return a digest of all files below a directory; of one that is not there, that of an empty one."""
    digest = sha256()
    for file in sorted(directory.rglob("*")) if directory.is_dir() else ():
        if file.is_file():
            digest.update(
                f"{file.relative_to(directory).as_posix()}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape")
            )
            digest.update(file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """Run pages: those to look at (`moved` of them), by job, and those that stay as they are.

    `tasks` and `failed` are called when a job's turn comes: where all pages are looked at, the facts of one chunk are there
    at a time and not those of the whole history.
    """

    moved: int
    jobs: Sequence[str]
    tasks: Callable[[str], Iterable[Task]]
    failed: Callable[[str], Sequence[int]]
    kept: Sequence[PageRow] = ()
    renewed: Sequence[PageRow] = ()
    """Those kept pages of which only the key is new."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the work in pieces of neighbouring builds of one job."""
        for job in self.jobs:
            tasks, failed = iter(self.tasks(job)), tuple(self.failed(job))
            while some := tuple(islice(tasks, _CHUNK)):
                yield Chunk(some, failed)


def plan_runs(
    found: Survey, known: Mapping[str, PageRow], files: Mapping[str, Entry], base: str, marks: Mapping[int, str]
) -> RunPlan:
    """Compare the key of every run page with what is `known`; `files` are those of the version that pages are taken from.

    A key is made of a digest of `base`, a mark of all that came before (`marks` of the store, by build), and a digest of the
    facts. Where no page was made on this base, all are looked at. Else a page whose mark is the same stays as it is, and of
    the others the facts are made to be compared: most are the same.
    """
    chronicle, ground = found.chronicle, f"{sha256(base.encode()).hexdigest()[:16]} "
    lasting = chronicle.lasting()[:16]

    def start(build: int) -> str:
        return f"{ground}{lasting} {marks.get(build, '?')} "

    def look(job: str, same: Collection[int] = ()) -> Iterator[Task]:
        for facts in chronicle.facts(job, known=same):
            key = f"{start(facts.run.build)}{facts.digest(chronicle.revisions)}"
            yield Task(facts, key, usable(known.get(facts.path), files))

    jobs = sorted(chronicle.jobs)
    if not any(row.key.startswith(ground) for row in known.values()):
        return RunPlan(moved=chronicle.pages(), jobs=jobs, tasks=look, failed=chronicle.failed)
    moved: dict[str, list[Task]] = {}
    kept: list[PageRow] = []
    renewed: list[PageRow] = []
    for job in jobs:
        same: set[int] = set()
        for build in chronicle.jobs[job]:
            rows = [usable(known.get(path), files) for path in chronicle.paths(build)]
            usual = [row for row in rows if row is not None and row.key.startswith(start(build.id))]
            if rows and len(usual) == len(rows) and build.id in marks:
                kept += usual
                same.add(build.id)
        for task in look(job, same) if len(same) < len(chronicle.jobs[job]) else ():
            if task.before is not None and _told(task.before.key, ground) == _told(task.key, ground):
                renewed.append(replace(task.before, key=task.key))
            else:
                moved.setdefault(job, []).append(task)
    return RunPlan(
        moved=sum(map(len, moved.values())),
        jobs=list(moved),
        tasks=moved.__getitem__,
        failed=chronicle.failed,
        kept=kept + renewed,
        renewed=renewed,
    )


def _told(key: str, ground: str) -> str:
    """Return the digest of facts at the end of a key, the whole key where it was made on another ground."""
    return key.rpartition(" ")[2] if key.startswith(ground) else key


def usable(row: PageRow | None, files: Mapping[str, Entry]) -> PageRow | None:
    """Return what is known of a page, if the version that it would be taken from has that very file and all it shows."""
    if row is None or files.get(row.path) != (row.sha256, row.size_bytes):
        return None
    return row if all(path in files for path in row.files) else None


def grouped(pages: Iterable[str]) -> dict[str, int]:
    """Return how many pages there are of each kind, by the first part of their paths."""
    kinds = sorted(path.split("/")[0] if "/" in path else "top" for path in pages)
    return {kind: len(list(members)) for kind, members in groupby(kinds)}
