"""The allow-lists of HTML. Whatever made the HTML, only what stands here reaches a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import nh3

_SCHEMES: Final = {"http", "https", "mailto"}
_TOLD_SCHEMES: Final = {"data", "file", "ftp", "tel"}
"""Harmless and not published either, but people write them: they reach whoever can say so."""
_TEXT: Final = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "div", "dl", "dt", "em", "figcaption",
    "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp",
    "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_DROPPED_WITH_CONTENT: Final = {"script", "style", "noscript", "iframe", "object", "embed", "template", "svg", "math", "title"}

_NOTE_TAGS: Final = _TEXT - {"figure", "figcaption", "small", "span", "div", "u", "h2"} | {"img"}
_NOTE_ATTRIBUTES: Final = {
    "a": {"href", "title"}, "img": {"src", "alt"}, "ol": {"start"}, "th": {"align", "class", "scope"}, "td": {"align", "class"},
}  # fmt: skip
_NOTE_CLASSES: Final = {"th": {"c", "r"}, "td": {"c", "r"}}

_LINE_TAGS: Final = {"a", "b", "br", "code", "del", "em", "i", "ins", "kbd", "mark", "s", "strong", "sub", "sup"}

_PAGE_TAGS: Final = _TEXT | {"img", "details", "summary"}
_PAGE_ATTRIBUTES: Final = {
    "*": {"class", "id", "title", "lang", "dir", "role", "aria-label", "aria-hidden"}, "a": {"href"}, "abbr": {"title"},
    "img": {"src", "alt", "width", "height"}, "ol": {"start", "type", "reversed"}, "li": {"value"}, "details": {"open"},
    "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}, "div": {"tabindex"}, "q": {"cite"},
}  # fmt: skip
_PLAIN_WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SLUG: Final = re.compile(r"[^a-z0-9_-]+")
PREFIX: Final = "t-"
"""In front of every id of a page's text, so that none can be taken for one of the page's frame."""
Target = Callable[[str, bool], str]
"""Address of a link, or of a picture (True), as written → address to publish; may raise what the caller wants raised."""


def is_local(address: str) -> bool:
    """Say whether an address stays on the site: no scheme, no host, no backslash that browsers read as a slash."""
    text = address.strip()
    return not (_SCHEME.match(text) or text.startswith(("//", "\\", "/\\")) or "\\" in text or "%5c" in text.lower())


def may_leave(address: str) -> bool:
    """Say whether an address may lead away from the site: its scheme is one of http, https and mailto."""
    scheme = _SCHEME.match(address.strip())
    return scheme is not None and scheme[0][:-1].lower() in _SCHEMES


def anchor(text: str) -> str:
    """Return `text` as an id of page text."""
    return PREFIX + (_SLUG.sub("-", text.lower()).strip("-") or "x")


def clean_note(html: str) -> str:
    """Return the HTML of a note: no id, no class, links only to http, https and mailto, images only from the site."""
    rel = "nofollow noopener noreferrer"
    return _cleaned(html, tags=_NOTE_TAGS, attributes=_NOTE_ATTRIBUTES, keep=_note_attribute, rel=rel)


def clean_line(html: str) -> str:
    """Return what may stand within a paragraph: words with emphasis, and links only to http, https and mailto."""
    rel = "nofollow noopener noreferrer"
    return _cleaned(html, tags=_LINE_TAGS, attributes={"a": {"href"}}, keep=_note_attribute, rel=rel)


def clean_text(html: str) -> str:
    """Return the words of HTML, special characters still escaped."""
    return _cleaned(html, tags=set(), attributes={}, keep=lambda _tag, _name, _value: None)


def clean_page(html: str, target: Target) -> tuple[str, tuple[str, ...]]:
    """Return the HTML of a content page and the ids in it: ids get a prefix, classes are plain words.

    `target` is asked for the address of every link and picture, however it was written; what it raises is raised.
    """
    ids: list[str] = []
    problems: list[Exception] = []

    def keep(tag: str, name: str, value: str) -> str | None:
        if tag not in _PAGE_TAGS:  # asked for all the same, then taken away
            return None
        if name == "id":
            ids.append(anchor(value))
            return ids[-1]
        if name not in ("href", "src"):
            return _page_attribute(name, value)
        try:
            return target(value, tag == "img")
        except Exception as problem:  # noqa: BLE001 - what is raised in here would be lost
            problems.append(problem)
            return None

    cleaned = _cleaned(html, tags=_PAGE_TAGS, attributes=_PAGE_ATTRIBUTES, keep=keep, schemes=_SCHEMES | _TOLD_SCHEMES)
    if problems:
        raise problems[0]
    return cleaned, tuple(ids)


def _cleaned(
    html: str,
    *,
    tags: set[str],
    attributes: dict[str, set[str]],
    keep: Callable[[str, str, str], str | None],
    schemes: set[str] = _SCHEMES,
    rel: str | None = None,
) -> str:
    return nh3.clean(
        html,
        tags=tags,
        attributes=attributes,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attribute_filter=keep,
        url_schemes=schemes,
        link_rel=rel,
        strip_comments=True,
    )


def _note_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if value in _NOTE_CLASSES.get(tag, ()) else None
    if name == "src":
        return value if is_local(value) else None
    if name == "href":
        return value if _SCHEME.match(value.strip()) else None
    return value


def _page_attribute(name: str, value: str) -> str | None:
    if name == "class":
        return " ".join(word for word in value.split() if _PLAIN_WORD.fullmatch(word)) or None
    if name == "role":
        return (
            value if value in ("group", "note", "doc-endnotes", "doc-backlink", "doc-noteref", "img", "presentation") else None
        )
    if name == "tabindex":
        return value if value == "0" else None
    if name == "cite":
        return value if may_leave(value) else None
    return value
