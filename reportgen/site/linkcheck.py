"""Finds links of a finished tree that lead nowhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_ALLOWED = ("http:", "https:", "mailto:")
_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
_VIEW = re.compile(r"(?:q|runs|t\d*\.(?:sort|find|hide|all))=")  # what scripts keep in the address: no id
_REFRESH = re.compile(r"""^\s*[\d.]+\s*;\s*url\s*=\s*["']?(.+?)["']?\s*$""", re.IGNORECASE)


class BrokenLink(NamedTuple):
    """A link on a page (at a line) and what is wrong with it."""

    page: str
    line: int
    target: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.target}: {self.reason}"


class _Anchors(HTMLParser):
    """Collects what a document refers to, and the ids that may be referred to."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[int, str]] = []
        self.ids: set[str] = set()
        self.twice: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        values = {name: value or "" for name, value in attrs}
        for name in ("href", "src", "poster", "data", "xlink:href", "action"):
            if name in values:
                self.links.append((line, values[name]))
        for candidate in values.get("srcset", "").split(","):
            if candidate.strip():
                self.links.append((line, candidate.split()[0]))
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            found = _REFRESH.match(values.get("content", ""))
            if found:
                self.links.append((line, found[1]))
        if "id" in values:
            if values["id"] in self.ids:
                self.twice.append((line, values["id"]))
            self.ids.add(values["id"])

    handle_startendtag = handle_starttag


def _read(file: Path) -> _Anchors:
    anchors = _Anchors()
    anchors.feed(file.read_text(encoding="utf-8"))
    anchors.close()
    return anchors


def check_links(root: Path, pages: Iterable[str] | None = None) -> list[BrokenLink]:
    """Return every link of the tree below `root` that does not resolve, and every id that a page uses twice.

    `pages` restricts what is read; what they refer to may be anywhere in the tree, or beside it in other versions. A link to a
    directory is broken: opened from a disk it shows a listing.
    """
    names = sorted(pages) if pages is not None else [p.relative_to(root).as_posix() for p in sorted(root.rglob("*.html"))]
    known: dict[str, frozenset[str]] = {}
    broken: list[BrokenLink] = []
    for name in names:
        anchors = _read(root / name)
        known[name] = frozenset(anchors.ids)
        broken += [BrokenLink(name, line, f"#{id_}", "the id is used twice") for line, id_ in anchors.twice]
        for line, target in anchors.links:
            reason = _problem(root, name, target, anchors.ids, known)
            if reason:
                broken.append(BrokenLink(name, line, target, reason))
    if pages is None:
        broken += _style_sheets(root)
    return broken


def _problem(root: Path, page: str, target: str, own: set[str], known: dict[str, frozenset[str]]) -> str | None:
    scheme = _SCHEME.match(target)
    if scheme:
        return None if scheme[0].lower() in _ALLOWED else "the scheme is not allowed"
    if target.startswith("/"):
        return "not relative"
    path, _, fragment = target.partition("#")
    plain = unquote(path.partition("?")[0])
    if not plain:
        return None if not fragment or unquote(fragment) in own else "no such id on this page"
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(page), plain))
    file = root / wanted
    if not file.is_file():
        return "is a directory" if file.is_dir() else "there is no such file"
    if not fragment or file.suffix != ".html" or _VIEW.match(fragment):
        return None
    if wanted not in known:
        known[wanted] = frozenset(_read(file).ids)
    return None if unquote(fragment) in known[wanted] else "no such id on that page"


def _style_sheets(root: Path) -> Iterator[BrokenLink]:
    for file in sorted(root.rglob("*.css")):
        name = file.relative_to(root).as_posix()
        text = file.read_text(encoding="utf-8")
        for match in _CSS_URL.finditer(text):
            if match[1].startswith("#"):
                continue
            reason = _problem(root, name, match[1], set(), {})
            if reason:
                yield BrokenLink(name, text.count("\n", 0, match.start()) + 1, match[1], reason)
