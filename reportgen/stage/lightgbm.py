"""A callback for LightGBM: params, and evaluation results as series while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reportgen.errors import RecordError
from reportgen.stage.active import current_or_new
from reportgen.stage.run import Run


def callback(run: Run | None = None) -> Callable[[Any], None]:
    """Return a callback for ``lightgbm.train(..., callbacks=[callback()])``, ``lightgbm.cv`` or an estimator's ``fit``.

    The params are written at the first round and each evaluation as ``data/metric`` at its round, with the direction
    that LightGBM gives. `run` is the active run unless it is given.
    """
    state: dict[str, Run] = {}

    def log_evaluation(env: Any) -> None:
        if "run" not in state:
            state["run"] = run or current_or_new()
            _log_params(state["run"], env.params)
        for data, name, value, higher, *std in env.evaluation_result_list or ():
            state["run"].log_metric(
                f"{data}/{name}",
                value,
                step=env.iteration,
                direction="higher" if higher else "lower",
                std=std[0] if std else None,
            )

    log_evaluation.order = 25  # type: ignore[attr-defined]
    return log_evaluation


def _log_params(run: Run, params: dict[str, Any]) -> None:
    for name, value in params.items():
        try:
            run.log_param(name, value)
        except RecordError:
            continue
