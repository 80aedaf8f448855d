"""The helpers a step calls to write down what it did; standard library only.

`start_run` opens a run; the other functions act on the active one and take the arguments of the `Run` methods of the same name.
"""

from __future__ import annotations

from functools import wraps

from reportgen.stage.active import active_run, current_or_new, end_run, start_run
from reportgen.stage.run import Run

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, ParamSpec, TypeVar

    from reportgen.stage.sklearn import autolog

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = [
    "Run",
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


def _on_active(method: Callable[Concatenate[Run, P], R]) -> Callable[P, R]:
    """Make a method of `Run` a function that acts on the active run."""

    @wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(current_or_new(), *args, **kwargs)

    return function


log_param = _on_active(Run.log_param)
log_params = _on_active(Run.log_params)
log_metric = _on_active(Run.log_metric)
log_metrics = _on_active(Run.log_metrics)
set_tag = _on_active(Run.set_tag)
set_tags = _on_active(Run.set_tags)
log_dataset = _on_active(Run.log_dataset)
log_model = _on_active(Run.log_model)
log_table = _on_active(Run.log_table)
log_chart = _on_active(Run.log_chart)
log_figure = _on_active(Run.log_figure)
log_note = _on_active(Run.log_note)
log_artifact = _on_active(Run.log_artifact)
log_decision = _on_active(Run.log_decision)
log_environment = _on_active(Run.log_environment)
log_classification = _on_active(Run.log_classification)
log_regression = _on_active(Run.log_regression)
log_folds = _on_active(Run.log_folds)


def __getattr__(name: str) -> Any:
    if name != "autolog":
        raise AttributeError(f"module 'reportgen.stage' has no attribute {name!r}")
    from reportgen.stage.sklearn import autolog

    return autolog
