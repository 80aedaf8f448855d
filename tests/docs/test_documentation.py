"""The documentation says what the program does: nothing stale, no broken link, every block of code is valid."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reportgen
from reportgen import cli
from reportgen.config import Config, parse_config, reference
from reportgen.errors import ConfigError, ReportgenError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))])
KEYS = {
    "[site]": "name url theme content output keep_versions alias people",
    "[store]": "path",
    "[jenkins]": "url name proxy concurrency timeout time_budget request_budget ca_bundle artifact_hosts backfill",
    "[[jobs]]": "name exclude stage artifacts models max_artifact_size console_tail renamed_from datasets",
    '[metrics."NAME"]': "title direction format unit summary min_shift",
    "[leaderboards.NAME]": "title jobs metric columns comparable_by group_by where baseline champion missing",
    "[pipelines.NAME]": "jobs approve deploy",
    "[limits]": "build_total files_per_build json metrics_per_run series_points_drawn table_rows table_columns page markdown"
    " chart chart_seconds image image_pixels",
    "[secrets]": "names allow",
}
"""The keys that users were promised: one may be added, none may go."""


def text_of(name: str) -> str:
    return (DOCS / "reference" / name).read_text("utf-8")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in re.finditer(rf"^( *)```{language}\b[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(found[2])


def test_the_reference_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "tools" / "reference.py", "--check"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), "run python tools/reference.py"


@pytest.mark.parametrize("heading", KEYS)
def test_every_promised_key_exists_and_every_key_is_documented(heading: str) -> None:
    section = reference()[heading]
    known = [field.alias or name for name, field in section.model_fields.items()]
    assert set(KEYS[heading].split()) <= set(known)
    paragraph = text_of("configuration.md").partition(f"## `{heading}`")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([^`]+)` \|", paragraph, re.MULTILINE) == known


def test_every_section_is_in_the_reference() -> None:
    assert {re.match(r"\[+(\w+)", heading)[1] for heading in reference()} == set(Config.model_fields)  # type: ignore[index]


def test_every_exit_code_and_command_is_documented() -> None:
    text = text_of("commands.md")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == [0, 1, 2, 3, 4, 70, 75, 130, 143]
    for name in cli.VERBS:
        assert f"## `reportgen {name}`" in text
    for name in ("versions list", "versions diff", "versions alias", "versions delete", "versions verify", "log metric"):
        assert f"### `reportgen {name}`" in text


def test_every_kind_of_error_is_documented_with_its_status() -> None:
    for module in pkgutil.walk_packages(reportgen.__path__, "reportgen."):
        if not module.name.startswith(("reportgen.demo.tree", "reportgen._data", "reportgen.__main__")):
            importlib.import_module(module.name)
    text, waiting = text_of("errors.md"), [ReportgenError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("reportgen.") and "slug" in vars(kind):
            paragraph = text.partition(f"{{#error-{kind.slug}}}")[2].partition("\n## ")[0]
            assert f"`{kind.__name__}`, exit code {kind.exit_code}." in paragraph, kind


def test_every_variable_of_the_environment_is_documented() -> None:
    used = set()
    for file in (ROOT / "reportgen").rglob("*.py"):
        used |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", file.read_text("utf-8")))
    jenkins = {"BRANCH_NAME", "BUILD_NUMBER", "GIT_BRANCH", "GIT_COMMIT", "GIT_LOCAL_BRANCH", "JOB_NAME", "STAGE_NAME"}
    text = text_of("commands.md")
    assert "REPORTGEN_DIR" in used
    assert [name for name in sorted(used - jenkins - {"HOME", "TERM", "PATH"}) if name not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_repository_resolve(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE):
        explicit = re.search(r"\{#([\w-]+)\}", heading)
        words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
        found.add(explicit[1] if explicit else re.sub(r"[\s-]+", "-", words))
    return found


def test_every_page_has_a_place_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} == listed


@pytest.mark.parametrize(("place", "text"), list(blocks("toml")), ids=lambda value: value if ".md:" in value[:60] else "")
def test_blocks_of_configuration_are_valid(place: str, text: str) -> None:
    data = tomllib.loads(text)
    if not set(data) & {*Config.model_fields, "gates"}:
        return  # a theme.toml or the front matter of a page
    problems = []
    try:
        parse_config(text, Path("reportgen.toml"))
    except ConfigError as error:
        problems = [problem for problem in error.problems if problem[1] != "is required"]  # a fragment may leave out some
    assert problems == [], place


@pytest.mark.parametrize(("place", "text"), list(blocks("python")), ids=lambda value: value if ".md:" in value[:60] else "")
def test_blocks_of_python_compile(place: str, text: str) -> None:
    compile(text, place, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.slow
def test_the_documentation_builds_strictly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "exit-codes" in (tmp_path / "reference" / "commands" / "index.html").read_text("utf-8")


def test_the_nightly_page_shows_the_very_jenkinsfile_that_init_writes() -> None:
    page = (ROOT / "docs" / "how-to" / "nightly-in-jenkins.md").read_text("utf-8")
    assert f"```groovy\n{(ROOT / 'reportgen' / 'starter' / 'Jenkinsfile').read_text('utf-8')}```" in page
