"""The one orchestration: store → plan → render → write → publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from reportgen.config import Config
from reportgen.errors import PublishError
from reportgen.report import Reporter
from reportgen.site import publish
from reportgen.site.cache import StoreCache
from reportgen.site.cluster import Cluster
from reportgen.site.discard import discard
from reportgen.site.maker import SiteMaker
from reportgen.site.manifest import MANIFEST, Entry, file_digest, read_manifest
from reportgen.site.plan import grouped
from reportgen.site.prepare import by_reason
from reportgen.site.state import History, Since
from reportgen.site.work import Failure, Outcome
from reportgen.site.write import finish_tree, start_tree
from reportgen.store.db import Store
from reportgen.store.values import VersionRow

_HEAVIEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How to build: `version` is a given id, `workers` the number of processes (None: by the amount of work).

    With a `cluster` the run pages are made on its workers.
    """

    output: Path | None = None
    version: str | None = None
    workers: int | None = None
    clean: bool = False
    strict: bool = False
    cluster: Cluster | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a build did. `version` is None where nothing was new; `directory` is then that of the version there is.

    `written` are the pages that were rendered, `kinds` counts all pages, `heaviest` are the largest with their bytes.
    """

    version: str | None
    directory: Path
    pages: int = 0
    written: tuple[str, ...] = ()
    linked: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    heaviest: tuple[tuple[str, int], ...] = ()
    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()


def build_site(
    config: Config, store: Store, *, now: datetime, program: str, reporter: Reporter, options: BuildOptions | None = None
) -> Summary:
    """Publish a new version of the site from the store, unless nothing is new.

    Raises PublishError where a version cannot be published; with `strict` also where a page failed, and then nothing is.
    """
    return _Publication(config, store, now, program, reporter, options or BuildOptions()).run()


class _Publication:
    """One build of one site."""

    def __init__(
        self, config: Config, store: Store, now: datetime, program: str, reporter: Reporter, options: BuildOptions
    ) -> None:
        self._config = config
        self._store = store
        self._now = now
        self._options = options
        self._output = options.output or config.output_path
        self._site = "" if options.output is None else str(options.output.resolve())
        self._cache = StoreCache(store, self._site)
        self._maker = SiteMaker(config, program, reporter)

    def run(self) -> Summary:
        self._finish_pending()
        given = self._options.version
        if given is not None:
            publish.check_version_id(given)
        current = self._current()
        state = self._maker.state(self._store.revision)
        if (
            current is not None
            and not self._options.clean
            and given in (None, current.id)
            and current.detail.get("state") == state
        ):
            return Summary(version=None, directory=self._output / current.id)
        version = given or publish.free_id(self._output, publish.generated_id(self._now))
        return self._publish(version, current, state)

    def _current(self) -> VersionRow | None:
        """The newest version of this site that was published to the end and is still there."""
        rows = (row for row in self._store.versions() if row.detail.get("site", "") == self._site)
        return next((row for row in rows if (self._output / row.id / MANIFEST).is_file()), None)

    def _history(self, version: str) -> History:
        """What this version may tell of those before it: by what the store remembers, wherever their files are."""
        rows = [row for row in self._store.versions() if row.detail.get("site", "") == self._site and row.id != version]
        kept = rows[: self._config.site.keep_versions - 1]
        return History(since=Since.of(rows[0]) if rows else None, versions=tuple((row.id, row.data_as_of) for row in kept))

    def _publish(self, version: str, current: VersionRow | None, state: str) -> Summary:
        self._maker.check_theme()
        clean = self._options.clean
        previous = self._output / current.id if current is not None and not clean else None
        before = (read_manifest(previous) or {}) if previous is not None else {}
        tree = start_tree(self._output, version, previous)
        known = {} if clean else self._cache.load()
        history = self._history(version)
        outcome = self._maker.make(
            tree, version, known, before, history=history, workers=self._options.workers, cluster=self._options.cluster
        )
        if outcome.failures and self._options.strict:
            discard(tree.root)
            raise _refused(outcome)
        manifest = finish_tree(tree, version, outcome.files)
        if (self._output / version).exists():
            same = file_digest(self._output / version / MANIFEST) == manifest
            discard(tree.root)
            if not same:
                raise PublishError(
                    f"version {version} already exists, with other content", hint="choose another --version-id, or none"
                )
            return Summary(version=None, directory=self._output / version)
        self._cache.save(outcome.made, [path for path in known if path not in outcome.files], {"version": version})
        row = VersionRow(
            id=version,
            published_at=self._now,
            revision=self._store.revision,
            manifest_sha256=manifest,
            data_as_of=self._maker.as_of,
            detail={
                "state": "" if outcome.failures else state,
                "site": self._site,
                "newest_build": self._maker.newest_build,
                "pending": True,
            },
        )
        self._store.record_version(row)
        publish.reveal(self._output, tree.root, version)
        retired = self._announce(row)
        return self._summary(version, outcome, before, retired)

    def _finish_pending(self) -> None:
        """Bring to its end what a killed build had begun to publish; what it had not yet revealed is as if it never was."""
        for row in self._store.versions():
            if row.detail.get("pending") and row.detail.get("site", "") == self._site:
                if file_digest(self._output / row.id / MANIFEST) == row.manifest_sha256:
                    self._announce(row)
                else:
                    self._store.forget_version(row.id)

    def _announce(self, row: VersionRow) -> list[str]:
        publish.announce(self._output, row.id, alias=self._config.site.alias)
        retired = publish.retire(self._output, self._config.site.keep_versions)
        self._store.record_version(replace(row, detail={**row.detail, "pending": False}))
        return retired

    def _summary(self, version: str, outcome: Outcome, before: Mapping[str, Entry], retired: list[str]) -> Summary:
        pages = {path: entry.size for path, entry in outcome.files.items() if path.endswith(".html")}
        heaviest = sorted(pages.items(), key=lambda item: (-item[1], item[0]))[:_HEAVIEST]
        limit = self._config.limits.page
        warnings = [f"{path} has {size:,} bytes, more than limits.page" for path, size in heaviest if size > limit]
        return Summary(
            version=version,
            directory=self._output / version,
            pages=len(pages),
            written=tuple(sorted(outcome.rendered)),
            linked=sum(1 for path, entry in outcome.files.items() if before.get(path) == entry),
            kinds=grouped(pages),
            heaviest=tuple(heaviest),
            failures=tuple(outcome.failures),
            warnings=(*self._maker.misfits, *warnings),
            retired=tuple(retired),
        )


def _refused(outcome: Outcome) -> PublishError:
    problems = by_reason(outcome.failures)
    count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
    first = "; the first: " if len(problems) > 1 else ": "
    return PublishError(
        f"{count}, nothing was published{first}{problems[0]}",
        hint="without --strict the rest is published, with a page in the place of what failed",
    )
