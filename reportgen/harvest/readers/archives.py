"""Models that are ZIP archives: Keras, PyTorch, numpy, skops. Directory and descriptions are read; nothing is extracted."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from itertools import pairwise
from typing import Any

from reportgen.harvest.readers.passport import RUNS_CODE, BadModel, listed, passport
from reportgen.harvest.readers.tensors import npy_facts
from reportgen.harvest.readers.values import ReadContext
from reportgen.model import Model, Scalar

MOST_MEMBERS = 10_000
MOST_RATIO = 100
MOST_UNPACKED = 4 << 30
MOST_DESCRIPTION = 4_000_000


def read_archive(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the model in a ZIP archive, told from the names in its directory."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as problem:
        raise BadModel(f"no ZIP archive: {problem}") from None
    with archive:
        members = archive.infolist()
        _check_directory(members, len(content))
        names = [member.filename for member in members]
        framework, facts = _describe(archive, names)
    facts |= {"members": len(names), "files": listed(names, 5)}
    return passport(path, content, context, framework=framework, facts=facts)


def _check_directory(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise BadModel(f"{len(members):,} members are over the limit of {MOST_MEMBERS:,}")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * size + 1_000_000:
        raise BadModel(f"{size:,} bytes that unpack to {unpacked:,}")
    spans = sorted((member.header_offset, member.header_offset + 30 + member.compress_size) for member in members)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise BadModel("members of the archive overlap")


def _describe(archive: zipfile.ZipFile, names: list[str]) -> tuple[str | None, dict[str, Scalar]]:
    known = set(names)
    if {"metadata.json", "config.json"} <= known:
        return "keras", _keras(archive)
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "pytorch", {"format": "PyTorch archive", "danger": RUNS_CODE}
    if "schema.json" in known:
        return "skops", _skops(archive)
    arrays = [name for name in names if name.endswith(".npy")]
    if arrays and len(arrays) == len(names):
        return "numpy", _numpy(archive, arrays)
    return None, {"format": "ZIP archive", "danger": RUNS_CODE}


def _keras(archive: zipfile.ZipFile) -> dict[str, Scalar]:
    metadata, config = _json(archive, "metadata.json"), _json(archive, "config.json")
    layers = _classes(config)
    runs = [name for name in layers if "lambda" in name.lower()]
    return {
        "format": "Keras archive",
        "version": _text(metadata, "keras_version"),
        "class": _text(config, "class_name"),
        "saved": _text(metadata, "date_saved"),
        "layers": listed(sorted(layers)),
        "danger": f"holds {runs[0]}: {RUNS_CODE}" if runs else "loading may run code of custom layers; it was not loaded",
    }


def _classes(config: Any) -> set[str]:
    found: set[str] = set()
    stack = [config]
    seen = 0
    while stack and seen < 100_000:
        value = stack.pop()
        seen += 1
        if isinstance(value, dict):
            name = value.get("class_name")
            if isinstance(name, str):
                found.add(name[:100])
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found


def _skops(archive: zipfile.ZipFile) -> dict[str, Scalar]:
    schema = _json(archive, "schema.json")
    name = ".".join(part for key in ("__module__", "__class__") if (part := _text(schema, key)))
    return {"format": "skops archive", "class": name, "danger": "skops asks which types to trust before it loads them"}


def _numpy(archive: zipfile.ZipFile, arrays: list[str]) -> dict[str, Scalar]:
    objects = 0
    for name in arrays[:100]:
        try:
            with archive.open(name) as member:
                objects += "danger" in {key for key, fact in npy_facts(member.read(1 << 17)).items() if fact}
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as problem:
            raise BadModel(f"member {name[:80]!r} cannot be read: {problem}") from None
    return {"format": "numpy archive", "arrays": len(arrays), "danger": RUNS_CODE if objects else None}


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    try:
        with archive.open(name) as member:
            content = member.read(MOST_DESCRIPTION + 1)
        return json.loads(content) if len(content) <= MOST_DESCRIPTION else {}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        RecursionError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as problem:
        raise BadModel(f"{name} cannot be read: {problem}") from None


def _text(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
