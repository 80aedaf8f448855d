from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import ThemeError
from reportgen.site.page import Page
from reportgen.site.render import Renderer, fingerprint
from reportgen.site.theme import load_theme


class Part(NamedTuple):
    text: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    title: str
    parts: tuple[Part, ...] = ()


@pytest.fixture
def make(tmp_path):
    def make(**templates):
        directory = tmp_path / "themes" / "t"
        for kind in ("templates", "assets"):
            (directory / kind).mkdir(parents=True, exist_ok=True)
        (directory / "theme.toml").write_text('[options.logo]\ndefault = "x.svg"\n')
        (directory / "assets" / "style.css").write_text("p{}")
        for name, text in templates.items():
            (directory / "templates" / f"{name}.html").write_text(text, encoding="utf-8")
        return Renderer(load_theme("t", root=tmp_path, themes_dir=tmp_path), {"vega.js": "assets/vega-1.js"})

    return make


def page(title="T", *parts):
    return Page("jobs/a/1/index.html", "run.html", Context(title=title, parts=parts))


def test_a_template_gets_its_context_the_theme_and_the_assets(make):
    renderer = make(
        run="{{ page.title }} {{ page.parts[0].href }} {{ theme.logo }} {{ asset('vega.js') }} {{ asset('style.css') }}\n"
    )
    text = renderer.render(page("é", Part("x", "a/b"))).decode()
    assert text.startswith("é a/b x.svg assets/vega-1.js assets/style-")
    assert text.endswith(".css\n")


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '" onmouseover=alert(1) x="', "{{ 7*7 }}{% include '/etc/passwd' %}"]
)
def test_everything_placed_is_escaped_and_never_compiled(make, hostile):
    renderer = make(run='<p title="{{ page.title }}">{{ page.title }}</p>')
    assert renderer.autoescape
    text = renderer.render(page(hostile)).decode()
    assert "<script>" not in text
    assert text.count('"') == 2
    if "7*7" in hostile:
        assert "{{ 7*7 }}" in text


def test_surrogates_do_not_stop_a_page(make):
    assert make(run="{{ page.title }}").render(page("a\ud800b")) == b"a?b"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("\n{{ page.titel }}", r"run\.html:2: .*titel.*\(on jobs/a/1/index\.html\)"),
        ("\n\n{% if %}", r"run\.html:3: "),
        ("{{ asset('gone.css') }}", r"has no asset 'gone\.css'; searched: "),
        ("{% extends 'nope.html' %}", r"no template 'nope\.html'; searched: "),
        ("\n{{ 1 / 0 }}", r"run\.html:2: ZeroDivisionError"),
    ],
)
def test_mistakes_in_templates_are_told_with_file_and_line(make, template, message):
    with pytest.raises(ThemeError, match=message):
        make(run=template).render(page())


def test_check_finds_a_mistake_in_a_template_no_page_uses(make):
    with pytest.raises(ThemeError, match=r"other\.html:1"):
        make(run="", other="{% endif %}").check()


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("\n{{ asset('stile.css') }}", r"run\.html:2: .*asset 'stile\.css'", "did you mean style.css?"),
        ("{% extends 'run.html' %}", r"run\.html:1: .*itself", "write "),
        ("\n{% include 'nope.html' %}", r"run\.html:2: .*no template 'nope\.html'", None),
        (
            "{% extends 'other.html' %}\n{% block pannel %}{% endblock %}",
            r"run\.html:2: the block 'pannel'",
            "did you mean panel?",
        ),
        ("{% extends 'other.html' %}{% block panel %}{% block mine %}{% endblock %}{% endblock %}", None, None),
    ],
)
def test_check_tells_what_a_template_names_and_nothing_has(make, template, message, hint):
    renderer = make(run=template, other="{% block panel %}{% endblock %}")
    if message is None:
        renderer.check()
        return
    with pytest.raises(ThemeError, match=message) as raised:
        renderer.check()
    assert (raised.value.hint or "").startswith(hint or "")


contexts = st.builds(Context, title=st.text(), parts=st.lists(st.builds(Part, st.text(), st.text()), max_size=3).map(tuple))


@given(contexts, contexts)
def test_fingerprints_are_equal_exactly_when_contexts_are(one, other):
    first = fingerprint(Page("p", "run.html", one), "theme", "1")
    second = fingerprint(Page("p", "run.html", other), "theme", "1")
    assert (first == second) == (one == other)


def test_a_fingerprint_moves_with_template_and_program():
    context = Context(title="x")
    kept = fingerprint(Page("p", "run.html", context), "theme", "1")
    assert fingerprint(Page("p", "run.html", context), "theme2", "1") != kept
    assert fingerprint(Page("p", "run.html", context), "theme", "2") != kept
    assert fingerprint(Page("q", "run.html", context), "theme", "1") != kept


def test_a_context_of_anything_but_values_is_refused():
    with pytest.raises(TypeError, match="not set"):
        fingerprint(Page("p", "run.html", {"x": {1, 2}}), "", "")
