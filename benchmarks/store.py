"""The store beside MLflow's: reading a leaderboard, reading everything, inserting a million values.

    python -m benchmarks.store --runs 10000 --mlflow /path/to/venv-with-mlflow/bin/python

Every figure is the median of three fresh processes (writing: of one), with the peak memory of the process. MLflow's database
is filled through its own table definitions, as logging 10,000 runs through its API takes minutes; reading is its public API.
Without ``--mlflow`` only the store is measured.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

COLUMNS = [f"val/metric_{index:02}" for index in range(10)]
ROOT = Path(__file__).parents[1]


class Watch:
    """Wall clock and CPU time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self, what: str) -> dict[str, float]:
        return {what: time.perf_counter() - self._wall, "cpu": time.process_time() - self._cpu}


def fill_store(path: Path, count: int) -> dict[str, float]:
    from benchmarks import neutral
    from benchmarks.site_store import NOW, build_of
    from reportgen.store.db import Store

    with Store.open(path) as store:
        table = store.put_blob(b"class,precision\n0,0.5\n")
        builds = [build_of(run, table) for run in neutral.runs(count)]
        watch = Watch()
        for first in range(0, count, 64):
            store.save_builds(builds[first : first + 64], now=NOW)
        return watch.read("save all builds")


def fill_million(path: Path) -> dict[str, float]:
    from benchmarks import neutral
    from benchmarks.site_store import NOW, build_of
    from reportgen.model import Metric
    from reportgen.store.db import Store

    with Store.open(path) as store:
        table = store.put_blob(b"class,precision\n0,0.5\n")
        builds = []
        for run in neutral.runs(10_000):
            build = build_of(run, table)
            metrics = tuple(Metric(name=f"m{index:03}", value=run["number"] / (index + 1)) for index in range(100))
            builds.append(replace(build, runs=(replace(build.runs[0], metrics=metrics, series={}),)))
        watch = Watch()
        for first in range(0, len(builds), 64):
            store.save_builds(builds[first : first + 64], now=NOW)
        return watch.read("save 10,000 runs of 100 metrics (1 M values)")


def read_store(path: Path, what: str) -> dict[str, float]:
    from reportgen.store.view import StoreView

    with StoreView.open(path) as view:
        watch = Watch()
        if what == "leaderboard, 10 metrics":
            rows = view.run_rows(metrics=COLUMNS)
            rows.sort(key=lambda row: -float(row.metrics[COLUMNS[0]].value or 0))
        elif what == "all runs, all params and metrics":
            view.run_rows()
        elif what == "all builds whole":
            for _ in view.builds([row.id for row in view.build_ids()]):
                pass
        elif what == "revisions of all builds and their pasts":
            view.past_marks()
        return watch.read(what)


READINGS = [
    "leaderboard, 10 metrics",
    "all runs, all params and metrics",
    "all builds whole",
    "revisions of all builds and their pasts",
]

FILL_MLFLOW = """
import sys
sys.path.insert(0, {root!r})
from benchmarks import neutral
import mlflow
from mlflow.tracking import MlflowClient
from mlflow.store.tracking.dbmodels import models as m
from sqlalchemy import insert
mlflow.set_tracking_uri({uri!r})
experiment = mlflow.create_experiment("bench")
store = MlflowClient()._tracking_client.store
with store.ManagedSessionMaker() as session:
    def add(model, rows):
        for start in range(0, len(rows), 5000):
            session.execute(insert(model.__table__), rows[start:start + 5000])
    runs, params, metrics, latest, tags = [], [], [], [], []
    for run in neutral.runs({count}):
        uuid = f"{{run['number']:032x}}"
        stamp = int(run["started_at"].timestamp() * 1000)
        runs.append(dict(run_uuid=uuid, name="validate", source_type="LOCAL", source_name="", entry_point_name="", user_id="u",
                         status="FINISHED", start_time=stamp, end_time=stamp + int(run["duration_s"] * 1000),
                         source_version=run["commit"], lifecycle_stage="active", artifact_uri="",
                         experiment_id=int(experiment)))
        params += [dict(key=key, value=str(value), run_uuid=uuid) for key, value in run["params"].items()]
        tags.append(dict(key="mlflow.runName", value="validate", run_uuid=uuid))
        for key, value in run["metrics"].items():
            row = dict(key=key, value=value, timestamp=stamp, step=0, is_nan=False, run_uuid=uuid)
            metrics.append(row)
            latest.append(row)
    add(m.SqlRun, runs)
    add(m.SqlParam, params)
    add(m.SqlMetric, metrics)
    add(m.SqlLatestMetric, latest)
    add(m.SqlTag, tags)
"""

READ_MLFLOW = """
import time, resource, json, mlflow
mlflow.set_tracking_uri({uri!r})
start, cpu = time.perf_counter(), time.process_time()
frame = mlflow.search_runs(experiment_names=["bench"], max_results={count}, order_by=["metrics.`val/metric_00` DESC"])
spent, cpu = time.perf_counter() - start, time.process_time() - cpu
assert len(frame) == {count} and frame["metrics.val/metric_09"].notna().all()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"mlflow.search_runs": spent, "cpu": cpu, "memory": memory}}))
"""


def run_self(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.store", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def medians(results: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def compare(runs: int, mlflow: str | None) -> None:
    print("| what | time s | of it CPU s | peak memory MB |\n|---|---|---|---|")

    def tell(results: dict[str, float]) -> dict[str, float]:
        (key,) = results.keys() - {"cpu", "memory"}
        print(f"| {key} | {results[key]:.2f} | {results['cpu']:.2f} | {results['memory']:.0f} |", flush=True)
        return results

    with tempfile.TemporaryDirectory() as directory:
        store = str(Path(directory) / "store")
        tell(run_self("--child", "fill", store, str(runs)))
        read = [tell(medians([run_self("--child", what, store, str(runs)) for _ in range(3)])) for what in READINGS]
        tell(run_self("--child", "million", str(Path(directory) / "million"), "0"))
        print(f"store.db: {(Path(store) / 'store.db').stat().st_size / 1e6:.0f} MB for {runs:,} runs")
        if mlflow is None:
            return
        words = {"uri": f"sqlite:///{directory}/mlflow.db", "count": runs, "root": str(ROOT)}
        subprocess.run([mlflow, "-c", FILL_MLFLOW.format(**words)], check=True, capture_output=True)
        theirs = []
        for _ in range(3):
            done = subprocess.run([mlflow, "-c", READ_MLFLOW.format(**words)], check=True, capture_output=True, text=True)
            theirs.append(json.loads(done.stdout.splitlines()[-1]))
        told = tell(medians(theirs))
        ratio = told["mlflow.search_runs"] / read[0][READINGS[0]]
        cpu = told["cpu"] / read[0]["cpu"]
        print(f"mlflow.search_runs / leaderboard from the store: {ratio:.0f} x, in CPU time {cpu:.0f} x (goal: at least 20 x)")


def child(what: str, path: str, runs: int) -> None:
    if what == "fill":
        result = fill_store(Path(path), runs)
    elif what == "million":
        result = fill_million(Path(path))
    else:
        result = read_store(Path(path), what)
    print(json.dumps({**result, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--mlflow", help="a Python that can import mlflow")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        what, path, runs = options.child
        child(what, path, int(runs))
    else:
        compare(options.runs, options.mlflow)


if __name__ == "__main__":
    main()
