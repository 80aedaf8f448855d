"""What a leaderboard of many runs holds in memory: bytes of Python's own values, which do not depend on the machine's load."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from reportgen.analysis.judge import judge
from reportgen.analysis.shapes import csv_text, leaderboard_rows, leaderboard_text
from reportgen.analysis.values import LeaderboardOptions
from reportgen.model import Build, Dataset, Metric, Model, Run
from reportgen.store.db import Store
from reportgen.store.view import StoreView
from tests.analysis.rows import SET_A, START

FEW, MANY = 600, 1800
TEN = tuple(f"val/metric_{i:02}" for i in range(1, 11))


def make_build(number: int, stored: int) -> Build:
    value = 0.5 + number % 977 / 2000
    metrics = [Metric(name="val/f1", value=value, low=value - 0.02, high=value + 0.02, n=1305, direction="higher")]
    metrics += [Metric(name=f"val/metric_{i:02}", value=1 / (number + i), direction="higher") for i in range(1, stored)]
    run = Run(
        name="validate",
        stage="validate",
        status="complete",
        record=f"{number:08x}",
        params={"algorithm": ("gbm", "forest", "linear")[number % 3], "depth": number % 9, "seed": 1000 + number},
        metrics=tuple(metrics),
        datasets=(Dataset(name="validation", role="validation", sha256=SET_A, rows=1305),),
        models=(Model(name="model.pkl", role="input", sha256=f"{number:064x}"),),
    )
    start = START + timedelta(minutes=20 * number)
    return Build(job="churn/validate", number=number, started_at=start, duration_s=60, result="SUCCESS", runs=(run,))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Path]:
    """Stores by how many runs they have, and how many metrics each run."""
    found = {}
    for runs, metrics in ((FEW, 12), (MANY, 12), (FEW, 60), (MANY, 60)):
        path = found[runs, metrics] = tmp_path_factory.mktemp("large") / "store"
        with Store.open(path) as store:
            store.save_builds([make_build(number, metrics) for number in range(1, runs + 1)], now=START)
    return found


def board_bytes(path: Path, columns: tuple[str, ...]) -> tuple[int, int]:
    """Bytes that a board holds, with the runs it is made of, and at most while it is read, judged and written."""
    wanted = LeaderboardOptions(name="churn", metric="val/f1", columns=columns)
    gc.collect()
    tracemalloc.start()
    try:
        with StoreView.open(path) as view:
            rows = view.run_rows(metrics=["val/f1", *columns])
        board = judge(rows, wanted).leaderboard
        assert sum(1 for _ in leaderboard_text(board)) > len(rows)
        assert sum(1 for _ in csv_text(leaderboard_rows(board))) == len(rows) + 1
        gc.collect()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


def bytes_per_run(stores: dict[tuple[int, int], Path], stored: int, columns: tuple[str, ...]) -> tuple[float, float]:
    """What each further run adds: held, and at most."""
    (held, most), (held_of_few, most_of_few) = (board_bytes(stores[runs, stored], columns) for runs in (MANY, FEW))
    return (held - held_of_few) / (MANY - FEW), (most - most_of_few) / (MANY - FEW)


def test_a_run_of_a_board_takes_little_and_what_is_stored_beside_its_columns_nothing(
    stores: dict[tuple[int, int], Path],
) -> None:
    bytes_per_run(stores, 12, TEN)  # what is made once is there
    held, most = bytes_per_run(stores, 12, TEN)
    assert held < 1900, "params, digests and times of a run, ten columns and its row on the board"
    assert most < 2600, "with all that is held while it is judged and written"
    beside = bytes_per_run(stores, 60, TEN)
    assert beside == pytest.approx((held, most), rel=0.02), "five times the metrics are stored"


def test_a_further_column_takes_eight_bytes_for_each_run(stores: dict[tuple[int, int], Path]) -> None:
    bytes_per_run(stores, 12, TEN)
    ten, two = (bytes_per_run(stores, 12, columns) for columns in (TEN, TEN[:2]))
    assert (ten[0] - two[0]) / 8 < 10
    assert (ten[1] - two[1]) / 8 < 20
