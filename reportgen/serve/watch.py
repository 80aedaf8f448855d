"""Tells when files change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Watched(NamedTuple):
    """A directory to watch, which of the files in it matter, and whether those below its directories count."""

    directory: Path
    matters: Callable[[Path], bool]
    recursive: bool = True


class Watcher:
    """Calls back, from a thread of its own, once after each burst of changes below some paths."""

    def __init__(self, on_change: Callable[[frozenset[Path]], object], *, quiet_s: float = 0.15) -> None:
        self._on_change = on_change
        self._quiet_s = quiet_s
        self._changed: set[Path] = set()
        self._wake = threading.Condition()
        self._more = False
        self._closed = False
        self._observer: Any = None
        self._thread = threading.Thread(target=self._run, name="reportgen-watch", daemon=True)

    def start(self, directories: Iterable[Watched]) -> None:
        """Watch the directories, as far as they exist."""
        from watchdog.observers import Observer

        self._observer = Observer()
        for each in directories:
            if each.directory.is_dir():
                self._observer.schedule(_events(self._note, each.matters), str(each.directory), recursive=each.recursive)
        self._observer.start()
        self._thread.start()

    def _note(self, path: Path) -> None:
        with self._wake:
            self._changed.add(path)
            self._more = True
            self._wake.notify()

    def _run(self) -> None:
        while (changed := self._burst()) is not None:
            self._on_change(changed)

    def _burst(self) -> frozenset[Path] | None:
        """Wait for a change and then for silence; None when it is time to end."""
        with self._wake:
            while not self._closed and not self._changed:
                self._wake.wait()
            while not self._closed:
                self._more = False
                self._wake.wait(self._quiet_s)
                if not self._more:
                    break
            changed, self._changed = frozenset(self._changed), set()
            return None if self._closed else changed

    def close(self) -> None:
        """Stop watching."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._thread.join()


def _events(note: Callable[[Path], None], matters: Callable[[Path], bool]) -> Any:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.is_directory or event.event_type in ("opened", "closed_no_write"):
                return
            for name in (event.src_path, event.dest_path):
                path = Path(str(name))
                if name and matters(path):
                    note(path)

    return Handler()
