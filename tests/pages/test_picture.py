"""The picture of a pipeline: which stages and data sets stand in which lane."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reportgen.model import Dataset, Model, RunRow
from reportgen.site.contexts.pipeline import Place
from reportgen.site.pages.overview import StageState
from reportgen.site.pages.pipeline_picture import picture
from tests.pages.support import row, site
from tests.support import factories as f

STAGES = ("features", "train", "validate", "deploy")


def run(stage: str, *roles: str, model: bool = False) -> RunRow:
    """A run of a stage with a data set of each role; one that has a model does not make its data sets."""
    sets = tuple(Dataset(name=role, role=role, sha256=f.digest(role), rows=9) for role in roles)
    models = (Model(name="m", role="made", sha256=f.digest("m")),) if model else ()
    return replace(row(140), job=stage, datasets=sets, models=models)


def lanes(places: tuple[Place, ...]) -> list[object]:
    """Names in place of nodes: a lane of single names for a place with one, a list of lanes for one that forks."""
    found: list[object] = []
    for place in places:
        each = [[",".join(node.title for node in step) for step in lane] for lane in place.lanes]
        found.append(each[0][0] if len(each) == 1 and len(each[0]) == 1 else each)
    return found


@pytest.mark.parametrize(
    ("made", "trained_on", "validated_on", "expected"),
    [
        (("a", "b"), ("a",), ("b",), ["features", [["a", "train"], ["b"]], "validate", "deploy"]),
        (("a", "b", "c"), ("a",), ("b", "c"), ["features", [["a", "train"], ["b"], ["c"]], "validate", "deploy"]),
        (("b",), (), ("b",), ["features", [["train"], ["b"]], "validate", "deploy"]),
        (("a",), ("a",), ("a",), ["features", "a", "train", "validate", "deploy"]),
        (("a", "b"), ("a", "b"), ("b",), ["features", [["a"], ["b"]], "train", "validate", "deploy"]),
        (("a", "b"), (), (), ["features", [["a"], ["b"]], "train", "validate", "deploy"]),
        ((), ("a",), ("b",), ["features", "train", "validate", "deploy"]),
    ],
)
def test_a_data_set_runs_in_a_lane_to_the_stage_that_uses_it(
    made: tuple[str, ...], trained_on: tuple[str, ...], validated_on: tuple[str, ...], expected: list[object]
) -> None:
    newest = {
        "features": run("features", *made),
        "train": run("train", *trained_on, model=True),
        "validate": run("validate", *validated_on, model=True),
    }
    stages = [StageState(name, name, 140, f.FIRST_DAY, 1.0, "SUCCESS") for name in STAGES]
    assert lanes(picture(site(), "pipelines/p/index.html", stages, newest, live=None)) == expected


def test_every_stage_and_every_set_stands_once_and_says_who_uses_it() -> None:
    newest = {
        "features": run("features", "a", "b"),
        "train": run("train", "a", model=True),
        "validate": run("validate", "a", "b", model=True),
    }
    stages = [StageState(name, name, 140, f.FIRST_DAY, 1.0, "SUCCESS") for name in STAGES]
    places = picture(site(), "pipelines/p/index.html", stages, newest, live="deploy")
    nodes = [node for place in places for lane in place.lanes for step in lane for node in step]
    assert sorted(node.title for node in nodes) == sorted([*STAGES, "a", "b"])
    assert {node.title: node.note for node in nodes if node.kind == "set"} == {
        "a": "for train and validate",
        "b": "for validate",
    }
    assert [node.title for node in nodes if node.kind == "live"] == ["deploy"]
