"""Pictures: what their headers say, without decoding them, and whether they may be shown.

PNG, JPEG, GIF, WebP and SVG. A picture is refused that is larger than the limits, that is not what its name says it is, that
carries bytes behind its end, or, as SVG, anything that could run, load or be typed into.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from reportgen.config import Limits
from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size, join
from reportgen.harvest.readers.xml_guard import Attributes, BadXml, parse
from reportgen.model import Attachment, Problem

MOST_SIDE = 16_384
MOST_FRAMES = 200
FORMATS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp", "svg": "svg"}
_SVG_DTD = "-//W3C//DTD SVG"
_SVG_ELEMENTS_REFUSED = frozenset({
    "script", "foreignobject", "iframe", "object", "embed", "audio", "video", "animate", "animatetransform", "animatemotion",
    "animatecolor", "set", "handler", "listener", "discard", "html", "form", "input", "link", "meta", "base",
})  # fmt: skip
_PICTURE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_CSS_REFERENCE = re.compile(r"url\(\s*['\"]?(?!#)[^)]|@import|expression\(|-moz-binding|image-set|\\", re.IGNORECASE)
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_NUMBER = re.compile(r"\s*([0-9.]+)")


class BadImage(ValueError):
    """The picture is not shown; the message says why."""


class Picture(NamedTuple):
    """What a header says: format, width and height in pixels (of an SVG as drawn, or 0)."""

    format: str
    width: int
    height: int


def inspect_picture(content: bytes, limits: Limits) -> Picture:
    """Return what a picture is; BadImage or OverLimit says why it may not be shown."""
    check_size(content, limits.image)
    picture = _by_content(content)
    if max(picture.width, picture.height) > MOST_SIDE:
        raise BadImage(f"{picture.width:,} × {picture.height:,} pixels: a side is over the limit of {MOST_SIDE:,}")
    if picture.width * picture.height > limits.image_pixels:
        raise OverLimit(f"{picture.width:,} × {picture.height:,} pixels are over the limit of {limits.image_pixels:,}")
    return picture


def _by_content(content: bytes) -> Picture:
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(content)
        if content.startswith(b"\xff\xd8\xff"):
            return _jpeg(content)
        if content[:6] in (b"GIF87a", b"GIF89a"):
            return _gif(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        raise BadImage("the picture ends before its header does") from None
    head = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg", b"<!doctype svg")) and b"<" in head:
        return _svg(content)
    raise BadImage("no picture: the first bytes are not those of PNG, JPEG, GIF, WebP or SVG")


def _png(content: bytes) -> Picture:
    width, height = struct.unpack_from(">II", content, 16)
    if content[12:16] != b"IHDR" or not width or not height:
        raise BadImage("a PNG without a header")
    position = 8
    while position < len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        position += 12 + length
        if kind == b"IEND" and position <= len(content):
            _nothing_behind(content, position)
            return Picture("png", width, height)
    raise BadImage("a PNG that is cut off")


def _jpeg(content: bytes) -> Picture:
    size: tuple[int, int] | None = None
    position = 2
    while True:
        if content[position] != 0xFF:
            raise BadImage("a JPEG with bytes between its segments")
        marker = content[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", content, position + 2)
        if length < 2:
            raise BadImage("a JPEG with a segment of no length")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, position + 5)
            size = (width, height)
        position += 2 + length
        if marker == 0xDA:
            position = _after_scan(content, position)
    if size is None or not all(size):
        raise BadImage("a JPEG that has no frame")
    _nothing_behind(content, position + 2)
    return Picture("jpeg", *size)


def _after_scan(content: bytes, position: int) -> int:
    """Return the place of the marker that ends the entropy-coded data which begin at `position`."""
    found = _MARKER.search(content, position)
    if found is None:
        raise BadImage("a JPEG that is cut off")
    return found.start()


def _gif(content: bytes) -> Picture:
    width, height, flags = struct.unpack_from("<HHB", content, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    frames = 0
    while content[position] != 0x3B:
        if content[position] == 0x2C:
            frames += 1
            local = content[position + 9]
            position += 10 + (3 << ((local & 7) + 1) if local & 0x80 else 0) + 1
        elif content[position] == 0x21:
            position += 2
        else:
            raise BadImage("a GIF with an unknown block")
        while content[position]:
            position += content[position] + 1
        position += 1
        if frames > MOST_FRAMES:
            raise BadImage(f"a GIF of more than {MOST_FRAMES} pictures")
    _nothing_behind(content, position + 1)
    return Picture("gif", width, height)


def _webp(content: bytes) -> Picture:
    (length,) = struct.unpack_from("<I", content, 4)
    if length + 8 > len(content):
        raise BadImage("a WebP that is cut off")
    _nothing_behind(content, length + 8 + (length & 1))
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return Picture("webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return Picture("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(content[24:27], "little") + 1
        return Picture("webp", width, int.from_bytes(content[27:30], "little") + 1)
    raise BadImage("a WebP of an unknown kind")


def _nothing_behind(content: bytes, end: int) -> None:
    if content[end:].strip(b"\0\r\n"):
        raise BadImage(f"{len(content) - end:,} bytes stand behind the end of the picture")


def _svg(content: bytes) -> Picture:
    size = [0, 0]
    state = {"depth": 0, "style": False}

    def start(tag: str, attributes: Attributes) -> None:
        name = tag.rpartition(":")[2].lower()
        if state["depth"] == 0:
            if name != "svg":
                raise BadXml(f"no SVG: it begins with <{name[:80]}>")
            size[:] = _svg_size(attributes)
        state["depth"] += 1
        state["style"] = name == "style"
        if name in _SVG_ELEMENTS_REFUSED:
            raise BadXml(f"an SVG with <{name}> is not shown")
        for key, value in attributes.items():
            _check_svg_attribute(name, key.rpartition(":")[2].lower(), value)

    def end(_tag: str) -> None:
        state["style"] = False

    def text(part: str) -> None:
        if state["style"] and _CSS_REFERENCE.search(part):
            raise BadXml("an SVG whose style refers to something outside is not shown")

    if b"<?xml-stylesheet" in content:
        raise BadImage("an SVG with a style sheet of its own is not shown")
    try:
        parse(content, start=start, end=end, text=text, public_dtd=_SVG_DTD, longest_attribute=len(content))
    except BadXml as problem:
        raise BadImage(str(problem)) from None
    return Picture("svg", size[0], size[1])


def _check_svg_attribute(element: str, name: str, value: str) -> None:
    if name.startswith("on"):
        raise BadXml(f"an SVG with a handler ({name[:40]}) is not shown")
    if name in {"href", "src"}:
        outside = not (value.startswith("#") or (element in {"image", "feimage"} and _PICTURE_DATA.fullmatch(value)))
        if outside and element != "a":
            raise BadXml("an SVG that refers to something outside is not shown")
        if element == "a" and re.sub(r"[\s\x00-\x1f]", "", value).lower().startswith(("javascript:", "vbscript:", "data:")):
            raise BadXml("an SVG with a link that runs something is not shown")
    elif "(" in value and _CSS_REFERENCE.search(value):
        raise BadXml("an SVG whose style refers to something outside is not shown")


def _svg_size(attributes: Attributes) -> tuple[int, int]:
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = []
    for name, place in (("width", 2), ("height", 3)):
        given = attributes.get(name, "")
        found = _NUMBER.match(given) if "%" not in given else None
        found = found or (_NUMBER.match(box[place]) if len(box) == 4 else None)
        try:
            sides.append(min(round(float(found[1])), 1 << 31) if found else 0)
        except ValueError:
            sides.append(0)
    return sides[0], sides[1]


def checked(
    attachments: Iterable[Attachment], files: Mapping[str, bytes], limits: Limits
) -> tuple[tuple[Attachment, ...], list[Problem]]:
    """Return the attachments, and a problem for each figure that is refused.

    Refused is one whose file may not be shown, or is of another format than it says.
    """
    kept: list[Attachment] = []
    problems: list[Problem] = []
    for attachment in attachments:
        why = _refusal(attachment, files, limits)
        if why is not None:
            kept.append(replace(attachment, state="refused", reason=str(why)))
            problems.append(Problem(path=attachment.path, reason=str(why), over_limit=isinstance(why, OverLimit)))
            continue
        kept.append(attachment)
        if attachment.kind == "figure" and attachment.state == "refused":
            problems.append(Problem(path=attachment.path, reason=attachment.reason or "refused"))
    return tuple(kept), problems


def _refusal(attachment: Attachment, files: Mapping[str, bytes], limits: Limits) -> ValueError | None:
    content = files.get(attachment.path)
    if attachment.kind != "figure" or attachment.state != "stored" or content is None:
        return None
    try:
        picture = inspect_picture(content, limits)
    except (BadImage, OverLimit) as problem:
        return problem
    if picture.format != FORMATS.get(attachment.format, ""):
        return BadImage(f"logged as {attachment.format[:20]}, and the file is a {picture.format.upper()}")
    return None


def read_images(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return a figure per picture that may be shown; the others are set aside."""
    results = []
    for path in sorted(files):
        name = path.rsplit("/", 1)[-1]
        stem, _, ending = name.rpartition(".")
        try:
            picture = inspect_picture(files[path], context.limits)
        except (BadImage, OverLimit) as problem:
            results.append(ReadResult.quarantined(path, problem))
            continue
        if picture.format != FORMATS[ending.lower()]:
            reason = f"the name ends in .{ending}, and the file is a {picture.format.upper()}"
            results.append(ReadResult.quarantined(path, reason))
            continue
        figure = Attachment(kind="figure", name=stem or name, label=name, format=picture.format, path=path)
        results.append(ReadResult(attachments=(figure,)))
    return join(results)


IMAGES = Reader(name="image", matches=lambda path: path.rpartition(".")[2].lower() in FORMATS and "." in path, read=read_images)
