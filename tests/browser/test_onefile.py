"""A page as one file, in a browser: what led to files that stay behind is not shown, all other words are."""

from __future__ import annotations

from typing import Any

import pytest

from reportgen.site.onefile import one_file

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><title>A</title></head><body><main>
<figure><p class="after"><a href="../files/ab/chart.json">Chart data</a></p></figure>
<div><h3>Folds</h3><p class="more"><a href="../files/ab/folds.csv">Whole file</a></p></div>
<table><tr><td><a href="../files/ab/folds.csv">folds.csv</a></td></tr></table>
<a href="../2/index.html">#2</a></main></body></html>"""


def test_labels_of_files_that_stay_behind_are_not_shown(browser: Any) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.set_content(one_file(PAGE, "jobs/1/index.html", read=lambda path: None))
    assert page.inner_text("main").split() == ["Folds", "folds.csv", "#2"]
    page.set_content(one_file(PAGE, "jobs/1/index.html", read=lambda path: None, site_url="https://reports.example/latest/"))
    assert page.inner_text("main").split() == ["Chart", "data", "Folds", "Whole", "file", "folds.csv", "#2"]
    page.close()
