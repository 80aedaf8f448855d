"""Starts a step's script as Jenkins would, stops it where the plan says so, and moves its record to the simulated clock."""

from __future__ import annotations

import os
import re
import runpy
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
STOPPED_AT = {"kill": (b'"cv/f1"', signal.SIGKILL), "abort": (b'"dataset"', signal.SIGTERM)}
"""What the record of a build must hold before it is stopped, and how."""


def run_script(
    script: Path, arguments: Sequence[str], environment: Mapping[str, str], workspace: Path, fault: str | None
) -> tuple[int, float]:
    """Run a script in a child process as if it were started by hand; return its exit status and the processor seconds it took.

    The child is forked, so that the libraries the parent has loaded are there at once. With `fault` "kill" or "abort" it is
    stopped as soon as its record holds what `STOPPED_AT` says.
    """
    child = os.fork()
    if child == 0:
        os._exit(_in_child(script, arguments, environment, workspace))
    if fault in STOPPED_AT:
        mark, number = STOPPED_AT[fault]
        _wait_for_event(workspace, mark, child)
        os.kill(child, number)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with (workspace / "console.txt").open("a", encoding="utf-8") as log:
            log.write("Killed\n" if fault == "kill" else "Terminated\n")
    return code, usage.ru_utime + usage.ru_stime


def _in_child(script: Path, arguments: Sequence[str], environment: Mapping[str, str], workspace: Path) -> int:
    """Become the script: own directory, own environment, output into console.txt."""
    os.chdir(workspace)
    os.environ.update(environment)
    descriptor = os.open("console.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.argv = [str(script), *arguments]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as stop:
        code = stop.code
        return code if isinstance(code, int) else int(code is not None)
    except BaseException:  # noqa: BLE001 - the child ends here, whatever the script raised
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _wait_for_event(workspace: Path, mark: bytes, child: int) -> None:
    """Return once the child's record holds `mark`, or the child has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(mark in path.read_bytes() for path in workspace.glob("reportgen-results/*/events.jsonl")):
            return
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)


_TIMES = re.compile(r'("t": ?")([^"]+)(")')
_DURATION = re.compile(r'("duration_s": ?)([0-9.]+)')
_PLATFORM = re.compile(r'("platform": ?"[A-Za-z]+) [^" ]+ ([^" ]+")')


def shift_records(workspace: Path, started: datetime, seconds: float) -> None:
    """Move the times in a build's records to the simulated clock: all happen in the `seconds` from `started` on.

    Other work on the machine stretches the time between events; the simulated clock runs by processor time and takes that out.
    Paths and the release of the kernel, which say where the sample was made, become neutral ones.
    """
    paths = sorted(workspace.glob("reportgen-results/*/events.jsonl"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    times = [datetime.fromisoformat(match[2]) for text in texts for match in _TIMES.finditer(text)]
    if not times:
        return
    first = min(times)
    pace = min(1.0, seconds / max((max(times) - first).total_seconds(), 0.001))

    def moved(match: re.Match[str]) -> str:
        at = (started + (datetime.fromisoformat(match[2]) - first) * pace).astimezone(UTC)
        return match[1] + at.isoformat(timespec="milliseconds").replace("+00:00", "Z") + match[3]

    def shortened(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]) * pace:.3f}"

    for path, text in zip(paths, texts, strict=True):
        told = _DURATION.sub(shortened, _TIMES.sub(moved, text))
        path.write_text(neutral(_PLATFORM.sub(r"\1 \2", told), workspace), encoding="utf-8")


def neutral(text: str, workspace: Path) -> str:
    """Return the text without the directories of this machine."""
    named = (
        (str(workspace), "/workspace"),
        (str(HERE), "/workspace/src"),
        (str(HERE.parents[1]), "/opt/reportgen"),
        (sys.prefix, "/opt/venv"),
        (sys.base_prefix, "/opt/python"),
    )
    for directory, name in named:
        text = text.replace(directory, name)
    return text
