"""What the pages of runs show of their files: tables and JSON read, notes rendered, charts drawn and put into the version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from reportgen.charts.alt import spec_alt
from reportgen.charts.check import SpecLimits, load_spec
from reportgen.charts.draw import ChartFailure, Drawer, DrawLimits, chart_digest
from reportgen.charts.svg import size_of
from reportgen.charts.template import keep_templates
from reportgen.charts.values import Chart, Spec
from reportgen.content.notes import NoteLimits, render_note
from reportgen.errors import ChartError, StoreError
from reportgen.model import Attachment, Build, Run
from reportgen.site.links import attachment_path
from reportgen.site.manifest import Entry
from reportgen.site.page import Page, StoredFile
from reportgen.site.pages import previews, run_files
from reportgen.site.pages.base import Shown, Site
from reportgen.site.pages.series import series_charts, series_slots
from reportgen.site.scripts import chart_script
from reportgen.site.write import Tree
from reportgen.store.view import StoreView

_PICTURES = {"png", "jpg", "jpeg", "webp", "gif", "svg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLimits:
    """What a page may hold of the files of a run."""

    table_rows: int = 1000
    table_columns: int = 50
    chart_bytes: int = 2_000_000
    chart_seconds: float = 10.0
    markdown_bytes: int = 256_000
    series_points: int = 2000


class Failure(NamedTuple):
    """A page or a part of one that could not be made."""

    path: str
    reason: str


def by_reason(failures: Iterable[Failure]) -> list[str]:
    """Return a line for each reason, in the order in which they came: what fails on a thousand pages is one thing to mend."""
    pages: dict[str, list[str]] = {}
    for failure in failures:
        pages.setdefault(failure.reason.removesuffix(f" (on {failure.path})"), []).append(failure.path)
    return [
        f"{paths[0]}: {reason}" if len(paths) == 1 else f"{reason} (in {len(paths):,} places, the first: {paths[0]})"
        for reason, paths in pages.items()
    ]


def new_drawer(cache: Path, limits: WorkLimits) -> Drawer:
    """Return what draws charts; its process starts when it is first needed, or told to."""
    return Drawer(cache_dir=cache, limits=DrawLimits(cpu_s=limits.chart_seconds))


class Studio:
    """Draws charts and puts them into the version, each file named by its content."""

    def __init__(self, tree: Tree, cache: Path, limits: WorkLimits, drawer: Drawer | None = None) -> None:
        self._tree = tree
        self.drawer = drawer or new_drawer(cache, limits)
        self.limits = limits
        self.written: dict[str, Entry] = {}
        self.failures: list[Failure] = []
        keep_templates(cache)

    def put(self, specs: Mapping[str, Spec]) -> dict[str, Shown]:
        """Return what became of each specification, by the name it was given; what failed for good is not a failure."""
        digests = {name: chart_digest(spec) for name, spec in specs.items()}
        drawn = self.drawer.draw({digests[name]: spec for name, spec in specs.items()})
        return {name: self._shown(name, spec, digests[name], drawn[digests[name]]) for name, spec in specs.items()}

    def ahead(self, charts: Mapping[str, Chart]) -> None:
        """Begin to draw charts that `draw` will be asked for."""
        self.drawer.ahead({chart_digest(chart.spec): chart.spec for chart in charts.values()})

    def _shown(self, name: str, spec: Spec, digest: str, result: bytes | ChartFailure) -> Shown:
        if isinstance(result, ChartFailure):
            if not result.final:
                self.failures.append(Failure(f"chart {name[:40]}", result.reason))
            return Shown("", problem=result.reason)
        path = attachment_path(sha256(result).hexdigest(), "svg")
        if path not in self.written:
            self.written[path] = self._tree.share(path, result)
        return Shown(path, *(size_of(result) or (0, 0)), spec=self.script(spec, digest))

    def script(self, spec: Spec, digest: str = "") -> str:
        """Put the script with a specification into the version and return its address; it need not be drawn."""
        path = f"data/charts/{(digest or chart_digest(spec))[:24]}.js"
        if path not in self.written:
            self.written[path] = self._tree.share(path, chart_script(path, spec).encode("utf-8", "replace"))
        return path

    def draw(self, charts: Mapping[str, Chart]) -> tuple[dict[str, Shown], tuple[StoredFile, ...]]:
        """Return the drawings of our own charts by slot, and the files that a page with them needs."""
        found = self.put({slot: chart.spec for slot, chart in charts.items()})
        shown = {slot: drawing._replace(alt=charts[slot].alt) for slot, drawing in found.items()}
        paths = [path for drawing in shown.values() for path in (drawing.path, drawing.spec) if path]
        return shown, tuple(StoredFile(path, "") for path in paths)

    def with_files(self, page: Page, files: Iterable[StoredFile]) -> Page:
        """Return the page with more files."""
        return replace(page, files=(*page.files, *files))


class Prepared:
    """Tables, notes and drawings of the builds of a chunk."""

    def __init__(self, limits: WorkLimits) -> None:
        self.drawings: dict[str, Shown] = {}
        self.tables: dict[str, run_files.Rows] = {}
        self.previews: dict[str, previews.Peek] = {}
        self.pictures: dict[str, tuple[str, str]] = {}
        self.written: dict[str, Entry] = {}
        self.failures: list[Failure] = []
        self.retry: set[str] = set()
        self._limits = NoteLimits(read_bytes=limits.markdown_bytes)

    def notes_of(self, run: Run | None) -> tuple[str, ...]:
        """Return the notes of a run as safe markup."""
        return tuple(render_note(text, limits=self._limits).html for text in run.notes) if run is not None else ()

    def shaky(self, run: Run | None) -> bool:
        """Whether a chart of the run could not be drawn this time, and may be the next."""
        return any(source in self.retry for source in _sources(run))

    def pictures_of(self, run: Run | None) -> tuple[StoredFile, ...]:
        """Return the drawings that the page of a run shows; they are written already."""
        found = {path for source in _sources(run) for path in self.pictures.get(source, ())}
        return tuple(StoredFile(path, "") for path in sorted(found))


def _sources(run: Run | None) -> list[str]:
    """Return what names the drawings of a run: digests of its files, and the slots of its series."""
    if run is None:
        return []
    return [*(a.sha256 for a in run.attachments if a.sha256), *series_slots(run)]


def prepare(view: StoreView, studio: Studio, site: Site, limits: WorkLimits, builds: Iterable[Build]) -> Prepared:
    """Read tables, render notes and draw the charts of some builds."""
    return _Preparer(view, studio, site, limits).prepare(builds)


class _Preparer:
    """Gathers what has to be drawn first, so that one process draws it all."""

    def __init__(self, view: StoreView, studio: Studio, site: Site, limits: WorkLimits) -> None:
        self._view = view
        self._studio = studio
        self._site = site
        self._limits = limits
        self._prepared = Prepared(limits)
        self._specs: dict[str, Spec] = {}
        self._alts: dict[str, str] = {}

    def prepare(self, builds: Iterable[Build]) -> Prepared:
        """Return what was prepared for the runs of `builds`."""
        for build in builds:
            for run in build.runs:
                for attachment in run.attachments:
                    if attachment.state == "stored" and attachment.sha256:
                        self._file(attachment, attachment.sha256)
                for slot, chart in series_charts(self._site, run, most=self._limits.series_points).items():
                    self._specs[slot], self._alts[slot] = chart.spec, chart.alt
        if self._specs:
            self._draw()
        return self._prepared

    def _file(self, attachment: Attachment, digest: str) -> None:
        prepared, kind = self._prepared, attachment.format.lower()
        if digest in prepared.drawings or digest in prepared.tables or digest in self._specs:
            return
        if attachment.kind == "chart":
            try:
                spec = load_spec(self._view.blob(digest), limits=SpecLimits(spec_bytes=self._limits.chart_bytes))
            except (ChartError, StoreError) as problem:
                prepared.drawings[digest] = Shown("", problem=problem.message)
                return
            self._specs[digest], self._alts[digest] = spec, spec_alt(spec, name=attachment.name or attachment.label)
        elif previews.wanted(attachment) and digest not in prepared.previews:
            prepared.previews[digest] = previews.peek(self._view.blob(digest), kind)
        elif attachment.kind == "figure" and kind in _PICTURES:
            prepared.drawings[digest] = Shown(run_files.attached_path(attachment, digest))
        elif attachment.kind == "table" and kind in ("csv", "tsv"):
            limits = self._limits
            found = run_files.read_table(self._view.blob(digest), kind, rows=limits.table_rows, columns=limits.table_columns)
            if found is not None:
                prepared.tables[digest] = found

    def _draw(self) -> None:
        prepared, before = self._prepared, len(self._studio.failures)
        for source, shown in self._studio.put(self._specs).items():
            prepared.drawings[source] = shown._replace(alt=self._alts[source])
            if shown.path:
                prepared.pictures[source] = (shown.path, shown.spec)
                prepared.written |= {path: self._studio.written[path] for path in (shown.path, shown.spec)}
        prepared.failures += self._studio.failures[before:]
        shaky = {failure.path.removeprefix("chart ") for failure in prepared.failures}
        prepared.retry |= {source for source in self._specs if source[:40] in shaky}
