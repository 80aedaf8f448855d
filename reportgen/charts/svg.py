"""From the renderer's SVG to the file that is published: same bytes each time, small, and at home on a dark screen."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from reportgen.charts import theme

_COUNTED_ID: Final = re.compile(r"""(?P<lead>\bid="|url\(#|href="#)(?P<kind>gradient_|clip)(?P<number>\d+)""")
_PATH: Final = re.compile(r'(?<=\sd=")[^"]+')
_LONG_NUMBER: Final = re.compile(r"-?\d*\.\d{3,}(?:e-?\d+)?|-?\d+(?:\.\d+)?e-\d+")
_OPENING: Final = re.compile(r"<svg\b[^>]*>")
_FONT: Final = re.compile(r' font-family="sans-serif"')
_BLACK: Final = ("#000", "#000000", "black")


def dark_rules() -> str:
    """Return the CSS rules that give each theme colour its dark partner, for fills and strokes."""
    pairs = [*theme.DARK.items(), *((black, theme.DARK[theme.INK]) for black in _BLACK)]
    return "".join(
        f'[{attribute}="{light}"]{{{attribute}:{dark}}}' for light, dark in pairs for attribute in ("fill", "stroke")
    )


_STYLE: Final = (
    f"<style>text{{font-family:{theme.SANS}}}@media screen and (prefers-color-scheme:dark){{{dark_rules()}}}</style>"
)


def _short(match: re.Match[str]) -> str:
    number = f"{float(match.group()):.2f}".rstrip("0").rstrip(".")
    return "0" if number in ("-0", "") else number


def _renumbered(svg: str) -> str:
    """Number the ids of gradients and clips from 0 in the order they appear: the renderer counts over its whole life."""
    seen: dict[tuple[str, str], int] = {}

    def replace(match: re.Match[str]) -> str:
        kind = match["kind"]
        number = seen.setdefault((kind, match["number"]), sum(1 for known in seen if known[0] == kind))
        return f"{match['lead']}{kind}{number}"

    return _COUNTED_ID.sub(replace, svg)


def finish(svg: str, *, title: str = "") -> bytes:
    """Return the file for a rendered chart.

    Coordinates are rounded to two digits inside paths (never in text, where "0.735" is a number somebody reads), generated ids
    are counted from 0, and a title and the style for dark screens are put in front.
    """
    svg = _PATH.sub(lambda path: _LONG_NUMBER.sub(_short, path.group()), _FONT.sub("", _renumbered(svg)))
    heading = f"<title>{escape(title)}</title>" if title else ""
    return (_OPENING.sub(lambda tag: tag.group() + heading + _STYLE, svg, count=1) + "\n").encode()


def placeholder(message: str, *, width: int = 320, height: int = 96) -> bytes:
    """Return a drawing that says in words why there is no chart."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<title>{escape(message)}</title>{_STYLE}"
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="4" '
        f'fill="none" stroke="{theme.EDGE}" stroke-dasharray="4 4"/>'
        f'<text x="16" y="{height // 2 + 5}" font-size="13" fill="{theme.INK3}">{escape(message)}</text></svg>\n'
    ).encode()


_SIZE: Final = re.compile(rb'<svg\b[^>]*?\bwidth="([\d.]+)"[^>]*?\bheight="([\d.]+)"')


def size_of(svg: bytes) -> tuple[int, int] | None:
    """Return the width and height a drawing gives itself, in whole pixels, or None."""
    found = _SIZE.search(svg[:2000])
    return (round(float(found[1])), round(float(found[2]))) if found else None
