"""`reportgen check` and `reportgen prune` as people run them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.model import Artifact
from reportgen.store.db import Store
from reportgen.store.values import VersionRow
from tests.support.builds import NOW, make_build


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a store of two builds, one with a file, and nothing published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "reportgen.toml").write_text('[site]\nname = "Churn"\n')
    (tmp_path / "content").mkdir()
    with Store.open(tmp_path / ".reportgen") as store:
        digest, size = store.put_blob(b"some bytes")
        named = make_build(1, artifacts=(Artifact(path="a.txt", state="stored", sha256=digest, size_bytes=size),))
        store.save_builds([named, make_build(2)], now=NOW)
    return tmp_path


def _blob(project: Path) -> Path:
    return next(path for path in (project / ".reportgen" / "blobs").rglob("*") if path.is_file())


def test_check_says_that_all_is_well(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--read-data"]) == 0
    told = capsys.readouterr().err
    assert "builds: 2, runs: 2, blobs: 1 (10 bytes), 10 bytes read" in told
    assert "nothing published yet" in told
    assert "no problems" in told


def test_check_lists_what_is_damaged_and_exits_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blob = _blob(project)
    blob.chmod(0o644)
    blob.write_bytes(b"some bytez")
    assert cli.main(["check"]) == 0, "the size is right: only --read-data can tell"
    capsys.readouterr()
    assert cli.main(["check", "--read-data"]) == 1
    told = capsys.readouterr().err
    assert f"error: blob {blob} has changed since it was written (of churn/validate#1)" in told
    assert "hint: " in told
    assert "1 problem" in told


def test_check_lists_all_problems_of_the_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "reportgen.toml").write_text('[site]\nnam = "x"\n[stor]\n')
    assert cli.main(["check"]) == 1
    told = capsys.readouterr().err
    assert "site.nam" in told
    assert "stor" in told


def test_check_of_a_fresh_project_is_quiet_about_what_is_not_there_yet(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".reportgen").rename(project / "elsewhere")
    assert cli.main(["check"]) == 0
    assert "no store yet" in capsys.readouterr().err
    assert not (project / ".reportgen").exists()


def test_check_works_while_another_reportgen_writes(project: Path) -> None:
    with Store.open(project / ".reportgen"):
        assert cli.main(["check", "--read-data"]) == 0
        assert cli.main(["prune"]) == 75


def test_prune_needs_a_reason_to_delete_a_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prune", "--run", "churn/validate#1"]) == 2
    assert "--run and --reason go together" in capsys.readouterr().err


def test_prune_deletes_a_run_and_what_it_alone_had(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prune", "--run", "churn/validate#1", "--reason", "personal data"]
    assert cli.main([*arguments, "--dry-run"]) == 0
    assert "would delete churn/validate#1 and 1 file, 10 bytes" in capsys.readouterr().err
    assert _blob(project).exists()
    assert cli.main(arguments) == 0
    assert "deleted churn/validate#1 and 1 file, 10 bytes" in capsys.readouterr().err
    assert not [path for path in (project / ".reportgen" / "blobs").rglob("*") if path.is_file()]
    assert cli.main(["check", "--read-data"]) == 0
    assert cli.main(arguments) == 1
    assert "is not in the store" in capsys.readouterr().err


def test_prune_keeps_what_is_young(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(project / ".reportgen") as store:
        store.put_blob(b"young")
    assert cli.main(["prune"]) == 0
    told = capsys.readouterr().err
    assert "deleted 0 files, 0 bytes" in told
    assert "kept 1 file that no build refers to yet" in told


def test_prune_without_a_store_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".reportgen").rename(project / "elsewhere")
    assert cli.main(["prune"]) == 1
    assert "there is no store" in capsys.readouterr().err


def _publish(project: Path, version: str) -> Path:
    directory = project / "public" / version
    directory.mkdir(parents=True)
    (directory / "index.html").write_text("<!doctype html>")
    entry = {"sha256": sha256(b"<!doctype html>").hexdigest(), "size": 15}
    (directory / "manifest.json").write_text(json.dumps({"schema": 1, "version": version, "files": {"index.html": entry}}))
    return directory


def test_check_reads_the_newest_version_and_all_of_them_on_request(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, _ = _publish(project, "20261123T020001Z"), _publish(project, "20261124T020001Z")
    assert cli.main(["check"]) == 0
    assert "1 of 2 versions checked" in capsys.readouterr().err
    (old / "index.html").write_text("<!doctype htmx>")
    (old / "stranger.html").write_text("x")
    assert cli.main(["check"]) == 0
    capsys.readouterr()
    assert cli.main(["check", "--read-data"]) == 1
    told = capsys.readouterr().err
    assert f"{old / 'index.html'} has changed" in told
    assert f"{old / 'stranger.html'} does not belong there" in told
    assert "2 problems" in told


def test_check_finds_a_manifest_that_is_not_the_published_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = _publish(project, "20261124T020001Z") / "manifest.json"
    digest = sha256(manifest.read_bytes()).hexdigest()
    with Store.open(project / ".reportgen") as store:
        store.record_version(VersionRow(id="20261124T020001Z", published_at=NOW, revision=1, manifest_sha256=digest))
    assert cli.main(["check"]) == 0
    manifest.write_text(manifest.read_text() + " ")
    assert cli.main(["check"]) == 1
    assert f"{manifest} is not the one that was published" in capsys.readouterr().err


def test_prune_tells_of_the_versions_that_still_show_a_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _publish(project, "20261124T020001Z")
    assert cli.main(["prune", "--run", "churn/validate#1", "--reason", "x"]) == 0
    assert "published versions (1) still show it" in capsys.readouterr().err
