"""A stand-in for a Jenkins controller: it numbers builds, keeps their clock and archives what a script leaves behind.

The scripts really run, each in a process of its own, with the environment Jenkins would give them; see `processes`. What
Jenkins itself would say about a build is simulated; see `jenkins_json`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jenkins_json as facts_of
from processes import HERE, neutral, run_script, shift_records

ARCHIVED = (
    "reportgen-results/**/*",
    "*.csv",
    "*.joblib",
    "junit.xml",
    "metrics.json",
    "report.json",
    "params.json",
    "deployed/manifest.json",
)


@dataclass(slots=True, kw_only=True)
class Job:
    """A job of the sample and the builds it has had."""

    name: str
    kind: str
    description: str
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    builds: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A build that has run: where its files are, and what the next step needs to know of it."""

    job: str
    number: int
    result: str
    workspace: Path
    ended_at: datetime

    def __str__(self) -> str:
        return f"{self.job}#{self.number}"

    def events(self, run: str | None = None) -> list[dict[str, Any]]:
        """Return the events of the build's records, of one run or of all."""
        found = []
        for path in sorted(self.workspace.glob(f"reportgen-results/{run or '*'}-*/events.jsonl")):
            found += [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return found

    def value(self, metric: str) -> float | None:
        """Return the last value of a metric in the build's records; None where there is no finite number."""
        values = [event.get("value") for event in self.events() if event["kind"] == "metric" and event["name"] == metric]
        return float(values[-1]) if values and isinstance(values[-1], int | float) else None


class Controller:
    """Runs builds one after another and remembers what Jenkins would say about them."""

    def __init__(self, out: Path, jobs: Sequence[Job], report: Callable[[str], None]) -> None:
        self.out = out
        self.jobs = {job.name: job for job in jobs}
        self.report = report
        self.commits: list[tuple[str, str, datetime]] = []
        self.built: dict[str, int] = {}
        self.made: dict[str, tuple[str, int]] = {}
        (out / "files").mkdir(parents=True, exist_ok=True)

    def commit(self, message: str, at: datetime) -> None:
        """Let a change reach the repository; its id is made up from its message."""
        self.commits.append((hashlib.sha1(f"wisconsin {message} {at}".encode()).hexdigest(), message, at))

    def build(
        self,
        job_name: str,
        script: str,
        arguments: Sequence[str],
        *,
        at: datetime,
        causes: Sequence[Mapping[str, Any]],
        inputs: Mapping[str, Path] | None = None,
        parameters: Mapping[str, Any] | None = None,
        fault: str | None = None,
        approver: str | None = None,
        waited: timedelta = timedelta(),
    ) -> Finished:
        """Run one script as the next build of a job and archive what it leaves.

        `fault` breaks the build: "kill" (SIGKILL) and "abort" (SIGTERM) hit the process while it works, "checkout" fails before
        it starts, "expired" lists the record and drops its files, "rejected" ends at the input step. `waited` is how long an
        input step held the build.
        """
        job = self.jobs[job_name]
        number = len(job.builds) + 1
        workspace = self._workspace(job, number, inputs or {})
        code, seconds = self._work(job, number, script, arguments, workspace, fault)
        started = at + timedelta(milliseconds=facts_of.CHECKOUT_MS) + waited
        shift_records(workspace, started, seconds)
        report = facts_of.test_report(workspace / "junit.xml")
        result = _result(code, fault, report)
        worked = timedelta(seconds=seconds)
        duration = started - at + worked + timedelta(milliseconds=facts_of.ARCHIVE_MS)
        actions = [*facts_of.started(causes, parameters or {}, self.commits[-1][0]), *facts_of.tested(report)]
        if fault == "rejected":
            actions.append(facts_of.refused(approver or "", at + waited))
        elif fault == "abort":
            actions.append(facts_of.aborted("author-1"))
        elif approver:
            actions.append(facts_of.answered(approver))
        artifacts = self._archive(job, number, workspace, set(inputs or {}), expired=fault == "expired")
        self._add(
            job,
            at,
            duration=round(duration.total_seconds() * 1000),
            result=result,
            actions=actions,
            changeSets=self._changes(job),
            fingerprint=self._fingerprints(job, number, workspace, set(inputs or {})),
            stages=self._stages(job, at, waited, worked, result, fault),
            testReport=report,
            console=self._console(causes, workspace, result),
            artifacts=artifacts,
        )
        self.report(f"{job.name} #{number}: {result}, {seconds:.1f} s")
        return Finished(job=job.name, number=number, result=result, workspace=workspace, ended_at=at + duration)

    def open_build(
        self,
        job_name: str,
        *,
        at: datetime,
        causes: Sequence[Mapping[str, Any]],
        parameters: Mapping[str, Any],
        question: str | None = None,
    ) -> None:
        """Leave a build that has not ended: working, or waiting for a person to answer `question`."""
        job = self.jobs[job_name]
        self._add(
            job,
            at,
            building=True,
            actions=[
                *facts_of.started(causes, parameters, self.commits[-1][0]),
                *([facts_of.waiting(question)] if question else []),
            ],
            stages=facts_of.open_stages(job.base, at, "PAUSED_PENDING_INPUT" if question else "IN_PROGRESS"),
            pendingInputs=[facts_of.pending(question)] if question else [],
            console="".join(f"{cause['shortDescription']}\n" for cause in causes),
        )

    def facts(self) -> dict[str, Any]:
        """Return what the sample's ``jenkins.json`` holds."""
        return {
            "format": 1,
            "jobs": [
                {
                    "name": job.name,
                    "class": job.kind,
                    "description": job.description,
                    "displayName": job.base,
                    "upstream": list(job.upstream),
                    "downstream": list(job.downstream),
                    "builds": job.builds,
                }
                for job in self.jobs.values()
            ],
        }

    def _add(self, job: Job, at: datetime, **facts: Any) -> None:
        number = len(job.builds) + 1
        job.builds.append(
            {
                "number": number,
                "timestamp": facts_of.milliseconds(at),
                "duration": 0,
                "result": None,
                "building": False,
                "displayName": f"#{number}",
                "description": None,
                "builtOn": _node(number) if job.kind == facts_of.FREESTYLE else None,
                "changeSets": [],
                "fingerprint": [],
                "pendingInputs": [],
                "testReport": None,
                "artifacts": {},
                **facts,
            }
        )

    def _workspace(self, job: Job, number: int, inputs: Mapping[str, Path]) -> Path:
        workspace = self.out / "workspaces" / job.base / str(number)
        workspace.mkdir(parents=True)
        for name, source in inputs.items():
            shutil.copyfile(source, workspace / name)
        return workspace

    def _work(
        self, job: Job, number: int, script: str, arguments: Sequence[str], workspace: Path, fault: str | None
    ) -> tuple[int, float]:
        log = workspace / "console.txt"
        if fault == "rejected":
            log.write_text("", encoding="utf-8")
            return 0, 0.0
        if fault == "checkout":
            log.write_text(f"Connection to git.example.org timed out\nERROR: {facts_of.NO_CHECKOUT}\n", encoding="utf-8")
            return 1, 21.0
        return run_script(HERE / script, arguments, self._environment(job, number), workspace, fault)

    def _environment(self, job: Job, number: int) -> dict[str, str]:
        stage = {} if job.kind == facts_of.FREESTYLE else {"STAGE_NAME": job.base}
        return stage | {
            "JENKINS_URL": facts_of.URL,
            "JOB_NAME": job.name,
            "JOB_BASE_NAME": job.base,
            "BUILD_NUMBER": str(number),
            "BUILD_URL": f"{facts_of.URL}{facts_of.job_path(job.name)}{number}/",
            "NODE_NAME": _node(number),
            "GIT_COMMIT": self.commits[-1][0],
            "GIT_BRANCH": "origin/main",
            "GIT_URL": facts_of.REMOTE,
        }

    def _archive(self, job: Job, number: int, workspace: Path, inputs: set[str], *, expired: bool) -> dict[str, str | None]:
        artifacts: dict[str, str | None] = {}
        for path in sorted(path for pattern in ARCHIVED for path in workspace.glob(pattern) if path.is_file()):
            name = path.relative_to(workspace).as_posix()
            if name in inputs:
                continue
            content = path.read_bytes()
            self.made.setdefault(hashlib.md5(content).hexdigest(), (job.name, number))
            if expired and name.startswith("reportgen-results/"):
                artifacts[name] = None
                continue
            artifacts[name] = digest = hashlib.sha256(content).hexdigest()
            target = self.out / "files" / digest
            if not target.exists():
                target.write_bytes(content)
        return artifacts

    def _fingerprints(self, job: Job, number: int, workspace: Path, inputs: set[str]) -> list[dict[str, Any]]:
        found = []
        for path in sorted(path for path in workspace.iterdir() if path.suffix in {".csv", ".joblib"}):
            md5 = hashlib.md5(path.read_bytes()).hexdigest()
            maker = self.made.get(md5, (job.name, number))
            found.append(facts_of.fingerprint(path.name, md5, maker, (job.name, number) if path.name in inputs else None))
        return found

    def _changes(self, job: Job) -> list[dict[str, Any]]:
        """Return the commits since the job's last build; of a first build Jenkins knows none."""
        last = self.built.get(job.name, len(self.commits))
        self.built[job.name] = len(self.commits)
        return facts_of.changes(self.commits[last:])

    def _stages(
        self, job: Job, at: datetime, waited: timedelta, worked: timedelta, result: str, fault: str | None
    ) -> list[dict[str, Any]] | None:
        if job.kind == facts_of.FREESTYLE:
            return None
        if fault == "checkout":
            return facts_of.failed_checkout(at, worked)
        return facts_of.stages(job.base, at, waited, worked, result)

    def _console(self, causes: Sequence[Mapping[str, Any]], workspace: Path, result: str) -> str:
        output = neutral((workspace / "console.txt").read_text(encoding="utf-8", errors="replace"), workspace)
        revision = f"Checking out Revision {self.commits[-1][0]} (refs/remotes/origin/main)"
        lines = [*(cause["shortDescription"] for cause in causes), revision, *output.splitlines(), f"Finished: {result}"]
        return "\n".join(lines) + "\n"


def _node(number: int) -> str:
    return f"agent-{1 + number % 2}"


def _result(code: int, fault: str | None, report: Mapping[str, Any] | None) -> str:
    if fault in {"abort", "rejected"}:
        return "ABORTED"
    if code != 0:
        return "FAILURE"
    return "UNSTABLE" if report and report["failCount"] else "SUCCESS"
