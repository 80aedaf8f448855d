import gzip
import http.client
import json
import re
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from reportgen.errors import ReportgenError
from reportgen.serve.http import Signal, Trouble, open_server, split_address


@contextmanager
def serving(root, signal=None, host="127.0.0.1"):
    server = open_server(host, 0, root, signal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        if signal:
            signal.close()
        server.shutdown()
        server.server_close()
        thread.join()


def get(server, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"localhost:{server.server_port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, body


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    (root / "jobs" / "a b").mkdir(parents=True)
    (root / "assets").mkdir()
    (root / "files" / "ab").mkdir(parents=True)
    (root / "index.html").write_text("<html><body>overview</body></html>")
    (root / "404.html").write_text("<html><body>nothing here</body></html>")
    (root / "jobs" / "a b" / "index.html").write_text("job")
    (root / "assets" / "style-0123456789.css").write_text("p{}" * 1000)
    (root / "files" / "ab" / ("ab" * 32 + ".bin")).write_bytes(b"<script>")
    (root / "files" / "ab" / ("ab" * 32 + ".svg")).write_text("<svg onload='alert(1)'/>")
    (root / ".hidden").write_text("hidden")
    (tmp_path / "site-secret").mkdir()
    (tmp_path / "site-secret" / "x.txt").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out").symlink_to(tmp_path)
    (root / "latest").symlink_to(".")
    return root


def test_pages_and_directories_are_served(site):
    with serving(site) as server:
        assert get(server, "/")[2] == b"<html><body>overview</body></html>"
        assert get(server, "/jobs/a%20b/index.html")[2] == b"job"
        assert get(server, "/latest/jobs/a%20b/")[2] == b"job"
        status, headers, _ = get(server, "/jobs/a%20b")
        assert (status, headers["location"]) == (301, "a%20b/")
        status, headers, body = get(server, "/", "HEAD")
        assert (status, headers["content-length"], body) == (200, "34", b"")
        assert get(server, "/nope")[::2] == (404, b"<html><body>nothing here</body></html>")
        assert get(server, "/", "POST")[0] == 501


def test_a_missing_page_is_told_by_the_version_that_was_asked_and_its_links_hold(tmp_path):
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        text = (
            f'<body data-root=""><link href="assets/a.css"><a href="#main">x</a><a href="https://x.example/">{name}</a></body>'
        )
        (tmp_path / name / "404.html").write_text(text)
    (tmp_path / "latest").symlink_to("v2")
    with serving(tmp_path) as server:
        for path, top, name in (("/v1/jobs/x/", "/v1/", "v1"), ("/nope/x", "/latest/", "v2"), ("/latest/y", "/latest/", "v2")):
            status, _, body = get(server, path)
            assert status == 404
            assert re.findall(r'="([^"]*)"', body.decode()) == [top, f"{top}assets/a.css", "#main", "https://x.example/"]
            assert f">{name}<" in body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/..%5csecret.txt", "//etc/passwd", "/%2fetc/passwd",
        "/out/secret.txt", "/out/site-secret/x.txt", "/../site-secret/x.txt", "/.hidden", "/%00", "/jobs/../../secret.txt",
        "/\\secret.txt", "/%ff", "/./index.html", "/index.html/", "/index.html/..", "/" + "a" * 300, "/" + "a/" * 3000,
    ],
)  # fmt: skip
def test_nothing_outside_the_site_can_be_read(site, path):
    with serving(site) as server:
        status, _, body = get(server, path)
        if path != "/index.html/":
            assert status == 404
        assert b"secret" not in body
        assert b"hidden" not in body
        assert b"root:" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost", "localhost:1", "", "127.0.0.1.evil.example:{port}"]
)
def test_a_foreign_host_is_refused(site, host):
    with serving(site) as server:
        status, _, body = get(server, "/", Host=host.format(port=server.server_port))
        assert status == 403
        assert b"overview" not in body


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}"])
def test_its_own_names_are_answered(site, host):
    with serving(site) as server:
        assert get(server, "/", Host=host.format(port=server.server_port))[0] == 200


def test_a_request_without_a_host_is_refused(site):
    with serving(site) as server, socket.create_connection(("127.0.0.1", server.server_port)) as raw:
        raw.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.recv(100)


def test_nothing_is_readable_across_origins(site):
    with serving(site) as server:
        status, headers, _ = get(server, "/", Origin="https://evil.example")
        assert status == 200
        assert not any(name.startswith("access-control") for name in headers)
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert get(server, "/", "OPTIONS", Origin="https://evil.example")[0] == 501


def test_headers_of_pages_assets_and_attachments(site):
    digest = "ab" * 32
    with serving(site) as server:
        headers = get(server, "/index.html")[1]
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-cache"
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"
        )
        assert get(server, "/index.html", If_None_Match=headers["etag"])[0::2] == (304, b"")
        assert "immutable" in get(server, "/assets/style-0123456789.css")[1]["cache-control"]
        headers = get(server, f"/files/ab/{digest}.bin")[1]
        assert headers["content-type"] == "application/octet-stream"
        assert headers["content-disposition"] == "attachment"
        assert "sandbox" in get(server, f"/files/ab/{digest}.svg")[1]["content-security-policy"]


def test_text_is_compressed_for_who_can_read_it(site):
    with serving(site) as server:
        _, headers, body = get(server, "/assets/style-0123456789.css", Accept_Encoding="gzip, br")
        assert headers["content-encoding"] == "gzip"
        assert gzip.decompress(body) == b"p{}" * 1000
        assert "content-encoding" not in get(server, "/assets/style-0123456789.css")[1]


def test_the_preview_adds_its_script_and_the_published_site_does_not(site):
    with serving(site) as server:
        assert b"reload.js" not in get(server, "/")[2]
        assert get(server, "/__reportgen__/reload.js")[0] == 404
    with serving(site, Signal()) as server:
        _, headers, body = get(server, "/")
        assert body == b'<html><body>overview<script src="/__reportgen__/reload.js" defer></script></body></html>'
        assert "connect-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert b"XMLHttpRequest" in get(server, "/__reportgen__/reload.js")[2]


def test_a_browser_that_waits_hears_of_the_next_build_at_once(site):
    signal = Signal()
    with serving(site, signal) as server:
        first = json.loads(get(server, "/__reportgen__/wait?seen=0")[2])
        assert first["trouble"] is None
        started = time.monotonic()
        threading.Timer(0.1, signal.announce, [Trouble("content/a.md:3: no such run", "mend it")]).start()
        second = json.loads(get(server, f"/__reportgen__/wait?seen={first['number']}")[2])
        assert time.monotonic() - started < 5
        assert second["number"] > first["number"]
        assert second["trouble"] == {"message": "content/a.md:3: no such run", "hint": "mend it"}
        signal.announce()
        assert json.loads(get(server, f"/__reportgen__/wait?seen={second['number']}")[2])["trouble"] is None


def test_a_first_build_that_fails_is_told_in_the_browser(tmp_path):
    signal = Signal()
    signal.announce(Trouble("reportgen.toml: <bad>"))
    with serving(tmp_path, signal) as server:
        status, _, body = get(server, "/")
        assert status == 500 or status == 404
        assert b"&lt;bad&gt;" in body
        assert b"reload.js" in body


def test_a_taken_port_is_left_to_its_owner(site):
    with serving(site) as server:
        other = open_server("127.0.0.1", server.server_port, site)
        assert other.server_port > server.server_port
        other.server_close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("localhost", ("localhost", 8000)),
        ("9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
    ],
)
def test_addresses(address, expected):
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["a:b", "::1:5", "localhost:99999", "http://x"])
def test_what_is_no_address(address):
    with pytest.raises(ReportgenError, match="is not an address"):
        split_address(address)
