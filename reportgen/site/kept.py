"""Pages that stay as they are: taken over from the version before, one by one or by a small process of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reportgen.errors import PublishError
from reportgen.site.copied import KILLED, MEMORY
from reportgen.site.linker import Linker
from reportgen.site.manifest import Entry
from reportgen.site.work import Outcome
from reportgen.site.write import Tree
from reportgen.store.pages import PageRow


def keep_all(
    tree: Tree, pages: Sequence[PageRow], before: Mapping[str, Entry], outcome: Outcome, stop: Callable[[], bool]
) -> None:
    """Take pages over, until told to stop; in any thread."""
    linker = Tree.like(tree)
    for page in pages:
        if stop():
            break
        keep(linker, page, before, outcome)


def keep(tree: Tree, page: PageRow, before: Mapping[str, Entry], outcome: Outcome) -> None:
    """Take a page and the files it shows over from the version before."""
    for path in (page.path, *page.files):
        if path not in outcome.files:
            _take(tree, path, before, outcome, shared=path != page.path)


def _take(tree: Tree, path: str, before: Mapping[str, Entry], outcome: Outcome, *, shared: bool) -> None:
    if not tree.link(path, shared=shared):
        raise PublishError(f"{path} vanished from the version before", hint="run reportgen build --clean")
    outcome.files[path] = before[path]


class Keeping:
    """Takes pages over while its caller does something else: in a process that knows nothing but their paths."""

    def __init__(self, tree: Tree, pages: Sequence[PageRow], before: Mapping[str, Entry]) -> None:
        assert tree.previous is not None, "what is kept was there before"
        self._tree, self._pages, self._before = tree, pages, before
        shared = dict.fromkeys(path for page in pages for path in page.files)
        self._linker = Linker(tree.previous, tree.root, [page.path for page in pages], list(shared))

    def finish(self, outcome: Outcome) -> None:
        """Wait for the end of it, and note in `outcome` what was taken over; what could not be is tried again."""
        left = self._linker.left()
        if left is None:
            raise PublishError(KILLED, hint=MEMORY)
        missing = set(left)
        for page in self._pages:
            for path in (page.path, *page.files):
                if path in missing and path not in outcome.files:
                    _take(self._tree, path, self._before, outcome, shared=path != page.path)
                outcome.files.setdefault(path, self._before[path])

    def close(self) -> None:
        """End the process if it is still at work."""
        self._linker.close()
