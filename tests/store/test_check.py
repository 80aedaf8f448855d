"""`check` finds every kind of damage, and names it."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.model import Artifact, Attachment
from reportgen.store.check import Checked, check_store
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of 20 builds with 40 blobs."""
    with Store.open(tmp_path / "store") as store:
        builds = []
        for number in range(1, 21):
            files = [store.put_blob(random.Random(number + 100 * part).randbytes(10 + 97 * number)) for part in (0, 1)]
            table = Attachment(
                kind="table", name="t", label="t", format="csv", path="t.csv", sha256=files[0][0], size_bytes=files[0][1]
            )
            build = make_build(
                number, artifacts=(Artifact(path="b", state="stored", sha256=files[1][0], size_bytes=files[1][1]),)
            )
            builds.append(replace(build, runs=(replace(build.runs[0], attachments=(table,)),)))
        store.save_builds(builds, now=NOW)
    return tmp_path / "store"


def _texts(found: Checked) -> str:
    return "\n".join(problem.text for problem in found.problems)


def _blobs(path: Path) -> list[Path]:
    return sorted(file for file in (path / "blobs").rglob("*") if file.is_file())


def test_a_whole_store_has_no_problems(path: Path) -> None:
    found = check_store(path, read_data=True)
    assert found.problems == ()
    assert (found.builds, found.runs, found.blobs) == (20, 20, 40)
    assert found.read_bytes == found.blob_bytes > 0


def test_there_is_nothing_to_check_without_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        check_store(tmp_path)


def test_every_single_flipped_byte_of_a_blob_is_found(path: Path) -> None:
    """100 random offsets, each alone, each found and blamed on the right file."""
    dice = random.Random(20261124)
    files = _blobs(path)
    assert not check_store(path, read_data=True).problems
    for _ in range(100):
        file = dice.choice(files)
        whole = file.read_bytes()
        offset = dice.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << dice.randrange(8)
        file.chmod(0o644)
        file.write_bytes(damaged)
        (problem,) = check_store(path, read_data=True).problems
        assert str(file) in problem.text
        assert "has changed" in problem.text
        file.write_bytes(whole)


def test_a_missing_a_short_and_a_linked_blob_are_found_without_reading(path: Path) -> None:
    missing, short, linked = _blobs(path)[:3]
    missing.unlink()
    short.chmod(0o644)
    short.write_bytes(short.read_bytes()[:-1])
    linked.rename(path / "elsewhere")
    linked.symlink_to(path / "elsewhere")
    text = _texts(check_store(path))
    assert f"{missing} is missing (of churn/validate#" in text
    assert f"{short} has" in text
    assert f"{linked} is a symbolic link" in text


def test_orphans_and_strangers_are_noted(path: Path) -> None:
    with Store.open(path) as store:
        store.put_blob(b"nobody's")
    (path / "blobs" / "README").write_text("x")
    found = check_store(path)
    assert found.problems == ()
    assert any("blobs that belong to no build: 1 (8 bytes)" in note for note in found.notes)
    assert any("README is not a file of the store" in note for note in found.notes)


def test_a_row_that_refers_to_nothing_is_found(path: Path) -> None:
    with sqlite3.connect(path / "store.db") as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DELETE FROM build WHERE number = 3")
    db.close()
    assert "refers to a row of build that is not there" in _texts(check_store(path))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE build SET description = 'other' WHERE number = 7",
        "UPDATE metric SET value = value + 1e-9 WHERE run_id = 7 AND position = 0",
        "UPDATE run SET params = replace(params, 'tree', 'free') WHERE build_id = 7",
        "UPDATE run SET params = 'not json' WHERE build_id = 7",
        'UPDATE series SET "values" = zeroblob(24) WHERE run_id = 7',
        "DELETE FROM metric WHERE run_id = 7",
    ],
)
def test_values_that_changed_since_they_were_saved_are_found(path: Path, change: str) -> None:
    with sqlite3.connect(path / "store.db") as db:
        assert db.execute(change).rowcount > 0
    db.close()
    assert check_store(path).problems == ()
    (problem,) = check_store(path, read_data=True).problems
    assert "build" in problem.text


@pytest.mark.parametrize("first", [2, 30])
def test_a_damaged_database_is_told_not_raised(path: Path, first: int) -> None:
    file = path / "store.db"
    whole = bytearray(file.read_bytes())
    for page in range(first, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(whole)
    found = check_store(path)
    assert found.problems
    assert "store.db" in found.problems[0].text
