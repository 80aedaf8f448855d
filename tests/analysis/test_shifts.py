"""Level shifts: the worked histories, quietness, and what must not matter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.analysis.shifts import find_steps, rank_scan, rule_of_three, threshold

H = [
    0.731, 0.735, 0.729, 0.733, 0.736, 0.730, 0.734, 0.732, 0.728, 0.735, 0.733, 0.731, 0.737, 0.730, 0.734, 0.732,
]  # fmt: skip
LOW = [0.729, 0.727, 0.730, 0.726, 0.728, 0.727, 0.729, 0.725]


def starts(values: list[float], min_shift: float = 0.001) -> list[int]:
    return list(find_steps(values, min_shift=min_shift).starts)


@pytest.mark.parametrize(
    ("values", "min_shift", "expected"),
    [
        (H, 0.001, []),
        ([*H, 0.701, 0.704], 0.001, []),
        ([*H, 0.701, 0.704, 0.699], 0.001, [16]),
        ([*H, 0.600, *H[:6]], 0.001, []),
        ([*H, *LOW], 0.001, [16]),
        ([*H, *LOW[:-1]], 0.001, []),
        ([*H, *LOW], 0.01, []),
        ([*H, 0.70, 0.701, 0.699, 0.702, *H[:12]], 0.001, [16, 20]),
        ([*H, *(v - 0.02 for v in H), *H], 0.001, [16, 32]),
        ([0.7] * 30, 0.001, []),
        ([0.7] * 12 + [0.71] * 3, 0.001, [12]),
        ([0.7] * 12 + [0.7004] * 3, 0.001, []),
        ([0.7] * 12 + [0.71] * 2 + [0.7] * 6, 0.001, []),
        (H[:10], 0.001, []),
        ([0.1] * 5 + [0.9] * 5, 0.001, []),
    ],
)
def test_the_worked_histories(values: list[float], min_shift: float, expected: list[int]) -> None:
    assert starts(values, min_shift) == expected


def test_the_worked_figures() -> None:
    assert find_steps(H, min_shift=0.001).sigma == pytest.approx(0.00419343, abs=1e-8)
    found = find_steps([*H, 0.701, 0.704, 0.699], min_shift=0.001)
    assert found.levels == pytest.approx((0.7325, 0.701))
    later = find_steps([*H, *LOW], min_shift=0.001)
    assert later.levels == pytest.approx((0.7325, 0.7275))
    assert rank_scan(np.array([*H, *LOW])) == pytest.approx(3.521141, abs=1e-6)
    assert threshold(24) == pytest.approx(3.470204, abs=1e-6)
    assert [round(threshold(n), 3) for n in (20, 30, 50, 100, 200, 500)] == [3.377, 3.574, 3.771, 3.970, 4.111, 4.235]


def test_the_scan_agrees_with_a_plain_computation_with_ties() -> None:
    from scipy.stats import rankdata

    rng = np.random.default_rng(7)
    y = np.round(rng.normal(size=40), 1)
    ranks, n = rankdata(y), 40
    plain = max(abs(ranks[:k].sum() - k * (n + 1) / 2) / (k * (n - k) * (n + 1) / 12) ** 0.5 for k in range(3, n - 2))
    assert rank_scan(y) == pytest.approx(plain, abs=1e-12)


def test_a_straight_drift_is_called_one() -> None:
    rng = np.random.default_rng(3)
    drift = 0.7 + 0.0003 * np.arange(100) + rng.normal(0, 0.002, 100)
    found = find_steps(drift.tolist(), min_shift=0.001)
    assert found.slope == pytest.approx(0.0003, rel=0.1)
    step = np.where(np.arange(100) < 50, 0.7, 0.73) + rng.normal(0, 0.002, 100)
    assert find_steps(step.tolist(), min_shift=0.001).slope is None


@given(st.lists(st.floats(-1e6, 1e6), max_size=10))
def test_any_ten_values_are_too_few(values: list[float]) -> None:
    assert starts(values) == []


noisy = st.tuples(st.integers(0, 10_000), st.integers(11, 60), st.floats(0, 4)).map(
    lambda t: (np.random.default_rng(t[0]).normal(size=t[1]) + t[2] * (np.arange(t[1]) >= t[1] // 2)).tolist()
)


@settings(max_examples=60)
@given(noisy)
def test_turning_moving_and_stretching_the_values_changes_nothing(values: list[float]) -> None:
    found = find_steps(values, min_shift=1e-9).starts
    assert find_steps([-v for v in values], min_shift=1e-9).starts == found
    assert find_steps([v * 4 for v in values], min_shift=4e-9).starts == found
    assert find_steps([v + 8 for v in values], min_shift=1e-9).starts == found


@settings(max_examples=60)
@given(noisy)
def test_segments_are_never_shorter_than_three(values: list[float]) -> None:
    edges = [0, *find_steps(values, min_shift=0.001).starts, len(values)]
    assert min(b - a for a, b in itertools.pairwise(edges)) >= 3


def test_ten_thousand_builds_take_no_time_to_speak_of() -> None:
    rng = np.random.default_rng(1)
    values = (rng.normal(size=10_000) + 5 * (np.arange(10_000) // 500 % 2)).tolist()
    assert len(find_steps(values, min_shift=0.001).starts) == pytest.approx(19, abs=2)


RESTLESS = [0.0, 1.0] * 4
"""Median .5; MAD .7413, mean step .8862, so that s = .8862 · (1 + 3/8) = 1.2185: all beyond 3.046, the median beyond 4.265."""


@pytest.mark.parametrize(
    ("three", "clear"),
    [
        ([3.6, 4.8, 4.8], True), ([3.6, 4.7, 4.7], False), ([3.5, 5.0, 5.0], False),
        ([-2.6, -3.8, -3.8], True), ([4.8, 4.8, -9], False),
    ],
)  # fmt: skip
def test_the_rule_of_three_by_hand(three: list[float], clear: bool) -> None:
    assert rule_of_three(np.array([*RESTLESS, *three]), 0.001) is clear
    assert rule_of_three(np.array([*three, *RESTLESS]), 0.001) is clear
    assert rule_of_three(np.array([*RESTLESS[1:], *three]), 0.001) is False, "seven builds are no reference"


def test_the_reference_of_the_rule_of_three_is_up_to_thirty_builds() -> None:
    quiet = [0.5, 0.51] * 4
    assert rule_of_three(np.array([*quiet, 4.0, 4.1, 4.0]), 0.001)
    assert not rule_of_three(np.array([*([-3.0, 4.0] * 11), *quiet, 4.0, 4.1, 4.0]), 0.001)


@given(st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0, 9.0]), min_size=11, max_size=40))
def test_the_rule_of_three_reads_both_ways(values: list[float]) -> None:
    y = np.array(values)
    assert rule_of_three(y, 0.001) == rule_of_three(y[::-1], 0.001)
