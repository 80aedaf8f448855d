"""``reportgen run -- CMD``: a command as a run."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Any

from reportgen.stage.active import new_run
from reportgen.stage.session import look
from reportgen.stage.writer import complain

TAIL_LINES = 40
TAIL_CHARACTERS = 8_000


def run_command(
    command: Sequence[str], *, name: str | None, stage: str | None, strict: bool | None, environ: Mapping[str, str]
) -> int:
    """Run the command with ``$REPORTGEN_RUN`` set and return its status, as a shell gives it.

    Its standard error is passed through; the last lines are kept for a run that fails. SIGTERM and SIGINT are handed on.
    """
    program = Path(command[0]).name
    run = new_run(name, stage=stage, environ=environ, strict=strict, extra={"opened_by": "run"}, fallback=program)
    run.log_params({"command": shlex.join(command)})
    tail: deque[bytes] = deque(maxlen=TAIL_LINES)
    caught: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        for started in children:
            started.send_signal(number)

    previous = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        child = subprocess.Popen(list(command), stderr=subprocess.PIPE, env=_with_run(environ, run.directory))
    except OSError as problem:
        _restore(previous)
        complain(f"error: {command[0]}: {problem.strerror}\n")
        status = 126 if isinstance(problem, PermissionError) else 127
        run.end(
            "failed",
            failure={"type": type(problem).__name__, "message": str(problem), "traceback": ""},
            facts={"exit_status": status},
        )
        return status
    children.append(child)
    try:
        for number in caught:  # came while the command was being started
            child.send_signal(number)
        assert child.stderr is not None
        reader = threading.Thread(target=_pass_on, args=(child.stderr, tail), daemon=True)
        reader.start()
        code = child.wait()
        reader.join(timeout=1.0)  # a grandchild may hold the pipe open for as long as it likes
    finally:
        _restore(previous)
    status = 128 - code if code < 0 else code
    text = b"".join(tail).decode("utf-8", "backslashreplace")[-TAIL_CHARACTERS:]
    if code == 0:
        run.end("complete", facts={"exit_status": 0})
    elif caught or code in {-signal.SIGTERM, -signal.SIGINT}:
        run.end("aborted", facts={"exit_status": status})
    else:
        how = f"was killed by {_signal(-code)}" if code < 0 else f"ended with status {code}"
        failure = {"type": "ExitStatus", "message": f"{program} {how}", "traceback": text}
        run.end("failed", failure=failure, facts={"exit_status": status})
    return status


def _with_run(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return the environment of the command. Where the disk did not take the record, its helpers open runs of their own: they
    warn as this one did, and the work goes on."""
    others = {key: value for key, value in environ.items() if key != "REPORTGEN_RUN"}
    return {**others, "REPORTGEN_RUN": str(directory.absolute())} if look(directory) else others


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of those without a name
        return f"signal {number}"


def _pass_on(source: IO[bytes], tail: deque[bytes]) -> None:
    """Copy to standard error as it comes, and keep the last lines."""
    target = os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else sys.stderr.fileno()
    line = b""
    while chunk := os.read(source.fileno(), 65536):
        try:
            os.write(target, chunk)
        except OSError:
            target = os.open(os.devnull, os.O_WRONLY)
        *whole, line = (line + chunk).split(b"\n")
        tail.extend(part[-2000:] + b"\n" for part in whole[-TAIL_LINES:])
        line = line[-2000:]
    if line:
        tail.append(line)
