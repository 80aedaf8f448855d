"""What compared runs were given and came from: parameters, environment, data sets, model, tags."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.analysis.compare import Comparison, ValueLine
from reportgen.model import RunRow
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Result, Row, Span, Table
from reportgen.site.links import relative
from reportgen.site.pages.base import Site, on_day, result_of

_MOST_PARAMS = 200


def _shown(value: object) -> str:
    return "not set" if value is None else fmt.plain(value)


def lines_table(
    name: str, head: str, lines: Sequence[ValueLine], labels: Sequence[str], order: Sequence[int], *, mono: bool
) -> Table | None:
    """Return values that differ, a column for each run; None where there are none."""
    if not lines:
        return None
    kind = "mono any" if mono else "any"
    rows = tuple(
        Row(
            (
                Cell((Span(line.name),), kind),
                *(Cell((Span(_shown(line.values[i]), mark="b" if line.changed[i] else ""),), kind) for i in order),
            )
        )
        for line in lines[:_MOST_PARAMS]
    )
    caption = f"{fmt.plural(len(lines), 'difference')}. Bold: not as in {labels[0]}."
    return Table(name, (Span(caption),), (Column(head), *(Column(label) for label in labels)), rows)


def same_table(lines: Sequence[ValueLine], order: Sequence[int]) -> Table | None:
    """Return values that are the same in all runs; None where there are none."""
    if not lines:
        return None
    rows = tuple(Row((Cell((Span(line.name),)), Cell((Span(_shown(line.values[order[0]])),)))) for line in lines[:_MOST_PARAMS])
    return Table("c-same", (Span("The same in all."),), (Column("Parameter"), Column("Value")), rows, "codes")


def around(site: Site, path: str, found: Comparison, labels: Sequence[str], order: Sequence[int]) -> Table:
    """Return when and from what the runs were made."""
    runs = [found.runs[i] for i in order]
    rows = [
        Row((Cell((Span("Started"),)), *(Cell((on_day(run.started_at),)) for run in runs))),
        Row((Cell((Span("Result"),)), *(Cell((), result=_result(run)) for run in runs))),
        Row((Cell((Span("Took"),)), *(Cell((Span(fmt.duration(run.duration_s)),)) for run in runs))),
    ]
    if any(run.commit for run in runs):
        cells = [
            Cell((Span(fmt.short_commit(run.commit) or fmt.DASH, mark="b" if run.commit != runs[0].commit else ""),), "mono")
            for run in runs
        ]
        rows.append(Row((Cell((Span("Commit"),)), *cells)))
    roles = list(dict.fromkeys(d.role or d.name for run in runs for d in run.datasets))
    for role in roles[:6]:
        cells = []
        for run in runs:
            dataset = next((d for d in run.datasets if (d.role or d.name) == role), None)
            if dataset is None:
                cells.append(Cell((Span("none"),), "why"))
                continue
            to = relative(path, site.links.dataset(dataset.sha256)) if dataset.sha256 else ""
            cells.append(Cell((Span(dataset.name, to),), "any"))
        rows.append(Row((Cell((Span(f"{role[:1].upper()}{role[1:]} set"),)), *cells)))
    models = [next(iter(run.models), None) for run in runs]
    if any(models):
        cells = [
            Cell((Span(fmt.short_digest(model.sha256), relative(path, site.links.model(model.sha256)), "code"),))
            if model
            else Cell((Span("none"),), "why")
            for model in models
        ]
        rows.append(Row((Cell((Span("Model"),)), *cells)))
    rows.extend(
        Row((Cell((Span(f"Tag {line.name}"),)), *(Cell((Span(_shown(line.values[i])),), "any") for i in order)))
        for line in [line for line in found.tags if not line.same][:8]
    )
    return Table(
        "c-ar", (Span("Where they come from. Dates are UTC."),), (Column(""), *(Column(label) for label in labels)), tuple(rows)
    )


def _result(run: RunRow) -> Result:
    return Result("torn", "interrupted") if run.status == "interrupted" else result_of(run.result)
