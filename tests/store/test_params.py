"""Parameters kept in tables are what a dict of the same items is."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reportgen.store.params import Params, ParamTable

values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | st.lists(st.integers())


@given(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=5), max_size=5))
def test_they_are_equal_to_a_dict_and_read_like_one(given: list[dict[str, Any]]) -> None:
    table = ParamTable()
    for params in given:
        kept = table.keep(params)
        assert isinstance(kept, Mapping)
        assert kept == params
        assert params == kept
        assert list(kept.items()) == list(params.items())
        assert len(kept) == len(params)
        assert bool(kept) == bool(params)
        assert all(name in kept and kept.get(name) == value == kept[name] for name, value in params.items())
        assert "none of these" not in kept
        assert kept.get("none of these", 7) == 7
        assert repr(kept) == repr(params)
        assert copy.deepcopy(kept) == pickle.loads(pickle.dumps(kept)) == params


def test_the_order_of_names_is_that_of_each_run() -> None:
    table = ParamTable()
    one, other = table.keep({"a": 1, "b": 2}), table.keep({"b": 2, "a": 1})
    assert (list(one), list(other)) == (["a", "b"], ["b", "a"])
    assert one == other != table.keep({"a": 1, "b": 3})


def test_a_run_more_costs_its_values_and_not_its_names() -> None:
    table = ParamTable()
    names = [f"a parameter with a long name {place}" for place in range(24)]
    kept: list[Params] = []
    tracemalloc.start()
    try:
        for _ in range(500):
            kept.append(table.keep(dict.fromkeys(names, "value")))
        held = tracemalloc.get_traced_memory()[0] / len(kept)
    finally:
        tracemalloc.stop()
    assert held < 320  # a dict of so many items has 1.2 kB
