"""The way to Jenkins: the one module that uses python-jenkins (calls of the remote API) and requests (bytes of files).

Every exchange has a bound in time and in size; what may pass is tried again, with whole downloads repeated; everything else is
one of our errors.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from reportgen.errors import AccessDenied, HarvestError, Unreachable
from reportgen.harvest.http.failures import (
    LIBRARY_ERRORS,
    Refused,
    Transient,
    describe_refusal,
    failed_elsewhere,
    hint_for,
    translate,
)
from reportgen.harvest.http.redirects import check_redirect, target_of
from reportgen.harvest.http.session import Body, HttpSettings, Lane, is_redirect, iter_decoded, read_file
from reportgen.harvest.http.wire import Pace
from reportgen.harvest.strict import BadJson, load_json

T = TypeVar("T")

MOST_API_BYTES = 64 << 20
MOST_REDIRECTS = 5
MORE_LOG = 1 << 16
"""How much a log may grow between two requests."""
FAILURES_IN_A_ROW = 3
"""After so many requests in a row without any answer, each tried as often as the rules say, Jenkins is taken to be down."""

REFUSALS_IN_A_ROW = 3
"""After so many refusals (403) and not one answer, this user is taken to be allowed nothing."""


class Http:
    """Asks one controller; may be used from several threads, each of which gets a connection of its own.

    `clock` counts seconds, `sleep` waits and `draw` gives a number from [0, 1): arguments, so that tests need not wait.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self._clock = clock
        self._sleep = sleep or self.stopping.wait
        self._draw = draw
        self._lock = threading.Lock()
        self._local = threading.local()
        self._lanes: list[Lane] = []
        self._requests = 0
        self._bytes = 0
        self._waited_s = 0.0
        self._failures = 0
        self._refused = 0
        self._answered = False
        self._fatal: HarvestError | None = None

    @property
    def request_count(self) -> int:
        """How many requests were sent, repetitions included."""
        return self._requests

    @property
    def received_bytes(self) -> int:
        """How many bytes were received, heads included."""
        return self._bytes

    @property
    def fatal(self) -> HarvestError | None:
        """Why every further request fails at once, once that is so: Jenkins is down, or does not take our credentials."""
        return self._fatal

    def get_json(self, path: str, tree: str = "", *, what: str = "", tries: int | None = None) -> Any:
        """Return the answer of the remote API at `path` below the controller, with only what `tree` asks for.

        `what` names it in messages; `tries` bounds how often it is tried, else the rules do.

        Raises NotFound (404), AccessDenied (401, 403, a login page), Unreachable, TooLarge, else HarvestError.
        """
        query = "?tree=" + quote(tree, safe="") if tree else ""
        return self._repeat(what or path, lambda: self._json_once(path, query, what or path), tries)

    def get_file(self, path: str, *, limit: int, what: str = "") -> Body:
        """Return the bytes at `path` below the controller, of which there are at most `limit`; raises as `get_json`."""
        return self._repeat(what or path, lambda: self._file_once(path, limit))

    def get_tail(self, path: str, size: int, *, what: str = "") -> bytes:
        """Return at most the last `size` bytes of a build's log (`path` is its progressive text)."""
        return self._repeat(what or path, lambda: self._tail_once(path, size))

    def stop(self) -> None:
        """Make every request, running or to come, fail at once."""
        self.stopping.set()
        with self._lock:
            lanes = list(self._lanes)
        for lane in lanes:
            lane.abort()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            lanes, self._lanes = self._lanes, []
        for lane in lanes:
            lane.close()

    # -- one attempt

    def _json_once(self, path: str, query: str, what: str) -> Any:
        with self._exchange(self.settings.api_s) as lane:
            response = lane.call(self.settings.url + path + query)
            kind = response.headers.get("Content-Type", "")
            content = b"".join(iter_decoded(response, MOST_API_BYTES))
        if content.lstrip()[:1] == b"<" or "html" in kind:
            raise AccessDenied(
                f"{what}: Jenkins sent a web page instead of data (a login page?)",
                hint="check user and token, and that no proxy asks for a login before Jenkins",
            )
        if "json" not in kind:
            raise HarvestError(
                f"{what}: the answer is {kind or 'of no type'}, not JSON", hint="is url under [jenkins] a Jenkins?"
            )
        try:
            value = load_json(content)
        except BadJson as problem:
            raise Transient(f"the answer is {problem}", answered=True) from None
        if not isinstance(value, (dict, list)):
            raise HarvestError(f"{what}: the answer is no object")
        return value

    def _file_once(self, path: str, limit: int) -> Body:
        url = self.settings.url + path
        for hop in range(MOST_REDIRECTS + 1):
            try:
                with self._exchange(self.settings.file_s) as lane:
                    response = lane.fetch_elsewhere(url) if hop else lane.fetch(path)
                    if not is_redirect(response):
                        return _no_page(path, response.headers.get("Content-Type", ""), read_file(response, limit))
                    location = response.headers.get("Location", "")
            except (Transient, Refused, Unreachable) as problem:
                if hop:  # Jenkins itself did answer
                    raise failed_elsewhere(urlsplit(url).netloc, problem) from None
                raise
            url = check_redirect(url, target_of(url, location), self.settings.url, self.settings.artifact_hosts)
        raise HarvestError(f"{path}: redirected more than {MOST_REDIRECTS} times")

    def _tail_once(self, path: str, size: int) -> bytes:
        start = 0
        for _ in range(2):
            with self._exchange(self.settings.file_s) as lane:
                response = lane.fetch(f"{path}?start={start}")
                if is_redirect(response) or "html" in response.headers.get("Content-Type", "").lower():
                    raise AccessDenied(
                        "Jenkins sent a web page instead of the log (a login page?)", hint="check user and token"
                    )
                told = response.headers.get("X-Text-Size", "")
                length = int(told) if told.isdigit() else 0
                if length - start <= size or start:
                    return b"".join(iter_decoded(response, size + MORE_LOG))[-size:]
            start = length - size
        return b""

    def _exchange(self, deadline_s: float) -> _Exchange:
        lane = getattr(self._local, "lane", None)
        if lane is None:
            lane = self._local.lane = Lane(self.settings)
            with self._lock:
                self._lanes.append(lane)
        settings = self.settings
        pace = Pace(
            clock=self._clock,
            patience_s=settings.timeout_s,
            deadline_s=deadline_s,
            floor=settings.floor,
            window_s=settings.floor_window_s,
        )
        with self._lock:
            self._requests += 1
        return _Exchange(self, lane, pace)

    def count(self, received: int) -> None:
        """Add received bytes to the sum."""
        with self._lock:
            self._bytes += received

    # -- attempts

    def _repeat(self, what: str, attempt: Callable[[], T], tries: int | None = None) -> T:
        rules = self.settings.retry
        tries = tries or rules.tries
        for number in range(tries):
            self._check(what)
            try:
                result = attempt()
            except Transient as problem:
                if number + 1 < tries and self._wait(rules.wait_s(number, self._draw(), problem.wish_s)):
                    continue
                raise self._given_up(what, problem, number + 1) from None
            except Refused as refusal:
                raise self._refusal(what, refusal) from None
            except Unreachable as problem:
                raise self._unreached(problem) from None
            else:
                self._failures = 0
                self._answered = True
                return result
        raise AssertionError(what)

    def _check(self, what: str) -> None:
        if self._fatal is not None:
            raise self._fatal
        if self.stopping.is_set():
            raise Unreachable(f"{what}: not asked for, the harvest stops")

    def _wait(self, seconds: float) -> bool:
        """Wait before another attempt; False when the harvest has waited enough or stops."""
        with self._lock:
            if self._waited_s + seconds > self.settings.retry.longest_sum_s:
                return False
            self._waited_s += seconds
        self._sleep(seconds)
        return not self.stopping.is_set()

    def _given_up(self, what: str, problem: Transient, tries: int) -> HarvestError:
        times = f" ({tries} tries)" if tries > 1 else ""
        if problem.answered:
            return HarvestError(f"{what}: {problem.reason}{times}")
        return self._unreached(
            Unreachable(
                f"Jenkins at {self.settings.url} cannot be reached: {problem.reason}{times}", hint=hint_for(problem.reason)
            )
        )

    def _unreached(self, error: Unreachable) -> Unreachable:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES_IN_A_ROW:
                self._fatal = error
        return error

    def _refusal(self, what: str, refusal: Refused) -> HarvestError:
        status = refusal.status
        self._failures = 0
        error = describe_refusal(what, refusal, self.settings.url, self.settings.credentials)
        with self._lock:
            self._refused += status == 403
            if status == 401 or (not self._answered and self._refused >= REFUSALS_IN_A_ROW):
                self._fatal = error
        return error


def _no_page(path: str, kind: str, body: Body) -> Body:
    """Return the file unless it is a web page where none was archived; Jenkins tells the type of a file by its name."""
    start = body.content[:200].lstrip().lower()
    is_page = "html" in kind.lower() and start.startswith((b"<!doctype html", b"<html"))
    if is_page and "htm" not in path.rpartition(".")[2].lower():
        raise AccessDenied("Jenkins sent a web page instead of the file (a login page?)", hint="check user and token")
    return body


class _Exchange:
    """One request and its answer: sets the pace, counts, and turns the errors of libraries into ours."""

    def __init__(self, http: Http, lane: Lane, pace: Pace) -> None:
        self._http = http
        self._lane = lane
        self._pace = pace

    def __enter__(self) -> Lane:
        self._lane.start(self._pace)
        return self._lane

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._lane.finish(drop=error is not None)
        self._http.count(self._pace.received)
        if isinstance(error, LIBRARY_ERRORS):
            raise translate(error, answered=self._pace.received > 0) from None
