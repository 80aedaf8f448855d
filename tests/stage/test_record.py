"""The wire format: what is written is read back, whatever it is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen import record
from reportgen.record import Record, decode_event, read_record

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)  # lone surrogates among them
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4), max_leaves=12
)


def event(kind: str = "param", number: int = 1, **fields: object) -> dict[str, object]:
    return {"v": 1, "id": f"x-{number}", "t": "2026-11-23T02:00:01.123Z", "kind": kind, **fields}


def encode_event(fields: dict[str, object]) -> bytes:
    """Return a whole event, as it is read, as the line it was."""
    rest = {key: value for key, value in fields.items() if key not in {"v", "id", "t"}}
    return record.encode_event(str(fields["id"]), str(fields["t"]), rest)


def journal(*events: dict[str, object]) -> bytes:
    return b"".join(encode_event(e) for e in events)


@given(VALUES, ANY_TEXT)
def test_any_value_and_name_survives_the_journal(value, name):
    line = encode_event(event(name=name, value=value))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    read = decode_event(line)
    assert read is not None
    assert read["name"] == record.text(name)
    assert read["value"] == record.plain(value)
    assert encode_event(read) == encode_event(decode_event(encode_event(read)))


@given(st.floats())
def test_every_float_comes_back_exactly(value):
    read = record.number(decode_event(encode_event(event("metric", name="m", value=value)))["value"])
    assert read == value or (math.isnan(read) and math.isnan(value))


@given(st.integers())
def test_integers_are_exact_or_digits(value):
    read = decode_event(encode_event(event(name="p", value=value)))["value"]
    assert read == value if -(2**63) <= value < 2**63 else int(read, 0) == value


@given(st.binary(max_size=300))
def test_no_bytes_are_an_error(noise):
    found = read_record("train-0123abcd", noise)
    assert isinstance(found, Record)
    assert found.unread_lines <= noise.count(b"\n") + 1


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.sampled_from(["name", "value", "step"]), VALUES), max_size=6), st.data())
def test_a_cut_anywhere_loses_at_most_the_line_it_is_in(fields, data):
    whole = journal(*(event(number=i, **f) for i, f in enumerate(fields)))
    cut = data.draw(st.integers(0, len(whole)))
    found = read_record("r", whole[:cut])
    assert found.unread_lines <= 1
    complete = whole[:cut].count(b"\n")
    assert len(found.events) in {complete, complete + 1}
    assert found.events[:complete] == read_record("r", whole).events[:complete]


def test_a_repeated_event_counts_once():
    found = read_record("r", journal(event(value=1), event(value=1), event(number=2, value=2)))
    assert len(found.events) == 2
    assert found.repeated == 1


def test_foreign_lines_are_counted_and_unknown_kinds_kept():
    lines = (
        journal(event("run", name="a"), event("hologram", 2, depth=3))
        + b'{"v":2,"id":"q","t":"","kind":"run"}\n[1]\nnot json\n\n'
    )
    found = read_record("r", lines)
    assert found.unread_lines == 3
    assert found.unknown == 1
    assert found.events[1]["depth"] == 3


def test_tokens_of_other_writers_become_the_strings_of_the_format():
    read = decode_event(b'{"v":1,"id":"a","t":"x","kind":"metric","name":"m","value":NaN,"low":-Infinity,"high":1e999}')
    assert (read["value"], read["low"], read["high"]) == ("nan", "-inf", "inf")


def test_a_very_deep_line_is_unread_not_fatal():
    assert read_record("r", b"[" * 100_000).unread_lines == 1


def test_long_text_is_cut_and_says_so():
    read = decode_event(encode_event(event("note", text=record.text("é" * 1_000_001))))
    assert len(read["text"]) <= 1_000_000
    assert read["text"].endswith("… (cut, 1000001 characters)")


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        ([("run", {}), ("end", {"status": "complete"})], "complete"),
        ([("run", {}), ("end", {"status": "failed"}), ("note", {})], "failed"),
        ([("run", {})], "interrupted"),
        ([("run", {"implicit": True})], "complete"),
        ([("run", {}), ("end", {"status": "failed"}), ("run", {"resumed": True})], "interrupted"),
        ([("run", {}), ("end", {"status": "failed"}), ("run", {"resumed": True}), ("end", {"status": "complete"})], "complete"),
        ([], "interrupted"),
    ],
)
def test_status(kinds, status):
    assert read_record("r", journal(*(event(kind, i, **f) for i, (kind, f) in enumerate(kinds)))).status == status


def test_name_stage_and_build():
    found = read_record(
        "reportgen-results/val-0a1b2c3d/",
        journal(event("run", name="val/α", stage="Validate", ci={"job": "churn/v", "build": 52}, source={"commit": "c0ffee"})),
    )
    assert (found.directory, found.code, found.name, found.stage) == ("val-0a1b2c3d", "0a1b2c3d", "val/α", "Validate")
    assert found.belongs_to("churn/v", 52)
    assert not found.belongs_to("churn/v", 53)
    assert not found.belongs_to("churn/other", 52)
    assert found.source["commit"] == "c0ffee"


def test_a_record_without_a_build_belongs_where_it_is_found():
    assert read_record("r-00000000", journal(event("run", name="a"))).belongs_to("any", 1)
    assert read_record("my-run-00c0ffee", b"").name == "my-run"
    assert read_record("plain", b"").code == ""


def test_lines_are_json_that_any_reader_reads():
    line = encode_event(event(name="naïve\n\u2028", value=[float("nan"), 2**70]))
    assert json.loads(line)["value"] == ["nan", str(2**70)]


@given(VALUES)
def test_a_python_without_the_encoder_in_c_writes_the_same_lines(value):
    with pytest.MonkeyPatch.context() as patch:
        fast = encode_event(event(name="p", value=value))
        patch.setattr(json.encoder, "c_make_encoder", None)
        patch.setattr(record, "_encode", record.json_encoder(",", ":"))
        assert encode_event(event(name="p", value=value)) == fast


@given(
    st.lists(st.tuples(ANY_TEXT, st.floats() | st.integers(-(2**63), 2**63 - 1)), max_size=5),
    st.dictionaries(st.sampled_from(["step", "direction", "dataset"]), st.integers(0, 9) | ANY_TEXT),
)
def test_many_metrics_at_once_are_written_as_each_alone(metrics, fields):
    metrics = [(record.text(name), record.plain(value)) for name, value in metrics]
    fields = {key: record.plain(value) for key, value in fields.items()}
    alone = [record.encode_body({"kind": "metric", "name": name, "value": value, **fields}) for name, value in metrics]
    assert record.value_bodies("metric", metrics, fields) == alone
