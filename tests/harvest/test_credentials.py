"""Who asks Jenkins: user and token from the environment or netrc, and what is said when they cannot be used."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from reportgen.config import parse_config
from reportgen.demo.jenkins import SampleJenkins
from reportgen.demo.model import Controller
from reportgen.errors import HarvestError
from reportgen.harvest.http import Credentials, Secret, find_credentials
from reportgen.harvest.ingest import harvest
from reportgen.harvest.jenkins import open_jenkins
from reportgen.report import SilentReporter
from reportgen.store.db import Store
from tests.support.jenkins import NOW, job

URL = "https://ci.example.com:8443/jenkins/"
TOKEN = "RGTOKEN_0a1b2c3d"


def netrc(keep: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    file = keep / "netrc"
    file.write_text(text)
    file.chmod(mode)
    return {"NETRC": str(file)}


@pytest.mark.parametrize("source", ["environment", "netrc", "home"])
def test_a_closed_controller_is_read_with_either(source: str, tmp_path: Path) -> None:
    environ = {"JENKINS_USER": "ann", "JENKINS_TOKEN": f"{TOKEN}\n"}
    if source != "environment":
        environ = netrc(tmp_path, f"machine 127.0.0.1 login ann password {TOKEN}\n")
    if source == "home":
        Path(environ["NETRC"]).rename(tmp_path / ".netrc")
        environ = {"HOME": str(tmp_path)}
    closed = Controller(jobs=(job("t", 1),), users={"ann": TOKEN}, anonymous_read=False)
    with SampleJenkins(closed) as jenkins, Store.open(tmp_path / "store") as store:
        config = parse_config(f'[jenkins]\nurl = "{jenkins.url}"\n[[jobs]]\nname = "t"\n', tmp_path / "reportgen.toml")
        opened = open_jenkins(config, environ)
        assert harvest(opened, store, config, now=NOW, reporter=SilentReporter()).new == 1
        opened.close()
        assert all("authorization" in request.headers for request in jenkins.requests)


def test_the_environment_comes_before_netrc(tmp_path: Path) -> None:
    environ = netrc(tmp_path, "machine ci.example.com login bob password other\n")
    assert find_credentials(URL, environ) == Credentials("bob", Secret("other"))
    assert find_credentials(URL, {**environ, "JENKINS_USER": "ann", "JENKINS_TOKEN": TOKEN}) == Credentials(
        "ann", Secret(TOKEN)
    )


@pytest.mark.parametrize("text", ["", "machine other.example.com login ann password x\n", "machine ci.example.com login ann\n"])
def test_without_any_jenkins_is_read_as_anybody_may(text: str, tmp_path: Path) -> None:
    assert find_credentials(URL, netrc(tmp_path, text)) is None
    assert find_credentials(URL, {}) is None
    assert find_credentials(URL, {"NETRC": str(tmp_path / "none")}) is None


@pytest.mark.parametrize(("set_one", "missing"), [("JENKINS_USER", "JENKINS_TOKEN"), ("JENKINS_TOKEN", "JENKINS_USER")])
def test_half_of_a_pair_is_an_error_that_names_the_other_half(set_one: str, missing: str) -> None:
    with pytest.raises(HarvestError, match=f"{missing} is not set") as caught:
        find_credentials(URL, {set_one: TOKEN})
    assert TOKEN not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_netrc_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    environ = netrc(tmp_path, f"machine ci.example.com login ann password {TOKEN}\n", mode)
    with pytest.raises(HarvestError, match="others can read this file") as caught:
        find_credentials(URL, environ)
    assert caught.value.hint == f"chmod 600 {environ['NETRC']}"


def test_a_netrc_that_cannot_be_read_is_told_with_its_line_and_without_its_words(tmp_path: Path) -> None:
    environ = netrc(tmp_path, f"machine ci.example.com login ann\nmachine x passwort {TOKEN}\n")
    with pytest.raises(HarvestError, match=r"cannot be read \(line 2\)") as caught:
        find_credentials(URL, environ)
    assert TOKEN not in f"{caught.value!r} {caught.value.hint}"


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(TOKEN)
    shown = f"{secret} {secret!r} {Credentials('ann', secret)!r} {[secret]}"
    assert TOKEN not in shown
    assert "***" in shown
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(Credentials("ann", secret))
    assert secret.reveal() == TOKEN
