"""The sample's leaderboard beside a second one, computed with pandas and scipy from the packed records themselves."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from reportgen import cli
from reportgen.config import load_config
from reportgen.demo.sample import load_sample

pytestmark = pytest.mark.slow

JOB = "wisconsin/validate"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample project, harvested over HTTP; nothing built."""
    from reportgen.cli.demo import harvest_sample, write_project

    directory = tmp_path_factory.mktemp("sample")
    write_project(directory)
    config = load_config(directory / "reportgen.toml")
    assert harvest_sample(cli.App(quiet=True), config) in (cli.DONE, cli.INCOMPLETE)
    return directory


@pytest.fixture(scope="module")
def exported(project: Path) -> dict[str, Any]:
    return shown(project, "wisconsin", "--json")


def shown(project: Path, *arguments: str) -> Any:
    import contextlib

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.main(["show", *arguments, "-f", str(project / "reportgen.toml")]) == 0
    return json.loads(out.getvalue())


def raw() -> pd.DataFrame:
    """One line per finished build of the job, read straight from the journals that the sample's builds archived."""
    job = next(job for job in load_sample().jobs if job.name == JOB)
    return pd.DataFrame([facts(build) for build in job.builds if not build.building])


def facts(build: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"number": build.number, "started": build.timestamp, "result": build.result, "expired": False}
    journals = [path for path in build.artifacts if path.endswith("events.jsonl")]
    for path in journals:
        if build.artifacts[path] is None:
            found["expired"] = True
            continue
        for line in build.content(path).decode().splitlines():
            event = json.loads(line)
            if event["kind"] == "metric" and event["name"] == "val/f1":
                found |= {"value": float(event["value"]), "low": event.get("low"), "high": event.get("high")}
            if event["kind"] == "table" and event.get("role") == "evaluation-rows":
                found["rows"] = pd.read_csv(io.BytesIO(build.content(path.replace("events.jsonl", event["file"]))))
            if event["kind"] == "metric" and event["name"] == "val/log_loss":
                found["log_loss"] = event["value"]
            if event["kind"] == "dataset" and event["role"] == "validation":
                found["data"] = event["sha256"]
            if event["kind"] == "model" and event.get("role") == "input":
                found["model"] = event["sha256"]
    return found


MOST_PAIRED = 50
"""How many runs below the first are told from it row by row, as the method page says."""


def p_of_pair(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """The p value of a difference in F1 on the same rows, each row's pull on it found by giving it a little more weight."""
    assert (first["true"] == second["true"]).all()
    n, true = len(first), first["true"].to_numpy()
    guesses = np.stack([first["predicted"], second["predicted"]])

    def f1(weights: Any) -> Any:
        return 2 * (weights * true * guesses).sum(axis=1) / (weights * (true + guesses)).sum(axis=1)

    even, little = np.full(n, 1 / n), 1e-7
    pulls = np.stack([(f1(even * (1 - little) + little * np.eye(n)[i]) - f1(even)) / little for i in range(n)])
    gap = np.subtract(*f1(even))
    error = np.sqrt((np.subtract(*pulls.T) ** 2).sum()) / n
    return 1.0 if gap == 0 else float(2 * norm.sf(abs(gap) / error))


def independent_board(rows: pd.DataFrame) -> pd.DataFrame:
    """Ranks, ties and separability of one validation set, by pandas, numpy and scipy."""
    board = rows.sort_values(["value", "started"], ascending=[False, False], kind="stable").copy()
    board["rank"] = board["value"].rank(method="min", ascending=False).astype(int)
    board["tied"] = board["value"].duplicated(keep=False)
    known = board.dropna(subset=["low", "high"])
    pairs = math.comb(known["model"].nunique(), 2)
    widen = norm.ppf(1 - 0.025 / pairs) / norm.ppf(0.975)
    lead = board.iloc[0]
    down = ((lead["value"] - lead["low"]) ** 2 + (board["high"] - board["value"]) ** 2) ** 0.5
    board["separable"] = (lead["value"] - board["value"]) - widen * down > 0
    near = board.index[1 : MOST_PAIRED + 1]
    board.loc[near, "separable"] = [p_of_pair(lead["rows"], table) * pairs <= 0.05 for table in board.loc[near, "rows"]]
    return board


def test_the_sample_is_not_ranked_across_its_validation_sets(exported: dict[str, Any]) -> None:
    sets = [board["comparable"]["dataset.validation"] for board in exported["boards"]]
    assert len(sets) == len(set(sets)) == 2
    used = raw().dropna(subset=["data"]).set_index("number")["data"]
    for board, digest in zip(exported["boards"], sets, strict=True):
        assert {used[row["number"]] for row in board["rows"] if row["rank"]} == {digest}


def test_an_independent_leaderboard_agrees_row_by_row(exported: dict[str, Any]) -> None:
    rows = raw()
    finite = rows[rows["value"].apply(math.isfinite)]
    newest_first = finite.groupby("data")["started"].max().sort_values(ascending=False).index
    assert [board["comparable"]["dataset.validation"] for board in exported["boards"]] == list(newest_first)
    for board, digest in zip(exported["boards"], newest_first, strict=True):
        theirs = independent_board(finite[finite["data"] == digest])
        ours = pd.DataFrame([row for row in board["rows"] if row["rank"] is not None])
        assert ours["number"].tolist() == theirs["number"].tolist()
        for column in ("rank", "tied", "value", "low", "high"):
            assert ours[column].tolist() == theirs[column].tolist(), column
        assert ours["separable"].tolist()[1:] == theirs["separable"].tolist()[1:]
        assert ours["separable"].tolist()[0] is None
        cells = ours["columns"].apply(lambda columns: columns["val/log_loss"])
        assert cells.tolist() == theirs["log_loss"].tolist()


def test_the_sample_has_shared_ranks_and_runs_that_cannot_be_told_apart(exported: dict[str, Any]) -> None:
    rows = [row for board in exported["boards"] for row in board["rows"]]
    assert sum(row["tied"] for row in rows) >= 2
    assert any(row["separable"] is False for row in rows)
    assert any(row["separable"] is True for row in rows)


def test_every_run_of_the_sample_without_a_rank_has_its_reason(exported: dict[str, Any]) -> None:
    rows = raw()
    expected = {}
    for _, row in rows[~rows["value"].apply(math.isfinite)].iterrows():
        named = "expired" if row["expired"] else "build failed" if row["result"] in ("FAILURE", "ABORTED") else "not finite"
        expected[row["number"]] = named if not (named == "not finite" and pd.isna(row.get("data"))) else "not logged"
    ours = {row["number"]: row["missing"] for board in exported["boards"] for row in board["rows"] if row["missing"]}
    assert ours == expected
    assert len(rows) == sum(len(board["rows"]) for board in exported["boards"])


def test_the_deployed_model_is_the_champion(exported: dict[str, Any]) -> None:
    deploys = next(job for job in load_sample().jobs if job.name == "wisconsin/deploy").builds
    done = [facts(build) for build in sorted(deploys, key=lambda b: b.timestamp) if build.result == "SUCCESS"]
    models = raw().set_index("number")["model"]
    champions = {row["number"] for board in exported["boards"] for row in board["rows"] if row["champion"]}
    assert champions
    assert {models[number] for number in champions} == {done[-1]["model"]}


def test_runs_are_listed_newest_first(project: Path) -> None:
    listed = shown(project, "--json")["runs"]
    starts = [run["started_at"] for run in listed]
    assert starts == sorted(starts, reverse=True)
    of_job = shown(project, JOB, "--json")["runs"]
    assert {run["number"] for run in of_job} == set(raw()["number"])
