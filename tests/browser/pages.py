"""A few pages with the real scripts and the hooks they use, and a server that sends a policy with them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from reportgen.charts import svg, trend
from reportgen.charts.bundle import VEGA, vega_bundle
from reportgen.charts.draw import ChartFailure, draw
from reportgen.charts.values import Trend, TrendPoint
from reportgen.model import Dataset, Metric, RunRow
from reportgen.resources import themes_dir
from reportgen.site.pages.series import overlay_template
from reportgen.site.scripts import (
    Doc,
    Shape,
    TableColumn,
    chart_script,
    compare_parts,
    doc_row,
    live_script,
    run_doc,
    search_script,
    series_path,
    series_script,
    table_script,
)

STRICT = "default-src 'self'"
JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
START = datetime(2026, 9, 1, 2, tzinfo=UTC)
NOTE = "Retrained after the Michaelmas backfill."
ASSETS = ("icon.svg", "style.css", "scripts.css", "site.js", "charts.js")
RUNS = 30
MANY = 10_000


OVERLAY = "data/charts/overlay.js"
OWN: dict[str, Any] = {
    "data": {"values": [{"x": x, "y": x * (x + at), "who": who} for at, who in enumerate(("ann", "bob")) for x in range(8)]},
    "mark": {"type": "line", "point": {"size": 90, "opacity": 1}},
    "encoding": {
        "x": {"field": "x", "type": "quantitative"},
        "y": {"field": "y", "type": "quantitative"},
        "color": {"field": "who", "type": "nominal"},
    },
}
"""A chart as its author sends it: no tooltip, no selection."""
_UNIT = {"mark": "line", "encoding": OWN["encoding"]}
_BY_Y = {"field": {"repeat": "row"}, "type": "quantitative"}
COMPOSED: dict[str, Any] = {
    "data": OWN["data"],
    "vconcat": [
        {"hconcat": [_UNIT, {"layer": [_UNIT, {"mark": "point", "encoding": OWN["encoding"]}]}]},
        {"facet": {"field": "who", "type": "nominal"}, "spec": _UNIT | {"height": 60}},
        {"repeat": {"row": ["y"]}, "spec": {"mark": "line", "height": 60, "encoding": OWN["encoding"] | {"y": _BY_Y}}},
    ],
}
"""Charts beside one another, in every way in which they can be."""
LOGGED: dict[int, dict[str, list[tuple[float, float]]]] = {
    3: {
        "train/loss": [(step, 1 / (step + 1)) for step in range(20)],
        "val/f1": [(0, 0.5), (1, 0.612)],
        "own": [(0, 1), (1, 2)],
    },
    17: {"train/loss": [(step, 2 / (step + 1)) for step in range(30)]},
    30: {"val/f1": [(0, 0.4), (1, 0.6), (2, 0.72)]},
}


def series_of(run: RunRow) -> str:
    return series_path(f"{run.number:024d}")


def row(number: int) -> RunRow:
    value = round(0.6 + number * 0.004, 3)
    metrics = {
        "val/f1": Metric(name="val/f1", value=value, low=value - 0.01, high=value + 0.01, n=1305, direction="higher"),
        "val/ms": Metric(name="val/ms", value=2.0, direction="lower"),
    }
    return RunRow(
        job="churn/validate", number=number, name="validate", record="", stage="validate", result="SUCCESS", status="complete",
        started_at=START + timedelta(days=number), duration_s=60.0 + number,
        params={"depth": number % 4, "kind": "forest" if number % 2 else "boosting", "seed": 7}, metrics=metrics,
        datasets=(Dataset(name="val-10", role="validation", sha256="3fa4" * 16),), commit=f"{number:07x}beef",
    )  # fmt: skip


def page_of(run: RunRow) -> str:
    return f"jobs/churn/validate/{run.number}/index.html"


def write_site(root: Path, *, many: int = MANY) -> None:
    """Write the pages, their assets and data scripts below `root`."""
    files: dict[str, bytes | str] = {f"assets/{name}": (themes_dir() / "default/assets" / name).read_bytes() for name in ASSETS}
    rows = [row(number) for number in range(1, RUNS + 1)]
    files[VEGA] = vega_bundle()
    files["live.js"] = live_script(version="v1", as_of=START, newest={"churn/validate": page_of(rows[-1])})
    docs = [run_doc(r, page_of(r), notes=[NOTE] if r.number == 5 else []) for r in rows]
    docs.append(Doc("job", "churn/validate", "jobs/churn/validate/index.html", "30 builds"))
    files["data/search.js"] = "".join(search_script(map(doc_row, docs)))
    shapes = {"val/f1": Shape("F1", ".3f", "higher"), "val/ms": Shape("Time per row", ".1f", "lower", "ms")}
    files |= compare_parts(rows, page_of=page_of, shapes=shapes, series=lambda r: series_of(r) if r.number in LOGGED else None)
    files |= {series_of(r): series_script(series_of(r), LOGGED[r.number]) for r in rows if r.number in LOGGED}
    files[OVERLAY] = chart_script(OVERLAY, overlay_template())
    spec = trend.trend(history(rows), size="wide")
    picture = draw(spec)
    assert not isinstance(picture, ChartFailure)
    files["files/trend.svg"] = picture
    files["data/charts/trend.js"] = chart_script("data/charts/trend.js", spec)
    picture = draw(OWN)
    assert not isinstance(picture, ChartFailure)
    files["files/own.svg"] = picture
    files["data/charts/own.js"] = chart_script("data/charts/own.js", OWN)
    width, height = svg.size_of(picture) or (0, 0)
    files["own/index.html"] = frame(
        "own/index.html",
        f'<figure><img src="../files/own.svg" width="{width}" height="{height}" alt="Two lines" '
        'data-chart="../data/charts/own.js"></figure>',
    )
    picture = draw(COMPOSED)
    assert not isinstance(picture, ChartFailure)
    files["files/composed.svg"] = picture
    files["data/charts/composed.js"] = chart_script("data/charts/composed.js", COMPOSED)
    files["composed/index.html"] = frame(
        "composed/index.html",
        '<figure><img src="../files/composed.svg" alt="Charts" data-chart="../data/charts/composed.js"></figure>',
    )
    files["data/tables/big.js"] = "".join(table_script("data/tables/big.js", BIG_COLUMNS, (big_row(at) for at in range(many))))
    files["jobs/churn/validate/index.html"] = frame(
        "jobs/churn/validate/index.html", job_page(rows, svg.size_of(picture) or (0, 0))
    )
    between = "".join(
        f'<tr><th scope="row"><a href="../jobs/churn/validate/{n}/index.html">#{n}</a> and '
        f'<a href="../jobs/churn/validate/{n + 1}/index.html">#{n + 1}</a></th></tr>'
        for n in (16, 3)
    )
    files["shifts/index.html"] = frame(
        "shifts/index.html",
        '<table data-table><caption>Shifts</caption><thead><tr><th scope="col">Between</th></tr></thead>'
        f"<tbody>{between}</tbody></table>",
    )
    for r in rows:
        head = f'<p><span data-live="newest"></span></p><p>Run {r.number}</p>'
        files[page_of(r)] = frame(page_of(r), head, title=f"#{r.number}", as_of="")
    files["leaderboards/big/index.html"] = frame("leaderboards/big/index.html", big_page(many))
    files["compare/index.html"] = frame(
        "compare/index.html",
        '<section data-compare data-overlay="../data/charts/overlay.js" aria-label="Chosen runs"></section>',
        kind="compare",
    )
    files["search/index.html"] = frame(
        "search/index.html", "<div data-search></div><h2>A to Z</h2><p>The whole list.</p>", kind="search"
    )
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def history(rows: list[RunRow]) -> Trend:
    points = [
        TrendPoint(label=f"#{r.number}", value=m.value, low=m.low, high=m.high, key=str(r.key))
        for r in rows
        if (m := r.metrics["val/f1"])
    ]
    return Trend(title="F1, higher is better", points=(*points, TrendPoint(label="#31", failed=True)), format=".3f")


def frame(path: str, main: str, *, kind: str = "page", title: str = "Page", as_of: str = "Data as of 2026-09-01") -> str:
    up = "../" * path.count("/")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><link rel="icon" href="{up}assets/icon.svg">'
        f'<link rel="stylesheet" href="{up}assets/style.css"></head>'
        f'<body data-root="{up}" data-page="{kind}" data-path="{path}"><header class="top"><div class="wrap">'
        f'<p class="aside"><span data-live="as-of">{as_of}</span></p></div></header>'
        f'<main class="wrap"><h1>{title}</h1>{main}</main>'
        f'<script src="{up}live.js" defer></script><script src="{up}assets/site.js" defer data-style="{up}assets/scripts.css" '
        f'data-charts="{up}assets/charts.js" data-vega="{up}{VEGA}"></script></body></html>\n'
    )


def job_page(rows: list[RunRow], size: tuple[int, int]) -> str:
    cells = "".join(
        f'<tr data-key="{r.key}"><th scope="row"><a href="{r.number}/index.html">#{r.number}</a></th>'
        + (
            f'<td class="v" data-value="{r.metrics["val/f1"].value}">{r.metrics["val/f1"].value:.3f}</td>'
            if r.number != 9
            else '<td class="num">–</td>'
        )
        + f'<td>{r.params["kind"]}</td><td class="num">{r.params["depth"]}</td>'
        + f"<td><time>{r.started_at:%Y-%m-%d}</time></td></tr>"
        for r in reversed(rows)
    )
    return (
        f'<figure><img class="wide" src="../../../files/trend.svg" width="{size[0]}" height="{size[1]}" '
        'alt="F1 over 31 builds rises from 0.604 to 0.720" data-chart="../../../data/charts/trend.js"></figure>'
        '<div class="scroll" role="region" tabindex="0" aria-labelledby="c"><table data-table>'
        '<caption id="c">All builds</caption>'
        '<thead><tr><th scope="col" data-sort="num">Build</th><th scope="col" class="num" data-sort="num">F1</th>'
        '<th scope="col" data-sort="text">Algorithm</th><th scope="col" class="num" data-sort="num"><a href="#c">depth</a></th>'
        f'<th scope="col" data-sort="time">Date</th></tr></thead>'
        f'<tbody><tr class="part"><td colspan="5">This year</td></tr>{cells}'
        "</tbody></table></div>"
        '<details class="fold"><summary>All 30 runs</summary><p class="note">The table above shows them all.</p></details>'
    )


BIG_COLUMNS = (
    TableColumn("Run", "num"), TableColumn("F1", "num", "v"), TableColumn("Kind", "text"),
    *(TableColumn(f"m{at}", "num", "num") for at in range(12)),
)  # fmt: skip


def big_row(at: int) -> list[object]:
    number = 1 + at
    mixed = (at * 7919) % MANY
    words = [f"#{number}", number, f"jobs/churn/validate/{number}/index.html"]
    return [
        words,
        [f"{mixed / MANY:.4f}", mixed / MANY],
        ("forest", "boosting", "svc")[at % 3],
        *(round((at * p) % 997 / 997, 3) for p in range(3, 15)),
    ]


def big_page(many: int) -> str:
    heads = "".join(f'<th scope="col" data-sort="{c.sort}" class="{c.kind}">{c.label}</th>' for c in BIG_COLUMNS)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell[0] if isinstance(cell, list) else cell}</td>" for cell in big_row(at)) + "</tr>"
        for at in range(min(many, 200))
    )
    return (
        '<div class="scroll stick" role="region" tabindex="0" aria-labelledby="c">'
        f'<table data-table data-rows="../../data/tables/big.js"><caption id="c">{many} runs</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


class _Handler(http.server.SimpleHTTPRequestHandler):
    policy = STRICT

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(root: Path, policy: str) -> Iterator[str]:
    """Serve `root` on loopback with a Content-Security-Policy; gives the address."""
    handler = partial(type("Handler", (_Handler,), {"policy": policy}), directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
