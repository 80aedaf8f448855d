"""Three machines share one back-fill: their stores, merged, are the store of one harvest."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reportgen import cli
from reportgen.harvest.plan import JobState, dump_state, load_state
from reportgen.harvest.shard import Shard, join_states, merge, parse_shard
from reportgen.harvest.summary import HarvestSummary
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.lock import StoreLock
from tests.support.jenkins import NOW, Bench, bench, build, job, metrics, pipeline

SHARDS = [Shard(index, 3) for index in (1, 2, 3)]


def test_every_build_belongs_to_one_share() -> None:
    taken = [(shard, number) for number in range(1, 301) for shard in SHARDS if shard.takes("a/b ü", number)]
    assert [number for _, number in taken] == list(range(1, 301))
    assert [sum(shard is each for each, _ in taken) for shard in SHARDS] == [100, 100, 100]
    first = [job for job in map(str, range(300)) if Shard(1, 3).takes(job, 1)]
    assert 70 < len(first) < 130


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/3", "a/b", "1.0/3", " 1/3", "²/3"])
def test_other_texts_are_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="is no share"):
        parse_shard(text)


def harvest_share(b: Bench, shard: Shard, place: Path, **options: Any) -> HarvestSummary:
    with Store.open(place) as store:
        return Bench.harvest(bench_with(b, store), shard=shard, **options)


def bench_with(b: Bench, store: Store) -> Bench:
    other = Bench(b.jenkins, store, b.keep)
    other.toml, other.settings, other.waits = b.toml, b.settings, b.waits
    return other


def contents(store: Store) -> Mapping[str, Any]:
    """Everything a site is made of, and every blob's bytes."""
    with store.view() as view:
        rows = view.build_ids()
        return {
            "builds": list(view.builds([row.id for row in rows])),
            "jobs": view.jobs(),
            "running": view.running(),
            "blobs": {blob.digest: view.blobs.read(blob.digest) for blob in view.blobs.stored()},
            "states": {name: load_state(content) for name, content in view.harvest_states().items()},
        }


def a_jenkins(keep: Path, **options: Any) -> Any:
    big = [build(n) for n in range(3, 331) if n % 50]
    return bench(
        keep,
        job("churn/train", builds=(*big, build(331, result=None, building=True, artifacts={}))),
        job("churn/same", builds=tuple(build(n, artifacts=metrics(f1=0.5)) for n in range(1, 31))),
        pipeline("fraud/nightly", *(build(n, result="FAILURE" if n % 3 else "SUCCESS") for n in range(1, 13))),
        job("idle"),
        **options,
    )


def test_merged_shares_are_one_harvest_and_the_next_night_is_quiet(tmp_path: Path) -> None:
    with a_jenkins(tmp_path) as b:
        whole = b.harvest()
        read = [harvest_share(b, shard, tmp_path / f"shard-{shard.index}").new for shard in SHARDS]
        assert sum(read) == whole.new == 322 + 30 + 12
        assert min(read) > whole.new / 4
        expected = contents(b.store)
        assert expected["running"]
        with Store.open(tmp_path / "merged") as store:
            merged = [merge(store, tmp_path / f"shard-{shard.index}", now=NOW) for shard in SHARDS]
            assert [each.new for each in merged] == read
            assert contents(store) == expected
            assert [merge(store, tmp_path / f"shard-{n}", now=NOW).new for n in (3, 1)] == [0, 0]
            assert contents(store) == expected
            later = NOW + timedelta(days=1)
            quiet, merged_quiet = b.harvest(now=later), bench_with(b, store).harvest(now=later)
            assert (merged_quiet.new, merged_quiet.updated, merged_quiet.gone) == (0, 0, 0)
            assert merged_quiet.requests == quiet.requests <= 6
            b.change(job("churn/same", *range(2, 32)))
            assert bench_with(b, store).harvest(now=later).gone == b.harvest(now=later).gone == 1
        assert check_store(tmp_path / "merged", read_data=True).problems == ()


def test_what_one_share_had_no_time_for_is_read_by_the_merged_store(tmp_path: Path) -> None:
    with a_jenkins(tmp_path) as b:
        b.harvest()
        b.toml = "[jenkins]\ntime_budget = 10\nconcurrency = 1\n" + b.toml
        for shard in SHARDS:
            clock = (lambda: float(len(b.jenkins.requests))) if shard.index == 2 else None
            done = harvest_share(b, shard, tmp_path / f"shard-{shard.index}", clock=clock)
            assert bool(done.skipped) == (shard.index == 2)
        b.toml = b.toml.partition("concurrency = 1\n")[2]
        with Store.open(tmp_path / "merged") as store:
            for shard in SHARDS:
                merge(store, tmp_path / f"shard-{shard.index}", now=NOW)
            bench_with(b, store).harvest()
            assert contents(store) == contents(b.store)


def test_a_share_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 151))) as b:
        assert harvest_share(b, Shard(2, 3), tmp_path / "two").new == 50
        again = harvest_share(b, Shard(2, 3), tmp_path / "two")
        assert (again.new, again.requests) == (0, 2)
        assert harvest_share(b, Shard(1, 3), tmp_path / "two").new == 50
        assert harvest_share(b, Shard(), tmp_path / "two").new == 50


def test_a_merge_of_some_shares_hides_nothing_from_a_harvest(tmp_path: Path) -> None:
    with bench(tmp_path, job("train", *range(1, 151))) as b:
        for shard in SHARDS[:2]:
            harvest_share(b, shard, tmp_path / f"shard-{shard.index}")
            merge(b.store, tmp_path / f"shard-{shard.index}", now=NOW)
        assert len(b.numbers("train")) == 100
        assert b.store.harvest_state("train")["shard"] is None
        assert b.harvest().new == 50
        assert b.numbers("train") == list(range(150, 0, -1))


def test_a_store_of_other_jobs_is_taken_over_with_what_it_settled(tmp_path: Path) -> None:
    with bench(tmp_path, job("a", *range(1, 5)), job("b", *range(1, 9))) as b:
        with Store.open(tmp_path / "other") as store:
            bench_with(b, store).harvest(jobs=["b"])
        b.harvest(jobs=["a"])
        assert merge(b.store, tmp_path / "other", now=NOW).new == 8
        routine = b.harvest()
        assert (routine.new, b.store.harvest_state("b")["high"]) == (0, 8)
        assert all("allBuilds" not in request.path for request in b.jenkins.requests)


def test_states_of_shares_become_one() -> None:
    def state(mark: str, low: int | None, high: int | None, **attempts: int) -> dict[str, Any]:
        tried = {int(number[1:]): count for number, count in attempts.items()}
        return dump_state(JobState(low=low, high=high, attempts=tried, seen=NOW), mark)

    one, two = state("1/2", 3, 90, n7=1), state("2/2", 5, 95, n8=2)
    joined = join_states(join_states(None, one), two)
    assert load_state(joined) == JobState(low=5, high=90, attempts={7: 1, 8: 2}, seen=NOW)
    assert join_states(joined, one) == join_states(joined, state("", 1, 99)) == joined
    assert join_states(join_states(None, one), join_states(None, two)) == joined
    assert load_state(join_states(one, state("", 1, 99))) == JobState(low=1, high=99, seen=NOW)
    assert join_states(None, None) is None
    assert load_state(join_states(one, state("2/2", 91, 95))) == JobState(attempts={7: 1}, seen=NOW)
    assert load_state(join_states(one, state("2/3", 5, 95))) is None


ROOT = Path(__file__).parents[2]


def run(command: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": path, **environment}
    return subprocess.run(["sh", "-c", command], cwd=place, env=settings, capture_output=True, text=True, check=False)


def stash(place: Path, includes: str, keep: Path) -> None:
    """Keep files, and no empty directories, as the step of that name does."""
    for file in filter(Path.is_file, place.glob(includes.replace("/**", "/**/*"))):
        copy = keep / file.relative_to(place)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def test_the_documented_pipeline_as_agents_run_it(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "big-histories.md").read_text("utf-8")
    pipeline_text = page.partition("```groovy\n")[2].partition("```")[0]
    (share,) = re.findall(r"script: '(.*)'\)", pipeline_text)
    (includes,) = re.findall(r'stash name: "shard-\$\{SHARD\}", includes: \'(.*)\'', pipeline_text)
    (values,) = re.findall(r"values (.*)\n", pipeline_text)
    last = re.findall(r"^ +sh '(.*)'$", pipeline_text, re.MULTILINE)
    unstashed = re.findall(r"dir\('(.*)'\) \{ unstash '(.*)' \}", pipeline_text)
    with a_jenkins(tmp_path / "jenkins") as b:
        toml = f'[jenkins]\nurl = "{b.jenkins.url}"\n[[jobs]]\nname = "**"\n'
        for value in (values := re.findall(r"'(.*?)'", values)):
            place = tmp_path / f"agent-{value}"
            place.mkdir()
            (place / "reportgen.toml").write_text(toml)
            assert (done := run(share, place, SHARD=value)).returncode == 0, done.stderr
            stash(place, includes, tmp_path / "stashes" / f"shard-{value}")
        main = tmp_path / "main"
        main.mkdir()
        (main / "reportgen.toml").write_text(toml)
        for directory, name in unstashed:
            shutil.copytree(tmp_path / "stashes" / name, main / directory)
        assert len(unstashed) == len(values) == 3
        for command in last:
            assert (done := run(command, main)).returncode == 0, done.stderr
        assert (main / "public" / "latest" / "index.html").is_file()
        b.harvest()
        with Store.open(main / ".reportgen") as store:
            assert contents(store)["blobs"] == contents(b.store)["blobs"]
        told = json.loads(run("reportgen show --json", main).stdout)
        assert len(told["runs"]) == 322 + 30 + 12


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--shard", "4/3"], '"4/3" is no share: i goes from 1 to n'),
        (["--shard", "third"], "write i/n, such as 1/3"),
        (["--merge"], "--merge needs the directories of the stores to add"),
        (["--merge", "--full", "a"], "--merge takes no other option that says what to harvest"),
        (["--merge", "--shard", "1/3", "a"], "--merge takes no other option that says what to harvest"),
        (["somewhere"], "stores are named after --merge"),
    ],
)
def test_wrong_usage_is_told(
    options: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reportgen.toml").write_text('[jenkins]\nurl = "http://127.0.0.1:9/"\n')
    assert cli.main(["harvest", *options]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / ".reportgen").exists()


def test_stores_that_cannot_be_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reportgen.toml").write_text('[jenkins]\nurl = "http://127.0.0.1:9/"\n')
    for name in ("busy", "newer", "older", ".reportgen"):
        Store.open(tmp_path / name).close()
    for name, number in (("newer", 99), ("older", 0)):
        with closing(sqlite3.connect(tmp_path / name / "store.db")) as database:
            database.execute(f"PRAGMA user_version = {number}")

    def merged(*stores: str) -> tuple[int, str]:
        status = cli.main(["harvest", "--merge", *stores])
        return status, " ".join(capsys.readouterr().err.split())

    lock = StoreLock(tmp_path / "busy")
    status, told = merged("busy")
    assert (status, "another reportgen is writing to the store" in told) == (75, True)
    lock.release()
    status, told = merged("newer")
    assert (status, "has schema 99, this reportgen knows schemas up to" in told) == (1, True)
    status, told = merged("older")
    assert (status, "has schema 0, this reportgen reads schema" in told) == (1, True)
    status, told = merged("./.reportgen")
    assert (status, "is the store to merge into" in told) == (1, True)
    status, told = merged("nowhere")
    assert (status, "there is no store at" in told) == (1, True)
    held = StoreLock(tmp_path / ".reportgen")
    assert merged("busy")[0] == 75
    held.release()
    assert merged("busy") == (0, "busy: 0 builds added, 0 known")
    assert cli.main(["harvest", "--merge", "--json", "busy"]) == 0
    assert json.loads(capsys.readouterr().out)["merged"] == [{"store": "busy", "added": 0, "known": 0, "pruned": 0}]
