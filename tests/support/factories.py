"""Builds as a small team would have them: five jobs, sixty validations, two validation sets, every way a build can end.

The numbers are made with a fixed seed; names, words and digests are invented for tests.
"""

# ruff: noqa: E501 - tables of data read better in long lines

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from reportgen.model import (
    Artifact,
    Attachment,
    Build,
    Cause,
    Change,
    Dataset,
    Decision,
    Failure,
    Job,
    Metric,
    Model,
    Problem,
    Run,
    RunningBuild,
    RunRow,
    Stage,
    TestCase,
    Tests,
)

FIRST_DAY = datetime(2026, 6, 4, 1, 30, tzinfo=UTC)
FIRST, LAST = 84, 143
NEW_DATA = 119
OLD, NEW = "validation-2026-06", "validation-2026-10"
ROWS = {OLD: 11_800, NEW: 13_050}
FAILED, NOT_LOGGED, NOT_A_NUMBER, REGRESSED = {97, 110, 142}, {133}, {127}, {141}
APPROVED = {121: 4, 125: 5, 131: 6, 140: 7}
JOBS = tuple(f"churn/{name}" for name in ("featureset", "train-model", "validate-model", "approve", "deploy-model"))
ALGORITHMS = ("gradient_boosting", "random_forest", "logistic_regression")

TRACEBACK = """\
Traceback (most recent call last):
  File "validate.py", line 131, in main
    report = score(model, frame)
  File "validate.py", line 88, in score
    proba = model.predict_proba(frame)
ValueError: Found unknown categories ['two_year_flex'] in column 'contract_type' during transform
"""
CONSOLE = """\
[Pipeline] stage
[Pipeline] { (Validate)
[Pipeline] sh
+ python validate.py --threshold 0.41 --random-state 7
01:38:12 loaded model.pkl, digest ok
01:38:14 loaded validation.csv: 13050 rows, 42 columns
01:38:16 ValueError: Found unknown categories ['two_year_flex'] in column 'contract_type' during transform
[Pipeline] }
ERROR: script returned exit code 1
Finished: FAILURE"""


def digest(text: str) -> str:
    """Return a stable digest for an invented thing."""
    return sha256(text.encode()).hexdigest()


def started(number: int) -> datetime:
    """Return when validation `number` started: every three days, at night."""
    noise = (number * 37) % 90
    return FIRST_DAY + timedelta(days=(number - FIRST) * 2.9, minutes=noise)


def dataset_of(number: int) -> str:
    return NEW if number >= NEW_DATA else OLD


def metric(name: str, value: float | None, rows: int | None = None, **more: Any) -> Metric:
    """Return a metric; a score gets the Wilson-like interval of its rows."""
    low = high = None
    if rows and value is not None and math.isfinite(value) and 0 < value < 1:
        half = 1.96 * math.sqrt(value * (1 - value) / (rows / 3.05))
        low, high = value - half, value + half
    return Metric(name=name, value=value, low=low, high=high, n=rows, **more)


@cache
def _level(number: int) -> tuple[str, float]:
    noise = random.Random(number)
    algorithm = ALGORITHMS[noise.choice((0, 0, 0, 1, 1, 2))]
    base = {"gradient_boosting": 0.702, "random_forest": 0.684, "logistic_regression": 0.645}[algorithm]
    drift = (number - FIRST) * 0.0007 + (0.012 if number >= 131 else 0)
    return algorithm, round(base + drift + noise.gauss(0, 0.006) - (0.05 if number in REGRESSED else 0), 4)


def scores(number: int) -> tuple[Metric, ...]:
    """Return the metrics of validation `number`."""
    algorithm, f1 = _level(number)
    rows = ROWS[dataset_of(number)]
    noise = random.Random(number * 7)
    swing = noise.gauss(0, 0.008) - (0.09 if number in REGRESSED else 0)
    cost = {"gradient_boosting": 2.2, "random_forest": 4.0, "logistic_regression": 0.2}[algorithm] + abs(
        noise.gauss(0, 0.3)
    ) * 0.5
    up: dict[str, Any] = {"direction": "higher"}
    found = (
        metric("val/f1", f1, rows, **up),
        metric("val/precision", round(f1 + swing, 4), rows, **up),
        metric("val/recall", round(f1 - swing + 0.004, 4), rows, **up),
        metric("val/auc", round(f1 * 0.72 + 0.362, 4), rows, **up),
        Metric(name="val/brier", value=round(0.36 - f1 * 0.293, 5), direction="lower", n=rows),
        Metric(name="val/predict_ms", value=round(cost, 3), direction="lower", unit="ms"),
    )
    if number in NOT_A_NUMBER:
        return (Metric(name="val/f1", value=math.nan, direction="higher"), *found[4:])
    return found[4:] if number in NOT_LOGGED else found


def params(number: int) -> dict[str, Any]:
    """Return what validation `number` was configured with."""
    algorithm, _ = _level(number)
    noise = random.Random(number * 3)
    return {
        "algorithm": algorithm,
        "learning_rate": noise.choice((0.026, 0.05)) if algorithm == "gradient_boosting" else None,
        "n_estimators": noise.choice((200, 400, 600)),
        "max_depth": noise.choice((3, 4, 12)),
        "threshold": 0.30 if number in REGRESSED else noise.choice((0.41, 0.42, 0.45)),
        "min_samples_leaf": 20,
        "subsample": 0.8,
        "class_weight": "balanced",
        "random_state": 7,
        "features": ["tenure", "contract_type", "charges"],
        "scaler": "standard",
        "test_size": 0.2,
    }


def model_of(number: int) -> str:
    return digest(f"model {number}")


def training_set(number: int) -> tuple[str, int]:
    """Return the digest of the training set and the featureset build that made it."""
    made_by = 1 + (number - FIRST) // 5
    return digest(f"training {made_by}"), made_by


def attachments(number: int) -> tuple[Attachment, ...]:
    """Return charts, a table and files as a validation logs them."""

    def one(kind: Any, name: str, format_: str, size: int, **more: Any) -> Attachment:
        return Attachment(
            kind=kind, name=name, label=more.pop("label", name), format=format_, path=f"reportgen-results/validate-{number:08x}/files/{name}",
            sha256=digest(f"{name} {number}"), size_bytes=size, **more,
        )  # fmt: skip

    return (
        one("chart", "confusion.vl.json", "vega-lite", 2048, label="Confusion matrix", caption="Share of each actual class."),
        one(
            "chart",
            "pr-curve.vl.json",
            "vega-lite",
            9120,
            label="Precision and recall",
            caption="Dots mark the thresholds in use.",
        ),
        one(
            "figure", "calibration.png", "png", 24_310, label="Calibration", caption="Observed share by predicted probability."
        ),
        one("table", "by-class.csv", "csv", 220, label="Scores by class"),
        one("artifact", "predictions.parquet", "parquet", 1_812_000, state="linked"),
    )


def validation(number: int) -> Build:
    """Return one build of the validating job."""
    start = started(number)
    name = dataset_of(number)
    failed = number in FAILED
    record = f"{number:08x}"
    seconds = 60 + (number * 13) % 40
    run = Run(
        name="validate",
        stage="validate",
        status="failed" if failed else "complete",
        record=record,
        started_at=start,
        duration_s=seconds - 8.0,
        params=params(number),
        metrics=() if failed else scores(number),
        tags={"kind": "candidate", "owner": "team-a"},
        datasets=(Dataset(name=name, role="validation", sha256=digest(name), rows=ROWS[name], columns=42),),
        models=(Model(name="model.pkl", role="input", sha256=model_of(number), size_bytes=421_888, framework="scikit-learn"),),
        attachments=() if failed else attachments(number),
        notes=(
            "Halved the learning rate and doubled the trees. The gain is mostly *recall* on customers in their first 90 days.",
        )
        if number == 140
        else (),
        environment={"python": "3.11.7", "packages": {"scikit-learn": "1.7.2", "pandas": "3.1.1", "numpy": "2.4.6"}},
        error=Failure(
            type="ValueError",
            message="Found unknown categories ['two_year_flex'] in column 'contract_type' during transform",
            traceback=TRACEBACK,
        )
        if failed
        else None,
        commit=digest(f"commit {number // 3}")[:40],
        branch="main",
        dirty=False,
        journal=digest(f"journal {number}"),
    )
    stages = ("Checkout", "Fetch model and data", "Validate", "Report", "Archive")
    lengths = (4, 11, seconds - 28, 9, 4)
    states = ["SUCCESS", "SUCCESS", "FAILED", "NOT_EXECUTED", "NOT_EXECUTED"] if failed else ["SUCCESS"] * 5
    begun = [start + timedelta(seconds=sum(lengths[:i])) for i in range(5)]
    return Build(
        job="churn/validate-model",
        number=number,
        started_at=start,
        duration_s=float(seconds),
        result="FAILURE" if failed else ("UNSTABLE" if number in NOT_A_NUMBER else "SUCCESS"),
        description="Nightly." if number % 4 else "",
        node=f"agent-{1 + number % 3}",
        commit=run.commit,
        branch="main",
        causes=(Cause(kind="upstream", job="churn/train-model", number=number - 52),),
        changes=(Change(commit=digest(f"commit {number // 3}")[:40], message="Fail on unknown categories", at=start),) if failed else (),
        stages=tuple(
            Stage(name=stage, status=state, started_at=at, duration_s=float(length) if state != "NOT_EXECUTED" else 0.0)
            for stage, state, at, length in zip(stages, states, begun, lengths, strict=True)
        ),
        tests=Tests(total=18, failed=1 if number in NOT_A_NUMBER else 0, skipped=0, failures=(TestCase(name="test_scores.test_finite", message="nan"),) if number in NOT_A_NUMBER else ()),
        console_tail=CONSOLE if failed else None,
        artifacts=(
            Artifact(path="by-class.csv", state="stored", sha256=digest(f"by-class.csv {number}"), size_bytes=220),
            Artifact(path="scores-full.parquet", state="over limit", size_bytes=84_000_000),
        )
        if number > 130
        else (),
        runs=(run,),
        last_read=start + timedelta(hours=1),
        gone_since=datetime(2026, 11, 1, 2, tzinfo=UTC) if number < 90 else None,
    )  # fmt: skip


def training(number: int) -> Build:
    """Return one build of the training job: it makes the model that a validation scores."""
    scored = number + 52
    start = started(scored) - timedelta(minutes=12)
    data, made_by = training_set(scored)
    run = Run(
        name="train",
        stage="train",
        status="complete",
        record=f"{number:08x}",
        started_at=start,
        duration_s=231.0,
        params={key: value for key, value in params(scored).items() if key != "threshold"},
        metrics=(Metric(name="train/f1", value=round(_level(scored)[1] + 0.03, 4), direction="higher"), Metric(name="train/rows", value=52_180)),
        datasets=(Dataset(name=f"training-{made_by}", role="training", sha256=data, rows=52_180, columns=42),),
        models=(Model(name="model.pkl", role="made", sha256=model_of(scored), size_bytes=421_888, framework="scikit-learn", inputs=(data,), facts={"type": "pickle", "protocol": 5, "class": "Pipeline", "danger": "loading a pickle can run any code"}),),
        commit=digest(f"commit {scored // 3}")[:40],
        branch="main",
    )  # fmt: skip
    cause = Cause(kind="upstream", job="churn/featureset", number=made_by) if scored % 5 == 4 else Cause(kind="timer")
    return Build(
        job="churn/train-model", number=number, started_at=start, duration_s=242.0, result="SUCCESS", node="agent-1",
        causes=(cause,), runs=(run,), last_read=start + timedelta(hours=1),
    )  # fmt: skip


def featureset(number: int) -> Build:
    """Return one build of the featureset job: it makes a training set."""
    start = started(FIRST + (number - 1) * 5) - timedelta(hours=2)
    run = Run(
        name="featureset", stage="featureset", status="complete", record=f"f{number:07x}", started_at=start, duration_s=560.0,
        datasets=(Dataset(name=f"training-{number}", role="output", sha256=digest(f"training {number}"), rows=52_180, columns=42),),
    )  # fmt: skip
    return Build(
        job="churn/featureset", number=number, started_at=start, duration_s=581.0, result="SUCCESS", runs=(run,),
        causes=(Cause(kind="user", user="jdoe"),), last_read=start + timedelta(hours=1),
    )  # fmt: skip


def approval(scored: int, number: int) -> Build:
    """Return the build in which a person approved the model of a validation."""
    start = started(scored) + timedelta(days=1, hours=7)
    run = Run(
        name="approve", stage="approve", status="complete", record=f"a{number:07x}", started_at=start, duration_s=1800.0,
        decisions=(Decision(name="approve", value="approved", by="reviewer-1", model=model_of(scored), at=start, reason="Better recall on new customers at the same precision; calibration checked by hand."),),
        models=(Model(name="model.pkl", role="input", sha256=model_of(scored)),),
    )  # fmt: skip
    return Build(
        job="churn/approve", number=number, started_at=start, duration_s=1802.0, result="SUCCESS", runs=(run,),
        causes=(Cause(kind="upstream", job="churn/validate-model", number=scored),), approvers=("reviewer-1",),
    )  # fmt: skip


def deployment(scored: int, number: int) -> Build:
    """Return the build that deployed the model of a validation."""
    start = started(scored) + timedelta(days=1, hours=8)
    run = Run(
        name="deploy", stage="deploy", status="complete", record=f"d{number:07x}", started_at=start, duration_s=40.0,
        models=(Model(name="model.pkl", role="input", sha256=model_of(scored)),), tags={"target": "production"},
    )  # fmt: skip
    return Build(
        job="churn/deploy-model", number=number, started_at=start, duration_s=44.0, result="SUCCESS", runs=(run,),
        causes=(Cause(kind="upstream", job="churn/approve", number=number),),
    )  # fmt: skip


def odd_builds() -> list[Build]:
    """Return builds in states that are not as usual, in a job of their own, the newest last."""
    job = "churn/odd-states"
    day = datetime(2026, 11, 20, 2, tzinfo=UTC)
    metrics = (metric("val/f1", 0.71, 1305, direction="higher"), metric("val/accuracy", 0.8, 1305, direction="higher"))

    def build(number: int, result: str, **more: Any) -> Build:
        return Build(job=job, number=number, started_at=day + timedelta(hours=number), duration_s=41.0, result=result, **more)

    def run(status: Any, **more: Any) -> Run:
        return Run(
            name=more.pop("name", "validate"), stage="validate", status=status, record=more.pop("record", "0000aaaa"), **more
        )

    half = run("interrupted", params={"algorithm": "random_forest"}, metrics=metrics[:1], unread_lines=1)
    return [
        build(1, "SUCCESS", runs=(run("complete", metrics=metrics),), gone_since=day),
        build(2, "FAILURE", runs=(half,)),
        build(3, "ABORTED", runs=(run("aborted", params={"algorithm": "svm"}),), aborted_by="jdoe"),
        build(4, "SUCCESS", runs=(Run(name="odd-states", stage="odd-states", status="implicit"),)),
        build(5, "NOT_BUILT"),
        build(6, "SUCCESS", runs=(run("complete", metrics=metrics),), problems=(Problem(path="metrics.json", reason="not JSON: line 3, column 1"),)),
        build(7, "SUCCESS", runs=(run("complete", metrics=metrics),), artifacts=(Artifact(path="huge.parquet", state="over limit", size_bytes=9 * 10**9),)),
        build(8, "UNSTABLE", runs=tuple(run("complete", name=f"fold-{i}", record=f"0000000{i}", metrics=(metric("val/f1", 0.7 + i / 100, 300, direction="higher"),), params={"fold": i}) for i in range(1, 6))),
    ]  # fmt: skip


def churn_jobs() -> list[Job]:
    """Return the jobs, in the order of the pipeline."""
    words = {
        "featureset": "Extracts features for customers with at least one paid bill.",
        "train-model": "Fits one model on the newest training set.",
        "validate-model": "Scores a trained model on a fixed validation set and offers it for approval.",
        "approve": "Waits for a person.",
        "deploy-model": "Copies an approved model to production.",
    }
    names = list(words)
    return [
        Job(
            name=f"churn/{name}", description=text, stage=name,
            upstream=tuple(f"churn/{names[i - 1]}" for _ in (0,) if i), downstream=tuple(f"churn/{n}" for n in names[i + 1 : i + 2]),
        )
        for i, (name, text) in enumerate(words.items())
    ]  # fmt: skip


def churn_builds() -> list[Build]:
    """Return all builds of the five jobs, in the order in which they ran."""
    numbers = range(FIRST, LAST + 1)
    builds = [validation(number) for number in numbers]
    builds += [training(number - 52) for number in numbers]
    builds += [featureset(number) for number in sorted({training_set(n)[1] for n in numbers})]
    builds += [approval(scored, number) for scored, number in APPROVED.items()]
    builds += [deployment(scored, number) for scored, number in APPROVED.items()]
    return sorted(builds, key=lambda build: (build.started_at, build.job))


def churn_running() -> list[RunningBuild]:
    """Return a build that waits for a person."""
    return [
        RunningBuild(
            job="churn/approve", number=9, started_at=started(LAST) + timedelta(minutes=5), waiting_for="Deploy this model?"
        )
    ]


def rows_of(builds: Iterable[Build]) -> list[RunRow]:
    """Return the runs of `builds` as the store lists them, the newest first."""
    rows = [
        RunRow(
            job=build.job,
            number=build.number,
            name=run.name,
            record=run.record,
            stage=run.stage,
            result=build.result,
            status=run.status,
            started_at=build.started_at,
            duration_s=build.duration_s,
            params=run.params,
            metrics={metric.name: metric for metric in run.metrics},
            tags=run.tags,
            datasets=run.datasets,
            models=run.models,
            decisions=run.decisions,
            commit=run.commit,
            branch=run.branch,
            upstream=tuple((c.job, c.number) for c in build.causes if c.job and c.number),
            causes=build.causes,
            approvers=build.approvers,
            gone_since=build.gone_since,
            several=len(build.runs) > 1,
        )
        for build in builds
        for run in build.runs
    ]
    return sorted(rows, key=lambda row: (row.started_at, row.job, row.number, row.name), reverse=True)
