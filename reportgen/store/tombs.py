"""What was removed on purpose, and keeping it out when it is harvested again."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reportgen.model import Artifact, Build, Run
from reportgen.store.codec import clean_text, load_json, parse_time, time_text
from reportgen.store.values import Tombstone

Identity = tuple[str, int, str]
"""Job, number and start of a build, as the store writes them."""


def build_identity(build: Build) -> Identity:
    """Return what tells a build from any other of its controller."""
    return clean_text(build.job), build.number, time_text(build.started_at)


def read_tombstones(database: sqlite3.Connection, controller: str | None = None) -> Mapping[Identity, Sequence[Tombstone]]:
    """Return the tombstones of one controller, or of all, by build."""
    query = (
        "SELECT job, number, started_at, run, record, blobs, reason, pruned_at, revision FROM tombstone"
        " WHERE controller = coalesce(?, controller) ORDER BY id"
    )
    found: dict[Identity, list[Tombstone]] = defaultdict(list)
    for row in database.execute(query, (controller,)).fetchall():
        found[row[0], row[1], row[2]].append(_tombstone(row))
    return found


def _tombstone(row: tuple[Any, ...]) -> Tombstone:
    job, number, started_at, run, record, blobs, reason, pruned_at, revision = row
    return Tombstone(
        job=job,
        number=number,
        started_at=parse_time(started_at),
        run=run,
        record=record,
        blobs=tuple(load_json(blobs)),
        reason=reason,
        pruned_at=parse_time(pruned_at),
        revision=revision,
    )


def without_pruned(build: Build, tombs: Sequence[Tombstone]) -> Build | None:
    """Return a build without the runs that were removed from it, None when all of it was.

    With a run go the artifacts that hold its files.
    """
    if not tombs:
        return build
    if any(tomb.run is None for tomb in tombs):
        return None
    removed = {(tomb.run, tomb.record) for tomb in tombs}
    runs = tuple([run for run in build.runs if (clean_text(run.name), clean_text(run.record)) not in removed])
    kept = {digest for run in runs for digest in run_blobs(run)}
    blobs = {digest for tomb in tombs for digest in tomb.blobs} - kept
    directories = tuple([f"{tomb.run}-{tomb.record}" for tomb in tombs if tomb.record])
    artifacts = tuple([each for each in build.artifacts if not _belongs(each, blobs, directories)])
    return replace(build, runs=runs, artifacts=artifacts)


def run_blobs(run: Run) -> set[str]:
    """Return the digests of the blobs that a run refers to."""
    found = {each.sha256 for each in run.attachments if each.state == "stored" and each.sha256}
    return found | ({run.journal} if run.journal else set())


def _belongs(artifact: Artifact, blobs: set[str], directories: Sequence[str]) -> bool:
    parts = artifact.path.split("/")[:-1]
    return artifact.sha256 in blobs or any(directory in parts for directory in directories)
