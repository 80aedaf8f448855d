"""How often the methods are right: data whose truth is known, drawn with a fixed seed.

The figures are those of the method pages; how far a share may be off is what so many draws leave open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist, fmean
from typing import Any

import numpy as np
import pytest

from reportgen import estimate as e
from reportgen.analysis.luck import luck_bound
from reportgen.analysis.separable import Scored, deltas_to_fixed, from_leader
from reportgen.analysis.shifts import rank_scan, threshold
from reportgen.stage.classification import probability_measures

DRAWS = 1500
Interval = tuple[float | None, float | None]
Draw = Callable[[np.random.Generator], Interval]


def bounds(found: e.Estimate) -> Interval:
    return found.low, found.high


def of_f1(n: int, tp: float, fp: float, fn: float) -> tuple[float, Draw]:
    def draw(rng: np.random.Generator) -> Interval:
        counts = rng.multinomial(n, (tp, fp, fn, 1 - tp - fp - fn))
        return bounds(e.f1_of_counts(*map(int, counts[:3])))

    return 2 * tp / (2 * tp + fp + fn), draw


def of_matrix(n: int, cells: list[list[float]], method: Callable[[Any], e.Estimate]) -> tuple[float, Draw]:
    shares, size = np.array(cells).ravel(), len(cells)
    truth = method((np.array(cells) * 1_000_000).round().astype(int).tolist()).value
    assert truth is not None
    return truth, lambda rng: bounds(method(rng.multinomial(n, shares).reshape(size, size).tolist()))


def scores(rng: np.random.Generator, positives: int, negatives: int, auc: float) -> tuple[list[float], list[float]]:
    apart = math.sqrt(2) * NormalDist().inv_cdf(auc)
    return rng.normal(apart, 1, positives).tolist(), rng.normal(0, 1, negatives).tolist()


def of_auc(positives: int, negatives: int, auc: float) -> tuple[float, Draw]:
    return auc, lambda rng: bounds(e.auc_estimate(e.ranking(*scores(rng, positives, negatives, auc))))


def of_average_precision(positives: int, negatives: int, auc: float) -> tuple[float, Draw]:
    """Two normal scores; the true value is the area under their curve of precision over recall."""
    normal, apart = NormalDist(), math.sqrt(2) * NormalDist().inv_cdf(auc)
    share = positives / (positives + negatives)
    cuts = np.linspace(-6, 6 + apart, 4001)
    hits = np.array([1 - normal.cdf(cut - apart) for cut in cuts])
    alarms = np.array([1 - normal.cdf(cut) for cut in cuts])
    precision = share * hits / np.maximum(share * hits + (1 - share) * alarms, 1e-300)
    truth = float(np.sum((hits[:-1] - hits[1:]) * (precision[:-1] + precision[1:]) / 2))

    def draw(rng: np.random.Generator) -> Interval:
        found = e.ranking(*scores(rng, positives, negatives, auc))
        assert found.average_precision is not None
        return e.average_precision_interval(found.average_precision, positives)

    return truth, draw


def of_errors(n: int, method: Callable[[list[float]], e.Estimate], truth: float, df: int = 0) -> tuple[float, Draw]:
    def draw(rng: np.random.Generator) -> Interval:
        errors = rng.standard_t(df, n) if df else rng.normal(0, 1, n)
        return bounds(method(errors.tolist()))

    return truth, draw


def absolute(errors: list[float]) -> e.Estimate:
    return e.mean_interval([abs(error) for error in errors])


THREE = [[0.26, 0.04, 0.03], [0.05, 0.24, 0.05], [0.03, 0.05, 0.25]]
COVERAGE = {
    "F1, 50 rows": (of_f1(50, 0.10, 0.04, 0.04), 0.953),
    "F1, 50 rows, nearly perfect": (of_f1(50, 0.138, 0.002, 0.002), 0.95),
    "F1, 300 rows": (of_f1(300, 0.11, 0.03, 0.03), 0.949),
    "macro F1, 100 rows": (of_matrix(100, THREE, e.average_f1), 0.944),
    "MCC, 50 rows": (of_matrix(50, [[0.6, 0.1], [0.08, 0.22]], e.mcc), 0.956),
    "AUC .80, 10 and 40 rows": (of_auc(10, 40, 0.80), 0.945),
    "AUC .96, 10 and 40 rows": (of_auc(10, 40, 0.96), 0.976),
    "AUC .80, 5 and 45 rows": (of_auc(5, 45, 0.80), 0.908),
    "average precision, 30 and 270 rows": (of_average_precision(30, 270, 0.85), 0.973),
    "RMSE, 20 rows": (of_errors(20, e.rmse, 1.0), 0.925),
    "RMSE, 20 rows, heavy tails": (of_errors(20, e.rmse, math.sqrt(2), df=4), 0.82),
    "RMSE, 200 rows, heavy tails": (of_errors(200, e.rmse, math.sqrt(2), df=4), 0.88),
    "MAE, 50 rows": (of_errors(50, absolute, math.sqrt(2 / math.pi)), 0.94),
}


@pytest.mark.parametrize("case", COVERAGE)
def test_intervals_hold_the_truth_as_often_as_measured(case: str) -> None:
    (truth, draw), expected = COVERAGE[case]
    rng = np.random.default_rng(20261123)
    found = [draw(rng) for _ in range(DRAWS)]
    made = [(low, high) for low, high in found if low is not None and high is not None]
    assert len(made) > 0.9 * DRAWS
    inside = sum(low <= truth <= high for low, high in made) / len(made)
    assert inside == pytest.approx(expected, abs=0.03)


def outcomes(rng: np.random.Generator, gap: float, n: int = 1305, wrong: float = 0.26) -> Iterator[tuple[int, int, int]]:
    """Yield how often two models err together, the first alone and the second alone; their errors correlate by .7.

    The second is better by `gap`.
    """
    other = wrong - gap
    both = wrong * other + 0.7 * math.sqrt(wrong * (1 - wrong) * other * (1 - other))
    for counts in rng.multinomial(n, (both, wrong - both, other - both, 1 - wrong - other + both), size=800):
        yield int(counts[0]), int(counts[1]), int(counts[2])


@pytest.mark.parametrize(
    ("gap", "paired", "unpaired", "apart"),
    [(0.0, 0.044, 0.0, 0.0), (0.02, 0.51, 0.09, 0.004), (0.04, 0.97, 0.77, 0.27), (-0.04, 0.98, 0.72, 0.19)],
)
def test_row_level_results_find_what_intervals_do_not(gap: float, paired: float, unpaired: float, apart: float) -> None:
    """Beside a model of .74. A gap is found more often the better the models are: .74 and .70 vary more than .74 and .78."""
    found = [0, 0, 0]
    for both, first, second in outcomes(np.random.default_rng(7), gap):
        a, b = e.proportion(1305 - both - first, 1305), e.proportion(1305 - both - second, 1305)
        d = e.difference_from_intervals(a, b)
        found[0] += e.mcnemar(first, second) <= 0.05
        found[1] += d.low > 0 or d.high < 0
        found[2] += a.low > b.high or b.low > a.high  # type: ignore[operator]
    assert [count / 800 for count in found] == pytest.approx([paired, unpaired, apart], abs=0.06)
    assert found[0] >= found[1] >= found[2]


@pytest.mark.parametrize(
    ("runs", "picked", "fixed", "bare"), [(2, 0.05, 0.05, 0.05), (5, 0.039, 0.09, 0.29), (20, 0.035, 0.22, 0.92)]
)
def test_a_leader_picked_by_the_data_needs_the_correction_for_all_pairs(
    runs: int, picked: float, fixed: float, bare: float
) -> None:
    """Boards of equal runs: how often is one told apart from the first, though none is worse?"""
    boards = 1500
    declared = [0, 0, 0]
    for values in np.random.default_rng(11).normal(0.7, 0.01, (boards, runs)):
        board = [Scored(float(v), float(v) - 0.01 * e.Z95, float(v) + 0.01 * e.Z95) for v in sorted(values, reverse=True)]
        declared[0] += any(from_leader(board[0], board[1:], runs))
        declared[1] += any(delta is not None and delta.separable for delta in deltas_to_fixed(board[1:], board[0], "higher"))
        declared[2] += any(e.difference_from_intervals(board[0], other).low > 0 for other in board[1:])
    assert [count / boards for count in declared] == pytest.approx([picked, fixed, bare], abs=0.025)
    assert declared[0] / boards <= 0.065


@pytest.mark.parametrize(("rows", "expected", "most"), [(200, 0.071, 0.099), (1000, 0.031, 0.045)])
def test_a_perfectly_calibrated_model_shows_the_error_that_its_note_says(rows: int, expected: float, most: float) -> None:
    rng = np.random.default_rng(3)
    found, said = [], []
    for _ in range(300):
        chance = rng.random(rows)
        truth = rng.random(rows) < chance
        measures = probability_measures(chance[truth].tolist(), chance[~truth].tolist(), positive="1")
        ece = next(measure for measure in measures if measure.name == "ece")
        found.append(ece.estimate.value)
        said.append(float(ece.note.partition("about ")[2].split()[0]))
    assert fmean(found) == pytest.approx(expected, abs=0.003)
    assert fmean(said) == pytest.approx(expected, abs=0.003)
    assert np.quantile(found, 0.95) == pytest.approx(most, abs=0.005)


@pytest.mark.parametrize(("rows", "expected"), [(100, 0.063), (300, 0.062)])
def test_two_equal_models_are_told_apart_on_the_same_rows_as_often_as_measured(rows: int, expected: float) -> None:
    rng = np.random.default_rng(5)
    draws = 1000
    apart = 0
    for _ in range(draws):
        truth = rng.random(rows) < 0.3
        hard = rng.random(rows) < 0.15
        guesses = [np.where(hard | (rng.random(rows) < 0.08), ~truth, truth).tolist() for _ in range(2)]
        (a, pulls_a), (b, pulls_b) = (e.f1_row_influence(truth.tolist(), guess) for guess in guesses)
        assert a is not None
        assert b is not None
        d = e.paired_difference(a, b, pulls_a, pulls_b)
        apart += d.low > 0 or d.high < 0
    assert apart / draws == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize(("agreement", "optimism"), [(0.0, 0.0254), (0.7, 0.0139)])
def test_the_luck_of_the_best_of_sixty_stays_below_its_bound(agreement: float, optimism: float) -> None:
    rng = np.random.default_rng(2)
    se, won, allowed = 0.011, [], []
    for _ in range(1500):
        own = rng.normal(0, se, 60) * math.sqrt(1 - agreement)
        values = 0.7 + own + rng.normal(0, se) * math.sqrt(agreement)
        best = float(values.max())
        won.append(float(own.max()))
        allowed.append(luck_bound(best, float(values.mean()), best - e.Z95 * se, best + e.Z95 * se, 60))
    assert fmean(won) == pytest.approx(optimism, abs=0.0008)
    assert fmean(won) <= e.blom(60) * se + 0.0005
    assert fmean(won) <= 1.1 * fmean(allowed)


@pytest.mark.parametrize(("builds", "quantile"), [(20, 3.382), (30, 3.598), (50, 3.779)])
def test_the_threshold_of_a_shift_is_the_quantile_it_stands_for(builds: int, quantile: float) -> None:
    rng = np.random.default_rng(13)
    scans = [rank_scan(rng.normal(size=builds)) for _ in range(6000)]
    assert threshold(builds) == pytest.approx(quantile, abs=0.03)
    assert sum(scan > threshold(builds) for scan in scans) / 6000 <= 0.0025
