"""Model results from Jenkins as a versioned static website.

In a step, the helpers write down what happened::

    import reportgen

    with reportgen.start_run("validate") as run:
        run.log_param("algorithm", "gradient_boosting")
        run.log_metric("val/f1", 0.734, direction="higher", low=0.712, high=0.755)

The functions of the same names in this module act on the active run. Importing this module loads next to nothing; a helper is
imported when it is first used, and helpers need the standard library only.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`, whose module is slow to import

if TYPE_CHECKING:
    from typing import Any

    from reportgen.stage import (
        Run,
        active_run,
        autolog,
        end_run,
        log_artifact,
        log_chart,
        log_classification,
        log_dataset,
        log_decision,
        log_environment,
        log_figure,
        log_folds,
        log_metric,
        log_metrics,
        log_model,
        log_note,
        log_param,
        log_params,
        log_regression,
        log_table,
        set_tag,
        set_tags,
        start_run,
    )

__version__ = "0.1.0"

__all__ = [
    "Run",
    "__version__",
    "active_run",
    "autolog",
    "end_run",
    "log_artifact",
    "log_chart",
    "log_classification",
    "log_dataset",
    "log_decision",
    "log_environment",
    "log_figure",
    "log_folds",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_note",
    "log_param",
    "log_params",
    "log_regression",
    "log_table",
    "set_tag",
    "set_tags",
    "start_run",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'reportgen' has no attribute {name!r}")
    from reportgen import stage

    value = globals()[name] = getattr(stage, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
