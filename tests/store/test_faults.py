"""The store survives being killed, and disks that fail, at every system call that changes something."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.store.faults import STATES, Harness, locked_first, spread, sync_order
from tests.store.save_script import BUGS, before, work
from tests.store.test_check import check_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    assert shutil.which("strace"), "install Debian's package strace"
    return Harness(tmp_path_factory.mktemp("faults"))


def test_the_script_without_faults_ends_in_the_last_state(tmp_path: Path) -> None:
    before(tmp_path / "store")
    for _ in range(2):
        work(tmp_path / "store")
        found = check_store(tmp_path / "store", read_data=True)
        assert found.problems == found.notes == ()
        assert found.builds == len(STATES[-1])


def test_killed_at_any_point_nothing_is_lost_or_torn(harness: Harness) -> None:
    outcomes = harness.sweep(spread(harness.calls, 192), "signal=KILL")
    assert len(outcomes) >= 200
    assert {outcome.status for outcome in outcomes} == {-signal.SIGKILL}
    assert [outcome for outcome in outcomes if outcome.violations] == []


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_at_any_point_is_told_and_loses_nothing(harness: Harness, error: str) -> None:
    calls = [call for call in harness.calls if call.name not in {"close", "fcntl"}]
    outcomes = harness.sweep(spread(calls, 30), f"error={error}")
    assert len(outcomes) >= 30
    assert [outcome for outcome in outcomes if outcome.violations] == []


def test_files_are_durable_before_they_are_named(harness: Harness) -> None:
    assert sync_order(harness.log) == []
    assert locked_first(harness.log)


KILLED = {"commit before blob", "blob written in place", "no transaction", "no journal", "blob gone before its row"}
FAILED = {"write errors swallowed", "failed sync tried again"}
TRACED = {"no sync of files", "no sync of directories", "no lock"}


def test_every_bug_has_a_way_to_be_found() -> None:
    assert set(BUGS) == KILLED | FAILED | TRACED


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_bug_put_in_on_purpose_is_found(tmp_path: Path, bug: str) -> None:
    """The harness has teeth: each control turns it red."""
    seeded = Harness(tmp_path, bug)
    if bug in TRACED:
        assert sync_order(seeded.log) or not locked_first(seeded.log)
        return
    fault = "signal=KILL" if bug in KILLED else "error=EIO"
    names = {"write", "fsync"} if bug in FAILED else {"write", "fsync", "fdatasync", "pwrite64", "rename", "unlink"}
    calls = [call for call in seeded.calls if call.name in names]
    assert seeded.finds_something(spread(calls, 24), fault)
