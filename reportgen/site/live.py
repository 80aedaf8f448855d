"""The pages that are made anew in every version: overview, jobs, leaderboards and what else tells how things stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from hashlib import sha256
from itertools import islice

from reportgen.analysis.judge import Judged
from reportgen.charts.values import Chart
from reportgen.globs import covers
from reportgen.model import Job, RunRow
from reportgen.site.histories import job_histories, job_reigns, shift_notes
from reportgen.site.indexes import dataset_facts, model_facts, names, numbered
from reportgen.site.narrative import Narrative
from reportgen.site.page import Page, TextFile
from reportgen.site.pages.base import Live, Shown
from reportgen.site.pages.changes import ChangesInput, VersionFact, changes_page
from reportgen.site.pages.job import BuildFact, JobInput, job_charts, job_page
from reportgen.site.pages.leaderboard import LeaderboardInput, leaderboard_charts, leaderboard_page, long_tables
from reportgen.site.pages.listing import jobs_page
from reportgen.site.pages.lists import DatasetFact, datasets_page, leaderboards_page, models_page, pipelines_page
from reportgen.site.pages.news import BuildNews, failure_words
from reportgen.site.pages.overview import RECENT, OverviewInput, overview_page
from reportgen.site.pages.plain import not_found_page, states_page
from reportgen.site.pages.search import builds_page, parts_of, search_page
from reportgen.site.plan import Survey
from reportgen.site.prepare import Studio
from reportgen.site.state import History, job_states, news, pipeline_states
from reportgen.site.traces import LiveTask, Traces, comparison_paths
from reportgen.site.work import PAGE_ERRORS
from reportgen.store.view import StoreView

LONG_TABLES = "data/tables/leaderboards/"
"""Where the scripts with all rows of boards are."""
_JOB_RUNS = 400
_TOLD = 50
"""Failures since the last version whose reason is told."""


class LivePages:
    """Makes the live pages of one version."""

    def __init__(
        self,
        found: Survey,
        view: StoreView,
        studio: Studio,
        live: Live,
        base: str,
        narrative: Narrative,
        history: History,
        *,
        ahead: bool = False,
    ) -> None:
        """`ahead` is whether charts are begun before their page: while other processes draw, too, it costs memory only."""
        self._found = found
        self._ahead = ahead
        self._view = view
        self._studio = studio
        self._live = live
        self._base = base
        self._narrative = narrative
        self._history = history
        self._since = history.since
        self._states = job_states(found)

    @cached_property
    def _datasets(self) -> Sequence[DatasetFact]:
        return dataset_facts(self._found)

    def tasks(self) -> Iterator[LiveTask]:
        """Yield every live page of the site."""
        links, site, live = self._found.links, self._found.site, self._live
        jobs = self._job_tasks()
        first = list(islice(jobs, 1))
        yield from self.told()
        yield self._task("jobs/index.html", lambda: jobs_page(site, self._states, live))
        yield self._task("leaderboards/index.html", lambda: leaderboards_page(site, self._found.judged, live))
        yield self._task("pipelines/index.html", lambda: pipelines_page(site, pipeline_states(self._found), live))
        yield self._task("models/index.html", lambda: models_page(site, model_facts(self._found), self._found.judged, live))
        yield self._task("datasets/index.html", lambda: datasets_page(site, self._datasets, live))
        yield self._task(links.changes, self._changes)
        yield self._task("states/index.html", lambda: states_page(site))
        yield self._task("404.html", lambda: not_found_page(site))
        yield from first
        yield from jobs
        for board in self._found.judged:
            name = board.leaderboard.options.name
            yield self._task(self._found.links.leaderboard(name), lambda board=board: self._board(board))  # type: ignore[misc]

        yield from self._older()
        yield from Traces(self._found, self._view, self._studio, self._live, self._base).tasks()

    def _job_tasks(self) -> Iterator[LiveTask]:
        """Yield the pages of jobs; while one is made, the charts of the next are drawn in a process of their own."""
        begun = map(self._begin_job, self._found.jobs)
        make = next(begun, None)
        for job in self._found.jobs:
            assert make is not None
            this, make = make, next(begun, None)
            yield self._task(self._found.links.job(job.name), this)

    def long_tables(self) -> Iterator[TextFile]:
        """Yield the scripts with all rows of boards, of which the pages hold the first ones only."""
        for board in self._found.judged:
            yield from long_tables(self._found.site, self._board_input(board, {}))

    def told(self) -> Iterator[LiveTask]:
        """Yield the pages that what people wrote in ``content/`` may change."""
        links, narrative = self._found.links, self._narrative
        yield self._task(links.overview, self._overview, narrative.digest(narrative.intro_page))
        for page in narrative.own:
            yield self._task(page.path, lambda page=page: narrative.make(page), narrative.digest(page))  # type: ignore[misc]
        yield self._task(links.search, self._search, repr(narrative.entries))

    def _task(self, path: str, make: Callable[[], Page], *extra: str) -> LiveTask:
        text = "\n".join([path, self._base, str(self._found.revision), repr(self._live), repr(self._history), *extra])
        return LiveTask(path, sha256(text.encode("utf-8", "backslashreplace")).hexdigest(), make)

    def _board_of(self, job: str) -> Judged | None:
        return next((j for j in self._found.judged if any(covers(p, job) for p in j.leaderboard.options.jobs)), None)

    def _overview(self) -> Page:
        found = self._found
        intro = self._narrative.intro_page
        title = intro.title if intro is not None and intro.title != "Overview" else ""
        given = OverviewInput(
            title=title,
            intro=self._narrative.intro(),
            pages=self._narrative.entries,
            judged=found.judged,
            pipelines=pipeline_states(found),
            jobs=self._states,
            recent=self._rows(self._newest()),
            running=found.running,
            builds=self._news,
            last_version=self._since.version if self._since else "",
            last_as_of=self._since.as_of if self._since else None,
            live=self._live,
        )
        return overview_page(found.site, given)

    def _newest(self) -> list[int]:
        """The newest builds of the jobs that the first leaderboard ranks, else of all, and one before them to compare with."""
        found = self._found
        patterns = found.judged[0].leaderboard.options.jobs if found.judged else ()
        jobs = [builds for job, builds in found.chronicle.jobs.items() if any(covers(p, job) for p in patterns)]
        newest = sorted((b for builds in jobs for b in builds[-RECENT - 1 :]), key=lambda b: b.started_at, reverse=True)
        return [build.id for build in (newest or found.builds)[: RECENT + 1]]

    @cached_property
    def _news(self) -> list[BuildNews]:
        """What is different since the last version; of the newest failures among it, why."""
        found = news(self._found, self._since)
        failed = {(b.job, b.number, b.started_at) for b in found if b.result == "FAILURE" and not b.gone}
        ids = [b.id for b in self._found.builds if (b.job, b.number, b.started_at) in failed][:_TOLD]
        why = {(b.job, b.number, b.started_at): failure_words(b) for b in self._view.builds(ids)} if ids else {}
        return [build._replace(error=why.get((build.job, build.number, build.started_at), "")) for build in found]

    def _changes(self) -> Page:
        builds = self._news
        given = ChangesInput(
            builds=builds,
            running=self._found.running,
            judged=self._found.judged,
            last_version=self._since.version if self._since else "",
            last_as_of=self._since.as_of if self._since else None,
            versions=[
                VersionFact(self._live.version, self._found.as_of),
                *(VersionFact(name, as_of, f"../../{name}/index.html") for name, as_of in self._history.versions),
            ],
            unchanged=len(self._found.builds) - len(builds),
            live=self._live,
        )
        return changes_page(self._found.site, given)

    def _search(self) -> Page:
        found = self._found
        newest = [builds[-1].id for builds in found.chronicle.jobs.values() if builds]
        entries = names(found, self._rows(newest), self._datasets, self._narrative.entries)
        return search_page(found.site, entries, numbered(found), self._live)

    def _older(self) -> Iterator[LiveTask]:
        """Yield the lists of builds that the search page has no room for; only the last of a job moves when it builds."""
        site, links = self._found.site, self._found.links
        for job, builds in numbered(self._found):
            for part, listed in enumerate(parts_of(builds), 1):
                path = links.job_builds(job, part)
                hrefs = [(build, links.build(job, build.number, build.started_at)) for build in listed]
                key = sha256(f"{path}\n{self._base}\n{hrefs!r}".encode("utf-8", "backslashreplace")).hexdigest()
                yield LiveTask(path, key, lambda job=job, part=part, listed=listed: builds_page(site, job, part, listed))  # type: ignore[misc]

    def _begin_job(self, job: Job) -> Callable[[], Page]:
        """Begin to draw the charts of a job, and return what makes its page."""
        site = self._found.site
        try:
            given = self._job(job)
            charts = job_charts(site, given)
            if self._ahead:
                self._studio.ahead(charts)
        except PAGE_ERRORS as problem:
            return partial(_fail, problem)
        return lambda: self._drawn(charts, lambda shown: job_page(site, replace(given, drawings=shown)))

    def _job(self, job: Job) -> JobInput:
        found = self._found
        builds = list(reversed(found.chronicle.jobs.get(job.name, ())))
        board = self._board_of(job.name)
        rows = self._rows([build.id for build in builds[:_JOB_RUNS]])
        metric = found.chronicle.metric(job.name)
        histories = job_histories(found.site, job.name, rows, metric, board)
        return JobInput(
            job=job,
            rows=rows,
            builds=[BuildFact(number=build.number, result=build.result, duration_s=build.duration_s) for build in builds],
            running=[running for running in found.running if running.job == job.name],
            metric=metric,
            champion=self._champion(board),
            baseline=self._baseline(board),
            leaderboard=board.leaderboard.options.name if board else "",
            histories=histories,
            shifts=shift_notes(histories),
            reigns=job_reigns(board, job.name),
            live=self._live,
        )

    def _board(self, judged: Judged) -> Page:
        given = self._board_input(judged, comparison_paths(self._found, judged))
        site = self._found.site
        charts = leaderboard_charts(site, given)
        return self._drawn(charts, lambda shown: leaderboard_page(site, replace(given, drawings=shown)))

    def _board_input(self, judged: Judged, compare: Mapping[str, str]) -> LeaderboardInput:
        name = judged.leaderboard.options.name
        return LeaderboardInput(name=name, judged=judged, compare=compare, live=self._live)

    def _rows(self, builds: Sequence[int]) -> list[RunRow]:
        return self._view.run_rows(ids=builds)

    def _champion(self, board: Judged | None) -> RunRow | None:
        current = board.leaderboard.current if board else None
        return next((row.run for row in current.rows if row.champion), None) if current else None

    def _baseline(self, board: Judged | None) -> RunRow | None:
        current = board.leaderboard.current if board else None
        return next((row.run for row in current.rows if row.baseline), None) if current else None

    def _drawn(self, charts: Mapping[str, Chart], make: Callable[[Mapping[str, Shown]], Page]) -> Page:
        shown, files = self._studio.draw(charts)
        return self._studio.with_files(make(shown), files)


def _fail(problem: Exception) -> Page:
    raise problem
