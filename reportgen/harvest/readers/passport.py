"""How a model file is described: digest, size, framework and what its bytes say of themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from reportgen.harvest.readers.values import ReadContext
from reportgen.harvest.strict import clean_text
from reportgen.model import Model, Scalar
from reportgen.record import plain

LONGEST_FACT = 500
RUNS_CODE = "executable format, not scanned: loading it runs what is in it, so load it only if you trust where it comes from"


class BadModel(ValueError):
    """The bytes are not those of the model format they begin as; the message says why."""


def passport(path: str, content: bytes, context: ReadContext, *, framework: str | None, facts: Mapping[str, Scalar]) -> Model:
    """Return the model a file holds, as made by the build that archived it."""
    kept = {name: clean_text(fact)[:LONGEST_FACT] if isinstance(fact, str) else plain(fact) for name, fact in facts.items()}
    return Model(
        name=path.rsplit("/", 1)[-1],
        role="made",
        sha256=context.digests.get(path) or hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        framework=framework,
        facts={name: fact for name, fact in kept.items() if fact is not None and fact != ""},
    )


def listed(names: list[str], most: int = 8) -> str:
    """Return the first names in words, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")
