"""Readers: from the files a build archived to metrics, params and attachments.

`READERS` is the registry, in order: a file goes to the first reader that claims it. Further readers come from the entry-point
group ``reportgen.readers`` (each names a `Reader`) and are asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.metadata import entry_points

from reportgen.harvest.readers.dvclive import DVCLIVE
from reportgen.harvest.readers.images import IMAGES
from reportgen.harvest.readers.json_files import BENCHMARK_PAGE, CHARTS, JSON_FILES
from reportgen.harvest.readers.junit import JUNIT
from reportgen.harvest.readers.markdown import MARKDOWN
from reportgen.harvest.readers.metrics import PARAMS
from reportgen.harvest.readers.mlruns import MLRUNS
from reportgen.harvest.readers.models import MODELS
from reportgen.harvest.readers.native import NATIVE
from reportgen.harvest.readers.notebooks import NOTEBOOKS
from reportgen.harvest.readers.tables import TABLES
from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult

__all__ = ["READERS", "ReadContext", "ReadResult", "Reader", "assign", "installed_readers"]

GROUP = "reportgen.readers"

READERS: Mapping[str, Reader] = {
    reader.name: reader
    for reader in (
        NATIVE,
        MLRUNS,
        DVCLIVE,
        CHARTS,
        PARAMS,
        JSON_FILES,
        BENCHMARK_PAGE,
        JUNIT,
        TABLES,
        IMAGES,
        MARKDOWN,
        NOTEBOOKS,
        MODELS,
    )
}


@cache
def installed_readers() -> tuple[Reader, ...]:
    """Return every reader: those that other packages bring, then our own, each name once."""
    found: dict[str, Reader] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        reader = entry.load()
        if isinstance(reader, Reader):
            found.setdefault(reader.name, reader)
    for reader in READERS.values():
        found.setdefault(reader.name, reader)
    return tuple(found.values())


def assign(paths: Iterable[str], readers: Sequence[Reader] | None = None) -> dict[str, Reader]:
    """Return which reader gets which of `paths`; a path that none claims is not in the answer."""
    return dict(_assigned(frozenset(paths), installed_readers() if readers is None else tuple(readers)))


@lru_cache(maxsize=256)
def _assigned(left: frozenset[str], readers: tuple[Reader, ...]) -> dict[str, Reader]:
    """Builds of one job mostly archive files of the same names."""
    assigned: dict[str, Reader] = {}
    for reader in readers:
        claimed = reader.claimed(left) & left
        assigned.update((path, reader) for path in sorted(claimed))
        left -= claimed
    return assigned
