"""`reportgen versions` as people use it: list, compare, go back, name, delete, verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.store.db import Store
from tests.site.support import Project, filled, make_build

FIRST, SECOND, THIRD = "20261124T040000Z", "20261124T050000Z", "20261124T060000Z"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with three published versions."""
    project = filled(tmp_path, 2)
    for step in range(3):
        project.save([make_build(2 + step)])
        project.build(step)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return project


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["versions", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_versions_are_listed_newest_first_and_as_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    listed = (
        f"{THIRD}  2026-11-24 06:00:00 UTC  (latest)\n{SECOND}  2026-11-24 05:00:00 UTC\n{FIRST}  2026-11-24 04:00:00 UTC\n"
    )
    assert said(capsys) == (0, listed, "")
    assert said(capsys, "list") == (0, listed, "")
    status, out, _ = said(capsys, "list", "--json")
    assert (status, out) == (0, (project.output / "versions.json").read_text())


def test_going_back_and_forth(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "alias", FIRST) == (0, "", f"latest now leads to {FIRST}\n")
    assert (project.output / "latest").readlink() == Path(FIRST)
    assert said(capsys, "alias", SECOND, "review")[0] == 0
    assert said(capsys, "alias", "review")[2] == f"latest now leads to {SECOND}\n"
    assert [entry["aliases"] for entry in json.loads((project.output / "versions.json").read_text())] == [
        [], ["review", "latest"], [],
    ]  # fmt: skip
    status, _, err = said(capsys, "alias", "20200101T000000Z")
    assert status == 1
    assert f"there is no version '20200101T000000Z'\nhint: published: {THIRD}, {SECOND}, {FIRST}" in err
    assert said(capsys, "alias", FIRST, SECOND)[0] == 1


def test_the_difference_of_two_versions(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "diff", FIRST, "latest")
    assert status == 0
    assert "  jobs/churn/validate/4/index.html\n" in out
    found = json.loads(said(capsys, "diff", FIRST, "latest", "--json")[1])
    assert "jobs/churn/validate/3/index.html" in found["added"]
    assert "index.html" in found["changed"]
    assert "jobs/churn/validate/1/index.html" not in found["changed"]


def test_what_an_alias_leads_to_is_not_deleted_before_the_alias_is(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["versions", "alias", FIRST, "review"])
    assert said(capsys, "delete", FIRST)[0] == 1
    assert said(capsys, "delete", "latest")[0] == 1
    assert (project.output / FIRST).is_dir()
    assert said(capsys, "delete", "review")[0] == 0
    assert not (project.output / "review").is_symlink()
    assert (project.output / FIRST).is_dir()
    cli.main(["versions", "alias", FIRST, "review"])
    assert said(capsys, "delete", "review", FIRST, FIRST)[0] == 0
    assert not (project.output / FIRST).exists()
    assert [path.name for path in project.output.glob(".reportgen-*")] == []
    with Store.open(project.root / ".reportgen") as store:
        assert [row.id for row in store.versions()] == [THIRD, SECOND]


def test_a_damaged_version_is_named(project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert said(capsys, "verify") == (0, "", f"{THIRD}: whole\n{SECOND}: whole\n{FIRST}: whole\n")
    page = project.output / THIRD / "index.html"
    page.write_bytes(page.read_bytes().replace(b"Churn", b"Churm"))
    status, _, err = said(capsys, "verify", "latest")
    assert (status, err) == (1, f"{THIRD}: 1 changed (first: index.html)\n")
    (tmp_path / "empty").mkdir()
    assert said(capsys, "verify", "--site-dir", "empty") == (0, "", "nothing is published in empty\n")


def test_nobody_publishes_or_deletes_while_another_does(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(project.root / ".reportgen"):
        assert said(capsys, "alias", FIRST)[0] == 75
        assert said(capsys, "delete", FIRST)[0] == 75
        assert said(capsys, "list")[0] == 0
        assert said(capsys, "verify", FIRST)[0] == 0
