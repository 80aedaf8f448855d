"""Hard links made by a process of their own: all of them, or named; and what becomes of it when one of the two is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from reportgen.site import linker
from reportgen.site.linker import Linker


@pytest.fixture
def directories(tmp_path: Path) -> tuple[Path, Path]:
    """A version with some files, and one to be."""
    source, target = tmp_path / "v1", tmp_path / ".v2"
    for name in ("jobs/a/1/index.html", "jobs/a/2/index.html", "jobs/é/3/index.html", "data/charts/x.js"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    target.mkdir()
    return source, target


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o022])
def test_everything_is_linked_into_directories_that_all_may_read(directories, umask):
    source, target = directories
    paths = ["jobs/a/1/index.html", "jobs/a/2/index.html", "jobs/é/3/index.html"]
    before = os.umask(umask)
    try:
        assert Linker(source, target, paths, ["data/charts/x.js"]).left() == []
    finally:
        os.umask(before)
    for path in (*paths, "data/charts/x.js"):
        assert (target / path).samefile(source / path)
    assert {path.stat().st_mode & 0o7777 for path in target.rglob("*") if path.is_dir()} == {0o755}


def test_what_is_missing_or_taken_is_named_but_a_shared_file_may_be_there(directories):
    source, target = directories
    for name in ("jobs/a/1/index.html", "data/charts/x.js"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text("there")
    asked = ["jobs/a/1/index.html", "jobs/a/2/index.html", "jobs/a/9/index.html"]
    assert Linker(source, target, asked, ["data/charts/x.js", "data/none.js"]).left() == [asked[0], asked[2], "data/none.js"]
    assert (target / asked[0]).read_text() == "there"
    assert (target / "data/charts/x.js").read_text() == "there"


def test_one_that_is_killed_says_nothing(directories):
    source, target = directories
    found = Linker(source, target, ["jobs/a/1/index.html"] * 100_000, [])
    found._process.kill()
    assert found.left() is None
    found.close()


def test_it_ends_with_its_caller(directories, tmp_path):
    """The process waits for what it is asked and never gets it, as its caller is killed."""
    script = (
        "import os, subprocess, sys, time\n"
        "me = str(os.getpid())\n"
        "worker = subprocess.Popen([sys.executable, '-I', '-S', sys.argv[1], me], stdin=subprocess.PIPE)\n"
        "print(worker.pid, flush=True)\n"
        "worker.stdin.write(b'[')\n"
        "worker.stdin.flush()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, linker.__file__], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        worker = int(caller.stdout.readline())
        time.sleep(0.3)
        caller.kill()
    for _ in range(1000):
        with suppress(FileNotFoundError):
            if "State:\tZ" not in Path(f"/proc/{worker}/status").read_text():
                time.sleep(0.01)
                continue
        return
    raise AssertionError("the process goes on")


def test_it_does_nothing_for_a_caller_that_has_ended(directories):
    source, target = directories
    asked = f'["{source}", "{target}", ["jobs/a/1/index.html"], []]'
    command = [sys.executable, "-I", "-S", linker.__file__, "1"]
    ended = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    assert list(target.iterdir()) == []
