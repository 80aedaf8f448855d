"""Which value of a series counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.series import Summary, summarise, with_summary, with_words
from reportgen.model import Direction, Point
from tests.analysis.rows import metric

POINTS = [Point(step=s, value=v) for s, v in ((0, 0.5), (1, 0.8), (2, 0.8), (3, 0.3), (4, 0.6), (5, math.nan))]


@pytest.mark.parametrize(
    ("how", "direction", "found"),
    [
        ("last", "higher", (0.6, 4)), ("best", "higher", (0.8, 1)), ("best", "lower", (0.3, 3)), ("best", "none", (0.6, 4)),
        ("min", "higher", (0.3, 3)), ("max", "lower", (0.8, 1)), ("mean", "higher", (pytest.approx(0.6), None)),
    ],
)  # fmt: skip
def test_the_value_that_counts(how: Summary, direction: Direction, found: tuple[float, int | None]) -> None:
    assert summarise(POINTS, how, direction) == found


def test_an_interval_stays_only_with_its_value() -> None:
    logged = metric(0.6, (0.5, 0.7), n=10)
    assert with_summary(logged, POINTS, "last", "higher") is logged
    best = with_summary(logged, POINTS, "best", "higher")
    assert (best.value, best.step, best.low, best.high, best.n) == (0.8, 1, None, None, 10)
    assert with_summary(logged, [], "best", "higher") is logged
    assert with_words("F1", "best") == "F1, best of its steps"
    assert with_words("F1", "last") == "F1"


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=20))
def test_best_is_an_extreme_and_mirrors(values: list[float]) -> None:
    points = [Point(step=i, value=v) for i, v in enumerate(values)]
    turned = [Point(step=p.step, value=-p.value) for p in points]
    best, mirrored = summarise(points, "best", "higher"), summarise(turned, "best", "lower")
    finite = [v for v in values if math.isfinite(v)]
    assert (best is None) == (not finite)
    if best is not None and mirrored is not None:
        assert best[0] == max(finite)
        assert (mirrored[0], mirrored[1]) == (-best[0], best[1])
