"""What is remembered of every page between two builds of the site, so that only moved pages are made again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from reportgen.store.db import Store
from reportgen.store.pages import PageRow


class PageCache(Protocol):
    """Keeps what is known of the pages of one site, and a state of the whole."""

    def load(self) -> Mapping[str, PageRow]:
        """Return what is known of every page by its path."""

    def state(self) -> Any:
        """Return what was kept of the site as a whole; None where nothing was."""

    def save(self, made: Iterable[PageRow], gone: Collection[str], state: Any) -> None:
        """Remember pages that were made, forget those that no longer exist; all of it or nothing."""


class MemoryCache:
    """Remembers for as long as the process lives: for previews."""

    def __init__(self) -> None:
        self._pages: dict[str, PageRow] = {}
        self._state: Any = None

    def load(self) -> Mapping[str, PageRow]:
        """Return what is known of every page by its path."""
        return self._pages

    def state(self) -> Any:
        """Return what was kept of the site as a whole."""
        return self._state

    def save(self, made: Iterable[PageRow], gone: Collection[str], state: Any) -> None:
        """Remember pages that were made, forget those that no longer exist."""
        for path in gone:
            self._pages.pop(path, None)
        self._pages.update((page.path, page) for page in made)
        self._state = state


class StoreCache:
    """Remembers in the store, under the name `site` of an output."""

    def __init__(self, store: Store, site: str = "") -> None:
        self._store = store
        self._site = site

    def load(self) -> Mapping[str, PageRow]:
        """Return what is known of every page by its path."""
        with self._store.view() as view:
            return view.pages(self._site)

    def state(self) -> Any:
        """Return what was kept of the site as a whole."""
        with self._store.view() as view:
            return view.site_state(self._site)

    def save(self, made: Iterable[PageRow], gone: Collection[str], state: Any) -> None:
        """Remember pages that were made, forget those that no longer exist; all of it or nothing."""
        self._store.save_pages(made, removed=gone, state=state, site=self._site)
