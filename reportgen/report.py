"""How work in progress tells people about itself, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives what is worth a line; the command line prints it, a test collects it."""

    def line(self, text: str) -> None:
        """Tell one thing that was done."""

    def warn(self, text: str) -> None:
        """Tell one thing that is wrong but does not stop the work."""

    def detail(self, text: str) -> None:
        """Tell one thing that only ``-v`` wants to see."""

    def progress(self, label: str, done: int, total: int) -> None:
        """Tell how far the step `label` is; `total` 0 means not known yet."""


class SilentReporter:
    """Tells nobody, and keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def line(self, text: str) -> None:
        """Drop the line."""

    def warn(self, text: str) -> None:
        """Keep the warning."""
        self.warnings.append(text)

    def detail(self, text: str) -> None:
        """Drop the detail."""

    def progress(self, label: str, done: int, total: int) -> None:
        """Drop the progress."""
