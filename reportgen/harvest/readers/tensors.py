"""Files of numbers and graphs, by their headers: safetensors, ONNX, numpy, GGUF. Nothing a header asks for is allocated."""

from __future__ import annotations

import ast
import json
import re
import struct
from collections.abc import Iterator
from math import prod
from typing import Any

from reportgen.harvest.readers.passport import RUNS_CODE, BadModel, listed, passport
from reportgen.harvest.readers.values import ReadContext
from reportgen.model import Model, Scalar

MOST_HEADER = 8 << 20
MOST_FIELDS = 100_000
LONGEST_TEXT = 1 << 16
_OBJECTS = re.compile(r"['\"][|<>=]?O\d*['\"]")


def read_safetensors(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the model in a safetensors file, whose header must describe exactly the bytes that follow it."""
    (length,) = _unpack("<Q", content, 0)
    if length > MOST_HEADER:
        raise BadModel(f"a header of {length:,} bytes is over the limit of {MOST_HEADER:,}")
    if 8 + length > len(content):
        raise BadModel("the file ends before its header does")
    try:
        header = json.loads(content[8 : 8 + length], object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as problem:
        raise BadModel(f"the header is no JSON: {problem}") from None
    if not isinstance(header, dict):
        raise BadModel("the header is no object")
    metadata = header.pop("__metadata__", {})
    spans = sorted(_span(name, tensor) for name, tensor in header.items())
    end = 0
    for first, last, name in spans:
        if first != end or last < first:
            raise BadModel(f"tensor {name[:80]!r} overlaps another or leaves a gap")
        end = last
    if 8 + length + end != len(content):
        raise BadModel("the tensors do not fill the file")
    facts: dict[str, Scalar] = {
        "format": "safetensors",
        "tensors": len(header),
        "values": sum(prod(tensor["shape"]) for tensor in header.values()),
        "types": ", ".join(sorted({str(tensor.get("dtype"))[:20] for tensor in header.values()})),
        "metadata": listed([f"{key}={value}" for key, value in metadata.items()]) if isinstance(metadata, dict) else None,
    }
    framework = metadata.get("format") if isinstance(metadata, dict) else None
    known = {"pt": "pytorch", "tf": "tensorflow", "flax": "flax", "np": "numpy"}
    return passport(path, content, context, framework=known.get(str(framework)), facts=facts)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _span(name: str, tensor: Any) -> tuple[int, int, str]:
    offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    pair = isinstance(offsets, list) and len(offsets) == 2 and all(_is_count(place) for place in offsets)
    if not pair or offsets is None or not isinstance(shape, list) or not all(_is_count(side) for side in shape):
        raise BadModel(f"tensor {name[:80]!r} has no place or no shape")
    return offsets[0], offsets[1], name


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def read_onnx(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the model in an ONNX file; parts of the graph are counted, tensors stepped over, files it names left alone."""
    texts: dict[int, str] = {}
    graph: dict[str, int] = {}
    names: dict[str, list[str]] = {"inputs": [], "outputs": []}
    opsets: list[str] = []
    version = None
    for field, kind, value in fields(content):
        if field == 1 and kind == 0:
            version = value
        elif field in (2, 3, 4) and kind == 2:
            texts[field] = _short(value)
        elif field == 7 and kind == 2:
            _read_graph(value, graph, names)
        elif field == 8 and kind == 2:
            opsets.append(_opset(value))
    if not isinstance(version, int) or (not graph and not opsets):
        raise BadModel("no ONNX model: there is no version or no graph")
    facts: dict[str, Scalar] = {
        "format": "ONNX",
        "version": f"IR {version}",
        "opset": ", ".join(opsets[:8]),
        "producer": f"{texts.get(2, '')} {texts.get(3, '')}".strip(),
        "nodes": graph.get("nodes", 0),
        "tensors": graph.get("tensors", 0),
        "inputs": listed(names["inputs"]),
        "outputs": listed(names["outputs"]),
        "danger": "names files outside itself, which were not looked at" if graph.get("external") else None,
    }
    return passport(path, content, context, framework=texts.get(2) or "onnx", facts=facts)


def _read_graph(content: memoryview, counts: dict[str, int], names: dict[str, list[str]]) -> None:
    for field, kind, value in fields(content):
        if kind != 2:
            continue
        if field == 1:
            counts["nodes"] = counts.get("nodes", 0) + 1
        elif field == 5:
            counts["tensors"] = counts.get("tensors", 0) + 1
            if any(inner == 13 or (inner == 14 and wire == 0 and place == 1) for inner, wire, place in fields(value)):
                counts["external"] = 1
        elif field in (11, 12):
            given = next((_short(text) for inner, wire, text in fields(value) if inner == 1 and wire == 2), "")
            kept = names["inputs" if field == 11 else "outputs"]
            if given and len(kept) < 1000:
                kept.append(given)


def _opset(content: memoryview) -> str:
    domain, number = "", 0
    for field, kind, value in fields(content):
        if field == 1 and kind == 2:
            domain = _short(value)
        elif field == 2 and kind == 0:
            number = value
    return f"{domain} {number}".strip()


def _short(value: memoryview) -> str:
    return bytes(value[:LONGEST_TEXT]).decode("utf-8", "replace")


def fields(content: bytes | memoryview) -> Iterator[tuple[int, int, Any]]:
    """Yield (number, wire type, value) of a protobuf message's own fields; the value is an int or a view of the bytes."""
    view = memoryview(content)
    position = count = 0
    while position < len(view):
        count += 1
        if count > MOST_FIELDS:
            raise BadModel(f"a message of more than {MOST_FIELDS:,} fields")
        tag, position = _varint(view, position)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise BadModel("a message with a field of no valid number")
        if kind == 0:
            value, position = _varint(view, position)
            yield number, kind, value
            continue
        if kind not in (1, 2, 5):
            raise BadModel(f"a message with a field of unknown type {kind}")
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, position = _varint(view, position)
        if position + length > len(view):
            raise BadModel("a message that is cut off")
        yield number, kind, view[position : position + length]
        position += length


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(view):
            raise BadModel("a message that is cut off")
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise BadModel("a number of more than 64 bits")


def read_npy(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the array in a ``.npy`` file as a model."""
    return passport(path, content, context, framework="numpy", facts={"format": "numpy array", **npy_facts(content)})


def npy_facts(content: bytes) -> dict[str, Scalar]:
    """Return shape and type of an array, as its header tells them."""
    major = content[6] if len(content) > 6 else 0
    (length,) = _unpack("<H" if major == 1 else "<I", content, 8)
    start = 10 if major == 1 else 12
    if major not in (1, 2, 3) or length > LONGEST_TEXT or start + length > len(content):
        raise BadModel("a numpy array with a header that is not read")
    text = content[start : start + length].decode("utf-8", "replace").strip()
    try:
        header = ast.literal_eval(text) if text.count("(") + text.count("[") + text.count("{") < 1000 else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        header = None
    if not isinstance(header, dict):
        raise BadModel("a numpy array whose header is no dictionary")
    return {
        "shape": " × ".join(str(side) for side in header["shape"]) if isinstance(header.get("shape"), tuple) else None,
        "type": str(header.get("descr")),
        "danger": RUNS_CODE if _OBJECTS.search(text) else None,
    }


def read_gguf(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the model in a GGUF file: version, counts, and the texts that describe it."""
    version, tensors, entries = _unpack("<IQQ", content, 4)
    if tensors > MOST_FIELDS or entries > MOST_FIELDS:
        raise BadModel(f"{max(tensors, entries):,} entries are over the limit of {MOST_FIELDS:,}")
    facts: dict[str, Scalar] = {"format": "GGUF", "version": str(version), "tensors": tensors}
    position = 24
    for _ in range(entries):
        name, position = _gguf_text(content, position)
        (kind,) = _unpack("<I", content, position)
        if kind != 8:  # the texts that describe the model come first; what other kinds hold is not needed
            break
        value, position = _gguf_text(content, position + 4)
        if name in {"general.architecture", "general.name", "general.version"}:
            facts[name.rpartition(".")[2] if name != "general.version" else "model version"] = value
    return passport(path, content, context, framework="gguf", facts=facts)


def _gguf_text(content: bytes, position: int) -> tuple[str, int]:
    (length,) = _unpack("<Q", content, position)
    if length > LONGEST_TEXT:
        raise BadModel(f"a text of {length:,} bytes is over the limit of {LONGEST_TEXT:,}")
    end = position + 8 + length
    if end > len(content):
        raise BadModel("the file ends before its header does")
    return content[position + 8 : end].decode("utf-8", "replace"), end


def _unpack(form: str, content: bytes, position: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, content, position)
    except struct.error:
        raise BadModel("the file ends before its header does") from None
