"""Reading: orders, restrictions, and what a view never does."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.model import Artifact, Metric, Point
from reportgen.runmetrics import RunMetrics
from reportgen.store.db import Store
from reportgen.store.pages import PageRow
from reportgen.store.view import StoreView
from tests.support.builds import NOW, START, make_build


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def view(store: Store) -> Iterator[StoreView]:
    with store.view() as opened:
        yield opened


def test_there_is_no_view_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store") as caught:
        StoreView.open(tmp_path / "nowhere")
    assert caught.value.hint
    assert not (tmp_path / "nowhere").exists()


def test_an_empty_store_has_no_data(view: StoreView) -> None:
    assert view.data_as_of() is None
    assert view.revision == 0
    assert view.jobs() == view.running() == view.build_ids() == view.metric_names() == ()
    assert view.run_rows() == []
    assert view.past_marks() == {}


def test_data_are_as_of_the_end_of_the_build_that_ended_last(store: Store, view: StoreView) -> None:
    long = make_build(1, duration_s=1e6)
    store.save_builds([long, make_build(2), make_build(3, duration_s=float("inf"))], now=NOW)
    assert view.data_as_of() == long.finished_at


def test_runs_come_newest_first_then_by_job_and_name(store: Store, view: StoreView) -> None:
    run = make_build(1).runs[0]
    same = [make_build(5, job=job, runs=tuple(replace(run, name=name) for name in ("b", "a"))) for job in ("y", "x")]
    store.save_builds([make_build(1), *same, make_build(9)], now=NOW)
    rows = view.run_rows()
    assert [(row.job, row.number, row.name) for row in rows] == [
        ("churn/validate", 9, "validate"),
        ("x", 5, "a"),
        ("x", 5, "b"),
        ("y", 5, "a"),
        ("y", 5, "b"),
        ("churn/validate", 1, "validate"),
    ]
    assert [row.several for row in rows] == [False, True, True, True, True, False]
    assert list(view.iter_run_rows()) == rows
    assert [str(row.key) for row in rows[:2]] == ["churn/validate#9", "x#5/a"]


def test_a_row_carries_the_facts_of_its_run_and_build(store: Store, view: StoreView) -> None:
    build = make_build(7, commit="c0ffee", branch="main", approvers=("reviewer-1",))
    store.save_builds([build], now=NOW)
    (row,) = view.run_rows()
    run = build.runs[0]
    assert dict(row.metrics) == {metric.name: metric for metric in run.metrics}
    assert (row.params, row.tags, row.datasets, row.models) == (run.params, run.tags, run.datasets, run.models)
    assert (row.commit, row.branch, row.approvers, row.upstream) == ("c0ffee", "main", ("reviewer-1",), (("churn/train", 7),))
    assert (row.started_at, row.duration_s, row.result, row.status) == (build.started_at, 41.2, "SUCCESS", "complete")
    assert next(iter(view.builds([row.build_id]))).number == 7


def test_rows_carry_only_the_metrics_asked_for(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(number) for number in range(1, 6)], now=NOW)
    for ids in (None, [row.id for row in view.build_ids()][:1]):
        rows = view.run_rows(metrics=["val/f1", "no such metric"], ids=ids)
        assert [set(row.metrics) for row in rows] == [{"val/f1"}] * (1 if ids else 5)
        assert rows[0].metrics["val/f1"] == make_build(5).runs[0].metrics[0]
    assert [row.metrics for row in view.run_rows(metrics=[])] == [{}] * 5


def test_of_a_metric_logged_twice_the_later_counts(store: Store, view: StoreView) -> None:
    twice = (Metric(name="m", value=1, unit="s"), Metric(name="m", value=2), Metric(name="m", value=3, unit="s"))
    for number, metrics in enumerate((twice, twice[::-1], twice[:2]), 1):
        run = replace(make_build().runs[0], metrics=metrics)
        store.save_builds([make_build(number, runs=(run,))], now=NOW)
    for names in (None, ["m"]):
        assert [row.metrics["m"].value for row in view.run_rows(metrics=names)] == [2, 1, 3]


ODD = (
    Metric(name="plain", value=0.1),
    Metric(name="whole", value=3, direction="lower", unit="ms"),
    Metric(name="interval", value=0.7, low=0.6, high=0.8, n=1305, method="wilson", direction="higher"),
    Metric(name="not finite", value=float("inf"), low=float("-inf"), high=float("inf")),
    Metric(name="huge", value=12345678901234567890),
    Metric(name="text", value=None, text="n/a", reason="class 2 was never predicted"),
    Metric(name="series", value=0.5, points=50, step=49, std=0.1),
    Metric(name="digits", value=0.5, text="0.5", dataset="12", note="3 rows were clipped", no_skill=0.25),
)


def test_a_metric_is_the_same_whether_it_is_read_alone_or_with_all_of_its_name(store: Store, view: StoreView) -> None:
    runs = [replace(make_build().runs[0], metrics=ODD[skip:]) for skip in range(4)]
    store.save_builds([make_build(number, runs=(run,)) for number, run in enumerate(runs, 1)], now=NOW)
    every = view.run_rows()
    rows = view.run_rows(metrics=[metric.name for metric in ODD])
    assert not isinstance(every[0].metrics, RunMetrics)
    assert all(isinstance(row.metrics, RunMetrics) for row in rows)
    assert rows == every
    for row, known in zip(rows, every, strict=True):
        assert list(row.metrics) == list(known.metrics)
        assert len(row.metrics) == len(known.metrics)
        assert row.metrics.get("nothing") is None
        assert "plain" not in row.metrics or row.metrics["plain"] == ODD[0]
        again = pickle.loads(pickle.dumps(row))
        assert (again, type(again.metrics)) == (row, dict)
    with pytest.raises(KeyError):
        rows[0].metrics["nothing"]


def test_values_and_traits_are_read_without_making_metrics(store: Store, view: StoreView) -> None:
    said = (Metric(name="m", value=1.0, unit="s"), Metric(name="m", value=2.0, direction="lower"), Metric(name="k", value=3.0))
    runs = [replace(make_build().runs[0], metrics=metrics) for metrics in ((), said[:1], said[1:], said[:1])]
    store.save_builds([make_build(number, runs=(run,)) for number, run in enumerate(runs, 1)], now=NOW)
    names = ["k", "m", "nothing"]
    rows = [row.metrics for row in reversed(view.run_rows(metrics=names))]
    (first,) = {type(kept) for kept in rows}
    assert issubclass(first, RunMetrics)
    values = [[None, None, 3.0, None], [None, 1.0, 2.0, 1.0], [None] * 4]
    traits = [[(None, None)], [(None, "s"), ("lower", None)], []]
    kept = rows[0]
    assert isinstance(kept, RunMetrics)
    assert (list(kept.values_of(names, rows)), kept.traits_of(names, rows)) == (values, traits)
    mixed = [dict(rows[0]), *rows[1:]]
    assert (list(kept.values_of(names, mixed)), kept.traits_of(names, mixed)) == (values, traits)
    assert not kept
    assert rows[1]


def test_rows_may_be_restricted_to_jobs(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(1, job="a"), make_build(2, job="b"), make_build(3, job="c")], now=NOW)
    assert [row.job for row in view.run_rows(jobs=["a", "c", "zzz"])] == ["c", "a"]
    assert view.run_rows(jobs=[]) == []


def test_builds_come_in_the_order_asked(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(number) for number in range(1, 450)], now=NOW)
    ids = [row.id for row in view.build_ids()][::-1]
    assert [build.number for build in view.builds(ids)] == list(range(1, 450))
    with pytest.raises(KeyError):
        list(view.builds([10**6]))
    with pytest.raises(StoreError, match="churn/validate#9999"):
        view.build("churn/validate", 9999)


def test_a_reader_does_not_hold_up_the_writer(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(number) for number in range(1, 300)], now=NOW)
    builds = view.builds([row.id for row in view.build_ids()])
    rows = view.iter_run_rows()
    next(builds), next(rows)
    store._db.execute("PRAGMA busy_timeout = 50")
    assert store.save_builds([make_build(1000)], now=NOW).new == 1
    assert len(list(builds)) == 298


def test_expired_and_over_limit_are_told_of_the_files_that_matter(store: Store, view: StoreView) -> None:
    native = make_build(1, artifacts=(Artifact(path="plot.png", state="gone"), Artifact(path="big.csv", state="over limit")))
    lost = make_build(2, artifacts=(Artifact(path="reportgen-results/a/events.jsonl", state="gone"),))
    plain = make_build(3, artifacts=(Artifact(path="metrics.json", state="gone"),))
    plain = replace(plain, runs=(replace(plain.runs[0], record="", status="implicit"),))
    store.save_builds([native, lost, plain], now=NOW)
    assert [(row.number, row.expired, row.over_limit) for row in view.run_rows()] == [
        (3, True, ()),
        (2, True, ()),
        (1, False, ("big.csv",)),
    ]


def test_metric_names_tell_direction_unit_and_how_many_runs(store: Store, view: StoreView) -> None:
    undirected = replace(make_build().runs[0], metrics=(Metric(name="val/f1", value=1.0), Metric(name="old", value=1)))
    store.save_builds([make_build(1, runs=(undirected,)), make_build(2), make_build(3), make_build(4, job="other")], now=NOW)
    found = {each.name: each for each in view.metric_names("churn/validate")}
    assert list(found)[-1] == "old"
    assert found["val/f1"][1:] == ("higher", None, 3, make_build(3).started_at)
    assert found["fit_seconds"][1:4] == ("lower", "s", 2)
    assert {each.name: each.runs for each in view.metric_names()}["val/recall"] == 3


def test_a_series_is_read_alone(store: Store, view: StoreView) -> None:
    build = make_build(1)
    store.save_builds([build], now=NOW)
    assert view.series(build.job, 1, "validate", "val/f1") == build.runs[0].series["val/f1"]
    assert view.series(build.job, 1, "validate", "none") == ()
    assert view.build(build.job, 1).runs[0].series == {
        "val/f1": tuple(Point(step=p.step, value=p.value) for p in build.runs[0].series["val/f1"])
    }


def test_a_view_cannot_change_the_store(store: Store, view: StoreView) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        view._db.execute("DELETE FROM build")


def test_pages_are_remembered_by_site(store: Store, view: StoreView) -> None:
    page = PageRow(path="index.html", key="k", fingerprint="f", sha256="s", size_bytes=3, files=("files/x.txt",))
    other = replace(page, path="jobs/a/index.html", files=())
    store.save_pages([page, other], state={"revision": 3}, site="public")
    store.save_pages([replace(page, key="k2")], removed=[other.path], state={"revision": 4}, site="public")
    assert view.pages("public") == {"index.html": replace(page, key="k2")}
    assert view.site_state("public") == {"revision": 4}
    assert view.pages() == {}
    assert view.site_state() is None
    store.forget_pages("public")
    assert view.pages("public") == {}


def test_the_past_of_a_build_moves_only_with_what_came_before_it(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(number) for number in (1, 2, 3)], now=NOW)
    store.save_builds([make_build(4)], now=NOW)

    def marks() -> list[str]:
        found = view.past_marks()
        return [found[build.id] for build in reversed(view.build_ids())]

    _, two, three, four = [build.id for build in reversed(view.build_ids())]
    assert marks() == [f"1.{two}", f"1.{three}", f"1.{four}", "2."]
    store.save_builds([make_build(3, description="edited")], now=NOW)
    assert marks() == [f"1.{two}", f"1.{three}", f"3.{four}", "3."]


def test_a_build_that_started_at_the_same_moment_counts_as_past(store: Store, view: StoreView) -> None:
    store.save_builds([make_build(1), make_build(1, job="z/other")], now=NOW)
    before = view.past_marks()
    store.save_builds([make_build(1, job="z/other", description="edited")], now=NOW)
    assert {build: mark for build, mark in view.past_marks().items() if mark == before[build]} == {}


def test_the_next_build_is_of_the_same_job(store: Store, view: StoreView) -> None:
    store.save_builds(
        [make_build(1), make_build(2, job="x"), make_build(3), make_build(1, started_at=START + timedelta(9))], now=NOW
    )
    marks, builds = view.past_marks(), view.build_ids()
    later = {str(build.id): build.number for build in builds}
    found = {(each.job, each.number, each.started_at): later.get(marks[each.id].partition(".")[2]) for each in builds}
    assert list(reversed(found.values())) == [3, None, 1, None]
