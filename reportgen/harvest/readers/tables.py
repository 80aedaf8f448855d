"""CSV and TSV files: attachments that the site shows as tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from itertools import islice

from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult, join
from reportgen.harvest.strict import BadJson, decode_text
from reportgen.model import Attachment

LONGEST_CELL = 100_000
LONGEST_ROW = 2_000_000
MOST_COLUMNS = 16_384
_LOOKED_AT = 4_000_000


def read_tables(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return a table per file; what is no text, or of no table's shape, is set aside."""
    results = []
    for path in sorted(files):
        name = path.rsplit("/", 1)[-1]
        stem, _, ending = name.rpartition(".")
        reason = table_problem(files[path], "\t" if ending.lower() == "tsv" else ",", context.limits.table_rows)
        if reason:
            results.append(ReadResult.quarantined(path, reason))
        else:
            table = Attachment(kind="table", name=stem or name, label=name, format=ending.lower(), path=path)
            results.append(ReadResult(attachments=(table,)))
    return join(results)


def table_problem(content: bytes, separator: str, rows: int) -> str | None:
    """Return why bytes are no table, or None; the beginning that a page would show is looked at."""
    head = content[:_LOOKED_AT]
    if len(head) < len(content):
        whole = head.rfind(b"\n") + 1
        if len(head) - whole > LONGEST_ROW:
            return f"a row of more than {LONGEST_ROW:,} bytes"
        head = head[:whole]
    try:
        text = decode_text(head)
    except BadJson as problem:
        return str(problem)
    if "\0" in text:
        return "no text: it holds a NUL character"
    if not text.strip():
        return "empty"
    try:
        for number, row in enumerate(islice(csv.reader(text.splitlines(keepends=True), delimiter=separator), rows + 1), 1):
            if len(row) > MOST_COLUMNS:
                return f"row {number} has {len(row):,} cells, over the limit of {MOST_COLUMNS:,}"
            longest = max(map(len, row), default=0)
            if longest > LONGEST_CELL:
                return f"row {number} has a cell of {longest:,} characters, over the limit of {LONGEST_CELL:,}"
    except csv.Error as problem:
        return f"no table: {problem}"
    return None


TABLES = Reader(name="table", matches=lambda path: path.lower().endswith((".csv", ".tsv")), read=read_tables)
