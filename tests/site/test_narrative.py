"""Directives of content pages, looked up in a real store: what they give, and what a broken one says."""

import re

import pytest

from reportgen.errors import ContentError
from reportgen.site.linkcheck import check_links
from reportgen.site.publish import list_versions
from tests.site.support import filled
from tests.site.test_builder import attach

SPEC = b"""{"mark": "bar", "data": {"values": [{"a": "x", "b": 1}]},
 "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}}}"""


@pytest.fixture
def project(tmp_path):
    project = filled(tmp_path)
    attach(project, 5, SPEC, "chart", "pr-curve", "vega-lite")
    (tmp_path / "content").mkdir()
    return project


def write(project, text, name="report.md"):
    (project.root / "content" / name).write_text(f"# Report\n\nThree\n\n{text}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("directive", "words", "hint"),
    [
        ('metric("churn/validat#1", "val/f1")', "there is no job 'churn/validat'", "did you mean churn/validate?"),
        ('metric("churn/validate#99", "val/f1")', "churn/validate has no build #99", "it has #1 to #5"),
        ('metric("churn/validate#1", "val/f2")', "churn/validate#1 has no metric 'val/f2'", "did you mean val/f1?"),
        ('metric("churn/validate#1", "zzz")', "churn/validate#1 has no metric 'zzz'", "it logged: "),
        ('metric("churn/validate", "val/f1")', "churn/validate", "JOB#N"),
        ('metric("churn/validate#1/zzz", "val/f1")', "zzz", ""),
        ('leaderboard("chrn")', "there is no leaderboard 'chrn'", "did you mean churn?"),
        ('leaderboard("zzz")', "there is no leaderboard 'zzz'", "leaderboards: churn"),
        ('compare("churn/validate#1", "churn/validate#99")', "churn/validate has no build #99", "it has #1 to #5"),
        ('compare("churn/validate#1")', "takes a and b", "write {{ compare("),
        ('chart("churn/validate#99", "pr-curve")', "churn/validate has no build #99", "it has #1 to #5"),
        ('chart("churn/validate#5", "pr-curv")', "churn/validate#5 has no chart or figure 'pr-curv'", "did you mean pr-curve?"),
        ('chart("churn/validate#1", "pr-curve")', "churn/validate#1 has no chart or figure 'pr-curve'", "it logged: none"),
    ],
)
def test_a_broken_reference_ends_the_build_with_file_and_line(project, directive, words, hint):
    write(project, f"{{{{ {directive} }}}}")
    with pytest.raises(ContentError, match=r"^content/report\.md:5: ") as raised:
        project.build()
    assert words in str(raised.value)
    assert hint in (raised.value.hint or "")
    assert list_versions(project.output) == []


def test_each_directive_gives_what_it_names(project):
    write(
        project,
        'F1 is {{ metric("churn/validate#1", "val/f1") }}.\n\n{{ leaderboard("churn", top=2) }}\n\n'
        '{{ compare("churn/validate#1", "churn/validate#2") }}\n\n{{ chart("churn/validate#5", "pr-curve") }}\n',
    )
    summary = project.build()
    text = (summary.directory / "report" / "index.html").read_text()
    assert re.search(r'F1 is <a class="cite" href="../jobs/churn/validate/1/index.html"[^>]*>0\.67', text)
    assert text.count("<table") == 2
    assert '<img src="../files/' in text
    assert "{{" not in text
    assert check_links(summary.directory) == []


def test_the_overview_cites_metrics_only(project):
    write(project, '{{ leaderboard("churn") }}', "index.md")
    with pytest.raises(ContentError, match=r"^content/index\.md:5: the overview's text can cite metrics only"):
        project.build()
    write(project, 'The first: {{ metric("churn/validate#1", "val/f1") }}.', "index.md")
    assert re.search(
        r'The first: <a href="jobs/churn/validate/1/index.html"', (project.build().directory / "index.html").read_text()
    )
