"""Which answer the sample Jenkins gives to a request: a pure function of its contents."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from reportgen.demo.files import serve_artifact
from reportgen.demo.model import CONTAINERS, MATRIX_CONFIGURATION, Controller, SampleBuild, SampleJob
from reportgen.demo.objects import PERMALINKS, BuildBean, Index, JobBean, Place, RootBean, find_permalink, segment
from reportgen.demo.pipeline import answer_pipeline, answer_pipeline_job
from reportgen.demo.responses import Request, Response, html_response, json_response, not_found, oops, text_response
from reportgen.demo.tree import BadTree, Unreadable, export, pruner

_LOGIN = "<meta http-equiv='refresh' content='1;url=/login?from=%2F'/><script>window.location.replace('/login');</script>"


def respond(index: Index, request: Request) -> Response:
    """Return the answer to `request`, with the headers that every answer of Jenkins has."""
    answer = _refusal(index.controller, request) or _Route(index, request).answer()
    marks = (("X-Jenkins", index.controller.version), ("X-Jenkins-Session", index.controller.session), ("X-Hudson", "1.395"))
    return replace(answer, headers=(*answer.headers, *marks))


def _refusal(controller: Controller, request: Request) -> Response | None:
    credentials = request.headers.get("authorization", "")
    if credentials:
        if _known(controller, credentials):
            return None
        return html_response(401, "Invalid password/token for user", headers=(("WWW-Authenticate", 'Basic realm="Jenkins"'),))
    if controller.anonymous_read or request.path.startswith("login"):
        return None
    headers = (("X-You-Are-Authenticated-As", "anonymous"), ("X-Required-Permission", "hudson.model.Hudson.Read"))
    return html_response(403, "Authentication required", _LOGIN, headers=headers)


def _known(controller: Controller, credentials: str) -> bool:
    kind, _, text = credentials.partition(" ")
    try:
        user, _, token = base64.b64decode(text).decode().partition(":")
    except ValueError:
        return False
    return kind.lower() == "basic" and bool(token) and controller.users.get(user) == token


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a path led: a folder or job, and how the item part was written."""

    job: SampleJob | None
    place: Place
    rest: tuple[str, ...]
    status: int = 200


class _Route:
    """One request on its way to an answer."""

    def __init__(self, index: Index, request: Request) -> None:
        self.index = index
        self.request = request
        self.root = index.controller.root_url or request.base

    def answer(self) -> Response:
        parts = tuple(self.request.path.split("/"))
        if any(unquote(part) == ".." for part in parts):
            return html_response(400, "Bad Request")
        found = self._find(parts)
        if found.status != 200:
            return not_found() if found.status == 404 else html_response(found.status, "Access Denied")
        if found.job is None:
            return self._answer_root(found)
        return self._answer_job(found.job, found.place, found.rest)

    def _find(self, parts: tuple[str, ...]) -> _Found:
        """Follow ``view/…``, ``job/…`` and matrix configurations as far as they lead."""
        name, at = "", 0
        while at + 1 < len(parts):
            if parts[at] == "view":
                at += 2
                continue
            if parts[at] == "job":
                child, step = unquote(parts[at + 1]), 2
            elif self._is_configuration(name, unquote(parts[at])):
                child, step = unquote(parts[at]), 1
            else:
                break
            resolved = self._resolve(name, child)
            if resolved is None:
                return _Found(None, Place(self.root), (), 404)
            name, at = resolved, at + step
            status = self._permitted(name)
            if status != 200:
                return _Found(None, Place(self.root), (), status)
        asked = "/".join(parts[:at]) + "/" if at else ""
        return _Found(self.index.items.get(name), Place(self.root, name, asked), parts[at:])

    def _resolve(self, parent: str, child: str) -> str | None:
        """Return the full name of `child`; a branch name written with ``/`` is found under its encoded name."""
        for candidate in (child, segment(child)):
            full = f"{parent}/{candidate}" if parent else candidate
            if full in self.index.items:
                return full
        return None

    def _is_configuration(self, parent: str, child: str) -> bool:
        job = self.index.items.get(f"{parent}/{child}")
        return job is not None and job.class_name == MATRIX_CONFIGURATION

    def _permitted(self, name: str) -> int:
        if name in self.index.controller.hidden:
            return 404
        return 403 if name in self.index.controller.discoverable else 200

    def _export(self, value: Any) -> Response:
        query = self.request.query
        try:
            exported = export(value, pruner(query.get("tree"), query.get("depth")))
        except (BadTree, Unreadable) as problem:
            return oops(str(problem))
        return json_response(exported, pretty=query.get("pretty") == "true")

    def _answer_root(self, found: _Found) -> Response:
        match found.rest:
            case ("",) | ():
                return html_response(200, "Dashboard [Jenkins]")
            case ("api", "json"):
                return self._export(RootBean(self.index, Place(self.root)))
            case ("login",):
                return html_response(200, "Sign in to Jenkins", "<form action='j_spring_security_check'></form>")
            case ("crumbIssuer", "api", "json"):
                issuer = "hudson.security.csrf.DefaultCrumbIssuer"
                return json_response({"_class": issuer, "crumb": "0f1e", "crumbRequestField": "Jenkins-Crumb"})
            case ("queue", "api", "json"):
                return json_response({"_class": "hudson.model.Queue", "discoverableItems": [], "items": []})
            case ("fingerprint", md5, "api", "json"):
                return self._answer_fingerprint(md5)
            case _:
                return not_found()

    def _answer_fingerprint(self, md5: str) -> Response:
        for job in self.index.items.values():
            for build in job.builds:
                for entry in build.fingerprint:
                    if entry.get("hash") == md5 and self.index.readable(job):
                        return self._export({"_class": "hudson.model.Fingerprint", **entry})
        return not_found()

    def _answer_job(self, job: SampleJob, place: Place, rest: tuple[str, ...]) -> Response:
        match rest:
            case ("",) | ():
                return html_response(200, job.name)
            case ("api", "json"):
                return self._export(JobBean(self.index, job, place))
            case ("wfapi", *what):
                return answer_pipeline_job(self.index, job, tuple(what))
            case (number, *what) if job.class_name not in CONTAINERS:
                build = self._find_build(job, number)
                return not_found() if build is None else self._answer_build(job, build, place, tuple(what))
            case _:
                return not_found()

    def _find_build(self, job: SampleJob, number: str) -> SampleBuild | None:
        if number in PERMALINKS:
            return find_permalink(self.index, job, number)
        return self.index.builds(job).get(int(number)) if number.isascii() and number.isdigit() else None

    def _answer_build(self, job: SampleJob, build: SampleBuild, place: Place, rest: Sequence[str]) -> Response:
        match tuple(rest):
            case ("",) | ():
                return html_response(200, f"{job.name} #{build.number}")
            case ("api", "json"):
                return self._export(BuildBean(self.index, job, build, place))
            case ("artifact", *path):
                return self._answer_artifact(build, "/".join(path))
            case ("consoleText",):
                return not_found() if build.console is None else text_response(build.console)
            case ("logText", "progressiveText"):
                return self._answer_log(build)
            case ("testReport", "api", "json"):
                return not_found() if build.test_report is None else self._export(build.test_report)
            case ("wfapi", *what):
                return answer_pipeline(self.index, job, build, tuple(what))
            case _:
                return not_found()

    def _answer_artifact(self, build: SampleBuild, path: str) -> Response:
        controller = self.index.controller
        if controller.artifacts_need_permission and not self.request.headers.get("authorization"):
            return html_response(403, "Access Denied", headers=(("X-Required-Permission", "hudson.model.Run.Artifacts"),))
        return serve_artifact(build, path, self.request)

    def _answer_log(self, build: SampleBuild) -> Response:
        if build.console is None:
            answer, size, more = b"", 0, True
        else:
            log = build.console.encode("utf-8", "surrogatepass")
            start = self.request.query.get("start", "0")
            offset = int(start) if start.isdigit() and int(start) <= len(log) else 0
            answer, size, more = log[offset:], len(log), build.building
        headers = (("X-Text-Size", str(size)), *((("X-More-Data", "true"),) if more else ()))
        plain = text_response("")
        return replace(plain, headers=(*plain.headers, *headers), body=answer)
