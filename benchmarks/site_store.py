"""Fills a store with the neutral runs of the site benchmarks."""

from __future__ import annotations

import csv
import io
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import neutral
from reportgen.model import Artifact, Attachment, Build, Cause, Dataset, Metric, Point, Run
from reportgen.store.db import Store

KINDS = 20
NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONFIG = """\
[site]
name = "Benchmark"

[leaderboards.bench]
jobs = ["bench/validate"]
metric = "val/metric_00"
columns = ["val/metric_01", "val/metric_02", "params.param_00"]

[metrics."val/metric_00"]
direction = "higher"
"""


def build_of(run: dict, table: tuple[str, int]) -> Build:
    number = run["number"]
    metrics = tuple(
        Metric(name=name, value=value, low=max(0.0, value - 0.02), high=min(1.0, value + 0.02), n=1305, direction="higher")
        for name, value in run["metrics"].items()
    )
    loss = Metric(name="train/loss", value=run["series"][-1], direction="lower", points=30)
    return Build(
        job="bench/validate",
        number=number,
        started_at=run["started_at"],
        duration_s=run["duration_s"],
        result="SUCCESS",
        commit=run["commit"],
        causes=(Cause(kind="upstream", job="bench/train", number=number),),
        artifacts=tuple(Artifact(path=path, state="linked", size_bytes=size) for path, size in run["artifacts"]),
        runs=(
            Run(
                name="validate",
                stage="validate",
                status="complete",
                record=f"{number:08x}",
                started_at=run["started_at"],
                duration_s=run["duration_s"],
                params=run["params"],
                metrics=(*metrics, loss),
                series={"train/loss": tuple(Point(step=i, value=v) for i, v in enumerate(run["series"]))},
                datasets=(Dataset(name="validation", role="validation", sha256="ab" * 32, rows=1305, columns=42),),
                attachments=(
                    Attachment(
                        kind="table", name="classes", label="classes.csv", format="csv", sha256=table[0], size_bytes=table[1]
                    ),
                ),
                notes=(run["note"],),
                commit=run["commit"],
            ),
        ),
    )


def fill(path: Path, count: int, *, first: int = 1) -> None:
    """Save the runs `first` to `count`; tables and series are among twenty different ones, so that twenty charts are drawn."""
    with Store.open(path) as store:
        todo = neutral.runs(count, first=first)
        tables: dict[int, tuple[str, int]] = {}
        series = [run["series"] for run in neutral.runs(KINDS)]
        while batch := list(islice(todo, 64)):
            builds = []
            for run in batch:
                kind = run["number"] % KINDS
                run["series"] = series[kind]
                if kind not in tables:
                    out = io.StringIO()
                    csv.writer(out).writerows([neutral.COLUMNS, *run["table"]])
                    tables[kind] = store.put_blob(out.getvalue().encode())
                builds.append(build_of(run, tables[kind]))
            store.save_builds(builds, now=NOW)


if __name__ == "__main__":
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "reportgen.toml").write_text(CONFIG)
    fill(directory / ".reportgen", count, first=int(sys.argv[3]) if len(sys.argv) > 3 else 1)
