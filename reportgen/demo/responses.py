"""Requests to the sample Jenkins and its answers, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from typing import Any

ARTIFACT_POLICY = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked: `path` is still escaped and starts below the context path; `query` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    """Address of the context path, as the request's headers tell it; ends in a slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered. `sized` False leaves ``Content-Length`` out and sends the body in chunks."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sized: bool = True
    compressible: bool = False


def json_response(value: Any, *, pretty: bool = False) -> Response:
    """Return an answer of the remote API."""
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None, separators=None if pretty else (",", ":"))
    return Response(
        headers=(
            ("Content-Type", "application/json;charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "deny"),
        ),
        body=text.encode("utf-8", "surrogatepass"),
        compressible=True,
    )


def html_response(status: int, title: str, text: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return one of Jenkins' own pages."""
    body = f"<!DOCTYPE html><html><head><title>{escape(title)}</title></head><body><h1>{escape(title)}</h1>{text}</body></html>"
    return Response(status=status, headers=(("Content-Type", "text/html;charset=utf-8"), *headers), body=body.encode())


def text_response(text: str) -> Response:
    """Return plain text of unknown length, as a console log is sent."""
    headers = (("Content-Type", "text/plain;charset=UTF-8"), ("X-Content-Type-Options", "nosniff"))
    return Response(headers=headers, body=text.encode("utf-8", "surrogatepass"), sized=False)


def not_found() -> Response:
    """Return the page for what is absent, or hidden from the reader."""
    return html_response(404, "Not Found", "<p>This page does not exist or you may not see it.</p>")


def oops(problem: str) -> Response:
    """Return the page of a failure inside Jenkins."""
    return html_response(500, "Oops!", f"<p>A problem occurred while processing the request.</p><p>{escape(problem)}</p>")


def http_date(milliseconds: int) -> str:
    """Return a time as headers write it."""
    return formatdate(milliseconds / 1000, usegmt=True)
