"""Tells when files change, also those in directories that are made later."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

_CHANGES = frozenset({"created", "modified", "moved", "deleted"})
"""What counts. SQLite opens a store that it only reads for writing too, and closing it is no change."""


class Watched(NamedTuple):
    """A directory to watch, which of the files in it matter, and whether those below its directories count."""

    directory: Path
    matters: Callable[[Path], bool]
    recursive: bool = True


class Watcher:
    """Calls back, from a thread of its own, once after each burst of changes below some paths.

    A burst ends with `quiet_s` of silence; what changes without a pause is told every `most_s`. A directory that is not there,
    or is made again, is watched from the moment that it is.
    """

    def __init__(
        self,
        on_change: Callable[[frozenset[Path]], object],
        on_trouble: Callable[[str], object],
        *,
        quiet_s: float = 0.1,
        most_s: float = 2.0,
    ) -> None:
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._quiet_s = quiet_s
        self._most_s = most_s
        self._wanted: tuple[Watched, ...] = ()
        self._set: dict[tuple[Path, bool], Any] = {}
        self._changed: set[Path] = set()
        self._wake = threading.Condition()
        self._more = False
        self._closed = False
        self._observer: Any = None
        self._thread = threading.Thread(target=self._run, name="reportgen-watch", daemon=True)

    def start(self, directories: Iterable[Watched]) -> None:
        """Watch the directories, and the way to those that do not exist yet."""
        from watchdog.observers import Observer

        # A directory made inside another that is new itself is met twice by watchdog, which says so and goes on.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.observers\.")
        self._observer = Observer()
        self._observer.start()
        self.follow(directories)
        self._thread.start()

    def follow(self, directories: Iterable[Watched]) -> None:
        """Watch these directories from now on, and no others."""
        self._wanted = tuple(directories)
        self._arm(frozenset())

    def _arm(self, changed: frozenset[Path]) -> None:
        """Set and drop watches until they fit the directories there are; one on a directory that was made again is dead."""
        places = set(_places(self._wanted))
        for key, watch in list(self._set.items()):
            if key not in places or not changed.isdisjoint((key[0], *key[0].parents)):
                with suppress(KeyError, OSError):
                    self._observer.unschedule(watch)
                del self._set[key]
        for place, recursive in places - self._set.keys():
            try:
                watch = self._observer.schedule(_events(self._note), str(place), recursive=recursive)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it went away this very moment; its parent tells when it is back
            except OSError as problem:
                self._on_trouble(f"{place} cannot be watched, changes there are not noticed: {problem.strerror or problem}")
                continue
            self._set[place, recursive] = watch

    def _matters(self, path: Path, is_directory: bool) -> bool:
        """Whether a change at `path` may change what is in the directories that are to be watched."""
        for each in self._wanted:
            inside = path.parent == each.directory or (each.recursive and each.directory in path.parents)
            if inside and (each.recursive if is_directory else each.matters(path)):
                return True
            if is_directory and (path == each.directory or path in each.directory.parents):
                return True
        return False

    def _note(self, path: Path, is_directory: bool) -> None:
        if not self._matters(path, is_directory):
            return
        with self._wake:
            self._changed.add(path)
            self._more = True
            self._wake.notify()

    def _run(self) -> None:
        while (changed := self._burst()) is not None:
            self._arm(changed)
            self._on_change(changed)

    def _burst(self) -> frozenset[Path] | None:
        """Wait for a change and then for silence; None when it is time to end."""
        with self._wake:
            while not self._closed and not self._changed:
                self._wake.wait()
            latest = time.monotonic() + self._most_s
            while not self._closed and time.monotonic() < latest:
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


def _places(wanted: Iterable[Watched]) -> Iterator[tuple[Path, bool]]:
    """Yield what to watch, and whether with all below: the directories, and where one may come or go."""
    for each in wanted:
        if each.directory.is_dir():
            yield each.directory, each.recursive
        above = next((place for place in each.directory.parents if place.is_dir()), None)
        if above is not None:
            yield above, False


def _events(note: Callable[[Path, bool], None]) -> Any:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type not in _CHANGES or (event.is_directory and event.event_type == "modified"):
                return
            for name in (event.src_path, event.dest_path):
                if name:
                    note(Path(str(name)), event.is_directory)

    return Handler()
