"""The steps of the how-to "Publishing", as written there: rsync to another directory, and nginx in front of a site."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from reportgen import cli
from reportgen.site.publish import list_versions, set_alias, verify
from tests.site.support import Project, filled, make_build

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "publishing.md").read_text("utf-8")
RUN = "jobs/churn/validate/{}/index.html"


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def copy(project: Project, target: Path, *trace: str) -> str:
    """Run the script of the manual, with a directory in the place of the other host; return what rsync says was sent."""
    script = block("sh").replace("web@reports.example.com:/srv/reports", str(target))
    assert str(target) in script
    (project.root / "publish.sh").write_text("set -eu\n" + script.replace("rsync -a", "rsync --stats -a"))
    done = subprocess.run(
        [*trace, "sh", "publish.sh"], cwd=project.root, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sent(stats: str) -> int:
    return sum(int(number.replace(",", "")) for number in re.findall(r"Total transferred file size: ([\d,]+)", stats))


@pytest.mark.slow
@pytest.mark.parametrize("alias", ["symlink", "redirect"])
def test_rsync_brings_what_is_new_and_the_copy_is_whole(tmp_path: Path, alias: str) -> None:
    assert shutil.which("rsync"), "install Debian's package rsync"
    project = filled(tmp_path / "project", builds=20)
    project.file.write_text(project.file.read_text().replace("[site]", f'[site]\nalias = "{alias}"'))
    target = tmp_path / "srv"
    target.mkdir()
    first = project.build()
    whole = sent(copy(project, target))
    for step in range(1, 6):
        project.save([make_build(20 + step)])
        last = project.build(step)
        stats = copy(project, target)
    assert sent(stats) < whole / 3
    assert [each.id for each in list_versions(target)] == [each.id for each in list_versions(project.output)]
    assert not (target / first.directory.name).exists(), "it has retired"
    for each in list_versions(target):
        assert not verify(target / each.id)
    assert cli.main(["-f", str(project.file), "versions", "verify", "--site-dir", str(target)]) == 0
    kept = [target / each.id / RUN.format(3) for each in list_versions(target)]
    assert all(path.samefile(kept[0]) for path in kept)
    for site in (target, project.output):
        front = (site / "latest" / "index.html").read_text()
        assert last.directory.name in front if alias == "redirect" else (site / "latest").readlink().name == last.directory.name

    set_alias(project.output, "latest", list_versions(project.output)[1].id, alias)
    copy(project, target)
    assert list_versions(target) == list_versions(project.output)
    assert (target / "latest" / "index.html").read_text() == (project.output / "latest" / "index.html").read_text()


@pytest.mark.slow
def test_rsync_moves_latest_in_one_step_and_last(tmp_path: Path) -> None:
    project = filled(tmp_path / "project", builds=2)
    target, log = tmp_path / "srv", tmp_path / "log"
    target.mkdir()
    project.build()
    copy(project, target)
    project.save([make_build(3)])
    version = project.build(1).version
    calls = "rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat"
    copy(project, target, *f"strace -f -qq -o {log} -e trace={calls}".split())
    lines = log.read_text().splitlines()
    named = [re.findall(r'"([^"]+)"', line)[-1] for line in lines if "rename" in line and line.endswith("= 0")]
    latest = [at for at, name in enumerate(named) if name == "latest"]
    assert len(latest) == 1, "renamed over the old link, once"
    assert not any("unlink" in line and '"latest"' in line for line in lines)
    pages = [at for at, name in enumerate(named) if name.endswith(".html")]
    others = [
        at
        for at, name in enumerate(named)
        if name.endswith((".svg", ".js", ".csv", ".json", ".css")) and "versions" not in name
    ]
    assert max(others) < min(pages) < max(pages) < latest[0]
    assert (target / "latest").readlink().name == version


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[Project, int]]:
    """An nginx with the manual's configuration, in front of the site of a project."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program is not None, "nginx is missing: make nginx"
    project = filled(tmp_path / "project", builds=2)
    project.build()
    tmp_path.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = (
        block("nginx").replace("listen 80;", f"listen 127.0.0.1:{port};").replace("/srv/reportgen/public", str(project.output))
    )
    assert str(project.output) in server
    scratch = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\nuser root;\npid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{scratch}{server}}}\n"
    )
    process = subprocess.Popen([program, "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "error.log").read_text()
                time.sleep(0.05)
        yield project, port
    finally:
        process.terminate()
        process.wait(10)


def test_nginx_serves_the_site_as_the_manual_says(nginx: tuple[Project, int]) -> None:
    project, port = nginx

    def get(path: str) -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers={"Host": "reports.example.com"})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")
        connection.close()
        return found

    status, headers, text = get("/latest/" + RUN.format(1))
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-cache")
    assert "churn/validate" in text
    assert get("/")[0] == 200
    style = next((project.output / "latest" / "assets").glob("style-*.css")).name
    status, sheet, _ = get(f"/latest/assets/{style}")
    assert (status, sheet["Cache-Control"]) == (200, "public, max-age=86400")
    for found in (headers, sheet):
        assert found["Content-Security-Policy"] == "default-src 'self'"
        assert found["X-Content-Type-Options"] == "nosniff"
    status, headers, text = get("/latest/jobs/nothing/index.html")
    assert status == 404
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert "<h1" in text
    assert '<base href="/latest/">' in text
    assert "<base" not in get("/latest/index.html")[2]
