"""Previews of files of numbers and settings: what no metric and no param holds, such as a list, is seen there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from reportgen.model import Attachment, Run
from reportgen.site import format as fmt
from reportgen.site.contexts.run import Preview
from reportgen.site.links import relative
from reportgen.site.pages.run_files import attached_path

_FILES = 8
_LINES = 60
_WIDTH = 160
"""Characters of a line; a list of numbers that is longer ends in an ellipsis."""
_LAID_OUT = 100_000
"""Bytes up to which JSON is laid out anew; a longer file is shown as it stands."""
_RAW = 8_000


class Peek(NamedTuple):
    """The first lines of a file, and how many more there are; -1 where they were not counted."""

    lines: tuple[str, ...]
    more: int


def wanted(attachment: Attachment) -> bool:
    """Tell whether the file is shown: numbers and settings that a reader took, or JSON that a run attached."""
    if attachment.state != "stored" or not attachment.sha256:
        return False
    kind = attachment.format.lower()
    return attachment.kind == "report" or (attachment.kind == "artifact" and kind == "json")


def peek(content: bytes, format_: str) -> Peek:
    """Return what is shown of a file: JSON laid out with lists in one line, anything else as it stands."""
    laid_out = _laid_out(content) if format_ == "json" and len(content) <= _LAID_OUT else None
    counted = laid_out is not None or len(content) <= _RAW
    text = laid_out if laid_out is not None else content[:_RAW].decode("utf-8", "replace")
    lines = text.removeprefix("\ufeff").splitlines()
    shown = tuple(line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…" for line in lines[:_LINES])
    return Peek(shown, max(0, len(lines) - _LINES) if counted else -1)


def _laid_out(content: bytes) -> str | None:
    try:
        return "\n".join(_lines(json.loads(content.decode("utf-8-sig")), ""))
    except (ValueError, RecursionError):
        return None


def _lines(value: Any, indent: str) -> list[str]:
    """Return JSON with a line for each entry; lists that hold no object stand in one line."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = [(json.dumps(name, ensure_ascii=False) + ": ", entry) for name, entry in value.items()]
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        items = [("", entry) for entry in value]
    else:
        return [json.dumps(value, ensure_ascii=False)]
    found = ["{" if isinstance(value, dict) else "["]
    for at, (name, entry) in enumerate(items):
        first, *rest = _lines(entry, inner)
        found += [f"{inner}{name}{first}", *rest]
        if at < len(items) - 1:
            found[-1] += ","
    return [*found, indent + ("}" if isinstance(value, dict) else "]")]


def previews(path: str, run: Run, peeks: Mapping[str, Peek]) -> tuple[Preview, ...]:
    """Return the previews of a run's files for its page at `path`, each file once."""
    files = {each.sha256 or "": each for each in run.attachments if wanted(each)}
    found = []
    for digest, attachment in list(files.items())[:_FILES]:
        shown = peeks.get(digest)
        if shown is None or not shown.lines:
            continue
        size = f", {fmt.size(attachment.size_bytes)}" if attachment.size_bytes is not None else ""
        cut = (
            f"{fmt.plural(shown.more, 'line')} more."
            if shown.more > 0
            else "Only its beginning is shown."
            if shown.more
            else ""
        )
        href = relative(path, attached_path(attachment, digest))
        found.append(Preview((attachment.path or attachment.name) + size, "\n".join(shown.lines), cut, href))
    return tuple(found)
