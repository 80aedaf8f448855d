"""Files that mean harm, archived on Jenkins: through a whole harvest over HTTP and onto the site (classes C25 to C63)."""

from __future__ import annotations

import io
import json
import pickle
import pkgutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reportgen.demo.faults import Fault, Faults
from reportgen.model import Model
from reportgen.report import SilentReporter
from reportgen.site.builder import build_site
from tests.readers.test_pictures import png
from tests.support.jenkins import NOW, Bench, bench, build, job, metric, metrics

SCRIPT = b"<script>alert(1)</script>"
NOT_SCANNED = "executable format, not scanned"


@contextmanager
def harvested(keep: Path, files: dict[str, bytes], *rules: Fault, patterns: str = "") -> Iterator[Bench]:
    """A store after one harvest of a build that archived these files."""
    with bench(keep, job("t", builds=(build(1, artifacts=files),)), faults=Faults(rules=rules)) as b:
        b.toml = '[store]\npath = "store"\n[[jobs]]\nname = "t"\n' + (f"artifacts = [{patterns}]\n" if patterns else "")
        b.harvest()
        yield b


def states(b: Bench) -> dict[str, str]:
    return {artifact.path: artifact.state for artifact in b.build("t", 1).artifacts}


def published(b: Bench) -> Path:
    config = b.config()
    summary = build_site(config, b.store, now=NOW, program="reportgen test", reporter=SilentReporter())
    assert summary.failures == ()
    assert summary.directory is not None
    return summary.directory


def model_of(keep: Path, name: str, content: bytes) -> Model:
    with harvested(keep, {name: content}) as b:
        (model,) = b.build("t", 1).runs[0].models
        return model


def test_c25_c36_types_and_names_that_a_server_tells_are_not_taken(tmp_path: Path) -> None:
    odd = (
        ("Content-Type", "text/html;<script>alert(1)</script>"),
        ("Content-Disposition", 'attachment; filename="../../x.html"'),
    )
    with harvested(tmp_path, metrics(f1=0.5), Fault(where="artifact/", headers=odd)) as b:
        assert metric(b.build("t", 1), "f1") == 0.5
        assert states(b) == {"metrics.json": "stored"}
        site = published(b)
        assert not (tmp_path / "x.html").exists()
        for file in (*site.rglob("*"), *b.store.path.rglob("*")):
            assert not file.is_file() or b"alert(1)" not in file.read_bytes(), file


def test_c26_c27_pages_and_drawings_with_scripts_are_published_as_no_page(tmp_path: Path) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"
    event = {"v": 1, "id": "a", "t": "2026-01-01T00:00:00Z"}
    journal = [
        {**event, "kind": "run", "name": "r"},
        {**event, "id": "b", "kind": "artifact", "name": "x", "file": "files/x.svg"},
    ]
    record = "reportgen-results/r-0123abcd/"
    files = {
        "report.html": SCRIPT,
        "x.xhtml": SCRIPT,
        "plot.svg": svg,
        f"{record}events.jsonl": "".join(json.dumps(each) + "\n" for each in journal).encode(),
        f"{record}files/x.svg": svg,
        "fine.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="5"/></svg>',
    }
    with harvested(tmp_path, files, patterns='"**"') as b:
        assert states(b) == dict.fromkeys(files, "stored")
        site = published(b)
        assert [file.read_bytes() for file in (site / "files").rglob("*.svg")] == [files["fine.svg"]]
        kept = {file.suffix for file in (site / "files").rglob("*") if file.is_file() and SCRIPT in file.read_bytes()}
        assert kept <= {".txt", ".bin"}
        others = (file for file in site.rglob("*") if file.is_file() and "files" not in file.relative_to(site).parts)
        assert not [file for file in others if SCRIPT in file.read_bytes()]
        assert "plot.svg" in {problem.path for problem in b.build("t", 1).problems}


ODD = [
    "%2e%2e%2fmetrics.json", "x#y.json", "a?b=c.json", "a;b.json", "a%00.json", "CON.json", "a:b.json", "dots./x.json",
    "a\nb.json", "A.json", "a.json", "ü/é.json", "x" * 250 + ".json", "*.json", "a&b.json", " x.json", "-rf.json",
]  # fmt: skip
ELSEWHERE = ["/abs.json", "x#/../../m.json", "//host/x.json", "a/./../../b.json", "..\\..\\x.json", "nul\x00.json"]


def test_c33_c34_c35_a_path_is_a_label_and_leads_nowhere_else(tmp_path: Path) -> None:
    files = {path: json.dumps({"f1": place / 100}).encode() for place, path in enumerate([*ODD, *ELSEWHERE])}
    with harvested(tmp_path, files) as b:
        assert states(b) == {**dict.fromkeys(ODD, "stored"), **dict.fromkeys(ELSEWHERE, "refused")}
        asked = [request.path for request in b.jenkins.requests if "/artifact/" in request.path]
        assert sorted(unquote(path.partition("/artifact/")[2]) for path in asked) == sorted(ODD)
        assert all(path.startswith("/jenkins/job/t/1/artifact/") and "/.." not in path for path in asked)
        names = {file.name for file in (b.store.path / "blobs").rglob("*") if file.is_file()}
        assert names == {artifact.sha256[2:] for artifact in b.build("t", 1).artifacts if artifact.sha256}
        assert len(names) == len(ODD)
        assert all(file.is_relative_to(tmp_path) and len(file.name) < 255 for file in published(b).rglob("*"))


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_c38_c39_archives_of_files_are_never_unpacked(mode: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, kind, link in (
            ("../../evil", tarfile.REGTYPE, ""),
            ("link", tarfile.SYMTYPE, "/etc"),
            ("dev", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            archive.addfile(member, io.BytesIO())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("../../evil", b"x")
        zipped.writestr("/abs/evil", b"x")
    files = {"model.tar": buffer.getvalue(), "data.tar.gz": buffer.getvalue(), "weights.zip": packed.getvalue()}
    with harvested(tmp_path, files, patterns='"**"') as b:
        assert states(b) == dict.fromkeys(files, "stored")
        assert [b.store.blobs.read(each.sha256 or "") for each in b.build("t", 1).artifacts] == list(files.values())
        published(b)
    assert not [file for file in tmp_path.rglob("*") if "evil" in file.name or file.name == "dev"]


class Resolved:
    def __reduce__(self) -> tuple[Any, ...]:
        return pkgutil.resolve_name, ("os:system",)


MEMO = b"\x80\x02X\x04\x00\x00\x00mathq\x00X\x02\x00\x00\x00osq\x00h\x00X\x06\x00\x00\x00system\x93."
POPPED = b"\x80\x04cposix\nsystem\nX\x04\x00\x00\x00trueq\x01\x85R0N."


@pytest.mark.parametrize("name", ["m.pkl", "pytorch_model.bin", "m.joblib"])
@pytest.mark.parametrize("content", [pickle.dumps(Resolved()), MEMO, POPPED], ids=["resolve_name", "memo", "popped"])
def test_c42_what_scanners_miss_is_not_called_safe(content: bytes, name: str, tmp_path: Path) -> None:
    assert NOT_SCANNED in str(model_of(tmp_path, name, content).facts["danger"])


def test_c42_c43_a_damaged_archive_is_told_by_its_directory(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps(Resolved()))
    content = buffer.getvalue().replace(b"os:system", b"os:getpid")  # its checksum is wrong now
    with zipfile.ZipFile(io.BytesIO(content)) as broken:
        assert broken.testzip() == "net/data.pkl"
    model = model_of(tmp_path, "network.pt", content)
    assert model.facts["format"] == "PyTorch archive"
    assert NOT_SCANNED in str(model.facts["danger"])


@pytest.mark.parametrize("name", ["lambda.h5", "m.keras"])
def test_c44_a_keras_model_in_hdf5_is_told_by_its_first_bytes(name: str, tmp_path: Path) -> None:
    model = model_of(tmp_path, name, b"\x89HDF\r\n\x1a\n" + b"Lambda" * 100)
    assert model.facts["format"] == "HDF5"
    assert NOT_SCANNED in str(model.facts["danger"])


def test_c56_of_a_notebook_no_markup_reaches_the_site(tmp_path: Path) -> None:
    data = {
        "text/html": SCRIPT.decode(),
        "image/svg+xml": SCRIPT.decode(),
        "application/javascript": "alert(1)",
        "text/plain": "shown",
    }
    outputs = [{"output_type": "display_data", "data": data}]
    book = {"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "alert(1)", "outputs": outputs}]}
    with harvested(tmp_path, {"a.ipynb": json.dumps(book).encode()}) as b:
        page = (published(b) / "jobs" / "t" / "1" / "index.html").read_text("utf-8")
    assert "shown" in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("metrics.json", b'{"x": "' + b"a" * 20_000_000 + b'"}', "over the limit"),
        ("metrics.json", b"[" * 100_000, "deeply"),
        ("params.yaml", b"a: !!python/object/apply:os.system [id]", "tag"),
        ("x.png", b"SIMPLE  =                    T" + b" " * 2850, "no picture"),
        ("x.png", b"%PDF-1.7", "no picture"),
        ("x.gif", b"GIF89a" + SCRIPT, ""),
    ],
    ids=["C60 size", "C59", "C61", "C62 FITS", "C62 PDF", "C63"],
)
def test_what_is_set_aside_is_told_with_its_reason_and_the_rest_is_kept(
    name: str, content: bytes, word: str, tmp_path: Path
) -> None:
    with harvested(tmp_path, {name: content, "other.json": b'{"f1": 0.5}'}) as b:
        built = b.build("t", 1)
        told = [*(each.reason for each in built.problems), *(each.reason or "" for each in built.artifacts)]
        assert any(word in each for each in told if each)
        assert metric(built, "other/f1") == 0.5
        page = (published(b) / "jobs" / "t" / "1" / "index.html").read_text("utf-8")
        assert name in page


def test_c15_descriptions_are_read_as_html_and_nothing_in_them_runs_or_loads(tmp_path: Path) -> None:
    told = '<b>good</b> <a href="https://x.example/T-1" onclick="alert(1)">T-1</a><br>for us'
    hostile = '<script>alert(1)</script><img src="http://evil/p.gif" onerror="alert(1)"><a href="javascript:alert(1)">x</a>'
    described = build(1, description=told + hostile)
    with bench(tmp_path, job("t", builds=(described, build(2)), description=f"<i>scores</i>{hostile}")) as b:
        b.toml = '[store]\npath = "store"\n[[jobs]]\nname = "t"\n'
        b.harvest()
        assert b.build("t", 1).description == described.description
        site = published(b)
    run, of_job, jobs = ((site / "jobs" / place / "index.html").read_text("utf-8") for place in ("t/1", "t", "."))
    link = '<a href="https://x.example/T-1" rel="nofollow noopener noreferrer">T-1</a>'
    assert f"<b>good</b> {link}<br>for us" in run
    assert "<i>scores</i>" in of_job
    assert ">scores" in jobs
    for page in (run, of_job, jobs):
        assert not [word for word in ("alert(1)", "evil", "javascript:", "&lt;i&gt;") if word in page]


def test_c60_an_integer_that_nobody_can_print_stops_neither_harvest_nor_site(tmp_path: Path) -> None:
    with harvested(tmp_path, {"params.yaml": b"seed: 0x" + b"f" * 6000, "metrics.json": b'{"f1": 0.5}'}) as b:
        assert b.build("t", 1).runs[0].params == {"seed": "0x" + "f" * 6000}
        (row,) = json.loads((published(b) / "data" / "runs.json").read_text("utf-8"))["runs"]
        assert row["params"]["seed"].startswith("0xfff")


WIDE_TABLE = b",".join([b"x"] * 20_000)
LONG_HEADER = (100_000_000).to_bytes(8, "little") + b"{}"
NOTE = b"# A note\n" * 100
PICTURE = png(9000, 9000)


@pytest.mark.parametrize(
    ("files", "limits", "incomplete"),
    [
        ({"x.csv": WIDE_TABLE}, "", True),
        ({"x.safetensors": LONG_HEADER}, "", True),
        ({"x.png": png(20_000, 1)}, "", True),
        ({"x.md": NOTE}, "markdown = 100", False),
        ({"x.png": PICTURE}, "", False),
        ({"x.png": PICTURE}, "image = 10", False),
        ({"x.ipynb": b'{"cells": [], "nbformat": 4}'}, "json = 10", False),
        ({"params.yaml": b"depth: 4 # and more"}, "json = 10", False),
        ({"junit.xml": b"<testsuite/>" + b" " * 50}, "json = 10", False),
        ({"data.js": b'window.BENCHMARK_DATA = {"entries": {}}'}, "json = 10", False),
    ],
    ids=["cells", "tensor header", "side", "markdown", "pixels", "image", "notebook", "params", "junit", "benchmarks"],
)
def test_what_the_configuration_leaves_out_is_no_failure_and_what_nobody_could_read_is(
    files: dict[str, bytes], limits: str, incomplete: bool, tmp_path: Path
) -> None:
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = f'[[jobs]]\nname = "t"\n[limits]\n{limits}\n'
        assert b.harvest().incomplete == incomplete
        assert "over the limit of" in str((b.build("t", 1).problems, b.build("t", 1).artifacts))
        assert not [problem for problem in b.build("t", 1).problems if problem.over_limit]
        again = b.harvest(full=True)
        assert (again.incomplete, again.unchanged) == (False, 1)
