"""What planning a site incrementally needs: revisions of builds, and what is known of the pages that were made."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from reportgen.store.codec import clean_text, dump_json, load_json


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A page of the site as it was last made; `key` and `fingerprint` are the planner's, `sha256` is of the file.

    `files` are the paths of the attachments and drawings that it shows.
    """

    path: str
    key: str
    fingerprint: str
    sha256: str
    size_bytes: int
    files: tuple[str, ...] = ()


# Pruned builds count in the running maximum, at their own place in time: what came after must be planned anew.
_MARKS = """
WITH moment AS (SELECT id, started_at, revision FROM build UNION ALL SELECT NULL, started_at, revision FROM tombstone),
past AS (SELECT id, max(revision) OVER (ORDER BY started_at) AS revision FROM moment),
later AS (
    SELECT build.id, lead(build.id) OVER (PARTITION BY job.name ORDER BY started_at, number, build.id) AS next
    FROM build JOIN job ON job.id = job_id
)
SELECT id, past.revision || '.' || coalesce(next, '') FROM past JOIN later USING (id)
"""


def read_past_marks(database: sqlite3.Connection) -> dict[int, str]:
    """Return for each build a mark of all that its page may tell of: its past, itself and which build came next.

    It holds the largest revision of all builds that started no later, pruned ones too, and the row of the next build of the
    job: it never moves because of what came later still.
    """
    return dict(database.execute(_MARKS).fetchall())


def read_pages(database: sqlite3.Connection, site: str) -> dict[str, PageRow]:
    """Return the pages of one site by path, from one query."""
    query = "SELECT path, key, fingerprint, sha256, size_bytes, detail FROM page WHERE site = ?"
    return {
        path: PageRow(
            path=path,
            key=key,
            fingerprint=fingerprint,
            sha256=digest,
            size_bytes=size,
            files=() if detail is None else tuple(load_json(detail).get("files", ())),
        )
        for path, key, fingerprint, digest, size, detail in database.execute(query, (site,)).fetchall()
    }


def write_pages(database: sqlite3.Connection, site: str, pages: Iterable[PageRow], removed: Collection[str]) -> None:
    """Add or replace pages of one site and forget the paths in `removed`, inside the caller's transaction."""
    database.executemany("DELETE FROM page WHERE site = ? AND path = ?", [(site, path) for path in removed])
    rows = [
        (
            site,
            clean_text(page.path),
            page.key,
            page.fingerprint,
            page.sha256,
            page.size_bytes,
            dump_json({"files": page.files}) if page.files else None,
        )
        for page in pages
    ]
    database.executemany("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def read_site_state(database: sqlite3.Connection, site: str) -> Any:
    """Return what the planner kept about one site as a whole, None where it kept nothing."""
    row = database.execute("SELECT content FROM site_state WHERE site = ?", (site,)).fetchone()
    return None if row is None else load_json(row[0])


def write_site_state(database: sqlite3.Connection, site: str, content: Any) -> None:
    """Keep a JSON value about one site as a whole, inside the caller's transaction."""
    database.execute("INSERT OR REPLACE INTO site_state VALUES (?, ?)", (site, dump_json(content)))


def forget_site(database: sqlite3.Connection, site: str) -> None:
    """Forget all that is known of one site's pages, inside the caller's transaction."""
    database.execute("DELETE FROM page WHERE site = ?", (site,))
    database.execute("DELETE FROM site_state WHERE site = ?", (site,))
