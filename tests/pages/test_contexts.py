"""The contract of themes: every field documented, the manual up to date, templates that use nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reportgen.resources import themes_dir
from reportgen.site.contexts.reference import CONTEXTS, components, fields_of, markdown
from tests.pages.support import renderer

ROOT = Path(__file__).parents[2]
TEMPLATES = themes_dir() / "default" / "templates"


@pytest.mark.parametrize("kind", [*CONTEXTS.values(), *components().values()], ids=lambda kind: kind.__name__)
def test_every_field_says_what_it_is(kind: type) -> None:
    fields = list(fields_of(kind))
    assert fields
    assert [name for name, _, text, _ in fields if not text.strip().endswith((".", ")"))] == []
    assert (kind.__doc__ or "").strip()


def test_the_manual_is_what_the_contexts_say() -> None:
    path = ROOT / "docs" / "reference" / "theme-contexts.md"
    assert path.read_text(encoding="utf-8") == markdown(), "write it again from reportgen.site.contexts.reference.markdown()"


def test_every_template_has_a_context_and_the_other_way_round() -> None:
    frames = {"base.html", "components.html", "scripts.html"}
    assert {file.name for file in TEMPLATES.glob("*.html")} - frames == set(CONTEXTS)


@pytest.mark.parametrize("template", sorted(CONTEXTS))
def test_templates_use_only_fields_that_their_context_has(template: str) -> None:
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    used = set(re.findall(r"\bpage\.([a-z_]+)", text))
    assert used <= {name for name, _, _, _ in fields_of(CONTEXTS[template])}


def test_no_template_has_inline_style_script_or_handler() -> None:
    for file in (*TEMPLATES.glob("*.html"), *(themes_dir() / "plain" / "templates").glob("*.html")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|data:|http://|//cdn", text), file.name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), file.name


@pytest.mark.parametrize("theme", ["default", "plain"])
def test_all_templates_of_a_theme_compile(theme: str) -> None:
    renderer(theme).check()


def test_style_sheets_fit_their_budget_and_load_nothing() -> None:
    import gzip

    for name in ("default", "plain"):
        css = (themes_dir() / name / "assets" / "style.css").read_text(encoding="utf-8")
        assert len(gzip.compress(css.encode(), 9)) <= 12_000
        assert "url(" not in css
        assert "@import" not in css
        assert css.count("{") == css.count("}")


def test_every_theme_draws_the_plots_whose_places_are_left_to_the_style_sheet() -> None:
    def rules(name: str) -> set[str]:
        css = (themes_dir() / name / "assets" / "style.css").read_text(encoding="utf-8")
        found = re.findall(r"(\.(?:pl|sp)\b[^{},]*(?::not\(\[[a-z0-9]+\]\)|rect\.z)) \{", css)
        return set(found) - {".pl.me .o:not([cy])"}

    assert len(rules("default")) >= 4
    assert rules("plain") >= rules("default")


def test_the_plain_theme_is_small() -> None:
    files = [file for file in (themes_dir() / "plain").rglob("*") if file.is_file()]
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) <= 110
