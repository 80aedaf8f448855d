"""What a build of the site plans ahead: of a whole history, no more than one piece of the work at a time."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import load_config
from reportgen.report import SilentReporter
from reportgen.site.chronicle import Chronicle, Facts
from reportgen.site.maker import SiteMaker
from reportgen.site.manifest import Entry
from reportgen.site.plan import Survey, plan_runs
from reportgen.store.pages import PageRow
from reportgen.store.view import StoreView
from tests.site.support import Project, filled, make_build

RUNS, MORE = 300, 900
NONE: Mapping[int, str] = {}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return filled(tmp_path_factory.mktemp("plan"), RUNS)


def survey_of(project: Project) -> Survey:
    config = load_config(project.file)
    with StoreView.open(config.store_path) as view:
        return SiteMaker(config, "reportgen test", SilentReporter()).survey(view)


@pytest.fixture(scope="module")
def found(project: Project) -> Survey:
    return survey_of(project)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Facts]:
    """The facts that were made so far."""
    made: list[Facts] = []
    make = Chronicle.facts

    def facts(self: Chronicle, job: str, **known: Any) -> Iterator[Facts]:
        for each in make(self, job, **known):
            made.append(each)
            yield each

    monkeypatch.setattr(Chronicle, "facts", facts)
    return made


def test_a_first_version_makes_facts_when_their_turn_comes(found: Survey, told: list[Facts]) -> None:
    plan = plan_runs(found, {}, {}, "base", {})
    assert (plan.moved, list(plan.kept), len(told)) == (RUNS, [], 0)
    chunks = plan.chunks()
    first = next(chunks)
    assert 0 < len(first.tasks) == len(told) < RUNS / 2
    assert len(first.tasks) + sum(len(chunk.tasks) for chunk in chunks) == RUNS


def pages(found: Survey, base: str, marks: Mapping[int, str] = NONE) -> dict[str, PageRow]:
    tasks = [task for chunk in plan_runs(found, {}, {}, base, marks).chunks() for task in chunk.tasks]
    return {
        task.facts.path: PageRow(path=task.facts.path, key=task.key, fingerprint="", sha256="s", size_bytes=1) for task in tasks
    }


def test_what_has_not_moved_is_kept_and_the_rest_planned(found: Survey) -> None:
    known = pages(found, "base")
    files = dict.fromkeys(known, Entry("s", 1))
    assert len(plan_runs(found, known, files, "base", {}).kept) == RUNS
    lost, *_, edited = sorted(known)
    del files[lost]
    known[edited] = PageRow(path=edited, key=f"{known[edited].key}+", fingerprint="", sha256="s", size_bytes=1)
    plan = plan_runs(found, known, files, "base", {})
    tasks = [task for chunk in plan.chunks() for task in chunk.tasks]
    assert ({task.facts.path for task in tasks}, plan.moved, len(plan.kept)) == ({lost, edited}, 2, RUNS - 2)
    assert {task.facts.path: task.before for task in tasks} == {lost: None, edited: known[edited]}


def test_another_base_moves_every_page_and_tells_what_was_there(found: Survey, told: list[Facts]) -> None:
    known = pages(found, "base")
    told.clear()
    plan = plan_runs(found, known, dict.fromkeys(known, Entry("s", 1)), "another theme", {})
    assert (plan.moved, len(told)) == (RUNS, 0)
    tasks = [task for chunk in plan.chunks() for task in chunk.tasks]
    assert {task.facts.path: task.before for task in tasks} == known
    assert all(task.key != known[task.facts.path].key for task in tasks)


def marks_of(project: Project) -> dict[int, str]:
    with StoreView.open(load_config(project.file).store_path) as view:
        return view.past_marks()


def test_one_new_build_makes_the_facts_of_two_pages(tmp_path: Path, told: list[Facts]) -> None:
    project = filled(tmp_path, 40)
    known = pages(survey_of(project), "base", marks_of(project))
    project.save([make_build(41)])
    found, files = survey_of(project), dict.fromkeys(known, Entry("s", 1))
    told.clear()
    plan = plan_runs(found, known, files, "base", marks_of(project))
    assert [facts.path for facts in told] == [f"jobs/churn/validate/{number}/index.html" for number in (40, 41)]
    assert (plan.moved, len(plan.kept), list(plan.renewed)) == (2, 39, [])


def test_a_late_build_of_another_job_renews_keys_and_moves_no_page(tmp_path: Path, told: list[Facts]) -> None:
    project = filled(tmp_path, 40)
    project.save([make_build(1, job="other", runs=())])
    known = pages(survey_of(project), "base", marks_of(project))
    project.save([make_build(1, job="other", runs=(), description="edited")])
    found, files = survey_of(project), dict.fromkeys(known, Entry("s", 1))
    told.clear()
    plan = plan_runs(found, known, files, "base", marks_of(project))
    assert [chunk.tasks[0].facts.path for chunk in plan.chunks()] == ["jobs/other/1/index.html"]
    assert len(plan.renewed) == 40
    again = {row.path: row for row in (*plan.kept, *plan.renewed)}
    told.clear()
    plan_runs(found, known | again, files, "base", marks_of(project))
    assert [facts.path for facts in told] == ["jobs/other/1/index.html"]


def test_pages_are_counted_as_they_are_made(tmp_path: Path) -> None:
    project = filled(tmp_path, 3)
    empty = make_build(4, runs=())
    (run,) = make_build(5).runs
    project.save([empty, make_build(5, runs=(run, run.__class__(name="b", stage="b", status="complete", record="2")))])
    found = survey_of(project)
    paths = [facts.path for job in found.chronicle.jobs for facts in found.chronicle.facts(job)]
    assert found.chronicle.pages() == len(paths) == len(set(paths)) == 3 + 1 + 3


def held(project: Project) -> int:
    """Bytes that everything a site needs of a store takes, after a first look that fills what processes keep."""
    survey_of(project)
    gc.collect()
    tracemalloc.start()
    try:
        kept = survey_of(project)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] if kept.builds else 0
    finally:
        tracemalloc.stop()


def test_a_run_more_costs_the_survey_a_few_kilobytes(project: Project, tmp_path: Path) -> None:
    more = filled(tmp_path, MORE)
    each = (held(more) - held(project)) / (MORE - RUNS)
    assert each < 4000, f"{each:.0f} bytes for each run"
