"""A callback for XGBoost: evaluation results as series while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from reportgen.stage.active import current_or_new
from reportgen.stage.run import Run

HIGHER = frozenset({"auc", "aucpr", "map", "ndcg", "pre", "interval-regression-accuracy"})
LOWER = frozenset({
    "rmse", "rmsle", "mae", "mape", "mphe", "logloss", "mlogloss", "error", "merror", "quantile", "expectile",
    "poisson-nloglik", "gamma-nloglik", "gamma-deviance", "cox-nloglik", "aft-nloglik", "tweedie-nloglik",
})  # fmt: skip
"""XGBoost's own metrics; of a custom one the direction is not known."""


def callback(run: Run | None = None, *, params: Mapping[str, Any] | None = None) -> Any:
    """Return a callback for ``xgboost.train(..., callbacks=[callback()])`` or an estimator's ``callbacks=``.

    Each evaluation is written as ``data/metric`` at its round; at the end ``best_iteration`` and ``best_score`` where
    there are any. `params` are logged as they are; `run` is the active run unless it is given. Imports xgboost when it
    is called.
    """
    base: Any = import_module("xgboost.callback").TrainingCallback

    class Callback(base):  # type: ignore[misc]
        """Writes what XGBoost evaluates."""

        def before_training(self, model: Any) -> Any:
            """Write the params."""
            self.run = run or current_or_new()
            if params:
                self.run.log_params(params)
            return model

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """Write the newest value of every metric, and go on."""
            for data, metrics in evals_log.items():
                for name, values in metrics.items():
                    value, std = values[-1] if isinstance(values[-1], tuple) else (values[-1], None)
                    self.run.log_metric(f"{data}/{name}", value, step=epoch, direction=_direction(name), std=std)
            return False

        def after_training(self, model: Any) -> Any:
            """Write the best round, where one was found."""
            best = model.attributes() if hasattr(model, "attributes") else {}
            if best.get("best_iteration"):
                self.run.log_metric("best_iteration", int(best["best_iteration"]), direction="none")
                self.run.log_metric("best_score", float(best["best_score"]))
            return model

    return Callback()


def _direction(metric: str) -> str | None:
    name = metric.partition("@")[0].rstrip("-")
    return "higher" if name in HIGHER else "lower" if name in LOWER else None
