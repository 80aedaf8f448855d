"""Saving a build and loading it again gives an equal value."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from reportgen.model import Build, Metric, Point, Run
from reportgen.store.db import Store
from tests.support.builds import NOW, START, builds, make_build, plain


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as directory, Store.open(Path(directory) / "store") as opened:
        yield opened


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(build=builds)
def test_any_build_comes_back_equal(store: Store, build: Build) -> None:
    store.save_builds([build], now=NOW)
    with store.view() as view:
        loaded = view.build(build.job, build.number, build.started_at)
        again = store.save_builds([build], now=NOW)
    assert plain(loaded) == plain(replace(build, last_read=NOW))
    assert again.unchanged == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(build=builds)
def test_what_was_loaded_counts_as_unchanged(store: Store, build: Build) -> None:
    store.save_builds([build], now=NOW)
    with store.view() as view:
        loaded = view.build(build.job, build.number, build.started_at)
    assert store.save_builds([loaded], now=NOW).unchanged == 1


def _reload(store: Store, run: Run, number: int) -> Run:
    build = make_build(number, runs=(run,))
    store.save_builds([build], now=NOW)
    with store.view() as view:
        return view.build(build.job, number).runs[0]


@pytest.mark.slow
def test_a_million_points_are_kept_whole(store: Store) -> None:
    points = tuple(Point(step=step * 10, value=math.sin(step)) for step in range(1_000_000))
    run = _reload(store, Run(name="long", stage="train", status="complete", series={"loss": points}), 900)
    assert run.series["loss"] == points


def test_uneven_steps_are_kept(store: Store) -> None:
    points = tuple(Point(step=step, value=float(step)) for step in (5, 3, 3, 2**62, -(2**63)))
    assert _reload(store, Run(name="odd", stage="t", status="complete", series={"m": points}), 901).series["m"] == points


def test_ten_thousand_metrics_of_one_run_are_kept_in_order(store: Store) -> None:
    metrics = tuple(Metric(name=f"class/{index % 5000}/m{index}", value=index / 7) for index in range(10_000))
    assert _reload(store, Run(name="wide", stage="t", status="complete", metrics=metrics), 902).metrics == metrics


def test_a_long_text_is_kept(store: Store) -> None:
    text = "näïve 中文 \0 " * 100_000
    run = _reload(store, Run(name="text", stage="t", status="complete", params={"p": text}, notes=(text,)), 903)
    assert run.params["p"] == text
    assert run.notes == (text,)


def test_a_lone_surrogate_is_replaced(store: Store) -> None:
    build = make_build(904, job="job\ud800", description="a\udfffb", runs=())
    store.save_builds([build], now=NOW)
    with store.view() as view:
        loaded = view.build("job�", 904)
    assert loaded.description == "a�b"
    assert store.save_builds([build], now=NOW).unchanged == 1
    assert store.known_builds("job\ud800").keys() == {904}


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.save_builds([make_build(905, started_at=START.replace(tzinfo=None))], now=NOW)


def test_an_integer_too_long_to_print_is_kept(store: Store) -> None:
    long = 10**5000
    metric = Metric(name="m", value=-long)
    run = _reload(store, Run(name="long", stage="t", status="complete", params={"p": [long]}, metrics=(metric,)), 906)
    assert run.params["p"] == [long]
    assert run.metrics[0].value == -long
