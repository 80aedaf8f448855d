"""A run: what every method writes, what it refuses, and which run is active."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reportgen
from reportgen.errors import RecordError
from reportgen.stage import context
from reportgen.stage.values import nested
from tests.stage.support import events, metrics, of_kind, params, record

JENKINS = {"JOB_NAME": "churn/train-model", "BUILD_NUMBER": "53", "BUILD_URL": "https://ci/53/", "STAGE_NAME": "Train"}


@pytest.fixture(autouse=True)
def outside_jenkins(monkeypatch, tmp_path):
    for name in ("JOB_NAME", "BUILD_NUMBER", "STAGE_NAME", "REPORTGEN_RUN", "REPORTGEN_DIR", "REPORTGEN_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def start(**options):
    return reportgen.start_run(options.pop("name", "t"), environment=False, **options)


# -- params, tags, metrics


def test_params_keep_their_types():
    class Colour(Enum):
        RED = "red"

    import numpy as np

    given = {
        "i": 3, "f": 0.1, "b": True, "n": None, "t": "text", "l": [1, "a"], "nested": {"deep": {"x": 1}}, "set": {2, 1},
        "np": np.float32(0.5), "npi": np.int64(7), "arr": np.arange(3), "dec": Decimal("0.25"),
        "exact": Decimal("0.1234567890123456789"),
        "date": dt.date(2026, 11, 23), "path": Path("a/b"), "bytes": b"caf\xe9", "cls": dict, "enum": Colour.RED, "big": 2**80,
        "nan": float("nan"),
    }  # fmt: skip
    with start() as run:
        run.log_params(given)
    assert params(run) == {
        "i": 3, "f": 0.1, "b": True, "n": None, "t": "text", "l": [1, "a"], "nested/deep/x": 1, "set": [1, 2],
        "np": 0.5, "npi": 7, "arr": [0, 1, 2], "dec": 0.25, "exact": "0.1234567890123456789",
        "date": "2026-11-23", "path": "a/b", "bytes": "caf\\xe9", "cls": "dict", "enum": "red", "big": str(2**80), "nan": "nan",
    }  # fmt: skip


def test_a_param_is_set_once():
    with start() as run:
        run.log_param("lr", 0.1)
        run.log_param("lr", 0.1)
        with pytest.raises(RecordError, match=r"'lr' is already 0\.1"):
            run.log_params({"other": 1, "lr": 0.2})
    assert params(run) == {"lr": 0.1}


def test_params_that_look_like_secrets_are_redacted_before_they_are_written():
    with start() as run:
        run.log_params({"db_password": "hunter2-in-params", "url": "https://u:hunter2-in-url@h/"})
        run.set_tag("api_key", "hunter2-in-tags")
        run.log_note("see https://u:hunter2-in-note@h/")
        run.log_decision("approved", reason="password=hunter2-in-reason")
        run.log_metric("f1", 0.7, note="password=hunter2-in-note")
    assert "hunter2" not in (run.directory / "events.jsonl").read_text()
    assert "hunter2" not in (run.directory / "params.json").read_text()


def test_a_metric_carries_what_it_is_told():
    with start() as run:
        run.log_metric(
            "val/f1", 0.734, direction="greater_is_better", low=0.712, high=0.755, std=0.01, n=1305, unit="share",
            dataset="validation", method="wilson", average="binary", positive=1, no_skill=0.3, note="a note",
        )  # fmt: skip
    event = of_kind(run, "metric")[0]
    del event["id"], event["t"]
    assert event == {
        "v": 1, "kind": "metric", "name": "val/f1", "value": 0.734, "direction": "higher", "low": 0.712, "high": 0.755,
        "std": 0.01, "n": 1305,
        "unit": "share", "dataset": "validation", "method": "wilson", "average": "binary", "positive": 1,
        "no_skill": 0.3, "note": "a note",
    }  # fmt: skip


@pytest.mark.parametrize("spelling", ["lower", "minimize", "minimise", "min", "lower_is_better"])
def test_spellings_of_direction(spelling):
    with start() as run:
        run.log_metric("loss", 1.0, direction=spelling)
    assert of_kind(run, "metric")[0]["direction"] == "lower"


def test_numbers_of_every_kind():
    import numpy as np

    with start() as run:
        run.log_metrics({
            "f32": np.float32(0.5), "i64": np.int64(3), "zero-d": np.array(2.5), "dec": Decimal("0.1"), "nan": float("nan"),
            "inf": -float("inf"),
            "big": 2**70, "huge": 10**400, "split": {"auc": 0.9},
        })  # fmt: skip
    assert metrics(run) == {
        "f32": 0.5, "i64": 3, "zero-d": 2.5, "dec": 0.1, "nan": "nan", "inf": "-inf", "big": float(2**70), "huge": "inf",
        "split/auc": 0.9,
    }  # fmt: skip


class Mute:
    def __repr__(self):
        raise RuntimeError("no words")


def endless():
    chart = {"mark": "bar"}
    chart["layer"] = [chart]
    return chart


def test_what_cannot_be_shown_is_named():
    with start() as run:
        run.log_params({"model": Mute(), "parts": [Mute()]})
    name = f"<{Mute.__module__}.Mute>"
    assert params(run) == {"model": name, "parts": [name]}


def test_one_input_and_one_variable_need_no_list(monkeypatch):
    monkeypatch.setenv("STEP_COLOUR", "blue")
    with start() as run:
        run.log_model("m.pkl", sha256="a" * 64, inputs="b" * 64)
        run.log_environment(variables="STEP_COLOUR", packages=False)
    assert of_kind(run, "model")[0]["inputs"] == ["b" * 64]
    assert of_kind(run, "environment")[0]["value"]["variables"] == {"STEP_COLOUR": "blue"}


def test_a_step_may_change_into_another_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with start(directory="results") as run:
        run.log_metric("before", 1)
        monkeypatch.chdir(elsewhere)
        run.log_metric("after", 2)
        run.log_table("t", [{"a": 1}])
    assert list(elsewhere.iterdir()) == []
    assert {path.name for path in (tmp_path / "results" / run.directory.name).iterdir()} == {
        "events.jsonl",
        "files",
        "metrics.json",
    }
    assert json.loads((run.directory / "metrics.json").read_text()) == {"before": 1, "after": 2}


def test_a_working_directory_that_is_gone_stops_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with start() as run:
        run.log_metric("m", 1)
    assert run.metrics == {"m": 1}
    assert capsys.readouterr().err.count("warning: reportgen cannot write") == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.log_metric("m", "0.7"), "is a number, not str"),
        (lambda r: r.log_metric("m", True), "is a number, not bool"),
        (lambda r: r.log_metric("m", [1, 2]), "is a number, not list"),
        (lambda r: r.log_metric("m", None), "has no value"),
        (lambda r: r.log_metric("", 1), "is empty"),
        (lambda r: r.log_metric(3, 1), "is text, not int"),
        (lambda r: r.log_metric("x" * 501, 1), "501 characters"),
        (lambda r: r.log_metric("m", 1, step=0.5), "whole number"),
        (lambda r: r.log_metric("m", 1, direction="up"), "higher, lower or none"),
        (lambda r: r.log_metric("m", 1, low=3, high=2), "is above high"),
        (lambda r: r.log_metric("m", 1, averge="macro"), "knows no averge"),
        (lambda r: r.log_decision("maybe"), "approved, rejected or revoked"),
        (lambda r: r.log_note(3), "a note is text"),
        (lambda r: r.log_dataset("d", 3), "a path, a DataFrame or a SHA-256"),
        (lambda r: r.log_metric("m", Mute()), "is a number, not Mute: <tests.stage.test_run.Mute>"),
        (lambda r: r.log_metric("m", 1, step=10**30), "at most 64 bits"),
        (lambda r: r.log_metric("m", 1, n=-3), "n is a count, not -3"),
        (lambda r: r.log_dataset("d", "a" * 64, rows=-1), "rows is a count, not -1"),
        (lambda r: r.log_chart("c", '{"mark": "bar"}'), "not its text"),
        (lambda r: r.log_chart("c", endless()), "nested too deeply"),
        (lambda r: r.log_model(object()), "named by the path of its file, not object"),
        (lambda r: r.log_dataset("d", "a\0b"), "is no path"),
        (lambda r: r.log_environment(variables=[3]), "the name of a variable is text"),
        (lambda r: r.log_artifact("."), "is a directory"),
        (lambda r: r.log_artifact(3), "named by a path, not int"),
        (lambda r: r.log_model("/dev/null"), "no regular file"),
        (lambda r: r.log_model("x", sha256="abc"), "64 hex digits"),
        (lambda r: r.log_model(__file__, role="output"), "left out"),
        (lambda r: r.log_table("t", 3), "a table is"),
        (lambda r: r.log_table("t", [[1]]), "needs columns"),
        (lambda r: r.log_table("t", {"a": [1], "b": []}), "unequal length"),
        (lambda r: r.log_table("t", __file__), "no CSV"),
        (lambda r: r.log_chart("c", {"a": 1}), "not Vega-Lite"),
        (lambda r: r.log_chart("c", {"mark": "bar", "data": {"url": "http://x/y.csv"}}), "takes its data from"),
        (lambda r: r.log_chart("c", {"layer": [{"mark": "bar", "data": {"url": "y.csv"}}]}), "takes its data from"),
        (lambda r: r.log_figure("f", 3), "matplotlib figure"),
        (lambda r: r.log_figure("f", __file__), "no PNG"),
        (lambda r: r.end("finished"), "complete, failed or aborted"),
    ],
)
def test_misuse_says_what_is_wrong(call, words):
    with start() as run, pytest.raises(RecordError, match=words):
        call(run)
    assert of_kind(run, "metric") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None), min_size=1, max_size=80).filter(lambda name: name.strip()), st.text(max_size=40))
def test_names_and_values_with_any_character(tmp_path, name, value):
    with start(name=name, directory=tmp_path) as run:
        run.log_param("p/" + name, value)
        run.log_table(name, [{name: value}])
        run.log_metric(name, 1.5)
    found = record(run)
    assert found.unread_lines == 0
    assert found.status == "complete"
    assert list(metrics(run).values()) == [1.5]
    table = of_kind(run, "table")[0]
    assert hashlib.sha256((run.directory / table["file"]).read_bytes()).hexdigest() == table["sha256"]
    assert run.directory.parent == tmp_path


# -- attachments


def test_a_dataset_from_a_file_a_frame_and_a_digest(tmp_path):
    import pandas as pd
    import polars as pl

    path = tmp_path / "v.csv"
    path.write_text('a,b\n1,"two\nlines"\n3,4')
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with start() as run:
        assert run.log_dataset("file", path, role="val") == digest
        assert run.log_dataset("digest", digest.upper(), rows=2) == digest
        frame = {"a": [1, 2, 3], "b": ["x", "y", "z"]}
        assert run.log_dataset("pandas", pd.DataFrame(frame)) == run.log_dataset("polars", pl.DataFrame(frame))
        run.log_dataset("directory", tmp_path / "v.csv", role="train")
    first, second, third, _, last = of_kind(run, "dataset")
    assert (first["rows"], first["columns"], first["role"], first["size"]) == (2, 2, "validation", path.stat().st_size)
    assert second["rows"] == 2
    assert (third["rows"], third["columns"]) == (3, 2)
    assert last["role"] == "training"


def test_the_digest_of_a_directory_does_not_depend_on_the_order_it_is_listed_in(tmp_path, monkeypatch):
    (tmp_path / "data" / "sub").mkdir(parents=True)
    for name in ("b", "a", "c", "sub/d"):
        (tmp_path / "data" / name).write_text(name)
    listed = [(where, inner, list(names)) for where, inner, names in os.walk(tmp_path / "data")]
    digests = set()
    with start() as run:
        for order in (listed, [(where, inner, names[::-1]) for where, inner, names in reversed(listed)]):
            monkeypatch.setattr(os, "walk", lambda *_, order=order, **__: iter(order))
            digests.add(run.log_dataset("data", tmp_path / "data"))
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("a", "b", "c", "sub/d")]
    assert digests == {hashlib.sha256("".join(lines).encode()).hexdigest()}


@pytest.mark.parametrize("digest", ["g" * 64, "0" * 63, "0" * 65, 7, "0" * 63 + "\u0660"])
def test_what_is_no_digest_is_refused(digest):
    with start() as run:
        for call in (
            lambda: run.log_model("m", sha256=digest),
            lambda: run.log_model("m", sha256="0" * 64, inputs=[digest]),
            lambda: run.log_decision("approved", model=digest),
        ):
            with pytest.raises(RecordError, match="is a SHA-256 of 64 hex digits"):
                call()


def test_a_long_traceback_keeps_its_beginning_and_its_end():
    def deep(left):
        return deep(left - 1) if left else {}["column"]

    def other(left):
        return deep(0) if not left else (other if left % 2 else another)(left - 1)

    def another(left):
        return other(left - 1) if left else deep(0)

    with pytest.raises(KeyError), start() as run:
        other(300)
    trace = of_kind(run, "end")[0]["error"]["traceback"]
    assert 20_000 <= len(trace) < 20_100
    assert trace.startswith("Traceback (most recent call last)")
    assert "characters left out" in trace
    assert trace.endswith("KeyError: 'column'\n")


def test_a_model_file_and_directory(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"weights")
    saved = tmp_path / "saved"
    (saved / "sub").mkdir(parents=True)
    (saved / "sub" / "a.bin").write_bytes(b"1")
    (saved / "b.bin").write_bytes(b"22")
    with start() as run:
        data = run.log_dataset("training", "0" * 64)
        digest = run.log_model(tmp_path / "model.pkl", framework="scikit-learn", inputs=[data])
        tree = run.log_model(saved)
        run.log_model("elsewhere.pkl", sha256=digest, role="input")
    made, directory, used = of_kind(run, "model")
    assert digest == hashlib.sha256(b"weights").hexdigest()
    assert (made["name"], made["size"], made["framework"], made["inputs"]) == ("model.pkl", 7, "scikit-learn", [data])
    assert directory["size"] == 3
    assert (used["role"], used["sha256"]) == ("input", digest)
    (saved / "b.bin").write_bytes(b"23")
    with start() as again:
        assert again.log_model(saved) != tree


def test_tables_from_every_source(tmp_path):
    import pandas as pd
    import polars as pl

    path = tmp_path / "given.tsv"
    path.write_text("a\tb\n1\t2\n")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    with start() as run:
        run.log_table("pandas", frame)
        run.log_table("indexed", frame.set_index("a"))
        run.log_table("polars", pl.DataFrame({"a": [1, 2]}))
        run.log_table("dicts", [{"a": 1}, {"b": "two, three"}])
        run.log_table("rows", [(1, 2)], columns=["x", "y"])
        run.log_table("columns", {"a": [1, 2], "b": [3, 4]}, caption="why")
        run.log_table("file.tsv", path)
        run.log_table("dicts", [{"a": 5}])
    texts = [(run.directory / e["file"]).read_text() for e in of_kind(run, "table")]
    assert texts == [
        "a,b\n1,x\n2,\n",
        "a,b\n1,x\n2,\n",
        "a\n1\n2\n",
        'a,b\n1,\n,"two, three"\n',
        "x,y\n1,2\n",
        "a,b\n1,3\n2,4\n",
        "a\tb\n1\t2\n",
        "a\n5\n",
    ]
    files = [e["file"] for e in of_kind(run, "table")]
    assert files[3] == "files/dicts.csv"
    assert files[-1] == "files/dicts-2.csv"
    assert files[-2] == "files/file.tsv"
    assert of_kind(run, "table")[5]["caption"] == "why"


def test_charts_and_figures(tmp_path):
    import altair as alt
    import matplotlib.figure as plt
    from PIL import Image

    chart = alt.Chart(alt.Data(values=[{"x": 1}])).mark_bar().encode(x="x:Q")
    (tmp_path / "spec.json").write_text(json.dumps(chart.to_dict()))
    (tmp_path / "p.svg").write_text("<svg/>")
    figure = plt.Figure()
    figure.subplots().plot([1, 2])
    with start() as run:
        run.log_chart("altair", chart)
        run.log_chart("file", tmp_path / "spec.json")
        run.log_chart("dict", {"mark": "bar", "data": {"values": [{"x": float("nan"), "d": dt.date(2026, 1, 2)}]}}, caption="c")
        run.log_figure("matplotlib", figure)
        run.log_figure("pil", Image.new("RGB", (4, 4)))
        run.log_figure("path", tmp_path / "p.svg")
        run.log_artifact(tmp_path / "p.svg", caption="the same")
    charts, figures = of_kind(run, "chart"), of_kind(run, "figure")
    assert {c["format"] for c in charts} == {"vega-lite"}
    assert charts[0]["sha256"] == charts[1]["sha256"]
    assert json.loads((run.directory / charts[2]["file"]).read_text())["data"]["values"] == [{"x": None, "d": "2026-01-02"}]
    assert [f["format"] for f in figures] == ["png", "png", "svg"]
    assert (run.directory / figures[0]["file"]).read_bytes().startswith(b"\x89PNG")
    assert of_kind(run, "artifact")[0]["file"] == "files/p.svg"


def test_environment_has_packages_and_only_the_variables_named(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("API_TOKEN", "hunter2")
    with reportgen.start_run("t") as run:
        names = ["CUDA_VISIBLE_DEVICES", "API_TOKEN", "NOT_\ud800_SET"]
        run.log_environment("more", variables=names, packages=False, gpu="A100")
    first, second = (e["value"] for e in of_kind(run, "environment"))
    assert first["packages"]["pytest"] == pytest.__version__
    assert "variables" not in first
    assert second["variables"] == {
        "CUDA_VISIBLE_DEVICES": "0",
        "API_TOKEN": "[redacted: name]",
        "NOT_\\ud800_SET": None,
    }
    assert second["gpu"] == "A100"


# -- the end


def test_plain_json_is_left_for_other_tools():
    with start() as run:
        run.log_params({"model": {"depth": 3}, "lr": 0.1})
        run.log_metrics({"val/f1": 0.7, "val": 1, "rows": 12, "a/b": float("nan")})
    assert json.loads((run.directory / "params.json").read_text()) == {"lr": 0.1, "model": {"depth": 3}}
    assert json.loads((run.directory / "metrics.json").read_text()) == {"a": {"b": "nan"}, "rows": 12, "val": 1, "val/f1": 0.7}


@given(st.dictionaries(st.text("ab/", max_size=6), st.integers(), max_size=8))
def test_nesting_loses_no_name(values):
    def flat(tree, prefix=""):
        for key, value in tree.items():
            yield from flat(value, f"{prefix}{key}/") if isinstance(value, dict) else [(f"{prefix}{key}", value)]

    assert dict(flat(nested(values))) == values


def test_a_failing_block_is_recorded_and_the_error_goes_on():
    with pytest.raises(ValueError, match="bad input"), start() as run:
        raise ValueError("bad input for https://u:hunter2@h/")
    end = of_kind(run, "end")[0]
    assert end["status"] == run.status == "failed"
    assert end["error"]["type"] == "ValueError"
    assert "test_run.py" in end["error"]["traceback"]
    assert "hunter2" not in json.dumps(end)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SystemExit(0), "complete"),
        (SystemExit(None), "complete"),
        (SystemExit(2), "failed"),
        (SystemExit(143), "aborted"),
        (KeyboardInterrupt(), "aborted"),
        (asyncio.CancelledError(), "aborted"),
    ],
)
def test_ways_to_leave(error, status):
    with pytest.raises(type(error)), start() as run:
        raise error
    assert record(run).status == status


def test_an_exception_whose_text_fails_is_recorded_too():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    with pytest.raises(Mute), start() as run:
        raise Mute
    assert record(run).status == "failed"


def test_after_the_end_nothing_is_logged():
    with start() as run:
        pass
    with pytest.raises(RecordError, match="has ended"):
        run.log_metric("m", 1)
    run.end("failed")
    assert [e["status"] for e in of_kind(run, "end")] == ["complete"]


def test_the_clock_may_be_given():
    moments = iter(
        [dt.datetime(2026, 11, 23, 2, 0, 1, 123_000, tzinfo=dt.UTC) + dt.timedelta(seconds=s) for s in range(0, 500, 20)]
    )
    with start(clock=lambda: next(moments)) as run:
        run.log_metric("m", 1)
    found = events(run)
    assert found[0]["t"] == "2026-11-23T02:00:21.123Z"
    assert found[1]["t"] == "2026-11-23T02:00:41.123Z"
    assert found[-1]["duration_s"] == 60.0
    with start(clock=lambda: 0.0) as epoch:
        pass
    assert events(epoch)[0]["t"] == "1970-01-01T00:00:00.000Z"


# -- where it runs


def test_context_of_jenkins():
    with start(name=None, environ={**JENKINS, "NODE_NAME": "agent-3", "GIT_BRANCH": "origin/main"}) as run:
        pass
    opening = events(run)[0]
    assert (opening["name"], opening["stage"]) == ("Train", "Train")
    assert opening["ci"] == {
        "job": "churn/train-model",
        "build": 53,
        "url": "https://ci/53/",
        "node": "agent-3",
        "branch": "main",
    }
    assert run.directory.parent == Path("reportgen-results").absolute()


@pytest.mark.parametrize(
    ("stage", "name"), [("s" * 100_000, "s" * 500), (" ", "train-model"), ("\ud800", "\\ud800"), ("", "train-model")]
)
def test_what_jenkins_calls_a_stage_is_no_misuse_whatever_it_is(stage, name):
    with start(name=None, environ={**JENKINS, "STAGE_NAME": stage}) as run:
        pass
    assert (run.name, record(run).name) == (name, name)


@pytest.mark.parametrize(
    ("variables", "branch"),
    [
        ({"BRANCH_NAME": "a", "GIT_LOCAL_BRANCH": "b"}, "a"),
        ({"GIT_LOCAL_BRANCH": "b", "GIT_BRANCH": "c"}, "b"),
        ({"GIT_BRANCH": "origin/x/y"}, "x/y"),
        ({}, None),
    ],
)
def test_branch(variables, branch):
    from reportgen.stage.context import branch_of

    assert branch_of(variables) == branch


def test_git_is_asked_for_commit_branch_and_dirty(tmp_path, monkeypatch):
    import subprocess

    from reportgen.stage import context

    def git(*words):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True, capture_output=True
        )

    git("init", "-b", "trunk")
    (tmp_path / "f").write_text("1")
    git("add", "f")
    git("commit", "-m", "one")
    clean = context.source_of({}, str(tmp_path))
    assert (len(clean["commit"]), clean["branch"], clean["dirty"]) == (40, "trunk", False)
    (tmp_path / "f").write_text("2")
    assert context.source_of({}, str(tmp_path)) == clean  # once per process
    context._git.cache_clear()
    assert context.source_of({"BRANCH_NAME": "feature"}, str(tmp_path)) == {**clean, "branch": "feature", "dirty": True}


def test_a_git_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "hung" / ".git").mkdir(parents=True)
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nexec sleep 60\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    monkeypatch.setattr(context, "GIT_SECONDS", 0.2)
    began = time.monotonic()
    assert context.source_of({"GIT_COMMIT": "abc"}, str(tmp_path / "hung")) == {"commit": "abc"}
    assert time.monotonic() - began < 30


def test_outside_git_the_environment_is_asked():
    from reportgen.stage import context

    assert context.source_of({"GIT_COMMIT": "c0ffee"}, "/") == {"commit": "c0ffee"}


# -- several runs


def test_functions_act_on_the_active_run_and_runs_nest():
    with start(name="outer") as outer:
        reportgen.log_metric("m", 1)
        with start(name="inner") as inner:
            reportgen.log_metric("m", 2)
            assert reportgen.active_run() is inner
        reportgen.log_metric("m", 3)
        assert reportgen.active_run() is outer
    assert reportgen.active_run() is None
    assert [e["value"] for e in of_kind(outer, "metric")] == [1, 3]
    assert metrics(inner) == {"m": 2}
    assert events(inner)[0]["parent"] == outer.directory.name


def test_a_function_without_a_run_opens_one(monkeypatch, tmp_path):
    monkeypatch.setenv("STAGE_NAME", "Score")
    reportgen.log_metric("m", 1)
    run = reportgen.active_run()
    assert run.name == "Score"
    reportgen.end_run()
    assert record(run).status == "complete"


def test_parallel_runs_of_threads_do_not_mix():
    def one(seed):
        with start(name=f"seed-{seed}") as run:
            for step in range(50):
                reportgen.log_metric("loss", seed, step=step)
        return run

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(one, range(24)))
    assert len({run.directory for run in runs}) == 24
    for seed, run in enumerate(runs):
        assert {e["value"] for e in of_kind(run, "metric")} == {seed}
        assert len(of_kind(run, "metric")) == 50


def test_runs_side_by_side_are_not_each_others_parents():
    barrier = threading.Barrier(3)

    def one(seed):
        with start(name=f"seed-{seed}") as run:
            barrier.wait(timeout=10)
        return run

    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(one, range(3)))
    assert all("parent" not in events(run)[0] for run in runs)


def test_a_thread_without_a_run_uses_the_only_one_open_and_else_is_told():
    problems = []

    def work():
        try:
            reportgen.log_metric("m", 1)
        except RecordError as problem:
            problems.append(problem)

    with start() as run:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with start():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    assert metrics(run) == {"m": 1}
    assert "2 runs are open" in str(problems[0])


def test_resume_goes_on_where_it_stopped():
    with start(environ=JENKINS, clock=iter(range(0, 1000, 10)).__next__) as run:
        run.log_param("lr", 0.1)
        run.log_metric("m", 1)
    with start(environ=JENKINS, resume=True, clock=iter(range(1000, 2000, 10)).__next__) as again:
        assert again.directory == run.directory
        again.log_param("lr", 0.1)
        with pytest.raises(RecordError, match="already"):
            again.log_param("lr", 0.2)
        again.log_metric("n", 2)
    found = record(again)
    assert found.status == "complete"
    assert [e.get("resumed") for e in found.events if e["kind"] == "run"] == [None, True]
    assert json.loads((run.directory / "metrics.json").read_text()) == {"m": 1, "n": 2}
    ends = [e["duration_s"] for e in found.events if e["kind"] == "end"]
    assert ends[1] > ends[0]
    assert len({e["id"] for e in found.events}) == len(found.events)


def test_the_newest_of_a_name_is_resumed():
    runs = []
    for _ in range(2):
        with start() as run:
            runs.append(run)
    for newest, older in (runs, runs[::-1]):
        for run, seconds in ((newest, 2_000_000_000), (older, 1_000_000_000)):
            os.utime(run.directory / "events.jsonl", (seconds, seconds))
        with start(resume=True) as again:
            assert again.directory == newest.directory


def test_resume_by_directory_or_name_and_without_a_record():
    with start() as run:
        pass
    with start(name=None, resume=run.directory) as again:
        assert again.directory == run.directory
        assert again.name == "t"
    with start(resume=run.directory.name) as third:
        assert third.directory == run.directory
    with start(name="new", resume=True) as new:
        assert new.directory != run.directory
    with pytest.raises(RecordError, match="no record to resume"):
        start(resume="nothing-here")


def test_a_record_of_another_build_is_never_continued():
    with start(environ={**JENKINS, "BUILD_NUMBER": "52"}) as old:
        pass
    with start(environ=JENKINS, resume=True) as run:
        assert run.directory != old.directory
    with pytest.raises(RecordError, match=r"churn/train-model #52"):
        start(environ=JENKINS, resume=old.directory)
    assert not record(old).belongs_to("churn/train-model", 53)


def test_a_run_handed_on_by_another_build_is_not_added_to(monkeypatch):
    with start(environ=JENKINS) as old:
        pass
    monkeypatch.setenv("REPORTGEN_RUN", str(old.directory))
    for name, value in {**JENKINS, "BUILD_NUMBER": "54"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RecordError, match="was written by another build"):
        reportgen.log_metric("m", 1)
    with pytest.raises(RecordError, match="was written by another build"):
        reportgen.start_run()
    assert [event["kind"] for event in events(old)] == ["run", "end"]
