"""A run that another process opened and ends: this one only adds to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage.run import Run

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any


class JoinedRun(Run):
    """Writes to a record whose opening event is known; leaving a ``with`` block does not end it."""

    _set_once_hint = "another step or process set it; a new run begins after 'reportgen log end'"

    def __init__(
        self,
        directory: Path,
        opening: Mapping[str, Any],
        *,
        strict: bool = False,
        secrets: tuple[Sequence[str], Sequence[str]] = ((), ()),
    ) -> None:
        told = {"name": str(opening.get("name", "")), "stage": str(opening.get("stage", ""))}
        super().__init__(directory, told, strict=strict, joined=True, secrets=secrets)
        self._journal.shared = True
        self._recalled = False
        self._opened_at = str(opening.get("t"))

    def _elapsed(self) -> float:
        from datetime import datetime

        try:
            return max(0.0, self._now() - datetime.fromisoformat(self._opened_at).timestamp())
        except ValueError:
            return 0.0

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Write many params; the ones of the other processes count as set."""
        if not self._recalled:
            self._recalled = True
            self._recall()
        super().log_params(params)


def arrive(directory: str, opening: Mapping[str, Any], strict: bool, secrets: tuple[Sequence[str], Sequence[str]]) -> JoinedRun:
    """Return a run that was pickled in another process; it writes to the same record."""
    return JoinedRun(Path(directory), opening, strict=strict, secrets=secrets)


def join(directory: Path, *, strict: bool = False) -> JoinedRun:
    """Return the run of this directory; RecordError if it has no journal, or this is another build than the one it is of."""
    try:
        with (directory / record.JOURNAL).open("rb") as journal:
            opening = record.decode_event(journal.readline())
    except OSError:
        opening = None
    if opening is None:
        raise RecordError(
            f"there is no record in {str(directory)!r}", hint="unset REPORTGEN_RUN, or run 'reportgen log start NAME'"
        )
    from reportgen.stage.active import same_build
    from reportgen.stage.context import ci_of

    ci = ci_of(os.environ)
    if ci and not same_build(opening, ci):
        raise RecordError(f"REPORTGEN_RUN: {str(directory)!r} was written by another build", hint="unset it, or start a run")
    return JoinedRun(directory, opening, strict=strict)
