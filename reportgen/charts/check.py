"""The allow-list for Vega-Lite specifications that came out of a build.

Whoever can archive a file in a job can write one, and it is later run by the renderer and in every reader's browser. So what a
specification may contain is listed here: data inside it, known marks, channels and transforms, a safe part of the expression
language, and sizes. Links and embed options are dropped, because they are common and harmless to lose; all else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reportgen.charts import theme
from reportgen.charts.expressions import check_expression, words
from reportgen.charts.values import Spec
from reportgen.errors import ChartError

MARKS: Final = words(
    """
    arc area bar boxplot circle errorband errorbar line point rect rule square text tick trail
    """
)
CHANNELS: Final = words(
    """
    x y x2 y2 xError xError2 yError yError2 xOffset yOffset theta theta2 radius radius2 color fill stroke opacity
    fillOpacity strokeOpacity strokeWidth strokeDash size angle shape detail key text tooltip description order facet
    row column time
    """
)
VIEW_KEYS: Final = words(
    """
    $schema align autosize background bounds center columns config concat data datasets description encoding facet
    hconcat height layer mark name padding params repeat resolve spacing spec title transform vconcat view width
    """
)
TRANSFORMS: Final = words(
    """
    aggregate bin calculate density extent filter flatten fold impute joinaggregate loess lookup pivot quantile
    regression sample stack timeUnit window
    """
)
DATA_KEYS: Final = frozenset({"values", "name", "format", "sequence"})
PARAM_KEYS: Final = frozenset({"name", "value", "expr", "select", "bind", "views", "react"})
SELECT_KEYS: Final = words(
    """
    type encodings fields nearest resolve mark on clear toggle translate zoom
    """
)
DROPPED: Final = frozenset({"usermeta", "href"})
REFUSED: Final = words(
    """
    url signal signals events element loader projection topojson graticule
    """
)
_EXPRESSIONS: Final = frozenset({"expr", "calculate", "labelExpr"})
_CONDITIONS: Final = frozenset({"filter", "test"})
_PLAIN_EVENTS: Final = words(
    """
    click dblclick mousedown mouseup mouseover mouseout mousemove pointerdown pointerup pointerover pointerout
    pointermove wheel touchstart touchend
    """
)
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecLimits:
    """How large a specification may be; `side` is a width or height in pixels."""

    spec_bytes: int = 2 * 1024**2
    rows: int = 20_000
    side: float = 4000
    count: float = 5000


def load_spec(text: bytes, *, limits: SpecLimits | None = None) -> Spec:
    """Return the checked specification in a file of a build; see `checked`."""
    limits = limits or SpecLimits()
    if len(text) > limits.spec_bytes:
        raise ChartError(f"the chart has {len(text):,} bytes, at most {limits.spec_bytes:,} are read")
    try:
        spec = json.loads(text, parse_constant=lambda _word: None)
    except (ValueError, RecursionError) as error:
        raise ChartError(f"the chart is not JSON: {str(error)[:120]}") from None
    return checked(spec, limits=limits)


def checked(spec: object, *, limits: SpecLimits | None = None) -> Spec:
    """Return a copy of a user's specification that is fit to be drawn and shipped, or raise ChartError with the reason.

    The look of the site (fonts, colours, no background) is put below what the specification's own ``config`` says.
    """
    if not isinstance(spec, Mapping):
        raise ChartError("the chart is not a Vega-Lite specification: it is no JSON object")
    schema = str(spec.get("$schema", ""))
    if schema and "/vega-lite/" not in schema:
        raise ChartError("the chart is not a Vega-Lite specification", hint="Vega specifications are not drawn; save Vega-Lite")
    _check_depth(spec)
    check = _Check(limits or SpecLimits(), frozenset(_declared(spec)), set(_datasets(spec)))
    result = check.view(spec, where="")
    check.rows(spec.get("datasets"))
    result["config"] = theme.merged(theme.config(), result.get("config") or {})
    result.pop("$schema", None)
    return result


def _datasets(spec: Mapping[str, Any]) -> Collection[str]:
    datasets = spec.get("datasets") or {}
    if not isinstance(datasets, Mapping):
        raise ChartError("“datasets” must map names to rows")
    return datasets.keys()


def _check_depth(value: object, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ChartError(f"the chart is nested more than {_DEEPEST} levels deep")
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for child in children:
        if isinstance(child, Mapping | list):
            _check_depth(child, depth + 1)


def _declared(value: object) -> list[str]:
    """Return the names of all parameters a specification declares, at any depth."""
    if isinstance(value, list):
        return [name for item in value for name in _declared(item)]
    if not isinstance(value, Mapping):
        return []
    params = value.get("params")
    own = [str(p["name"]) for p in params if isinstance(p, Mapping) and "name" in p] if isinstance(params, list) else []
    inner = [name for key, item in value.items() if key not in ("data", "datasets") for name in _declared(item)]
    return own + inner


class _Check:
    """One pass over a specification: returns what is allowed, raises at the first thing that is not."""

    def __init__(self, limits: SpecLimits, names: frozenset[str], datasets: set[str]) -> None:
        self._limits = limits
        self._names = names
        self._datasets = datasets
        self._rows = 0

    def rows(self, datasets: object) -> None:
        """Count the rows of named data sets."""
        if isinstance(datasets, Mapping):
            for name, values in datasets.items():
                self._count(values, f"datasets.{name}")

    def view(self, spec: object, where: str) -> dict[str, Any]:
        """Return a checked view: a unit, a layer, a concatenation, a facet or a repeat."""
        if not isinstance(spec, Mapping):
            raise ChartError(f"{where or 'the chart'} must be an object")
        result: dict[str, Any] = {}
        for key, value in spec.items():
            place = f"{where}.{key}".lstrip(".")
            if key in DROPPED:
                continue
            if key not in VIEW_KEYS:
                raise ChartError(f"“{place}” is not allowed in a chart")
            result[key] = self._view_part(key, value, place)
        return result

    def _view_part(self, key: str, value: object, place: str) -> Any:
        if key in ("layer", "hconcat", "vconcat", "concat"):
            return [self.view(item, f"{place}[{at}]") for at, item in enumerate(_list(value, place))]
        if key == "spec":
            return self.view(value, place)
        if key == "data":
            return self._data(value, place)
        if key == "datasets":
            return value
        if key == "mark":
            return self._mark(value, place)
        if key == "encoding":
            return self._encoding(value, place)
        if key == "transform":
            return [self._transform(item, f"{place}[{at}]") for at, item in enumerate(_list(value, place))]
        if key == "params":
            return [self._param(item, f"{place}[{at}]") for at, item in enumerate(_list(value, place))]
        if key in ("width", "height") and isinstance(value, int | float) and not 0 < value <= self._limits.side:
            raise ChartError(f"“{place}” is {value:g}, it must be above 0 and at most {self._limits.side:g}")
        return self._walk(value, place)

    def _data(self, value: object, place: str) -> Any:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ChartError(f"“{place}” must be an object")
        for key in value:
            if key not in DATA_KEYS:
                raise ChartError(f"“{place}.{key}” is not allowed: a chart's data must stand in the chart itself")
        if "values" in value:
            self._count(value["values"], f"{place}.values")
        elif "sequence" in value:
            self._sequence(value["sequence"], f"{place}.sequence")
        elif str(value.get("name")) not in self._datasets:
            raise ChartError(f"“{place}” names the data set “{value.get('name')}”, which the chart does not contain")
        kind = value.get("format") or {}
        if not isinstance(kind, Mapping) or kind.get("type", "json") not in ("json", "csv", "tsv", "dsv"):
            raise ChartError(f"“{place}.format” is not allowed")
        return {key: item if key == "values" else self._walk(item, f"{place}.{key}") for key, item in value.items()}

    def _count(self, values: object, place: str) -> None:
        if isinstance(values, list):
            self._rows += len(values)
        elif isinstance(values, str):
            self._rows += values.count("\n") + 1
        else:
            self._rows += 1
        if self._rows > self._limits.rows:
            raise ChartError(
                f"the chart holds more than {self._limits.rows:,} rows ({place})",
                hint="aggregate or sample before logging the chart",
            )

    def _sequence(self, value: object, place: str) -> None:
        numbers = (
            [value.get(key, default) for key, default in (("start", 0), ("stop", 0), ("step", 1))]
            if isinstance(value, Mapping)
            else []
        )
        if not numbers or not all(isinstance(number, int | float) for number in numbers):
            raise ChartError(f"“{place}” must have numbers for start, stop and step")
        start, stop, step = (float(number) for number in numbers)
        count = abs((stop - start) / step) if step else float("inf")
        self._rows += int(min(count, 1e9))
        if self._rows > self._limits.rows:
            raise ChartError(f"“{place}” makes more than {self._limits.rows:,} rows")

    def _mark(self, value: object, place: str) -> Any:
        kind = value.get("type") if isinstance(value, Mapping) else value
        if kind not in MARKS:
            raise ChartError(f"the mark “{kind}” is not allowed ({place})")
        return self._walk(value, place)

    def _encoding(self, value: object, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ChartError(f"“{place}” must be an object")
        result = {}
        for channel, definition in value.items():
            if channel in DROPPED:
                continue
            if channel not in CHANNELS:
                raise ChartError(f"the channel “{channel}” is not allowed ({place})")
            result[channel] = self._walk(definition, f"{place}.{channel}")
        return result

    def _transform(self, value: object, place: str) -> Any:
        if not isinstance(value, Mapping) or not TRANSFORMS & value.keys():
            raise ChartError(f"“{place}” is not a known transform")
        if "lookup" in value:
            source = value.get("from")
            if isinstance(source, Mapping) and "data" in source:
                rest = {key: item for key, item in source.items() if key != "data"}
                checked_source = {"data": self._data(source["data"], f"{place}.from.data"), **self._walk(rest, f"{place}.from")}
                return {**self._walk({k: v for k, v in value.items() if k != "from"}, place), "from": checked_source}
        return self._walk(value, place)

    def _param(self, value: object, place: str) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ChartError(f"“{place}” needs a name")
        for key in value:
            if key not in PARAM_KEYS:
                raise ChartError(f"“{place}.{key}” is not allowed")
        self._select(value.get("select"), f"{place}.select")
        return self._walk(value, place)

    def _select(self, value: object, place: str) -> None:
        if not isinstance(value, Mapping):
            if value not in (None, "point", "interval"):
                raise ChartError(f"“{place}” must be point or interval")
            return
        for key, item in value.items():
            if key not in SELECT_KEYS:
                raise ChartError(f"“{place}.{key}” is not allowed")
            if key in ("on", "clear") and not isinstance(item, bool) and str(item) not in _PLAIN_EVENTS:
                raise ChartError(f"“{place}.{key}” must be the plain name of an event")
            if key in ("toggle", "translate", "zoom") and not isinstance(item, bool):
                raise ChartError(f"“{place}.{key}” must be true or false")

    def _walk(self, value: object, place: str, *, condition: bool = False) -> Any:
        """Return any other part of a specification without links, with its expressions and sizes checked."""
        if isinstance(value, list):
            return [self._walk(item, f"{place}[{at}]", condition=condition) for at, item in enumerate(value)]
        if isinstance(value, Mapping):
            return {
                key: self._entry(key, item, f"{place}.{key}", condition) for key, item in value.items() if key not in DROPPED
            }
        if condition and isinstance(value, str):
            check_expression(value, names=self._names)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and place.endswith(_COUNTS)
            and abs(value) > self._limits.count
        ):
            raise ChartError(f"“{place}” is {value:g}, at most {self._limits.count:g} is allowed")
        return value

    def _entry(self, key: str, value: object, place: str, condition: bool) -> Any:
        if key in REFUSED and not (key == "signal" and value is None):
            raise ChartError(f"“{place}” is not allowed in a chart")
        if key in _EXPRESSIONS and isinstance(value, str):
            check_expression(value, names=self._names)
            return value
        if key in ("data", "datasets"):
            raise ChartError(f"“{place}” is not allowed there")
        if isinstance(value, Mapping) and "start" in value and "stop" in value:
            self._sequence(value, place)
        inner = key in _CONDITIONS or (condition and key in ("and", "or", "not"))
        return self._walk(value, place, condition=inner)


_COUNTS: Final = (
    ".steps",
    ".maxbins",
    ".tickCount",
    ".minbins",
    ".columns",
    ".bandwidth",
    ".fontSize",
    ".strokeWidth",
    ".step",
)


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ChartError(f"“{place}” must be a list")
    if len(value) > 200:
        raise ChartError(f"“{place}” has {len(value):,} parts, at most 200 are drawn")
    return value
