from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.globs import covers, matches

PATH = st.lists(
    st.text(st.characters(exclude_characters="/*?", exclude_categories=("Cs",)), min_size=1, max_size=5), min_size=1, max_size=5
).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("**/*.png", "a.png", True),
        ("**/*.png", "x/y/a.png", True),
        ("*.png", "x/a.png", False),
        ("a/**", "a", True),
        ("a/**", "a/b/c", True),
        ("a/**", "ab", False),
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("metrics*.json", "metrics-1.json", True),
        ("metric?.json", "metrics.json", True),
        ("dir/", "dir/deep/er", True),
        ("**", "any/thing", True),
        ("a.c", "abc", False),
        ("[x]", "x", False),
    ],
)
def test_ant_globs(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@given(PATH)
def test_a_path_without_wildcards_matches_itself_and_double_stars(path: str) -> None:
    assert matches(path, path)
    assert matches("**", path)


@given(PATH, PATH)
def test_a_folder_covers_all_in_it(folder: str, job: str) -> None:
    assert covers(folder, f"{folder}/{job}")
    assert covers(folder, folder)
    assert not covers(folder, f"{folder}x")


def test_a_run_of_stars_costs_no_more_than_one() -> None:
    assert matches("x" + "*" * 5000, "x" + "y" * 200)
    assert not matches("*" * 5000 + "z", "y" * 200)
