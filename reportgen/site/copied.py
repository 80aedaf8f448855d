"""Work in a copy of this process: it has at once all that this one has read, and a processor of its own."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from reportgen.errors import PublishError

_Out = TypeVar("_Out")
KILLED = "a process that made part of the site was killed"
MEMORY = "is there enough memory? run the build again"
_FILES = Path("/proc/self/fd")
_STANDARD = 3
_END_WITH_PARENT = 1
"""``PR_SET_PDEATHSIG``: the copy of a build that is killed must not write into what the next one makes."""


def may_copy() -> bool:
    """Whether this process may be copied: on Linux, and where no other thread holds a lock that nobody would open again."""
    return sys.platform == "linux" and _FILES.is_dir() and threading.active_count() == 1


class Copy(Generic[_Out]):
    """A copy of this process that does `work` and nothing else; what it returns has to be of kinds that can be pickled.

    The copy has no file open but the standard ones: neither the store, which it must not use, nor the store's lock, which ends
    with this process. `work` gets a function that says whether nobody waits for its result any more.
    """

    def __init__(self, work: Callable[[Callable[[], bool]], _Out]) -> None:
        this = os.getpid()
        self._answer, told = os.pipe()
        self._process = os.fork()
        if self._process:
            os.close(told)
            return
        try:
            _leave_alone(told)
            if os.getppid() != this:
                return  # ended before it could be told: see `finally`
            with open(told, "wb") as pipe:  # noqa: PTH123 - a descriptor
                pipe.write(_outcome(lambda: work(lambda: os.getppid() != this)))
        finally:
            os._exit(0)  # nothing of what was copied is to be closed, flushed or ended twice

    def result(self) -> _Out:
        """Wait for what the work returns, or raise what it raised."""
        with open(self._answer, "rb") as pipe:  # noqa: PTH123 - a descriptor
            told = pipe.read()
        os.waitpid(self._process, 0)
        try:
            done, value = pickle.loads(told)  # noqa: S301 - written by this program a moment ago
        except (EOFError, pickle.UnpicklingError):
            raise PublishError(KILLED, hint=MEMORY) from None
        if not done:
            raise value
        return value  # type: ignore[no-any-return]

    def end(self) -> None:
        """End the copy without a result."""
        os.close(self._answer)
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _leave_alone(told: int) -> None:
    """Let go of all that belongs to the process that was copied, signals and files, and end when it does."""
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for file in [int(entry.name) for entry in _FILES.iterdir()]:  # to try every number there may be can take minutes
        if file >= _STANDARD and file != told:
            with suppress(OSError):  # the one that listed them
                os.close(file)


def _outcome(work: Callable[[], _Out]) -> bytes:
    """Return whether the work succeeded, and its result or what it raised."""
    try:
        return pickle.dumps((True, work()))
    except Exception as problem:  # noqa: BLE001 - whatever it is, it is raised again where the result is asked for
        return pickle.dumps((False, problem))
