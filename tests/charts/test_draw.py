"""Drawing: each chart once, in processes that a chart may kill, with bytes that do not depend on what was drawn before."""

from __future__ import annotations

import http.server
import json
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import vl_convert

from reportgen.charts import draw as drawing
from reportgen.charts import svg, theme
from reportgen.charts.bundle import vega_bundle
from reportgen.charts.draw import ChartFailure, Drawer, DrawLimits, chart_digest, draw, draw_all
from tests.charts.kinds import every_kind

POINT = {
    "data": {"values": [{"a": 1}, {"a": 2}]}, "mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}},
    "config": {"background": None},
}  # fmt: skip
ENDLESS = {**POINT, "data": {"sequence": {"start": 0, "stop": 1e9, "as": "a"}}}


def by_digest(*specs: dict[str, object]) -> dict[str, dict[str, object]]:
    return {chart_digest(spec): spec for spec in specs}


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    specs = every_kind()
    results = draw_all({chart_digest(spec): spec for spec in specs.values()})
    found = {name: results[chart_digest(spec)] for name, spec in specs.items()}
    assert not [result for result in found.values() if isinstance(result, ChartFailure)]
    return {name: result for name, result in found.items() if isinstance(result, bytes)}


def test_drawings_are_well_formed_and_load_nothing(drawn: dict[str, bytes]) -> None:
    for name, picture in drawn.items():
        root = ET.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert not re.search(rb"""(?:href|src)=["'](?!#)|url\((?!#)|<script|<image|<foreignObject|\son\w+=""", picture), name


def test_each_colour_in_a_drawing_turns_for_dark_screens(drawn: dict[str, bytes]) -> None:
    allowed = {*theme.DARK, *theme.DARK.values(), "none", "transparent"}
    for name, picture in drawn.items():
        used = {value.decode() for value in re.findall(rb'(?:fill|stroke)="([^"]*)"', picture.partition(b"</style>")[2])}
        assert used - allowed - {value for value in used if value.startswith("url(")} == set(), name
        assert b"prefers-color-scheme:dark" in picture


def test_numbers_in_text_are_not_rounded() -> None:
    finished = svg.finish('<svg><path d="M1.23456,2.0001l0.004,1e-7"/><text>0.7354</text></svg>').decode()
    assert 'd="M1.23,2l0,0"' in finished
    assert "<text>0.7354</text>" in finished


def test_bytes_do_not_depend_on_what_the_process_drew_before() -> None:
    heat = every_kind()["confusion"]
    gradient = {
        "data": {"values": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]}, "mark": {"type": "line", "clip": True},
        "encoding": {"x": {"field": "a", "type": "quantitative"}, "y": {"field": "b", "type": "quantitative"},
                     "color": {"field": "a", "type": "quantitative"}},
    }  # fmt: skip
    alone = draw(gradient)
    after = draw_all(by_digest(heat, {**gradient, "width": 90}, gradient))[chart_digest(gradient)]
    assert isinstance(alone, bytes)
    assert b"gradient_0" in alone
    assert alone == after


def test_a_chart_that_cannot_be_drawn_costs_only_itself() -> None:
    wide, unknown = {**POINT, "width": 321}, {**POINT, "mark": "zork"}
    results = draw_all(by_digest(POINT, unknown, ENDLESS, wide), limits=DrawLimits(memory_bytes=400 * 1024**2))
    assert isinstance(results[chart_digest(POINT)], bytes)
    assert isinstance(results[chart_digest(wide)], bytes)
    for spec in (unknown, ENDLESS):
        failure = results[chart_digest(spec)]
        assert isinstance(failure, ChartFailure)
        assert failure.final
        assert "\n" not in failure.reason


def test_a_chart_that_takes_too_long_is_tried_again_another_time() -> None:
    failure = draw(ENDLESS, limits=DrawLimits(clock_s=0.2))
    assert failure == ChartFailure(reason="drawing took too long", final=False)


def test_processor_time_is_limited() -> None:
    rows = [{"a": at % 100, "b": at % 97} for at in range(3000)]
    busy = {
        "data": {"values": rows}, "mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}},
        "transform": [{"lookup": "a", "from": {"data": {"values": rows}, "key": "a", "fields": ["b"]}}] * 3
        + [{"impute": "a", "key": "b", "groupby": ["a", "b"], "keyvals": {"start": 0, "stop": 1e6, "step": 1}, "value": 0}],
    }  # fmt: skip
    failure = draw(busy, limits=DrawLimits(cpu_s=0, memory_bytes=8 * 1024**3))
    assert isinstance(failure, ChartFailure)
    assert failure.final
    assert "processor time" in failure.reason or "crashed" in failure.reason


class _Probe(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'[{"a": 1}]')

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def probe() -> Iterator[str]:
    _Probe.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Probe)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_drawing_reads_no_file(tmp_path: Path) -> None:
    rows = [{"a": 4711}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    named: dict[str, Any] = {**POINT, "encoding": {"x": {"field": "a", "type": "nominal"}}}
    shown = draw({**named, "data": {"values": rows}})
    assert isinstance(shown, bytes)
    assert b"4711" in shown
    for url in ((tmp_path / "rows.json").as_uri(), str(tmp_path / "rows.json")):
        drawn = draw({**named, "data": {"url": url}})
        assert isinstance(drawn, ChartFailure) or b"4711" not in drawn


def test_drawing_asks_no_server(probe: str) -> None:
    loads = {**POINT, "data": {"url": f"{probe}/data.json"}}
    picture = {**POINT, "mark": {"type": "image", "url": f"{probe}/a.png"}}
    assert isinstance(draw(loads), ChartFailure)
    draw(picture)
    assert _Probe.asked == []


def test_what_was_drawn_once_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = {**POINT, "mark": "zork"}
    specs = by_digest(POINT, unknown)
    first = draw_all(specs, cache_dir=tmp_path)
    monkeypatch.setattr(drawing.sys, "executable", "/nonexistent")
    assert draw_all(specs, cache_dir=tmp_path) == first


def test_a_damaged_drawing_is_drawn_anew(tmp_path: Path) -> None:
    first = draw(POINT, cache_dir=tmp_path)
    (kept,) = tmp_path.rglob("*.svg")
    kept.write_bytes(kept.read_bytes()[:100])
    assert draw(POINT, cache_dir=tmp_path) == first
    assert kept.read_bytes() == first
    assert not list(tmp_path.rglob(".*"))


def test_the_digest_depends_on_the_specification_and_on_nothing_else() -> None:
    assert chart_digest({"a": 1, "b": [2]}) == chart_digest({"b": [2], "a": 1})
    assert chart_digest({"a": 1}) != chart_digest({"a": 2})


@pytest.mark.slow
def test_one_process_draws_many_charts_until_it_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_RENEWED_AFTER", 10)
    started: list[int] = []
    popen = drawing.subprocess.Popen

    def counted(*args: Any, **options: Any) -> Any:
        process = popen(*args, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(drawing.subprocess, "Popen", counted)
    specs = by_digest(*({**POINT, "width": 100 + at} for at in range(25)))
    with Drawer() as drawer:
        drawer.start()
        assert len(started) == 1
        for digest, spec in specs.items():
            assert isinstance(drawer.draw({digest: spec})[digest], bytes)
    assert len(started) == 3


def test_the_bundle_is_one_script_that_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = vega_bundle(cache_dir=tmp_path)
    assert b"vegaEmbed" in script
    assert b"sourceMappingURL" not in script
    assert b"VEGA_DEBUG" not in script, "CVE-2025-66648 needs it"
    version = vl_convert.get_vega_version()
    assert tuple(map(int, version.split("."))) >= (6, 2, 0), "CVE-2025-59840"
    assert f'"{version}"'.encode() in script
    assert not re.search(rb"^\s*(?:import|export)\b", script, re.MULTILINE)
    monkeypatch.setattr(drawing.sys, "executable", "/nonexistent")
    assert vega_bundle(cache_dir=tmp_path) == script


def test_a_placeholder_says_why_and_nothing_else() -> None:
    picture = svg.placeholder("<script>alert(1)</script> & more")
    root = ET.fromstring(picture)
    assert "".join(root.itertext()).count("<script>alert(1)</script> & more") == 2
    assert svg.size_of(picture) == (320, 96)


def test_what_is_begun_ahead_is_drawn_once_and_as_it_would_be_without(tmp_path: Path) -> None:
    specs = {chart_digest(spec): spec for spec in (POINT, {**POINT, "mark": "bar"})}
    plain = draw_all(specs)
    with Drawer(cache_dir=tmp_path) as drawer:
        drawer.ahead(specs)
        drawer.ahead(specs)
        assert drawer.draw(specs) == plain
        assert drawer._drawn == len(specs)
        assert drawer.draw(specs) == plain
        assert drawer._drawn == len(specs)


def test_what_was_begun_and_is_not_asked_for_ends_with_the_drawer() -> None:
    drawer, threads = Drawer(), threading.active_count()
    drawer.ahead({str(number): {**POINT, "description": str(number)} for number in range(500)})
    drawer.close()
    assert drawer._drawn < 500
    assert drawer._process._process is None
    assert threading.active_count() == threads
    digest = chart_digest(POINT)
    assert isinstance(drawer.draw({digest: POINT})[digest], bytes)
    drawer.close()
