"""Sockets that keep time: a bound on a whole exchange, head included, and a floor under its speed.

The timeout of an HTTP client bounds the wait for the next byte only; a server that sends one byte a second is waited for
without end. Here every read of a connection asks the `Pace` of the exchange first.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Callable
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_BUFFER = 1 << 16
_exchange = threading.local()


class TooSlow(TimeoutError):
    """The exchange took too long as a whole, or went on too slowly."""


class Aborted(TimeoutError):
    """The harvest was told to stop."""


class Pace:
    """How long an exchange may take.

    `patience_s` is for the next byte, `deadline_s` for all; over a window at least `floor` bytes per second must come.
    """

    __slots__ = ("_clock", "_deadline", "_floor", "_patience", "_seen", "_since", "_socket", "_window", "aborted", "received")

    def __init__(
        self, *, clock: Callable[[], float], patience_s: float, deadline_s: float, floor: float = 1024, window_s: float = 60
    ) -> None:
        self._clock = clock
        self._patience = patience_s
        self._deadline = clock() + deadline_s
        self._floor = floor
        self._window = window_s
        self._since = clock()
        self._seen = 0
        self._socket: socket.socket | None = None
        self.received = 0
        self.aborted = False

    def follow(self, connection: socket.socket) -> None:
        """Remember the socket, so that `abort` can wake up who waits for it."""
        self._socket = connection

    def abort(self) -> None:
        """Make the exchange fail at once; may be called from any thread."""
        self.aborted = True
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def wait_s(self) -> float:
        """Return how long the next byte may take; raises TooSlow when the time is up, Aborted after `abort`."""
        if self.aborted:
            raise Aborted("stopped")
        left = self._deadline - self._clock()
        if left <= 0:
            raise TooSlow("the time for the whole answer is up")
        return min(left, self._patience)

    def saw(self, count: int) -> None:
        """Count received bytes; raises TooSlow when a whole window brought too few."""
        self.received += count
        self._seen += count
        now = self._clock()
        if now - self._since >= self._window:
            if self._seen < self._floor * (now - self._since):
                raise TooSlow(f"less than {self._floor:g} bytes per second")
            self._since, self._seen = now, 0


def set_pace(pace: Pace | None) -> None:
    """Set the pace of the exchanges that this thread starts from now on."""
    _exchange.pace = pace


class _PacedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, pace: Pace) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._pace = pace
        pace.follow(connection)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        wait_s = self._pace.wait_s()
        if self._connection.gettimeout() != wait_s:
            self._connection.settimeout(wait_s)
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            self._pace.wait_s()
            raise
        self._pace.saw(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(_PacedSocket(sock), debuglevel, method, url)  # type: ignore[arg-type]  # all it asks of one


class _PacedSocket:
    """A socket as far as an answer needs one: a file to read from, at the pace of the thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def makefile(self, mode: str) -> io.BufferedIOBase:
        pace = getattr(_exchange, "pace", None)
        if pace is None:
            return self._connection.makefile("rb")
        return io.BufferedReader(_PacedReader(self._connection, pace), _BUFFER)


class _PacedConnection(HTTPConnection):
    response_class = _PacedResponse


class _PacedTlsConnection(HTTPSConnection):
    response_class = _PacedResponse


class _PacedPool(HTTPConnectionPool):
    ConnectionCls = _PacedConnection


class _PacedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PacedTlsConnection


def keep_pace(manager: urllib3.PoolManager) -> None:
    """Let all connections that `manager` opens read at the pace of their thread."""
    manager.pool_classes_by_scheme = {"http": _PacedPool, "https": _PacedTlsPool}
