"""The preview as somebody who writes pages has it: the program, a browser, and an editor that saves files."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.site.support import Project, filled, make_build

pytestmark = pytest.mark.browser


class Served:
    """A running ``reportgen serve`` and what it has told so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.told: list[str] = []
        self._more = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stderr or ():
            with self._more:
                self.told.append(line)
                self._more.notify_all()

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for a line that fits."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            found[:] = [match for line in self.told if (match := re.search(pattern, line))]
            return bool(found)

        with self._more:
            assert self._more.wait_for(there, 60), self.told
        return found[0]

    @property
    def url(self) -> str:
        return self.line(r"serving (http://\S+)")[1]


@contextmanager
def serving(root: Path, *arguments: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "reportgen", "serve", "-a", "127.0.0.1:0", *arguments]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


def write(project: Project, text: str) -> Path:
    page = project.root / "content" / "review.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"---\ntitle: Review\n---\n\n{text}\n", encoding="utf-8")
    return page


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return filled(tmp_path, 3)


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints
    yield page
    context.close()


def test_saved_is_shown_broken_is_told_mended_is_shown_again(project: Project, tab: Any) -> None:
    write(project, "The first text.")
    with serving(project.root) as served:
        tab.goto(f"{served.url}review/index.html")
        tab.get_by_text("The first text.").wait_for()

        write(project, "The second text.")
        tab.get_by_text("The second text.").wait_for()

        write(project, "Broken.\n\n{{ metric('churn/validate#99', 'val/f1') }}")
        overlay = tab.locator("#reportgen-trouble")
        overlay.wait_for()
        assert "content/review.md:7: churn/validate has no build #99" in overlay.inner_text()
        assert tab.get_by_text("The second text.").is_visible()
        tab.goto(f"{served.url}index.html")
        overlay.wait_for()

        tab.goto(f"{served.url}review/index.html")
        overlay.wait_for()
        write(project, "The second text.")
        overlay.wait_for(state="detached")
        tab.get_by_text("The second text.").wait_for()
        assert overlay.count() == 0
        time.sleep(0.5)
        assert sum("built in" in line for line in served.told) == 3
    assert tab.complaints == []


def test_what_is_made_later_is_noticed(project: Project, tab: Any) -> None:
    template = project.root / "themes" / "overrides" / "templates" / "job.html"
    with serving(project.root) as served:
        tab.goto(served.url)
        write(project, "A page in a directory that was not there.")
        tab.get_by_role("link", name="Review").first.wait_for()

        project.save([make_build(4, f1=0.99)])
        tab.goto(f"{served.url}jobs/churn/validate/index.html")
        tab.get_by_role("link", name="#4").first.wait_for()

        template.parent.mkdir(parents=True)
        template.write_text("{% if %}", encoding="utf-8")
        overlay = tab.locator("#reportgen-trouble")
        overlay.wait_for()
        assert f"{template}:1:" in overlay.inner_text()
        template.write_text("<!DOCTYPE html><html><body><h1>My own job page</h1></body></html>", encoding="utf-8")
        tab.get_by_text("My own job page").wait_for()
        assert overlay.count() == 0

        config = project.file.read_text()
        project.file.unlink()
        overlay.wait_for()
        assert "reportgen.toml" in overlay.inner_text()
        project.file.write_text(config)
        overlay.wait_for(state="detached")


def test_a_second_preview_takes_the_next_port_and_says_so(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(project.root, "-a", f"127.0.0.1:{port}", "--no-livereload") as served:
            said = served.line(rf"port {port} is taken, using (\d+)")
            assert served.url == f"http://127.0.0.1:{said[1]}/"


def test_open_opens_the_address_in_the_browser(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tmp_path / "seen"
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}.part && mv {seen}.part {seen}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{opener} %s")
    with serving(project.root, "--open", "--no-livereload") as served:
        url = served.url
        end = time.monotonic() + 20
        while not seen.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert seen.read_text() == url


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_when_it_is_told_to_and_leaves_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    with serving(project.root) as served:
        assert served.url
        assert list(scratch.glob("reportgen-*"))
        served.process.send_signal(number)
        assert served.process.wait(10) == status
    assert list(scratch.glob("reportgen-*")) == []
