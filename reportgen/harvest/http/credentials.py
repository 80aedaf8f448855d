"""User and API token of the controller: from the environment or netrc, held so that they cannot be printed."""

from __future__ import annotations

import netrc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from reportgen.errors import HarvestError


class Secret:
    """A text that shows itself to those who call `reveal` only."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("secret", self._text))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who reads Jenkins. Printing shows the user alone."""

    user: str
    token: Secret


def find_credentials(url: str, environ: Mapping[str, str]) -> Credentials | None:
    """Return user and token for the controller at `url`, None to read it anonymously.

    JENKINS_USER and JENKINS_TOKEN hold; else the netrc file (NETRC, or ``~/.netrc``) is asked for the host. Raises HarvestError
    for half of a pair, and for a netrc file that others can read or that cannot be parsed.
    """
    user, token = environ.get("JENKINS_USER", ""), environ.get("JENKINS_TOKEN", "")
    if user and token:
        return Credentials(user, Secret(token.strip()))
    if user or token:
        missing = "JENKINS_TOKEN" if user else "JENKINS_USER"
        raise HarvestError(f"{missing} is not set, its other half is", hint="set both, or neither to read without logging in")
    return _from_netrc(url, environ)


def _from_netrc(url: str, environ: Mapping[str, str]) -> Credentials | None:
    home = environ.get("HOME", "")
    path = Path(environ.get("NETRC") or (f"{home}/.netrc" if home else ""))
    if not path.is_file():
        return None
    if path.stat().st_mode & 0o077:
        raise HarvestError(f"{path}: others can read this file, and it may hold a token", hint=f"chmod 600 {path}")
    try:
        found = netrc.netrc(path).authenticators(urlsplit(url).hostname or "")
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as problem:
        where = f" (line {problem.lineno})" if isinstance(problem, netrc.NetrcParseError) else ""
        hint = "one entry is: machine HOST login USER password TOKEN"
        raise HarvestError(f"{path}: cannot be read{where}", hint=hint) from None
    if found is None or not found[0] or not found[2]:
        return None
    return Credentials(found[0], Secret(found[2]))
