"""Step 5: put an approved model where it is used, and try it there."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import data
import joblib
import numpy as np
from train import scores

import reportgen


def main() -> None:
    """Copy the model to its target with a manifest, and measure how fast it answers there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("model.joblib"))
    parser.add_argument("--rows", type=Path, default=Path("validation.csv"), help="rows to try it with")
    parser.add_argument("--target", default="production")
    arguments = parser.parse_args()
    with reportgen.start_run("deploy") as run:
        run.log_param("target", arguments.target)
        target = Path("deployed")
        target.mkdir(exist_ok=True)
        copied = Path(shutil.copy2(arguments.model, target / "model.joblib"))
        run.log_model(copied, framework="scikit-learn", role="input")
        model = joblib.load(copied)
        features, _ = data.read_csv(arguments.rows)
        features = features[list(model.named_steps["scale"].feature_names_in_)]
        times = np.array([one_answer(model, features.iloc[[row]]) for row in range(60)])
        run.log_metric("serving/ms_median", float(np.median(times)), direction="lower", unit="ms", n=len(times))
        run.log_metric("serving/ms_p95", float(np.quantile(times, 0.95)), direction="lower", unit="ms", n=len(times))
        for step, milliseconds in enumerate(times, start=1):
            run.log_metric("serving/ms", float(milliseconds), step=step, direction="lower", unit="ms")
        manifest = {"target": arguments.target, "columns": list(features.columns), "bytes": copied.stat().st_size}
        (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        run.log_artifact(target / "manifest.json")


def one_answer(model: object, row: object) -> float:
    """Return how long one answer takes, in milliseconds of processor time."""
    started = time.process_time()
    scores(model, row)
    return 1000 * (time.process_time() - started)


if __name__ == "__main__":
    main()
