"""Pages made on a real scheduler with real workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.config import load_config
from reportgen.errors import PublishError, ReportgenError
from reportgen.report import SilentReporter
from reportgen.site import cluster, work
from reportgen.site.cluster import Cluster, look_round
from reportgen.site.maker import SiteMaker
from reportgen.site.plan import plan_runs
from reportgen.site.publish import verify
from reportgen.site.write import start_tree
from reportgen.store.view import StoreView
from tests.site.support import Project, digests, filled, make_build

pytestmark = pytest.mark.slow
WORKER = "from distributed.cli.dask_worker import main; main()"
WITHOUT_REPORTGEN = f"import sys; sys.modules['reportgen'] = None; {WORKER}"
OLDER = f"import reportgen.site.cluster as c; c.__version__ = '0.0.9'; {WORKER}"
DIES = f"""
import os
from pathlib import Path
from reportgen.site.work import Workshop
runs = Workshop.runs
def runs_once(shop, chunk):
    runs(shop, chunk)
    Path(os.environ["DIED"]).write_text(chunk.tasks[0].facts.path)
    os._exit(1)
Workshop.runs = runs_once
{WORKER}
"""


@contextmanager
def scheduler(directory: Path, *workers: str, **environment: str) -> Iterator[str]:
    """Run a scheduler with one worker process per program in `workers`, away from the project, and yield its address."""
    directory.mkdir()
    file = directory / "scheduler.json"
    options = ["--host", "127.0.0.1", "--no-dashboard"]
    programs = [
        ["from distributed.cli.dask_scheduler import main; main()", *options, "--port", "0", "--scheduler-file", str(file)],
        *(
            [
                program,
                *options,
                "--scheduler-file",
                str(file),
                "--no-nanny",
                "--nthreads",
                "2",
                "--local-directory",
                str(directory),
            ]
            for program in workers
        ),
    ]
    started = []
    with (directory / "log").open("wb") as log:
        for program in programs:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-c", *program],
                    cwd=directory,
                    env={**os.environ, **environment},
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
            if len(started) == 1:
                wait_for(file.is_file, directory / "log")
    try:
        wait_for(lambda: (directory / "log").read_text().count("Registered to:") == len(workers), directory / "log")
        yield json.loads(file.read_text())["address"]
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(true: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scheduler(tmp_path_factory.mktemp("dask") / "cluster", WORKER, WORKER) as found:
        yield found


def test_two_workers_make_the_same_site_as_one_process(tmp_path: Path, address: str) -> None:
    alone, spread = filled(tmp_path / "alone", builds=260), filled(tmp_path / "spread", builds=260)
    alone.build(version="v1", workers=1)
    with Cluster.connect(address) as cluster:
        first = spread.build(version="v1", cluster=cluster)
        assert first.failures == ()
        assert not verify(first.directory)
        assert digests(first.directory) == digests(alone.output / "v1")
        for project in (alone, spread):
            project.save([make_build(261, f1=0.9)])
        alone.build(1, version="v2", workers=1)
        second = spread.build(1, version="v2", cluster=cluster)
    assert digests(second.directory) == digests(alone.output / "v2")
    assert sum("jobs/churn/validate/2" in path for path in second.written) == 2
    assert not [path.name for path in spread.output.iterdir() if path.name.startswith(".")]


def test_the_command_line_builds_on_a_cluster(tmp_path: Path, address: str) -> None:
    filled(tmp_path)
    done = reportgen(tmp_path, "build", "--executor", "dask", "--scheduler", address)
    assert (done.returncode, "published" in done.stderr) == (0, True), done.stderr
    assert (tmp_path / "public" / "latest" / "jobs" / "churn" / "validate" / "4" / "index.html").is_file()
    again = reportgen(tmp_path, "build", "--executor", "dask", "--scheduler", address)
    assert (again.returncode, "nothing new" in again.stderr) == (0, True), again.stderr


def test_a_scheduler_that_cannot_be_reached_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(ReportgenError, match=r"can be reached at 127\.0\.0\.1:9: ") as caught:
        Cluster.connect("127.0.0.1:9", timeout_s=1)
    assert "dask scheduler" in (caught.value.hint or "")
    with pytest.raises(ReportgenError, match="no Dask scheduler can be reached at no such thing"):
        Cluster.connect("no such thing", timeout_s=1)


def test_a_scheduler_without_workers_is_told(tmp_path: Path) -> None:
    with scheduler(tmp_path / "empty") as empty, pytest.raises(ReportgenError, match="has no workers"):
        Cluster.connect(empty, timeout_s=1)


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ReportgenError, match="needs the package distributed") as caught:
        Cluster.connect("127.0.0.1:9")
    assert "reportgen[dask]" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--executor", "dask"], "needs --scheduler"),
        (["--scheduler", "x:1"], "needs --executor dask"),
        (["--executor", "dask", "--scheduler", "x:1", "--workers", "2"], "the cluster decides"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(tmp_path: Path, arguments: list[str], message: str) -> None:
    filled(tmp_path, builds=1)
    done = reportgen(tmp_path, "build", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_worker_without_the_files_is_named(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, _ = prepared(filled(tmp_path / "p", builds=2))
    here = Path("/proc/self/cwd")  # what this leads to is another directory in each process, as on machines that share nothing
    monkeypatch.chdir(tmp_path)
    with Cluster.connect(address) as cluster:
        with pytest.raises(
            PublishError, match=r"the worker tcp:.* does not have /proc/self/cwd/p/\.reportgen/store\.db"
        ) as caught:
            list(cluster.runs(replace(setup, store=here / "p" / ".reportgen"), []))
        assert "same path" in (caught.value.hint or "")
        layer = setup.theme.layers[-1]
        (tmp_path / "theme").mkdir()
        (tmp_path / "theme" / "theme.toml").write_text("")
        theme = replace(setup.theme, layers=(layer._replace(directory=here / "theme"),))
        with pytest.raises(PublishError, match=r"does not have /proc/self/cwd/theme/theme\.toml"):
            list(cluster.runs(replace(setup, theme=theme), []))
        with pytest.raises(PublishError, match="does not see the output directory /proc/self/cwd/p/public"):
            list(cluster.runs(replace(setup, root=here / "p" / "public" / setup.root.name), []))
        assert list(cluster.runs(setup, [])) == []


@pytest.mark.parametrize(
    ("worker", "message"), [(WITHOUT_REPORTGEN, "cannot run reportgen"), (OLDER, "has reportgen 0.0.9, not ")]
)
def test_a_worker_that_does_not_fit_is_refused_and_nothing_is_published(tmp_path: Path, worker: str, message: str) -> None:
    project = filled(tmp_path / "p", builds=2)
    with scheduler(tmp_path / "unfit", WORKER, worker) as unfit, Cluster.connect(unfit) as cluster:
        with pytest.raises(PublishError, match=message) as caught:
            project.build(version="v1", cluster=cluster)
        assert "install" in (caught.value.hint or "")
        assert not (project.output / "latest").exists()
    assert project.build(version="v1").version == "v1"


def test_a_worker_that_dies_with_its_pages_half_told_is_made_up_for(tmp_path: Path) -> None:
    alone, spread = filled(tmp_path / "alone", builds=260), filled(tmp_path / "spread", builds=260)
    alone.build(version="v1", workers=1)
    died = tmp_path / "died"
    with scheduler(tmp_path / "dying", WORKER, DIES, DIED=str(died)) as dying, Cluster.connect(dying) as cluster:
        summary = spread.build(version="v1", cluster=cluster)
    assert died.read_text() in summary.written
    assert digests(summary.directory) == digests(alone.output / "v1")


def test_work_that_is_done_twice_gives_the_same(tmp_path: Path) -> None:
    setup, chunks = prepared(filled(tmp_path, builds=4))
    file = cluster.write_setup(replace(setup, again=True))
    first, second = (cluster.make_runs_with(file, chunks[0]) for _ in range(2))
    assert first.files == second.files
    assert len(first.made) == 4
    assert not list(setup.root.rglob("*.part"))
    cluster.forget_shops()
    Path(file.path).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(PublishError, match="has changed since the build began"):
        cluster.make_runs_with(file, chunks[0])


def test_a_look_round_tells_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mark").write_text("token")
    missing = str(tmp_path / "no")
    told = look_round([str(tmp_path / "mark"), missing], str(tmp_path / "mark"), "token")
    assert (told["missing"], told["same"]) == ([missing], True)
    assert not look_round([], str(tmp_path / "mark"), "another")["same"]
    assert not look_round([], missing, "token")["same"]


def prepared(project: Project) -> tuple[work.Setup, list[work.Chunk]]:
    config = load_config(project.file)
    maker = SiteMaker(config, "reportgen test", SilentReporter())
    tree = start_tree(project.output, "v1", None)
    with StoreView.open(config.store_path) as view:
        found = maker.survey(view)
    return maker.setup(found, tree), list(plan_runs(found, {}, {}, "base", {}).chunks())


def reportgen(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )
