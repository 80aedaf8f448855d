"""Step 3: measure a model on a validation set it has never seen, and check that it may go on."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import data
import joblib
import numpy as np
import pandas as pd
from sklearn.metrics import recall_score
from train import scores

import reportgen


def main() -> None:
    """Log the metrics of the model on the validation set and write junit.xml; a failed check makes the build unstable."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("model.joblib"))
    parser.add_argument("--validation", type=Path, default=Path("validation.csv"))
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--min-f1", type=float, default=0.9)
    parser.add_argument("--kind", default="candidate")
    arguments = parser.parse_args()

    with reportgen.start_run("validate") as run:
        run.set_tag("kind", arguments.kind)
        features, target = data.read_csv(arguments.validation)
        run.log_dataset("validation", arguments.validation, role="validation")
        run.log_model(arguments.model, framework="scikit-learn", role="input")
        model = joblib.load(arguments.model)
        run.log_params({"algorithm": algorithm(model), "min_f1": arguments.min_f1, **facts(model)})
        features = features[list(model.named_steps["scale"].feature_names_in_)]
        run.log_param("measurements", features.shape[1])

        score = scores(model, features)
        run.log_metric("val/ms_per_row", 1000 * best_time(model, features) / len(score), direction="lower", unit="ms")
        if np.isfinite(score).all():
            f1 = measure(run, target, score, arguments.threshold)
            run.log_table("by-size", by_size(data.read_csv(arguments.validation)[0], target, score >= arguments.threshold))
        else:
            f1 = math.nan
            run.log_metric("val/f1", f1, direction="higher", n=len(target))
            run.log_note(
                f"The model's scores are not finite on {int((~np.isfinite(score)).sum())} of {len(score)} rows: "
                "nothing could be measured."
            )
        write_checks(Path("junit.xml"), score, f1, arguments.min_f1)


def best_time(model: object, features: pd.DataFrame, repeats: int = 5) -> float:
    """Return the processor seconds of the fastest of several passes."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        scores(model, features)
        times.append(time.process_time() - started)
    return min(times)


def algorithm(model: object) -> str:
    """Return the class of the last step of the pipeline."""
    return type(model.named_steps["model"]).__name__


def facts(model: object) -> dict[str, object]:
    """Return the parameters of the model that were set to something other than their default."""
    last = model.named_steps["model"]
    defaults = type(last)().get_params()
    return {
        f"model.{name}": value
        for name, value in sorted(last.get_params().items())
        if value != defaults[name] and name not in ("n_jobs", "max_iter")
    }


def measure(run: reportgen.Run, target: pd.Series, score: np.ndarray, threshold: float) -> float:
    """Log every metric of the classification with its interval, charts and rows; return F1 (nan if it is not defined)."""
    found = run.log_classification(target, score, threshold=threshold, split="val", dataset="validation")
    f1 = found.metrics["val/f1"].value
    return math.nan if f1 is None else f1


def by_size(features: pd.DataFrame, target: pd.Series, predicted: np.ndarray) -> pd.DataFrame:
    """Return recall and false alarms by thirds of the mean radius: where the model fails matters as much as how often."""
    thirds = pd.qcut(features["mean radius"], 3, labels=["small", "middle", "large"])
    rows = []
    for third in thirds.cat.categories:
        inside = (thirds == third).to_numpy()
        truth = target.to_numpy()[inside]
        found = predicted[inside]
        rows.append(
            {
                "mean radius": third,
                "rows": int(inside.sum()),
                "malignant": int(truth.sum()),
                "missed": int(((truth == 1) & ~found).sum()),
                "false alarms": int(((truth == 0) & found).sum()),
                "recall": round(float(recall_score(truth, found, zero_division=np.nan)), 4) if truth.sum() else None,
            }
        )
    return pd.DataFrame(rows)


def write_checks(path: Path, score: np.ndarray, f1: float, minimum: float) -> None:
    """Write what must hold before anyone is asked to approve, as a JUnit report."""
    finite = bool(np.isfinite(score).all())
    checks = [
        ("scores_are_finite", finite, "some scores are not finite"),
        ("scores_are_probabilities", finite and bool(((score >= 0) & (score <= 1)).all()), "some scores are outside 0 to 1"),
        ("scores_differ", finite and len(np.unique(score)) > 1, "every row has the same score"),
        ("f1_at_least_minimum", f1 >= minimum, f"F1 {f1:.4f} is below {minimum}"),
    ]
    suite = ET.Element("testsuite", name="checks", tests=str(len(checks)), failures=str(sum(not ok for _, ok, _ in checks)))
    for name, passed, message in checks:
        case = ET.SubElement(suite, "testcase", classname="wisconsin.checks", name=name, time="0")
        if not passed:
            ET.SubElement(case, "failure", message=message).text = message
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    main()
