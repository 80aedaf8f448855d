"""A Jenkins on this machine: serves a `Controller` value over HTTP as Jenkins' remote API does.

    with SampleJenkins(controller) as jenkins:
        ...  # requests to jenkins.url

The demo runs it over the packed sample; the tests use it as their Jenkins, with faults where they want them.
"""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from reportgen.demo.faults import NO_FAULTS, Fault, Faults
from reportgen.demo.model import Controller
from reportgen.demo.objects import Index
from reportgen.demo.responses import Request, Response, not_found
from reportgen.demo.routes import respond


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request that came in: the path with its context path, still escaped, the query and the headers in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]

    @property
    def target(self) -> str:
        """Path and query as one text."""
        return self.path + ("?" + self.query if self.query else "")


class SampleJenkins:
    """A running server; `controller` and `faults` may be replaced at any time. A context manager that stops it."""

    def __init__(
        self,
        controller: Controller,
        *,
        context_path: str = "/jenkins",
        faults: Faults = NO_FAULTS,
        host: str = "127.0.0.1",
        port: int = 0,
        log_requests: bool = True,
    ) -> None:
        self.context_path = context_path.rstrip("/")
        self.faults = faults
        self.requests: list[LoggedRequest] = []
        self.connections = 0
        self.log_requests = log_requests
        self.index = Index(controller)
        self._fault_uses: dict[Fault, int] = {}
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="sample-jenkins")
        self._thread.start()

    @property
    def url(self) -> str:
        """Address of the controller; ends in a slash."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{self.context_path}/"

    @property
    def controller(self) -> Controller:
        """What is served."""
        return self.index.controller

    @controller.setter
    def controller(self, controller: Controller) -> None:
        self.index = Index(controller)

    def targets(self) -> list[str]:
        """Return path and query of every request so far, in the order of arrival."""
        with self._lock:
            return [request.target for request in self.requests]

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        with self._lock:
            self.requests.clear()

    def note(self, request: LoggedRequest) -> Fault | None:
        """Log a request, and return the rule that spoils its answer, if any."""
        with self._lock:
            if self.log_requests:
                self.requests.append(request)
            for rule in self.faults.rules:
                if not rule.matches(request.target):
                    continue
                uses = self._fault_uses.get(rule, 0)
                self._fault_uses[rule] = uses + 1
                if uses >= rule.after and (rule.times is None or uses < rule.after + rule.times):
                    return rule
        return None

    def close(self) -> None:
        """Stop serving and close every connection."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> SampleJenkins:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], jenkins: SampleJenkins) -> None:
        self.jenkins = jenkins
        self.open_sockets: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        self.jenkins.connections += 1
        self.open_sockets.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self.open_sockets.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open_sockets):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients that give up are part of what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Jetty(12.1.5)"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden method
        """Stay silent; the log of requests is a list."""

    def _answer(self) -> None:
        jenkins = self.server.jenkins
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        rule = jenkins.note(LoggedRequest(method=self.command, path=split.path, query=split.query, headers=headers))
        if jenkins.faults.latency_s:
            time.sleep(jenkins.faults.latency_s)
        response = self._respond(jenkins, split.path, split.query, headers)
        if rule is None:
            self._send(response, headers)
        else:
            self._send_spoiled(rule, rule.spoil(response))

    def _respond(self, jenkins: SampleJenkins, path: str, query: str, headers: dict[str, str]) -> Response:
        prefix = jenkins.context_path + "/"
        if not path.startswith(prefix):
            return not_found()
        scheme = headers.get("x-forwarded-proto", "http")
        host = headers.get("x-forwarded-host") or headers.get("host", "")
        request = Request(
            method=self.command,
            path=path[len(prefix) :],
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            base=f"{scheme}://{host}{prefix}",
        )
        return respond(jenkins.index, request)

    def _send(self, response: Response, headers: dict[str, str]) -> None:
        body = response.body
        extra: list[tuple[str, str]] = []
        sized = response.sized
        if response.compressible and "gzip" in headers.get("accept-encoding", "") and len(body) > 256:
            body = gzip.compress(body, 1, mtime=0)
            extra.append(("Content-Encoding", "gzip"))
            extra.append(("Vary", "Accept-Encoding"))
            sized = False
        extra.append(("Content-Length", str(len(body))) if sized else ("Transfer-Encoding", "chunked"))
        if response.status == HTTPStatus.NOT_MODIFIED:
            extra, body = [], b""
        self._send_head(response, extra)
        if self.command != "HEAD":
            self.wfile.write(body if sized else _chunked(body))
        self.wfile.flush()

    def _send_head(self, response: Response, extra: list[tuple[str, str]]) -> None:
        self.wfile.write(_head(response, extra))

    def _send_spoiled(self, rule: Fault, response: Response) -> None:
        self.close_connection = True
        body = response.body
        length = len(body) if rule.declared is None else rule.declared
        extra = [("Content-Length", str(length))] if rule.sized else []
        head = _head(response, [*extra, ("Connection", "close")])
        sent = body if rule.cut is None else body[: rule.cut]
        if rule.raw is not None:
            head, sent = rule.raw, b""
        time.sleep(rule.silent_s)
        self._write_slowly(head, rule.drip_head)
        if self.command != "HEAD":
            self._write_slowly(sent, rule.drip)
        if rule.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.server.open_sockets.discard(self.connection)
            self.connection.close()

    def _write_slowly(self, data: bytes, bytes_per_s: float) -> None:
        if not bytes_per_s:
            self.wfile.write(data)
            self.wfile.flush()
            return
        for place in range(len(data)):
            self.wfile.write(data[place : place + 1])
            self.wfile.flush()
            time.sleep(1 / bytes_per_s)


def _head(response: Response, extra: list[tuple[str, str]]) -> bytes:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in (*response.headers, *extra)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _chunked(body: bytes) -> bytes:
    pieces = [b"%x\r\n%s\r\n" % (len(body[at : at + 65536]), body[at : at + 65536]) for at in range(0, len(body), 65536)]
    return b"".join(pieces) + b"0\r\n\r\n"
