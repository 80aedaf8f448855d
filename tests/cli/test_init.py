from __future__ import annotations

import re
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.config import load_config


def test_init_makes_a_project_whose_configuration_is_valid(tmp_path: Path) -> None:
    assert cli.main(["init", str(tmp_path / "new")]) == 0
    config = load_config(tmp_path / "new" / "reportgen.toml")
    assert config.jenkins is not None
    assert len(config.jobs) == 1
    assert (tmp_path / "new" / "content" / "index.md").read_text("utf-8")


def test_the_jenkinsfile_maps_incomplete_to_unstable_and_locked_to_a_retry(tmp_path: Path) -> None:
    assert cli.main(["init", str(tmp_path)]) == 0
    text = (tmp_path / "Jenkinsfile").read_text("utf-8")
    assert re.search(r"status == 3\) \{\s*unstable", text)
    assert re.search(r"status == 75 && attempt", text)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("name", ["reportgen.toml", "Jenkinsfile", "content/index.md"])
def test_an_existing_file_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / name
    taken.parent.mkdir(exist_ok=True)
    taken.write_text("mine", "utf-8")
    assert cli.main(["init", str(tmp_path)]) == 1
    assert taken.read_text("utf-8") == "mine"
    assert name in capsys.readouterr().err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [taken]


def test_init_is_here_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    assert (tmp_path / "reportgen.toml").is_file()
