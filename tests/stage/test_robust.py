"""Killed, forked, crowded, and on a disk that is full: what a call had returned for is there, and the training goes on."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

import reportgen
from reportgen.record import encode_body, read_record
from reportgen.stage.journal import Journal
from tests.stage.support import metrics, of_kind, record

ROOT = Path(reportgen.__file__).parents[1]
KILLS = int(os.environ.get("REPORTGEN_KILLS", "100"))


def program(code: str, cwd: Path, **options) -> subprocess.Popen:
    env = {**clean_environment(), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-S", "-c", code], cwd=cwd, env=env, **options)


def clean_environment() -> dict[str, str]:
    ours = {"REPORTGEN_RUN", "REPORTGEN_DIR", "JOB_NAME", "STAGE_NAME"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def note(text: str) -> str:
    return encode_body({"kind": "note", "text": text})


def only_record(directory: Path):
    [found] = directory.glob("*/events.jsonl")
    return read_record(found.parent.name, found.read_bytes())


ENDLESS = """
import os, reportgen
run = reportgen.start_run("t", environment=False)
step = 0
text = "x" * 3000
while True:
    run.log_metric("loss", 0.5, step=step)
    if step % 7 == 0:
        run.log_note(text)
    os.write(1, b".")
    step += 1
"""


@pytest.mark.slow
def test_killed_at_any_moment_every_returned_call_is_read_back(tmp_path):
    draw = random.Random(KILLS)
    torn = 0
    for number in range(KILLS):
        directory = tmp_path / str(number)
        directory.mkdir()
        with program(ENDLESS, directory, stdout=subprocess.PIPE) as child:
            os.read(child.stdout.fileno(), 1)
            time.sleep(draw.random() * 0.02)
            child.send_signal(signal.SIGKILL)
            returned = 1 + len(child.stdout.read())
        found = only_record(directory / "reportgen-results")
        steps = [e["step"] for e in found.events if e["kind"] == "metric"]
        assert steps == list(range(len(steps)))
        assert len(steps) >= returned
        assert found.unread_lines <= 1
        assert found.status == "interrupted"
        torn += found.unread_lines
    assert torn <= KILLS


def test_a_torn_line_is_closed_by_the_next_writer(tmp_path):
    path = tmp_path / "events.jsonl"
    first, second = Journal(path), Journal(path)
    first.append([note("a")], "t")
    with path.open("ab") as torn:
        torn.write(b'{"v":1,"id":"torn')
    second.append([note("b")], "t")
    first.append([note("c")], "t")
    found = read_record("r", path.read_bytes())
    assert [e["text"] for e in found.events] == ["a", "b", "c"]
    assert found.unread_lines == 1


CROWD = """
import sys, threading
from pathlib import Path
from reportgen.stage.joined import join
run = join(Path(sys.argv[1]))
def work(thread):
    for step in range(int(sys.argv[3])):
        run.log_metric(f"p{sys.argv[2]}/t{thread}", step, step=step)
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


@pytest.mark.slow
def test_twenty_processes_of_eight_threads_lose_nothing(tmp_path):
    each = 25
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        children = [
            subprocess.Popen([sys.executable, "-S", "-c", CROWD, str(run.directory), str(n), str(each)], env=env)
            for n in range(20)
        ]
        for step in range(each):
            run.log_metric("own", step, step=step)
        assert [child.wait() for child in children] == [0] * 20
    found = record(run)
    assert (found.unread_lines, found.repeated) == (0, 0)
    counts = {}
    for event in of_kind(run, "metric"):
        counts.setdefault(event["name"], []).append(event["value"])
    assert len(counts) == 161
    assert all(sorted(values) == list(range(each)) for values in counts.values())
    assert len(json.loads((run.directory / "metrics.json").read_text())) == 21


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_writes_whole_events_and_does_not_end_the_run(tmp_path):
    code = """
import os, reportgen
with reportgen.start_run("t", directory=".", environment=False) as run:
    run.log_metric("before", 1)
    child = os.fork()
    for step in range(200):
        run.log_metric("child" if child == 0 else "parent", step, step=step)
    if child == 0:
        reportgen.log_metric("child", 200, step=200)
        raise SystemExit(0)
    os.waitpid(child, 0)
"""
    with program(code, tmp_path) as child:
        assert child.wait() == 0
    found = only_record(tmp_path)
    assert found.unread_lines == found.repeated == 0
    assert [e["kind"] for e in found.events].count("end") == 1
    assert found.events[-1]["kind"] == "end"
    names = [e.get("name") for e in found.events]
    assert (names.count("parent"), names.count("child")) == (200, 201)
    summary = json.loads(next(tmp_path.glob("*/metrics.json")).read_text())
    assert summary == {"before": 1, "child": 200, "parent": 199}


def test_a_forked_child_is_ended_by_sigterm_at_once_unless_it_has_a_run_of_its_own(tmp_path):
    code = """
import os, signal, sys, time, reportgen
reportgen.start_run("parent", directory=".", environment=False)
for own in (False, True):
    child = os.fork()
    if child == 0:
        if own:
            reportgen.start_run("child", directory=".", environment=False)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
child = os.fork()
if child == 0:
    os._exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL)
assert os.waitpid(child, 0)[1] == 0
assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
"""
    with program(code, tmp_path) as child:
        assert child.wait() == 0
    found = {
        path.parent.name.partition("-")[0]: read_record("r", path.read_bytes()) for path in tmp_path.glob("*/events.jsonl")
    }
    assert {name: record.status for name, record in found.items()} == {"parent": "complete", "child": "aborted"}


def test_a_sigterm_that_comes_as_a_forked_child_begins_is_not_lost(tmp_path):
    code = """
import os, signal, time, reportgen
with reportgen.start_run("t", directory=".", environment=False):
    for _ in range(20):
        child = os.fork()
        if not child:
            time.sleep(10)
            os._exit(0)
        os.kill(child, signal.SIGTERM)
        assert os.waitpid(child, 0)[1] == signal.SIGTERM
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
"""
    with program(code, tmp_path) as child:
        assert child.wait() == 0
    assert only_record(tmp_path).status == "complete"


def test_multiprocessing_workers_log_to_the_run_of_their_parent(tmp_path):
    code = """
import multiprocessing, reportgen
def work(n):
    reportgen.log_metric("m", n, step=n)
if __name__ == "__main__":
    with reportgen.start_run("t", directory=".", environment=False):
        with multiprocessing.get_context("fork").Pool(3) as pool:
            pool.map(work, range(30))
"""
    with program(code, tmp_path) as child:
        assert child.wait() == 0
    found = only_record(tmp_path)
    assert sorted(e["value"] for e in found.events if e["kind"] == "metric") == list(range(30))


def test_sigterm_is_noted_as_aborted(tmp_path):
    with program(ENDLESS, tmp_path, stdout=subprocess.PIPE) as child:
        os.read(child.stdout.fileno(), 1)
        child.send_signal(signal.SIGTERM)
        child.stdout.read()
        assert child.wait() == -signal.SIGTERM
    found = only_record(tmp_path / "reportgen-results")
    assert found.status == "aborted"
    assert found.unread_lines == 0


def test_sigterm_is_noted_where_a_thread_had_a_run_before(tmp_path):
    before = """
import threading, reportgen
first = threading.Thread(target=lambda: reportgen.start_run("first", directory="first", environment=False).end())
first.start()
first.join()
"""
    with program(before + ENDLESS, tmp_path, stdout=subprocess.PIPE) as child:
        os.read(child.stdout.fileno(), 1)
        child.send_signal(signal.SIGTERM)
        child.stdout.read()
        assert child.wait() == -signal.SIGTERM
    assert only_record(tmp_path / "reportgen-results").status == "aborted"


def test_sigterm_in_the_middle_of_a_call_ends_the_run_all_the_same(tmp_path):
    code = """
import os, signal, reportgen
from reportgen.stage import journal
run = reportgen.start_run("t", directory=".", environment=False)
write = journal.write_whole
def terminated(descriptor, content):
    journal.write_whole = write
    write(descriptor, content)
    os.kill(os.getpid(), signal.SIGTERM)
    os.getpid()
journal.write_whole = terminated
run.log_metric("m", 1)
"""
    with program(code, tmp_path) as child:
        try:
            assert child.wait(timeout=30) == -signal.SIGTERM
        finally:
            child.kill()
    found = only_record(tmp_path)
    assert [e["kind"] for e in found.events] == ["run", "metric", "end"]
    assert found.status == "aborted"


def test_a_writer_waits_while_another_process_writes(tmp_path):
    path = tmp_path / "events.jsonl"
    with path.open("ab") as held, ThreadPoolExecutor(1) as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(b'{"v":1,"id":"half')
        held.flush()
        written = pool.submit(Journal(path).append, [note("mine")], "2026-01-01T00:00:00.000Z")
        assert not wait([written], timeout=0.3).done
        held.write(b'","t":"2026-01-01T00:00:00.000Z","kind":"note","text":"theirs"}\n')
        held.flush()
        fcntl.flock(held, fcntl.LOCK_UN)
        written.result(timeout=30)
    found = read_record("r", path.read_bytes())
    assert ([e["text"] for e in found.events], found.unread_lines) == (["theirs", "mine"], 0)


def test_a_run_left_open_is_ended_with_the_program(tmp_path):
    with program("import reportgen; reportgen.log_metric('m', 1)", tmp_path) as child:
        assert child.wait() == 0
    assert only_record(tmp_path / "reportgen-results").status == "complete"


def test_a_run_left_open_by_an_exception_has_failed(tmp_path):
    code = "import reportgen; reportgen.log_metric('m', 1); raise KeyError('column')"
    with program(code, tmp_path, stderr=subprocess.PIPE) as child:
        assert b"KeyError" in child.stderr.read()
    found = only_record(tmp_path / "reportgen-results")
    assert found.status == "failed"
    assert found.ending["error"]["type"] == "KeyError"


LEAVING = {
    "sys.exit(3)": ("failed", 3),
    "sys.exit('no rows left')": ("failed", 1),
    "sys.exit(True)": ("failed", 1),
    "sys.exit()": ("complete", 0),
    "sys.exit(0)": ("complete", 0),
    "sys.exit(130)": ("aborted", 130),
    "def main():\n    sys.exit(4)\nmain()": ("failed", 4),
    "leave(7)": ("failed", 7),
    "try:\n    sys.exit(5)\nfinally:\n    reportgen.log_metric('last', 1)": ("failed", 5),
    "with open(__import__('os').devnull):\n    sys.exit(5)": ("failed", 5),
    "import argparse\nargparse.ArgumentParser().parse_args(['--unknown'])": ("failed", 2),
    "async def main():\n    sys.exit(6)\nimport asyncio\nasyncio.run(main())": ("failed", 6),
    "try:\n    sys.exit(3)\nexcept SystemExit:\n    pass": ("complete", None),
    "def main():\n    try:\n        sys.exit(3)\n    except SystemExit:\n        return\nmain()": ("complete", None),
    "try:\n    sys.exit(3)\nexcept SystemExit:\n    sys.exit(0)": ("complete", 0),
    "try:\n    sys.exit(3)\nexcept SystemExit:\n    1 / 0": ("failed", None),
    "import threading\nthread = threading.Thread(target=sys.exit, args=(3,))\nthread.start()\nthread.join()": (
        "complete",
        None,
    ),
    "raise KeyboardInterrupt": ("aborted", None),
    "import os\nos._exit(0)": ("interrupted", None),
}


@pytest.mark.parametrize("leaving", LEAVING)
@pytest.mark.parametrize("way", ["-c", "file", "-m"])
def test_a_run_left_open_ends_as_the_program_left(tmp_path, leaving, way):
    code = f"from sys import exit as leave\nimport sys, reportgen\nreportgen.log_metric('m', 1)\n{leaving}\n"
    (tmp_path / "step.py").write_text(code)
    command = {"-c": ["-c", code], "file": ["step.py"], "-m": ["-m", "step"]}[way]
    env = {**clean_environment(), "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    child = subprocess.run([sys.executable, "-S", *command], cwd=tmp_path, env=env, stderr=subprocess.PIPE, check=False)
    found = only_record(tmp_path / "reportgen-results")
    status, code = LEAVING[leaving]
    assert found.status == status
    assert (found.ending or {}).get("exit_status") == code
    if code is not None:
        assert child.returncode == code
    if leaving == "sys.exit('no rows left')":
        assert found.ending["error"] == {
            "type": "SystemExit",
            "message": "no rows left",
            "traceback": "SystemExit: no rows left\n",
        }
        assert b"no rows left" in child.stderr


@pytest.mark.parametrize("call", ["exit(3)", "quit(3)"])
def test_the_exit_of_the_prompt_is_seen_in_a_script_too(tmp_path, call):
    code = f"import reportgen\nreportgen.log_metric('m', 1)\n{call}"
    env = {**clean_environment(), "PYTHONPATH": str(ROOT)}
    child = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=False)
    found = only_record(tmp_path / "reportgen-results")
    assert (child.returncode, found.status, found.ending["exit_status"]) == (3, "failed", 3)


FULL = """
import resource, sys, reportgen
run = reportgen.start_run("t", directory=".", environment=False, strict={strict})
run.log_metric("first", 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
for step in range(100):
    run.log_metric("m", step, step=step)
run.log_table("t", [{{"a": "x" * 5000}}])
run.end()
print("trained")
"""


def test_a_full_disk_warns_once_and_lets_the_training_go_on(tmp_path):
    with program(FULL.format(strict=False), tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        out, err = child.communicate()
    assert (child.returncode, out) == (0, b"trained\n")
    assert err.count(b"warning: reportgen cannot write") == 1
    assert b"File too large" in err
    found = only_record(tmp_path)
    assert found.unread_lines <= 1
    assert [e["value"] for e in found.events if e.get("name") == "m"][:3] == [0, 1, 2]
    assert not list(tmp_path.glob("*/files/*"))


def test_a_full_disk_stops_a_strict_run(tmp_path):
    with program(FULL.format(strict=True), tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        out, err = child.communicate()
    assert child.returncode == 1
    assert out == b""
    assert b"OSError" in err


def test_a_directory_that_cannot_be_made_warns_once(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with reportgen.start_run("t", directory=tmp_path / "file" / "below", environment=False) as run:
        run.log_metric("m", 1)
        run.log_table("t", [{"a": 1}])
    assert capsys.readouterr().err.count("warning: reportgen cannot write") == 1
    assert run.metrics == {"m": 1}
    with pytest.raises(OSError, match="Not a directory"):
        reportgen.start_run("t", directory=tmp_path / "file" / "below", environment=False, strict=True)


def test_a_record_that_is_deleted_while_it_is_written_is_told_once(tmp_path, capsys):
    with reportgen.start_run("t", directory=tmp_path / "r", environment=False) as run:
        run.log_metric("m", 1)
        shutil.rmtree(tmp_path / "r")
        for step in range(3):
            run.log_metric("m", step, step=step)
    told = capsys.readouterr().err
    assert told.count("warning:") == 1
    assert "the record was deleted; run 't' goes on" in told
    assert not list(tmp_path.iterdir())
    with reportgen.start_run("t", directory=tmp_path / "r", environment=False, strict=True) as run:
        shutil.move(tmp_path / "r", tmp_path / "elsewhere")
        run.log_metric("m", 1)  # a record that is moved is written on
        shutil.rmtree(tmp_path / "elsewhere")
        with pytest.raises(FileNotFoundError, match="the record was deleted"):
            run.log_metric("m", 2)
        run.strict = False


def test_a_training_that_has_run_out_of_files_is_recorded_as_failed(tmp_path):
    code = """
import os, resource, reportgen
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
with reportgen.start_run("t", directory=".", environment=False) as run:
    while True:
        os.open("/dev/null", 0)
"""
    with program(code, tmp_path, stderr=subprocess.PIPE) as child:
        told = child.communicate()[1]
    assert child.returncode == 1
    assert told.splitlines()[-1] == b"OSError: [Errno 24] Too many open files: '/dev/null'"
    assert b"During handling" not in told
    found = only_record(tmp_path)
    assert (found.status, found.ending["error"]["type"]) == ("failed", "OSError")


def test_a_link_in_place_of_the_journal_is_not_followed(tmp_path):
    outside = tmp_path / "precious"
    outside.write_text("kept")
    (tmp_path / "events.jsonl").symlink_to(outside)
    with pytest.raises(OSError, match="symbolic links"):
        Journal(tmp_path / "events.jsonl").append([note("x")], "t")
    assert outside.read_text() == "kept"


@pytest.mark.slow
def test_a_hundred_thousand_metrics_keep_memory_flat(tmp_path):
    code = """
import reportgen, sys
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
run = reportgen.start_run("t", directory=".", environment=False)
for step in range(1000):
    run.log_metric("loss", 0.5, step=step, direction="lower")
before = resident()
for step in range(1000, 101_000):
    run.log_metric("loss", 0.5, step=step, direction="lower")
print(resident() - before)
run.end()
"""
    with program(code, tmp_path, stdout=subprocess.PIPE) as child:
        growth_kb = int(child.stdout.read())
    assert growth_kb < 5_000
    [journal] = tmp_path.glob("*/events.jsonl")
    assert journal.read_bytes().count(b'"kind":"metric"') == 101_000


def test_metrics_survive_in_memory_for_the_summary(tmp_path):
    with reportgen.start_run("t", directory=tmp_path, environment=False) as run:
        for step in range(10):
            run.log_metric("loss", 1 / (step + 1), step=step)
    assert metrics(run)["loss"] == 0.1
    assert json.loads((run.directory / "metrics.json").read_text()) == {"loss": 0.1}
