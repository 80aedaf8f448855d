"""Compiled templates that are kept: used while they are current, and never for what the package did not bring."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import jinja2
import pytest

from reportgen.resources import themes_dir
from reportgen.site import compiled
from reportgen.site.compiled import KeptTemplates

PROGRAM = compiled.__file__


@pytest.fixture
def themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A writable directory that stands for the themes of the package, with one small template."""
    top = tmp_path / "themes"
    (top / "small" / "templates").mkdir(parents=True)
    (top / "small" / "templates" / "page.html").write_text("one {{ 1 + 1 }}")
    monkeypatch.setattr(compiled, "themes_dir", lambda: top)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return top


def rendered(directory: Path, program: str = PROGRAM) -> tuple[str, int]:
    """Render ``page.html`` of a fresh environment; return the text and how often a template was compiled."""
    times = 0

    class Counting(jinja2.Environment):
        def _generate(self, *args: object, **kwargs: object) -> str:
            nonlocal times
            times += 1
            return super()._generate(*args, **kwargs)  # type: ignore[arg-type]

    environment = Counting(loader=jinja2.FileSystemLoader(directory), bytecode_cache=KeptTemplates(program))
    return environment.get_template("page.html").render(), times


def kept(themes: Path) -> list[Path]:
    return [path for path in themes.rglob("*") if "__pycache__" in path.parts and path.is_file()]


def test_a_template_is_compiled_once(themes: Path) -> None:
    templates = themes / "small" / "templates"
    assert rendered(templates) == ("one 2", 1)
    assert rendered(templates) == ("one 2", 0)
    assert [path.parent.parent for path in kept(themes)] == [themes / "small"]


def test_what_changed_is_compiled_anew(themes: Path, tmp_path: Path) -> None:
    templates = themes / "small" / "templates"
    rendered(templates)
    (templates / "page.html").write_text("two {{ 2 + 2 }}")
    assert rendered(templates) == ("two 4", 1)
    another = tmp_path / "another.py"
    another.write_text("# compiles otherwise")
    assert rendered(templates, str(another)) == ("two 4", 1)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:40], lambda data: data[:-9] + b"\0" * 9])
def test_a_damaged_file_is_made_again(themes: Path, damage) -> None:
    templates = themes / "small" / "templates"
    rendered(templates)
    (file,) = kept(themes)
    file.write_bytes(damage(file.read_bytes()))
    assert rendered(templates)[0] == "one 2"
    assert rendered(templates) == ("one 2", 0)


def test_nothing_is_kept_where_python_keeps_nothing(themes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(themes / "small" / "templates") == ("one 2", 1)
    assert kept(themes) == []


def test_nothing_of_a_project_is_kept_or_used(themes: Path, tmp_path: Path) -> None:
    own = tmp_path / "project" / "themes" / "mine" / "templates"
    own.mkdir(parents=True)
    (own / "page.html").write_text("mine")
    rendered(themes / "small" / "templates")
    shutil.copytree(themes / "small" / "__pycache__", own.parent / "__pycache__")
    assert rendered(own) == ("mine", 1)
    assert rendered(own) == ("mine", 1)


def test_the_themes_of_the_package_are_meant() -> None:
    assert KeptTemplates(PROGRAM)._themes == themes_dir().resolve()
