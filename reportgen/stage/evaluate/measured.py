"""What the evaluation helpers share: their result, and how measures and rows are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reportgen.estimate import Estimate
from reportgen.stage.classification import Measured

if TYPE_CHECKING:
    from reportgen.stage.run import Run

MAX_ROWS = 100_000


class Evaluation(NamedTuple):
    """What was logged: estimates by the metric's full name, rows evaluated and rows dropped."""

    metrics: dict[str, Estimate]
    rows: int
    dropped: int = 0


def log_measures(
    run: Run, found: Sequence[Measured], split: str, dataset: str | None, units: Mapping[str, str] | None = None
) -> dict[str, Estimate]:
    """Write the measures as metrics named ``split/name`` and return their estimates by that name."""
    estimates: dict[str, Estimate] = {}
    for measure in found:
        full = f"{split}/{measure.name}" if split else measure.name
        made = measure.estimate
        run.log_metric(
            full,
            made.value,
            direction=measure.direction,
            unit=(units or {}).get(measure.name),
            low=made.low,
            high=made.high,
            n=made.n,
            dataset=dataset,
            method=made.method if made.low is not None else None,
            reason=made.reason,
            no_skill=measure.no_skill,
            note=measure.note,
            **measure.definition,
        )
        estimates[full] = made
    return estimates


def log_rows(run: Run, split: str, table: Mapping[str, Sequence[Any]], count: int) -> None:
    """Attach the rows as a table, or a note that says they were too many."""
    if count > MAX_ROWS:
        run.log_note(f"Row-level results of `{split}` were not attached: {count:,} rows, at most {MAX_ROWS:,} are kept.")
        return
    truth = hashlib.sha256("\n".join(map(str, table["true"])).encode("utf-8", "backslashreplace")).hexdigest()
    run.log_table(f"rows-{split}", table, role="evaluation-rows", true_sha256=truth, rows=count)


def said(measure: Measured) -> str:
    """Return the value with its interval in words for a caption."""
    found = measure.estimate
    if found.value is None:
        return f"not defined ({found.reason})"
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})"
