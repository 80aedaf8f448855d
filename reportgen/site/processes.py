"""Run pages in fresh processes of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from reportgen.errors import PublishError
from reportgen.site.copied import KILLED, MEMORY
from reportgen.site.discard import discard
from reportgen.site.pool import spread, start_processes
from reportgen.site.setups import SetupFile, read_setup, write_setup
from reportgen.site.work import Chunk, Outcome, Setup, Workshop

_SHOP: Workshop | None = None


def runs_in_processes(setup: Setup, chunks: Iterable[Chunk], count: int) -> Iterator[Outcome]:
    """Yield what became of each chunk, made by `count` processes; a PublishError says that one of them was killed."""
    file = write_setup(setup)
    try:
        with start_processes(count, begin, file) as pool:
            yield from spread(pool, make_runs, chunks, at_once=2 * count)
    except BrokenProcessPool:
        raise PublishError(KILLED, hint=MEMORY) from None
    finally:
        discard(Path(file.path))


def begin(file: SetupFile) -> None:
    """Prepare this worker process."""
    global _SHOP
    _SHOP = Workshop(read_setup(file))


def make_runs(chunk: Chunk) -> Outcome:
    """Make the run pages of a chunk in a worker process that has begun."""
    if _SHOP is None:
        raise RuntimeError("the worker process was not prepared")
    return _SHOP.runs(chunk)
