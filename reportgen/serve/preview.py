"""The site as it would be published now, in a temporary directory that follows its sources."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from reportgen.config import Config, load_config
from reportgen.errors import ReportgenError
from reportgen.report import Reporter
from reportgen.serve.http import Signal, Trouble
from reportgen.serve.watch import Watched, Watcher
from reportgen.site.cache import MemoryCache
from reportgen.site.maker import SiteMaker
from reportgen.site.manifest import Entry
from reportgen.site.prepare import by_reason
from reportgen.site.write import Tree

VERSION = "preview"
_TOLD = 20
_CLOCK_S = 1.0
"""How far the clock of a file system may be behind."""


class Preview:
    """Builds the site into a directory of its own and, when told to watch, again whenever a source changes.

    The store is only read, so a harvest may run meanwhile. What fails is told to the terminal and to the browsers; the pages
    of the build before stay.
    """

    def __init__(self, config_file: Path, program: str, reporter: Reporter) -> None:
        self.config_file = config_file
        self.signal = Signal()
        self._program = program
        self._reporter = reporter
        self._directory = Path(tempfile.mkdtemp(prefix="reportgen-"))
        self.root = self._directory / "site"
        self.root.mkdir()
        self._cache = MemoryCache()
        self._files: dict[str, Entry] = {}
        self._strays: set[str] = set()
        self._maker: SiteMaker | None = None
        self._config: Config | None = None
        self._theme = ""
        self._watcher: Watcher | None = None
        self._building = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.signal.close()
        if self._watcher is not None:
            self._watcher.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def build(self, changed: frozenset[Path] = frozenset()) -> bool:
        """Bring the directory up to date; say whether that succeeded. Whatever goes wrong is told, and serving goes on."""
        with self._building:
            started = time.monotonic()
            try:
                written, failures = self._make()
            except Exception as problem:  # noqa: BLE001 - a bug in a build must not end the preview
                trouble = trouble_of(problem)
                self._reporter.warn(trouble.message)
                self.signal.announce(trouble)
                return False
            for failure in failures[:5]:
                self._reporter.warn(failure)
            self.signal.announce(Trouble("\n".join(failures[:_TOLD])) if failures else None)
            because = f" ({', '.join(sorted({path.name for path in changed})[:3])})" if changed else ""
            self._reporter.line(f"built in {time.monotonic() - started:.2f} s, {written} pages rendered{because}")
            return not failures

    def _make(self) -> tuple[int, list[str]]:
        maker = self._renewed()
        tree = Tree(self.root, in_place=True)
        known = dict(self._cache.load())
        started = time.time()
        try:
            if maker.theme.digest != self._theme:
                maker.check_theme()
                self._theme = maker.theme.digest
            part = maker.make_content(tree, VERSION, known, self._files)
            outcome = part or maker.make(tree, VERSION, known, self._files)
        except BaseException:
            self._forget(started)
            raise
        files = outcome.files if part is None else {**self._files, **outcome.files}
        for path in (self._files.keys() | self._strays) - files.keys():
            tree.remove(path)
        self._cache.save(outcome.made, [path for path in known if path not in files], None)
        self._files, self._strays = files, set()
        return len(outcome.rendered), by_reason(outcome.failures)

    def _forget(self, since: float) -> None:
        """Make the pages again that a build wrote before it failed: nobody knows any more what they were made from."""
        touched = set(_written(self.root, since - _CLOCK_S))
        self._cache.save((), [path for path in touched if path in self._cache.load()], None)
        self._strays |= touched - self._files.keys()

    def _renewed(self) -> SiteMaker:
        """Read configuration and theme again; keep what was learnt of the store where the configuration is the same."""
        config = self._config = load_config(self.config_file)
        try:
            if self._maker is None:
                self._maker = SiteMaker(config, self._program, self._reporter)
            else:
                self._maker.renew(config)
        finally:
            if self._watcher is not None:
                self._watcher.follow(self._sources())
        return self._maker

    def watch(self) -> None:
        """Rebuild whenever a source changes, until the preview ends."""
        self._watcher = Watcher(self.build, self._reporter.warn)
        self._watcher.start(self._sources())

    def _sources(self) -> list[Watched]:
        """Return what the site is made from, whether it is there or not; without a configuration, where that would be."""
        config, settings = self._config, self.config_file.resolve()
        sources = [Watched(settings.parent, lambda path: path == settings, recursive=False)]
        if config is None:
            return sources
        database, themes = config.store_path / "store.db", config.root / "themes"
        layers = self._maker.theme.layers if self._maker is not None else ()
        outside = [each.directory for each in layers if not each.directory.is_relative_to(themes)]
        return [
            *sources,
            Watched(config.store_path, lambda path: path == database, recursive=False),
            *(Watched(directory, _is_source) for directory in (config.content_path, themes, *outside)),
        ]


def trouble_of(problem: Exception) -> Trouble:
    """Return what to tell of an error that ended a build: file and line, and what happened."""
    if isinstance(problem, ReportgenError):
        return Trouble(problem.message, problem.hint or "")
    place = traceback.extract_tb(problem.__traceback__)[-1]
    return Trouble(
        f"{place.filename}:{place.lineno}: {type(problem).__name__}: {problem}",
        "this looks like a bug of reportgen; reportgen build tells more, and writes a log to report it with",
    )


def _written(root: Path, since: float) -> Iterator[str]:
    """Yield the files below `root` that were written since a moment."""
    for file in root.rglob("*"):
        if file.is_file() and file.stat().st_mtime >= since:
            yield file.relative_to(root).as_posix()


def _is_source(path: Path) -> bool:
    """Whether a file is one that somebody wrote, and not one that an editor made for itself."""
    return not _is_scratch(path)


def _is_scratch(path: Path) -> bool:
    """Whether an editor made the file for itself."""
    return path.name.startswith((".", "#")) or path.name.endswith(("~", ".swp", ".swx", ".tmp")) or path.name == "4913"
