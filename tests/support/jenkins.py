"""A Jenkins for tests: builders of jobs and builds, and one call that harvests them into a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportgen.config import Config, parse_config
from reportgen.demo.faults import NO_FAULTS, Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import FREESTYLE, PIPELINE, Controller, SampleBuild, SampleJob
from reportgen.harvest.http import Credentials, Http, HttpSettings, RetryRules, Secret
from reportgen.harvest.ingest import harvest
from reportgen.harvest.jenkins import JenkinsSource
from reportgen.harvest.summary import HarvestSummary
from reportgen.model import Build
from reportgen.redact import Redactor
from reportgen.report import SilentReporter
from reportgen.store.db import Store
from reportgen.store.view import StoreView

START_MS = 1_700_000_000_000
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def metrics(**values: Any) -> dict[str, bytes]:
    """Artifacts of a build that archives one ``metrics.json``."""
    return {"metrics.json": json.dumps(values).encode()}


def build(number: int, **fields: Any) -> SampleBuild:
    """A finished build with an f1 of its own, unless its artifacts are given."""
    fields.setdefault("artifacts", metrics(f1=number / 1000))
    return SampleBuild(number=number, timestamp=START_MS + number * 60_000, duration=fields.pop("duration", 5000), **fields)


def job(name: str, *numbers: int, kind: str = FREESTYLE, builds: tuple[SampleBuild, ...] = (), **fields: Any) -> SampleJob:
    """A job with ordinary builds of these numbers, and these builds."""
    return SampleJob(name=name, class_name=kind, builds=(*(build(number) for number in numbers), *builds), **fields)


def pipeline(name: str, *builds: SampleBuild) -> SampleJob:
    """A pipeline job."""
    return SampleJob(name=name, class_name=PIPELINE, builds=builds)


@dataclass
class Waits:
    """Stands for sleeping: remembers how long would have been waited."""

    waited: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


class Bench:
    """A running Jenkins, a store and a configuration; `harvest` runs one harvest over HTTP."""

    def __init__(self, jenkins: SampleJenkins, store: Store, keep: Path) -> None:
        self.jenkins = jenkins
        self.store = store
        self.keep = keep
        self.toml = '[[jobs]]\nname = "**"\n'
        self.waits = Waits()
        self.warnings: list[str] = []
        self.settings: dict[str, Any] = {"retry": RetryRules(tries=3)}
        self.secrets: tuple[str, ...] = ()

    def config(self, url: str = "") -> Config:
        """The configuration; `toml` may hold a ``[jenkins]`` without url, or none."""
        head = f'url = "{url or self.jenkins.url}"\n'
        text = (
            self.toml.replace("[jenkins]\n", "[jenkins]\n" + head)
            if "[jenkins]" in self.toml
            else f"[jenkins]\n{head}{self.toml}"
        )
        return parse_config(text, self.keep / "reportgen.toml")

    def source(self, url: str = "") -> JenkinsSource:
        """A source for the running Jenkins that waits for nothing."""
        settings = HttpSettings(url=url or self.jenkins.url, **self.settings)
        return JenkinsSource(Http(settings, sleep=self.waits), redactor=Redactor(known=self.secrets))

    def harvest(
        self, *, now: datetime = NOW, url: str = "", clock: Callable[[], float] | None = None, **options: Any
    ) -> HarvestSummary:
        """Harvest once; the log of requests then holds those of this harvest."""
        self.jenkins.forget_requests()
        source, reporter = self.source(url), SilentReporter()
        more = {"clock": clock} if clock else {}
        try:
            return harvest(source, self.store, self.config(url), now=now, reporter=reporter, **more, **options)
        finally:
            self.warnings = reporter.warnings
            source.close()

    def change(self, changed: SampleJob) -> None:
        """Replace a job on Jenkins."""
        self.jenkins.controller = self.jenkins.controller.with_job(changed)

    def discard(self, name: str, *numbers: int) -> None:
        """Let Jenkins discard builds."""
        found = self.jenkins.controller.job(name)
        assert found is not None
        self.change(found.without_builds(numbers))

    def view(self) -> StoreView:
        """Open the store for reading; close it."""
        return self.store.view()

    def build(self, name: str, number: int) -> Build:
        """The stored build."""
        with self.view() as view:
            return view.build(name, number)

    def numbers(self, name: str) -> list[int]:
        """Numbers of the stored builds of a job, newest first."""
        with self.view() as view:
            return [row.number for row in view.build_ids(name)]

    def gone(self, name: str) -> list[int]:
        """Numbers of the stored builds that are marked as gone."""
        with self.view() as view:
            return sorted(row.number for row in view.build_ids(name) if row.gone_since is not None)


@contextmanager
def bench(keep: Path, *jobs: SampleJob, faults: Faults = NO_FAULTS, **controller: Any) -> Iterator[Bench]:
    """Serve these jobs and open a fresh store."""
    with (
        SampleJenkins(Controller(jobs=jobs, **controller), faults=faults) as jenkins,
        Store.open(keep / "store") as store,
    ):
        yield Bench(jenkins, store, keep)


def http_for(jenkins: SampleJenkins, waits: Waits, *, user: str = "", token: str = "", **settings: Any) -> Http:
    """A way to a running Jenkins that waits for nothing."""
    credentials = Credentials(user, Secret(token)) if user else None
    settings.setdefault("retry", RetryRules(tries=3))
    return Http(HttpSettings(url=jenkins.url, credentials=credentials, **settings), sleep=waits)


def metric(built: Build, name: str) -> float | None:
    """The value of a metric of the only run."""
    (run,) = built.runs
    return next((each.value for each in run.metrics if each.name == name), None)


def cause(kind: str, **fields: Any) -> Mapping[str, Any]:
    """An action with one cause."""
    return {
        "_class": "hudson.model.CauseAction",
        "causes": [{"_class": kind, "shortDescription": "Started by Jane Roe", **fields}],
    }
