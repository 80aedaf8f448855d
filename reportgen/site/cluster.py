"""Making pages on the workers of a Dask cluster, through the executor that its client has.

The workers open the store, read the theme and write into the version themselves, so they must have the project's files under
the same paths; whoever has not is named before any page is made.
"""

from __future__ import annotations

import platform
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import get_ident
from types import TracebackType
from typing import Any, Self

from reportgen import __version__
from reportgen.errors import PublishError, ReportgenError
from reportgen.site.discard import discard
from reportgen.site.pool import spread
from reportgen.site.setups import SetupFile, read_setup, write_setup
from reportgen.site.work import Chunk, Outcome, Setup, Workshop
from reportgen.site.write import HIDDEN_PREFIX, parts_of

_CONNECT_S = 10
_PER_THREAD = 2


class Cluster:
    """A connection to a scheduler that is running already. Made by `connect`; a context manager."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    @classmethod
    def connect(cls, address: str, *, timeout_s: float = _CONNECT_S) -> Self:
        """Return the cluster at ``HOST:PORT`` or ``tcp://HOST:PORT``.

        ReportgenError where `distributed` is not installed, nobody answers, or there is no worker.
        """
        try:
            distributed: Any = import_module("distributed")
        except ImportError as problem:
            raise ReportgenError(
                "--executor dask needs the package distributed", hint="pip install 'reportgen[dask]', here and on every worker"
            ) from problem
        hint = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
        try:
            client = distributed.Client(address, timeout=timeout_s, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError) as problem:
            raise ReportgenError(
                f"no Dask scheduler can be reached at {address}: {_first_line(problem)}", hint=hint
            ) from problem
        try:
            client.wait_for_workers(1, timeout=timeout_s)
        except TimeoutError as problem:
            client.close()
            raise ReportgenError(f"the Dask scheduler at {address} has no workers", hint=f"dask worker {address}") from problem
        return cls(client, address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def runs(self, setup: Setup, chunks: Iterable[Chunk]) -> Iterator[Outcome]:
        """Yield what became of each chunk, in the order in which they are ready.

        PublishError names a worker that lacks a file or has another reportgen. A worker that is lost is made up for by others.
        """
        setup = replace(setup, store=setup.store.absolute(), root=setup.root.absolute(), previous=_absolute(setup.previous))
        threads = sum(self._require_fit(setup).values())
        executor = self._client.get_executor(pure=False)
        # In a file: what is sent through the scheduler is lost with the worker that holds it, and grows with history.
        file = write_setup(replace(setup, again=True))
        try:
            yield from spread(executor, make_runs_with, chunks, at_once=_PER_THREAD * threads, shared=(file,))
        except Exception as problem:
            raise _explained(problem, self._address) from problem
        finally:
            discard(Path(file.path))
            discard(parts_of(setup.root))
            self._client.run(forget_shops, on_error="ignore")
            executor.shutdown(wait=False)

    def _require_fit(self, setup: Setup) -> Mapping[str, int]:
        """Return the threads of each worker after asking whether it sees what it needs."""
        token = secrets.token_hex(16)
        mark = setup.root.parent / f"{HIDDEN_PREFIX}seen-{setup.root.name}"
        needed = [str(setup.store / "store.db"), *(str(layer.directory / "theme.toml") for layer in setup.theme.layers)]
        needed = [path for path in needed if Path(path).is_file()]
        mark.write_text(token)
        try:
            answers = self._client.run(look_round, needed, str(mark), token, on_error="return")
        finally:
            mark.unlink(missing_ok=True)
        for worker, answer in sorted(answers.items()):
            _require(worker, answer, setup)
        threads: Mapping[str, int] = self._client.nthreads()
        return threads


_SHOPS: dict[int, tuple[SetupFile, Workshop]] = {}
"""The workshop of each thread of a process that lives longer than one build."""


def make_runs_with(file: SetupFile, chunk: Chunk) -> Outcome:
    """Make the run pages of a chunk in a thread of any process that can reach the files which the setup names."""
    known, shop = _SHOPS.get(get_ident(), (None, None))
    if shop is None or known != file:
        shop = Workshop(read_setup(file))
        _SHOPS[get_ident()] = (file, shop)
    try:
        return shop.runs(chunk)
    finally:
        shop.close()


def forget_shops() -> None:
    """Let go of what `make_runs_with` kept for the next chunk."""
    _SHOPS.clear()


def look_round(needed: list[str], mark: str, token: str) -> dict[str, Any]:
    """Say, on a worker, which of the needed files are missing, whether the output is the same directory, and who answers."""
    missing = [path for path in needed if not Path(path).is_file()]
    try:
        same = Path(mark).read_text() == token
    except OSError:
        same = False
    return {"missing": missing, "same": same, "version": __version__, "python": platform.python_version_tuple()[:2]}


def _require(worker: str, answer: Any, setup: Setup) -> None:
    if isinstance(answer, BaseException):
        raise PublishError(
            f"the worker {worker} cannot run reportgen: {_first_line(answer)}",
            hint=f"pip install 'reportgen[dask]=={__version__}' in its environment",
        )
    if answer["version"] != __version__:
        raise PublishError(
            f"the worker {worker} has reportgen {answer['version']}, not {__version__}",
            hint="install the same version here and on every worker",
        )
    if answer["missing"]:
        raise PublishError(
            f"the worker {worker} does not have {answer['missing'][0]}",
            hint="mount the project's directory under the same path on every worker",
        )
    if not answer["same"]:
        raise PublishError(
            f"the worker {worker} does not see the output directory {setup.root.parent}",
            hint="mount it under the same path on every worker; it must be the same directory, not a copy",
        )


def _explained(problem: Exception, address: str) -> Exception:
    """Return an error of the engine as one that says what to do; what our own code raised on a worker stays as it is."""
    if isinstance(problem, ReportgenError) or not type(problem).__module__.startswith(("distributed", "concurrent.futures")):
        return problem
    return PublishError(
        f"the cluster at {address} gave up: {type(problem).__name__}: {_first_line(problem)}",
        hint="nothing was published; look at the workers' logs, then build again",
    )


def _absolute(path: Path | None) -> Path | None:
    return path.absolute() if path is not None else None


def _first_line(problem: BaseException) -> str:
    return next(iter(str(problem).splitlines()), "") or type(problem).__name__
