"""A page as one file: styles and pictures inside, no script, no link that leads nowhere.

Made for mail and archives. It is the same page: only what needs other files is changed. Pure: the page and a function that
reads the site's files in, the text out.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote, urljoin

Read = Callable[[str], bytes | None]
"""Path relative to the version → the file's bytes, None where there is none."""

_TYPES: Final = {
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".gif": "image/gif",
}  # fmt: skip
_VOID: Final = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_LEFT_OUT: Final = frozenset({"script", "noscript", "nav", "iframe", "object", "embed", "base"})
_FRAME: Final = frozenset({"header", "footer"})
_PLAIN_LINKS: Final = (
    "<style>a:not([href]) { color: inherit; text-decoration: none; } "
    "figure .after a:not([href]), .more a:not([href]) { display: none; }</style>\n"
)
"""Links that lead nowhere are plain words; those that only name a file beside the page are not shown."""
_CSS_URL: Final = re.compile(r"""url\(\s*(["']?)(?P<target>[^"')]+)\1\s*\)""")
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


def one_file(html: str, path: str, *, read: Read, site_url: str = "") -> str:
    """Return the page at `path` as a file that needs no other.

    Links to other pages lead to `site_url` (the address of a version, ending in ``/``) or, without one, become plain words;
    navigation is left out, and a policy inside the file lets a browser load and run nothing.
    """
    maker = _Maker(path, read, site_url)
    maker.feed(html)
    maker.close()
    return "".join(maker.out)


class _Maker(HTMLParser):
    """Copies a page token by token, with what the file must not need replaced."""

    def __init__(self, path: str, read: Read, site_url: str) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._path = path
        self._read = read
        self._site_url = site_url
        self._skipping: list[str] = []
        self._frame: list[str] = []

    # -- tokens ---------------------------------------------------------------------------------------------------------------

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")

    def handle_data(self, data: str) -> None:
        self._put(data)

    def handle_entityref(self, name: str) -> None:
        self._put(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._put(f"&#{name};")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
            return
        if tag in _LEFT_OUT or (tag == "a" and self._frame and self._leads_nowhere(dict(attrs))):
            if tag not in _VOID:
                self._skipping.append(tag)
            return
        if tag in _FRAME:
            self._frame.append(tag)
        if tag == "link":
            self._link(dict(attrs))
            return
        self._put(self._tag(tag, attrs))
        if tag == "head":
            self._put(f'\n<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">')

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skipping and tag not in _LEFT_OUT and tag != "link":
            self._put(self._tag(tag, attrs, closed=tag not in _VOID))

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
            return
        if tag in _FRAME and self._frame:
            self._frame.pop()
        if tag == "head":
            self._put(_PLAIN_LINKS)
        if tag not in _VOID and tag not in _LEFT_OUT:
            self._put(f"</{tag}>")

    def _put(self, text: str) -> None:
        if not self._skipping:
            self.out.append(text)

    # -- what changes ---------------------------------------------------------------------------------------------------------

    def _tag(self, tag: str, attrs: list[tuple[str, str | None]], *, closed: bool = False) -> str:
        parts = [f"<{tag}"]
        for name, value in attrs:
            if name.startswith(("data-", "on")) or name in ("loading", "srcset", "ping", "action", "formaction"):
                continue
            kept = self._value(tag, name, value)
            if kept is not None:
                parts.append(f' {name}="{escape(kept)}"' if kept or value is not None else f" {name}")
        return "".join(parts) + ("/>" if closed else ">")

    def _value(self, tag: str, name: str, value: str | None) -> str | None:
        if value is None:
            return ""
        if name == "href":
            return self._target(value)
        if tag == "img" and name == "src":
            return self._data(value) or ""
        return value

    def _leads_nowhere(self, attrs: dict[str, str | None]) -> bool:
        """Whether a link of the page's head or foot has no use here; the name of the site stays."""
        return self._target(attrs.get("href") or "#") is None and "site" not in (attrs.get("class") or "").split()

    def _target(self, address: str) -> str | None:
        if address.startswith("#"):
            return address
        if _SCHEME.match(address):
            return address if address.lower().startswith(("http:", "https:", "mailto:")) else None
        return urljoin(self._site_url + self._path, address) if self._site_url else None

    def _link(self, attrs: dict[str, str | None]) -> None:
        address, kind = attrs.get("href") or "", (attrs.get("rel") or "").split()
        if "stylesheet" in kind:
            path = self._resolved(address)
            style = self._read(path) if path else None
            if path and style is not None:
                text = self._css(style.decode("utf-8", "replace"), path).replace("</", "<\\/")
                self._put(f"<style>\n{text}</style>")
        elif "icon" in kind and (picture := self._data(address)):
            self._put(f'<link rel="icon" href="{picture}">')
        elif "canonical" in kind and _SCHEME.match(address):
            self._put(f'<link rel="canonical" href="{escape(address)}">')

    def _css(self, text: str, path: str) -> str:
        def inside(match: re.Match[str]) -> str:
            target = match["target"]
            if target.startswith(("data:", "#")):
                return match.group()
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(target)))
            return f'url("{self._encoded(found) or "data:,"}")'

        return _CSS_URL.sub(inside, text)

    def _resolved(self, address: str) -> str | None:
        if not address or _SCHEME.match(address) or address.startswith("/"):
            return None
        plain = unquote(address.partition("#")[0].partition("?")[0])
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), plain))
        return None if path.startswith("..") else path

    def _data(self, address: str) -> str | None:
        if address.startswith("data:"):
            return address
        path = self._resolved(address)
        return self._encoded(path) if path else None

    def _encoded(self, path: str) -> str | None:
        kind = _TYPES.get(posixpath.splitext(path)[1].lower())
        content = self._read(path) if kind else None
        return f"data:{kind};base64,{base64.b64encode(content).decode()}" if content is not None else None
