"""The active run of a thread or task, how runs are opened, and how those left open are ended.

`start_run` makes its run active where it is called: in this thread, and in tasks started from it. A thread that has
none of its own uses the one run that is open in the process.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import context, leaving, values
from reportgen.stage.run import Run

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

DIRECTORY = "reportgen-results"

_stack: ContextVar[tuple[Run, ...]] = ContextVar("reportgen_runs", default=())
_open: list[Run] = []
_lock = threading.RLock()
_prepared = False
_guards = False


def start_run(
    name: str | None = None,
    *,
    stage: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | bool = False,
    strict: bool | None = None,
    clock: Callable[[], Any] | None = None,
    environ: Mapping[str, str] | None = None,
    environment: bool = True,
    redact_names: Sequence[str] = (),
    redact_allow: Sequence[str] = (),
) -> Run:
    """Open a run, make it the active one and return it; use it in a ``with`` block, or call `end_run`.

    `name` defaults to the stage; `stage` to the Jenkins stage, else the job's base name, else the run's name. The
    record is written below `directory` (default ``$REPORTGEN_DIR``, else ``reportgen-results``). Runs may be nested and
    may be open side by side.

    `resume` continues a record: the path or name of its directory, or True for the newest one of this name that this
    build wrote; with True and none there, a new one is opened. A record of another build is never continued.

    `strict` raises I/O failures (also ``REPORTGEN_STRICT=1``). `clock` gives the time, as seconds since the epoch or as
    an aware datetime. `environ` stands in for the environment variables. `environment` false leaves out Python's
    version and the packages. `redact_names` and `redact_allow` adjust which params are taken for secrets.
    """
    env = os.environ if environ is None else environ
    if name is None and resume is False and not _stack.get() and env.get("REPORTGEN_RUN"):
        run = _joined(Path(env["REPORTGEN_RUN"]))
    else:
        run = new_run(
            name,
            stage=stage,
            directory=directory,
            resume=resume,
            strict=strict,
            clock=clock,
            environ=env,
            parent=_own(),
            secrets=(redact_names, redact_allow),
            first=[context.python_event()] if environment else (),
        )
        _enter(run)
    if tags:
        run.set_tags(tags)
    if params:
        run.log_params(params)
    return run


def new_run(
    name: str | None,
    *,
    environ: Mapping[str, str],
    stage: str | None = None,
    directory: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | bool = False,
    strict: bool | None = None,
    clock: Callable[[], Any] | None = None,
    parent: Run | None = None,
    secrets: tuple[Sequence[str], Sequence[str]] = ((), ()),
    extra: Mapping[str, Any] | None = None,
    fallback: str | None = None,
    first: Sequence[str] = (),
) -> Run:
    """Open a run without making it the active one.

    `extra` goes into its opening event, the bodies of events that come `first` stand behind it, `fallback` is its last-resort
    name.
    """
    ci = context.ci_of(environ)
    own_stage = context.stage_of(environ)
    name = values.name_of(name, "run") if name else _told(own_stage, fallback, _script())
    base = os.fspath(directory or environ.get("REPORTGEN_DIR") or DIRECTORY)
    found = None if resume is False else _resumable(resume, Path(base), name, ci)
    opening: dict[str, Any] = {"name": name, "stage": record.text(stage or own_stage or name)}
    if ci:
        opening["ci"] = ci
    if found is None:
        source = context.source_of(environ)
        if source:
            opening["source"] = source
        above = parent.directory.name if parent else Path(environ["REPORTGEN_RUN"]).name if environ.get("REPORTGEN_RUN") else ""
        if above:
            opening["parent"] = above
        opening["opened_by"] = "python"
        opening["process"] = {"pid": os.getpid(), "host": context.host()}
        opening.update(extra or {})
        target = Path(base, f"{record.safe_part(name)}-{os.urandom(4).hex()}")
    else:
        target, written = found
        opening.update(name=written.get("name") or name, stage=written.get("stage") or name, resumed=True)
    if strict is None:
        strict = environ.get("REPORTGEN_STRICT", "") not in {"", "0"}
    return Run(target, opening, clock=clock, strict=strict, resumed=found is not None, secrets=secrets, first=first)


def _told(*names: str | None) -> str:
    """Return the first name that says something, as long as a name may be: what the surroundings say is no misuse."""
    return next((name[: record.MAX_NAME] for name in (record.text(name or "") for name in names) if name.strip()), "run")


def active_run() -> Run | None:
    """Return the active run, or None."""
    return _current()


def end_run(status: str | None = None) -> None:
    """End the active run, if there is one."""
    run = _current()
    if run is not None:
        run.end(status)


def current_or_new() -> Run:
    """Return the active run; where there is none, one named after the stage is opened and ended with the program.

    A process started by ``reportgen run`` (or with ``$REPORTGEN_RUN`` set) writes to that run instead. RecordError
    where this thread has none and several are open in the process.
    """
    with _lock:
        run = _current()
        if run is None and len(_live()) > 1:
            raise RecordError(
                f"{len(_live())} runs are open in this process and none of them in this thread",
                hint="call the methods of the run: run.log_metric(...)",
            )
        if run is not None:
            return run
        target = os.environ.get("REPORTGEN_RUN")
        return _joined(Path(target)) if target else start_run()


def _joined(directory: Path) -> Run:
    from reportgen.stage.joined import join

    run = join(directory)
    _enter(run)
    return run


def _enter(run: Run) -> None:
    _prepare()
    run._leave = _forget  # noqa: SLF001 - the two halves of one module, split for size
    with _lock:
        _open.append(run)
    _stack.set((*_stack.get(), run))


def _forget(run: Run) -> None:
    with _lock:
        if run in _open:
            _open.remove(run)
    _stack.set(tuple(other for other in _stack.get() if other is not run))


def _live() -> list[Run]:
    return [run for run in _open if run.status is None]


def _own() -> Run | None:
    """Return the innermost run that was opened in this thread or task, or in the one that started the task."""
    return next((run for run in reversed(_stack.get()) if run.status is None), None)


def _current() -> Run | None:
    live = _live()
    return _own() or (live[0] if len(live) == 1 else None)


def _resumable(resume: Any, base: Path, name: str, ci: Mapping[str, Any]) -> tuple[Path, dict[str, Any]] | None:
    from reportgen.stage.ending import recall

    if resume is True:
        pattern = f"{record.safe_part(name)}-????????/{record.JOURNAL}"
        for path in sorted(base.glob(pattern), key=lambda path: path.stat().st_mtime_ns, reverse=True):
            opening = recall(path).opening
            if opening.get("name") == name and same_build(opening, ci):
                return path.parent, opening
        return None
    directory = Path(resume)
    if not (directory / record.JOURNAL).is_file():
        directory = base / resume
    opening = recall(directory / record.JOURNAL).opening
    if not opening:
        raise RecordError(f"there is no record to resume in {os.fspath(resume)!r}")
    if not same_build(opening, ci):
        other = opening.get("ci") or {}
        raise RecordError(
            f"{os.fspath(resume)!r} was written by {other.get('job', 'a run outside Jenkins')} #{other.get('build', '?')}",
            hint="a record belongs to one build; start a new run",
        )
    return directory, opening


def same_build(opening: Mapping[str, Any], ci: Mapping[str, Any]) -> bool:
    """Tell whether a record was opened in the build that `ci` describes, or both outside Jenkins."""
    written = opening.get("ci") or {}
    return (written.get("job"), written.get("build")) == (ci.get("job"), ci.get("build"))


def _script() -> str:
    stem = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in {"", "-c", "-m"} else ""
    return stem if stem and stem not in {"__main__", "ipykernel_launcher"} else "run"


def _prepare() -> None:
    """Once per process: end what is left open at exit, as the program left, and note a SIGTERM nobody else handles."""
    global _prepared, _guards
    if not _prepared:
        _prepared = True
        atexit.register(_end_all)
        leaving.watch()
    if not _guards and threading.current_thread() is threading.main_thread():  # only there can a signal be handled
        _guards = True
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_terminate)


def _last_error() -> BaseException | None:
    """Return the exception that this program ends with.

    `sys.last_value` is that in a script, or the exit it asked for. At a prompt and in a notebook it is the last one that was
    shown, and work may have gone on since: there the last cell tells, and at Python's own prompt nothing does.
    """
    error: BaseException | None = getattr(sys, "last_value", None)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        return None if getattr(shell, "last_execution_succeeded", True) else error
    return None if hasattr(sys, "ps1") else error or leaving.asked()


def _end_all() -> None:
    error = _last_error()
    for run in list(reversed(_live())):
        if run.owned:
            run.end(error=error)


def _on_terminate(*_: object) -> None:
    for run in list(reversed(_live())):
        if run.owned:
            run.end("aborted")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


_forking = threading.local()


def _before_fork() -> None:
    """Hold back SIGTERM until the child has its own answer to it: one that comes as the child begins would be lost."""
    if signal.getsignal(signal.SIGTERM) is _on_terminate:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _after_fork_in_parent() -> None:
    mask = _forking.__dict__.pop("mask", None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork() -> None:
    """Make the lock the child's own, and let SIGTERM end it at once until it opens a run itself.

    A handler of Python's runs only when the interpreter comes to it. A worker that waits for a lock might never, and then
    `Pool.terminate` of its parent would wait for it without end.
    """
    global _lock, _guards
    _lock = threading.RLock()
    _guards = False
    if signal.getsignal(signal.SIGTERM) is _on_terminate:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _after_fork_in_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork)
