"""Lineage: edges from digests and builds, both directions, missing parts; passes through a pipeline and their states."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.decisions import DecisionJobs, find_rulings
from reportgen.analysis.lineage import dataset_node, lineage, model_node, run_node
from reportgen.analysis.pipeline import Pass, PipelineOptions, find_passes, find_pipelines
from reportgen.analysis.references import BuildIndex, named_builds
from reportgen.model import Dataset, Decision, Fingerprint, Job, Model, RunningBuild, RunRow
from tests.analysis.rows import at, digest, row

TRAIN_SET, VAL_SET = digest("train"), digest("val")
JOBS = ("c/featureset", "c/train", "c/validate", "c/approve", "c/deploy")
PIPELINE = PipelineOptions(name="c", jobs=JOBS, approve="c/approve", deploy="c/deploy")


def sets(*wanted: tuple[str, str]) -> tuple[Dataset, ...]:
    return tuple(Dataset(name=role, role=role, sha256=sha) for role, sha in wanted)


def featureset(n: int, hours: float, **more: Any) -> RunRow:
    data = sets(("training", TRAIN_SET), ("validation", VAL_SET))
    return row(n, job=JOBS[0], name="featureset", hours=hours, **{"datasets": data, **more})


def train(n: int, hours: float, made: str = "", **more: Any) -> RunRow:
    models = (Model(name="model.pkl", role="made", sha256=digest(made), inputs=(TRAIN_SET,)),) if made else ()
    return row(n, job=JOBS[1], name="train", hours=hours, datasets=sets(("train", TRAIN_SET)), **{"models": models, **more})


def validate(n: int, hours: float, model: str, **more: Any) -> RunRow:
    return row(n, 0.7, job=JOBS[2], name="validate", hours=hours, model=model, datasets=sets(("validation", VAL_SET)), **more)


def approve(n: int, hours: float, model: str, value: str = "approved", **more: Any) -> RunRow:
    said = (Decision(name="approve", value=value, by="jdoe", model=digest(model)),)
    return row(n, job=JOBS[3], name="approve", hours=hours, data=None, decisions=said, **more)


def deploy(n: int, hours: float, model: str, **more: Any) -> RunRow:
    return row(n, job=JOBS[4], name="deploy", hours=hours, data=None, model=model, **more)


WHOLE = [
    featureset(12, 1), train(88, 2, "m1"), validate(140, 3, "m1"), approve(7, 4, "m1", params={"of": "c/validate#140"}),
    deploy(5, 5, "m1"),
]  # fmt: skip


def test_edges_follow_the_data_in_both_directions() -> None:
    graph = lineage(WHOLE)
    made = [(e.kind, n.kind, n.name) for e, n in graph.down(run_node(WHOLE[0]))]
    assert made == [("made", "dataset", "train"), ("made", "dataset", "validation")]
    assert [r.number for r in graph.makers(dataset_node(VAL_SET))] == [12]
    assert [r.number for r in graph.users(dataset_node(VAL_SET))] == [140]
    assert [r.number for r in graph.makers(model_node(digest("m1")))] == [88]
    assert [r.number for r in graph.users(model_node(digest("m1")))] == [140, 5]
    assert [n.digest for n in graph.sources(digest("m1"))] == [TRAIN_SET]
    up = [n.run.number for n in graph.ancestors(run_node(WHOLE[4])) if n.run]
    assert sorted(up) == [12, 88], "the approval was about the model, the model did not come from it"
    down = [n.run.number for n in graph.descendants(run_node(WHOLE[0])) if n.run]
    assert sorted(down) == [5, 7, 88, 140]


def test_builds_are_tied_by_causes_parameters_and_fingerprints() -> None:
    caused = validate(1, 9, "x", upstream=(("c/train", 88),))
    printed = validate(2, 9, "x", fingerprints=(Fingerprint(file="model.pkl", md5="0" * 32, job="c/train", number=88),))
    graph = lineage([*WHOLE, caused, printed])
    ties = {(e.kind, e.label) for r in (caused, printed, WHOLE[3]) for e, n in graph.up(run_node(r)) if n.kind == "run"}
    assert ties == {("caused", ""), ("fingerprint", "model.pkl"), ("named", "of")}


def test_missing_and_gone_parts_stay_in_the_graph() -> None:
    lost = train(88, 2, "m1", upstream=(("c/featureset", 11),), gone_since=at(100))
    graph = lineage([lost, validate(140, 3, "m1")])
    assert graph.nodes[run_node(lost)].gone
    (missing,) = [n for n in graph.nodes.values() if n.kind == "build"]
    assert (missing.name, missing.build) == ("c/featureset#11", ("c/featureset", 11))
    assert [r.number for r in graph.users(dataset_node(TRAIN_SET))] == [88]
    assert graph.makers(dataset_node(TRAIN_SET)) == []


def test_a_training_set_that_only_the_model_names_is_an_ancestor_too() -> None:
    blind = row(
        1, job=JOBS[1], hours=2, data=None, models=(Model(name="m", role="made", sha256=digest("m"), inputs=(TRAIN_SET,)),)
    )
    graph = lineage([blind])
    assert [n.digest for n in graph.sources(digest("m"))] == [TRAIN_SET]


def test_a_killed_training_does_not_become_the_maker_of_its_data() -> None:
    graph = lineage([featureset(1, 1), train(1, 2), train(2, 3, "m2")])
    assert [r.job for r in graph.makers(dataset_node(TRAIN_SET))] == [JOBS[0]]


def test_upstream_builds_of_a_recreated_job_are_those_of_the_time() -> None:
    old, new = train(1, 1, "old"), train(1, 10, "new")
    first, second = (validate(n, h, "x", upstream=(("c/train", 1),)) for n, h in ((1, 2), (2, 11)))
    graph = lineage([old, new, first, second])
    assert [n.run.started_at for e, n in graph.up(run_node(first)) if e.kind == "caused" and n.run] == [at(1)]
    assert [n.run.started_at for e, n in graph.up(run_node(second)) if e.kind == "caused" and n.run] == [at(10)]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"a": "c/validate#140"}, [("a", ("c/validate", 140))]),
        ({"a": "c/validate#140/run-a"}, [("a", ("c/validate", 140))]),
        ({"jenkins.SOURCE": "https://ci/jenkins/job/c/job/train/88/console"}, [("jenkins.SOURCE", ("c/train", 88))]),
        ({"TRAIN_BUILD": 88, "v.x": 1}, [("TRAIN_BUILD", ("c/train", 88))]),
        ({"VAL_BUILD": 140}, [("VAL_BUILD", ("c/validate", 140))]),
        ({"va_build": 140}, []),
        ({"validate.number": "140"}, [("validate.number", ("c/validate", 140))]),
        ({"depth": 4, "seed": "7", "BUILD": 3, "train": True, "x": "nobody#3", "y": "https://x/job/z/1/"}, []),
        ({"TRAIN_BUILD": "²", "validate": None, "validate.run": 0.5}, []),
        ({"n_build": 1 << 70, "t": "#1", "u": "c/train#", "v": "http://[/job/c/job/train/8"}, []),
    ],
)  # fmt: skip
def test_parameters_that_name_a_build(params: dict[str, Any], found: list[Any]) -> None:
    assert sorted(named_builds(params, JOBS)) == sorted(found)


def passes(rows: list[RunRow], *running: RunningBuild) -> tuple[Pass, ...]:
    return find_passes(PIPELINE, rows, rulings=find_rulings(rows, DecisionJobs()), running=running)


def numbers(one: Pass) -> list[int | str]:
    return [step.run.number if step.run else step.state for step in one.steps]


def test_a_whole_pass_is_one_row() -> None:
    (one,) = passes(WHOLE)
    assert numbers(one) == [12, 88, 140, 7, 5]
    assert (one.state, one.model, one.broken) == ("deployed", digest("m1"), False)
    assert [step.ruling.by if step.ruling else None for step in one.steps] == [None, None, None, "jdoe", None]


def test_every_end_has_its_pass_newest_first() -> None:
    rows = [*WHOLE, train(89, 6, "m2"), validate(141, 7, "m2"), train(90, 8, "m3", result="FAILURE", status="failed")]
    found = passes(rows)
    assert [numbers(p) for p in found] == [
        [12, 90, "stopped", "stopped", "stopped"], [12, 89, 141, "waiting", "open"], [12, 88, 140, 7, 5],
    ]  # fmt: skip
    assert [p.state for p in found] == ["failed", "waiting", "deployed"]


@pytest.mark.parametrize("decided", ["rejected", "revoked"])
def test_a_model_that_was_turned_down_stops_there(decided: str) -> None:
    (one,) = passes([*WHOLE[:3], approve(7, 4, "m1", decided, params={"of": "c/validate#140"})])
    assert (numbers(one), one.state) == ([12, 88, 140, 7, "stopped"], decided)


def test_an_approved_model_waits_for_its_deployment() -> None:
    (one,) = passes(WHOLE[:4])
    assert (numbers(one), one.state) == ([12, 88, 140, 7, "waiting"], "approved")


def test_a_chain_with_a_part_missing_says_so() -> None:
    (one,) = passes([WHOLE[0], WHOLE[2], WHOLE[3], WHOLE[4]])
    assert numbers(one) == [12, "missing", 140, 7, 5]
    assert one.broken


def test_running_and_waiting_builds_stand_in_their_step() -> None:
    asked = RunningBuild(job="c/approve", number=8, started_at=at(10), waiting_for="Deploy?")
    (one,) = passes(WHOLE[:3], asked)
    assert (one.steps[3].state, one.steps[3].running) == ("waiting", asked)
    (two,) = passes(WHOLE[:2], RunningBuild(job="c/validate", number=141, started_at=at(10)))
    assert (two.steps[2].state, two.state) == ("running", "running")


def test_a_model_validated_twice_has_two_passes() -> None:
    found = passes([*WHOLE[:3], validate(141, 3.5, "m1"), approve(7, 4, "m1", params={"of": "c/validate#140"})])
    assert [numbers(p)[:3] for p in found] == [[12, 88, 140], [12, 88, 141]]


def test_a_cause_tells_more_than_the_fingerprint_of_equal_bytes() -> None:
    first, second = featureset(1, 1), featureset(2, 2)
    mark = (Fingerprint(file="validation.csv", md5="0" * 32, job=JOBS[0], number=1),)
    trained = train(1, 3, "m1", upstream=((JOBS[0], 2),), fingerprints=mark)
    scored = validate(1, 4, "m1", upstream=((JOBS[1], 1),), fingerprints=mark)
    newest = next(p for p in passes([first, second, trained, scored]) if p.last is scored)
    assert numbers(newest)[:3] == [2, 1, 1]


def test_pipelines_are_found_from_causes_jobs_and_digests() -> None:
    rows = [*WHOLE, row(1, job="other/alone", hours=3, upstream=(("never/harvested", 3),))]
    jobs = [Job(name="c/featureset", downstream=("c/train",)), Job(name="c/deploy", upstream=("c/approve",))]
    found = find_pipelines(rows, jobs)
    assert [(p.name, p.jobs, p.approve, p.deploy) for p in found] == [("c", JOBS, "c/approve", "c/deploy")]


steps = st.builds(
    lambda make, n, hours, model: make(n, hours, model),
    st.sampled_from([
        lambda n, h, m: featureset(n, h), train, validate, approve, deploy,
        lambda n, h, m: validate(n, h, m, upstream=(("c/train", n), ("c/nothing", 3))),
    ]),
    st.integers(1, 9), st.integers(0, 30), st.sampled_from(["m1", "m2", "m3"]),
)  # fmt: skip


@given(st.lists(steps, max_size=15, unique_by=lambda r: (r.job, r.number)))
def test_any_history_makes_a_graph_whose_ends_exist_and_passes_that_hold_every_run(rows: list[RunRow]) -> None:
    graph = lineage(rows)
    assert all(e.source in graph.nodes and e.target in graph.nodes for e in graph.edges)
    assert lineage(list(reversed(rows))) == graph
    found = passes(rows)
    shown = {(s.run.job, s.run.number) for p in found for s in p.steps if s.run}
    assert shown == {(r.job, r.number) for r in rows}
    for one in found:
        assert all(step.run is None or step.run.started_at <= one.last.started_at for step in one.steps)


def test_a_first_training_that_was_killed_does_not_make_its_data_either() -> None:
    graph = lineage([train(1, 1), train(2, 2, "m1")])
    assert [r.number for r in graph.makers(dataset_node(TRAIN_SET))] == [1]
    late = lineage([train(1, 1), train(2, 2, "m1"), train(3, 3)])
    assert [r.number for r in late.makers(dataset_node(TRAIN_SET))] == [1], "a job that uses models makes no data"


def test_a_data_set_keeps_the_size_that_only_an_older_run_told() -> None:
    told, silent = (Dataset(name="validation", role="validation", sha256=VAL_SET, rows=rows) for rows in (1305, None))
    graph = lineage([row(1, 0.7, datasets=(told,), model="m1"), row(2, 0.7, datasets=(silent,), model="m1")])
    assert graph.nodes[dataset_node(VAL_SET)].dataset == told


def test_the_way_up_is_followed_to_its_end_and_a_build_of_that_very_moment_is_found() -> None:
    chain = [row(n, job=f"c/step{n}", hours=n, upstream=((f"c/step{n - 1}", n - 1),) if n > 1 else ()) for n in range(1, 7)]
    index = BuildIndex(chain)
    assert [r.number for r in index.walk_up(chain[-1])] == [5, 4, 3, 2, 1]
    assert index.find("c/step3", 3, chain[2].started_at) == [chain[2]]
    assert index.find("c/step3", 3, at(2.9)) == []
