"""One writer per store: a lock the kernel drops when its holder dies, so none is ever stale."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from reportgen.errors import StoreLocked
from reportgen.store.files import disk_errors


class StoreLock:
    """The exclusive lock on ``<store>/lock``; taken at once or not at all."""

    def __init__(self, store: Path) -> None:
        path = store / "lock"
        with disk_errors(path, "open"):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.warning: str | None = None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise StoreLocked(
                f"another reportgen is writing to the store {store}",
                hint="try again when it has ended; in Jenkins, do not run two builds of this job at once",
            ) from None
        except OSError as error:
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}:
                self.release()
                raise
            self.warning = f"the file system of {store} has no locks: never let two reportgen write to it at once"

    def release(self) -> None:
        """Give the lock back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
