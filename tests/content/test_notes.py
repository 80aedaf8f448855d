"""Notes: whatever a build writes, the page stays safe and the build of the site does not stall."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.content import NoteLimits, render_note, visible
from reportgen.content.plain import console_text

UNSAFE = re.compile(
    r"<(?:script|style|iframe|svg|math|form|object|embed|base|meta|link|noscript|template|input|button)\b"
    r"|<[^>]*\s(?:on\w+|style|id|srcdoc|formaction)\s*="
    r"|(?:href|src)\s*=\s*[\"']?\s*(?:javascript|data|vbscript|file):",
    re.IGNORECASE,
)


def test_ordinary_markdown_is_laid_out() -> None:
    made = render_note(
        "# Why\n\nRetrained after the *March* backfill, see [PR](https://x.example/1).\n\n- a\n- b\n\n"
        "| x | y |\n|--|--:|\n| 1 | 2 |\n"
    )
    assert made.problem == ""
    for part in (
        "<h3>Why</h3>",
        "<em>March</em>",
        'href="https://x.example/1"',
        "<li>a</li>",
        '<td class="r">2</td>',
        'rel="nofollow',
    ):
        assert part in made.html


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](java\nscript:alert(1))",
        "[a](javascript&#58;alert(1))",
        "[a](VbScript:msgbox(1))",
        "[a](data:text/html,<script>alert(1)</script>)",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "[a](//evil.example/)",
        "[a](\\\\evil.example\\share)",
        '<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">',
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        '<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>',
        "<svg><a><set attributeName=href to=javascript:alert(1)></set></a></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<base href=//evil.example/><meta http-equiv=refresh content=0><form action=//evil.example>",
        "<style>@import '//evil.example/';</style>",
        '<a id=location>x</a><div class="rg-status-pass">PASS</div>',
        '# a" onclick=alert(1)',
        "<![",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<img src=x onerror=alert(1)>",
        "`<script>alert(1)</script>`",
        "```html\n<script>alert(1)</script>\n```",
        "| <script>alert(1)</script> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | 2 |",
        '![x" onerror="alert(1)](a.png)',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_hostile_notes_show_as_text_and_do_nothing(text: str) -> None:
    made = render_note(text).html
    # What is shown literally is escaped, so a tag in the result is one that a browser would act on.
    assert not UNSAFE.search(made), made
    assert "evil.example" not in "".join(re.findall(r'(?:href|src)="([^"]*)"', made))


@pytest.mark.parametrize(
    "address", ["http://evil.example/p.gif", "//evil.example/p.gif", "\\\\evil\\p.gif", "data:image/png;base64,AA"]
)
def test_pictures_from_elsewhere_become_their_description(address: str) -> None:
    made = render_note(f"![a plot]({address})", images=lambda path: path).html
    assert "<img" not in made
    assert "a plot" in made or "](" in made


def test_pictures_of_the_run_are_shown() -> None:
    made = render_note("![a plot](files/plot.png) ![b](gone.png)", images={"files/plot.png": "../../f.png"}.get).html
    assert re.findall(r"<img[^>]*>", made) == ['<img src="../../f.png" alt="a plot">'] or 'src="../../f.png"' in made
    assert made.count("<img") == 1


STALLING = {
    "brackets": "[" * 20_000,
    "images": "![[" * 5_000,
    "links": "[a](b" * 5_000,
    "open links": "[a](<b" * 5_000,
    "stars": "*" * 20_000,
    "stars between letters": "a*" * 20_000,
    "underscores": "_a" * 20_000,
    "mixed emphasis": "*a_ **b" * 5_000,
    "quotes": ">" * 5_000,
    "spaced quotes": "> " * 5_000,
    "quotes and lists": "> - " * 3_000,
    "deep list": "\n".join("  " * depth + "- a" for depth in range(300)),
    "list on one line": "- " * 3_000 + "x",
    "wide table": "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n" + "|b|\n" * 200,
    "long table": "|a|b|\n|-|-|\n" + "|b|c|\n" * 30_000,
    "backticks": "".join("`" * n + "a" for n in range(1, 400)),
    "references": "\n".join(f"[a{n}]: x" for n in range(20_000)) + "\n\n" + "[a1]" * 1_000,
    "entities": "&" * 100_000,
    "angles": "<" * 100_000,
    "comments": "<!--" * 20_000,
    "many paragraphs": ("![[](" * 250 + "\n\n") * 180,
    "backslashes": "\\" * 200_000,
    "parentheses": "[a](" + "(" * 100_000,
    "one long line": "x" * 10_000_000,
    "many lines": "\n" * 1_000_000,
    "headings": "# a\n" * 50_000,
    "rules": "***\n" * 50_000,
}


@pytest.mark.parametrize(("lines", "laid_out"), [(10_000, True), (10_001, False)])
def test_a_note_of_very_many_lines_is_shown_as_it_is(lines: int, laid_out: bool) -> None:
    made = render_note("# a\n\n" * lines)
    assert made.html.count("<h3>") == (lines if laid_out else 0)
    assert ("Too complex" in made.problem) is not laid_out


@pytest.mark.parametrize("name", sorted(STALLING))
def test_no_note_stalls_the_build_or_fills_the_page(name: str) -> None:
    limits = NoteLimits()
    started = time.process_time()
    made = render_note(STALLING[name], limits=limits)
    assert time.process_time() - started < 2.0
    assert len(made.html) <= limits.html_bytes
    assert made.html or name == "many lines"


def test_memory_is_bounded() -> None:
    tracemalloc.start()
    render_note("|a" * 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 1024**2


@given(st.text(alphabet="[]!*_`<>&|#-+ \n()ab:\\", max_size=400))
def test_any_note_gives_safe_markup(text: str) -> None:
    assert not UNSAFE.search(render_note(text).html)


@given(st.binary(max_size=300))
def test_any_bytes_give_text(data: bytes) -> None:
    made = render_note(data)
    assert "\x00" not in made.html
    made.html.encode()


def test_a_long_note_is_cut_with_a_word_about_it() -> None:
    made = render_note("word " * 100_000)
    assert made.problem.startswith("Cut after 256 kB")
    assert render_note("[" * 5000).problem.startswith("Too complex")


def test_what_the_eye_would_miss_is_shown() -> None:
    assert visible("a\u202egnp.exe") == "a⟨U+202E⟩gnp.exe"
    assert visible("a\u200bb\x07\x7f\x85") == "a⟨U+200B⟩b␇␡⟨U+0085⟩"
    assert visible("tab\tand\nline") == "tab\tand\nline"
    assert visible("naïve 中文 🙂 é") == "naïve 中文 🙂 é"
    assert "⟨U+202E⟩" in render_note("file \u202egnp.exe").html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07", "link"),
        ("\x1b]52;c;ZXZpbA==\x1b\\done", "done"),
        ("\x1b[2J\x1b[Hhome", "home"),
        ("10%\r50%\r100%\ndone", "100%\ndone"),
        ("one\r\ntwo", "one\ntwo"),
        ("\x9b31mred", "red"),
        ("bell\x07 back\x08", "bell␇ back␈"),
        ("\x1b]0;never closed", ""),
    ],
)
def test_terminal_codes_do_not_reach_the_page(text: str, shown: str) -> None:
    assert console_text(text) == shown


@given(st.text(max_size=200))
def test_console_text_has_no_control_characters(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", console_text(text))
