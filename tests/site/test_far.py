"""Far more builds than a table shows: links lead from every page to each of them, without a script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.site.support import NOW, Project, digests, make_build

MANY = 1205
CONFIG = """
[limits]
table_rows = 100

[leaderboards.churn]
jobs = ["churn/validate"]
metric = "val/f1"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("far"), CONFIG)
    start = NOW - timedelta(minutes=MANY + 9)
    plain = [replace(make_build(number), started_at=start + timedelta(minutes=number)) for number in range(1, MANY + 1)]
    project.save(replace(build, runs=tuple(replace(run, models=()) for run in build.runs)) for build in plain)
    return project


@pytest.fixture(scope="module")
def site(project: Project) -> Path:
    directory = project.build().directory
    assert directory is not None
    return directory


def links(page: Path) -> set[Path]:
    found = re.findall(r'href="([^"#]+)[^"]*"', page.read_text("utf-8"))
    return {(page.parent / unquote(link)).resolve() for link in found if ":" not in link}


def test_two_links_from_the_search_page_lead_to_every_build(site: Path) -> None:
    lists = {page for page in links(site / "search/index.html") if page.name.startswith("builds~")}
    assert [page.relative_to(site.resolve()).as_posix() for page in sorted(lists)] == [
        "search/churn/validate/builds~1.html",
        "search/churn/validate/builds~2.html",
    ]
    reached = set().union(*map(links, lists))
    assert all((site / f"jobs/churn/validate/{number}/index.html").resolve() in reached for number in range(1, MANY + 1))


@pytest.mark.parametrize("kind", ["jobs/churn/validate", "leaderboards/churn", "datasets/*"])
def test_pages_with_more_than_they_show_lead_there(site: Path, kind: str) -> None:
    page = next(site.glob(f"{kind}/index.html"))
    assert re.search(r'href="[./]*search/index.html#jobs/churn/validate"', page.read_text("utf-8"))
    assert 'id="jobs/churn/validate"' in (site / "search/index.html").read_text("utf-8")


def test_the_index_says_how_much_there_is_of_each(site: Path) -> None:
    told = re.findall(r"<li><a [^>]*>([^<]+)</a><span>([^<]+)</span>", (site / "search/index.html").read_text("utf-8"))
    assert dict(told)["churn/validate"] == f"job, {MANY:,} builds"
    assert any(words == f"data set, {MANY:,} runs" for _, words in told)


def test_a_full_list_stays_as_it_is_when_the_job_builds_again(project: Project, site: Path) -> None:
    project.save([make_build(MANY + 1)])
    again = project.build(step=1).directory
    assert again is not None
    before, after = digests(site / "search"), digests(again / "search")
    assert {path for path in after if after[path] != before.get(path)} == {"index.html", "churn/validate/builds~2.html"}
