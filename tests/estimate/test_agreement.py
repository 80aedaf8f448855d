"""The closed forms agree with scipy where it defines them, and keep their symmetries."""

from __future__ import annotations

import math
import random
import statistics

import pytest
import scipy.stats as stats
from hypothesis import assume, given
from hypothesis import strategies as st

from reportgen import estimate as e

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.floats(0.0005, 0.9995), st.floats(0.3, 5000))
def test_t_quantile(p, df):
    assert e.t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-12)


@given(st.floats(-50, 50), st.floats(0.5, 5000))
def test_t_probabilities(t, df):
    assert e.t_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-9, abs=1e-14)
    assert e.t_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("df", [3, 4, 7, 30, 400])
def test_the_series_is_good_to_its_promise(df):
    assert e.t_series(0.975, df) == pytest.approx(stats.t.ppf(0.975, df), rel=0.0013)


@given(COUNTS)
def test_wilson(counts):
    k, n = counts
    theirs = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    assert e.wilson(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(COUNTS)
def test_wilson_holds_the_share_and_mirrors(counts):
    k, n = counts
    low, high = e.wilson(k, n)
    assert 0.0 <= low <= k / n <= high <= 1.0
    assert e.wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(COUNTS)
def test_a_share_is_recognised_and_other_numbers_are_not(counts):
    k, n = counts
    found = e.proportion_of_value(k / n, n)
    assert (found.low, found.high) == e.wilson(k, n)
    assert e.proportion_of_value(k / n + 0.3 / n, n) is None or n > 200_000


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar(b, c):
    theirs = stats.binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0
    assert e.mcnemar(b, c) == pytest.approx(theirs, rel=1e-9)


def test_mcnemar_changes_over_smoothly():
    assert e.mcnemar(950, 1050) == pytest.approx(e.mcnemar(950, 1051), rel=0.1)
    assert e.mcnemar(10_000, 10_400) == pytest.approx(stats.binomtest(10_000, 20_400, 0.5).pvalue, rel=0.01)


@given(st.integers(6, 400))
def test_median_rank(n):
    rank = e.median_rank(n)
    assert 2 * stats.binom.cdf(rank - 1, n, 0.5) <= 0.05 + 1e-12
    assert 2 * stats.binom.cdf(rank, n, 0.5) > 0.05 - 1e-12


def test_median_rank_of_many_rows_is_quick_and_right():
    assert e.median_rank(1_000_000) == pytest.approx(500_000 - 980, abs=2)


@pytest.mark.parametrize("seed", range(5))
def test_welch(seed):
    draw = random.Random(seed)
    a, b = [draw.gauss(0, 1) for _ in range(7)], [draw.gauss(0.5, 2) for _ in range(12)]
    found, theirs = e.welch(a, b), stats.ttest_ind(a, b, equal_var=False)
    assert (found.t, found.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_mean_interval(values):
    assume(statistics.stdev(values) > 1e-3)
    found = e.mean_interval(values)
    theirs = stats.t.interval(
        0.95, len(values) - 1, statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))
    )
    assert (found.low, found.high) == pytest.approx(theirs, rel=1e-8, abs=1e-6)


INTERVALS = st.tuples(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5)).map(lambda t: (t[0], t[0] - t[1], t[0] + t[2]))


@given(INTERVALS, INTERVALS, st.floats(2.0, 5.0))
def test_differences_turn_around_and_widen(a, b, z):
    there, back, wide = (
        e.difference_from_intervals(a, b),
        e.difference_from_intervals(b, a),
        e.difference_from_intervals(a, b, z=z),
    )
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-12)
    assert wide.low <= there.low <= there.value <= there.high <= wide.high


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_order_and_never_lowers(values):
    found = e.holm(values)
    assert all(v <= a <= 1 for v, a in zip(values, found, strict=True))
    pairs = sorted(zip(values, found, strict=True))
    assert [a for _, a in pairs] == sorted(a for _, a in pairs)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=50))
def test_f1_influence_sums_to_nothing_and_gives_the_interval_of_its_counts(rows):
    value, pulls = e.f1_row_influence([r[0] for r in rows], [r[1] for r in rows])
    tp, fp, fn = (sum(1 for t, p, _ in rows if (t, p) == pair) for pair in ((1, 1), (0, 1), (1, 0)))
    assert value == e.f1_of_counts(tp, fp, fn).value or value == pytest.approx(e.f1_of_counts(tp, fp, fn).value)
    assert math.fsum(pulls) == pytest.approx(0.0, abs=1e-9)


def test_influence_of_the_macro_average_is_its_derivative():
    matrix = [[50, 6, 4], [8, 60, 12], [5, 9, 46]]
    n = 200
    for weighted in (False, True):
        pulls = e.f1_influence(matrix, weighted=weighted)
        base = e.average_f1(matrix, weighted=weighted).value
        for i in range(3):
            for j in range(3):
                more = [list(row) for row in matrix]
                more[i][j] += 1
                step = e.average_f1(more, weighted=weighted).value - base
                assert step * (n + 1) == pytest.approx(pulls[i][j], abs=0.02)


@pytest.mark.slow
def test_f1_interval_covers_as_often_as_it_says():
    draw = random.Random(20261123)
    inside = 0
    trials = 1500
    cells = [0.11, 0.03, 0.03, 0.83]
    truth = 2 * 0.11 / (2 * 0.11 + 0.06)
    for _ in range(trials):
        counts = [0, 0, 0, 0]
        for cell in draw.choices(range(4), cells, k=300):
            counts[cell] += 1
        found = e.f1_of_counts(*counts[:3])
        inside += found.low <= truth <= found.high
    assert 0.93 <= inside / trials <= 0.97


@pytest.mark.parametrize(
    "call",
    [
        lambda: e.wilson(0, 0),
        lambda: e.margins([[0, 0], [0, 0]]),
        lambda: e.t_quantile(1.0, 3),
        lambda: e.corrected_t([0.1]),
        lambda: e.welch([1.0], [1.0, 2.0]),
        lambda: e.paired_auc([1, 0], [0.1, 0.2], [0.3, 0.4]),
        lambda: e.paired_auc([1, 1, 0, 0], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3, 0.4]),
        lambda: e.paired_difference(0.5, 0.6, [], []),
        lambda: e.paired_difference(0.5, 0.6, [0.1], [0.1, 0.2]),
        lambda: e.proportion(3, 2),
        lambda: e.wilson(-1, 2),
        lambda: e.mcnemar(-1, 2),
        lambda: e.average_precision_interval(0.5, 0),
        lambda: e.z_quantile(1.0),
    ],
)
def test_what_cannot_be_computed_is_refused(call):
    with pytest.raises(ValueError, match=r"."):
        call()


def test_edges():
    assert e.z_all_pairs(0) == e.z_all_pairs(1) == e.z_all_pairs(2) == pytest.approx(e.Z95)
    assert e.blom(1) == 0.0
    assert e.proportion(0, 0).reason == "no rows"
    assert e.mcc([[5, 0], [0, 5]]) == e.Estimate(1.0, n=10, method="influence-fisher", reason="no interval at a perfect score")
    assert e.mcc([[5, 5], [0, 0]]).reason == "only one class is true"
    assert e.fbeta_of_counts(0, 0, 0, 9, 2.0).value is None
    assert e.fbeta_of_counts(8, 2, 1, 50, 1) == e.f1_of_counts(8, 2, 1)
    assert e.corrected_interval([]).reason == "no folds"
    assert e.corrected_t([0.1, 0.1]).t == math.inf
    assert e.welch([1.0, 1.0], [1.0, 1.0]).p == 1.0
    assert e.rmse([2.0]).reason == "one row has no interval"
    assert e.mean_interval([]).value is None
    assert e.paired_difference(0.5, 0.5, [0.0, 0.0], [0.0, 0.0]).p == 1.0
