"""A build as rows of the store and back: pure, no SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from reportgen.many import thawed
from reportgen.model import Build, Cause, Dataset, Decision, Fingerprint, Job, Metric, Model, Run
from reportgen.store.codec import (
    Codec,
    clean_optional,
    clean_text,
    codec_of,
    dump_json,
    load_json,
    number_cell,
    optional_time_text,
    parse_number,
    parse_optional_time,
    parse_time,
    time_text,
)
from reportgen.store.packed import PackedSeries, SeriesCells, pack

Cell = int | float | str | bytes | None

BUILD_COLUMNS = (
    "duration_s", "finished_at", "result", "display_name", "description", "keep", "node", "git_commit", "git_branch", "causes",
    "approvers", "fingerprints", "over_limit", "expired", "detail",
)  # fmt: skip
"""Columns of the table ``build`` that hold its content, in the order of `EncodedBuild.cells`."""

RUN_COLUMNS = (
    "name", "record", "stage", "status", "started_at", "duration_s", "git_commit", "git_branch", "params", "tags", "datasets",
    "models", "decisions", "detail",
)  # fmt: skip
"""Columns of the table ``run`` that hold its content, in the order of `EncodedRun.cells`."""

METRIC_COLUMNS = ("value", "low", "high", "n", "std", "step", "points", "dataset", "reason", "text", "extra")
KIND_COLUMNS = ("name", "direction", "unit", "method", "definition")
ThawedMetric = thawed(Metric)
_METRIC_TEXTS = {"dataset", "reason", "text"}

_NO_TIMES = {"last_read", "gone_since"}
_BUILD_DETAIL = Codec(
    Build,
    {
        "job", "number", "started_at", "duration_s", "result", "display_name", "description", "keep", "node", "commit",
        "branch", "causes", "approvers", "fingerprints", "runs",
    }
    | _NO_TIMES,
)  # fmt: skip
_RUN_DETAIL = Codec(
    Run,
    {
        "name", "record", "stage", "status", "started_at", "duration_s", "commit", "branch", "params", "metrics", "series",
        "tags", "datasets", "models", "decisions", "environment",
    },
)  # fmt: skip
_METRIC_EXTRA = Codec(
    Metric,
    {
        "name", "direction", "unit", "method", "definition", "value", "low", "high", "n", "std", "step", "points", "dataset",
        "reason", "text",
    },
)  # fmt: skip
_BESIDE_VALUE = attrgetter(*[each.name for each in fields(Metric) if each.name not in {"value", *KIND_COLUMNS}])
_VALUE_ALONE = _BESIDE_VALUE(Metric(name="", value=None))
_JOB_DETAIL = Codec(Job, {"name", "gone_since"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRun:
    """A run as rows: its own cells, its environment as JSON, one (kind, cells) per metric, one (name, cells) per series."""

    cells: tuple[Cell, ...]
    environment: str | None
    metrics: tuple[tuple[tuple[Cell, ...], tuple[Cell, ...]], ...]
    series: tuple[tuple[str, SeriesCells], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedBuild:
    """A build as rows; `blobs` are the digests of the blobs it needs, `digest` moves when anything of its content does."""

    job: str
    number: int
    started_at: str
    cells: tuple[Cell, ...]
    runs: tuple[EncodedRun, ...]
    blobs: tuple[str, ...]
    digest: str


def encode_build(build: Build) -> EncodedBuild:
    """Return the rows of a build; when it was last read, and whether it is gone, is not part of its content."""
    cells: tuple[Cell, ...] = (
        number_cell(build.duration_s),
        time_text(_finished_at(build)),
        clean_text(build.result),
        clean_text(build.display_name),
        clean_text(build.description),
        int(build.keep),
        clean_optional(build.node),
        clean_optional(build.commit),
        clean_optional(build.branch),
        _dump_all(build.causes, Cause),
        dump_json(build.approvers),
        _dump_all(build.fingerprints, Fingerprint),
        dump_json(_over_limit(build)),
        int(_expired(build)),
        dump_json(_BUILD_DETAIL.encode(build)),
    )
    job, started_at = clean_text(build.job), time_text(build.started_at)
    runs = tuple([_encode_run(run) for run in build.runs])
    content = repr((cells, [(run.cells, run.environment, run.metrics, run.series) for run in runs]))
    return EncodedBuild(
        job=job,
        number=build.number,
        started_at=started_at,
        cells=cells,
        runs=runs,
        blobs=tuple(sorted(set(stored_blobs(build)))),
        digest=hashlib.sha256(content.encode()).hexdigest(),
    )


def stored_blobs(build: Build) -> Iterator[str]:
    """Yield the digest of every blob a build refers to."""
    for artifact in build.artifacts:
        if artifact.state == "stored" and artifact.sha256:
            yield artifact.sha256
    for run in build.runs:
        if run.journal:
            yield run.journal
        for attachment in run.attachments:
            if attachment.state == "stored" and attachment.sha256:
                yield attachment.sha256


def _finished_at(build: Build) -> datetime:
    try:
        return build.started_at + timedelta(seconds=build.duration_s)
    except (OverflowError, ValueError):
        return build.started_at


def _over_limit(build: Build) -> list[str]:
    names = [artifact.path for artifact in build.artifacts if artifact.state == "over limit"]
    for run in build.runs:
        names += [each.path or each.label for each in run.attachments if each.state == "over limit"]
    return list(dict.fromkeys(names))


def _expired(build: Build) -> bool:
    """Say whether what the runs' values come from was listed by Jenkins, and gone before it could be read."""
    gone = [artifact.path for artifact in build.artifacts if artifact.state == "gone"]
    native = any(run.record for run in build.runs)
    return any(path.endswith("events.jsonl") for path in gone) or (bool(gone) and not native)


def _dump_all(values: tuple[Any, ...], kind: type[Any]) -> str:
    if not values:
        return "[]"
    codec = codec_of(kind)
    return dump_json([codec.encode(value) for value in values])


def _encode_run(run: Run) -> EncodedRun:
    return EncodedRun(
        cells=(
            clean_text(run.name),
            clean_text(run.record),
            clean_text(run.stage),
            run.status,
            optional_time_text(run.started_at),
            number_cell(run.duration_s),
            clean_optional(run.commit),
            clean_optional(run.branch),
            dump_json(dict(run.params)),
            dump_json(dict(run.tags)),
            _dump_all(run.datasets, Dataset),
            _dump_all(run.models, Model),
            _dump_all(run.decisions, Decision),
            dump_json(_RUN_DETAIL.encode(run)),
        ),
        environment=dump_json(dict(run.environment)) if run.environment else None,
        metrics=tuple([_encode_metric(metric) for metric in run.metrics]),
        series=tuple([(clean_text(name), pack(points)) for name, points in run.series.items()]),
    )


@lru_cache(maxsize=1 << 15)
def _kind(name: str, direction: str | None, unit: str | None, method: str | None, definition: str) -> tuple[Cell, ...]:
    """Return a metric's cells of the table ``metric_kind``; most runs log the same few."""
    return clean_text(name), direction, clean_optional(unit), clean_optional(method), clean_text(definition)


_NOTHING_BESIDE: tuple[Cell, ...] = (None, None, None, None, None, 0, None, None, None, None)
"""The cells after the value of a metric that is nothing but a name and a value."""


def _encode_metric(metric: Metric) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    kind = _kind(metric.name, metric.direction, metric.unit, metric.method, metric.definition)
    if _BESIDE_VALUE(metric) == _VALUE_ALONE:
        return kind, (number_cell(metric.value), *_NOTHING_BESIDE)
    extra = _METRIC_EXTRA.encode(metric)
    return kind, (
        number_cell(metric.value),
        None if metric.low is None else number_cell(metric.low),
        None if metric.high is None else number_cell(metric.high),
        None if metric.n is None else number_cell(metric.n),
        None if metric.std is None else number_cell(metric.std),
        None if metric.step is None else number_cell(metric.step),
        metric.points,
        clean_optional(metric.dataset),
        clean_optional(metric.reason),
        clean_optional(metric.text),
        dump_json(extra) if extra else None,
    )


def decode_metric(kind: tuple[Any, ...], row: tuple[Any, ...]) -> Metric:
    """Return the metric of a row: `kind` as in `KIND_COLUMNS`; `row` is run, kind, position, then as in `METRIC_COLUMNS`."""
    name, direction, unit, method, definition = kind
    _, _, _, value, low, high, n, std, step, points, dataset, reason, text, extra = row
    made = ThawedMetric(
        name=name,
        value=parse_number(value) if type(value) is str else value,
        step=parse_number(step) if type(step) is str else step,
        direction=direction,
        unit=unit,
        low=parse_number(low) if type(low) is str else low,
        high=parse_number(high) if type(high) is str else high,
        n=parse_number(n) if type(n) is str else n,
        std=parse_number(std) if type(std) is str else std,
        method=method,
        definition=definition,
        dataset=dataset,
        reason=reason,
        text=text,
        points=points,
        **({} if extra is None else _METRIC_EXTRA.arguments(load_json(extra))),
    )
    made.__class__ = Metric
    return made  # type: ignore[no-any-return]


def metric_cells(cells: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return some cells of a metric's row, by column (`METRIC_COLUMNS`), as arguments of `Metric`."""
    found: dict[str, Any] = {}
    for column, cell in cells:
        if column == "extra":
            found |= {} if cell is None else _METRIC_EXTRA.arguments(load_json(cell))
        else:
            found[column] = parse_number(cell) if type(cell) is str and column not in _METRIC_TEXTS else cell
    return found


def decode_run(
    cells: tuple[Any, ...], environment: dict[str, Any], metrics: tuple[Metric, ...], series: dict[str, SeriesCells]
) -> Run:
    """Return the run of a row whose cells are as in `RUN_COLUMNS`."""
    name, record, stage, status, started_at, duration_s, commit, branch, params, tags, datasets, models, decisions = cells[:13]
    return Run(
        name=name,
        record=record,
        stage=stage,
        status=status,
        started_at=parse_optional_time(started_at),
        duration_s=parse_number(duration_s),
        commit=commit,
        branch=branch,
        params=load_json(params),
        tags=load_json(tags),
        datasets=decode_all(datasets, Dataset),
        models=decode_all(models, Model),
        decisions=decode_all(decisions, Decision),
        environment=environment,
        metrics=metrics,
        series=PackedSeries(series) if series else {},
        **_RUN_DETAIL.arguments(load_json(cells[13])),
    )


def decode_build(identity: tuple[Any, ...], cells: tuple[Any, ...], runs: tuple[Run, ...]) -> Build:
    """Return the build of a row: job, number, started_at, last_read, gone_since, and cells as in `BUILD_COLUMNS`."""
    job, number, started_at, last_read, gone_since = identity
    duration_s, _, result, display_name, description, keep, node, commit, branch, causes, approvers, fingerprints = cells[:12]
    return Build(
        job=job,
        number=number,
        started_at=parse_time(started_at),
        duration_s=parse_number(duration_s),
        result=result,
        display_name=display_name,
        description=description,
        keep=bool(keep),
        node=node,
        commit=commit,
        branch=branch,
        causes=decode_all(causes, Cause),
        approvers=tuple(load_json(approvers)),
        fingerprints=decode_all(fingerprints, Fingerprint),
        runs=runs,
        last_read=parse_optional_time(last_read),
        gone_since=parse_optional_time(gone_since),
        **_BUILD_DETAIL.arguments(load_json(cells[14])),
    )


def decode_all(text: str, kind: type[Any]) -> tuple[Any, ...]:
    """Return the values of one kind that a JSON column holds."""
    if text == "[]":
        return ()
    codec = codec_of(kind)
    return tuple([codec.decode(item) for item in load_json(text)])


def encode_job(job: Job) -> str:
    """Return the ``detail`` of a job's row."""
    return dump_json(_JOB_DETAIL.encode(job))


def decode_job(name: str, gone_since: str | None, detail: str) -> Job:
    """Return the job of a row."""
    return Job(name=name, gone_since=parse_optional_time(gone_since), **_JOB_DETAIL.arguments(load_json(detail)))
