"""How fast is a table of 10,000 rows and 15 columns? The site's own windowed table beside DataTables, in Chromium.

    python -m benchmarks.table [--rows 10000] [--repeat 5] [--datatables DIRECTORY]

DIRECTORY holds ``dt_bundle.js`` and ``dt_bundle.css`` as the package itables carries them in its ``html`` directory (install it
into a throwaway environment). Without it only our own table is measured. Both get the same data from a classic script, from
files. DataTables' bundle is a module; a copy in the temporary directory ends in an assignment instead of an export.

Not like for like: DataTables brings paging, export and more; ours has what the site's tables have. "ready" is from the start of
navigation until the table can be used; all figures are medians.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.pages import BIG_COLUMNS, big_row, write_site

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
  const sort = time(5, i => buttons[4 + i].click()), filter = time(5, i => search('9' + i));
  search('');
  return done(sort, filter);
}"""
)
THEIRS = (
    "() => {"
    + TIMED
    + """
  const sort = time(5, i => window.table.order([4 + i, 'desc']).draw());
  const filter = time(5, i => window.table.search('9' + i).draw());
  window.table.search('').draw();
  return done(sort, filter);
}"""
)
WAIT = """setInterval(() => {
  const table = document.querySelector('table');
  if (!window.ready && table && (table.getAttribute('aria-rowcount') || window.table)) window.ready = performance.now();
}, 2);"""


def datatables_page(root: Path, bundle: Path) -> Path:
    """Write the other page: the same columns and rows, deferred rendering, 50 rows a page."""
    script = (bundle / "dt_bundle.js").read_text(encoding="utf-8")
    *_, names = re.finditer(r"export\s*\{([^}]*)\};?", script)
    chosen = dict(reversed(re.split(r"\s+as\s+", part.strip())) for part in names[1].split(",") if " as " in part)
    (root / "dt.js").write_text(
        f"(function () {{ {script[: names.start()]}; window.DT = {chosen['default']}; }})();", encoding="utf-8"
    )
    (root / "dt.css").write_bytes((bundle / "dt_bundle.css").read_bytes())
    (root / "init.js").write_text(
        "const data = reportgen.tables['data/tables/big.js'];\n"
        "const rows = data.rows.map(row => row.map(cell => Array.isArray(cell) ? cell[1] ?? cell[0] : cell));\n"
        "const columns = data.columns.map(column => ({title: column[0]}));\n"
        "window.table = new DT('#t', {data: rows, columns, deferRender: true, pageLength: 50});\n",
        encoding="utf-8",
    )
    page = root / "datatables.html"
    scripts = "".join(f'<script src="{name}" defer></script>' for name in ("data/tables/big.js", "dt.js", "init.js"))
    page.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><link rel="stylesheet" href="dt.css">'
        f'<table id="t"></table>{scripts}</html>\n',
        encoding="utf-8",
    )
    return page


def measured(browser: Any, url: str, script: str, repeat: int) -> dict[str, float]:
    """Open a page `repeat` times; return medians of opening, sorting, filtering, and the heap and nodes at the end."""
    runs: list[dict[str, Any]] = []
    for _ in range(repeat):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WAIT)
        page.goto(url)
        while not page.evaluate("window.ready > 0"):
            page.wait_for_timeout(20)
        page.wait_for_timeout(200)
        runs.append(page.evaluate(script))
        page.close()
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
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--datatables", type=Path)
    chosen = parser.parse_args()
    assert len(BIG_COLUMNS) == len(big_row(0)) == 15
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        root = Path(name)
        write_site(root, many=chosen.rows)
        program = os.environ.get("REPORTGEN_CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        found = {"reportgen": measured(browser, (root / "leaderboards/big/index.html").as_uri(), OURS, chosen.repeat)}
        if chosen.datatables:
            page = datatables_page(root, chosen.datatables)
            found["DataTables"] = measured(browser, page.as_uri(), THEIRS, chosen.repeat)
        browser.close()
    print(f"{'':12}" + "".join(f"{name:>14}" for name in found))
    for what in next(iter(found.values())):
        values = [found[name][what] for name in found]
        ratio = f"{values[1] / values[0]:>9.1f} ×" if len(values) > 1 and values[0] else ""
        print(f"{what:12}" + "".join(f"{value:>14,.1f}" for value in values) + ratio)


if __name__ == "__main__":
    main()
