"""Ant's globs, as Jenkins users write them: ``*`` within a part, ``**`` for any depth, ``?`` for one character."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = {"*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (pattern + "**" if pattern.endswith("/") else pattern).split("/")
    expression = ""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            expression += ".*" if last else "(?:[^/]+/)*"
        else:
            single = re.sub(r"\*+", "*", part)  # a run of stars says no more than one, and would cost far more
            expression += "".join(_PIECES.get(c, re.escape(c)) for c in single) + ("" if last else "/")
    if expression.endswith("/.*"):
        expression = expression[: -len("/.*")] + "(?:/.*)?"
    return re.compile(expression, re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Tell whether the whole of `path` (parts joined by ``/``) is matched by the Ant glob `pattern`.

    As in Ant, a pattern that ends in ``/`` means everything below, and ``a/**`` matches ``a`` itself.
    """
    return _compiled(pattern).fullmatch(path) is not None


def covers(pattern: str, job: str) -> bool:
    """Tell whether `pattern` selects the job with full name `job`: by glob, or as the name of a folder it is in."""
    return matches(pattern, job) or matches(pattern.rstrip("/") + "/**", job)
