"""Every worked number of the method pages: quantiles, intervals, comparisons."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from reportgen import estimate as e

F10 = [0.9, 0.8, 0.7, 0.7, 0.7, 0.4, 0.35, 0.3, 0.2, 0.1]
Y10 = [1, 0, 1, 1, 0, 0, 1, 0, 0, 1]
SIX = 5e-7  # six printed digits
C = [[235, 10], [15, 40]]


def split(y: list[int], s: list[float]) -> tuple[list[float], list[float]]:
    return [v for t, v in zip(y, s, strict=True) if t], [v for t, v in zip(y, s, strict=True) if not t]


def test_z_is_the_two_sided_normal_quantile():
    assert pytest.approx(1.959963984540054, abs=1e-15) == e.Z95


@pytest.mark.parametrize(
    ("df", "series", "exact"),
    [(3, 3.178617, 3.182446), (4, 2.775582, 2.776445), (5, 2.570308, 2.570582), (10, 2.228131, 2.228139)],
)
def test_t_quantiles(df, series, exact):
    assert e.t_series(0.975, df) == pytest.approx(series, abs=SIX)
    assert e.t_quantile(0.975, df) == pytest.approx(exact, abs=SIX)


def test_t_quantile_is_exact_for_one_and_two_degrees():
    assert e.t_series(0.975, 1) == pytest.approx(math.tan(math.pi * 0.475), rel=1e-15)
    assert e.t_quantile(0.975, 1) == pytest.approx(12.706204736174698, rel=1e-12)
    assert e.t_quantile(0.975, 2) == pytest.approx(4.302652729749464, rel=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.277533),
        (7, 10, 0.396778, 0.892209),
        (10, 10, 0.722467, 1.0),
        (1, 1, 0.206549, 1.0),
        (964, 1305, 0.714185, 0.761809),
    ],
)
def test_wilson(k, n, low, high):
    assert e.wilson(k, n) == pytest.approx((low, high), abs=SIX)


def test_f1_of_one_class():
    found = e.f1_of_counts(40, 10, 15)
    assert (found.value, found.low, found.high) == pytest.approx((0.761905, 0.661170, 0.839941), abs=SIX)
    assert found.n == 65


def test_macro_f1():
    matrix = [[50, 6, 4], [8, 60, 12], [5, 9, 46]]
    found = e.average_f1(matrix)
    assert (found.value, found.low, found.high) == pytest.approx((0.780433, 0.717813, 0.832402), abs=SIX)
    assert e.influence_se(matrix, e.f1_influence(matrix)) == pytest.approx(0.0292496, abs=5e-8)


def test_mcc():
    found = e.mcc(C)
    assert (found.value, found.low, found.high) == pytest.approx((0.712726, 0.590413, 0.803036), abs=1e-6)
    assert e.mcc([[3, 1, 0], [0, 2, 1], [0, 1, 2]]).value == pytest.approx(0.560606, abs=SIX)
    assert e.mcc([[3, 2], [2, 3]]).value == pytest.approx(0.2, abs=1e-12)


def test_balanced_accuracy():
    found = e.balanced_accuracy(C)
    assert (found.value, found.low, found.high) == pytest.approx((0.843228, 0.776403, 0.894037), abs=SIX)


def test_auc_variance_and_average_precision():
    found = e.ranking(*split(Y10, F10))
    assert found.auc == pytest.approx(0.56, abs=1e-12)
    assert found.variance == pytest.approx(0.0422, abs=1e-12)
    assert found.average_precision == pytest.approx(0.654286, abs=SIX)
    auc = e.auc_estimate(found)
    assert (auc.low, auc.high) == pytest.approx((0.198948, 0.867059), abs=SIX)


def test_average_precision_interval():
    assert e.average_precision_interval(0.62, 55) == pytest.approx((0.486271, 0.737695), abs=SIX)


def test_mean_of_losses():
    found = e.mean_interval([0.1, 0.4, 0.2, 0.3, 0.5])
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.103676, 0.496324), abs=SIX)


def test_rmse_and_its_companions():
    true, predicted = [3, -0.5, 2, 7, 0, 4], [2.5, 0, 2, 8, 1, 5.5]
    errors = [p - t for t, p in zip(true, predicted, strict=True)]
    found = e.rmse(errors)
    assert (found.value, found.low, found.high) == pytest.approx((0.889757, 0.513996, 1.540220), abs=SIX)
    assert e.r_squared(true, errors).value == pytest.approx(0.875682, abs=SIX)
    assert e.median_interval([abs(x) for x in errors]).value == 0.75


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (10, 2), (20, 6), (50, 18), (200, 86)])
def test_ranks_that_bound_a_median(n, rank):
    assert e.median_rank(n) == rank


def test_no_interval_of_a_median_under_six():
    assert e.median_rank(5) is None
    assert e.median_interval([1.0, 2.0, 4.0]) == e.Estimate(2.0, n=3, reason="fewer than six rows have no interval")


def test_folds():
    scores = [0.71, 0.74, 0.69, 0.73, 0.72]
    found = e.corrected_interval(scores)
    assert (found.value, found.low, found.high) == pytest.approx((0.718, 0.682174, 0.753826), abs=SIX)
    naive = e.corrected_interval(scores, 0.0)
    assert (naive.low, naive.high) == pytest.approx((0.694116, 0.741884), abs=SIX)


@pytest.mark.parametrize(("b", "c", "p"), [(12, 25, 0.047031), (3, 0, 0.25), (5, 5, 1.0), (0, 0, 1.0)])
def test_mcnemar(b, c, p):
    assert e.mcnemar(b, c) == pytest.approx(p, abs=SIX)
    assert e.mcnemar(c, b) == e.mcnemar(b, c)


def test_paired_difference_of_f1():
    rows = {"111": 36, "110": 4, "101": 7, "100": 8, "011": 6, "010": 4, "001": 3, "000": 232}
    true, a, b = ([int(key[i]) for key, count in rows.items() for _ in range(count)] for i in range(3))
    (f_a, u_a), (f_b, u_b) = e.f1_row_influence(true, a), e.f1_row_influence(true, b)
    assert f_a == pytest.approx(0.761905, abs=SIX)
    assert f_b == pytest.approx(0.803738, abs=SIX)
    d = e.paired_difference(f_a, f_b, u_a, u_b)
    assert (d.value, d.se, d.low, d.high) == pytest.approx((0.041834, 0.042706, -0.041868, 0.125535), abs=1e-6)
    wilson_a, wilson_b = e.f1_of_counts(40, 10, 15), e.f1_of_counts(43, 9, 12)
    unpaired = e.difference_from_intervals(wilson_b, wilson_a)
    assert (unpaired.low, unpaired.high) == pytest.approx((-0.080389, 0.163964), abs=SIX)


def test_paired_difference_of_auc():
    d = e.paired_auc(Y10, F10, [0.8, 0.3, 0.6, 0.9, 0.5, 0.45, 0.55, 0.2, 0.4, 0.3])
    assert (d.value, d.se, d.p) == pytest.approx((0.30, 0.151658, 0.047913), abs=SIX)


def test_differences_from_intervals():
    a, b = e.proportion(964, 1305), e.proportion(925, 1305)
    d = e.difference_from_intervals(a, b)
    assert (d.low, d.high) == pytest.approx((-0.004426, 0.064103), abs=SIX)
    d = e.difference_from_intervals((0.734, 0.712, 0.755), (0.722, 0.699, 0.744))
    assert (d.value, d.low, d.high) == pytest.approx((0.012, -0.019113, 0.043145), abs=SIX)
    touching = e.difference_from_intervals((0.734, 0.712, 0.755), (0.690, 0.667, 0.712))
    assert (touching.value, touching.low, touching.high) == pytest.approx((0.044, 0.0129, 0.0751), abs=5e-5)


@pytest.mark.parametrize(("runs", "z"), [(2, 1.959964), (5, 2.807034), (12, 3.367847), (20, 3.649103), (60, 4.187145)])
def test_quantiles_for_all_pairs(runs, z):
    assert e.z_all_pairs(runs) == pytest.approx(z, abs=SIX)


def test_the_board_of_five():
    leader, second = (0.734, 0.712, 0.755), (0.731, 0.709, 0.752)
    fourth, last = (0.702, 0.679, 0.724), (0.655, 0.631, 0.678)
    z = e.z_all_pairs(5)
    told_apart = [e.difference_from_intervals(leader, other, z=z).low > 0 for other in (second, second, fourth, last)]
    assert told_apart == [False, False, False, True]
    assert e.difference_from_intervals(leader, fourth).low == pytest.approx(0.0009, abs=5e-5)
    assert e.difference_from_intervals(leader, fourth, z=z).low == pytest.approx(-0.0126, abs=5e-5)
    assert e.difference_from_intervals(leader, last, z=z).low == pytest.approx(0.0334, abs=5e-5)


def test_intervals_that_just_do_not_meet_are_further_apart_than_the_level():
    apart = e.difference_from_intervals((0.5, 0.4, 0.6), (0.3, 0.2, 0.4))
    se = (0.6 - 0.4) / (2 * e.Z95)
    assert apart.low > 0
    assert 2 * (1 - NormalDist().cdf(0.2 / (se * math.sqrt(2)))) == pytest.approx(0.0056, abs=5e-5)


def test_holm():
    assert e.holm([0.001, 0.013, 0.04, 0.02, 0.6]) == pytest.approx([0.005, 0.052, 0.08, 0.06, 0.6], abs=1e-12)


@pytest.mark.parametrize(("count", "luck", "exact"), [(5, 1.1798, 1.1630), (10, 1.5466, 1.5388), (60, 2.3126, 2.3193)])
def test_best_of_many(count, luck, exact):
    assert e.blom(count) == pytest.approx(luck, abs=5e-5)
    normal = NormalDist()
    grid = [n / 1000 for n in range(-8000, 8001)]
    mean = sum(z * count * normal.pdf(z) * normal.cdf(z) ** (count - 1) for z in grid) / 1000
    assert mean == pytest.approx(exact, abs=5e-5)
    assert luck == pytest.approx(exact, rel=0.015)


def test_the_best_of_fifty_noisy_steps():
    assert e.blom(50) * 0.01 == pytest.approx(0.022, abs=5e-4)


def test_seeds_and_folds_of_two_runs():
    found = e.welch([0.731, 0.742, 0.727, 0.738, 0.735], [0.722, 0.729, 0.731, 0.718, 0.725])
    assert (found.t, found.df, found.p) == pytest.approx((2.7306, 7.904, 0.02611), rel=2e-4)
    folds = [0.012, 0.004, 0.009, -0.002, 0.007]
    assert e.corrected_t(folds).t == pytest.approx(1.6754, abs=5e-5)
    assert e.corrected_t(folds).p == pytest.approx(0.169, abs=5e-4)
    assert (e.corrected_t(folds, 0.0).t, e.corrected_t(folds, 0.0).p) == pytest.approx((2.513, 0.066), abs=5e-4)
