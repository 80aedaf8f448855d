"""Which run a shell step belongs to: found on disk, because every step is a process of its own.

A run is joined only while it is open and was opened in the present build. In order: the one in ``$REPORTGEN_RUN``; the
open one of this stage; the only open one that was started with ``reportgen log start``. Where there is none, a run is
opened, named after the stage and marked *implicit*: nobody is expected to end it, and it counts as complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import context
from reportgen.stage.active import DIRECTORY, new_run, same_build
from reportgen.stage.joined import JoinedRun
from reportgen.stage.run import Run

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

TAIL = 1 << 18


class Found:
    """A record on disk: its directory, its opening event, and whether it is open."""

    __slots__ = ("directory", "is_open", "opening")

    def __init__(self, directory: Path, opening: dict[str, Any], is_open: bool) -> None:
        self.directory, self.opening, self.is_open = directory, opening, is_open


def join_or_open(environ: Mapping[str, str], *, strict: bool | None = None) -> Run:
    """Return the run that this step writes to; RecordError where it cannot be told which."""
    given = _given(environ, strict)
    if given is not None:
        return given
    base = _base(environ)
    with _locked(base):
        found = _fitting(base, environ)
        if found is not None:
            return _join(found, strict)
        return new_run(None, environ=environ, strict=strict, extra={"opened_by": "log", "implicit": True})


def join_to_end(environ: Mapping[str, str], *, strict: bool | None = None) -> Run:
    """Return the run to end: as `join_or_open` finds it, else the only open one of the build; RecordError if there is none.

    Where the disk takes nothing, there may be none because it could not be opened: a new one tells so, and fails no job.
    """
    given = _given(environ, strict)
    if given is not None:
        return given
    base = _base(environ)
    found = _fitting(base, environ)
    if found is None:
        candidates = list(_open_runs(base, environ))
        if not candidates and not _takes_files(base):
            return new_run(None, environ=environ, strict=strict)
        if len(candidates) != 1:
            raise RecordError(
                f"there is no open run of this build in {base}" if not candidates else _several(candidates),
                hint="set REPORTGEN_RUN to the directory that 'reportgen log start' printed" if candidates else None,
            )
        found = candidates[0]
    return _join(found, strict)


def _takes_files(base: Path) -> bool:
    """Tell whether a small file can be written below `base`, or where it would be made."""
    home = next((place for place in (base, *base.parents) if place.exists()), base)
    probe = home / f".reportgen-{os.getpid()}.part"
    try:
        probe.write_bytes(b"\n")
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink()
    return True


def open_run(environ: Mapping[str, str], name: str | None, *, stage: str | None = None, strict: bool | None = None) -> Run:
    """Open a run that later steps of the build will find."""
    return new_run(name, stage=stage, environ=environ, strict=strict, extra={"opened_by": "log"})


def _base(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("REPORTGEN_DIR") or DIRECTORY)


def _given(environ: Mapping[str, str], strict: bool | None) -> Run | None:
    target = environ.get("REPORTGEN_RUN")
    if not target:
        return None
    found = look(Path(target))
    if found is None:
        raise RecordError(
            f"REPORTGEN_RUN: there is no record in {target!r}", hint="unset it, or run 'reportgen log start NAME'"
        )
    ci = context.ci_of(environ)
    if ci and not same_build(found.opening, ci):  # a container that is handed the directory alone may know of no build
        raise RecordError(f"REPORTGEN_RUN: {target!r} was written by another build", hint="unset it, or start a run")
    if not found.is_open:
        raise RecordError(f"REPORTGEN_RUN: the run in {target!r} has ended", hint="unset it, or start a run")
    return _join(found, strict)


def _join(found: Found, strict: bool | None) -> Run:
    return JoinedRun(found.directory, found.opening, strict=bool(strict))


def _fitting(base: Path, environ: Mapping[str, str]) -> Found | None:
    candidates = list(_open_runs(base, environ))
    stage = context.stage_of(environ)
    same = [found for found in candidates if stage is None or found.opening.get("stage") == stage]
    if len(same) > 1:
        raise RecordError(
            _several(same), hint="set REPORTGEN_RUN to the directory that 'reportgen log start' printed, or end the others"
        )
    if same:
        return same[0]
    started = [found for found in candidates if found.opening.get("opened_by") == "log" and not found.opening.get("implicit")]
    return started[0] if len(started) == 1 else None


def _several(candidates: list[Found]) -> str:
    return "several runs of this build are open: " + ", ".join(sorted(str(found.directory) for found in candidates))


def _open_runs(base: Path, environ: Mapping[str, str]) -> Iterator[Found]:
    ci = context.ci_of(environ)
    try:
        directories = sorted(entry.path for entry in os.scandir(base) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for directory in directories:
        found = look(Path(directory))
        if found is not None and found.is_open and same_build(found.opening, ci) and _may_be_alive(found.opening):
            yield found


def look(directory: Path) -> Found | None:
    """Return what the beginning and the end of a record's journal say; None where there is no record."""
    try:
        with (directory / record.JOURNAL).open("rb") as journal:
            opening = record.decode_event(journal.readline())
            size = journal.seek(0, os.SEEK_END)
            journal.seek(max(0, size - TAIL))
            tail = journal.read()
    except OSError:
        return None
    if opening is None or opening["kind"] != "run":
        return None
    return Found(directory, opening, tail.rfind(b'"kind":"end"') <= tail.rfind(b'"kind":"run"') or _still_open(tail))


def _still_open(tail: bytes) -> bool:
    """Tell for sure, where the text of an ``end`` event occurs in the last lines."""
    last = None
    for event in record.iter_events(tail):
        if event is not None and event["kind"] in {"run", "end"}:
            last = event["kind"]
    return last != "end"


def _may_be_alive(opening: Mapping[str, Any]) -> bool:
    """Tell whether the process that opened the run may still be there: what a killed one left is not added to."""
    process = opening.get("process")
    if not isinstance(process, Mapping) or opening.get("opened_by") == "log" or process.get("host") != context.host():
        return True
    try:
        os.kill(int(process["pid"]), 0)
    except (ProcessLookupError, KeyError, ValueError, TypeError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def _locked(base: Path) -> Iterator[None]:
    """Keep parallel steps from opening a run each; where the directory cannot be locked, go on without."""
    descriptor = -1
    try:
        import fcntl

        base.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(base, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        pass
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
