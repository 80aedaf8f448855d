"""Every file of a site, in a tree: run pages in worker processes, beside them live pages and exports, then assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import datetime
from hashlib import sha256

from reportgen.analysis.options import metric_options
from reportgen.charts.bundle import VEGA, vega_bundle
from reportgen.charts.draw import Drawer
from reportgen.config import Config
from reportgen.errors import ContentError, PublishError
from reportgen.many import no_collection, settled
from reportgen.report import Reporter
from reportgen.resources import themes_dir
from reportgen.site.blocks import Blocks
from reportgen.site.cluster import Cluster
from reportgen.site.copied import may_copy
from reportgen.site.datafiles import DataFiles, put_neighbours
from reportgen.site.kept import Keeping, keep, keep_all
from reportgen.site.live import LONG_TABLES, LivePages
from reportgen.site.manifest import Entry
from reportgen.site.narrative import Narrative
from reportgen.site.pages.base import Live
from reportgen.site.plan import RunPlan, Survey, config_digest, plan_runs, survey, tree_digest, usable
from reportgen.site.pool import beside, choose_workers
from reportgen.site.prepare import new_drawer
from reportgen.site.processes import runs_in_processes
from reportgen.site.render import Renderer
from reportgen.site.script_files import search_index
from reportgen.site.scripts import SEARCH, Doc
from reportgen.site.state import History, store_words
from reportgen.site.summed import open_view
from reportgen.site.theme import Theme, load_theme
from reportgen.site.traces import LiveTask
from reportgen.site.work import PAGE_ERRORS, Chunk, Outcome, Setup, WorkLimits, Workshop, told
from reportgen.site.write import Tree
from reportgen.store.pages import PageRow
from reportgen.store.view import StoreView

_WORTH_A_COPY = 2_000
"""Pages to link from which a second process is worth its start."""
_COPIED = 20_000
"""Builds up to which this process is small enough to be copied: what both hold changes, and is there twice then."""


class SiteMaker:
    """Makes all files of one site in a tree: for a version, or for a preview."""

    def __init__(self, config: Config, program: str, reporter: Reporter) -> None:
        self.config = config
        self.program = program
        self.reporter = reporter
        self.theme = find_theme(config)
        self._survey: tuple[tuple[int, str], Survey] | None = None
        self._whole: tuple[int, str] | None = None
        self._told: frozenset[str] = frozenset()
        self._docs: tuple[Doc, ...] = ()
        self._renderer: Renderer | None = None

    def renew(self, config: Config) -> None:
        """Use another configuration, and read the theme again."""
        self.config = config
        theme = find_theme(config)
        if theme.digest != self.theme.digest:
            self.theme, self._renderer = theme, None

    def check_theme(self) -> None:
        """Raise `ThemeError`, with file and line, for a mistake in a template of the project's own theme."""
        if any(not layer.directory.is_relative_to(themes_dir().resolve()) for layer in self.theme.layers):
            self._renderer = self._renderer or Renderer(self.theme)
            self._renderer.check(besides=themes_dir())

    @property
    def as_of(self) -> datetime | None:
        """The end of the newest finished build that the site was made from."""
        return self._survey[1].as_of if self._survey is not None else None

    @property
    def misfits(self) -> tuple[str, ...]:
        """What the configuration names and the store does not have, in words."""
        return self._survey[1].misfits if self._survey is not None else ()

    @property
    def newest_build(self) -> int:
        """The largest row number of a build in the store that the site was made from."""
        return max((build.id for build in self._survey[1].builds), default=0) if self._survey is not None else 0

    @property
    def base(self) -> str:
        """What every page depends on."""
        return sha256(f"{config_digest(self.config)} {self.theme.digest} {self.program}".encode()).hexdigest()

    def state(self, revision: int) -> str:
        """Return what the whole site depends on; equal states give equal sites."""
        return sha256(f"{revision} {self.base} {tree_digest(self.config.content_path)}".encode()).hexdigest()

    def survey(self, view: StoreView) -> Survey:
        """Return what the site needs of the store; kept as long as neither store nor configuration change."""
        key = (view.revision, config_digest(self.config))
        if self._survey is None or self._survey[0] != key:
            self._survey = (key, survey(view, self.config, self.program))
        return self._survey[1]

    def make(
        self,
        tree: Tree,
        version: str,
        known: Mapping[str, PageRow],
        before: Mapping[str, Entry],
        *,
        history: History | None = None,
        workers: int | None = None,
        cluster: Cluster | None = None,
    ) -> Outcome:
        """Make every file of the site: what has not moved is taken from the version `before`, the rest is made."""
        self._whole = None
        drawer = new_drawer(self.config.store_path / "cache", self._limits)
        with closing(drawer), open_view(self.config.store_path, metric_options(self.config)) as view:
            if known:
                drawer.start()  # gets ready while the store is read
            with no_collection():
                marks = view.past_marks()  # before the survey: a build that comes between the two is looked at again
                found = self.survey(view)
                plan = plan_runs(found, known, before, f"{self.base} {found.links.unusual()}", marks)
            shop, outcome = self._workshop(found, tree, drawer), Outcome()
            count = choose_workers(plan.moved, workers)
            here = count == 1 and (cluster is None or not plan.moved)
            long = len(plan.kept) >= _WORTH_A_COPY and len(found.builds) <= _COPIED
            copied = here and long and tree.previous is not None and not tree.in_place and may_copy()
            live, narrative = self._words(found, view, shop, version)
            told_before = history or History()
            pages = LivePages(found, view, shop.studio, live, self.base, narrative, told_before, ahead=here)
            blocks = Blocks(found, view, self.config.store_path / "cache", self.base)
            self._docs, self._told = tuple(narrative.docs()), narrative.paths()
            data = DataFiles(
                found=found, blocks=blocks, narrative=narrative, history=told_before, version=version, shop=shop, before=before
            )

            def runs(stop: Callable[[], bool]) -> Outcome:
                parts = () if here else self._spread(plan.chunks(), shop.setup, count, cluster if plan.moved else None)
                made = self._gather(plan, parts, stop)
                keep_all(tree, plan.kept, before, made, stop)
                return made

            def files(stop: Callable[[], bool]) -> Outcome:
                made = Outcome()
                data.make(made, pages.long_tables())
                return made

            with ExitStack() as ends:
                ends.callback(shop.close)
                keeping = Keeping(tree, plan.kept, before) if copied else None
                if keeping is not None:
                    ends.callback(keeping.close)
                    blocks.make()  # a copy must not ask the store
                    shop.elsewhere = LONG_TABLES
                with settled(), beside(files if copied else runs, copied=copied) as elsewhere:
                    if here:
                        outcome.add(self._gather(plan, map(shop.runs, plan.chunks())))
                    self._live(pages.tasks(), shop, known, before, outcome)
                    drawer.close()  # a renderer holds a hundred megabytes
                    if not copied:
                        data.make(outcome)
                outcome.add(elsewhere.result())
                if keeping is not None:
                    keeping.finish(outcome)
                outcome.made += plan.renewed
                self._assets(tree, before, outcome)
        if not outcome.failures:
            self._whole = (found.revision, self.base)
        return outcome

    def make_content(
        self, tree: Tree, version: str, known: Mapping[str, PageRow], before: Mapping[str, Entry]
    ) -> Outcome | None:
        """Make again what ``content/`` may change in a tree that `make` has made whole, and nothing else.

        Returns None where that is not enough: the store, the configuration or the theme moved, or a page or file is gone.
        """
        with open_view(self.config.store_path, metric_options(self.config)) as view:
            if self._whole != (view.revision, self.base):
                return None
            found = self.survey(view)
            shop, outcome = self._workshop(found, tree), Outcome()
            try:
                live, narrative = self._words(found, view, shop, version)
                if not self._told <= narrative.paths():
                    return None
                pages = LivePages(found, view, shop.studio, live, self.base, narrative, History())
                self._live(pages.told(), shop, known, before, outcome)
                docs = tuple(narrative.docs())
                if docs != self._docs:
                    blocks = Blocks(found, view, self.config.store_path / "cache", self.base)
                    outcome.files[SEARCH] = tree.stream(SEARCH, search_index(found, blocks, docs), before.get(SEARCH))
                    self._docs = docs
                self._told = narrative.paths()
                put_neighbours(narrative, tree, before, outcome)
            finally:
                shop.close()
        if outcome.failures:
            self._whole = None
        return outcome

    @staticmethod
    def _words(found: Survey, view: StoreView, shop: Workshop, version: str) -> tuple[Live, Narrative]:
        """Return what live pages know of the version, and what people wrote."""
        live = Live(as_of=found.as_of, version=version, words=store_words(found))
        return live, Narrative(found, view, shop.studio, live)

    def _workshop(self, found: Survey, tree: Tree, drawer: Drawer | None = None) -> Workshop:
        """Return a workshop; the templates are compiled once for as long as the theme stays the same."""
        shop = Workshop(self.setup(found, tree), self._renderer, drawer)
        self._renderer = shop.renderer
        return shop

    def setup(self, found: Survey, tree: Tree) -> Setup:
        """Return what a worker needs to make pages in `tree`."""
        return Setup(
            store=self.config.store_path,
            theme=self.theme,
            site=found.site,
            root=tree.root,
            previous=tree.previous,
            program=self.program,
            in_place=tree.in_place,
            limits=self._limits,
        )

    @property
    def _limits(self) -> WorkLimits:
        limits = self.config.limits
        return WorkLimits(
            table_rows=limits.table_rows,
            table_columns=limits.table_columns,
            chart_bytes=limits.chart,
            chart_seconds=limits.chart_seconds,
            markdown_bytes=limits.markdown,
            series_points=limits.series_points_drawn,
        )

    def _gather(self, plan: RunPlan, parts: Iterable[Outcome], stop: Callable[[], bool] | None = None) -> Outcome:
        outcome, done = Outcome(), 0
        for part in parts:
            outcome.add(part)
            done += len(part.made)
            self.reporter.progress("run pages", done, plan.moved)
            if stop is not None and stop():
                break
        return outcome

    def _spread(self, chunks: Iterable[Chunk], setup: Setup, count: int, cluster: Cluster | None) -> Iterator[Outcome]:
        if cluster is not None:
            yield from cluster.runs(setup, chunks)
            return
        yield from runs_in_processes(setup, chunks, count)

    def _live(
        self,
        tasks: Iterable[LiveTask],
        shop: Workshop,
        known: Mapping[str, PageRow],
        before: Mapping[str, Entry],
        outcome: Outcome,
    ) -> None:
        for task in tasks:
            row = usable(known.get(task.path), before)
            if row is not None and row.key == task.key:
                keep(shop.tree, row, before, outcome)
                continue
            try:
                page = task.make()
            except (PublishError, ContentError):
                raise
            except PAGE_ERRORS as problem:
                shop.fail(task.path, told(problem), outcome)
                continue
            outcome.files |= shop.studio.written
            shop.put(page, task.key, row, outcome)
        outcome.failures += shop.studio.failures

    def _assets(self, tree: Tree, before: Mapping[str, Entry], outcome: Outcome) -> None:
        for asset in self.theme.assets.values():
            outcome.files[asset.path] = tree.put(asset.path, asset.content, before.get(asset.path))
        if any(name.startswith("data/charts/") for name in outcome.files):
            script = vega_bundle(cache_dir=self.config.store_path / "cache")
            outcome.files[VEGA] = tree.put(VEGA, script, before.get(VEGA))


def find_theme(config: Config) -> Theme:
    """Return the configured theme."""
    return load_theme(config.site.theme, root=config.root, themes_dir=themes_dir(), options=config.site.theme_options)
