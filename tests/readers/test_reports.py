"""Numbers: JSON reports, tracked runs, benchmarks, tests, tables, charts, notes and notebooks, as tools write them."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

import reportgen
from reportgen import model
from reportgen.harvest.readers.junit import is_junit_path
from reportgen.harvest.readers.mlruns import MLRUNS, claim_store, plain
from tests.readers.reading import fixture, limits, read, read_one, reason


def by_name(metrics: tuple[model.Metric, ...]) -> dict[str, model.Metric]:
    return {metric.name: metric for metric in metrics}


class TestPlainJsonOfOurHelpers:
    def test_it_reads_back_by_the_rules_of_other_tools(self, tmp_path: Path) -> None:
        """DVC joins nested keys and takes any leaf, jdss shows one object as a table of its keys; we join with a slash."""
        params = {"model/depth": 3, "lr": 0.1, "on": True, "seeds": [1, 2], "nothing": None, "é": "a: b"}
        metrics = {"val/f1": 0.7, "rows": 12, "a/b": math.nan, "a/c": -math.inf, "p.q": 1e-20}
        with reportgen.start_run("t", directory=tmp_path, environment=False, environ={}) as run:
            run.log_params(params)
            run.log_metrics(metrics)
            run.log_metric("loss", 1.0, step=0)
            run.log_metric("loss", 0.5, step=1)
        files = {name: (run.directory / name).read_bytes() for name in ("params.json", "metrics.json")}
        assert read_one("params.json", files["params.json"]).params == params
        found = {metric.name: metric.value for metric in read_one("metrics.json", files["metrics.json"]).metrics}
        assert repr(sorted(found.items())) == repr(sorted({**metrics, "loss": 0.5}.items()))
        written = json.loads(files["metrics.json"], parse_constant=pytest.fail)
        assert written["val"] == {"f1": 0.7}
        assert sorted(written) == ["a", "loss", "p.q", "rows", "val"]


class TestClassificationReport:
    @pytest.mark.parametrize(("name", "first"), [("report.json", "0"), ("named.json", "benign")])
    def test_keys_keep_their_spelling(self, name: str, first: str) -> None:
        content = fixture("reports")[name]
        written = json.loads(content)
        stem = name.removesuffix(".json")
        found = by_name(read_one(name, content).metrics)
        assert found[f"{stem}/macro avg/f1-score"].value == written["macro avg"]["f1-score"]
        assert found[f"{stem}/{first}/precision"].value == written[first]["precision"]
        assert found[f"{stem}/accuracy"].value == written["accuracy"]
        assert found[f"{stem}/accuracy"].n == 8
        assert found[f"{stem}/{first}/recall"].n == written[first]["support"]
        assert found[f"{stem}/{first}/recall"].direction == "higher"
        assert found[f"{stem}/{first}/support"].direction == "none"
        assert len(found) == 1 + 4 * 5

    def test_a_report_called_metrics_has_bare_names(self) -> None:
        found = by_name(read_one("metrics.json", fixture("reports")["report.json"]).metrics)
        assert "macro avg/f1-score" in found


class TestDvcLive:
    def test_series_params_and_summary(self) -> None:
        results = read(fixture("dvclive"))
        assert list(results) == ["dvclive"]
        result = results["dvclive"]
        found = by_name(result.metrics)
        assert found["train/loss"].value == 0.25
        assert found["train/loss"].step == 3
        assert result.series["train/loss"] == tuple(model.Point(step=step, value=1 / (step + 1)) for step in range(4))
        assert found["best"].points == 0
        assert "step" not in found
        assert result.params == {"lr": 0.1, "model/depth": 3, "model/name": "tree"}
        assert not result.problems

    def test_two_directories_are_told_apart(self) -> None:
        one = fixture("dvclive")
        two = {path.replace("dvclive/", f"{fold}/", 1): content for fold in ("a", "b") for path, content in one.items()}
        names = {metric.name for metric in read(two)["dvclive"].metrics}
        assert {"a/train/loss", "b/train/loss"} <= names

    def test_a_broken_series_costs_only_itself(self) -> None:
        files = fixture("dvclive")
        files["dvclive/plots/metrics/accuracy.tsv"] = b"nothing here"
        result = read(files)["dvclive"]
        assert [problem.path for problem in result.problems] == ["dvclive/plots/metrics/accuracy.tsv"]
        assert by_name(result.metrics)["accuracy"].points == 0
        assert by_name(result.metrics)["train/loss"].points == 4

    def test_lines_that_are_no_values_are_counted(self) -> None:
        files = fixture("dvclive")
        torn = f"step\tloss\n1\t0.5\n{'9' * 5000}\t1\n--5\t1\n\u0663\t1\n2\toops\n3\n4\tnan\n"
        files["dvclive/plots/metrics/train/loss.tsv"] = torn.encode()
        result = read(files)["dvclive"]
        assert [(problem.path, problem.reason, problem.partial) for problem in result.problems] == [
            ("dvclive/plots/metrics/train/loss.tsv", "5 lines are no values", True)
        ]
        assert [point.step for point in result.series["train/loss"]] == [1, 4]


class TestMlflow:
    def test_each_tracked_run_is_a_run(self) -> None:
        results = read(fixture("mlflow"))
        assert list(results) == ["mlflow"]
        svm, broken = results["mlflow"].runs
        assert (svm.name, svm.status, broken.name, broken.status) == ("svm", "complete", "broken", "failed")
        assert svm.params == {"C": 1.5, "kernel": "rbf", "shrinking": True, "degree": 3}
        assert svm.tags == {"kind": "candidate"}
        assert svm.notes == ("Trained on *all* rows.",)
        assert svm.commit == "0123456789abcdef0123456789abcdef01234567"
        metrics = by_name(svm.metrics)
        assert metrics["f1"].value == 0.7
        assert math.isnan(metrics["broken"].value or 0)
        assert metrics["val/loss"].step == 2
        assert [point.value for point in svm.series["val/loss"]] == [1.0, 0.5, 1 / 3]
        assert [(dataset.name, dataset.role) for dataset in svm.datasets] == [("validation", "validation")]
        assert [(file.kind, file.label) for file in svm.attachments] == [("table", "folds.csv")]
        assert len(svm.record) == 8
        assert svm.duration_s is not None
        assert svm.duration_s >= 0
        assert not results["mlflow"].problems

    def test_a_model_kept_beside_the_run_is_the_run_s(self) -> None:
        files = fixture("mlflow-models")
        results = read(files)
        assert list(results) == ["mlflow"]
        (run,) = results["mlflow"].runs
        (found,) = run.models
        assert (found.name, found.framework, found.facts["class"]) == (
            "model.pkl", "scikit-learn", "sklearn.linear_model._logistic.LogisticRegression",
        )  # fmt: skip
        (path,) = (path for path in files if path.endswith("model.pkl"))
        assert MLRUNS.is_model(path)
        assert not [path for path in claim_store(frozenset(files)) if "/models/" in path and not path.endswith("model.pkl")]

    def test_many_runs_are_told_apart_in_little_time(self) -> None:
        started = time.process_time()
        homes = [f"mlruns/1/{number:032x}/" for number in range(10_000)]
        names = ("meta.yaml", "metrics/f1", "metrics/auc", "tags/x", "params/p")
        assert len(claim_store(frozenset(home + name for home in homes for name in names))) == 50_000
        files = {home + name: b"1 0.5 0" for home in homes[:3000] for name in names[1:]}
        files |= {home + "meta.yaml": b"status: 3" for home in homes[:3000]}
        assert len(read(files)["mlflow"].runs) == 3000
        assert time.process_time() - started < 8

    def test_a_run_without_description_costs_only_itself(self) -> None:
        files = fixture("mlflow")
        metas = [
            path for path in files if path.count("/") == 3 and path.endswith("meta.yaml") and b"run_name: svm" in files[path]
        ]
        files[metas[0]] = b"- just\n- a list"
        result = read(files)["mlflow"]
        assert [run.name for run in result.runs] == ["broken"]
        assert [problem.reason for problem in result.problems] == ["no description of a tracked run"]

    def test_a_deleted_run_is_left_out(self) -> None:
        files = {
            path: content.replace(b"lifecycle_stage: active", b"lifecycle_stage: deleted")
            for path, content in fixture("mlflow").items()
        }
        assert read(files)["mlflow"].runs == ()

    def test_lines_that_are_no_values_are_counted(self) -> None:
        files = {path: b"oops\n1 0.5 0\n" if path.endswith("/f1") else content for path, content in fixture("mlflow").items()}
        result = read(files)["mlflow"]
        assert by_name(result.runs[0].metrics)["f1"].value == 0.5
        assert [problem.reason for problem in result.problems] == ["1 line is no value"]

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1", 1),
            ("-2.5", -2.5),
            ("1e-3", 0.001),
            ("True", True),
            ("1_000", "1_000"),
            ("nan", "nan"),
            ("0x10", "0x10"),
            ("", ""),
        ],
    )
    def test_params_are_numbers_where_they_are_written_as_numbers(self, text: str, value: Any) -> None:
        assert plain(text) == value
        assert type(plain(text)) is type(value)


class TestBenchmarks:
    ENTRIES = (
        {"name": "fib(10)", "unit": "ns/iter", "value": 135, "range": "± 24"},
        {"name": "load", "unit": "ops/sec", "value": 3.5e6, "range": "±1.2%"},
        {"name": "size", "unit": "widgets", "value": "7"},
    )

    def test_a_list_of_results(self) -> None:
        numeric = [dict(entry) for entry in self.ENTRIES[:2]]
        found = by_name(read_one("out/bench.json", json.dumps(numeric).encode()).metrics)
        assert (found["bench/fib(10)"].value, found["bench/fib(10)"].unit) == (135, "ns/iter")
        assert (found["bench/fib(10)"].direction, found["bench/fib(10)"].std) == ("lower", 24.0)
        assert (found["bench/load"].direction, found["bench/load"].std) == ("higher", None)

    def test_a_list_with_something_else_is_no_benchmark(self) -> None:
        assert read_one("bench.json", json.dumps(self.ENTRIES).encode()).metrics == ()

    def test_the_page_gives_its_newest_results(self) -> None:
        benches = [{"name": "time", "value": 2, "unit": "s"}]
        old = {"date": 1, "tool": "customBiggerIsBetter", "benches": [{"name": "time", "value": 9, "unit": "s"}]}
        data = {"entries": {"suite": [{"date": 5, "tool": "customBiggerIsBetter", "benches": benches}, old]}}
        (metric,) = read_one("dev/bench/data.js", b"window.BENCHMARK_DATA = " + json.dumps(data).encode() + b"\n").metrics
        assert (metric.name, metric.value, metric.direction) == ("time", 2, "higher")

    @pytest.mark.parametrize("content", [b"alert(1)", b"x = {", b"x = {}", b"x = []"])
    def test_another_script_is_set_aside(self, content: bytes) -> None:
        assert reason(read_one("data.js", content))


class TestJunit:
    def test_nested_suites_are_counted_once(self) -> None:
        text = b"""<?xml version="1.0"?><testsuites><testsuite tests="99"><testsuite>
            <testcase classname="a" name="ok"/>
            <testcase classname="a" name="bad"><failure message="1 != 2">trace</failure></testcase>
            <testcase name="worse"><error>it &lt;broke&gt;</error><system-out>noise</system-out></testcase>
            <testcase name="left"><skipped/></testcase></testsuite></testsuite></testsuites>"""
        tests = read_one("junit.xml", text).tests
        assert tests is not None
        assert (tests.total, tests.failed, tests.skipped) == (4, 2, 1)
        assert [(case.name, case.message) for case in tests.failures] == [("a.bad", "1 != 2"), ("worse", "it <broke>")]

    def test_files_of_one_build_add_up(self) -> None:
        one = b'<testsuite><testcase name="a"/></testsuite>'
        (result,) = read({"TEST-a.xml": one, "x/surefire-reports/b.xml": one}).values()
        assert result.tests == model.Tests(total=2, failed=0, skipped=0)

    @pytest.mark.parametrize(
        "path", ["junit.xml", "TEST-x.Y.xml", "out/pytest-results.xml", "test_results.xml", "a/test-reports/z.xml"]
    )
    def test_names_that_are_looked_at(self, path: str) -> None:
        assert is_junit_path(path)

    @pytest.mark.parametrize("path", ["pom.xml", "latest.xml", "contest.xml", "junit.json", "coverage.xml"])
    def test_names_that_are_not(self, path: str) -> None:
        assert not is_junit_path(path)

    def test_other_xml_is_set_aside(self) -> None:
        assert "begins with <project>" in reason(read_one("test.xml", b"<project/>"))


class TestTablesChartsNotes:
    def test_a_table(self) -> None:
        (table,) = read_one("out/folds.csv", b"fold,f1\n1,0.7\n").attachments
        assert (table.kind, table.name, table.label, table.format) == ("table", "folds", "folds.csv", "csv")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_table_with_a_byte_order_mark(self, encoding: str) -> None:
        (table,) = read_one("t.tsv", "ü\tb\n1\t2\n".encode(encoding)).attachments
        assert (table.kind, table.format) == ("table", "tsv")

    def test_a_chart_is_told_by_its_content(self) -> None:
        content = fixture("chart")["line.json"]
        for path in ("line.json", "line.vl.json"):
            (chart,) = read_one(path, content).attachments
            assert (chart.kind, chart.name, chart.format) == ("chart", "line", "vega-lite")
        assert read_one("line.json", content).metrics == ()

    def test_a_chart_over_the_limit_is_named(self) -> None:
        (chart,) = read_one("line.vl.json", fixture("chart")["line.json"], chart=100).attachments
        assert chart.state == "over limit"
        assert "over the limit of 100" in (chart.reason or "")

    def test_markdown_is_a_note(self) -> None:
        assert read_one("notes.md", "Grüße\n".encode()).notes == ("Grüße\n",)

    def test_a_long_note_is_set_aside(self) -> None:
        assert "over the limit" in reason(read_one("notes.md", b"x" * 11, markdown=10))

    def test_markdown_of_any_bytes_is_text(self) -> None:
        (note,) = read_one("notes.md", b"a\xff\xfe\0b").notes
        assert note == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


class TestNotebook:
    def test_outputs_only(self) -> None:
        result = read_one("nb/analysis.ipynb", fixture("notebook")["analysis.ipynb"])
        (note,) = result.notes
        assert "F1 0.7" in note
        assert "0  1" in note
        assert "ZeroDivisionError: division by zero" in note
        for hidden in ("secret_code", "script", "A title", "\x1b", "<Figure>"):
            assert hidden not in note
        assert result.params == {"alpha": 0.5, "name": "x"}
        (path,) = result.files
        assert path == "nb/analysis.ipynb!/cell-4-1.png"
        assert result.files[path].startswith(b"\x89PNG")
        assert [(file.kind, file.path) for file in result.attachments] == [("artifact", "nb/analysis.ipynb"), ("figure", path)]

    def test_text_cannot_leave_its_fence(self) -> None:
        book = {"cells": [{"outputs": [{"output_type": "stream", "text": "```\n# out"}]}]}
        (note,) = read_one("x.ipynb", json.dumps(book).encode()).notes
        assert note.endswith("````\n```\n# out\n````")

    def test_a_long_output_is_cut(self) -> None:
        book = {"cells": [{"outputs": [{"output_type": "stream", "text": ["x" * 300_000]}]}]}
        (note,) = read_one("x.ipynb", json.dumps(book).encode()).notes
        assert len(note) < 25_000
        assert "(cut, 300,000 characters)" in note
        (short,) = read_one("x.ipynb", json.dumps(book).encode(), markdown=1000).notes
        assert len(short.encode()) <= limits(markdown=1000).markdown
        assert short.endswith("(cut here)")

    @pytest.mark.parametrize("content", [b"{", b"[]", b'{"worksheets": []}', b"\xff\xfe\xfd"])
    def test_what_is_no_notebook_is_set_aside(self, content: bytes) -> None:
        assert reason(read_one("x.ipynb", content))

    def test_a_picture_that_may_not_be_shown_is_left_out(self) -> None:
        book = {
            "cells": [
                {"outputs": [{"output_type": "display_data", "data": {"image/png": "bm8gcG5n", "text/plain": "<Figure>"}}]}
            ]
        }
        result = read_one("x.ipynb", json.dumps(book).encode())
        assert result.files == {}
        assert "<Figure>" in result.notes[0]
