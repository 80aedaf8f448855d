"""One page's Markdown as safe HTML with places for its directives."""

from __future__ import annotations

import hashlib
import posixpath
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

import markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from reportgen.content import sanitize
from reportgen.content.directives import FOUND

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of a page's text: level 2 to 6, the id to link to, its words."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A directive as written, with its line (from 1) in the text."""

    body: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The HTML of a page in pieces; between piece *n* and *n* + 1 stands directive *n*. `title` is the first h1, taken out.

    `ids` are those of the text, as published, one as often as it stands there.
    """

    pieces: tuple[str, ...]
    found: tuple[Found, ...]
    title: str
    headings: tuple[Heading, ...]
    ids: tuple[str, ...] = ()


def render_markdown(text: str, *, target: sanitize.Target) -> Rendered:
    """Return `text` rendered by Python-Markdown, passed through the allow-list, and cut at its directives.

    A directive inside code stays the text it is. `target` is asked for every link and picture, in Markdown and in raw HTML.
    """
    key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    found: list[Found] = []

    def place(match: re.Match[str]) -> str:
        found.append(Found(body=match["body"], line=text.count("\n", 0, match.start()) + 1))
        return f"rg{key}x{len(found) - 1}x"

    marked = FOUND.sub(place, text).replace("\\{{", "{{")
    parser, state = _parser()
    parser.reset()

    def written(address: str, image: bool) -> str:
        return target(_words(address, key, found), image)

    state.target, state.title, state.headings = written, "", []
    html, ids = sanitize.clean_page(parser.convert(marked), written)
    pieces, used = _cut(html, key, found)
    headings = [Heading(level=h.level, id=sanitize.anchor(h.id), text=_words(h.text, key, found)) for h in state.headings]
    return Rendered(pieces=pieces, found=used, title=_words(state.title, key, found), headings=tuple(headings), ids=tuple(ids))


def _words(text: str, key: str, found: list[Found]) -> str:
    return re.sub(rf"rg{key}x(\d+)x", lambda match: f"{{{{{found[int(match[1])].body}}}}}", text).strip()


def _cut(html: str, key: str, found: list[Found]) -> tuple[tuple[str, ...], tuple[Found, ...]]:
    mark = re.compile(rf"rg{key}x(\d+)x")

    def written(match: re.Match[str]) -> str:
        return escape(f"{{{{{found[int(match[1])].body}}}}}", quote=False)

    html = re.sub(r"<(code|pre)\b[^>]*>.*?</\1>", lambda code: mark.sub(written, code.group()), html, flags=re.DOTALL)
    html = re.sub(r"<[^>]*>", lambda tag: mark.sub("", tag.group()), html)
    html = re.sub(rf"<p>\s*((?:rg{key}x\d+x\s*)+)</p>", lambda alone: _blocks(alone, key, found), html)
    pieces: list[str] = []
    used: list[Found] = []
    end = 0
    for match in mark.finditer(html):
        pieces.append(html[end : match.start()])
        used.append(found[int(match[1])])
        end = match.end()
    pieces.append(html[end:])
    return tuple(pieces), tuple(used)


def _blocks(alone: re.Match[str], key: str, found: list[Found]) -> str:
    """Take the paragraph away from around directives that stand alone and make blocks; a metric that stands alone keeps it."""
    names = [found[int(number)].body.strip().split("(")[0].strip() for number in re.findall(rf"rg{key}x(\d+)x", alone[1])]
    return alone.group() if "metric" in names else alone[1]


class _State:
    """What the tree processor needs for one page and finds in it."""

    def __init__(self) -> None:
        self.target: sanitize.Target = lambda address, _image: address
        self.title = ""
        self.headings: list[Heading] = []


@cache
def _parser() -> tuple[markdown.Markdown, _State]:
    state = _State()
    parser = markdown.Markdown(
        extensions=[
            "tables",
            "fenced_code",
            "toc",
            "admonition",
            "sane_lists",
            "attr_list",
            "def_list",
            "footnotes",
            _Site(state),
        ],
        extension_configs={
            "tables": {"use_align_attribute": True},
            "toc": {"marker": ""},
            "footnotes": {"BACKLINK_TITLE": "Back to the text at footnote {}"},
        },
        output_format="html",
    )
    return parser, state


class _Site(Extension):
    def __init__(self, state: _State) -> None:
        super().__init__()
        self._state = state

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802 - the library's name
        """Run after all other tree processors: ids, footnotes and attributes are in place then."""
        md.treeprocessors.register(_Tree(md, self._state), "reportgen", -10)


class _Tree(Treeprocessor):
    """Fits a page into the site: one h1, no skipped level, classes for alignment, tables that scroll."""

    def __init__(self, md: markdown.Markdown, state: _State) -> None:
        super().__init__(md)
        self._state = state

    def run(self, root: ET.Element) -> None:
        """Change the tree of a page in place."""
        first = next(iter(root), None)
        if first is not None and first.tag == "h1":
            self._state.title = self._text(first)
            root.remove(first)
        self._order_headings(root)
        for element in list(root.iter()):
            if element.tag == "a" and "href" in element.attrib:
                self._check(element.get("href", ""), image=False)
            elif element.tag == "img":
                self._check(element.get("src", ""), image=True)
            elif element.tag in ("th", "td"):
                self._align(element)
        self._wrap_tables(root)

    def _text(self, element: ET.Element) -> str:
        """Return the words of an element; what the parser has put aside in it (code, raw HTML) is left out."""
        return unescape(re.sub(r"\x02[^\x03]*\x03", "", "".join(element.itertext()))).strip()

    def _order_headings(self, root: ET.Element) -> None:
        level = 1
        for element in root.iter():
            if element.tag in _HEADINGS:
                level = max(2, min(int(element.tag[1]), level + 1))
                element.tag = f"h{level}"
                self._state.headings.append(Heading(level=level, id=element.get("id", ""), text=self._text(element)))

    def _check(self, address: str, *, image: bool) -> None:
        """Let an address be refused that would be lost without a word in the allow-list; the others are asked for there."""
        if not sanitize.is_local(address) and (image or not sanitize.may_leave(address)):
            self._state.target(address, image)

    def _align(self, cell: ET.Element) -> None:
        side = cell.attrib.pop("align", "")
        cell.attrib.pop("style", None)
        if side in ("center", "right"):
            cell.set("class", f"{cell.get('class', '')} {side[0]}".strip())
        if cell.tag == "th":
            cell.set("scope", "col")

    def _wrap_tables(self, root: ET.Element) -> None:
        for parent in list(root.iter()):
            for at, child in enumerate(list(parent)):
                if child.tag == "table":
                    label = " / ".join(self._text(head) for head in child.iter("th"))[:80]
                    frame = ET.Element(
                        "div", {"class": "scroll", "role": "group", "tabindex": "0", "aria-label": f"Table: {label}"}
                    )
                    frame.tail, child.tail = child.tail, None
                    frame.append(child)
                    parent[at] = frame


def page_address(source: str) -> str:
    """Return the published path of a page by its path in ``content/``: ``notes/why.md`` → ``notes/why/index.html``."""
    stem = source.removesuffix(".md")
    head, _, last = stem.rpartition("/")
    if last in ("index", "README"):
        return f"{head}/index.html" if head else "index.html"
    return f"{stem}/index.html"


def joined_path(source: str, address: str) -> tuple[str, str]:
    """Return the path in ``content/`` that a link in `source` means, and its fragment; ``..`` in front says that it leaves."""
    path, _, fragment = address.partition("#")
    path = unquote(path.partition("?")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) if path else source, fragment
