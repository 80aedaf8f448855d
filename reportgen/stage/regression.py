"""Metrics of a regression from its predictions: pure functions, with intervals and reasons where there are none."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from statistics import median

from reportgen import estimate
from reportgen.errors import RecordError
from reportgen.estimate import Estimate
from reportgen.stage.classification import FEW_LOSSES, Measured

FEW_FOR_R2 = 30
_NONE = "no interval for this metric"


def regression_measures(
    true: Sequence[float], predicted: Sequence[float], *, alphas: Sequence[float] = (), smape: bool = False
) -> list[Measured]:
    """Return MAE, RMSE, bias, R², median absolute error, MAPE and WAPE; quantile losses and sMAPE where asked for.

    Errors are predicted minus true. A MAPE leaves out rows whose target is 0; a WAPE takes the target's total as fixed.
    """
    n = len(true)
    errors = array("d", (p - t for t, p in zip(true, predicted, strict=True)))
    sizes = array("d", map(abs, errors))
    mean = math.fsum(true) / n
    sd = math.sqrt(math.fsum((t - mean) ** 2 for t in true) / n)
    middle = median(true)
    mae = _few(estimate.mean_interval(sizes), n)
    r2 = estimate.r_squared(true, errors)
    found = [
        Measured("mae", mae, "lower", math.fsum(abs(t - middle) for t in true) / n),
        Measured("rmse", _few(estimate.rmse(errors), n), "lower", sd),
        Measured("r2", _few(r2, n, FEW_FOR_R2), no_skill=0.0, note=_worse_than_mean(r2)),
        Measured("median_ae", estimate.median_interval(sizes), "lower"),
        Measured("bias", _few(estimate.mean_interval(errors), n), "none", 0.0),
        _mape(true, sizes),
        _wape(true, mae),
    ]
    if smape:
        found.append(_smape(true, predicted))
    for alpha in alphas:
        if not 0.0 < alpha < 1.0:
            raise RecordError(f"a quantile loss needs 0 < alpha < 1, not {alpha!r}")
        losses = array("d", (max(-alpha * error, (1.0 - alpha) * error) for error in errors))
        found.append(
            Measured(f"quantile_loss_{alpha:g}", _few(estimate.mean_interval(losses), n), "lower", definition={"alpha": alpha})
        )
    return found


def _few(found: Estimate, n: int, least: int = FEW_LOSSES) -> Estimate:
    if n >= least or found.value is None:
        return found
    return found._replace(low=None, high=None, method=None, reason=f"no interval: only {n} row{'s' * (n != 1)}")


def _worse_than_mean(found: Estimate) -> str | None:
    return "worse than predicting the mean" if found.value is not None and found.value < 0 else None


def _mape(true: Sequence[float], sizes: Sequence[float]) -> Measured:
    shares = [size / abs(t) for t, size in zip(true, sizes, strict=True) if t != 0]
    zeros = len(true) - len(shares)
    if not shares:
        return Measured("mape", Estimate(None, n=0, reason="every target is 0"), "lower")
    notes = []
    if zeros:
        notes.append(f"{zeros} row{'s' * (zeros != 1)} with a target of 0 left out")
    if zeros or (min(true) < 0 < max(true)):
        notes.append("targets at or around 0: prefer WAPE")
    value = Estimate(math.fsum(shares) / len(shares), n=len(shares), reason=_NONE)
    return Measured("mape", value, "lower", note="; ".join(notes) or None)


def _wape(true: Sequence[float], mae: Estimate) -> Measured:
    scale = math.fsum(map(abs, true)) / len(true)
    if scale == 0 or mae.value is None:
        return Measured("wape", Estimate(None, n=len(true), reason="every target is 0"), "lower")
    low, high = (None if bound is None else bound / scale for bound in (mae.low, mae.high))
    return Measured("wape", mae._replace(value=mae.value / scale, low=low, high=high), "lower")


def _smape(true: Sequence[float], predicted: Sequence[float]) -> Measured:
    def loss(t: float, p: float) -> float:
        scale = abs(t) + abs(p)
        return 2.0 * abs(p - t) / scale if scale else 0.0

    value = math.fsum(map(loss, true, predicted)) / len(true)
    note = "from 0 to 2; a target of 0 costs 2 whatever the error"
    return Measured("smape", Estimate(value, n=len(true), reason=_NONE), "lower", note=note)
