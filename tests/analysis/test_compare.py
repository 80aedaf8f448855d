"""Comparisons: what differs first, differences to a fixed baseline, and what must not be compared."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.compare import Detail, compare, same_value
from reportgen.errors import ReportgenError
from reportgen.estimate import Difference
from reportgen.model import Dataset, Point, RunRow
from tests.analysis.rows import SET_A, SET_B, metric, row


def test_what_differs_comes_first_and_the_rest_is_marked_the_same() -> None:
    one = row(1, 0.7, params={"depth": 4, "rate": 0.1, "seed": 7, "a": "x"}, tags={"kind": "candidate"})
    other = row(2, 0.7, params={"depth": 4.0, "rate": 0.2, "seed": "7", "only": True, "a": "x"}, tags={"kind": "candidate"})
    found = compare([one, other])
    assert [(line.name, line.same) for line in found.params] == [
        ("only", False), ("rate", False), ("a", True), ("depth", True), ("seed", True),
    ]  # fmt: skip
    assert found.params[0].values == (None, True)
    assert found.params[0].changed == (False, True)
    assert [line.same for line in found.tags] == [True]
    assert found.metrics[0].same
    assert found.same_data is True


def test_deltas_are_to_the_fixed_baseline_with_its_direction() -> None:
    runs = [
        row(n, f1, half, metrics={"val/brier": metric(brier, name="val/brier", direction="lower")})
        for n, f1, half, brier in ((1, 0.70, (0.68, 0.72), 0.2), (2, 0.75, (0.73, 0.77), 0.1), (3, 0.705, (0.685, 0.725), 0.3))
    ]
    found = compare(runs, baseline=0)
    f1 = next(line for line in found.metrics if line.name == "val/f1")
    brier = next(line for line in found.metrics if line.name == "val/brier")
    assert f1.deltas[0] is None
    assert [(d.word, d.separable) for d in f1.deltas if d] == [("better", True), ("better", False)]
    assert [(d.word, d.separable) for d in brier.deltas if d] == [("better", None), ("worse", None)]
    assert (f1.best, brier.best) == ((False, True, False), (False, True, False))
    turned = compare(runs, baseline=1)
    assert next(line for line in turned.metrics if line.name == "val/f1").deltas[0].value == pytest.approx(-0.05)  # type: ignore[union-attr]


def test_two_runs_need_no_correction_and_three_are_corrected() -> None:
    a, b = row(1, 0.734, (0.712, 0.755)), row(2, 0.702, (0.679, 0.724))
    alone = compare([a, b]).metrics[0].deltas[1]
    assert alone is not None
    assert (alone.separable, -alone.high) == (True, pytest.approx(0.0009, abs=5e-5))  # type: ignore[operator]
    crowd = compare([a, b, row(3, 0.73, (0.71, 0.75))]).metrics[0].deltas[1]
    assert crowd is not None
    assert crowd.separable is False


@pytest.mark.parametrize(
    "other",
    [
        row(2, 0.8, data=SET_B),
        row(2, metric(0.8, definition="macro")),
        row(2, metric(0.8, unit="ms")),
        row(2, metric(0.8, direction="lower")),
        row(2, metric(math.nan)),
        row(2),
    ],
)
def test_unlike_numbers_have_no_difference(other: RunRow) -> None:
    line = compare([row(1, 0.7), other]).metrics[0]
    assert line.deltas == (None, None) or line.metrics[1] is None
    assert not any(line.best)


def test_a_training_metric_compares_where_the_training_set_is_the_same() -> None:
    def trained(n: int, validation: str) -> RunRow:
        sets = tuple(Dataset(name=r, role=r, sha256=s) for r, s in (("train", SET_A), ("validation", validation)))
        return row(n, metrics={"train/loss": metric(n / 10, direction="lower"), "val/f1": metric(0.5)}, datasets=sets)

    found = {line.name: line for line in compare([trained(1, SET_A), trained(2, SET_B)]).metrics}
    assert found["train/loss"].deltas[1].word == "worse"  # type: ignore[union-attr]
    assert found["val/f1"].deltas[1] is None


def test_row_level_results_are_asked_first() -> None:
    runs = [row(1, 0.734, (0.712, 0.755)), row(2, 0.722, (0.699, 0.744))]

    def paired(name: str, first: RunRow, second: RunRow) -> Difference | None:
        assert (name, first.number, second.number) == ("val/f1", 1, 2)
        return Difference(-0.012, -0.02, -0.004, 0.004, 0.003)

    delta = compare(runs, paired=paired).metrics[0].deltas[1]
    assert delta is not None
    assert (delta.separable, delta.word, delta.method) == (True, "worse", "paired rows")
    assert compare(runs).metrics[0].deltas[1].separable is False  # type: ignore[union-attr]


def test_differences_by_rows_and_by_intervals_are_corrected_together() -> None:
    runs = [row(1, 0.734, (0.712, 0.755)), row(2, 0.722, (0.699, 0.744)), row(3, 0.702, (0.679, 0.724))]

    def paired(name: str, first: RunRow, second: RunRow) -> Difference | None:
        return Difference(-0.012, -0.023, -0.001, 0.0056, 0.03) if second.number == 2 else None

    alone = compare(runs[:2], paired=paired).metrics[0].deltas
    both = compare(runs, paired=paired).metrics[0].deltas
    assert [d.separable for d in alone if d] == [True], "p = .03 alone"
    assert [(d.method, d.separable) for d in both if d] == [("paired rows", False), ("Holm over this column", False)]


def test_environments_and_series_stand_beside() -> None:
    def detail(numpy: str, last: float) -> Detail:
        points = (Point(step=0, value=1.0), Point(step=1, value=last))
        return Detail(environment={"python": "3.11", "packages": {"numpy": numpy}}, series={"loss": points})

    details = [detail("2.4", 0.5), detail("2.3", 0.4)]
    found = compare([row(1, 0.7), row(2, 0.8)], details=details)
    assert [(line.name, line.same) for line in found.environment] == [("packages.numpy", False), ("python", True)]
    assert [(s.name, [p[-1].value for p in s.points]) for s in found.series] == [("loss", [0.5, 0.4])]


@pytest.mark.parametrize("count", [0, 1, 21])
def test_two_to_twenty_runs_can_be_compared(count: int) -> None:
    with pytest.raises(ReportgenError, match=f"{count} runs cannot be compared"):
        compare([row(n, 0.7) for n in range(count)])


def test_a_run_beside_itself_differs_in_nothing() -> None:
    one = row(1, 0.7, (0.6, 0.8), params={"x": math.nan}, model="m1")
    found = compare([one, one])
    lines = [*found.params, *found.metrics, *found.tags, *found.datasets, *found.models, *found.facts]
    assert all(line.same for line in lines)


plain: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(plain, plain)
def test_sameness_is_symmetric_and_reflexive(a: Any, b: Any) -> None:
    assert same_value(a, a)
    assert same_value(a, b) == same_value(b, a)


def test_a_param_that_only_one_run_has_differs() -> None:
    (line,) = compare([row(1, 0.7, params={"depth": 3}), row(2, 0.7)]).params
    assert (line.same, line.changed, line.values) == (False, (False, True), (3, None))


def test_twenty_runs_can_be_compared_and_no_more() -> None:
    assert len(compare([row(n, 0.7) for n in range(1, 21)]).runs) == 20
    with pytest.raises(ReportgenError, match="21 runs cannot be compared"):
        compare([row(n, 0.7) for n in range(1, 22)])
