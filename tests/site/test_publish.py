import json
import re
import threading
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest

from reportgen.errors import PublishError
from reportgen.serve.http import open_server
from reportgen.site.manifest import read_manifest
from reportgen.site.publish import (
    announce,
    check_version_id,
    delete_versions,
    difference,
    free_id,
    generated_id,
    list_versions,
    retire,
    reveal,
    set_alias,
    title_of,
    verify,
)
from reportgen.site.write import finish_tree, start_tree


def publish(output, version, alias="symlink", **files):
    tree = start_tree(output, version, None)
    pages = {"index.html": f"<title>{version}</title>".encode(), **{k: v.encode() for k, v in files.items()}}
    finish_tree(tree, version, {path: tree.write(path, data) for path, data in pages.items()})
    reveal(output, tree.root, version)
    return announce(output, version, alias=alias)


@pytest.mark.parametrize("kind", ["symlink", "copy", "redirect"])
def test_latest_leads_to_the_newest_version(tmp_path, kind):
    for version in ("v1", "v2", "v3"):
        publish(tmp_path, version, kind)
        text = (tmp_path / "latest" / "index.html").read_text()
        assert (f'url=../{version}/index.html"' if kind == "redirect" else f"<title>{version}</title>") in text
    assert json.loads((tmp_path / "versions.json").read_text()) == [
        {"version": "v3", "title": "v3", "aliases": ["latest"]},
        {"version": "v2", "title": "v2", "aliases": []},
        {"version": "v1", "title": "v1", "aliases": []},
    ]
    assert 'url=latest/index.html"' in (tmp_path / "index.html").read_text()
    assert not list(tmp_path.glob(".reportgen-*"))


def test_the_kind_of_alias_may_change(tmp_path):
    for version, kind in [("v1", "symlink"), ("v2", "copy"), ("v3", "redirect"), ("v4", "symlink"), ("v5", "copy")]:
        publish(tmp_path, version, kind)
        assert version in (tmp_path / "latest" / "index.html").read_text()
        assert (tmp_path / "latest").is_symlink() == (kind == "symlink")
    assert [version.id for version in list_versions(tmp_path)] == ["v5", "v4", "v3", "v2", "v1"]


def test_announcing_twice_changes_nothing(tmp_path):
    publish(tmp_path, "v1")
    publish(tmp_path, "v2")
    set_alias(tmp_path, "stable", "v1", "symlink")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    announce(tmp_path, "v2")
    assert {path: path.read_bytes() for path in tmp_path.glob("*.*")} == before
    assert str((tmp_path / "stable").readlink()) == "v1"


def test_going_back_is_moving_the_alias(tmp_path):
    publish(tmp_path, "v1")
    publish(tmp_path, "v2")
    versions = set_alias(tmp_path, "latest", "v1", "symlink")
    assert (tmp_path / "latest" / "index.html").read_text() == "<title>v1</title>"
    assert [(version.id, version.aliases) for version in versions] == [("v2", ()), ("v1", ("latest",))]
    publish(tmp_path, "v3")
    assert (tmp_path / "latest" / "index.html").read_text() == "<title>v3</title>"


@pytest.mark.parametrize("name", ["v1", "versions.json", "../x", ".hidden", ""])
def test_an_alias_must_not_hide_anything(tmp_path, name):
    publish(tmp_path, "v1")
    with pytest.raises(PublishError, match="cannot be an alias"):
        set_alias(tmp_path, name, "v1", "symlink")


def test_an_alias_to_nothing_lists_what_there_is(tmp_path):
    publish(tmp_path, "v1")
    with pytest.raises(PublishError, match="no version 'v9'") as caught:
        set_alias(tmp_path, "stable", "v9", "symlink")
    assert caught.value.hint == "published: v1"


def test_retention_keeps_the_newest_and_what_an_alias_names(tmp_path):
    for number in range(6):
        publish(tmp_path, f"v{number}")
        if number == 0:
            set_alias(tmp_path, "audited", "v0", "symlink")
    assert retire(tmp_path, 3) == ["v2", "v1"]
    assert [version.id for version in list_versions(tmp_path)] == ["v5", "v4", "v3", "v0"]
    assert not (tmp_path / "v1").exists()
    assert retire(tmp_path, 3) == []


def test_delete_refuses_what_an_alias_names(tmp_path):
    publish(tmp_path, "v1")
    publish(tmp_path, "v2")
    with pytest.raises(PublishError, match="latest leads to"):
        delete_versions(tmp_path, ["v1", "v2"])
    assert len(list_versions(tmp_path)) == 2
    delete_versions(tmp_path, ["v1"])
    assert [version.id for version in list_versions(tmp_path)] == ["v2"]


@pytest.mark.parametrize("version", ["v1", "20261123T020001Z", "1", "a" * 64, "A._-"])
def test_version_ids(version):
    assert check_version_id(version) == version


@pytest.mark.parametrize("version", ["", "latest", ".x", "-x", "a/b", "a" * 65, "ä", "a b", "versions.json", "..", "v1\n"])
def test_what_is_no_version_id(version):
    with pytest.raises(PublishError, match="cannot be a version id"):
        check_version_id(version)


def test_a_generated_id_that_is_taken_counts_on(tmp_path):
    wanted = generated_id(datetime(2026, 11, 23, 2, 0, 1, tzinfo=UTC))
    assert wanted == "20261123T020001Z"
    assert free_id(tmp_path, wanted) == wanted
    publish(tmp_path, wanted)
    assert free_id(tmp_path, wanted) == f"{wanted}-2"
    publish(tmp_path, f"{wanted}-2")
    assert free_id(tmp_path, wanted) == f"{wanted}-3"
    assert title_of(f"{wanted}-2") == "2026-11-23 02:00:01 UTC (2)"


def test_a_version_is_never_published_over_another(tmp_path):
    publish(tmp_path, "v1")
    tree = start_tree(tmp_path, "v1", None)
    with pytest.raises(PublishError, match="already exists"):
        reveal(tmp_path, tree.root, "v1")


def test_a_lost_or_torn_list_of_versions_is_made_anew(tmp_path):
    for version in ("v1", "v2", "v3"):
        publish(tmp_path, version, "copy")
    (tmp_path / "versions.json").write_text("[{")
    (tmp_path / "stray").mkdir()
    assert [version.id for version in list_versions(tmp_path)] == ["v3", "v2", "v1"]


def test_verify_finds_every_flipped_missing_and_extra_file(tmp_path):
    publish(tmp_path, "v1", a="aaaa", b="bbbb", c="cccc")
    assert not verify(tmp_path / "v1")
    (tmp_path / "v1" / "a").write_text("aaab")
    (tmp_path / "v1" / "b").unlink()
    (tmp_path / "v1" / "d").mkdir()
    (tmp_path / "v1" / "d" / "x").write_text("x")
    assert verify(tmp_path / "v1") == (("b",), ("d/x",), ("a",))
    (tmp_path / "v1" / "manifest.json").unlink()
    with pytest.raises(PublishError, match="no readable manifest"):
        verify(tmp_path / "v1")


def test_the_difference_of_two_versions(tmp_path):
    publish(tmp_path, "v1", a="1", b="1", c="1")
    publish(tmp_path, "v2", a="1", b="2", d="1")
    found = difference(read_manifest(tmp_path / "v1"), read_manifest(tmp_path / "v2"))
    assert found == (("d",), ("c",), ("b", "index.html"))


@pytest.mark.parametrize("kind", ["symlink", "copy", "redirect"])
def test_a_reader_never_finds_latest_missing_or_mixed(tmp_path, kind):
    publish(tmp_path, "v0", kind)
    stop, seen, wrong = threading.Event(), set(), []

    def read():
        while not stop.is_set():
            try:
                seen.add((tmp_path / "latest" / "index.html").read_bytes())
                json.loads((tmp_path / "versions.json").read_bytes())
            except (OSError, ValueError) as problem:
                wrong.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 40):
        publish(tmp_path, f"v{number}", kind)
    stop.set()
    reader.join()
    assert wrong == []
    assert len(seen) > 1


ASSET = "assets/style-0123456789.css"


def publish_next(output, number, previous, kind):
    """Publish version number `number`: three large pages that say nothing but its name, and an asset that stays the same."""
    version = f"v{number}"
    tree = start_tree(output, version, output / previous if previous else None)
    before = (read_manifest(output / previous) or {}) if previous else {}
    body = f'<link href="{ASSET}">'.encode() + f"<p>{version}</p>\n".encode() * 5000
    pages = dict.fromkeys(("index.html", "about/index.html", "jobs/a/1/index.html"), body)
    files = {path: tree.put(path, data, before.get(path)) for path, data in {**pages, ASSET: b"p {}"}.items()}
    finish_tree(tree, version, files)
    reveal(output, tree.root, version)
    announce(output, version, alias=kind)
    retire(output, 40)
    return version


class Reader(threading.Thread):
    """Reads the site over HTTP, again and again, and keeps what was wrong."""

    def __init__(self, port):
        super().__init__()
        self.connection = HTTPConnection("127.0.0.1", port, timeout=10)
        self.stop, self.wrong, self.seen = threading.Event(), [], set()

    def get(self, path):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        data = answer.read().decode()
        if answer.status != 200:
            self.wrong.append(f"{answer.status} {path}")
        return data

    def run(self):
        while not self.stop.is_set():
            for path in ("index.html", "about/index.html", "jobs/a/1/index.html"):
                text, top = self.get(f"/latest/{path}"), "latest"
                if moved := re.search(r"url=(?:\.\./)+((v\d+)/[^\"]+)\"", text):
                    text, top = self.get(f"/{moved[1]}"), moved[2]
                said = set(re.findall(r"v\d+", text))
                if len(said) != 1 or text.count("<p>") != 5000:
                    self.wrong.append(f"mixed {path}: {sorted(said)}")
                self.seen |= said
                self.get(f"/{top}/{ASSET}")
            json.loads(self.get("/versions.json"))
        self.connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["symlink", "copy", "redirect"])
def test_two_hundred_publishes_under_readers_give_no_404_and_no_mixed_page(tmp_path, kind):
    version = publish_next(tmp_path, 0, None, kind)
    server = open_server("127.0.0.1", 0, tmp_path)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    readers = [Reader(server.server_port) for _ in range(2)]
    try:
        for reader in readers:
            reader.start()
        for number in range(1, 201):
            version = publish_next(tmp_path, number, version, kind)
    finally:
        for reader in readers:
            reader.stop.set()
            reader.join()
        server.shutdown()
        server.server_close()
    assert [reader.wrong for reader in readers] == [[], []]
    assert min(len(reader.seen) for reader in readers) > 5
    assert [each.id for each in list_versions(tmp_path)] == [f"v{number}" for number in range(200, 160, -1)]
    assert (tmp_path / "v200" / ASSET).samefile(tmp_path / "v161" / ASSET)


def test_an_alias_that_did_not_come_to_move_lets_no_version_retire_that_it_leads_to(tmp_path, monkeypatch):
    for number in range(4):
        publish(tmp_path, f"v{number}")
    set_alias(tmp_path, "audited", "v0", "symlink")

    def fails(*_):
        raise PublishError("the disk is full")

    monkeypatch.setattr("reportgen.site.publish.move_alias", fails)
    with pytest.raises(PublishError, match="the disk is full"):
        set_alias(tmp_path, "audited", "v1", "symlink")
    monkeypatch.undo()
    assert retire(tmp_path, 1) == ["v2"]
    assert (tmp_path / "audited" / "index.html").read_text() == "<title>v0</title>"
    assert [each.aliases for each in set_alias(tmp_path, "audited", "v1", "symlink")] == [("latest",), ("audited",), ()]
