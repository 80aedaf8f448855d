"""Every second night: do the rows that arrive look like those the model was trained on? Knows nothing of reportgen."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import data
import joblib
import numpy as np
from sklearn.metrics import classification_report
from train import scores


def main() -> None:
    """Draw the night's rows, compare them with the training set and let the deployed model judge them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("model.joblib"))
    parser.add_argument("--training", type=Path, default=Path("training.csv"))
    parser.add_argument("--validation", type=Path, default=Path("validation.csv"))
    parser.add_argument("--night", type=int, required=True, help="number of the night: seed of the draw")
    arguments = parser.parse_args()
    training, _ = data.read_csv(arguments.training)
    features, target = data.read_csv(arguments.validation)
    rows = np.random.default_rng(arguments.night).integers(0, len(features), size=80)
    features, target = features.iloc[rows], target.iloc[rows]
    distances = {name: distance(training[name].to_numpy(), features[name].to_numpy()) for name in training.columns}
    worst = max(distances, key=lambda name: distances[name])
    model = joblib.load(arguments.model)
    score = scores(model, features[list(model.named_steps["scale"].feature_names_in_)])
    report = classification_report(target, score >= 0.5, target_names=["benign", "malignant"], output_dict=True)
    metrics = {
        "rows": len(rows),
        "ks_mean": float(np.mean(list(distances.values()))),
        "ks_max": distances[worst],
        "ks_max_measurement": worst,
        "f1": report["malignant"]["f1-score"],
        "accuracy": report["accuracy"],
        "malignant_share": float(target.mean()),
    }
    Path("metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    Path("report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    Path("params.json").write_text(json.dumps({"night": arguments.night, "draw": len(rows)}) + "\n", encoding="utf-8")


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the two-sample Kolmogorov-Smirnov distance: the largest gap between the two distribution functions."""
    points = np.concatenate([first, second])
    left = np.searchsorted(np.sort(first), points, side="right") / len(first)
    right = np.searchsorted(np.sort(second), points, side="right") / len(second)
    return float(np.abs(left - right).max())


if __name__ == "__main__":
    main()
