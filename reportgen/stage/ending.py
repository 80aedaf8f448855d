"""How a run ends, what its journal says it logged, and the two plain JSON files it leaves for other tools."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from reportgen import record
from reportgen.stage.journal import write_whole
from reportgen.stage.values import nested

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

TRACEBACK_LIMIT = 20_000

_encode = record.json_encoder(", ", ": ")


class State:
    """What a journal holds: params and last metric values by name, the duration of an earlier end, and the opening event."""

    __slots__ = ("duration_s", "ended", "metrics", "opening", "params")

    def __init__(
        self, params: dict[str, Any], metrics: dict[str, Any], duration_s: float, opening: dict[str, Any], ended: bool
    ) -> None:
        self.params, self.metrics, self.duration_s = params, metrics, duration_s
        self.opening, self.ended = opening, ended


def recall(journal: Path) -> State:
    """Return what was logged so far; empty if the journal cannot be read."""
    params: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    opening: dict[str, Any] = {}
    duration = 0.0
    ended = False
    try:
        with journal.open("rb") as lines:
            for line in lines:
                event = record.decode_event(line)
                if event is None:
                    continue
                kind = event["kind"]
                if kind == "metric":
                    metrics[event.get("name", "")] = event.get("value")
                elif kind == "param":
                    params.setdefault(event.get("name", ""), event.get("value"))
                elif kind == "run":
                    opening = opening or event
                    ended = False
                elif kind == "end":
                    ended = True
                    spent = event.get("duration_s")
                    duration = float(spent) if isinstance(spent, (int, float)) else 0.0
    except OSError:
        pass
    return State(params, metrics, duration, opening, ended)


def exit_status(error: SystemExit) -> int:
    """Return the status that Python ends with for this exception: 1 for anything that is neither a number nor None."""
    return int(error.code) if isinstance(error.code, int) else int(error.code is not None)


def status_of(error: BaseException | None) -> str:
    """Return how a run ends that this exception left; leaving the program with a status of zero is no failure."""
    if error is None:
        return "complete"
    if isinstance(error, SystemExit):
        status = exit_status(error)
        return "complete" if status == 0 else "aborted" if status in (130, 143) else "failed"
    stopped: tuple[type[BaseException], ...] = (KeyboardInterrupt, GeneratorExit)
    if "asyncio" in sys.modules:  # a cancelled task, as all are that Ctrl+C ends
        stopped = (*stopped, sys.modules["asyncio"].CancelledError)
    return "aborted" if isinstance(error, stopped) else "failed"


def describe(error: BaseException) -> dict[str, str]:
    """Return type, message and traceback of an exception; of a long traceback the beginning and the end."""
    kind = type(error)
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an exception whose text fails must not hide that the run failed
        message = "(its message could not be read)"
    try:
        import traceback

        trace = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - nor must one that cannot be followed, as where no further file can be opened
        trace = ""
    if len(trace) > TRACEBACK_LIMIT:
        half = TRACEBACK_LIMIT // 2
        trace = f"{trace[:half]}\n… ({len(trace) - TRACEBACK_LIMIT} characters left out)\n{trace[-half:]}"
    name = kind.__qualname__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__qualname__}"
    return {"type": name, "message": record.text(message), "traceback": record.text(trace)}


def write_summaries(directory: Path, params: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json`` and ``params.json`` for tools that want plain JSON: nested at ``/``, a line per top-level name."""
    for name, found in (("metrics.json", metrics), ("params.json", params)):
        if found:
            lines = ",\n".join([f"  {_encode(key)}: {_encode(value)}" for key, value in nested(found).items()])
            _replace(f"{directory}/{name}", f"{{\n{lines}\n}}\n".encode())


def _replace(path: str, content: bytes) -> None:
    """Put a file in the place of one that may be read right now; every run pays for this, so there is no path's object."""
    partial = f"{path}.{os.getpid()}.part"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        try:
            write_whole(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(partial, path)  # noqa: PTH105
    except OSError:
        os.unlink(partial)  # noqa: PTH108
        raise
