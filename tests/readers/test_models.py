"""Model files: described from their bytes, with nothing loaded and nothing run."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.harvest.readers.models import is_model_path
from reportgen.model import Model
from tests.readers.reading import FIXTURES, fixture, read, read_one, reason

NOT_SCANNED = "executable format, not scanned"


def one(path: str, content: bytes) -> Model:
    (model,) = read_one(path, content).models
    return model


class TestRealModels:
    @pytest.mark.parametrize(
        ("kind", "name", "framework", "facts"),
        [
            ("estimators", "pipeline.joblib", "scikit-learn", {"format": "pickle", "class": "sklearn.pipeline.Pipeline"}),
            ("estimators", "zlib.joblib", "scikit-learn", {"format": "pickle (zlib)", "class": "sklearn.pipeline.Pipeline"}),
            ("estimators", "forest.joblib.gz", "scikit-learn", {"class": "sklearn.ensemble._forest.RandomForestClassifier"}),
            ("estimators", "protocol-0.pkl", "scikit-learn", {"class": "sklearn.pipeline.Pipeline", "protocol": 0}),
            ("estimators", "protocol-2.pkl", "scikit-learn", {"class": "sklearn.pipeline.Pipeline", "protocol": 2}),
            ("estimators", "protocol-5.pkl", "scikit-learn", {"class": "sklearn.pipeline.Pipeline", "protocol": 5}),
            ("estimators", "array.npy", "numpy", {"format": "numpy array", "shape": "2 × 3", "type": "<f4"}),
            ("estimators", "arrays.npz", "numpy", {"format": "numpy archive", "arrays": 2}),
            ("boosters", "lgbm.pkl", "lightgbm", {"class": "lightgbm.sklearn.LGBMClassifier"}),
            ("boosters", "xgboost.json", "xgboost", {"format": "XGBoost JSON", "objective": "multi:softprob", "classes": 3}),
            (
                "boosters",
                "xgboost.ubj",
                "xgboost",
                {"format": "XGBoost UBJSON", "trees": 6, "feature names": "age, size, weight"},
            ),
            ("boosters", "lightgbm_model.txt", "lightgbm", {"version": "v4", "trees": 3, "feature names": "age, size, weight"}),
            ("tensors", "model.safetensors", "numpy", {"tensors": 2, "values": 9, "types": "F16, F32"}),
            (
                "tensors",
                "model.onnx",
                "fixture",
                {"opset": "17", "nodes": 1, "tensors": 1, "inputs": "x", "producer": "fixture 1.0"},
            ),
            (
                "archives",
                "lambda.keras",
                "keras",
                {"version": "3.8.0", "class": "Sequential", "layers": "Dense, Lambda, Sequential"},
            ),
            ("archives", "network.pt", "pytorch", {"format": "PyTorch archive", "members": 3}),
            ("skops", "model.skops", "skops", {"class": "sklearn.linear_model._logistic.LogisticRegression"}),
        ],
    )
    def test_passport(self, kind: str, name: str, framework: str, facts: dict[str, Any]) -> None:
        content = fixture(kind)[name]
        model = one(f"out/{name}", content)
        assert (model.name, model.role, model.framework) == (name, "made", framework)
        assert model.sha256 == hashlib.sha256(content).hexdigest()
        assert model.size_bytes == len(content)
        assert {key: model.facts.get(key) for key in facts} == facts

    @pytest.mark.parametrize("name", ["pipeline.joblib", "zlib.joblib", "protocol-0.pkl", "protocol-2.pkl", "protocol-5.pkl"])
    def test_a_pickle_names_its_steps_and_version(self, name: str) -> None:
        facts = one(name, fixture("estimators")[name]).facts
        assert "sklearn.preprocessing._data.StandardScaler" in str(facts["names"])
        assert "sklearn.linear_model._logistic.LogisticRegression" in str(facts["names"])
        version = next(
            line.split()[1] for line in (FIXTURES / "estimators/MADE_WITH").read_text().splitlines() if "scikit" in line
        )
        if name != "protocol-0.pkl":
            assert facts["version"] == f"scikit-learn {version}"

    def test_both_xgboost_formats_tell_the_same(self) -> None:
        files = fixture("boosters")
        text, binary = (dict(one(name, files[name]).facts) for name in ("xgboost.json", "xgboost.ubj"))
        assert text.pop("format") != binary.pop("format")
        assert text == binary

    def test_formats_that_run_code_say_so(self) -> None:
        for kind, name in (("estimators", "pipeline.joblib"), ("estimators", "objects.npy"), ("archives", "network.pt")):
            assert NOT_SCANNED in str(one(name, fixture(kind)[name]).facts["danger"])
        assert "holds Lambda" in str(one("x.keras", fixture("archives")["lambda.keras"]).facts["danger"])
        assert "danger" not in one("x.safetensors", fixture("tensors")["model.safetensors"]).facts

    def test_no_passport_says_safe(self) -> None:
        for kind in ("estimators", "boosters", "tensors", "archives", "skops"):
            for result in read(fixture(kind)).values():
                assert all(
                    "safe" not in str(value).replace("safetensors", "")
                    for model in result.models
                    for value in model.facts.values()
                )

    def test_files_an_onnx_model_names_are_left_alone(self) -> None:
        facts = one("x.onnx", fixture("tensors")["external.onnx"]).facts
        assert "names files outside itself" in str(facts["danger"])
        assert "passwd" not in json.dumps(dict(facts))

    @pytest.mark.parametrize(
        "path", ["m.pkl", "a/m.JOBLIB", "m.joblib.gz", "pytorch_model.bin", "lightgbm_model.txt", "model.txt", "m.onnx"]
    )
    def test_names_of_models(self, path: str) -> None:
        assert is_model_path(path)

    @pytest.mark.parametrize("path", ["notes.txt", "data.bin", "model", "m.csv.gz", "model.csv", "pkl"])
    def test_other_names(self, path: str) -> None:
        assert not is_model_path(path)


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


class TestNothingRuns:
    @pytest.mark.parametrize("protocol", range(6))
    @pytest.mark.parametrize(
        "name", ["model.pkl", "weights_model.bin", "model.joblib", "x.npy", "x.pt", "model.onnx", "x.safetensors"]
    )
    def test_the_canary_is_never_made(self, tmp_path: Path, protocol: int, name: str) -> None:
        canary = tmp_path / "canary"
        content = pickle.dumps(Canary(canary), protocol=protocol)
        result = read_one(name, content)
        assert not canary.exists()
        for model in result.models:
            assert NOT_SCANNED in str(model.facts["danger"])
            assert "posix.system" in str(model.facts["danger"])
        assert result.models or result.problems

    def test_a_pickle_in_an_archive_is_only_listed(self, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Canary(canary)))
        assert one("x.pt", buffer.getvalue()).facts["format"] == "PyTorch archive"
        assert not canary.exists()

    def test_no_library_that_loads_is_imported(self, tmp_path: Path) -> None:
        kinds = ("estimators", "boosters", "tensors", "archives", "skops")
        files = {f"{kind}/{name}": str(FIXTURES / kind / name) for kind in kinds for name in fixture(kind)}
        (tmp_path / "files.json").write_text(json.dumps(files))
        program = """
import json, sys
from pathlib import Path
import pickle
def refused(*_): raise SystemExit("a pickle was loaded")
pickle.load = pickle.loads = pickle.Unpickler = pickle._Unpickler = refused
from tests.readers.reading import read
files = {name: Path(path).read_bytes() for name, path in json.loads(Path(sys.argv[1]).read_text()).items()}
assert sum(len(result.models) for result in read(files).values()) > 15
loaders = {"joblib", "sklearn", "torch", "keras", "tensorflow", "onnx", "safetensors", "xgboost", "lightgbm", "skops"}
loaders |= {"mlflow", "dvclive", "cloudpickle", "dill", "h5py", "numpy"}
print(sorted(loaders & set(sys.modules)))
"""
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "files.json")],
            capture_output=True, text=True, check=False, cwd=FIXTURES.parents[2], env={**os.environ, "PYTHONPATH": "."},
        )  # fmt: skip
        assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(first: int, last: int) -> dict[str, Any]:
    return {"dtype": "U8", "shape": [last - first], "data_offsets": [first, last]}


def varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


class TestHostile:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (struct.pack("<Q", 1 << 63) + b"{}", "over the limit"),
            (struct.pack("<Q", 100_000_000) + b"{}", "over the limit"),
            (struct.pack("<Q", 5000) + b"{}", "ends before"),
            (b"\0\0", "ends before"),
            (safetensors(b'{"a": 1, "a": 2}'), "comes twice"),
            (safetensors(b"[]"), "no object"),
            (safetensors(b"[" * 100_000), "no JSON"),
            (safetensors({"a": 1}), "no place"),
            (safetensors({"a": {**tensor(0, 1), "shape": [-1]}}, b"x"), "no place"),
            (safetensors({"a": tensor(0, 2), "b": tensor(1, 3)}, b"xxx"), "overlaps"),
            (safetensors({"a": tensor(0, 2)}, b"xx" + b"#!/bin/sh"), "do not fill"),
        ],
    )
    def test_safetensors(self, content: bytes, said: str) -> None:
        assert said in reason(read_one("x.safetensors", content))

    def test_a_count_that_nobody_can_print_is_text(self) -> None:
        sides = {**tensor(0, 1), "shape": [1 << 62] * 300}
        assert str(one("x.safetensors", safetensors({"a": sides}, b"x")).facts["values"]).startswith("0x1000")

    def test_a_tensor_name_is_text(self) -> None:
        model = one("x.safetensors", safetensors({"../../x": tensor(0, 1)}, b"x"))
        assert model.facts["tensors"] == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"\x08" + b"\xff" * 11,
            b"\x3a\xff\xff\xff\xff\x0f",
            b"\x0b",
            b"\x07",
            b"\x08\x07",
            b"\x08\x07\x3a\x02\x2a\x7f",
            b"\0" * 50,
        ],
    )
    def test_onnx(self, content: bytes) -> None:
        assert reason(read_one("x.onnx", content))

    def test_onnx_with_a_million_fields(self) -> None:
        assert "more than 100,000 fields" in reason(read_one("x.onnx", b"\x08\x01" * 200_000))

    @pytest.mark.parametrize(
        "content",
        [
            b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1),
            b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 62),
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 30),
            b"GGUF\x03",
        ],
    )
    def test_gguf(self, content: bytes) -> None:
        assert reason(read_one("x.gguf", content))

    def test_c47_a_tensor_of_a_million_dimensions(self) -> None:
        tensor = b"\x08\x01" * 1_000_000
        graph = b"\x2a" + varint(len(tensor)) + tensor
        said = reason(read_one("x.onnx", b"\x08\x07\x3a" + varint(len(graph)) + graph))
        assert said == "a message of more than 100,000 fields"

    @pytest.mark.parametrize("kind", ["text", "array of texts", "array of arrays", "alignment"])
    def test_c48_a_few_bytes_of_gguf_allocate_nothing(self, kind: str) -> None:
        value = {
            "text": struct.pack("<IQ", 8, 1 << 30),
            "array of texts": struct.pack("<IIQQ", 9, 8, 1 << 30, 1 << 30),
            "array of arrays": struct.pack("<IIQIQ", 9, 9, 1 << 62, 9, 1 << 62),
            "alignment": struct.pack("<II", 4, 1 << 30),
        }[kind]
        name = b"general.alignment"
        content = b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, len(name)) + name + value
        assert len(content) < 160
        tracemalloc.start()
        try:
            result = read_one("x.gguf", content)
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()
        assert result.problems if kind == "text" else result.models[0].facts["format"] == "GGUF"

    def test_gguf_tells_its_name(self) -> None:
        def text(value: str) -> bytes:
            return struct.pack("<Q", len(value)) + value.encode()

        content = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + text("general.name") + struct.pack("<I", 8) + text("tiny")
        assert one("x.gguf", content).facts == {"format": "GGUF", "version": "3", "tensors": 2, "name": "tiny"}

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (zipped(("a", b"\0" * 20_000_000)), "unpack to"),
            (zipped(*((f"{number}", b"") for number in range(10_001))), "over the limit"),
            (b"PK\x03\x04 and nothing more", "no ZIP"),
            (zipped(("metadata.json", b"{" * 10), ("config.json", b"{}")), "cannot be read"),
            (zipped(("metadata.json", b"[" * 100_000), ("config.json", b"{}")), "cannot be read"),
        ],
    )
    def test_archives(self, content: bytes, said: str) -> None:
        assert said in reason(read_one("x.keras", content))

    def test_names_in_an_archive_are_labels(self) -> None:
        model = one("x.pt", zipped(("../../evil", b"x"), ("/abs", b"x"), ("a\\..\\b", b"x")))
        assert model.facts["members"] == 3

    @pytest.mark.parametrize(
        "pack", [zlib.compress, __import__("gzip").compress, __import__("bz2").compress, __import__("lzma").compress]
    )
    def test_packed_bombs(self, pack: Callable[[bytes], bytes]) -> None:
        assert "unpacks to more than" in reason(read_one("x.joblib", pack(b"\x80\x04" + b"\0" * 70_000_000)))

    @pytest.mark.parametrize(
        "content",
        [
            b"\x93NUMPY\x01\x00\xff\xff{}",
            b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 31) + b"{}",
            b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16,
            b"\x93NUMPY\x09\x00\x02\x00{}",
            b"\x93NUMPY\x01\x00\x22\x00" + b"__import__('os').system('id')     \n",
        ],
    )
    def test_numpy_headers(self, content: bytes) -> None:
        assert reason(read_one("x.npy", content))

    @pytest.mark.parametrize(
        "content",
        [
            b"{L\0\0\0\0\0\0\0\x07lear",
            b"{i\x01a{" * 60,
            b"{L\0\0\0\0\0\0\0\x01a[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"{i\x01aZ}",
        ],
    )
    def test_ubjson(self, content: bytes) -> None:
        assert reason(read_one("x.ubj", content))

    def test_an_empty_file(self) -> None:
        assert reason(read_one("x.pkl", b"")) == "an empty file"

    def test_what_is_not_known_is_not_trusted(self) -> None:
        assert one("x.model", b"whatever this is").facts["format"] == "unknown"

    def test_many_opcodes_end(self) -> None:
        content = b"\x80\x04" + b"N0" * 1_000_000 + b"cposix\nsystem\n."
        assert NOT_SCANNED in str(one("x.pkl", content).facts["danger"])

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_no_damage_raises(self, data: st.DataObject) -> None:
        kind = data.draw(st.sampled_from(["estimators", "boosters", "tensors", "archives", "skops"]))
        name = data.draw(st.sampled_from(sorted(fixture(kind))))
        content = bytearray(fixture(kind)[name])
        for _ in range(data.draw(st.integers(1, 5))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        read_one(name, bytes(content[: data.draw(st.integers(0, len(content)))]))
