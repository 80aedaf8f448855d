"""A leaderboard of 10,000 runs with 100 metrics each, ten columns: from the store to the exported JSON.

    python benchmarks/leaderboard.py [--runs 1000 10000 20000] [--stored 100 11] [--repeat 3]

`--stored` is how many metrics each run has in the store; the board reads eleven of them.

Each figure is the median of fresh processes: processor seconds of one core, and by how much the peak memory grew. "judge" is
everything the analysis does: boards by validation set, ranks, separability, deltas, best cells, reasons, luck, titles.

On two cores under load, CPython 3.11, seconds for all and MB gained: 1,000 runs 0.06 and 4.3, 10,000 runs 0.69 and 25.8 (11
stored metrics: 0.67 and 25.8), 20,000 runs 1.44 and 50.6. So a run takes 2.4 kB, a metric that no board names nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reportgen.model import Build, Dataset, Decision, Metric, Model, Run

START = datetime(2020, 1, 1, 2, tzinfo=UTC)
COLUMNS = tuple(f"val/metric_{i:02}" for i in range(1, 11))
SETS = ("a" * 64, "b" * 64, "c" * 64)


def make_build(number: int, count: int, stored: int) -> Build:
    dice = random.Random(number)
    value = round(dice.gauss(0.7, 0.03), 4)
    metrics = [Metric(name="val/f1", value=value, low=value - 0.02, high=value + 0.02, n=1305, direction="higher")]
    metrics += [Metric(name=f"val/metric_{i:02}", value=dice.random(), direction="higher") for i in range(1, stored)]
    failed = number % 50 == 0
    run = Run(
        name="validate",
        stage="validate",
        status="failed" if failed else "complete",
        record=f"{number:08x}",
        params={"algorithm": dice.choice(["gbm", "forest", "linear"]), "depth": dice.randint(2, 9), "seed": number},
        metrics=() if failed else tuple(metrics),
        datasets=(Dataset(name="validation", role="validation", sha256=SETS[min(2, 3 * number // count)], rows=1305),),
        models=(Model(name="model.pkl", role="input", sha256=f"{number:064x}"),),
    )
    start = START + timedelta(minutes=20 * number)
    return Build(
        job="churn/validate",
        number=number,
        started_at=start,
        duration_s=60,
        result="FAILURE" if failed else "SUCCESS",
        runs=(run,),
    )


def make_approval(number: int) -> Build:
    decided = Decision(name="approve", value="approved", by="reviewer-1", model=f"{number:064x}")
    run = Run(name="approve", stage="approve", status="complete", record=f"{number:08x}", decisions=(decided,))
    start = START + timedelta(minutes=20 * number + 10)
    return Build(job="churn/approve", number=number, started_at=start, duration_s=5, result="SUCCESS", runs=(run,))


def fill(path: Path, count: int, stored: int = 100) -> None:
    from reportgen.store.db import Store

    with Store.open(path) as store:
        for first in range(1, count + 1, 256):
            numbers = range(first, min(first + 256, count + 1))
            builds = [make_build(number, count, stored) for number in numbers] + [
                make_approval(n) for n in numbers if n % 100 == 1
            ]
            store.save_builds(builds, now=START)


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def measure(path: Path) -> dict[str, float]:
    """One process: seconds of each step, and the peak memory."""
    from reportgen.analysis.judge import judge
    from reportgen.analysis.shapes import leaderboard_text
    from reportgen.analysis.values import LeaderboardOptions
    from reportgen.store.view import StoreView

    before = peak_mb()
    wanted = LeaderboardOptions(name="churn", metric="val/f1", jobs=("churn/validate",), columns=COLUMNS)
    clock = [time.process_time()]
    with StoreView.open(path) as view:
        rows = view.run_rows(metrics=["val/f1", *COLUMNS])
    clock.append(time.process_time())
    board = judge(rows, wanted).leaderboard
    clock.append(time.process_time())
    size = sum(map(len, leaderboard_text(board)))
    clock.append(time.process_time())
    after = peak_mb()
    return {
        "read 11 metrics, s": clock[1] - clock[0],
        "judge, s": clock[2] - clock[1],
        "export as JSON, s": clock[3] - clock[2],
        "all, s": clock[3] - clock[0],
        "memory gained, MB": after - before,
        "JSON, MB": size / 1e6,
        "boards": len(board.boards),
        "ranked": sum(one.ranked for one in board.boards),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[10_000])
    parser.add_argument("--stored", type=int, nargs="+", default=[100])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure)))
        return
    for stored in chosen.stored:
        for runs in chosen.runs:
            report(runs, stored, chosen.repeat)


def report(runs: int, stored: int, repeat: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "store"
        fill(path, runs, stored)
        command = [sys.executable, __file__, "--measure", str(path)]
        found = [json.loads(subprocess.check_output(command)) for _ in range(repeat)]
    print(f"{runs:,} runs of {stored} metrics, 10 columns; median of {repeat} processes")
    for name in found[0]:
        print(f"  {name:28} {statistics.median(one[name] for one in found):10.3f}", flush=True)


if __name__ == "__main__":
    main()
