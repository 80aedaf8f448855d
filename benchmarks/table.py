"""How fast is a leaderboard of 10,000 runs? The site's own page beside DataTables on the same rows, in Chromium.

    python -m benchmarks.table [--rows 10000] [--repeat 7] [--datatables DIRECTORY]

DIRECTORY holds ``dt_bundle.js`` and ``dt_bundle.css`` as the package itables carries them in its ``html`` directory (install
it into a throwaway environment). Without it only our own page is measured. Ours is the page that `leaderboard_page` and the
default theme make: ranks, intervals, plots, chosen columns, search, runs to compare. DataTables draws the texts of the same
cells from the same data script and sorts by the same keys, 50 rows a page, drawn when they are asked for. Both are opened from
files, one after the other in turns. DataTables' bundle is a module; a copy in the temporary directory ends in an assignment.

"ready" is from the start of navigation until the table can be used; sorting and filtering include the layout of what is drawn.
The figures are medians.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from reportgen.analysis.judge import judge
from reportgen.analysis.values import LeaderboardOptions
from reportgen.model import Dataset, Metric, RunRow
from reportgen.resources import themes_dir
from reportgen.site.links import BuildAddress, Links
from reportgen.site.page import TextFile
from reportgen.site.pages.base import Site
from reportgen.site.pages.leaderboard import LeaderboardInput, leaderboard_page
from reportgen.site.render import Renderer
from reportgen.site.scripts import live_script
from reportgen.site.theme import load_theme

JOB = "churn/validate"
EXTRA = tuple(f"val/metric_{at}" for at in range(1, 7))
COLUMNS = (*EXTRA, "params.algorithm", "params.depth")
START = datetime(2020, 1, 1, tzinfo=UTC)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-precise-memory-info", "--js-flags=--expose-gc",
]  # fmt: skip
TIMED = """
  const time = (n, work) => [...Array(n).keys()].map(i => {
    const from = performance.now();
    work(i);
    document.body.offsetHeight;
    return performance.now() - from;
  });
  const done = (sort, filter) => {
    gc();
    const heap = performance.memory.usedJSHeapSize / 1e6, nodes = document.querySelectorAll('*').length;
    return {ready: window.ready, sort, filter, heap, nodes};
  };
"""
OURS = (
    "() => {"
    + TIMED
    + """
  const buttons = [...document.querySelectorAll('button.sort')], find = document.querySelector('.tools input');
  const search = text => { find.value = text; find.dispatchEvent(new Event('input')); };
  const sort = time(5, i => buttons[1 + i].click()), filter = time(5, i => search('9' + i));
  search('');
  return done(sort, filter);
}"""
)
THEIRS = (
    "() => {"
    + TIMED
    + """
  const sort = time(5, i => window.table.order([6 + i, 'desc']).draw());
  const filter = time(5, i => window.table.search('9' + i).draw());
  window.table.search('').draw();
  return done(sort, filter);
}"""
)
WAIT = """setInterval(() => {
  const table = document.querySelector('table');
  if (!window.ready && table && (table.getAttribute('aria-rowcount') || window.table)) window.ready = performance.now();
}, 2);"""


def board_row(number: int) -> RunRow:
    """Return a run as a team's would be: a score with its interval, six other metrics, two params."""
    dice = random.Random(number)
    value = round(dice.gauss(0.7, 0.03), 4)
    metrics = {"val/f1": Metric(name="val/f1", value=value, low=value - 0.02, high=value + 0.02, n=1305, direction="higher")}
    metrics |= {name: Metric(name=name, value=round(dice.random(), 4), direction="higher") for name in EXTRA}
    return RunRow(
        job=JOB, number=number, name="validate", record=f"{number:08x}", stage="validate", result="SUCCESS", status="complete",
        started_at=START + timedelta(hours=6 * number), duration_s=60.0, metrics=metrics,
        params={"algorithm": dice.choice(["boosting", "forest", "linear"]), "depth": dice.randint(2, 9)},
        datasets=(Dataset(name="validation", role="validation", sha256="3fa4" * 16, rows=1305),),
    )  # fmt: skip


def leaderboard_site(root: Path, many: int) -> tuple[Path, str]:
    """Write the leaderboard page with all it loads below `root`; return the page and the address of its data script."""
    rows = [board_row(number) for number in range(1, many + 1)]
    links = Links.of([JOB], [BuildAddress(JOB, row.number, row.started_at, [(row.name, row.record)]) for row in rows])
    judged = judge(rows, LeaderboardOptions(name="big", metric="val/f1", jobs=(JOB,), columns=COLUMNS))
    page = leaderboard_page(Site(name="Churn models", links=links), LeaderboardInput(name="big", judged=judged))
    theme = load_theme("default", root=themes_dir(), themes_dir=themes_dir())
    files: dict[str, bytes] = {asset.path: asset.content for asset in theme.assets.values()}
    files[page.path] = Renderer(theme).render(page)
    files["live.js"] = live_script(version="v1", as_of=START, newest={}).encode()
    (script,) = (file for file in page.files if isinstance(file, TextFile) and file.path.startswith("data/tables/"))
    files[script.path] = "".join(script.pieces()).encode()
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root / page.path, script.path


def datatables_page(root: Path, bundle: Path, data: str) -> Path:
    """Write the other page: the same columns and rows, deferred rendering, 50 rows a page."""
    script = (bundle / "dt_bundle.js").read_text(encoding="utf-8")
    *_, names = re.finditer(r"export\s*\{([^}]*)\};?", script)
    chosen = dict(reversed(re.split(r"\s+as\s+", part.strip())) for part in names[1].split(",") if " as " in part)
    (root / "dt.js").write_text(
        f"(function () {{ {script[: names.start()]}; window.DT = {chosen['default']}; }})();", encoding="utf-8"
    )
    (root / "dt.css").write_bytes((bundle / "dt_bundle.css").read_bytes())
    (root / "init.js").write_text(
        f"const data = reportgen.tables['{data}'];\n"
        "const cell = c => Array.isArray(c) ? c[1] ?? c[0] : c && typeof c === 'object' ? c.sort ?? c.text ?? '' : c;\n"
        "const rows = data.rows.map(row => row.map(cell));\n"
        "const columns = data.columns.map(column => ({title: column[0]}));\n"
        "window.table = new DT('#t', {data: rows, columns, deferRender: true, pageLength: 50});\n",
        encoding="utf-8",
    )
    page = root / "datatables.html"
    scripts = "".join(f'<script src="{name}" defer></script>' for name in (data, "dt.js", "init.js"))
    page.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><link rel="stylesheet" href="dt.css">'
        f'<table id="t"></table>{scripts}</html>\n',
        encoding="utf-8",
    )
    return page


def once(browser: Any, url: str, script: str) -> dict[str, Any]:
    """Open a page and use its table: when it was ready, five times to sort and to filter, the heap and nodes at the end."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(WAIT)
    page.goto(url)
    while not page.evaluate("window.ready > 0"):
        page.wait_for_timeout(20)
    page.wait_for_timeout(200)
    found: dict[str, Any] = page.evaluate(script)
    page.close()
    return found


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each figure over all runs."""
    return {
        "ready, ms": statistics.median(run["ready"] for run in runs),
        "sort, ms": statistics.median(value for run in runs for value in run["sort"]),
        "filter, ms": statistics.median(value for run in runs for value in run["filter"]),
        "heap, MB": statistics.median(run["heap"] for run in runs),
        "nodes": statistics.median(run["nodes"] for run in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--datatables", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        root = Path(name)
        ours, data = leaderboard_site(root, chosen.rows)
        contenders = {"reportgen": (ours, OURS)}
        if chosen.datatables:
            contenders["DataTables"] = (datatables_page(root, chosen.datatables, data), THEIRS)
        program = os.environ.get("REPORTGEN_CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        runs: dict[str, list[dict[str, Any]]] = {contender: [] for contender in contenders}
        for turn in range(chosen.repeat):
            for contender in list(contenders)[:: 1 if turn % 2 else -1]:
                page, script = contenders[contender]
                runs[contender].append(once(browser, page.as_uri(), script))
        browser.close()
        sizes = f"page {ours.stat().st_size / 1e3:,.0f} kB, data {(root / data).stat().st_size / 1e6:.1f} MB"
    found = {contender: medians(each) for contender, each in runs.items()}
    print(f"{chosen.rows:,} runs; {sizes}; medians of {chosen.repeat} openings, in turns")
    print(f"{'':12}" + "".join(f"{name:>14}" for name in found) + ("     ratio" if len(found) > 1 else ""))
    for what in next(iter(found.values())):
        values = [found[name][what] for name in found]
        ratio = f"{values[1] / values[0]:>8.1f} ×" if len(values) > 1 and values[0] else ""
        print(f"{what:12}" + "".join(f"{value:>14,.1f}" for value in values) + ratio)


if __name__ == "__main__":
    main()
