"""What goes wrong on the way, in our words: never with a token, an address with a password, or a page that Jenkins sent."""

from __future__ import annotations

import re
import ssl
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import jenkins
import requests
import urllib3.exceptions

from reportgen.errors import AccessDenied, HarvestError, NotFound, Unreachable
from reportgen.harvest.http.credentials import Credentials
from reportgen.harvest.http.redirects import is_same_origin, target_of
from reportgen.harvest.http.wire import Aborted, TooSlow

LIBRARY_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, jenkins.JenkinsException, OSError, zlib.error)
_NO_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
"""What OpenSSL says when the other side does not speak TLS at all."""
_PASSWORD_IN_URL = re.compile(r"//[^/@\s]*@")


class TooLarge(HarvestError):
    """The answer is larger than the limit; nothing of it is kept."""

    slug = "over-limit"


class Transient(Exception):
    """What may pass: `wish_s` is the wait the server asked for, `answered` whether anything came back."""

    def __init__(self, reason: str, *, wish_s: float | None = None, answered: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wish_s = wish_s
        self.answered = answered


class Refused(Exception):
    """An answer other than 200, on its way past python-jenkins, which would read it to its end and put it into a message.

    `location` is where it says to ask instead.
    """

    def __init__(self, status: int, location: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.location = location


def translate(error: BaseException, *, answered: bool) -> Exception:
    """Return what an error of a library means: something that may pass, or one of our errors.

    `answered` says that some bytes of the answer had come.
    """
    chain = list(_causes(error))
    if any(isinstance(cause, Aborted) for cause in chain):
        return Unreachable("the harvest was stopped")
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of Jenkins is not trusted: {_words(chain[-1])}",
                hint="name the file of your certificate authority: ca_bundle under [jenkins], or REQUESTS_CA_BUNDLE",
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return Unreachable(
                "Jenkins speaks no https there", hint="if its address begins with http://, mend url under [jenkins]"
            )
        if isinstance(cause, (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)):
            return Unreachable(f"the proxy does not let us through: {_words(chain[-1])}", hint="check proxy under [jenkins]")
        if isinstance(cause, _NO_ADDRESS):
            return HarvestError(f"not an address: {_words(cause)}")
    return Transient(_reason(chain), answered=answered)


def failed_elsewhere(host: str, problem: Transient | Refused | Unreachable) -> Exception:
    """Return what it means that the place Jenkins redirects to gave no file: nothing about Jenkins, or our user there."""
    if isinstance(problem, Transient):
        return Transient(f"{host}: {problem.reason}", wish_s=problem.wish_s, answered=True)
    if isinstance(problem, Refused):
        kind = NotFound if problem.status == 404 else HarvestError
        return kind(f"{host}, where Jenkins sends us for this file, refuses it ({problem.status})")
    return HarvestError(f"{host}: {problem.message}", hint=problem.hint)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what is inside it, outermost first."""
    seen: set[int] = set()
    pending: list[BaseException] = [error]
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
        pending.extend(cause for cause in inner if isinstance(cause, BaseException))


_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TooSlow,), "too slow"),
    ((urllib3.exceptions.IncompleteRead, zlib.error), "the answer ends early"),
    ((urllib3.exceptions.NameResolutionError,), "the name of the host is not known"),
    ((ConnectionRefusedError,), "the connection was refused"),
    ((ConnectionResetError,), "the connection was reset"),
    ((TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError, jenkins.TimeoutException), "no answer in time"),
)


def _reason(chain: list[BaseException]) -> str:
    """Return the most telling of the causes: libraries wrap a refused connection, say, into an error they call a time-out."""
    for kinds, words in _REASONS:
        found = next((cause for cause in chain if isinstance(cause, kinds)), None)
        if found is not None:
            return f"{words}: {found}" if isinstance(found, TooSlow) else words
    return _words(chain[-1])


def _words(error: BaseException) -> str:
    """Return an error's own words on one line, without anything that stands before an @ in an address."""
    text = " ".join(str(error).split()) or type(error).__name__
    return _PASSWORD_IN_URL.sub("//", text)[:300]


def hint_for(reason: str) -> str:
    """Return what to do about an address that does not answer."""
    if "host is not known" in reason or "refused" in reason:
        return "check url under [jenkins], and proxy if one is needed"
    return "try again later; what was harvested so far is kept"


def describe_refusal(what: str, refusal: Refused, url: str, credentials: Credentials | None) -> HarvestError:
    """Return the error for an answer that is none: it names the user, never the token, and nothing of the page that came."""
    status = refusal.status
    user = f"user {credentials.user!r}" if credentials else "a request without a user"
    if status == 401:
        who = f"{user} or its token" if credentials else user
        return AccessDenied(
            f"Jenkins at {url} refuses {who} (401)", hint="set JENKINS_USER and JENKINS_TOKEN to a valid API token"
        )
    if status == 403:
        grant = "grant Overall/Read and Job/Read, and Run/Artifacts where this controller knows it"
        hint = grant if credentials else "set JENKINS_USER and JENKINS_TOKEN"
        return AccessDenied(f"{what}: Jenkins does not let {user} read this (403)", hint=hint)
    if status == 404:
        return NotFound(f"{what}: not found (404): absent, or not to be seen by this user")
    if 300 <= status < 400:
        try:
            target = urlsplit(target_of(url, refusal.location))
        except HarvestError as problem:
            return AccessDenied(f"{what}: {problem.message} ({status})", hint="check url under [jenkins], user and token")
        if is_same_origin(target.geturl(), url):
            words, hint = "instead of answering (a login page?)", "check user and token"
        else:
            place = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"
            words = f"to {place} instead of answering (a login page, or a new address?)"
            hint = f"if Jenkins is at {place}, mend url under [jenkins]; else check user and token"
        return AccessDenied(f"{what}: Jenkins redirects ({status}) {words}", hint=hint)
    return HarvestError(
        f"{what}: Jenkins failed on this ({status})", hint="the log of Jenkins, or of a proxy before it, may say why"
    )
