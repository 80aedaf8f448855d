"""What the tests of readers share: the fixtures' bytes, a context, and a way to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reportgen.config import Limits
from reportgen.harvest.readers import READERS, ReadContext, ReadResult, assign

FIXTURES = Path(__file__).resolve().parent / "fixtures"


def limits(**changes: Any) -> Limits:
    return Limits.model_validate(changes)


def context(files: Mapping[str, bytes], *, digests: bool = True, **changes: Any) -> ReadContext:
    known = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()} if digests else {}
    return ReadContext(
        job="team/train", number=7, stage="train", limits=limits(**changes), digests=known, listed=frozenset(files)
    )


def fixture(kind: str) -> dict[str, bytes]:
    """Return the files of a kind, by their path below its directory."""
    home = FIXTURES / kind
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.name != "MADE_WITH"
    }


def read(files: Mapping[str, bytes], **changes: Any) -> dict[str, ReadResult]:
    """Return what each reader finds in the files that go to it, as a harvest would ask them."""
    shares: dict[str, dict[str, bytes]] = {}
    for path, reader in assign(files, tuple(READERS.values())).items():
        shares.setdefault(reader.name, {})[path] = files[path]
    return {name: READERS[name].read(share, context(files, **changes)) for name, share in shares.items()}


def read_one(path: str, content: bytes, **changes: Any) -> ReadResult:
    """Return what the reader of a single file finds."""
    (result,) = read({path: content}, **changes).values()
    return result


def reason(result: ReadResult) -> str:
    """Return why the only file was set aside."""
    (problem,) = result.problems
    refused = [attachment for attachment in result.attachments if attachment.state == "refused"]
    assert [attachment.reason for attachment in refused] == [problem.reason]
    assert not result.models
    assert not result.metrics
    return problem.reason
