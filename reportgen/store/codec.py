"""Values to what SQLite holds, and back: JSON that SQLite can read, sortable times, numbers of any size.

Four rules, so that saving and loading gives an equal value and nothing is lost silently:

* A number that is not finite, or an integer beyond 64 bits, is text in a number's column (``nan``, ``inf``, ``-inf``,
  ``12345678901234567890``), and an object with one key, ``{"$float": "nan"}``, inside JSON; a user's own object that looks like
  one is wrapped as ``{"$": …}``.
* A time is text in UTC with six decimals and a ``Z``, so that text order is time order.
* A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD.
* A dataclass is an object of the fields that differ from their defaults, so a field added later changes no stored row.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from reportgen.errors import StoreError
from reportgen.many import thawed

_INT64 = 2**63
_LONG_INT_BITS = 14_000
"""Integers longer than this are written in base 16: Python refuses to print more than 4,300 decimal digits."""


def _foreign(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_foreign)


def clean_text(text: str) -> str:
    """Return `text` as UTF-8 can hold it: each lone surrogate replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_optional(text: str | None) -> str | None:
    """Return `clean_text` of a text that may be absent."""
    return None if text is None else clean_text(text)


def time_text(moment: datetime) -> str:
    """Return an aware time as ``2026-11-23T02:00:01.123000Z``; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def optional_time_text(moment: datetime | None) -> str | None:
    """Return `time_text` of a time that may be absent."""
    return None if moment is None else time_text(moment)


def parse_time(text: str) -> datetime:
    """Return the aware time in UTC that `time_text` wrote."""
    return datetime.fromisoformat(text)


def parse_optional_time(text: str | None) -> datetime | None:
    """Return `parse_time` of a time that may be absent."""
    return None if text is None else datetime.fromisoformat(text)


def number_cell(number: float | None) -> int | float | str | None:
    """Return what a column of type ANY holds for a number: itself, or its text where SQLite has no such number."""
    if number is None:
        return None
    if isinstance(number, int):
        number = int(number)
        if -_INT64 <= number < _INT64:
            return number
        return str(number) if number.bit_length() < _LONG_INT_BITS else hex(number)
    if math.isfinite(number):
        return float(number)
    return _non_finite(number)


def parse_number(cell: int | float | str | None) -> Any:
    """Return the number that `number_cell` wrote."""
    if not isinstance(cell, str):
        return cell
    return float(cell) if cell in {"nan", "inf", "-inf"} else int(cell, 0)


def _non_finite(number: float) -> str:
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def dump_json(value: Any) -> str:
    """Return `value` as JSON that SQLite's own functions accept; what JSON does not know becomes its text."""
    try:
        text = _plain.encode(value)
    except ValueError:
        text = _plain.encode(_escape(value))
    else:
        if '"$' in text:
            text = _plain.encode(_escape(value))
    return clean_text(text)


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def load_json(text: str) -> Any:
    """Return the value that `dump_json` wrote; tuples come back as lists. StoreError where the text is damaged."""
    try:
        value, _ = _scan(text, 0)
    except (StopIteration, ValueError):
        raise StoreError(
            f"a value in the store is damaged: {text[:60]!r}", hint="reportgen check --read-data lists all"
        ) from None
    return _unescape(value) if '"$' in text else value


def load_json_all(texts: Sequence[str]) -> list[Any]:
    """Return `load_json` of each of `texts`, read together: equal keys are one string, and it takes a third of the time."""
    together = f"[{','.join(texts)}]"
    if '"$' not in together:
        try:
            values, end = _scan(together, 0)
        except (StopIteration, ValueError):
            values, end = [], 0
        if len(values) == len(texts) and end == len(together):
            return list(values)
    return [load_json(text) for text in texts]


def _escape(value: Any) -> Any:
    if isinstance(value, Mapping):
        escaped = {str(key): _escape(item) for key, item in value.items()}
        return {"$": escaped} if len(escaped) == 1 and next(iter(escaped)).startswith("$") else escaped
    if isinstance(value, list | tuple):
        return [_escape(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": _non_finite(value)}
    if isinstance(value, int) and value.bit_length() >= _LONG_INT_BITS:
        return {"$int": hex(value)}
    return value


def _unescape(value: Any) -> Any:
    if isinstance(value, list):
        return [_unescape(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, item),) = value.items()
        if key == "$float":
            return float(item)
        if key == "$int":
            return int(item, 16)
        if key == "$":
            return {inner: _unescape(content) for inner, content in item.items()}
    return {key: _unescape(item) for key, item in value.items()}


Convert = Callable[[Any], Any]
NO_ITEMS: Mapping[str, Any] = {}
"""What values that hold no items hold: one for all of them."""


class Codec:
    """Turns values of one dataclass into JSON objects and back; `leave_out` names fields that are kept elsewhere."""

    def __init__(self, kind: type[Any], leave_out: Collection[str] = ()) -> None:
        hints = typing.get_type_hints(kind)
        self.kind = kind
        self._thawed = thawed(kind)
        self._encoders: list[tuple[str, Any, Convert | None]] = []
        self._decoders: list[tuple[str, Convert]] = []
        self._mappings = [each.name for each in fields(kind) if each.default_factory is dict and each.name not in leave_out]
        for each in fields(kind):
            if each.name in leave_out:
                continue
            encode, decode = _converters(hints[each.name])
            self._encoders.append((each.name, _default(each), encode))
            if decode is not None:
                self._decoders.append((each.name, decode))

    def encode(self, value: Any) -> dict[str, Any]:
        """Return the fields of `value` that are not at their defaults, ready for `dump_json`."""
        found = {}
        for name, default, encode in self._encoders:
            item = getattr(value, name)
            if item is default or (item == default and type(item) is type(default)):
                continue
            found[name] = item if encode is None or item is None else encode(item)
        return found

    def arguments(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return `content` as keyword arguments of the dataclass."""
        for name, decode in self._decoders:
            item = content.get(name)
            if item is not None:
                content[name] = decode(item)
        return content

    def decode(self, content: dict[str, Any]) -> Any:
        """Return the value whose `encode` is `content`."""
        for name in self._mappings:
            content.setdefault(name, NO_ITEMS)
        made = self._thawed(**(self.arguments(content) if self._decoders else content))
        made.__class__ = self.kind
        return made


_codecs: dict[type[Any], Codec] = {}


def codec_of(kind: type[Any]) -> Codec:
    """Return the codec of a whole dataclass."""
    codec = _codecs.get(kind)
    if codec is None:
        codec = _codecs[kind] = Codec(kind)
    return codec


def _default(each: Field[Any]) -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else MISSING


def _converters(hint: Any) -> tuple[Convert | None, Convert | None]:
    """Return how a field of this type becomes JSON and comes back; None where JSON holds it as it is."""
    origin = typing.get_origin(hint)
    if origin in {types.UnionType, typing.Union}:
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        return _converters(kinds[0]) if len(kinds) == 1 else (None, None)
    if origin is tuple:
        return _sequence_converters(typing.get_args(hint))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict, None
    if hint is datetime:
        return time_text, parse_time
    if is_dataclass(hint):
        codec = codec_of(typing.cast("type[Any]", hint))
        return codec.encode, codec.decode
    return None, None


def _sequence_converters(items: tuple[Any, ...]) -> tuple[Convert, Convert]:
    if len(items) != 2 or items[1] is not Ellipsis:  # a tuple of fixed length, or of tuples: plain values only
        return list, tuple
    encode, decode = _converters(items[0])
    return (
        list if encode is None else lambda values: [encode(value) for value in values],
        tuple if decode is None else lambda values: tuple([decode(value) for value in values]),
    )
