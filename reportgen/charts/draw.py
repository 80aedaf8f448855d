"""Specification → SVG, once ever: drawn in guarded processes and kept by content.

The renderer runs JavaScript over data that came out of builds, so it runs apart: no environment, no network for data, a limit
on processor time and memory, and a clock. A specification that kills its process costs its own picture and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from reportgen.charts import svg
from reportgen.charts.values import Spec

VL_VERSION: Final = "6.4"
"""The Vega-Lite release everything is drawn and scripted with: the one whose schema Altair 6 writes."""
_LOOK: Final = 1
"""Raise this when `svg.finish` changes what it writes: drawings kept under the old number are then left alone."""
_WORKER: Final = Path(__file__).with_name("worker.py")
_START_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawLimits:
    """What one drawing may use; `clock_s` is generous because a busy machine is not a hostile chart."""

    cpu_s: float = 10.0
    clock_s: float = 60.0
    memory_bytes: int = 1024**3
    svg_bytes: int = 8 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartFailure:
    """A chart that could not be drawn, and why in a few words for the page. `final` says that trying again is of no use."""

    reason: str
    final: bool


@cache
def renderer() -> str:
    """Return what draws, with its versions: part of every key in the cache."""
    return f"vl-convert {metadata.version('vl-convert-python')} vl {VL_VERSION} look {_LOOK}"


def chart_digest(spec: Spec) -> str:
    """Return the digest a drawing of `spec` is kept under: of the specification and of what draws it."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(f"{renderer()}\n{text}".encode()).hexdigest()


def draw(spec: Spec, *, cache_dir: Path | None = None, limits: DrawLimits | None = None) -> bytes | ChartFailure:
    """Return the SVG file of one specification, or why there is none."""
    digest = chart_digest(spec)
    return draw_all({digest: spec}, cache_dir=cache_dir, limits=limits)[digest]


def draw_all(
    specs: Mapping[str, Spec], *, cache_dir: Path | None = None, limits: DrawLimits | None = None
) -> dict[str, bytes | ChartFailure]:
    """Return digest → SVG file or failure for every specification of `specs` (keys as `chart_digest` gives them)."""
    with Drawer(cache_dir=cache_dir, limits=limits) as drawer:
        return drawer.draw(specs)


class Drawer:
    """Draws what `cache_dir` does not have in one process, which is started when it is first needed, and keeps it there."""

    def __init__(self, *, cache_dir: Path | None = None, limits: DrawLimits | None = None) -> None:
        self._drawings = DrawingCache(cache_dir) if cache_dir is not None else None
        self._process = DrawingProcess(limits or DrawLimits())
        self._drawn = 0
        self._thread: ThreadPoolExecutor | None = None
        self._begun: dict[str, Future[bytes | ChartFailure]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, and do not wait for it: it takes most of a second to get ready."""
        self._process.start()

    def close(self) -> None:
        """End the process, and what was begun; it is started anew when it is needed again."""
        thread, self._thread = self._thread, None
        self._begun.clear()
        if thread is not None:
            thread.shutdown(wait=False, cancel_futures=True)
            self._process.close()  # nobody waits for what it draws
            thread.shutdown()
        self._process.close()

    def ahead(self, specs: Mapping[str, Spec]) -> None:
        """Begin to draw what will be asked for later, while the caller does something else."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1)
        for digest, spec in specs.items():
            if digest not in self._begun:
                self._begun[digest] = self._thread.submit(self._one, digest, spec)

    def draw(self, specs: Mapping[str, Spec]) -> dict[str, bytes | ChartFailure]:
        """Return digest → SVG file or failure for every specification of `specs` (keys as `chart_digest` gives them)."""
        if self._thread is None:
            return {digest: self._one(digest, spec) for digest, spec in specs.items()}
        self.ahead(specs)
        return {digest: self._begun.pop(digest).result() for digest in specs}

    def _one(self, digest: str, spec: Spec) -> bytes | ChartFailure:
        known = self._drawings.load(digest) if self._drawings is not None else None
        if known is not None:
            return known
        if self._drawn and self._drawn % _RENEWED_AFTER == 0:  # the memory that a renderer holds is no chart's fault
            self._process.close()
        self._drawn += 1
        answer = self._process.ask({"spec": spec, "vl_version": VL_VERSION})
        title = spec.get("description")
        result = (
            answer if isinstance(answer, ChartFailure) else svg.finish(answer, title=title if isinstance(title, str) else "")
        )
        if self._drawings is not None:
            self._drawings.keep(digest, result)
        return result


_RENEWED_AFTER: Final = 200


class DrawingCache:
    """Drawings by digest below one directory; it may be deleted at any time. Writes are atomic, so readers need no lock."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "charts"

    def path(self, digest: str, ending: str = ".svg") -> Path:
        """Return where the drawing of `digest` is or would be."""
        return self._directory / digest[:2] / f"{digest}{ending}"

    def load(self, digest: str) -> bytes | ChartFailure | None:
        """Return what is kept under `digest`; None where nothing is, or what is there is damaged."""
        try:
            drawing = self.path(digest).read_bytes()
        except OSError:
            drawing = b""
        if drawing.rstrip().endswith(b"</svg>"):
            return drawing
        try:
            return ChartFailure(reason=self.path(digest, ".failed").read_text(encoding="utf-8"), final=True)
        except OSError:
            return None

    def keep(self, digest: str, result: bytes | ChartFailure) -> None:
        """Keep a drawing, or the reason why there will never be one."""
        if isinstance(result, bytes):
            write_atomically(self.path(digest), result)
        elif result.final:
            write_atomically(self.path(digest, ".failed"), result.reason.encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class DrawingProcess:
    """One guarded process that draws, started when first asked (or before) and again after it died."""

    def __init__(self, limits: DrawLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def ask(self, request: Mapping[str, Any]) -> str | ChartFailure:
        """Return the text the process answers with, or why it did not."""
        process = self._started()
        body = json.dumps({**request, "cpu_s": self._limits.cpu_s}, allow_nan=False).encode()
        try:
            answer = self._exchange(process, struct.pack(">I", len(body)) + body, clock_s=self._limits.clock_s)
        except _Ended as ended:
            self.close()
            return ChartFailure(reason=ended.reason, final=ended.final)
        if "error" in answer:
            return ChartFailure(reason=_first_line(str(answer["error"])), final=True)
        return str(answer["text"])

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.wait()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process if there is none, without waiting until it is ready."""
        if self._process is None:
            self._ready = False
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", str(_WORKER), json.dumps(sys.path), VL_VERSION],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={},
                cwd=tempfile.gettempdir(),
            )
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        process = self.start()
        if not self._ready:
            try:
                self._exchange(process, b"", clock_s=_START_S)
            except _Ended as ended:
                self.close()
                raise RuntimeError(f"the drawing process could not be started: {ended}") from None
            self._ready = True
        return process

    def _exchange(self, process: subprocess.Popen[bytes], message: bytes, *, clock_s: float) -> dict[str, Any]:
        """Send `message` and return the next frame, watching clock and memory meanwhile."""
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + clock_s
        rest, received = memoryview(message), bytearray()
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        while True:
            if len(received) >= 4 and len(received) >= 4 + (size := struct.unpack(">I", received[:4])[0]):
                answer: dict[str, Any] = json.loads(bytes(received[4 : 4 + size]))
                return answer
            writing = [process.stdin] if rest else []
            readable, writable, _ = select.select([process.stdout], writing, [], 0.05)
            try:
                if writable:
                    rest = rest[os.write(process.stdin.fileno(), rest[:65536]) :]
                if readable:
                    chunk = os.read(process.stdout.fileno(), 1 << 20)
                    if not chunk:
                        raise _why_it_died(process)
                    received += chunk
            except BrokenPipeError:
                raise _why_it_died(process) from None
            if len(received) > self._limits.svg_bytes * 2 + 64:
                raise _Ended(f"the drawing is over {self._limits.svg_bytes // 1024**2} MB", final=True)
            if not readable and not writable:
                self._watch(process, deadline)

    def _watch(self, process: subprocess.Popen[bytes], deadline: float) -> None:
        if time.monotonic() > deadline:
            raise _Ended("drawing took too long", final=False)
        if resident_bytes(process.pid) > self._limits.memory_bytes:
            raise _Ended(f"drawing needs more than {self._limits.memory_bytes // 1024**2} MB of memory", final=True)


class _Ended(Exception):
    """The drawing process is gone or has to go. `final`: the chart is to blame, it would happen again."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


_ITS_OWN_FAULT: Final = (signal.SIGXCPU, signal.SIGTRAP, signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGBUS)


def _why_it_died(process: subprocess.Popen[bytes]) -> _Ended:
    try:
        code = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return _Ended("the renderer stopped answering", final=False)
    if code >= 0:
        return _Ended(f"the renderer ended with status {code}", final=False)
    number = signal.Signals(-code)
    reason = "drawing took too much processor time" if number is signal.SIGXCPU else f"the renderer crashed ({number.name})"
    return _Ended(reason, final=number in _ITS_OWN_FAULT)


def _first_line(text: str) -> str:
    """Return what a person can use of the renderer's message: its first line, without the stack and file addresses."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error: " in line and not line.startswith("ValueError")]
    named = (errors or lines or ["unknown"])[0]
    return named.removeprefix("ValueError: ")[:300]


def resident_bytes(pid: int) -> int:
    """Return the memory a process holds; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
