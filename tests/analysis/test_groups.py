"""Seeds and folds as one row: the worked numbers, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reportgen import estimate
from reportgen.analysis.leaderboard import leaderboard
from reportgen.analysis.values import Board
from reportgen.model import RunRow
from tests.analysis.rows import SET_A, SET_B, metric, options, row

SEEDS = (0.731, 0.742, 0.727, 0.738, 0.735)
OTHER = (0.722, 0.729, 0.731, 0.718, 0.725)


def seeded(
    values: tuple[float, ...], *, first: int = 1, depth: int = 3, half: float | None = 0.02, data: str = SET_A
) -> list[RunRow]:
    return [
        row(first + i, v, None if half is None else (v - half, v + half), params={"depth": depth, "seed": i}, data=data)
        for i, v in enumerate(values)
    ]


def grouped(rows: list[RunRow], **more: object) -> Board:
    return leaderboard(rows, options(group_by=("params.depth",), **more)).boards[0]


def test_the_worked_group() -> None:
    (found,) = grouped(seeded(SEEDS)).rows
    group = found.group
    assert group is not None
    assert (group.mean, group.sd, group.n, group.minimum, group.maximum) == (
        pytest.approx(0.7346), pytest.approx(0.005857, abs=1e-6), 5, 0.727, 0.742,
    )  # fmt: skip
    assert (group.seeds_low, group.seeds_high) == (pytest.approx(0.727328, abs=1e-6), pytest.approx(0.741872, abs=1e-6))
    assert group.words == "5 seeds"
    half = ((0.741872 - 0.7346) ** 2 + 0.02**2) ** 0.5
    assert (found.low, found.high) == (pytest.approx(0.7346 - half, abs=1e-6), pytest.approx(0.7346 + half, abs=1e-6))
    assert found.rank == 1


def test_two_groups_are_ranked_by_their_means_never_by_their_best_member() -> None:
    lucky = (0.790, 0.700, 0.700, 0.700, 0.700)
    board = grouped([*seeded(SEEDS), *seeded(lucky, first=11, depth=4)])
    assert [(r.rank, r.group.by["params.depth"]) for r in board.rows if r.group] == [(1, 3), (2, 4)]
    assert [r.separable for r in board.rows] == [None, False]


def test_welch_tells_training_luck_apart() -> None:
    t = estimate.welch(SEEDS, OTHER)
    assert (t.t, t.df, t.p) == (
        pytest.approx(2.7306, abs=1e-4),
        pytest.approx(7.904, abs=1e-3),
        pytest.approx(0.02611, abs=1e-5),
    )
    assert t.p == pytest.approx(stats.ttest_ind(SEEDS, OTHER, equal_var=False).pvalue)


def test_corrected_t_of_folds() -> None:
    t = estimate.corrected_t([0.012, 0.004, 0.009, -0.002, 0.007])
    assert (t.t, t.p) == (pytest.approx(1.6754, abs=1e-4), pytest.approx(0.169, abs=5e-4))


def test_one_member_keeps_its_interval_and_two_have_none() -> None:
    (one,) = grouped(seeded((0.7,))).rows
    assert (one.low, one.high, one.group.sd if one.group else 0, one.group.words if one.group else "") == (
        pytest.approx(0.68), pytest.approx(0.72), None, "1 seed",
    )  # fmt: skip
    (two,) = grouped(seeded((0.7, 0.72))).rows
    assert (two.low, two.high) == (None, None)
    assert two.group is not None
    assert (two.group.minimum, two.group.maximum, two.group.seeds_low) == (0.7, 0.72, None)


def test_members_without_an_interval_give_none() -> None:
    (found,) = grouped(seeded(SEEDS, half=None)).rows
    assert (found.low, found.high) == (None, None)
    assert found.group is not None
    assert found.group.seeds_low is not None


def test_failed_members_are_counted_and_not_listed_apart() -> None:
    broken = row(9, params={"depth": 3, "seed": 9}, result="FAILURE")
    lonely = row(10, params={"depth": 9, "seed": 1}, result="FAILURE")
    board = grouped([*seeded(SEEDS[:4]), broken, lonely])
    assert board.rows[0].group is not None
    assert board.rows[0].group.words == "4 of 5 seeds"
    assert [(r.run.number, r.missing) for r in board.rows[1:]] == [(10, "build failed")]


def test_a_group_never_crosses_validation_sets() -> None:
    boards = leaderboard([*seeded(SEEDS), *seeded(OTHER, first=11, data=SET_B)], options(group_by=("params.depth",))).boards
    assert [[r.group.n for r in b.rows if r.group] for b in boards] == [[5], [5]]


def test_columns_of_a_group_are_means_and_shared_params() -> None:
    rows = [row(n, 0.7, metrics={"val/auc": metric(a)}, params={"depth": 3, "seed": n}) for n, a in ((1, 0.8), (2, 0.9))]
    board = grouped(rows, columns=("val/auc", "params.depth", "params.seed"))
    cells = board.rows[0].columns
    assert (cells["val/auc"].value, cells["params.depth"].value, cells["params.seed"].value) == (
        pytest.approx(0.85), 3, "2 values",
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(-100, 100)), min_size=1, max_size=20))
def test_group_statistics_agree_with_pandas(pairs: list[tuple[int, float]]) -> None:
    rows = [row(n, v, params={"depth": d}) for n, (d, v) in enumerate(pairs, start=1)]
    table = pd.DataFrame(pairs, columns=["depth", "value"]).groupby("depth")["value"]
    board = grouped(rows)
    for found in board.rows:
        assert found.group is not None
        part = table.get_group(found.group.by["params.depth"])
        assert found.group.mean == pytest.approx(part.mean(), abs=1e-9)
        assert found.group.n == len(part)
        if len(part) > 1:
            assert found.group.sd == pytest.approx(part.std(), abs=1e-9)
        else:
            assert found.group.sd is None


def test_groups_of_one_value_share_a_rank_however_many_members_they_have() -> None:
    value = 5.84585887701308e16
    rows = [row(n, value, params={"of": "three" if n < 4 else "one", "seed": n}) for n in (1, 2, 3, 4)]
    (board,) = leaderboard(rows, options(group_by=("params.of",))).boards
    assert [(one.rank, one.value) for one in board.rows] == [(1, value), (1, value)]
