"""Content pages: front matter, Markdown, links, directives, and errors that name file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.content import (
    ContentSource,
    Unresolved,
    load_content,
    navigation,
    read_page,
    read_pages,
    resolve,
)
from reportgen.content.directives import SIGNATURES, BadDirective, parse
from reportgen.errors import ContentError


def page(text: str, path: str = "why.md", **known: set[str]):
    return read_page(ContentSource(path=path, text=text), **known)


def html(text: str, **known: set[str]) -> str:
    return "".join(page(text, **known).pieces)


@dataclass
class Recorder:
    """A resolver that gives back what it was asked for."""

    asked: list[object] = field(default_factory=list)

    def metric(self, run: str, name: str) -> object:
        if run == "gone#1":
            raise Unresolved(f"there is no run {run}", hint="runs are written JOB#N")
        return ("metric", run, name)

    def leaderboard(self, name: str, *, top: int) -> object:
        return ("leaderboard", name, top)

    def compare(self, runs: tuple[str, ...]) -> object:
        return ("compare", *runs)

    def chart(self, run: str, name: str) -> object:
        return ("chart", run, name)


# -- Markdown ---------------------------------------------------------------------------------------------------------------


def test_the_first_heading_is_the_title_and_the_rest_are_in_order() -> None:
    read = page("# Why\n\ntext\n\n# Second\n\n#### Deep\n\n## Back\n")
    assert read.title == "Why"
    assert [(h.level, h.text) for h in read.headings] == [(2, "Second"), (3, "Deep"), (2, "Back")]
    assert "<h1" not in "".join(read.pieces)


def test_ids_of_the_text_cannot_meet_those_of_the_frame() -> None:
    text = html('## Main\n\n<p id="location">a</p>\n\n[up](#main) and foot[^1]\n\n[^1]: note\n')
    ids = re.findall(r'id="([^"]+)"', text)
    assert ids
    assert all(name.startswith("t-") for name in ids)
    assert 'href="#t-main"' in text
    assert {target[1:] for target in re.findall(r'href="(#[^"]+)"', text)} <= set(ids)


def test_tables_scroll_and_are_aligned_by_class() -> None:
    text = html("| a | b | c |\n|:-:|--:|:--|\n| 1 | 2 | 3 |\n")
    assert "style=" not in text
    assert "align=" not in text
    assert '<td class="c">1</td>' in text
    assert '<td class="r">2</td>' in text
    assert '<th scope="col">c</th>' in text
    assert re.search(r'<div [^>]*class="scroll"[^>]*tabindex="0"', text)


def test_what_mkdocs_writes_is_understood() -> None:
    text = html(
        '!!! warning "Careful"\n    Stuff\n\n```python\nx = 1\n```\n\nTerm\n:   Meaning\n\n1. a\n\n    b\n\nText {: .small }\n'
    )
    for part in ('class="admonition warning"', 'class="admonition-title"', 'class="language-python"', "<dt>Term</dt>", "<li>"):
        assert part in text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<b onclick="alert(1)">x</b>',
        '<p style="color:red">x</p>',
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' JaVaScRiPt:alert(1)'>x</a>",
        "<a href='vbscript:alert(1)'>x</a>",
        "<iframe src='https://evil.example'></iframe>",
        "<svg onload=alert(1)></svg>",
        "<form action='https://evil.example'><input></form>",
        "<q cite='javascript:alert(1)'>x</q>",
        "<object data='x'></object><embed src='x'><base href='//evil.example'>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
    ],
)
def test_pages_go_through_the_allow_list_too(text: str) -> None:
    made = html(f"before\n\n{text}\n\nafter\n")
    assert not re.search(
        r"<script|<iframe|<svg|<form|<object|<embed|<base|<meta|<style|style=|\son\w+=|javascript:|data:", made, re.IGNORECASE
    )
    assert "evil.example" not in made or "src" not in made


def test_a_page_is_the_same_whatever_was_read_before() -> None:
    first = page("# A\n\nfoot[^1]\n\n[^1]: x\n\n## Same\n")
    page("# B\n\nfoot[^1]\n\n[^1]: y\n\n## Same\n\n## Same\n")
    assert page("# A\n\nfoot[^1]\n\n[^1]: x\n\n## Same\n") == first


# -- links ------------------------------------------------------------------------------------------------------------------


def test_links_between_pages_and_to_files_are_relative_to_where_they_are_published() -> None:
    known = {"pages": {"notes/a b.md", "index.md", "notes/why.md"}, "files": {"notes/plot.png", "data.csv"}}
    source = ContentSource(
        path="notes/why.md",
        text="[a](a%20b.md#Part) [up](../index.md) ![p](plot.png) [d](../data.csv) [me](why.md) [h](https://x.example/)",
    )
    read = read_page(source, **known)
    text = "".join(read.pieces)
    assert re.findall(r'(?:href|src)="([^"]+)"', text) == [
        "../a%20b/index.html#t-part", "../../index.html", "../plot.png", "../../data.csv", "index.html", "https://x.example/",
    ]  # fmt: skip
    assert read.files == ("data.csv", "notes/plot.png")


@pytest.mark.parametrize(
    "link",
    [
        "[x](gone.md)",
        "![x](gone.png)",
        "[x](../outside.md)",
        "![x](https://evil.example/p.gif)",
        "[x](why)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](//evil.example/)",
        "[x][gone]\n\n[gone]: gone.md",
        "<ftp://example.com/x>",
        '<a href="gone.md">x</a>',
        "A word <a href=gone.md#x>x</a> in a line",
        '<p>\n<a title="y" href="a&amp;b.md">x</a></p>',
        '<div><img alt="x" src="gone.png"></div>',
        "<img src='https://evil.example/p.gif'>",
        "<img src='//evil.example/p.gif'>",
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
        "<a href='//evil.example/'>x</a>",
        "<a href='file:///etc/passwd'>x</a>",
        "[x]({{ metric('a#1', 'f1') }})",
    ],
)
def test_a_broken_link_is_an_error_with_file_and_line(link: str) -> None:
    lines = {"[x][gone]\n\n[gone]: gone.md": 7, '<p>\n<a title="y" href="a&amp;b.md">x</a></p>': 6}
    with pytest.raises(ContentError, match=rf"content/why\.md:{lines.get(link, 5)}: ") as raised:
        page(f"+++\ntitle = 'x'\n+++\n\n{link}\n\nThe words gone.md and gone.png stand here too.\n")
    assert raised.value.hint
    assert not re.search(r"rg[0-9a-f]{12}x", str(raised.value))


def test_links_in_raw_html_lead_where_those_in_markdown_do() -> None:
    known = {"pages": {"why.md", "notes/other.md"}, "files": {"notes/plot.png"}}
    read = page(
        "<p id='here'>See <a href='notes/other.md#Part'>other</a>, <a href='#here'>this</a>, <a href='why.md#here'>this</a>,\n"
        "<a href='https://x.example/?a=1&amp;b=2'>out</a>, <a href='#'>up</a></p>\n\n"
        "A line with <img src='notes/plot.png' alt='a > b'> and <me@example.com>.\n",
        **known,
    )
    text = "".join(read.pieces)
    assert re.findall(r'(?:href|src)="([^"]+)"', text) == [
        "../notes/other/index.html#t-part", "#t-here", "index.html#t-here", "https://x.example/?a=1&amp;b=2", "#",
        "../notes/plot.png", "mailto:me@example.com",
    ]  # fmt: skip
    assert read.files == ("notes/plot.png",)
    assert [anchor.id for anchor in read.anchors] == ["t-part", "t-here", "t-here"]


@pytest.mark.parametrize(
    "text",
    [
        "one\n\n<b id='a'>x</b>\n\ntwo <b id=a>y</b>\n",
        "## Costs\n\ntext\n\n<p id='costs'>x</p>\n",
        "## One {#a}\n\ntext\n\n## Two {#A}\n",
    ],
)
def test_an_id_that_stands_twice_is_an_error_with_file_and_line(text: str) -> None:
    with pytest.raises(ContentError, match=r"content/why\.md:8: the id “(a|costs)” is on this page twice") as raised:
        page("---\ntitle: x\n---\n" + text)
    assert raised.value.hint


def test_headings_and_footnotes_that_repeat_and_ids_in_code_are_no_mistake() -> None:
    read = page("## Same\n\nx[^1] y[^1]\n\n## Same\n\n```\n<p id='t-same'> <p id='t-same'>\n```\n\n[^1]: z\n")
    assert len(set(read.ids)) == len(read.ids) == 5


@pytest.mark.parametrize(
    ("link", "hint"),
    [
        ("[x](#nowhere)", "its headings: #costs"),
        ("[x](other.md#prise)", "did you mean #price?"),
        ('<a href="#costs">y</a> <a href="#cost">z</a>', "did you mean #costs?"),
    ],
)
def test_a_link_to_a_place_that_is_not_there_is_an_error_with_file_and_line(link: str, hint: str) -> None:
    sources = [
        ContentSource(path="why.md", text=f"# Why\n\n## Costs\n\n{link}\n"),
        ContentSource(path="other.md", text="## Price\n"),
    ]
    with pytest.raises(ContentError, match=r"content/why\.md:5: .* has no such place") as raised:
        read_pages(sources)
    assert raised.value.hint == hint


def test_links_to_headings_ids_and_footnotes_hold() -> None:
    text = "# Why\n\n## Costs {#own}\n\n[a](#own) [b](other.md#price) [c](why.md#mark) x[^1]\n\n<b id='mark'>y</b>\n\n[^1]: z\n"
    pages = read_pages([ContentSource(path="why.md", text=text), ContentSource(path="other.md", text="## Price\n")])
    assert [anchor.id for anchor in pages[0].anchors][:3] == ["t-own", "t-price", "t-mark"]


# -- directives -------------------------------------------------------------------------------------------------------------


def test_directives_are_cut_out_and_looked_up_in_order() -> None:
    read = page(
        'F1 is {{ metric("a/b#1", "val/f1") }} now.\n\n{{ leaderboard("churn", top=3) }}\n\n'
        '{{ compare(\'a#1\', \'a#2\') }}\n\n| x |\n|---|\n| {{ metric("c#3", "m") }} |\n\n{{ chart("a#1", "pr") }}\n'
    )
    parts = resolve(read, Recorder())
    values = [part.value for part in parts if part.name]
    assert values == [
        ("metric", "a/b#1", "val/f1"), ("leaderboard", "churn", 3), ("compare", "a#1", "a#2"), ("metric", "c#3", "m"),
        ("chart", "a#1", "pr"),
    ]  # fmt: skip
    assert parts[0].html == "<p>F1 is "
    assert parts[2].html.startswith(" now.</p>")
    together = "".join(part.html for part in parts)
    assert together.count("<p>") == together.count("</p>")
    assert [call.line for call in read.calls] == [1, 3, 5, 9, 11]


def test_directives_in_code_stay_as_they_are() -> None:
    read = page('`{{ metric("a#1", "<b>") }}`\n\n    {{ nonsense }}\n\n```\n{{ chart( }}\n```\n\n\\{{ braces }}\n')
    assert read.calls == ()
    text = "".join(read.pieces)
    assert '{{ metric("a#1", "&lt;b&gt;") }}' in text
    assert "{{ nonsense }}" in text
    assert "{{ braces }}" in text


@pytest.mark.parametrize(
    ("directive", "words"),
    [
        ("{{ metrics('a', 'b') }}", "did you mean metric"),
        ("{{ metric('a') }}", "takes run and name"),
        ("{{ metric('a', 'b', 'c') }}", "takes run and name"),
        ("{{ metric('a', 3) }}", "as texts"),
        ("{{ leaderboard('a', top='5') }}", "whole number"),
        ("{{ leaderboard('a', top=0) }}", "from 1 to 100"),
        ("{{ leaderboard('a', size=5) }}", "no option"),
        ("{{ config }}", "no directive"),
        ("{{ metric }}", "parentheses"),
        ("{{ ''.__class__ }}", "not understood"),
        ("{{ metric(self.x, 'b') }}", "not understood"),
        ("{{ metric('a' 'b') }}", "not understood"),
        ("{{ metric('a', 'b',) }}", "not understood"),
        ("{{ metric(name='a', 'b') }}", "not understood"),
    ],
)
def test_a_directive_that_cannot_be_read_is_an_error_with_file_line_and_hint(directive: str, words: str) -> None:
    with pytest.raises(ContentError, match=r"^content/why\.md:3: ") as raised:
        page(f"one\n\nThree {directive}.\n")
    assert words in f"{raised.value} {raised.value.hint}"


def test_a_reference_that_does_not_resolve_is_an_error_with_file_and_line() -> None:
    read = page("---\ntitle: x\n---\n\none\n\n{{ metric('gone#1', 'f1') }}\n")
    with pytest.raises(ContentError, match=r"^content/why\.md:7: there is no run gone#1$") as raised:
        resolve(read, Recorder())
    assert raised.value.hint == "runs are written JOB#N"


texts = st.text(st.characters(exclude_characters="{}\n\r\x00", exclude_categories=("Cs",)), max_size=20)


@given(texts, texts, st.integers(1, 100))
def test_any_text_can_be_an_argument(run: str, name: str, top: int) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    call = parse(f" metric({quoted(run)}, {quoted(name)}) ")
    assert call.args == (run, name)
    assert parse(f"leaderboard({quoted(name)}, top={top})").options == {"top": top}


@given(st.text(max_size=60))
def test_any_body_is_read_or_refused(body: str) -> None:
    try:
        call = parse(body)
    except BadDirective:
        return
    assert call.name in SIGNATURES


@given(st.text(alphabet="{}() \"'metric#,=\\`\n|-*[]x1", max_size=80))
def test_pages_of_braces_are_read_or_refused_and_lose_no_text(text: str) -> None:
    try:
        read = page(text)
    except ContentError:
        return
    assert len(read.pieces) == len(read.calls) + 1
    assert not re.search(r"rg[0-9a-f]{12}x", "".join(read.pieces))


# -- front matter -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        '+++\ntitle = "T"\norder = 3\nnav = "N"\n+++\n',
        "---\ntitle: T\norder: 3\nnav: 'N'\n---\n",
        "+++\r\ntitle = 'T'\r\norder = 3\r\nnav='N'\r\n+++\r\n",
    ],
)
def test_front_matter_is_toml_or_plain_lines(head: str) -> None:
    read = page(head + "# Heading\n\ntext\n")
    assert (read.title, read.order, read.nav) == ("T", 3, "N")
    assert "text" in "".join(read.pieces)


@pytest.mark.parametrize(
    ("head", "line", "words"),
    [
        ("+++\ntitle = 'a'\ntitel = 'b'\n+++\n", 3, "did you mean title"),
        ("---\ntitle: a\norder: soon\n---\n", 3, "whole number"),
        ("---\nnonsense\n---\n", 2, "key: value"),
        ("+++\ntitle = \n+++\n", 2, "not TOML"),
        ("+++\ntitle = 'a'\n", 1, "no closing"),
        ("---\nnav: 3\n---\n", 2, "text or true or false"),
    ],
)
def test_front_matter_that_is_wrong_is_an_error_with_its_line(head: str, line: int, words: str) -> None:
    with pytest.raises(ContentError, match=rf"content/why\.md:{line}: ") as raised:
        page(head + "text")
    assert words in f"{raised.value} {raised.value.hint}"


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert "<hr>" in html("---\n\ntext\n")


# -- the directory ----------------------------------------------------------------------------------------------------------


def test_a_directory_is_read_with_what_lies_beside_the_pages(tmp_path: Path) -> None:
    for name, text in {"index.md": "# Hi", "b/deep.md": "x", "b/pic.png": "p", ".hidden/x.md": "x", "run.py": "x"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    sources, files = load_content(tmp_path)
    assert [source.path for source in sources] == ["b/deep.md", "index.md"]
    assert [file.path for file in files] == ["b/pic.png"]
    assert [p.path for p in read_pages(sources, files)] == ["b/deep/index.html", "index.html"]
    assert load_content(tmp_path / "none") == ((), ())


def test_pages_too_large_or_not_in_utf8_are_errors(tmp_path: Path) -> None:
    (tmp_path / "big.md").write_text("x" * 2000)
    with pytest.raises(ContentError, match=r"big\.md: 2,000 bytes"):
        load_content(tmp_path, most_bytes=1000)
    (tmp_path / "big.md").write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(ContentError, match=r"big\.md:2: is not UTF-8"):
        load_content(tmp_path)


@pytest.mark.parametrize("path", ["jobs/x.md", "search.md", "404.md", "assets/a.md", "states.md", "Jobs.md"])
def test_addresses_of_the_site_are_taken(path: str) -> None:
    with pytest.raises(ContentError, match="belongs to the site"):
        page("x", path)


@pytest.mark.parametrize("path", ["manifest.json", "data/runs.csv"])
def test_a_file_cannot_take_the_address_of_a_file_of_the_site(path: str) -> None:
    with pytest.raises(ContentError, match=r"content/why\.md:3: the address .* belongs to the site"):
        page(f"# Why\n\n[x]({path})\n", files={path})


def test_two_pages_at_one_address_are_an_error() -> None:
    with pytest.raises(ContentError, match="same address"):
        read_pages([ContentSource(path="a.md", text="x"), ContentSource(path="A/index.md", text="x")])


def test_the_navigation_has_pages_by_order_and_title() -> None:
    pages = read_pages([
        ContentSource(path="b.md", text="# Bees"), ContentSource(path="a.md", text="---\norder: 200\n---\n# Ants"),
        ContentSource(path="c.md", text="---\nnav: false\n---\n# Cats"), ContentSource(path="d/e.md", text="# Deep"),
        ContentSource(path="f.md", text="---\nnav: Short\n---\n# A long title"), ContentSource(path="index.md", text="# Home"),
    ])  # fmt: skip
    assert [(entry.title, entry.path) for entry in navigation(pages)] == [
        ("Bees", "b/index.html"), ("Short", "f/index.html"), ("Ants", "a/index.html"),
    ]  # fmt: skip


def test_a_page_without_heading_is_named_by_its_file() -> None:
    assert page("text", "why-gradient_boosting.md").title == "Why gradient boosting"
    assert page("text", "notes/index.md").title == "Notes"
