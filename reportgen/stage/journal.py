"""The journal on disk: whole lines appended by any number of threads and processes.

One `write` with ``O_APPEND`` per call, under a lock where the system has `flock`. A process that is killed loses
nothing a call had returned for, and leaves at most one torn line, which the next writer closes with a newline.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from weakref import WeakSet

from reportgen import record

try:
    import fcntl
except ImportError:  # a system without flock: appends are still whole lines, a torn one is not always closed
    fcntl = None  # type: ignore[assignment]


class Journal:
    """Appends events to one ``events.jsonl``; safe in threads, in several processes and across `fork`.

    Raises `OSError` where the file cannot be opened or written; nothing is kept back to be written later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()  # re-entrant: a signal handler may end the run while a call is under way
        self._fd = -1
        self._end = -1
        self._ids = _fresh_ids()
        self.shared = False
        """Whether another process was seen to write to the journal, too."""
        _journals.add(self)

    def append(self, bodies: Sequence[str], moment: str) -> None:
        """Write the events that have these bodies (`record.encode_body`), each with a fresh id and this time, in one piece."""
        with self._lock:
            prefix, numbers = self._ids
            self._write(record.encode_lines([f"{prefix}-{next(numbers)}" for _ in bodies], moment, bodies))

    def _write(self, lines: bytes) -> None:
        if self._fd < 0:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
            self._fd = os.open(self.path, flags, 0o666)
        fd = self._fd
        locked = _flock(fd)
        try:
            found = os.fstat(fd)
            size = found.st_size
            if not found.st_nlink and not self.path.exists():  # what is written to a deleted file is gone
                raise FileNotFoundError(errno.ENOENT, "the record was deleted", str(self.path))
            if size not in (0, self._end):
                self.shared = True
                if os.pread(fd, 1, size - 1) != b"\n":
                    lines = b"\n" + lines
            self._end = -1
            write_whole(fd, lines)
            self._end = size + len(lines)
        finally:
            if locked:
                fcntl.flock(fd, fcntl.LOCK_UN)

    def is_shared(self) -> bool:
        """Tell whether another process has written to the journal, too."""
        if not self.shared and self._fd >= 0:
            self.shared = os.fstat(self._fd).st_size != self._end
        return self.shared

    def close(self) -> None:
        """Let go of the file; a later `append` opens it again."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def after_fork(self) -> None:
        """Make the child's copy its own: another lock, another open file, other ids."""
        self._lock = threading.RLock()
        self._ids = _fresh_ids()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def write_whole(fd: int, content: bytes) -> None:
    """Write all of it: one `write`, unless the system takes only a part at a time."""
    written = os.write(fd, content)
    while written < len(content):
        written += os.write(fd, content[written:])


def _flock(fd: int) -> bool:
    """Lock the file; False on a file system that has no locks, where an append is still one whole write."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def _fresh_ids() -> tuple[str, count[int]]:
    return os.urandom(6).hex(), count(1)


_journals: WeakSet[Journal] = WeakSet()


def _after_fork() -> None:
    for journal in list(_journals):
        journal.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
