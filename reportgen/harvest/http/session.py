"""Sessions: one for the controller, which logs in there and nowhere else, and a clean one for everybody else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # in every CPython, not in the stubs

import jenkins
import requests
import requests.adapters
import requests.auth
import urllib3
from urllib3.response import BaseHTTPResponse

from reportgen.errors import HarvestError
from reportgen.harvest.http.credentials import Credentials
from reportgen.harvest.http.failures import Refused, TooLarge, Transient
from reportgen.harvest.http.redirects import is_same_origin
from reportgen.harvest.http.retry import TRANSIENT_STATUS, RetryRules, parse_retry_after
from reportgen.harvest.http.wire import Pace, keep_pace, set_pace

_CHUNK = 1 << 16
_USER_AGENT = "reportgen"
_NO_RETRIES = urllib3.Retry(0, read=False)
_FILE_HEADERS = {"Accept-Encoding": "identity", "Accept": "*/*"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Where and how to ask. `verify` is a file of certificates, or True for those that requests brings.

    `proxies` by scheme are for all hosts but those that `no_proxy` lists, as the variable of that name does.
    """

    url: str
    credentials: Credentials | None = None
    timeout_s: float = 30.0
    connect_s: float = 10.0
    api_s: float = 300.0
    file_s: float = 3600.0
    floor: float = 1024.0
    floor_window_s: float = 60.0
    verify: str | bool = True
    proxies: Mapping[str, str] = field(default_factory=dict)
    no_proxy: str = ""
    artifact_hosts: tuple[str, ...] = ()
    retry: RetryRules = field(default_factory=RetryRules)

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return the proxies to ask for `url`, by scheme; none where it is asked for without."""
        return {} if proxy_bypass_environment(urlsplit(url).netloc, {"no": self.no_proxy}) else dict(self.proxies)


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a file. `verified` False: the server told no length, so that a cut could not be seen."""

    content: bytes
    verified: bool = True


class Lane:
    """What one thread uses: a session for the controller, an instance of python-jenkins on top of it, and a clean session."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._timeout = (settings.connect_s, settings.timeout_s)
        self._session = _new_session(settings)
        self._session.auth = _OriginAuth(settings.url, settings.credentials)
        self._direct: _Direct | None = None
        self._clean: requests.Session | None = None
        self._pace: Pace | None = None
        self._open: BaseHTTPResponse | None = None
        self._jenkins = jenkins.Jenkins(settings.url, timeout=self._timeout)
        # The library would add a crumb, guess at Kerberos and let the environment switch the checking of certificates off.
        self._jenkins._session = self._session  # noqa: SLF001 - it offers no other way to give it a session
        self._jenkins._auth_resolved = True  # noqa: SLF001

    def start(self, pace: Pace) -> None:
        """Let what follows in this thread keep `pace`."""
        self._pace = pace
        set_pace(pace)

    def finish(self, *, drop: bool) -> None:
        """Give the connection back, or close it when the answer was not read to its end."""
        set_pace(None)
        self._pace = None
        response, self._open = self._open, None
        if response is not None and (drop or not response.closed):
            response.close()
            response.release_conn()

    def call(self, url: str) -> BaseHTTPResponse:
        """Send a request of the remote API through python-jenkins; any status but 200 raises Refused."""
        request = requests.Request("GET", url, headers={"Accept-Encoding": "gzip", "Accept": "application/json"})
        response: requests.Response = self._jenkins.jenkins_request(request, add_crumb=False, resolve_auth=False, stream=True)
        return self._opened(response)

    def fetch(self, path: str) -> BaseHTTPResponse:
        """Ask the controller for bytes; `path` is escaped. An answer is 200 or a redirect, else Refused."""
        if self._direct is None:
            self._direct = _Direct(self._session, self._settings)
        self._open = self._direct.get(path)
        return checked(self._open, redirects=True)

    def fetch_elsewhere(self, url: str) -> BaseHTTPResponse:
        """Follow a redirect: to the controller as itself, to anybody else from a session that knows nothing of it."""
        session = self._session
        if not is_same_origin(url, self._settings.url):
            session = self._clean = self._clean or _new_session(self._settings)
            session.cookies.clear()
        request = session.prepare_request(requests.Request("GET", url, headers=_FILE_HEADERS))
        return self._opened(
            session.send(
                request, stream=True, timeout=self._timeout, verify=session.verify, proxies=self._settings.proxies_for(url)
            )
        )

    def _opened(self, response: requests.Response) -> BaseHTTPResponse:
        self._open = response.raw
        return self._open

    def abort(self) -> None:
        """Make the running exchange fail; may be called from any thread."""
        if self._pace is not None:
            self._pace.abort()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        if self._clean is not None:
            self._clean.close()


class _Session(requests.Session):
    """A session that follows nothing and hands on nothing but answers with data: other statuses raise."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is nothing to follow: the library would fail on an address that it cannot read."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        options["allow_redirects"] = False
        response = super().send(request, **options)
        checked(response.raw, redirects="identity" in request.headers.get("Accept-Encoding", ""))
        return response


class _Direct:
    """The connections of a session, asked for files of the controller without what requests does around each request.

    For a small file that costs as much as the file. Credentials, certificates and proxies are the session's.
    """

    def __init__(self, session: requests.Session, settings: HttpSettings) -> None:
        plain = session.prepare_request(requests.Request("GET", settings.url, headers=_FILE_HEADERS))
        adapter = session.get_adapter(settings.url)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        proxies = settings.proxies_for(settings.url)
        pool = adapter.get_connection_with_tls_context(plain, settings.verify, proxies=proxies)
        assert isinstance(pool, urllib3.HTTPConnectionPool)
        adapter.cert_verify(pool, settings.url, settings.verify, None)  # type: ignore[no-untyped-call]
        self._pool = pool
        self._root = adapter.request_url(plain, proxies)
        self._headers = dict(plain.headers)
        self._timeout = urllib3.Timeout(connect=settings.connect_s, read=settings.timeout_s)

    def get(self, path: str) -> BaseHTTPResponse:
        """Send one request, follow nothing, and return the answer with its body unread."""
        return self._pool.urlopen(
            "GET",
            self._root + path,
            headers=self._headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=_NO_RETRIES,
            timeout=self._timeout,
        )


def checked(response: BaseHTTPResponse, *, redirects: bool) -> BaseHTTPResponse:
    """Return the answer if it is one: 200, or a redirect where those are wanted.

    Raises Transient or Refused; the page that came is not read.
    """
    status = response.status
    if status == 200 or (redirects and is_redirect(response)):
        return response
    wish_s = parse_retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
    response.close()
    response.release_conn()
    if status in TRANSIENT_STATUS:
        words = "is overloaded or starting" if status in (429, 503) else "did not answer its proxy in time"
        raise Transient(f"it {words} ({status})", wish_s=wish_s)
    raise Refused(status, response.headers.get("Location", ""))


def is_redirect(response: BaseHTTPResponse) -> bool:
    """Tell whether an answer says where to ask instead."""
    return bool(response.get_redirect_location())


class _PacedAdapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        keep_pace(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        keep_pace(manager)
        return manager


class _OriginAuth(requests.auth.AuthBase):
    """Logs in at the controller's own address and nowhere else."""

    def __init__(self, url: str, credentials: Credentials | None) -> None:
        self._url = url
        self._basic = (
            requests.auth.HTTPBasicAuth(credentials.user.encode(), credentials.token.reveal().encode()) if credentials else None
        )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._basic is not None and is_same_origin(request.url or "", self._url):
            self._basic(request)
        return request


def _new_session(settings: HttpSettings) -> requests.Session:
    session = _Session()
    session.trust_env = False
    session.headers.clear()
    session.headers["User-Agent"] = _USER_AGENT
    session.verify = settings.verify
    session.proxies = settings.proxies_for(settings.url)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _PacedAdapter(pool_connections=2, pool_maxsize=1, max_retries=0))
    return session


def iter_raw(response: BaseHTTPResponse, limit: int) -> Iterator[bytes]:
    """Yield the bytes as they came, not decoded; raises TooLarge beyond `limit`."""
    size = 0
    while chunk := response.read1(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit:,} bytes")
        yield chunk


def iter_decoded(response: BaseHTTPResponse, limit: int) -> Iterator[bytes]:
    """Yield the bytes of an answer, unpacked.

    Raises TooLarge beyond `limit` unpacked bytes, Transient when packed data end early.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from iter_raw(response, limit)
        return
    if encoding not in ("gzip", "x-gzip"):
        raise HarvestError(f"an answer packed as {encoding[:80]!r} was not asked for")
    unpack, size = zlib.decompressobj(wbits=31), 0
    for chunk in iter_raw(response, limit):
        packed = chunk
        while packed:
            piece = unpack.decompress(packed, 1 << 20)
            size += len(piece)
            if size > limit:
                raise TooLarge(f"more than {limit:,} bytes when unpacked")
            yield piece
            packed = unpack.unconsumed_tail
    if not unpack.eof:
        raise Transient("the packed answer ends early", answered=True)


def read_file(response: BaseHTTPResponse, limit: int) -> Body:
    """Return the file that an answer carries; raises as `iter_decoded`."""
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(f"{int(length):,} bytes are over the limit of {limit:,}")
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        content = b"".join(iter_decoded(response, limit))
        return Body(content)
    content = b"".join(iter_raw(response, limit))
    return Body(content, length.isdigit() or "chunked" in response.headers.get("Transfer-Encoding", "").lower())
