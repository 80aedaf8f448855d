"""On A4 paper every page fits between its margins: nothing is cut off at the right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.model import Metric
from tests.site.support import CONFIG, Project, make_build

pytestmark = pytest.mark.browser

A4 = 703
"""CSS pixels between margins of 12 mm."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with everything that a table of metrics has: intervals, a run before, a champion, a baseline, a history."""
    project = Project(tmp_path_factory.mktemp("paper"), CONFIG + 'baseline = "churn/validate#1"\nchampion = "best"\n')
    for number in range(1, 6):
        build = make_build(number, f1=0.6 + number * 7 % 5 / 100)
        more = Metric(name="val/average_precision", value=0.4 + number / 9, low=0.3, high=1.0, n=1305, direction="higher")
        project.save([replace(build, runs=tuple(replace(run, metrics=(*run.metrics, more)) for run in build.runs))])
    directory = project.build().directory
    assert directory is not None
    return directory


def test_every_page_fits_between_the_margins(browser: Any, site: Path) -> None:
    page = browser.new_page(viewport={"width": A4, "height": 1030})
    page.emulate_media(media="print")
    wide = {}
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        if (width := page.evaluate("document.documentElement.scrollWidth")) > A4:
            wide[file.relative_to(site).as_posix()] = width
    heads = page.goto((site / "jobs/churn/validate/4/index.html").as_uri()) and page.inner_text("#metrics thead")
    assert all(word in heads for word in ("interval", "on previous", "on champion", "on baseline", "builds"))
    assert not wide
    page.close()
