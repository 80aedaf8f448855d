"""What can go wrong on the way: latency for every answer, and rules that spoil some of them."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field, replace

from reportgen.demo.responses import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Spoils the answers to the requests whose ``path?query`` contains the regular expression `where`.

    `times` limits how often, in all; `after` lets that many matching requests pass first. `status`, `headers` and `body`
    replace parts of the answer (`headers` replace by name, an empty value removes). `declared` is sent as
    ``Content-Length`` whatever the body is; `sized` False sends the body without a length and closes; `cut` sends that many
    bytes of the body (negative: all but that many) and closes, `reset` by a reset. `gzipped` compresses first. `drip` sends
    the body so many bytes per second, `drip_head` the head. `silent_s` waits before the first byte. `raw` replaces
    everything that is sent.
    """

    where: str
    times: int | None = None
    after: int = 0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    declared: int | None = None
    sized: bool = True
    gzipped: bool = False
    cut: int | None = None
    reset: bool = False
    drip: float = 0.0
    drip_head: float = 0.0
    silent_s: float = 0.0
    raw: bytes | None = None

    def matches(self, target: str) -> bool:
        """Tell whether this rule is about the request for `target`."""
        return re.search(self.where, target) is not None

    def spoil(self, response: Response) -> Response:
        """Return the answer with this rule's status, headers and body."""
        replaced = {name.lower() for name, _ in self.headers}
        headers = tuple((n, v) for n, v in response.headers if n.lower() not in replaced)
        headers += tuple((name, value) for name, value in self.headers if value)
        body = response.body if self.body is None else self.body
        if self.gzipped:
            body = gzip.compress(body, mtime=0)
            headers = (*headers, ("Content-Encoding", "gzip"))
        return replace(response, status=self.status or response.status, headers=headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All that is wrong with the way to this Jenkins; nothing by default."""

    latency_s: float = 0.0
    rules: tuple[Fault, ...] = field(default=())


NO_FAULTS = Faults()
