"""Builds of which a copy of the process makes a part: the same site, and nothing lost when one of the two is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reportgen.errors import PublishError
from reportgen.site import copied, linker, maker
from reportgen.site.publish import list_versions, verify
from tests.site import support, test_incremental
from tests.site.support import Project, digests, filled, make_build

SLOW = """
import os, sys, time
from pathlib import Path
from reportgen.errors import ReportgenError
from reportgen.site import datafiles, maker
from tests.site.support import Project
maker._WORTH_A_COPY = 0
plain = datafiles.DataFiles.make
main = os.getpid()
def slowly(*given):
    plain(*given)
    if os.getpid() != main:
        time.sleep(5)
datafiles.DataFiles.make = slowly
try:
    Project(Path(sys.argv[1])).build(1, version="v2", workers=1)
except ReportgenError as problem:
    sys.exit(f"{problem.message} ({problem.hint})")
"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Copy the process for every build, however small; return the copies that were made."""
    made: list[int] = []

    class Counted(copied.Copy):
        def __init__(self, work) -> None:
            super().__init__(work)
            made.append(self._process)

    monkeypatch.setattr(maker, "_WORTH_A_COPY", 0)
    monkeypatch.setattr("reportgen.site.pool.Copy", Counted)
    monkeypatch.setattr(maker, "may_copy", lambda: True)  # threads of other tests idle beside
    return made


def test_every_kind_of_change_gives_the_site_that_a_clean_build_gives(tmp_path, monkeypatch, counted):
    for where in ("leaderboard.MOST_ROWS", "job.MOST_ROWS", "changes.MOST", "lists.MOST", "pipeline.MOST_PASSES"):
        monkeypatch.setattr(f"reportgen.site.pages.{where}", 2)
    steps = test_incremental.STEPS
    test_incremental.check(tmp_path, [[test_incremental.new_build], list(steps[:6]), list(steps[6:11]), list(steps[11:])])
    assert len(counted) >= 4
    assert list((tmp_path / "incremental" / "public" / "latest" / "data" / "tables").rglob("*.js"))


def test_a_table_that_cannot_be_made_is_a_failure_of_its_build_and_made_by_the_next(tmp_path, monkeypatch, counted):
    monkeypatch.setattr("reportgen.site.pages.leaderboard.MOST_ROWS", 2)
    project = filled(tmp_path)
    assert project.build(0).failures == ()
    project.save([make_build(9, f1=0.7)])
    with monkeypatch.context() as broken:
        broken.setattr("reportgen.site.pages.board_lines.table_script", lambda *given: 1 / 0)
        told = project.build(1)
    assert [failure.reason for failure in told.failures] == ["ZeroDivisionError: division by zero"]
    again = project.build(2)
    assert again.version is not None
    assert again.failures == ()
    assert list((again.directory / "data" / "tables").rglob("*.js"))
    assert not verify(again.directory)
    assert counted


@pytest.fixture
def building(tmp_path: Path):
    """A build of version v2 in a process of its own, whose copy is at work; and the copy."""
    project = filled(tmp_path / "project")
    project.build(0, version="v1")
    project.save([make_build(9, f1=0.7)])
    shutil.copytree(project.root, tmp_path / "clean", symlinks=True)
    command = [sys.executable, "-c", SLOW, str(project.root)]
    with subprocess.Popen(command, cwd=Path(support.__file__).parents[2], stderr=subprocess.PIPE, text=True) as process:
        yield project, process, copy_of(process.pid)
        process.kill()


def copy_of(pid: int) -> int:
    """Wait for a child that runs no program of its own, and return it."""
    mine = Path(f"/proc/{pid}/cmdline").read_bytes
    for _ in range(3000):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/cmdline").read_bytes() == mine() and len(os.listdir(f"/proc/{child}/fd")) == 4:  # noqa: PTH208
                return int(child)
        time.sleep(0.01)
    raise AssertionError("there is no copy")


def test_where_the_process_that_links_is_killed_the_build_says_so(tmp_path, monkeypatch, counted):
    project = filled(tmp_path)
    project.build(0, version="v1")
    project.save([make_build(9, f1=0.7)])
    with monkeypatch.context() as broken:
        broken.setattr(linker.Linker, "left", lambda self: None)
        with pytest.raises(PublishError, match="was killed"):
            project.build(1, version="v2")
    assert [version.id for version in list_versions(project.output)] == ["v1"]
    assert project.build(1, version="v2").failures == ()


def test_what_could_not_be_linked_is_tried_again(tmp_path, monkeypatch, counted):
    project = filled(tmp_path)
    project.build(0, version="v1")
    project.save([make_build(9, f1=0.7)])
    shutil.copytree(project.root, tmp_path / "clean", symlinks=True)
    whole = linker.Linker.left
    taken: list[str] = []

    def some(self):
        assert whole(self) == []
        root = project.output / ".reportgen-v2"
        linked = [page for page in root.rglob("index.html") if page.parent.name.isdigit() and page.stat().st_nlink > 1]
        for page in linked[:2]:
            page.unlink()
            taken.append(page.relative_to(root).as_posix())
        return taken

    monkeypatch.setattr(linker.Linker, "left", some)
    told = project.build(1, version="v2")
    monkeypatch.undo()
    other = Project(tmp_path / "clean").build(1, version="v2", clean=True)
    assert digests(told.directory) == digests(other.directory)
    assert len(taken) == 2


def converges(project: Project, clean: Path) -> None:
    told = project.build(1, version="v2")
    other = Project(clean).build(1, version="v2", clean=True)
    assert told.version == other.version == "v2"
    assert digests(told.directory) == digests(other.directory)
    assert not verify(told.directory)
    assert [path.name for path in project.output.glob(".reportgen-*")] == []


def test_where_the_copy_is_killed_the_build_says_so_and_the_next_one_comes_to_the_same_end(building, tmp_path):
    project, process, copy = building
    before = digests(project.output / "v1")
    os.kill(copy, signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "a process that made part of the site was killed (is there enough memory? run the build again)" in told
    assert [version.id for version in list_versions(project.output)] == ["v1"]
    assert digests(project.output / "v1") == before
    converges(project, tmp_path / "clean")


def test_where_the_build_is_killed_the_next_one_can_begin_at_once(building, tmp_path):
    project, process, copy = building
    process.kill()
    process.wait(60)
    converges(project, tmp_path / "clean")
    for _ in range(1000):
        if not Path(f"/proc/{copy}").exists() or "State:\tZ" in Path(f"/proc/{copy}/status").read_text():
            return
        time.sleep(0.01)
    raise AssertionError("the copy goes on")
