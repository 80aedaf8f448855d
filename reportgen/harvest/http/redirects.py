"""Where a file may be redirected to: the controller itself, or a host that the configuration lists."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urljoin, urlsplit

from reportgen.errors import AccessDenied, HarvestError

_PORTS = {"http": 80, "https": 443}


def is_same_origin(url: str, other: str) -> bool:
    """Tell whether two addresses have scheme, host and port in common."""
    return _origin(url) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    split = urlsplit(url)
    try:
        port = split.port
    except ValueError:
        port = -1
    return split.scheme.lower(), (split.hostname or "").lower(), port or _PORTS.get(split.scheme.lower())


def target_of(url: str, location: str) -> str:
    """Return where an answer from `url` says to ask instead; HarvestError where that is no address."""
    try:
        target = urljoin(url, location)
        urlsplit(target)
    except ValueError:
        raise HarvestError("redirected to what is no address") from None
    return target


def check_redirect(source: str, target: str, controller: str, allowed: tuple[str, ...]) -> str:
    """Return `target` if a file at `source` may be fetched from there.

    Raises AccessDenied for a page of the controller that is no file, such as its login page, else HarvestError.
    """
    split = urlsplit(target)
    host = (split.hostname or "").lower()
    if is_same_origin(target, controller):
        inside = split.path.startswith(urlsplit(controller).path)
        if not inside or "/artifact/" not in split.path:
            raise AccessDenied("Jenkins redirects the file to another page (a login page?)", hint="check user and token")
        return target
    if split.scheme not in _PORTS or not host:
        raise HarvestError(f"the file is redirected to an address of kind {split.scheme or 'none'!r}, which is not followed")
    if urlsplit(source).scheme == "https" and split.scheme == "http":
        raise HarvestError(f"the file is redirected from https to http (host {host}), which is not followed")
    _, _, port = _origin(target)
    if not {host, f"{host}:{port}"} & {entry.lower() for entry in allowed}:
        hint = f'if that is where Jenkins keeps its artifacts, set artifact_hosts = ["{host}"] under [jenkins]'
        raise HarvestError(f"the file is redirected to host {host}, which is not listed", hint=hint)
    if _leads_inside(host, port):
        raise HarvestError(f"the file is redirected to host {host}, which leads to this machine or its own network")
    return target


def _leads_inside(host: str, port: int | None) -> bool:
    """Tell whether a listed *name* leads to an address that only this machine can mean; a listed address means itself."""
    if host == "localhost" or _is_address(host):
        return False
    try:
        found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return False
    addresses = [ipaddress.ip_address(str(entry[4][0]).split("%")[0]) for entry in found]
    return any(address.is_loopback or address.is_link_local or address.is_unspecified for address in addresses)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
