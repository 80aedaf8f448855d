import errno
import json
import os
import stat
from hashlib import sha256

import pytest

from reportgen.errors import PublishError
from reportgen.site.discard import discard
from reportgen.site.manifest import Entry, read_manifest
from reportgen.site.write import Tree, clean_hidden, finish_tree, start_tree


def modes(root):
    return {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in sorted(root.rglob("*"))}


@pytest.mark.parametrize("umask", [0o077, 0o000, 0o022])
def test_files_and_directories_are_readable_by_a_web_server_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        tree = start_tree(tmp_path / "public", "v1", None)
        files = {"a/b/index.html": tree.write("a/b/index.html", b"hello")}
        finish_tree(tree, "v1", files)
    finally:
        os.umask(before)
    assert modes(tree.root) == {"a": 0o755, "a/b": 0o755, "a/b/index.html": 0o644, "manifest.json": 0o644}
    assert stat.S_IMODE(tree.root.stat().st_mode) == 0o755


def test_the_manifest_lists_every_file_and_can_be_read_back(tmp_path):
    tree = start_tree(tmp_path, "v1", None)
    files = {name: tree.write(name, name.encode()) for name in ("b.html", 'q"uote/ü.txt', "a/x.json")}
    finish_tree(tree, "v1", files)
    assert read_manifest(tree.root) == files
    manifest = json.loads((tree.root / "manifest.json").read_text())
    assert manifest["schema"] == 1
    assert manifest["version"] == "v1"
    assert list(manifest["files"]) == sorted(files)


def test_an_unchanged_file_is_a_hard_link_and_a_changed_one_is_not(tmp_path):
    old = start_tree(tmp_path, "v1", None)
    before = {"same.html": old.write("same.html", b"same"), "other.html": old.write("other.html", b"old!")}
    old.root.rename(tmp_path / "v1")
    tree = start_tree(tmp_path, "v2", tmp_path / "v1")
    assert tree.put("same.html", b"same", before["same.html"]) == before["same.html"]
    assert tree.put("other.html", b"new!", before["other.html"]).sha256 != before["other.html"].sha256
    assert (tree.root / "same.html").samefile(tmp_path / "v1" / "same.html")
    assert (tmp_path / "v1" / "other.html").read_bytes() == b"old!"


def test_a_shared_file_that_an_older_program_told_in_other_bytes_is_written_anew(tmp_path):
    old = start_tree(tmp_path, "v1", None)
    same, other = old.share("data/same.js", b"same"), old.share("data/other.js", b"old!")
    old.root.rename(tmp_path / "v1")
    tree = start_tree(tmp_path, "v2", tmp_path / "v1")
    assert tree.share("data/same.js", b"same") == same
    assert tree.share("data/other.js", b"new!") == Entry(sha256(b"new!").hexdigest(), 4) != other
    assert (tree.root / "data/same.js").samefile(tmp_path / "v1" / "data/same.js")
    assert (tree.root / "data/other.js").read_bytes() == b"new!"
    assert (tmp_path / "v1" / "data/other.js").read_bytes() == b"old!"


def test_a_text_that_fails_half_way_leaves_nothing(tmp_path):
    tree = start_tree(tmp_path, "v1", None)

    def pieces():
        yield "half of it"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        tree.stream("data/long.js", pieces(), None)
    assert [path for path in tree.root.rglob("*") if path.is_file()] == []


def test_where_hard_links_are_not_allowed_files_are_copied(tmp_path, monkeypatch):
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a.html").write_bytes(b"a")

    def refuse(*_args, **_kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    tree = start_tree(tmp_path, "v2", tmp_path / "v1")
    assert tree.link("a.html")
    assert (tree.root / "a.html").read_bytes() == b"a"


def test_a_file_the_previous_version_lost_is_written_again(tmp_path):
    (tmp_path / "v1").mkdir()
    tree = start_tree(tmp_path, "v2", tmp_path / "v1")
    assert not tree.link("gone.html")
    entry = Tree(tree.root, tmp_path / "v1").put("gone.html", b"x", tree.write("other", b"x"))
    assert entry.size == 1
    assert (tree.root / "gone.html").read_bytes() == b"x"


def test_two_files_of_one_address_are_an_error(tmp_path):
    tree = start_tree(tmp_path, "v1", None)
    tree.write("a/index.html", b"1")
    with pytest.raises(PublishError, match=r"same address: a/index\.html"):
        tree.write("a/index.html", b"2")
    with pytest.raises(PublishError, match=r"same address: a/index\.html"):
        tree.write("a/index.html/b", b"2")


def test_a_full_disk_names_the_path_and_the_room_left(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    tree = start_tree(tmp_path, "v1", None)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(PublishError, match=r"index\.html: No space left on device \([\d,]+ bytes free\)"):
        tree.write("index.html", b"x")


def test_a_copy_of_a_blob_shares_nothing_with_it(tmp_path):
    blob = tmp_path / "blob"
    blob.write_bytes(b"x" * 3_000_000)
    blob.chmod(0o444)
    tree = start_tree(tmp_path / "public", "v1", None)
    entry = tree.copy("files/ab/x.bin", blob)
    copied = tree.root / "files/ab/x.bin"
    assert entry == Entry(entry.sha256, 3_000_000)
    assert not copied.samefile(blob)
    assert stat.S_IMODE(copied.stat().st_mode) == 0o644


def test_what_a_killed_build_left_is_removed(tmp_path):
    left = start_tree(tmp_path, "v1", None)
    left.write("a/b", b"x")
    (tmp_path / ".reportgen-versions.json").write_text("half")
    (tmp_path / "v0").mkdir()
    (tmp_path / ".htaccess").write_text("mine")
    clean_hidden(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".htaccess", "v0"]


@pytest.mark.parametrize("few", [0, 128], ids=["threads", "one thread"])
def test_what_is_removed_is_removed_whole_and_links_out_of_it_are_not_followed(tmp_path, monkeypatch, few):
    monkeypatch.setattr("reportgen.site.discard._FEW", few)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    old = tmp_path / "old"
    for place in ("a/b/c", *(f"runs/{number}" for number in range(20))):
        (old / place).mkdir(parents=True)
        (old / place / "index.html").write_text(place)
    (old / "a" / "out").symlink_to(outside)
    (old / "a" / "file").symlink_to(outside / "kept.txt")
    (old / "gone").symlink_to(tmp_path / "nowhere")
    link = tmp_path / "link"
    link.symlink_to(outside)
    for path in (old, link, tmp_path / "nothing"):
        discard(path)
    assert sorted(tmp_path.iterdir()) == [outside]
    assert (outside / "kept.txt").read_text() == "kept"
