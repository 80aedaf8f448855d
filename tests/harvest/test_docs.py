"""The pages about harvesting: their worked examples are run, word by word, against a Jenkins, a home and an installation."""

from __future__ import annotations

import json
import re
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.analysis.directions import find_direction
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import Controller
from reportgen.harvest import readers
from reportgen.harvest.readers import READERS, installed_readers
from reportgen.report import SilentReporter
from reportgen.site.builder import build_site
from tests.support.home import write_home
from tests.support.jenkins import NOW, bench, build, job, metric, pipeline

DOCS = Path(__file__).parents[2] / "docs"
TOKEN = "11f00d0123456789"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def blocks(name: str, language: str, title: str = "") -> list[str]:
    mark = f' title="{title}"' if title else ""
    return re.findall(rf"^```{language}{mark}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setenv("JENKINS_USER", "report-reader")
    monkeypatch.setenv("JENKINS_TOKEN", TOKEN)
    assert cli.main(["init", "-q"]) == 0
    return tmp_path


def churn() -> Controller:
    running = build(4, building=True, result=None, artifacts={})
    jobs = [pipeline("churn/train", build(1), build(2), build(3), running), *(job(f"churn/j{n}", 1, 2) for n in range(4))]
    return Controller(
        jobs=(*jobs, job("churn/scratch-1", 1), job("other/x", 1)), users={"report-reader": TOKEN}, anonymous_read=False
    )


def counted(line: str) -> str:
    """A summary without the numbers that depend on the jobs."""
    return re.sub(r"\d[\d.]* (new|requests|MB|kB|s)\b", r"N \1", line).replace("MB", "kB")


def test_the_example_of_a_first_harvest_is_what_happens(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml, *_ = blocks("how-to/point-it-at-your-jenkins.md", "toml")
    (console,) = blocks("how-to/point-it-at-your-jenkins.md", "console")
    first, second = (line for line in console.splitlines() if not line.startswith("$"))
    with SampleJenkins(churn()) as jenkins:
        url = "https://ci.example.com/jenkins/"
        assert url in toml
        (project / "reportgen.toml").write_text(toml.replace(url, jenkins.url), "utf-8")
        assert cli.main(["harvest"]) == 0
        assert counted(capsys.readouterr().err.splitlines()[-1]) == counted(first)
        assert cli.main(["harvest"]) == 0
        (said,) = capsys.readouterr().err.splitlines()
        assert said.startswith(second.partition(" (7 requests, ")[0] + " (7 requests, ")
        assert not [target for target in jenkins.targets() if "/job/scratch-1/" in target]


def test_the_first_example_of_what_it_reads(tmp_path: Path) -> None:
    name = "reference/what-it-reads.md"
    files = {title: blocks(name, "json", title)[0].encode() for title in ("metrics.json", "params.json")}
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.toml = '[store]\npath = "store"\n[[jobs]]\nname = "t"\n'
        b.harvest()
        summary = build_site(b.config(), b.store, now=NOW, program="test", reporter=SilentReporter())
        assert summary.directory is not None
        (run,) = json.loads((summary.directory / "data" / "runs.json").read_text("utf-8"))["runs"]
        shown = summary.directory / run["page"]
        links = {link for link in re.findall(r'href="([^"]+\.json)"', shown.read_text("utf-8")) if "/files/" in link}
        assert {(shown.parent / link).resolve().read_bytes() for link in links} == set(files.values())
        with b.view() as view:
            rows = view.run_rows()
        directions = {name: find_direction(name, rows, None) for name in run["metrics"]}
    assert directions == {"f1": "higher", "accuracy": "higher", "model/seconds": "lower"}
    assert run["params"] == {"C": 1.0, "kernel": "rbf", "model/name": "svm"}


def test_names_of_metrics_are_made_as_the_table_says(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(name, builds=(build(1, artifacts=files),)) for name, files in {
        "a": {"metrics.json": b'{"f1": 0.73}'},
        "b": {"cv.json": b'{"f1_mean": 0.71}'},
        "c": {"out/train/metrics.json": b'{"f1": 1}', "out/val/metrics.json": b'{"f1": 0.5}'},
    }.items())) as b:  # fmt: skip
        b.harvest()
        found = {name: {each.name for each in b.build(name, 1).runs[0].metrics} for name in "abc"}
    assert found == {"a": {"f1"}, "b": {"cv/f1_mean"}, "c": {"train/f1", "val/f1"}}
    for name in ("`f1`", "`cv/f1_mean`", "`train/f1`, `val/f1`"):
        assert f"| {name} |" in page("reference/what-it-reads.md")


def test_the_table_of_readers_is_the_registry_in_its_order() -> None:
    section = page("reference/what-it-reads.md").partition("| reader |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == list(READERS)


def test_a_reader_of_ones_own_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = blocks("reference/what-it-reads.md", "python", "our_readers.py")
    (settings,) = blocks("reference/what-it-reads.md", "toml", "pyproject.toml")
    module = types.ModuleType("our_readers")
    exec(compile(source, "our_readers.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "our_readers", module)
    found = re.search(r'\[project\.entry-points\."([\w.]+)"\]\n([\w-]+) = "([\w:]+)"', settings)
    assert found is not None
    entry = EntryPoint(group=found[1], name=found[2], value=found[3])
    monkeypatch.setattr(readers, "entry_points", lambda *, group: [entry] if group == entry.group else [])
    installed_readers.cache_clear()
    try:
        with bench(tmp_path, job("t", builds=(build(1, artifacts={"cv/scores.txt": b"0.5\n0.75\n"}),))) as b:
            b.harvest()
            assert metric(b.build("t", 1), "cv/score") == 0.625
            (read,) = b.build("t", 1).runs[0].metrics
            assert (read.n, read.direction) == (2, "higher")
    finally:
        installed_readers.cache_clear()


def test_a_copy_of_a_home_is_imported_with_one_command(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_home(Controller(jobs=(job("churn/train", 1, 2),)), project / "copy")
    for part in ("copy", "copy/jobs"):
        assert cli.main(["harvest", "--from", part]) == 0
    first, second = (line for line in capsys.readouterr().err.splitlines() if line.startswith("1 job"))
    assert first.startswith("1 job: 2 new, 0 updated")
    assert second.startswith("1 job: 0 new, 0 updated")
