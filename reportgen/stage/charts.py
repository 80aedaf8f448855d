"""Charts that users hand in: Vega-Lite specifications whose data are inside."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.errors import RecordError
from reportgen.stage.files import readable
from reportgen.stage.values import word

_VIEWS = ("mark", "layer", "hconcat", "vconcat", "concat", "facet", "repeat", "spec")
MAX_DEPTH = 100
_LISTS = ("layer", "hconcat", "vconcat", "concat")
_MARKS = frozenset({
    "arc", "area", "bar", "boxplot", "circle", "errorband", "errorbar", "line", "point", "rect", "rule", "square", "text",
    "tick", "trail",
})  # fmt: skip
"""What the site draws: a chart that it would refuse is better refused where it is made."""
_UNDRAWN = {
    "image": "pictures in charts are not drawn: log_figure",
    "geoshape": "maps are not drawn: log_figure shows a picture",
}


def chart_spec(chart: Any) -> dict[str, Any]:
    """Return the specification of an Altair chart, a dictionary or a JSON file; RecordError if it is no Vega-Lite or
    names remote data."""
    if isinstance(chart, str) and chart.lstrip().startswith("{"):
        raise RecordError("a chart is a dictionary, not its text", hint="pass json.loads(text), or the path of a file")
    if isinstance(chart, (str, Path)):
        with readable("chart", chart):
            content = Path(chart).read_bytes()
        try:
            spec = json.loads(content)
        except (ValueError, RecursionError) as problem:
            raise RecordError(f"chart {str(chart)!r} is not JSON: {problem}") from None
    elif isinstance(chart, Mapping):
        spec = dict(chart)
    elif hasattr(chart, "to_dict"):
        spec = _of_altair(chart)
    else:
        raise RecordError(
            f"a chart is an Altair chart, a Vega-Lite dictionary or the path of a JSON file, not {type(chart).__name__}",
            hint="matplotlib figures and images go to log_figure",
        )
    if not isinstance(spec, dict):
        raise RecordError(f"the chart is not Vega-Lite: it is no object but {type(spec).__name__}")
    if "vega-lite" not in str(spec.get("$schema", "vega-lite")):
        raise RecordError(f"the chart is not Vega-Lite: its $schema is {spec['$schema']!r}")
    _check_view(spec)
    remote = find_remote(spec)
    if remote:
        raise RecordError(
            f"the chart takes its data from {remote!r}",
            hint="keep the data in the chart: pass a DataFrame or inline values, not an address",
        )
    return spec


def _of_altair(chart: Any) -> Any:
    """Return an Altair chart's specification with its data inside, whatever data transformer is in use and however many
    rows there are."""
    altair = sys.modules.get("altair")
    transformers = getattr(altair, "data_transformers", None)
    if transformers is None:
        return chart.to_dict()
    with transformers.enable("default", max_rows=None):
        return chart.to_dict()


def _check_view(view: Mapping[str, Any], where: str = "the chart", depth: int = 0) -> None:
    """Refuse what has no view in it, or one whose parts are of the wrong type; names of fields and channels are not checked."""
    if depth > MAX_DEPTH:
        raise RecordError("the chart is nested too deeply")
    if not any(part in view for part in _VIEWS):
        raise RecordError(f"{where} is not Vega-Lite: it has none of " + ", ".join(_VIEWS))
    if "mark" in view:
        _check_mark(view["mark"], where)
    for part in ("encoding", "data"):
        if view.get(part) is not None and not isinstance(view[part], Mapping):
            raise RecordError(f"{where} is not Vega-Lite: its {part} is no object")
    for part in _LISTS:
        if part in view:
            parts = view[part]
            if not isinstance(parts, (list, tuple)) or not parts or not all(isinstance(inner, Mapping) for inner in parts):
                raise RecordError(f"{where} is not Vega-Lite: its {part} is no list of views")
            for number, inner in enumerate(parts, start=1):
                _check_view(inner, f"{part} {number} of {where}", depth + 1)
    if isinstance(view.get("spec"), Mapping):
        _check_view(view["spec"], f"the spec in {where}", depth + 1)


def _check_mark(mark: Any, where: str) -> None:
    kind = mark.get("type") if isinstance(mark, Mapping) else mark
    kind = kind if isinstance(kind, str) else word(kind)
    if kind in _UNDRAWN:
        raise RecordError(f"{where} has the mark {kind!r}", hint=_UNDRAWN[kind])
    if kind not in _MARKS:
        raise RecordError(f"{where} is not Vega-Lite: {kind!r:.80} is no mark", hint="marks: " + ", ".join(sorted(_MARKS)))


def find_remote(spec: Any, depth: int = 0) -> str | None:
    """Return the first address that a specification would load data or a picture from, or None."""
    if depth > MAX_DEPTH:
        raise RecordError("the chart is nested too deeply")
    if isinstance(spec, Mapping):
        for part in ("data", "mark"):
            source = spec.get(part)
            if isinstance(source, Mapping) and "url" in source and not str(source["url"]).startswith("data:image/"):
                return str(source["url"])
        return _first([value for key, value in spec.items() if key not in {"values", "datasets"}], depth)
    if isinstance(spec, (list, tuple)):
        return _first(spec, depth)
    return None


def _first(values: Any, depth: int) -> str | None:
    return next(
        (found for value in values if isinstance(value, (Mapping, list, tuple)) if (found := find_remote(value, depth + 1))),
        None,
    )


def spec_bytes(spec: Mapping[str, Any]) -> bytes:
    """Return the specification as JSON; NaN and the infinities become null, dates text, numpy scalars numbers."""
    return json.dumps(_tidy(spec), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def _tidy(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, Mapping):
        return {word(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    if hasattr(value, "tolist"):
        return _tidy(value.tolist())
    return value.isoformat() if hasattr(value, "isoformat") else word(value)
