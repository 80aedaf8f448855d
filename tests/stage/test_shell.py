"""``reportgen log`` and ``reportgen run``, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import reportgen
from reportgen.record import read_record

ROOT = Path(reportgen.__file__).parents[1]
BUILD = {"JOB_NAME": "churn/train", "BUILD_NUMBER": "53", "STAGE_NAME": "Train"}


@pytest.fixture
def shell(tmp_path):
    others = ("REPORTGEN_", "JOB_", "BUILD_", "STAGE_")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    clean |= {"PYTHONPATH": str(ROOT), **BUILD}

    def run(*arguments: str, env: dict[str, str] | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-S", "-m", "reportgen", *arguments],
            cwd=tmp_path, env={**clean, **(env or {})}, input=text, text=True, capture_output=True, check=False,
        )  # fmt: skip

    run.records = lambda: {  # type: ignore[attr-defined]
        path.parent.name: read_record(path.parent.name, path.read_bytes())
        for path in sorted((tmp_path / "reportgen-results").glob("*/events.jsonl"))
    }
    run.cwd, run.env = tmp_path, clean  # type: ignore[attr-defined]
    return run


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


def test_the_first_call_opens_a_run_and_later_ones_find_it(shell):
    done(shell("log", "metric", "val/f1=0.73", "n=3", "--direction", "higher", "--low", "0.7", "--high", "0.76", "--step", "4"))
    done(shell("log", "param", "lr=0.026", "layers=[64, 32]", "name=gbm", "flag=true", "empty=", "eq=a=b", "zip=007"))
    done(shell("log", "tag", "kind=candidate"))
    [found] = shell.records().values()
    assert (found.name, found.stage, found.status) == ("Train", "Train", "complete")
    f1 = next(e for e in found.events if e.get("name") == "val/f1")
    assert (f1["value"], f1["direction"], f1["low"], f1["high"], f1["step"]) == (0.73, "higher", 0.7, 0.76, 4)
    values = {e["name"]: e["value"] for e in found.events if e["kind"] == "param"}
    assert values == {"lr": 0.026, "layers": [64, 32], "name": "gbm", "flag": True, "empty": "", "eq": "a=b", "zip": "007"}
    done(shell("log", "end"))
    [found] = shell.records().values()
    assert found.ending["status"] == "complete"
    assert json.loads(next(shell.cwd.glob("*/*/metrics.json")).read_text()) == {"n": 3, "val": {"f1": 0.73}}


def test_everything_that_can_be_logged(shell):
    (shell.cwd / "t.csv").write_text("a,b\n1,2\n")
    (shell.cwd / "c.json").write_text('{"mark": "bar", "data": {"values": []}}')
    (shell.cwd / "f.png").write_bytes(b"\x89PNG")
    digest = done(shell("log", "dataset", "validation", "t.csv", "--role", "validation"))
    model = done(shell("log", "model", "f.png", "--framework", "x", "--input", digest))
    done(shell("log", "model", "f.png", "--role", "input"))
    done(shell("log", "table", "t", "t.csv"))
    done(shell("log", "chart", "c", "c.json"))
    done(shell("log", "figure", "f", "f.png", "--caption", "why"))
    done(shell("log", "artifact", "f.png"))
    done(shell("log", "note", "-", text="from *standard* input"))
    done(shell("log", "decision", "approved", "--by", "reviewer-1", "--reason", "better", "--model", model))
    [found] = shell.records().values()
    assert [e["kind"] for e in found.events] == [
        "run", "dataset", "model", "model", "table", "chart", "figure", "artifact", "note", "decision",
    ]  # fmt: skip
    made, used = found.events[2:4]
    assert made["inputs"] == [digest]
    assert used["role"] == "input"
    assert found.events[9]["by"] == "reviewer-1"


def test_start_and_end_name_a_run_across_stages(shell):
    directory = done(shell("log", "start", "nightly"))
    done(shell("log", "metric", "a=1", env={"STAGE_NAME": "Evaluate"}))
    done(shell("log", "end", "--status", "failed", env={"STAGE_NAME": "Declarative: Post Actions"}))
    [found] = shell.records().values()
    assert directory == str(shell.cwd / "reportgen-results" / found.directory)
    assert (found.name, found.status) == ("nightly", "failed")
    assert [e["kind"] for e in found.events] == ["run", "metric", "end"]


def test_a_variable_chooses_among_parallel_runs(shell):
    first, second = done(shell("log", "start", "a")), done(shell("log", "start", "b"))
    unclear = shell("log", "metric", "m=1")
    assert unclear.returncode == 1
    assert "several runs of this build are open" in unclear.stderr
    assert "hint: set REPORTGEN_RUN" in unclear.stderr
    done(shell("log", "metric", "m=2", env={"REPORTGEN_RUN": second}))
    done(shell("log", "end", env={"REPORTGEN_RUN": second}))
    ended = shell("log", "metric", "m=3", env={"REPORTGEN_RUN": second})
    assert (ended.returncode, "has ended" in ended.stderr) == (1, True)
    done(shell("log", "metric", "m=4"))
    by_name = {found.name: [e["value"] for e in found.events if e["kind"] == "metric"] for found in shell.records().values()}
    assert by_name == {"a": [4], "b": [2]}
    assert Path(first).name in shell.records()


def test_an_open_record_of_another_build_is_never_joined(shell):
    stale = done(shell("log", "start", "Train", env={"BUILD_NUMBER": "52"}))
    done(shell("log", "metric", "m=1"))
    records = shell.records()
    assert len(records) == 2
    assert [e["kind"] for e in records[Path(stale).name].events] == ["run"]
    refused = shell("log", "metric", "m=1", env={"REPORTGEN_RUN": stale})
    assert (refused.returncode, "another build" in refused.stderr) == (1, True)
    done(shell("log", "metric", "m=2", env={"REPORTGEN_RUN": stale, "JOB_NAME": "", "BUILD_NUMBER": ""}))
    assert [e["kind"] for e in shell.records()[Path(stale).name].events] == ["run", "metric"]


def test_outside_jenkins_calls_add_to_one_run_until_it_is_ended_and_the_error_says_so(shell):
    laptop = {"JOB_NAME": "", "BUILD_NUMBER": "", "STAGE_NAME": ""}
    done(shell("log", "param", "lr=0.1", env=laptop))
    again = shell("log", "param", "lr=0.2", env=laptop)
    assert (again.returncode, "hint: another step or process set it" in again.stderr) == (1, True)
    done(shell(*again.stderr.split("'reportgen ")[1].partition("'")[0].split(), env=laptop))
    done(shell("log", "param", "lr=0.2", env=laptop))
    assert len(shell.records()) == 2


def test_what_a_killed_python_step_left_is_not_added_to(shell):
    code = "import os, reportgen; reportgen.start_run('train'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=shell.cwd, env={"PYTHONPATH": str(ROOT), **BUILD}, check=False)
    done(shell("log", "metric", "m=1"))
    assert sorted(found.status for found in shell.records().values()) == ["complete", "interrupted"]


def test_an_open_run_of_a_living_python_step_is_joined(shell):
    environ = {"JOB_NAME": "churn/train", "BUILD_NUMBER": "53", "STAGE_NAME": "Train"}
    with reportgen.start_run("t", directory=shell.cwd / "reportgen-results", environ=environ) as run:
        done(shell("log", "metric", "m=1"))
    [found] = shell.records().values()
    assert found.directory == run.directory.name
    assert "m" in json.loads((run.directory / "metrics.json").read_text())


def test_parallel_first_calls_open_one_run(shell):
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: shell("log", "metric", f"m{n}={n}"), range(12)))
    assert [r.returncode for r in results] == [0] * 12
    [found] = shell.records().values()
    assert len([e for e in found.events if e["kind"] == "metric"]) == 12


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["log", "metric"], 2, "required: NAME=VALUE"),
        (["log", "metric", "f1"], 2, "'f1' is not NAME=VALUE"),
        (["log", "metric", "f1=high"], 2, "f1: 'high' is not a number"),
        (["log", "metric", "f1=1", "--n", "1.5"], 2, "not a whole number"),
        (["log", "metric", "f1=1", "--direction", "up"], 1, "higher, lower or none"),
        (["log", "frobnicate"], 2, "invalid choice"),
        (["log"], 2, "required: WHAT"),
        (["log", "end"], 1, "no open run"),
        (["log", "table", "t", "missing.csv"], 1, "does not exist"),
        (["log", "decision", "maybe"], 1, "approved, rejected or revoked"),
        (["run"], 2, "no command"),
        (["run", "--frob", "--", "true"], 2, "unknown option"),
    ],
)
def test_errors_say_what_and_have_their_status(shell, arguments, code, words):
    result = shell(*arguments)
    assert result.returncode == code
    assert words in result.stderr
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_common_options_work_before_and_after_the_verb(shell):
    assert done(shell("-V", "log")).startswith("reportgen ")
    done(shell("-q", "-f", "x.toml", "log", "-v", "metric", "a=1"))
    for verb in (["log", "--help"], ["log", "metric", "-h"], ["run", "-h"]):
        text = done(shell(*verb))
        assert "Exit codes: 0 done" in text
    done(shell("log", "end"))
    assert "Traceback" in shell("--debug", "log", "end").stderr


def test_a_command_as_a_run(shell):
    script = "echo out; echo err >&2; exec $PY -S -m reportgen log metric inner=1"
    result = shell("run", "--name", "wrapped", "--", "sh", "-c", script, env={"PY": sys.executable})
    assert (result.returncode, result.stdout, result.stderr) == (0, "out\n", "err\n")
    [found] = shell.records().values()
    assert (found.name, found.status) == ("wrapped", "complete")
    assert [e["kind"] for e in found.events] == ["run", "param", "metric", "end"]
    assert found.ending["exit_status"] == 0


def test_a_failing_command_leaves_its_status_and_the_tail_of_its_errors(shell):
    result = shell("run", "sh", "-c", "seq 1 500 >&2; exit 7")
    assert result.returncode == 7
    assert result.stderr.splitlines()[-1] == "500"
    [found] = shell.records().values()
    assert found.status == "failed"
    assert found.ending["exit_status"] == 7
    assert found.ending["error"]["message"] == "sh ended with status 7"
    assert found.ending["error"]["traceback"].endswith("499\n500\n")
    assert "\n100\n" not in found.ending["error"]["traceback"]


@pytest.mark.parametrize(("command", "code"), [(["no-such-program"], 127), (["."], 126)])
def test_a_command_that_cannot_be_started(shell, command, code):
    assert shell("run", "--", *command).returncode == code
    [found] = shell.records().values()
    assert found.status == "failed"


def test_a_killed_command_gives_the_status_a_shell_gives(shell):
    assert shell("run", "--", "sh", "-c", "kill -9 $$").returncode == 137
    [found] = shell.records().values()
    assert "SIGKILL" in found.ending["error"]["message"]


def test_a_command_killed_by_a_signal_without_a_name_is_told_by_its_number(shell):
    number = signal.SIGRTMIN + 1
    result = shell("run", "--", "sh", "-c", f"kill -{int(number)} $$")
    assert (result.returncode, result.stderr) == (128 + number, "")
    [found] = shell.records().values()
    assert found.ending["error"]["message"] == f"sh was killed by signal {int(number)}"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("log start x >&-", 0),
        ("log dataset d data.csv >&-", 0),
        ("log metric a=b 2>&-", 2),
        ("log dataset d gone.csv 2>&-", 1),
        ("run -- nonexistent 2>&-", 127),
        ("run -- sh -c 'head -c 300000 /dev/zero >&2; exit 3' 2>&-", 3),
    ],
)
def test_closed_streams_change_nothing_else(shell, line, code):
    (shell.cwd / "data.csv").write_text("a\n1\n")
    command = f"{sys.executable} -S -m reportgen {line}"
    done = subprocess.run(["sh", "-c", command], cwd=shell.cwd, env=shell.env, timeout=60, check=False)
    assert done.returncode == code
    assert len(shell.records()) == (code != 2)


def test_a_grandchild_that_keeps_standard_error_is_not_waited_for(shell):
    began = time.monotonic()
    program = [
        sys.executable,
        "-S",
        "-m",
        "reportgen",
        "run",
        "--",
        "sh",
        "-c",
        "sleep 60 >/dev/null & echo $!; echo words >&2; exit 3",
    ]
    with subprocess.Popen(
        program, cwd=shell.cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **BUILD}, stdout=subprocess.PIPE
    ) as child:
        left = int(child.stdout.readline())
        try:
            assert child.wait(timeout=40) == 3
            assert time.monotonic() - began < 40
        finally:
            os.kill(left, signal.SIGKILL)
    [found] = shell.records().values()
    assert found.ending["error"]["traceback"] == "words\n"


def test_sigterm_is_handed_on_and_noted_as_aborted(shell):
    env = {**os.environ, "PYTHONPATH": str(ROOT), **BUILD}
    child = subprocess.Popen(
        [sys.executable, "-S", "-m", "reportgen", "run", "--", "sh", "-c", "echo ready; exec sleep 30"],
        cwd=shell.cwd, env=env, stdout=subprocess.PIPE,
    )  # fmt: skip
    with child:
        assert child.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=10) == 143
    [found] = shell.records().values()
    assert found.status == "aborted"


def test_python_in_a_wrapped_command_writes_to_its_run(shell):
    code = (
        "import reportgen\n"
        "with reportgen.start_run(tags={'k': 1}) as run:\n"
        "    run.log_metric('a', 1)\n"
        "reportgen.log_param('p', 2)"
    )
    assert shell("run", "--name", "outer", "--", sys.executable, "-S", "-c", code).returncode == 0
    [found] = shell.records().values()
    assert [e["kind"] for e in found.events] == ["run", "param", "tag", "metric", "param", "end"]


def test_an_unwritable_directory_is_a_warning_or_with_strict_an_error(shell):
    (shell.cwd / "file").write_text("")
    env = {"REPORTGEN_DIR": "file/below"}
    loose = shell("log", "metric", "a=1", env=env)
    assert (loose.returncode, loose.stderr.count("warning: ")) == (0, 1)
    strict = shell("--strict", "log", "metric", "a=1", env=env)
    assert (strict.returncode, strict.stderr.startswith("error: ")) == (1, True)


def test_start_and_end_fail_no_job_where_the_directory_cannot_be_written(shell):
    (shell.cwd / "file").write_text("")
    env = {"REPORTGEN_DIR": "file/below"}
    for verb in (["start", "nightly"], ["metric", "a=1"], ["end"]):
        told = shell("log", *verb, env=env)
        assert (told.returncode, told.stderr.count("warning: "), told.stdout.strip()) == (0, 1, "")
    assert [path.name for path in shell.cwd.iterdir()] == ["file"]
    strict = shell("--strict", "log", "end", env=env)
    assert (strict.returncode, strict.stderr.startswith("error: ")) == (1, True)
    nothing = shell("log", "end")
    assert (nothing.returncode, "there is no open run" in nothing.stderr) == (1, True)
    assert [path.name for path in shell.cwd.iterdir()] == ["file"]


@pytest.mark.parametrize("inner", ["log metric a=1", "python"])
def test_steps_of_a_wrapped_command_go_on_where_its_record_could_not_be_written(shell, inner):
    (shell.cwd / "file").write_text("")
    program = [sys.executable, "-S", "-c", "import reportgen; reportgen.log_metric('a', 1); print('went on')"]
    command = program if inner == "python" else [sys.executable, "-S", "-m", "reportgen", *inner.split()]
    result = shell("run", "--", *command, env={"REPORTGEN_DIR": "file/below"})
    assert result.returncode == 0
    assert [line.partition(" to ")[0] for line in result.stderr.splitlines()] == ["warning: reportgen cannot write"] * 2
    assert result.stdout == ("went on\n" if inner == "python" else "")


def test_a_run_that_could_not_be_opened_is_not_named_for_later_steps(shell):
    (shell.cwd / "file").write_text("")
    env = {"REPORTGEN_DIR": "file/below"}
    started = shell("log", "start", "train", env=env)
    assert (started.returncode, started.stdout, started.stderr.count("warning: ")) == (0, "\n", 1)
    later = shell("log", "metric", "a=1", env={**env, "REPORTGEN_RUN": started.stdout.strip()})
    assert (later.returncode, later.stderr.count("warning: ")) == (0, 1)


def test_other_verbs_without_their_packages_say_what_to_install(shell):
    result = shell("build")
    assert result.returncode == 1
    assert "hint: pip install reportgen" in result.stderr
    assert "Traceback" not in result.stderr
    assert done(shell("-V")).startswith("reportgen ")
    assert "pip install reportgen" in done(shell("--help"))


def test_options_of_the_command_stay_its_own_without_two_dashes(shell):
    code = "import sys; print(sys.argv[1:])"
    done = shell("-q", "run", "--name", "mine", sys.executable, "-c", code, "-v", "-q", "--debug", "-V")
    assert (done.returncode, done.stdout) == (0, "['-v', '-q', '--debug', '-V']\n")
    [(name, _)] = shell.records().items()
    assert "mine" in str(name)


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_is_told_in_a_line_and_written_down(shell, debug):
    code = (
        "import sys; from reportgen.stage import shell, session\n"
        "def broken(*_, **__): raise ZeroDivisionError('oops')\n"
        "session.join_or_open = broken\n"
        f"sys.exit(shell.main(['log', 'metric', 'm=1', *{['--debug'] * debug}]))"
    )
    environ = {"PYTHONPATH": str(ROOT), "TMPDIR": str(shell.cwd)}
    result = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=shell.cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 70
    assert ("Traceback" in result.stderr) == debug
    error, hint = result.stderr.splitlines()[-2:]
    assert error == "error: reportgen has a bug: ZeroDivisionError: oops"
    log = Path(hint.removeprefix("hint: please report it with "))
    assert "command: reportgen log metric m=1" in log.read_text()
    assert "Traceback" in log.read_text()
