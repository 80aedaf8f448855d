"""Records written by the stage helpers: each becomes a run of the build, or an attachment where another build wrote it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from reportgen.config import parse_direction
from reportgen.harvest.readers.images import checked
from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult, cut_metrics, home_of
from reportgen.model import (
    Attachment,
    Dataset,
    Decision,
    Direction,
    Failure,
    Metric,
    Model,
    Point,
    Problem,
    Run,
    RunStatus,
)
from reportgen.record import JOURNAL, Record, number, read_record

_T = TypeVar("_T")
_RECORD = re.compile(r"(?:.*/)?[^/]+-[0-9a-f]{8}/events\.jsonl")
_SUMMARIES = ("metrics.json", "params.json")
_ATTACHMENTS = {"table": "table", "chart": "chart", "figure": "figure", "artifact": "artifact"}
_STATUSES = ("complete", "failed", "aborted", "interrupted")
DEFINITION = ("average", "positive", "threshold_policy", "beta", "alpha", "k", "clip", "folds", "version")
"""Fields of a metric event that change what the number means."""


def claim_records(paths: frozenset[str]) -> set[str]:
    """Return the paths that belong to a record: its journal, its files and the summaries beside them."""
    claimed: set[str] = set()
    for path in paths:
        if _RECORD.fullmatch(path) is None:
            continue
        home = path.removesuffix(JOURNAL)
        claimed.add(path)
        claimed.update(home + name for name in _SUMMARIES if home + name in paths)
    homes = {path.removesuffix(JOURNAL) + "files/" for path in claimed if path.endswith("/" + JOURNAL)}
    claimed.update(path for path in paths if homes and home_of(path, homes) is not None)
    return claimed


def read_records(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return a run per record of this build, oldest first; a record that another build wrote is an attachment."""
    runs: list[Run] = []
    carried: list[Attachment] = []
    problems: list[Problem] = []
    for path in sorted(path for path in files if path.endswith("/" + JOURNAL)):
        home = path.removesuffix("/" + JOURNAL)
        record = read_record(home.rsplit("/", 1)[-1], files[path])
        if not record.events:
            problems.append(Problem(path=path, reason="the record holds no event that can be read"))
        elif not record.belongs_to(context.job, context.number):
            carried.append(_carried(path, record))
        else:
            run, found = make_run(record, home, context)
            attachments, refused = checked(run.attachments, files, context.limits)
            runs.append(replace(run, attachments=attachments))
            problems.extend((*found, *refused))
    runs.sort(key=lambda run: (run.started_at or datetime.max.replace(tzinfo=UTC), run.name, run.record))
    return ReadResult(runs=tuple(runs), attachments=tuple(carried), problems=tuple(problems))


def _carried(path: str, record: Record) -> Attachment:
    writer = f"{record.ci.get('job')}#{record.ci.get('build')}"
    label = f"{record.directory} (carried over from {writer})"
    return Attachment(
        kind="artifact", name=record.directory, label=label, format="jsonl", path=path, reason=f"carried over from {writer}"
    )


def make_run(record: Record, home: str, context: ReadContext) -> tuple[Run, list[Problem]]:
    """Return the run that a record tells of, and what in it could not be used; `home` is the record's directory."""
    events = _by_kind(record.events)
    problems: list[Problem] = []
    most = context.limits.metrics_per_run
    found, series = _metrics(events.get("metric", ()), most)
    metrics, left_out = cut_metrics(found, most, f"{home}/{JOURNAL}")
    problems += left_out
    ending = record.ending or {}
    status = record.status if record.status in _STATUSES else "complete"
    return Run(
        name=record.name,
        stage=record.stage or context.stage,
        status=cast("RunStatus", status),
        record=record.code,
        started_at=parse_time(record.opening.get("t") or record.events[0].get("t")),
        duration_s=_float(ending.get("duration_s")),
        params=_first(events.get("param", ())),
        metrics=tuple(metrics),
        series={metric.name: series[metric.name] for metric in metrics if metric.name in series},
        tags=_last(events.get("tag", ())),
        datasets=tuple(_unique(_datasets(events.get("dataset", ())))),
        models=tuple(_unique(_models(events.get("model", ())))),
        attachments=tuple(_attachments(record.events, home, context)),
        notes=tuple(text for event in events.get("note", ()) if (text := _text(event.get("text")))),
        decisions=tuple(_decisions(events.get("decision", ()))),
        environment={str(e.get("name", "")): e.get("value") for e in events.get("environment", ())},
        error=_failure(ending.get("error")),
        commit=_text(record.source.get("commit")),
        branch=_text(record.source.get("branch")),
        dirty=record.source.get("dirty") if isinstance(record.source.get("dirty"), bool) else None,
        journal=context.digests.get(f"{home}/{JOURNAL}"),
        unread_lines=record.unread_lines,
        unknown_events=record.unknown,
    ), problems


def _by_kind(events: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        kinds.setdefault(event["kind"], []).append(event)
    return kinds


def _metrics(events: Iterable[dict[str, Any]], most: int) -> tuple[list[Metric], dict[str, tuple[Point, ...]]]:
    """Return the metrics in the order they were first logged, and the points of those that have steps.

    The value is the last one without a step, else that of the highest step; `most` bounds how many series are built.
    """
    whole: dict[str, dict[str, Any]] = {}
    steps: dict[str, dict[int, float]] = {}
    last: dict[str, dict[str, Any]] = {}
    for event in events:
        name = _text(event.get("name"))
        if not name:
            continue
        step, value = event.get("step"), number(event.get("value"))
        if isinstance(step, int) and not isinstance(step, bool) and value is not None:
            steps.setdefault(name, {})[step] = float(value)
        else:
            whole[name] = event
        last[name] = event
    series = {
        name: tuple(Point(step=step, value=points[step]) for step in sorted(points))
        for name, points in list(steps.items())[:most]
    }
    return [_metric(name, whole.get(name), last[name], series.get(name, ())) for name in last], series


def _metric(name: str, whole: dict[str, Any] | None, last: dict[str, Any], points: tuple[Point, ...]) -> Metric:
    event = whole or last
    value = number(event.get("value"))
    step = None
    if whole is None and points:
        step, value = points[-1].step, points[-1].value
    given = event.get("value")
    return Metric(
        name=name,
        value=value,
        step=step,
        direction=_direction(event.get("direction")),
        unit=_text(event.get("unit")),
        low=_float(event.get("low")),
        high=_float(event.get("high")),
        n=_int(event.get("n")),
        std=_float(event.get("std")),
        method=_text(event.get("method")),
        definition=_definition(event),
        dataset=_text(event.get("dataset")),
        reason=_text(event.get("reason")),
        text=None if value is not None or given is None else str(given)[:1000],
        points=len(points),
        no_skill=_float(event.get("no_skill")),
        note=_text(event.get("note")),
    )


def _definition(event: Mapping[str, Any]) -> str:
    fields = {key: event[key] for key in DEFINITION if event.get(key) is not None}
    if not fields:
        return ""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:16]


def _direction(value: Any) -> Direction | None:
    try:
        return cast("Direction", parse_direction(value)) if value is not None else None
    except ValueError:
        return None


def _datasets(events: Iterable[dict[str, Any]]) -> Iterable[Dataset]:
    for event in events:
        role = _text(event.get("role"))
        yield Dataset(
            name=_text(event.get("name")) or "dataset",
            role={"train": "training", "val": "validation"}.get(role, role) if role else None,
            sha256=_text(event.get("sha256")),
            rows=_int(event.get("rows")),
            columns=_int(event.get("columns")),
        )


def _models(events: Iterable[dict[str, Any]]) -> Iterable[Model]:
    for event in events:
        digest = _text(event.get("sha256"))
        if not digest:
            continue
        inputs = event.get("inputs")
        yield Model(
            name=_text(event.get("name")) or "model",
            role="input" if event.get("role") == "input" else "made",
            sha256=digest,
            size_bytes=_int(event.get("size")),
            framework=_text(event.get("framework")),
            inputs=tuple(item for item in inputs if isinstance(item, str)) if isinstance(inputs, list) else (),
        )


def _attachments(events: Iterable[dict[str, Any]], home: str, context: ReadContext) -> Iterable[Attachment]:
    for event in events:
        kind = _ATTACHMENTS.get(event["kind"])
        file = _text(event.get("file"))
        if kind is None or not file:
            continue
        if kind == "table" and event.get("role") == "evaluation-rows":
            kind = "evaluation-rows"
        path = f"{home}/{file}"
        found = context.digests.get(path)
        declared = _text(event.get("sha256"))
        differs = found is not None and declared is not None and found != declared
        yield Attachment(
            kind=cast("Any", kind),
            name=_text(event.get("name")) or file,
            label=file.rsplit("/", 1)[-1],
            format=_text(event.get("format")) or file.rsplit(".", 1)[-1].lower(),
            path=path,
            sha256=declared,
            size_bytes=_int(event.get("size")),
            state="refused" if differs else "stored",
            reason="the file is not the one that was logged" if differs else None,
            caption=_text(event.get("caption")),
        )


def _decisions(events: Iterable[dict[str, Any]]) -> Iterable[Decision]:
    for event in events:
        yield Decision(
            name=_text(event.get("name")) or "approve",
            value=_text(event.get("value")) or "",
            by=_text(event.get("by")),
            reason=_text(event.get("reason")),
            model=_text(event.get("model")),
            at=parse_time(event.get("t")),
        )


def _failure(error: Any) -> Failure | None:
    if not isinstance(error, dict):
        return None
    return Failure(
        type=_text(error.get("type")) or "error",
        message=_text(error.get("message")) or "",
        traceback=_text(error.get("traceback")) or "",
    )


def _first(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for event in events:
        if name := _text(event.get("name")):
            values.setdefault(name, event.get("value"))
    return values


def _last(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {name: event.get("value") for event in events if (name := _text(event.get("name")))}


def _unique(values: Iterable[_T]) -> list[_T]:
    seen: list[_T] = []
    for value in values:
        if value not in seen:
            seen.append(value)
    return seen


def parse_time(value: Any) -> datetime | None:
    """Return the time an event carries, aware and in UTC; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: Any) -> float | None:
    found = number(value)
    return None if found is None else float(found)


NATIVE = Reader(
    name="record",
    matches=lambda path: _RECORD.fullmatch(path) is not None,
    claims=claim_records,
    needs=lambda path: path.endswith("/" + JOURNAL) or "/files/" in path,
    read=read_records,
    native=True,
)
