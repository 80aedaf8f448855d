from __future__ import annotations

from pathlib import Path

import pytest

from reportgen import cli


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the demo was run once; tests must not change it."""
    directory = tmp_path_factory.mktemp("demo")
    assert cli.main(["demo", str(directory), "--no-serve", "-q"]) == 0
    return directory


@pytest.fixture(scope="session")
def site(demo: Path) -> Path:
    """The version the demo published."""
    return (demo / "public" / "latest").resolve()
