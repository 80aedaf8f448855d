"""How the sample Jenkins serves archived files: types, ranges, validators, directories and zips."""

from __future__ import annotations

import io
import mimetypes
import re
import zipfile
from collections.abc import Iterable
from html import escape
from urllib.parse import unquote

from reportgen.demo.model import SampleBuild
from reportgen.demo.responses import ARTIFACT_POLICY, Request, Response, html_response, http_date, not_found
from reportgen.globs import matches

_GUARDS = (("Content-Security-Policy", ARTIFACT_POLICY), ("X-Content-Type-Options", "nosniff"))
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_COMPRESSIBLE = re.compile(r"text/|application/(json|javascript|xml)|image/svg")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def serve_artifact(build: SampleBuild, raw_path: str, request: Request) -> Response:
    """Return the file, listing or zip at `raw_path` (escaped, relative to ``artifact/``)."""
    segments = [unquote(part) for part in raw_path.split("/")]
    if ".." in segments:
        return html_response(400, "Bad Request")
    path = "/".join(segments)
    if build.artifacts.get(path) is not None:
        return _serve_file(build, path, request)
    for view in ("/*view*", "/*fingerprint*"):
        plain, found, rest = path.partition(view)
        if found and build.artifacts.get(plain) is not None:
            if view == "/*view*":
                return _serve_file(build, plain, request, content_type="text/plain;charset=UTF-8")
            return _serve_file(build, plain, request) if rest.strip("/") else html_response(200, "Fingerprint")
    if "*zip*" in segments:
        return _serve_zip(build, segments[: segments.index("*zip*")])
    return _serve_directory(build, path)


def _serve_file(build: SampleBuild, path: str, request: Request, *, content_type: str = "") -> Response:
    modified = http_date(build.timestamp + build.duration)
    if request.headers.get("if-modified-since") == modified:
        return Response(status=304, headers=_GUARDS)
    body = build.content(path)
    content_type = content_type or _content_type(path)
    headers = (
        ("Content-Type", content_type),
        ("Last-Modified", modified),
        ("Expires", modified),
        ("Accept-Ranges", "bytes"),
        *_GUARDS,
    )
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if not asked:
        return Response(headers=headers, body=body, compressible=_COMPRESSIBLE.match(content_type) is not None)
    first, last = int(asked[1]), min(int(asked[2] or len(body) - 1), len(body) - 1)
    if first > last:
        return html_response(500, "Oops!")
    span = ("Content-Range", f"bytes {first}-{last}/{len(body)}")
    return Response(status=206, headers=(*headers, span), body=body[first : last + 1])


def _content_type(path: str) -> str:
    kind = mimetypes.guess_type(path, strict=True)[0] or "application/octet-stream"
    return kind + ";charset=UTF-8" if kind.startswith("text/") else kind


def _serve_directory(build: SampleBuild, path: str) -> Response:
    prefix = path.rstrip("/") + "/" if path.strip("/") else ""
    inside = [name[len(prefix) :] for name in build.artifacts if name.startswith(prefix)]
    if not inside:
        return not_found()
    if path and not path.endswith("/"):
        return Response(status=302, headers=(("Location", path.rsplit("/", 1)[-1] + "/"),))
    names = sorted({name.split("/")[0] + ("/" if "/" in name else "") for name in inside})
    return html_response(200, "Files", "".join(f"<li>{escape(name)}</li>" for name in names), headers=_GUARDS)


def _serve_zip(build: SampleBuild, segments: list[str]) -> Response:
    place = "/".join(segments)
    if any(mark in place for mark in "*?"):
        members = {name: name for name in build.artifacts if matches(place, name)}
    else:
        prefix = place + "/" if place else ""
        top = segments[-1] if segments else "archive"
        members = {f"{top}/{name[len(prefix) :]}": name for name in build.artifacts if name.startswith(prefix)}
    if not members:
        return not_found()
    body = _zipped((label, build.content(name)) for label, name in members.items() if build.artifacts[name] is not None)
    return Response(headers=(("Content-Type", "application/zip"), *_GUARDS), body=body, sized=False)


def _zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for label, content in members:
            archive.writestr(zipfile.ZipInfo(label, _EPOCH), content)
    return buffer.getvalue()
