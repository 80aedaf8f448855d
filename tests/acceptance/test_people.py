"""`people`: who started, stopped, approved and decided is named by user id, or nowhere in the published tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.model import Artifact, Cause, Decision
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build

SOMEBODY = "u-4711"
CONFIG = '[site]\npeople = "{people}"\n[leaderboards.churn]\njobs = ["churn/validate"]\nmetric = "val/f1"\n'
RECORD = "reportgen-results/validate-00000001/events.jsonl"


def publish(directory: Path, people: str) -> Path:
    (directory / "reportgen.toml").write_text(CONFIG.format(people=people))
    event = f'{{"v":1,"id":"1","kind":"decision","name":"model","value":"approved","by":"{SOMEBODY}"}}\n'
    with Store.open(directory / ".reportgen") as store:
        digest, size = store.put_blob(event.encode())
        decided = make_build(2, causes=(Cause(kind="user", user=SOMEBODY),), approvers=(SOMEBODY,))
        decision = Decision(name="model", value="approved", by=SOMEBODY, model=f"{1:064x}", at=decided.started_at)
        run = replace(decided.runs[0], decisions=(decision,), journal=digest)
        file = Artifact(path=RECORD, state="stored", sha256=digest, size_bytes=size)
        stopped = make_build(3, result="ABORTED", aborted_by=SOMEBODY)
        store.save_builds([make_build(1), replace(decided, runs=(run,), artifacts=(file,)), stopped], now=NOW)
    assert cli.main(["build", "--version-id", "v", "-f", str(directory / "reportgen.toml")]) == 0
    return directory / "public" / "v"


def naming(site: Path) -> set[str]:
    return {
        path.relative_to(site).as_posix()
        for path in site.rglob("*")
        if path.is_file() and SOMEBODY in path.read_text("utf-8", "replace")
    }


@pytest.mark.parametrize("people", ["ids", "hide"])
def test_user_ids_are_shown_or_nowhere_in_the_tree(tmp_path: Path, people: str) -> None:
    site = publish(tmp_path, people)
    found = naming(site)
    if people == "hide":
        assert not found
        assert "a person" in (site / "jobs/churn/validate/2/index.html").read_text()
    else:
        assert {f"jobs/churn/validate/{number}/index.html" for number in (2, 3)} <= found
        assert any(path.startswith("files/") for path in found), "the raw record"
