"""A project on disk for tests of the whole build."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reportgen.config import load_config
from reportgen.model import Build, Model
from reportgen.report import SilentReporter
from reportgen.site.builder import BuildOptions, Summary, build_site
from reportgen.store.db import Store
from tests.support.builds import NOW
from tests.support.builds import make_build as plain_build

CONFIG = """\
[site]
name = "Churn"
keep_versions = 4

[leaderboards.churn]
jobs = ["churn/validate"]
metric = "val/f1"
columns = ["val/recall", "params.depth"]
"""
LIVE = ("index.html", "jobs/index.html", "jobs/churn/validate/index.html", "leaderboards/churn/index.html")


def digest(text: object) -> str:
    """Return the digest that a model or data set called `text` has in these tests."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def make_build(number: int = 1, **changes: Any) -> Build:
    """Return a build of the shared kind, whose model has a digest of its own."""
    build = plain_build(number, **changes)
    models = (Model(name="model.pkl", role="input", sha256=digest(number)),)
    return build if "runs" in changes else replace(build, runs=tuple(replace(run, models=models) for run in build.runs))


_CACHE = Path(tempfile.mkdtemp(prefix="reportgen-drawings-"))
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)


class Project:
    """A project directory with a store. Drawings are shared by all projects of a test run: each costs its time once."""

    def __init__(self, root: Path, config: str = CONFIG) -> None:
        self.root = root
        store = root / ".reportgen"
        store.mkdir(parents=True, exist_ok=True)
        if not (store / "cache").is_symlink():
            (store / "cache").symlink_to(_CACHE)
        if not self.file.exists():
            self.file.write_text(config, encoding="utf-8")

    @property
    def file(self) -> Path:
        return self.root / "reportgen.toml"

    @property
    def output(self) -> Path:
        return self.root / "public"

    def save(self, builds: Iterable[Build], *, at: datetime = NOW) -> None:
        with Store.open(self.root / ".reportgen") as store:
            store.save_builds(list(builds), now=at)

    def build(self, step: int = 0, **options: Any) -> Summary:
        """Build the site as of `step` hours after the start."""
        config = load_config(self.file)
        with Store.open(config.store_path) as store:
            return build_site(
                config,
                store,
                now=NOW + timedelta(hours=step),
                program="reportgen test",
                reporter=SilentReporter(),
                options=BuildOptions(**options),
            )


def filled(root: Path, builds: int = 4, config: str = CONFIG) -> Project:
    """Return a project with some builds of one job."""
    project = Project(root, config)
    project.save(make_build(number, f1=0.6 + number * 7 % 13 / 100) for number in range(1, builds + 1))
    return project


def digests(directory: Path) -> dict[str, str]:
    """Return the digest of every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def new_bytes(version: Path) -> int:
    """Return how many bytes of a version are in no other."""
    return sum(path.stat().st_size for path in version.rglob("*") if path.is_file() and path.stat().st_nlink == 1)


def utc(*parts: int) -> datetime:
    """Return a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
