import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import pytest

from reportgen import cli
from reportgen.config import load_config
from reportgen.errors import ContentError, PublishError, StoreLocked
from reportgen.model import Attachment, Run
from reportgen.report import SilentReporter
from reportgen.site.blocks import Block
from reportgen.site.builder import build_site
from reportgen.site.linkcheck import check_links
from reportgen.site.prepare import by_reason
from reportgen.site.publish import list_versions, set_alias, verify
from reportgen.store.db import Store
from tests.site.support import CONFIG, LIVE, Project, digests, filled, make_build, new_bytes
from tests.support.builds import NOW

RUN = "jobs/churn/validate/{}/index.html"


def run_pages(paths):
    return {path for path in paths if path.startswith("jobs/") and path.split("/")[-2].isdigit()}


def test_the_first_build_publishes_a_whole_site_and_the_second_nothing(tmp_path):
    project = filled(tmp_path)
    first = project.build()
    assert first.version == "20261124T040000Z"
    assert set(LIVE) | {RUN.format(n) for n in range(1, 5)} <= set(first.written)
    assert first.failures == ()
    assert not verify(first.directory)
    assert (project.output / "latest" / "index.html").is_file()
    second = project.build(1)
    assert second.version is None
    assert second.directory == first.directory
    assert [version.id for version in list_versions(project.output)] == [first.version]


def test_one_new_build_writes_its_page_its_predecessors_and_the_live_pages(tmp_path):
    project = filled(tmp_path)
    project.build()
    project.save([make_build(5, f1=0.71)])
    summary = project.build(1)
    runs = run_pages(summary.written)
    assert runs == {RUN.format(4), RUN.format(5)}
    assert set(LIVE) <= set(summary.written)


def test_an_edited_description_writes_that_page_and_the_live_pages_only(tmp_path):
    project = filled(tmp_path)
    project.build()
    project.save([replace(make_build(2, f1=0.6 + 14 % 13 / 100), description="Use this one.")])
    summary = project.build(1)
    runs = run_pages(summary.written)
    assert runs == {RUN.format(2)}
    assert "Use this one." in (summary.directory / RUN.format(2)).read_text()


def test_a_theme_change_writes_the_pages_of_the_changed_template(tmp_path):
    project = filled(tmp_path)
    before = project.build()
    templates = tmp_path / "themes" / "overrides" / "templates"
    templates.mkdir(parents=True)
    (templates / "leaderboard.html").write_text(
        '{% extends "default:leaderboard.html" %}{% block footer %}{{ super() }}<p>Ours</p>{% endblock %}'
    )
    after = project.build(1)
    assert run_pages(after.written) == set()
    assert "<p>Ours</p>" in (after.directory / "leaderboards/churn/index.html").read_text()
    assert (before.directory / RUN.format(1)).samefile(after.directory / RUN.format(1))


def test_an_option_of_the_theme_writes_every_page(tmp_path):
    project = filled(tmp_path)
    project.build()
    text = project.file.read_text().replace("[site]", '[site]\ntheme_options = { footer = "Ask us" }')
    project.file.write_text(text)
    summary = project.build(1)
    assert summary.pages == len(summary.written)
    assert "Ask us" in (summary.directory / RUN.format(1)).read_text()


def test_unchanged_files_are_hard_links_to_the_version_before(tmp_path):
    project = filled(tmp_path, builds=30)
    first = project.build()
    project.save([make_build(31)])
    second = project.build(1)
    for number in (1, 15, 29):
        assert (first.directory / RUN.format(number)).samefile(second.directory / RUN.format(number))
    assert new_bytes(second.directory) < sum(p.stat().st_size for p in first.directory.rglob("*") if p.is_file()) / 2


def test_a_given_version_id_that_exists_is_done_if_equal_and_refused_if_not(tmp_path):
    project = filled(tmp_path)
    first = project.build(version="v1")
    assert first.version == "v1"
    assert project.build(1, version="v1").version is None
    assert project.build(1, version="v1", clean=True).version is None
    project.save([make_build(9)])
    with pytest.raises(PublishError, match="v1 already exists"):
        project.build(2, version="v1")
    assert not list(project.output.glob(".reportgen-*"))
    assert project.build(2, version="v2").version == "v2"


def test_two_versions_of_one_second_get_different_ids(tmp_path):
    project = filled(tmp_path)
    project.build()
    project.save([make_build(5)])
    assert project.build().version == "20261124T040000Z-2"
    project.save([make_build(6)])
    assert project.build().version == "20261124T040000Z-3"


def test_going_back_holds_until_something_new_is_published(tmp_path):
    project = filled(tmp_path)
    first = project.build()
    project.save([make_build(5)])
    second = project.build(1)
    set_alias(project.output, "latest", first.version, "symlink")
    assert project.build(2).version is None
    assert str((project.output / "latest").readlink()) == first.version
    project.save([make_build(6)])
    third = project.build(3)
    assert str((project.output / "latest").readlink()) == third.version
    assert [(each.id, each.aliases) for each in list_versions(project.output)] == [
        (third.version, ("latest",)), (second.version, ()), (first.version, ()),
    ]  # fmt: skip


def test_each_build_may_have_a_workspace_of_its_own(tmp_path):
    lasting = tmp_path / "srv"
    config = CONFIG.replace("[site]", f'[site]\noutput = "{lasting / "public"}"') + f'[store]\npath = "{lasting / "store"}"\n'
    found = []
    for number in range(4):
        workspace = tmp_path / f"agent-{number}" / "workspace"
        workspace.mkdir(parents=True)
        (workspace / "reportgen.toml").write_text(config)
        (workspace / "content").mkdir()
        (workspace / "content" / "note.md").write_text("# A note\n")
        with Store.open(lasting / "store") as store:
            store.save_builds([make_build(number, f1=0.7) for number in range(1, {0: 5, 1: 5, 2: 6, 3: 6}[number])], now=NOW)
            found.append(build_site(
                load_config(workspace / "reportgen.toml"), store, now=NOW + timedelta(hours=number), program="reportgen test",
                reporter=SilentReporter(),
            ))  # fmt: skip
        shutil.rmtree(workspace.parent)
    assert [bool(each.version) for each in found] == [True, False, True, False]
    assert run_pages(found[2].written) == {RUN.format(4), RUN.format(5)}
    assert [each.id for each in list_versions(lasting / "public")] == [found[2].version, found[0].version]


def test_a_changed_content_page_costs_the_live_pages_and_the_manifest(tmp_path):
    """New bytes, counted in files that are not hard links: the live pages are bounded, the manifest grows with the runs."""
    runs, long = 150, 10_000
    project = filled(tmp_path, builds=runs)
    page = tmp_path / "content" / "review.md"
    page.parent.mkdir()
    page.write_text("# Review\n\nThe first text.\n")
    first = project.build()
    page.write_text("# Review\n\nAnother text.\n")
    second = project.build(1)
    new = {
        path.relative_to(second.directory).as_posix(): path.stat().st_size
        for path in second.directory.rglob("*")
        if path.is_file() and path.stat().st_nlink == 1
    }
    whole = sum(path.stat().st_size for path in first.directory.rglob("*") if path.is_file())
    assert {"review/index.html", "manifest.json", "live.js"} <= set(new)
    assert run_pages(new) == set()
    assert [path for path in new if path.startswith(("data/", "files/", "assets/"))] == []
    manifest = new.pop("manifest.json")
    assert (sum(new.values()) + manifest * long / runs) / (whole * long / runs) < 0.02


def test_old_versions_retire(tmp_path):
    project = filled(tmp_path)
    for step in range(6):
        project.save([make_build(10 + step)])
        summary = project.build(step)
    assert summary.retired == ("20261124T050000Z",)
    assert len(list_versions(project.output)) == 4


def test_a_page_that_fails_is_replaced_by_one_that_says_so_and_is_tried_again(tmp_path):
    project = filled(tmp_path)
    templates = tmp_path / "themes" / "overrides" / "templates"
    templates.mkdir(parents=True)
    panel = '{% if page.number == "#2" %}{{ page.chrome.site.nope }}{% endif %}'
    broken = f'{{% extends "default:run.html" %}}{{% block run_panel %}}{panel}{{% endblock %}}'
    (templates / "run.html").write_text(broken)
    summary = project.build()
    assert [failure.path for failure in summary.failures] == [RUN.format(2)]
    assert "run.html:1" in summary.failures[0].reason
    assert "could not be made" in (summary.directory / RUN.format(2)).read_text()
    assert "could not be made" not in (summary.directory / RUN.format(3)).read_text()
    again = project.build(1)
    assert [failure.path for failure in again.failures] == [RUN.format(2)]
    with pytest.raises(PublishError, match="nothing was published"):
        project.build(2, strict=True)
    (templates / "run.html").write_text('{% extends "default:run.html" %}')
    mended = project.build(3)
    assert mended.failures == ()
    assert RUN.format(2) in mended.written


def test_what_fails_on_every_page_is_one_thing_to_mend(tmp_path, capsys):
    project = filled(tmp_path, builds=5)
    templates = tmp_path / "themes" / "overrides" / "templates"
    templates.mkdir(parents=True)
    (templates / "run.html").write_text("{{ page.chrome.site.nope }}")
    summary = project.build()
    assert len(summary.failures) == 5
    assert by_reason(summary.failures) == [
        f"{templates / 'run.html'}:1: 'str' object has no attribute 'nope' (in 5 places, the first: {summary.failures[0].path})"
    ]
    with pytest.raises(PublishError, match=r"^a problem, nothing was published: .*in 5 places"):
        project.build(1, strict=True)
    assert cli.main(["-f", str(project.file), "build", "--clean"]) == 3
    told = capsys.readouterr().err
    assert told.count("nope") == 1
    assert "(in 5 places, the first: jobs/churn/validate/" in told


def test_a_content_page_that_leads_nowhere_ends_the_build_also_while_run_pages_are_made_elsewhere(tmp_path):
    project = filled(tmp_path, builds=12)
    page = tmp_path / "content" / "report.md"
    page.parent.mkdir()
    page.write_text('# Report\n\n{{ metric("churn/validate#999", "val/f1") }}\n')
    with pytest.raises(ContentError, match=r"report\.md:3"):
        project.build(workers=2)
    assert list_versions(project.output) == []
    page.write_text('# Report\n\n{{ metric("churn/validate#9", "val/f1") }}\n')
    assert project.build(1, workers=2).failures == ()


def test_without_leaderboards_a_job_gets_its_own(tmp_path):
    summary = filled(tmp_path, config='[site]\nname = "Plain"\n').build()
    assert (summary.directory / "leaderboards" / "churn-validate" / "index.html").is_file() or any(
        path.startswith("leaderboards/") for path in summary.written
    )


def test_an_empty_store_makes_a_site_that_says_so(tmp_path):
    project = Project(tmp_path)
    with Store.open(tmp_path / ".reportgen"):
        pass
    summary = project.build()
    assert summary.failures == ()
    assert (summary.directory / "index.html").is_file()


def test_a_second_writer_is_turned_away(tmp_path):
    project = filled(tmp_path)
    with Store.open(tmp_path / ".reportgen"), pytest.raises(StoreLocked):
        project.build()


def test_the_output_may_be_lost_and_is_made_again(tmp_path):
    project = filled(tmp_path)
    first = project.build()
    expected = digests(first.directory)
    subprocess.run(["rm", "-r", project.output], check=True)
    second = project.build(version=first.version)
    assert digests(second.directory) == expected


def test_a_version_that_was_damaged_is_not_taken_from(tmp_path):
    project = filled(tmp_path)
    first = project.build()
    (first.directory / RUN.format(1)).unlink()
    project.save([make_build(5)])
    with pytest.raises(PublishError, match="vanished"):
        project.build(1)
    assert not verify(project.build(1, clean=True).directory)


def test_every_link_of_every_page_resolves(tmp_path):
    project = filled(tmp_path, builds=6)
    grid = make_build(7)
    runs = tuple(
        replace(grid.runs[0], name=f"seed={n}", record=f"{n:08x}", params={"seed": n, "depth": n % 3}) for n in range(4)
    )
    project.save([replace(grid, runs=runs), replace(make_build(8), runs=(), result="FAILURE")])
    summary = project.build()
    assert summary.failures == ()
    assert check_links(summary.directory) == []


def test_the_build_that_started_another_is_a_link_only_where_the_site_has_its_page(tmp_path):
    project = filled(tmp_path)
    alone = (project.build().directory / RUN.format(2)).read_text()
    assert "churn/train #2" in alone
    assert "train/2/index.html" not in alone
    project.save([make_build(2, job="churn/train", started_at=make_build(2).started_at - timedelta(minutes=5), causes=())])
    summary = project.build(1)
    assert '<a href="../../train/2/index.html">churn/train #2</a>' in (summary.directory / RUN.format(2)).read_text()
    assert "train/3/index.html" not in (summary.directory / RUN.format(3)).read_text()
    assert check_links(summary.directory) == []


def test_exports_follow_a_store_that_was_put_back(tmp_path):
    project = filled(tmp_path)
    store = tmp_path / ".reportgen" / "store.db"
    copy = store.read_bytes()
    project.save([make_build(2, f1=0.81)])
    project.build()
    store.write_bytes(copy)
    project.save([make_build(2, f1=0.92)])
    summary = project.build(1)
    runs = json.loads((summary.directory / "data" / "runs.json").read_text())["runs"]
    assert [run["metrics"]["val/f1"]["value"] for run in runs if run["number"] == 2] == [0.92]


def test_runs_are_exported_in_the_documented_shape(tmp_path):
    project = filled(tmp_path)
    project.save([replace(make_build(5), gone_since=None, commit="c" * 40)])
    summary = project.build()
    data = json.loads((summary.directory / "data" / "runs.json").read_text())
    assert data["schema"] == 1
    assert data["data_as_of"].endswith("Z")
    assert [run["number"] for run in data["runs"]] == [5, 4, 3, 2, 1]
    run = data["runs"][0]
    assert list(run) == [
        "job", "number", "name", "stage", "result", "started_at", "duration_s", "url", "page", "params", "metrics", "tags",
        "datasets", "models", "commit", "upstream", "status", "gone",
    ]  # fmt: skip
    assert (summary.directory / run["page"]).is_file()
    assert run["metrics"]["val/f1"] == {"value": 0.7, "low": 0.7 - 0.02, "high": 0.72, "n": 1305, "direction": "higher"}
    text = (summary.directory / "data" / "runs.json").read_text().splitlines()
    assert len(text) == 5 + 2
    table = (summary.directory / "data" / "runs.csv").read_text().splitlines()
    assert table[0] == (
        "job,number,name,stage,result,status,started_at,duration_s,commit,url,page,gone,params.algorithm,params.depth,"
        "metrics.fit_seconds,metrics.val/f1,metrics.val/recall,tags.kind"
    )
    assert len(table) == 6


def test_each_job_has_a_table_of_its_runs(tmp_path):
    project = filled(tmp_path, builds=3)
    project.save([make_build(number, job="churn/train") for number in (1, 2)])
    directory = project.build().directory
    assert not json.loads((directory / "data" / "runs.json").read_text()).get("parts")
    whole = list(csv.DictReader((directory / "data" / "runs.csv").read_text().splitlines()))
    for job in ("churn/train", "churn/validate"):
        of_job = directory / "jobs" / job
        runs = json.loads((of_job / "runs.json").read_text())["runs"]
        lines = list(csv.DictReader((of_job / "runs.csv").read_text().splitlines()))
        expected = [line for line in whole if line["job"] == job]
        assert [{name: line[name] for name in lines[0]} for line in expected] == lines
        assert [(run["job"], str(run["number"])) for run in runs] == [(job, line["number"]) for line in expected]
        assert 'href="runs.csv">CSV</a><a href="runs.json">JSON</a>' in (of_job / "index.html").read_text()
    project.save([make_build(4)])
    again = project.build(step=1).directory
    same = {
        job: (directory / f"jobs/{job}/runs.json").samefile(again / f"jobs/{job}/runs.json")
        for job in ("churn/train", "churn/validate")
    }
    assert same == {"churn/train": True, "churn/validate": False}


def test_a_site_with_many_runs_names_the_files_of_its_jobs(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.site.export.NEWEST", 4)
    read: list[tuple[str, str]] = []
    section = Block.section

    def counted(self, name):
        read.append((self.file.name, name))
        return section(self, name)

    monkeypatch.setattr(Block, "section", counted)
    project = filled(tmp_path, builds=3)
    project.save([make_build(number, job="churn/train") for number in (1, 2)])
    directory = project.build().directory
    whole = json.loads((directory / "data" / "runs.json").read_text())
    assert len(whole["runs"]) == 4
    assert whole["parts"] == ["jobs/churn/train/runs.json", "jobs/churn/validate/runs.json"]
    parts = {part: json.loads((directory / part).read_text())["runs"] for part in whole["parts"]}
    assert [[(run["job"], run["number"]) for run in runs] for runs in parts.values()] == [
        [("churn/train", 2), ("churn/train", 1)], [("churn/validate", 3), ("churn/validate", 2), ("churn/validate", 1)],
    ]  # fmt: skip
    assert len((directory / "data" / "runs.csv").read_text().splitlines()) == 1 + 5
    schema = json.loads((Path(__file__).parents[2] / "docs/schema/runs.schema.json").read_text())
    for part in ("data/runs.json", *whole["parts"]):
        jsonschema.validate(json.loads((directory / part).read_text()), schema)
    assert max(Counter(read).values()) <= 2  # once for each file that holds all runs or the job's


def test_jobs_may_be_called_by_a_number(tmp_path):
    project = Project(tmp_path)
    project.save([make_build(number, job=job) for job in ("x/2024", "x/2025", "7") for number in (1, 2)])
    directory = project.build().directory
    parts = sorted(path.relative_to(directory / "data/compare").as_posix() for path in directory.glob("data/compare/**/*.js"))
    assert parts == ["7/0.js", "x/2024/0.js", "x/2025/0.js"]


def test_pages_can_tell_which_versions_there_were_before(tmp_path):
    project = filled(tmp_path)
    first = project.build()
    project.save([make_build(9)])
    second = project.build(1)
    told = [re.search(r'"versions":(\[.*?\])\}', (each.directory / "live.js").read_text())[1] for each in (first, second)]
    assert json.loads(told[0]) == []
    assert [name for name, _ in json.loads(told[1])] == [first.directory.name]


def attach(project: Project, number: int, data: bytes, kind: str, name: str, format_: str) -> None:
    with Store.open(project.root / ".reportgen") as store:
        digest, size = store.put_blob(data)
        file = Attachment(kind=kind, name=name, label=name, format=format_, sha256=digest, size_bytes=size)
        build = make_build(number)
        run: Run = replace(build.runs[0], attachments=(file,))
        store.save_builds([replace(build, runs=(run,))], now=NOW)


def test_attachments_are_published_by_digest_and_shared_between_versions(tmp_path):
    project = filled(tmp_path)
    attach(project, 5, b"class,f1\na,0.5\nb,0.6\n", "table", "classes", "csv")
    first = project.build()
    files = list((first.directory / "files").rglob("*.csv"))
    assert len(files) == 1
    assert "0.6" in (first.directory / RUN.format(5)).read_text()
    project.save([make_build(6)])
    second = project.build(1)
    assert files[0].samefile(second.directory / files[0].relative_to(first.directory))
    blob = next(path for path in (tmp_path / ".reportgen" / "blobs").rglob("*") if path.is_file())
    assert not blob.samefile(files[0])


def test_a_damaged_blob_is_told_and_not_published(tmp_path):
    project = filled(tmp_path)
    attach(project, 5, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "artifact", "notes", "txt")
    blob = next(path for path in (tmp_path / ".reportgen" / "blobs").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'!>")
    summary = project.build()
    assert any("damaged" in failure.reason for failure in summary.failures)
    assert not verify(summary.directory)


@pytest.fixture
def in_memory(tmp_path):
    """A directory on another file system, which lists what is in a directory in another order."""
    with TemporaryDirectory(dir="/dev/shm") as directory:
        assert Path(directory).stat().st_dev != tmp_path.stat().st_dev
        yield Path(directory)


SCRIPT = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
sys.path.insert(0, {source!r})
from tests.site.support import Project, make_build
project = Project(Path({root!r}))
print(project.build(version="v1", workers={workers}).failures)
"""


@pytest.mark.slow
def test_the_same_store_gives_the_same_bytes_whatever_the_environment(tmp_path, in_memory):
    source = str(Path(__file__).parents[2])
    expected = None
    for number, (where, zone, seed, umask, workers) in enumerate(
        [
            (tmp_path, "UTC", "0", 0o022, 1),
            (tmp_path, "Pacific/Auckland", "1", 0o077, 2),
            (tmp_path, "America/St_Johns", "77", 0o000, 1),
            (in_memory, "UTC", "2", 0o022, 2),
        ]
    ):
        root = where / f"p{number}"
        project = filled(root, builds=6)
        attach(project, 7, b"a,b\n1,2\n", "table", "t", "csv")
        script = SCRIPT.format(source=source, root=str(root), workers=workers)
        (tmp_path / "run.py").write_text(
            f"if __name__ == '__main__':\n{''.join('    ' + line for line in script.splitlines(True))}"
        )
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LANG": "C" if number else "C.UTF-8", "LC_ALL": "C"}
        directory = tmp_path if number else "/"
        done = subprocess.run(
            [sys.executable, tmp_path / "run.py"],
            env=environment,
            cwd=directory,
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "()\n"), done.stderr
        found = digests(root / "public" / "v1")
        modes = {oct(path.stat().st_mode & 0o777) for path in (root / "public").rglob("*") if not path.is_symlink()}
        assert modes == {"0o644", "0o755"}
        expected = expected or found
        assert found == expected
