"""Hostile text: XML, JSON, YAML and tables that cost more than they hold, and names that mislead (the bad-input corpus)."""

from __future__ import annotations

import json
import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.harvest.readers import READERS, Reader, assign, installed_readers
from tests.readers.reading import fixture, read, read_one, reason

LAUGHS = "".join(f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" for _ in range(10))}">' for n in range(1, 11))
PATHS = [
    "../../etc/cron.d/x.csv",
    "..\\..\\x.csv",
    "/abs.csv",
    "%2e%2e%2f.csv",
    "a/./../../b.csv",
    "CON.csv",
    "a:b.csv",
    "x\ny.csv",
]


SINGLE = (
    "x.vl.json",
    "params.yaml",
    "metrics.json",
    "data.js",
    "junit.xml",
    "x.tsv",
    "x.svg",
    "x.md",
    "x.ipynb",
    "x.pkl",
    "x.onnx",
)


EVENT = '{"v":1,"id":"a","t":"9999-12-31T23:59:59-14:00","kind":"run","name":"r"}\n'
EVENT += '{"v":1,"id":"b","t":"0001-01-01T00:00:00+14:00","kind":"metric","name":"f1","value":0.5}\n'
TRACKED = f"mlruns/0/{'a' * 32}/"
BENCH = '{"entries":{"a":[{"date":1,"benches":5},{"date":0,"tool":{},"benches":[5,{"name":5,"value":1}]}],"b":{}}}'
SHAPES = {
    "times that no calendar has": {"reportgen-results/r-0123abcd/events.jsonl": EVENT.encode()},
    "a status that is a list": {TRACKED + "meta.yaml": b"status: [1]\nrun_name: {a: 1}", TRACKED + "metrics/f1": b"1 0.5 0"},
    "a name that is a number": {TRACKED + "meta.yaml": b"run_name: 0x" + b"f" * 9000, TRACKED + "metrics/f1": b"1 0.5 0"},
    "results that are no list": {"data.js": b"x = " + BENCH.encode()},
}


class TestXml:
    @pytest.mark.parametrize(
        "text",
        [
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>',
            '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://example.org/x.dtd"> %x;]><testsuite/>',
            f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><testsuite>&l10;</testsuite>',
            '<!DOCTYPE testsuite SYSTEM "http://example.org/x.dtd"><testsuite/>',
            "<testsuite>",
            "",
        ],
    )
    def test_documents_that_are_refused(self, text: str) -> None:
        assert reason(read_one("junit.xml", text.encode()))

    def test_an_inclusion_is_an_element_like_any_other(self) -> None:
        text = '<testsuite xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></testsuite>'
        tests = read_one("junit.xml", text.encode()).tests
        assert tests is not None
        assert tests.total == 0

    @pytest.mark.parametrize("name", ["a", "testsuite"])
    def test_depth_costs_nothing(self, name: str) -> None:
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        said = reason(read_one("junit.xml", b"<testsuite>" + f"<{name}>".encode() * 1_000_000, json="32 MB"))
        assert "nested deeper" in said
        assert time.perf_counter() - started < 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024

    def test_a_long_attribute(self) -> None:
        text = f'<testsuite><testcase name="{"x" * 5_000_000}"/></testsuite>'
        assert "longer than 1,000,000" in reason(read_one("junit.xml", text.encode()))

    def test_markup_in_names_stays_text(self) -> None:
        text = '<testsuite><testcase name="&lt;script&gt;"><failure message="&lt;img onerror=x&gt;"/></testcase></testsuite>'
        tests = read_one("junit.xml", text.encode()).tests
        assert tests is not None
        assert [(case.name, case.message) for case in tests.failures] == [("<script>", "<img onerror=x>")]


class TestJson:
    @pytest.mark.parametrize("name", ["metrics.json", "x.vl.json", "x.ipynb", "data.js", "params.json", "dvclive/metrics.json"])
    @pytest.mark.parametrize("mark", ["", "vega-lite", '"macro avg"', '"unit"', '"learner"'])
    def test_a_hundred_thousand_brackets(self, name: str, mark: str) -> None:
        content = f'x = {{"{mark.strip(chr(34))}": '.encode() + b"[" * 100_000
        result = read_one(name, content if name.endswith(".js") else content.removeprefix(b"x = "))
        assert len(result.problems) == 1
        assert not result.metrics

    def test_very_many_keys(self) -> None:
        content = json.dumps({f"k{number}": number for number in range(300_000)}).encode()
        result = read_one("metrics.json", content, json="32 MB")
        assert result.metrics == ()

    def test_keys_of_the_language_are_names_like_any_other(self) -> None:
        names = {metric.name for metric in read_one("metrics.json", b'{"__proto__": 1, "constructor": {"x": 2}}').metrics}
        assert names == {"__proto__", "constructor/x"}

    def test_a_report_with_wrong_parts_keeps_the_right_ones(self) -> None:
        part = {"precision": "x", "recall": 0.5, "f1-score": None, "support": -1}
        content = json.dumps({"macro avg": part, "weighted avg": part, "x": [1], "accuracy": "high"}).encode()
        found = {metric.name: metric for metric in read_one("metrics.json", content).metrics}
        assert found["macro avg/recall"].value == 0.5
        assert found["macro avg/recall"].n is None
        assert "accuracy" not in found


class TestYaml:
    @pytest.mark.parametrize(
        "content",
        [
            b"a: !!python/object/apply:os.system ['touch canary']",
            b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
            b"a: [" * 10_000,
            b"a: 2026-13-45T99:99:99Z",
            b"a: " + b"1:" * 2000 + b"1.5",
            b"a: 1\n" * 200_000,
            b"\x00",
        ],
    )
    @pytest.mark.parametrize("name", ["params.yaml", "mlruns"])
    def test_what_is_no_plain_value(self, content: bytes, name: str) -> None:
        path = f"mlruns/1/{'a' * 32}/meta.yaml" if name == "mlruns" else name
        (result,) = read({path: content}).values()
        assert result.problems
        assert result.runs == ()
        assert result.params == {}

    @pytest.mark.parametrize("content", [b"[", b"{", b"{a: ", b"- ", b"? ", b"a: ["], ids=repr)
    def test_depth_costs_nothing(self, content: bytes) -> None:
        started = time.process_time()
        (problem,) = read_one("params.yaml", content * 60_000).problems
        assert "no YAML" in problem.reason
        assert time.process_time() - started < 2

    @pytest.mark.parametrize("number", [b"0x" + b"f" * 5000, b"9" * 5000, b"0b" + b"1" * 8000, b"1:" * 3000 + b"1"])
    def test_an_integer_that_nobody_can_print_is_text(self, number: bytes) -> None:
        assert read_one("params.yaml", b"a: " + number).params == {"a": number.decode()}


class TestTables:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b",".join([b"x"] * 1_000_000), "cells, over the limit"),
            (b"a,b\n" + b"x" * 50_000_000, "a row of more than"),
            (b"a,b\n\x00\x00", "NUL"),
            (b"", "empty"),
            (b" \n\n", "empty"),
            (b'a,"' + b"x" * 200_000 + b'"\n', "limit"),
        ],
    )
    def test_shapes_that_are_set_aside(self, content: bytes, said: str) -> None:
        assert said in reason(read_one("x.csv", content))

    def test_a_ragged_table_is_a_table(self) -> None:
        (table,) = read_one("x.csv", b"a,b\n1\n1,2,3\n").attachments
        assert table.kind == "table"

    def test_formulas_stay_as_they_are(self) -> None:
        assert read_one("x.csv", b"a\n=cmd|'/C calc'!A0\n").problems == ()


class TestNames:
    @pytest.mark.parametrize("path", [*PATHS, "x" * 300 + ".csv", "a\u202egnp.csv"])
    def test_a_path_is_a_label_and_nothing_else(self, path: str) -> None:
        (table,) = read_one(path, b"a\n1\n").attachments
        assert table.path == path
        assert "/" not in table.label


class TestRegistry:
    def test_every_reader_is_asked_and_bad_bytes_never_raise(self) -> None:
        names = {
            "record": "reportgen-results/a-0123abcd/events.jsonl", "mlflow": f"mlruns/1/{'a' * 32}/meta.yaml",
            "dvclive": "dvclive/metrics.json", "vega-lite": "x.vl.json", "params": "params.json", "metrics": "metrics.json",
            "github-action-benchmark": "data.js", "junit": "junit.xml", "table": "x.csv", "image": "x.png", "markdown": "x.md",
            "notebook": "x.ipynb", "model": "x.pkl",
        }  # fmt: skip
        assert set(names) == set(READERS)
        files = dict.fromkeys([*names.values(), "dvclive/plots/metrics/a.tsv"], b"\xff\x00\x80 garbage {[<")
        results = read(files)
        assert set(results) == set(READERS)
        for name, result in results.items():
            assert result.problems or result.models or name == "markdown"

    @pytest.mark.parametrize("files", SHAPES.values(), ids=SHAPES)
    def test_values_of_any_shape_cost_no_more_than_themselves(self, files: dict[str, bytes]) -> None:
        for result in read(files).values():
            assert result.metrics or [run.metrics for run in result.runs] or result.attachments
            assert not result.problems

    @settings(max_examples=150, deadline=None)
    @given(content=st.binary(max_size=300), name=st.sampled_from(SINGLE))
    def test_any_bytes_give_a_result(self, content: bytes, name: str) -> None:
        read_one(name, content)

    def test_each_file_goes_to_one_reader(self) -> None:
        paths = {path for kind in ("dvclive", "mlflow", "reports", "pictures", "notebook", "chart") for path in fixture(kind)}
        assigned = assign(paths, tuple(READERS.values()))
        assert assigned["dvclive/metrics.json"].name == "dvclive"
        assert assigned["report.json"].name == "metrics"
        assert {reader.name for path, reader in assigned.items() if path.startswith("mlruns/")} == {"mlflow"}

    def test_readers_of_other_packages_come_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from importlib.metadata import EntryPoint

        from reportgen.harvest import readers

        mine = EntryPoint(name="mine", value="tests.readers.test_hostile:MINE", group="reportgen.readers")
        monkeypatch.setattr(readers, "entry_points", lambda *, group: [mine] if group == mine.group else [])
        installed_readers.cache_clear()
        try:
            assert next(iter(installed_readers())) is MINE
            assert assign(["x.csv"])["x.csv"] is MINE
        finally:
            installed_readers.cache_clear()


MINE = Reader(name="mine", matches=lambda path: path.endswith(".csv"), read=READERS["table"].read)
