"""The manners of the command line, seen from outside: spelling, statuses, streams."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reportgen.store.db import Store

VERBS = {
    "init": "[DIR]",
    "demo": "[DIR]",
    "harvest": "--job --full --from --shard --merge",
    "build": "--no-harvest --site-dir --clean --strict --version-id --workers",
    "serve": "-a, -o, --no-livereload --harvest --site",
    "show": "--json --csv --md --sort-by -n",
    "compare": "--json --md",
    "versions": "list diff alias delete verify",
    "export": "-o,",
    "check": "--read-data",
    "prune": "--dry-run",
    "log": "start end metric param tag dataset model table chart figure artifact note decision",
    "run": "-- CMD",
    "log metric": "NAME=VALUE --step --direction --low --high --n --unit --dataset",
    "log dataset": "NAME PATH --role",
    "log model": "PATH --framework --role",
    "log decision": "VALUE --by --reason --model",
    "log end": "--status",
}
COMMON = "-f -q -v --debug -V"
CODES = (0, 1, 2, 3, 4, 70, 75, 130, 143)


def environment(**more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("JENKINS_", "REPORTGEN_", "NO_COLOR"))}
    return {**clean, "COLUMNS": "100", **more}


def reportgen(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *arguments],
        capture_output=True, text=True, cwd=cwd, env=environment(**more), check=False, timeout=60,
    )  # fmt: skip


def project(directory: Path, url: str = "http://127.0.0.1:9/", more: str = "") -> Path:
    (directory / "reportgen.toml").write_text(f'[jenkins]\nurl = "{url}"\n[[jobs]]\nname = "churn/train"\n{more}', "utf-8")
    return directory


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_options_the_common_ones_and_the_exit_codes(verb: str, tmp_path: Path) -> None:
    done = reportgen(*verb.split(), "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    for word in VERBS[verb].split():
        assert word in words, word
    for option in COMMON.split():
        assert {option, f"{option},", f"{option}."} & set(words), option
    told = re.findall(r"(?:Exit codes:|;) (\d+) ", " ".join(words))
    assert tuple(map(int, told)) == CODES


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_harvest_with_its_status_and_without_a_traceback(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        project(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/")
        child = subprocess.Popen(
            [sys.executable, "-m", "reportgen", "harvest"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
        )
        with child, silent.accept()[0]:
            time.sleep(0.2)
            child.send_signal(number)
            _, told = child.communicate(timeout=30)
    assert child.returncode == status
    assert told.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in told
    assert reportgen("check", cwd=tmp_path).returncode == 0


def test_a_store_that_another_holds_is_75_and_says_so(tmp_path: Path) -> None:
    project(tmp_path)
    with Store.open(tmp_path / ".reportgen", controller="jenkins"):
        for verb in ("harvest", "build", "prune"):
            done = reportgen(verb, cwd=tmp_path)
            assert done.returncode == 75, (verb, done.stderr)
            assert done.stderr.startswith("error: ")
            assert done.stdout == ""


def test_an_unreachable_jenkins_with_an_empty_store_is_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = reportgen("build", cwd=project(tmp_path, f"http://127.0.0.1:{port}/"))
    assert done.returncode == 1, done.stderr
    assert f"127.0.0.1:{port}" in done.stderr
    assert "hint: " in done.stderr
    assert not (tmp_path / "public").exists()


def test_a_token_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "reportgen.toml").write_text('[jenkins]\nurl = "http://x/"\ntoken = "s3cret-value"\n[sote]\n', "utf-8")
    done = reportgen("check", cwd=tmp_path)
    assert done.returncode == 1
    assert "jenkins.token" in done.stderr
    assert "JENKINS_TOKEN" in done.stderr
    assert "sote: unknown key" in done.stderr
    assert "s3cret-value" not in done.stdout + done.stderr


def test_gates_are_told_to_be_for_later(tmp_path: Path) -> None:
    project(tmp_path, more='[[gates]]\nmetric = "f1"\nmin = 0.7\n')
    done = reportgen("check", cwd=tmp_path)
    assert done.returncode == 0
    assert "[[gates]]" in done.stderr


def test_data_goes_to_stdout_and_words_to_stderr(tmp_path: Path) -> None:
    project(tmp_path)
    Store.open(tmp_path / ".reportgen", controller="jenkins").close()
    done = reportgen("show", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("{")
    listed = reportgen("versions", "list", cwd=tmp_path)
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "nothing is published" in listed.stderr


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals_that_want_them(more: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reportgen", "build"],
            cwd=tmp_path, env=environment(**{"TERM": "xterm", **more}), stderr=theirs, stdout=theirs, check=False, timeout=60,
        )  # fmt: skip
        seen = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1
    assert ("\x1b[" in seen) == coloured
    assert "error:" in seen
    assert "\x1b" not in reportgen("build", cwd=tmp_path).stderr


def test_help_loads_click_and_little_else(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom reportgen.__main__ import main\nassert main(['--help']) == 0\n"
        "heavy = {'pandas', 'altair', 'jinja2', 'rich', 'pydantic', 'requests', 'jenkins', 'sqlite3', 'markdown', 'watchdog'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
