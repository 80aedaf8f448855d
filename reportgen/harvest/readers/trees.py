"""Boosted trees: models of XGBoost (JSON, UBJSON) and LightGBM (text), by their own headers."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

from reportgen.harvest.readers.passport import BadModel, listed, passport
from reportgen.harvest.readers.values import ReadContext
from reportgen.model import Model, Scalar

MOST_VALUES = 200_000
MOST_DEPTH = 40
_SIZES = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_SETTING = re.compile(r"(\w+)=(.*)")


def xgboost_json_model(path: str, value: Mapping[str, Any], content: bytes, context: ReadContext) -> Model:
    """Return the XGBoost model that a JSON value holds."""
    return passport(path, content, context, framework="xgboost", facts={"format": "XGBoost JSON", **xgboost_facts(value)})


def xgboost_facts(value: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return what the description of an XGBoost learner says."""
    learner = _inside(value, "learner")
    parameters = _inside(learner, "learner_model_param")
    booster = _inside(learner, "gradient_booster")
    trees = _inside(_inside(booster, "model"), "gbtree_model_param").get("num_trees")
    names = learner.get("feature_names")
    version = value.get("version")
    return {
        "version": ".".join(map(str, version)) if isinstance(version, list) else None,
        "objective": _text(_inside(learner, "objective").get("name")),
        "booster": _text(booster.get("name")),
        "trees": _whole(trees),
        "features": _whole(parameters.get("num_feature")),
        "classes": _whole(parameters.get("num_class")) or None,
        "feature names": listed([str(name) for name in names]) if isinstance(names, list) and names else None,
    }


def _inside(value: Any, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def read_ubjson(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the XGBoost model in a UBJSON file."""
    value = _Ubjson(content).value(0)
    if not isinstance(value, Mapping) or not isinstance(value.get("learner"), Mapping):
        raise BadModel("UBJSON that is no XGBoost model")
    return passport(path, content, context, framework="xgboost", facts={"format": "XGBoost UBJSON", **xgboost_facts(value)})


class _Ubjson:
    """Reads UBJSON as XGBoost writes it; long arrays of numbers are stepped over."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._values = 0

    def value(self, depth: int, kind: bytes | None = None) -> Any:
        self._values += 1
        if depth > MOST_DEPTH or self._values > MOST_VALUES:
            raise BadModel("UBJSON that is nested too deeply or has too many values")
        kind = kind or self._take(1)
        if kind == b"{":
            return self._object(depth)
        if kind == b"[":
            return self._array(depth)
        if kind == b"S":
            return self._take(self._length()).decode("utf-8", "replace")
        if kind == b"C":
            return self._take(1).decode("latin-1")
        if kind in b"TFZ":
            return {b"T": True, b"F": False, b"Z": None}[kind]
        if kind in _SIZES:
            return struct.unpack(_SIZES[kind], self._take(struct.calcsize(_SIZES[kind])))[0]
        raise BadModel(f"UBJSON with an unknown mark at byte {self._at - 1:,}")

    def _take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if count < 0 or len(taken) < count:
            raise BadModel("UBJSON that is cut off")
        self._at += count
        return taken

    def _peek(self) -> bytes:
        return self._content[self._at : self._at + 1]

    def _length(self) -> int:
        kind = self._take(1)
        if kind not in b"iUIlL":
            raise BadModel("UBJSON with a length that is no whole number")
        return int(struct.unpack(_SIZES[kind], self._take(struct.calcsize(_SIZES[kind])))[0])

    def _header(self) -> tuple[bytes | None, int | None]:
        kind = self._take(2)[1:] if self._peek() == b"$" else None
        if self._peek() != b"#":
            return kind, None
        self._take(1)
        return kind, self._length()

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        while count is None or len(found) < count:
            if count is None and self._peek() == b"}":
                self._take(1)
                break
            name = self._take(self._length()).decode("utf-8", "replace")
            if name in found:
                raise BadModel("UBJSON with a name that comes twice")
            found[name] = self.value(depth + 1, kind)
        return found

    def _array(self, depth: int) -> list[Any]:
        kind, count = self._header()
        if kind in _SIZES and count is not None:
            if count > 1000:
                self._take(count * struct.calcsize(_SIZES[kind]))
                return []
            return [self.value(depth + 1, kind) for _ in range(count)]
        found: list[Any] = []
        while count is None or len(found) < count:
            if count is None and self._peek() == b"]":
                self._take(1)
                break
            found.append(self.value(depth + 1, kind))
        return found


def read_lightgbm(path: str, content: bytes, context: ReadContext) -> Model:
    """Return the LightGBM model in a text file."""
    head = content.partition(b"\n\nTree=")[0][:200_000].decode("utf-8", "replace")
    settings = {found[1]: found[2] for line in head.splitlines() if (found := _SETTING.fullmatch(line))}
    names = settings.get("feature_names", "").split()
    classes = _whole(settings.get("num_class"))
    facts: dict[str, Scalar] = {
        "format": "LightGBM text",
        "version": settings.get("version"),
        "objective": settings.get("objective"),
        "trees": len(re.findall(rb"^Tree=\d+", content, re.MULTILINE)),
        "features": len(names) or None,
        "classes": classes if classes and classes > 1 else None,
        "feature names": listed(names) if names else None,
    }
    return passport(path, content, context, framework="lightgbm", facts=facts)
