"""An incremental build gives the bytes of a clean one, whatever happened before."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.config import load_config
from reportgen.model import Decision, Failure, Job, Model, RunningBuild
from reportgen.report import SilentReporter
from reportgen.site.maker import SiteMaker
from reportgen.site.pages.trends import validation_digest
from reportgen.site.publish import verify
from reportgen.store.db import Store
from reportgen.store.view import StoreView
from tests.site.support import CONFIG, Project, digest, digests, filled, make_build
from tests.support.builds import NOW

Step = Callable[[Project, int], None]


def new_build(project: Project, at: int) -> None:
    project.save([make_build(10 + at, f1=0.6 + at * 5 % 11 / 100)])


def failed_build(project: Project, at: int) -> None:
    build = make_build(10 + at)
    run = replace(
        build.runs[0], metrics=(), status="failed", error=Failure(type="ValueError", message=f"bad {at}", traceback="x")
    )
    project.save([replace(build, result="FAILURE", runs=(run,))])


def late_build(project: Project, at: int) -> None:
    """A build between others that the harvest saw late."""
    build = make_build(2, f1=0.66)
    project.save([replace(build, number=200 + at, started_at=build.started_at.replace(minute=at % 60))])


def grid(project: Project, at: int) -> None:
    build = make_build(10 + at)
    runs = tuple(replace(build.runs[0], name=f"seed-{n}", record=f"{n:08x}", params={"seed": n}) for n in range(3))
    project.save([replace(build, runs=runs)])


def no_record(project: Project, at: int) -> None:
    project.save([replace(make_build(10 + at), runs=(), result="ABORTED")])


def training(project: Project, at: int) -> None:
    build = make_build(10 + at, job="churn/train")
    model = Model(name="model.pkl", role="made", sha256=digest(10 + at + 1), size_bytes=1000, framework="scikit-learn")
    project.save([replace(build, causes=(), runs=(replace(build.runs[0], models=(model,), metrics=()),))])


def approval(project: Project, at: int) -> None:
    build = make_build(10 + at, job="churn/approve")
    decision = Decision(name="approve", value="approved" if at % 3 else "rejected", by="ann", model=digest(2))
    project.save([replace(build, runs=(replace(build.runs[0], metrics=(), models=(), decisions=(decision,)),))])


def edited(project: Project, at: int) -> None:
    project.save([replace(make_build(2, f1=0.62), description=f"Edited {at}")])


def gone(project: Project, at: int) -> None:
    with Store.open(project.root / ".reportgen") as store:
        store.mark_gone("churn/validate", [1 + at % 3], last_seen=NOW)


def recreated(project: Project, at: int) -> None:
    """The job was deleted and made again: its numbers start anew."""
    build = make_build(1, f1=0.7)
    project.save([replace(build, started_at=build.started_at.replace(month=12, minute=at % 60))])


def case_twin(project: Project, at: int) -> None:
    project.save([make_build(10 + at, job="churn/Validate")])


def running(project: Project, at: int) -> None:
    with Store.open(project.root / ".reportgen") as store:
        store.set_running("churn/validate", [RunningBuild(job="churn/validate", number=99, started_at=NOW)] if at % 2 else [])


def described(project: Project, at: int) -> None:
    with Store.open(project.root / ".reportgen") as store:
        store.save_jobs([Job(name="churn/validate", description=f"Step {at}")], now=NOW)


def new_format(project: Project, at: int) -> None:
    project.file.write_text(f'{CONFIG}\n[metrics."val/f1"]\ntitle = "F1 {at}"\nformat = ".{2 + at % 3}f"\n')


def baseline(project: Project, at: int) -> None:
    project.file.write_text(CONFIG.replace('metric = "val/f1"', 'metric = "val/f1"\nbaseline = "churn/validate#2"'))


def new_theme(project: Project, at: int) -> None:
    templates = project.root / "themes" / "overrides" / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    name = ("run", "job", "leaderboard")[at % 3]
    (templates / f"{name}.html").write_text(
        f'{{% extends "default:{name}.html" %}}{{% block footer %}}{{{{ super() }}}}<p>theme {at}</p>{{% endblock %}}'
    )


STEPS: tuple[Step, ...] = (
    new_build, failed_build, late_build, grid, no_record, training, approval, edited, gone, recreated, case_twin, running,
    described, new_format, baseline, new_theme,
)  # fmt: skip


def check(root: Path, rounds: list[list[Step]]) -> None:
    project = Project(root / "incremental")
    project.save(make_build(number, f1=0.6 + number / 100) for number in range(1, 5))
    assert project.build(0).failures == ()
    for at, steps in enumerate(rounds, 1):
        for offset, step in enumerate(steps):
            step(project, at * 4 + offset)
        clean = root / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        shutil.copytree(project.root, clean, symlinks=True)
        told = project.build(at, version=f"v{at}")
        other = Project(clean).build(at, version=f"v{at}", clean=True)
        assert told.failures == other.failures == ()
        assert told.version == other.version
        one, two = digests(told.directory), digests(other.directory)
        assert {path for path in one | two if one.get(path) != two.get(path)} == set(), [step.__name__ for step in steps]
        assert not verify(told.directory)
        hold_keys(project)


def hold_keys(project: Project) -> None:
    """Every page was made from the facts that there are now, also where they were not made to see that."""
    config = load_config(project.file)
    with StoreView.open(config.store_path) as view:
        chronicle = SiteMaker(config, "reportgen test", SilentReporter()).survey(view).chronicle
        pages = view.pages()
    facts = {each.path: each.digest(chronicle.revisions) for job in chronicle.jobs for each in chronicle.facts(job)}
    assert {path: pages[path].key.rpartition(" ")[2] for path in facts} == facts


def test_every_kind_of_change_one_after_the_other(tmp_path):
    check(tmp_path, [list(STEPS[:6]), list(STEPS[6:11]), list(STEPS[11:])])


def test_every_kind_of_change_where_lists_are_longer_than_a_page_shows(tmp_path, monkeypatch):
    for where in ("leaderboard.MOST_ROWS", "job.MOST_ROWS", "changes.MOST", "lists.MOST", "pipeline.MOST_PASSES"):
        monkeypatch.setattr(f"reportgen.site.pages.{where}", 2)
    monkeypatch.setattr("reportgen.site.export.NEWEST", 3)
    check(tmp_path, [[new_build], list(STEPS[:6]), list(STEPS[6:11]), list(STEPS[11:])])
    assert list((tmp_path / "incremental" / "public" / "latest" / "data" / "tables").rglob("*.js"))


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_each_kind_of_change_alone(tmp_path, step):
    check(tmp_path, [[new_build], [step]])


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(st.sampled_from(STEPS), max_size=3), min_size=1, max_size=4))
def test_any_sequence_of_changes(tmp_path_factory, rounds):
    check(tmp_path_factory.mktemp("any"), rounds)


def test_news_of_a_long_back_fill_look_at_each_run_a_few_times(tmp_path, monkeypatch):
    looked: Counter[str] = Counter()

    def counted(row):
        looked[str(row.key)] += 1
        return validation_digest(row)

    monkeypatch.setattr("reportgen.site.pages.news.validation_digest", counted)
    project = filled(tmp_path)
    project.build()
    project.save(make_build(number) for number in range(5, 105))
    assert project.build(1, workers=1).failures == ()
    assert len(looked) == 104
    assert max(looked.values()) <= 10
