"""Files of the store as the operating system sees them: errors worth reading, file systems worth a warning."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.errors import StoreError

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre", "ncpfs"}


def free_bytes(path: Path) -> int | None:
    """Return how many bytes an ordinary user may still write beside `path`, None where that cannot be told."""
    for place in (path, *path.parents):
        try:
            numbers = os.statvfs(place)
        except OSError:
            continue
        return numbers.f_bavail * numbers.f_frsize
    return None


def disk_error(error: OSError, path: str | Path, doing: str) -> StoreError:
    """Return an error that names the path, the cause and the free space."""
    free = free_bytes(Path(path))
    room = "" if free is None else f" ({free:,} bytes free)"
    hint = None
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "free some space there, or move the store: path under [store] in reportgen.toml; nothing that was saved is lost"
    elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        hint = "the user that runs reportgen must be able to write there"
    return StoreError(f"cannot {doing} {path}: {error.strerror or error}{room}", hint=hint)


@contextmanager
def disk_errors(path: str | Path, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a `StoreError` about `path`."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, path, doing) from error


def make_private_dir(path: Path) -> bool:
    """Make a directory for this user only, whatever the umask; say whether it is new. A symbolic link is refused."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise StoreError(
                f"{path} is not a directory of the store", hint="move it away; the store follows no links"
            ) from None
        return False
    path.chmod(0o700)
    return True


def sync_dir(path: str | Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def network_file_system(path: Path, mounts: str) -> str | None:
    """Return the type of the network file system that holds `path`, None on a local one.

    `mounts` is the text of ``/proc/self/mounts``; the longest mount point that holds the path counts.
    """
    found, length = None, -1
    for line in mounts.splitlines():
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if path.is_relative_to(point) and len(point.parts) >= length:
            found, length = parts[2], len(point.parts)
    return found if found in _NETWORK else None


def network_warning(path: Path) -> str | None:
    """Return what to tell the user when `path` lies on a network file system."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    kind = network_file_system(path.resolve(), mounts)
    if kind is None:
        return None
    return f"the store {path} is on a network file system ({kind}): keep to one machine, and back it up"
