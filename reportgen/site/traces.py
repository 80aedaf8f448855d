"""Pages that follow things across jobs: models, data sets, pipelines, and comparisons of a champion with others.

Models, data sets and comparisons depend on the runs they tell of and nothing else, so most of them stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from reportgen.analysis.compare import compare
from reportgen.analysis.decisions import Ruling
from reportgen.analysis.judge import Judged
from reportgen.analysis.lineage import Node, dataset_node
from reportgen.analysis.pipeline import PipelineOptions, find_passes
from reportgen.analysis.values import Board, BoardRow, RunId, run_id
from reportgen.globs import covers
from reportgen.model import Attachment, Dataset, Model, RunRow
from reportgen.site.chronicle import ref_of
from reportgen.site.evaluations import paired_runs
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, run_label
from reportgen.site.pages.compare import CompareInput, compare_page
from reportgen.site.pages.compare_index import Ready, ReadyBoard, compare_index
from reportgen.site.pages.dataset import DatasetInput, dataset_page
from reportgen.site.pages.passport import ModelInput, model_page
from reportgen.site.pages.pipeline import PipelineInput, pipeline_page
from reportgen.site.pages.run_files import stored_path
from reportgen.site.pages.series import overlay_template
from reportgen.site.plan import Survey
from reportgen.site.prepare import Studio
from reportgen.site.sides import find_sides
from reportgen.site.state import pipeline_state
from reportgen.store.view import StoreView

_TOP = 10
_BOARDS = 3


class LiveTask(NamedTuple):
    """A page that is made in this process: its path, a key that moves when it has to be looked at, and how it is made."""

    path: str
    key: str
    make: Callable[[], Page]


class _Pair(NamedTuple):
    """A champion and a run it is compared with."""

    judged: Judged
    board: Board
    position: int
    champion: RunRow
    row: BoardRow
    role: str

    @property
    def other(self) -> RunRow:
        """The run the champion is compared with."""
        return self.row.run


class Traces:
    """Makes the pages that follow things across jobs."""

    def __init__(self, found: Survey, view: StoreView, studio: Studio, live: Live, base: str) -> None:
        self._found = found
        self._view = view
        self._studio = studio
        self._live = live
        self._base = f"{base} {found.links.unusual()}"
        self._rulings: dict[str, list[Ruling]] = {}
        for ruling in found.rulings:
            if ruling.model is not None:
                self._rulings.setdefault(ruling.model, []).append(ruling)
        deployed = [ruling for ruling in found.rulings if ruling.kind == "deployed"]
        self._serving = deployed[-1].model if deployed else None

    def tasks(self) -> Iterator[LiveTask]:
        """Yield the pages of models, data sets, pipelines and comparisons.

        Digests that a record claims may agree in what their addresses show of them; the first one keeps the address.
        """
        seen: set[str] = set()
        for task in self._all():
            if task.path not in seen:
                seen.add(task.path)
                yield task

    def _all(self) -> Iterator[LiveTask]:
        for node in self._found.graph.nodes.values():
            if node.kind == "model" and node.model is not None:
                yield self._model_task(node, node.model)
            elif node.kind == "dataset" and node.dataset is not None:
                yield self._dataset_task(node, node.dataset)
        for options in self._found.pipelines:
            path = self._found.links.pipeline(options.name)
            yield LiveTask(path, self._now(path), lambda options=options: self._pipeline(options))  # type: ignore[misc]
        yield from self._comparisons()

    def _now(self, path: str) -> str:
        """The key of a page that tells how things stand: it moves with every change of the store."""
        return sha256(f"{path}\n{self._base}\n{self._found.revision}\n{self._live!r}".encode()).hexdigest()

    def _about(self, path: str, rows: Iterable[RunRow], *facts: object) -> str:
        """The key of a page about some runs: it moves when one of them does."""
        revisions = self._found.chronicle.revisions
        cited = [(ref_of(row), revisions.get(row.build_id)) for row in rows]
        return sha256(f"{path}\n{self._base}\n{cited!r}\n{facts!r}".encode("utf-8", "backslashreplace")).hexdigest()

    def _full(self, rows: Iterable[RunRow]) -> Callable[[RunRow], RunRow]:
        """Return what gives each run with all its metrics."""
        ids = {row.build_id for row in rows}
        known = {run_id(row): row for row in self._view.run_rows(ids=ids)} if ids else {}
        return lambda row: known.get(run_id(row), row)

    # -- models ---------------------------------------------------------------------------------------------------------------

    def _model_task(self, node: Node, model: Model) -> LiveTask:
        graph = self._found.graph
        makers, users = graph.makers(node.id), graph.users(node.id)
        made = {run_id(row) for row in makers}
        users = [row for row in users if run_id(row) not in made]
        deciders = [row for row in graph.deciders(node.id) if run_id(row) not in {run_id(user) for user in users}]
        ancestors = self._ancestors(makers)
        rulings = self._rulings.get(model.sha256, [])
        path = self._found.links.model(model.sha256)
        serving = model.sha256 == self._serving
        rows = [*makers, *users, *deciders, *(row for row, _ in ancestors), *(ruling.source for ruling in rulings)]

        def make() -> Page:
            full = self._full(rows)
            used = [full(row) for row in users]
            given = ModelInput(
                model=model,
                makers=[full(row) for row in makers],
                ancestors=[(full(row), words) for row, words in ancestors],
                scorers=[row for row in used if row.metrics],
                others=[*(row for row in used if not row.metrics), *map(full, deciders)],
                rulings=rulings,
                serving=serving,
                metric=self._metric_of(used or makers),
                stored=self._stored(model, makers),
                gone=bool(makers) and all(row.gone_since is not None for row in makers),
            )
            return model_page(self._found.site, given)

        return LiveTask(path, self._about(path, rows, serving, self._metric_of(users or makers)), make)

    def _ancestors(self, makers: Sequence[RunRow]) -> list[tuple[RunRow, str]]:
        """The runs that the data came from which a model was trained on, oldest first, with the name of the data."""
        graph = self._found.graph
        found: dict[RunId, tuple[RunRow, str]] = {}
        for maker in makers[:1]:
            for dataset in maker.datasets:
                if dataset.sha256:
                    for row in graph.makers(dataset_node(dataset.sha256))[:1]:
                        if run_id(row) != run_id(maker):
                            found.setdefault(run_id(row), (row, dataset.name))
        return sorted(found.values(), key=lambda pair: pair[0].started_at)

    def _metric_of(self, rows: Sequence[RunRow]) -> str:
        return next((metric for row in reversed(rows) if (metric := self._found.chronicle.metric(row.job))), "")

    def _stored(self, model: Model, makers: Sequence[RunRow]) -> str:
        """Where the model's file is published, if its bytes are kept: as an archived file or as one that was logged."""
        for build in self._view.builds([row.build_id for row in makers[:1]]):
            for archived in build.artifacts:
                if archived.state == "stored" and archived.sha256 == model.sha256:
                    return stored_path(model.sha256, "", archived.path)
            for file in (attachment for run in build.runs for attachment in run.attachments):
                if _is_file_of(file, model):
                    return stored_path(model.sha256, file.format, file.path)
        return ""

    # -- data sets ------------------------------------------------------------------------------------------------------------

    def _dataset_task(self, node: Node, dataset: Dataset) -> LiveTask:
        graph, digest = self._found.graph, dataset.sha256 or ""
        makers, users = graph.makers(node.id), graph.users(node.id)
        boards = [
            (judged, board)
            for judged in self._found.judged
            for board in judged.leaderboard.boards
            if digest in board.comparable.by.values()
        ]
        path = self._found.links.dataset(digest)
        rows = [*makers, *users]
        on_boards = [ref_of(row.run) for _, board in boards for row in board.rows]

        def make() -> Page:
            given = DatasetInput(
                dataset=dataset,
                names=list(dict.fromkeys(d.name for row in reversed(rows) for d in row.datasets if d.sha256 == digest)),
                makers=makers,
                users=users,
                boards=boards,
            )
            return dataset_page(self._found.site, given)

        return LiveTask(path, self._about(path, rows, on_boards, self._boards_key(boards)), make)

    def _boards_key(self, boards: Sequence[tuple[Judged, Board]]) -> list[object]:
        revisions = self._found.chronicle.revisions
        return [
            (judged.leaderboard.options.name, [(row.rank, row.champion, revisions.get(row.run.build_id)) for row in board.rows])
            for judged, board in boards
        ]

    # -- pipelines ------------------------------------------------------------------------------------------------------------

    def _pipeline(self, options: PipelineOptions) -> Page:
        found = self._found
        passes = find_passes(options, found.chronicle.index, graph=found.graph, rulings=found.rulings, running=found.running)
        state = pipeline_state(found, options)
        newest = {stage.job: rows[-1] for stage in state.stages if (rows := self._rows_of(stage.job))}
        judged = next((j for j in found.judged if any(_ranks(j, stage.job) for stage in state.stages)), None)
        ready = comparison_paths(found, judged) if judged else {}
        given = PipelineInput(
            options=options, state=state, passes=passes, newest=newest, judged=judged, compare=ready, live=self._live
        )
        return pipeline_page(found.site, given)

    def _rows_of(self, job: str) -> Sequence[RunRow]:
        """The runs of the newest build of a job that has any."""
        for build in reversed(self._found.chronicle.jobs.get(job, ())):
            rows = self._found.chronicle.rows_of(build.id)
            if rows:
                return rows
        return ()

    # -- comparisons ----------------------------------------------------------------------------------------------------------

    def _comparisons(self) -> Iterator[LiveTask]:
        found = self._found
        ready: dict[tuple[str, int], tuple[_Pair, list[Ready]]] = {}
        for pair in self._pairs():
            path = found.links.comparison(found.links.row(pair.champion), found.links.row(pair.other))
            options = pair.judged.leaderboard.options
            ready.setdefault((options.name, pair.position), (pair, []))[1].append(Ready(path, pair.row, pair.role))
            key = self._about(path, [pair.champion, pair.other], pair.role, options.name, options.label, options.metric)
            yield LiveTask(path, key, lambda pair=pair, path=path: self._comparison(pair, path))  # type: ignore[misc]
        index = found.links.compare
        boards = [ReadyBoard(pair.judged, pair.board, pair.position, pair.champion, of) for pair, of in ready.values()]
        yield LiveTask(index, self._now(index), lambda: self._index(boards))

    def _index(self, boards: Sequence[ReadyBoard]) -> Page:
        overlay = self._studio.script(overlay_template())
        return compare_index(self._found.site, boards, self._live, overlay=overlay)

    def _pairs(self) -> Iterator[_Pair]:
        for judged in self._found.judged:
            ranked = [board for board in judged.leaderboard.boards if board.ranked]
            for position, board in enumerate(ranked[:_BOARDS]):
                champion = next((row.run for row in board.rows if row.champion), None) or board.rows[0].run
                chosen: dict[object, tuple[BoardRow, str]] = {}
                newest = max(board.rows[: board.ranked], key=lambda row: row.run.started_at, default=None)
                if newest is not None:
                    chosen[run_id(newest.run)] = (newest, "newest")
                for row in board.rows[: board.ranked]:
                    if row.baseline:
                        chosen[run_id(row.run)] = (row, "baseline")
                for row in board.rows[: min(board.ranked, _TOP)]:
                    chosen.setdefault(run_id(row.run), (row, f"rank {row.rank}"))
                for row, role in chosen.values():
                    if run_id(row.run) != run_id(champion):
                        yield _Pair(judged, board, position, champion, row, role)

    def _comparison(self, pair: _Pair, path: str) -> Page:
        full = self._full([pair.champion, pair.other])
        options = pair.judged.leaderboard.options
        runs = [full(pair.champion), full(pair.other)]
        labels = [run_label(run, runs[0].job) for run in runs]
        sides = find_sides(self._view, self._studio, self._found.site, runs, labels)
        comparison = compare(runs, metrics=options.metrics, paired=paired_runs(self._view, runs))
        given = CompareInput(
            path=path,
            comparison=comparison,
            roles=("champion", pair.role if not pair.role.startswith("rank") else ""),
            board=options.name,
            board_title=options.label,
            metric=options.metric,
            sides=sides.sides,
            curves=sides.curves,
            files=sides.files,
        )
        return compare_page(self._found.site, given)


def _ranks(judged: Judged, job: str) -> bool:
    return any(covers(pattern, job) for pattern in judged.leaderboard.options.jobs)


def _is_file_of(file: Attachment, model: Model) -> bool:
    return file.kind == "model" and file.state == "stored" and file.sha256 == model.sha256


def comparison_paths(found: Survey, judged: Judged) -> Mapping[str, str]:
    """Return the page of the comparison with the champion, by how people write each run that has one."""
    current = judged.leaderboard.current
    if current is None or not current.ranked:
        return {}
    links = found.links
    champion = next((row.run for row in current.rows if row.champion), None) or current.rows[0].run
    rows = [row.run for row in current.rows[: min(current.ranked, _TOP)]]
    return {
        str(run.key): links.comparison(links.row(champion), links.row(run)) for run in rows if run_id(run) != run_id(champion)
    }
