"""What is remembered of large values: as long as they are there, and not longer."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from reportgen.many import remembered


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Large:
    rows: tuple[int, ...]


def test_a_value_is_asked_once_and_an_equal_one_for_itself():
    asked: list[Large] = []

    @remembered
    def length(value: Large, unit: str) -> str:
        asked.append(value)
        return f"{len(value.rows)} {unit}"

    first, second = Large((1, 2)), Large((1, 2))
    assert [length(first, "rows"), length(first, "rows"), length(second, "rows"), length(first, "lines")] == [
        "2 rows", "2 rows", "2 rows", "2 lines",
    ]  # fmt: skip
    assert len(asked) == 3


def test_nothing_is_held_of_a_value_that_is_gone():
    @remembered
    def length(value: Large, unit: str) -> str:
        return f"{len(value.rows)} {unit}"

    counts = []
    for number in range(50):
        value = Large(tuple(range(number)))
        assert length(value, "rows") == f"{number} rows"
        del value
        gc.collect()
        counts.append(sum(isinstance(each, Large) for each in gc.get_objects()))
    assert set(counts) == {0}
