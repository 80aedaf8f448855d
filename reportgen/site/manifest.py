"""``manifest.json``: every file of a version with its digest and size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MANIFEST = "manifest.json"


class Entry(NamedTuple):
    """A file of a version, as its manifest has it."""

    sha256: str
    size: int


def manifest_bytes(version: str, files: Mapping[str, Entry]) -> bytes:
    """Return ``manifest.json``: one file of the version per line, in order of path."""
    lines = [
        f'{json.dumps(path)}: {{"sha256": "{entry.sha256}", "size": {entry.size}}}' for path, entry in sorted(files.items())
    ]
    listed = ",\n".join(lines)
    return f'{{"schema": 1, "version": {json.dumps(version)}, "files": {{\n{listed}\n}}}}\n'.encode()


def read_manifest(version_dir: Path) -> dict[str, Entry] | None:
    """Return the files of a version by its manifest, None where there is no readable one."""
    try:
        manifest = json.loads((version_dir / MANIFEST).read_bytes())
        return {path: Entry(entry["sha256"], entry["size"]) for path, entry in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def file_digest(path: Path) -> str | None:
    """Return the digest of a file, None where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
