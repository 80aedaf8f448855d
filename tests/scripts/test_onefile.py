"""A page as one file: nothing is loaded, nothing runs, nothing leads to a file that is not there."""

from __future__ import annotations

import base64
import re

from hypothesis import given
from hypothesis import strategies as st

from reportgen.site.onefile import one_file

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A &amp; B</title>
<link rel="icon" href="../../assets/icon.svg"><link rel="stylesheet" href="../../assets/style.css">
<link rel="preload" href="x.js"><script src="../../live.js" defer></script></head>
<body data-root="../../" onload="alert(1)"><header><a class="site" href="../../index.html">Site</a>
<a href="../../search/index.html">Search</a></header>
<nav aria-label="Sections"><ul><li><a href="a.html">A</a></li></ul></nav>
<main id="main"><h1>Run &lt;1&gt; &#8722;2</h1><a href="#main">up</a> <a href="../2/index.html">next</a>
<a href="https://ci.example/1">Jenkins</a> <a href="javascript:alert(1)">bad</a>
<img class="wide" src="../../files/ab/trend.svg" alt="A &quot;rise&quot;" loading="lazy" data-chart="c.js" width="10">
<img src="gone.png" alt="Gone">
<svg viewBox="0 0 2 2" aria-hidden="true"><path d="M0 0h2"/></svg><details open><summary>More</summary>x</details>
<script type="application/json">{"a": "</main>"}</script></main><!-- note --></body></html>
"""
FILES = {
    "assets/style.css": b'body { background: url("icon.svg") } .x::after { content: "</style>" } @import url(https://evil.example/x.css);',
    "assets/icon.svg": b"<svg/>",
    "files/ab/trend.svg": b"<svg>trend</svg>",
}
PATH = "jobs/1/index.html"


def made(url: str = "") -> str:
    return one_file(PAGE, PATH, read=FILES.get, site_url=url)


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = made()
    assert "<script" not in text
    assert not re.search(r"\son\w+=", text)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(not source or source.startswith(("data:", "#", "https://ci.example/")) for source in sources)
    assert "default-src &#x27;none&#x27;" in text
    assert "evil.example" not in text


def test_pictures_and_styles_are_inside() -> None:
    text = made()
    svg = base64.b64encode(b"<svg>trend</svg>").decode()
    assert f'src="data:image/svg+xml;base64,{svg}"' in text
    assert 'alt="A &quot;rise&quot;"' in text
    assert text.count("</style>") == 2
    assert 'url("data:image/svg+xml;base64,' in text
    assert '<img src="" alt="Gone">' in text


def test_words_and_structure_stay() -> None:
    text = made()
    assert "<h1>Run &lt;1&gt; &#8722;2</h1>" in text
    assert '<path d="M0 0h2"/>' in text
    assert "<details open>" in text
    assert "<title>A &amp; B</title>" in text
    assert "Sections" not in text
    assert "data-" not in text.replace("data:", "")


def test_links_become_words_or_lead_to_the_published_site() -> None:
    assert "<a>next</a>" in made()
    assert '<a class="site">Site</a>' in made()
    assert "Search" not in made()
    text = made("https://reports.example/latest/")
    assert '<a href="https://reports.example/latest/jobs/2/index.html">next</a>' in text
    assert 'href="https://reports.example/latest/search/index.html">Search' in text
    assert "<a>bad</a>" in text


@given(st.text(alphabet="<>/\"'=&; abscript-!onhref", max_size=120))
def test_any_page_is_copied_without_scripts(text: str) -> None:
    result = one_file(text, PATH, read=FILES.get)
    assert "<script" not in result.lower()
