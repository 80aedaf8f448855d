"""Names without a place to break, on a phone: the page is no wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.model import Metric
from reportgen.store.db import Store
from tests.site.support import Project
from tests.support.builds import NOW, make_build

pytestmark = pytest.mark.browser

JOB = "team/" + "j" * 78
LONG = "averyverylongword" * 6
CONFIG = f"""
[site]
name = "{LONG}"

[leaderboards.{LONG}]
jobs = ["{JOB}"]
metric = "val/f1"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("long"), CONFIG)
    builds = []
    for number in (1, 2):
        build = make_build(number, job=JOB)
        run = build.runs[0]
        metrics = (*run.metrics, Metric(name=f"val/{LONG}", value=0.5, direction="higher"))
        builds.append(replace(build, runs=(replace(run, metrics=metrics, params={LONG: LONG}, notes=(LONG,)),)))
    with Store.open(project.root / ".reportgen") as store:
        store.save_builds(builds, now=NOW)
    directory = project.build().directory
    assert directory is not None
    return directory


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    "path",
    ["", "jobs/", f"jobs/{JOB}/", f"jobs/{JOB}/1/", f"jobs/{JOB}/2/", "leaderboards/", "models/", "datasets/", "changes/"],
    ids=["overview", "jobs", "job", "first run", "run", "leaderboards", "models", "datasets", "changes"],
)
def test_no_page_is_wider_than_a_phone(page: Any, base: str, path: str) -> None:
    page.goto(f"{base}/{path}index.html")
    assert LONG in page.inner_text("header")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
