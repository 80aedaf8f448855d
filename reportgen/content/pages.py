"""The pages in ``content/``: read from disk, rendered, put in order, their directives looked up.

Reading a page needs nothing of the store, so what a page cites is known before anything is looked up (`ContentPage.calls`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

from reportgen.content import effort, frontmatter, sanitize
from reportgen.content.directives import SIGNATURES, BadDirective, Call, parse
from reportgen.content.markdown import Heading, Rendered, joined_path, page_address, render_markdown
from reportgen.errors import ContentError

RESERVED: Final = frozenset(
    {"jobs", "leaderboards", "pipelines", "models", "datasets", "compare", "search", "changes", "states", "files", "data"}
    | {"assets", "404", "404.html", "live.js", "manifest.json"}
)
"""Names at the top of the published tree that belong to the site; case does not tell names apart everywhere."""
FILE_ENDINGS: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".csv", ".tsv", ".json", ".txt", ".pdf"})
"""What may lie beside the pages and is published with them."""
_ANOTHER_NAME: Final = "give the file or directory another name"
_OWN_ID: Final = re.compile(r"""\bid\s*=\s*["']?([^\s"'>]+)|\{[^{}\n]*#([^\s{}]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSource:
    """A Markdown file: `path` relative to the content directory, with ``/``."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFile:
    """A file that a page shows or links to, published at the same path relative to the version."""

    path: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a page: safe HTML, or what the resolver gave for a directive (`name` says which)."""

    html: str = ""
    name: str = ""
    value: Any = None


class Anchor(NamedTuple):
    """A place in a page that a link names: the page's source, the id as it is published, the address as it was written."""

    source: str
    id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPage:
    """A page that has been read: ``calls[n]`` stands between ``pieces[n]`` and ``pieces[n + 1]``; `path` is where it goes.

    `files` are the paths of the content files it needs, `anchors` the places its links name, `ids` those it has. `nav` is None
    where the page is left out of the navigation.
    """

    source: str
    path: str
    title: str
    description: str
    nav: str | None
    order: int
    pieces: tuple[str, ...]
    calls: tuple[Call, ...]
    headings: tuple[Heading, ...]
    files: tuple[str, ...]
    anchors: tuple[Anchor, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NavEntry:
    """A content page in the navigation."""

    title: str
    path: str


class Unresolved(Exception):
    """What a directive names does not exist; the message says what, `hint` what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Resolver(Protocol):
    """Looks up what directives name. What it returns is placed by the theme; it raises `Unresolved` where there is nothing."""

    def metric(self, run: str, name: str) -> object:
        """Return the value of a metric of a run, as it is to be cited."""

    def leaderboard(self, name: str, *, top: int) -> object:
        """Return the first `top` rows of a leaderboard."""

    def compare(self, runs: tuple[str, ...]) -> object:
        """Return a comparison of runs; the first one is what the others are compared to."""

    def chart(self, run: str, name: str) -> object:
        """Return a chart or figure of a run."""


def load_content(directory: Path, *, most_bytes: int = 256_000) -> tuple[tuple[ContentSource, ...], tuple[ContentFile, ...]]:
    """Return the Markdown files and the files beside them, by path; both empty where there is no such directory.

    Hidden files and files of other kinds are left alone.
    """
    sources: list[ContentSource] = []
    files: list[ContentFile] = []
    if not directory.is_dir():
        return (), ()
    for file in sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).as_posix()):
        path = file.relative_to(directory).as_posix()
        if any(part.startswith(".") for part in path.split("/")) or not file.is_file():
            continue
        if file.suffix == ".md":
            sources.append(ContentSource(path=path, text=_read(file, f"{directory.name}/{path}", most_bytes)))
        elif file.suffix.lower() in FILE_ENDINGS:
            files.append(ContentFile(path=path, file=file))
    return tuple(sources), tuple(files)


def _read(file: Path, shown: str, most_bytes: int) -> str:
    data = file.read_bytes()
    if len(data) > most_bytes:
        raise ContentError(
            f"{shown}: {len(data):,} bytes, a page may have {most_bytes:,}",
            hint="raise markdown under [limits] in reportgen.toml",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ContentError(f"{shown}:{line}: is not UTF-8", hint="save the file as UTF-8") from None


def read_pages(
    sources: Sequence[ContentSource], files: Sequence[ContentFile] = (), *, directory: str = "content"
) -> tuple[ContentPage, ...]:
    """Return all pages, in the order of their paths; ContentError names the first file and line that is wrong."""
    known = {source.path for source in sources}
    beside = {file.path for file in files}
    pages = tuple(read_page(source, pages=known, files=beside, directory=directory) for source in sources)
    taken: dict[str, str] = {}
    for page in pages:
        other = taken.setdefault(page.path.lower(), page.source)
        if other != page.source:
            raise ContentError(f"{directory}/{page.source}: is published at the same address as {directory}/{other}")
    _check_anchors(pages, {source.path: source.text for source in sources}, directory)
    return pages


def _check_anchors(pages: Sequence[ContentPage], texts: Mapping[str, str], directory: str) -> None:
    """Raise ContentError for the first link to a heading or other place that its page does not have."""
    ids = {page.source: frozenset(page.ids) for page in pages}
    for page in pages:
        for anchor in page.anchors:
            if anchor.id in ids[anchor.source]:
                continue
            known = sorted(heading.id for other in pages if other.source == anchor.source for heading in other.headings)
            near = get_close_matches(anchor.id, known, n=1)
            there = near or known[:5]
            names = ", ".join(f"#{name.removeprefix(sanitize.PREFIX)}" for name in there)
            hint = f"did you mean {names}?" if near else f"its headings: {names or 'none'}"
            line = _line_of(anchor.address, texts[page.source])
            raise ContentError(
                f"{directory}/{page.source}:{line}: “{anchor.address}” leads nowhere: {anchor.source} has no such place",
                hint=hint,
            )


def _line_of(address: str, text: str) -> int:
    """Return the line on which an address stands: as that of a link if it can be, else anywhere."""
    words = f"(?:{re.escape(address)}|{re.escape(escape(address))})"
    for pattern in (rf"""(?:\(|<|=|["']|\]:\s*){words}(?=[\s)>"']|$)""", words):
        found = re.search(pattern, text, re.MULTILINE)
        if found is not None:
            return text.count("\n", 0, found.end()) + 1
    return 1


def _check_ids(ids: Sequence[str], text: str, shown: str, offset: int) -> None:
    """Raise ContentError for an id that stands twice on a page: links to it would lead to the first one only."""
    twice = next((name for at, name in enumerate(ids) if name in ids[:at]), None)
    if twice is None:
        return
    lines = [
        at
        for at, line in enumerate(text.split("\n"), 1)
        for found in _OWN_ID.finditer(line)
        if twice == sanitize.anchor(found[1] or found[2])
    ]
    raise ContentError(
        f"{shown}:{(lines[-1] if lines else 1) + offset}: the id “{twice.removeprefix(sanitize.PREFIX)}” is on this page twice",
        hint="give one of the two places another id; case and special characters do not tell ids apart",
    )


def read_page(
    source: ContentSource, *, pages: set[str] | frozenset[str] = frozenset(), files: set[str] | frozenset[str] = frozenset(),
    directory: str = "content",
) -> ContentPage:  # fmt: skip
    """Return one page; `pages` and `files` are the paths in ``content/`` that its links may lead to."""
    shown = f"{directory}/{source.path}"
    _check_address(source.path, shown)
    meta, body, offset = frontmatter.split(source.text, shown)
    used: set[str] = set()
    anchors: list[Anchor] = []

    def target(address: str, image: bool) -> str:
        if not sanitize.is_local(address):
            return _leaving(address, image=image)
        return _target(address, source=source.path, pages=pages, files=files, used=used, anchors=anchors)

    costly = effort.excess(body)
    if costly is not None:
        raise ContentError(
            f"{shown}:{costly[0] + offset}: {costly[1]}", hint="divide it, or put it into a fenced block (three backticks)"
        )
    try:
        rendered = render_markdown(body, target=target)
    except _BrokenLink as broken:
        line = _line_of(broken.address, body)
        raise ContentError(f"{shown}:{line + offset}: {broken}", hint=broken.hint) from None
    _check_ids(rendered.ids, body, shown, offset)
    title = meta.title or rendered.title or _title_of(source.path)
    return ContentPage(
        source=source.path, path=page_address(source.path), title=title, description=meta.description,
        nav=None if meta.nav is False else meta.nav if isinstance(meta.nav, str) else title, order=meta.order,
        pieces=rendered.pieces, calls=_calls(rendered, shown, offset), headings=rendered.headings, files=tuple(sorted(used)),
        anchors=tuple(anchors), ids=rendered.ids,
    )  # fmt: skip


def _check_address(path: str, shown: str) -> None:
    first = path.split("/")[0].removesuffix(".md")
    if first.lower() in RESERVED:
        raise ContentError(f"{shown}: the address “{first}” belongs to the site", hint=_ANOTHER_NAME)


def _title_of(path: str) -> str:
    name = posixpath.dirname(path) if posixpath.basename(path) in ("index.md", "README.md") else path.removesuffix(".md")
    words = posixpath.basename(name).replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] or "Overview"


def _calls(rendered: Rendered, shown: str, offset: int) -> tuple[Call, ...]:
    calls = []
    for found in rendered.found:
        try:
            calls.append(parse(found.body, line=found.line + offset))
        except BadDirective as bad:
            raise ContentError(f"{shown}:{found.line + offset}: {bad}", hint=bad.hint) from None
    return tuple(calls)


class _BrokenLink(Exception):
    def __init__(self, message: str, address: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.address = address
        self.hint = hint


def _leaving(address: str, *, image: bool) -> str:
    """Return the address of a link that leads away from the site; a picture may not, nor a link by any other scheme."""
    if image:
        raise _BrokenLink(
            f"the image “{address}” is not a file in the content directory", address,
            hint="put the file beside the page: readers load nothing from other sites",
        )  # fmt: skip
    if not sanitize.may_leave(address):
        raise _BrokenLink(
            f"“{address}” is no address that a page may link to", address, hint="links to other sites begin with https://"
        )
    return address


def _target(
    address: str,
    *,
    source: str,
    pages: set[str] | frozenset[str],
    files: set[str] | frozenset[str],
    used: set[str],
    anchors: list[Anchor],
) -> str:
    """Return where a relative link of a page leads in the published tree, relative to the page."""
    path, fragment = joined_path(source, address)
    if fragment and (path in pages or path == source):
        anchors.append(Anchor(path, sanitize.anchor(fragment), address))
    if address.startswith("#"):
        return f"#{sanitize.anchor(fragment)}" if fragment else "#"
    if path in pages:
        where = page_address(path)
    elif path in files:
        if path.split("/")[0].lower() in RESERVED:
            raise _BrokenLink(f"the address “{path.split('/')[0]}” belongs to the site", address, hint=_ANOTHER_NAME)
        used.add(path)
        where = path
    else:
        raise _BrokenLink(
            f"“{address}” leads nowhere: there is no {path}", address, hint="links to pages end in .md, as in [why](why.md)"
        )
    relative = posixpath.relpath(where, posixpath.dirname(page_address(source)) or ".")
    return quote(relative, safe="/~.-_") + (f"#{sanitize.anchor(fragment)}" if fragment else "")


def resolve(page: ContentPage, resolver: Resolver, *, directory: str = "content") -> tuple[Part, ...]:
    """Return the page's parts with every directive looked up; a broken one is a ContentError with file and line."""
    parts: list[Part] = []
    for at, piece in enumerate(page.pieces):
        if piece:
            parts.append(Part(html=piece))
        if at < len(page.calls):
            call = page.calls[at]
            try:
                parts.append(Part(name=call.name, value=_looked_up(call, resolver)))
            except Unresolved as missing:
                raise ContentError(f"{directory}/{page.source}:{call.line}: {missing}", hint=missing.hint) from None
    return tuple(parts)


def _looked_up(call: Call, resolver: Resolver) -> object:
    texts = tuple(str(arg) for arg in call.args)
    if call.name == "metric":
        return resolver.metric(*texts)
    if call.name == "chart":
        return resolver.chart(*texts)
    if call.name == "compare":
        return resolver.compare(texts)
    assert call.name == "leaderboard"
    return resolver.leaderboard(texts[0], top=int(call.options.get("top", 5)))


def navigation(pages: Sequence[ContentPage]) -> tuple[NavEntry, ...]:
    """Return the pages for the header: by order, then title; the overview's own text and nested pages are not among them."""
    shown = [page for page in pages if page.nav is not None and page.path.count("/") == 1]
    return tuple(
        NavEntry(title=page.nav or page.title, path=page.path)
        for page in sorted(shown, key=lambda p: (p.order, p.nav or "", p.path))
    )


def is_block(name: str) -> bool:
    """Say whether a directive makes a block of its own rather than words in a sentence."""
    return SIGNATURES[name].shape == "block"


def by_path(pages: Sequence[ContentPage]) -> Mapping[str, ContentPage]:
    """Return the pages by where they are published."""
    return {page.path: page for page in pages}
