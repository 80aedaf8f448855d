"""Which jobs are found: folders, branches, matrices, odd names, globs, permissions."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.demo.faults import Fault, Faults
from reportgen.demo.model import MATRIX, MATRIX_CONFIGURATION, MULTIBRANCH, ORGANIZATION, SampleJob
from reportgen.report import SilentReporter
from tests.support.jenkins import Bench, bench, build, job, metric, pipeline


def stored(b: Bench) -> set[str]:
    with b.view() as view:
        return {row.job for row in view.build_ids()}


def harvested(b: Bench, toml: str, **options: object) -> set[str]:
    b.toml = toml
    b.harvest(**options)  # type: ignore[arg-type]
    return stored(b)


def entry(name: str, **more: str) -> str:
    return f'[[jobs]]\nname = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in more.items())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("churn/train", {"churn/train"}),
        ("churn", {"churn/train", "churn/validate", "churn/deep/er/still/and/more/yet/x"}),
        ("churn/*", {"churn/train", "churn/validate", "churn/deep/er/still/and/more/yet/x"}),
        ("churn/**", {"churn/train", "churn/validate", "churn/deep/er/still/and/more/yet/x"}),
        ("*/tr?in", {"churn/train", "other/train"}),
        ("**/x", {"churn/deep/er/still/and/more/yet/x"}),
        ("**", {"churn/train", "churn/validate", "churn/deep/er/still/and/more/yet/x", "other/train", "top"}),
    ],
)
def test_names_and_globs(pattern: str, expected: set[str], tmp_path: Path) -> None:
    jobs = ["churn/train", "churn/validate", "churn/deep/er/still/and/more/yet/x", "other/train", "top"]
    with bench(tmp_path, *(job(name, 1) for name in jobs)) as b:
        assert harvested(b, entry(pattern)) == expected


def test_excludes_and_the_first_entry_that_matches(tmp_path: Path) -> None:
    with bench(tmp_path, job("churn/train", 1), job("churn/scratch-1", 1), job("churn/lab/x", 1)) as b:
        toml = entry("churn/train", stage='"fit"') + entry(
            "churn/**", exclude='["churn/scratch-*", "churn/lab"]', stage='"rest"'
        )
        assert harvested(b, toml) == {"churn/train"}
        assert b.build("churn/train", 1).runs[0].stage == "fit"


def test_a_pattern_of_the_command_restricts_the_configured_jobs(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1), job("a/y", 1), job("b/x", 1)) as b:
        assert harvested(b, entry("a"), jobs=["**/x"]) == {"a/x"}


@pytest.mark.parametrize("name", ["über train", "a&b + c", "50 % off", "q?a#b", "тест", "it's", "a;b=c"])
def test_names_with_any_characters(name: str, tmp_path: Path) -> None:
    with bench(tmp_path, job(f"odd/{name}", 1)) as b:
        assert harvested(b, entry("odd")) == {f"odd/{name}"}
        assert metric(b.build(f"odd/{name}", 1), "f1") == 0.001


def test_branches_come_and_go(tmp_path: Path) -> None:
    folder = SampleJob(name="org", class_name=ORGANIZATION)
    repo = SampleJob(name="org/repo", class_name=MULTIBRANCH)
    main, feature = pipeline("org/repo/main", build(1, stages=())), pipeline("org/repo/feature%2Ffoo", build(1), build(2))
    with bench(tmp_path, folder, repo, main, feature) as b:
        assert harvested(b, entry("org")) == {"org/repo/main", "org/repo/feature%2Ffoo"}
        assert any("/job/feature%252Ffoo/" in target for target in b.jenkins.targets())
        b.jenkins.controller = b.jenkins.controller.without_job("org/repo/feature%2Ffoo")
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (2, False)
        assert b.gone("org/repo/feature%2Ffoo") == [1, 2]
        assert b.gone("org/repo/main") == []
        assert b.harvest().gone == 0


def test_configurations_of_a_matrix_are_jobs_beside_it(tmp_path: Path) -> None:
    parts = [job(f"grid/seed={n},depth=3", 1, kind=MATRIX_CONFIGURATION) for n in (1, 2)]
    expected = {"grid", "grid/seed=1,depth=3", "grid/seed=2,depth=3"}
    with bench(tmp_path, job("grid", 1, kind=MATRIX), *parts) as b:
        assert harvested(b, entry("grid")) == expected
        assert not any("/job/seed" in target for target in b.jenkins.targets())
    with bench(tmp_path / "glob", job("grid", 1, kind=MATRIX), *parts) as b:
        assert harvested(b, entry("**")) == expected
    with bench(tmp_path / "named", job("grid", 1, kind=MATRIX), *parts) as b:
        assert harvested(b, entry("grid/seed=2,depth=3")) == {"grid/seed=2,depth=3"}


def test_addresses_are_made_from_names_never_from_links(tmp_path: Path) -> None:
    with bench(tmp_path, job("churn/train", 1), root_url="https://elsewhere.example.com/ci/") as b:
        assert harvested(b, entry("**")) == {"churn/train"}


def test_jobs_that_cannot_be_read_are_told_from_jobs_that_are_gone(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1), job("a/y", 1)) as b:
        harvested(b, entry("a/x") + entry("a/y"))
        b.jenkins.controller = __import__("dataclasses").replace(b.jenkins.controller, discoverable=frozenset({"a"}))
        summary = b.harvest()
        assert summary.gone == 0
        assert summary.incomplete
        assert b.gone("a/x") == []


def test_nothing_is_gone_because_jenkins_fails(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1), job("a/y", 1)) as b:
        harvested(b, entry("a/**"))
        b.jenkins.controller = b.jenkins.controller.without_job("a/y")
        b.jenkins.faults = Faults(rules=(Fault(where="/job/a/api/json", status=500),))
        assert b.harvest().gone == 0


@pytest.mark.parametrize("configured", ["a/x", "a", "a/**", "**"])
def test_a_job_hidden_from_its_user_is_not_said_to_be_deleted_and_comes_back(
    configured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the permission to read a job Jenkins answers 404 and leaves it out of every list, as if there were none."""
    with bench(tmp_path, job("a/x", 1, 2), *(job(f"b/{n}", 1) for n in range(5))) as b:
        harvested(b, entry(configured) + entry("b"))
        whole = b.jenkins.controller
        b.jenkins.controller = whole.without_job("a/x").without_job("a")
        lines: list[str] = []
        monkeypatch.setattr(SilentReporter, "line", lambda _, text: lines.append(text))
        assert b.harvest().gone == 2
        told = [*lines, *b.warnings]
        assert "a/x is gone from Jenkins, or hidden from this user; 2 builds are kept" in lines
        assert len(told) == (1 if configured == "**" else 2)
        assert all("hidden from this user" in each or "no longer shows it to this user" in each for each in told)
        assert b.numbers("a/x") == [2, 1]
        b.jenkins.controller = whole
        assert not b.harvest().incomplete
        assert b.gone("a/x") == []


@pytest.mark.parametrize("configured", ["a/x", "a", "a/**"])
def test_a_folder_that_refuses_its_user_is_not_gone(configured: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1, 2), job("b", 1)) as b:
        harvested(b, entry(configured) + entry("b"))
        b.jenkins.faults = Faults(rules=(Fault(where="/job/a/", status=403),))
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (0, True)
        assert "does not let a request without a user read this (403)" in summary.missed[0].why
        assert b.gone("a/x") == []


@pytest.mark.parametrize("pattern", ["a/*", "a/**", "a"])
@pytest.mark.parametrize("status", [500, 503])
def test_a_folder_that_fails_stops_no_other(pattern: str, status: int, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1), job("b/x", 1)) as b:
        b.toml = entry(pattern) + entry("b/*")
        b.jenkins.faults = Faults(rules=(Fault(where="^/jenkins/job/a/", status=status),))
        summary = b.harvest()
        assert (stored(b), summary.incomplete, len(summary.missed)) == ({"b/x"}, True, 1)
        assert f"({status})" in summary.missed[0].why


def test_a_jenkins_that_fails_for_every_folder_is_told_once(tmp_path: Path) -> None:
    with bench(tmp_path, *(job(f"f{n}/x", 1) for n in range(20))) as b:
        b.harvest()
        b.toml = "".join(entry(f"f{n}/*") for n in range(20))
        b.jenkins.faults = Faults(rules=(Fault(where=".", status=503),))
        summary = b.harvest()
        assert (summary.incomplete, len(summary.missed), summary.gone) == (True, 1, 0)
        assert "cannot be reached" in summary.missed[0].why
        assert len(b.jenkins.requests) == 3 * 3


@pytest.mark.parametrize("pattern", ["**", "**/train", "1"])
def test_a_deep_folder_that_fails_hides_no_job_above_it_or_beside_it(pattern: str, tmp_path: Path) -> None:
    deep = "/".join("12345678")
    with bench(tmp_path, job(f"{deep}/9/train", 1), job(f"{deep}/train", 1), job("1/train", 1)) as b:
        whole = {f"{deep}/9/train", f"{deep}/train", "1/train"}
        assert harvested(b, entry(pattern)) == whole
        b.jenkins.faults = Faults(rules=(Fault(where=r"/job/6/api/json|/job/7/", status=500),))
        summary = b.harvest()
        assert (summary.incomplete, len(summary.missed), stored(b)) == (True, 1, whole)
        assert "Jenkins failed on this (500)" in summary.missed[0].why
        assert [b.gone(name) for name in whole] == [[], [], []]
        assert any("/job/1/job/train/api/json" in target for target in b.jenkins.targets())


@pytest.mark.parametrize("pattern", ["**", "a/*"])
def test_an_answer_that_describes_no_folder_is_no_empty_one(pattern: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        harvested(b, entry(pattern))
        b.jenkins.faults = Faults(rules=(Fault(where="api/json", body=b'{"status": "maintenance"}'),))
        summary = b.harvest()
        assert (summary.incomplete, summary.gone) == (True, 0)
        assert "the answer describes no folder" in summary.missed[0].why
        assert b.gone("a/x") == []


@pytest.mark.parametrize(("unnamed", "gone"), [(b"{}", 0), (b"null", 0), (b'{"name": "z"}', 2)])
def test_a_job_may_be_what_a_list_does_not_name(unnamed: bytes, gone: int, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1, 2), job("a/y", 1)) as b:
        harvested(b, entry("a"))
        items = b'{"jobs": [{"name": "y", "nextBuildNumber": 2}, ' + unnamed + b"]}"
        b.jenkins.faults = Faults(rules=(Fault(where="/job/a/api/json", body=items),))
        assert b.harvest().gone == gone


def test_nothing_is_gone_because_an_answer_describes_no_job(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1, 2)) as b:
        harvested(b, entry("a/x"))
        spoiled = Fault(where="/job/a/job/x/api/json", body=b'{"status": "maintenance"}')
        b.jenkins.faults = Faults(rules=(spoiled,))
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (0, True)
        assert b.gone("a/x") == []


def test_a_deleted_job_that_is_configured_is_missed_once_and_then_a_warning(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1, 2), job("a/y", 1)) as b:
        harvested(b, entry("a/x") + entry("a/y"))
        whole = b.jenkins.controller
        b.jenkins.controller = whole.without_job("a/x")
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (2, True)
        assert (
            summary.missed[0].why
            == "a/x: Jenkins no longer has this job, or no longer shows it to this user; its builds are kept"
        )
        with b.view() as view:
            assert {each.name: each.gone_since is not None for each in view.jobs()} == {"a/x": True, "a/y": False}
        for _ in range(2):
            again = b.harvest()
            assert (again.gone, again.incomplete) == (0, False)
            assert [note.what for note in again.skipped] == ["a/x"]
            (warning,) = b.warnings
            assert "no longer has this job" in warning
            assert "let this user read it; if" in warning
            assert "renamed_from; else take it out of [[jobs]]" in warning
            assert again.requests <= 3
        assert b.numbers("a/x") == [2, 1]
        b.jenkins.controller = whole
        back = b.harvest()
        assert (back.incomplete, back.skipped, b.warnings) == (False, (), [])
        assert b.gone("a/x") == []


@pytest.mark.parametrize("name", ["a/f", "a/f/*", "a/f/**/x"])
def test_a_deleted_folder_that_is_configured_is_missed_once_and_then_a_warning(name: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/f/x", 1, 2), job("a/f/g/x", 1), job("a/y", 1)) as b:
        harvested(b, entry(name) + entry("a/y"))
        known = {"a/f/x", "a/f/g/x"}
        assert stored(b) == {*known, "a/y"}
        for each in (*known, "a/f/g", "a/f"):
            b.jenkins.controller = b.jenkins.controller.without_job(each)
        summary = b.harvest()
        assert (summary.gone, summary.incomplete) == (3, True)
        what = "Jenkins no longer has this folder, or no longer shows it to this user"
        why = f"{name}: {what}; the builds of its 2 jobs are kept"
        assert why in [note.why for note in summary.missed]
        again = b.harvest()
        assert (again.gone, again.incomplete, len(b.warnings)) == (0, False, 1)
        assert stored(b) == {*known, "a/y"}


def test_a_job_that_never_was_there_is_missed_every_time(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        b.toml = entry("a/x") + entry("a/z")
        for _ in range(2):
            summary = b.harvest()
            assert [note.why for note in summary.missed] == ["there is no job a/z on Jenkins, or this user may not see it"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("job/a/job/x%20y", "a/x y"),
        ("https://ci.example.com/jenkins/job/a/job/x/", "a/x"),
        ("job/a/job/*", "a/*"),
        ("a/job/z", ""),
        ("job/a/x", ""),
        ("a/z", ""),
    ],
)
def test_a_pasted_address_is_told_from_a_full_name(name: str, meant: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        b.toml = entry("a/x") + entry(name)
        assert b.harvest().new == 1
        (warning,) = b.warnings
        assert (f'write name = "{meant}" under [[jobs]]' in warning) == bool(meant)
        assert ("check the name under [[jobs]]" in warning) != bool(meant)


def test_a_harvest_of_no_job_says_so(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        b.toml = ""
        assert not b.harvest().changed
        assert b.warnings == [
            f"{b.jenkins.url}: no job is configured, so nothing is harvested (hint: name the jobs to harvest under [[jobs]])"
        ]


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        b.toml = entry("a/x") + entry("a/z*")
        assert not b.harvest().incomplete
        assert b.warnings == ["a/z*: no job on Jenkins matches this (hint: check the name under [[jobs]])"]


@pytest.mark.parametrize(("name", "excluded"), [("**", "**"), ("a/x", "a/x"), ("a", "a/**")])
def test_an_entry_that_excludes_all_it_names_is_told(name: str, excluded: str, tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1)) as b:
        b.toml = f'[[jobs]]\nname = "{name}"\nexclude = ["{excluded}"]\n'
        assert not b.harvest().incomplete
        why = "no job on Jenkins matches this, or its exclude leaves none (hint: check name and exclude under [[jobs]])"
        assert b.warnings == [f"{name}: {why}"]


def test_a_pattern_of_the_command_that_means_no_configured_job_is_told(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x", 1), job("b", 1)) as b:
        b.toml = entry("a")
        assert b.harvest(jobs=("a/x", "a/z*", "b")).new == 1
        hint = "(hint: check it against the names under [[jobs]])"
        assert b.warnings == [f"no configured job matches --job {name} {hint}" for name in ("a/z*", "b")]


def test_an_item_that_is_neither_job_nor_folder_is_passed_over(tmp_path: Path) -> None:
    with bench(tmp_path, job("a", 1)) as b:
        items = b'{"jobs": [{"_class": "x.Dashboard", "name": "d"}, {"name": "a", "nextBuildNumber": 2}, {}, null]}'
        b.jenkins.faults = Faults(rules=(Fault(where="^/jenkins/api/json", body=items),))
        summary = b.harvest()
        assert (summary.new, summary.incomplete) == (1, False)


def test_a_job_that_was_never_built_is_known_and_its_first_build_is_new(tmp_path: Path) -> None:
    with bench(tmp_path, job("a/x"), job("a/y", 1)) as b:
        assert harvested(b, entry("a")) == {"a/y"}
        with b.view() as view:
            assert [each.name for each in view.jobs()] == ["a/x", "a/y"]
        quiet = b.harvest()
        assert (quiet.changed, quiet.incomplete, quiet.requests) == (False, False, 3)
        b.change(job("a/x", 1))
        assert b.harvest().new == 1
        assert metric(b.build("a/x", 1), "f1") == 0.001


def test_what_is_known_of_jobs_is_saved(tmp_path: Path) -> None:
    train = job("a/train", 1, description="Trains.", display_name="Training", downstream=("a/check",))
    with bench(tmp_path, train, job("a/check", 1, upstream=("a/train",), buildable=False)) as b:
        harvested(b, entry("a"))
        with b.view() as view:
            by_name = {each.name: each for each in view.jobs()}
    assert (by_name["a/train"].description, by_name["a/train"].display_name) == ("Trains.", "Training")
    assert by_name["a/train"].downstream == ("a/check",)
    assert (by_name["a/check"].upstream, by_name["a/check"].buildable) == (("a/train",), False)
