"""A small web server for people at their own machine: the preview that reloads itself, and what is published.

It listens where it is told (by default to this machine only), answers only requests that name one of its own addresses, reads
only below its directory, and sends the headers that a good host would send.
"""

from __future__ import annotations

import gzip
import json
import posixpath
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from reportgen.errors import ReportgenError

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
OWN = "/__reportgen__/"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connect}; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_FOR_EVER = re.compile(r"(?:^|/)(?:assets/.+-[0-9a-f]{10}\.\w+|files/[0-9a-f]{2}/[0-9a-f]{64}\.\w+)$")
_ATTACHMENT = re.compile(r"(?:^|/)files/[0-9a-f]{2}/[0-9a-f]{64}\.\w+$")
_RELATIVE = re.compile(rb"""(\s(?:href|src|data-root|data-style|data-charts|data-vega)=")(?![a-zA-Z][a-zA-Z0-9+.-]*:|[#/])""")
_COMPRESSED = (".html", ".css", ".js", ".json", ".svg", ".csv", ".tsv", ".txt", ".md")
_POLL_S = 25.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last preview build failed; shown over the page until a build succeeds."""

    message: str
    hint: str = ""


class Signal:
    """What browsers wait for: a number that grows with every build of the preview, and what is wrong if one failed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 1
        self._trouble: Trouble | None = None
        self._closed = False

    def announce(self, trouble: Trouble | None = None) -> None:
        """Tell all that wait that a build has ended."""
        with self._changed:
            self._number += 1
            self._trouble = trouble
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody who waits go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong now."""
        return self._trouble

    def wait(self, seen: int, timeout_s: float) -> dict[str, Any]:
        """Return the state as soon as its number is not `seen`, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number != seen, timeout_s)
            trouble = self._trouble
            told = {"message": trouble.message, "hint": trouble.hint} if trouble else None
            return {"number": self._number, "trouble": told}


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``, ``HOST`` or ``PORT``; an IPv6 host stands in brackets."""
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]+))?", address)
    if match is None or int(match["port"] or 0) > 65535:
        raise ReportgenError(f"{address!r} is not an address", hint="write HOST:PORT, for example 127.0.0.1:8000")
    host, port = match["six"] or match["host"], match["port"]
    if host.isdigit() and port is None and match["six"] is None:
        return "127.0.0.1", int(host)
    return host or "127.0.0.1", int(port) if port is not None else 8000


class SiteServer(ThreadingHTTPServer):
    """Serves the files below `root`; with a `signal`, pages get the script that waits for it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, root: Path, signal: Signal | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.root = root
        self.signal = signal
        self._host = host
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server what this machine is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self._host, self.server_address[1]

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The values of a request's ``Host`` that are answered."""
        names = {"localhost", "127.0.0.1", "[::1]", f"[{self._host}]" if ":" in self._host else self._host.lower()}
        bare = names if self.server_port == 80 else set()
        return frozenset({f"{name}:{self.server_port}" for name in names} | bare)

    @property
    def any_host(self) -> bool:
        """Whether it was told to listen to everybody, who may call this machine what they like."""
        return self._host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound to

    @property
    def url(self) -> str:
        """Where to find it."""
        host = "localhost" if self.any_host else f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a browser hangs up."""


def open_server(host: str, port: int, root: Path, signal: Signal | None = None, *, tries: int = 50) -> SiteServer:
    """Return a server on `port`, or on the next free one up."""
    for candidate in range(port, min(port + tries, 65536)):
        try:
            return SiteServer(host, candidate, root, signal)
        except PermissionError as problem:
            raise ReportgenError(
                f"may not listen on {host}:{candidate}", hint="use a port above 1023: -a 127.0.0.1:8000"
            ) from problem
        except OSError as problem:
            if port == 0 or problem.errno not in (98, 48, 10048):  # the port is taken, on Linux, macOS and Windows
                raise ReportgenError(f"cannot listen on {host}:{candidate}: {problem.strerror}") from problem
    raise ReportgenError(f"ports {port} to {port + tries - 1} are all taken", hint="name another one: -a 127.0.0.1:9000")


class _Handler(BaseHTTPRequestHandler):
    server: SiteServer
    protocol_version = "HTTP/1.1"
    server_version = "reportgen"
    sys_version = ""
    timeout = 60
    own_pages: ClassVar[Mapping[str, str]] = {}

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Keep the terminal for what matters."""

    def _answer(self) -> None:
        if not self.server.any_host and self.headers.get("Host", "").lower() not in self.server.hosts:
            self._send(HTTPStatus.FORBIDDEN, b"This server answers to its own addresses only.\n", ".txt")
            return
        path = urlsplit(self.path).path if self.path.startswith("/") else ""
        if self.server.signal is not None and path.startswith(OWN):
            self._own(path.removeprefix(OWN))
            return
        self._file(path)

    def _own(self, name: str) -> None:
        """Answer what the reload script asks for."""
        signal = self.server.signal
        assert signal is not None
        if name == "reload.js":
            self._send(HTTPStatus.OK, _reload_script(), ".js", cache="no-store")
        elif name == "wait":
            seen = re.search(r"(?:^|&)seen=([0-9]{1,9})(?:&|$)", urlsplit(self.path).query)
            state = signal.wait(int(seen[1]) if seen else 0, _POLL_S)
            self._send(HTTPStatus.OK, json.dumps(state).encode(), ".json", cache="no-store")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"Not found.\n", ".txt")

    def _file(self, path: str) -> None:
        file = find_file(self.server.root, path)
        if file is None:
            self._missing(path)
            return
        if file.is_dir():
            if not path.endswith("/"):
                self._send(HTTPStatus.MOVED_PERMANENTLY, b"", ".txt", location=posixpath.basename(path) + "/")
                return
            file = file / "index.html"
        try:
            status, data, stat = HTTPStatus.OK, file.read_bytes(), file.stat()
        except OSError:
            self._missing(path)
            return
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        if self.server.signal is None and self.headers.get("If-None-Match") == tag:
            status, data = HTTPStatus.NOT_MODIFIED, b""
        self._send(status, data, file.suffix, path=path, tag=tag, modified=stat.st_mtime)

    def _missing(self, path: str) -> None:
        """Answer with the page for such cases of the version that was asked, of the tree itself, or of the latest version."""
        signal = self.server.signal
        tops = dict.fromkeys((f"/{path.strip('/').partition('/')[0]}/".replace("//", "/"), "/", "/latest/"))
        found = ((top, find_file(self.server.root, f"{top}404.html")) for top in tops)
        top, page = next(((top, file) for top, file in found if file is not None and file.is_file()), ("", None))
        trouble = signal.trouble if signal else None
        if trouble is not None and not (self.server.root / "index.html").is_file():
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _trouble_page(trouble), ".html")
        elif page is not None:
            self._send(HTTPStatus.NOT_FOUND, shown_anywhere(page.read_bytes(), top), ".html")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"Not found.\n", ".txt")

    def _send(
        self,
        status: HTTPStatus,
        data: bytes,
        suffix: str,
        *,
        path: str = "",
        tag: str = "",
        modified: float | None = None,
        cache: str = "",
        location: str = "",
    ) -> None:
        live = self.server.signal is not None
        if live and suffix == ".html" and status is not HTTPStatus.NOT_MODIFIED:
            data = with_reload(data)
        attached = _ATTACHMENT.search(path) is not None
        page_policy = _PAGE_POLICY.format(connect="'self'" if live else "'none'")
        headers = {
            "Content-Type": TYPES.get(suffix, "application/octet-stream"),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _FILE_POLICY if attached or suffix == ".svg" else page_policy,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "Cache-Control": cache or ("no-store" if live else _caching(path)),
        }
        if suffix not in TYPES and attached:
            headers["Content-Disposition"] = "attachment"
        if tag and not live:
            headers["ETag"] = tag
        if modified is not None and not live:
            headers["Last-Modified"] = formatdate(modified, usegmt=True)
        if location:
            headers["Location"] = location
        if suffix in _COMPRESSED and len(data) > 1000 and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, 5, mtime=0)
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and status is not HTTPStatus.NOT_MODIFIED:
            self.wfile.write(data)


def _caching(path: str) -> str:
    return "public, max-age=31536000, immutable" if _FOR_EVER.search(path) else "no-cache"


def find_file(root: Path, path: str) -> Path | None:
    """Return the file or directory below `root` that the URL path names, None for anything else.

    What resolves to a place outside, by dots, by an absolute path or by a link, is not there.
    """
    try:
        plain = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    parts = plain.strip("/").split("/") if plain.strip("/") else []
    if not plain.startswith("/") or plain.startswith("//") or any(map(_unusable, parts)):
        return None
    home = root.resolve()
    try:
        file = home.joinpath(*parts).resolve()
        return file if file.is_relative_to(home) and file.exists() else None
    except (OSError, ValueError):
        return None


def _unusable(part: str) -> bool:
    return part in ("", ".", "..") or part.startswith(".") or any(mark in part for mark in "\0\\/")


def shown_anywhere(page: bytes, top: str) -> bytes:
    """Return a page from the top of a version so that its links hold at whatever address it is shown; `top` begins with /."""
    return _RELATIVE.sub(rb"\g<1>" + escape(top).encode(), page)


def with_reload(page: bytes) -> bytes:
    """Return a page with the script that waits for the next build."""
    script = f'<script src="{OWN}reload.js" defer></script>'.encode()
    head, mark, tail = page.rpartition(b"</body>")
    return head + script + mark + tail if mark else page + script


def _reload_script() -> bytes:
    return resources.files("reportgen.serve").joinpath("reload.js").read_bytes()


def _trouble_page(trouble: Trouble) -> bytes:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>The site could not be built</title></head><body>'
        f"<h1>The site could not be built</h1><pre>{escape(trouble.message)}</pre><p>{escape(trouble.hint)}</p></body></html>"
    ).encode()
