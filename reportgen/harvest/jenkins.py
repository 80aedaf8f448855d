"""A Jenkins controller as a source: jobs, builds and files by their names, never by the links it sends."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reportgen.config import Config, JenkinsConfig, JobConfig
from reportgen.errors import ConfigError, HarvestError, NotFound
from reportgen.harvest.facts import (
    FACTS,
    LISTED,
    TESTS,
    parse_facts,
    parse_listed,
    parse_millis,
    parse_stages,
    parse_tests,
    parse_waiting_for,
)
from reportgen.harvest.http import Body, Http, HttpSettings, find_credentials
from reportgen.harvest.items import (
    LIST_QUERY,
    MATRIX_MARK,
    Item,
    fixed_folder,
    is_pattern,
    item_path,
    iter_items,
    iter_job,
    job_query,
    may_be_selected,
    nested_items,
    parse_job,
)
from reportgen.harvest.source import BuildFacts, Found, ListedBuild, Listing
from reportgen.model import Stage, Tests
from reportgen.redact import Redactor

CONSOLE_BYTES = 1 << 20
NEWEST = 100
"""How many builds Jenkins lists without being asked for all."""


def jenkins_settings(config: JenkinsConfig, root: Path, environ: Mapping[str, str]) -> HttpSettings:
    """Return how to ask the configured controller; raises HarvestError for credentials or certificates that cannot be used."""
    ca_bundle = config.ca_bundle or environ.get("REQUESTS_CA_BUNDLE", "")
    if ca_bundle:
        check_certificates(root / ca_bundle, "ca_bundle under [jenkins]" if config.ca_bundle else "REQUESTS_CA_BUNDLE")
    return HttpSettings(
        url=config.url,
        credentials=find_credentials(config.url, environ),
        timeout_s=config.timeout,
        verify=str(root / ca_bundle) if ca_bundle else True,
        proxies=_proxies(config, environ),
        no_proxy=_variable(environ, "no_proxy") if config.proxy == "env" else "",
        artifact_hosts=config.artifact_hosts,
    )


def check_certificates(place: Path, key: str) -> None:
    """Raise HarvestError, with the `key` to mend, unless `place` is a directory or a file that holds certificates."""
    if not place.exists():
        raise HarvestError(f"there is no file of certificates at {place}", hint=f"mend {key}")
    try:
        if place.is_file():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=place)
    except OSError as problem:
        raise HarvestError(f"{place}: no certificates can be read from this file: {problem}", hint=f"mend {key}") from None


def _proxies(config: JenkinsConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies by scheme: none unless configured, those of the environment where the word is "env"."""
    if config.proxy != "env":
        return {"http": config.proxy, "https": config.proxy} if config.proxy else {}
    found = {scheme: _variable(environ, f"{scheme}_proxy") for scheme in ("http", "https")}
    return {scheme: proxy for scheme, proxy in found.items() if proxy}


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def open_jenkins(config: Config, environ: Mapping[str, str]) -> JenkinsSource:
    """Return the source for the configured controller, with credentials from `environ` or netrc.

    Raises ConfigError without ``[jenkins]``, HarvestError for credentials or certificates that cannot be used.
    """
    if config.jenkins is None:
        raise ConfigError(
            f"{config.file or 'reportgen.toml'} has no [jenkins], so there is nothing to harvest",
            hint="set [jenkins] url, or name a directory with --from",
        )
    settings = jenkins_settings(config.jenkins, config.root, environ)
    return JenkinsSource(Http(settings), redactor=make_redactor(config, settings))


def make_redactor(config: Config, settings: HttpSettings) -> Redactor:
    """Return what masks secrets in harvested texts, our own token among them."""
    known = [settings.credentials.token.reveal()] if settings.credentials else []
    return Redactor(names=config.secrets.names, allow=config.secrets.allow, known=known)


class JenkinsSource:
    """Reads one controller through `http`; `redactor` masks what it takes for secrets, in whatever leaves this source."""

    is_authoritative = True

    def __init__(self, http: Http, *, redactor: Redactor | None = None) -> None:
        self.name = http.settings.url
        self.redactor = redactor or Redactor()
        self._http = http
        self._matrix_parts: set[str] = set()
        self._children: dict[str, frozenset[str] | None] = {}

    @property
    def request_count(self) -> int:
        """How many requests were sent so far."""
        return self._http.request_count

    @property
    def received_bytes(self) -> int:
        """How many bytes were received so far."""
        return self._http.received_bytes

    @property
    def down(self) -> HarvestError | None:
        """Why nothing more can be asked, once that is so."""
        return self._http.fatal

    def find_jobs(self, entries: Sequence[JobConfig], only: Sequence[str] = ()) -> Found:
        """Return the jobs that the entries select, by name, and why an entry led to none.

        A name without wildcards is taken for a job until Jenkins says otherwise, so it costs no request here.
        """
        jobs: dict[str, None] = {}
        unmatched: list[JobConfig] = []
        missing: list[tuple[str, HarvestError]] = []
        for entry in entries:
            try:
                found = list(self._named(entry))
            except HarvestError as problem:
                if self.down is not None:
                    raise
                missing.append((entry.name, problem))
                continue
            if not found:
                unmatched.append(entry)
            jobs.update((item.name, None) for item in found if item.unseen or may_be_selected(item.name, entries, only))
        return Found(jobs=tuple(jobs), unmatched=tuple(unmatched), missing=tuple(missing))

    def _named(self, entry: JobConfig) -> Iterator[Item]:
        if is_pattern(entry.name):
            for item in self._items_in(fixed_folder(entry.name)):
                if item.is_job and (item.unseen or entry.selects(item.name)):
                    yield item
        elif entry.selects(entry.name):
            yield Item(entry.name, is_job=True)

    def _items_in(self, folder: str) -> Iterator[Item]:
        tree = f"_class,jobs[{nested_items()}]"
        answer = self._ask(folder, tree, folder) if folder else self._object("api/json", tree, "the list of jobs")
        if not isinstance(answer.get("jobs"), list) and "_class" not in answer:
            what = folder or "the list of jobs"
            raise HarvestError(f"{what}: the answer describes no folder", hint="is url under [jenkins] a Jenkins?")
        yield from self._items_of(folder, answer)

    def _items_of(self, folder: str, answer: Mapping[str, Any]) -> Iterator[Item]:
        """Yield what is in a folder, at every level; a folder within that cannot be read is left to be listed as a job is."""
        for item in iter_items(folder, answer):
            if not item.unseen:
                yield self._remember(item)
                continue
            try:
                yield from list(self._items_in(item.name))
            except HarvestError:
                if self.down is not None:
                    raise
                yield replace(item, is_job=True)

    def _remember(self, item: Item) -> Item:
        if item.is_matrix_part:
            self._matrix_parts.add(item.name)
        return item

    def list_builds(self, job: str, *, facts: bool = False, everything: bool = False) -> Listing:
        """Return the newest builds of a job in one request, or all of them."""
        tree = job_query(FACTS if facts else LISTED, newest=not everything) if facts or everything else LIST_QUERY
        answer = self._ask(job, tree, job, tries=1 if everything else None)
        if "jobs" in answer:
            inside = tuple(item.name for item in self._items_of(job, answer) if item.is_job)
            return Listing(job=parse_job(job, answer), is_folder=True, parts=inside)
        if answer.keys().isdisjoint(("builds", "allBuilds", "nextBuildNumber")):
            raise HarvestError(f"{job}: the answer describes no job", hint="is url under [jenkins] a Jenkins?")
        parts = [self._remember(item).name for item in iter_job(job, answer)]
        entries = answer.get("allBuilds" if everything else "builds")
        builds = tuple(self._listed(job, entries if isinstance(entries, list) else [], facts=facts))
        first, last = _number_of(answer.get("firstBuild")), _number_of(answer.get("lastBuild"))
        complete = everything or first is None or (bool(builds) and builds[-1].number <= first)
        return Listing(
            job=parse_job(job, answer),
            builds=builds,
            first=first,
            last=last,
            first_started_at=_start_of(answer.get("firstBuild")),
            complete=complete,
            parts=tuple(parts[1:]),
        )

    def _listed(self, job: str, entries: list[Any], *, facts: bool) -> Iterator[ListedBuild]:
        for entry in entries:
            listed = parse_listed(entry)
            if listed is None:
                continue
            whole = parse_facts(job, entry, self._mask) if facts else None
            yield replace(listed, description=self._mask("", listed.description), facts=whole)

    def fetch_facts(self, job: str, number: int) -> BuildFacts:
        """Return the facts of one build; raises NotFound where there is none."""
        path = f"{self._path(job)}{number}/api/json"
        return parse_facts(job, self._object(path, FACTS, f"{job} #{number}"), self._mask)

    def fetch_file(self, job: str, number: int, path: str, *, limit: int) -> Body:
        """Return the bytes of an archived file."""
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\\" in path or "\x00" in path:
            raise HarvestError("a path like this is not asked for")
        address = f"{self._path(job)}{number}/artifact/" + "/".join(quote(part, safe="") for part in parts)
        return self._http.get_file(address, limit=limit, what=f"{job} #{number} {path}")

    def fetch_stages(self, job: str, number: int) -> tuple[Stage, ...]:
        """Return the stages of a pipeline build; raises NotFound without the plugin that tells them."""
        what = f"stages of {job} #{number}"
        return parse_stages(_told(self._object(f"{self._path(job)}{number}/wfapi/describe", "", what), "stages", what))

    def tells_stages(self, job: str) -> bool:
        """Tell whether the plugin that tells stages is there, or cannot be told to be absent as the job itself is not there."""
        try:
            self._object(f"{self._path(job)}wfapi/describe", "", f"stages of {job}")
        except NotFound:
            return not self._answers(job)
        except HarvestError:
            if self.down is not None:
                raise
        return True

    def _answers(self, job: str) -> bool:
        """Tell whether the job can be read at this moment."""
        try:
            self._ask(job, "name", job)
        except HarvestError:
            if self.down is not None:
                raise
            return False
        return True

    def fetch_tests(self, job: str, number: int) -> Tests | None:
        """Return test counts and failed cases."""
        what = f"tests of {job} #{number}"
        return parse_tests(
            _told(self._object(f"{self._path(job)}{number}/testReport/api/json", TESTS, what), "failCount", what)
        )

    def fetch_console_tail(self, job: str, number: int, lines: int) -> str:
        """Return the last lines of the log."""
        path = f"{self._path(job)}{number}/logText/progressiveText"
        tail = self._http.get_tail(path, CONSOLE_BYTES, what=f"log of {job} #{number}")
        return "\n".join(tail.decode("utf-8", "replace").splitlines()[-lines:])

    def fetch_waiting_for(self, job: str, number: int) -> str | None:
        """Return the message of the input that a running pipeline build waits for."""
        path = f"{self._path(job)}{number}/wfapi/pendingInputActions"
        return parse_waiting_for(self._http.get_json(path, what=f"inputs of {job} #{number}"))

    def is_gone(self, job: str) -> bool:
        """Tell whether the job is absent from the list of a folder that can be read."""
        parent, _, base = job.rpartition("/")
        if parent not in self._children:
            self._children[parent] = self._find_children(parent)
        children = self._children[parent]
        return children is not None and base not in children

    def _find_children(self, folder: str) -> frozenset[str] | None:
        """Return the names in a folder: none where it is gone itself, None where that cannot be told."""
        try:
            path = self._path(folder) if folder else ""
            answer = self._object(f"{path}api/json", "jobs[name],activeConfigurations[name]", folder or "the list of jobs")
        except NotFound:
            return frozenset() if folder and self.is_gone(folder) else None
        except HarvestError:
            return None
        if not isinstance(answer.get("jobs", answer.get("activeConfigurations")), list):
            return None
        entries = [*(answer.get("jobs") or ()), *(answer.get("activeConfigurations") or ())]
        names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
        return None if None in names else frozenset(map(str, names))

    def stop(self) -> None:
        """Make whatever is under way fail at once."""
        self._http.stop()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _mask(self, name: str, value: Any) -> Any:
        return self.redactor.param(name, value).value

    def _path(self, name: str) -> str:
        return item_path(name, self._matrix_parts)

    def _ask(self, name: str, tree: str, what: str, *, tries: int | None = None) -> dict[str, Any]:
        """Ask for a job or folder; a part of a matrix job that is named in full is found under its own kind of path."""
        try:
            return self._object(self._path(name) + "api/json", tree, what, tries)
        except NotFound:
            if MATRIX_MARK not in name.rpartition("/")[2] or name in self._matrix_parts or "/" not in name:
                raise
        self._matrix_parts.add(name)
        return self._object(self._path(name) + "api/json", tree, what, tries)

    def _object(self, path: str, tree: str, what: str, tries: int | None = None) -> dict[str, Any]:
        answer = self._http.get_json(path, tree, what=what, tries=tries)
        if not isinstance(answer, dict):
            raise HarvestError(f"{what}: Jenkins sent a list instead of an object")
        return answer


def _told(answer: dict[str, Any], key: str, what: str) -> dict[str, Any]:
    """Return the answer if it has what every such answer has; an empty one would be taken for nothing to tell."""
    if key not in answer:
        raise HarvestError(f"{what}: the answer describes none")
    return answer


def _start_of(build: Any) -> datetime | None:
    return parse_millis(build.get("timestamp")) if isinstance(build, dict) else None


def _number_of(build: Any) -> int | None:
    number = build.get("number") if isinstance(build, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
