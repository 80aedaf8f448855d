"""The JSON Schema of the record describes what is really written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import reportgen
from reportgen.record import KINDS
from tests.stage.support import events

ROOT = Path(reportgen.__file__).parents[1]


@pytest.fixture(scope="module")
def validator():
    schema = json.loads((ROOT / "docs/schema/record.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def write_everything(directory: Path) -> reportgen.Run:
    """Log one of each, and fail."""
    (directory / "f.png").write_bytes(b"\x89PNG")
    environ = {"JOB_NAME": "a/b", "BUILD_NUMBER": "1", "NODE_NAME": "n"}
    run = reportgen.start_run("t", directory=directory, environ=environ)
    run.log_params({"a": 1, "b": [1, None], "password": "x"})
    run.set_tags({"kind": "candidate"})
    run.log_metric("m", float("nan"), low=-float("inf"), n=3, step=0)
    run.log_metric("u", None, reason="not defined")
    digest = run.log_dataset("validation", directory / "f.png", role="val")
    model = run.log_model(directory / "f.png", framework="x", inputs=[digest])
    run.log_model(directory / "f.png", role="input")
    run.log_classification([0, 1] * 12, [0.2, 0.9] * 12)
    run.log_regression([1.0, 2.0], [1.0, 3.0], split="r", unit="EUR")
    run.log_folds([0.1, 0.2], interval=True)
    run.log_figure("f", directory / "f.png", caption="c")
    run.log_artifact(directory / "f.png")
    run.log_note("n")
    run.log_decision("approved", by="u", reason="r", model=model)
    run.end(error=ValueError("as planned"))
    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    directory = tmp_path_factory.mktemp("schema")
    run = write_everything(directory)
    with reportgen.start_run("t", directory=directory, resume=run.directory, environ={"JOB_NAME": "a/b", "BUILD_NUMBER": "1"}):
        pass
    return events(run)


def test_every_kind_is_written_and_valid(validator, written):
    assert {event["kind"] for event in written} == KINDS
    problems = [f"{event['kind']}: {error.message}" for event in written for error in validator.iter_errors(event)]
    assert problems == []


def test_the_schema_knows_every_field_that_is_written(validator, written):
    known = {rule["if"]["properties"]["kind"]["const"]: set(rule["then"]["properties"]) for rule in validator.schema["allOf"]}
    for event in written:
        assert set(event) - {"v", "id", "t", "kind"} <= known[event["kind"]], event["kind"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "metric", "name": "m", "value": "0.7"},
        {"kind": "metric", "name": "", "value": 1},
        {"kind": "metric", "name": "m", "value": 1, "direction": "up"},
        {"kind": "dataset", "name": "d", "sha256": "abc"},
        {"kind": "table", "name": "t", "file": "../t.csv", "sha256": "0" * 64, "size": 1},
        {"kind": "end", "status": "finished", "duration_s": 1},
        {"kind": "run", "name": "r"},
    ],
)
def test_what_is_wrong_is_refused(validator, wrong):
    assert not validator.is_valid({"v": 1, "id": "a", "t": "2026-11-23T02:00:01.123Z", **wrong})


def test_unknown_kinds_and_fields_are_allowed(validator):
    assert validator.is_valid({"v": 1, "id": "a", "t": "2026-11-23T02:00:01Z", "kind": "hologram", "x": 1})
