"""A file that is to be logged and cannot be read: told once, and the training goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import reportgen
from reportgen.errors import RecordError
from reportgen.stage import files
from tests.stage.support import events, of_kind


@pytest.fixture
def run(tmp_path):
    with reportgen.start_run("t", directory=tmp_path / "results", environment=False) as opened:
        yield opened


@contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """Take the right to read the file from this process, which may be root's."""
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(0o644)


CALLS = {
    "dataset": lambda run, path: run.log_dataset("d", path),
    "model": lambda run, path: run.log_model(path),
    "table": lambda run, path: run.log_table("t", path),
    "chart": lambda run, path: run.log_chart("c", path),
    "figure": lambda run, path: run.log_figure("f", path),
    "artifact": lambda run, path: run.log_artifact(path),
}
ENDINGS = {"table": ".csv", "chart": ".json", "figure": ".png"}


@pytest.mark.parametrize("kind", CALLS)
def test_a_missing_file_is_told_once_and_the_work_goes_on(run, tmp_path, capsys, kind):
    path = tmp_path / f"gone{ENDINGS.get(kind, '.bin')}"
    for _ in range(3):
        assert not CALLS[kind](run, path)
    run.log_metric("m", 1)
    told = capsys.readouterr().err
    assert told.count("warning:") == 1
    assert f"{str(path)!r} does not exist; run 't' goes on without it" in told
    assert [event["kind"] for event in events(run)] == ["run", "metric"]


@pytest.mark.parametrize("kind", CALLS)
def test_a_file_that_may_not_be_read_is_told_once(run, tmp_path, capsys, kind):
    path = tmp_path / f"mine{ENDINGS.get(kind, '.bin')}"
    path.write_text("x")
    with forbidden(path):
        CALLS[kind](run, path)
        CALLS[kind](run, path)
    assert capsys.readouterr().err.count("cannot be read: Permission denied") == 1
    assert not of_kind(run, kind)
    assert not list((run.directory / "files").glob("*"))


@pytest.mark.parametrize("kind", ["dataset", "model", "artifact"])
def test_a_disk_that_fails_while_it_is_read_is_told(run, capsys, kind):
    CALLS[kind](run, "/proc/self/mem")  # a regular file whose first read fails
    assert "'/proc/self/mem' cannot be read: Input/output error" in capsys.readouterr().err
    assert not of_kind(run, kind)
    assert not list((run.directory / "files").glob("*"))


def test_a_file_that_vanishes_from_a_directory_being_read_is_told(run, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in "ab":
        (folder / name).write_text(name)
    read = files.digest_file

    def slow(path: Path, **options: bool) -> files.Digest:
        (folder / "b").unlink(missing_ok=True)
        return read(path, **options)

    monkeypatch.setattr(files, "digest_file", slow)
    assert run.log_dataset("parts", folder) == ""
    assert f"'{folder / 'b'}' does not exist" in capsys.readouterr().err


def test_a_directory_within_that_may_not_be_read_is_no_smaller_data_set(run, tmp_path, monkeypatch, capsys):
    inner = tmp_path / "parts" / "inner"
    inner.mkdir(parents=True)
    (inner / "rows.csv").write_text("a\n1\n")
    tmp_path.chmod(0o755)  # from here on, what the path leads through may be read
    monkeypatch.chdir(tmp_path)
    with forbidden(inner):
        assert run.log_dataset("parts", "parts") == ""
    assert "'parts/inner' cannot be read: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("kind", CALLS)
def test_a_strict_run_raises(tmp_path, kind):
    path = tmp_path / f"gone{ENDINGS.get(kind, '.bin')}"
    with (
        reportgen.start_run("t", directory=tmp_path, strict=True, environment=False) as run,
        pytest.raises(RecordError, match="does not exist"),
    ):
        CALLS[kind](run, path)


def test_a_model_of_data_that_could_not_be_read_is_logged_without_them(run, tmp_path):
    model = tmp_path / "model.pkl"
    model.write_bytes(b"m")
    digest = run.log_model(model, inputs=[run.log_dataset("d", tmp_path / "gone.csv"), "a" * 64])
    [event] = of_kind(run, "model")
    assert event["sha256"] == digest
    assert event["inputs"] == ["a" * 64]


def test_a_decision_without_its_model_is_not_written(run, tmp_path):
    with pytest.raises(RecordError, match="64 hex digits"):
        run.log_decision("approved", model=run.log_model(tmp_path / "gone.pkl", role="input"))


def test_a_first_line_that_is_no_header_leaves_the_columns_open(run, tmp_path):
    path = tmp_path / "one-cell.csv"
    path.write_text("x" * 200_000)
    assert run.log_dataset("d", path)
    assert "columns" not in of_kind(run, "dataset")[0]


class Broken:
    """An array whose own code fails, as one on a device that is gone or in a file that cannot be read."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def tolist(self) -> list[float]:
        raise self.problem


EVALUATIONS = {
    "classification": lambda run, values: run.log_classification([1, 0, 1], values),
    "regression": lambda run, values: run.log_regression(values, [1.0, 2.0, 3.0]),
    "folds": lambda run, values: run.log_folds({"f1": values}),
}


@pytest.mark.parametrize("kind", EVALUATIONS)
@pytest.mark.parametrize("problem", [OSError(5, "Input/output error"), RuntimeError("the device is gone")], ids=["disk", "own"])
def test_an_array_that_cannot_be_read_is_told_once_and_the_work_goes_on(run, capsys, kind, problem):
    for _ in range(2):
        assert EVALUATIONS[kind](run, Broken(problem)) == ({}, 0, 0)
    run.log_metric("m", 1)
    told = capsys.readouterr().err
    assert told.count("warning:") == 1
    assert f"cannot be logged: {type(problem).__name__}: {problem}; run 't' goes on without it" in told
    assert [event["kind"] for event in events(run)] == ["run", "metric"]


@pytest.mark.parametrize("kind", EVALUATIONS)
def test_a_strict_run_raises_what_an_array_raises(tmp_path, kind):
    with (
        reportgen.start_run("t", directory=tmp_path, strict=True, environment=False) as run,
        pytest.raises(RuntimeError, match="the device is gone"),
    ):
        EVALUATIONS[kind](run, Broken(RuntimeError("the device is gone")))


class Odd:
    """A value on which nothing works."""

    def fail(self, *_: object) -> bool:
        raise RuntimeError("nothing works")

    __eq__ = __ne__ = __float__ = __repr__ = __hash__ = fail  # type: ignore[assignment]


MISUSE = {
    "labels that cannot be compared": (lambda run: run.log_classification([Odd()] * 4, SCORES), "cannot be evaluated"),
    "scores that are no numbers": (lambda run: run.log_classification(TRUE, [Odd()] * 4), r"y_score\[0\] is not a number: <"),
    "one-hot rows": (lambda run: run.log_classification([np.array([1, 0])] * 4, SCORES), r"is not a label: \[1, 0\]"),
    "a positive class that is odd": (lambda run: run.log_classification(TRUE, SCORES, positive=Odd()), "cannot be evaluated"),
    "labels that are one": (lambda run: run.log_classification(TRUE, SCORES, labels=5), "labels is a sequence"),
    "a short row": (lambda run: run.log_classification(list("abca"), [*WIDE, [0.1]]), "row 3 of y_score has 1 column for 3"),
    "a row that is none": (lambda run: run.log_classification(list("abca"), [*WIDE, 0.1]), "row 3 of y_score has 1 column"),
    "targets that are no numbers": (lambda run: run.log_regression(SCORES, [Odd()] * 4), r"y_pred\[0\] is not a number: <"),
    "an alpha that is none": (lambda run: run.log_regression(SCORES, SCORES, alphas="a"), "each of alphas= is a number"),
    "folds of no numbers": (lambda run: run.log_folds([Odd()]), r"score\[0\] is not a number: <"),
}  # fmt: skip
TRUE, SCORES, WIDE = [1, 0, 1, 0], [0.9, 0.2, 0.8, 0.4], [[0.2, 0.3, 0.5]] * 3


@pytest.mark.parametrize("case", MISUSE)
def test_an_evaluation_of_what_cannot_be_evaluated_is_refused_in_words(run, case):
    call, said = MISUSE[case]
    with pytest.raises(RecordError, match=said):
        call(run)
    assert [event["kind"] for event in events(run)] == ["run"]


def test_rows_of_scores_may_be_arrays_each(run):
    rows = [np.array([1 - score, score]) for score in SCORES]
    run.log_classification(TRUE, rows)
    run.log_classification(TRUE, SCORES, split="again")
    first, again = (run.metrics[f"{split}/roc_auc"] for split in ("val", "again"))
    assert first == again == 1.0


def test_a_keyword_that_is_unknown_is_no_matter_of_the_arrays(run):
    with pytest.raises(TypeError, match="treshold"):
        run.log_classification(TRUE, SCORES, treshold=0.4)
