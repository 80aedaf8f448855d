"""Names without a place to break: no page is wider than the screen, be it a desk's or a phone's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.model import Build, Dataset, Metric, Model
from reportgen.store.db import Store
from tests.site.support import Project, digest
from tests.support.builds import NOW, make_build

pytestmark = pytest.mark.browser

JOB = "team/" + "j" * 78
LONG = "averyverylongword" * 6
LONGEST = "y" * 200
CONFIG = f"""
[site]
name = "{LONG}"

[leaderboards.{LONG}]
jobs = ["{JOB}"]
metric = "val/f1"
columns = ["val/{LONGEST}", "params.{LONGEST}"]

[pipelines.{LONG}]
jobs = ["{JOB}"]
"""


def named(number: int) -> Build:
    """Return a build in whose run everything that has a name has a long one; the third has a second run."""
    build = make_build(number, job=JOB)
    run = replace(
        build.runs[0],
        metrics=(*build.runs[0].metrics, Metric(name=f"val/{LONGEST}", value=number / 9, direction="higher")),
        params={LONGEST: LONGEST + str(number), LONG: number},
        tags={LONGEST: LONGEST},
        notes=(LONGEST,),
        datasets=(Dataset(name=LONGEST, role="validation", sha256="ab" * 32, rows=1305, columns=42),),
        models=(Model(name=LONGEST, role="made", sha256=digest(number), framework=LONG),),
    )
    twin = replace(run, name="n" * 120, record="f" * 8)
    return replace(build, runs=(run, twin) if number == 3 else (run,))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("long"), CONFIG)
    with Store.open(project.root / ".reportgen") as store:
        store.save_builds([named(number) for number in (1, 2, 3, 4)], now=NOW)
    directory = project.build().directory
    assert directory is not None
    return directory


@pytest.fixture(params=[390, 1000, 1280])
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


def test_no_page_is_wider_than_the_screen(page: Any, base: str, site: Path) -> None:
    paths = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    kinds = {path.partition("/")[0] for path in paths}
    assert {"index.html", "jobs", "leaderboards", "pipelines", "models", "datasets", "compare", "search", "changes"} <= kinds
    wide = {}
    for path in paths:
        page.goto(f"{base}/{path}")
        assert LONG in page.inner_text("header")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > page.viewport_size["width"]:
            wide[path] = width
    assert not wide
