"""`log_regression`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reportgen.errors import RecordError
from reportgen.stage import drawings
from reportgen.stage.evaluate.measured import Evaluation, log_measures, log_rows, said
from reportgen.stage.inputs import aligned, floats
from reportgen.stage.regression import regression_measures
from reportgen.stage.values import number

if TYPE_CHECKING:
    from reportgen.stage.run import Run


def log_regression(
    run: Run,
    y_true: Any,
    y_pred: Any,
    *,
    split: str = "val",
    unit: str | None = None,
    dataset: str | None = None,
    alphas: float | Sequence[float] = (),
    smape: bool = False,
    missing: str = "error",
    rows: bool = True,
    charts: bool = True,
) -> Evaluation:
    """Write the metrics, intervals and charts of a regression and return the estimates.

    `y_true` and `y_pred` hold a number per row; an error is predicted minus true. `unit` is the target's unit: MAE, RMSE,
    bias, median absolute error and quantile losses are in it, the others are ratios. `alphas` adds quantile losses and
    `smape` the symmetric percentage error. The other arguments are those of `log_classification`.

    Intervals are at 95 %: of mean losses a t interval, of RMSE the same on the log scale, of R² that of the influence
    function, of the median that between two order statistics (Thompson 1936), of WAPE that of the MAE with the target's
    total taken as fixed; percentage errors have none. RecordError as there, and for values that are no finite numbers.
    """
    alphas = [float(number(alpha, "each of alphas=")) for alpha in (alphas if hasattr(alphas, "__iter__") else (alphas,))]
    given = {"y_true": y_true, "y_pred": y_pred}
    read = run._read(lambda: aligned(given, missing), " and ".join(given))  # noqa: SLF001 - as the run reads files
    if read is None:
        return Evaluation({}, 0)
    columns, dropped = read
    true, predicted = floats(columns[0], "y_true"), floats(columns[1], "y_pred")
    for what, values in (("y_true", true), ("y_pred", predicted)):
        infinite = sum(map(math.isinf, values))
        if infinite:
            raise RecordError(f"{what} has {infinite} infinite value{'s' * (infinite != 1)}")
    try:
        found = regression_measures(true, predicted, alphas=alphas, smape=smape)
    except OverflowError:
        raise RecordError("the values are too large to be squared and summed", hint="scale the target first") from None
    units = {
        "mae",
        "rmse",
        "median_ae",
        "bias",
        *(measure.name for measure in found if measure.name.startswith("quantile_loss")),
    }
    estimates = log_measures(run, found, split, dataset, dict.fromkeys(units, unit) if unit else {})
    if dropped:
        run.log_metric(f"{split}/rows_dropped", dropped, direction="none", dataset=dataset)
    if charts:
        by_name = {measure.name: measure for measure in found}
        r2 = by_name["r2"].estimate
        finding = f"R² {said(by_name['r2'])}" if r2.value is not None else f"R² not defined: {r2.reason}"
        residuals = [p - t for t, p in zip(true, predicted, strict=True)]
        suffix = f" ({unit})" if unit else ""
        bias, rmse = by_name["bias"].estimate.value, by_name["rmse"].estimate.value
        titles = (f"actual{suffix}", f"predicted{suffix}"), (f"predicted{suffix}", f"predicted − actual{suffix}")
        drawn = {
            "predicted": drawings.scatter_chart(
                true, predicted, f"Predicted against actual: {finding}.", titles[0], diagonal=True
            ),
            "residuals": drawings.scatter_chart(
                predicted, residuals, f"Residuals: bias {bias:+.4g}, RMSE {rmse:.4g}.", titles[1], diagonal=False
            ),
        }
        for name, spec in drawn.items():
            run.log_chart(f"{split}-{name}", spec, caption=spec["description"])
    if rows:
        log_rows(run, split, {"true": true, "predicted": predicted}, len(true))
    return Evaluation(estimates, len(true), dropped)
