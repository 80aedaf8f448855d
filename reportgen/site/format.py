"""How numbers, differences, times and sizes are written on pages.

One format per metric and column, so that right alignment is decimal alignment. A minus is U+2212, a range has an en dash, a
missing value is never an empty cell: the caller says why it is missing.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from reportgen.analysis.wording import DASH, MINUS, count, display_unit, interval, number, plural, spec_for
from reportgen.analysis.wording import signed as _signed
from reportgen.model import Metric

__all__ = [
    "DASH", "MINUS", "clock", "count", "day", "difference", "display_unit", "duration", "in_words", "interval", "listed",
    "long_day", "machine_time", "metric_title", "minute", "missing_reason", "number", "plain", "plural", "sentence",
    "short_commit", "short_digest", "size", "spec_for",
]  # fmt: skip

Number = int | float

LONGEST = 10_000
"""Characters of a param, tag or fact that a page shows."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SHOUTED = {
    "f1",
    "auc",
    "ece",
    "psi",
    "smape",
    "mase",
    "mcc",
    "rmse",
    "mae",
    "mse",
    "mape",
    "r2",
    "ap",
    "roc",
    "pr",
    "cv",
    "id",
    "ndcg",
    "map",
    "iou",
    "bleu",
}


def difference(value: Number | None, spec: str) -> str:
    """Return a signed difference: ``+0.012``, ``−0.004``; ``0.000`` without a sign where it rounds to nothing."""
    if value is None or not _is_finite(value):
        return DASH
    return _signed(value, spec)


def _is_finite(value: Number) -> bool:
    return isinstance(value, int) or math.isfinite(value)


@lru_cache(maxsize=4096)
def metric_title(name: str) -> str:
    """Return a readable name: ``val/f1`` → "F1", ``report/macro avg/f1-score`` → "F1 score, macro avg"."""
    first, _, last = name.rpartition("/")
    last = last or name
    part = first.rpartition("/")[2].replace("_", " ") if "/" in first else ""  # of a whole: one class, one fold
    words = last.replace("_", " ").replace("-", " ").split()
    if not words:
        return name
    shown = [word.upper() if word.lower() in _SHOUTED else word for word in words]
    if shown[0].islower():
        shown[0] = shown[0][:1].upper() + shown[0][1:]
    return " ".join(shown) + (f", {part}" if part.strip() else "")


def in_words(value: int) -> str:
    """Return small counts as words, as sentences have them, larger ones as numbers."""
    return _WORDS[value] if 0 <= value < len(_WORDS) else count(value)


def size(value: int | None) -> str:
    """Return ``412 kB``, ``84.0 MB``; an en dash where it is not known."""
    if value is None:
        return DASH
    if value < 100:
        return f"{value} B"
    for unit, power in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        scaled = value / power
        if scaled < 999.5:
            return f"{scaled:.1f} {unit}" if scaled < 100 and (scaled < 10 or unit != "kB") else f"{scaled:.0f} {unit}"
    return f"{value / 1e12:.1f} TB"


def clock(seconds: float | None) -> str:
    """Return a duration for tables: ``0:46``, ``1:14``, ``2:03:09``; tenths below ten seconds."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def _few(seconds: float) -> str:
    return f"{max(seconds, 0):.1f}".removesuffix(".0") + " s"


def duration(seconds: float | None) -> str:
    """Return a duration for text: ``0.4 s``, ``46 s``, ``1 min 14 s``, ``2 h 3 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return "unknown"
    if seconds < 9.95:
        return _few(seconds)
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def machine_time(moment: datetime) -> str:
    """Return the value of a ``datetime`` attribute."""
    return f"{_utc(moment).isoformat(timespec='seconds')}Z"


def minute(moment: datetime) -> str:
    """Return ``2026-11-17 01:42``, in UTC."""
    return _utc(moment).isoformat(" ", timespec="minutes")


def day(moment: datetime) -> str:
    """Return ``2026-11-17``, in UTC."""
    return _utc(moment).date().isoformat()


def _utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).replace(tzinfo=None)


def long_day(moment: datetime) -> str:
    """Return ``18 November``, as sentences have it, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]}"


def short_digest(digest: str | None) -> str:
    """Return the first twelve digits of a digest."""
    return (digest or "")[:12]


def short_commit(commit: str | None) -> str:
    """Return the first seven digits of a commit."""
    return (commit or "")[:7]


def plain(value: Any) -> str:
    """Return a param or tag as people write it: text as it is, numbers in full, the rest as JSON.

    Of what is over `LONGEST` the beginning, with the length and digest of the whole: a page stays readable, and two values
    that differ stay different.
    """
    if value is None:
        return "none"
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Mapping):
        value = dict(value)
    return _shortened(json.dumps(value, ensure_ascii=False, default=str))


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{text[:LONGEST]}… ({len(text):,} characters in all, digest {short_digest(digest)})"


def listed(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def sentence(words: str) -> str:
    """Return `words` with a capital first and a full stop last."""
    words = words.strip()
    return (words[:1].upper() + words[1:]).rstrip(".") + "." if words else ""


def missing_reason(metric: Metric | None) -> str:
    """Return why a metric has no rankable number, in the words of the leaderboards; "" if it has one."""
    if metric is None:
        return "not logged"
    if metric.value is None:
        return metric.reason or "not numeric"
    return "" if _is_finite(metric.value) else "not finite"
