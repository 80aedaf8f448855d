"""Builds to save: a plain one by number, and Hypothesis strategies for any the model can hold."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reportgen.model import (
    Artifact,
    Attachment,
    Build,
    Cause,
    Change,
    Dataset,
    Decision,
    Failure,
    Fingerprint,
    Metric,
    Model,
    Point,
    Problem,
    Run,
    Stage,
    TestCase,
    Tests,
)

START = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def make_build(number: int = 1, *, job: str = "churn/validate", f1: float = 0.7, **changes: Any) -> Build:
    """Return a finished build with one run of a few params, metrics and a short series; builds are an hour apart."""
    start = START + timedelta(hours=number)
    run = Run(
        name="validate",
        stage="validate",
        status="complete",
        record=f"{number:08x}",
        started_at=start,
        duration_s=40.0,
        params={"algorithm": "tree", "depth": number},
        metrics=(
            Metric(name="val/f1", value=f1, low=f1 - 0.02, high=f1 + 0.02, n=1305, direction="higher", points=3),
            Metric(name="val/recall", value=0.6, direction="higher"),
            Metric(name="fit_seconds", value=12, direction="lower", unit="s"),
        ),
        series={"val/f1": tuple(Point(step=step, value=f1 - 0.1 + step / 20) for step in range(3))},
        tags={"kind": "candidate"},
        datasets=(Dataset(name="validation", role="validation", sha256="ab" * 32, rows=1305, columns=42),),
        models=(Model(name="model.pkl", role="input", sha256=f"{number:064x}"),),
        environment={"python": "3.11.7"},
    )
    build = Build(
        job=job,
        number=number,
        started_at=start,
        duration_s=41.2,
        result="SUCCESS",
        causes=(Cause(kind="upstream", job="churn/train", number=number),),
        runs=(run,),
    )
    return replace(build, **changes)


def plain(value: Any) -> Any:
    """Return a value as nested tuples in which nan equals nan and 1 differs from 1.0 and from True."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *((each.name, plain(getattr(value, each.name))) for each in fields(value))
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    if hasattr(value, "items"):
        return tuple(sorted((key, plain(item)) for key, item in value.items()))
    if isinstance(value, float):
        return "nan" if math.isnan(value) else ("float", value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return type(value).__name__, value


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
integers = st.one_of(st.integers(-5, 5), st.integers(), st.integers(2**63 - 2, 2**64), st.just(-(2**63)), st.just(10**400))
numbers = st.one_of(st.floats(), integers)
durations = st.floats(0, 1e6)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(names, st.just("$float"), st.just("$")), inner, max_size=3)
    ),
    max_leaves=6,
)
json_objects = st.dictionaries(st.one_of(names, st.just("$int")), json_values, max_size=4)
tags = st.dictionaries(names, scalars, max_size=3)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def tuples(strategy: st.SearchStrategy[Any], **options: Any) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=3, **options).map(tuple)


metrics = st.builds(
    Metric,
    name=names,
    value=maybe(numbers),
    step=maybe(integers),
    direction=st.sampled_from([None, "higher", "lower", "none"]),
    unit=maybe(texts),
    low=maybe(st.floats()),
    high=maybe(st.floats()),
    n=maybe(integers),
    std=maybe(st.floats()),
    method=maybe(texts),
    definition=texts,
    dataset=maybe(digests),
    reason=maybe(texts),
    text=maybe(texts),
    points=st.integers(0, 10**6),
)
points = st.lists(st.builds(Point, step=integers, value=st.floats()), max_size=6).map(tuple)
attachments = st.builds(
    Attachment,
    kind=st.sampled_from(["table", "chart", "figure", "artifact", "model", "evaluation-rows", "report"]),
    name=names,
    label=texts,
    format=texts,
    path=texts,
    sha256=maybe(digests),
    size_bytes=maybe(st.integers(0, 2**70)),
    state=st.sampled_from(["linked", "gone", "refused", "over limit"]),
    reason=maybe(texts),
    caption=maybe(texts),
)
runs = st.builds(
    Run,
    name=names,
    stage=texts,
    status=st.sampled_from(["complete", "failed", "aborted", "interrupted", "implicit"]),
    record=texts,
    started_at=maybe(times),
    duration_s=maybe(st.floats()),
    params=json_objects,
    metrics=tuples(metrics),
    series=st.dictionaries(names, points, max_size=2),
    tags=tags,
    datasets=tuples(
        st.builds(Dataset, name=names, role=maybe(texts), sha256=maybe(digests), rows=maybe(integers), columns=maybe(integers))
    ),
    models=tuples(
        st.builds(
            Model,
            name=names,
            role=st.sampled_from(["made", "input"]),
            sha256=digests,
            size_bytes=maybe(integers),
            framework=maybe(texts),
            inputs=tuples(digests),
            facts=tags,
        )
    ),
    attachments=tuples(attachments),
    notes=tuples(texts),
    decisions=tuples(
        st.builds(
            Decision, name=names, value=texts, by=maybe(texts), reason=maybe(texts), model=maybe(digests), at=maybe(times)
        )
    ),
    environment=json_objects,
    error=maybe(st.builds(Failure, type=texts, message=texts, traceback=texts)),
    commit=maybe(texts),
    branch=maybe(texts),
    dirty=maybe(st.booleans()),
    unread_lines=st.integers(0, 9),
    unknown_events=st.integers(0, 9),
)
builds = st.builds(
    Build,
    job=names,
    number=st.integers(1, 10**6),
    started_at=times,
    duration_s=durations,
    result=st.sampled_from(["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"]),
    display_name=texts,
    description=texts,
    node=maybe(texts),
    keep=st.booleans(),
    commit=maybe(texts),
    branch=maybe(texts),
    remote=maybe(texts),
    causes=tuples(
        st.builds(Cause, kind=texts, text=texts, user=maybe(texts), job=maybe(names), number=maybe(st.integers(1, 99)))
    ),
    changes=tuples(st.builds(Change, commit=texts, message=texts, at=maybe(times))),
    parameters=json_objects,
    stages=tuples(
        st.builds(Stage, name=texts, status=texts, started_at=maybe(times), duration_s=maybe(st.floats()), error=maybe(texts))
    ),
    tests=maybe(
        st.builds(
            Tests,
            total=integers,
            failed=integers,
            skipped=integers,
            failures=tuples(st.builds(TestCase, name=texts, message=texts)),
        )
    ),
    approvers=tuples(texts),
    aborted_by=maybe(texts),
    console_tail=maybe(texts),
    fingerprints=tuples(st.builds(Fingerprint, file=texts, md5=texts, job=maybe(names), number=maybe(st.integers(1, 99)))),
    artifacts=tuples(
        st.builds(
            Artifact,
            path=texts,
            state=st.sampled_from(["linked", "gone", "refused", "over limit", "unread"]),
            sha256=maybe(digests),
            size_bytes=maybe(integers),
            reason=maybe(texts),
        )
    ),
    runs=tuples(runs),
    problems=tuples(st.builds(Problem, path=texts, reason=texts)),
)
