"""DVCLive directories: ``metrics.json``, ``params.yaml`` and a TSV per series below ``plots/metrics``."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

from reportgen.harvest.readers.images import FORMATS, read_images
from reportgen.harvest.readers.metrics import as_number, leaves, read_params, report
from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult, home_of, join, unread_lines
from reportgen.harvest.strict import BadJson, decode_text, load_json
from reportgen.model import Metric, Point

_SERIES = "plots/metrics/"
_STEP = re.compile(r"-?[0-9]{1,18}")


def claim_directories(paths: frozenset[str]) -> set[str]:
    """Return the paths in directories that DVCLive wrote: those with ``metrics.json`` and series beside it."""
    homes = {path.removesuffix("metrics.json") for path in paths if path == "metrics.json" or path.endswith("/metrics.json")}
    series = {path.rpartition(_SERIES)[0] for path in paths if f"/{_SERIES}" in f"/{path}" and path.endswith(".tsv")}
    ours = homes & series
    claimed = ((path, home) for path in paths if ours and (home := home_of(path, ours)) is not None)
    return {path for path, home in claimed if _belongs(path.removeprefix(home))}


def _belongs(path: str) -> bool:
    return path in {"metrics.json", "params.yaml"} or path.startswith("plots/")


def read_directories(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return metrics with their series, params and pictures; with several directories, names begin with the directory's."""
    homes = sorted({path.removesuffix("metrics.json") for path in files if path.rsplit("/", 1)[-1] == "metrics.json"})
    results = []
    for home in homes:
        prefix = home.rstrip("/").rsplit("/", 1)[-1] + "/" if len(homes) > 1 and home else ""
        inside = {path: content for path, content in files.items() if path.startswith(home)}
        results.append(_directory(home, prefix, inside, context))
    return join(results)


def _directory(home: str, prefix: str, files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    results = [
        read_params({path: content for path, content in files.items() if path == home + "params.yaml"}, context),
        read_images({path: content for path, content in files.items() if _is_picture(path)}, context),
    ]
    series: dict[str, tuple[Point, ...]] = {}
    for path in sorted(files):
        if path.startswith(home + _SERIES) and path.endswith(".tsv"):
            name = prefix + path.removeprefix(home + _SERIES).removesuffix(".tsv")
            try:
                series[name], unread = _series(files[path])
            except BadJson as problem:
                results.append(ReadResult.quarantined(path, str(problem)))
                continue
            if unread:
                results.append(ReadResult(problems=(unread_lines(path, unread),)))
        elif path.endswith(".json"):
            results.append(ReadResult(attachments=(report(path),)))
    try:
        value = load_json(files[home + "metrics.json"])
    except (BadJson, KeyError) as problem:
        return join([ReadResult.quarantined(home + "metrics.json", str(problem)), *results])
    metrics = _metrics(value, prefix, series)
    return join([ReadResult(metrics=tuple(metrics), series={m.name: series[m.name] for m in metrics if m.points}), *results])


def _is_picture(path: str) -> bool:
    return path.rpartition(".")[2].lower() in FORMATS


def _metrics(value: Any, prefix: str, series: Mapping[str, tuple[Point, ...]]) -> list[Metric]:
    """Return the metrics of the summary, then those of series that the summary does not name."""
    found: dict[str, Metric] = {}
    for name, leaf in leaves(value) if isinstance(value, Mapping) else ():
        number = as_number(leaf)
        if number is None or name == "step":
            continue
        points = series.get(prefix + name, ())
        step = points[-1].step if points else None
        found[prefix + name] = Metric(name=prefix + name, value=number, step=step, points=len(points))
    for name, points in series.items():
        if points and name not in found:
            found[name] = Metric(name=name, value=points[-1].value, step=points[-1].step, points=len(points))
    return list(found.values())


def _series(content: bytes) -> tuple[tuple[Point, ...], int]:
    """Return the points of a TSV with a column ``step`` and the value in its last column, and how many lines are none."""
    rows = csv.reader(decode_text(content).splitlines(), delimiter="\t")
    points: dict[int, float] = {}
    unread = 0
    try:
        head = next(rows, [])
        if "step" not in head or len(head) < 2:
            raise BadJson("no series: there is no column `step` and a value")
        place = head.index("step")
        for row in rows:
            if len(row) == len(head) and _STEP.fullmatch(row[place]) and (value := _number(row[-1])) is not None:
                points[int(row[place])] = value
            else:
                unread += bool(row)
    except csv.Error as problem:
        raise BadJson(f"no series: {problem}") from None
    return tuple(Point(step=step, value=points[step]) for step in sorted(points)), unread


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


DVCLIVE = Reader(
    name="dvclive",
    matches=lambda path: f"/{_SERIES}" in f"/{path}",
    claims=claim_directories,
    read=read_directories,
)
