"""What Jenkins sends that means something else than it seems, and texts without end: through a whole harvest over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reportgen.demo.faults import Fault, Faults
from reportgen.demo.model import MATRIX, MATRIX_CONFIGURATION
from reportgen.demo.tree import Named, parse_tree
from reportgen.errors import Unreachable
from reportgen.harvest.facts import parse_facts
from reportgen.harvest.http import Http, HttpSettings, RetryRules
from reportgen.harvest.items import iter_items, parse_job
from tests.support.jenkins import Waits, bench, build, cause, job, metric, metrics, pipeline
from tests.support.tls import certificate, serve_tls

GIT = "hudson.plugins.git.util.BuildData"


def checkout(commit: str, url: str, branch: str = "refs/remotes/origin/main") -> dict[str, object]:
    revision = {"SHA1": commit, "branch": [{"SHA1": commit, "name": branch}]}
    return {"_class": GIT, "lastBuiltRevision": revision, "remoteUrls": [url]}


COSTLY = {
    "culprits", "author", "authorEmail", "buildsByBranchName", "estimatedDuration", "healthReport", "url", "runs",
    "allBuilds", "previousBuild", "nextBuild", "env", "injectedEnvVars", "stdout", "stderr", "comment", "affectedPaths",
}  # fmt: skip
"""Properties that make Jenkins load other builds or grow without bound, links, and what names or reaches people."""


def names_in(tree: Named) -> list[str]:
    return [name for key, inner in tree.children.items() for name in (key, *names_in(inner))]


def test_every_question_is_cheap_and_written_as_jenkins_wants_it(tmp_path: Path) -> None:
    counts = {"_class": "hudson.tasks.junit.TestResultAction", "totalCount": 2, "failCount": 1, "skipCount": 0}
    report = {"failCount": 1, "passCount": 1, "skipCount": 0, "suites": []}
    failed = build(130, result="FAILURE", console="x", actions=({**counts, "urlName": "testReport"},), test_report=report)
    running = build(131, building=True, result=None)
    jobs = (
        pipeline("a/b c/ü", *(build(n) for n in range(1, 130)), failed, running),
        job("m", 1, kind=MATRIX),
        job("m/x=1", 1, kind=MATRIX_CONFIGURATION),
        job("1/2/3/4/5/6/7/8", 1),
    )
    with bench(tmp_path, *jobs) as b:
        b.toml = '[[jobs]]\nname = "**"\nconsole_tail = 5\n'
        assert b.harvest().new == 133
        asked = list(b.jenkins.requests)
        b.harvest()
        routine = list(b.jenkins.requests)
    assert {request.method for request in (*asked, *routine)} == {"GET"}
    trees = set()
    for request in (*asked, *routine):
        assert len(request.target) < 6000, "winstone refuses a head of 8 kB"
        assert not re.search(r"crumb|depth|[\[\]{} ]", request.target)
        assert not re.search(r"/(consoleText|lastBuild|view|queue)\b|\*zip\*|\*view\*", request.path)
        if request.path.endswith("api/json"):
            assert request.query.startswith("tree=")
            trees.add((unquote(request.query.removeprefix("tree=")), request in routine))
    for tree, is_routine in trees:
        names = names_in(parse_tree(tree))
        assert len(names) == len(re.findall(r"[^,\[\]]+", tree)), "of a name that comes twice Jenkins takes the last"
        assert not re.search(r"[\s*{}]", tree)
        assert not COSTLY & set(names) - (set() if is_routine else {"allBuilds"})


def test_a_build_in_post_production_is_not_final(tmp_path: Path) -> None:
    told = {"number": 1, "building": False, "inProgress": True, "result": "SUCCESS", "timestamp": 1_700_000_000_000}
    answer = {"name": "t", "nextBuildNumber": 2, "builds": [told], "firstBuild": {"number": 1}, "lastBuild": {"number": 1}}
    with bench(tmp_path, job("t", 1)) as b:
        b.toml = '[[jobs]]\nname = "t"\n'
        b.jenkins.faults = Faults(rules=(Fault(where="/job/t/api/json", body=json.dumps(answer).encode(), times=1),))
        first = b.harvest()
        assert (first.new, first.running) == (0, 1)
        assert b.harvest().new == 1


@pytest.mark.parametrize("answer", [{"status": 500}, {"cut": 20, "sized": False}], ids=["failure", "begun and broken off"])
def test_a_property_that_fails_in_the_list_costs_requests_and_no_build(answer: dict[str, Any], tmp_path: Path) -> None:
    with bench(tmp_path, job("t", 1, 2, 3)) as b:
        b.toml = '[[jobs]]\nname = "t"\n'
        b.jenkins.faults = Faults(rules=(Fault(where=r"/job/t/api/json\?.*actions", **answer),))
        summary = b.harvest()
        assert (summary.new, summary.incomplete) == (3, False)
        assert b.harvest().requests == 1


def test_a_restart_between_two_pages_loses_nothing(tmp_path: Path) -> None:
    """X-Jenkins-Session is not looked at: what a restart hides for a moment is found by the next harvest, and never gone."""
    with bench(tmp_path, job("t", *range(1, 8))) as b:
        b.toml = '[[jobs]]\nname = "t"\n'
        whole = b.jenkins.controller
        b.discard("t", 3, 5)
        assert b.harvest().new == 5
        b.jenkins.controller = whole
        session = Fault(where=".", headers=(("X-Jenkins-Session", "other"),))
        b.jenkins.faults = Faults(rules=(session,))
        again = b.harvest()
        assert (again.new, again.gone, again.incomplete) == (2, 0, False)
        assert b.numbers("t") == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("kind", ["text/csv;charset=UTF-8", "application/octet-stream", "application/json"])
def test_bytes_are_kept_as_they_were_archived_whatever_the_header_says(kind: str, tmp_path: Path) -> None:
    files = {"latin.csv": "a,é\n".encode("latin-1"), "bom.csv": b"\xef\xbb\xbfa,b\n1,2\n", **metrics(f1=0.5)}
    with bench(tmp_path, job("t", builds=(build(1, artifacts=files),))) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="csv", headers=(("Content-Type", kind),)),))
        b.harvest()
        kept = {each.path: b.store.blobs.read(each.sha256 or "") for each in b.build("t", 1).artifacts}
    assert kept == files


def test_a_listing_of_files_that_fails_inside_jenkins_loses_none_that_are_held(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", 1, 2)) as b:
        b.harvest()
        b.change(job("t", 2, builds=(build(1, artifacts={}, result="UNSTABLE"),)))
        b.harvest()
        assert metric(b.build("t", 1), "f1") == 0.001


def test_switches_of_python_jenkins_in_the_environment_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JENKINS_API_EXTRA_HEADERS", "X-Api-Token: s3cret")
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    with bench(tmp_path, job("t", 1)) as b:
        b.harvest()
        assert not [request for request in b.jenkins.requests if "s3cret" in str(request.headers)]
    with serve_tls(certificate(tmp_path)) as url:
        http = Http(HttpSettings(url=url, retry=RetryRules(tries=1)), sleep=Waits())
        with pytest.raises(Unreachable, match="certificate"):
            http.get_json("api/json")
        http.close()


def test_the_sources_of_a_pipeline_are_told_from_its_shared_libraries(tmp_path: Path) -> None:
    library = checkout("1" * 40, "https://git.example.com/jenkins-library.git", "refs/heads/main")
    own = checkout("2" * 40, "https://ann:s3cret@git.example.com/churn.git", "origin/feature/x")
    changes = {"kind": "git", "items": [{"commitId": "2" * 40, "msg": "Tune", "timestamp": 5}] * 2}
    tagged = checkout("3" * 40, "https://git.example.com/churn.git", "detached")
    builds = (
        build(1, actions=(library, own)),
        build(2, actions=(own, library), change_sets=(changes, changes)),
        build(3, actions=(tagged,)),
    )
    with bench(tmp_path, pipeline("p", *builds)) as b:
        b.harvest()
        first, second, third = (b.build("p", number) for number in (1, 2, 3))
    for built in (first, second):
        assert (built.commit, built.branch) == ("2" * 40, "feature/x")
        assert built.remote == "https://git.example.com/churn.git"
    assert [change.message for change in second.changes] == ["Tune"]
    assert (third.commit, third.branch) == ("3" * 40, None)


def test_stages_without_status_and_with_other_words(tmp_path: Path) -> None:
    stages = (
        {"name": "Fit", "status": "FAILED", "error": {"message": None, "type": "hudson.AbortException"}, "durationMillis": 5},
        {"name": "Fit", "status": None},
        {"name": "Skip", "status": "NOT_EXECUTED", "durationMillis": 1},
        {"name": "Lost", "status": "IN_PROGRESS", "startTimeMillis": 1_700_000_000_000},
    )
    with bench(tmp_path, pipeline("p", build(1, result="ABORTED", stages=stages))) as b:
        assert not b.harvest().incomplete
        told = [(each.name, each.status, each.error) for each in b.build("p", 1).stages]
    assert told == [
        ("Fit", "FAILED", "hudson.AbortException"),
        ("Fit", "UNKNOWN", None),
        ("Skip", "NOT_EXECUTED", None),
        ("Lost", "IN_PROGRESS", None),
    ]


def test_a_build_without_stages_does_not_hide_those_of_the_others(tmp_path: Path) -> None:
    stages = ({"name": "Fit", "status": "SUCCESS", "durationMillis": 5},)
    builds = (*(build(number, stages=stages) for number in range(1, 10)), build(10, stages=None))
    with bench(tmp_path, pipeline("p", *builds)) as b:
        assert not b.harvest().incomplete
        assert [len(b.build("p", number).stages) for number in range(1, 11)] == [1] * 9 + [0]


def test_tests_of_a_matrix_are_those_of_its_parts(tmp_path: Path) -> None:
    case = {"className": "t.A", "name": "bad", "status": "REGRESSION", "errorDetails": None}
    part = {"result": {"suites": [{"cases": [case, {"className": "t.A", "name": "ok", "status": "FIXED"}]}]}}
    report = {"_class": "hudson.tasks.test.MatrixTestResult", "failCount": 2, "skipCount": 0, "totalCount": 8}
    counts = {"_class": "hudson.tasks.test.AggregatedTestResultAction", "failCount": 2, "skipCount": 0, "totalCount": 8}
    tested = build(1, actions=({**counts, "urlName": "testReport"},), test_report={**report, "childReports": [part, part]})
    with bench(tmp_path, job("grid", kind=MATRIX, builds=(tested,))) as b:
        b.harvest()
        tests = b.build("grid", 1).tests
    assert tests is not None
    assert (tests.total, tests.failed, [case.name for case in tests.failures]) == (8, 2, ["t.A.bad", "t.A.bad"])


def test_a_log_that_was_deleted_is_asked_for_once_and_no_more(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", builds=(build(1, result="FAILURE", console=None),))) as b:
        b.toml = '[[jobs]]\nname = "t"\nconsole_tail = 5\n'
        assert not b.harvest().incomplete
        assert len([target for target in b.jenkins.targets() if "progressiveText" in target]) <= 2
        assert not b.build("t", 1).console_tail


def test_a_jenkins_of_long_ago_says_less(tmp_path: Path) -> None:
    old = {"number": 7, "id": "2013-05-31_23-15-40", "building": False, "result": "SUCCESS", "timestamp": 1_370_000_000_000}
    old |= {"duration": 9, "actions": [{}, None, {"causes": [{"shortDescription": "Gestartet", "userName": "Jane Roe"}]}]}
    old |= {"artifacts": [{"displayPath": None, "fileName": "metrics.json", "relativePath": "metrics.json"}, None, {}]}
    answer = {"name": "t", "nextBuildNumber": 8, "builds": [{}, None, old, {"number": None}], "firstBuild": {"number": 7}}
    with bench(tmp_path, job("t", builds=(build(7, artifacts=metrics(f1=0.5)),))) as b:
        b.toml = '[[jobs]]\nname = "t"\n'
        body = json.dumps({**answer, "lastBuild": {"number": 7}}).encode()
        b.jenkins.faults = Faults(rules=(Fault(where="/job/t/api/json", body=body),))
        assert not b.harvest().incomplete
        built = b.build("t", 7)
        assert (built.result, metric(built, "f1"), built.started_at.year) == ("SUCCESS", 0.5, 2013)
        assert "Roe" not in repr(built.causes)


def test_values_that_are_no_numbers_in_an_answer_are_not_taken_for_any(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", builds=(build(1), build(2)))) as b:
        body = b'{"nextBuildNumber": 3, "firstBuild": {"number": 1}, "lastBuild": {"number": 2}, "builds": ['
        body += b'{"number": 2, "timestamp": 1700000000000, "duration": NaN, "result": "SUCCESS"},'
        body += b'{"number": 1, "timestamp": Infinity, "result": "SUCCESS"}]}'
        b.jenkins.faults = Faults(rules=(Fault(where="/job/t/api/json", body=body),))
        b.harvest()
        assert sorted(b.numbers("t")) == [1, 2]
        assert b.build("t", 1).started_at.year == 2023
        assert b.build("t", 2).duration_s == 0


def test_c71_a_line_break_in_a_name_starts_no_line_and_no_header(tmp_path: Path) -> None:
    name = "odd/a\r\nX-Injected: y\x1b[2J"
    with bench(tmp_path, job(name, 1), job("odd/fine", 1)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where=r"%0D%0A.*/artifact/", status=500),))
        summary = b.harvest()
        assert summary.new == 2
        assert all("\r" not in request.path and "x-injected" not in request.headers for request in b.jenkins.requests)
        assert any("%0D%0AX-Injected" in target for target in b.jenkins.targets())
        (note,) = summary.missed
        assert "X-Injected" in note.what


def test_c72_secrets_are_masked_before_anything_is_written(tmp_path: Path) -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    leaky = build(
        1,
        description=f"uses {key}",
        artifacts={**metrics(f1=1), "notes.md": f"key {key}".encode()},
        actions=({"parameters": [{"_class": "hudson.model.StringParameterValue", "name": "KEY_ID", "value": key}]},),
        console=f"export A={key}\n",
        result="FAILURE",
    )
    with bench(tmp_path, job("t", builds=(leaky,))) as b:
        b.toml = '[[jobs]]\nname = "t"\nconsole_tail = 5\n'
        b.harvest()
    held = [file for file in (tmp_path / "store").rglob("*") if file.is_file()]
    assert held
    assert not [file for file in held if key.encode() in file.read_bytes()]


def test_c73_texts_and_lists_without_end_are_bounded(tmp_path: Path) -> None:
    parameters = [{"_class": "hudson.model.StringParameterValue", "name": f"P{n}", "value": str(n)} for n in range(5000)]
    huge = build(
        2,
        description="é" * 5_000_000,
        actions=({"_class": "hudson.model.ParametersAction", "parameters": parameters}, cause("x" * 100_000)),
        artifacts={**{f"logs/{n}.log": b"" for n in range(50_000)}, **metrics(f1=0.002)},
        stages=tuple({"name": f"s{n}", "status": "SUCCESS", "durationMillis": 1} for n in range(3000)),
    )
    with bench(tmp_path, pipeline("t", build(1), huge)) as b:
        summary = b.harvest()
        assert (summary.new, summary.incomplete) == (2, False)
        built = b.build("t", 2)
        assert len(built.description) <= 100_000
        assert len(built.artifacts) <= 2001
        assert len(built.parameters) == 5000
        assert len(built.stages) == 3000
        assert not b.harvest().changed


def test_c70_names_are_values_never_parts_of_a_statement(tmp_path: Path) -> None:
    names = ["'; drop table build;--", "%", "a_b", 'NEAR("x"', "a*b"]
    with bench(tmp_path, *(job(f"odd/{name}", 1) for name in names)) as b:
        b.toml = '[[jobs]]\nname = "odd"\n'
        assert b.harvest().new == len(names)
        assert all(b.numbers(f"odd/{name}") == [1] for name in names)
        assert not b.harvest().changed


def test_fields_of_unlikely_kinds_tell_nothing_and_stop_nothing() -> None:
    assert list(iter_items("", {"jobs": True})) == []
    assert [
        item.name for item in iter_items("f", {"jobs": [{"name": "x", "nextBuildNumber": 1, "activeConfigurations": 5}]})
    ] == ["f/x"]
    assert parse_job("x", {"upstreamProjects": 5, "downstreamProjects": {"fullName": "a"}}).upstream == ()
    actions = [{"lastBuiltRevision": {"SHA1": "ab" * 20, "branch": 5}, "remoteUrls": ["http://[bad"]}]
    entry = {"number": 1, "timestamp": 1_700_000_000_000, "actions": actions}
    built = parse_facts("x", entry, lambda _name, value: value).build
    assert (built.commit, built.remote, built.branch) == ("ab" * 20, None, None)
