"""Removing what nobody reads any more: old versions, and what builds that were killed left behind."""

# ruff: noqa: PTH106, PTH108 - tens of thousands of files a night: strings and plain calls

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

_AT_ONCE = 8
_FEW = 128


def discard(path: Path) -> None:
    """Remove a directory, file or link; nothing happens if it is not there.

    Many directories are dealt among threads: an old version has one per run, all over the disk, and each has to be read first.
    """
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    levels = [[str(path)]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while levels[-1]:
            levels.append(list(chain.from_iterable(_dealt(pool, _empty, levels[-1]))))
        for level in reversed(levels):
            list(_dealt(pool, _remove_all, level))


def _dealt(
    pool: ThreadPoolExecutor, work: Callable[[Sequence[str]], Sequence[str]], directories: Sequence[str]
) -> Iterable[Sequence[str]]:
    """Yield what `work` returns for all directories; few of them are done in this thread."""
    if len(directories) <= _FEW:
        return [work(directories)]
    return pool.map(work, [directories[start::_AT_ONCE] for start in range(_AT_ONCE)])


def _empty(directories: Sequence[str]) -> list[str]:
    """Remove all but directories from `directories`; return those that are in them."""
    inner = []
    for directory in directories:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    inner.append(entry.path)
                else:
                    os.unlink(entry.path)
    return inner


def _remove_all(directories: Sequence[str]) -> list[str]:
    """Remove empty directories; return those that are left: none."""
    for directory in directories:
        os.rmdir(directory)
    return []
