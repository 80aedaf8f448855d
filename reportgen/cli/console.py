"""What people see: lines, warnings and progress on standard error; data goes to standard output."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Return `text` without anything a terminal would obey: control characters become their code points."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class Console:
    """A `Reporter` for a person: colours and bars on a terminal, plain lines elsewhere; NO_COLOR is respected."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self._terminal and not os.environ.get("NO_COLOR")
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def line(self, text: str) -> None:
        """Print one line, unless quiet."""
        if not self._quiet:
            self._write(printable(text))

    def detail(self, text: str) -> None:
        """Print one line, if more was asked for."""
        if self._verbose:
            self._write(printable(text))

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._write(self._painted("33", "warning:") + " " + printable(text))

    def error(self, text: str, *, hint: str | None = None) -> None:
        """Print an error and what to do next."""
        self.close()
        self._write(self._painted("31;1", "error:") + " " + printable(text))
        if hint:
            self._write(self._painted("36", "hint:") + " " + printable(hint))

    def progress(self, label: str, done: int, total: int) -> None:
        """Move the bar called `label`; nothing where there is no terminal."""
        if self._quiet or not self._terminal:
            return
        if self._bars is None:
            self._bars = _make_bars()
            self._bars.start()
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(printable(label), total=total or None)
        self._bars.update(self._tasks[label], completed=done, total=total or None)
        if total and done >= total:
            self._bars.remove_task(self._tasks.pop(label))

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars, self._tasks = None, {}

    def _painted(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _write(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.file.write(text + "\n")
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def _make_bars() -> Progress:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=RichConsole(stderr=True), transient=True)
