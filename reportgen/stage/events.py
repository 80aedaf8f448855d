"""Events made from the arguments of the helpers: checked, in the format's types, without any I/O."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import lru_cache

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import values

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

DEFINITION = frozenset({"average", "positive", "threshold_policy", "beta", "alpha", "k", "clip", "folds", "version"})
"""Fields of a metric event that change what the number means; runs that differ in one are not ranked together."""

_WORDS = ("unit", "dataset", "method", "reason", "note")
_NUMBERS = ("low", "high", "std", "no_skill")


def metric_event(name: str, value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric's event; fields that are None are left out, and RecordError says what is wrong with one."""
    event: dict[str, Any] = {"kind": "metric", "name": values.name_of(name, "metric"), "value": None}
    if value is not None:
        event["value"] = metric_value(name, value)
    elif not fields.get("reason"):
        raise RecordError(f"metric {name!r} has no value", hint="say why with reason=..., or do not log it")
    for key, field in fields.items():
        if field is not None:
            event[key] = _field(name, key, field)
    low, high = event.get("low"), event.get("high")
    if low is not None and high is not None and float(low) > float(high):
        raise RecordError(f"metric {name!r}: low {low!r} is above high {high!r}")
    return event


def _field(name: str, key: str, field: Any) -> Any:
    if key in _WORDS:
        return values.word(field)
    if key in _NUMBERS:
        return metric_value(name, field, f"{key} of ")
    if key == "step":
        return whole(field, key)
    if key == "n":
        return count_of(field, key)
    if key == "direction":
        return values.direction_of(field)
    if key in DEFINITION:
        return values.scalar(field)
    raise RecordError(
        f"metric {name!r}: log_metric knows no {key}",
        hint=f"fields of a definition are {', '.join(sorted(DEFINITION))}",
    )


def metric_value(name: str, value: Any, what: str = "") -> int | float | str:
    """Return a metric's number as the format writes it."""
    if type(value) is float and value - value == 0.0:
        return value
    number = values.number(value, f"{what}metric {name!r}")
    return record.finite(number) if isinstance(number, float) else number


def metric_values(metrics: Mapping[str, Any]) -> Iterator[tuple[str, int | float | str]]:
    """Yield name and value of many metrics, as the format writes them."""
    for name, value in values.pairs(values.mapping_of(metrics, "metrics")):
        yield values.name_of(name, "metric"), metric_value(name, value)


def shared_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that many metrics share, without those that are None."""
    return {key: _field("", key, field) for key, field in fields.items() if field is not None}


def whole(value: Any, what: str) -> int:
    """Return a whole number, from Python's or numpy's integers or a float without a fraction; RecordError for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise RecordError(f"{what} is a whole number, not {values.shown(value)}")
    number = int(value.__index__())
    if not -(1 << 63) <= number < (1 << 63):
        raise RecordError(f"{what} is a whole number of at most 64 bits, not {values.shown(value)}")
    return number


def count_of(value: Any, what: str) -> int:
    """Return a whole number that counts something; RecordError if it is below zero."""
    number = whole(value, what)
    if number < 0:
        raise RecordError(f"{what} is a count, not {number}")
    return number


def moment(seconds: float) -> str:
    """Return seconds since the epoch as the format writes a time."""
    second, milli = divmod(int(seconds * 1000), 1000)
    return f"{_second(second)}.{milli:03d}Z"


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    part = time.gmtime(second)
    return f"{part[0]:04d}-{part[1]:02d}-{part[2]:02d}T{part[3]:02d}:{part[4]:02d}:{part[5]:02d}"
