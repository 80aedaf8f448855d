"""What stands between us and Jenkins: a server that ends TLS, and a proxy that tunnels."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_Take = Callable[[socket.socket], socket.socket | None]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Clients that do not trust us hang up."""


@contextmanager
def _listening(port: int, take: _Take) -> Iterator[int]:
    """Pass what comes on to `port` of this machine, once `take` has returned the connection to go on with."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            client = take(self.request)
            if client is not None:
                with client, socket.create_connection(("127.0.0.1", port)) as server:
                    _pump(client, server)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def _pump(client: socket.socket, server: socket.socket) -> None:
    other = {client: server, server: client}
    while True:
        waits = isinstance(client, ssl.SSLSocket) and client.pending()
        for one in [client] if waits else select.select([client, server], [], [])[0]:
            data = one.recv(1 << 16)
            if not data:
                return
            other[one].sendall(data)


@contextmanager
def behind_tls(port: int, certificate_file: Path) -> Iterator[tuple[int, list[str]]]:
    """Serve `port` under a certificate, and give the port of that; the list gets a line per connection, trusted or not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)
    seen: list[str] = []

    def take(raw: socket.socket) -> socket.socket:
        seen.append("connection")
        client = context.wrap_socket(raw, server_side=True)
        seen[-1] = "trusted"
        return client

    with _listening(port, take) as found:
        yield found, seen


@contextmanager
def proxy(port: int, login: str = "") -> Iterator[tuple[int, list[str]]]:
    """Tunnel to `port` whatever host is named, for who has `login` (a header's value); the list gets the heads of requests."""
    heads: list[str] = []

    def take(client: socket.socket) -> socket.socket | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = client.recv(1)
            if not piece:
                return None
            head += piece
        heads.append(head.decode("latin-1"))
        if f"proxy-authorization: {login}".lower() not in heads[-1].lower() and login:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return client

    with _listening(port, take) as found:
        yield found, heads
