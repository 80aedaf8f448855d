"""``reportgen compare``: runs side by side, what differs first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import DONE, App, pass_app, verb

if TYPE_CHECKING:
    from reportgen.analysis.compare import Comparison, MetricLine, ValueLine

_MOST_BYTES = 50_000_000
_DIGEST = re.compile("[0-9a-f]{64}")


@verb("compare")
@click.argument("first", metavar="A")
@click.argument("others", metavar="B...", nargs=-1, required=True)
@click.option("--json", "shape", flag_value="json", help="Print the documented JSON.")
@click.option("--csv", "shape", flag_value="csv", help="Print CSV: a row for each param or metric of each run.")
@click.option("--md", "shape", flag_value="md", help="Print Markdown tables.")
@pass_app
def command(app: App, first: str, others: tuple[str, ...], shape: str | None) -> int:
    """Compare runs, written JOB#N, JOB#N/RUN or JOB#last: differences are to the first.

    Metrics and parameters that differ come first, with what the intervals can tell; those that are the same are counted.
    """
    from reportgen.analysis.compare import Detail, compare
    from reportgen.analysis.options import metric_options
    from reportgen.analysis.shapes import compare_json, compare_rows, csv_text, line
    from reportgen.cli.reading import find_environment, find_run, open_store
    from reportgen.site.evaluations import paired_runs

    config = app.config()
    with open_store(config) as view:
        runs = [find_run(view, text) for text in (first, *others)]
        details = [Detail(environment=find_environment(view, run)) for run in runs]
        paired = paired_runs(view, runs, most_bytes=_MOST_BYTES)
    comparison = compare(runs, metrics=metric_options(config), details=details, paired=paired)
    if shape == "json":
        click.echo(line(compare_json(comparison)))
        return DONE
    if shape == "csv":
        for text in csv_text(compare_rows(comparison)):
            click.echo(text, nl=False)
        return DONE
    for text in _text(comparison, shape):
        click.echo(text)
    return DONE


def _text(comparison: Comparison, shape: str | None) -> Iterator[str]:
    names = [str(run.key) for run in comparison.runs]
    yield from _metrics(comparison, names, shape)
    lines = (
        ("parameter", comparison.params), ("tag", comparison.tags), ("data set", comparison.datasets),
        ("model", comparison.models), ("environment", comparison.environment), ("fact", comparison.facts),
    )  # fmt: skip
    for title, found in lines:
        yield from _values(title, found, names, shape)


def _metrics(comparison: Comparison, names: Sequence[str], shape: str | None) -> Iterator[str]:
    different = [metric for metric in comparison.metrics if not metric.same]
    if comparison.same_data is False:
        yield "Not scored on the same validation set: no differences between the values of unlike sets."
        yield ""
    head = ["metric", names[0]]
    for name in names[1:]:
        head += [name, "difference"]
    yield from _table(head, [_metric_line(metric) for metric in different], shape)
    yield from _folded("metric", len(comparison.metrics) - len(different), bool(different))


def _metric_line(metric: MetricLine) -> list[str]:
    from reportgen.analysis.wording import change, number, spec_for

    spec = metric.format or spec_for(metric.values)
    shown = [number(m.value, spec) if m is not None and m.value is not None else str(why or "–") for m, why in
             zip(metric.metrics, metric.missing, strict=True)]  # fmt: skip
    cells = [metric.title + (f", {metric.unit}" if metric.unit else ""), shown[0]]
    for value, delta, alike in list(zip(shown, metric.deltas, metric.comparable, strict=True))[1:]:
        if delta is None:
            cells += [value, "" if alike else "not comparable"]
            continue
        certain = {None: "", True: "separable", False: "not separable"}[delta.separable]
        words = ", ".join(w for w in (delta.word, certain, "same rows" if delta.method == "paired rows" else "") if w)
        cells += [value, change(delta.value, spec) + (f" ({words})" if words else "")]
    return cells


def _values(title: str, found: Sequence[ValueLine], names: Sequence[str], shape: str | None) -> Iterator[str]:
    different = [value for value in found if not value.same]
    if found:
        yield ""
    if different:
        rows = [[value.name, *(_shown(one) for one in value.values)] for value in different]
        yield from _table([title, *names], rows, shape)
    yield from _folded(title, len(found) - len(different), bool(different))


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return value[:12] if isinstance(value, str) and _DIGEST.fullmatch(value) else str(value)


def _folded(what: str, same: int, some: bool) -> Iterator[str]:
    from reportgen.analysis.wording import plural

    if same:
        counted = ("entry of the environment", "entries of the environment") if what == "environment" else (what, "")
        yield f"{plural(same, *counted)} {'is' if same == 1 else 'are'} the same" + ("" if some else "; none differs")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], shape: str | None) -> Iterator[str]:
    from reportgen.cli.tables import markdown_table, text_table

    made = list(rows)
    if made:
        yield from (markdown_table if shape == "md" else text_table)(head, made, right=range(1, len(head)))
