"""The one place where a command reads the clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from reportgen.errors import ReportgenError


def now() -> datetime:
    """Return the present time in UTC, or the one that SOURCE_DATE_EPOCH sets."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(fixed), UTC)
    except (ValueError, OverflowError, OSError):
        raise ReportgenError(
            f"SOURCE_DATE_EPOCH is {fixed!r}, which is not a time", hint="set it to seconds since 1970, or unset it"
        ) from None
