"""The grammar of ``tree=``, as Jenkins has it."""

from __future__ import annotations

from typing import Any

import pytest

from reportgen.demo.tree import BadTree, ByDepth, export, parse_tree

VALUE: dict[str, Any] = {"a": 1, "b": [{"x": 1, "y": 2}, {"x": 3}, {"_class": "C", "y": 4}], "c": {"d": {"e": 5}}, "n": None}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("a", {"a": 1}),
        ("zzz", {}),
        ("a,zzz", {"a": 1}),
        ("a, n", {"a": 1}),  # " n" is a name that nobody has
        ("b", {"b": [{}, {}, {"_class": "C"}]}),
        ("b[x]", {"b": [{"x": 1}, {"x": 3}, {"_class": "C"}]}),
        ("b[x],b[y]", {"b": [{"y": 2}, {}, {"_class": "C", "y": 4}]}),
        ("b[x]{0,1}", {"b": [{"x": 1}]}),
        ("b[x]{1,}", {"b": [{"x": 3}, {"_class": "C"}]}),
        ("b[x]{,2}", {"b": [{"x": 1}, {"x": 3}]}),
        ("b[x]{1}", {"b": [{"x": 3}]}),
        ("b[x]{7,9}", {"b": []}),
        ("c[d[e]]", {"c": {"d": {"e": 5}}}),
        ("c[*]", {"c": {"d": {}}}),
        ("*", {"a": 1, "b": [{}, {}, {"_class": "C"}], "c": {}, "n": None}),
        ("*,c[d[e]]", {"a": 1, "b": [{}, {}, {"_class": "C"}], "c": {"d": {"e": 5}}, "n": None}),
    ],
)
def test_what_is_kept(tree: str, expected: dict[str, Any]) -> None:
    assert export(VALUE, parse_tree(tree)) == expected


@pytest.mark.parametrize(
    "tree", ["", "a,", "b{0,5}[x]", "b[x", "b[x]]", "b[]", "b{-1,2}", "b{}", "b{,}", "b{x}", "b{1,2", "[a]"]
)
def test_what_cannot_be_parsed(tree: str) -> None:
    with pytest.raises(BadTree):
        parse_tree(tree)


def test_depth_decides_where_there_is_no_tree() -> None:
    hidden = {"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": "a"}
    assert "userId" not in export({"actions": [hidden]}, ByDepth(1))["actions"][0]
    assert export({"actions": [hidden]}, ByDepth(0))["actions"][0]["userId"] == "a"
