"""When a request is tried again, and after which wait: pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

TRANSIENT_STATUS = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """`tries` in all; waits are random up to a bound that doubles; a server's wish is honoured up to a bound, and in sum."""

    tries: int = 4
    first_wait_s: float = 2.0
    longest_wait_s: float = 60.0
    longest_wish_s: float = 300.0
    longest_sum_s: float = 900.0

    def wait_s(self, attempt: int, random: float, wish_s: float | None) -> float:
        """Return how long to wait after failed attempt number `attempt` (from 0); `random` is drawn from [0, 1)."""
        if wish_s is not None:
            return min(wish_s, self.longest_wish_s)
        bound = min(self.longest_wait_s, self.first_wait_s * 2**attempt)
        return float(min(1.0, bound) + random * max(bound - 1.0, 0.0))


def parse_retry_after(value: str | None, date: str | None) -> float | None:
    """Return the seconds a ``Retry-After`` asks for; None where it is absent, negative or nothing that can be read.

    A time of day is compared with the answer's own ``Date``, so that no clock of ours matters.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date or "")).total_seconds()
    except (ValueError, TypeError):
        return None
    return max(float(seconds), 0.0)
