"""The site as it would be published now, in a temporary directory that follows its sources."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
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
from reportgen.site.write import Entry, Tree

VERSION = "preview"


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
        self._maker: SiteMaker | None = None
        self._config: Config | None = None
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
        """Bring the directory up to date; say whether that succeeded."""
        with self._building:
            started = time.monotonic()
            try:
                written, failures = self._make()
            except ReportgenError as problem:
                self._reporter.warn(problem.message)
                self.signal.announce(Trouble(problem.message, problem.hint or ""))
                return False
            for failure in failures[:5]:
                self._reporter.warn(failure)
            self.signal.announce(Trouble("\n".join(failures[:20])) if failures else None)
            because = f" ({', '.join(sorted({path.name for path in changed})[:3])})" if changed else ""
            self._reporter.line(f"built in {time.monotonic() - started:.2f} s, {written} pages rendered{because}")
            return not failures

    def _make(self) -> tuple[int, list[str]]:
        maker = self._renewed()
        tree = Tree(self.root, in_place=True)
        known = dict(self._cache.load())
        outcome = maker.make(tree, VERSION, known, self._files)
        for path in self._files.keys() - outcome.files.keys():
            tree.remove(path)
        self._cache.save(outcome.made, [path for path in known if path not in outcome.files], None)
        self._files = outcome.files
        return len(outcome.rendered), [f"{failure.path}: {failure.reason}" for failure in outcome.failures]

    def _renewed(self) -> SiteMaker:
        """Read configuration and theme again; keep what was learnt of the store where the configuration is the same."""
        config = load_config(self.config_file)
        self._config = config
        if self._maker is None:
            self._maker = SiteMaker(config, self._program, self._reporter)
        else:
            self._maker.renew(config)
        return self._maker

    def watch(self) -> None:
        """Rebuild whenever a source changes, until the preview ends."""
        config = self._config or load_config(self.config_file)
        database = config.store_path / "store.db"
        settings = self.config_file.resolve()
        directories = [
            Watched(config.root, lambda path: path.resolve() == settings, recursive=False),
            Watched(config.store_path, lambda path: path == database, recursive=False),
            Watched(config.content_path, _is_source),
            Watched(config.root / "themes", _is_source),
        ]
        if self._maker is not None:
            outside = [
                each.directory for each in self._maker.theme.layers if not each.directory.is_relative_to(config.root / "themes")
            ]
            directories += [Watched(directory, _is_source) for directory in outside]
        self._watcher = Watcher(self.build)
        self._watcher.start(directories)


def _is_source(path: Path) -> bool:
    """Whether a file is one that somebody wrote, and not one that an editor made for itself."""
    return not _is_scratch(path)


def _is_scratch(path: Path) -> bool:
    """Whether an editor made the file for itself."""
    return path.name.startswith((".", "#")) or path.name.endswith(("~", ".swp", ".swx", ".tmp")) or path.name == "4913"
