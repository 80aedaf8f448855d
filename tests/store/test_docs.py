"""The manual of the store says what the store is: every table, column and view, and examples that run."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen.store import schema
from reportgen.store.check import check_store
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "store.md"
TEXT = PAGE.read_text(encoding="utf-8")
PRIVATE = {"state", "harvest_state", "site_state", "page"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("project")
    with Store.open(path / ".reportgen") as store:
        store.save_builds([make_build(number, f1=number / 10) for number in range(1, 8)], now=NOW)
    return path


@pytest.fixture
def database(project: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{project / '.reportgen' / 'store.db'}?mode=ro", uri=True)
    yield connection
    connection.close()


def test_every_table_and_column_is_described(database: sqlite3.Connection) -> None:
    described = {
        heading: re.findall(r"^\| `(\w+)` \| (\w+) \|", body, re.MULTILINE)
        for heading, body in re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    }
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    real = {
        name: [(column, kind) for _, column, kind, *_ in database.execute(f"PRAGMA table_info({name})")]
        for name in names
        if name not in PRIVATE
    }
    described.pop("state", None)
    assert described == real
    assert set(names) >= PRIVATE
    assert all(name in TEXT for name in PRIVATE)


def test_every_view_and_its_columns_are_described(database: sqlite3.Connection) -> None:
    (section,) = re.findall(r"^## Views\n(.*?)^##", TEXT, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", section, re.MULTILINE)
    described = {name: re.findall(r"`(\w+)`", columns) for name, columns in rows}
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]
    assert described == {name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")] for name in names}


def test_the_schema_number_is_told() -> None:
    assert f"Schema {schema.LATEST};" in TEXT


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL))
def test_the_queries_run(database: sqlite3.Connection, query: str) -> None:
    rows = database.execute(query.replace("3f2a…", "ab" * 32)).fetchall()
    assert len(rows) == 7


@pytest.mark.parametrize("program", re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
def test_the_programs_run(project: Path, program: str) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_backup_is_made_as_described(project: Path, tmp_path: Path) -> None:
    (statement,) = re.findall(r'sqlite3 \.reportgen/store\.db "(VACUUM INTO \'backup\.db\')"', TEXT)
    with Store.open(project / ".reportgen") as store:
        store.put_blob(b"kept")
        connection = sqlite3.connect(project / ".reportgen" / "store.db")
        connection.execute(statement.replace("backup.db", str(tmp_path / "store.db")))
        connection.close()
    shutil.copytree(project / ".reportgen" / "blobs", tmp_path / "blobs")
    found, whole = (check_store(path, read_data=True) for path in (tmp_path, project / ".reportgen"))
    assert (found.problems, found.builds, found.blobs) == ((), whole.builds, whole.blobs)
    with Store.open(tmp_path) as restored, restored.view() as view:
        assert [row.number for row in view.build_ids()] == [7, 6, 5, 4, 3, 2, 1]


def test_the_views_agree_with_what_was_saved(database: sqlite3.Connection) -> None:
    build = make_build(7, f1=0.7)
    found = database.execute("SELECT metric, value, low FROM metric_values WHERE number = 7 ORDER BY metric").fetchall()
    assert found == sorted((metric.name, metric.value, metric.low) for metric in build.runs[0].metrics)
    assert dict(database.execute("SELECT param, value FROM param_values WHERE number = 7")) == build.runs[0].params
    assert database.execute("SELECT tag, value FROM tag_values WHERE number = 7").fetchall() == [("kind", "candidate")]
    assert database.execute("SELECT DISTINCT dataset, role, rows FROM dataset_uses").fetchall() == [
        ("validation", "validation", 1305)
    ]
    assert database.execute("SELECT role, sha256 FROM model_uses WHERE number = 7").fetchall() == [("input", f"{7:064x}")]
    assert database.execute("SELECT upstream_job, upstream_number FROM upstream_builds WHERE number = 7").fetchall() == [
        ("churn/train", 7)
    ]
