"""Data files of a version: every run as JSON and CSV, in the documented, versioned shape."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reportgen.model import Metric, RunRow
from reportgen.site.pages.base import Site
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

SCHEMA = 1
NEWEST = 5000
"""Runs in ``data/runs.json``; a site with more also has one file per job."""
CSV_COLUMNS = (
    "job", "number", "name", "stage", "result", "status", "started_at", "duration_s", "commit", "url", "page", "gone",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def time_text(moment: datetime | None) -> str | None:
    """Return a time in UTC that ends in Z, to the second or as exactly as it is known."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is not finite becomes the string that the record uses."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "value": plain(metric.value),
        "low": plain(metric.low),
        "high": plain(metric.high),
        "n": metric.n,
        "direction": metric.direction,
    }


def run_entry(site: Site, row: RunRow) -> dict[str, Any]:
    """Return a run as ``data/runs.json`` lists it."""
    return {
        "job": row.job,
        "number": row.number,
        "name": row.name,
        "stage": row.stage,
        "result": row.result,
        "started_at": time_text(row.started_at),
        "duration_s": plain(row.duration_s),
        "url": site.on_jenkins(row.job, row.number),
        "page": site.links.row(row),
        "params": {name: plain(row.params[name]) for name in sorted(row.params)},
        "metrics": {name: _metric(row.metrics[name]) for name in sorted(row.metrics)},
        "tags": {name: plain(row.tags[name]) for name in sorted(row.tags)},
        "datasets": [{"name": d.name, "role": d.role, "sha256": d.sha256} for d in row.datasets],
        "models": [
            {"name": m.name, "role": m.role, "sha256": m.sha256, "size": m.size_bytes, "framework": m.framework}
            for m in row.models
        ],
        "commit": row.commit,
        "upstream": [{"job": job, "number": number} for job, number in row.upstream],
        "status": row.status,
        "gone": None if row.gone_since is None else {"last_seen": time_text(row.gone_since)},
    }


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def runs_json(lines: Iterable[str], as_of: datetime | None, parts: Sequence[str] = ()) -> bytes:
    """Return a file of runs, one per line; `lines` are runs as JSON, newest first."""
    head: dict[str, Any] = {"schema": SCHEMA, "data_as_of": time_text(as_of)}
    if parts:
        head["parts"] = list(parts)
    listed = ",\n".join(lines)
    text = f'{_line(head)[:-1]},"runs":[\n{listed}\n]}}\n' if listed else f'{_line(head)[:-1]},"runs":[]}}\n'
    return text.encode("utf-8", "replace")


def run_lines(site: Site, rows: Iterable[RunRow]) -> Iterator[str]:
    """Yield runs as lines of ``data/runs.json``."""
    for row in rows:
        yield _line(run_entry(site, row))


def safe_cell(value: Any) -> Any:
    """Return a value for a CSV cell: text that a spreadsheet would take for a formula starts with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return plain(value)
    text = value if isinstance(value, str) else _line(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and text == text.strip()


class RunsTable:
    """``data/runs.csv`` in two passes over the runs: first the columns are learnt, then rows are written."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {"params": set(), "metrics": set(), "tags": set()}

    def learn(self, entry: Mapping[str, Any]) -> None:
        """Learn which params, metrics and tags there are."""
        for kind, names in self._names.items():
            names.update(entry[kind])

    def write(self, entries: Iterable[Mapping[str, Any]]) -> bytes:
        """Return the whole file."""
        columns = [(kind, name) for kind in ("params", "metrics", "tags") for name in sorted(self._names[kind])]
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*CSV_COLUMNS, *(safe_cell(f"{kind}.{name}") for kind, name in columns)])
        for entry in entries:
            fixed = [entry[name] for name in CSV_COLUMNS[:-1]]
            gone = entry["gone"]
            cells = [_cell(entry[kind].get(name)) for kind, name in columns]
            writer.writerow([safe_cell(value) for value in (*fixed, gone and gone["last_seen"], *cells)])
        return out.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) and "direction" in value else value


def export_files(
    site: Site, builds: Sequence[BuildRow], view: StoreView, as_of: datetime | None
) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the data files of all runs; `builds` newest first."""
    table = RunsTable()
    newest: list[str] = []
    by_job: dict[str, list[str]] = {}
    many = sum(build.runs for build in builds) > NEWEST
    for row in view.iter_run_rows():
        entry = run_entry(site, row)
        table.learn(entry)
        line = _line(entry)
        if len(newest) < NEWEST:
            newest.append(line)
        if many:
            by_job.setdefault(row.job, []).append(line)
    parts = sorted(site.links.job_runs(job) for job in by_job)
    yield "data/runs.json", runs_json(newest, as_of, parts)
    for job, lines in sorted(by_job.items()):
        yield site.links.job_runs(job), runs_json(lines, as_of)
    entries = map(json.loads, newest) if not many else (run_entry(site, row) for row in view.iter_run_rows())
    yield "data/runs.csv", table.write(entries)
