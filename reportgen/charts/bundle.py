"""The Vega scripts of a site: one classic script out of the renderer's package, made once and kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from reportgen.charts.draw import VL_VERSION, ChartFailure, DrawingProcess, DrawLimits, renderer, write_atomically
from reportgen.errors import ChartError

VEGA: Final = "assets/vega.js"
"""Where the bundle is published, relative to the version."""


def vega_bundle(*, cache_dir: Path | None = None) -> bytes:
    """Return the script that defines `vegaEmbed`, `vegaLite` and `vega`, for the release the charts are drawn with.

    About 900 kB (300 compressed); deterministic, without a source map or an address outside the site.
    """
    key = hashlib.sha256(renderer().encode()).hexdigest()[:16]
    path = None if cache_dir is None else cache_dir / "bundle" / f"vega-{key}.js"
    if path is not None and path.is_file():
        kept = path.read_bytes()
        if kept.endswith(_END):
            return kept
    with DrawingProcess(DrawLimits(cpu_s=60, clock_s=300)) as worker:
        answer = worker.ask({"bundle": True, "vl_version": VL_VERSION})
    if isinstance(answer, ChartFailure):
        raise ChartError(f"the scripts for interactive charts could not be made: {answer.reason}")
    script = answer.rstrip().encode() + _END
    if path is not None:
        write_atomically(path, script)
    return script


_END = b"\n/* end of the Vega bundle */\n"
