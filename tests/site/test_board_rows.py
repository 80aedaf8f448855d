"""Boards that tell runs apart by their row-level results: which rows are read, when, and what the page says of it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from reportgen import cli
from reportgen.analysis.judge import judge
from reportgen.analysis.options import all_leaderboards
from reportgen.analysis.values import Board
from reportgen.config import load_config
from reportgen.estimate import proportion
from reportgen.model import Attachment, Dataset, Metric
from reportgen.site.evaluations import BoardRows, Found
from reportgen.store.db import Store
from reportgen.store.view import StoreView
from tests.site.support import CONFIG, Project, make_build
from tests.support.builds import NOW

ROWS = 1305
TRUE = [int(random.Random(4).random() < 0.5) for _ in range(ROWS)]


def guesses(wrong: float, seed: int) -> list[int]:
    """Predictions of models that all miss the same quarter of the rows, and `wrong` of the others."""
    hard, own = random.Random(8), random.Random(seed)
    return [1 - t if hard.random() < 0.25 or own.random() < wrong else t for t in TRUE]


def table(predicted: Sequence[int]) -> bytes:
    return ("true,predicted\n" + "".join(f"{t},{p}\n" for t, p in zip(TRUE, predicted, strict=True))).encode()


class Rows(Project):
    """A project whose builds log accuracy, with or without the rows it comes from."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, CONFIG.replace("val/f1", "val/accuracy"))

    def add(self, number: int, wrong: float, *, rows: bool = True, data: str | None = "ab" * 32) -> None:
        predicted = guesses(wrong, number)
        found = proportion(sum(t == p for t, p in zip(TRUE, predicted, strict=True)), ROWS)
        metric = Metric(name="val/accuracy", value=found.value, low=found.low, high=found.high, n=ROWS, direction="higher")
        datasets = (Dataset(name="validation", role="validation", sha256=data, rows=ROWS),)
        build = make_build(number)
        with Store.open(self.root / ".reportgen") as store:
            attached = (_attached(*store.put_blob(table(predicted))),) if rows else ()
            run = replace(build.runs[0], metrics=(metric,), series={}, attachments=attached, datasets=datasets)
            store.save_builds([replace(build, runs=(run,))], now=NOW)

    def board(self, **options: Any) -> tuple[Board, int]:
        """The board, and how many tables were read for it."""
        config = load_config(self.file)
        with StoreView.open(config.store_path) as view, mock.patch.object(view, "blob", wraps=view.blob) as read:
            (wanted,) = all_leaderboards(config, [])
            (board,) = judge(view.run_rows(), wanted, paired=BoardRows(view, **options)).leaderboard.boards
        return board, read.call_count


def _attached(digest: str, size: int) -> Attachment:
    return Attachment(
        kind="evaluation-rows", name="rows-val", label="rows-val.csv", format="csv", sha256=digest, size_bytes=size
    )


def told(board: Board) -> dict[int, tuple[bool | None, str]]:
    return {row.run.number: (row.separable, row.against) for row in board.rows}


SOME = "† told from the first row by row, as both were scored on the same rows; the others by the intervals of both"
HINT = "Row-level results (log_classification(..., rows=True)) would tell these runs apart better than intervals can."


def test_rows_tell_apart_what_intervals_leave_open_and_the_page_says_which_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Rows(tmp_path)
    for number, wrong, rows in ((1, 0.0, True), (2, 0.03, True), (3, 0.03, False), (4, 0.3, False)):
        project.add(number, wrong, rows=rows)
    board, read = project.board()
    assert told(board) == {
        1: (None, ""),
        2: (True, "paired rows"),
        3: (False, "intervals"),
        4: (True, "intervals"),
    }
    assert read == 2
    assert board.notes[0] == SOME
    project.build()
    page = (project.output / "latest" / "leaderboards" / "churn" / "index.html").read_text("utf-8")
    assert f'<p class="note">{SOME}.</p>' in page
    lines = {
        number: next(line for line in page.splitlines() if f'data-key="churn/validate#{number}"' in line)
        for number in (2, 3, 4)
    }
    assert '<td class="nw"><span class="mut">separable</span> <span class="mut">†</span></td>' in lines[2]
    assert '<td class="nw">not separable</td>' in lines[3]
    assert '<td class="nw"><span class="mut">separable</span></td>' in lines[4]
    assert cli.main(["show", "churn", "-f", str(project.file)]) == 0
    shown = capsys.readouterr().out
    assert "separable †" in next(line for line in shown.splitlines() if "validate#2" in line)
    assert "†" not in next(line for line in shown.splitlines() if "validate#4" in line)
    assert SOME in shown


def test_where_all_runs_have_rows_nothing_is_said_of_intervals(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    project.add(1, 0.0)
    project.add(2, 0.03)
    board, _ = project.board()
    assert board.notes == ("told from the first row by row, as all were scored on the same rows",)
    project.build()
    page = (project.output / "latest" / "leaderboards" / "churn" / "index.html").read_text("utf-8")
    assert '<p class="note">Told from the first row by row, as all were scored on the same rows.</p>' in page
    assert "†" not in page


def test_a_leader_without_rows_costs_one_look_and_is_told_of_them(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    project.add(1, 0.0, rows=False)
    for number in range(2, 8):
        project.add(number, 0.02)
    with mock.patch.object(StoreView, "row_results", autospec=True, side_effect=StoreView.row_results) as looked:
        board, read = project.board()
    assert (looked.call_count, read) == (1, 0)
    assert {against for _, against in told(board).values()} == {"", "intervals"}
    project.build()
    assert HINT in (project.output / "latest" / "leaderboards" / "churn" / "index.html").read_text("utf-8")


def test_a_metric_that_rows_do_not_tell_costs_nothing(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    project.add(1, 0.0)
    project.add(2, 0.03)
    project.file.write_text(project.file.read_text().replace("val/accuracy", "val/mcc"))
    with mock.patch.object(StoreView, "row_results", autospec=True) as looked:
        project.board()
    assert not looked.called


def test_a_set_that_nobody_named_is_not_taken_for_the_same(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    project.add(1, 0.0, data=None)
    project.add(2, 0.03, data=None)
    board, read = project.board()
    assert (told(board)[2], read) == ((False, "intervals"), 0)


def test_tables_are_read_up_to_a_size_all_together(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    for number in range(1, 6):
        project.add(number, 0.02 * number)
    size = len(table(TRUE))
    board, read = project.board(most_bytes=3 * size)
    assert read == 3
    assert [against for _, against in told(board).values()] == ["", "paired rows", "paired rows", "intervals", "intervals"]
    assert project.board(most_bytes=size - 1)[1] == 0


def test_a_table_that_is_gone_or_broken_leaves_the_runs_to_their_intervals(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    for number in (1, 2, 3):
        project.add(number, 0.03 * (number - 1))
    with StoreView.open(tmp_path / ".reportgen") as view:
        second, third = (view.blob_path(view.row_results(row)["rows-val"][0]) for row in view.run_rows()[1::-1])
    second.unlink()
    third.chmod(0o644)
    third.write_bytes(b"nothing of the kind")
    board, _ = project.board()
    assert [against for _, against in told(board).values()] == ["", "intervals", "intervals"]
    assert [separable for separable, _ in told(board).values()] == [None, False, True]


def test_what_was_found_is_not_read_again_and_is_what_is_read(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    for number in range(1, 5):
        project.add(number, 0.02 * number)

    def asked(program: str) -> tuple[Board, int]:
        found = Found(tmp_path / "cache", program)
        board = project.board(found=found)
        found.save()
        return board

    first, read = asked("1")
    again, kept = asked("1")
    assert (read, kept) == (4, 0)
    assert told(again) == told(first) == told(project.board()[0])
    assert "paired rows" in told(first)[2]
    assert asked("2")[1] == 4, "another program may judge otherwise"
    project.add(5, 0.05)
    assert asked("2")[1] == 2, "the new run and the leader"
    file = tmp_path / "cache" / "pairs.json"
    assert len(json.loads(file.read_bytes())["pairs"]) == 4
    file.write_bytes(b"{")
    assert asked("2")[1] == 5
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["pairs.json"]


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    project = Rows(tmp_path)
    project.add(1, 0.0)
    project.add(2, 0.03)
    (tmp_path / "cache").write_text("a file stands in the way")
    found = Found(tmp_path / "cache", "1")
    board, _ = project.board(found=found)
    found.save()
    assert told(board)[2] == (True, "paired rows")
