"""The process that draws: reads specifications from a pipe, answers with SVG. Started by `reportgen.charts.draw` only.

It is run as a file, with an empty environment, with ``sys.path`` and the release of Vega-Lite as its arguments; it imports
nothing of reportgen, and is expected to die: a specification may exhaust it or stop the renderer's engine.

A frame is four bytes of length (big-endian) and that many bytes of JSON; the answer to each is another frame. The first frame
it sends says that it is ready.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import Any, BinaryIO

_FIRST = {"data": {"values": []}, "mark": "point"}
"""Drawn before anything is asked for: the first chart takes half a second, whatever it shows."""


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    request: dict[str, Any] = json.loads(stream.read(struct.unpack(">I", head)[0]))
    return request


def _write(stream: BinaryIO, value: object) -> None:
    body = json.dumps(value).encode()
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def _allow_cpu(seconds: int) -> None:
    """Let this process use `seconds` more of the processor before the system ends it."""
    try:
        import resource
    except ImportError:  # not a POSIX system: the parent's clock is the only limit
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer until the pipe closes."""
    sys.path[:] = json.loads(sys.argv[1])
    import vl_convert

    pipe_in, pipe_out = sys.stdin.buffer, sys.stdout.buffer
    _answer(vl_convert, {"spec": _FIRST, "vl_version": sys.argv[2]})
    _write(pipe_out, {"ready": True})
    while (request := _read(pipe_in)) is not None:
        _allow_cpu(int(request["cpu_s"]))
        try:
            answer = _answer(vl_convert, request)
        except BaseException as error:  # noqa: BLE001 - the renderer raises panics that are not exceptions of ours to name
            answer = {"error": f"{type(error).__name__}: {error}"[:2000]}
        _write(pipe_out, answer)


def _answer(vl_convert: Any, request: dict[str, Any]) -> dict[str, Any]:
    if "bundle" in request:
        return {"text": vl_convert.javascript_bundle(vl_version=request["vl_version"])}
    return {
        "text": vl_convert.vegalite_to_svg(request["spec"], vl_version=request["vl_version"], allowed_base_urls=[]),
    }


if __name__ == "__main__":
    main()
