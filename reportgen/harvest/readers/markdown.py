"""Markdown files: notes of the run."""

from __future__ import annotations

from collections.abc import Mapping

from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size, join
from reportgen.harvest.strict import BadJson, clean_text, decode_text


def read_markdown(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return a note per file; it is rendered and made safe by the site."""
    return join([_note(path, files[path], context) for path in sorted(files)])


def _note(path: str, content: bytes, context: ReadContext) -> ReadResult:
    try:
        check_size(content, context.limits.markdown)
        text = clean_text(decode_text(content)).replace("\0", "\N{REPLACEMENT CHARACTER}")
    except (BadJson, OverLimit) as problem:
        return ReadResult.quarantined(path, problem)
    return ReadResult(notes=(text,)) if text.strip() else ReadResult()


MARKDOWN = Reader(name="markdown", matches=lambda path: path.lower().endswith((".md", ".markdown")), read=read_markdown)
