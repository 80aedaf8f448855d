"""Faults F1-F21 of the way to Jenkins, each against a real socket; none hangs, none waits for real."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
import traceback
import tracemalloc
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from reportgen.config import JenkinsConfig
from reportgen.demo.faults import Fault, Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import Controller, SampleBuild
from reportgen.errors import AccessDenied, HarvestError, NotFound, Unreachable
from reportgen.harvest.http import Credentials, Http, HttpSettings, RetryRules, Secret, TooLarge
from reportgen.harvest.http.redirects import is_same_origin
from reportgen.harvest.jenkins import jenkins_settings
from tests.support.jenkins import Bench, Waits, bench, build, http_for, job, metric, metrics, pipeline
from tests.support.tls import certificate, serve_tls

FILE = "job/train/1/artifact/metrics.json"
CONTENT = metrics(f1=0.5)["metrics.json"]


@pytest.fixture
def jenkins() -> Iterator[SampleJenkins]:
    with SampleJenkins(Controller(jobs=(job("train", builds=(build(1, artifacts={"metrics.json": CONTENT}),)),))) as server:
        yield server


@pytest.fixture
def waits() -> Waits:
    return Waits()


def file_with(jenkins: SampleJenkins, waits: Waits, *rules: Fault, limit: int = 10_000, **settings: object) -> bytes:
    jenkins.faults = Faults(rules=rules)
    http = http_for(jenkins, waits, **settings)  # type: ignore[arg-type]
    try:
        return http.get_file(FILE, limit=limit).content
    finally:
        http.close()


def json_with(jenkins: SampleJenkins, waits: Waits, *rules: Fault, **settings: object) -> object:
    jenkins.faults = Faults(rules=rules)
    http = http_for(jenkins, waits, **settings)  # type: ignore[arg-type]
    try:
        return http.get_json("job/train/api/json", "nextBuildNumber,builds[number]")
    finally:
        http.close()


# -- F1 to F5: bodies that are not what was said


@pytest.mark.parametrize(
    "fault",
    [
        Fault(where="metrics", cut=5),
        Fault(where="metrics", cut=5, reset=True),
        Fault(where="metrics", sized=False, headers=(("Transfer-Encoding", "chunked"),), body=b"5\r\nabcde\r\n"),
    ],
    ids=["F1 shorter than said", "F5 reset in the body", "F5 chunks without an end"],
)
def test_a_cut_file_is_fetched_again_and_given_up_in_the_end(fault: Fault, jenkins: SampleJenkins, waits: Waits) -> None:
    once = Fault(**{**{name: getattr(fault, name) for name in Fault.__slots__}, "times": 1})
    assert file_with(jenkins, waits, once) == CONTENT
    assert len(waits.waited) == 1
    with pytest.raises(HarvestError, match=r"3 tries") as caught:
        file_with(jenkins, waits, fault)
    assert not isinstance(caught.value, Unreachable)


def test_f2_a_file_of_unknown_length_is_marked_as_unverified(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="metrics.json", sized=False),))
        assert not b.harvest().incomplete
        (problem,) = b.build("train", 1).problems
        assert "length could not be verified" in problem.reason
        assert problem.partial


def test_f2_a_json_file_of_unknown_length_must_parse_to_its_end(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="metrics.json", sized=False, cut=9),))
        (note,) = b.harvest().missed
        assert "no JSON at byte" in note.why
        assert [each.state for each in b.build("train", 1).artifacts] == ["refused"]
        b.jenkins.faults = Faults()
        assert (b.harvest().updated, metric(b.build("train", 1), "f1")) == (1, 0.001)
        assert b.build("train", 1).problems == ()


def test_f2_an_answer_of_unknown_length_must_parse_to_its_end(jenkins: SampleJenkins, waits: Waits) -> None:
    assert json_with(jenkins, waits, Fault(where="api/json", sized=False, cut=10, times=1))
    assert len(waits.waited) == 1


@pytest.mark.parametrize("cut", [-4, -8, 20], ids=["trailer cut", "trailer missing", "half of it"])
def test_f3_a_packed_answer_that_ends_early_is_asked_again(cut: int, jenkins: SampleJenkins, waits: Waits) -> None:
    rule = Fault(where="api/json", gzipped=True, sized=False, cut=cut, times=1)
    assert json_with(jenkins, waits, rule) == json_with(jenkins, waits)
    assert len(waits.waited) == 1


def test_f3_files_are_asked_for_as_they_are(jenkins: SampleJenkins, waits: Waits) -> None:
    file_with(jenkins, waits)
    assert jenkins.requests[-1].headers["accept-encoding"] == "identity"


def test_f4_what_comes_after_the_end_is_not_taken(jenkins: SampleJenkins, waits: Waits) -> None:
    jenkins.faults = Faults(rules=(Fault(where="metrics", body=CONTENT + b"garbage", declared=len(CONTENT), times=1),))
    http = http_for(jenkins, waits)
    assert http.get_file(FILE, limit=10_000).content == CONTENT
    assert http.get_file(FILE, limit=10_000).content == CONTENT
    http.close()


# -- F6, F7: slow, silent, absent


@pytest.mark.parametrize("part", ["drip", "drip_head"])
def test_f6_a_trickle_is_bounded_as_a_whole(part: str, jenkins: SampleJenkins, waits: Waits) -> None:
    started = time.monotonic()
    with pytest.raises(HarvestError, match="too slow"):
        file_with(jenkins, waits, Fault(where="metrics", **{part: 40.0}), file_s=0.2, timeout_s=5)  # type: ignore[arg-type]
    assert time.monotonic() - started < 3


def test_f6_a_trickle_has_a_floor(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(HarvestError, match="less than 1024 bytes per second"):
        file_with(jenkins, waits, Fault(where="metrics", drip=40.0), floor_window_s=0.1)


def test_f7_silence_after_accepting(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(Unreachable, match="no answer in time"):
        file_with(jenkins, waits, Fault(where="metrics", silent_s=1), timeout_s=0.05)


def test_f7_a_closed_port_and_an_unknown_name(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url, word in ((f"http://127.0.0.1:{port}/", "refused"), ("http://no-such-host.invalid/", "not known")):
        http = Http(HttpSettings(url=url, retry=RetryRules(tries=2)), sleep=waits)
        with pytest.raises(Unreachable, match=word) as caught:
            http.get_json("api/json")
        assert "url under [jenkins]" in str(caught.value.hint)


def test_f7_nobody_accepts(waits: Waits) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        http = Http(
            HttpSettings(url=f"http://127.0.0.1:{port}/", connect_s=0.1, timeout_s=0.1, retry=RetryRules(tries=1)), sleep=waits
        )
        with pytest.raises(Unreachable):
            http.get_json("api/json")
        for filler in fillers:
            filler.close()


def test_f7_a_jenkins_that_is_down_is_asked_no_more(jenkins: SampleJenkins, waits: Waits) -> None:
    jenkins.faults = Faults(rules=(Fault(where=".", status=503),))
    http = http_for(jenkins, waits, retry=RetryRules(tries=2))
    for _ in range(10):
        with pytest.raises(Unreachable):
            http.get_file(FILE, limit=1000)
    assert len(jenkins.requests) == 6
    assert isinstance(http.fatal, Unreachable)


def test_f7_a_jenkins_that_is_down_is_told_once_and_ends_the_harvest(tmp_path: Path) -> None:
    with bench(tmp_path, job("a", 1), job("b", 1)) as b:
        down = Faults(rules=(Fault(where=".", status=503),))
        b.jenkins.faults = down
        with pytest.raises(Unreachable, match="cannot be reached"):
            b.harvest()
        assert b.warnings == []
        b.jenkins.faults = Faults()
        b.harvest()
        b.jenkins.faults = down
        summary = b.harvest()
        assert (len(b.jenkins.requests), len(b.warnings)) == (3, 1)
        assert (summary.incomplete, summary.gone, b.numbers("a")) == (True, 0, [1])


def test_what_was_missed_first_is_told_although_it_might_have_been_raised(tmp_path: Path) -> None:
    with bench(tmp_path, job("a", 1), job("b", 1)) as b:
        b.toml = '[[jobs]]\nname = "none"\n[[jobs]]\nname = "b"\n'
        assert b.harvest().incomplete
        assert [each.partition(" on ")[0] for each in b.warnings] == ["there is no job none"]


# -- F8: come back later


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("Retry-After", "7"),), 7.0),
        ((("Retry-After", "Tue, 24 Nov 2026 04:00:30 GMT"), ("Date", "Tue, 24 Nov 2026 04:00:00 GMT")), 30.0),
        ((("Retry-After", "Tue, 24 Nov 2026 03:00:00 GMT"), ("Date", "Tue, 24 Nov 2026 04:00:00 GMT")), 0.0),
        ((("Retry-After", "100000"),), 300.0),
    ],
)
@pytest.mark.parametrize("status", [503, 502, 429])
def test_f8_a_wish_is_honoured_up_to_a_bound(
    status: int, headers: tuple[tuple[str, str], ...], expected: float, jenkins: SampleJenkins, waits: Waits
) -> None:
    assert file_with(jenkins, waits, Fault(where="metrics", status=status, headers=headers, times=1)) == CONTENT
    assert waits.waited == [expected]


@pytest.mark.parametrize("junk", ["-1", "soon", "1.5.2", "\u00b2", ""])
def test_f8_a_wish_that_is_none_leaves_our_own_wait(junk: str, jenkins: SampleJenkins, waits: Waits) -> None:
    assert file_with(jenkins, waits, Fault(where="metrics", status=503, headers=(("Retry-After", junk),), times=2)) == CONTENT
    assert all(1 <= wait <= 4 for wait in waits.waited)


def test_f8_waits_end_when_their_sum_is_used_up(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(Unreachable):
        file_with(
            jenkins, waits, Fault(where="metrics", status=503, headers=(("Retry-After", "300"),)), retry=RetryRules(tries=50)
        )
    assert sum(waits.waited) <= 900


def test_waits_are_random_and_grow_to_a_bound() -> None:
    rules = RetryRules()
    assert [rules.wait_s(n, 0.999999, None) for n in range(8)] == pytest.approx([2, 4, 8, 16, 32, 60, 60, 60], rel=1e-3)
    assert [rules.wait_s(n, 0.0, None) for n in range(3)] == [1, 1, 1]


# -- F9 to F12: answers that mean something else


@pytest.mark.parametrize("kind", ["text/html;charset=utf-8", "application/json"])
def test_f9_a_web_page_is_no_data(kind: str, jenkins: SampleJenkins, waits: Waits) -> None:
    page = Fault(where="api/json", body=b"\n<!DOCTYPE html><title>Sign in</title>", headers=(("Content-Type", kind),))
    with pytest.raises(AccessDenied, match="web page") as caught:
        json_with(jenkins, waits, page)
    assert "Sign in" not in str(caught.value)
    assert waits.waited == []


@pytest.mark.parametrize("name", ["metrics.json", "scores.csv", "model.pkl", "notes"])
def test_f9_a_web_page_in_place_of_a_file_is_not_kept_and_is_asked_for_again(name: str, tmp_path: Path) -> None:
    page = (("Content-Type", "text/html;charset=utf-8"),)
    own = b"<!DOCTYPE html><title>Report</title>"
    with bench(tmp_path, job("t", builds=(build(1, artifacts={name: b'{"f1": 0.5}', "report.html": own}),))) as b:
        b.toml = '[[jobs]]\nname = "t"\nartifacts = ["**"]\nmodels = "copy"\n'
        body = b"\n<!doctype HTML><title>Sign in</title>"
        b.jenkins.faults = Faults(rules=(Fault(where=f"artifact/{name}", body=body, headers=page),))
        summary = b.harvest()
        assert (summary.incomplete, len(summary.missed)) == (True, 1)
        assert "web page instead of the file" in summary.missed[0].why
        held = {each.path: each.sha256 and b.store.blobs.read(each.sha256) for each in b.build("t", 1).artifacts}
        assert held == {name: None, "report.html": own}
        b.jenkins.faults = Faults()
        assert b.harvest().updated == 1
        assert {each.path: each.state for each in b.build("t", 1).artifacts} == {name: "stored", "report.html": "stored"}


def failed_build() -> SampleBuild:
    counts = {"_class": "hudson.tasks.junit.TestResultAction", "failCount": 1, "skipCount": 0, "totalCount": 2}
    report = {"failCount": 1, "passCount": 1, "skipCount": 0, "suites": [{"cases": [{"name": "n", "status": "FAILED"}]}]}
    stage = {"id": "1", "name": "Fit", "status": "FAILED"}
    return build(1, result="FAILURE", stages=(stage,), test_report=report, actions=(counts,), console="one\ntwo\n")


@pytest.mark.parametrize("where", ["wfapi/describe", "testReport", "logText"])
@pytest.mark.parametrize(
    "fault",
    [{"body": b"<html>Sign in</html>", "headers": (("Content-Type", "text/html"),)}, {"status": 302}, {"body": b"{}"}],
    ids=["page", "redirect", "empty"],
)
def test_f9_what_is_no_answer_about_stages_tests_or_log_is_not_kept(where: str, fault: dict[str, Any], tmp_path: Path) -> None:
    with bench(tmp_path, pipeline("p", failed_build(), build(2))) as b:
        b.toml = '[[jobs]]\nname = "p"\nconsole_tail = 9\n'
        if fault.get("status") == 302:
            fault = {**fault, "headers": (("Location", "/jenkins/login"),)}
        b.jenkins.faults = Faults(rules=(Fault(where=where, **fault),))
        summary = b.harvest()
        is_log = where == "logText" and fault.get("body") == b"{}"  # a log may say anything
        assert (summary.new, summary.incomplete) == (2, not is_log)
        assert "Sign in" not in str(b.build("p", 1))
        b.jenkins.faults = Faults()
        assert not b.harvest(full=is_log).incomplete
        read = b.build("p", 1)
        assert (len(read.stages), len(read.tests.failures) if read.tests else 0) == (1, 1)
        assert (read.console_tail, read.problems) == ("one\ntwo", ())


def test_f3_a_packed_log_is_unpacked(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", builds=(failed_build(),))) as b:
        b.toml = '[[jobs]]\nname = "t"\nconsole_tail = 9\n'
        b.jenkins.faults = Faults(rules=(Fault(where="logText", gzipped=True),))
        assert not b.harvest().incomplete
        assert b.build("t", 1).console_tail == "one\ntwo"


def test_f9_other_types_and_shapes_are_no_data(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(HarvestError, match="not JSON"):
        json_with(jenkins, waits, Fault(where="api/json", headers=(("Content-Type", "text/plain"),)))
    with pytest.raises(HarvestError, match="no object"):
        json_with(jenkins, waits, Fault(where="api/json", body=b'"text"'))


@pytest.mark.parametrize("status", [401, 403])
def test_f10_credentials_are_not_tried_twice(status: int, tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"j{n}", 1, 2) for n in range(5)), users={"ann": "right"}, anonymous_read=status == 401) as b:
        from reportgen.harvest.http import Credentials, Secret

        if status == 401:
            b.settings["credentials"] = Credentials("ann", Secret("wr0ng"))
        with pytest.raises(AccessDenied) as caught:
            b.harvest()
        assert len(b.jenkins.requests) == 1
        assert "wr0ng" not in f"{caught.value} {caught.value.hint} {caught.value!r}"
        assert ("ann" in str(caught.value)) == (status == 401)
        assert "JENKINS_TOKEN" in str(caught.value.hint)


@pytest.mark.parametrize("status", [401, 403])
def test_f10_a_user_who_may_read_nothing_is_not_tried_job_by_job(status: int, tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"j{n}", 1) for n in range(30)), anonymous_read=False, users={"ann": "right"}) as b:
        if status == 401:
            b.settings["credentials"] = Credentials("ann", Secret("wr0ng"))
        b.toml = "".join(f'[[jobs]]\nname = "j{n}"\n' for n in range(30))
        with pytest.raises(AccessDenied, match=str(status)):
            b.harvest()
        assert len(b.jenkins.requests) < 10


def test_f10_a_job_that_may_not_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"j{n}", 1) for n in range(10))) as b:
        b.toml = "".join(f'[[jobs]]\nname = "j{n}"\n' for n in range(10))
        b.jenkins.faults = Faults(rules=tuple(Fault(where=f"/j{n}/api/json", status=403) for n in range(5, 10)))
        summary = b.harvest()
        assert (summary.new, len(summary.missed)) == (5, 5)


def test_f10_files_that_may_not_be_read_name_the_permission_and_leave_the_rest(tmp_path: Path) -> None:
    with bench(tmp_path, job("t", 1, 2), users={"ann": "right"}, anonymous_read=False) as b:
        b.settings["credentials"] = Credentials("ann", Secret("right"))
        b.jenkins.faults = Faults(rules=(Fault(where="/artifact/", status=403),))
        summary = b.harvest()
        assert (summary.new, summary.incomplete) == (2, True)
        assert "Run/Artifacts" in summary.missed[0].why
        b.jenkins.faults = Faults()
        assert (b.harvest().updated, metric(b.build("t", 2), "f1")) == (2, 0.002)


def test_f11_a_build_that_goes_between_list_and_fetch_costs_nothing_else(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        changed = b.jenkins.controller.job("train")
        assert changed is not None
        b.change(changed.with_builds(build(2, description="edited"), build(4)))
        b.jenkins.faults = Faults(rules=(Fault(where=r"/2/api/json", status=404),))
        summary = b.harvest()
        assert (summary.new, summary.gone, summary.incomplete) == (1, 1, False)
        assert metric(b.build("train", 2), "f1") == 0.002


def test_f12_numbers_that_start_again_never_overwrite(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.harvest()
        b.change(job("train", builds=(build(1, artifacts=metrics(f1=0.9), duration=1),)))
        moved = b.jenkins.controller.job("train")
        assert moved is not None
        from dataclasses import replace

        b.change(replace(moved, builds=(replace(moved.builds[0], timestamp=1_800_000_000_000),)))
        summary = b.harvest()
        assert (summary.new, summary.gone) == (1, 3)
        assert b.numbers("train") == [1, 3, 2, 1]
        assert metric(b.build("train", 1), "f1") == 0.9
        with b.view() as view:
            first = view.build("train", 1, datetime.fromtimestamp(1_700_000_060, UTC))
        assert metric(first, "f1") == 0.001
        assert first.gone_since is not None


@pytest.mark.parametrize(("left", "told"), [(8, False), (7, True), (0, True)])
def test_f12_many_jobs_that_vanish_at_once_are_an_alarm(left: int, told: bool, tmp_path: Path) -> None:
    names = [f"f/j{n}" for n in range(10)]
    with bench(tmp_path, *(job(name, 1, 2) for name in names), job("g/gone-before", 1)) as b:
        b.harvest()
        everything = b.jenkins.controller.without_job("g/gone-before")
        b.jenkins.controller = everything
        assert not b.harvest().incomplete  # one of eleven is what people delete
        for name in names[left:]:
            b.jenkins.controller = b.jenkins.controller.without_job(name)
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (2 * (10 - left), told)
        assert len(b.jenkins.requests) <= left + 3
        if told:
            assert f"{10 - left} of 10 jobs are no longer seen on Jenkins" in summary.missed[0].why
            assert "leads to the same Jenkins" in b.warnings[-1]
        assert [b.numbers(name) for name in names] == [[2, 1]] * 10
        assert not b.harvest().incomplete
        b.jenkins.controller = everything
        back = b.harvest()
        assert (back.updated, back.incomplete) == (2 * (10 - left), False)
        assert [b.gone(name) for name in names] == [[]] * 10


def test_f13_a_running_build_is_listed_and_becomes_a_run_when_it_is_final(tmp_path: Path) -> None:
    running = build(2, building=True, result="FAILURE", artifacts={})
    with bench(tmp_path, job("train", 1, builds=(running,))) as b:
        assert b.harvest().running == 1
        assert b.numbers("train") == [1]
        with b.view() as view:
            assert [each.number for each in view.running()] == [2]
        b.change(job("train", 1, 2))
        assert b.harvest().new == 1
        with b.view() as view:
            assert view.running() == ()


# -- F14, F15: redirects


def test_f14_a_listed_host_gets_the_file_asked_for_and_no_secret(jenkins: SampleJenkins, waits: Waits, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password t0ken\n")
    netrc.chmod(0o600)
    with SampleJenkins(jenkins.controller, context_path="/store") as other:
        location = other.url + FILE + "?X-Signature=abc%2Fdef"
        jenkins.controller = Controller(jobs=jenkins.controller.jobs, users={"ann": "t0ken"})
        rule = Fault(where="metrics", status=302, headers=(("Location", location), ("Set-Cookie", "JSESSIONID=1")))
        jenkins.faults = Faults(rules=(rule,))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NETRC", str(netrc))
            http = http_for(jenkins, waits, user="ann", token="t0ken", artifact_hosts=("127.0.0.1",))
            assert http.get_file(FILE, limit=1000).content == CONTENT
            http.close()
        assert "authorization" in jenkins.requests[-1].headers
        sent = other.requests[-1]
        assert sent.query == "X-Signature=abc%2Fdef"
        assert not {"authorization", "cookie", "x-api-token"} & set(sent.headers)
        assert "t0ken" not in str(sent)


def test_f14_a_store_of_files_gets_back_no_cookie_of_its_own(jenkins: SampleJenkins, waits: Waits) -> None:
    with SampleJenkins(jenkins.controller, context_path="/store") as other:
        other.faults = Faults(rules=(Fault(where=".", headers=(("Set-Cookie", "who=1; Path=/"),)),))
        rule = Fault(where="metrics", status=302, headers=(("Location", other.url + FILE),))
        jenkins.faults = Faults(rules=(rule,))
        http = http_for(jenkins, waits, artifact_hosts=("127.0.0.1",))
        assert [http.get_file(FILE, limit=1000).content for _ in range(2)] == [CONTENT] * 2
        http.close()
        assert [request.headers.get("cookie") for request in other.requests] == [None, None]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://ci.example.com:8443/x", True),
        ("HTTPS://CI.example.com:8443", True),
        ("http://ci.example.com:8443/x", False),
        ("https://ci.example.com/x", False),
        ("https://ci.example.com:junk/x", False),
        ("https://evil.example.com:8443/", False),
    ],
)
def test_f14_scheme_host_and_port_are_those_of_the_controller_or_it_is_another(other: str, same: bool) -> None:
    assert is_same_origin(other, "https://ci.example.com:8443/jenkins/") == same
    assert is_same_origin("https://ci.example.com:443/", "https://ci.example.com/")


@pytest.mark.parametrize(
    ("location", "word"),
    [
        ("http://files.example.com/x", "files.example.com"),
        ("file:///etc/passwd", "kind 'file'"),
        ("ftp://127.0.0.1/x", "kind 'ftp'"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://localhost:1/x", "localhost"),
        ("/jenkins/login?from=%2F", "login"),
        ("/securityRealm/commenceLogin", "login"),
    ],
)
def test_f15_any_other_place_is_refused(location: str, word: str, jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(HarvestError, match=word):
        file_with(jenkins, waits, Fault(where="metrics", status=302, headers=(("Location", location),)))
    assert waits.waited == []


def test_f14_a_redirect_from_https_to_http_is_refused(jenkins: SampleJenkins, waits: Waits, tmp_path: Path) -> None:
    made = certificate(tmp_path)
    plain = jenkins.url + FILE
    with serve_tls(made, redirect=plain) as url:
        http = Http(HttpSettings(url=url, verify=str(made), artifact_hosts=("127.0.0.1",)), sleep=waits)
        with pytest.raises(HarvestError, match="from https to http"):
            http.get_file(FILE, limit=1000)
        http.close()
    assert jenkins.requests == []
    assert waits.waited == []


def test_f14_a_redirect_to_another_port_of_the_same_host_is_to_another_host(jenkins: SampleJenkins, waits: Waits) -> None:
    with SampleJenkins(jenkins.controller) as other:
        rule = Fault(where="metrics", status=302, headers=(("Location", other.url + FILE),))
        with pytest.raises(HarvestError, match="which is not listed"):
            file_with(jenkins, waits, rule, user="ann", token="t0ken")
        assert other.requests == []
        port = urlsplit(other.url).port
        assert file_with(jenkins, waits, rule, user="ann", token="t0ken", artifact_hosts=(f"127.0.0.1:{port}",)) == CONTENT
        assert "authorization" not in other.requests[-1].headers


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault(where=".", status=401), r"refuses it \(401\)"),
        (Fault(where=".", status=403), r"refuses it \(403\)"),
        (Fault(where=".", status=404), r"refuses it \(404\)"),
        (Fault(where=".", status=503), "overloaded"),
        (Fault(where=".", raw=b""), "was reset"),
        (None, "refused"),
    ],
    ids=["401", "403", "404", "503", "hangs up", "closed"],
)
def test_f14_a_store_of_files_that_fails_says_nothing_about_jenkins(
    fault: Fault | None, word: str, jenkins: SampleJenkins, waits: Waits
) -> None:
    with SampleJenkins(jenkins.controller) as other:
        other.faults = Faults(rules=(fault,) if fault else ())
        host = urlsplit(other.url).netloc if fault else "127.0.0.1:1"
        rule = Fault(where="metrics", status=302, headers=(("Location", f"http://{host}/jenkins/{FILE}"),))
        jenkins.faults = Faults(rules=(rule,))
        http = http_for(jenkins, waits, artifact_hosts=(host,), retry=RetryRules(tries=2))
        for _ in range(5):
            with pytest.raises(HarvestError, match=word) as caught:
                http.get_file(FILE, limit=1000)
            assert host in str(caught.value)
            assert isinstance(caught.value, NotFound) == (fault is not None and fault.status == 404)
            assert not isinstance(caught.value, (Unreachable, AccessDenied))
        assert http.fatal is None
        assert http.get_json("job/train/api/json")
        http.close()


@pytest.mark.parametrize("where", ["/artifact/", "/b/api/json", r"jenkins/api/json", "wfapi", "logText"])
@pytest.mark.parametrize(
    "location",
    ["http://[bad", "//[::1/artifact/x", "http://\u00e9/", f"http://{'a' * 300}/", "http://..../", "http://x:99999999/"],
)
def test_f15_an_address_that_cannot_be_read_costs_one_item(where: str, location: str, tmp_path: Path) -> None:
    with bench(tmp_path, pipeline("b", failed_build()), job("a", 1)) as b:
        b.toml = '[[jobs]]\nname = "**"\nconsole_tail = 9\n'
        b.harvest()
        b.settings.update(artifact_hosts=("\u00e9", "a" * 300, "....", "x"), retry=RetryRules(tries=1))
        b.jenkins.faults = Faults(rules=(Fault(where=where, status=302, headers=(("Location", location),)),))
        assert b.harvest(full=True).incomplete
        assert (b.numbers("a"), b.numbers("b")) == ([1], [1])


def test_f15_the_hint_names_the_key_that_allows_a_host(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(HarvestError) as caught:
        file_with(jenkins, waits, Fault(where="metrics", status=302, headers=(("Location", "http://s3.example.com/x"),)))
    assert 'artifact_hosts = ["s3.example.com"]' in str(caught.value.hint)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1"])
def test_f15_a_listed_name_that_leads_to_this_machine_is_refused(
    address: str, jenkins: SampleJenkins, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: real(address if host == "s3.example.com" else host, *rest, **more),
    )
    rule = Fault(where="metrics", status=302, headers=(("Location", "http://s3.example.com/x"),))
    with pytest.raises(HarvestError, match="leads to this machine"):
        file_with(jenkins, waits, rule, artifact_hosts=("s3.example.com",))


def test_f15_a_loop_ends(jenkins: SampleJenkins, waits: Waits) -> None:
    rule = Fault(where="metrics", status=302, headers=(("Location", "/jenkins/" + FILE),))
    with pytest.raises(HarvestError, match="more than 5 times"):
        file_with(jenkins, waits, rule)
    assert len(jenkins.requests) == 6


def test_f15_an_api_call_follows_nothing(jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(AccessDenied, match="redirects"):
        json_with(jenkins, waits, Fault(where="api/json", status=302, headers=(("Location", "/jenkins/login"),)))
    assert len(jenkins.requests) == 1


# -- F16, F17, F18: content


def test_f16_a_bomb_stops_at_the_limit(jenkins: SampleJenkins, waits: Waits) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    packed = (("Content-Encoding", "gzip"),)
    with pytest.raises(TooLarge):
        file_with(jenkins, waits, Fault(where="metrics", body=bomb, headers=packed), limit=1_000_000)
    with pytest.raises(TooLarge):
        json_with(jenkins, waits, Fault(where="api/json", body=bomb, headers=packed))
    nested = Fault(where="api/json", body=bomb, headers=(("Content-Encoding", "gzip, gzip, gzip"),))
    with pytest.raises(HarvestError, match="not asked for"):
        json_with(jenkins, waits, nested)
    assert waits.waited == []


@pytest.mark.parametrize("status", [200, 302])
def test_f16_a_bomb_costs_no_memory(status: int, jenkins: SampleJenkins, waits: Waits) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    headers = (("Content-Encoding", "gzip"), *((("Location", "/jenkins/login"),) if status == 302 else ()))
    rule = Fault(where="api/json", status=status, body=bomb, headers=headers)
    del bomb
    tracemalloc.start()
    try:
        with pytest.raises((TooLarge, AccessDenied)):
            file_with(jenkins, waits, Fault(where="metrics", status=status, body=rule.body, headers=headers), limit=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    with pytest.raises((TooLarge, AccessDenied)):
        json_with(jenkins, waits, rule)
    eightfold = Fault(where="api/json", body=b"x", headers=(("Content-Encoding", ", ".join(["gzip"] * 8)),))
    with pytest.raises(HarvestError, match="not asked for"):
        json_with(jenkins, waits, eightfold)


def test_f16_a_file_over_the_limit_is_left_out_and_said_so(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", builds=(build(1, artifacts={**metrics(f1=1), "x.png": b"\x89PNG" + bytes(5000)}),))) as b:
        b.toml = '[[jobs]]\nname = "train"\nmax_artifact_size = 1000\n'
        assert not b.harvest().incomplete
        states = {artifact.path: artifact.state for artifact in b.build("train", 1).artifacts}
        assert states == {"metrics.json": "stored", "x.png": "over limit"}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b'{"f1": 0.', "byte"),
        (b"[" * 100_000, "deeply"),
        (b'{"f1": 0.5}{"f1": 0.6}', "byte 11"),
        ('{"f1": 0.5, "x": "é"}'.encode("latin-1"), "byte"),
        (b"\xff\xfe\x00", "UTF-16"),
    ],
)
def test_f17_unreadable_json_is_a_problem_with_its_place(content: bytes, word: str, tmp_path: Path) -> None:
    files = {"metrics.json": content, "other.json": b'{"f1": 0.5}'}
    with bench(tmp_path, job("train", builds=(build(1, artifacts=files),))) as b:
        summary = b.harvest()
        (note,) = summary.missed
        assert (note.what, summary.incomplete) == ("train #1", True)
        assert note.why.startswith("set aside: metrics.json: ")
        (problem,) = b.build("train", 1).problems
        assert problem.path == "metrics.json"
        assert word in problem.reason
        assert [each.name for each in b.build("train", 1).runs[0].metrics] == ["other/f1"]
        assert not b.harvest(full=True).incomplete  # it was told when it came


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b'{"f1": NaN}', lambda value: value != value),
        (b'{"f1": -Infinity}', lambda value: value == float("-inf")),
        (b'{"f1": 1e999}', lambda value: value == float("inf")),
        (b'{"f1": 0.1, "f1": 0.2}', lambda value: value == 0.2),
        (b'\xef\xbb\xbf{"f1": 0.2}', lambda value: value == 0.2),
        ('{"f1": 0.2}'.encode("utf-16"), lambda value: value == 0.2),
        (b'{"f1": 0.2, "x": "\\ud800"}', lambda value: value == 0.2),
        (b'{"f1": 0.2, "big": ' + b"9" * 5000 + b"}", lambda value: value == 0.2),
        (b'{"f1": 18446744073709551616}', lambda value: value == 2.0**64),
    ],
)
def test_f17_odd_numbers_and_texts_are_read(content: bytes, check: Callable[[float], bool], tmp_path: Path) -> None:
    with bench(tmp_path, job("train", builds=(build(1, artifacts={"metrics.json": content}),))) as b:
        assert not b.harvest().incomplete
        value = metric(b.build("train", 1), "f1")
        assert value is not None
        assert check(value)


def test_f17_an_unreadable_answer_is_asked_again_then_given_up(jenkins: SampleJenkins, waits: Waits) -> None:
    assert json_with(jenkins, waits, Fault(where="api/json", body=b'{"a": ', times=1))
    with pytest.raises(HarvestError, match="no JSON at byte"):
        json_with(jenkins, waits, Fault(where="api/json", body=b'{"a": '))


def test_f18_text_is_utf8_whatever_the_header_leaves_out(tmp_path: Path) -> None:
    text = "# Né\n"
    with bench(tmp_path, job("train", builds=(build(1, artifacts={"notes.md": text.encode()}),))) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="notes.md", headers=(("Content-Type", "text/plain"),)),))
        b.harvest()
        (artifact,) = b.build("train", 1).artifacts
        assert b.store.blobs.read(artifact.sha256 or "").decode() == text


# -- F19 to F21: what lies between


@pytest.mark.parametrize("kind", ["unknown", "expired", "other host"])
def test_f19_a_certificate_that_is_not_trusted_stops_everything(kind: str, tmp_path: Path, waits: Waits) -> None:
    made = certificate(tmp_path, expired=kind == "expired", host="other.example.com" if kind == "other host" else "127.0.0.1")
    verify: str | bool = True if kind == "unknown" else str(made)
    with serve_tls(made) as url:
        http = Http(HttpSettings(url=url, verify=verify, retry=RetryRules(tries=2)), sleep=waits)
        with pytest.raises(Unreachable, match="certificate"):
            http.get_file("job/train/1/artifact/metrics.json", limit=100)
        with pytest.raises(Unreachable, match="certificate") as caught:
            http.get_json("api/json")
        http.close()
    assert "ca_bundle" in str(caught.value.hint)
    assert waits.waited == []


def test_f19_a_missing_file_of_certificates_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    config = JenkinsConfig(url="https://ci.example.com/", ca_bundle="none.pem")
    with pytest.raises(HarvestError, match=r"none\.pem") as caught:
        jenkins_settings(config, tmp_path, {})
    assert "ca_bundle under [jenkins]" in str(caught.value.hint)
    with pytest.raises(HarvestError) as caught:
        jenkins_settings(JenkinsConfig(url="https://ci.example.com/"), tmp_path, {"REQUESTS_CA_BUNDLE": "/none.pem"})
    assert "REQUESTS_CA_BUNDLE" in str(caught.value.hint)


def test_f19_a_certificate_authority_of_ones_own(tmp_path: Path, waits: Waits) -> None:
    made = certificate(tmp_path)
    with serve_tls(made) as url:
        http = Http(HttpSettings(url=url, verify=str(made)), sleep=waits)
        assert http.get_json("api/json") == {"ok": True}
        assert http.get_file("job/train/1/artifact/metrics.json", limit=100).content == b'{"ok": true}'
        http.close()


def test_f20_the_environment_names_no_proxy_unless_asked(
    jenkins: SampleJenkins, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://user:hunter2@127.0.0.1:1")
    assert file_with(jenkins, waits) == CONTENT


@pytest.mark.parametrize(
    ("proxy", "environ", "expected"),
    [
        ("", {"https_proxy": "http://p:1"}, {}),
        ("http://p:2", {"https_proxy": "http://p:1", "no_proxy": "*"}, {"http": "http://p:2", "https": "http://p:2"}),
        ("env", {"https_proxy": "http://p:1"}, {"https": "http://p:1"}),
        ("env", {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:3"}, {"https": "http://p:1", "http": "http://p:3"}),
        ("env", {"https_proxy": "http://p:1", "NO_PROXY": "other.org, .example.com"}, {}),
        ("env", {"https_proxy": "http://p:1", "no_proxy": "example.com"}, {}),
        ("env", {"https_proxy": "http://p:1", "no_proxy": "ci.example.com:8443"}, {}),
        ("env", {"https_proxy": "http://p:1", "no_proxy": "ci.example.com:9"}, {"https": "http://p:1"}),
        ("env", {"https_proxy": "http://p:1", "no_proxy": "ample.com"}, {"https": "http://p:1"}),
        ("env", {"https_proxy": "http://p:1", "no_proxy": "*"}, {}),
        ("env", {}, {}),
    ],
)
def test_f20_the_proxy_is_that_of_the_configuration_or_if_it_says_so_of_the_environment(
    proxy: str, environ: dict[str, str], expected: dict[str, str]
) -> None:
    config = JenkinsConfig(url="https://ci.example.com:8443/jenkins/", proxy=proxy)
    assert jenkins_settings(config, Path(), environ).proxies_for(config.url) == expected


def test_f20_a_harvest_goes_through_the_proxy_alone(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        b.settings["proxies"] = {"http": b.jenkins.url}
        summary = b.harvest(url="http://ci.example.com/jenkins/")
        assert (summary.new, summary.incomplete) == (1, False)
        assert {request.headers["host"] for request in b.jenkins.requests} == {"ci.example.com"}


def test_f20_a_configured_proxy_is_used_and_its_password_is_not_told(jenkins: SampleJenkins, waits: Waits) -> None:
    proxy = "http://user:hunter2@127.0.0.1:1"
    with pytest.raises(Unreachable) as caught:
        file_with(jenkins, waits, proxies={"http": proxy})
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_f20_files_and_answers_come_through_the_proxy_with_its_login_and_ours(jenkins: SampleJenkins, waits: Waits) -> None:
    jenkins.controller = replace(jenkins.controller, users={"ci": "t0ken"})
    host = urlsplit(jenkins.url).netloc
    url = jenkins.url.replace(host, "jenkins.invalid")
    settings = HttpSettings(
        url=url, credentials=Credentials("ci", Secret("t0ken")), proxies={"http": f"http://user:hunter2@{host}"}
    )
    http = Http(settings, sleep=waits)
    assert http.get_file(FILE, limit=10_000).content == CONTENT
    assert isinstance(http.get_json("job/train/api/json", "builds[number]"), dict)
    http.close()
    for request in jenkins.requests:
        assert request.headers["host"] == "jenkins.invalid"
        assert request.headers["authorization"] == "Basic " + b64encode(b"ci:t0ken").decode()
        assert request.headers["proxy-authorization"] == "Basic " + b64encode(b"user:hunter2").decode()


def test_f20_a_proxy_that_wants_a_login(jenkins: SampleJenkins, waits: Waits) -> None:
    with SampleJenkins(Controller()) as proxy:
        proxy.faults = Faults(rules=(Fault(where=".", status=407),))
        with pytest.raises(HarvestError, match="407"):
            file_with(jenkins, waits, proxies={"http": proxy.url})


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 1_000_000 + b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"",
    ],
    ids=["many headers", "a huge header", "no status line", "a bad status", "nothing"],
)
def test_f21_a_broken_head_is_an_error_of_this_item(raw: bytes, jenkins: SampleJenkins, waits: Waits) -> None:
    with pytest.raises(HarvestError):
        file_with(jenkins, waits, Fault(where="metrics", raw=raw))
    assert file_with(jenkins, waits) == CONTENT


ENCODED = {
    "as it is": lambda text: text,
    "base64": lambda text: b64encode(text.encode()).decode().rstrip("="),
    "of a login": lambda text: b64encode(f"ann:{text}".encode()).decode().rstrip("="),
    "base64 for addresses": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "in an address": lambda text: quote(text, safe=""),
    "in JSON": lambda text: json.dumps(text)[1:-1],
}
"""How a token may look where it went; it has characters that each of them writes in its own way."""


@pytest.mark.parametrize(
    "fault",
    [
        Fault(where="."),
        Fault(where=".", status=401),
        Fault(where="api/json", status=403, after=1),
        Fault(where="artifact", status=404),
        Fault(where="artifact", status=407),
        Fault(where=".", status=500),
        Fault(where="artifact", status=503),
        Fault(where=".", body=b"<html>login"),
        Fault(where="artifact", cut=3),
        Fault(where="artifact", reset=True, cut=3),
        Fault(where="artifact", raw=b"HTTP/1.1 abc\r\n\r\n"),
        Fault(where="artifact", raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
        Fault(where="artifact", status=302, headers=(("Location", "http://s3.example.com/x"),)),
        Fault(where="api/json", body=b'{"a": '),
    ],
    ids=["none", "401", "403", "404", "407", "500", "503", "page", "cut", "reset", "status", "headers", "redirect", "json"],
)
def test_our_token_is_in_no_message_log_or_file_whatever_goes_wrong(
    fault: Fault, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    token = 'RGTOKEN?/+\u00fc"4f9a8b7c6d5e'
    told = []
    with caplog.at_level(0), bench(tmp_path, job("t", 1, 2), job("u", 1), users={"ann": token}, anonymous_read=False) as b:
        b.settings["credentials"] = Credentials("ann", Secret(token))
        b.secrets = (token,)
        b.jenkins.faults = Faults(rules=(fault,))
        try:
            told.append(repr(b.harvest()))
        except HarvestError as problem:
            told += [repr(problem), str(problem.hint), "".join(traceback.format_exception(problem))]
        told += [*b.warnings, caplog.text, *capsys.readouterr()]
        assert [request for request in b.jenkins.requests if "authorization" in request.headers]
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    everything = "\n".join(told) + files.decode("utf-8", "replace")
    assert [how for how, encode in ENCODED.items() if encode(token) in everything] == []


def test_every_fault_has_a_test() -> None:
    names = [name for name, each in globals().items() if callable(each) and name.startswith("test_")]
    marks = [mark for name in names for mark in getattr(globals()[name], "pytestmark", ())]
    ids = [str(each) for mark in marks for each in mark.kwargs.get("ids") or ()]
    found = {int(each) for text in (*names, *ids) for each in re.findall(r"^(?:test_f|F)(\d+)[_ ]", text)}
    assert found == set(range(1, 22))


# -- and what they mean for a harvest


@pytest.mark.parametrize(
    "fault",
    [
        Fault(where="/2/artifact/", cut=3),
        Fault(where="/2/artifact/", status=500),
        Fault(where="/2/artifact/", status=403),
        Fault(where="/2/artifact/", status=302, headers=(("Location", "http://s3.example.com/x"),)),
    ],
    ids=["cut", "500", "403", "redirect"],
)
def test_one_bad_file_never_stops_the_rest_and_is_fetched_next_time(fault: Fault, tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2, 3)) as b:
        b.jenkins.faults = Faults(rules=(fault,))
        summary = b.harvest()
        assert summary.new == 3
        assert [note.what for note in summary.missed] == ["train #2"]
        (artifact,) = b.build("train", 2).artifacts
        assert artifact.state == "refused"
        assert artifact.reason
        b.jenkins.faults = Faults()
        again = b.harvest()
        assert (again.updated, again.incomplete) == (1, False)
        assert metric(b.build("train", 2), "f1") == 0.002


def test_a_build_that_never_can_be_read_is_left_alone_after_a_while(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1, 2)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="/2/artifact/", status=500),))
        assert [b.harvest().incomplete for _ in range(5)] == [True, False, False, False, False]
        b.harvest()
        assert not [target for target in b.jenkins.targets() if "/2/" in target]
        b.jenkins.faults = Faults()
        b.harvest(full=True)
        assert metric(b.build("train", 2), "f1") == 0.002


def test_a_missing_file_is_a_fact_not_a_failure(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="/1/artifact/", status=404),))
        assert not b.harvest().incomplete
        assert [artifact.state for artifact in b.build("train", 1).artifacts] == ["gone"]


def test_an_unreachable_jenkins_with_an_empty_store_is_an_error_else_incomplete(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        with pytest.raises(Unreachable):
            b.harvest(url="http://127.0.0.1:1/")
        b.harvest()
        summary = b.harvest(url="http://127.0.0.1:1/")
        assert summary.incomplete
        assert b.numbers("train") == [1]


def test_a_jenkins_that_goes_down_midway_keeps_what_was_read(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 60))) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="artifact", status=503, after=20),))
        first = b.harvest()
        assert first.incomplete
        assert len(b.jenkins.requests) < 60
        b.jenkins.faults = Faults()
        b.harvest()
        assert b.numbers("train") == list(range(59, 0, -1))
        assert all(metric(b.build("train", n), "f1") == n / 1000 for n in range(1, 60))


def test_unknown_jobs_are_named(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", 1)) as b:
        b.toml = '[[jobs]]\nname = "trian"\n'
        with pytest.raises(NotFound, match="trian"):
            b.harvest()
        b.toml += '[[jobs]]\nname = "train"\n'
        summary = b.harvest()
        assert (summary.new, [note.what for note in summary.missed]) == (1, ["trian"])


def test_faults_name_builds_in_words_people_use(tmp_path: Path) -> None:
    def told(b: Bench) -> str:
        b.harvest()
        return "\n".join(b.warnings)

    with bench(tmp_path, job("folder/train", 1, 2)) as b:
        b.jenkins.faults = Faults(rules=(Fault(where="/2/artifact/", status=500),))
        text = told(b)
    assert "folder/train #2" in text
    assert "job/folder" not in text
