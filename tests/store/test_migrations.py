"""Stores of every past schema open as they were, and a migration that fails changes nothing."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.errors import StoreError
from reportgen.store import schema
from reportgen.store.check import check_store
from reportgen.store.db import Store
from reportgen.store.view import StoreView
from tests.store.make_schema_fixture import builds, fill
from tests.support.builds import NOW, START, make_build, plain

FIXTURES = Path(__file__).parent / "fixtures"


def _store_of(path: Path, number: int) -> Path:
    path.mkdir()
    database = sqlite3.connect(path / "store.db")
    database.executescript((FIXTURES / f"schema-{number}.sql").read_text(encoding="utf-8"))
    database.close()
    return path


def test_there_is_a_fixture_of_every_schema() -> None:
    found = {int(re.findall(r"\d+", path.name)[0]) for path in FIXTURES.glob("schema-*.sql")}
    assert found == set(range(1, schema.LATEST + 1))


@pytest.mark.parametrize("number", range(1, schema.LATEST + 1))
def test_a_store_of_a_past_schema_holds_what_was_saved(tmp_path: Path, number: int) -> None:
    path = _store_of(tmp_path / "store", number)
    with Store.open(path) as store, store.view() as view:
        one, two, three = builds()
        expected = [replace(one, gone_since=NOW), two, replace(three, job="new")]
        loaded = [view.build(build.job, build.number) for build in expected]
        assert plain(loaded) == plain([replace(build, last_read=NOW) for build in expected])
        assert store.save_builds([two, make_build(4)], now=NOW).unchanged == 1
        assert store.known_builds("churn/validate")[4].pruned
        assert store.harvest_state("churn/validate") == {"backfilled": True}
        assert [build.started_at for build in view.running()] == [START]
        assert [version.id for version in view.versions()] == ["20261124T040000Z"]
        assert list(view.pages("public")) == ["index.html"]
        assert [tomb.reason for tomb in view.tombstones()] == ["wrong data"]
    assert check_store(path, read_data=True).problems == ()


def test_a_migrated_store_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    Store.open(_store_of(tmp_path / "old", 1)).close()
    fill(tmp_path / "new")
    assert _schema(tmp_path / "old") == _schema(tmp_path / "new")


def _schema(path: Path) -> set[tuple[str, ...]]:
    database = sqlite3.connect(path / "store.db")
    rows = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    return {*rows, (str(version),)}


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pretend that the program knows one schema more; the list holds its migration."""
    step = ["ALTER TABLE build ADD COLUMN colour TEXT;\nCREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;\n"]
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *step))
    monkeypatch.setattr(schema, "LATEST", schema.LATEST + 1)
    return step


def test_an_older_store_is_upgraded_and_a_copy_kept(tmp_path: Path, one_more: list[str]) -> None:
    path = _store_of(tmp_path / "store", 1)
    with Store.open(path) as store:
        assert store.save_builds([make_build(9)], now=NOW).new == 1
    database = sqlite3.connect(path / "store.db")
    assert database.execute("PRAGMA user_version").fetchone() == (schema.LATEST,)
    assert database.execute("SELECT count(colour) FROM build").fetchone() == (0,)
    database.close()
    copy = sqlite3.connect(path / "store.db.schema1")
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT count(*) FROM build WHERE number = 9").fetchone() == (0,)
    assert copy.execute("SELECT count(*) FROM build").fetchone() == (3,)
    copy.close()


def test_an_older_store_is_not_upgraded_by_looking_at_it(tmp_path: Path, one_more: list[str]) -> None:
    path = _store_of(tmp_path / "store", 1)
    before = (path / "store.db").read_bytes()
    with pytest.raises(StoreError, match="has schema 1, this reportgen reads schema") as caught:
        StoreView.open(path)
    assert caught.value.hint
    assert (path / "store.db").read_bytes() == before


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _store_of(tmp_path / "store", 1)
    broken = "ALTER TABLE build ADD COLUMN colour TEXT;\nCREATE TABLE build (id INTEGER) STRICT;\n"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        patch.setattr(schema, "LATEST", schema.LATEST + 1)
        with pytest.raises(StoreError, match="already exists"):
            Store.open(path)
    with Store.open(path) as store:
        assert store.save_builds([builds()[1]], now=NOW).unchanged == 1
