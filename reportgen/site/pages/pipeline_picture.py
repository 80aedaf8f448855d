"""The picture of a pipeline: stages in order, and the data sets between them as lanes that part and come together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reportgen.model import Dataset, RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Result, Span
from reportgen.site.contexts.pipeline import Node, Place
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, result_of
from reportgen.site.pages.overview import StageState

_SETS = 3


class _Made(NamedTuple):
    """A data set a stage made, and the place of the first later stage that uses it; None if none is known to."""

    node: Node
    user: int | None


def picture(
    site: Site, path: str, stages: Sequence[StageState], newest: Mapping[str, RunRow], *, live: str | None
) -> tuple[Place, ...]:
    """Return the places of the picture in order; `live` is the job that deployed the model in use, None without one.

    A data set that a later stage uses runs in a lane of its own, past the stages between, to that stage.
    """
    nodes = [_stage_node(site, path, stage, deployed=stage.job == live) for stage in stages]
    made = [_sets(site, path, stages, newest, at) for at in range(len(stages))]
    places: list[Place] = []
    at = 0
    while at < len(stages):
        places.append(Place((((nodes[at],),),)))
        meet = max([each.user for each in made[at] if each.user is not None], default=at + 1)
        far = [each.node for each in made[at] if each.user == meet and meet > at + 1]
        near = tuple(each.node for each in made[at] if each.node not in far)
        if far:
            between: list[tuple[Node, ...]] = [near] if near else []
            for place in range(at + 1, meet):
                sets = tuple(each.node for each in made[place])
                between += [(nodes[place],), *([sets] if sets else [])]
            places.append(Place((tuple(between), *(((node,),) for node in far))))
        elif near:
            places.append(Place(tuple(((node,),) for node in near)))
        at = meet
    return tuple(places)


def _sets(site: Site, path: str, stages: Sequence[StageState], newest: Mapping[str, RunRow], place: int) -> list[_Made]:
    run = newest.get(stages[place].job)
    if run is None or run.models or place == len(stages) - 1:
        return []
    found = []
    for dataset in run.datasets[:_SETS]:
        if dataset.sha256:
            users = _users(stages, newest, place, dataset)
            note = f"for {fmt.listed([stages[at].title for at in users])}" if users else dataset.role or "data set"
            rows = fmt.plural(dataset.rows, "row") if dataset.rows is not None else ""
            href = relative(path, site.links.dataset(dataset.sha256))
            found.append(_Made(Node(dataset.name, href, (Span(rows),), note, "set", None), users[0] if users else None))
    return found


def _users(stages: Sequence[StageState], newest: Mapping[str, RunRow], place: int, dataset: Dataset) -> list[int]:
    """Return the places of the later stages whose newest run used a data set of that role or name."""
    return [
        at
        for at in range(place + 1, len(stages))
        if (run := newest.get(stages[at].job)) is not None
        and any((other.role or other.name) == (dataset.role or dataset.name) for other in run.datasets)
    ]


def _stage_node(site: Site, path: str, stage: StageState, *, deployed: bool) -> Node:
    href = relative(path, site.links.job(stage.job))
    kind = "live" if deployed else ("hand" if stage.hand else "")
    if stage.running is not None:
        waits = bool(stage.running.waiting_for)
        result = Result("wait", "waiting") if waits else Result("go", "running")
        return Node(
            stage.title,
            href,
            (Span(f"#{stage.running.number}"),),
            f"since {fmt.minute(stage.running.started_at)}",
            kind,
            result,
        )
    if stage.number is None or stage.started_at is None:
        return Node(stage.title, href, (), "no build yet", kind, None)
    to = relative(path, site.links.build(stage.job, stage.number, stage.started_at))
    return Node(
        stage.title,
        href,
        (Span(f"#{stage.number}", to),),
        stage.note or fmt.day(stage.started_at),
        kind,
        result_of(stage.result),
    )
