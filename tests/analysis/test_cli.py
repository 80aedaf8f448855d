"""`show` and `compare` over a real store."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from reportgen import cli
from reportgen.model import Build
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
CONFIG = """
[jenkins]
url = "https://ci.example.com/jenkins"

[[jobs]]
name = "churn/**"

[metrics."val/f1"]
title = "F1"
format = ".3f"
direction = "higher"

[leaderboards.churn]
jobs = ["churn/validate"]
metric = "val/f1"
columns = ["val/recall", "params.depth"]
baseline = "churn/validate#1"
"""

LUCK = "5 candidates were scored on these 1,305 rows; up to 0.012 of the leader's 0.740 may be luck"


def failed(number: int) -> Build:
    build = make_build(number)
    run = replace(build.runs[0], metrics=(), status="failed")
    return replace(build, result="FAILURE", runs=(run,))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("project")
    (directory / "reportgen.toml").write_text(CONFIG)
    hostile = make_build(4, f1=0.5)
    tricky = replace(hostile.runs[0], params={"algorithm": "=1+1|x\x1b[31m", "depth": "a\nb"})
    builds = [make_build(1, f1=0.70), make_build(2, f1=0.74), make_build(3, f1=0.74), replace(hostile, runs=(tricky,))]
    twice = make_build(7, job="churn/train")
    second = replace(twice.runs[0], name="other", record="ffffffff")
    builds += [failed(5), replace(twice, runs=(twice.runs[0], second))]
    with Store.open(directory / ".reportgen") as store:
        store.save_builds(builds, now=NOW)
    return directory


class Shown:
    def __init__(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.project, self.capsys = project, capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        assert cli.main([*arguments, "-f", str(self.project / "reportgen.toml")]) == code
        found = self.capsys.readouterr()
        return found.out if code == 0 else found.err


@pytest.fixture
def shown(project: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    return Shown(project, capsys)


def test_a_leaderboard_in_the_terminal(shown: Shown) -> None:
    text = shown("show", "churn")
    lines = text.splitlines()
    assert lines[0] == "churn: F1, higher is better; dataset.validation abababababab"
    assert lines[1].startswith("2 runs share rank 1 with F1 0.740.")
    ranks = [line.split()[:2] for line in lines[4:9]]
    assert ranks == [["1", "="], ["1", "="], ["3", "churn/validate#1"], ["4", "churn/validate#4"], ["–", "churn/validate#5"]]
    assert "[baseline]" in lines[6]
    assert "on champion" in lines[3]
    assert "on baseline" in lines[3]
    assert "0.000 same  +0.040 better" in lines[4]
    assert "−0.240 worse   −0.200 worse" in lines[7]
    assert "0.680–0.720" in lines[6]
    assert "build failed" in lines[8]
    assert "\x1b" not in text


def test_a_leaderboard_as_json_csv_and_markdown(shown: Shown) -> None:
    found = json.loads(shown("show", "churn", "--json"))
    jsonschema.validate(found, json.loads((SCHEMAS / "leaderboard.schema.json").read_text()))
    assert [row["number"] for row in found["boards"][0]["rows"]] == [3, 2, 1, 4, 5]
    table = list(csv.DictReader(io.StringIO(shown("show", "churn", "--csv"))))
    assert [row["number"] for row in table] == ["3", "2", "1", "4", "5"]
    markdown = shown("show", "churn", "--md", "-n", "2").splitlines()
    assert markdown[3].startswith("| rank | run | F1 |")
    assert markdown[-3:] == ["", "- 2 of 5 runs; -n shows more", f"- {LUCK}"]


def test_runs_in_every_shape(shown: Shown) -> None:
    lines = shown("show").splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["churn/train#7/other", "churn/train#7/validate"]
    found = json.loads(shown("show", "--json"))
    jsonschema.validate(found, json.loads((SCHEMAS / "runs.schema.json").read_text()))
    first = found["runs"][-1]
    assert first["url"] == "https://ci.example.com/jenkins/job/churn/job/validate/1/"
    assert first["page"] == "jobs/churn/validate/1/index.html"
    assert found["data_as_of"].endswith("Z")
    table = list(csv.DictReader(io.StringIO(shown("show", "churn/validate", "--csv"))))
    assert len(table) == 5
    assert next(r for r in table if r["number"] == "4")["params.algorithm"] == "'=1+1|x\x1b[31m"
    assert "\\x1b" in shown("show", "--sort-by", "params.algorithm")
    assert "=1+1\\|x" in shown("show", "churn/validate", "--md", "--sort-by", "params.algorithm")


@pytest.mark.parametrize(
    ("column", "numbers"),
    [
        ("val/f1", ["2", "3", "1", "4", "5"]),
        ("-val/f1", ["4", "1", "3", "2", "5"]),
        ("started_at", ["1", "2", "3", "4", "5"]),
        ("-params.depth", ["4", "5", "3", "2", "1"]),
    ],
)
def test_runs_sort_by_anything_with_the_missing_last(shown: Shown, column: str, numbers: list[str]) -> None:
    table = list(csv.DictReader(io.StringIO(shown("show", "churn/validate", "--csv", "--sort-by", column))))
    found = [row["number"] for row in table]
    if column == "val/f1":
        assert (set(found[:2]), found[2:]) == (set(numbers[:2]), numbers[2:])
    elif column == "-val/f1":
        assert (found[:2], found[-1]) == (numbers[:2], numbers[-1])
    else:
        assert found == numbers


def test_a_leaderboard_sorts_by_its_columns_and_keeps_its_ranks(shown: Shown) -> None:
    rows = json.loads(shown("show", "churn", "--json", "--sort-by", "-val/f1"))["boards"][0]["rows"]
    assert (rows[0]["number"], rows[0]["rank"]) == (4, 4)
    assert "it has val/f1, val/recall, params.depth" in shown("show", "churn", "--sort-by", "val/auc", code=1)


def test_what_is_not_there_is_said_with_what_is(shown: Shown) -> None:
    assert 'no leaderboard or job "churm"\nhint: did you mean churn?' in shown("show", "churm", code=1)
    assert "no run has" in shown("show", "--sort-by", "val/nothing", code=1)
    assert "churn/validate#99 is not in the store" in shown("compare", "churn/validate#1", "churn/validate#99", code=1)
    assert "has 2 runs, name one" in shown("compare", "churn/validate#1", "churn/train#7", code=1)
    assert "is not a run" in shown("compare", "churn/validate#1", "5", code=1)


def test_two_runs_side_by_side(shown: Shown) -> None:
    lines = shown("compare", "churn/validate#1", "churn/validate#2").splitlines()
    assert lines[0].split() == ["metric", "churn/validate#1", "churn/validate#2", "difference"]
    assert lines[1].split(maxsplit=3) == ["F1", "0.700", "0.740", "+0.040 (better, separable)"]
    assert "2 metrics are the same" in lines[2]
    assert any(line.split() == ["depth", "1", "2"] for line in lines)
    assert any(line == "1 parameter is the same" for line in lines)
    assert "1 entry of the environment is the same; none differs" in lines


def test_a_difference_is_never_shown_as_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reportgen.toml").write_text(CONFIG)
    with Store.open(tmp_path / ".reportgen") as store:
        store.save_builds([make_build(1, f1=0.74), make_build(2, f1=0.740013), make_build(3, f1=0.74)], now=NOW)
    shown = Shown(tmp_path, capsys)
    line = shown("compare", "churn/validate#1", "churn/validate#2").splitlines()[1]
    assert line.split(maxsplit=3) == ["F1", "0.740", "0.740", "+0.00001 (better, not separable)"]
    board = [line for line in shown("show", "churn").splitlines() if "churn/validate#" in line]
    assert "+0.00001 better" in board[0]
    assert any("−0.00001 worse" in line for line in board)
    assert not any(words in line for line in board for words in ("0.000 better", "0.000 worse"))


def test_a_comparison_as_json_and_markdown(shown: Shown) -> None:
    found = json.loads(shown("compare", "churn/validate#1", "churn/validate#last", "churn/train#7/other", "--json"))
    jsonschema.validate(found, json.loads((SCHEMAS / "compare.schema.json").read_text()))
    assert [run["number"] for run in found["runs"]] == [1, 5, 7]
    assert shown("compare", "churn/validate#1", "churn/validate#2", "--md").startswith("| metric | churn/validate#1 |")
    lines = shown("compare", "churn/validate#1", "churn/validate#2", "--md").splitlines()
    after = [b for a, b in pairwise(lines) if a.startswith("|") and not b.startswith("|")]
    assert len(after) > 1
    assert set(after) == {""}


def test_a_comparison_as_csv_says_what_its_json_says(shown: Shown) -> None:
    runs = ("churn/validate#1", "churn/validate#2", "churn/validate#4")
    found = json.loads(shown("compare", *runs, "--json"))
    lines = list(csv.DictReader(io.StringIO(shown("compare", *runs, "--csv"))))
    assert len(lines) == 3 * (len(found["params"]) + len(found["metrics"]))
    f1 = [line for line in lines if (line["kind"], line["name"]) == ("metric", "val/f1")]
    assert [(line["number"], line["baseline"], line["value"]) for line in f1] == [
        ("1", "true", "0.7"), ("2", "false", "0.74"), ("4", "false", "0.5"),
    ]  # fmt: skip
    told = next(metric for metric in found["metrics"] if metric["name"] == "val/f1")
    assert [float(line["delta"]) for line in f1[1:]] == told["deltas"][1:]
    assert [line["separable"] for line in f1] == ["", *(str(known).lower() for known in told["separable"][1:])]
    algorithms = [line["value"] for line in lines if line["name"] == "algorithm"]
    assert algorithms[2].startswith("'=1+1"), "no spreadsheet may take it for a formula"


def test_a_job_without_a_configured_leaderboard_gets_one(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "reportgen.toml"
    config.write_text(f'[store]\npath = "{project / ".reportgen"}"\n')
    assert cli.main(["show", "churn/validate", "--json", "-f", str(config)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["metric"], found["direction"], len(found["boards"][0]["rows"])) == ("val/f1", "higher", 5)


@pytest.mark.parametrize(
    "board",
    [
        'columns = ["metrics.val/recall", "tags.kind", "duration_s"]',
        'where = { "metrics.val/recall" = 0.6 }',
        'where = { "params.depth" = [1, 3, 9] }',
        'where = { "val/recall" = 0.6, "params.depth" = 2 }',
        'group_by = ["params.algorithm", "val/recall"]',
    ],
)
def test_the_site_and_the_terminal_show_the_same_leaderboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], board: str
) -> None:
    head = CONFIG[CONFIG.index("[metrics") : CONFIG.index("columns =")]
    (tmp_path / "reportgen.toml").write_text(f"{head}{board}\n")
    with Store.open(tmp_path / ".reportgen") as store:
        store.save_builds([make_build(1, f1=0.70), make_build(2, f1=0.74), make_build(3, f1=0.72)], now=NOW)
    show = Shown(tmp_path, capsys)
    show("build", "--version-id", "v")
    exported = json.loads((tmp_path / "public/v/data/leaderboards/churn.json").read_text())
    assert json.loads(show("show", "churn", "--json")) == exported
    assert sum(row["rank"] is not None for found in exported["boards"] for row in found["rows"])
