"""Series packed for the store: 8 bytes a value, steps as first and stride where they are regular."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportgen.model import Point
from reportgen.store.codec import dump_json, load_json

SeriesCells = tuple[int, int | None, int | None, bytes | None, str | None, bytes | None]
"""The columns points, first_step, stride, steps, points_json and values of the table ``series``."""

_EXACT = 2**53
_INT64 = 2**63


def pack(points: Sequence[Point]) -> SeriesCells:
    """Return the cells of a series: little-endian doubles, or JSON where a value or a step does not fit 64 bits."""
    steps = [point.step for point in points]
    values = [point.value for point in points]
    if any(isinstance(value, int) and abs(value) > _EXACT for value in values) or any(
        not -_INT64 <= step < _INT64 for step in steps
    ):
        return len(points), None, None, None, dump_json([[point.step, point.value] for point in points]), None
    stride = _stride(steps)
    packed_steps = None if stride is not None else _bytes(array("q", steps))
    return len(points), steps[0] if stride is not None else None, stride, packed_steps, None, _bytes(array("d", values))


def unpack(cells: SeriesCells) -> tuple[Point, ...]:
    """Return the points of which `pack` made the cells."""
    count, first, stride, packed_steps, points_json, packed_values = cells
    if points_json is not None:
        return tuple([Point(step=step, value=value) for step, value in load_json(points_json)])
    values = _array("d", packed_values or b"")
    if packed_steps is not None:
        steps: Sequence[int] = _array("q", packed_steps)
    elif first is not None and stride is not None:
        steps = [first + stride * index for index in range(count)]
    else:
        steps = ()
    return tuple([Point(step=step, value=value) for step, value in zip(steps, values, strict=True)])


class PackedSeries(Mapping[str, tuple[Point, ...]]):
    """The series of a run by metric, each unpacked when it is asked for; equal to a dict of the same points."""

    __slots__ = ("_cells",)

    def __init__(self, cells: dict[str, SeriesCells]) -> None:
        self._cells = cells

    def __getitem__(self, metric: str) -> tuple[Point, ...]:
        return unpack(self._cells[metric])

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"PackedSeries({dict(self)!r})"

    def count(self, metric: str) -> int:
        """Return how many points a series has without unpacking it."""
        return self._cells[metric][0]


def _stride(steps: list[int]) -> int | None:
    """Return the constant distance between the steps, None where there is none or no step at all."""
    if not steps:
        return None
    stride = steps[1] - steps[0] if len(steps) > 1 else 1
    if not -_INT64 <= stride < _INT64:
        return None
    regular = range(steps[0], steps[0] + stride * len(steps), stride) if stride else [steps[0]] * len(steps)
    return stride if len(regular) == len(steps) and all(map(int.__eq__, steps, regular)) else None


def _bytes(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _array(code: str, packed: bytes) -> array[Any]:
    values = array(code)
    values.frombytes(packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values
