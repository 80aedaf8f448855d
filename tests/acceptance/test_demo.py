"""The demo, checked from outside through its published tree."""

from __future__ import annotations

import csv
import hashlib
import json
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest

from reportgen import cli
from reportgen.demo.model import Controller
from reportgen.demo.sample import load_sample
from reportgen.site.linkcheck import check_links

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


@pytest.fixture(scope="module")
def sample() -> Controller:
    return load_sample()


@pytest.fixture(scope="module")
def exported(site: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((site / "data" / "runs.json").read_text("utf-8"))
    return data


def finished(sample: Controller) -> set[tuple[str, int]]:
    return {(job.name, build.number) for job in sample.jobs for build in job.builds if not build.building}


def test_a_page_per_finished_build(site: Path, sample: Controller) -> None:
    for job, number in finished(sample):
        assert (site / "jobs" / job / str(number) / "index.html").is_file(), f"{job}#{number}"


def test_runs_json_holds_every_run_in_the_documented_shape(exported: dict[str, Any], site: Path, sample: Controller) -> None:
    assert exported["schema"] == 1
    assert exported["data_as_of"].endswith("Z")
    assert {(run["job"], run["number"]) for run in exported["runs"]} == finished(sample)
    keys = {
        "job", "number", "name", "stage", "result", "started_at", "duration_s", "url", "page", "params", "metrics", "tags",
        "datasets", "models", "commit", "upstream", "status", "gone",
    }  # fmt: skip
    for run in exported["runs"]:
        assert keys <= set(run)
        assert (site / run["page"]).exists()
        assert run["started_at"].endswith("Z")
        assert run["status"] in {"complete", "failed", "aborted", "interrupted", "implicit"}
        for metric in run["metrics"].values():
            assert {"value", "low", "high", "n", "direction"} <= set(metric)
    order = [run["started_at"] for run in exported["runs"]]
    assert order == sorted(order, reverse=True)


def test_runs_json_is_one_run_a_line_and_the_csv_agrees(site: Path, exported: dict[str, Any]) -> None:
    lines = (site / "data" / "runs.json").read_text("utf-8").splitlines()
    assert sum(line.startswith('{"') and '"job"' in line for line in lines) >= len(exported["runs"]) - 1
    with (site / "data" / "runs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(exported["runs"])
    assert list(rows[0])[:12] == [
        "job", "number", "name", "stage", "result", "status", "started_at", "duration_s", "commit", "url", "page", "gone",
    ]  # fmt: skip
    assert [(row["job"], int(row["number"]), row["name"]) for row in rows] == [
        (run["job"], run["number"], run["name"]) for run in exported["runs"]
    ]


def schema_of(path: Path) -> jsonschema.Draft202012Validator:
    """The documented schema of an exported file, by where it stands."""
    name = "leaderboard" if path.parent.name == "leaderboards" else path.stem
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_exported_file_fits_its_schema(site: Path) -> None:
    exported = sorted((site / "data").rglob("*.json"))
    assert {path.relative_to(site / "data").parts[0] for path in exported} == {"runs.json", "leaderboards"}
    for path in exported:
        found = json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
        assert [f"{path.name}: {problem.json_path}: {problem.message}" for problem in schema_of(path).iter_errors(found)] == []
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
            beside = list(csv.DictReader(file))
        assert len(beside) == sum(len(board["rows"]) for board in found.get("boards", ())) + len(found.get("runs", ()))


def test_an_independent_computation_gives_the_same_leaderboard(site: Path, exported: dict[str, Any]) -> None:
    rows = [
        {
            "job": run["job"],
            "number": run["number"],
            "name": run["name"],
            "value": run["metrics"]["val/f1"]["value"],
            "set": next((one["sha256"] for one in run["datasets"] if one["role"] == "validation"), None),
        }
        for run in exported["runs"]
        if run["job"] == "wisconsin/validate" and isinstance(run["metrics"].get("val/f1", {}).get("value"), (int, float))
    ]
    frame = pd.DataFrame(rows)
    frame["rank"] = frame.groupby("set", dropna=False)["value"].rank(method="min", ascending=False).astype(int)
    expected = {
        (row["set"], row["job"], row["number"], row["name"]): (row["rank"], row["value"]) for row in frame.to_dict("records")
    }
    board = json.loads((site / "data" / "leaderboards" / "wisconsin.json").read_text("utf-8"))
    assert board["metric"] == "val/f1"
    assert board["direction"] == "higher"
    assert len(board["boards"]) == frame["set"].nunique() >= 2
    ranked = {
        (one["comparable"]["dataset.validation"], row["job"], row["number"], row["name"]): (row["rank"], row["value"])
        for one in board["boards"]
        for row in one["rows"]
        if row["rank"] is not None
    }
    assert ranked == expected
    for one in board["boards"]:
        shown = [row["rank"] for row in one["rows"] if row["rank"] is not None]
        assert shown == sorted(shown)
        for row in one["rows"]:
            assert (row["rank"] is None) == (row["missing"] is not None)
            assert row["tied"] == (row["rank"] is not None and shown.count(row["rank"]) > 1)


def test_no_link_is_broken(site: Path) -> None:
    assert check_links(site) == []


def test_the_manifest_names_every_file_and_its_digest(site: Path) -> None:
    manifest = json.loads((site / "manifest.json").read_text("utf-8"))
    assert manifest["schema"] == 1
    assert manifest["version"] == site.name
    there = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == there
    for name, facts in manifest["files"].items():
        data = (site / name).read_bytes()
        assert facts == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def test_the_published_tree_has_its_alias_and_list_of_versions(demo: Path, site: Path) -> None:
    assert (demo / "public" / "latest").is_symlink()
    versions = json.loads((demo / "public" / "versions.json").read_text("utf-8"))
    assert [(one["version"], one["aliases"]) for one in versions] == [(site.name, ["latest"])]
    assert "latest/" in (demo / "public" / "index.html").read_text("utf-8")


def test_nothing_new_makes_no_version_and_says_so(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo, copy, symlinks=True)
    before = sorted(path.name for path in (copy / "public").iterdir())
    assert cli.main(["build", "--no-harvest", "-f", str(copy / "reportgen.toml")]) == 0
    assert "nothing new" in capsys.readouterr().err
    assert sorted(path.name for path in (copy / "public").iterdir()) == before


def test_the_demo_may_be_run_again_and_leaves_other_projects_alone(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo, copy, symlinks=True)
    assert cli.main(["demo", str(copy), "--no-serve"]) == 0
    assert "nothing new" in capsys.readouterr().err
    (copy / "reportgen.toml").write_text("# mine\n", "utf-8")
    assert cli.main(["demo", str(copy), "--no-serve"]) == 1
    assert (copy / "reportgen.toml").read_text("utf-8") == "# mine\n"


def test_no_page_needs_a_script_or_anything_inline(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert " style=" not in text, page
        assert "<style" not in text, page
        assert "javascript:" not in text, page
        assert 'src="data:' not in text, page
        for script in text.split("<script")[1:]:
            head = script.split(">", 1)[0]
            assert "src=" in head or 'type="application/json"' in head, page


def test_lineage_follows_what_was_handed_on(site: Path) -> None:
    def jobs(run: str) -> list[str]:
        page = (site / "jobs" / "wisconsin" / run / "index.html").read_text("utf-8")
        return re.findall(r"(\w+ #\d+)</", page.split('<ol class="chain">')[1].split("</ol>")[0])

    assert jobs("train/14") == ["featureset #2", "train #14"]
    assert jobs("deploy/5") == ["featureset #11", "train #84", "validate #98", "approve #12", "deploy #5"]
    assert jobs("featureset/3") == ["featureset #3"], "the same bytes made again are not made from the first ones"


def test_a_run_is_compared_with_the_last_one_that_has_a_value(site: Path) -> None:
    page = (site / "jobs" / "wisconsin" / "deploy" / "5" / "index.html").read_text("utf-8")
    assert "on previous<small>#3</small>" in page, "#4 failed"
    assert 'href="../4/index.html" rel="prev"' in page


def test_the_page_of_a_decision_opens_with_it(site: Path) -> None:
    page = (site / "jobs" / "wisconsin" / "approve" / "12" / "index.html").read_text("utf-8")
    assert '<p class="verdict"><b>Approved by reviewer-1.</b> “F1 0.982' in page
    assert "No metrics" not in page


def test_what_had_expired_is_not_blamed_on_the_job(site: Path) -> None:
    page = (site / "jobs" / "wisconsin" / "train" / "81" / "index.html").read_text("utf-8")
    assert "What it logged was gone from Jenkins before it was read." in page
    assert "archiveArtifacts" not in page


def linked(site: Path, page: str) -> set[str]:
    """Return the pages that the main part of a page links to."""
    main = (site / page).read_text("utf-8").partition("<main")[2].partition("</main>")[0]
    found = (
        posixpath.normpath(posixpath.join(posixpath.dirname(page), href)) for href in re.findall(r'href="([^"#:]+)"', main)
    )
    return {name for name in found if name.endswith(".html")}


def test_from_a_model_to_its_data_are_two_clicks_at_most_and_back(site: Path, exported: dict[str, Any]) -> None:
    links: dict[str, set[str]] = {}

    def within_two_clicks(page: str) -> set[str]:
        first = links.setdefault(page, linked(site, page))
        return first.union(*(links.setdefault(one, linked(site, one)) for one in first))

    def page_of(kind: str, digest: str) -> str:
        return f"{kind}/{digest[:12]}/index.html"

    pairs = set()
    for run in exported["runs"]:
        sets = [one["sha256"] for one in run["datasets"] if one["sha256"]]
        for model in run["models"]:
            pairs |= {(page_of("models", model["sha256"]), page_of("datasets", one)) for one in sets}
    assert len({model for model, _ in pairs}) == len(list((site / "models").glob("*/index.html"))), "every model has data"
    for model, dataset in sorted(pairs):
        assert dataset in within_two_clicks(model), (model, dataset)
        assert model in within_two_clicks(dataset), (dataset, model)


def test_the_page_of_the_champion_says_who_approved_it_when_and_why_and_has_the_file(
    site: Path, exported: dict[str, Any]
) -> None:
    board = json.loads((site / "data" / "leaderboards" / "wisconsin.json").read_text("utf-8"))["boards"][0]
    champion = next(row for row in board["rows"] if row["champion"])
    run = next(run for run in exported["runs"] if (run["job"], run["number"]) == (champion["job"], champion["number"]))
    digest = run["models"][0]["sha256"]
    page = (site / "models" / digest[:12] / "index.html").read_text("utf-8")
    verdict = re.sub(r"<[^>]+>", "", page.partition('<p class="verdict">')[2].partition("</p>")[0])
    assert verdict.startswith("Approved and live. Deployed on 4 November, approved by reviewer-1.")
    decisions = re.sub(r"<[^>]+>", " ", page.partition('id="decisions"')[2].partition("</section>")[0])
    assert re.search(
        r"approved\s+reviewer-1\s+F1 0\.982 and recall 0\.964 on 228 rows.*approve #12\s+2026-11-04 08:14", decisions, re.DOTALL
    )
    file = re.search(rf'href="\.\./\.\./(files/{digest[:2]}/{digest}\.bin)"[^>]*>Download', page)
    assert file, "the demo keeps its models"
    assert hashlib.sha256((site / file[1]).read_bytes()).hexdigest() == digest
