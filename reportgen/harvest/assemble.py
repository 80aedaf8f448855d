"""From the facts of a build and the contents of its files to the build that is saved: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from reportgen.config import JobConfig, Limits
from reportgen.harvest.readers import ReadContext, Reader, ReadResult
from reportgen.harvest.readers.values import cut_metrics, join
from reportgen.harvest.select import is_named
from reportgen.model import Artifact, Attachment, Build, Dataset, Model, Problem, Run
from reportgen.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was gathered of a build: its facts, the state of each file, and what readers made of the contents.

    `digests` are the SHA-256 of files as they were fetched, `fetched` tells which were fetched now rather than remembered from
    an earlier reading (`old`); `results` come in the order of the readers.
    """

    build: Build
    entry: JobConfig
    artifacts: Mapping[str, Artifact]
    digests: Mapping[str, str]
    results: Sequence[tuple[Reader, ReadResult]]
    redactor: Redactor
    fetched: Callable[[str], bool]
    limits: Limits
    old: Build | None = None


def stage_of(build_job: str, entry: JobConfig) -> str:
    """Return the stage of a build that no record names: as configured, else the last part of the job's name."""
    return entry.stage or build_job.rsplit("/", 1)[-1]


def read_contents(
    contents: Mapping[str, bytes],
    readers: Mapping[str, Reader],
    build: Build,
    entry: JobConfig,
    *,
    limits: Limits,
    digests: Mapping[str, str],
    listed: Iterable[str],
) -> list[tuple[Reader, ReadResult]]:
    """Return what each reader finds in the files that are its own; `readers` says by path whose a file is."""
    context = ReadContext(
        job=build.job,
        number=build.number,
        stage=stage_of(build.job, entry),
        started_at=build.started_at,
        limits=limits,
        explicit=lambda path: is_named(path, entry),
        digests=digests,
        listed=frozenset(listed),
    )
    shares: dict[str, tuple[Reader, dict[str, bytes]]] = {}
    for path, reader in readers.items():
        if path in contents:
            shares.setdefault(reader.name, (reader, {}))[1][path] = contents[path]
    return [(reader, _read(reader, files, context)) for reader, files in shares.values()]


def _read(reader: Reader, files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return what a reader finds; a reader that fails, which ours do not, costs its own files only."""
    try:
        return reader.read(files, context)
    except Exception as problem:  # noqa: BLE001 - readers of other packages may raise anything
        reason = f"reader {reader.name!r} failed: {type(problem).__name__}: {problem}"[:500]
        return ReadResult(problems=tuple(Problem(path=path, reason=reason) for path in files))


def assemble(material: Material) -> Build:
    """Return the build with its runs: those of its records, else whole runs that were found, else the implicit one."""
    native = join(result for reader, result in material.results if reader.native)
    other = join(result for reader, result in material.results if not reader.native)
    place = _Placing(material)
    if native.runs:
        runs = _with_rest(native.runs, other, native.attachments)
        if len(runs) == 1 and material.entry.stage:
            runs = (replace(runs[0], stage=material.entry.stage),)
    else:
        other = _within_limit(other, material.limits.metrics_per_run)
        runs = _without_record(material, other, native.attachments)
    models = (*other.models, *_models_left(material))
    finished = tuple(_finish(run, material, models, place) for run in runs)
    build = material.build
    problems = (*build.problems, *native.problems, *other.problems)
    return replace(
        build,
        runs=finished,
        tests=build.tests or other.tests,
        artifacts=tuple(material.artifacts.values()),
        problems=tuple(_masked_problem(problem, material.redactor) for problem in dict.fromkeys(problems)),
    )


def _within_limit(other: ReadResult, most: int) -> ReadResult:
    """Return what was found with at most so many metrics, and a problem where that is not all of them."""
    metrics, left_out = cut_metrics(other.metrics, most, "")
    if not left_out:
        return other
    names = {metric.name for metric in metrics}
    series = {name: points for name, points in other.series.items() if name in names}
    return replace(other, metrics=metrics, series=series, problems=(*other.problems, *left_out))


def _with_rest(runs: Sequence[Run], other: ReadResult, carried: Sequence[Attachment]) -> tuple[Run, ...]:
    """Return the runs that were recorded; to a single one belongs all else the build archived, but for its numbers."""
    if len(runs) > 1:
        return tuple(runs)
    run = runs[0]
    models = () if any(model.role == "made" for model in run.models) else other.models
    return (
        replace(
            run,
            attachments=_distinct((*run.attachments, *carried, *other.attachments)),
            notes=(*run.notes, *other.notes),
            models=(*run.models, *models),
        ),
    )


def _distinct(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Return each file once: what an event says of it holds over what was told from its name."""
    paths: dict[str, Attachment] = {}
    for place, attachment in enumerate(attachments):
        paths.setdefault(attachment.path or str(place), attachment)
    return tuple(paths.values())


def _without_record(material: Material, other: ReadResult, carried: Sequence[Attachment]) -> tuple[Run, ...]:
    if other.runs and not (other.metrics or other.params):
        return _with_rest(other.runs, other, carried)
    build = material.build
    stage = stage_of(build.job, material.entry)
    implicit = Run(
        name=stage,
        stage=stage,
        status="implicit",
        started_at=build.started_at,
        duration_s=build.duration_s,
        params=other.params,
        metrics=other.metrics,
        series=other.series,
        tags=other.tags,
        datasets=other.datasets,
        models=(*other.models, *_models_left(material)),
        attachments=_distinct((*carried, *other.attachments)),
        notes=other.notes,
    )
    return (*other.runs, implicit)


def _models_left(material: Material) -> list[Model]:
    """Return what an earlier reading told of models that Jenkins no longer has: linked, so that their bytes are nowhere."""
    if material.old is None:
        return []
    fresh = {artifact.sha256 for path, artifact in material.artifacts.items() if material.fetched(path)}
    left = {artifact.sha256 for artifact in material.artifacts.values() if artifact.state == "linked"} - fresh
    return [model for run in material.old.runs for model in run.models if model.sha256 in left]


def _finish(run: Run, material: Material, models: Sequence[Model], place: Callable[[Attachment], Attachment]) -> Run:
    """Return the run with what the build knows: its parameters, commit and datasets, facts of models, and where files are."""
    build, redactor = material.build, material.redactor
    params = {name: redactor.param(name, value).value for name, value in run.params.items()}
    params.update((f"jenkins.{name}", value) for name, value in build.parameters.items())
    return replace(
        run,
        params=params,
        tags={name: redactor.param(name, value).value for name, value in run.tags.items()},
        notes=tuple(str(redactor.text(note).value) for note in run.notes),
        commit=run.commit or build.commit,
        branch=run.branch or build.branch,
        datasets=(*run.datasets, *_configured_datasets(run, material)),
        models=tuple(_with_facts(model, models) for model in run.models),
        attachments=_data_apart((place(attachment) for attachment in run.attachments), run.datasets),
    )


def _data_apart(attachments: Iterable[Attachment], datasets: Sequence[Dataset]) -> tuple[Attachment, ...]:
    """Return the attachments; the file of a dataset is an artifact, not a table to be shown row by row."""
    data = {dataset.sha256 for dataset in datasets}
    return tuple(
        replace(attachment, kind="artifact") if attachment.kind == "table" and attachment.sha256 in data else attachment
        for attachment in attachments
    )


def _with_facts(model: Model, readings: Sequence[Model]) -> Model:
    """Return a model with what its file tells, found by its digest."""
    read = next((reading for reading in readings if reading.sha256 == model.sha256), None)
    if read is None or model.facts:
        return model
    return replace(
        model, facts=read.facts, framework=model.framework or read.framework, size_bytes=model.size_bytes or read.size_bytes
    )


def _configured_datasets(run: Run, material: Material) -> Iterable[Dataset]:
    """Yield a dataset for each configured role that no event gave: by the archived file, else by Jenkins' fingerprint of it."""
    for role, path in material.entry.datasets.items():
        if any(dataset.role == role for dataset in run.datasets):
            continue
        name = PurePosixPath(path).stem
        if path in material.digests:
            yield Dataset(name=name, role=role, sha256=material.digests[path])
            continue
        base = path.rsplit("/", 1)[-1]
        md5 = next((each.md5 for each in material.build.fingerprints if each.file == base), None)
        if md5:
            yield Dataset(name=name, role=role, sha256=fingerprint_digest(md5))


def fingerprint_digest(md5: str) -> str:
    """Return the digest that stands for a file of which only Jenkins' MD5 is known: it says same or other, nothing more."""
    return hashlib.sha256(b"md5:" + md5.lower().encode()).hexdigest()


class _Placing:
    """Fills into attachments where their files are."""

    def __init__(self, material: Material) -> None:
        self._artifacts = material.artifacts
        self._digests = material.digests

    def __call__(self, attachment: Attachment) -> Attachment:
        artifact = self._artifacts.get(attachment.path)
        if artifact is None:
            gone = attachment.path and attachment.state == "stored"
            return replace(attachment, state="gone", reason=attachment.reason or "not archived") if gone else attachment
        refused = attachment.state == "refused"
        state: Any = "refused" if refused else "linked" if artifact.state == "unread" else artifact.state
        return replace(
            attachment,
            sha256=artifact.sha256 or attachment.sha256,
            size_bytes=artifact.size_bytes if artifact.size_bytes is not None else attachment.size_bytes,
            state=state,
            reason=attachment.reason or artifact.reason,
        )


def _masked_problem(problem: Problem, redactor: Redactor) -> Problem:
    """Return a problem as it is stored: without secrets."""
    return replace(problem, reason=str(redactor.text(problem.reason).value))
