"""A version in the making: a hidden directory in the output, filled with new files and hard links to the previous version.

Nothing in here is read by anybody before the directory is renamed, so files are written straight to their places; one
``syncfs`` makes them durable together.
"""

# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH112, PTH116, PTH123, S103 - tens of thousands of files a night: strings and plain calls

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Self

from reportgen.errors import PublishError
from reportgen.site.discard import discard
from reportgen.site.manifest import MANIFEST, Entry, file_digest, manifest_bytes

HIDDEN_PREFIX = ".reportgen-"
_CHUNK = 1 << 20
_NO_LINKS = {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EACCES}


class DamagedFile(PublishError):
    """The bytes of a stored file are not those that its name says."""

    slug = "damaged"


@contextmanager
def disk_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a `PublishError` that names the path, the cause and the free space."""
    try:
        yield
    except OSError as error:
        raise publish_error(error, path, doing) from error


def publish_error(error: OSError, path: Path, doing: str) -> PublishError:
    """Return an error that names the path, the cause and the free space."""
    hint = "what is published is untouched; the next build starts afresh"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "free some space there, or lower keep_versions under [site]; what is published is untouched"
    return PublishError(f"cannot {doing} {path}: {error.strerror or error}{_room(path)}", hint=hint)


def _room(path: Path) -> str:
    for place in (path, *path.parents):
        with suppress(OSError):
            return f" ({shutil.disk_usage(place).free:,} bytes free)"
    return ""


class Tree:
    """Writes the files of one version below `root`; `previous` is the version whose unchanged files are linked, if any.

    May be made anew in each worker process for the same directory: it holds nothing but what is known to exist. With
    `in_place` (previews) the directory is one that is being read: files are replaced there one by one, each in one step. With
    `again` the same work may be done twice, on machines that know nothing of each other: the last one to write a file holds.
    """

    def __init__(self, root: Path, previous: Path | None = None, *, in_place: bool = False, again: bool = False) -> None:
        self.root = root
        self.previous = previous
        self.in_place = in_place
        self.again = again
        self._mark = secrets.token_hex(4)
        self._top = str(root)
        self._before = str(previous) if previous is not None else None
        self._made: set[str] = set()
        self._exact: bool | None = None

    @classmethod
    def like(cls, tree: Tree) -> Self:
        """Return another one for the same directory, for use in another thread."""
        return cls(tree.root, tree.previous, in_place=tree.in_place, again=tree.again)

    def write(self, path: str, data: bytes) -> Entry:
        """Write a new file and return what the manifest says of it; an OSError becomes a `PublishError`."""
        return self._exclusive(path, lambda part: self._create(part, data)) if self.again else self._create(path, data)

    def _create(self, path: str, data: bytes) -> Entry:
        target = f"{self._top}/{path}"
        self._make_parents(path)
        try:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fchmod(handle, 0o644)
            finally:
                os.close(handle)
        except FileExistsError:
            raise PublishError(f"two pages or files of the site have the same address: {path}") from None
        except OSError as error:
            raise publish_error(error, Path(target), "write") from error
        return Entry(sha256(data).hexdigest(), len(data))

    def put(self, path: str, data: bytes, before: Entry | None) -> Entry:
        """Write a file, or link the previous version's where `before` says that it holds the same bytes."""
        if self.in_place:
            return self._replace(path, data)
        same = before is not None and before.size == len(data) and before.sha256 == sha256(data).hexdigest()
        if before is not None and same and self.link(path):
            return before
        return self.write(path, data)

    def stream(self, path: str, pieces: Iterable[str], before: Entry | None) -> Entry:
        """Write a text that comes in pieces and may be large, or link the previous version's where it is the same."""
        part = f"{path}.{self._mark}.part"
        target = f"{self._top}/{part}"
        self._make_parents(path)
        digest, size = sha256(), 0
        try:
            with disk_errors(Path(target), "write"), open(target, "wb", buffering=1 << 20) as file:
                os.fchmod(file.fileno(), 0o644)
                for piece in pieces:
                    data = piece.encode("utf-8", "replace")
                    digest.update(data)
                    size += file.write(data)
        except BaseException:
            with suppress(PublishError):
                self.remove(part)
            raise
        entry = Entry(digest.hexdigest(), size)
        if entry == before and not self.in_place and self.link(path):
            self.remove(part)
            return entry
        if not self.in_place and self.has(path):
            raise PublishError(f"two pages or files of the site have the same address: {path}")
        with disk_errors(Path(target), "write"):
            os.rename(target, f"{self._top}/{path}")
        return entry

    def before(self, path: str) -> Entry | None:
        """Return what the file of that path was in the previous version, None where there was none."""
        file = Path(f"{self._before}/{path}")
        digest = file_digest(file) if self._before is not None else None
        return Entry(digest, file.stat().st_size) if digest is not None else None

    def link(self, path: str, *, shared: bool = False) -> bool:
        """Take a file over from the previous version; False where it is not there any more.

        A `shared` file is named by its content: somebody else may have put it there already.
        """
        if self.in_place:
            return self.has(path)
        if self._before is None:
            return False
        source, target = f"{self._before}/{path}", f"{self._top}/{path}"
        self._make_parents(path)
        try:
            os.link(source, target, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except FileExistsError:
            if not (self.again or shared):
                raise PublishError(f"two pages or files of the site have the same address: {path}") from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise publish_error(error, Path(target), "write") from error
            if self.again:
                self._exclusive(path, lambda part: self.copy(part, Path(source)))
            else:
                self.copy(path, Path(source))
        return True

    def copy(self, path: str, source: Path) -> Entry:
        """Copy a file into the version. The store's blobs are copied, never linked: a site may be edited, a blob must not."""
        target = f"{self._top}/{path}"
        self._make_parents(path)
        digest, size = sha256(), 0
        try:
            out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            with open(out, "wb", buffering=0) as writer, source.open("rb", buffering=0) as reader:
                os.fchmod(out, 0o644)
                while chunk := reader.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    rest = memoryview(chunk)
                    while rest:
                        rest = rest[writer.write(rest) :]
        except OSError as error:
            raise publish_error(error, Path(target), "write") from error
        return Entry(digest.hexdigest(), size)

    def share(self, path: str, data: bytes) -> Entry:
        """Write a file that is named by what it tells, unless it is there; another program may have told it in other bytes."""
        self._there(path)
        return self._replace(path, data)

    def share_copy(self, path: str, source: Path, digest: str) -> Entry:
        """Copy a file that is named by its digest, unless it is there; one whose bytes are damaged is a `DamagedFile`."""
        if self._there(path):
            with disk_errors(source, "read"):
                return Entry(digest, os.stat(f"{self._top}/{path}").st_size)
        entry = self._exclusive(path, lambda part: self.copy(part, source))
        if entry.sha256 != digest:
            self.remove(path)
            raise DamagedFile(
                f"{source} is damaged: its content is not what its name says", hint="run reportgen check --read-data"
            )
        return entry

    def _there(self, path: str) -> bool:
        """Whether a file named by its content is in the version, or could be taken over; another process may be faster."""
        try:
            return self.has(path) or self.link(path)
        except PublishError:
            return self.has(path)

    def _exclusive(self, path: str, make: Callable[[str], Entry]) -> Entry:
        """Make a file beside its place and move it there: whoever else makes the same file is not disturbed."""
        part = f"{path}.{self._mark}.part"
        if self.again:  # outside the version: a machine that is lost leaves its part
            part = f"../{parts_of(self.root).name}/{self._mark}"
            self._make_parents(path)
        self.remove(part)
        entry = make(part)
        with disk_errors(Path(f"{self._top}/{path}"), "write"):
            os.rename(f"{self._top}/{part}", f"{self._top}/{path}")
        return entry

    def _replace(self, path: str, data: bytes) -> Entry:
        entry = Entry(sha256(data).hexdigest(), len(data))
        with suppress(OSError):
            if Path(f"{self._top}/{path}").read_bytes() == data:
                return entry
        return self._exclusive(path, lambda part: self._create(part, data))

    def has(self, path: str) -> bool:
        """Whether the version already has this file."""
        return os.path.lexists(f"{self._top}/{path}")

    def remove(self, path: str) -> None:
        """Take a file out again."""
        with disk_errors(self.root / path, "remove"), suppress(FileNotFoundError):
            os.unlink(f"{self._top}/{path}")

    def _make_parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent in self._made or not parent:
            return
        if "/" in parent:
            self._make_parents(parent)
        target = f"{self._top}/{parent}"
        try:
            os.mkdir(target, 0o755)
            if self._exact is None:  # a mask takes the same away from all of them, mostly nothing
                self._exact = os.stat(target).st_mode & 0o7777 == 0o755
            if not self._exact:
                os.chmod(target, 0o755)
        except FileExistsError:
            if not os.path.isdir(target):
                raise PublishError(f"two pages or files of the site have the same address: {parent}") from None
        except OSError as error:
            raise publish_error(error, Path(target), "make") from error
        self._made.add(parent)


def parts_of(root: Path) -> Path:
    """Return the directory beside a version in the making where work that may be done twice puts its unfinished files."""
    return root.with_name(f"{HIDDEN_PREFIX}parts-{root.name}")


def start_tree(output: Path, version: str, previous: Path | None) -> Tree:
    """Make the hidden directory of `version` in `output`; what an earlier attempt left there is removed first."""
    with disk_errors(output, "make"):
        output.mkdir(parents=True, exist_ok=True)
    clean_hidden(output)
    root = output / f"{HIDDEN_PREFIX}{version}"
    with disk_errors(root, "make"):
        root.mkdir(mode=0o755)
        root.chmod(0o755)
    return Tree(root, previous)


def clean_hidden(output: Path) -> None:
    """Remove what builds that were killed left in `output`; only under the store's lock."""
    if not output.is_dir():
        return
    with disk_errors(output, "clean"):
        for left in sorted(output.glob(f"{HIDDEN_PREFIX}*")):
            discard(left)


def finish_tree(tree: Tree, version: str, files: Mapping[str, Entry]) -> str:
    """Write the manifest, make everything durable, and return the manifest's digest."""
    entry = tree.write(MANIFEST, manifest_bytes(version, files))
    sync_file_system(tree.root)
    return entry.sha256


def sync_file_system(directory: Path) -> None:
    """Make everything on the file system of `directory` durable."""
    with disk_errors(directory, "sync"):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
            if syncfs is None:
                os.sync()
            elif syncfs(handle) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
        finally:
            os.close(handle)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    with disk_errors(directory, "sync"):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file in one step, durably; one that holds the same bytes is left alone."""
    with disk_errors(path, "write"):
        with suppress(FileNotFoundError):
            if path.read_bytes() == data and not path.is_symlink():
                return
        part = path.with_name(f"{HIDDEN_PREFIX}{path.name}")
        part.unlink(missing_ok=True)
        with part.open("xb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_directory(path.parent)
