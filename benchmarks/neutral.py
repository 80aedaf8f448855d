"""Neutral data for the site benchmarks: N runs as every contender gets them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

WORDS = [
    "model",
    "training",
    "validation",
    "batch",
    "season",
    "customers",
    "recall",
    "precision",
    "threshold",
    "calibration",
    "drift",
    "sample",
    "feature",
    "encoding",
    "target",
    "noise",
    "retrained",
    "backfill",
    "stable",
    "better",
    "worse",
    "than",
    "before",
    "because",
    "after",
    "which",
    "holdout",
    "fold",
]
START = datetime(2020, 1, 1, 2, tzinfo=UTC)


def runs(count: int, *, first: int = 1) -> Iterator[dict[str, Any]]:
    """Yield runs `first` to `count`: 12 params, 25 metrics, a 5-row table, a 30-point series, a 150-word note, artifacts."""
    for number in range(first, count + 1):
        dice = random.Random(number)
        yield {
            "number": number,
            "started_at": START + timedelta(minutes=20 * number),
            "duration_s": round(dice.uniform(20, 400), 1),
            "commit": f"{dice.getrandbits(160):040x}",
            "upstream": number,
            "params": {
                f"param_{i:02}": dice.choice([dice.randint(1, 100), round(dice.random(), 4), "adam"]) for i in range(12)
            },
            "metrics": {f"val/metric_{i:02}": round(dice.random(), 6) for i in range(25)},
            "table": [[f"class {row}", *(round(dice.random(), 4) for _ in range(4))] for row in range(5)],
            "series": [round(1 / (step + 1) + dice.random() / 50, 5) for step in range(30)],
            "note": " ".join(dice.choice(WORDS) for _ in range(150)).capitalize() + ".",
            "artifacts": [
                (f"reports/{name}", dice.randint(1000, 900000)) for name in ("model.pkl", "report.html", "log.txt", "roc.png")
            ],
        }


COLUMNS = ["class", "precision", "recall", "f1", "support"]
