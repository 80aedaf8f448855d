"""The theme manual's example, as written there, and the blocks it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reportgen.errors import ThemeError
from reportgen.resources import themes_dir
from reportgen.site.pages.run import run_page
from reportgen.site.render import Renderer
from reportgen.site.theme import load_theme
from tests.pages.support import Document, run_input, site

MANUAL = Path(__file__).parents[2] / "docs" / "how-to" / "themes.md"
TEMPLATES = themes_dir() / "default" / "templates"


def write_example(root: Path) -> None:
    """Write the files of the manual: each code block after a line that is a path."""
    manual = MANUAL.read_text(encoding="utf-8")
    for path, text in re.findall(r"^`(themes/\S+)`\n\n```\w+\n(.*?)^```", manual, re.MULTILINE | re.DOTALL):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (root / "themes/team/assets/logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")


def test_the_example_of_the_manual_works_and_is_short(tmp_path: Path) -> None:
    write_example(tmp_path)
    theme = load_theme("team", root=tmp_path, themes_dir=themes_dir(), options={"owner": "models@example.com"})
    text = Renderer(theme).render(run_page(site(), run_input(140))).decode()
    document = Document(text)
    assert document.unclosed == []
    assert "Ask for a review when #140" in document.words
    assert "Questions: models@example.com" in document.words
    assert any("logo-" in (image["src"] or "") for image in document.all("img"))
    assert "F1 0.754" in document.words, "the rest is the parent's"
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in (tmp_path / "themes/team/templates").iterdir())
    assert lines < 20


def test_every_block_of_the_manual_exists_and_every_block_is_in_the_manual() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    table = manual[manual.index("| block |") :]
    promised = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([a-z_]+)`", row)}
    found = {
        name
        for file in TEMPLATES.glob("*.html")
        for name in re.findall(r"{%-? block ([a-z_]+)", file.read_text(encoding="utf-8"))
    }
    assert promised == found - {"main"}


def test_a_field_that_does_not_exist_is_told_with_its_place(tmp_path: Path) -> None:
    write_example(tmp_path)
    template = tmp_path / "themes/team/templates/run.html"
    template.write_text(template.read_text(encoding="utf-8").replace("page.number", "page.nummer"), encoding="utf-8")
    renderer = Renderer(load_theme("team", root=tmp_path, themes_dir=themes_dir()))
    with pytest.raises(ThemeError, match=r"run\.html:2: .*nummer"):
        renderer.render(run_page(site(), run_input(140)))


@pytest.mark.parametrize(
    ("found", "written", "told", "hint"),
    [
        ("page.number", "page.nummer", r"run\.html:2: page has no field 'nummer' in run\.html", "did you mean page.number?"),
        (
            "page.number",
            "page.chrome.titel",
            r"run\.html:2: page\.chrome has no field 'titel'",
            "did you mean page.chrome.title?",
        ),
        ("page.number", "page.zzz", r"run\.html:2: page has no field 'zzz'", "Template contexts"),
        ("page.number", "theme.ownr", r"run\.html:2: theme 'team' has no option 'ownr'", "did you mean theme.owner?"),
        ("page.number", "theme.zzz", r"run\.html:2: theme 'team' has no option 'zzz'", "its options: footer, owner, scripts"),
    ],
)
def test_a_field_or_option_that_does_not_exist_is_told_before_a_page_is_made(
    tmp_path: Path, found: str, written: str, told: str, hint: str
) -> None:
    write_example(tmp_path)
    template = tmp_path / "themes/team/templates/run.html"
    template.write_text(template.read_text(encoding="utf-8").replace(found, written), encoding="utf-8")
    theme = load_theme("team", root=tmp_path, themes_dir=themes_dir())
    with pytest.raises(ThemeError, match=told) as raised:
        Renderer(theme).check(besides=themes_dir())
    assert hint in (raised.value.hint or "")
    if "theme" in written:
        assert str(tmp_path / "themes/team/theme.toml") in (raised.value.hint or "")
        with pytest.raises(ThemeError, match=told) as while_made:
            Renderer(theme).render(run_page(site(), run_input(140)))
        assert hint in while_made.value.message


def test_what_the_checks_cannot_know_is_left_alone(tmp_path: Path) -> None:
    write_example(tmp_path)
    template = tmp_path / "themes/team/templates/job.html"
    template.write_text(
        '{% extends "default:job.html" %}{% macro shown(theme) %}{{ theme.anything }}{% endmacro %}'
        "{% block job_panel %}{% for page in page.chrome.nav %}{{ page.label }}{% endfor %}{{ page.chrome.site.upper() }}"
        "{% endblock %}",
        encoding="utf-8",
    )
    Renderer(load_theme("team", root=tmp_path, themes_dir=themes_dir())).check(besides=themes_dir())


def test_scripts_can_be_switched_off_and_a_footer_added() -> None:
    theme = load_theme("default", root=themes_dir(), themes_dir=themes_dir(), options={"scripts": False, "footer": "Ask us."})
    document = Document(Renderer(theme).render(run_page(site(), run_input(140))).decode())
    assert document.all("script") == []
    assert "Ask us." in document.words


def test_the_second_theme_is_as_short_as_the_manual_says() -> None:
    told = re.search(r'`theme = "plain"` is a whole second look in about (\d+) lines', MANUAL.read_text(encoding="utf-8"))
    assert told is not None
    files = [file for file in (themes_dir() / "plain").rglob("*") if file.is_file()]
    assert round(sum(len(file.read_text("utf-8").splitlines()) for file in files), -1) == int(told[1])
