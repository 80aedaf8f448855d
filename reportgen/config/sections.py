"""The sections of ``reportgen.toml``: every key with its default and, as the field's description, what the reference says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from reportgen.config.values import JobPattern, MetricDirection, NumberFormat, Role, Size, plain_url
from reportgen.globs import covers


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SiteConfig(_Section):
    """``[site]``: what is published, and how it is called."""

    name: str = Field("Model reports", description="Name of the site, in every title and header.", min_length=1)
    url: str = Field("", description="Public address of the published tree; used for canonical links only.")
    theme: str = Field("default", description="A theme's name, or a directory with a theme.toml.")
    content: Path = Field(Path("content"), description="Directory of Markdown pages.")
    output: Path = Field(Path("public"), description="The published tree: one directory per version and `latest`.")
    keep_versions: int = Field(10, ge=1, description="Versions kept; one that an alias names is never removed.")
    alias: Literal["symlink", "copy", "redirect"] = Field("symlink", description="How `latest` is made.")
    people: Literal["ids", "hide"] = Field("ids", description="Show Jenkins user ids, or nobody and no raw record that does.")
    theme_options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Options that the theme declares in its theme.toml."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return plain_url(value) if value else value


_Scalar = str | int | float | bool


class StoreConfig(_Section):
    """``[store]``: where everything that was harvested is kept."""

    path: Path = Field(Path(".reportgen"), description="Directory of the store.")


class JenkinsConfig(_Section):
    """``[jenkins]``: the controller to harvest. User and token come from the environment or netrc, never from here."""

    url: str = Field(description="Address of the controller, with its context path. Required.")
    name: str = Field("jenkins", description="Identity of this controller in the store; the address may change.", min_length=1)
    proxy: str = Field("", description='A proxy\'s address, or "env" to take it from the environment.')
    concurrency: int = Field(4, ge=1, le=64, description="Requests at once.")
    timeout: float = Field(30, gt=0, description="Seconds to wait for data before a request is given up.")
    time_budget: float = Field(0, ge=0, description="Seconds for a harvest, 0 for no limit; the rest is fetched next time.")
    request_budget: int = Field(0, ge=0, description="Requests for a harvest, 0 for no limit; the rest is fetched next time.")
    ca_bundle: str = Field("", description="File of trusted certificates; else REQUESTS_CA_BUNDLE.")
    artifact_hosts: tuple[str, ...] = Field(
        (), description="Hosts that an artifact may be redirected to, such as an S3 endpoint."
    )
    backfill: int = Field(
        2000, ge=0, description="Builds of one job to list with a single query on first sight; beyond it, build by build."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return plain_url(value).rstrip("/") + "/"


class JobConfig(_Section):
    """``[[jobs]]``: jobs to harvest, and what to read of their builds. The first entry that matches a job holds."""

    name: JobPattern = Field(description="Full name or Ant glob; a folder's own name covers all in it. Required.")
    exclude: tuple[JobPattern, ...] = Field((), description="Globs of jobs to leave out.")
    stage: str | None = Field(None, description="Name of the stage; by default the Jenkins stage, else the job's base name.")
    artifacts: tuple[str, ...] | None = Field(
        None, description="Globs of artifacts to read; by default everything a reader recognises."
    )
    models: Literal["link", "copy"] = Field("link", description="Leave model files on Jenkins, or keep a copy.")
    max_artifact_size: Size = Field(50_000_000, description="Files over this are not read.")
    console_tail: int = Field(0, ge=0, le=10_000, description="Last lines of the console kept of a failed build.")
    renamed_from: tuple[JobPattern, ...] = Field((), description="Former full names of the job: one history.")
    datasets: dict[Role, str] = Field(
        default_factory=dict, description="Role to archived file, whose digest stands for a dataset event."
    )

    def selects(self, job: str) -> bool:
        """Tell whether this entry matches the job with full name `job`."""
        return covers(self.name, job) and not any(covers(pattern, job) for pattern in self.exclude)


class MetricConfig(_Section):
    """``[metrics."NAME"]``: how a metric is called, judged and printed."""

    title: str = Field("", description="Name to show; by default the metric's name.")
    direction: MetricDirection | None = Field(None, description="Which way is better: higher, lower or none.")
    format: NumberFormat = Field("", description='Number format, such as ".3f"; by default by the size of the values.')
    unit: str | None = Field(None, description="Unit, shown in column heads; by default the one that was logged.")
    summary: Literal["last", "best", "min", "max", "mean"] = Field("last", description="Which value of a series counts.")
    min_shift: float | None = Field(None, ge=0, description="Smallest change worth a word; by default one display unit.")


class LeaderboardConfig(_Section):
    """``[leaderboards.NAME]``: runs ordered by one metric among comparable runs."""

    title: str = Field("", description="Heading; by default the name.")
    jobs: tuple[JobPattern, ...] = Field(description="Jobs whose runs are ranked. Required.", min_length=1)
    metric: str = Field(description="The metric to rank by. Required.", min_length=1)
    columns: tuple[str, ...] = Field((), description="More columns: metrics, `params.NAME`, `tags.NAME`, `shrunk`.")
    comparable_by: tuple[str, ...] = Field(
        ("dataset.validation",), description="What must be the same for runs to be ranked together; [] ranks all, visibly."
    )
    group_by: tuple[str, ...] = Field((), description="Columns that make one row of several runs: mean, sd, n.")
    where: dict[str, _Scalar | list[_Scalar]] = Field(
        default_factory=dict, description="Only runs with these values; of a list, any."
    )
    baseline: str | None = Field(None, description="The fixed reference, as JOB#N.")
    champion: Literal["deployed", "approved", "best"] = Field("deployed", description="Who holds the title.")
    missing: Literal["show", "skip"] = Field("show", description="List runs that cannot be ranked, or leave them out.")

    @field_validator("comparable_by")
    @classmethod
    def _dataset_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(r"dataset\.[^.\s]+|params\..+|tags\..+", entry):
                raise ValueError(f'"{entry}" is not comparable by; use "dataset.ROLE", "params.NAME" or "tags.NAME"')
        return value


class PipelineConfig(_Section):
    """``[pipelines.NAME]``: the chain of jobs; without one it is found from causes, jobs and lineage."""

    title: str = Field("", description="Heading; by default the name.")
    jobs: tuple[JobPattern, ...] = Field(description="Jobs in order. Required.", min_length=1)
    approve: str | None = Field(None, description="The job in which a person approves.")
    deploy: str | None = Field(None, description="The job that deploys.")


class Limits(_Section):
    """``[limits]``: what is over a limit is left out or cut, with a visible note."""

    build_total: Size = Field(10**9, description="Bytes read of one build.")
    files_per_build: int = Field(2000, ge=0, description="Files read of one build.")
    json_: Size = Field(16_000_000, alias="json", description="Bytes of a JSON file.")
    metrics_per_run: int = Field(10_000, ge=0, description="Metrics kept of one run.")
    series_points_drawn: int = Field(2000, ge=10, description="Points drawn of a series; the store keeps all.")
    table_rows: int = Field(1000, ge=1, description="Rows shown of a table.")
    table_columns: int = Field(50, ge=1, description="Columns shown of a table.")
    page: Size = Field(5_000_000, description="Bytes of a page.")
    markdown: Size = Field(256_000, description="Bytes of a note or content page.")
    chart: Size = Field(2_000_000, description="Bytes of a chart specification.")
    chart_seconds: float = Field(10, gt=0, description="Processor seconds for one chart.")
    image: Size = Field(20_000_000, description="Bytes of an image.")
    image_pixels: int = Field(40_000_000, ge=1, description="Pixels of an image.")


class SecretsConfig(_Section):
    """``[secrets]``: adjusts what is taken for a secret."""

    names: tuple[str, ...] = Field((), description="More names whose values are never kept.")
    allow: tuple[str, ...] = Field((), description="Names that are not secrets, whatever they look like.")


class Config(_Section):
    """The whole configuration. Relative paths are resolved against the directory of the file."""

    site: SiteConfig = Field(default_factory=SiteConfig)
    store: StoreConfig = Field(default_factory=StoreConfig)
    jenkins: JenkinsConfig | None = None
    jobs: tuple[JobConfig, ...] = ()
    metrics: dict[str, MetricConfig] = Field(default_factory=dict)
    leaderboards: dict[str, LeaderboardConfig] = Field(default_factory=dict)
    pipelines: dict[str, PipelineConfig] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    secrets: SecretsConfig = Field(default_factory=SecretsConfig)

    _root: Path = PrivateAttr(default=Path())
    _file: Path | None = PrivateAttr(default=None)
    _notices: tuple[str, ...] = PrivateAttr(default=())

    def at(self, file: Path, notices: tuple[str, ...] = ()) -> Config:
        """Return this configuration as read from `file`, with what the user should know about it."""
        placed = self.model_copy()
        placed._root, placed._file, placed._notices = file.parent.resolve(), file, notices  # noqa: SLF001 - its own copy
        return placed

    @property
    def root(self) -> Path:
        """The directory that relative paths are relative to."""
        return self._root

    @property
    def file(self) -> Path | None:
        """The file this was read from."""
        return self._file

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know about the file although it is no error."""
        return self._notices

    @property
    def store_path(self) -> Path:
        """Absolute path of the store."""
        return self.root / self.store.path

    @property
    def output_path(self) -> Path:
        """Absolute path of the published tree."""
        return self.root / self.site.output

    @property
    def content_path(self) -> Path:
        """Absolute path of the content pages."""
        return self.root / self.site.content

    def job(self, name: str) -> JobConfig | None:
        """Return the first ``[[jobs]]`` entry that matches the job `name`, or None."""
        return next((entry for entry in self.jobs if entry.selects(name)), None)

    def metric(self, name: str) -> MetricConfig:
        """Return what is configured for the metric `name`; the defaults where nothing is."""
        return self.metrics.get(name, _DEFAULT_METRIC)


_DEFAULT_METRIC = MetricConfig()


def reference() -> Mapping[str, type[BaseModel]]:
    """Return the sections in the order of the reference: TOML heading → section."""
    return {
        "[site]": SiteConfig, "[store]": StoreConfig, "[jenkins]": JenkinsConfig, "[[jobs]]": JobConfig,
        '[metrics."NAME"]': MetricConfig, "[leaderboards.NAME]": LeaderboardConfig, "[pipelines.NAME]": PipelineConfig,
        "[limits]": Limits, "[secrets]": SecretsConfig,
    }  # fmt: skip
