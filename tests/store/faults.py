"""Runs the save script under strace with one system call made to fail or to kill it, and judges what is left."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from reportgen.errors import ReportgenError
from reportgen.store.check import check_store
from reportgen.store.view import StoreView
from tests.store import save_script

CALLS = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "unlink", "unlinkat", "mkdir", "ftruncate",
    "fchmod", "chmod", "close", "flock", "fcntl",
)  # fmt: skip
ROOT = Path(__file__).parents[2]

_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")

State = frozenset[tuple[int, str, bool]]
"""Of every build: number, description, and whether it is gone from Jenkins."""

STATES: tuple[State, ...] = (
    frozenset({(1, "", False), (2, "", False), (3, "", False)}),
    frozenset({(1, "", False), (2, "", False), (3, "", False), (4, "", False), (5, "", False)}),
    frozenset({(1, "", False), (2, "changed", False), (3, "", False), (4, "", False), (5, "", False), (6, "", False)}),
    frozenset({(1, "", False), (2, "changed", False), (3, "", True), (4, "", False), (5, "", False), (6, "", False)}),
    frozenset({(2, "changed", False), (3, "", True), (4, "", False), (5, "", False), (6, "", False)}),
)
"""What a store may hold after each of the script's transactions, and never anything between two of them."""


class Call(NamedTuple):
    """The n-th call (from 1) of one name, with its arguments as strace prints them."""

    name: str
    ordinal: int
    arguments: str


@dataclass(frozen=True)
class Outcome:
    """What one injected fault led to; `violations` is empty when all promises held."""

    call: Call
    status: int
    violations: tuple[str, ...]


class Harness:
    """A store as it is before, and the calls the script makes on it; `bug` names one put in on purpose."""

    def __init__(self, directory: Path, bug: str = "") -> None:
        self.bug = bug
        self._directory = directory
        self._template = directory / "template"
        save_script.before(self._template)
        self.log = self._trace()
        self.calls = list(self._mutating(self.log))

    def _trace(self) -> list[str]:
        store, log = self._fresh("trace"), self._directory / "trace.log"
        self._run(store, ["-y", "-s", "256", "-o", str(log), "-e", f"trace={','.join(CALLS)}"])
        text = log.read_text(errors="replace").replace(str(store), "STORE")
        shutil.rmtree(store)
        return text.splitlines()

    @staticmethod
    def _mutating(log: Sequence[str]) -> Iterator[Call]:
        counts: Counter[str] = Counter()
        for line in log:
            match = _LINE.match(line)
            if match is None:
                continue
            counts[match[1]] += 1
            if "STORE" in match[2] and not (match[1] == "openat" and "O_CREAT" not in match[2] and "O_RDWR" not in match[2]):
                yield Call(match[1], counts[match[1]], match[2])

    def _fresh(self, name: str) -> Path:
        return Path(shutil.copytree(self._template, self._directory / name))

    def _run(self, store: Path, options: Sequence[str]) -> int:
        arguments = [sys.executable, "-S", "-m", "tests.store.save_script", str(store), *([self.bug] if self.bug else [])]
        done = subprocess.run(["strace", "-f", "-qqq", *options, *arguments], cwd=ROOT, stderr=subprocess.DEVNULL, check=False)
        return done.returncode

    def inject(self, call: Call, fault: str) -> Outcome:
        """Run the script on a fresh copy with `fault` (``signal=KILL`` or ``error=EIO``) at one call, and judge the result."""
        store = self._fresh(f"{call.name}-{call.ordinal}-{fault.replace('=', '-')}")
        options = ["-o", "/dev/null", "-e", f"trace={call.name}", "-e", f"inject={call.name}:{fault}:when={call.ordinal}"]
        try:
            status = self._run(store, options)
            return Outcome(call, status, tuple(self._violations(store, call, fault, status)))
        finally:
            shutil.rmtree(store, ignore_errors=True)

    def _violations(self, store: Path, call: Call, fault: str, status: int) -> Iterator[str]:
        if fault.startswith("error=") and status == 0 and _is_ours(call):
            yield "a failed call was not told"
        yield from _not_whole(store, "after the fault")
        try:
            save_script.work(store)
        except ReportgenError as error:
            yield f"cannot be mended by running again: {error}"
            return
        yield from _not_whole(store, "after running again")
        if _state(store) != STATES[-1]:
            yield "running again does not lead to the same store"

    def sweep(self, calls: Sequence[Call], fault: str) -> list[Outcome]:
        """Inject one fault at each of the calls, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda call: self.inject(call, fault), calls))

    def finds_something(self, calls: Sequence[Call], fault: str) -> bool:
        """Say whether injecting the fault at any of the calls breaks a promise; stop at the first."""
        with ThreadPoolExecutor(2) as pool:
            for start in range(0, len(calls), 2):
                if any(
                    outcome.violations for outcome in pool.map(lambda call: self.inject(call, fault), calls[start : start + 2])
                ):
                    return True
        return False


def spread(calls: Sequence[Call], count: int) -> list[Call]:
    """Return about `count` of the calls, evenly spread, and at least the first and last of each name."""
    chosen = {calls[index * len(calls) // count] for index in range(count)}
    for name in {call.name for call in calls}:
        named = [call for call in calls if call.name == name]
        chosen |= {named[0], named[-1]}
    return [call for call in calls if call in chosen]


def _is_ours(call: Call) -> bool:
    """Say whether the call is one of our own writes of a blob, whose failure must end in an error."""
    return call.name in {"write", "fsync", "rename", "fchmod"} and (
        "STORE/tmp" in call.arguments or "STORE/blobs" in call.arguments
    )


def _state(store: Path) -> State:
    with StoreView.open(store) as view:
        builds = view.builds([row.id for row in view.build_ids()])
        return frozenset((build.number, build.description, build.gone_since is not None) for build in builds)


def _not_whole(store: Path, when: str) -> Iterator[str]:
    try:
        found = check_store(store, read_data=True)
        state = _state(store)
    except ReportgenError as error:
        yield f"unreadable {when}: {error}"
        return
    for problem in found.problems:
        yield f"damaged {when}: {problem.text}"
    if state not in STATES:
        yield f"half a transaction {when}: {sorted(state)}"


def sync_order(log: Sequence[str]) -> list[str]:
    """Return what a power cut could tear in a traced run: unsynced files that get a name, rows before the names they need."""
    problems, dirty, unnamed = [], set[str](), set[str]()
    for line in log:
        match = _LINE.match(line)
        if match is None or "STORE" not in match[2]:
            continue
        name, arguments = match[1], match[2]
        paths = re.findall(r"STORE[^\s\"<>]*", arguments)
        if name == "write":
            dirty.add(paths[0])
        elif name == "fsync" and "= 0" in arguments:
            dirty.discard(paths[0])
            unnamed = {path for path in unnamed if str(Path(path).parent) != paths[0]}
        elif name == "rename":
            problems += [f"{paths[0]} renamed before it was synced"] if paths[0] in dirty else []
            unnamed.add(paths[1])
        elif name == "openat" and "O_CREAT" in arguments and paths[0].startswith("STORE/blobs"):
            dirty.add(paths[0])
        elif name == "pwrite64" and paths[0].endswith("store.db"):
            problems += [f"{path} named by a row before its directory was synced" for path in sorted(unnamed)]
            unnamed = set()
    return problems


def locked_first(log: Sequence[str]) -> bool:
    """Say whether a traced run takes the lock before it changes the database."""
    for line in log:
        if "flock(" in line and "LOCK_EX" in line:
            return True
        if "pwrite64(" in line and "STORE/store.db" in line:
            return False
    return False
