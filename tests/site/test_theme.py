import re

import pytest

from reportgen.errors import ThemeError
from reportgen.site.theme import load_theme


def make(directory, settings="", **files):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "theme.toml").write_text(settings, encoding="utf-8")
    for name, text in files.items():
        path = directory / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


@pytest.fixture
def shipped(tmp_path):
    make(
        tmp_path / "shipped" / "default",
        'name = "default"\n[options.accent]\ndefault = "blue"\nhelp = "Colour of links."\n[options.wide]\ndefault = false\n',
        templates__base_DOT_html="<title>{% block t %}{% endblock %}</title>",
        templates__run_DOT_html='{% extends "base.html" %}{% block t %}run{% endblock %}',
        templates__job_DOT_html='{% extends "base.html" %}',
        assets__style_DOT_css="body { background: url('img/a.svg#x') }",
        assets__img__a_DOT_svg="<svg/>",
        assets__app_DOT_js="1",
    )
    return tmp_path / "shipped"


def test_a_theme_is_found_by_name_or_directory_and_inherits(tmp_path, shipped):
    project = tmp_path / "project"
    make(project / "brand", 'extends = "default"\n[options.logo]\ndefault = ""\n', templates__job_DOT_html="branded")
    by_path = load_theme("./brand", root=project, themes_dir=shipped, options={"logo": "x.svg", "wide": True})
    assert by_path.template_source("job.html")[0] == "branded"
    assert by_path.template_source("run.html")[1].parent.parent.name == "default"
    assert by_path.options == {"accent": "blue", "wide": True, "logo": "x.svg"}
    assert load_theme("brand", root=project, themes_dir=shipped).name == "brand"


def test_the_projects_overrides_come_first_and_may_extend_what_they_hide(tmp_path, shipped):
    make(tmp_path / "themes" / "overrides", templates__run_DOT_html='{% extends "default:run.html" %}')
    (tmp_path / "themes" / "overrides" / "theme.toml").unlink()
    theme = load_theme("default", root=tmp_path, themes_dir=shipped)
    assert theme.name == "default"
    assert theme.template_source("run.html")[0] == '{% extends "default:run.html" %}'
    assert "base.html" in theme.template_source("default:run.html")[0]


def test_a_missing_template_says_where_it_was_searched(tmp_path, shipped):
    theme = load_theme("default", root=tmp_path, themes_dir=shipped)
    with pytest.raises(ThemeError, match=re.escape(str(shipped / "default" / "templates"))):
        theme.template_source("gone.html")
    with pytest.raises(ThemeError, match="no template"):
        theme.template_source("../theme.toml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acent": "red"}, "no such option"),
        ({"wide": "yes"}, "not of the kind"),
        ({"accent": True}, "not of the kind"),
    ],
)
def test_options_are_checked(tmp_path, shipped, options, message):
    with pytest.raises(ThemeError, match=message):
        load_theme("default", root=tmp_path, themes_dir=shipped, options=options)


def test_an_unknown_theme_and_a_circle_are_told(tmp_path, shipped):
    with pytest.raises(ThemeError, match="there is no theme 'nope'"):
        load_theme("nope", root=tmp_path, themes_dir=shipped)
    make(tmp_path / "themes" / "a", 'extends = "b"')
    make(tmp_path / "themes" / "b", 'extends = "a"')
    with pytest.raises(ThemeError, match="extends itself"):
        load_theme("a", root=tmp_path, themes_dir=shipped)


def test_asset_names_carry_the_digest_of_their_content_and_of_what_they_refer_to(tmp_path, shipped):
    before = load_theme("default", root=tmp_path, themes_dir=shipped)
    picture, sheet = before.assets["img/a.svg"], before.assets["style.css"]
    assert re.fullmatch(r"assets/img/a-[0-9a-f]{10}\.svg", picture.path)
    assert sheet.content.decode() == f"body {{ background: url('{picture.path.removeprefix('assets/')}#x') }}"
    (shipped / "default" / "assets" / "img" / "a.svg").write_text("<svg>2</svg>")
    after = load_theme("default", root=tmp_path, themes_dir=shipped)
    assert after.assets["style.css"].path != sheet.path
    assert after.assets["app.js"].path == before.assets["app.js"].path


def test_a_style_sheet_that_refers_to_nothing_is_an_error_with_its_line(tmp_path, shipped):
    (shipped / "default" / "assets" / "style.css").write_text("p {}\nb { background: url(no.svg) }")
    with pytest.raises(ThemeError, match=r"style\.css:2: url\(no\.svg\)"):
        _ = load_theme("default", root=tmp_path, themes_dir=shipped).assets


def test_a_templates_digest_moves_with_what_it_extends_and_not_with_others(tmp_path, shipped):
    def digests():
        theme = load_theme("default", root=tmp_path, themes_dir=shipped)
        return theme.template_digest("run.html"), theme.template_digest("job.html"), theme.digest

    run, job, everything = digests()
    (shipped / "default" / "templates" / "job.html").write_text('{% extends "base.html" %}changed')
    assert digests()[0] == run
    assert digests()[1] != job
    assert digests()[2] != everything
    (shipped / "default" / "templates" / "base.html").write_text("changed")
    assert digests()[0] != run


def test_a_template_with_a_computed_include_depends_on_everything(tmp_path, shipped):
    (shipped / "default" / "templates" / "job.html").write_text("{% include name ~ '.html' %}")
    theme = load_theme("default", root=tmp_path, themes_dir=shipped)
    assert theme.template_digest("job.html") == theme.digest


def test_options_and_assets_are_part_of_every_digest(tmp_path, shipped):
    one = load_theme("default", root=tmp_path, themes_dir=shipped)
    other = load_theme("default", root=tmp_path, themes_dir=shipped, options={"accent": "red"})
    assert one.template_digest("run.html") != other.template_digest("run.html")
