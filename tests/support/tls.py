"""A TLS server with a certificate of its own, made by openssl."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def certificate(keep: Path, *, host: str = "127.0.0.1", expired: bool = False) -> Path:
    """Make a self-signed certificate for `host`; the file holds the key too."""
    made, key = keep / "certificate.pem", keep / "key.pem"
    name = f"IP:{host}" if host[0].isdigit() else f"DNS:{host}"
    ends = ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"] if expired else ["-days", "30"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        str(key),
    ]
    if expired:
        _expired(keep, key, made, name)
    else:
        subprocess.run(
            [*command, "-out", str(made), "-subj", "/CN=test", "-addext", f"subjectAltName={name}", *ends],
            check=True,
            capture_output=True,
        )
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


def _expired(keep: Path, key: Path, made: Path, name: str) -> None:
    request, index, extensions = keep / "request.pem", keep / "index.txt", keep / "extensions.cnf"
    index.write_text("")
    extensions.write_text(
        f"[ca]\ndefault_ca=it\n[it]\ndatabase={index}\nnew_certs_dir={keep}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
        f"x509_extensions=ext\n[any]\ncommonName=supplied\n[ext]\nsubjectAltName={name}\nbasicConstraints=CA:TRUE\n"
    )
    base = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*base, "-keyout", str(key), "-out", str(request), "-subj", "/CN=test"], check=True, capture_output=True)
    sign = ["openssl", "ca", "-batch", "-selfsign", "-config", str(extensions), "-keyfile", str(key), "-in", str(request)]
    dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]
    subprocess.run([*sign, "-out", str(made), "-notext", *dates], check=True, capture_output=True)


class _Handler(BaseHTTPRequestHandler):
    redirect = ""

    def do_GET(self) -> None:
        body = b'{"ok": true}'
        self.send_response(302 if self.redirect else 200)
        if self.redirect:
            self.send_header("Location", self.redirect)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class _Quiet(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that do not trust us hang up."""


@contextmanager
def serve_tls(certificate_file: Path, *, redirect: str = "") -> Iterator[str]:
    """Serve ``{"ok": true}`` under this certificate, or redirect everything, and give the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)
    server = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), {"redirect": redirect}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
