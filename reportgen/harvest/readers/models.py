"""Model files: what can be told of them without loading or running anything.

A format is recognised by its first bytes where it has any, not by its name: a pickle called ``weights.bin`` is a pickle. No
library that could load a model is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from reportgen.harvest.readers.archives import read_archive
from reportgen.harvest.readers.passport import RUNS_CODE, BadModel, listed, passport
from reportgen.harvest.readers.pickles import NoPickle, read_pickle, unpack
from reportgen.harvest.readers.tensors import read_gguf, read_npy, read_onnx, read_safetensors
from reportgen.harvest.readers.trees import read_lightgbm, read_ubjson
from reportgen.harvest.readers.values import ReadContext, Reader, ReadResult, join
from reportgen.model import Model, Scalar

ENDINGS = frozenset(
    {"pkl", "pickle", "joblib", "sav", "dill", "cloudpickle", "safetensors", "onnx", "pt", "pth", "ckpt", "h5", "hdf5", "keras"}
    | {"ubj", "bst", "xgb", "lgb", "lgbm", "gguf", "npy", "npz", "skops", "cbm", "model", "tflite", "pb"}
)
_BOOSTERS = ("lightgbm", "lgb", "lgbm")
_FRAMEWORKS = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "torch": "pytorch",
    "keras": "keras",
    "statsmodels": "statsmodels",
}

_PLUMBING = (
    "joblib.",
    "numpy.",
    "builtins.",
    "copyreg.",
    "copy_reg.",
    "__builtin__.",
    "collections.",
    "scipy.sparse.",
    "_codecs.",
)


_RUNS_TEXT = re.compile(r"(?:builtins|__builtin__)\.(?:eval|exec|compile|open|getattr|__import__|apply|execfile)")


class Format(NamedTuple):
    """A format: its first bytes stand at `offset`, and `read` describes the file or raises BadModel."""

    mark: bytes
    read: Callable[[str, bytes, ReadContext], Model]
    offset: int = 0


def is_model_path(path: str) -> bool:
    """Tell whether a file's name is that of a model."""
    name = path.rsplit("/", 1)[-1].lower()
    stem, dot, ending = name.rpartition(".")
    if ending in {"gz", "bz2", "xz", "z"}:
        ending = stem.rpartition(".")[2]
    boosted = ending == "txt" and ("model" in stem or any(word in stem for word in _BOOSTERS))
    return bool(dot) and (ending in ENDINGS or boosted or (ending == "bin" and "model" in stem))


def read_models(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return the passport of each model file; one that breaks the rules of its format is set aside."""
    results = []
    for path in sorted(files):
        try:
            results.append(ReadResult(models=(describe(path, files[path], context),)))
        except BadModel as problem:
            results.append(ReadResult.quarantined(path, str(problem)))
    return join(results)


def describe(path: str, content: bytes, context: ReadContext) -> Model:
    """Return what a model file is, from its bytes alone; BadModel where they contradict themselves."""
    if not content:
        raise BadModel("an empty file")
    for form in FORMATS:
        if content.startswith(form.mark, form.offset):
            return form.read(path, content, context)
    ending = path.rpartition(".")[2].lower()
    if ending in _BY_NAME:
        return _BY_NAME[ending](path, content, context)
    try:
        return _pickle(path, content, context)
    except NoPickle:
        return _unknown(path, content, context)


def _pickle(path: str, content: bytes, context: ReadContext) -> Model:
    try:
        inside, packing = unpack(content)
    except NoPickle as problem:
        raise BadModel(str(problem)) from None
    found = read_pickle(inside)
    main = next((name for name in found.names if not name.startswith(_PLUMBING)), "")
    named = [name for name in found.names if not name.startswith(_PLUMBING)]
    suspicious = [name for name in found.names if name.split(".")[0] in _RUNNERS or _RUNS_TEXT.fullmatch(name)]
    facts: dict[str, Scalar] = {
        "format": "pickle" + (f" ({packing})" if packing else ""),
        "version": f"scikit-learn {found.sklearn_version}" if found.sklearn_version else None,
        "protocol": found.protocol,
        "class": main,
        "names": listed(named, 12),
        "danger": RUNS_CODE + (f"; it names {listed(suspicious, 4)}" if suspicious else ""),
    }
    roots = [name.split(".")[0] for name in named]
    framework = next((_FRAMEWORKS[root] for root in roots if root in _FRAMEWORKS), None)
    return passport(path, content, context, framework=framework, facts=facts)


_RUNNERS = frozenset(
    {
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "socket",
        "shutil",
        "runpy",
        "importlib",
        "pkgutil",
        "webbrowser",
        "ctypes",
        "pty",
    }
    | {"code", "commands", "asyncio", "requests", "urllib", "http"}
)
"""Modules that a model has no need to name, and an attack often does. That none occurs proves nothing."""


def _unknown(path: str, content: bytes, context: ReadContext) -> Model:
    return passport(path, content, context, framework=None, facts={"format": "unknown", "danger": RUNS_CODE})


def _hdf5(path: str, content: bytes, context: ReadContext) -> Model:
    note = f"HDF5 was not opened; of a Keras model: {RUNS_CODE}"
    return passport(path, content, context, framework=None, facts={"format": "HDF5", "danger": note})


def _xgboost_binary(path: str, content: bytes, context: ReadContext) -> Model:
    return passport(path, content, context, framework="xgboost", facts={"format": "XGBoost binary (deprecated)"})


def _catboost(path: str, content: bytes, context: ReadContext) -> Model:
    return passport(path, content, context, framework="catboost", facts={"format": "CatBoost binary"})


def _tflite(path: str, content: bytes, context: ReadContext) -> Model:
    return passport(path, content, context, framework="tensorflow", facts={"format": "TensorFlow Lite"})


FORMATS: tuple[Format, ...] = (
    Format(b"PK\x03\x04", read_archive),
    Format(b"PK\x05\x06", read_archive),
    Format(b"\x89HDF\r\n\x1a\n", _hdf5),
    Format(b"\x93NUMPY", read_npy),
    Format(b"GGUF", read_gguf),
    Format(b"tree\n", read_lightgbm),
    Format(b"{L\x00\x00\x00\x00\x00\x00\x00", read_ubjson),
    Format(b"{i", read_ubjson),
    Format(b"binf", _xgboost_binary),
    Format(b"CBM1", _catboost),
    Format(b"TFL3", _tflite, 4),
)

_BY_NAME: Mapping[str, Callable[[str, bytes, ReadContext], Model]] = {"onnx": read_onnx, "safetensors": read_safetensors}
"""Formats without first bytes of their own."""

MODELS = Reader(name="model", matches=is_model_path, read=read_models, is_model=is_model_path)
