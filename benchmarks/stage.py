"""Stage side, beside MLflow, DVCLive and Trackio: import, one run, many metrics, a million rows, shell steps.

    python benchmarks/stage.py                      makes a throwaway environment with the peers (some hundred megabytes)
    python benchmarks/stage.py --peers DIR          uses the environment in DIR
    python benchmarks/stage.py --no-peers           ours alone

Every figure is of this machine, in this run (the best of eleven for processes, the mean of 100 runs in one process for
runs, and of several such processes the median): compare columns, not machines. A run is 12 params and 25 metrics. The tools
take turns, and a ratio is that of two turns beside each other.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("mlflow", "dvclive", "trackio")
ROUNDS = 7
"""Of 100 runs in one process each, after one that is not counted."""
PARAMS = {f"param_{n}": value for n, value in enumerate([0.1, 3, "gbm", True] * 3)}
METRICS = {f"val/metric_{n}": 0.5 + n / 100 for n in range(25)}

DATA = f"PARAMS = {PARAMS!r}\nMETRICS = {METRICS!r}\nRUNS = 100\n"
LOOP = """
import json, time
first = time.perf_counter(); one(0); first = time.perf_counter() - first
times, processor = [], time.process_time()
for n in range(1, RUNS + 1):
    start = time.perf_counter(); one(n); times.append(time.perf_counter() - start)
processor = time.process_time() - processor
print(json.dumps({"first": first * 1e3, "mean": sum(times) / RUNS * 1e3, "processor": processor / RUNS * 1e3}))
"""
RUNS = {
    "reportgen": """
import reportgen
def one(n):
    with reportgen.start_run("train") as run:
        run.log_params(PARAMS)
        run.log_metrics(METRICS)
""",
    "reportgen, a call per metric": """
import reportgen
def one(n):
    with reportgen.start_run("train") as run:
        run.log_params(PARAMS)
        for name, value in METRICS.items():
            run.log_metric(name, value)
""",
    "mlflow": """
import mlflow, logging
logging.disable(logging.CRITICAL)
mlflow.set_tracking_uri("file:" + __import__("os").getcwd() + "/mlruns")
mlflow.set_experiment("e")
def one(n):
    with mlflow.start_run():
        mlflow.log_params(PARAMS)
        mlflow.log_metrics(METRICS)
""",
    "dvclive": """
import logging
from dvclive import Live
logging.disable(logging.CRITICAL)
def one(n):
    with Live(f"dvclive-{__import__('os').getpid()}-{n}") as live:
        live.log_params(PARAMS)
        for name, value in METRICS.items():
            live.log_metric(name, value)
""",
    "trackio": """
import contextlib, io, os
os.environ["TRACKIO_DIR"] = os.getcwd()
import trackio
def one(n):
    with contextlib.redirect_stdout(io.StringIO()):
        trackio.init(project="p", name=f"r{os.getpid()}-{n}", config=PARAMS)
        trackio.log(METRICS)
        trackio.finish()
""",
}

MEMORY = """
import json, time, reportgen
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
run = reportgen.start_run("t", environment=False)
for step in range(1000):
    run.log_metric("loss", 0.5, step=step)
before, start = resident(), time.perf_counter()
for step in range(1000, 101_000):
    run.log_metric("loss", 0.5, step=step)
print(json.dumps({"seconds": time.perf_counter() - start, "growth_mb": (resident() - before) / 1024}))
"""
MILLION = """
import json, random, time, reportgen
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
draw = random.Random(5)
true = [int(draw.random() < 0.2) for _ in range(1_000_000)]
scores = [draw.betavariate(2, 3) if t else draw.betavariate(1, 4) for t in true]
before, start = peak(), time.perf_counter()
with reportgen.start_run("t", environment=False) as run:
    run.log_classification(true, scores)
seconds = time.perf_counter() - start
first = (peak() - before) / 1024
start = time.perf_counter()
with reportgen.start_run("t", environment=False) as run:
    run.log_regression(scores, [s + 0.01 * t for s, t in zip(scores, true)])
print(json.dumps({"classification_s": seconds, "classification_mb": first, "regression_s": time.perf_counter() - start}))
"""


def main() -> None:
    """Measure, and print one table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", type=Path, metavar="DIR", help="a virtual environment that has mlflow, dvclive and trackio")
    options.add_argument("--no-peers", action="store_true", help="measure reportgen alone")
    options.add_argument("--json", action="store_true", help="print figures as JSON")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        python = None if given.no_peers else peers_python(given.peers, Path(scratch))
        figures = measure(python, Path(scratch))
    print(json.dumps(figures, indent=2) if given.json else table(figures))


def peers_python(directory: Path | None, scratch: Path) -> Path:
    """Return the interpreter of the peers' environment, made anew unless it is given."""
    if directory is None:
        directory = scratch / "peers"
        venv.create(directory, with_pip=True)
        subprocess.run([directory / "bin" / "pip", "install", "-q", *PEERS], check=True)
    return directory / "bin" / "python"


def measure(peers: Path | None, scratch: Path) -> dict[str, dict[str, float]]:
    """Return the figures of each tool."""
    own = own_python(scratch)
    figures: dict[str, dict[str, float]] = {"bare Python": {"import_ms": wall(own, "-c", "pass")}}
    for tool in RUNS:
        module = tool.partition(",")[0]
        python = own if module == "reportgen" else peers
        if python is None:
            continue
        directory = scratch / tool
        directory.mkdir()
        base = wall(python, "-c", "pass")
        found = {"import_ms": wall(python, "-c", f"import {module}"), "base_ms": base}
        figures[tool] = found
    rounds: dict[str, dict[str, list[float]]] = {tool: {} for tool in RUNS}
    for turn in range(ROUNDS):  # in turns, so that what else the machine does falls on all of them
        for tool in figures:
            if tool in RUNS:
                python = own if tool.startswith("reportgen") or peers is None else peers
                directory = scratch / tool / str(turn)  # a fresh one: some get slower the more runs lie beside theirs
                directory.mkdir()
                for key, value in run_code(python, DATA + RUNS[tool] + LOOP, directory).items():
                    rounds[tool].setdefault(key, []).append(value)
    for tool in rounds.keys() & figures.keys():
        found = figures[tool]
        found |= {f"{key}_run_ms": statistics.median(values) for key, values in rounds[tool].items()}
        found["files"] = sum(path.is_file() for path in (scratch / tool).rglob("*")) / (101 * ROUNDS)
        # DVCLive has no other way than a call per metric
        beside = rounds["reportgen, a call per metric" if tool == "dvclive" else "reportgen"]
        for key in ("mean", "processor"):
            ratios = [theirs / ours for theirs, ours in zip(rounds[tool][key], beside[key], strict=True)]
            found |= {f"{key}_ratio": statistics.median(ratios), f"{key}_ratio_least": min(ratios)}
    ours = figures["reportgen"]
    ours |= {f"100,000 metrics {key}": value for key, value in run_code(own, MEMORY, scratch).items()}
    ours |= {f"1,000,000 rows {key}": value for key, value in run_code(own, MILLION, scratch).items()}
    ours["log_ms"] = wall(own, "-m", "reportgen", "log", "metric", "a=1", cwd=scratch)
    ours["run_ms"] = wall(own, "-m", "reportgen", "run", "--", "true", cwd=scratch)
    return figures


def own_python(scratch: Path) -> Path:
    """Return the interpreter of a bare environment into which reportgen was installed without its dependencies."""
    directory = scratch / "own"
    venv.create(directory, with_pip=False)
    site = next((directory / "lib").glob("python*/site-packages"))
    shutil.copytree(ROOT / "reportgen", site / "reportgen", ignore=shutil.ignore_patterns("__pycache__", "_data"))
    return directory / "bin" / "python"


def environment() -> dict[str, str]:
    """Return an environment that is outside Jenkins and lets Python keep compiled modules."""
    drop = ("PYTHON", "REPORTGEN_", "JOB_", "BUILD_", "STAGE_")
    return {**{key: value for key, value in os.environ.items() if not key.startswith(drop)}, "MLFLOW_ALLOW_FILE_STORE": "true"}


def wall(python: Path, *arguments: str, times: int = 11, cwd: Path | None = None) -> float:
    """Return the least wall time in milliseconds of a process over eleven; the first, which compiles, is not counted."""
    found = []
    for _ in range(times + 1):
        start = time.perf_counter()
        subprocess.run([python, *arguments], check=True, capture_output=True, env=environment(), cwd=cwd)
        found.append((time.perf_counter() - start) * 1e3)
    return min(found[1:])


def run_code(python: Path, code: str, cwd: Path) -> dict[str, float]:
    """Return the figures that a program prints last."""
    done = subprocess.run([python, "-c", code], cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{python}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def table(figures: dict[str, dict[str, float]]) -> str:
    """Return the figures as a Markdown table, and what they come to."""
    rows = [
        "| tool | import, over bare Python | first run | per run, mean of 100 | of it processor time | files per run |",
        "|---|---|---|---|---|---|",
    ]
    for tool, found in figures.items():
        if "mean_run_ms" in found:
            rows.append(
                f"| {tool} | {found['import_ms'] - found['base_ms']:.1f} ms | {found['first_run_ms']:.1f} ms "
                f"| {found['mean_run_ms']:.2f} ms | {found['processor_run_ms']:.2f} ms | {found['files']:.0f} |"
            )
    ours = figures["reportgen"]
    lines = [*rows, "", f"Bare Python: {figures['bare Python']['import_ms']:.1f} ms."]
    for tool, found in figures.items():
        if tool in PEERS:
            imports = (found["import_ms"] - found["base_ms"]) / max(ours["import_ms"] - ours["base_ms"], 1.0)
            lines.append(
                f"{tool}: {found['mean_ratio']:.0f} times our time per run (at least {found['mean_ratio_least']:.0f} in each "
                f"of {ROUNDS} rounds), {found['processor_ratio']:.0f} times of processor time "
                f"({found['processor_ratio_least']:.0f}), {imports:.0f} times our import."
            )
    crowd, million = "100,000 metrics", "1,000,000 rows"
    lines.append(f"100,000 log_metric calls: {ours[f'{crowd} seconds']:.1f} s, memory +{ours[f'{crowd} growth_mb']:.1f} MB.")
    lines.append(
        f"1,000,000 rows: log_classification {ours[f'{million} classification_s']:.1f} s, peak "
        f"+{ours[f'{million} classification_mb']:.0f} MB beside the input; "
        f"log_regression {ours[f'{million} regression_s']:.1f} s."
    )
    lines.append(
        f"reportgen log metric: {ours['log_ms']:.0f} ms; reportgen run -- true: {ours['run_ms']:.0f} ms, whole process."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
