"""Where things come from and what became of them: data sets, runs and models as one graph, across jobs.

Edges follow the data: data set → run that used it, run → data set or model it made, model → run that used it or decided about
it; and build → build by cause, by a parameter that names a build, by a Jenkins fingerprint. Parts that are missing or gone stay
in the graph as such.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from reportgen.analysis.comparable import order, role_of
from reportgen.analysis.references import BuildIndex
from reportgen.analysis.values import RunId, run_id
from reportgen.model import Dataset, Model, RunRow

NodeKind = Literal["run", "dataset", "model", "build"]
EdgeKind = Literal["used", "made", "decided", "caused", "named", "fingerprint"]

_PRODUCED = frozenset({"output", "produced", "made", "featureset", "features", "extract"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A run, a data set, a model, or a build that is named but not known ("build": never harvested, or its job is not read).

    `name` is what people call it; a data set or model may go by several names, of which this is the newest. `gone` says that
    Jenkins no longer has the build.
    """

    id: str
    kind: NodeKind
    name: str
    run: RunRow | None = None
    digest: str | None = None
    roles: tuple[str, ...] = ()
    dataset: Dataset | None = None
    model: Model | None = None
    build: tuple[str, int] | None = None
    gone: bool = False


class Edge(NamedTuple):
    """`source` came before `target`. `label` is the role of a data set, or the parameter or file that tells of the edge."""

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


def run_node(run: RunRow | RunId) -> str:
    """Return the node of a run."""
    key = run if isinstance(run, RunId) else run_id(run)
    return f"run:{key.job}#{key.number}@{key.started_at.isoformat()}/{key.name}-{key.record}"


def dataset_node(digest: str) -> str:
    """Return the node of a data set."""
    return f"dataset:{digest}"


def model_node(digest: str) -> str:
    """Return the node of a model."""
    return f"model:{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The lineage of a site. Make it with `lineage`; walks in either direction take time by what they pass."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    into: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict, repr=False)
    out_of: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict, repr=False)

    def up(self, node: str) -> list[tuple[Edge, Node]]:
        """Return what `node` came from directly."""
        return [(edge, self.nodes[edge.source]) for edge in self.into.get(node, ())]

    def down(self, node: str) -> list[tuple[Edge, Node]]:
        """Return what came of `node` directly."""
        return [(edge, self.nodes[edge.target]) for edge in self.out_of.get(node, ())]

    def ancestors(self, node: str, *, follow: Callable[[Edge], bool] | None = None) -> Iterator[Node]:
        """Yield everything `node` came from, nearest first, along the edges that `follow` lets pass."""
        return self._walk(node, self.into, lambda edge: edge.source, follow)

    def descendants(self, node: str, *, follow: Callable[[Edge], bool] | None = None) -> Iterator[Node]:
        """Yield everything that came of `node`, nearest first."""
        return self._walk(node, self.out_of, lambda edge: edge.target, follow)

    def makers(self, node: str) -> list[RunRow]:
        """Return the runs that made a data set or model, oldest first."""
        return _runs(pair for pair in self.up(node) if pair[0].kind == "made")

    def users(self, node: str) -> list[RunRow]:
        """Return the runs that used a data set or model, oldest first."""
        return _runs(pair for pair in self.down(node) if pair[0].kind == "used")

    def deciders(self, node: str) -> list[RunRow]:
        """Return the runs in which somebody decided about a model, oldest first."""
        return _runs(pair for pair in self.down(node) if pair[0].kind == "decided")

    def sources(self, model: str) -> list[Node]:
        """Return the data sets that the model with digest `model` was made from."""
        found: dict[str, Node] = {}
        for maker in self.makers(model_node(model)):
            made = next((m for m in maker.models if m.role == "made" and m.sha256 == model), None)
            wanted = {dataset_node(digest) for digest in made.inputs} if made is not None and made.inputs else None
            for edge, node in self.up(run_node(maker)):
                if edge.kind == "used" and node.kind == "dataset" and (wanted is None or node.id in wanted):
                    found[node.id] = node
        return list(found.values())

    def _walk(
        self,
        node: str,
        edges: Mapping[str, tuple[Edge, ...]],
        end: Callable[[Edge], str],
        follow: Callable[[Edge], bool] | None,
    ) -> Iterator[Node]:
        seen = {node}
        waiting = deque([node])
        while waiting:
            for edge in edges.get(waiting.popleft(), ()):
                other = end(edge)
                if other not in seen and (follow is None or follow(edge)):
                    seen.add(other)
                    yield self.nodes[other]
                    waiting.append(other)


def _runs(pairs: Iterable[tuple[Edge, Node]]) -> list[RunRow]:
    return sorted({node.id: node.run for _, node in pairs if node.run is not None}.values(), key=order)


def lineage(rows: Iterable[RunRow] | BuildIndex) -> Graph:
    """Return the graph of all `rows`.

    A data set was made by the runs of the job that logged it first, if these had no model, or by a run that logged it in a role
    such as "output"; every other run used it.
    """
    index = rows if isinstance(rows, BuildIndex) else BuildIndex(rows)
    builder = _Builder(index)
    for row in index.rows:
        builder.add(row)
    return builder.graph()


class _Builder:
    def __init__(self, index: BuildIndex) -> None:
        self.index = index
        self.nodes: dict[str, Node] = {}
        self.runs: dict[int, str] = {}
        """The node of each run, by which object its row is: the text of one is long."""
        self.edges: set[Edge] = set()
        self.home: dict[str, str | None] = {}
        """The job that makes a data set; None where a run that uses models logged it first."""
        self.with_models: set[str] = set()

    def add(self, row: RunRow) -> None:
        here = self._run(row)
        self.nodes[here] = Node(id=here, kind="run", name=str(row.key), run=row, gone=row.gone_since is not None)
        if row.models:
            self.with_models.add(row.job)
        for dataset in row.datasets:
            if dataset.sha256:
                self._dataset(row, here, dataset, dataset.sha256)
        for model in row.models:
            self._model(row, here, model)
        for decision in row.decisions:
            if decision.model:
                node = model_node(decision.model)
                self._note(node, "model", "", decision.model, "")
                self.edges.add(Edge(node, here, "decided", decision.value))
        self._builds(row, here)

    def _dataset(self, row: RunRow, here: str, dataset: Dataset, digest: str) -> None:
        node = self._known(dataset_node(digest))
        role = role_of(dataset)
        home = self.home.setdefault(digest, None if row.job in self.with_models else row.job)
        made = role in _PRODUCED or (home == row.job and row.job not in self.with_models)
        self._note(node, "dataset", dataset.name, digest, role, dataset=dataset)
        self.edges.add(Edge(here, node, "made", role) if made else Edge(node, here, "used", role))

    def _model(self, row: RunRow, here: str, model: Model) -> None:
        node = self._known(model_node(model.sha256))
        self._note(node, "model", model.name, model.sha256, model.role, model=model)
        if model.role == "input":
            self.edges.add(Edge(node, here, "used", model.name))
            return
        self.edges.add(Edge(here, node, "made", model.name))
        for digest in model.inputs:
            source = dataset_node(digest)
            if source not in self.nodes:
                self._note(source, "dataset", "", digest, "training")
            if Edge(here, source, "made", "") not in self.edges:
                known = {d.sha256 for d in row.datasets}
                self.edges |= set() if digest in known else {Edge(source, here, "used", "training")}

    def _note(
        self,
        node: str,
        kind: NodeKind,
        name: str,
        digest: str,
        role: str,
        *,
        dataset: Dataset | None = None,
        model: Model | None = None,
    ) -> None:
        before = self.nodes.get(node)
        if before is not None and role in before.roles and name == before.name and dataset is before.dataset and model is None:
            return  # most runs tell what others told
        roles = tuple(sorted({*(before.roles if before else ()), *([role] if role else [])}))
        self.nodes[node] = Node(
            id=node,
            kind=kind,
            name=name or (before.name if before else ""),
            digest=digest,
            roles=roles,
            dataset=_fuller(dataset, before.dataset if before else None),
            model=_most_telling(model, before.model if before else None),
        )

    def _builds(self, row: RunRow, here: str) -> None:
        for build in row.upstream:
            self._from_build(row, here, build, "caused", "")
        for name, build in self.index.named(row):
            self._from_build(row, here, build, "named", name)
        for mark in row.fingerprints:
            if mark.job is not None and mark.number is not None:
                self._from_build(row, here, (mark.job, mark.number), "fingerprint", mark.file)

    def _from_build(self, row: RunRow, here: str, build: tuple[str, int], kind: EdgeKind, label: str) -> None:
        if build == (row.job, row.number):
            return
        found = self.index.find(*build, row.started_at)
        for other in found:
            self.edges.add(Edge(self._run(other), here, kind, label))
        if not found:
            node = f"build:{build[0]}#{build[1]}"
            self.nodes.setdefault(node, Node(id=node, kind="build", name=f"{build[0]}#{build[1]}", build=build))
            self.edges.add(Edge(node, here, kind, label))

    def _run(self, row: RunRow) -> str:
        found = self.runs.get(id(row))
        if found is None:
            found = self.runs[id(row)] = run_node(row)
        return found

    def _known(self, node: str) -> str:
        """The same text as in the node, if there is one: thousands of edges may lead to it."""
        found = self.nodes.get(node)
        return found.id if found is not None else node

    def graph(self) -> Graph:
        edges = tuple(sorted(self.edges))
        into: dict[str, list[Edge]] = {}
        out_of: dict[str, list[Edge]] = {}
        for edge in edges:
            into.setdefault(edge.target, []).append(edge)
            out_of.setdefault(edge.source, []).append(edge)
        return Graph(
            nodes=self.nodes,
            edges=edges,
            into={node: tuple(found) for node, found in into.items()},
            out_of={node: tuple(found) for node, found in out_of.items()},
        )


def _fuller(new: Dataset | None, old: Dataset | None) -> Dataset | None:
    """Of two descriptions of one data set the newer, unless only the older knows its size."""
    if new is None or old is None:
        return new or old
    return old if new.rows is None and old.rows is not None else new


def _most_telling(new: Model | None, old: Model | None) -> Model | None:
    """Of two descriptions of one model the one by the run that made it, else the newer."""
    known: Sequence[Model] = [m for m in (new, old) if m is not None]
    return min(known, key=lambda m: (m.role != "made", not m.facts), default=None)
