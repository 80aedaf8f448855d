"""Content pages of a site: Markdown from ``content/`` with the numbers, boards and charts they cite looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from html import escape

from reportgen.analysis.compare import Comparison, MetricLine
from reportgen.analysis.compare import compare as side_by_side
from reportgen.analysis.judge import Judged
from reportgen.charts.check import load_spec
from reportgen.content.pages import (
    ContentFile,
    ContentPage,
    ContentSource,
    Part,
    Unresolved,
    load_content,
    navigation,
    read_pages,
    resolve,
)
from reportgen.errors import ChartError, ContentError, StoreError
from reportgen.model import Attachment, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Figure, Picture, Row, Span, Table
from reportgen.site.contexts.other import ContentPart
from reportgen.site.links import BadReference, parse_reference, pick_run, relative
from reportgen.site.page import Page, StoredFile
from reportgen.site.pages import plain
from reportgen.site.pages.base import Live, Shown, run_label
from reportgen.site.pages.leaderboard import style_of
from reportgen.site.pages.run_files import attached_path
from reportgen.site.plan import Survey
from reportgen.site.prepare import Studio
from reportgen.site.scripts import Doc
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

_PICTURES = frozenset({"png", "jpg", "jpeg", "webp", "gif", "svg"})


class Narrative:
    """The content pages of one site, read once; broken ones raise `ContentError` with file and line."""

    def __init__(self, found: Survey, view: StoreView, studio: Studio, live: Live) -> None:
        config = found.config
        self._found = found
        self._view = view
        self._studio = studio
        self._live = live
        self._name = config.content_path.name
        sources, files = load_content(config.content_path, most_bytes=config.limits.markdown)
        self.sources: tuple[ContentSource, ...] = sources
        self._all_files = {file.path: file for file in files}
        self.pages: tuple[ContentPage, ...] = read_pages(sources, files, directory=self._name)

    @cached_property
    def entries(self) -> tuple[tuple[str, str], ...]:
        """Title and path of the pages that the navigation shows."""
        return tuple((entry.title, entry.path) for entry in navigation(self.pages))

    @property
    def own(self) -> Sequence[ContentPage]:
        """The pages that stand for themselves; the overview's text is not among them."""
        return [page for page in self.pages if page.path != self._found.links.overview]

    def digest(self, page: ContentPage | None) -> str:
        """Return a digest that moves when a page's own text or the navigation does."""
        text = next((source.text for source in self.sources if page is not None and source.path == page.source), "")
        return sha256(f"{text}\n{self.entries!r}".encode("utf-8", "replace")).hexdigest()

    @cached_property
    def intro_page(self) -> ContentPage | None:
        """The page whose text opens the overview, if there is one."""
        return next((page for page in self.pages if page.path == self._found.links.overview), None)

    def intro(self) -> str:
        """Return the overview's own text as safe markup."""
        page = self.intro_page
        if page is None:
            return ""
        for call in page.calls:
            if call.name != "metric":
                raise ContentError(
                    f"{self._name}/{page.source}:{call.line}: the overview's text can cite metrics only",
                    hint="put boards and charts on a page of their own",
                )
        return "".join(_as_markup(part) for part in self._parts(page)[0])

    def docs(self) -> Iterator[Doc]:
        """Yield what the search knows of content pages."""
        for page in self.own:
            yield Doc("page", page.title, page.path, page.description, " ".join(h.text for h in page.headings))

    def files(self) -> Iterator[ContentFile]:
        """Yield the files that pages need."""
        needed = {path for page in self.pages for path in page.files}
        yield from (self._all_files[path] for path in sorted(needed))

    def paths(self) -> frozenset[str]:
        """Return where the pages and the files that they need are published."""
        return frozenset({page.path for page in self.pages} | {file.path for file in self.files()})

    def make(self, page: ContentPage) -> Page:
        """Return a content page."""
        parts, cited, files = self._parts(page)
        given = plain.ContentInput(
            path=page.path,
            title=page.title,
            description=page.description,
            parts=parts,
            headings=[(heading.text, heading.id) for heading in page.headings if heading.level == 2],
            cited=list(dict.fromkeys(cited)),
            others=self.entries,
            live=self._live,
        )
        return self._studio.with_files(plain.content_page(self._found.site, given), files)

    def _parts(self, page: ContentPage) -> tuple[list[ContentPart], list[tuple[str, str]], list[StoredFile]]:
        resolver = _Resolver(self._found, self._view, self._studio, page.path)
        parts = [_placed(part) for part in resolve(page, resolver, directory=self._name)]
        return parts, resolver.cited, resolver.files


def _placed(part: Part) -> ContentPart:
    return part.value if isinstance(part.value, ContentPart) else plain.html(part.html)


def _as_markup(part: ContentPart) -> str:
    if part.kind == "html":
        return str(part.html)
    return f'<a href="{escape(part.href)}" title="{escape(part.title)}">{escape(part.cite)}</a>'


def _nearest(name: str, known: Iterable[str], words: str) -> str:
    """Return a hint for a name that is not known: the one that was meant, or the first ones there are."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"{words}: {', '.join(names[:6]) or 'none'}"


def _same_words(found: Comparison) -> str:
    params = sum(line.same for line in found.params)
    metrics = sum(line.same for line in found.metrics)
    return f"The same in all: {fmt.plural(params, 'param')}, {fmt.plural(metrics, 'metric')}."


class _Resolver:
    """Looks up what the directives of one page name, and remembers which runs were cited and which files are needed."""

    def __init__(self, found: Survey, view: StoreView, studio: Studio, path: str) -> None:
        self._found = found
        self._view = view
        self._studio = studio
        self._path = path
        self.cited: list[tuple[str, str]] = []
        self.files: list[StoredFile] = []
        self._ids: Counter[str] = Counter()

    def _build(self, reference: str) -> tuple[BuildRow, str]:
        """The build that a reference names, and the run's name where it has one."""
        try:
            wanted = parse_reference(reference)
        except BadReference as problem:
            raise Unresolved(problem.message, hint=problem.hint) from None
        builds = self._found.chronicle.jobs.get(wanted.job)
        if not builds:
            hint = _nearest(wanted.job, sorted(self._found.chronicle.jobs), "harvested jobs")
            raise Unresolved(f"there is no job {wanted.job!r}", hint=hint)
        fitting = [build for build in builds if wanted.number in (None, build.number)]
        if not fitting:
            raise Unresolved(
                f"{wanted.job} has no build #{wanted.number}", hint=f"it has #{builds[0].number} to #{builds[-1].number}"
            )
        build = fitting[-1]
        try:
            return build, pick_run(wanted, [row.name for row in self._found.chronicle.rows_of(build.id)])
        except BadReference as problem:
            raise Unresolved(problem.message, hint=problem.hint) from None

    def _run(self, reference: str) -> RunRow:
        build, name = self._build(reference)
        rows = self._view.run_rows(ids=[build.id])
        row = next((row for row in rows if row.name == name), None)
        if row is None:
            raise Unresolved(f"{reference} has no record")
        page = self._found.links.row(row)
        self.cited.append((run_label(row), page))
        return row

    def metric(self, run: str, name: str) -> ContentPart:
        """Return the value of a metric of a run, with a link to it."""
        row = self._run(run)
        metric = row.metrics.get(name)
        if metric is None:
            raise Unresolved(f"{run} has no metric {name!r}", hint=_nearest(name, row.metrics, "it logged"))
        style = self._found.site.style(name, [metric])
        number = fmt.number(metric.value, style.spec) + (f" {style.unit}" if style.unit else "")
        return plain.cite(number, relative(self._path, self._found.links.row(row)), f"{style.title} of {row.key}")

    def leaderboard(self, name: str, *, top: int) -> ContentPart:
        """Return the first rows of a leaderboard."""
        judged = next((each for each in self._found.judged if each.leaderboard.options.name == name), None)
        if judged is None:
            names = [each.leaderboard.options.name for each in self._found.judged]
            raise Unresolved(f"there is no leaderboard {name!r}", hint=_nearest(name, names, "leaderboards"))
        return self._board(judged, top)

    def _board(self, judged: Judged, top: int) -> ContentPart:
        links, board = self._found.links, judged.leaderboard.current
        style = style_of(self._found.site, board, judged.leaderboard.options.metric)
        rows = []
        for row in board.rows[: min(top, board.ranked)] if board else ():
            low, high = fmt.number(row.low, style.spec), fmt.number(row.high, style.spec)
            interval = f"{low}–{high}" if row.low is not None and row.high is not None else fmt.DASH
            rows.append(
                Row(
                    (
                        Cell((Span(f"{row.rank}{'=' if row.tied else ''}"),), "num"),
                        Cell((Span(run_label(row.run), relative(self._path, links.row(row.run))),), "nw"),
                        Cell((Span(fmt.number(row.value, style.spec)),), "v"),
                        Cell((Span(interval),), "mut nw"),
                    )
                )
            )
        path = links.leaderboard(judged.leaderboard.options.name)
        label = judged.leaderboard.options.label
        columns = (Column("Rank", num=True), Column("Run"), Column(style.title, num=True), Column("95 % interval"))
        identity = self._id("c-board", judged.leaderboard.options.name, top)
        as_of = f"{fmt.minute(self._found.as_of)} UTC" if self._found.as_of else "now"
        whole = (Span(f"As of {as_of}. "), Span("The whole leaderboard", relative(self._path, path)), Span("."))
        return plain.board(Table(identity, (Span(label),), columns, tuple(rows), "board"), whole)

    def compare(self, runs: tuple[str, ...]) -> ContentPart:
        """Return what differs between some runs: params, then metrics with their differences from the first run."""
        rows = [self._run(run) for run in runs]
        found = side_by_side(rows, metrics=self._found.site.metrics)
        columns = (Column("Param, metric"), *(Column(run_label(row), num=True) for row in rows))
        lines = [
            Row((Cell((Span(line.name),)), *(Cell((Span(fmt.plain(value)),), "num") for value in line.values)))
            for line in found.params
            if not line.same
        ]
        lines += [self._metric_line(line) for line in found.metrics if not line.same]
        links = [Span(run_label(row), relative(self._path, self._found.links.row(row))) for row in rows]
        after = tuple(span for link in links for span in (link, Span(" ")))
        caption = (Span(f"What differs, against {run_label(rows[0])}. {_same_words(found)}"),)
        return plain.board(Table(self._id("c-compare", *runs), caption, columns, tuple(lines)), after)

    def _metric_line(self, line: MetricLine) -> Row:
        style = self._found.site.style(line.name, [m for m in line.metrics if m is not None])
        cells = []
        for metric, delta in zip(line.metrics, line.deltas, strict=True):
            spans = [Span(fmt.number(metric.value, style.spec) if metric and metric.value is not None else fmt.DASH)]
            if delta is not None:
                spans.append(Span(f" {fmt.difference(delta.value, style.spec)}", mark="mut"))
            cells.append(Cell(tuple(spans), "num"))
        return Row((Cell((Span(style.title + (f", {style.unit}" if style.unit else "")),)), *cells))

    def _id(self, kind: str, *what: object) -> str:
        """Return an id for a part, also where a page holds the same part twice."""
        name = f"{kind}-{sha256(' '.join(map(str, what)).encode()).hexdigest()[:6]}"
        self._ids[name] += 1
        return name if self._ids[name] == 1 else f"{name}-{self._ids[name]}"

    def chart(self, run: str, name: str) -> ContentPart:
        """Return a chart or figure that a run logged."""
        build, wanted = self._build(run)
        row = self._run(run)
        loaded = next(iter(self._view.builds([build.id])))
        logged = [a for each in loaded.runs if each.name == wanted for a in each.attachments if a.kind in ("chart", "figure")]
        attachment = next((a for a in logged if name in (a.name, a.label)), None)
        if attachment is None or attachment.state != "stored" or not attachment.sha256:
            hint = _nearest(name, dict.fromkeys(a.name for a in logged), "it logged")
            raise Unresolved(f"{run} has no chart or figure {name!r}", hint=hint)
        shown = self._shown(attachment, attachment.sha256)
        size = (str(shown.width), str(shown.height)) if shown.width and shown.height else ("", "")
        script = relative(self._path, shown.spec) if shown.spec else ""
        alt = f"{attachment.label or attachment.name} of {row.key}"
        pictures = (Picture(relative(self._path, shown.path), *size, alt, "", script),) if shown.path else ()
        link = Span(f"{row.key}", relative(self._path, self._found.links.row(row)))
        problem = f"Not drawn: {shown.problem}." if shown.problem else ""
        return plain.chart(
            Figure(
                self._id("chart", run, name),
                attachment.label or attachment.name,
                (Span("From "), link, Span(".")),
                pictures,
                problem=problem,
            )
        )

    def _shown(self, attachment: Attachment, digest: str) -> Shown:
        if attachment.kind == "figure" and attachment.format.lower() in _PICTURES:
            path = attached_path(attachment, digest)
            self.files.append(StoredFile(path, digest))
            return Shown(path)
        try:
            shown = self._studio.put({digest: load_spec(self._view.blob(digest))})[digest]
        except (ChartError, StoreError) as problem:
            return Shown("", problem=problem.message)
        self.files += [StoredFile(path, "") for path in (shown.path, shown.spec) if path]
        return shown
