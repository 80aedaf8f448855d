"""A page of the team's own words may be wrong; it may not hold up the build."""

from __future__ import annotations

import re
import time

import pytest

from reportgen.content.effort import NESTING, PER_BLOCK, PER_PAGE, excess
from reportgen.content.pages import ContentSource, read_page
from reportgen.errors import ContentError
from tests.support.corpus import QUADRATIC

ENDLESS = {
    **{name: text * (1 + 60_000 // len(text)) for name, text in QUADRATIC.items()},
    "emphasis": "*a" * 30_000,
    "strong": "**a_" * 15_000,
    "backticks": "`a" * 30_000,
    "tags": "<a " * 20_000,
    "angles": "<a@" * 20_000,
    "declarations": "<![CDATA[" * 6_000,
    "headings": "# a\n" * 15_000,
    "underlined headings": "a\n===\n" * 10_000,
    "open parentheses": "[a]((" * 12_000,
    "images": "![a][" * 12_000,
    "quotations": "> " * 30_000 + "x",
    "mixed": "*_`[" * 15_000,
    "footnote marks": "[^1]: x\n\n" + "a[^1]\n\n" * 8_000,
    "open fences": "```a\n\n~~~b\n\n" * 5_000,
    "blocks": ("[" * 1_400 + "\n\n") * 40,
}


def outcome(text: str) -> str:
    """Return a page's HTML, or the words that refuse it."""
    try:
        return "".join(read_page(ContentSource(path="a.md", text=text)).pieces)
    except ContentError as refused:
        return f"{refused.message}; {refused.hint}"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ENDLESS))
def test_no_page_takes_long_it_is_laid_out_or_refused_with_its_line(name: str) -> None:
    begun = time.process_time()
    found = outcome(ENDLESS[name][:250_000])
    assert time.process_time() - begun < 6
    assert re.match(r"content/a\.md:\d+: .*laid out", found) or found.startswith("<")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a\n\nb\n" + "[" * (PER_BLOCK + 1), 3, "brackets"),
        ("a\n\n" + "> " * (NESTING + 1) + "x", 3, "deep"),
        ("[^1]: x\n\n" + "a[^1]\n\n" * PER_PAGE, 2 * PER_PAGE + 1, "footnote marks"),
        ("# a\n" * (PER_BLOCK + 1), 1, "headings"),
    ],
)
def test_what_is_too_much_is_told_with_its_line(text: str, line: int, words: str) -> None:
    found = excess(text)
    assert found is not None
    assert found[0] == line
    assert words in found[1]


def test_long_tables_lists_and_code_are_no_trouble() -> None:
    row = "| [a](b.md) | `c` | **d** | <e@f.example> |\n"
    assert excess("| a | b | c | d |\n|---|---|---|---|\n" + row * 800) is None
    assert excess("- [a](b.md), *c*\n" * 1_500) is None
    assert excess("```\n" + "[INFO] <x> `y` *z*\n" * 5_000 + "```\n") is None
