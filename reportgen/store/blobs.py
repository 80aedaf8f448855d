"""Write-once files named by their SHA-256: ``blobs/ab/cd…``."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from reportgen.errors import StoreError
from reportgen.store.files import disk_error, disk_errors, make_private_dir, sync_dir

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_numbers = itertools.count()


class BlobTooLarge(StoreError):
    """The bytes are more than the limit allows; nothing was kept."""

    slug = "over-limit"

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit:,} bytes")
        self.limit = limit


class StoredBlob(NamedTuple):
    """A blob as it lies in the store; `written_at` is in seconds since 1970."""

    digest: str
    size_bytes: int
    written_at: float


class Blobs:
    """The blobs of one store; every method may be called from several threads."""

    def __init__(self, store: Path) -> None:
        self.root = store / "blobs"
        self._tmp = store / "tmp"
        self._prefix = os.fspath(self.root) + "/"
        self._parts = f"{os.fspath(self._tmp)}/{os.getpid()}-"
        self._ready: set[str] = set()
        self._making = threading.Lock()

    def path(self, digest: str) -> Path:
        """Return where the blob is or would be; anything but 64 lower-case hex digits raises ValueError."""
        return Path(self._name(digest))

    def _name(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a SHA-256 in lower-case hex: {digest!r}")
        return f"{self._prefix}{digest[:2]}/{digest[2:]}"

    def size(self, digest: str) -> int | None:
        """Return the size of a stored blob in bytes, None where there is none."""
        found = self.find(digest)
        return None if found is None else found.size_bytes

    def put(self, chunks: Iterable[bytes] | bytes, *, limit: int | None = None) -> tuple[str, int]:
        """Keep the bytes and return ``(digest, size)``; on return they survive a power cut.

        Raises `BlobTooLarge` over `limit` bytes. What `chunks` itself raises passes through; nothing is left behind then.
        """
        known = isinstance(chunks, bytes)
        if isinstance(chunks, bytes):
            digest = hashlib.sha256(chunks).hexdigest()
            if (limit is None or len(chunks) <= limit) and self._is_kept(digest, len(chunks)):
                return digest, len(chunks)
            chunks = [chunks]
        handle, part = self._new_part()
        try:
            digest, size = self._fill(handle, part, chunks, limit)
            self._keep(part, digest, size, is_new=known)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return digest, size

    def _new_part(self) -> tuple[int, str]:
        """Make a file of a name that no other writer has; the store's lock keeps other processes away from ``tmp``."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with disk_errors(self._tmp, "write to"):
            while True:
                part = f"{self._parts}{next(_numbers)}"
                try:
                    return os.open(part, flags, 0o600), part
                except FileExistsError:
                    continue

    def _fill(self, handle: int, part: str, chunks: Iterable[bytes], limit: int | None) -> tuple[str, int]:
        """Write, hash and sync; a failed sync is never tried again, as the kernel would report success."""
        hasher, size = hashlib.sha256(), 0
        try:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise BlobTooLarge(limit)
                hasher.update(chunk)
                _write(handle, part, chunk)
            with disk_errors(part, "write"):
                os.fchmod(handle, 0o444)
                os.fsync(handle)
        finally:
            os.close(handle)
        return hasher.hexdigest(), size

    def _keep(self, part: str, digest: str, size: int, *, is_new: bool) -> None:
        if not is_new and self._is_kept(digest, size):
            Path(part).unlink()
            return
        target = self._name(digest)
        with disk_errors(target, "write"):
            directory = self._make_dir(digest[:2])
            os.replace(part, target)  # noqa: PTH105 - for a small file, to make a Path takes as long as to rename it
            sync_dir(directory)

    def _is_kept(self, digest: str, size: int) -> bool:
        """Say whether a blob is there; then its name is durable too, as the process that put it may have died before that."""
        if self.size(digest) != size:
            return False
        with disk_errors(self.root / digest[:2], "sync"):
            sync_dir(self._make_dir(digest[:2]))
        return True

    def _make_dir(self, name: str) -> str:
        """Return the directory of the blobs whose digests begin with `name`; it is there, durably."""
        directory = self._prefix + name
        if name not in self._ready:
            with self._making:
                if name not in self._ready:
                    make_private_dir(Path(directory))
                    sync_dir(self.root)
                    self._ready.add(name)
        return directory

    def read(self, digest: str) -> bytes:
        """Return the bytes of a blob; StoreError when it is missing."""
        return b"".join(self.chunks(digest))

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Yield the bytes of a blob in pieces of at most 1 MiB; StoreError when it is missing."""
        path = self.path(digest)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(
                f"blob {digest} cannot be read: {error.strerror}", hint="reportgen check lists what is damaged"
            ) from error
        with os.fdopen(handle, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def find(self, digest: str) -> StoredBlob | None:
        """Return a stored blob, None where there is none."""
        try:
            found = os.lstat(self._name(digest))
        except FileNotFoundError:
            return None
        return StoredBlob(digest, found.st_size, found.st_mtime)

    def stored(self) -> Iterator[StoredBlob]:
        """Yield every blob there is, in the order of the digests; files that are no blobs are left out."""
        for directory in sorted(path for path in self.root.iterdir() if path.is_dir()):
            for path in sorted(directory.iterdir()):
                digest = directory.name + path.name
                if _DIGEST.fullmatch(digest):
                    found = path.lstat()
                    yield StoredBlob(digest, found.st_size, found.st_mtime)

    def remove(self, digests: Iterable[str]) -> None:
        """Delete blobs; only `prune` does, under the store's lock, after the rows that named them are gone."""
        for digest in digests:
            path = self.path(digest)
            with disk_errors(path, "delete"):
                path.unlink(missing_ok=True)

    def clean_tmp(self) -> None:
        """Remove what killed writers left behind; only under the store's lock."""
        for left in self._tmp.iterdir():
            left.unlink(missing_ok=True)


def _write(handle: int, part: str, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        try:
            rest = rest[os.write(handle, rest) :]
        except OSError as error:
            raise disk_error(error, part, "write") from error
