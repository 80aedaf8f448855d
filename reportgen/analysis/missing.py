"""Why a run has no rank: the first reason that applies, in a fixed order."""

from __future__ import annotations

from reportgen.analysis.ranks import is_finite
from reportgen.analysis.values import Missing
from reportgen.model import Metric, RunRow

_FAILED_RESULTS = frozenset({"FAILURE", "ABORTED", "NOT_BUILT"})
_FAILED_STATUS = frozenset({"failed", "aborted"})


def has_failed(row: RunRow) -> bool:
    """Tell whether the build, or the run in it, did not come to its end (unstable builds did)."""
    return row.result in _FAILED_RESULTS or row.status in _FAILED_STATUS


def missing_reason(row: RunRow, metric: str) -> tuple[Missing | None, str]:
    """Return why `row` has no finite value of `metric`, and words that say more; (None, "") where it has one.

    A file left out for its size is told before "no record" and "not logged", because it may well have held the value.
    """
    return reason_without(row, row.metrics.get(metric))


def reason_without(row: RunRow, found: Metric | None) -> tuple[Missing | None, str]:
    """Return `missing_reason` of `row` where `found` is what it has of the metric."""
    if found is None:
        return _absent(row)
    if found.value is None:
        said = found.reason or (f"the file says {found.text!r}" if found.text is not None else "")
        return "not numeric", said
    return (None, "") if is_finite(found.value) else ("not finite", str(found.value))


def _absent(row: RunRow) -> tuple[Missing, str]:
    if row.expired:
        return "expired", "its files were gone from Jenkins before the first harvest"
    if has_failed(row):
        return "build failed", row.result if row.result in _FAILED_RESULTS else row.status
    if row.over_limit:
        return "over limit", ", ".join(row.over_limit[:3])
    if row.status == "implicit" and not (row.metrics or row.metrics_total or row.models or row.datasets):
        return "no record", ""
    return "not logged", f"has {row.metrics_total or len(row.metrics)} other metrics" if row.metrics else ""
