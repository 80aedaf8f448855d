"""Work beside other work: its result, and what becomes of it when one of the two fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from reportgen.errors import PublishError
from reportgen.site.copied import may_copy
from reportgen.site.pool import beside


def test_work_is_done_while_the_block_runs():
    met = threading.Barrier(2, timeout=10)
    with beside(lambda stop: (met.wait(), threading.get_ident())) as future:
        met.wait()
    assert future.result()[1] != threading.get_ident()


def test_a_block_that_fails_tells_the_work_to_stop_and_waits_for_it():
    ended = []

    def work(stop):
        for _ in range(1000):
            if stop():
                ended.append(True)
                return
            time.sleep(0.01)

    with pytest.raises(ZeroDivisionError), beside(work):
        1 / 0  # noqa: B018
    assert ended == [True]


def test_what_the_work_raises_is_raised_where_its_result_is_asked_for():
    def work(stop):
        raise OSError("no space")

    with beside(work) as future:
        pass
    with pytest.raises(OSError, match="no space"):
        future.result()


def open_files() -> list[str]:
    found = []
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found += [str(file.readlink())] if int(file.name) > 2 else []
    return found


def test_a_copy_has_what_was_read_and_a_process_of_its_own():
    here = {"read": ["a", "b"]}
    with beside(lambda stop: (os.getpid(), here["read"], stop()), copied=True) as copy:
        here["read"].append("later")
    process, read, stop = copy.result()
    assert process != os.getpid()
    assert (read, stop) == (["a", "b"], False)


def test_a_copy_holds_no_file_but_its_answer(tmp_path):
    with (tmp_path / "lock").open("w") as held, beside(lambda stop: open_files(), copied=True) as copy:
        assert any(name.endswith("lock") for name in open_files())
        files = [name for name in copy.result() if not name.startswith("/proc/")]
        assert held.writable()
    assert [name.partition(":")[0] for name in files] == ["pipe"]


def test_what_a_copy_raises_is_raised_where_its_result_is_asked_for():
    def work(stop):
        raise PublishError("no space", hint="free some")

    with beside(work, copied=True) as copy:
        pass
    with pytest.raises(PublishError, match="no space") as problem:
        copy.result()
    assert problem.value.hint == "free some"


def test_a_copy_that_is_killed_is_told_in_words():
    with beside(lambda stop: os.kill(os.getpid(), signal.SIGKILL), copied=True) as copy:
        pass
    with pytest.raises(PublishError, match="was killed") as problem:
        copy.result()
    assert "memory" in problem.value.hint


def test_a_block_that_fails_ends_the_copy(tmp_path):
    started = tmp_path / "pid"

    def work(stop):
        started.write_text(str(os.getpid()))
        time.sleep(60)

    def block():
        while not started.is_file() or not started.read_text():
            time.sleep(0.01)
        1 / 0  # noqa: B018

    with pytest.raises(ZeroDivisionError), beside(work, copied=True):
        block()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_copy_ends_with_the_process_it_was_made_of():
    """The process that was copied is killed: so is its copy, whatever it does."""
    script = (
        "import os, sys, time\n"
        "from reportgen.site.copied import Copy\n"
        "def work(stop):\n"
        "    os.write(1, b'%d' % os.getpid())\n"
        "    while True:\n"
        "        time.sleep(1)\n"
        "copy = Copy(work)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        copy = int(os.read(process.stdout.fileno(), 20))
        process.kill()
    for _ in range(1000):
        status = Path(f"/proc/{copy}/status")
        with suppress(FileNotFoundError):
            if "State:\tZ" not in status.read_text():
                time.sleep(0.01)
                continue
        return
    raise AssertionError("the copy goes on")


def test_a_process_with_threads_may_not_be_copied():
    alone = threading.active_count() == 1  # threads of other tests may idle here
    assert may_copy() is alone
    met = threading.Event()
    other = threading.Thread(target=met.wait)
    other.start()
    try:
        assert not may_copy()
    finally:
        met.set()
        other.join()
