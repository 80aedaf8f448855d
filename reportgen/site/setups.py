"""What workers need to begin, in a file: it grows with the history, and what is sent may be lost with the one it is sent to."""

from __future__ import annotations

import pickle
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from reportgen.errors import PublishError
from reportgen.site.work import Setup
from reportgen.site.write import HIDDEN_PREFIX, disk_errors


class SetupFile(NamedTuple):
    """A pickled `Setup` on a file system that all workers share, and its digest: nothing else is unpacked."""

    path: str
    sha256: str


def write_setup(setup: Setup) -> SetupFile:
    """Write a setup beside the tree it is for; an OSError becomes a `PublishError`."""
    path = setup.root.absolute().parent / f"{HIDDEN_PREFIX}setup-{setup.root.name}"
    data = pickle.dumps(setup)
    with disk_errors(path, "write"):
        path.write_bytes(data)
    return SetupFile(str(path), sha256(data).hexdigest())


def read_setup(file: SetupFile) -> Setup:
    """Return what `write_setup` wrote."""
    with disk_errors(Path(file.path), "read"):
        data = Path(file.path).read_bytes()
    if sha256(data).hexdigest() != file.sha256:
        raise PublishError(f"{file.path} has changed since the build began", hint="build again")
    setup: Setup = pickle.loads(data)  # noqa: S301 - the digest came with the work
    return setup
