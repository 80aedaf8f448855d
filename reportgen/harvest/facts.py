"""From the JSON of Jenkins' remote API to our values: pure, and distrustful of every field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from reportgen.errors import HarvestError
from reportgen.harvest.source import BuildFacts, ListedBuild
from reportgen.harvest.strict import clean_text
from reportgen.model import Build, Cause, Change, Fingerprint, Stage, TestCase, Tests

LISTED = "number,building,inProgress,result,timestamp,displayName,description,keepLog"
_CHANGES = "items[commitId,msg,timestamp]"
_CAUSES = "causes[_class,shortDescription,userId,upstreamProject,upstreamBuild,user[id]]"
_ACTIONS = (
    f"_class,parameters[_class,name,value,jobName,number],{_CAUSES},lastBuiltRevision[SHA1,branch[name]],remoteUrls,"
    "failCount,skipCount,totalCount,urlName,userId"
)
FACTS = (
    f"_class,{LISTED},duration,builtOn,artifacts[relativePath],changeSet[{_CHANGES}],changeSets[{_CHANGES}],"
    f"actions[{_ACTIONS}],fingerprint[fileName,hash,original[name,number]]"
)
"""What is asked of a build: a property more can break one job, so it names what is shown and nothing else."""
TESTS = "passCount,failCount,skipCount,totalCount,suites[cases[className,name,status,errorDetails]],"
TESTS += "childReports[result[suites[cases[className,name,status,errorDetails]]]]"

MOST_FILES_LISTED = 50_000
MOST_CHANGES = 500
MOST_FAILURES = 200
LONGEST_TEXT = 100_000
_SECRET_PARAMETERS = re.compile(r"password|credential|secret|hidden|hide|token|fileparameter", re.IGNORECASE)
_BRANCH_PREFIXES = ("refs/remotes/origin/", "refs/remotes/", "refs/heads/", "origin/")
_PASSED = frozenset({"PASSED", "FIXED", "SKIPPED"})

Mask = Callable[[str, Any], Any]
"""Returns the value of a name, or what may be written in its place."""


def parse_listed(entry: Any) -> ListedBuild | None:
    """Return a build of a list; None for an element that tells too little (Jenkins sends ``{}`` and null among them)."""
    if not isinstance(entry, dict):
        return None
    number, started_at = _int(entry.get("number")), parse_millis(entry.get("timestamp"))
    if number is None or started_at is None:
        return None
    return ListedBuild(
        number=number,
        started_at=started_at,
        running=is_running(entry),
        result=_result(entry),
        description=_text(entry.get("description")),
        display_name=_display_name(entry, number),
        keep=entry.get("keepLog") is True,
    )


def is_running(entry: Mapping[str, Any]) -> bool:
    """Tell whether a build is not final: a result alone proves nothing."""
    return entry.get("building") is True or entry.get("inProgress") is True


def parse_facts(job: str, entry: Any, mask: Mask) -> BuildFacts:
    """Return the facts of a build of `job`; raises HarvestError when it does not even tell its number and time."""
    listed = parse_listed(entry)
    if listed is None:
        raise HarvestError(f"{job}: Jenkins tells neither number nor time of a build")
    actions = [action for action in _list(entry.get("actions")) if isinstance(action, dict)]
    changes = tuple(_changes(entry))
    revision = choose_revision(actions, {change.commit for change in changes})
    counts = _test_counts(actions)
    build = Build(
        job=job,
        number=listed.number,
        started_at=listed.started_at,
        duration_s=max(_number(entry.get("duration")), 0) / 1000,
        result=listed.result,
        display_name=listed.display_name,
        description=str(mask("", listed.description)),
        node=_text(entry.get("builtOn")) or None,
        keep=listed.keep,
        commit=revision.commit,
        branch=revision.branch,
        remote=revision.remote,
        causes=tuple(_unique(_causes(actions))),
        changes=changes,
        parameters=dict(_parameters(actions, mask)),
        tests=counts,
        approvers=tuple(_unique(_approvers(actions))),
        aborted_by=_aborted_by(actions),
        fingerprints=tuple(_fingerprints(entry)),
    )
    return BuildFacts(
        build=build,
        running=listed.running,
        files=tuple(_unique(_files(entry))),
        has_stages=_text(entry.get("_class")).endswith(".WorkflowRun"),
        has_failed_tests=counts is not None and counts.failed > 0,
    )


def parse_millis(value: Any) -> datetime | None:
    """Return a time given in milliseconds since 1970, None for anything else."""
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if number is None:
        return None
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _result(entry: Mapping[str, Any]) -> str:
    return _text(entry.get("result")) or "UNKNOWN"


def _display_name(entry: Mapping[str, Any], number: int) -> str:
    name = _text(entry.get("displayName"))
    return "" if name == f"#{number}" else name


def _files(entry: Mapping[str, Any]) -> Iterator[str]:
    for artifact in _list(entry.get("artifacts"))[:MOST_FILES_LISTED]:
        path = _text(artifact.get("relativePath")) if isinstance(artifact, dict) else ""
        if path:
            yield path


def _changes(entry: Mapping[str, Any]) -> Iterator[Change]:
    """Yield each commit once; a pipeline lists one set per checkout, the same one several times if it checks out again."""
    seen: set[str] = set()
    sets = [entry.get("changeSet"), *_list(entry.get("changeSets"))]
    for item in (item for each in sets if isinstance(each, dict) for item in _list(each.get("items"))):
        commit = _text(item.get("commitId")) if isinstance(item, dict) else ""
        if commit and commit not in seen and len(seen) < MOST_CHANGES:
            seen.add(commit)
            yield Change(commit=commit, message=_text(item.get("msg")), at=parse_millis(item.get("timestamp")))


class Revision(NamedTuple):
    """What was checked out."""

    commit: str | None = None
    branch: str | None = None
    remote: str | None = None


def choose_revision(actions: Iterable[Mapping[str, Any]], changed: set[str]) -> Revision:
    """Return the revision of the job's own sources among one per checkout.

    Pipelines check shared libraries out first, so the place proves nothing: a checkout whose commit is among the build's
    changes holds, else the last one of another address than the first.
    """
    checkouts = [revision for action in actions if (revision := _revision(action)).commit]
    if not checkouts:
        return Revision()
    own = [revision for revision in checkouts if revision.commit in changed]
    return (own or checkouts)[-1]


def _revision(action: Mapping[str, Any]) -> Revision:
    built = action.get("lastBuiltRevision")
    if not isinstance(built, dict):
        return Revision()
    names = [_text(branch.get("name")) for branch in _list(built.get("branch")) if isinstance(branch, dict)]
    remotes = [_text(url) for url in _list(action.get("remoteUrls")) if isinstance(url, str)]
    return Revision(
        _text(built.get("SHA1")) or None,
        next((branch for name in names if (branch := plain_branch(name))), None),
        without_password(remotes[0]) or None if remotes else None,
    )


def plain_branch(name: str) -> str:
    """Return a branch without the marks of a remote; empty for a commit without one."""
    for prefix in _BRANCH_PREFIXES:
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    return "" if name in ("detached", "HEAD") else name


def without_password(url: str) -> str:
    """Return an address without the user and password that people type into it; empty for what is no address."""
    try:
        split = urlsplit(url)
    except ValueError:  # such as a bracket where a host should be
        return ""
    if "@" not in split.netloc:
        return url
    return split._replace(netloc=split.netloc.rsplit("@", 1)[1]).geturl()


def _causes(actions: Iterable[Mapping[str, Any]]) -> Iterator[Cause]:
    for action in actions:
        if "InterruptedBuildAction" in _text(action.get("_class")):
            continue
        for cause in _list(action.get("causes")):
            if isinstance(cause, dict) and cause:
                yield parse_cause(cause)


_CAUSE_KINDS = (
    ("UserIdCause", "user"), ("UserCause", "user"), ("TimerTrigger", "timer"), ("SCMTrigger", "scm"),
    ("UpstreamCause", "upstream"), ("BranchIndexing", "branch"), ("BranchEvent", "branch"), ("ReplayCause", "replay"),
    ("RemoteCause", "remote"),
)  # fmt: skip
_NAMELESS = frozenset({"timer", "scm", "upstream", "branch", "replay"})


def parse_cause(cause: Mapping[str, Any]) -> Cause:
    """Return why a build started. Texts that hold the names of people or addresses of machines are not taken."""
    class_name = _text(cause.get("_class"))
    kind = next((kind for part, kind in _CAUSE_KINDS if part in class_name), "other")
    if kind == "other" and _text(cause.get("upstreamProject")):
        kind = "upstream"
    text = _text(cause.get("shortDescription")) if kind in _NAMELESS else ""
    if kind == "other":
        text = class_name.rsplit(".", 1)[-1].rsplit("$", 1)[-1]
    return Cause(
        kind=kind,
        text=text,
        user=_text(cause.get("userId")) or None,
        job=_text(cause.get("upstreamProject")) or None,
        number=_int(cause.get("upstreamBuild")),
    )


def _aborted_by(actions: Iterable[Mapping[str, Any]]) -> str | None:
    for action in actions:
        if "InterruptedBuildAction" not in _text(action.get("_class")):
            continue
        for cause in _list(action.get("causes")):
            if isinstance(cause, dict):
                user = cause.get("user")
                found = _text(user.get("id")) if isinstance(user, dict) else _text(user)
                if found or _text(cause.get("userId")):
                    return found or _text(cause.get("userId"))
    return None


def _approvers(actions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for action in actions:
        user = _text(action.get("userId"))
        if user and "ApproverAction" in _text(action.get("_class")):
            yield user


def _parameters(actions: Iterable[Mapping[str, Any]], mask: Mask) -> Iterator[tuple[str, Any]]:
    for action in actions:
        for parameter in _list(action.get("parameters")):
            if not isinstance(parameter, dict) or _SECRET_PARAMETERS.search(_text(parameter.get("_class"))):
                continue
            name = _text(parameter.get("name"))
            if name and "value" in parameter:
                yield name, mask(name, _plain(parameter["value"]))
            elif name and _text(parameter.get("jobName")):
                yield name, f"{_text(parameter.get('jobName'))}#{parameter.get('number')}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(str(key)): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _test_counts(actions: Iterable[Mapping[str, Any]]) -> Tests | None:
    total = failed = skipped = 0
    found = False
    for action in actions:
        if _int(action.get("totalCount")) is None or _text(action.get("urlName")) not in ("testReport", ""):
            continue
        found = True
        total += _int(action.get("totalCount")) or 0
        failed += _int(action.get("failCount")) or 0
        skipped += _int(action.get("skipCount")) or 0
    return Tests(total=total, failed=failed, skipped=skipped) if found else None


def _fingerprints(entry: Mapping[str, Any]) -> Iterator[Fingerprint]:
    for each in _list(entry.get("fingerprint")):
        if isinstance(each, dict) and _text(each.get("hash")):
            original = each.get("original")
            made = original if isinstance(original, dict) else {}
            yield Fingerprint(
                file=_text(each.get("fileName")),
                md5=_text(each.get("hash")),
                job=_text(made.get("name")) or None,
                number=_int(made.get("number")),
            )


def parse_stages(answer: Any) -> tuple[Stage, ...]:
    """Return the stages of ``wfapi/describe``, in order; a stage that was interrupted may have no status at all."""
    stages = _list(answer.get("stages")) if isinstance(answer, dict) else []
    return tuple(_stage(stage) for stage in stages if isinstance(stage, dict))


def _stage(stage: Mapping[str, Any]) -> Stage:
    error = stage.get("error")
    duration = _int(stage.get("durationMillis"))
    return Stage(
        name=_text(stage.get("name")),
        status=_text(stage.get("status")) or "UNKNOWN",
        started_at=parse_millis(stage.get("startTimeMillis") or None),
        duration_s=None if duration is None else duration / 1000,
        error=(_text(error.get("message")) or _text(error.get("type")) or None) if isinstance(error, dict) else None,
    )


def parse_waiting_for(answer: Any) -> str | None:
    """Return the message of the first pending input of ``wfapi/pendingInputActions``."""
    for pending in _list(answer):
        if isinstance(pending, dict):
            return _text(pending.get("message")) or _text(pending.get("id")) or "input"
    return None


def parse_tests(answer: Any) -> Tests | None:
    """Return counts and failed cases of a ``testReport``, of one job or aggregated over the parts of one."""
    if not isinstance(answer, dict):
        return None
    failed, skipped = _int(answer.get("failCount")) or 0, _int(answer.get("skipCount")) or 0
    total = _int(answer.get("totalCount"))
    if total is None:
        total = (_int(answer.get("passCount")) or 0) + failed + skipped
    children = [child.get("result") for child in _list(answer.get("childReports")) if isinstance(child, dict)]
    suites = [suite for report in (answer, *children) if isinstance(report, dict) for suite in _list(report.get("suites"))]
    cases = [case for suite in suites if isinstance(suite, dict) for case in _list(suite.get("cases"))]
    failures = (case for case in cases if isinstance(case, dict) and _text(case.get("status")) not in _PASSED)
    return Tests(total=total, failed=failed, skipped=skipped, failures=tuple(_case(case) for case in failures)[:MOST_FAILURES])


def _case(case: Mapping[str, Any]) -> TestCase:
    name = ".".join(part for part in (_text(case.get("className")), _text(case.get("name"))) if part)
    return TestCase(name=name, message=_text(case.get("errorDetails"))[:2000])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return clean_text(value)[:LONGEST_TEXT] if isinstance(value, str) else ""


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else None


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 1 << 53 else 0


def _unique(values: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    known: set[Any] = set()
    for value in values:
        if value not in known:
            known.add(value)
            seen.append(value)
    return seen
