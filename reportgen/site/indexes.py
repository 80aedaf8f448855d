"""What the lists and the search page list: models, data sets, names and builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reportgen.analysis.lineage import Node
from reportgen.model import RunRow
from reportgen.site.format import plural
from reportgen.site.pages.lists import DatasetFact, ModelFact
from reportgen.site.pages.search import Indexed, NumberedBuild
from reportgen.site.plan import Survey


def model_facts(found: Survey) -> list[ModelFact]:
    """Return every model with who made it and what was last decided about it, newest first."""
    serving = next((r.model for r in reversed(found.rulings) if r.kind == "deployed"), None)
    states: dict[str, str] = {ruling.model: ruling.kind for ruling in found.rulings if ruling.model is not None}
    facts = []
    for node in found.graph.nodes.values():
        if node.kind == "model" and node.model is not None:
            makers, users = found.graph.makers(node.id), found.graph.users(node.id)
            first: RunRow | None = next(iter([*makers, *users]), None)
            state = "live" if node.model.sha256 == serving else states.get(node.model.sha256, "")
            maker = makers[0] if makers else None
            facts.append(ModelFact(node.model.sha256, node.model.name, maker, state, first.started_at if first else None))
    return sorted(facts, key=lambda fact: (-(fact.at.timestamp() if fact.at else 0.0), fact.digest))


def dataset_facts(found: Survey) -> list[DatasetFact]:
    """Return every data set, the last used first."""
    facts = [
        _dataset(found, node) for node in found.graph.nodes.values() if node.kind == "dataset" and node.dataset is not None
    ]
    return sorted(facts, key=lambda fact: (-(fact.last.timestamp() if fact.last else 0.0), fact.digest))


def _dataset(found: Survey, node: Node) -> DatasetFact:
    assert node.dataset is not None
    runs = [*found.graph.makers(node.id), *found.graph.users(node.id)]
    last = max((row.started_at for row in runs), default=None)
    roles = ", ".join(role for role in node.roles if role)
    dataset = node.dataset
    return DatasetFact(dataset.sha256 or "", node.name, roles, dataset.rows, dataset.columns, len(runs), last)


def names(
    found: Survey, newest: Sequence[RunRow], datasets: Iterable[DatasetFact], pages: Iterable[tuple[str, str]]
) -> Iterator[Indexed]:
    """Yield everything that has a name; metrics and params lead to the job of the `newest` run that has them."""
    links = found.links
    for job in found.jobs:
        builds = plural(len(found.chronicle.jobs.get(job.name, ())), "build")
        yield Indexed(job.name, f"job, {builds}", links.job(job.name))
    for judged in found.judged:
        options = judged.leaderboard.options
        yield Indexed(options.label, "leaderboard", links.leaderboard(options.name))
    for pipeline in found.pipelines:
        yield Indexed(pipeline.label, "pipeline", links.pipeline(pipeline.name))
    for fact in datasets:
        yield Indexed(fact.name or fact.digest[:12], f"data set, {plural(fact.uses, 'run')}", links.dataset(fact.digest))
    for title, path in pages:
        yield Indexed(title, "page", path)
    for row in newest:
        for name in row.metrics:
            yield Indexed(name, "metric", links.job(row.job))
        for name in row.params:
            yield Indexed(name, "param", links.job(row.job))


def numbered(found: Survey) -> list[tuple[str, list[NumberedBuild]]]:
    """Return the builds of every job, newest first."""
    return [
        (job.name, [NumberedBuild(b.number, b.started_at, b.result) for b in reversed(found.chronicle.jobs.get(job.name, ()))])
        for job in found.jobs
    ]
