import sqlite3
from contextlib import contextmanager

import pytest

from reportgen.report import SilentReporter
from reportgen.serve.preview import Preview
from reportgen.site.maker import SiteMaker
from tests.site.support import digests, filled, make_build

PAGE = "---\ntitle: {title}\n---\n\n{text}\n"


@contextmanager
def preview_of(project):
    with Preview(project.file, "reportgen test", SilentReporter()) as preview:
        yield preview


def write(project, name, text, title="Review"):
    file = project.root / "content" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(PAGE.format(title=title, text=text), encoding="utf-8")
    return file


def fresh(project):
    """Return the files of a preview that is built from nothing."""
    with preview_of(project) as preview:
        assert preview.build()
        return digests(preview.root)


def stamps(root):
    return {path.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_saved_content_page_is_all_that_is_written_again(tmp_path):
    project = filled(tmp_path, 6)
    write(project, "review.md", "One.")
    write(project, "other.md", "Other.", "Other")
    with preview_of(project) as preview:
        assert preview.build()
        before = stamps(preview.root)
        write(project, "review.md", "Two.")
        assert preview.build()
        after = stamps(preview.root)
        assert {path for path in after if after[path] != before.get(path)} == {"review/index.html"}
        assert digests(preview.root) == fresh(project)


def test_whatever_happens_to_content_the_preview_is_what_a_new_one_would_be(tmp_path):
    project = filled(tmp_path, 4)
    steps = [
        lambda: write(project, "review.md", "The best is {{ metric('churn/validate#2', 'val/f1') }}."),
        lambda: write(project, "review.md", "## A heading", "Another title"),
        lambda: write(project, "index.md", "Welcome.", "Models"),
        lambda: write(project, "more.md", "More.", "More"),
        lambda: (project.root / "content" / "note.txt").write_text("a note"),
        lambda: write(project, "more.md", "See [the note](note.txt)."),
        lambda: (project.root / "content" / "more.md").unlink(),
        lambda: project.save([make_build(5, f1=0.9)]),
        lambda: write(project, "review.md", "The best is {{ metric('churn/validate#5', 'val/f1') }}."),
        lambda: (project.root / "content" / "index.md").unlink(),
        lambda: project.file.write_text(project.file.read_text().replace('"Churn"', '"Renamed"')),
        lambda: write(project, "review.md", "The end."),
    ]
    with preview_of(project) as preview:
        assert preview.build()
        for step in steps:
            step()
            assert preview.build()
            assert digests(preview.root) == fresh(project)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("Good.\n\n{{ metric('churn/validate#99', 'val/f1') }}", "content/review.md:7: churn/validate has no build #99"),
        ("Good.\n\n{{ nonsense('x') }}", "content/review.md:7"),
    ],
)
def test_a_broken_content_page_is_told_with_its_line_until_it_is_mended(tmp_path, broken, told):
    project = filled(tmp_path, 3)
    write(project, "index.md", "Welcome.", "Models")
    write(project, "review.md", "Good.")
    with preview_of(project) as preview:
        assert preview.build()
        before = digests(preview.root)
        write(project, "index.md", "Changed.", "Models")
        write(project, "new.md", "New.", "New")
        write(project, "review.md", broken)
        assert not preview.build()
        assert told in preview.signal.trouble.message
        assert "review/index.html" in digests(preview.root)
        (project.root / "content" / "new.md").unlink()
        write(project, "index.md", "Welcome.", "Models")
        write(project, "review.md", "Good.")
        assert preview.build()
        assert preview.signal.trouble is None
        assert digests(preview.root) == before


@pytest.mark.parametrize(
    ("name", "broken", "line", "suffers"),
    [
        ("run.html", '{% extends "default:run.html" %}\n{% block body %}\n{% if %}\n', 3, False),
        ("run.html", "{{ page.nothing }}\n", 1, False),
        ("job.html", "line\n{{ page.chrome.site.nothing }}\n", 2, True),
    ],
    ids=["it does not compile", "it names what is not there", "it fails on its pages"],
)
def test_a_broken_template_is_told_with_its_line_until_it_is_mended(tmp_path, name, broken, line, suffers):
    project = filled(tmp_path, 3)
    template = project.root / "themes" / "overrides" / "templates" / name
    template.parent.mkdir(parents=True)
    with preview_of(project) as preview:
        assert preview.build()
        before = digests(preview.root)
        template.write_text(broken, encoding="utf-8")
        assert not preview.build()
        assert f"{template}:{line}: " in preview.signal.trouble.message
        assert (digests(preview.root) != before) == suffers
        template.unlink()
        assert preview.build()
        assert preview.signal.trouble is None
        assert digests(preview.root) == before


def test_a_broken_configuration_is_told_until_it_is_mended(tmp_path):
    project = filled(tmp_path, 3)
    good = project.file.read_text()
    with preview_of(project) as preview:
        assert preview.build()
        project.file.write_text(good.replace("keep_versions", "keep_version"))
        assert not preview.build()
        assert "site.keep_version" in preview.signal.trouble.message
        project.file.write_text(good)
        assert preview.build()
        assert preview.signal.trouble is None


def test_a_bug_in_a_build_is_told_with_its_place_and_the_next_build_makes_up_for_it(tmp_path, monkeypatch):
    project = filled(tmp_path, 3)
    write(project, "review.md", "Good.")
    make = SiteMaker._assets
    with preview_of(project) as preview:
        assert preview.build()
        before = digests(preview.root)

        def fails(self, *rest):
            raise ZeroDivisionError("nobody thought of this")

        config = project.file.read_text()
        project.file.write_text(config.replace('"Churn"', '"Renamed"'))
        monkeypatch.setattr(SiteMaker, "_assets", fails)
        assert not preview.build()
        assert "test_preview.py:" in preview.signal.trouble.message
        assert "ZeroDivisionError: nobody thought of this" in preview.signal.trouble.message
        assert digests(preview.root) != before
        monkeypatch.setattr(SiteMaker, "_assets", make)
        project.file.write_text(config)
        assert preview.build()
        assert preview.signal.trouble is None
        assert digests(preview.root) == before


def test_a_damaged_store_is_told_and_a_mended_one_is_served(tmp_path):
    project = filled(tmp_path, 3)
    database = project.root / ".reportgen" / "store.db"
    with preview_of(project) as preview:
        assert preview.build()
        data = database.read_bytes()
        database.write_bytes(b"not a database" * 100)
        assert not preview.build()
        assert preview.signal.trouble.message
        database.write_bytes(data)
        assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert preview.build()
        assert preview.signal.trouble is None
