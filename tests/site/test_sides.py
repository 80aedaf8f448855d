"""Compared runs side by side: pictures of the same names, and series that all of them logged."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from reportgen import cli
from reportgen.model import Attachment, Build, Point
from reportgen.site.linkcheck import check_links
from reportgen.store.db import Store
from tests.pages.support import Document
from tests.site.support import CONFIG, Project, digests, make_build
from tests.support.builds import NOW


def drawn(store: Store, number: int, *names: str) -> Build:
    build = make_build(number, f1=0.6 + number / 100)
    attachments = []
    for name in names:
        axes = {axis: {"field": axis, "type": "quantitative"} for axis in ("x", "y")}
        values = [{"x": number, "y": 1}, {"x": 2, "y": number}]
        spec = {"data": {"values": values}, "mark": "point", "description": f"{name} {number}", "encoding": axes}
        sha, size = store.put_blob([json.dumps(spec).encode()])
        attachments.append(
            Attachment(
                kind="chart", name=name, label=name, format="vega-lite", path=f"{name}.vl.json", sha256=sha, size_bytes=size
            )
        )
    loss = tuple(Point(step=step, value=1 / (step + number)) for step in range(1, 6))
    run = replace(build.runs[0], attachments=tuple(attachments), series={"train/loss": loss, f"own/{number}": loss})
    return replace(build, runs=(run,))


def test_what_both_runs_drew_stands_side_by_side_and_their_series_on_one_plot(tmp_path: Path) -> None:
    project = Project(tmp_path, CONFIG)
    with Store.open(tmp_path / ".reportgen") as store:
        store.save_builds([drawn(store, 1, "pr", "roc"), drawn(store, 2, "pr", "roc", "mine")], now=NOW)
    summary = project.build()
    assert summary.directory is not None
    pages = [path for path in (summary.directory / "compare").rglob("index.html") if path.parent.name != "compare"]
    assert len(pages) == 1
    html = pages[0].read_text("utf-8")
    pairs = html.partition("Side by side")[2]
    assert [match[1] for match in re.finditer(r"<figcaption><h3>([^<]*)</h3>", pairs)] == ["#2", "#1", "#2", "#1"]
    assert [image["alt"] for image in Document(pairs).all("img")] == ["pr 2", "pr 1", "roc 2", "roc 1"]
    series = html.partition("<h2>Series</h2>")[2].partition("</section>")[0]
    assert "train/loss; dashed #2, heavy #1." in series
    assert "own/" not in series
    assert all(image["data-chart"] for image in Document(series).all("img"))
    assert check_links(summary.directory) == []

    again = project.build(1)
    assert again.directory is None or (again.directory / pages[0].relative_to(summary.directory)).read_text("utf-8") == html


def quiet(number: int) -> Build:
    build = make_build(number)
    return replace(build, runs=(replace(build.runs[0], series={}),))


def value_of(text: str) -> Any:
    return json.loads(text[text.index("] = ") + 4 : -2])


def test_series_of_every_run_stand_ready_for_a_comparison_that_somebody_chooses(tmp_path: Path) -> None:
    project = Project(tmp_path, CONFIG)
    long = tuple(Point(step=step, value=float(step % 700 == 350) if step != 5 else math.nan) for step in range(2000))
    with Store.open(tmp_path / ".reportgen") as store:
        first, second = drawn(store, 1), drawn(store, 2)
        store.save_builds([first, replace(second, runs=(replace(second.runs[0], series={"loss": long}),)), quiet(3)], now=NOW)

    def ready(directory: Path) -> dict[str, Any]:
        part = value_of((directory / "data/compare/churn/validate/0.js").read_text("utf-8"))
        return {
            key: value_of((directory / run["series"]).read_text("utf-8"))
            for key, run in part["runs"].items()
            if "series" in run
        }

    before = project.build()
    assert before.directory is not None
    found = ready(before.directory)
    assert sorted(found) == ["churn/validate/1", "churn/validate/2"], "a run without series names no script"
    assert found["churn/validate/1"] == {
        "schema": 1,
        "series": [[name, [[step, 1 / (step + 1)] for step in range(1, 6)]] for name in ("own/1", "train/loss")],
    }
    ((name, points),) = found["churn/validate/2"]["series"]
    assert name == "loss"
    assert len(points) <= 500
    assert {step for step, value in points if value} == {350, 1050, 1750}, "no peak is lost"
    page = (before.directory / "compare/index.html").read_text("utf-8")
    template = re.search(r'data-compare data-overlay="\.\./(data/charts/[0-9a-f]+\.js)"', page)
    assert template
    assert value_of((before.directory / template[1]).read_text("utf-8"))["datasets"].keys() >= {"champion", "other", "names"}

    with Store.open(tmp_path / ".reportgen") as store:
        other = {"train/loss": (Point(step=1, value=3.0), Point(step=2, value=4.0))}
        changed = replace(first, runs=(replace(first.runs[0], series=other),))
        store.save_builds([changed, quiet(4)], now=NOW)
    after = project.build(1)
    assert after.directory is not None
    assert ready(after.directory) == {
        "churn/validate/1": {"schema": 1, "series": [["train/loss", [[1, 3.0], [2, 4.0]]]]},
        "churn/validate/2": found["churn/validate/2"],
    }
    clean = project.build(1, clean=True, output=tmp_path / "other")
    assert clean.directory is not None
    scripts = {
        path: digest for path, digest in digests(after.directory).items() if path.startswith(("data/series/", "data/compare/"))
    }
    assert scripts
    assert scripts.items() <= digests(clean.directory).items()


def test_an_exported_comparison_of_three_has_their_pictures_inside(tmp_path: Path) -> None:
    project = Project(tmp_path, CONFIG)
    with Store.open(tmp_path / ".reportgen") as store:
        store.save_builds([drawn(store, number, "pr") for number in (1, 2, 3)], now=NOW)
    file = tmp_path / "compared.html"
    runs = [f"churn/validate#{number}" for number in (1, 2, 3)]
    assert cli.main(["export", *runs, "-o", str(file), "-q", "-f", str(project.file)]) == 0
    html = file.read_text("utf-8")
    images = Document(html).all("img")
    assert [image["alt"] for image in images[1:]] == ["pr 1", "pr 2", "pr 3"]
    assert all((image["src"] or "").startswith("data:image/svg+xml;base64,") for image in images)
    assert "train/loss; dashed #1." in html
    assert "<script" not in html
