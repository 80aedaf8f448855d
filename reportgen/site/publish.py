"""Versions in the output directory: make one visible, move its aliases, list, verify and delete.

Every step is one rename, and each can be repeated: a process that is killed leaves the old site or the new one.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Literal, NamedTuple

from reportgen.errors import PublishError
from reportgen.site.discard import discard
from reportgen.site.links import relative
from reportgen.site.manifest import MANIFEST, Entry, read_manifest
from reportgen.site.write import HIDDEN_PREFIX, disk_errors, replace_file, sync_directory

AliasKind = Literal["symlink", "copy", "redirect"]

LATEST = "latest"
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_GENERATED = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-(\d+))?")
_TAKEN_NAMES = frozenset({LATEST, "versions.json", "index.html"})
_EXCHANGE = 2
_AT_FDCWD = -100


class Version(NamedTuple):
    """A published version, as ``versions.json`` lists it."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()


class Damage(NamedTuple):
    """How a version differs from its manifest."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.changed)


class Difference(NamedTuple):
    """Files that two versions do not share."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def check_version_id(version: str) -> str:
    """Return `version` if it may be the name of one; else raise."""
    if not _ID.fullmatch(version) or version in _TAKEN_NAMES:
        raise PublishError(
            f"{version!r} cannot be a version id",
            hint="1 to 64 letters, digits, '.', '_' and '-', a letter or digit first, and not 'latest'",
        )
    return version


def generated_id(now: datetime) -> str:
    """Return the version id of a moment."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def free_id(output: Path, version: str) -> str:
    """Return a generated id that is not taken: itself, or with ``-2``, ``-3`` …"""
    candidate, count = version, 1
    while os.path.lexists(output / candidate):
        count += 1
        candidate = f"{version}-{count}"
    return candidate


def title_of(version: str) -> str:
    """Return what a version switcher shows for an id."""
    match = _GENERATED.fullmatch(version)
    if match is None:
        return version
    year, month, day, hour, minute, second, again = match.groups()
    return f"{year}-{month}-{day} {hour}:{minute}:{second} UTC" + (f" ({again})" if again else "")


def list_versions(output: Path) -> list[Version]:
    """Return the versions in `output`, newest first: those of ``versions.json`` that exist, then others that are whole."""
    listed = [version for version in _read_versions(output) if (output / version.id / MANIFEST).is_file()]
    known = {version.id for version in listed}
    others = [
        Version(entry.name, title_of(entry.name))
        for entry in sorted(_subdirectories(output), key=lambda entry: entry.name, reverse=True)
        if entry.name not in known and _ID.fullmatch(entry.name) and entry.name != LATEST and _is_version(Path(entry.path))
    ]
    return listed + others


def _is_version(directory: Path) -> bool:
    """Whether the directory's manifest is for a version of its own name; an alias that is a copy has another's."""
    try:
        with (directory / MANIFEST).open(encoding="utf-8") as file:
            head = file.read(200)
    except (OSError, UnicodeDecodeError):
        return False
    return f'"version": {json.dumps(directory.name)}' in head


def _subdirectories(output: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(output) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _read_versions(output: Path) -> list[Version]:
    try:
        entries = json.loads((output / "versions.json").read_bytes())
        return [Version(str(e["version"]), str(e["title"]), tuple(map(str, e["aliases"]))) for e in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def versions_bytes(versions: Iterable[Version]) -> bytes:
    """Return ``versions.json`` in the shape that mike writes, one version per line."""
    lines = [json.dumps({"version": v.id, "title": v.title, "aliases": list(v.aliases)}) for v in versions]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode() if lines else b"[]\n"


def reveal(output: Path, hidden: Path, version: str) -> None:
    """Give the finished hidden directory its name: from here on the version exists, whole."""
    target = output / version
    with disk_errors(target, "publish"):
        if os.path.lexists(target):
            raise PublishError(f"version {version} already exists", hint="choose another --version-id")
        hidden.rename(target)
        sync_directory(output)


def announce(output: Path, version: str, *, title: str = "", alias: AliasKind = "symlink") -> list[Version]:
    """Make `version` the newest and ``latest``; return the list that ``versions.json`` now has. May be repeated."""
    others = [_without(v, LATEST) for v in list_versions(output) if v.id != version]
    mine = next((v for v in list_versions(output) if v.id == version), Version(version, title or title_of(version)))
    versions = [Version(version, title or mine.title, (LATEST, *(a for a in mine.aliases if a != LATEST))), *others]
    move_alias(output, LATEST, version, alias)
    replace_file(output / "versions.json", versions_bytes(versions))
    replace_file(output / "index.html", redirect_page(f"{LATEST}/index.html", "the latest version"))
    return versions


def _without(version: Version, alias: str) -> Version:
    return version._replace(aliases=tuple(a for a in version.aliases if a != alias))


def set_alias(output: Path, name: str, version: str, kind: AliasKind) -> list[Version]:
    """Let the alias `name` lead to `version` and nowhere else; this is also how one goes back."""
    versions = list_versions(output)
    if version not in {v.id for v in versions}:
        raise _unknown(version, versions)
    if name in {v.id for v in versions} or (name != LATEST and (not _ID.fullmatch(name) or name in _TAKEN_NAMES)):
        raise PublishError(
            f"{name!r} cannot be an alias", hint="a name of letters, digits, '.', '_' and '-' that no version has"
        )
    named = [v._replace(aliases=(*_without(v, name).aliases, name)) if v.id == version else v for v in versions]
    replace_file(output / "versions.json", versions_bytes(named))  # both have the name until it has moved: neither may retire
    move_alias(output, name, version, kind)
    changed = [v if v.id == version else _without(v, name) for v in named]
    replace_file(output / "versions.json", versions_bytes(changed))
    return changed


def _unknown(version: str, versions: Sequence[Version]) -> PublishError:
    listed = ", ".join(v.id for v in versions[:5]) or "none"
    return PublishError(f"there is no version {version!r}", hint=f"published: {listed}{' …' if len(versions) > 5 else ''}")


def move_alias(output: Path, name: str, version: str, kind: AliasKind) -> None:
    """Make `name` lead to `version` in one step; nothing happens where it does already."""
    target, part = output / name, output / f"{HIDDEN_PREFIX}alias-{name}"
    if kind == "symlink" and target.is_symlink() and str(target.readlink()) == version:
        return
    with disk_errors(target, "move"):
        discard(part)
        if kind == "symlink":
            part.symlink_to(version, target_is_directory=True)
        elif kind == "copy":
            _copy_tree(output / version, part)
        else:
            _redirect_tree(output / version, part, version)
        _swap(part, target)
        sync_directory(output)
        discard(part)


def _swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; what was there takes the place of `new`, or is gone."""
    if not os.path.lexists(target) or not (_real_directory(new) or _real_directory(target)):
        new.rename(target)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = getattr(libc, "renameat2", None)
    if exchange is not None:
        if exchange(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(target), _EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
        if number not in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
            raise OSError(number, os.strerror(number), str(target))
    # A file system that cannot exchange two names: there is a moment without the alias, never one with half of it.
    old = target.with_name(f"{HIDDEN_PREFIX}old-{target.name}")
    discard(old)
    target.rename(old)
    new.rename(target)
    discard(old)


def _real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _copy_tree(source: Path, target: Path) -> None:
    def link(one: str, other: str) -> str:
        try:
            os.link(one, other)
        except OSError:
            shutil.copyfile(one, other)
        return other

    shutil.copytree(source, target, copy_function=link)


def _redirect_tree(source: Path, target: Path, version: str) -> None:
    for page in sorted(read_manifest(source) or ()):
        if page.endswith(".html"):
            file = target / page
            file.parent.mkdir(parents=True, exist_ok=True)
            link = relative(f"alias/{page}", f"{version}/{page}")
            file.write_bytes(redirect_page(link, "this page in its version"))
            file.chmod(0o644)
    for directory in [target, *(entry for entry in target.rglob("*") if entry.is_dir())]:
        directory.chmod(0o755)


def redirect_page(link: str, label: str) -> bytes:
    """Return a page that leads on, by itself where the browser may and by a link everywhere."""
    href = escape(link, quote=True)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url={href}">\n<link rel="canonical" href="{href}">\n<title>Moved on</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n</head>\n<body>\n'
        f'<p>Continue to <a href="{href}">{escape(label)}</a>.</p>\n</body>\n</html>\n'
    ).encode()


def retire(output: Path, keep: int) -> list[str]:
    """Delete the oldest versions beyond `keep`, never one that an alias names; return what was deleted."""
    versions = list_versions(output)
    gone = [v.id for v in versions[keep:] if not v.aliases]
    if gone:
        _remove(output, versions, gone)
    return gone


def remove_alias(output: Path, name: str) -> None:
    """Take an alias away; the version it leads to stays. ``latest`` can be moved only. May be repeated."""
    if name == LATEST:
        raise PublishError(
            f"{LATEST} cannot be removed: readers are sent to it",
            hint="let it lead elsewhere: versions alias VERSION",
        )
    hidden = output / f"{HIDDEN_PREFIX}gone-{name}"
    with disk_errors(output / name, "delete"):
        discard(hidden)
        with suppress(FileNotFoundError):
            (output / name).rename(hidden)
        sync_directory(output)
        discard(hidden)
    replace_file(output / "versions.json", versions_bytes(_without(v, name) for v in list_versions(output)))


def delete_versions(output: Path, ids: Sequence[str]) -> None:
    """Delete versions; one that an alias names is refused."""
    versions = list_versions(output)
    ids = list(dict.fromkeys(ids))
    by_id = {v.id: v for v in versions}
    for version in ids:
        if version not in by_id:
            raise _unknown(version, versions)
        if by_id[version].aliases:
            names = ", ".join(by_id[version].aliases)
            raise PublishError(f"{version} is what {names} leads to", hint="move or delete the alias first")
    _remove(output, versions, ids)


def _remove(output: Path, versions: Sequence[Version], ids: Sequence[str]) -> None:
    replace_file(output / "versions.json", versions_bytes(v for v in versions if v.id not in ids))
    for version in ids:
        hidden = output / f"{HIDDEN_PREFIX}gone-{version}"
        with disk_errors(output / version, "delete"):
            discard(hidden)
            (output / version).rename(hidden)
            discard(hidden)


def verify(directory: Path, progress: Callable[[int, int], None] | None = None) -> Damage:
    """Read a whole version and return how it differs from its manifest; raise where it has none."""
    files = read_manifest(directory)
    if files is None:
        raise PublishError(f"{directory} has no readable {MANIFEST}", hint="it is not a version, or it is damaged")
    missing, changed = [], []
    for count, (path, entry) in enumerate(files.items()):
        if progress is not None:
            progress(count, len(files))
        try:
            data = (directory / path).read_bytes()
        except OSError:
            missing.append(path)
            continue
        if len(data) != entry.size or sha256(data).hexdigest() != entry.sha256:
            changed.append(path)
    present = {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_symlink() or not p.is_dir()}
    extra = sorted(present - set(files) - {MANIFEST})
    return Damage(tuple(sorted(missing)), tuple(extra), tuple(sorted(changed)))


def difference(older: Mapping[str, Entry], newer: Mapping[str, Entry]) -> Difference:
    """Return which files one version has and the other has not, or has otherwise."""
    return Difference(
        added=tuple(sorted(newer.keys() - older.keys())),
        removed=tuple(sorted(older.keys() - newer.keys())),
        changed=tuple(sorted(path for path in newer.keys() & older.keys() if newer[path].sha256 != older[path].sha256)),
    )
