"""Rows of runs for the tests of the analysis: short to write, with a start an hour after the number before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reportgen.analysis.values import LeaderboardOptions, MetricOptions
from reportgen.model import Dataset, Direction, Metric, Model, RunRow

START = datetime(2026, 1, 1, tzinfo=UTC)
SET_A = "a" * 64
SET_B = "b" * 64
JOB = "churn/validate"


def digest(text: str) -> str:
    """A digest of 64 hexadecimal digits that is easy to tell apart."""
    return (text.encode().hex() * 64)[:64]


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def metric(
    value: float | None,
    interval: tuple[float, float] | None = None,
    *,
    name: str = "val/f1",
    direction: Direction | None = "higher",
    **more: Any,
) -> Metric:
    low, high = interval or (None, None)
    return Metric(name=name, value=value, direction=direction, low=low, high=high, **more)


def row(
    number: int,
    value: float | Metric | None = None,
    interval: tuple[float, float] | None = None,
    *,
    data: str | None = SET_A,
    data_rows: int | None = None,
    model: str = "",
    made: str = "",
    job: str = JOB,
    name: str = "validate",
    metrics: dict[str, Metric] | None = None,
    hours: float | None = None,
    **more: Any,
) -> RunRow:
    """A run of build `number`: `value` of val/f1 on validation set `data`, scoring `model` or making `made`."""
    found = dict(metrics or {})
    if value is not None:
        found["val/f1"] = value if isinstance(value, Metric) else metric(value, interval)
    datasets = () if data is None else (Dataset(name="validation", role="validation", sha256=data, rows=data_rows),)
    models = tuple(Model(name="model.pkl", role="input", sha256=digest(m)) for m in [model] if m)
    models += tuple(Model(name="model.pkl", role="made", sha256=digest(m)) for m in [made] if m)
    settings: dict[str, Any] = {
        "job": job, "number": number, "name": name, "record": f"{number:08x}", "stage": name, "result": "SUCCESS",
        "status": "complete", "started_at": at(number if hours is None else hours), "duration_s": 60.0,
        "metrics": found, "datasets": datasets, "models": models,
    }  # fmt: skip
    return RunRow(**{**settings, **more})


def options(**more: Any) -> LeaderboardOptions:
    about = {"val/f1": MetricOptions(name="val/f1", title="F1", format=".3f")}
    return LeaderboardOptions(**{"name": "churn", "metric": "val/f1", "metrics": about, **more})
