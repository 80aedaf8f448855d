"""Packed columns hold what a dictionary would: any kind of cell, the later of two, nothing where there is none."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.store.columns import Cells, Code

LOWEST = -(2**63)
whole = st.integers(LOWEST, 2**63 - 1) | st.just(LOWEST)
finite = st.floats(allow_nan=False, allow_infinity=False)
odd = st.sampled_from(["nan", "inf", "-inf", str(2**80)])
numbers = st.lists(st.tuples(st.integers(3, 30), finite | whole | odd | st.none()), max_size=30)
texts = st.lists(st.tuples(st.integers(3, 30), st.text(max_size=3) | st.none()), max_size=30)


def expected(cell: Any) -> Any:
    return cell if not isinstance(cell, str) else float(cell) if cell in ("nan", "inf", "-inf") else int(cell)


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b)))


def hold(cells: Cells, known: dict[int, Any]) -> None:
    asked = range(40)
    assert all(same(cells.get(run), known.get(run)) for run in asked)
    assert all(same(found, known.get(run)) for found, run in zip(cells.of(asked), asked, strict=True))
    inside = range(3, 31)
    assert all(same(found, known.get(run)) for found, run in zip(cells.of(inside), inside, strict=True))
    assert [run in cells for run in asked] == [run in known for run in asked]
    assert sorted(cells) == sorted(known)


@pytest.mark.parametrize("code", ["d", "q"])
@pytest.mark.parametrize("count", [28, 1])
@given(numbers, st.integers(1, 5))
@example([(3, 0.5), (3, None), (4, LOWEST), (5, "nan"), (5, 1.5)], 2)
def test_numbers_of_every_kind_come_back(code: Code, count: int, found: list[tuple[int, Any]], at_once: int) -> None:
    cells = Cells(code, 3, 30, count)
    for first in range(0, len(found), at_once):
        some = found[first : first + at_once]
        cells.put([run for run, _ in some], [cell for _, cell in some], keep_none=True)
    known = {run: expected(cell) for run, cell in found}
    hold(cells, known)
    for run in list(known)[::2]:
        cells.drop(run)
        del known[run]
    hold(cells, known)


@pytest.mark.parametrize("count", [28, 1])
@given(texts)
@example([(3, "a"), (3, None)])
def test_texts_come_back_and_none_is_no_cell(count: int, found: list[tuple[int, Any]]) -> None:
    cells = Cells("O", 3, 30, count)
    cells.put([run for run, _ in found], [cell for _, cell in found])
    known = dict(found)
    hold(cells, {run: cell for run, cell in known.items() if cell is not None})


def test_a_column_of_few_runs_among_many_takes_no_room_for_the_others() -> None:
    tracemalloc.start()
    try:
        cells = Cells("d", 1, 1_000_000, 3)
        cells.put([1, 500_000, 1_000_000], [0.1, 0.2, 0.3])
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()
    assert cells.of([500_000, 2]) == [0.2, None]
