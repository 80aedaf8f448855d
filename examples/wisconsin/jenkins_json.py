"""What Jenkins would say about the builds of the sample, in the JSON of its remote API. All of it is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

URL = "https://ci.example.org/jenkins/"
REMOTE = "https://git.example.org/models/wisconsin.git"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FREESTYLE = "hudson.model.FreeStyleProject"
CHECKOUT_MS, ARCHIVE_MS = 4200, 1700
NO_CHECKOUT = "Error cloning remote repo 'origin'"

_INPUT = "org.jenkinsci.plugins.workflow.support.steps.input"
_STATUS = {"SUCCESS": "SUCCESS", "UNSTABLE": "UNSTABLE", "FAILURE": "FAILED", "ABORTED": "ABORTED"}


def milliseconds(at: datetime) -> int:
    """Return milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def job_path(name: str) -> str:
    """Return the path of a job below Jenkins' address."""
    return "".join(f"job/{part}/" for part in name.split("/"))


def upstream(job: str, number: int) -> dict[str, Any]:
    """Return the cause "started by the end of that build"."""
    return {
        "_class": "org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause",
        "shortDescription": f'Started by upstream project "{job}" build number {number}',
        "upstreamProject": job,
        "upstreamBuild": number,
        "upstreamUrl": job_path(job),
    }


def by_user(user: str) -> dict[str, Any]:
    """Return the cause "started by a person"."""
    text = f"Started by user {user}"
    return {"_class": "hudson.model.Cause$UserIdCause", "shortDescription": text, "userId": user, "userName": user}


def by_timer() -> dict[str, Any]:
    """Return the cause "started by the timer"."""
    return {"_class": "hudson.triggers.TimerTrigger$TimerTriggerCause", "shortDescription": "Started by timer"}


def started(causes: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], commit: str) -> list[dict[str, Any]]:
    """Return the actions every build has: why it started, with which parameters, from which commit. Jenkins adds empty ones."""
    actions: list[dict[str, Any]] = [{"_class": "hudson.model.CauseAction", "causes": [dict(cause) for cause in causes]}, {}]
    if parameters:
        values = [_parameter(name, value) for name, value in parameters.items()]
        actions.append({"_class": "hudson.model.ParametersAction", "parameters": values})
    revision = {"SHA1": commit, "branch": [{"SHA1": commit, "name": "refs/remotes/origin/main"}]}
    source = {
        "_class": "hudson.plugins.git.util.BuildData",
        "remoteUrls": [REMOTE],
        "scmName": "",
        "lastBuiltRevision": revision,
    }
    return [*actions, source]


def _parameter(name: str, value: Any) -> dict[str, Any]:
    kind = "Boolean" if isinstance(value, bool) else "String"
    shown = value if isinstance(value, bool) else str(value)
    return {"_class": f"hudson.model.{kind}ParameterValue", "name": name, "value": shown}


def tested(report: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the action that counts a test report."""
    if report is None:
        return []
    total = report["failCount"] + report["passCount"]
    counts = {"failCount": report["failCount"], "skipCount": 0, "totalCount": total, "urlName": "testReport"}
    return [{"_class": "hudson.tasks.junit.TestResultAction", **counts}]


def answered(user: str) -> dict[str, Any]:
    """Return the action "this person let the input step go on"."""
    return {"_class": f"{_INPUT}.ApproverAction", "userId": user}


def refused(user: str, at: datetime) -> dict[str, Any]:
    """Return the action "this person ended the build at its input step"."""
    cause = {"shortDescription": f"Rejected by {user}", "user": user, "timestamp": milliseconds(at)}
    return {"_class": "jenkins.model.InterruptedBuildAction", "causes": [{"_class": f"{_INPUT}.Rejection", **cause}]}


def aborted(user: str) -> dict[str, Any]:
    """Return the action "this person stopped the build"."""
    cause = {
        "_class": "jenkins.model.CauseOfInterruption$UserInterruption",
        "shortDescription": f"Aborted by {user}",
        "user": user,
    }
    return {"_class": "jenkins.model.InterruptedBuildAction", "causes": [cause]}


def waiting(question: str) -> dict[str, Any]:
    """Return the action of a build that waits at an input step."""
    step = {"id": "Decide", "displayName": question, "settled": False, "input": {"id": "Decide", "message": question}}
    return {
        "_class": f"{_INPUT}.InputAction",
        "waitingForInput": True,
        "displayName": "Paused for Input",
        "executions": [step],
    }


def pending(question: str) -> dict[str, Any]:
    """Return what the stage API lists of a waiting input step."""
    addresses = {"proceedUrl": "", "abortUrl": "", "redirectApprovalUrl": ""}
    return {"id": "Decide", "proceedText": "Answer", "message": question, "inputs": [], **addresses}


def changes(commits: Sequence[tuple[str, str, datetime]]) -> list[dict[str, Any]]:
    """Return a change set of (id, message, time), oldest first; none gives none."""
    items = [
        {
            "_class": "hudson.plugins.git.GitChangeSet",
            "commitId": sha,
            "msg": message,
            "comment": message + "\n",
            "timestamp": milliseconds(at),
            "author": {"fullName": "author-1"},
        }
        for sha, message, at in commits
    ]
    return [{"_class": "hudson.plugins.git.GitChangeSetList", "kind": "git", "items": items}] if items else []


def fingerprint(file: str, md5: str, maker: tuple[str, int], user: tuple[str, int] | None) -> dict[str, Any]:
    """Return the fingerprint of a file: who made it, and which build used it."""
    usage = []
    if user is not None:
        usage = [{"name": user[0], "ranges": {"ranges": [{"start": user[1], "end": user[1] + 1}]}}]
    return {"fileName": file, "hash": md5, "original": {"name": maker[0], "number": maker[1]}, "usage": usage}


def stages(name: str, at: datetime, waited: timedelta, worked: timedelta, result: str) -> list[dict[str, Any]]:
    """Return checkout, work and archive; `waited` is the part of the work that an input step held."""
    paused = round(waited.total_seconds() * 1000)
    work = paused + round(worked.total_seconds() * 1000)
    archive = "NOT_EXECUTED" if result == "ABORTED" else "SUCCESS"
    spans = [
        ("checkout", CHECKOUT_MS, 0, "SUCCESS"),
        (name, work, paused, _STATUS[result]),
        ("archive", ARCHIVE_MS, 0, archive),
    ]
    return _timeline(spans, at, "script returned exit code 1")


def failed_checkout(at: datetime, worked: timedelta) -> list[dict[str, Any]]:
    """Return the stages of a build that never got its sources."""
    return _timeline([("checkout", round(worked.total_seconds() * 1000), 0, "FAILED")], at, NO_CHECKOUT)


def open_stages(name: str, at: datetime, status: str) -> list[dict[str, Any]]:
    """Return the stages of a build that is still at work, or paused."""
    return _timeline([("checkout", CHECKOUT_MS, 0, "SUCCESS"), (name, 0, 0, status)], at, "")


def _timeline(spans: Sequence[tuple[str, int, int, str]], at: datetime, error: str) -> list[dict[str, Any]]:
    found, start = [], milliseconds(at)
    for index, (name, duration, paused, status) in enumerate(spans):
        times = {"startTimeMillis": start, "durationMillis": duration, "pauseDurationMillis": paused}
        stage: dict[str, Any] = {"id": str(6 + 8 * index), "name": name, "execNode": "", "status": status, **times}
        if status == "FAILED":
            stage["error"] = {"message": error, "type": "hudson.AbortException"}
        found.append(stage)
        start += duration
    return found


def test_report(path: Path) -> dict[str, Any] | None:
    """Return a JUnit file of ours as Jenkins' testReport shows it; None where there is none."""
    if not path.is_file():
        return None
    cases = [_case(case) for case in ET.parse(path).getroot().iter("testcase")]
    failed = sum(case["status"] == "FAILED" for case in cases)
    return {
        "_class": "hudson.tasks.junit.TestResult",
        "duration": 0.0,
        "empty": not cases,
        "failCount": failed,
        "passCount": len(cases) - failed,
        "skipCount": 0,
        "suites": [{"name": "checks", "duration": 0.0, "cases": cases}],
    }


def _case(case: ET.Element) -> dict[str, Any]:
    failure = case.find("failure")
    return {
        "className": case.get("classname"),
        "name": case.get("name"),
        "status": "PASSED" if failure is None else "FAILED",
        "duration": 0.0,
        "skipped": False,
        "errorDetails": None if failure is None else failure.get("message"),
        "errorStackTrace": None if failure is None else failure.text,
    }
