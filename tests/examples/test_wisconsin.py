"""The example pipeline runs as its README says, and the packed sample is what it claims to be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "wisconsin"


def run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("REPORTGEN_DIR", None)
    command = [sys.executable, str(EXAMPLE / script), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def events(workspace: Path) -> list[dict[str, Any]]:
    lines = [line for path in workspace.glob("reportgen-results/*/events.jsonl") for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first six builds of the history."""
    out = tmp_path_factory.mktemp("wisconsin") / "out"
    done = run("run_pipeline.py", "--out", str(out), "--builds", "6", cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
class TestDriver:
    def test_six_builds_each_after_the_one_that_caused_it(self, few: Path) -> None:
        facts = json.loads((few / "jenkins.json").read_bytes())
        builds = {(job["name"], build["number"]): build for job in facts["jobs"] for build in job["builds"]}
        assert {key: build["result"] for key, build in builds.items()} == {
            ("wisconsin/featureset", 1): "SUCCESS",
            ("wisconsin/train", 1): "SUCCESS",
            ("wisconsin/validate", 1): "SUCCESS",
            ("wisconsin/train", 2): "SUCCESS",
            ("wisconsin/validate", 2): "SUCCESS",
            ("wisconsin/train", 3): "SUCCESS",
        }
        causes = 0
        for build in builds.values():
            for cause in build["actions"][0]["causes"]:
                if "upstreamProject" in cause:
                    causes += 1
                    before = builds[cause["upstreamProject"], cause["upstreamBuild"]]
                    assert before["timestamp"] + before["duration"] <= build["timestamp"]
        assert causes == 5

    def test_logged_f1_is_that_of_scikit_learn(self, few: Path) -> None:
        import joblib
        import pandas as pd
        from sklearn.metrics import f1_score

        workspace = few / "workspaces" / "validate" / "2"
        model = joblib.load(workspace / "model.joblib")
        rows = pd.read_csv(workspace / "validation.csv", index_col="row")
        expected = f1_score(rows["malignant"], model.predict(rows.drop(columns="malignant")))
        logged = [event["value"] for event in events(workspace) if event["kind"] == "metric" and event["name"] == "val/f1"]
        assert logged == [pytest.approx(expected, abs=1e-12)]

    def test_digests_join_the_steps(self, few: Path) -> None:
        made = {
            event["name"]: event["sha256"] for event in events(few / "workspaces/featureset/1") if event["kind"] == "dataset"
        }
        trained = events(few / "workspaces/train/1")
        model = next(event for event in trained if event["kind"] == "model")
        measured = events(few / "workspaces/validate/1")
        used = {event["kind"]: event["sha256"] for event in measured if event["kind"] in {"dataset", "model"}}
        assert model["inputs"] == [made["training"]]
        assert used == {"dataset": made["validation"], "model": model["sha256"]}

    def test_times_follow_the_simulated_clock(self, few: Path) -> None:
        facts = json.loads((few / "jenkins.json").read_bytes())
        build = next(job for job in facts["jobs"] if job["name"].endswith("train"))["builds"][0]
        times = [event["t"] for event in events(few / "workspaces/train/1")]
        assert times == sorted(times)
        assert times[0].startswith("2026-09-01T02:0")
        assert build["duration"] > 1000

    def test_packing_twice_gives_equal_bytes(self, few: Path, tmp_path: Path) -> None:
        first, second = tmp_path / "first.tar.xz", tmp_path / "second.tar.xz"
        for target in (first, second):
            done = run("pack.py", str(few), str(target), cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        assert first.read_bytes() == second.read_bytes()

    def test_make_sample_calls_the_scripts_as_they_are_called_here(self) -> None:
        lines = subprocess.run(
            ["make", "-n", "sample"], cwd=EXAMPLE.parents[1], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        scripts = [line.split()[1:] for line in lines if "examples/wisconsin/" in line]
        assert scripts == [
            ["examples/wisconsin/run_pipeline.py", "--out", "build/wisconsin"],
            ["examples/wisconsin/pack.py", "build/wisconsin", "reportgen/demo/sample.tar.xz"],
        ]

    def test_a_directory_that_is_not_empty_is_refused(self, few: Path) -> None:
        done = run("run_pipeline.py", "--out", str(few), cwd=few.parent)
        assert done.returncode == 2
        assert "is not empty" in done.stderr


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    packed = (files("reportgen.demo") / "sample.tar.xz").read_bytes()
    assert len(packed) <= 3 * 1024 * 1024
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def jobs(members: dict[str, bytes]) -> dict[str, list[dict[str, Any]]]:
    return {job["name"]: job["builds"] for job in json.loads(members["jenkins.json"])["jobs"]}


class TestSample:
    def test_every_file_has_its_digest_and_is_used(
        self, members: dict[str, bytes], jobs: dict[str, list[dict[str, Any]]]
    ) -> None:
        kept = {name.removeprefix("files/") for name in members if name.startswith("files/")}
        for digest in kept:
            assert hashlib.sha256(members[f"files/{digest}"]).hexdigest() == digest
        named = {digest for builds in jobs.values() for build in builds for digest in build["artifacts"].values()}
        assert named - {None} == kept

    def test_it_says_nothing_of_the_machine_that_made_it(self, members: dict[str, bytes]) -> None:
        traces = re.compile(rb"/(?:tmp|home|root)/|Linux \d|" + re.escape(str(EXAMPLE.parents[1]).encode()))
        assert [name for name, content in members.items() if traces.search(content)] == []

    def test_it_holds_what_its_description_names(
        self, jobs: dict[str, list[dict[str, Any]]], members: dict[str, bytes]
    ) -> None:
        assert len(jobs["wisconsin/validate"]) > 100
        results = Counter(build["result"] for builds in jobs.values() for build in builds)
        assert set(results) == {"SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", None}
        assert results[None] == 2
        waiting = [build for build in jobs["wisconsin/approve"] if build["pendingInputs"]]
        assert [build["building"] for build in waiting] == [True]
        assert any(digest is None for build in jobs["wisconsin/train"] for digest in build["artifacts"].values())
        runs = max(
            sum(path.endswith("events.jsonl") for path in build["artifacts"]) for builds in jobs.values() for build in builds
        )
        assert runs == 17

    def test_records_of_the_killed_and_the_failed_run(
        self, jobs: dict[str, list[dict[str, Any]]], members: dict[str, bytes]
    ) -> None:
        ends = Counter()
        for builds in jobs.values():
            for build in builds:
                for path, digest in build["artifacts"].items():
                    if path.endswith("events.jsonl") and digest:
                        last = json.loads(members[f"files/{digest}"].splitlines()[-1])
                        ends[last.get("status", "no end")] += 1
        assert ends["no end"] == 1
        assert ends["failed"] == 2
        assert ends["aborted"] == 2

    def test_validation_sets_and_unlike_values(self, jobs: dict[str, list[dict[str, Any]]], members: dict[str, bytes]) -> None:
        sets: Counter[int] = Counter()
        values: list[Any] = []
        for build in jobs["wisconsin/validate"]:
            for path, digest in build["artifacts"].items():
                if not path.endswith("events.jsonl") or not digest:
                    continue
                for line in members[f"files/{digest}"].splitlines():
                    event = json.loads(line)
                    if event["kind"] == "dataset":
                        sets[event["rows"]] += 1
                    if event["kind"] == "metric" and event["name"] == "val/f1":
                        values.append(event["value"])
        assert set(sets) == {171, 228}
        assert "nan" in values
        assert len(values) - len(set(values)) > 20
