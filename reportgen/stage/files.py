"""Files of a record: copied or written into ``files/`` while their digest is taken, whatever their size in constant memory."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage.values import nameless, word

CHUNK = 1 << 20


class Digest(NamedTuple):
    """SHA-256 in hex and size in bytes; rows of a CSV or TSV file where they were counted."""

    sha256: str
    size: int
    rows: int | None = None


class Unreadable(RecordError):
    """A file that a step names is not there or cannot be read: no misuse, so the work goes on unless the run is strict."""


def existing(path: str | os.PathLike[str], what: str, *, directory: bool = False) -> Path:
    """Return the path of a file (or directory, where allowed).

    Unreadable if there is none; RecordError if it is of another kind or `path` is no path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise RecordError(f"{what} is named by a path, not {type(path).__name__}", hint="save it to a file first")
    found = Path(path)
    with readable(what, path):
        try:
            mode = os.stat(found).st_mode  # noqa: PTH116 - a path's own tests hide why it cannot be looked at
        except ValueError as problem:
            raise RecordError(f"{what}: {os.fspath(path)!r} is no path: {problem}") from None
    if stat.S_ISREG(mode) or (directory and stat.S_ISDIR(mode)):
        return found
    state = "is a directory" if stat.S_ISDIR(mode) else "is no regular file"
    raise RecordError(f"{what}: {os.fspath(path)!r} {state}")


@contextmanager
def readable(what: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system says against reading into Unreadable, with what was to be read and why it was not."""
    try:
        yield
    except OSError as problem:
        name = os.fspath(problem.filename if isinstance(problem.filename, (str, os.PathLike)) else path)
        if isinstance(problem, FileNotFoundError):
            raise Unreadable(f"{what}: {name!r} does not exist", hint=f"paths are looked up from {_here()}") from None
        raise Unreadable(f"{what}: {name!r} cannot be read: {problem.strerror or problem}") from None


def _here() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return "a directory that is gone"


def digest_file(path: Path, *, count_rows: bool = False) -> Digest:
    """Return digest and size of a file; with `count_rows` also its lines, line breaks inside quotes not counted."""
    sha = hashlib.sha256()
    size = lines = quotes = 0
    last = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sha.update(chunk)
            size += len(chunk)
            if count_rows:
                parts = chunk.split(b'"')
                lines += sum(part.count(b"\n") for part in parts[quotes % 2 :: 2])
                quotes += len(parts) - 1
                last = chunk[-1:]
    return Digest(sha.hexdigest(), size, lines + (last != b"\n") if count_rows else None)


def digest_tree(directory: Path) -> Digest:
    """Return digest and size of a directory: of the list of its files' digests and relative paths, in order of the paths."""
    sha = hashlib.sha256()
    size = 0
    found = [Path(parent, name) for parent, _, names in os.walk(directory, onerror=_refuse) for name in names]
    for name, path in sorted((path.relative_to(directory).as_posix(), path) for path in found):
        if path.is_file() or not os.path.lexists(path):  # one that is gone since must not make a smaller data set
            digest = digest_file(path)
            sha.update(digest.sha256.encode() + b"  " + name.encode("utf-8", "backslashreplace") + b"\n")
            size += digest.size
    return Digest(sha.hexdigest(), size)


def _refuse(problem: OSError) -> None:
    raise problem


def header(path: Path, delimiter: str = ",") -> int | None:
    """Return the number of columns in the first line of a CSV file; None where that is no line of a table."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        line = file.readline(CHUNK)
    try:
        return len(next(csv.reader(io.StringIO(line), delimiter=delimiter), []))
    except csv.Error:
        return None


class Folder:
    """The ``files/`` directory of one record."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / record.FILES

    def add(self, name: str, suffix: str, chunks: Iterable[bytes]) -> dict[str, Any]:
        """Write a new file and return the event's ``file``, ``sha256`` and ``size``; a taken name gets ``-2``, ``-3`` …"""
        self.path.mkdir(parents=True, exist_ok=True)
        file, descriptor = self._open(record.safe_part(name.removesuffix(suffix)), suffix)
        sha = hashlib.sha256()
        size = 0
        try:
            with os.fdopen(descriptor, "wb") as target:
                for chunk in chunks:
                    target.write(chunk)
                    sha.update(chunk)
                    size += len(chunk)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        return {"file": f"{record.FILES}/{file.name}", "sha256": sha.hexdigest(), "size": size}

    def add_copy(self, name: str, source: Path) -> dict[str, Any]:
        """Copy a file in; its suffix is kept."""
        suffix = "." + record.safe_part(source.suffix[1:].lower()) if source.suffix else ""
        return self.add(name, suffix, _chunks(source))

    def _open(self, stem: str, suffix: str) -> tuple[Path, int]:
        number = 1
        while True:
            file = self.path / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
            try:
                return file, os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
            except FileExistsError:
                number += 1


def _chunks(path: Path) -> Iterator[bytes]:
    with readable("file", path):
        file = path.open("rb")
    with file:
        while True:
            with readable("file", path):
                chunk = file.read(CHUNK)
            if not chunk:
                return
            yield chunk


def table_chunks(table: Any, columns: Sequence[str] | None = None, *, exact: bool = False) -> Iterator[bytes]:
    """Yield the CSV text of a pandas or polars frame, a list of dicts or of rows, or a dict of columns; RecordError for
    others.

    A cell that cannot be shown is written as its type; with `exact`, a frame that has one raises what the cell does.
    """
    if hasattr(table, "to_csv") and hasattr(table, "iloc"):
        return _pandas_chunks(table, exact=exact)
    if hasattr(table, "write_csv"):
        return _polars_chunks(table, exact=exact)
    if isinstance(table, Mapping):
        heads = [word(key) for key in table]
        flat = [head for head, column in table.items() if isinstance(column, (str, bytes)) or not hasattr(column, "__iter__")]
        if flat:
            raise RecordError(f"a table's column {flat[0]!r:.80} is no list of cells", hint="one row: pass [{...}]")
        values = [list(column) for column in table.values()]
        if len({len(column) for column in values}) > 1:
            lengths = ", ".join(f"{head} {len(column)}" for head, column in zip(heads, values, strict=True))
            raise RecordError(f"a table's columns are of unequal length: {lengths}")
        return _rows_chunks(heads, zip(*values, strict=True))
    if isinstance(table, (str, bytes)) or not hasattr(table, "__iter__"):
        raise RecordError(
            "a table is a DataFrame, a list of dicts or of rows, a dict of columns or the path of a CSV file, "
            f"not {type(table).__name__}"
        )
    rows = list(table)
    if all(isinstance(row, Mapping) for row in rows):
        keys = list(columns) if columns else list(dict.fromkeys(key for row in rows for key in row))
        return _rows_chunks([word(key) for key in keys], ([row.get(key, "") for key in keys] for row in rows))
    if columns is None:
        raise RecordError("a table of plain rows needs columns=[...]")
    if any(isinstance(row, (str, bytes)) or not hasattr(row, "__len__") or len(row) != len(columns) for row in rows):
        raise RecordError(f"every row of a table has as many cells as there are columns ({len(columns)})")
    return _rows_chunks([word(column) for column in columns], rows)


def _rows_chunks(heads: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        cells = ["" if cell is None else cell for cell in row]
        try:
            writer.writerow(cells)
        except Exception:  # noqa: BLE001 - a cell that cannot be shown must not cost the table, nor stop the training
            writer.writerow([word(cell) for cell in cells])
        if buffer.tell() >= CHUNK:
            yield buffer.getvalue().encode("utf-8", "backslashreplace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "backslashreplace")


def _pandas_chunks(frame: Any, *, exact: bool = False) -> Iterator[bytes]:
    named = any(name is not None for name in frame.index.names)
    index = named or type(frame.index).__name__ != "RangeIndex"
    for start in range(0, max(len(frame), 1), 50_000):
        part = frame.iloc[start : start + 50_000]
        options = {"index": index, "header": not start, "lineterminator": "\n"}
        try:
            text = part.to_csv(**options)
        except Exception:
            if exact:
                raise
            text = _legible(part).to_csv(**options)
        yield text.encode("utf-8", "backslashreplace")


def _legible(frame: Any) -> Any:
    """Return a pandas frame with the type in angle brackets in place of each cell that cannot be shown."""
    frame = frame.copy()
    for place, kind in enumerate(map(str, frame.dtypes)):
        if kind == "category":
            frame.isetitem(place, frame.iloc[:, place].astype(object))
        if kind in {"object", "category"}:
            for row, cell in enumerate(frame.iloc[:, place]):
                try:
                    str(cell)
                except Exception:  # noqa: BLE001 - as in `_rows_chunks`
                    frame.iat[row, place] = nameless(cell)
    return frame


def _polars_chunks(frame: Any, *, exact: bool = False) -> Iterator[bytes]:
    """Yield the CSV text of a polars frame; lists, bytes, objects and durations, which polars does not write, as their
    `str`."""
    text = str if exact else word
    for start in range(0, max(len(frame), 1), 50_000):
        part = frame.slice(start, 50_000)
        for name, kind in part.schema.items():
            if kind.is_nested() or str(kind).partition("(")[0] in {"Object", "Binary", "Duration"}:
                cells = [None if cell is None else text(cell) for cell in part[name].to_list()]
                part = part.with_columns(type(part[name])(name, cells, dtype=sys.modules["polars"].String))
        yield part.write_csv(include_header=not start).encode()


def digest_frame(frame: Any) -> Digest:
    """Return the digest of a frame: of the CSV text that `table_chunks` makes of it."""
    sha = hashlib.sha256()
    size = 0
    for chunk in table_chunks(frame, exact=True):
        sha.update(chunk)
        size += len(chunk)
    return Digest(sha.hexdigest(), size, len(frame))
