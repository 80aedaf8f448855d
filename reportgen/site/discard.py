"""Removing what nobody reads any more: old versions, and what builds that were killed left behind."""

# ruff: noqa: PTH106, PTH108 - tens of thousands of files a night: strings and plain calls

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

_AT_ONCE = 8


def discard(path: Path) -> None:
    """Remove a directory, file or link; nothing happens if it is not there.

    Several directories at once: an old version has one per run, all over the disk, and each has to be read first.
    """
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    levels = [[str(path)]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while levels[-1]:
            levels.append(list(chain.from_iterable(pool.map(_empty, _dealt(levels[-1])))))
        for level in reversed(levels):
            for _ in pool.map(_remove_all, _dealt(level)):
                pass


def _dealt(directories: Sequence[str]) -> list[Sequence[str]]:
    return [directories[start::_AT_ONCE] for start in range(_AT_ONCE)]


def _empty(directories: Iterable[str]) -> list[str]:
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


def _remove_all(directories: Iterable[str]) -> None:
    for directory in directories:
        os.rmdir(directory)
