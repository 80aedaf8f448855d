"""Files of a run page: tables it logged, and what the build archived."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from reportgen.model import Artifact, Attachment, Build, Run
from reportgen.site import format as fmt
from reportgen.site.contexts.base import Cell, Column, Link, Row, Span, Table
from reportgen.site.links import attachment_path, relative
from reportgen.site.page import StoredFile
from reportgen.site.pages.base import Site

_ARTIFACTS = 60
_OF_RECORD = re.compile(r"(?:^|/)[^/]+-[0-9a-f]{8}/(?:events\.jsonl|metrics\.json|params\.json)$")
_IN_RECORD = re.compile(r"reportgen-results/(?P<run>[^/]+)-[0-9a-f]{8}/files/(?P<file>.+)", re.DOTALL)
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?")
_STATES = {
    "stored": "stored",
    "linked": "on Jenkins",
    "gone": "gone from Jenkins",
    "refused": "refused",
    "over limit": "on Jenkins",
    "unread": "not read",
}


class Rows(NamedTuple):
    """What a page shows of a table, and how large the whole is."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total_rows: int
    total_columns: int


def read_table(content: bytes, format_: str, *, rows: int, columns: int) -> Rows | None:
    """Return the first `rows` and `columns` of a CSV or TSV file with a head; None if it has none or cannot be read."""
    text = content.decode("utf-8-sig", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if format_ == "tsv" else ",")
    try:
        head = next(reader, [])
        kept: list[tuple[str, ...]] = []
        total = 0
        for record in reader:
            if not record:
                continue
            total += 1
            if len(kept) < rows:
                kept.append(tuple((record + [""] * len(head))[: min(len(head), columns)]))
    except csv.Error:
        return None
    return Rows(tuple(head[:columns]), tuple(kept), total, len(head)) if head else None


def tables(path: str, run: Run, read: Mapping[str, Rows]) -> tuple[tuple[Table, ...], tuple[tuple[str, str], ...]]:
    """Return the tables the run logged, and per table its title and the address of the whole file."""
    shown: list[Table] = []
    titles: list[tuple[str, str]] = []
    for attachment in run.attachments:
        rows = read.get(attachment.sha256 or "") if attachment.kind == "table" else None
        if rows is None:
            continue
        shown.append(_table(f"t-{len(shown) + 1}", attachment, rows))
        link = next(iter(link_to(path, attachment, "")), None)
        titles.append((readable(attachment), link.href if link else ""))
    return tuple(shown), tuple(titles)


def _table(name: str, attachment: Attachment, rows: Rows) -> Table:
    numeric = [_is_numeric(rows, index) for index in range(len(rows.columns))]
    specs = [_spec(rows, index) if numeric[index] else "" for index in range(len(rows.columns))]
    columns = tuple(
        Column(label or f"column {index + 1}", numeric[index], sort="num" if numeric[index] else "text")
        for index, label in enumerate(rows.columns)
    )
    body = tuple(
        Row(tuple(_cell(value, numeric[index], specs[index], head=index == 0) for index, value in enumerate(record)))
        for record in rows.rows
    )
    words = fmt.plural(rows.total_rows, "row")
    if rows.total_rows > len(rows.rows) or rows.total_columns > len(rows.columns):
        words = (
            f"The first {fmt.count(len(rows.rows))} of {fmt.plural(rows.total_rows, 'row')}, "
            f"{len(rows.columns)} of {fmt.plural(rows.total_columns, 'column')}"
        )
    caption = attachment.caption.rstrip(". ") + ". " if attachment.caption else ""
    return Table(name, (Span(f"{caption}{words}, as logged by the run."),), columns, body)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_numeric(rows: Rows, index: int) -> bool:
    filled = [record[index] for record in rows.rows if record[index].strip()]
    return bool(filled) and all(_number(text) is not None or text.lower() in ("nan", "inf", "-inf") for text in filled)


def _spec(rows: Rows, index: int) -> str:
    """Return the format of a numeric column, so that its points stand below one another; empty keeps the text."""
    texts = [text for record in rows.rows if (text := record[index].strip())]
    longest = max((len(text.partition(".")[2]) for text in texts), default=0)
    if longest > 4:
        return fmt.spec_for(_number(text) for text in texts)
    return f".{longest}f" if longest and all(_PLAIN.fullmatch(text) for text in texts) else ""


def _cell(value: str, numeric: bool, spec: str, *, head: bool) -> Cell:
    number = _number(value) if numeric else None
    text = fmt.number(number, spec) if number is not None and spec else value
    return Cell((Span(text),), "num" if numeric else ("" if head else "tx"), sort=value if numeric and spec else "")


_SPLITS = {
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "train": "training",
    "cv": "folds",
}


def readable(attachment: Attachment) -> str:
    """Return a heading for a chart or table: ``val-pr-curve.vl.json`` → "PR curve, validation"."""
    label = attachment.label or attachment.name
    if " " in label:
        return label
    stem = re.sub(r"(\.vl)?\.(json|csv|tsv|png|jpe?g|svg|webp|gif|parquet)$", "", label.rpartition("/")[2])
    first, mark, rest = stem.partition("-") if "-" in stem else stem.partition("_")
    split = _SPLITS.get(first.lower()) if mark and rest else None
    return f"{fmt.metric_title(rest)}, {split}" if split else fmt.metric_title(stem)


def link_to(path: str, attachment: Attachment, label: str) -> tuple[Link, ...]:
    """Return the link to a stored attachment; none where the bytes are not here."""
    if attachment.state != "stored" or not attachment.sha256:
        return ()
    return (Link(label, relative(path, attached_path(attachment, attachment.sha256))),)


_TEXT = frozenset({"jsonl", "log", "yaml", "yml", "toml", "py", "r", "sh", "html", "xml", "ipynb", "ini", "cfg"})
_ENDINGS = {"vega-lite": "json", "jpeg": "jpg", "markdown": "md"}


def stored_path(sha256: str, format_: str, name: str = "", *, is_figure: bool = False) -> str:
    """Return where a stored file is published, by its format and, where that says nothing, the ending of its name.

    A browser runs what is in an SVG that is opened, so only one that was looked at, as a figure's file, is published as one.
    """
    ending = _ENDINGS.get(format_, format_) or name.rpartition(".")[2].lower()
    return attachment_path(sha256, "txt" if ending == "svg" and not is_figure else ending, text=ending in _TEXT)


def attached_path(attachment: Attachment, sha256: str) -> str:
    """Return where the stored file of an attachment is published."""
    return stored_path(sha256, attachment.format, attachment.path, is_figure=attachment.kind == "figure")


def _figures(run: Run) -> frozenset[str | None]:
    """Return the digests of the pictures that may be shown."""
    return frozenset([each.sha256 for each in run.attachments if each.kind == "figure" and each.state == "stored"])


def artifacts(site: Site, path: str, build: Build, run: Run) -> Table | None:
    """Return the files of the build: size, digest and where they are; None without any."""
    if not build.artifacts and not run.attachments:
        return None
    ours = [artifact for artifact in build.artifacts if not _OF_RECORD.search(artifact.path)]
    known = {artifact.path for artifact in ours}
    extra = [
        Artifact(path=a.path or a.name, state=a.state, sha256=a.sha256, size_bytes=a.size_bytes, reason=a.reason)
        for a in run.attachments
        if a.path not in known
    ]
    files = [*ours, *extra]
    if not files:
        return None
    brought = {file.sha256: file.path for file in brought_along(site, build, run)}
    rows = tuple(_artifact(site, path, build, artifact, brought) for artifact in files[:_ARTIFACTS])
    more = f", the first {_ARTIFACTS} shown" if len(files) > _ARTIFACTS else ""
    columns = (Column("File", sort="text"), Column("Size", num=True, sort="num"), Column("SHA-256"), Column("Where"))
    return Table("c-art", (Span(f"{fmt.plural(len(files), 'file')} of this build{more}."),), columns, rows)


def _short(path: str, *, several: bool) -> str:
    """Return the path of a file without the directory of the record it belongs to; of `several` runs, with the run's name."""
    found = _IN_RECORD.fullmatch(path)
    if found is None:
        return path
    return f"{found['run']}/{found['file']}" if several else found["file"]


def _artifact(site: Site, path: str, build: Build, artifact: Artifact, brought: Mapping[str, str]) -> Row:
    on_jenkins = "" if build.gone_since else site.on_jenkins(build.job, build.number, f"artifact/{artifact.path}")
    href = ""
    name = _short(artifact.path, several=len(build.runs) > 1)
    stored = brought.get(artifact.sha256 or "")
    if artifact.state == "stored" and stored:
        href = relative(path, stored)
    elif artifact.state in ("linked", "over limit", "unread"):
        href = on_jenkins
    size = Cell((Span(fmt.size(artifact.size_bytes)),), "num", sort=str(artifact.size_bytes or ""))
    where = _STATES[artifact.state]
    if artifact.state in ("over limit", "refused", "gone"):
        reason = artifact.reason or ("over the limit" if artifact.state == "over limit" else "")
        cells = (Cell((Span(name, href),), "any"), size, Cell((Span(reason),), "why"), Cell((Span(where),)))
        return Row(cells, "miss")
    digest = Cell((Span(fmt.short_digest(artifact.sha256)),), "mono")
    if artifact.state == "stored" and on_jenkins:
        there = (Span("stored, "), Span("on Jenkins", on_jenkins))
        return Row((Cell((Span(name, href),), "any"), size, digest, Cell(there)))
    return Row((Cell((Span(name, href),), "any"), size, digest, Cell((Span(where),))))


def journal(site: Site, run: Run) -> str:
    """Return the digest of a run's raw record; empty where there is none, or where it names a person and people are hidden."""
    named = any(decision.by for decision in run.decisions)
    return (run.journal or "") if site.people or not named else ""


def brought_along(site: Site, build: Build, run: Run) -> tuple[StoredFile, ...]:
    """Return the stored files that the page of the run shows or links to, each once."""
    figures = _figures(run)
    hidden = {each.journal for each in build.runs if not journal(site, each)}
    stored = [each for each in run.attachments if each.state == "stored" and each.sha256]
    paths = {(attached_path(each, each.sha256 or ""), each.sha256 or "") for each in stored}
    paths |= {
        (stored_path(each.sha256, "", each.path, is_figure=each.sha256 in figures), each.sha256)
        for each in build.artifacts[:_ARTIFACTS]
        if each.state == "stored" and each.sha256
    }
    if record := journal(site, run):
        paths.add((stored_path(record, "txt"), record))
    return tuple(StoredFile(path, digest) for path, digest in sorted(paths) if digest not in hidden)
