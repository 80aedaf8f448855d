"""Killed at any system call, a build leaves the old site or the new one, and the next build comes to the same end."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from reportgen.site.publish import list_versions, verify
from reportgen.store.check import check_store
from tests.site.support import digests, filled

CALLS = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "syncfs", "rename", "renameat2", "link", "linkat", "symlink", "unlink",
    "unlinkat", "rmdir", "mkdir", "ftruncate", "fchmod", "chmod", "close", "flock",
)  # fmt: skip
SCRIPT = Path(__file__).with_name("build_script.py")
_LINE = re.compile(r"^(\w+)\(")


class Point(NamedTuple):
    call: str
    ordinal: int


class Builder:
    """A process that runs the build in forks of itself; `ready` is a project that it builds first."""

    def __init__(self, ready: Path) -> None:
        command = [sys.executable, "-B", str(SCRIPT), str(ready)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, root: Path, *strace: str) -> int:
        """Build the project, under strace with these arguments if any; return how it ended, -9 where it was killed."""
        pid = int(self._ask(root))
        watcher = subprocess.Popen(["strace", "-qq", *strace, "-p", str(pid)]) if strace else None
        while watcher is not None and "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text():
            assert watcher.poll() is None, "strace did not start"
            time.sleep(0.002)
        status = int(self._ask("go"))
        if watcher is not None:
            watcher.wait(60)
        return status

    def _ask(self, line: object) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.communicate(timeout=60)


class Sweep:
    """A project with version v1, and the calls that publish v2 from it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.start = directory / "start"
        project = filled(self.start, builds=3)
        project.build(0, version="v1")
        self.old = digests(self.start / "public" / "v1")
        self.builders = [Builder(self.copy("ready-0"))]  # draws the charts, which are kept
        whole, log = self.copy("whole"), directory / "log"
        self.builders[0].run(whole, "-o", str(log), "-e", "trace=" + ",".join(CALLS))
        self.builders.append(Builder(self.copy("ready-1")))
        self.new = digests(whole / "public" / "v2")
        self.log = log.read_text(errors="replace")
        self.points = list(self._points(self.log))

    def _points(self, log: str):
        counts: dict[str, int] = {}
        for line in log.splitlines():
            match = _LINE.match(line)
            if match is None:
                continue
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            harmless = name == "openat" and "O_CREAT" not in line and "O_RDWR" not in line
            if name in CALLS and not harmless:
                yield Point(name, counts[name])

    def copy(self, name: str) -> Path:
        target = self.directory / name
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", self.start, target], check=True)
        return target

    def close(self) -> None:
        for builder in self.builders:
            builder.close()

    def inject_all(self, points: Sequence[Point], what: str) -> list[str]:
        """Return the promises that did not hold, with the fault at each of the points; two builders share the work."""
        with ThreadPoolExecutor(len(self.builders)) as pool:
            shares = [points[place :: len(self.builders)] for place in range(len(self.builders))]
            found = pool.map(lambda place: [self.inject(place, point, what) for point in shares[place]], range(len(shares)))
            return [text for share in found for texts in share for text in texts]

    def inject(self, place: int, point: Point, what: str) -> list[str]:
        """Return the promises that did not hold after the fault."""
        builder, root = self.builders[place], self.copy(f"victim-{place}")
        inject = f"inject={point.call}:{what}:when={point.ordinal}"
        status = builder.run(root, "-o", "/dev/null", "-e", f"trace={point.call}", "-e", inject)
        broken = list(self._site(root))
        if "signal" in what and status != -signal.SIGKILL:
            broken.append(f"it was not killed, but ended with {status}")
        again = builder.run(root)
        if again != 0:
            told = root.with_name(f"{root.name}.err").read_text()
            broken.append(f"the next build ended with {again}: {told[-300:]}")
        elif digests(root / "public" / "v2") != self.new:
            broken.append("the next build came to another end")
        elif str((root / "public" / "latest").readlink()) != "v2":
            broken.append("latest does not lead to the new version")
        elif [version.id for version in list_versions(root / "public")] != ["v2", "v1"]:
            broken.append("the list of versions is wrong")
        elif list((root / "public").glob(".reportgen-*")):
            broken.append("something was left behind")
        elif check_store(root / ".reportgen", read_data=True).problems:
            broken.append("the store is damaged")
        return [f"{point.call} #{point.ordinal} {what}: {text}" for text in broken]

    def _site(self, root: Path):
        public = root / "public"
        if digests(public / "v1") != self.old:
            yield "the old version was touched"
        for version in json.loads((public / "versions.json").read_text()):
            if verify(public / version["version"]):
                yield f"{version['version']} is not whole"
        if not (public / "latest" / "index.html").is_file():
            yield "latest leads nowhere"
        if (public / "v2").exists() and verify(public / "v2"):
            yield "the new version is visible and not whole"


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    assert shutil.which("strace"), "install Debian's package strace"
    sweep = Sweep(tmp_path_factory.mktemp("sweep"))
    yield sweep
    sweep.close()


def spaced(points, count):
    step = max(1, len(points) / count)
    return [points[int(place * step)] for place in range(min(count, len(points)))]


def test_one_sync_makes_a_version_durable_before_it_has_its_name(sweep):
    lines = sweep.log.splitlines()

    def places(*words: str) -> list[int]:
        return [at for at, line in enumerate(lines) if all(word in line for word in words)]

    (sync,), (named,), (moved,) = places("syncfs("), places("rename", '/public/v2"'), places("rename", '/public/latest"')
    last_written = places("openat(", "/.reportgen-v2/", "O_CREAT")[-1]
    assert last_written < sync < named < moved
    assert "manifest.json" in lines[last_written]


def test_a_build_that_is_killed_leaves_a_whole_site(sweep):
    assert len(sweep.points) > 200
    last = [point for point in sweep.points if point.call in ("rename", "symlink", "syncfs")][-6::2]
    assert sweep.inject_all([*spaced(sweep.points, 2), *last], "signal=KILL") == []


@pytest.mark.slow
def test_killed_at_two_hundred_points(sweep):
    by_call: dict[str, list[Point]] = {}
    for point in sweep.points:
        by_call.setdefault(point.call, []).append(point)
    chosen = [point for points in by_call.values() for point in spaced(points, 24)]
    assert len(chosen) >= 200
    assert sweep.inject_all(chosen, "signal=KILL") == []


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES"])
def test_a_full_or_failing_disk_leaves_a_whole_site(sweep, error):
    wanted = ("write", "rename", "mkdir", "syncfs", "fsync", "symlink")
    by_call = {call: [point for point in sweep.points if point.call == call] for call in wanted}
    chosen = [point for points in by_call.values() for point in spaced(points, 4)]
    assert sweep.inject_all(chosen, f"error={error}") == []
