"""Small values the store hands out beside those of `reportgen.model`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from reportgen.store.codec import clean_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveResult:
    """What `save_builds` did: counts of builds, and the store's revision afterwards."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    pruned: int = 0
    """Builds that are not taken back because `prune` removed them on purpose."""
    revision: int = 0


def listing_digest(result: str, description: str, display_name: str, keep: bool) -> str:
    """Return a short digest of what a list query tells of a finished build; it moves when the build must be read again."""
    text = json.dumps([clean_text(result), clean_text(description), clean_text(display_name), bool(keep)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class KnownBuild(NamedTuple):
    """What the harvester must know of a build that is stored, or was pruned and shall not come back."""

    started_at: datetime
    digest: str
    """`listing_digest` of what is stored."""
    gone: bool = False
    pruned: bool = False


class BuildRow(NamedTuple):
    """The light facts of a stored build; `runs` is how many runs it has."""

    id: int
    job: str
    number: int
    started_at: datetime
    duration_s: float
    result: str
    revision: int
    gone_since: datetime | None
    last_read: datetime
    runs: int
    content: str = ""
    """Digest of everything the build says."""


class MetricName(NamedTuple):
    """A metric that runs have: its direction and unit as last logged, and how many runs have it."""

    name: str
    direction: str | None
    unit: str | None
    runs: int
    newest: datetime
    """Start of the newest build that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A version of the site that was published from this store.

    `revision` is the store's revision it shows: builds with a larger one are new or changed since. `published_at` is the
    harvest's clock, `manifest_sha256` the digest of its ``manifest.json``; `detail` holds whatever else the publisher keeps.
    """

    id: str
    published_at: datetime
    revision: int
    manifest_sha256: str = ""
    data_as_of: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A build (`run` is None), or one run of it, that `prune` removed on purpose; `blobs` are the files it alone had."""

    job: str
    number: int
    started_at: datetime
    run: str | None
    record: str | None
    blobs: tuple[str, ...]
    reason: str
    pruned_at: datetime
    revision: int
