"""Descriptions of jobs and builds: HTML of strangers, made fit for one paragraph."""

from __future__ import annotations

import time

import pytest

from reportgen.content import description_text, render_description

REL = 'rel="nofollow noopener noreferrer"'


@pytest.mark.parametrize(
    ("text", "html", "words"),
    [
        ("", "", ""),
        (
            "trains <fast>\nf1 < 0.7 & n > 5",
            "trains &lt;fast&gt;\nf1 &lt; 0.7 &amp; n &gt; 5",
            "trains <fast>\nf1 < 0.7 & n > 5",
        ),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("a <b>bold</b> &amp; <i>more</i>", "a <b>bold</b> &amp; <i>more</i>", "a bold & more"),
        ("one<br/>\ntwo<BR>", "one<br>two", "one\ntwo"),
        ("<p>one</p>\n<p>two</p><ul><li>x</li><li>y</li></ul>", "one<br>two<br>x<br>y", "one\ntwo\nx\ny"),
        (
            'see <a href="https://x.example/T-1" onclick="alert(1)" class="btn" id="top">T-1</a>',
            f'see <a href="https://x.example/T-1" {REL}>T-1</a>',
            "see T-1",
        ),
        ('<a href="javascript:alert(1)">x</a> <a href="job/y/">y</a>', f"<a {REL}>x</a> <a {REL}>y</a>", "x y"),
        ('<b>x</b><img src="http://evil/p.gif" onerror=alert(1)><svg onload=alert(1)>', "<b>x</b>", "x"),
        ("<b>x<script>alert(1)</script><style>p{}</style>", "<b>x</b>", "x"),
        ('<b style="position:fixed">x</b></p></main><h1>y</h1>', "<b>x</b><br>y", "x\ny"),
        ("<b>\u202egnp\x1b[31m</b>", "<b>⟨U+202E⟩gnp</b>", "\u202egnp\x1b[31m"),
        ("<b>&lt;script&gt;</b>", "<b>&lt;script&gt;</b>", "<script>"),
    ],
)
def test_a_description_is_words_emphasis_and_links(text: str, html: str, words: str) -> None:
    assert render_description(text) == html
    assert description_text(text) == words


@pytest.mark.parametrize(
    "piece",
    ["<b>", "<br>", "<p>", "</p>", "<a href=", "<b ", "&amp;", "<", "<b><i>", "<table><td>", " \n<br>", " ", "\n", "<x> "],
)
def test_a_long_one_costs_little(piece: str) -> None:
    started = time.process_time()
    text = "<b>x</b>" + (piece * 100_000)[:100_000]
    render_description(text)
    description_text(text)
    assert time.process_time() - started < 2
