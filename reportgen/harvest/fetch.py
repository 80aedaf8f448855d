"""Everything of one build: its files fetched and kept, its extras asked for. What cannot be had is noted, the rest goes on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TypeVar

from reportgen.config import Config, JobConfig
from reportgen.errors import HarvestError, NotFound, StoreError
from reportgen.harvest.assemble import Material, assemble, read_contents
from reportgen.harvest.http import Body, TooLarge
from reportgen.harvest.readers import Reader, ReadResult
from reportgen.harvest.readers.values import is_unreadable
from reportgen.harvest.select import Choice, Wanted, choose_files
from reportgen.harvest.source import BuildFacts, Source
from reportgen.harvest.stages import StageProbe
from reportgen.harvest.strict import BadJson, decode_text, load_json
from reportgen.model import Artifact, Build, Problem, Stage, Tests
from reportgen.redact import Redactor

LONGEST_TAIL = 1 << 20
T = TypeVar("T")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SMALL_FILE = 1 << 20
"""Files up to this size are written while other builds are read; larger ones before their build is read on."""
_SETTLED = frozenset({"stored", "linked", "over limit"})
_UNVERIFIED = "its length could not be verified: the server told none"
_MASKED = "what looked like a secret was masked"
PutBlob = Callable[[bytes], tuple[str, int]]
PutSoon = Callable[[bytes], Future[tuple[str, int]]]
ReadBlob = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBuild:
    """A build ready to be saved, and what of it could not be fetched this time.

    `unreadable` was set aside and `over_limit` left out by configuration, both for the first time.
    """

    build: Build
    troubles: tuple[str, ...] = ()
    unreadable: tuple[Problem, ...] = ()
    over_limit: tuple[Problem, ...] = ()
    size_bytes: int = 0
    """How much of its files was read."""
    writes: tuple[Future[tuple[str, int]], ...] = ()
    """What must be done before the build is saved: files on their way into the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReader:
    """Reads whole builds of one job from a source; large files go through `put_blob`, others through `put_soon`."""

    source: Source
    config: Config
    entry: JobConfig
    put_blob: PutBlob
    put_soon: PutSoon
    read_blob: ReadBlob
    stages: StageProbe

    def read(self, facts: BuildFacts, old: Build | None = None) -> ReadBuild:
        """Return the build with everything that could be had.

        What an earlier reading (`old`) holds and Jenkins does not list or give any more is taken from there. Raises
        HarvestError only where the source as a whole does not answer.
        """
        gathering = _Gathering(self, facts, old)
        gathering.fetch_files()
        return gathering.finish()

    def renew(self, facts: BuildFacts, old: Build) -> ReadBuild:
        """Return the build with new facts.

        Where its result or its keep-log changed, or Jenkins lists a file that was not known or could not be had, it is gone
        through again: files that are held are taken from the store, only others are fetched.
        """
        known = {artifact.path for artifact in old.artifacts if artifact.state not in ("gone", "refused")}
        if (facts.build.result, facts.build.keep) != (old.result, old.keep) or not known.issuperset(facts.files):
            gathering = _Gathering(self, facts, old, reuse=True)
            gathering.fetch_files()
            return gathering.finish()
        build = replace(
            facts.build,
            artifacts=old.artifacts,
            runs=old.runs,
            problems=old.problems,
            stages=old.stages,
            tests=_newest_tests(old.tests, facts.build.tests),
            console_tail=old.console_tail,
        )
        return ReadBuild(build=build)


def _newest_tests(old: Tests | None, new: Tests | None) -> Tests | None:
    """Return the counts that Jenkins tells now, with the failed cases that were read before where the counts are the same."""
    if old is None or new is None or (old.total, old.failed, old.skipped) == (new.total, new.failed, new.skipped):
        return old or new
    return new


class _Gathering:
    """The state of reading one build; with `reuse`, files that an earlier reading (`old`) holds are not fetched again."""

    def __init__(self, reader: BuildReader, facts: BuildFacts, old: Build | None, *, reuse: bool = False) -> None:
        self.reader = reader
        self.reuse = reuse
        self.listed = frozenset(facts.files)
        self.source = reader.source
        self.facts = facts
        self.job, self.number = facts.build.job, facts.build.number
        self.old = {artifact.path: artifact for artifact in old.artifacts} if old else {}
        self.old_build = old
        self.contents: dict[str, bytes] = {}
        self.digests: dict[str, str] = {}
        self.writes: dict[str, Future[tuple[str, int]]] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.problems: list[Problem] = []
        self.troubles: list[str] = []
        self.total = 0

    def fetch_files(self) -> None:
        """Fetch what is wanted, or say of each file why not."""
        limits = self.reader.config.limits
        choice = choose_files(self._paths(), self.reader.entry, most=limits.files_per_build)
        self.choice: Choice = choice
        for wanted in choice.wanted:
            self.artifacts[wanted.path] = self._fetch(wanted)
        for path in choice.over_limit:
            reason = f"the build has more than {limits.files_per_build} files to read"
            self.artifacts[path] = Artifact(path=path, state="over limit", reason=reason)
        for path in choice.unread:
            self.artifacts[path] = self.old.get(path, Artifact(path=path, state="unread"))

    def _paths(self) -> list[str]:
        """Return what Jenkins lists, and what it once listed and we still hold."""
        listed = dict.fromkeys(self.facts.files)
        listed.update(dict.fromkeys(path for path, artifact in self.old.items() if artifact.state in ("stored", "linked")))
        return list(listed)

    def _fetch(self, wanted: Wanted) -> Artifact:
        path, held = wanted.path, self.old.get(wanted.path)
        if self.reuse and held is not None and held.state in _SETTLED and (again := self._recall(held)) is not None:
            return again
        room = min(self.reader.entry.max_artifact_size, self.reader.config.limits.build_total - self.total)
        if room <= 0:
            return Artifact(path=path, state="over limit", reason="the files of this build are over the limit for one build")
        try:
            if path not in self.listed:
                raise NotFound("no longer listed")
            body = self._body(path, room)
        except NotFound:
            return self._from_store(held) if held else Artifact(path=path, state="gone", reason="listed, but no longer there")
        except TooLarge as problem:
            return Artifact(path=path, state="over limit", reason=problem.message)
        except HarvestError as problem:
            if self.source.down is not None:
                raise
            self.troubles.append(f"{path}: {_reason(problem, self.job, self.number, path)}")
            if held is not None and held.state == "stored":
                return self._from_store(held)
            return Artifact(path=path, state="refused", reason=_reason(problem, self.job, self.number, path))
        return self._keep(wanted, body.content)

    def _body(self, path: str, room: int) -> Body:
        """Fetch a file; one whose length is not known is noted, and if JSON must be whole."""
        body = self.source.fetch_file(self.job, self.number, path, limit=self._limit(path, room))
        if not body.verified and not self._is_fingerprinted(path, body.content):
            if path.lower().endswith(".json"):
                try:
                    load_json(body.content)
                except BadJson as problem:
                    raise HarvestError(f"{problem}, and {_UNVERIFIED}") from None
            self.problems.append(Problem(path=path, reason=_UNVERIFIED, partial=True))
        return body

    def _limit(self, path: str, room: int) -> int:
        return min(room, self.reader.config.limits.json_) if path.lower().endswith((".json", ".ipynb")) else room

    def _from_store(self, held: Artifact) -> Artifact:
        found = self._recall(held)
        if found is None:
            what = f"{held.path}: Jenkins no longer has this file, and the stored copy is lost or damaged"
            raise HarvestError(what, hint="the build stays as it was; reportgen check --read-data lists what is damaged")
        return found

    def _recall(self, held: Artifact) -> Artifact | None:
        """Take a file as an earlier reading left it, with what was said of it; None where the stored bytes are not right."""
        if held.state == "stored" and held.sha256:
            try:
                content = self.reader.read_blob(held.sha256)
            except StoreError:
                return None
            if hashlib.sha256(content).hexdigest() != held.sha256:
                return None
            self.contents[held.path] = content
            self.total += len(content)
        if held.sha256:
            self.digests[held.path] = held.sha256
        told = self.old_build.problems if self.old_build else ()
        self.problems.extend(each for each in told if each.path == held.path and each.reason.startswith((_UNVERIFIED, _MASKED)))
        return held

    def _is_fingerprinted(self, path: str, content: bytes) -> bool:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        name = path.rsplit("/", 1)[-1]
        return any(each.file == name and each.md5 == digest for each in self.facts.build.fingerprints)

    def _keep(self, wanted: Wanted, content: bytes) -> Artifact:
        path = wanted.path
        self.total += len(content)
        if wanted.reader is not None:
            self.contents[path] = content
        self.digests[path] = hashlib.sha256(content).hexdigest()
        if not wanted.keep:
            return Artifact(path=path, state="linked", sha256=self.digests[path], size_bytes=len(content))
        clean, rules = redact_content(content, self.source.redactor)
        if rules:
            if wanted.reader is not None:
                self.contents[path] = clean
            self.problems.append(Problem(path=path, reason=f"{_MASKED} ({', '.join(rules)})", partial=True))
        digest = self._put(clean, self.digests[path] if not rules else "")
        return Artifact(path=path, state="stored", sha256=digest, size_bytes=len(clean))

    def _put(self, content: bytes, digest: str = "") -> str:
        """Have `content` kept and return its digest: large ones at once, so that they do not pile up in memory."""
        if len(content) > SMALL_FILE:
            return self.reader.put_blob(content)[0]
        digest = digest or hashlib.sha256(content).hexdigest()
        if digest not in self.writes:
            self.writes[digest] = self.reader.put_soon(content)
        return digest

    def finish(self) -> ReadBuild:
        """Return the build, with stages, tests and log where there are any."""
        facts, old = self.facts, self.old_build
        stages = self._extra("stages", self._stages, old.stages if old else ())
        tests = self._extra("tests", self._tests, facts.build.tests)
        tail = self._extra("log", self._console_tail, old.console_tail if old else None)
        build = replace(facts.build, stages=stages, tests=tests, console_tail=tail, problems=tuple(self.problems))
        results = read_contents(
            self.contents,
            {wanted.path: wanted.reader for wanted in self.choice.wanted if wanted.reader is not None},
            build,
            self.reader.entry,
            limits=self.reader.config.limits,
            digests=self.digests,
            listed=self.facts.files,
        )
        self._keep_inner_files(results)
        material = Material(
            build=build,
            entry=self.reader.entry,
            artifacts=self.artifacts,
            digests=self.digests,
            results=results,
            redactor=self.source.redactor,
            fetched=self.contents.__contains__,
            limits=self.reader.config.limits,
            old=old,
        )
        build = assemble(material)
        told = frozenset(old.problems) if old else frozenset()
        problems = (problem for _, result in results for problem in result.problems)
        unreadable = tuple(problem for problem in problems if is_unreadable(problem) and problem not in told)
        return ReadBuild(
            build=replace(build, problems=tuple(replace(problem, over_limit=False) for problem in build.problems)),
            troubles=tuple(self.troubles),
            unreadable=unreadable,
            over_limit=(*self._not_fetched(), *(p for p in build.problems if p.over_limit and p not in told)),
            size_bytes=self.total,
            writes=tuple(self.writes.values()),
        )

    def _not_fetched(self) -> Iterator[Problem]:
        """Yield the files that a limit keeps out, and did not when the build was read before."""
        for path, artifact in self.artifacts.items():
            held = self.old.get(path)
            if artifact.state == "over limit" and (held is None or held.state != "over limit"):
                yield Problem(path=path, reason=artifact.reason or "", over_limit=True)

    def _keep_inner_files(self, results: Sequence[tuple[Reader, ReadResult]]) -> None:
        """Keep the pictures that readers found inside other files."""
        for _, result in results:
            for path, content in result.files.items():
                self.artifacts[path] = Artifact(path=path, state="stored", sha256=self._put(content), size_bytes=len(content))

    def _extra(self, what: str, fetch: Callable[[], T], otherwise: T) -> T:
        try:
            return fetch()
        except NotFound:
            return otherwise
        except HarvestError as problem:
            if self.source.down is not None:
                raise
            self.troubles.append(f"{what}: {problem.message}")
            self.problems.append(Problem(path="", reason=f"{what} could not be read: {problem.message}", partial=True))
            return otherwise

    def _stages(self) -> tuple[Stage, ...]:
        if not self.facts.has_stages:
            return ()
        return self.reader.stages.fetch(self.source, self.job, self.number)

    def _tests(self) -> Tests | None:
        if not self.facts.has_failed_tests:
            return self.facts.build.tests
        return self.source.fetch_tests(self.job, self.number) or self.facts.build.tests

    def _console_tail(self) -> str | None:
        lines = self.reader.entry.console_tail
        if not lines or self.facts.build.result != "FAILURE":
            return None
        tail = self.source.fetch_console_tail(self.job, self.number, lines)
        return str(self.source.redactor.text(plain_text(tail[-LONGEST_TAIL:])).value)


def _reason(problem: HarvestError, job: str, number: int, path: str) -> str:
    """Return what went wrong with a file, without repeating which file it was."""
    text = problem.message.removeprefix(f"{job} #{number} {path}: ")
    return f"{text} (hint: {problem.hint})" if problem.hint else text


def plain_text(text: str) -> str:
    """Return text as a terminal would show it: without its escape sequences and control characters."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def redact_content(content: bytes, redactor: Redactor) -> tuple[bytes, Sequence[str]]:
    """Return a text file with its secrets masked and the rules that found them; anything that is no text is left as it is."""
    if b"\x00" in content[:4096]:
        return content, ()
    try:
        text = decode_text(content, strict=True)
    except BadJson:
        return content, ()
    clean, findings = redactor.text(text)
    if not findings:
        return content, ()
    return str(clean).encode("utf-8", "replace"), sorted({finding.rule for finding in findings})
