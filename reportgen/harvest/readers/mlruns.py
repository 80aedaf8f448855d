"""MLflow's file store ``mlruns/``: one run of ours per tracked run, read from its small files without MLflow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

from reportgen.harvest.readers.images import FORMATS, checked
from reportgen.harvest.readers.metrics import load_yaml
from reportgen.harvest.readers.models import describe, is_model_path
from reportgen.harvest.readers.passport import BadModel
from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult, cut_metrics, home_of, join, unread_lines
from reportgen.harvest.strict import BadJson, clean_text, decode_text
from reportgen.model import Attachment, Dataset, Metric, Model, Point, Problem, Run, RunStatus, Scalar

_RUN = re.compile(r"((?:.*/)?[0-9]+/([0-9a-f]{32})/)meta\.yaml")
_SHARED = re.compile(r"meta\.yaml|datasets/[^/]+/meta\.yaml|tags/.+")
_LOGGED_MODEL = re.compile(r"models/m-[0-9a-f]{32}/artifacts/.+")
_OUTPUT = re.compile(r"outputs/(m-[0-9a-f]{32})/meta\.yaml")
_STATUS: Mapping[str, RunStatus] = {
    "3": "complete", "4": "failed", "5": "aborted", "FINISHED": "complete", "FAILED": "failed", "KILLED": "aborted",
}  # fmt: skip
_ROLES = {"train": "training", "training": "training", "val": "validation", "eval": "validation", "validation": "validation"}
_NOTE, _COMMIT, _BRANCH = "mlflow.note.content", "mlflow.source.git.commit", "mlflow.source.git.branch"
_KINDS = {"csv": "table", "tsv": "table", **dict.fromkeys(FORMATS, "figure")}
_INTEGER, _REAL = re.compile(r"-?\d{1,18}"), re.compile(r"-?\d+\.\d*(?:[eE][-+]?\d{1,3})?|-?\d+[eE][-+]?\d{1,3}")


def claim_store(paths: frozenset[str]) -> set[str]:
    """Return the paths of tracked runs and of the experiments they belong to."""
    homes = {found[1] for path in paths if (found := _RUN.fullmatch(path))}
    experiments = {home.rstrip("/").rpartition("/")[0] + "/" for home in homes}
    return {path for path in paths if homes and (home_of(path, homes) is not None or _is_shared(path, experiments))}


def _is_shared(path: str, experiments: set[str]) -> bool:
    """Tell whether a file of an experiment says something about its runs."""
    home = home_of(path, experiments)
    rest = path.removeprefix(home) if home is not None else ""
    return _SHARED.fullmatch(rest) is not None or (is_model_path(rest) and _LOGGED_MODEL.fullmatch(rest) is not None)


def read_store(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return the runs of the store, oldest first."""
    runs: list[Run] = []
    problems: list[ReadResult] = []
    homes = {found[1]: found[2] for path in sorted(files) if (found := _RUN.fullmatch(path))}
    held: dict[str, dict[str, str]] = {home: {} for home in homes}
    for path in files:
        if (home := home_of(path, homes)) is not None:
            held[home][path.removeprefix(home)] = path
    for home, inside in held.items():
        path = inside["meta.yaml"]
        try:
            run, unread = _run(home, homes[home], inside, files, context)
        except BadJson as problem:
            problems.append(ReadResult.quarantined(path, str(problem)))
            continue
        if run is None:
            continue
        runs.append(run)
        problems.append(ReadResult(problems=tuple(unread)))
    latest = datetime.max.replace(tzinfo=UTC)
    runs.sort(key=lambda run: (run.started_at or latest, run.name, run.record))
    return join([ReadResult(runs=tuple(runs)), *problems])


def _run(
    home: str, run_id: str, inside: Mapping[str, str], files: Mapping[str, bytes], context: ReadContext
) -> tuple[Run | None, list[Problem]]:
    """Return the run in the directory `home`, and what in it could not be read; no run where it was deleted in MLflow."""
    meta = load_yaml(files[inside["meta.yaml"]])
    if not isinstance(meta, Mapping):
        raise BadJson("no description of a tracked run")
    if meta.get("lifecycle_stage") == "deleted":
        return None, []
    texts = {kind: _texts(kind + "/", inside, files) for kind in ("params", "tags")}
    tags = texts["tags"]
    found, series, problems = _metrics(inside, files)
    metrics, left_out = cut_metrics(found, context.limits.metrics_per_run, home)
    problems += left_out
    logged = [_artifact(name, inside[name]) for name in sorted(inside) if name.startswith("artifacts/")]
    attachments, refused = checked(logged, files, context.limits)
    problems += refused
    started, ended = _moment(meta.get("start_time")), _moment(meta.get("end_time"))
    run = Run(
        name=clean_text(str(meta.get("run_name") or tags.get("mlflow.runName") or run_id[:8]))[:500],
        stage=context.stage,
        status=_STATUS.get(str(meta.get("status")), "interrupted"),
        record=run_id[:8],
        started_at=started,
        duration_s=(ended - started).total_seconds() if started and ended and ended >= started else None,
        params={name: plain(value) for name, value in texts["params"].items()},
        metrics=tuple(metrics),
        series={metric.name: series[metric.name] for metric in metrics if metric.points},
        tags=cast("Mapping[str, Scalar]", {name: value for name, value in tags.items() if not name.startswith("mlflow.")}),
        datasets=tuple(_datasets(home, inside, files)),
        models=tuple(_models(home, inside, files, context)),
        attachments=attachments,
        notes=(tags[_NOTE],) if tags.get(_NOTE) else (),
        commit=tags.get(_COMMIT),
        branch=tags.get(_BRANCH),
    )
    return run, problems


def _texts(folder: str, inside: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, str]:
    return {
        name.removeprefix(folder): clean_text(decode_text(files[inside[name]]))
        for name in sorted(inside)
        if name.startswith(folder)
    }


def plain(text: str) -> Scalar:
    """Return the number or truth value that a text stands for, as MLflow writes every param as text; else the text."""
    if text in {"True", "False"}:
        return text == "True"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


def _metrics(
    inside: Mapping[str, str], files: Mapping[str, bytes]
) -> tuple[list[Metric], dict[str, tuple[Point, ...]], list[Problem]]:
    metrics: list[Metric] = []
    series: dict[str, tuple[Point, ...]] = {}
    problems: list[Problem] = []
    for name in sorted(inside):
        if not name.startswith("metrics/"):
            continue
        metric = name.removeprefix("metrics/")
        points, unread = _points(decode_text(files[inside[name]]))
        if unread:
            problems.append(unread_lines(inside[name], unread))
        if not points:
            problems.append(Problem(path=inside[name], reason="it holds no value"))
            continue
        several = len(points) > 1
        step = max(points)
        metrics.append(
            Metric(name=metric, value=points[step], step=step if several else None, points=len(points) if several else 0)
        )
        if several:
            series[metric] = tuple(Point(step=at, value=points[at]) for at in sorted(points))
    return metrics, series, problems


def _points(text: str) -> tuple[dict[int, float], int]:
    """Return the values by step of lines ``time value step``, and how many lines are none."""
    points: dict[int, float] = {}
    unread = 0
    for line in text.splitlines():
        parts = line.split()
        try:
            points[int(parts[2]) if len(parts) > 2 else 0] = float(parts[1])
        except (IndexError, ValueError):
            unread += bool(parts)
    return points, unread


def _datasets(home: str, inside: Mapping[str, str], files: Mapping[str, bytes]) -> list[Dataset]:
    """Return the logged inputs. MLflow's short digest is no SHA-256: the identity kept is that of name and digest together."""
    experiment = home.rstrip("/").rpartition("/")[0] + "/"
    found = []
    for name in sorted(inside):
        if not (name.startswith("inputs/") and name.endswith("/meta.yaml")):
            continue
        try:
            used = load_yaml(files[inside[name]])
            meta = load_yaml(files[f"{experiment}datasets/{used['source_id']}/meta.yaml"])
            label, digest = str(meta["name"]), str(meta["digest"])
            role = str((used.get("tags") or {}).get("mlflow.data.context", ""))
        except (BadJson, KeyError, TypeError, AttributeError):
            continue
        identity = hashlib.sha256(f"mlflow dataset {label} {digest}".encode("utf-8", "replace")).hexdigest()
        found.append(Dataset(name=clean_text(label), role=_ROLES.get(role, role) or None, sha256=identity))
    return found


def _models(home: str, inside: Mapping[str, str], files: Mapping[str, bytes], context: ReadContext) -> list[Model]:
    """Return the passports of logged model files; of one that cannot be described there is only the attachment.

    They are among the run's artifacts, or (since MLflow 3) beside the runs, in a directory that an output of the run names.
    """
    experiment = home.rstrip("/").rpartition("/")[0] + "/"
    outputs = {f"{experiment}models/{output[1]}/" for name in inside if (output := _OUTPUT.fullmatch(name))}
    paths = [path for name, path in inside.items() if name.startswith("artifacts/")]
    paths += [path for path in files if outputs and home_of(path, outputs) is not None]
    found = []
    for path in sorted(filter(is_model_path, paths)):
        with suppress(BadModel):
            found.append(describe(path, files[path], context))
    return found


def _artifact(name: str, path: str) -> Attachment:
    label = name.removeprefix("artifacts/")
    stem, dot, ending = label.rpartition(".")
    kind = _KINDS.get(ending.lower(), "artifact") if dot else "artifact"
    return Attachment(
        kind=cast("Any", kind),
        name=stem if kind != "artifact" else label,
        label=label,
        format=ending.lower() if dot else "",
        path=path,
    )


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, int) or not 0 < value < 1 << 43:
        return None
    return datetime.fromtimestamp(value / 1000, tz=UTC)


MLRUNS = Reader(
    name="mlflow",
    matches=lambda path: _RUN.fullmatch(path) is not None,
    claims=claim_store,
    read=read_store,
    is_model=is_model_path,
)
