"""JSON files by what is in them: charts, scikit-learn reports, benchmark results, boosted trees; the rest may be metrics.

A name says little about a JSON file, so each is looked at. What none of the kinds here recognises goes to
`reportgen.harvest.readers.metrics`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from reportgen.harvest.readers.metrics import as_number, is_metrics_path, name_prefixes, read_metrics, report
from reportgen.harvest.readers.trees import xgboost_json_model
from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size, join
from reportgen.harvest.strict import BadJson, clean_text, load_json
from reportgen.model import Attachment, Direction, Metric

_AVERAGES = ("macro avg", "weighted avg")
_REPORTED = frozenset({"precision", "recall", "f1-score", "support"})
_LOWER_UNITS = re.compile(r"(?:[nµum]?s|ns|us|ms|sec(?:onds?)?|min|[kmg]?i?b|bytes)(?:/(?:iter|op|call))?$", re.IGNORECASE)
_HIGHER_UNITS = re.compile(r"(?:.*/(?:s|sec|second)|ops|[tf]ps)$", re.IGNORECASE)
_RANGE = re.compile(r"(?:±|\+/-)?\s*(\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?)$")


class Kind(NamedTuple):
    """A kind of JSON file: `hint` are bytes it always holds, `is_one` decides on the value, `read` gives the result."""

    name: str
    hint: bytes
    is_one: Callable[[Any], bool]
    read: Callable[[str, str, Any, bytes, ReadContext], ReadResult]


def read_json_files(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return what is in JSON files: each kind by its own rules, all others as plain metrics."""
    prefixes = name_prefixes(files)
    results: list[ReadResult] = []
    rest: dict[str, bytes] = {}
    for path in sorted(files):
        found = _recognise(path, prefixes[path], files[path], context)
        if found is None:
            rest[path] = files[path]
        else:
            results.append(found)
    return join([*results, read_metrics(rest, context, prefixes=prefixes)] if rest else results)


def _recognise(path: str, prefix: str, content: bytes, context: ReadContext) -> ReadResult | None:
    hinted = [kind for kind in KINDS if kind.hint in content]
    if not hinted or len(content) > context.limits.json_:
        return None
    try:
        value = load_json(content)
    except BadJson:
        return None
    for kind in hinted:
        if kind.is_one(value):
            return kind.read(path, prefix, value, content, context)
    return None


def is_vega_lite(value: Any) -> bool:
    """Tell whether a JSON value is a Vega-Lite chart."""
    return isinstance(value, Mapping) and "vega-lite" in str(value.get("$schema", ""))


def _chart(path: str, _prefix: str, _value: Any, content: bytes, context: ReadContext) -> ReadResult:
    name = path.rsplit("/", 1)[-1]
    stem = re.sub(r"(?:\.vl|\.vega|\.vg)?\.json$", "", name)
    attachment = Attachment(kind="chart", name=stem or name, label=name, format="vega-lite", path=path)
    if len(content) > context.limits.chart:
        reason = f"{len(content):,} bytes are over the limit of {context.limits.chart:,}"
        attachment = replace(attachment, state="over limit", reason=reason)
    return ReadResult(attachments=(attachment,))


def is_classification_report(value: Any) -> bool:
    """Tell whether a JSON value is what scikit-learn's ``classification_report(output_dict=True)`` returns."""
    return isinstance(value, Mapping) and all(
        isinstance(value.get(average), Mapping) and value[average].keys() >= _REPORTED for average in _AVERAGES
    )


def _classification_report(path: str, prefix: str, value: Any, _content: bytes, context: ReadContext) -> ReadResult:
    """Keep the keys as scikit-learn spells them; `support` says on how many rows the numbers beside it rest."""
    metrics: list[Metric] = []
    rows = _count(value["macro avg"].get("support"))
    for label, part in value.items():
        name = prefix + clean_text(str(label))
        if not isinstance(part, Mapping):
            number = as_number(part)
            if number is not None:
                metrics.append(Metric(name=name, value=number, direction="higher", n=rows))
            continue
        support = _count(part.get("support"))
        for key, leaf in part.items():
            number = as_number(leaf)
            if number is not None:
                counted = key == "support"
                direction: Direction = "none" if counted else "higher"
                n = None if counted else support
                metrics.append(Metric(name=f"{name}/{clean_text(str(key))}", value=number, direction=direction, n=n))
    return ReadResult(metrics=tuple(metrics), attachments=(report(path),))


def _count(value: Any) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and 0 <= number < 1 << 53 else None


def is_benchmark(value: Any) -> bool:
    """Tell whether a JSON value is a list of benchmark results with name, unit and value."""
    return isinstance(value, Sequence) and bool(value) and all(_is_result(entry) for entry in value)


def _is_result(entry: Any) -> bool:
    if not isinstance(entry, Mapping):
        return False
    named = isinstance(entry.get("name"), str) and isinstance(entry.get("unit"), str)
    return named and as_number(entry.get("value")) is not None


def _benchmark(path: str, prefix: str, value: Any, _content: bytes, context: ReadContext) -> ReadResult:
    metrics = benchmark_metrics(value, prefix)
    return ReadResult(metrics=metrics, attachments=(report(path),))


def benchmark_metrics(entries: Sequence[Mapping[str, Any]], prefix: str, tool: str = "") -> tuple[Metric, ...]:
    """Return a metric per benchmark result; of a name that comes twice the first one holds."""
    metrics: dict[str, Metric] = {}
    for entry in entries:
        name = prefix + clean_text(entry["name"])[:500]
        unit = clean_text(entry["unit"])[:80]
        spread = _RANGE.search(str(entry.get("range", "")).strip()) if entry.get("range") is not None else None
        metrics.setdefault(
            name,
            Metric(
                name=name,
                value=as_number(entry["value"]),
                unit=unit or None,
                direction=_benchmark_direction(unit, tool),
                std=float(spread[1].replace(",", "")) if spread else None,
            ),
        )
    return tuple(metrics.values())


def _benchmark_direction(unit: str, tool: str) -> Direction | None:
    if "SmallerIsBetter" in tool:
        return "lower"
    if "BiggerIsBetter" in tool or _HIGHER_UNITS.match(unit):
        return "higher"
    return "lower" if _LOWER_UNITS.match(unit) else None


def _is_xgboost(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("learner"), Mapping) and "version" in value


def _xgboost(path: str, _prefix: str, value: Any, content: bytes, context: ReadContext) -> ReadResult:
    return ReadResult(models=(xgboost_json_model(path, value, content, context),))


KINDS: tuple[Kind, ...] = (
    Kind("chart", b"vega-lite", is_vega_lite, _chart),
    Kind("classification report", b'"macro avg"', is_classification_report, _classification_report),
    Kind("benchmark", b'"unit"', is_benchmark, _benchmark),
    Kind("xgboost", b'"learner"', _is_xgboost, _xgboost),
)


def read_benchmark_page(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return the newest results in ``data.js`` files that github-action-benchmark keeps for its page."""
    results = []
    for path in sorted(files):
        text = files[path].partition(b"=")[2].strip().removesuffix(b";")
        try:
            check_size(files[path], context.limits.json_)
            value = load_json(text)
        except (BadJson, OverLimit) as problem:
            results.append(ReadResult.quarantined(path, problem))
            continue
        suites = value.get("entries") if isinstance(value, Mapping) else None
        if not isinstance(suites, Mapping):
            results.append(ReadResult.quarantined(path, "no benchmark results: there is no object `entries`"))
            continue
        metrics = [metric for suite, history in suites.items() for metric in _newest(suite, history, len(suites) > 1)]
        results.append(ReadResult(metrics=tuple(metrics), attachments=(report(path),)))
    return join(results)


def _newest(suite: str, history: Any, several: bool) -> tuple[Metric, ...]:
    entries = [entry for entry in history if isinstance(entry, Mapping)] if isinstance(history, list) else []
    newest = max(entries, key=lambda entry: as_number(entry.get("date")) or 0, default={})
    benches = newest.get("benches")
    results = [{"unit": "", **bench} for bench in benches if isinstance(bench, Mapping)] if isinstance(benches, list) else []
    prefix = clean_text(suite) + "/" if several else ""
    return benchmark_metrics([each for each in results if _is_result(each)], prefix, str(newest.get("tool", "")))


JSON_FILES = Reader(name="metrics", matches=is_metrics_path, read=read_json_files)
CHARTS = Reader(
    name="vega-lite",
    matches=lambda path: path.lower().endswith((".vl.json", ".vega.json", ".vegalite.json")),
    read=read_json_files,
)
BENCHMARK_PAGE = Reader(
    name="github-action-benchmark", matches=lambda path: path.rsplit("/", 1)[-1] == "data.js", read=read_benchmark_page
)
