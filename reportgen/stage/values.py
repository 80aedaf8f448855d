"""What users hand to the helpers, turned into what the record holds; misuse is refused with a reason."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from reportgen import record
from reportgen.errors import RecordError

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

DIRECTIONS = {
    "higher": "higher", "maximize": "higher", "maximise": "higher", "max": "higher", "greater_is_better": "higher",
    "lower": "lower", "minimize": "lower", "minimise": "lower", "min": "lower", "lower_is_better": "lower",
    "none": "none",
}  # fmt: skip
_PLAIN = frozenset({str, int, float})
_LEAVES = frozenset({str, int, float, bool, type(None)})


def name_of(name: object, what: str) -> str:
    """Return a name as it is written; RecordError unless it is text of 1 to 500 characters."""
    if type(name) is str and name.isascii() and len(name) <= record.MAX_NAME and name and not name.isspace():
        return name
    if not isinstance(name, str):
        raise RecordError(f"the name of a {what} is text, not {type(name).__name__}: {shown(name)}")
    clean = record.text(name)
    if not clean.strip():
        raise RecordError(f"the name of a {what} is empty")
    if len(clean) > record.MAX_NAME:
        raise RecordError(
            f"the name of a {what} has {len(clean)} characters, {record.MAX_NAME} are allowed: {clean[:40]!r}…",
            hint="long text belongs into a note, a param or a table",
        )
    return clean


def scalar(value: Any, depth: int = record.MAX_DEPTH) -> Any:
    """Return a param's or tag's value in JSON's types.

    Numbers, text, booleans, None, and lists and dictionaries of them stay what they are; numpy scalars and arrays become the
    Python values they hold; a Decimal becomes a float if that loses nothing, else its digits; dates become ISO 8601; bytes
    UTF-8 text; classes and functions their name; anything else its `str`.
    """
    kind = type(value)
    if kind is bool or value is None or (kind is float and value - value == 0.0):
        return value
    if kind in _PLAIN:
        return record.plain(value)
    try:
        return _composed(value, depth)
    except Exception:  # noqa: BLE001 - an object that cannot be shown must not stop the training that logs it
        return nameless(value)


def _composed(value: Any, depth: int) -> Any:
    if depth == 0:
        return record.text(repr(value))
    if isinstance(value, Mapping):
        return {word(key): scalar(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scalar(item, depth - 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((scalar(item, depth - 1) for item in value), key=lambda item: (str(type(item)), str(item)))
    return record.plain(_unusual(value, depth))


def _unusual(value: Any, depth: int) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return f"{getattr(value, '__module__', None) or 'builtins'}.{value.__qualname__}".removeprefix("builtins.")
    if hasattr(value, "tolist"):
        return scalar(value.tolist(), depth - 1)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return float(value) if not value.is_finite() or decimal.Decimal(repr(float(value))) == value else str(value)
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return scalar(value.value, depth - 1)
    if isinstance(value, (str, int, float)):
        return value
    return str(value)


def word(value: Any) -> str:
    """Return what `str` makes of a value, as the record holds text; its type in angle brackets where `str` fails."""
    try:
        return record.text(str(value))
    except Exception:  # noqa: BLE001 - as in `scalar`
        return nameless(value)


def nameless(value: Any) -> str:
    """Return what stands for a value that cannot be shown: its type in angle brackets."""
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def number(value: Any, what: str) -> int | float:
    """Return the number a metric has; RecordError for anything that is none (booleans and text are none)."""
    kind = type(value)
    if kind is float or kind is int:
        return _sized(value)
    if kind is not bool and not isinstance(value, (str, bytes)):
        try:
            if hasattr(value, "item") and getattr(value, "size", 1) == 1:
                return number(value.item(), what)
            if hasattr(value, "__float__"):
                return _sized(int(value) if isinstance(value, int) else float(value))
        except RecordError:
            raise
        except Exception:  # noqa: BLE001, S110 - whatever it is that cannot be made a number, is none
            pass
    hint = "log text and booleans with log_param or set_tag" if isinstance(value, (str, bool)) else None
    raise RecordError(f"{what} is a number, not {kind.__name__}: {shown(value)}", hint=hint)


def shown(value: Any) -> str:
    """Return a value as a message shows it, whatever its ``repr`` does."""
    try:
        return f"{value!r:.80}"
    except Exception:  # noqa: BLE001 - a message must not fail because of what it is about
        return nameless(value)


def _sized(value: int | float) -> int | float:
    if isinstance(value, int) and not -(1 << 63) <= value < (1 << 63):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def direction_of(direction: object) -> str | None:
    """Return ``higher``, ``lower`` or ``none`` for any of the spellings in use; None stays None."""
    if direction is None:
        return None
    known = DIRECTIONS.get(direction) if isinstance(direction, str) else None
    if known is None:
        raise RecordError(f"direction is higher, lower or none, not {shown(direction)}")
    return known


def mapping_of(values: object, what: str) -> Mapping[Any, Any]:
    """Return what was handed in as names and values; RecordError if it is no dictionary."""
    if type(values) is dict or isinstance(values, Mapping):
        return values
    raise RecordError(f"{what} are a dictionary of names and values, not {type(values).__name__}: {shown(values)}")


def pairs(values: Mapping[Any, Any]) -> Iterable[tuple[str, Any]]:
    """Return what `flat` yields, at once where there is nothing to join."""
    if type(values) is dict and _LEAVES.issuperset(map(type, values.values())) and all(type(key) is str for key in values):
        return values.items()
    return flat(values)


def flat(values: Mapping[Any, Any], prefix: str = "", depth: int = record.MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield ``(name, value)`` of nested dictionaries, keys joined with ``/``; below `depth` they stay what they are."""
    for key, value in values.items():
        name = f"{prefix}{key if type(key) is str else word(key)}"
        if type(value) not in _PLAIN and isinstance(value, Mapping) and value and depth:
            yield from flat(value, f"{name}/", depth - 1)
        else:
            yield name, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as nested dictionaries, names split at ``/``; a name that is also a prefix of others stays whole."""
    tree: dict[str, Any] = {}
    branches: dict[str, dict[str, Any] | None] = {"": tree}
    for name in sorted(values):
        head, slash, last = name.rpartition("/")
        if head not in branches:
            branches[head] = _branch(tree, head, values)
        branch = branches[head] if (last and head) or not slash else None
        if branch is None:
            tree[name] = values[name]
        else:
            branch[last] = values[name]
    return tree


def _branch(tree: dict[str, Any], head: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the dictionary for names that begin with `head`; None where they stay whole."""
    parts = head.split("/")
    if "" in parts or any("/".join(parts[:depth]) in values for depth in range(1, len(parts) + 1)):
        return None
    for part in parts:
        tree = tree.setdefault(part, {})
    return tree
