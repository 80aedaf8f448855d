"""The frame of the command line: help, statuses and manners that hold for every verb."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.cli.console import printable
from reportgen.errors import ReportgenError

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}


def reportgen(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=ENVIRONMENT,
        check=False,
        timeout=60,
    )


def test_help_lists_every_verb_and_the_exit_codes() -> None:
    done = reportgen("--help")
    assert done.returncode == 0
    for name in cli.VERBS:
        assert name in done.stdout
    assert "75 another reportgen" in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", cli.VERBS)
def test_every_verb_has_help_with_exit_codes_and_common_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name in {"log", "run"}:
        done = reportgen(name, "--help")
        code, text = done.returncode, done.stdout
    else:
        code = cli.main([name, "--help"])
        text = capsys.readouterr().out
    words = " ".join(text.split())
    assert code == 0
    assert "130 interrupted" in words
    for option in ("-q", "-v", "--debug", "-V"):
        assert option in words, option


@pytest.mark.parametrize("name", [name for name in cli.VERBS if name not in {"log", "run"}])
def test_the_short_help_is_the_first_words_of_the_long_one(name: str) -> None:
    command = cli.program.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.name == name
    assert command.help


def test_version() -> None:
    for arguments in (["-V"], ["--version"]):
        done = reportgen(*arguments)
        assert done.returncode == 0
        assert done.stdout.startswith("reportgen 0.")


@pytest.mark.parametrize("arguments", [["biuld"], ["build", "--no-such-option"], ["--nonsense"], ["compare", "one"]])
def test_wrong_usage_is_2_and_speaks_on_stderr(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "rror" in seen.err


def test_a_mistyped_verb_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["biuld"]) == 2
    assert 'Did you mean "build"' in capsys.readouterr().err


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_config_file_may_be_named_before_or_after_the_verb(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option = ["-f", str(tmp_path / "other.toml")]
    assert cli.main([*option, "harvest"] if place == "before" else ["harvest", *option]) == 1
    assert "other.toml" in capsys.readouterr().err


def test_an_error_says_what_and_what_next_without_a_traceback(tmp_path: Path) -> None:
    done = reportgen("build", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in reportgen("--debug", "build", cwd=tmp_path).stderr


def test_all_config_problems_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "reportgen.toml").write_text('[site]\nnmae = "x"\n[stoer]\n', "utf-8")
    done = reportgen("build", cwd=tmp_path)
    assert done.returncode == 1
    assert 'site.nmae: unknown key (did you mean "name"?)' in done.stderr
    assert 'stoer: unknown key (did you mean "store"?)' in done.stderr


@pytest.mark.parametrize(
    ("raised", "status"),
    [(ReportgenError("x"), 1), (KeyboardInterrupt(), 130), (RuntimeError("boom"), 70), (cli._Terminated(), 143)],
)
def test_exit_codes(
    raised: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(app: object) -> None:
        raise raised

    monkeypatch.setattr(cli.App, "config", fail)
    assert cli.main(["harvest"]) == status
    seen = capsys.readouterr().err
    assert "error: " in seen
    if status == 70:
        log = Path(seen.split("report it with ")[1].strip())
        text = log.read_text("utf-8")
        log.unlink()
        assert "RuntimeError: boom" in text
        assert "reportgen 0." in text


def test_nothing_a_terminal_obeys_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b]8;;javascript:x\x07name\u202egnp.exe\x1b[2J"
    assert "\x1b" not in printable(hostile)
    assert "\u202e" not in printable(hostile)
    cli.App().console.warn(hostile)
    assert "\x1b" not in capsys.readouterr().err
