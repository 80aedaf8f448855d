"""Any order of harvests, discards, renames and prunes: the store holds what a plain dictionary would."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reportgen.model import Artifact, Build
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.prune import prune_blobs, prune_run
from tests.support.builds import NOW, START, make_build

JOBS = ("a", "b")
numbers = st.integers(1, 4)
jobs = st.sampled_from(JOBS)
incarnations = st.sampled_from([START, START + timedelta(days=400)])
descriptions = st.sampled_from(["", "edited", "edited again"])


class Life(RuleBasedStateMachine):
    """A store beside a dictionary of what it should hold."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "store"
        self.store = Store.open(self.path)
        self.builds: dict[tuple[str, int, datetime], Build] = {}
        self.pruned: set[tuple[str, int, datetime]] = set()
        self.now = NOW

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.directory.cleanup()

    def _build(self, job: str, number: int, start: datetime, description: str) -> Build:
        digest, size = self.store.put_blob(f"{job} {number} {start} {description}".encode())
        artifact = Artifact(path="f.txt", state="stored", sha256=digest, size_bytes=size)
        began = start + timedelta(hours=number)
        return make_build(number, job=job, started_at=began, description=description, artifacts=(artifact,))

    @rule(job=jobs, number=numbers, start=incarnations, description=descriptions)
    def harvest(self, job: str, number: int, start: datetime, description: str) -> None:
        self.now += timedelta(hours=1)
        build = self._build(job, number, start, description)
        key = (job, number, build.started_at)
        before, revision = self.builds.get(key), self.store.revision
        done = self.store.save_builds([build], now=self.now)
        if key in self.pruned:
            assert done.pruned == 1
            return
        same = before is not None and before.description == description
        self.builds[key] = replace(build, last_read=before.last_read if same and before else self.now)
        assert (done.new, done.unchanged) == (
            int(before is None),
            int(same and before is not None and before.gone_since is None),
        )
        assert (self.store.revision == revision) == (done.unchanged == 1)

    @precondition(lambda self: self.builds)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        job, number, start = data.draw(st.sampled_from(sorted(self.builds)))
        build = self.builds[job, number, start]
        marked = self.store.mark_gone(job, [(number, start)], last_seen=self.now)
        assert marked == int(build.gone_since is None)
        self.builds[job, number, start] = replace(build, gone_since=build.gone_since or self.now)

    @precondition(lambda self: self.builds)
    @rule(data=st.data())
    def prune(self, data: st.DataObject) -> None:
        job, number, start = data.draw(st.sampled_from(sorted(self.builds)))
        prune_run(self.store, f"{job}#{number}~{start:%Y%m%d}", "wrong", now=self.now)
        del self.builds[job, number, start]
        self.pruned.add((job, number, start))

    @rule()
    def sweep(self) -> None:
        prune_blobs(self.store, now=datetime.now(NOW.tzinfo) + timedelta(days=30))
        kept = {artifact.sha256 for build in self.builds.values() for artifact in build.artifacts}
        assert {blob.digest for blob in self.store.blobs.stored()} == kept

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.path)

    @invariant()
    def holds_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.view() as view:
            rows = view.build_ids()
            assert list(view.builds([row.id for row in rows])) == sorted(
                self.builds.values(), key=lambda build: (-build.started_at.timestamp(), build.job, -build.number)
            )
            marks = view.past_marks()
            pasts = [int(marks[row.id].partition(".")[0]) for row in sorted(rows, key=lambda row: row.started_at)]
            assert pasts == sorted(pasts)
        for job in JOBS:
            known = self.store.known_builds(job)
            everything = dict.fromkeys(self.builds, False) | dict.fromkeys(self.pruned, True)
            for number in known:
                newest = max(start for each, other, start in everything if (each, other) == (job, number))
                assert (known[number].started_at, known[number].pruned) == (newest, everything[job, number, newest])
        assert check_store(self.path).problems == ()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
