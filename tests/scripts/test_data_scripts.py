"""Data scripts: classic scripts that assign JSON, whatever the text in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from reportgen.model import Dataset, Metric, RunRow
from reportgen.site.scripts import (
    Doc,
    Shape,
    TableColumn,
    chart_script,
    compare_parts,
    doc_row,
    live_script,
    part_path,
    run_doc,
    search_script,
    table_script,
    to_json,
)

WHEN = datetime(2026, 11, 17, 1, 42, tzinfo=UTC)


def run(number: int, **more: object) -> RunRow:
    values: dict[str, object] = {
        "job": "churn/validate", "number": number, "name": "validate", "record": "", "stage": "validate", "result": "SUCCESS",
        "status": "complete", "started_at": WHEN, "duration_s": 74.1,
        "params": {"depth": 4, "kind": "forest", "list": [1, float("nan")]},
        "metrics": {"val/f1": Metric(name="val/f1", value=0.735, low=0.724, high=0.745, n=1305)},
        "datasets": (Dataset(name="val-10", role="validation", sha256="3fa4" * 16),), "commit": "9f8bcab0",
    }  # fmt: skip
    return RunRow(**{**values, **more})  # type: ignore[arg-type]


def value_of(script: str) -> object:
    """The JSON that a script assigns."""
    found = re.fullmatch(r"(?:self\.reportgen = .*;\n)?\(.*?\)(?:\.\w+|\[\"[^\"]*\"\]) = (.*);\n", script, re.DOTALL)
    assert found, script[:200]
    return json.loads(found[1])


@given(
    st.recursive(
        st.none() | st.text() | st.floats() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_in_a_script_can_hold_anything(value: object) -> None:
    text = to_json(value)
    assert "<" not in text
    assert not re.search("[\u2028\u2029]", text)
    assert "NaN" not in text.replace('"', "") or "NaN" in repr(value)
    json.loads(text)


def test_live_facts() -> None:
    script = live_script(version="v1", as_of=WHEN, newest={"b": "jobs/b/2/index.html", "a": "jobs/a/1/index.html"})
    value = value_of(script)
    assert value["as_of"] == "2026-11-17T01:42:00Z"
    assert value["newest"] == [["a", "jobs/a/1/index.html"], ["b", "jobs/b/2/index.html"]]


def test_the_search_knows_commit_params_metrics_data_and_notes() -> None:
    doc = run_doc(run(7), "jobs/churn/validate/7/index.html", notes=["Retrained after the *March* backfill."])
    for word in ("9f8bcab0", "depth=4", "kind=forest", "val/f1", "val-10", "3fa4", "March", "backfill", "SUCCESS"):
        assert word in doc.words
    (listed,) = value_of("".join(search_script([doc_row(doc)])))["docs"]
    assert listed == ["run", "churn/validate#7", doc.page, "2026-11-17", doc.words]


def test_one_run_cannot_fill_the_index() -> None:
    doc = run_doc(run(7, params={f"p{i}": "x" * 500 for i in range(500)}), "p", notes=["word " * 100_000])
    assert len(doc.words) <= 2000


def test_compare_parts_hold_five_hundred_numbers_each() -> None:
    def page_of(row: RunRow) -> str:
        return f"jobs/churn/validate/{row.number}/index.html"

    parts = compare_parts([run(499), run(500), run(1001)], page_of=page_of, shapes={"val/f1": Shape("F1", ".3f", "higher")})
    assert list(parts) == [f"data/compare/churn/validate/{k}.js" for k in (0, 1, 2)]
    value = value_of(parts["data/compare/churn/validate/1.js"])
    found = value["runs"]["churn/validate/500"]
    assert found["metrics"] == [["val/f1", [0.735, 0.724, 0.745, 1305]]]
    assert found["datasets"] == {"validation": ["val-10", "3fa43fa43fa4"]}
    assert value["metrics"] == [["val/f1", ["F1", ".3f", "higher", ""]]]


def test_a_run_page_of_any_kind_has_a_part() -> None:
    assert part_path("jobs/a/b/12/index.html") == "data/compare/a/b/0.js"
    assert part_path("jobs/a/b/1200~20260101/index.html") == "data/compare/a/b/2.js"
    assert part_path("jobs/a/b/12/train-3f/index.html") == "data/compare/a/b/0.js"
    assert part_path("jobs/a/2024/12/index.html") == "data/compare/a/2024/0.js"
    assert part_path("jobs/a/2024/12/train-3f/index.html") == "data/compare/a/2024/0.js"
    assert part_path("jobs/a/b/index.html") is None
    assert part_path("index.html") is None


def test_charts_and_tables_are_kept_under_their_own_path() -> None:
    assert value_of(chart_script("data/charts/x.js", {"mark": "point"})) == {"mark": "point"}
    value = value_of(
        "".join(table_script("data/tables/x.js", [TableColumn("Run", "text")], [["#1"], [["#2", 2, "jobs/a/2/index.html"]]]))
    )
    assert value["rows"] == [["#1"], [["#2", 2, "jobs/a/2/index.html"]]]


@given(st.text(), st.text())
def test_titles_and_words_are_text_only(title: str, words: str) -> None:
    docs = value_of("".join(search_script([doc_row(Doc("run", title, "p", "", words))])))["docs"]
    assert docs[0][1] == title or "\ud800" <= max(title) <= "\udfff"
    assert docs[0][4] == words
