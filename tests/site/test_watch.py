import threading
import time

from reportgen.serve.watch import Watched, Watcher


def test_a_burst_of_changes_calls_once_and_what_does_not_matter_never(tmp_path):
    calls, called = [], threading.Event()

    def changed(paths):
        calls.append({path.name for path in paths})
        called.set()

    (tmp_path / "content").mkdir()
    watcher = Watcher(changed, quiet_s=0.1)
    watcher.start([Watched(tmp_path / "content", lambda path: path.suffix == ".md"), Watched(tmp_path / "missing", bool)])
    try:
        (tmp_path / "content" / "x.swp").write_text("x")
        for count in range(5):
            (tmp_path / "content" / f"{count}.md").write_text("x")
            time.sleep(0.01)
        assert called.wait(5)
        time.sleep(0.3)
        assert calls == [{f"{count}.md" for count in range(5)}]
        called.clear()
        (tmp_path / "content" / "0.md").rename(tmp_path / "content" / "new.md")
        assert called.wait(5)
        assert "new.md" in calls[-1]
    finally:
        watcher.close()
