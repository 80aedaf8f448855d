"""How fast is a harvest? Cold, one job of 1,000 builds with a small metrics file each, 20 ms of latency per request.

    python benchmarks/harvest.py [--builds 1000] [--latency-ms 20] [--repeat 3] [--skip-loop]

The baseline is the loop that people write with python-jenkins: job info, then build info and artifact of each build. The
server (reportgen's own sample Jenkins, in a process of its own) is the same for all; they run in turn. Prints one table.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import jenkins

from reportgen.config import parse_config
from reportgen.demo.faults import Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import FREESTYLE, Controller, SampleBuild, SampleJob
from reportgen.harvest.ingest import harvest
from reportgen.harvest.jenkins import open_jenkins
from reportgen.report import SilentReporter
from reportgen.store.db import Store

START_MS = 1_700_000_000_000


def metrics(number: int) -> bytes:
    """About 1.5 kB: 25 metrics and 12 params, as a validation job writes them."""
    measured = {f"validation_metric_number_{place:02}": round(0.5 + number / 7919 + place / 100, 12) for place in range(25)}
    chosen = {f"setting_number_{place:02}": f"choice {number % 7} of {place}" for place in range(12)}
    return json.dumps({"f1": round(0.6 + (number % 97) / 400, 4), **measured, "params": chosen}, indent=1).encode()


def controller(jobs: int, builds: int) -> Controller:
    """Jobs of so many builds, no two of which archive the same bytes."""
    names = ["churn/train"] if jobs == 1 else [f"churn/job-{place}" for place in range(jobs)]
    return Controller(jobs=tuple(_job(name, place * builds, builds) for place, name in enumerate(names)))


def _job(name: str, first: int, builds: int) -> SampleJob:
    made = tuple(
        SampleBuild(number=n, timestamp=START_MS + n * 60_000, duration=5000, artifacts={"metrics.json": metrics(first + n)})
        for n in range(1, builds + 1)
    )
    return SampleJob(name=name, class_name=FREESTYLE, builds=made)


def serve(builds: int, jobs: int, latency_s: float, pipe: multiprocessing.connection.Connection) -> None:
    """Serve until told to stop; told to grow, let every job have a build more."""
    with SampleJenkins(controller(jobs, builds), faults=Faults(latency_s=latency_s), log_requests=False) as server:
        pipe.send(server.url)
        while pipe.recv() == "grow":
            builds += 1
            server.controller = controller(jobs, builds)
            pipe.send(builds)
        pipe.send(server.connections)


class Server:
    def __init__(self, builds: int, latency_s: float, jobs: int = 1) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(builds, jobs, latency_s, other))

    def __enter__(self) -> Server:
        self.process.start()
        self.url = str(self.pipe.recv())
        return self

    def grow(self) -> None:
        """Let every job have a build more."""
        self.pipe.send("grow")
        self.pipe.recv()

    def __exit__(self, *_: object) -> None:
        self.pipe.send("stop")
        self.connections = self.pipe.recv()
        self.process.join()


def loop(url: str) -> tuple[float, int]:
    """The plain python-jenkins loop."""
    started = time.perf_counter()
    server = jenkins.Jenkins(url)
    info = server.get_job_info("churn/train", fetch_all_builds=True)
    requests = 3
    for build in info["builds"]:
        facts = server.get_build_info("churn/train", build["number"])
        for artifact in facts["artifacts"]:
            server.get_build_artifact("churn/train", build["number"], artifact["relativePath"])
            requests += 1
        requests += 1
    return time.perf_counter() - started, requests


def ours(url: str, concurrency: int, keep: Path, names: str = "churn") -> tuple[float, int]:
    text = f'[jenkins]\nurl = "{url}"\nconcurrency = {concurrency}\n[[jobs]]\nname = "{names}"\n'
    config = parse_config(text, keep / "reportgen.toml")
    started = time.perf_counter()
    with Store.open(keep / "store") as store:
        source = open_jenkins(config, {})
        done = harvest(source, store, config, now=datetime.now(UTC), reporter=SilentReporter())
        source.close()
    assert not done.incomplete, done
    return time.perf_counter() - started, done.requests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builds", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--skip-loop", action="store_true")
    options = parser.parse_args()
    rows: list[tuple[str, float, int]] = []
    with Server(options.builds, options.latency_ms / 1000) as server:
        url = server.url
        if not options.skip_loop:
            rows.append(("python-jenkins loop", *loop(url)))
        for concurrency in (4, 8, 16):
            times = []
            for _ in range(options.repeat):
                with tempfile.TemporaryDirectory() as keep:
                    seconds, requests = ours(url, concurrency, Path(keep))
                times.append(seconds)
            rows.append((f"reportgen harvest, concurrency {concurrency}", statistics.median(times), requests))
    base = rows[0][1]
    print(f"\n{options.builds} builds, {options.latency_ms:g} ms per request\n")
    print(f"{'':<36}{'seconds':>9}{'requests':>10}{'per build':>11}{'faster':>9}")
    for name, seconds, requests in rows:
        print(f"{name:<36}{seconds:>9.2f}{requests:>10}{requests / options.builds:>11.3f}{base / seconds:>8.1f}x")
    quiet()


def quiet() -> None:
    """A night with nothing new, over 50 jobs; then one with a new build in each."""
    with Server(20, 0.0, jobs=50) as server, tempfile.TemporaryDirectory() as keep:
        ours(server.url, 4, Path(keep), "churn/*")
        seconds, requests = ours(server.url, 4, Path(keep), "churn/*")
        print(f"\nnothing new over 50 jobs: {requests} requests (at most 60), {seconds:.2f} s")
        server.grow()
        seconds, requests = ours(server.url, 4, Path(keep), "churn/*")
        print(f"one new build in each of 50 jobs: {requests} requests (at most 60 + 3 x 50), {seconds:.2f} s")


if __name__ == "__main__":
    main()
