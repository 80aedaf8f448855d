"""Step 2: train one model, or a grid of models, on the training set."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import altair as alt
import data
import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import reportgen

FOLDS = 5


def gradient_descent(*, rate: float = 0.1, steps: int = 60) -> LogisticRegression:
    """Return a logistic regression to be fitted by `descend`: plain gradient descent, to watch the loss fall."""
    model = LogisticRegression()
    model.descent = (rate, steps)
    return model


ALGORITHMS: dict[str, Any] = {
    "logistic_regression": lambda seed, **p: LogisticRegression(max_iter=2000, random_state=seed, **p),
    "random_forest": lambda seed, **p: RandomForestClassifier(random_state=seed, n_jobs=1, **p),
    "extra_trees": lambda seed, **p: ExtraTreesClassifier(random_state=seed, n_jobs=1, **p),
    "gradient_boosting": lambda seed, **p: GradientBoostingClassifier(random_state=seed, **p),
    "svm": lambda seed, **p: SVC(random_state=seed, **p),
    "knn": lambda seed, **p: KNeighborsClassifier(**p),  # noqa: ARG005
    "naive_bayes": lambda seed, **p: GaussianNB(**p),  # noqa: ARG005
    "decision_tree": lambda seed, **p: DecisionTreeClassifier(random_state=seed, **p),
    "neural_network": lambda seed, **p: MLPClassifier(random_state=seed, max_iter=120, **p),
    "gradient_descent": lambda seed, **p: gradient_descent(**p),  # noqa: ARG005
}


def main() -> None:
    """Train, cross-validate, write model.joblib and one record per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--training", type=Path, default=Path("training.csv"))
    parser.add_argument("--algorithm", choices=sorted(ALGORITHMS), required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--params", type=json.loads, default={}, help="parameters of the algorithm, JSON")
    parser.add_argument("--grid", type=json.loads, default=None, help="lists of values to search, JSON")
    parser.add_argument("--kind", default="candidate")
    arguments = parser.parse_args()
    with reportgen.start_run("train") as run:
        params = dict(arguments.params)
        if arguments.grid:
            params |= search(arguments, params)
        train(run, arguments, params)


def search(arguments: argparse.Namespace, fixed: dict[str, Any]) -> dict[str, Any]:
    """Return the best point of the grid by cross-validated F1; every point is a run of its own."""
    features, target = data.read_csv(arguments.training)
    scores: dict[str, float] = {}
    points = list(ParameterGrid(arguments.grid))
    for number, point in enumerate(points, start=1):
        with reportgen.start_run(f"grid-{number:02d}", environment=False) as run:
            run.log_params({"algorithm": arguments.algorithm, "seed": arguments.seed, **fixed, **point})
            run.set_tag("kind", "grid")
            run.log_dataset("training", arguments.training, role="training")
            folds = cross_validate(make(arguments.algorithm, arguments.seed, fixed | point), features, target)
            scores[json.dumps(point, sort_keys=True)] = log_folds(run, folds)
    best = max(scores, key=lambda key: scores[key])
    return dict(json.loads(best))


def train(run: Any, arguments: argparse.Namespace, params: dict[str, Any]) -> None:
    """Cross-validate and fit one model and log both."""
    run.log_params({"algorithm": arguments.algorithm, "seed": arguments.seed, **params})
    run.set_tag("kind", arguments.kind)
    features, target = data.read_csv(arguments.training)
    training = run.log_dataset("training", arguments.training, role="training")
    baseline = cross_validate(DummyClassifier(strategy="prior"), features, target)
    run.log_metric("cv/no_skill_log_loss", float(baseline["log_loss"].mean()), direction="lower", n=len(target))

    model = make(arguments.algorithm, arguments.seed, params)
    folds = cross_validate(model, features, target)
    log_folds(run, folds)
    started = time.process_time()
    fit(model, features, target)
    run.log_metric("train/seconds", time.process_time() - started, direction="lower", unit="s")
    for step, loss in enumerate(losses(model), start=1):
        run.log_metric("train/loss", loss, step=step, direction="lower")
    influence = influences(model, list(features.columns))
    if influence is not None:
        run.log_table("influence", influence)
        run.log_chart("influence", influence_chart(influence.head(12)))
    joblib.dump(model, "model.joblib")
    run.log_model("model.joblib", framework="scikit-learn", inputs=[training])
    run.log_metric("train/model_bytes", Path("model.joblib").stat().st_size, direction="lower", unit="B")
    run.log_note(
        f"Trained on {len(features)} rows and {features.shape[1]} measurements. "
        f"F1 over {FOLDS} folds: *{folds['f1'].min():.3f}* to *{folds['f1'].max():.3f}*."
    )


def make(algorithm: str, seed: int, params: dict[str, Any]) -> Pipeline:
    """Return the unfitted model: measurements scaled to unit variance, then the algorithm."""
    return Pipeline([("scale", StandardScaler()), ("model", ALGORITHMS[algorithm](seed, **params))])


def fit(model: BaseEstimator, features: pd.DataFrame, target: pd.Series) -> BaseEstimator:
    """Fit in place, by our own gradient descent where the algorithm asks for it."""
    last = model.named_steps["model"] if isinstance(model, Pipeline) else model
    if not hasattr(last, "descent"):
        return model.fit(features, target)
    descend(last, model.named_steps["scale"].fit_transform(features), target.to_numpy())
    return model


def descend(model: LogisticRegression, features: np.ndarray, target: np.ndarray) -> None:
    """Plain gradient descent on the squared loss of the logit: with too large a rate the weights grow without bound."""
    rate, steps = model.descent
    inputs = np.column_stack([np.ones(len(features)), features])
    goal = np.where(target == 1, 2.0, -2.0)
    weights = np.zeros(inputs.shape[1])
    history = []
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            residual = inputs @ weights - goal
            history.append(float(np.mean(residual**2)))
            weights = weights - rate * inputs.T @ residual / len(goal)
    model.classes_ = np.array([0, 1])
    model.intercept_ = weights[:1]
    model.coef_ = weights[None, 1:]
    model.n_features_in_ = features.shape[1]
    model.history_ = history


def cross_validate(model: BaseEstimator, features: pd.DataFrame, target: pd.Series) -> pd.DataFrame:
    """Return one row per fold: F1, ROC-AUC and log loss of the rows left out."""
    rows = []
    for fold, (inside, outside) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, target), 1):
        fit(model, features.iloc[inside], target.iloc[inside])
        score = scores(model, features.iloc[outside])
        truth = target.iloc[outside]
        if not np.isfinite(score).all():
            rows.append({"fold": fold, "rows": len(outside), "f1": np.nan, "roc_auc": np.nan, "log_loss": np.nan})
            continue
        rows.append(
            {
                "fold": fold,
                "rows": len(outside),
                "f1": f1_score(truth, score >= 0.5, zero_division=0.0),
                "roc_auc": roc_auc_score(truth, score),
                "log_loss": log_loss(truth, np.clip(score, 1e-15, 1 - 1e-15), labels=[0, 1]),
            }
        )
    return pd.DataFrame(rows)


def scores(model: BaseEstimator, features: pd.DataFrame) -> np.ndarray:
    """Return the score of the malignant class, 0 to 1; of a support vector machine its logistic decision value."""
    with np.errstate(over="ignore", invalid="ignore"):
        if hasattr(model, "predict_proba"):
            return np.asarray(model.predict_proba(features)[:, 1])
        return np.asarray(1 / (1 + np.exp(-model.decision_function(features))))


def log_folds(run: Any, folds: pd.DataFrame) -> float:
    """Log the folds as a table and their means as metrics; return the mean F1."""
    run.log_table("folds", folds.round(6))
    for name, direction in (("f1", "higher"), ("roc_auc", "higher"), ("log_loss", "lower")):
        values = folds[name]
        run.log_metric(
            f"cv/{name}", float(values.mean(skipna=False)), direction=direction, std=float(values.std(ddof=1)), n=len(values)
        )
    return float(folds["f1"].mean(skipna=False))


def losses(model: Pipeline) -> list[float]:
    """Return the training loss per step where the algorithm has one."""
    last = model.named_steps["model"]
    for name in ("train_score_", "loss_curve_", "history_"):
        if hasattr(last, name):
            return [float(value) for value in getattr(last, name)]
    return []


def influences(model: Pipeline, names: list[str]) -> pd.DataFrame | None:
    """Return how much each measurement weighs in the model, largest first; None where the algorithm does not say."""
    last = model.named_steps["model"]
    if hasattr(last, "feature_importances_"):
        weights = last.feature_importances_
    elif hasattr(last, "coef_") and np.isfinite(last.coef_).all():
        weights = last.coef_[0]
    else:
        return None
    table = pd.DataFrame({"measurement": names, "weight": np.round(weights, 5)})
    return table.reindex(table["weight"].abs().sort_values(ascending=False, kind="stable").index).reset_index(drop=True)


def influence_chart(table: pd.DataFrame) -> alt.Chart:
    """Return a bar chart of the measurements that weigh most."""
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(x=alt.X("weight:Q", title="weight in the model"), y=alt.Y("measurement:N", sort=None, title=None))
        .properties(width=360)
    )


if __name__ == "__main__":
    main()
