"""`log_folds`: the scores of cross-validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reportgen import estimate
from reportgen.errors import RecordError
from reportgen.estimate import Estimate
from reportgen.stage import drawings
from reportgen.stage.evaluate.measured import Evaluation
from reportgen.stage.inputs import as_list, floats

if TYPE_CHECKING:
    from reportgen.stage.run import Run


def log_folds(
    run: Run,
    scores: Mapping[str, Any] | Sequence[float],
    *,
    name: str = "score",
    split: str = "cv",
    direction: str | Mapping[str, str] | None = None,
    interval: bool = False,
    test_to_train: float | None = None,
    dataset: str | None = None,
    charts: bool = True,
) -> Evaluation:
    """Write the scores of cross-validation, one metric per key with mean and sd over the folds, and return the estimates.

    `scores` maps names to a score per fold (scikit-learn's ``cross_validate`` result will do: ``test_f1`` becomes
    ``f1``); a plain sequence is taken as `name`. The sd is spread, not a confidence interval: training sets overlap and
    no unbiased variance exists (Bengio & Grandvalet 2004). With `interval` the corrected resampled t interval (Nadeau &
    Bengio 2003) is added; `test_to_train` is the ratio of rows, 1/(k−1) unless told. Of pooled out-of-fold predictions,
    use `log_classification`.
    """
    columns = run._read(lambda: _columns(scores, name), "the scores of folds")  # noqa: SLF001 - as the run reads files
    if columns is None:
        return Evaluation({}, 0)
    if not columns or len({len(values) for values in columns.values()}) > 1 or not next(iter(columns.values())):
        lengths = ", ".join(f"{key} {len(values)}" for key, values in columns.items()) or "none"
        raise RecordError(f"log_folds needs as many scores of each metric, at least one: {lengths}")
    estimates: dict[str, Estimate] = {}
    for key, values in columns.items():
        k = len(values)
        found = estimate.corrected_interval(values, test_to_train)
        if found.value is None or not all(map(math.isfinite, values)):
            found = Estimate(None, n=k, reason="a fold has no finite score")
        elif not interval:
            found = found._replace(low=None, high=None, method=None, reason=None)
        sd = (
            math.sqrt(math.fsum((v - found.value) ** 2 for v in values) / (k - 1))
            if k > 1 and found.value is not None
            else None
        )
        way = direction.get(key) if isinstance(direction, Mapping) else direction
        way = way or ("lower" if key.endswith(("_time", "error", "loss")) else None)
        full = f"{split}/{key}"
        run.log_metric(
            full, found.value, direction=way, low=found.low, high=found.high, std=sd, method=found.method, reason=found.reason,
            dataset=dataset, folds=k, note=f"± sd over {k} folds (spread, not a confidence interval)",
        )  # fmt: skip
        estimates[full] = found
        if charts and found.value is not None and not key.endswith("_time") and k > 1:
            spec = drawings.folds_chart(values, key, f"{key}: mean {found.value:.4g}, sd {sd or 0.0:.2g} over {k} folds.")
            run.log_chart(f"{split}-{key}", spec, caption=spec["description"])
    k = len(next(iter(columns.values())))
    run.log_table(f"{split}-folds", {"fold": list(range(1, k + 1)), **columns})
    return Evaluation(estimates, k)


def _columns(scores: Any, name: str) -> dict[str, list[float]]:
    if hasattr(scores, "columns") and hasattr(scores, "shape"):
        scores = {str(key): scores[key] for key in scores.columns}
    given = scores if isinstance(scores, Mapping) else {name: scores}
    columns = {_fold_name(str(key), given): list(floats(as_list(values, str(key)), str(key))) for key, values in given.items()}
    return {key: values for key, values in columns.items() if key}


def _fold_name(key: str, given: Mapping[str, Any]) -> str:
    if key in {"estimator", "indices"}:
        return ""
    if any(str(name).startswith("test_") for name in given):
        return key.removeprefix("test_")
    return key
