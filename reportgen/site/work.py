"""Making pages in a worker process: read the store, make contexts, render, write; only small values travel.

A worker gets references and gives back what the manifest needs to know. The same code runs in the main process where there is
little to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import NamedTuple

from reportgen.charts.draw import Drawer
from reportgen.errors import PublishError, ReportgenError, StoreError
from reportgen.model import Build, Run, RunRow
from reportgen.site.chronicle import Facts, Ref, ref_of
from reportgen.site.manifest import Entry
from reportgen.site.page import Page, StoredFile, TextFile
from reportgen.site.pages.base import Site
from reportgen.site.pages.build import BuildInput, build_page
from reportgen.site.pages.past import Neighbour, RunPast, Upstream
from reportgen.site.pages.run import RunInput, run_page
from reportgen.site.pages.series import thinned
from reportgen.site.prepare import Failure, Studio, WorkLimits, prepare
from reportgen.site.render import Renderer, fingerprint
from reportgen.site.scripts import series_path, series_script
from reportgen.site.summed import open_view
from reportgen.site.theme import Theme
from reportgen.site.write import DamagedFile, Tree
from reportgen.store.pages import PageRow
from reportgen.store.view import StoreView

_PICTURES = {"png", "jpg", "jpeg", "webp", "gif", "svg"}
_MOST_FAILURES = 500
PAGE_ERRORS = (ReportgenError, ValueError, TypeError, KeyError, ArithmeticError, IndexError, AttributeError, RecursionError)
"""What may go wrong with one page without the site being at fault; a full disk is not among it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything a worker process needs to begin."""

    store: Path
    theme: Theme
    site: Site
    root: Path
    previous: Path | None
    program: str
    assets: Mapping[str, str] = field(default_factory=dict)
    limits: WorkLimits = field(default_factory=WorkLimits)
    in_place: bool = False
    again: bool = False


class Task(NamedTuple):
    """A run page whose key moved: its facts, its key, and what is known of it from before."""

    facts: Facts
    key: str
    before: PageRow | None


class Chunk(NamedTuple):
    """Tasks of neighbouring builds of one job, and the builds of the job that failed, oldest first."""

    tasks: tuple[Task, ...]
    failed: tuple[int, ...]


@dataclass(slots=True)
class Outcome:
    """What became of some pages: what to remember of each, the files that were written, how many were rendered, what failed."""

    made: list[PageRow] = field(default_factory=list)
    files: dict[str, Entry] = field(default_factory=dict)
    rendered: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take over what another worker did."""
        self.made += other.made
        self.files |= other.files
        self.rendered += other.rendered
        self.failures += other.failures


class Workshop:
    """Makes pages in this process."""

    def __init__(self, setup: Setup, renderer: Renderer | None = None, drawer: Drawer | None = None) -> None:
        self.setup = setup
        self.renderer = renderer or Renderer(setup.theme, setup.assets)
        self.tree = Tree(setup.root, setup.previous, in_place=setup.in_place, again=setup.again)
        self.studio = Studio(self.tree, setup.store / "cache", setup.limits, drawer)
        self.elsewhere = ""
        """How paths of made files begin that another process puts into the version."""
        self._view: StoreView | None = None

    @property
    def view(self) -> StoreView:
        """The store, opened when first needed."""
        if self._view is None:
            self._view = open_view(self.setup.store, self.setup.site.metrics)
        return self._view

    def close(self) -> None:
        """Close the store and end what draws; both are there again when they are needed."""
        self.studio.drawer.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    def put(self, page: Page, key: str, before: PageRow | None, outcome: Outcome) -> None:
        """Render and write a page, or link the previous version's where nothing it depends on has changed.

        A page that is made for the first time gets no fingerprint: most are never looked at again, and rendering one that is
        costs little more than its fingerprint does.
        """
        templates = self.setup.theme.template_digest(page.template)
        mark = fingerprint(page, templates, self.setup.program) if before is not None else ""
        files = tuple(dict.fromkeys(file.path for file in page.files))
        whole = [self._bring(page.path, file, outcome) for file in page.files]
        if not all(whole):
            key = ""
        known = before is not None and before.fingerprint == mark != ""
        if before is not None and known and self.tree.link(page.path):
            entry = Entry(before.sha256, before.size_bytes)
        else:
            data = self._rendered(page, outcome)
            if data is None:
                key = mark = ""
                data = failed_page(page.path, outcome.failures[-1].reason)
            old = Entry(before.sha256, before.size_bytes) if before is not None else None
            entry = self.tree.put(page.path, data, old)
            if entry != old:
                outcome.rendered.append(page.path)
        self._keep(page.path, key, mark, entry, files, outcome)

    def _keep(self, path: str, key: str, mark: str, entry: Entry, files: Sequence[str], outcome: Outcome) -> None:
        outcome.files[path] = entry
        outcome.made.append(
            PageRow(path=path, key=key, fingerprint=mark, sha256=entry.sha256, size_bytes=entry.size, files=tuple(files))
        )

    def _rendered(self, page: Page, outcome: Outcome) -> bytes | None:
        try:
            return self.renderer.render(page)
        except ReportgenError as problem:
            outcome.failures.append(Failure(page.path, problem.message))
            return None

    def fail(self, path: str, reason: str, outcome: Outcome) -> None:
        """Put a page that says what went wrong in the place of one that could not be made."""
        outcome.failures.append(Failure(path, reason))
        outcome.rendered.append(path)
        self._keep(path, "", "", self.tree.put(path, failed_page(path, reason), None), (), outcome)

    def _bring(self, page: str, file: StoredFile | TextFile, outcome: Outcome) -> bool:
        """Put a file of a page into the version; False where it is missing from the store or damaged there."""
        if file.path in outcome.files:
            return True
        if isinstance(file, TextFile):
            return bool(self.elsewhere and file.path.startswith(self.elsewhere)) or self.stream(file, outcome, page)
        try:
            outcome.files[file.path] = self.tree.share_copy(file.path, self.view.blob_path(file.sha256), file.sha256)
        except (StoreError, DamagedFile) as problem:
            outcome.failures.append(Failure(page, problem.message))
            return False
        return True

    def stream(self, file: TextFile, outcome: Outcome, page: str = "") -> bool:
        """Write a file made for a page; False where that failed."""
        try:
            outcome.files[file.path] = self.tree.stream(file.path, file.pieces(), self.tree.before(file.path))
        except PublishError:
            raise
        except PAGE_ERRORS as problem:
            outcome.failures.append(Failure(page or file.path, told(problem)))
            return False
        return True

    # -- run pages ----------------------------------------------------------------------------------------------------------

    def runs(self, chunk: Chunk) -> Outcome:
        """Make the run pages of a chunk."""
        outcome = Outcome()
        wanted = {build for task in chunk.tasks for build in task.facts.builds()}
        rows = self.view.run_rows(ids=wanted)
        by_ref = {ref_of(row): row for row in rows}
        by_build: dict[int, list[RunRow]] = {}
        for row in reversed(rows):
            by_build.setdefault(row.build_id, []).append(row)
        values = {id(row): {name: metric.value for name, metric in row.metrics.items()} for row in rows}
        ids = list(dict.fromkeys(task.facts.run.build for task in chunk.tasks))
        builds = dict(zip(ids, self.view.builds(ids), strict=True))
        prepared = prepare(self.view, self.studio, self.setup.site, self.setup.limits, builds.values())
        outcome.files |= prepared.written
        outcome.failures += prepared.failures
        digests = self.view.series_digests(ids)
        for task in chunk.tasks:
            build = builds[task.facts.run.build]
            if not task.facts.run.name and len(build.runs) > 1:
                self._put_build(task, build, by_build[task.facts.run.build], outcome)
                continue
            run = next((r for r in build.runs if (r.name, r.record) == task.facts.run[1:]), None)
            past = self._past(task.facts, by_ref, by_build, values, run, chunk.failed)
            given = RunInput(
                build=build,
                run=run,
                past=past,
                drawings=prepared.drawings,
                tables=prepared.tables,
                peeks=prepared.previews,
                notes=prepared.notes_of(run),
            )
            try:
                page = run_page(self.setup.site, given)
            except PublishError:
                raise
            except PAGE_ERRORS as problem:
                self.fail(task.facts.path, told(problem), outcome)
                continue
            series = self._series(run, digests.get(task.facts.run), outcome)
            page = replace(page, files=(*page.files, *prepared.pictures_of(run), *series))
            key = "" if prepared.shaky(run) else task.key
            self.put(page, key, task.before, outcome)
        return outcome

    def _series(self, run: Run | None, digest: str | None, outcome: Outcome) -> tuple[StoredFile, ...]:
        """Put the series of a run beside its page, for the comparison of runs that somebody chooses."""
        if run is None or not digest:
            return ()
        path = series_path(digest)
        if path not in outcome.files:
            outcome.files[path] = self.tree.share(path, series_script(path, thinned(run)).encode("utf-8", "replace"))
        return (StoredFile(path, ""),)

    def _put_build(self, task: Task, build: Build, rows: Sequence[RunRow], outcome: Outcome) -> None:
        """Make the page of a build with several runs."""
        facts = task.facts
        before, after = (Neighbour(near.number, near.started_at) if near else None for near in (facts.before, facts.after))
        try:
            page = build_page(
                self.setup.site,
                BuildInput(build=build, rows=rows, metric=facts.metric, before=before, after=after, causes=_causes(facts)),
            )
        except PublishError:
            raise
        except PAGE_ERRORS as problem:
            self.fail(facts.path, told(problem), outcome)
            return
        self.put(page, task.key, task.before, outcome)

    def _past(
        self,
        facts: Facts,
        rows: Mapping[Ref, RunRow],
        by_build: Mapping[int, Sequence[RunRow]],
        values: Mapping[int, Mapping[str, float | None]],
        run: Run | None,
        failed: Sequence[int],
    ) -> RunPast:
        def row(ref: Ref | None) -> RunRow | None:
            return rows.get(ref) if ref is not None else None

        return RunPast(
            metric=facts.metric,
            previous=row(facts.previous),
            validation=facts.same_data,  # type: ignore[arg-type]
            champion=row(facts.champion),
            champion_rule=facts.champion_rule,
            champion_comparable=facts.champion_comparable,
            baseline=row(facts.baseline),
            baseline_comparable=facts.baseline_comparable,
            place=facts.place,
            history=_history(facts, run, by_build, values),
            before=Neighbour(facts.before.number, facts.before.started_at) if facts.before else None,
            after=Neighbour(facts.after.number, facts.after.started_at) if facts.after else None,
            last_good=row(facts.last_good),
            first_of_kind=self._first_of_kind(facts, run, failed),
            upstream=tuple(
                Upstream(found, step.made, step.digest) for step in facts.upstream if (found := row(step.run)) is not None
            ),
            causes=_causes(facts),
        )

    def _first_of_kind(self, facts: Facts, run: Run | None, failed: Sequence[int]) -> bool:
        """Whether no earlier build of the job failed with the same kind of error; not claimed where there are too many."""
        if run is None or run.error is None or facts.failures > _MOST_FAILURES:
            return False
        earlier = failed[: facts.failures]
        kinds = {r.error.type for build in self.view.builds(earlier) for r in build.runs if r.error is not None}
        return run.error.type not in kinds


def _causes(facts: Facts) -> dict[tuple[str, int], str]:
    return {(cause.job, cause.number): cause.path for cause in facts.causes}


def _history(
    facts: Facts,
    run: Run | None,
    by_build: Mapping[int, Sequence[RunRow]],
    values: Mapping[int, Mapping[str, float | None]],
) -> dict[str, tuple[float | None, ...]]:
    """Return per metric of the run its values over the window, oldest first; runs of the same name go together."""
    if run is None:
        return {}
    chosen: list[Mapping[str, float | None]] = []
    for build in facts.window:
        rows = by_build.get(build, ())
        if build == facts.run.build:
            same = [row for row in rows if (row.name, row.record) == (run.name, run.record)]
        else:
            same = [row for row in rows if row.name == run.name] or list(rows[:1] if len(rows) == 1 else ())
        chosen.append(values[id(same[0])] if same else {})
    return {metric.name: tuple([row.get(metric.name) for row in chosen]) for metric in run.metrics}


def told(problem: Exception) -> str:
    """Return a problem in words for the page and the summary."""
    return problem.message if isinstance(problem, ReportgenError) else f"{type(problem).__name__}: {problem}"


def failed_page(path: str, reason: str) -> bytes:
    """Return the page that stands where one could not be made."""
    root = "../" * path.count("/")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>This page could not be made</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n</head>\n<body>\n<main>\n'
        f"<h1>This page could not be made</h1>\n<p>{escape(reason)}</p>\n"
        f'<p>The rest of the site is complete. The next build tries again. <a href="{root}index.html">Overview</a></p>\n'
        "</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


__all__ = ["Chunk", "Failure", "Outcome", "Setup", "Task", "WorkLimits", "Workshop"]
