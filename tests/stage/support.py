"""Reading back what a run wrote."""

from __future__ import annotations

from typing import Any

import reportgen
from reportgen.record import Record, read_record


def record(run: reportgen.Run) -> Record:
    """Return the run's record as a reader finds it."""
    return read_record(run.directory.name, (run.directory / "events.jsonl").read_bytes())


def events(run: reportgen.Run) -> tuple[dict[str, Any], ...]:
    """Return the run's events."""
    return record(run).events


def of_kind(run: reportgen.Run, kind: str) -> list[dict[str, Any]]:
    """Return the run's events of one kind."""
    return [event for event in events(run) if event["kind"] == kind]


def metrics(run: reportgen.Run) -> dict[str, Any]:
    """Return the last value of each metric."""
    return {event["name"]: event["value"] for event in of_kind(run, "metric")}


def params(run: reportgen.Run) -> dict[str, Any]:
    """Return the params."""
    return {event["name"]: event["value"] for event in of_kind(run, "param")}
