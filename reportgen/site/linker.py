"""Hard links by the thousand, in a small process of their own; run as a script, this file needs the standard library alone.

The script reads ``[from, to, [path, …], [shared path, …]]`` as JSON, links all paths of the one directory into the other, and
answers with a list of those that it could not link, whatever the reason: its caller tries these again and says what is wrong.
"""

# ruff: noqa: PTH102, PTH103 - tens of thousands of files a night: strings and plain calls

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class Linker:
    """Links `paths` of `source` into `target`, and `shared` ones that others may put there, beside what its caller does."""

    def __init__(self, source: Path, target: Path, paths: Sequence[str], shared: Sequence[str]) -> None:
        asked = json.dumps([str(source.absolute()), str(target.absolute()), list(paths), list(shared)])
        command = [sys.executable, "-I", "-S", __file__, str(os.getpid())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                pipe.write(asked.encode())
        except BrokenPipeError:  # told by its answer
            pass

    def left(self) -> list[str] | None:
        """Wait for the end of it, and return what is not linked; None if the process was killed."""
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            told = pipe.read()
        self._process.wait()
        try:
            left: list[str] = json.loads(told)
        except ValueError:
            return None
        return left

    def close(self) -> None:
        """End the process if it is still at work."""
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def _work() -> None:
    """Do what is asked on the standard input."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: ends with its caller
    if os.getppid() != int(sys.argv[1]):
        return  # which has ended before
    source, target, paths, shared = json.load(sys.stdin)
    os.umask(0o022)
    made = {""}
    left = [path for path in paths if not _linked(source, target, path, made)]
    left += [path for path in shared if not _linked(source, target, path, made, there=True)]
    sys.stdout.write(json.dumps(left))


def _linked(source: str, target: str, path: str, made: set[str], *, there: bool = False) -> bool:
    parent = path.rpartition("/")[0]
    try:
        if parent not in made:
            try:
                os.mkdir(f"{target}/{parent}", 0o755)
            except FileExistsError:
                pass
            except FileNotFoundError:
                os.makedirs(f"{target}/{parent}", 0o755, exist_ok=True)
            made.add(parent)
        os.link(f"{source}/{path}", f"{target}/{path}", follow_symlinks=False)
    except FileExistsError:
        return there
    except OSError:
        return False
    return True


if __name__ == "__main__":
    _work()
