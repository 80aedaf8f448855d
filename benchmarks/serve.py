"""From saving a content page to a browser that shows it: the sample, and a long history.

    python benchmarks/serve.py [--runs 10000] [--saves 9]

Starts ``reportgen serve``, opens a content page in Chromium and saves it again and again. The time runs from the moment the
file is written until the browser has the new text in view; beside it stands the processor time of the preview alone.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = "---\ntitle: Review\n---\n\nText {number}.\n"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="length of the long history")
    parser.add_argument("--saves", type=int, default=9, help="how often the page is saved")
    parser.add_argument("--work", type=Path, help="where to work (default: a temporary directory)")
    given = parser.parse_args()
    print("| site | first build | save to shown, median | slowest | processor time per save |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=given.work) as scratch:
        for name, command in (
            ("the sample", [sys.executable, "-m", "reportgen", "demo", "--no-serve", "sample"]),
            (f"{given.runs:,} runs", [sys.executable, ROOT / "benchmarks/site_store.py", "long", str(given.runs)]),
        ):
            project = Path(scratch) / str(command[-1] if "demo" in command else command[-2])
            subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            measure(name, project, given.saves)


def measure(name: str, project: Path, saves: int) -> None:
    """Save a page of a project `saves` times, and print how long a browser took to show it."""
    from playwright.sync_api import sync_playwright

    page = project / "content" / "review.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(PAGE.format(number=0))
    command = [sys.executable, "-m", "reportgen", "serve", "-a", "127.0.0.1:0"]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True) as process, sync_playwright() as driver:
        try:
            url = address(process)
            first = time.perf_counter() - started
            browser = driver.chromium.launch(
                executable_path=os.environ.get("REPORTGEN_CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"]
            )
            tab = browser.new_page()
            tab.goto(f"{url}review/index.html")
            tab.wait_for_timeout(1000)
            walls, processors = zip(*(save(tab, page, number, process.pid) for number in range(1, saves + 1)), strict=True)
            browser.close()
        finally:
            process.kill()
    print(
        f"| {name} | {first:.1f} s | {statistics.median(walls):.2f} s | {max(walls):.2f} s "
        f"| {statistics.median(processors):.2f} s |",
        flush=True,
    )


def address(process: subprocess.Popen[str]) -> str:
    """Return where the preview is, as soon as it says so."""
    for line in process.stderr or ():
        if found := re.search(r"serving (\S+)", line):
            return found[1]
    sys.exit("the preview ended before it served anything")


def save(tab: Any, page: Path, number: int, pid: int) -> tuple[float, float]:
    """Save the page and wait until it is seen; return the seconds, and the processor seconds of the preview."""
    before, start = used(pid), time.perf_counter()
    page.write_text(PAGE.format(number=number))
    tab.get_by_text(f"Text {number}.", exact=True).wait_for()
    wall = time.perf_counter() - start
    tab.wait_for_timeout(400)
    return wall, used(pid) - before


def used(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
