"""Templates: a chart kind is authored once with Altair, then copied and filled with data for every chart of its kind.

Building a chart with Altair takes ten to twenty milliseconds, swapping the data of a finished one well under one; a site has
thousands. Altair still checks each kind against the Vega-Lite schema, when its template is made; that is kept, too, so that a
nightly build need not load Altair.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import metadata
from math import floor, log10
from pathlib import Path
from typing import Any

from reportgen.charts import theme
from reportgen.charts.draw import write_atomically
from reportgen.charts.values import Spec

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


_kept: list[Path] = []


def keep_templates(cache_dir: Path) -> None:
    """Keep finished templates below `cache_dir` from now on: with them there, Altair need not even be loaded."""
    _kept[:] = [cache_dir / "templates"]


@cache
def _template(author: Callable[[], Any]) -> str:
    """Return the template of `author` as JSON, from the directory of templates where it is there."""
    kept = _kept[0] / f"{_mark(author)}.json" if _kept else None
    if kept is not None:
        with suppress(OSError, ValueError):
            text = kept.read_text(encoding="utf-8")
            json.loads(text)
            return text
    text = json.dumps(_built(author))
    if kept is not None:
        write_atomically(kept, text.encode())
    return text


def _mark(author: Callable[[], Any]) -> str:
    """Return a digest of all that a template is made from: the text of its author, what every chart shares, and Altair."""
    sources = (inspect.getfile(author), theme.__file__, __file__)
    digest = sha256(f"{author.__qualname__} altair {metadata.version('altair')}\n".encode())
    for source in sources:
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:40]


def _built(author: Callable[[], Any]) -> Spec:
    chart = author().to_dict()
    chart["$schema"] = SCHEMA
    chart["config"] = theme.config()
    chart.pop("datasets", None)
    shared = chart.pop("data", None)  # Altair moves data that all layers share to the top
    for layer in chart["layer"]:
        layer.setdefault("data", shared)
    return dict(chart)


def filled(
    author: Callable[[], Any],
    data: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    size: tuple[int, int],
    scales: Mapping[str, Mapping[str, Any]],
    axes: Mapping[str, Mapping[str, Any]],
) -> Spec:
    """Return the template of `author` (a function that returns an Altair chart) with data, size, scales and axes put in.

    Layers that refer to a data set without rows are left out. `scales` and `axes` are by channel; they are laid on every
    encoding of that channel which has a field.
    """
    spec: dict[str, Any] = json.loads(_template(author))
    layers = [layer for layer in spec["layer"] if data.get(layer["data"]["name"])]
    for layer in layers:
        for channel, encoding in layer.get("encoding", {}).items():
            if "field" not in encoding or channel not in ("x", "y", "color", "shape", "size", "strokeDash"):
                continue
            if channel in scales:
                encoding["scale"] = {**(encoding.get("scale") or {}), **scales[channel]}
            if channel in axes:
                encoding["axis"] = {**(encoding.get("axis") or {}), **axes[channel]}
                encoding["title"] = axes[channel].get("title", encoding.get("title"))
    spec["layer"] = layers
    spec["datasets"] = {layer["data"]["name"]: list(data[layer["data"]["name"]]) for layer in layers}
    spec["width"], spec["height"] = size
    return spec


def padded(values: Sequence[float], *, share: float = 0.06, top: float = 0.0, zero: bool = False) -> list[float]:
    """Return an axis domain that holds `values` with some air, and room for `top` (a share of the axis) above them."""
    if not values:
        return [0.0, 1.0]
    low, high = min(values), max(values)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or abs(high) * 0.1 or 1.0
    below = 0.0 if zero and low == 0.0 else span * share
    full = (span + below + span * share) / (1 - top)
    return [_tidy(low - below, span), _tidy(low - below + full, span)]


def _tidy(value: float, span: float) -> float:
    """Round to a thousandth of the span: equal data must give equal bytes, and digits beyond that cannot be seen."""
    if span < 1e-290:  # a thousandth of it has no exponent any more
        return value
    unit = 10.0 ** _exponent(span / 1000)
    return float(f"{round(value / unit) * unit:.12g}")


def _exponent(value: float) -> int:
    return floor(log10(value))


def labels_expression(labels: Mapping[int, str]) -> str:
    """Return the axis expression that writes `labels` at their positions; they are numbers or ``#12``, made by us."""
    return f"{json.dumps({str(at): text for at, text in labels.items()}, ensure_ascii=True)}[datum.value]"
