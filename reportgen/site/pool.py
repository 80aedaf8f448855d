"""Spreading work over processes, or over any executor with the interface of `concurrent.futures`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event
from typing import Any, Protocol, TypeVar

from reportgen.site.copied import Copy

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Done = TypeVar("_Done", covariant=True)

PAGES_PER_WORKER = 400
"""Pages worth the start of one more process, which takes as long as making about so many."""


def choose_workers(pages: int, asked: int | None = None) -> int:
    """Return how many processes to use; 1 means none besides this one. `asked` is the user's word."""
    if asked is not None:
        return max(1, asked)
    return max(1, min(cores(), pages // PAGES_PER_WORKER + 1 if pages >= 2 * PAGES_PER_WORKER else 1))


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def start_processes(workers: int, initializer: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """Return an executor of fresh processes: a fork would copy threads' locks and the chart renderer's state."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=initializer, initargs=arguments)


class Result(Protocol[_Done]):
    """What work elsewhere comes to."""

    def result(self) -> _Done:
        """Wait for it, or raise what the work raised."""
        ...


@contextmanager
def beside(work: Callable[[Callable[[], bool]], _Out], *, copied: bool = False) -> Iterator[Result[_Out]]:
    """Do `work` in a thread while the block runs, or in a copy of this process; `result()` is asked for at the block's end.

    `work` gets a function that tells whether to stop, as it has to where the block fails. `copied` is for processes that
    `may_copy`.
    """
    if copied:
        copy = Copy(work)
        try:
            yield copy
        except BaseException:
            copy.end()
            raise
        return
    stop = Event()
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(work, stop.is_set)
        try:
            yield future
        except BaseException:
            stop.set()
            raise


def spread(
    executor: Executor, function: Callable[..., _Out], inputs: Iterable[_In], *, at_once: int, shared: tuple[Any, ...] = ()
) -> Iterator[_Out]:
    """Yield the results in the order in which they are ready, with at most `at_once` inputs under way: memory stays flat.

    `shared` are arguments that every call gets before its input.
    """
    running: set[Future[_Out]] = set()
    try:
        for each in inputs:
            running.add(executor.submit(function, *shared, each))
            if len(running) >= at_once:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        for future in running:
            future.cancel()
