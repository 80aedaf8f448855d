"""A theme of a team's own, made as "Change the look" says: what a reader sees of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.pages.test_themes import MANUAL, write_example
from tests.site.support import CONFIG, filled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("themed")
    write_example(root)
    base = root / "themes/team/templates/base.html"
    found = re.search(r"```html\n(\{% block head %\}.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert found
    base.write_text(base.read_text("utf-8") + found[1], encoding="utf-8")
    logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9"/></svg>'
    (root / "themes/team/assets/logo.svg").write_text(logo, encoding="utf-8")
    config = CONFIG.replace("[site]", '[site]\ntheme = "team"\ntheme_options = { owner = "models@example.com" }')
    directory = filled(root, 2, config).build().directory
    assert directory is not None
    return directory


def test_the_logo_stands_beside_the_name_and_colours_footer_and_panel_are_the_teams(browser: Any, base: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{base}/jobs/churn/validate/2/index.html")
    name, logo = page.locator("header .site").bounding_box(), page.locator("header .site img").bounding_box()
    assert logo["height"] == 20
    assert abs(logo["y"] + logo["height"] / 2 - name["y"] - name["height"] / 2) < 5
    assert page.locator("main a").first.evaluate("e => getComputedStyle(e).color") == "rgb(107, 47, 160)"
    assert "Questions: models@example.com" in page.inner_text("body")
    assert page.get_by_role("heading", name="Before you use this model").is_visible()
    page.close()
