"""The events of data sets, models and attachments, made from what users hand in."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import values
from reportgen.stage.charts import chart_spec, spec_bytes
from reportgen.stage.files import Folder, digest_file, digest_frame, digest_tree, existing, header, readable, table_chunks

IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".gif": "gif", ".svg": "svg"}
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_HEX = frozenset("0123456789abcdef")


def digest_text(digest: object, what: str) -> str:
    """Return a SHA-256 in lower-case hex; RecordError if it is none."""
    text = digest.lower() if isinstance(digest, str) else ""
    if len(text) != 64 or not _HEX.issuperset(text):
        raise RecordError(
            f"{what} is a SHA-256 of 64 hex digits, not {digest!r:.80}", hint="log_dataset and log_model return digests"
        )
    return text


def dataset_event(name: str, data: Any) -> dict[str, Any]:
    """Return the event of a data set given as a path, a frame or a digest."""
    event: dict[str, Any] = {"kind": "dataset", "name": name}
    if isinstance(data, str) and len(data) == 64 and _HEX.issuperset(data.lower()):
        return {**event, "sha256": data.lower()}
    if isinstance(data, (str, os.PathLike)):
        path = existing(data, f"dataset {name!r}", directory=True)
        delimiter = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
        with readable(f"dataset {name!r}", data):
            digest = digest_tree(path) if path.is_dir() else digest_file(path, count_rows=delimiter is not None)
            event.update(path=record.text(os.fspath(data)), sha256=digest.sha256, size=digest.size)
            if digest.rows is not None and delimiter:
                event["rows"] = max(digest.rows - 1, 0)
                columns = header(path, delimiter)
                if columns is not None:
                    event["columns"] = columns
        return event
    if hasattr(data, "columns") and hasattr(data, "shape"):
        digest = digest_frame(data)
        return {**event, "sha256": digest.sha256, "rows": int(data.shape[0]), "columns": int(data.shape[1])}
    raise RecordError(f"dataset {name!r} is a path, a DataFrame or a SHA-256, not {type(data).__name__}")


def model_event(path: str | os.PathLike[str], name: str | None, sha256: str | None) -> dict[str, Any]:
    """Return the event of a model at a path; with a digest the file is not looked at unless it is there."""
    if not isinstance(path, (str, os.PathLike)):
        raise RecordError(
            f"a model is named by the path of its file, not {type(path).__name__}",
            hint="save it first: nothing is serialised here",
        )
    event: dict[str, Any] = {
        "kind": "model",
        "name": values.name_of(name or Path(path).name, "model"),
        "path": record.text(os.fspath(path)),
    }
    if sha256 is not None:
        event["sha256"] = digest_text(sha256, f"the digest of model {event['name']!r}")
        with suppress(OSError, ValueError):
            if Path(path).is_file():
                event["size"] = Path(path).stat().st_size
        return event
    found = existing(path, "model", directory=True)
    with readable("model", path):
        digest = digest_tree(found) if found.is_dir() else digest_file(found)
    return {**event, "sha256": digest.sha256, "size": digest.size}


def table(directory: Path, name: str, data: Any, columns: Any = None) -> dict[str, Any]:
    """Write a table into the record and return the fields of its event."""
    folder = Folder(directory)
    if isinstance(data, (str, os.PathLike)):
        path = existing(data, f"table {name!r}")
        if path.suffix.lower() not in {".csv", ".tsv"}:
            raise RecordError(
                f"table {name!r}: {os.fspath(data)!r} is no CSV or TSV file", hint="other files go to log_artifact"
            )
        return {**folder.add_copy(_stem(name, path.suffix), path), "format": path.suffix.lower()[1:]}
    return {**folder.add(name, ".csv", table_chunks(data, columns)), "format": "csv"}


def chart(directory: Path, name: str, data: Any) -> dict[str, Any]:
    """Write a chart into the record and return the fields of its event."""
    if isinstance(data, os.PathLike) or (isinstance(data, str) and not data.lstrip().startswith("{")):
        data = existing(data, f"chart {name!r}")
    return {**Folder(directory).add(name, ".vl.json", [spec_bytes(chart_spec(data))]), "format": "vega-lite"}


def figure(directory: Path, name: str, data: Any) -> dict[str, Any]:
    """Write a picture into the record and return the fields of its event."""
    folder = Folder(directory)
    if isinstance(data, (str, os.PathLike)):
        path = existing(data, f"figure {name!r}")
        kind = IMAGES.get(path.suffix.lower())
        if kind is None:
            raise RecordError(
                f"figure {name!r}: {os.fspath(data)!r} is no PNG, JPEG, WebP, GIF or SVG", hint="other files go to log_artifact"
            )
        return {**folder.add_copy(_stem(name, path.suffix), path), "format": kind}
    buffer = io.BytesIO()
    if hasattr(data, "get_figure") and not hasattr(data, "savefig"):
        data = data.get_figure()
    if hasattr(data, "savefig"):
        data.savefig(buffer, format="png", dpi=144, bbox_inches="tight")
    elif hasattr(data, "save") and hasattr(data, "mode"):
        (data if data.mode in _PNG_MODES else data.convert("RGB")).save(buffer, format="PNG")
    else:
        raise RecordError(
            f"figure {name!r} is a matplotlib figure, a PIL image or a path, not {type(data).__name__}",
            hint="Altair charts and Vega-Lite dictionaries go to log_chart",
        )
    return {**folder.add(name, ".png", [buffer.getvalue()]), "format": "png"}


def copy(directory: Path, name: str, source: Path) -> dict[str, Any]:
    """Copy a file into the record and return the fields of its event."""
    return Folder(directory).add_copy(_stem(name, source.suffix), source)


def _stem(name: str, suffix: str) -> str:
    return name.removesuffix(suffix)
