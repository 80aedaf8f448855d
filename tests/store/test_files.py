"""The store on disk: locks, rights, writers side by side, full disks, other file systems, old and newer stores."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from reportgen.errors import StoreError, StoreLocked, StoreTooNew
from reportgen.store import schema
from reportgen.store.blobs import BlobTooLarge
from reportgen.store.db import Store
from reportgen.store.files import disk_error, network_file_system
from reportgen.store.view import StoreView
from tests.support.builds import NOW, make_build


def test_a_blob_is_named_by_its_digest_and_read_only(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        digest, size = store.put_blob([b"some ", b"", b"bytes"])
        assert (digest, size) == (sha256(b"some bytes").hexdigest(), 10)
        assert store.put_blob(b"some bytes") == (digest, size)
        path = store.blobs.path(digest)
        assert path == tmp_path / "store" / "blobs" / digest[:2] / digest[2:]
        assert stat.S_IMODE(path.stat().st_mode) == 0o444
        assert store.blobs.read(digest) == b"some bytes"
        assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_torn_blob_is_replaced(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        digest, _ = store.put_blob(b"some bytes")
        path = store.blobs.path(digest)
        path.chmod(0o644)
        path.write_bytes(b"some")
        store.put_blob(b"some bytes")
        assert path.read_bytes() == b"some bytes"


def test_too_many_bytes_leave_nothing_behind(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with Store.open(tmp_path / "store") as store:
        with pytest.raises(BlobTooLarge, match="more than 5,000 bytes"):
            store.put_blob(endless(), limit=5000)
        assert list((tmp_path / "store" / "tmp").iterdir()) == []
        assert store.put_blob(b"x" * 5000, limit=5000)[1] == 5000


def test_an_error_of_the_source_passes_through(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionResetError(errno.ECONNRESET, "reset by peer")

    with Store.open(tmp_path / "store") as store, pytest.raises(ConnectionResetError):
        store.put_blob(broken())
    assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_blob_is_never_read_through_a_link(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        digest, _ = store.put_blob(b"some bytes")
        path = store.blobs.path(digest)
        path.unlink()
        (tmp_path / "secret").write_text("secret")
        path.symlink_to(tmp_path / "secret")
        with pytest.raises(StoreError, match=digest):
            store.blobs.read(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "ab", "AB" * 32, "0" * 64 + "\n", ""])
def test_only_a_digest_names_a_blob(tmp_path: Path, name: str) -> None:
    with Store.open(tmp_path / "store") as store, pytest.raises(ValueError, match="not a SHA-256"):
        store.blobs.path(name)


def test_a_directory_of_the_store_may_not_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "blobs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="not a directory of the store"):
        Store.open(tmp_path / "store")


def test_threads_may_put_blobs_at_once(tmp_path: Path) -> None:
    contents = [str(number % 50).encode() * 100 for number in range(400)]
    with Store.open(tmp_path / "store") as store, ThreadPoolExecutor(8) as pool:
        put = list(pool.map(store.put_blob, contents))
        assert all(store.blobs.read(digest) == content for (digest, _), content in zip(put, contents, strict=True))
        assert len(list(store.blobs.stored())) == 50


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077, 0o177])
def test_rights_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with Store.open(tmp_path / "store") as store:
            digest, _ = store.put_blob(b"x")
            directories = [store.path, store.path / "tmp", store.path / "blobs", store.blobs.path(digest).parent]
            assert {stat.S_IMODE(each.stat().st_mode) for each in directories} == {0o700}
            assert stat.S_IMODE(store.blobs.path(digest).stat().st_mode) == 0o444
    finally:
        os.umask(before)


def test_a_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store"):
        with pytest.raises(StoreLocked, match="another reportgen") as caught:
            Store.open(tmp_path / "store")
        assert caught.value.exit_code == 75
    Store.open(tmp_path / "store").close()


WRITER = """
import sys, time
from pathlib import Path
from reportgen.errors import ReportgenError
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build
number = int(sys.argv[2])
try:
    with Store.open(Path(sys.argv[1])) as store:
        for each in range(5):
            store.put_blob(bytes([each]) * 1000)
            store.save_builds([make_build(number * 10 + each)], now=NOW)
            time.sleep(0.02)
except ReportgenError as error:
    sys.exit(error.exit_code)
"""


def test_of_six_writers_each_saves_all_or_is_told_the_store_is_taken(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "store"), str(number)], cwd=root)
        for number in range(1, 7)
    ]
    codes = [writer.wait(60) for writer in writers]
    assert set(codes) <= {0, 75}
    assert 0 in codes
    with StoreView.open(tmp_path / "store") as view:
        assert len(view.build_ids()) == 5 * codes.count(0)


def test_what_a_killed_writer_left_is_cleaned(tmp_path: Path) -> None:
    Store.open(tmp_path / "store").close()
    (tmp_path / "store" / "tmp" / "tmpabc").write_bytes(b"half")
    with Store.open(tmp_path / "store"):
        assert list((tmp_path / "store" / "tmp").iterdir()) == []


def test_a_full_disk_is_told_with_path_and_room(tmp_path: Path) -> None:
    error = disk_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), tmp_path / "x", "write")
    assert error.message.startswith(f"cannot write {tmp_path / 'x'}: No space left on device (")
    assert error.message.endswith(" bytes free)")
    assert error.hint


def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    """SQLite itself is limited to few pages, which is how it sees a full disk."""
    with Store.open(tmp_path / "store") as store:
        store.save_builds([make_build(1)], now=NOW)
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreError, match=r"store\.db: database or disk is full \([\d,]+ bytes free\)") as caught:
            store.save_builds([make_build(number) for number in range(2, 200)], now=NOW)
        assert caught.value.hint
        store._db.execute("PRAGMA max_page_count = 100000")
        assert store.save_builds([make_build(2)], now=NOW).new == 1
        with store.view() as view:
            assert [row.number for row in view.build_ids()] == [2, 1]


def test_a_file_where_the_store_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreError, match="is not a directory"):
        Store.open(tmp_path / "store")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "store.db").write_text("this is no database, though it is long enough to look like one" * 99)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(tmp_path / "other")
    with pytest.raises(StoreError, match="not a database"):
        StoreView.open(tmp_path / "other")
    Store.open(tmp_path / "third").close()


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/team /team nfs4 rw 0 0
/dev/vdb /team/local ext4 rw 0 0
//share/a\\040b /mnt/a\\040b cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/x", None), ("/team/.reportgen", "nfs4"), ("/team/local/x", None), ("/mnt/a b/c", "cifs"), ("/teams/x", None)],
)
def test_a_network_file_system_is_recognised(path: str, kind: str | None) -> None:
    assert network_file_system(Path(path), MOUNTS) == kind


def test_a_network_file_system_is_a_warning_not_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reportgen.store.db.network_warning", lambda path: f"{path} is on nfs")
    with Store.open(tmp_path / "store") as store:
        assert store.warnings == (f"{tmp_path / 'store'} is on nfs",)
        assert store.save_builds([make_build(1)], now=NOW).new == 1


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path / "store").close()
    file = tmp_path / "store" / "store.db"
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version = {schema.LATEST + 1}")
    db.close()
    before = file.read_bytes()
    for opening in (Store.open, StoreView.open):
        with pytest.raises(StoreTooNew, match=f"schema {schema.LATEST + 1}") as caught:
            opening(tmp_path / "store")
        assert caught.value.hint
    assert file.read_bytes() == before


def test_the_database_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        settings = {
            name: store._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        tables = store._db.execute(
            "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        ).fetchall()
    assert settings == {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1, "busy_timeout": 60_000}
    assert {name for name, strict in tables if not strict} == {"sqlite_schema"}
