"""What the helpers take, refuse and mask beyond the plain cases: large charts, odd tables and pictures, other processes."""

from __future__ import annotations

import csv
import datetime as dt
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import altair as alt
import pandas as pd
import polars as pl
import pytest
from PIL import Image

import reportgen
from reportgen.charts import check
from reportgen.errors import RecordError
from reportgen.stage import charts, journal
from tests.stage.support import events, metrics, of_kind


@pytest.fixture
def run(monkeypatch, tmp_path):
    for name in ("JOB_NAME", "BUILD_NUMBER", "STAGE_NAME", "REPORTGEN_RUN", "REPORTGEN_DIR", "REPORTGEN_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with reportgen.start_run("t", environment=False) as started:
        yield started


def spec_of(run, name):
    (event,) = [event for event in of_kind(run, "chart") if event["name"] == name]
    return pd.read_json(run.directory / event["file"], typ="series")


def test_a_chart_of_many_rows_is_kept_with_its_data(run):
    rows = pd.DataFrame({"x": range(6000), "y": range(6000)})
    run.log_chart("many", alt.Chart(rows).mark_point().encode(x="x", y="y"))
    (data,) = spec_of(run, "many")["datasets"].values()
    assert len(data) == 6000


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"mark": {"type": "image", "url": "http://192.0.2.1/p.png"}}, "the mark 'image'"),
        ({"mark": "image", "encoding": {"url": {"value": "http://192.0.2.1/p.png"}}}, "the mark 'image'"),
        ({"hconcat": [{"mark": "bar"}, {"mark": "geoshape"}]}, "hconcat 2 of the chart has the mark 'geoshape'"),
        ({"mark": {"type": "bar", "url": "http://192.0.2.1/p.png"}}, "192.0.2.1"),
        ({"layer": [{"mark": "bar", "data": {"url": "d.csv"}}]}, "d.csv"),
        ({"mark": "heatmap"}, "'heatmap' is no mark"),
        ({"mark": ["bar"]}, "is no mark"),
        ({"layer": []}, "layer is no list of views"),
        ({"mark": "bar", "data": [1]}, "data is no object"),
        ({"hconcat": [{"mark": "bar"}, {}]}, "hconcat 2 of the chart"),
    ],
)
def test_a_chart_that_is_none_or_loads_something_is_refused(run, spec, said):
    with pytest.raises(RecordError, match=said.replace("(", r"\(")):
        run.log_chart("c", spec)
    assert of_kind(run, "chart") == []


def test_the_marks_are_those_that_the_site_draws():
    assert charts._MARKS == check.MARKS
    assert not set(charts._UNDRAWN) & check.MARKS


def test_a_cell_that_is_called_url_is_data(run):
    run.log_chart("c", {"mark": "bar", "data": {"values": [{"data": {"url": "x"}}]}, "encoding": {}})
    assert len(of_kind(run, "chart")) == 1


def test_tables_keep_the_cells_of_keys_that_are_no_text(run):
    run.log_table("t", [{1: "a", "b": 2}, {1: "c"}])
    (event,) = of_kind(run, "table")
    with (run.directory / event["file"]).open(newline="") as file:
        assert list(csv.reader(file)) == [["1", "b"], ["a", "2"], ["c", ""]]


@pytest.mark.parametrize(("table", "columns"), [({"a": 3}, None), ({"a": "text"}, None), ([1, 2], ["a"])])
def test_tables_of_single_values_are_refused_in_words(run, table, columns):
    with pytest.raises(RecordError, match="table"):
        run.log_table("t", table, **({"columns": columns} if columns else {}))


@pytest.mark.parametrize("mode", ["CMYK", "F", "RGB", "1"])
def test_pictures_of_every_mode_become_png(run, mode):
    run.log_figure("p", Image.new(mode, (4, 4)))
    (event,) = of_kind(run, "figure")
    with Image.open(run.directory / event["file"]) as kept:
        assert (kept.format, kept.size) == ("PNG", (4, 4))


@pytest.mark.parametrize("call", ["log_params", "log_metrics", "set_tags"])
def test_what_is_no_dictionary_is_refused_in_words(run, call):
    with pytest.raises(RecordError, match="are a dictionary of names and values, not list"):
        getattr(run, call)([("a", 1)])


def test_a_step_or_count_may_be_a_float_without_a_fraction(run):
    run.log_metric("loss", 0.5, step=3.0, n=100.0)
    (event,) = of_kind(run, "metric")
    assert (event["step"], event["n"]) == (3, 100)
    with pytest.raises(RecordError, match="whole number"):
        run.log_metric("loss", 0.5, step=3.5)


SECRET = "password=hunter2-in-words"
WORDS = {
    "param": lambda run: run.log_param("command", f"fit {SECRET}"),
    "param by its name": lambda run: run.log_param("db_password", "hunter2"),
    "param within": lambda run: run.log_params({"db": {"list": [{"password": "hunter2"}]}}),
    "tag": lambda run: run.set_tag("kind", SECRET),
    "note": lambda run: run.log_note(f"Read with {SECRET}"),
    "caption of a table": lambda run: run.log_table("t", [{"a": 1}], caption=SECRET),
    "caption of a chart": lambda run: run.log_chart("c", {"mark": "bar", "data": {"values": []}}, caption=SECRET),
    "caption of a figure": lambda run: run.log_figure("f", Image.new("1", (1, 1)), caption=SECRET),
    "caption of a file": lambda run: run.log_artifact("m.bin", caption=SECRET),
    "reason of a metric": lambda run: run.log_metric("f1", None, reason=SECRET),
    "note on a metric": lambda run: run.log_metric("f1", 0.5, note=SECRET),
    "reason of a decision": lambda run: run.log_decision("approved", reason=SECRET),
    "fact": lambda run: run.log_environment(packages=False, api_key="hunter2"),
    "variable": lambda run: run.log_environment(packages=False, variables="DB_PASSWORD"),
    "path of a model": lambda run: run.log_model(f"at {SECRET}/m.bin"),
    "path of a data set": lambda run: run.log_dataset("d", f"at {SECRET}/m.bin"),
}


@pytest.mark.parametrize("where", WORDS)
def test_secrets_are_masked_wherever_words_are_taken(run, tmp_path, monkeypatch, where):
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    within = tmp_path / f"at {SECRET}"
    within.mkdir()
    for directory in (within, tmp_path):
        (directory / "m.bin").write_bytes(b"m")
    WORDS[where](run)
    run.end()
    written = [path.read_text() for path in run.directory.iterdir() if path.is_file()]
    assert not [text for text in written if "hunter2" in text]
    assert "[redacted: " in (run.directory / "events.jsonl").read_text()


def lowest_free() -> int:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_a_run_that_has_ended_holds_no_file_open(run):
    before = lowest_free()
    for _ in range(20):
        with reportgen.start_run("t", environment=False) as other:
            other.log_table("t", [{"a": 1}])
    assert lowest_free() == before


def log_from_elsewhere(run, number):
    run.log_metric(f"m{number}", number)
    run.log_param("db_password", "hunter2")
    return os.getpid()


def test_a_run_can_be_sent_to_other_processes(run):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        pids = set(pool.map(log_from_elsewhere, [run] * 4, range(4)))
    assert os.getpid() not in pids
    assert metrics(run) == {f"m{n}": n for n in range(4)}
    assert "hunter2" not in (run.directory / "events.jsonl").read_text()
    assert len({event["id"] for event in events(run)}) == len(events(run))


def test_a_run_that_was_sent_ends_once_and_says_how_long_it_took(run):
    twin = pickle.loads(pickle.dumps(run))
    time.sleep(0.05)
    twin.end()
    (end,) = of_kind(run, "end")
    assert end["duration_s"] >= 0.05


def test_events_are_kept_where_the_file_system_has_no_locks(run, monkeypatch):
    class NoLocks:
        LOCK_EX = LOCK_UN = 0

        def flock(self, handle, what):
            raise OSError(95, "Operation not supported")

    monkeypatch.setattr(journal, "fcntl", NoLocks())
    run.log_param("a", 1)
    assert [event["name"] for event in of_kind(run, "param")] == ["a"]


def test_a_signal_ends_the_wrapped_command_and_is_told(tmp_path):
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("REPORTGEN_", "JOB_", "BUILD_"))}
    code = "import time; print('on', flush=True); time.sleep(60)"
    root = str(Path(reportgen.__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-m", "reportgen", "run", "--", sys.executable, "-c", code],
        cwd=tmp_path, env={**environ, "PYTHONPATH": root}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"on\n"
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=30)
    assert child.returncode == 143
    (journal_path,) = tmp_path.glob("reportgen-results/*/events.jsonl")
    assert '"status":"aborted"' in journal_path.read_text()


class Mute:
    """An object whose every attempt to show itself fails."""

    def __str__(self):
        raise RuntimeError("no text today")

    __repr__ = __str__


class Unmade(Mute):
    """Looks like a chart, a frame and a figure, and fails at being any of them."""

    mode = "RGB"
    columns = index = iloc = ()
    shape = (1, 1)

    def fail(self, *args, **kwargs):
        raise RuntimeError("it does not work")

    to_dict = to_csv = savefig = tolist = isoformat = __float__ = fail


def test_a_cell_that_cannot_be_shown_costs_that_cell_alone(run):
    run.log_table("dicts", [{"a": 1, "b": Mute()}, {"a": 2, "b": "x"}])
    run.log_table("rows", [(1, Mute()), (2, None)], columns=["a", "b"])
    run.log_table("columns", {"a": [Mute(), 2.5]})
    tables = {event["name"]: (run.directory / event["file"]).read_text() for event in of_kind(run, "table")}
    shown = "<tests.stage.test_odd_inputs.Mute>"
    assert tables == {"dicts": f"a,b\n1,{shown}\n2,x\n", "rows": f"a,b\n1,{shown}\n2,\n", "columns": f"a\n{shown}\n2.5\n"}


FRAMES = {
    "pandas": lambda: pd.DataFrame({"a": [1, 2], "b": [Mute(), None], "c": [0.5, None], "d": pd.Categorical(["y", Mute()])}),
    "pandas, names twice": lambda: pd.DataFrame([[1, Mute(), 0.5, "y"], [2, None, None, Mute()]], columns=list("abbd")),
    "polars": lambda: pl.DataFrame(
        {
            "a": [1, 2],
            "b": pl.Series([Mute(), None], dtype=pl.Object),
            "c": [0.5, None],
            "d": pl.Series(["y", Mute()], dtype=pl.Object),
        }
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_cell_of_a_frame_that_cannot_be_shown_costs_that_cell_alone(run, capsys, kind):
    frame = FRAMES[kind]()
    run.log_table("t", frame)
    run.log_metric("m", 1)
    [table] = of_kind(run, "table")
    shown = "<tests.stage.test_odd_inputs.Mute>"
    written = list(csv.reader((run.directory / table["file"]).read_text().splitlines()))
    assert written == [list(frame.columns), ["1", shown, "0.5", "y"], ["2", "", "", shown]]
    assert metrics(run) == {"m": 1}
    assert not capsys.readouterr().err
    assert isinstance(frame[frame.columns[3]][1], Mute)  # the user's own frame is left as it is


def test_a_polars_frame_of_lists_records_bytes_and_spans_is_written_as_their_words(run):
    frame = pl.DataFrame(
        {
            "list": [[1, 2], None],
            "record": [{"x": 1}, None],
            "bytes": [b"a\xff", None],
            "span": [dt.timedelta(1, 2), None],
        }
    )
    run.log_table("t", frame)
    [table] = of_kind(run, "table")
    written = list(csv.reader((run.directory / table["file"]).read_text().splitlines()))
    assert written == [
        ["list", "record", "bytes", "span"],
        ["[1, 2]", "{'x': 1}", "b'a\\xff'", "1 day, 0:00:02"],
        ["", "", "", ""],
    ]
    assert len(run.log_dataset("d", frame)) == 64


@pytest.mark.parametrize(
    "value", [Mute(), Unmade(), [Mute()], {"k": Unmade()}, {Mute()}], ids=lambda value: type(value).__name__
)
def test_a_param_tag_or_fact_that_cannot_be_shown_is_written_as_its_type(run, value):
    run.log_param("p", value)
    run.set_tag("t", value)
    run.log_environment(packages=False, fact=value)
    for kind in ("param", "tag"):
        [event] = of_kind(run, kind)
        assert "<tests.stage.test_odd_inputs." in str(event["value"])
    assert "<tests.stage.test_odd_inputs." in str(of_kind(run, "environment")[0]["value"]["fact"])


def test_names_and_words_that_cannot_be_shown_are_written_as_their_type(run):
    run.log_params({Mute(): 1, "f": str.upper})
    run.log_metric("m", None, reason=Mute(), note=Mute())
    run.log_decision("approved", by=Mute(), reason=Mute())
    shown = "<tests.stage.test_odd_inputs.Mute>"
    assert {event["name"]: event["value"] for event in of_kind(run, "param")} == {shown: 1, "f": "str.upper"}
    assert of_kind(run, "metric")[0]["note"] == shown
    assert of_kind(run, "decision")[0]["by"] == shown


def test_params_that_hold_themselves_are_cut_off(run):
    circle = {"a": 1}
    circle["self"] = circle
    run.log_params(circle)
    assert {event["name"]: event["value"] for event in of_kind(run, "param")}["self/self/a"] == 1


@pytest.mark.parametrize("value", [Mute(), Unmade(), {"m": Unmade()}], ids=["mute", "unmade", "nested"])
def test_a_metric_that_is_no_number_is_refused_in_words_whatever_it_does(run, value):
    with pytest.raises(RecordError, match="is a number, not"):
        run.log_metrics({"m": value})
    with pytest.raises(RecordError):
        run.log_metric(Mute(), 1)


FAILING = {
    "chart": lambda run: run.log_chart("c", Unmade()),
    "figure": lambda run: run.log_figure("f", Unmade()),
    "table": lambda run: run.log_table("t", Unmade()),
    "dataset": lambda run: run.log_dataset("d", Unmade()),
    "cell of a data set": lambda run: run.log_dataset("t", pd.DataFrame({"a": [Mute()]})),
    "generator": lambda run: run.log_table("t", ({"a": 1 / (2 - number)} for number in range(3))),
}


@pytest.mark.parametrize("kind", FAILING)
def test_an_object_whose_own_code_fails_is_told_once_and_the_work_goes_on(run, capsys, kind):
    for _ in range(2):
        FAILING[kind](run)
    run.log_metric("m", 1)
    told = capsys.readouterr().err
    assert told.count("warning:") == 1
    assert "cannot be logged: " in told
    assert "; run 't' goes on without it" in told
    assert [event["kind"] for event in events(run)] == ["run", "metric"]
    assert not list((run.directory / "files").glob("*"))


@pytest.mark.parametrize("kind", FAILING)
def test_it_stops_a_strict_run(tmp_path, kind):
    with (
        reportgen.start_run("t", directory=tmp_path, strict=True, environment=False) as run,
        pytest.raises((RuntimeError, AttributeError, ZeroDivisionError)),
    ):
        FAILING[kind](run)


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_warning_that_nobody_can_read_stops_nothing(run, tmp_path, monkeypatch, stream):
    if stream == "closed":
        stream = (tmp_path / "err").open("w")
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    assert run.log_dataset("d", tmp_path / "gone.csv") == ""
    run.log_metric("m", 1)
    assert metrics(run) == {"m": 1}
