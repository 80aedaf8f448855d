"""How numbers stand in sentences: by the metric's format, with a real minus and an en dash between the ends of a range."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

MINUS = "−"
DASH = "–"
MOST_DECIMALS = 17
_SHOWN = re.compile("[1-9]|inf")
_DIGITS = ("", "one digit", "two digits", "three digits", "four digits", "five digits", "six digits")


def number(value: float | None, spec: str) -> str:
    """Return `value` by the format `spec`; what is not finite as a word, None as an en dash."""
    if value is None:
        return DASH
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else f"{MINUS}inf")
    try:
        text = format(value, spec)
    except (ValueError, OverflowError):
        text = format(float(value), ",.3g") if abs(value) < 1e300 else str(value)
    if text.startswith("-"):
        return MINUS + text[1:] if _shows_something(text) else text[1:]
    return text


def signed(value: float, spec: str) -> str:
    """Return a difference with its sign; without one where it rounds to nothing."""
    text = number(value, spec)
    return text if text.startswith(MINUS) or not _shows_something(text) else f"+{text}"


def is_unseen(value: float, spec: str) -> bool:
    """Tell whether `value` is so near to 0 that its format shows nothing but zeros."""
    return not _shows_something(number(value, spec))


def change(value: float, spec: str) -> str:
    """Return a difference with its sign, and with as many decimals as it takes to see of it more than zeros."""
    head, dot, tail = spec.rpartition(".")
    digits = tail.rstrip("f%")
    if dot and digits.isdigit() and digits != tail and value != 0:
        wider = (f"{head}.{decimals}{tail[len(digits) :]}" for decimals in range(int(digits), MOST_DECIMALS + 1))
        spec = next((each for each in wider if not is_unseen(value, each)), spec)
    return signed(value, spec)


def same_to(spec: str) -> str:
    """Return words for a difference that the format cannot show: "same to three digits"."""
    digits = spec.rpartition(".")[2].rstrip("f%")
    if not digits.isdigit() or not 0 < int(digits) < len(_DIGITS):
        return "same to the last digit shown"
    return f"same to {_DIGITS[int(digits)]}"


def gap(value: float, spec: str) -> str:
    """Return the size of a lead, which is never said to be 0 where there is one."""
    return "less than a digit" if value != 0 and is_unseen(value, spec) else number(abs(value), spec)


def interval(low: float | None, high: float | None, spec: str) -> str:
    """Return ``0.712–0.755``, "" where an end is not known; "to" stands between negative ends."""
    if low is None or high is None:
        return ""
    left, right = number(low, spec), number(high, spec)
    return f"{left} to {right}" if MINUS in left + right else f"{left}{DASH}{right}"


def count(value: int) -> str:
    """Return ``13,050``."""
    return f"{value:,}"


def plural(value: int, one: str, many: str = "") -> str:
    """Return ``1 run``, ``3 runs``."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``41 s``, ``1 min 14 s``, ``2 h 3 min``, ``3 d 4 h``."""
    if not math.isfinite(seconds):
        return "unknown time"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole < 86400 else f"{whole // 86400} d {whole % 86400 // 3600} h"


def spec_for(values: Iterable[float | None]) -> str:
    """Return the format that suits all `values` of one metric: three decimals for shares, fewer as numbers grow."""
    sizes = [abs(v) for v in values if v is not None and (isinstance(v, int) or math.isfinite(v))]
    if not sizes:
        return ".3f"
    largest = max(sizes)
    if largest >= 1000 or (largest >= 2 and all(isinstance(v, int) or float(v).is_integer() for v in sizes)):
        return ",.0f"
    for least, spec in ((100, ",.1f"), (math.nextafter(2, 3), ",.2f"), (0.05, ".3f"), (1e-4, ".5f")):
        if largest >= least:
            return spec
    return ".3f" if largest == 0 else ".2e"


def display_unit(spec: str) -> float:
    """Return the smallest difference that `spec` can show, 0.0 where that depends on the size of the number."""
    precision = spec.rpartition(".")[2].rstrip("%feEgGd")
    if not precision.isdigit() or spec.endswith(("e", "E", "g", "G")):
        return 0.0
    return 10.0 ** -(int(precision) + (2 if spec.endswith("%") else 0))


def decimals_apart(a: float, b: float, spec: str) -> int | None:
    """Return how many decimals make two unlike values look unlike; None where `spec` does, or nothing up to 17 can."""
    if a == b or number(a, spec) != number(b, spec) or not spec.endswith(("f", "%")):
        return None
    share = 2 if spec.endswith("%") else 0
    precision = spec.rpartition(".")[2].rstrip("f%")
    start = int(precision) if precision.isdigit() else 6
    for decimals in range(start + 1, MOST_DECIMALS - share + 1):
        if f"{a:.{decimals + share}f}" != f"{b:.{decimals + share}f}":
            return decimals
    return None


def _shows_something(text: str) -> bool:
    return _SHOWN.search(text) is not None
