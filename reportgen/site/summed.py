"""The store as the configuration wants series told: where not the last value counts, each metric has the one that does."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from reportgen.analysis.directions import direction_by_name
from reportgen.analysis.series import with_summary
from reportgen.analysis.values import MetricOptions
from reportgen.model import Build, Metric, Point, Run, RunRow
from reportgen.runmetrics import RunMetrics
from reportgen.store.view import StoreView

_AT_ONCE = 500


def open_view(path: Path, metrics: Mapping[str, MetricOptions]) -> StoreView:
    """Open the store at `path` for reading; `metrics` says which value of a series counts."""
    wanted = {name: about for name, about in metrics.items() if about.summary != "last"}
    if not wanted:
        return StoreView.open(path)
    view = _SummedView.open(path)
    assert isinstance(view, _SummedView)
    view.wanted = wanted
    return view


class _SummedView(StoreView):
    wanted: Mapping[str, MetricOptions]

    def builds(self, ids: Sequence[int]) -> Iterator[Build]:
        return (replace(build, runs=tuple(map(self._run, build.runs))) for build in super().builds(ids))

    def run_rows(
        self, *, jobs: Collection[str] | None = None, metrics: Collection[str] | None = None, ids: Collection[int] | None = None
    ) -> list[RunRow]:
        return self._rows(super().run_rows(jobs=jobs, metrics=metrics, ids=ids), metrics)

    def iter_run_rows(
        self, *, jobs: Collection[str] | None = None, metrics: Collection[str] | None = None, ids: Collection[int] | None = None
    ) -> Iterator[RunRow]:
        rows = super().iter_run_rows(jobs=jobs, metrics=metrics, ids=ids)
        while some := list(islice(rows, _AT_ONCE)):
            yield from self._rows(some, metrics)

    def _run(self, run: Run) -> Run:
        told = [self._told(m, run.series[m.name]) if m.name in self.wanted and m.name in run.series else m for m in run.metrics]
        return replace(run, metrics=tuple(told))

    def _rows(self, rows: list[RunRow], metrics: Collection[str] | None) -> list[RunRow]:
        names = [name for name in self.wanted if metrics is None or name in metrics]
        series = self.series_of({row.build_id for row in rows}, names) if names and rows else {}
        return [self._row(row, series[key]) if (key := (row.build_id, row.name, row.record)) in series else row for row in rows]

    def _row(self, row: RunRow, series: Mapping[str, Sequence[Point]]) -> RunRow:
        told = {name: self._told(row.metrics[name], points) for name, points in series.items() if name in row.metrics}
        return replace(row, metrics=_Told(row.metrics, told))

    def _told(self, metric: Metric, points: Sequence[Point]) -> Metric:
        about = self.wanted[metric.name]
        direction = about.direction or metric.direction or direction_by_name(metric.name) or "none"
        return with_summary(metric, points, about.summary, direction)


class _Told(RunMetrics):
    """Metrics of a run of which some are told otherwise than they were logged."""

    __slots__ = ("_logged", "_told")

    def __init__(self, logged: Mapping[str, Metric], told: Mapping[str, Metric]) -> None:
        self._logged = logged
        self._told = told

    def __getitem__(self, name: str) -> Metric:
        return self._told[name] if name in self._told else self._logged[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._logged)

    def __len__(self) -> int:
        return len(self._logged)

    def __reduce__(self) -> tuple[type[dict[str, Metric]], tuple[dict[str, Metric]]]:
        return dict, (dict(self),)
