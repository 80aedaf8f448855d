"""True values and predictions as users have them, made into plain lists of equal length without missing values."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from reportgen.errors import RecordError
from reportgen.stage.values import shown, word

Label = Any


class Columns(NamedTuple):
    """Columns of equal length, and how many rows were dropped because one of them had no value."""

    columns: list[list[Any]]
    dropped: int


def as_list(values: Any, what: str) -> list[Any]:
    """Return a sequence, array, Series or DataFrame as a list (of lists, where it has two dimensions)."""
    for method in ("tolist", "to_list"):
        if hasattr(values, method):
            values = getattr(values, method)()
            break
    else:
        if hasattr(values, "to_numpy"):
            values = values.to_numpy().tolist()
    if isinstance(values, list):
        found = values
    elif isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise RecordError(f"{what} is a sequence of values, not {type(values).__name__}")
    else:
        found = list(values)
    if found and hasattr(found[0], "tolist"):
        found = [row.tolist() if hasattr(row, "tolist") else row for row in found]
    if found and all(isinstance(row, (list, tuple)) and len(row) == 1 for row in found):
        return [row[0] for row in found]
    return found


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turn what objects do that a helper was handed into RecordError, whatever their own code raises."""
    try:
        yield
    except (RecordError, OSError):
        raise
    except Exception as problem:
        why = f"{type(problem).__name__}: {word(problem):.200}"
        raise RecordError(f"{what} cannot be evaluated: {why}", hint="pass lists or arrays of labels and numbers") from problem


def aligned(named: dict[str, Any], missing: str) -> Columns:
    """Return the columns as lists; RecordError for unequal lengths, no rows, and missing values unless they are to be
    dropped."""
    if missing not in {"error", "drop"}:
        raise RecordError(f"missing is 'error' or 'drop', not {missing!r:.80}")
    lists = {name: as_list(values, name) for name, values in named.items()}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise RecordError("unequal lengths: " + ", ".join(f"{name} has {length} values" for name, length in lengths.items()))
    if not next(iter(lengths.values())):
        raise RecordError(f"{' and '.join(lengths)} are empty: there is nothing to evaluate")
    suspects = [name for name, values in lists.items() if _may_miss(values)]
    if not suspects:
        return Columns(list(lists.values()), 0)
    gone: set[int] = set()
    for name in suspects:
        at = [index for index, value in enumerate(lists[name]) if is_missing(value)]
        if at and missing == "error":
            raise RecordError(
                f"{name} has {len(at)} missing value{'s' * (len(at) != 1)}, the first at index {at[0]}",
                hint='pass missing="drop" to leave such rows out; how many is then logged',
            )
        gone.update(at)
    kept = [[value for index, value in enumerate(values) if index not in gone] for values in lists.values()]
    if not kept[0]:
        raise RecordError("every row has a missing value: there is nothing to evaluate")
    return Columns(kept, len(gone))


def _may_miss(values: list[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds <= {int, bool, str}:
        return False
    return any(map(math.isnan, values)) if kinds <= {float, int, bool} else True


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT, pandas' NA, or a row that holds one."""
    if isinstance(value, (list, tuple)):
        return any(map(is_missing, value))
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
    except Exception:  # noqa: BLE001 - an object that cannot even be compared is there; what is made of it says what it is
        return False


def floats(values: Sequence[Any], what: str) -> Sequence[float]:
    """Return numbers as floats, the list itself where it holds nothing else; RecordError names the first that is no number."""
    if set(map(type, values)) == {float}:
        return values
    found = array("d")
    for index, value in enumerate(values):
        try:
            found.append(value)
        except Exception:  # noqa: BLE001 - whatever its own conversion raises, it may be spelled as text
            try:
                found.append(float(value))
            except Exception:  # noqa: BLE001 - it is no number
                raise RecordError(f"{what}[{index}] is not a number: {shown(value)}") from None
    return found


def check_labels(values: Sequence[Any], what: str) -> None:
    """Raise RecordError for the first value that is no label: a row of one-hot codes, a dictionary, a fraction."""
    kinds = set(map(type, values))
    if float in kinds:
        broken = next((index for index, value in enumerate(values) if type(value) is float and not value.is_integer()), None)
        if broken is not None:
            raise RecordError(
                f"{what}[{broken}] is not a label: {shown(values[broken])}", hint="true labels come first, scores second"
            )
    if any(kind.__hash__ is None for kind in kinds):
        at = next(index for index, value in enumerate(values) if type(value).__hash__ is None)
        raise RecordError(
            f"{what}[{at}] is not a label: {shown(values[at])}",
            hint="pass one label per row; of one-hot codes, the place of the 1",
        )


def ordered(labels: Iterable[Label]) -> list[Label]:
    """Return the distinct labels in order; by their text where they cannot be compared."""
    distinct = list(dict.fromkeys(labels))
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=str)


def positive_label(labels: Sequence[Label], positive: Label | None) -> Label:
    """Return the positive class of two: as told, else 1 or True; RecordError where neither says it."""
    if positive is not None:
        if positive not in labels:
            raise RecordError(f"positive={shown(positive)} is none of the labels {_listed(labels)}")
        return next(label for label in labels if label == positive)
    if set(labels) <= {0, 1} or set(labels) <= {-1, 1}:
        return next((label for label in labels if label == 1), 1)
    raise RecordError(f"which class is the positive one? The labels are {_listed(labels)}", hint="pass positive=...")


def _listed(labels: Sequence[Label]) -> str:
    return ", ".join(shown(label) for label in labels[:10]) + (" …" if len(labels) > 10 else "")
