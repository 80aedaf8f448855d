import shutil
import threading
import time
from contextlib import contextmanager

import pytest

from reportgen.serve.watch import Watched, Watcher


class Calls:
    """What a watcher called back with."""

    def __init__(self):
        self.bursts = []
        self._called = threading.Condition()

    def __call__(self, paths):
        with self._called:
            self.bursts.append({path.name for path in paths})
            self._called.notify_all()

    def names(self, wanted):
        """Wait until a burst has one of the names; forget all bursts so far."""
        with self._called:
            assert self._called.wait_for(lambda: any(wanted & burst for burst in self.bursts), 10), (wanted, self.bursts)
            self.bursts.clear()


@contextmanager
def watching(*directories, **options):
    calls, troubles = Calls(), []
    watcher = Watcher(calls, troubles.append, **{"quiet_s": 0.1, **options})
    watcher.start(directories)
    try:
        yield calls, watcher
    finally:
        watcher.close()
    assert troubles == []


def is_page(path):
    return path.suffix == ".md"


def test_a_burst_of_changes_calls_once_and_what_does_not_matter_never(tmp_path):
    content = tmp_path / "content"
    content.mkdir()
    with watching(Watched(content, is_page)) as (calls, _):
        (content / "x.swp").write_text("x")
        for count in range(5):
            (content / f"{count}.md").write_text("x")
            time.sleep(0.01)
        time.sleep(0.6)
        assert calls.bursts == [{f"{count}.md" for count in range(5)}]
        (content / "0.md").rename(content / "new.md")
        calls.names({"new.md"})


def test_changes_without_a_pause_are_told_all_the_same(tmp_path):
    with watching(Watched(tmp_path, is_page), most_s=0.3) as (calls, _):
        end = time.monotonic() + 1.5
        while time.monotonic() < end and not calls.bursts:
            (tmp_path / "a.md").write_text("x")
            time.sleep(0.02)
        assert calls.bursts


def test_a_directory_that_is_made_later_is_watched_with_all_below_it(tmp_path):
    content = tmp_path / "site" / "content"
    with watching(Watched(content, is_page)) as (calls, _):
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "a.md").write_text("x")
        content.mkdir(parents=True)
        calls.names({"site", "content"})
        (content / "a.md").write_text("x")
        calls.names({"a.md"})
        (content / "deep" / "down").mkdir(parents=True)
        calls.names({"deep", "down"})
        (content / "deep" / "down" / "b.md").write_text("x")
        calls.names({"b.md"})


@pytest.mark.parametrize("away", ["deleted", "moved"])
def test_a_directory_that_is_made_again_is_watched_again(tmp_path, away):
    content = tmp_path / "content"
    content.mkdir()
    with watching(Watched(content, is_page)) as (calls, _):
        for round_ in range(3):
            (content / f"{round_}.md").write_text("x")
            calls.names({f"{round_}.md"})
            if away == "deleted":
                shutil.rmtree(content)
            else:
                content.rename(tmp_path / f"old-{round_}")
            calls.names({"content", f"{round_}.md"})
            content.mkdir()
            calls.names({"content"})


def test_a_directory_that_is_moved_in_or_out_is_a_change(tmp_path):
    content, draft = tmp_path / "content", tmp_path / "draft"
    content.mkdir()
    draft.mkdir()
    (draft / "a.md").write_text("x")
    with watching(Watched(content, is_page)) as (calls, _):
        draft.rename(content / "draft")
        calls.names({"draft", "a.md"})
        time.sleep(0.3)
        calls.bursts.clear()
        (content / "draft").rename(draft)
        calls.names({"draft"})


def test_only_the_files_of_a_directory_and_not_those_below_where_that_was_asked_for(tmp_path):
    store = tmp_path / "store"
    with watching(Watched(store, lambda path: path.name == "store.db", recursive=False)) as (calls, _):
        store.mkdir()
        calls.names({"store"})
        (store / "blobs").mkdir()
        (store / "blobs" / "store.db").write_text("x")
        (store / "other").write_text("x")
        time.sleep(0.4)
        assert calls.bursts == []
        (store / "store.db").write_text("x")
        calls.names({"store.db"})


def test_other_directories_may_be_followed_later(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    with watching(Watched(one, is_page)) as (calls, watcher):
        watcher.follow([Watched(other, is_page)])
        (one / "a.md").write_text("x")
        (other / "b.md").write_text("x")
        calls.names({"b.md"})
        (one / "a.md").write_text("y")
        time.sleep(0.4)
        assert calls.bursts == []


def test_directories_made_one_in_another_at_once_do_not_end_the_watch(tmp_path):
    """Watchdog warns about a directory that it met twice; a warning that is an error would end its thread."""
    with watching(Watched(tmp_path, is_page)) as (calls, _):
        for count in range(50):
            tmp_path.joinpath(str(count), *"abcdefgh").mkdir(parents=True)
        (tmp_path / "49" / "a" / "b" / "end.md").write_text("x")
        calls.names({"end.md"})
