"""The documented shapes of what is exported: runs, leaderboards and comparisons as JSON and CSV, schema 1.

Pure: values in, plain dictionaries and rows of cells out. The command line and the site write the same bytes from them.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from reportgen.analysis.cells import bare_values
from reportgen.analysis.compare import Comparison, MetricLine
from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.values import Board, BoardRow, Group, Leaderboard, MetricOptions
from reportgen.model import Metric, RunRow

SCHEMA = 1
RUN_CSV = ("job", "number", "name", "stage", "result", "status", "started_at", "duration_s", "commit", "url", "page", "gone")
LEADERBOARD_CSV = (
    "board", "rank", "tied", "separable", "job", "number", "name", "value", "low", "high", "n", "delta_champion", "champion",
    "baseline", "missing",
)  # fmt: skip
COMPARE_CSV = (
    "kind", "name", "direction", "same", "job", "number", "run", "baseline", "value", "delta", "separable",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def time_text(moment: datetime) -> str:
    """Return a time in UTC that ends in Z, as exactly as it is known."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: what is not finite becomes the string that a record has for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else ("nan" if math.isnan(value) else ("inf" if value > 0 else "-inf"))
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if isinstance(value, int) else str(value)


_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def line(value: Any) -> str:
    """Return JSON on one line, as short as it gets."""
    return _LINE.encode(value)


def run_json(
    row: RunRow, *, page: str | None = None, url: str | None = None, about: Mapping[str, MetricOptions] = MappingProxyType({})
) -> dict[str, Any]:
    """Return a run as ``data/runs.json`` lists it; `page` is its address in the version, `url` the build on Jenkins.

    `about` is what the configuration says of metrics.
    """
    return {
        "job": row.job,
        "number": row.number,
        "name": row.name,
        "stage": row.stage,
        "result": row.result,
        "started_at": time_text(row.started_at),
        "duration_s": plain(row.duration_s),
        "url": url,
        "page": page,
        "params": {name: plain(row.params[name]) for name in sorted(row.params)},
        "metrics": {name: metric_json(row.metrics[name], about.get(name)) for name in sorted(row.metrics)},
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


def metric_json(metric: Metric, about: MetricOptions | None = None) -> dict[str, Any]:
    """Return a metric of a run: value, interval, n, and the direction as pages tell it: configured, logged, or by its name."""
    direction = (about.direction if about else None) or metric.direction or direction_by_name(metric.name)
    return {
        "value": plain(metric.value),
        "low": plain(metric.low),
        "high": plain(metric.high),
        "n": metric.n,
        "direction": direction,
    }


def runs_text(lines: Iterable[str], data_as_of: datetime | None, parts: Sequence[str] = ()) -> Iterator[str]:
    """Yield a file of runs, one per line; `lines` are runs as JSON, newest first, `parts` further files."""
    head: dict[str, Any] = {"schema": SCHEMA, "data_as_of": None if data_as_of is None else time_text(data_as_of)}
    if parts:
        head["parts"] = list(parts)
    yield line(head)[:-1] + ',"runs":['
    mark = "\n"
    for one in lines:
        yield mark + one
        mark = ",\n"
    yield "\n]}\n" if mark == ",\n" else "]}\n"


def leaderboard_json(board: Leaderboard) -> dict[str, Any]:
    """Return a leaderboard as ``data/leaderboards/<name>.json`` holds it."""
    return {
        **_leaderboard_head(board),
        "boards": [{"comparable": dict(one.comparable.by), "rows": list(_board_rows(one))} for one in board.boards],
    }


def leaderboard_text(board: Leaderboard) -> Iterator[str]:
    """Yield `leaderboard_json` as the file has it, row by row: a large one never stands in memory whole."""
    yield line(_leaderboard_head(board))[:-1] + ',"boards":['
    for place, one in enumerate(board.boards):
        yield ("," if place else "") + line({"comparable": dict(one.comparable.by)})[:-1] + ',"rows":['
        mark = ""
        for row in _board_rows(one):
            yield mark + line(row)
            mark = ","
        yield "]}"
    yield "]}\n"


def _leaderboard_head(board: Leaderboard) -> dict[str, Any]:
    current = board.current
    direction = current.comparable.direction if current is not None else "none"
    return {"schema": SCHEMA, "metric": board.options.metric, "direction": direction}


def _board_rows(board: Board) -> Iterator[dict[str, Any]]:
    names = [column.name for column in board.columns]
    for row, values in zip(board.rows, bare_values(board.rows, board.columns), strict=True):
        yield _board_row(row, dict(zip(names, map(plain, values), strict=True)))


def _board_row(row: BoardRow, columns: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "rank": row.rank,
        "tied": row.tied,
        "separable": row.separable,
        "job": row.run.job,
        "number": row.run.number,
        "name": row.run.name,
        "value": plain(row.value),
        "low": plain(row.low),
        "high": plain(row.high),
        "n": row.n,
        "delta_champion": plain(row.delta_champion.value) if row.delta_champion is not None else None,
        "champion": row.champion,
        "baseline": row.baseline,
        "missing": row.missing,
        "columns": columns,
    }
    return found if row.group is None else {**found, "group": _group(row.group)}


def _group(group: Group) -> dict[str, Any]:
    return {
        "by": plain(group.by),
        "mean": group.mean,
        "sd": group.sd,
        "n": group.n,
        "min": group.minimum,
        "max": group.maximum,
        "members": [{"job": run.job, "number": run.number, "name": run.name} for run in group.members],
        "without": [{"job": run.job, "number": run.number, "name": run.name} for run in group.without],
    }


def compare_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as ``compare --json`` prints it: differing params and metrics first."""
    return {
        "schema": SCHEMA,
        "runs": [
            {
                "job": run.job,
                "number": run.number,
                "name": run.name,
                "started_at": time_text(run.started_at),
                "result": run.result,
                "baseline": place == comparison.baseline,
            }
            for place, run in enumerate(comparison.runs)
        ],
        "same_data": comparison.same_data,
        "params": [{"name": p.name, "values": plain(p.values), "same": p.same} for p in comparison.params],
        "metrics": [_metric_line(metric) for metric in comparison.metrics],
    }


def compare_text(comparison: Comparison) -> Iterator[str]:
    """Yield `compare_json` as a file has it."""
    yield line(compare_json(comparison)) + "\n"


def _metric_line(metric: MetricLine) -> dict[str, Any]:
    return {
        "name": metric.name,
        "direction": metric.direction,
        "values": plain(metric.values),
        "deltas": [plain(d.value) if d is not None else None for d in metric.deltas],
        "separable": [d.separable if d is not None else None for d in metric.deltas],
        "same": metric.same,
    }


def compare_rows(comparison: Comparison) -> Iterator[list[Any]]:
    """Yield head and rows of ``compare --csv``: one row for each param or metric of each run, in the order of the JSON."""
    found = compare_json(comparison)
    yield list(COMPARE_CSV)
    for kind in ("param", "metric"):
        for each in found[f"{kind}s"]:
            nothing = [None] * len(found["runs"])
            cells = zip(found["runs"], each["values"], each.get("deltas", nothing), each.get("separable", nothing), strict=True)
            for run, value, delta, separable in cells:
                about = [kind, each["name"], each.get("direction"), each["same"]]
                yield [*about, run["job"], run["number"], run["name"], run["baseline"], value, delta, separable]


def safe_cell(value: Any) -> Any:
    """Return a value for a CSV cell: text that a spreadsheet would take for a formula starts with an apostrophe."""
    if isinstance(value, float):
        return value if math.isfinite(value) else plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else line(plain(value))
    dangerous = text.lstrip(" ").startswith(_FORMULA) and _NUMBER.fullmatch(text) is None
    return f"'{text}" if dangerous else text


class _Echo:
    """A file that hands back what is written to it: so a writer of the csv module returns lines."""

    @staticmethod
    def write(text: str) -> str:
        return text


def csv_text(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield lines of CSV with every cell made safe."""
    return _csv_lines([safe_cell(value) for value in row] for row in rows)


def csv_under(columns: Sequence[str], lines: Iterable[tuple[Sequence[str], str]]) -> Iterator[str]:
    """Yield lines of CSV, each given with the columns it was written under, under `columns`, which have all of those."""
    blank = dict.fromkeys(columns, "")
    for own, text in lines:
        if own == columns:
            yield text
        else:
            cells = zip(own, next(csv.reader([text])), strict=True)
            yield from _csv_lines([[*{**blank, **dict(cells)}.values()]])


def _csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    # a cell with a bare CR is quoted only where the line ends with one
    write: Any = csv.writer(_Echo, lineterminator="\r\n").writerow
    for row in rows:
        yield write(row)[:-2] + "\n"


def leaderboard_rows(board: Leaderboard) -> Iterator[list[Any]]:
    """Yield head and rows of ``data/leaderboards/<name>.csv``; `board` is what its runs have in common."""
    columns = [column.name for column in board.boards[0].columns] if board.boards else []
    yield [*LEADERBOARD_CSV, *columns]
    for one in board.boards:
        mark = _board_name(one)
        for found in _board_rows(one):
            yield [mark, *(found[name] for name in LEADERBOARD_CSV[1:]), *(found["columns"].get(name) for name in columns)]


def _board_name(board: Board) -> str:
    """The digests (or values) a board goes by, in the order of ``comparable_by``."""
    return " ".join(value or "unknown" for value in board.comparable.by.values())


class RunsTable:
    """``data/runs.csv`` in two passes over the runs: first the columns are learnt, then the lines are written."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {"params": set(), "metrics": set(), "tags": set()}

    def learn(self, run: Mapping[str, Any]) -> None:
        """Learn which params, metrics and tags a run (as JSON) has."""
        for kind, names in self._names.items():
            names.update(run[kind])

    @property
    def columns(self) -> list[str]:
        """All columns."""
        return [*RUN_CSV, *(f"{kind}.{name}" for kind in self._names for name in sorted(self._names[kind]))]

    def lines(self, runs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the line of each run (as JSON)."""
        blank = dict.fromkeys(self.columns)
        return csv_text([*{**blank, **_run_cells(run)}.values()] for run in runs)


def _run_cells(run: Mapping[str, Any]) -> dict[str, Any]:
    cells = {name: run[name] for name in RUN_CSV[:-1]}
    cells["gone"] = run["gone"]["last_seen"] if run["gone"] else None
    cells |= {f"params.{name}": value for name, value in run["params"].items()}
    cells |= {f"metrics.{name}": metric["value"] for name, metric in run["metrics"].items()}
    cells |= {f"tags.{name}": value for name, value in run["tags"].items()}
    return cells


def build_url(base: str, job: str, number: int) -> str | None:
    """Return the address of a build below the controller's address `base`, made of names; None without a base."""
    if not base:
        return None
    parts = "/".join(f"job/{quote(part, safe='')}" for part in job.split("/"))
    return f"{base.rstrip('/')}/{parts}/{number}/"
