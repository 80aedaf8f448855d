"""Which of the files a build archived are worth fetching: a pure choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.config import JobConfig
from reportgen.globs import matches
from reportgen.harvest.readers import Reader, assign

MOST_LISTED = 2000
"""Files that nobody reads are remembered by name, but not without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to fetch: who reads it, and whether its bytes are kept or only its digest."""

    path: str
    reader: Reader | None
    keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to fetch, what is over the number of files, and what nobody reads."""

    wanted: tuple[Wanted, ...] = ()
    over_limit: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def choose_files(paths: Sequence[str], job: JobConfig, *, most: int, readers: Sequence[Reader] | None = None) -> Choice:
    """Return the choice among the files of one build.

    Without patterns of its own a job's files are those that a reader claims; patterns replace that, and a file they name
    without a reader is kept as it is. Files that stand for a dataset are fetched for their digest.
    """
    assigned = assign(paths, readers)
    digests = frozenset(job.datasets.values())
    wanted: list[Wanted] = []
    unread: list[str] = []
    for path in paths:
        reader = assigned.get(path)
        if _is_wanted(path, job, reader):
            keep = job.models == "copy" or reader is None or not reader.is_model(path)
            wanted.append(Wanted(path=path, reader=reader, keep=keep))
        elif path in digests:
            wanted.append(Wanted(path=path, reader=None, keep=False))
        else:
            unread.append(path)
    return Choice(
        wanted=tuple(wanted[:most]), over_limit=tuple(each.path for each in wanted[most:]), unread=tuple(unread[:MOST_LISTED])
    )


def _is_wanted(path: str, job: JobConfig, reader: Reader | None) -> bool:
    if reader is not None and not reader.needs(path):
        return False
    if job.artifacts is not None:
        return is_named(path, job)
    return reader is not None


def is_named(path: str, job: JobConfig) -> bool:
    """Tell whether a pattern of the configuration names this file."""
    return any(matches(pattern, path) for pattern in job.artifacts or ())
