"""Opt-in logging of scikit-learn: params and fit time of every estimator, scores of every cross-validation.

scikit-learn is imported by `autolog` only. Where the logging itself fails, one warning goes to standard error and the
fit goes on.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from reportgen.errors import RecordError
from reportgen.stage.active import current_or_new
from reportgen.stage.run import Run
from reportgen.stage.values import word
from reportgen.stage.writer import complain

_WRAPPED = "_reportgen_original"

_depth = threading.local()
_fits: dict[str, Counter[str]] = {}
_warned = False


def autolog(*, disable: bool = False) -> None:
    """Log every outermost ``fit`` and ``cross_validate`` of scikit-learn from now on; `disable` undoes it.

    Of a fit: the estimator's params as ``Class/name`` and ``Class/fit_seconds``; of a search also its best score, best
    params and a table of its results. Of ``cross_validate`` and ``cross_val_score``: what `log_folds` writes. Fits
    inside these, and inside a pipeline, are parts of them and are not logged. A second fit of the same class in a run
    is ``Class-2``.
    """
    base = import_module("sklearn.base").BaseEstimator
    import_module("sklearn.model_selection")
    now = import_module("sklearn.model_selection._validation").cross_validate
    original = getattr(now, _WRAPPED, now)
    _exchange(now, original if disable else _wrapped_cross_validate(original))
    for estimator in _descendants(base):
        (_unwrap_fit if disable else _wrap_fit)(estimator)
    _watch_new_classes(base, disable=disable)


def _exchange(old: Any, new: Any) -> None:
    """Put a function in the place of another in every module that has it, also under another name."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict):
            for name in [name for name, value in list(names.items()) if value is old]:
                names[name] = new


def _descendants(base: Any) -> Iterator[Any]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)


def _watch_new_classes(base: Any, *, disable: bool) -> None:
    """Wrap estimators that are defined or imported later, too."""
    hook = base.__dict__.get("__init_subclass__")
    if disable:
        if hook is not None and hasattr(hook.__func__, _WRAPPED):
            delattr(base, "__init_subclass__")
        return
    if hook is not None:
        return
    parent = super(base, base).__init_subclass__

    def __init_subclass__(cls: Any, /, **kwargs: Any) -> None:  # noqa: N807 - Python's own name
        getattr(parent, "__func__", lambda _cls, **_: None)(cls, **kwargs)
        _wrap_fit(cls)

    setattr(__init_subclass__, _WRAPPED, parent)
    base.__init_subclass__ = classmethod(__init_subclass__)


def _wrap_fit(estimator: type) -> None:
    fit = estimator.__dict__.get("fit")
    if not callable(fit) or hasattr(fit, _WRAPPED):
        return

    @functools.wraps(fit)
    def logged(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(_depth, "value", 0):
            return fit(self, *args, **kwargs)
        started = time.perf_counter()
        with _inside():
            fitted = fit(self, *args, **kwargs)
        _quietly(lambda run: _log_fit(run, self, time.perf_counter() - started))
        return fitted

    setattr(logged, _WRAPPED, fit)
    estimator.fit = logged  # type: ignore[attr-defined]


def _unwrap_fit(estimator: type) -> None:
    fit = estimator.__dict__.get("fit")
    if fit is not None and hasattr(fit, _WRAPPED):
        estimator.fit = getattr(fit, _WRAPPED)  # type: ignore[attr-defined]


def _wrapped_cross_validate(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def cross_validate(*args: Any, **kwargs: Any) -> Any:
        if getattr(_depth, "value", 0):
            return original(*args, **kwargs)
        with _inside():
            scores = original(*args, **kwargs)
        estimator = args[0] if args else kwargs.get("estimator")
        _quietly(lambda run: _log_scores(run, estimator, scores))
        return scores

    setattr(cross_validate, _WRAPPED, original)
    return cross_validate


@contextmanager
def _inside() -> Iterator[None]:
    _depth.value = getattr(_depth, "value", 0) + 1
    try:
        yield
    finally:
        _depth.value -= 1


def _quietly(log: Callable[[Run], None]) -> None:
    global _warned
    run: Run | None = None
    try:
        run = current_or_new()
        log(run)
    except Exception as problem:  # a fit that worked must not fail because of its logging
        if run is not None and run.strict and isinstance(problem, OSError):
            raise
        if not _warned:
            _warned = True
            complain(f"warning: reportgen.autolog could not log a fit: {type(problem).__name__}: {word(problem)}\n")


def _log_fit(run: Run, estimator: Any, seconds: float) -> None:
    name = _numbered(run, type(estimator).__name__)
    _log_params(run, name, estimator)
    run.log_metric(f"{name}/fit_seconds", seconds, direction="lower", unit="s")
    results = getattr(estimator, "cv_results_", None)
    if isinstance(results, Mapping):
        best = getattr(estimator, "best_score_", None)
        if best is not None:
            run.log_metric(f"{name}/best_score", best)
        run.log_params({f"{name}/best": dict(getattr(estimator, "best_params_", {}))})
        columns = {key: list(values) for key, values in results.items() if key != "params"}
        run.log_table(f"{name}-results", columns)


def _log_scores(run: Run, estimator: Any, scores: Mapping[str, Any]) -> None:
    name = _numbered(run, type(estimator).__name__)
    _log_params(run, name, estimator)
    run.log_folds(scores, split=f"{name}/cv")


def _log_params(run: Run, name: str, estimator: Any) -> None:
    found = {
        f"{name}/{key}": value
        for key, value in estimator.get_params(deep=True).items()
        if not hasattr(value, "get_params") and not (isinstance(value, list) and any(isinstance(item, tuple) for item in value))
    }
    try:
        run.log_params(found)
    except RecordError:  # the user has logged one of these names: theirs holds
        for key, value in found.items():
            if key not in run.params:
                run.log_param(key, value)


def _numbered(run: Run, name: str) -> str:
    counts = _fits.setdefault(str(run.directory), Counter())
    counts[name] += 1
    return name if counts[name] == 1 else f"{name}-{counts[name]}"
