"""The way to Jenkins as people set it up: certificates (F19) and proxies (F20), over real sockets and by the command itself."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reportgen import cli
from reportgen.demo.faults import Fault, Faults
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import Controller
from tests.support.jenkins import job
from tests.support.relay import behind_tls, proxy
from tests.support.tls import certificate

LOGIN = "Basic " + b64encode(b"user:hunter2").decode()


@pytest.fixture
def jenkins() -> Iterator[SampleJenkins]:
    with SampleJenkins(Controller(jobs=(job("t", 1, 2),))) as server:
        yield server


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("JENKINS_USER", "JENKINS_TOKEN", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def port_of(jenkins: SampleJenkins) -> int:
    port = urlsplit(jenkins.url).port
    assert port is not None
    return port


def harvest(url: str, *more: str) -> int:
    text = "\n".join(["[jenkins]", f'url = "{url}"', *more, "[[jobs]]", 'name = "t"'])
    Path("reportgen.toml").write_text(text + "\n", "utf-8")
    return cli.main(["harvest"])


@pytest.mark.parametrize("how", ["key", "variable"])
def test_f19_a_certificate_authority_of_ones_own_is_taken_from_its_file(
    how: str, jenkins: SampleJenkins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path)
    if how == "variable":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made))
    with behind_tls(port_of(jenkins), made) as (port, seen):
        assert harvest(f"https://127.0.0.1:{port}/jenkins/", *([f'ca_bundle = "{made.name}"'] if how == "key" else [])) == 0
    assert set(seen) == {"trusted"}
    assert len(jenkins.requests) > 2


@pytest.mark.parametrize("how", ["key", "variable"])
def test_f19_a_missing_file_of_certificates_is_told_and_nothing_is_asked(
    how: str, jenkins: SampleJenkins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if how == "variable":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with behind_tls(port_of(jenkins), certificate(tmp_path)) as (port, seen):
        assert harvest(f"https://127.0.0.1:{port}/jenkins/", *(['ca_bundle = "none.pem"'] if how == "key" else [])) == 1
        assert seen == []
    said = capsys.readouterr().err
    assert f"there is no file of certificates at {tmp_path / 'none.pem'}" in said
    assert ("ca_bundle under [jenkins]" if how == "key" else "REQUESTS_CA_BUNDLE") in said


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_f19_a_file_without_certificates_is_told_by_its_name_and_nothing_is_trusted(
    content: bytes, jenkins: SampleJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    with behind_tls(port_of(jenkins), certificate(tmp_path)) as (port, seen):
        assert harvest(f"https://127.0.0.1:{port}/jenkins/", 'ca_bundle = "ca.pem"') == 1
        assert "trusted" not in seen
    said = capsys.readouterr().err
    assert str(tmp_path / "ca.pem") in said
    assert "ca_bundle under [jenkins]" in said
    assert jenkins.requests == []


def test_f19_a_certificate_that_is_trusted_no_more_leaves_the_store_and_says_incomplete(
    jenkins: SampleJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = certificate(tmp_path)
    with behind_tls(port_of(jenkins), made) as (port, _):
        url = f"https://127.0.0.1:{port}/jenkins/"
        assert harvest(url, f'ca_bundle = "{made.name}"') == 0
        jenkins.forget_requests()
        assert harvest(url) == 3
    assert "certificate" in capsys.readouterr().err
    assert jenkins.requests == []
    assert cli.main(["show", "--json"]) == 0
    assert '"t"' in capsys.readouterr().out


@pytest.mark.parametrize("how", ["key", "variable"])
def test_f20_an_encrypted_jenkins_is_reached_through_a_tunnel_that_sees_nothing(
    how: str, jenkins: SampleJenkins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jenkins.controller = replace(jenkins.controller, users={"ann": "t0ken"}, anonymous_read=False)
    monkeypatch.setenv("JENKINS_USER", "ann")
    monkeypatch.setenv("JENKINS_TOKEN", "t0ken")
    made = certificate(tmp_path, host="ci.example.com")
    with behind_tls(port_of(jenkins), made) as (port, seen), proxy(port, LOGIN) as (proxy_port, heads):
        address = f"http://user:hunter2@127.0.0.1:{proxy_port}"
        if how == "variable":
            monkeypatch.setenv("HTTPS_PROXY", address)
        more = [f'proxy = "{address if how == "key" else "env"}"', f'ca_bundle = "{made.name}"']
        assert harvest("https://ci.example.com/jenkins/", *more) == 0
    assert set(seen) == {"trusted"}
    assert {head.partition(" HTTP/")[0] for head in heads} == {"CONNECT ci.example.com:443"}
    assert not [head for head in heads if "\r\nauthorization:" in head.lower() or b64encode(b"ann:t0ken").decode() in head]
    assert all("proxy-authorization" not in request.headers for request in jenkins.requests)
    assert {request.headers["host"] for request in jenkins.requests} == {"ci.example.com"}


def test_f20_a_tunnel_that_wants_a_login_is_told_without_the_password(
    jenkins: SampleJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with behind_tls(port_of(jenkins), certificate(tmp_path)) as (port, seen), proxy(port, LOGIN) as (proxy_port, heads):
        assert harvest("https://ci.example.com/jenkins/", f'proxy = "http://user:wr0ng@127.0.0.1:{proxy_port}"') == 1
        assert (seen, len(heads)) == ([], 2)  # the list with everything, and the short one
    said = capsys.readouterr().err
    assert "407" in said
    assert "check proxy under [jenkins]" in said
    assert "wr0ng" not in said


@pytest.mark.parametrize(
    ("location", "words", "hint"),
    [
        (
            "https://bob:s3cret@CI/jenkins/api/json?code=s3cret",
            "redirects (301) to https://CI instead",
            "mend url under [jenkins]",
        ),
        ("/jenkins/login?from=s3cret", "redirects (301) instead of answering (a login page?)", "check user and token"),
    ],
    ids=["new address", "login"],
)
def test_a_redirect_says_where_it_leads_and_what_to_mend(
    location: str, words: str, hint: str, jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.faults = Faults(rules=(Fault(where="api/json", status=301, headers=(("Location", location),)),))
    assert harvest(jenkins.url) == 1
    said = capsys.readouterr().err
    assert words in said
    assert hint in said
    assert "s3cret" not in said


@pytest.mark.parametrize("path", ["", "ci/", "jenkins/api/json/"])
def test_a_wrong_path_of_the_controller_is_told_as_that(
    path: str, jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{port_of(jenkins)}/{path}"
    assert harvest(url, '[[jobs]]\nname = "**"') == 1
    said = capsys.readouterr().err
    assert f"there is no Jenkins at {url} (404)" in said
    assert "with its path if it has one, such as /jenkins" in said
    assert "there is no job t on Jenkins" in said
    assert "the path of url under [jenkins]" in said


def test_an_address_that_speaks_no_https_is_told_at_once(jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]) -> None:
    assert harvest(jenkins.url.replace("http:", "https:")) == 1
    said = capsys.readouterr().err
    assert "Jenkins speaks no https there" in said
    assert "if its address begins with http://, mend url under [jenkins]" in said
    assert "tries" not in said


def test_who_is_let_in_no_more_leaves_the_store_and_says_incomplete(
    jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = jenkins.controller
    jenkins.controller = replace(whole, users={"ann": "right"}, anonymous_read=False)
    monkeypatch.setenv("JENKINS_USER", "ann")
    monkeypatch.setenv("JENKINS_TOKEN", "right")
    assert harvest(jenkins.url) == 0
    monkeypatch.setenv("JENKINS_TOKEN", "revoked")
    assert harvest(jenkins.url) == 3
    said = capsys.readouterr().err
    assert "refuses user 'ann' or its token (401) (hint: set JENKINS_USER and JENKINS_TOKEN to a valid API token)" in said
    assert "revoked" not in said
    monkeypatch.delenv("JENKINS_USER")
    monkeypatch.delenv("JENKINS_TOKEN")
    assert harvest(jenkins.url) == 3
    assert "does not let a request without a user read this (403)" in capsys.readouterr().err
    jenkins.controller = whole
    assert harvest(jenkins.url) == 0
    assert capsys.readouterr().err.startswith("1 job: 0 new, 0 updated (")


def test_a_failure_inside_jenkins_says_where_to_look(jenkins: SampleJenkins, capsys: pytest.CaptureFixture[str]) -> None:
    jenkins.faults = Faults(rules=(Fault(where="/2/artifact/", status=500),))
    assert harvest(jenkins.url) == 3
    said = capsys.readouterr().err
    assert (
        "t #2: metrics.json: Jenkins failed on this (500) (hint: the log of Jenkins, or of a proxy before it, may say why)"
        in said
    )


@pytest.mark.parametrize("between", ["certificate", "proxy"])
def test_what_lets_nobody_through_is_not_tried_job_by_job(between: str, jenkins: SampleJenkins, tmp_path: Path) -> None:
    with behind_tls(port_of(jenkins), certificate(tmp_path)) as (port, seen), proxy(port, LOGIN) as (proxy_port, heads):
        through = f'proxy = "http://127.0.0.1:{proxy_port}"' if between == "proxy" else ""
        more = [f'[[jobs]]\nname = "j{number}"' for number in range(50)]
        assert harvest(f"https://127.0.0.1:{port}/jenkins/", through, *more) == 1
        assert 0 < len(seen if between == "certificate" else heads) < 12


@pytest.mark.parametrize(
    ("setting", "environ"),
    [
        ("", {"http_proxy": "{closed}", "all_proxy": "{closed}"}),
        ("env", {"http_proxy": "{closed}", "no_proxy": "127.0.0.1"}),
        ("env", {"HTTP_PROXY": "{closed}", "NO_PROXY": "*"}),
        ("env", {"https_proxy": "{closed}"}),
        ("env", {}),
    ],
)
def test_f20_no_proxy_is_asked_where_none_is_meant(
    setting: str, environ: dict[str, str], jenkins: SampleJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(port_of(jenkins)) as (port, heads):
        for name, value in environ.items():
            monkeypatch.setenv(name, value.format(closed=f"http://127.0.0.1:{port}"))
        assert harvest(jenkins.url, f'proxy = "{setting}"') == 0
        assert heads == []
    assert {request.headers["host"] for request in jenkins.requests} == {urlsplit(jenkins.url).netloc}


@pytest.mark.parametrize("outside", ["jenkins", "files"])
def test_f20_jenkins_and_a_store_of_files_may_stand_on_either_side_of_the_proxy(
    outside: str, jenkins: SampleJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SampleJenkins(jenkins.controller) as files, SampleJenkins(jenkins.controller) as between:
        here, there = urlsplit(jenkins.url).netloc, urlsplit(files.url).netloc
        place = "http://files.example.com" if outside == "files" else f"http://{there}"
        location = (("Location", f"{place}/jenkins/job/t/1/artifact/metrics.json"),)
        rule = Fault(where=r"/1/artifact/metrics\.json", status=302, headers=location)
        (between if outside == "jenkins" else jenkins).faults = Faults(rules=(rule,))
        monkeypatch.setenv("http_proxy", between.url)
        monkeypatch.setenv("no_proxy", there if outside == "jenkins" else here)
        address = "http://ci.example.com/jenkins/" if outside == "jenkins" else jenkins.url
        assert harvest(address, 'proxy = "env"', f'artifact_hosts = ["files.example.com", "{there}"]') == 0
        hosts = {name: {request.headers["host"] for request in server.requests} for name, server in (
            ("jenkins", jenkins), ("files", files), ("between", between)
        )}  # fmt: skip
    if outside == "jenkins":
        assert hosts == {"jenkins": set(), "files": {there}, "between": {"ci.example.com"}}
    else:
        assert hosts == {"jenkins": {here}, "files": set(), "between": {"files.example.com"}}


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_f20_the_proxy_of_the_environment_is_asked_where_the_configuration_says_so(
    name: str, jenkins: SampleJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{port_of(jenkins)}")
    monkeypatch.setenv("no_proxy", "elsewhere.example.com")
    assert harvest("http://ci.example.com/jenkins/", 'proxy = "env"') == 0
    assert {request.headers["host"] for request in jenkins.requests} == {"ci.example.com"}
