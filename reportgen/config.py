"""``reportgen.toml``: read, checked as a whole, and frozen.

Every key has a default but the ones marked as required. All problems are told at once, each with its dotted key; an unknown
key is an error that names the nearest known one. The field descriptions are the configuration reference.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)

from reportgen.errors import ConfigError
from reportgen.globs import covers

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")
_DIRECTIONS = {
    "higher": "higher", "maximize": "higher", "max": "higher",
    "lower": "lower", "minimize": "lower", "min": "lower",
    "none": "none", "neither": "none",
}  # fmt: skip


def parse_size(value: object) -> int:
    """Return a number of bytes from an int or from words such as ``"50 MB"`` (decimal) or ``"64 KiB"`` (binary)."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError('a size is a number of bytes or words such as "50 MB"')
    return int(float(found[1]) * _UNITS[found[2].lower()])


def parse_direction(value: object) -> str:
    """Return "higher", "lower" or "none" from any of the spellings in use."""
    if isinstance(value, str) and value.lower() in _DIRECTIONS:
        return _DIRECTIONS[value.lower()]
    raise ValueError('a direction is "higher", "lower" or "none"')


def _number_format(value: str) -> str:
    try:
        format(0.5, value)
        format(1, value)
    except ValueError:
        raise ValueError(f'"{value}" is not a number format; use one such as ".3f", ".1%" or ",d"') from None
    return value


def _job_pattern(value: str) -> str:
    cleaned = value.strip("/")
    if not cleaned:
        raise ValueError('a job is named by its full name, such as "churn/train-model"')
    return cleaned


Size = Annotated[int, BeforeValidator(parse_size)]
MetricDirection = Annotated[Literal["higher", "lower", "none"], BeforeValidator(parse_direction)]
NumberFormat = Annotated[str, AfterValidator(_number_format)]
JobPattern = Annotated[str, AfterValidator(_job_pattern)]
Role = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
        return _plain_url(value) if value else value


_Scalar = str | int | float | bool


class StoreConfig(_Section):
    """``[store]``: where everything that was harvested is kept."""

    path: Path = Field(Path(".reportgen"), description="Directory of the store.")


def _plain_url(value: str) -> str:
    value = value.strip()
    if not re.match(r"https?://[^/\s]+", value):
        raise ValueError("an address starts with http:// or https://")
    if "@" in value.split("//", 1)[1].split("/", 1)[0]:
        raise ValueError("an address must not hold a user or a token; use JENKINS_USER and JENKINS_TOKEN")
    return value


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
        return _plain_url(value).rstrip("/") + "/"


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
_LATER = ("gates", "acknowledge")
_SECRET_KEYS = ("token", "user", "password", "api_token", "username", "apitoken")


def load_config(path: Path) -> Config:
    """Return the configuration in the file `path`.

    Raises ConfigError when the file is missing, is not TOML, or has problems: all of them at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file", hint="run `reportgen init` to make a project here, or name one with -f"
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: cannot be read: {problem}") from problem
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> Config:
    """Return the configuration written in `text`, as if it stood in the file `path`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{path}: not valid TOML: {problem}") from problem
    notices = tuple(
        f"{path.name}: [[{key}]] is not supported by this version and does nothing" for key in _LATER if data.pop(key, None)
    )
    try:
        config = Config.model_validate(data)
    except ValidationError as problem:
        raise _config_error(path, problem) from None
    return config.at(path, notices)


def _config_error(path: Path, error: ValidationError) -> ConfigError:
    problems = tuple(_problem(entry["loc"], entry["type"], entry["msg"], entry.get("input")) for entry in error.errors())
    lines = [f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    for key, what, hint in problems:
        lines.append(f"  {key}: {what}" + (f" ({hint})" if hint else ""))
    return ConfigError("\n".join(lines), hint=f"mend {path.name} and run again", problems=problems)


def _problem(loc: tuple[int | str, ...], kind: str, message: str, value: object) -> tuple[str, str, str | None]:
    key = dotted(loc)
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        if loc[:1] == ("jenkins",) and name in _SECRET_KEYS:
            return key, "credentials do not belong in this file", "set JENKINS_USER and JENKINS_TOKEN, or use netrc"
        near = difflib.get_close_matches(name, _known_keys(loc[:-1]), n=1)
        return key, "unknown key", f'did you mean "{near[0]}"?' if near else None
    if kind == "missing":
        return key, "is required", None
    said = message.removeprefix("Value error, ")
    shown = isinstance(value, (str, int, float)) and "://" not in str(value)  # an address may hold a password
    return key, said[:1].lower() + said[1:], f"it is {value!r}" if shown else None


def dotted(loc: tuple[int | str, ...]) -> str:
    """Return a place in the file as people write it: ``leaderboards.churn.metric``, ``jobs[2].name``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            name = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            text += f".{name}" if text else name
    return text


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in loc:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            continue
        nested = next(_nested_models(field.annotation), None)
        if nested is None:
            return []
        model = nested
    return [field.alias or name for name, field in model.model_fields.items()]


def _nested_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _nested_models(inner)


def reference() -> Mapping[str, type[BaseModel]]:
    """Return the sections in the order of the reference: TOML heading → section."""
    return {
        "[site]": SiteConfig, "[store]": StoreConfig, "[jenkins]": JenkinsConfig, "[[jobs]]": JobConfig,
        '[metrics."NAME"]': MetricConfig, "[leaderboards.NAME]": LeaderboardConfig, "[pipelines.NAME]": PipelineConfig,
        "[limits]": Limits, "[secrets]": SecretsConfig,
    }  # fmt: skip
