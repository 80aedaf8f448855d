"""Charts that users hand in: Vega-Lite specifications whose data are inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen import record
from reportgen.errors import RecordError

_VIEWS = ("mark", "layer", "hconcat", "vconcat", "concat", "facet", "repeat", "spec")


def chart_spec(chart: Any) -> dict[str, Any]:
    """Return the specification of an Altair chart, a dictionary or a JSON file; RecordError if it is no Vega-Lite or
    names remote data."""
    if isinstance(chart, (str, Path)):
        try:
            spec = json.loads(Path(chart).read_text(encoding="utf-8"))
        except ValueError as problem:
            raise RecordError(f"chart {str(chart)!r} is not JSON: {problem}") from None
    elif isinstance(chart, Mapping):
        spec = dict(chart)
    elif hasattr(chart, "to_dict"):
        spec = chart.to_dict()
    else:
        raise RecordError(
            f"a chart is an Altair chart, a Vega-Lite dictionary or the path of a JSON file, not {type(chart).__name__}",
            hint="matplotlib figures and images go to log_figure",
        )
    if not isinstance(spec, dict) or not any(view in spec for view in _VIEWS):
        raise RecordError("the chart is not Vega-Lite: it has none of " + ", ".join(_VIEWS))
    if "vega-lite" not in str(spec.get("$schema", "vega-lite")):
        raise RecordError(f"the chart is not Vega-Lite: its $schema is {spec['$schema']!r}")
    remote = find_remote(spec)
    if remote:
        raise RecordError(
            f"the chart takes its data from {remote!r}",
            hint="keep the data in the chart: pass a DataFrame or inline values, not an address",
        )
    return spec


def find_remote(spec: Any, depth: int = 0) -> str | None:
    """Return the first address that a specification would load data from, or None."""
    if depth > 100:
        raise RecordError("the chart is nested too deeply")
    if isinstance(spec, Mapping):
        data = spec.get("data")
        if isinstance(data, Mapping) and "url" in data:
            return str(data["url"])
        return _first(spec.values() if not (isinstance(data, Mapping) and "values" in data) else _without_values(spec), depth)
    if isinstance(spec, (list, tuple)):
        return _first(spec, depth)
    return None


def _without_values(spec: Mapping[str, Any]) -> list[Any]:
    return [value for key, value in spec.items() if key not in {"data", "datasets"}]


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
        return {str(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    if hasattr(value, "tolist"):
        return _tidy(value.tolist())
    return value.isoformat() if hasattr(value, "isoformat") else record.text(str(value))
