"""Writes the store of `fill` as SQL text: ``python -m tests.store.make_schema_fixture > tests/store/fixtures/schema-N.sql``.

Done once for each schema, before the next one; a fixture is never written again, as it stands for stores that are out there.
"""

from __future__ import annotations

import math
import sqlite3
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from reportgen.model import Build, Job, Metric, Point, RunningBuild
from reportgen.store import schema
from reportgen.store.db import Store
from reportgen.store.pages import PageRow
from reportgen.store.prune import prune_run
from reportgen.store.values import VersionRow
from tests.support.builds import NOW, START, make_build


def builds() -> list[Build]:
    """Builds with a value of every kind that the store writes in a way of its own."""
    odd = replace(
        make_build(2).runs[0],
        name="odd",
        params={"nan": math.nan, "nested": [{"$float": "x"}, math.inf], "long": 2**70, "text": "naïve \0 text"},
        metrics=(Metric(name="m", value=math.nan), Metric(name="m", value=2**64, reason="large", step=3, std=-math.inf)),
        series={
            "uneven": (Point(step=1, value=0.5), Point(step=7, value=math.nan)),
            "far": (Point(step=2**65, value=1.0),),
            "none": (),
        },
    )
    return [
        make_build(1, keep=True, commit="c0ffee"),
        make_build(2, runs=(make_build(2).runs[0], odd)),
        make_build(3, job="old", runs=()),
    ]


def fill(path: Path) -> None:
    """Make the store that the fixture holds."""
    with Store.open(path) as store:
        store.save_jobs([Job(name="churn/validate", kind="pipeline", upstream=("churn/train",), stage="validate")], now=NOW)
        store.save_builds([*builds(), make_build(4)], now=NOW)
        store.rename_job("old", "new")
        store.mark_gone("churn/validate", [1], last_seen=NOW)
        store.set_running("churn/validate", [RunningBuild(job="churn/validate", number=5, started_at=START)])
        store.set_harvest_state("churn/validate", {"backfilled": True})
        store.save_pages(
            [PageRow(path="index.html", key="k", fingerprint="f", sha256="s", size_bytes=1)], state=[1], site="public"
        )
        store.record_version(VersionRow(id="20261124T040000Z", published_at=NOW, revision=3, data_as_of=START))
        prune_run(store, "churn/validate#4", "wrong data", now=NOW)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory) / "store")
        database = sqlite3.connect(Path(directory) / "store" / "store.db")
        sys.stdout.write("\n".join(database.iterdump()))
        sys.stdout.write(f"\nPRAGMA user_version = {schema.LATEST};\n")
        database.close()


if __name__ == "__main__":
    main()
