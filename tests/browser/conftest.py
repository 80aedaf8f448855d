"""The browser that the tests of scripts and of the preview share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright import sync_api

from tests.browser.pages import STRICT, served

CHROMIUM = os.environ.get("REPORTGEN_CHROMIUM") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    assert CHROMIUM, "install Debian's package chromium, or name a Chromium in REPORTGEN_CHROMIUM"
    with sync_api.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module", params=["http", "file"])
def base(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The address of the `site` of a module, over HTTP with a strict policy and from disk."""
    if request.param == "file":
        yield site.as_uri()
        return
    with served(site, STRICT) as address:
        yield address
