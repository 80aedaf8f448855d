"""How much memory does a harvest of many jobs need? 1,200 jobs of 100 builds each, read into one store.

    python benchmarks/harvest_many.py [--jobs 1200] [--builds 100] [--concurrency 8]

Jenkins (reportgen's own sample of one) and the harvest are processes of their own. Prints requests, time, the highest
resident memory of the harvest beside what it had before it began, and the memory after each tenth of the builds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from harvest import Server

from reportgen.config import parse_config
from reportgen.harvest.ingest import harvest
from reportgen.harvest.jenkins import open_jenkins
from reportgen.report import SilentReporter
from reportgen.store.db import Store


def memory_mb(field: str = "VmRSS") -> float:
    """Resident memory of this process in MB: now, or with VmHWM the most it ever had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field + ":"))


class Watch(SilentReporter):
    """Notes the memory after each tenth of the builds."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.steps = [total * tenth // 10 for tenth in range(1, 11)]
        self.memory: list[float] = []

    def progress(self, label: str, done: int, total: int) -> None:
        while self.steps and done >= self.steps[0]:
            self.steps.pop(0)
            self.memory.append(round(memory_mb()))


def child(url: str, total: int, concurrency: int, keep: Path) -> None:
    text = f'[jenkins]\nurl = "{url}"\nconcurrency = {concurrency}\n[[jobs]]\nname = "**"\n'
    config = parse_config(text, keep / "reportgen.toml")
    watch = Watch(total)
    before = memory_mb()
    told = []
    for _ in range(2):
        started = time.perf_counter()
        with Store.open(keep / "store") as store:
            source = open_jenkins(config, {})
            done = harvest(source, store, config, now=datetime.now(UTC), reporter=watch)
            source.close()
        assert not done.incomplete, done.missed[:3]
        told.append({"new": done.new, "requests": done.requests, "seconds": time.perf_counter() - started})
    print(json.dumps({"before": before, "peak": memory_mb("VmHWM"), "tenths": watch.memory, "nights": told}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1200)
    parser.add_argument("--builds", type=int, default=100)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    total = options.jobs * options.builds
    if options.child:
        child(options.child[0], total, options.concurrency, Path(options.child[1]))
        return
    with Server(options.builds, 0.0, options.jobs) as server, tempfile.TemporaryDirectory() as keep:
        command = [sys.executable, __file__, *sys.argv[1:], "--child", server.url, keep]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    first, quiet = told["nights"]
    assert (first["new"], quiet["new"]) == (total, 0)
    print(f"\n{options.jobs} jobs x {options.builds} builds, {options.concurrency} connections\n")
    print(
        f"first harvest  {first['requests']:>9,} requests {first['seconds']:>8.1f} s  {first['requests'] / total:.3f} per build"
    )
    print(f"nothing new    {quiet['requests']:>9,} requests {quiet['seconds']:>8.1f} s")
    print(f"memory         {told['peak']:.0f} MB at most, {told['before']:.0f} MB before; after each tenth: {told['tenths']}")


if __name__ == "__main__":
    main()
