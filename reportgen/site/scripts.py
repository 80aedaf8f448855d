"""The data scripts: what the site's own scripts load, as classic JavaScript files that assign to one global.

A page opened by double-click can neither fetch nor import, so data comes as scripts. Each file is
``(self.reportgen = self.reportgen || {}).SLOT … = JSON;`` and nothing else; docs/reference/data-scripts.md has the shapes.
Pure: values in, text out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from reportgen.model import Direction, Metric, RunRow

SCHEMA: Final = 1
PART_RUNS: Final = 500
"""Build numbers per compare part: a new build changes one part of its job."""
LIVE: Final = "live.js"
SEARCH: Final = "data/search.js"
_AT_ONCE: Final = 200
"""Rows of a table that are made and written together: all of a long one would take much memory."""
_NUMBER: Final = re.compile(r"^jobs/(?P<job>.+)/(?P<number>\d+)(?P<rest>~\d+)?(?:/(?P<run>[^/]+))?/index\.html$")


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class Doc(NamedTuple):
    """Something search can find. `page` is relative to the version; `words` are found but not shown."""

    kind: str
    title: str
    page: str
    detail: str = ""
    words: str = ""


class Shape(NamedTuple):
    """How scripts write a metric: `spec` is a number format such as ``.3f``."""

    title: str
    spec: str = ""
    direction: Direction | None = None
    unit: str = ""


def script(slot: str, value: object, *, key: str | None = None) -> str:
    """Return the file that assigns `value` to ``reportgen.SLOT``, or to its entry `key`."""
    return _assigned(slot, to_json(value), key)


def _assigned(slot: str, data: str, key: str | None) -> str:
    return f"{_opening(slot, key)}{data};\n"


def _opening(slot: str, key: str | None) -> str:
    if key is None:
        return f"(self.reportgen = self.reportgen || {{}}).{slot} = "
    return f"self.reportgen = self.reportgen || {{}};\n(reportgen.{slot} = reportgen.{slot} || {{}})[{to_json(key)}] = "


def to_json(value: object) -> str:
    """Return compact JSON that is safe inside a script: no ``<``, no line separators, no number that is not one."""
    try:
        text = _ENCODE(value)
    except (ValueError, TypeError):  # what JSON does not know is rare; to look at every value for it costs more than the rest
        text = _ENCODE(_plain(value))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("]]>", "]]\\u003e")


def _plain(value: object) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def live_script(
    *, version: str, as_of: datetime | None, newest: Mapping[str, str], versions: Sequence[tuple[str, str]] = ()
) -> str:
    """Return ``live.js``: what the header of every page shows where scripts run.

    `newest` maps a job's directory below ``jobs/`` to the page of its newest finished build; `versions` are the versions that
    were published before, newest first, as (id, title).
    """
    moment = as_of.astimezone(UTC) if as_of is not None else None
    value = {
        "schema": SCHEMA,
        "version": version,
        "as_of": moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None,
        "newest": sorted(newest.items()),
        "versions": [list(item) for item in versions],
    }
    return script("live", value)


def doc_row(doc: Doc) -> str:
    """Return a document as the search index lists it, as JSON that is safe inside a script."""
    return to_json([doc.kind, doc.title, doc.page, doc.detail, doc.words])


def search_script(rows: Iterable[str]) -> Iterator[str]:
    """Yield the search index in pieces: the rows that `doc_row` made, in the order given."""
    head, tail = script("search", {"schema": SCHEMA, "docs": []}).split("[]")
    yield f"{head}["
    for place, row in enumerate(rows):
        yield f",{row}" if place else row
    yield f"]{tail}"


def run_doc(row: RunRow, page: str, *, notes: Sequence[str] = (), errors: Sequence[str] = ()) -> Doc:
    """Return what search knows of a run: commit, params and their values, metrics, tags, data sets, models, words of notes."""
    parts: list[str] = [row.result, row.status, row.stage, row.commit or "", row.branch or ""]
    parts += [f"{name}={_short(value)}" for name, value in row.params.items()]
    parts += [f"{name}={_short(value)}" for name, value in row.tags.items()]
    parts += list(row.metrics)
    parts += [f"{dataset.name} {dataset.sha256 or ''}" for dataset in row.datasets]
    parts += [f"{model.name} {model.sha256}" for model in row.models]
    parts += [*(_words_of(note) for note in notes), *errors]
    detail = row.started_at.astimezone(UTC).strftime("%Y-%m-%d")
    return Doc("run", str(row.key), page, detail, " ".join(part for part in parts if part)[:2000])


def _short(value: object) -> str:
    return str(value)[:80]


def _words_of(note: str) -> str:
    seen = dict.fromkeys(re.findall(r"[^\W_][\w./%-]{1,40}", note[:4000]))
    return " ".join(list(seen)[:120])


def series_path(digest: str) -> str:
    """Return the address of a script with the series of a run, by the digest that names them in the store."""
    return f"data/series/{digest[:24]}.js"


def series_script(path: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return the script with the series of a run, a list of steps and values by name; `path` is its own address."""
    return script("series", {"schema": SCHEMA, "series": sorted(series.items())}, key=path)


def part_path(page: str) -> str | None:
    """Return the compare part that holds the run with this page; None for a page that is no run's."""
    found = _NUMBER.match(page)
    return f"data/compare/{found['job']}/{int(found['number']) // PART_RUNS}.js" if found else None


def compare_parts(
    rows: Iterable[RunRow],
    *,
    page_of: Callable[[RunRow], str],
    shapes: Mapping[str, Shape],
    numbers: Mapping[str, str] | None = None,
    series: Callable[[RunRow], str | None] | None = None,
) -> dict[str, str]:
    """Return path → compare part for `rows`; each part holds the runs of one job whose numbers fall into its range.

    `numbers` may give a metric's number format where `shapes` has none; `series` the address of a run's series.
    """
    parts: dict[str, dict[str, Any]] = {}
    names: dict[str, set[str]] = {}
    for row in rows:
        page = page_of(row)
        path = part_path(page)
        if path is None:
            continue
        key = page.removesuffix("/index.html").removeprefix("jobs/")
        parts.setdefault(path, {})[key] = compared_run(row, page, series(row) if series else None)
        names.setdefault(path, set()).update(row.metrics)
    return {
        path: script(
            "parts", {"schema": SCHEMA, "runs": runs, "metrics": _shapes(names[path], shapes, numbers or {})}, key=path
        )
        for path, runs in sorted(parts.items())
    }


def _shapes(names: Iterable[str], shapes: Mapping[str, Shape], numbers: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    found = ((name, shapes.get(name) or Shape(name, numbers.get(name, ""))) for name in sorted(names))
    return [(name, [shape.title, shape.spec, shape.direction or "none", shape.unit]) for name, shape in found]


def compared_run(row: RunRow, page: str, series: str | None = None) -> dict[str, Any]:
    """Return a run as the compare page needs it.

    Params and metrics are pairs, as a script's object takes ``__proto__`` for something else than a name.
    """
    return {
        "title": str(row.key),
        "page": page,
        "date": row.started_at.astimezone(UTC).strftime("%Y-%m-%d"),
        "result": row.result,
        "commit": row.commit,
        "duration": row.duration_s,
        "params": [(name, _value(value)) for name, value in sorted(row.params.items())],
        "metrics": [(name, _metric(metric)) for name, metric in sorted(row.metrics.items())],
        "datasets": {d.role or d.name: [d.name, (d.sha256 or "")[:12]] for d in row.datasets},
        **({"series": series} if series else {}),
    }


def _value(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(_plain(value), sort_keys=True)[:200]


def _metric(metric: Metric) -> list[Any]:
    return [metric.value, metric.low, metric.high, metric.n]


def chart_script(path: str, spec: Mapping[str, Any]) -> str:
    """Return the script beside a drawing that makes it interactive; `path` is its own address in the version."""
    return script("charts", spec, key=path)


class TableColumn(NamedTuple):
    """A column of a windowed table: `sort` is ``num``, ``text``, ``time`` or empty; `kind` are the classes of its cells."""

    label: str
    sort: str = ""
    kind: str = ""


def table_script(path: str, columns: Sequence[TableColumn], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield, in pieces, the script with all rows of a table whose first ones stand in the page.

    A cell is a text, a number, ``[text, sort value, address relative to the version, classes]`` with a shorter tail allowed, or
    an object (docs/reference/data-scripts.md).
    """
    heads = to_json([list(column) for column in columns])
    todo = map(list, rows)
    yield f'{_opening("tables", path)}{{"schema":{SCHEMA},"columns":{heads},"rows":['
    between = ""
    while batch := list(islice(todo, _AT_ONCE)):
        yield f"{between}{to_json(batch)[1:-1]}"
        between = ","
    yield "]};\n"
