"""JUnit XML: counts of tests, and the cases that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size, join
from reportgen.harvest.readers.xml_guard import Attributes, BadXml, parse
from reportgen.model import TestCase, Tests

MOST_FAILURES = 500
LONGEST_MESSAGE = 4_000
_FILE = re.compile(
    r"(?:.*[._-])?(?:junit|xunit|pytest|nosetests|test|tests|test[._-]?results?|test[._-]?report)(?:[._-].*)?\.xml"
)
_DIRECTORIES = frozenset({"surefire-reports", "failsafe-reports", "test-reports", "test-results", "junit"})


def is_junit_path(path: str) -> bool:
    """Tell whether an XML file is named, or lies, where test tools put their JUnit reports."""
    *directories, name = path.lower().split("/")
    return name.endswith(".xml") and (_FILE.fullmatch(name) is not None or not _DIRECTORIES.isdisjoint(directories))


def read_junit(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return the tests of all files together; a file that is no JUnit report is set aside."""
    results = []
    for path in sorted(files):
        suite = _Suite()
        try:
            check_size(files[path], context.limits.json_)
            parse(files[path], start=suite.start, end=suite.end, text=suite.text)
        except (BadXml, OverLimit) as problem:
            results.append(ReadResult.quarantined(path, problem))
            continue
        results.append(ReadResult(tests=suite.tests()))
    return join(results)


class _Suite:
    """Gathers the test cases of one document, whether they stand in suites of suites or alone."""

    def __init__(self) -> None:
        self.total = self.failed = self.skipped = 0
        self.failures: list[TestCase] = []
        self._depth = 0
        self._name = ""
        self._outcome = ""
        self._listening = False
        self._message: list[str] = []

    def start(self, tag: str, attributes: Attributes) -> None:
        name = tag.rpartition(":")[2]
        if self._depth == 0 and name not in {"testsuites", "testsuite"}:
            raise BadXml(f"no JUnit report: it begins with <{name[:80]}>")
        self._depth += 1
        if name == "testcase":
            self.total += 1
            case, suite = attributes.get("name", ""), attributes.get("classname", "")
            self._name, self._outcome, self._message = f"{suite}.{case}" if suite else case, "", []
        elif name in {"failure", "error"} and self._outcome != "failed":
            self._outcome = "failed"
            self._message = [attributes.get("message") or attributes.get("type") or ""]
            self._listening = not self._message[0]
        elif name == "skipped" and not self._outcome:
            self._outcome = "skipped"

    def text(self, text: str) -> None:
        if self._listening and len(self._message) < LONGEST_MESSAGE:
            self._message.append(text)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._listening = False
        if tag.rpartition(":")[2] != "testcase":
            return
        self.skipped += self._outcome == "skipped"
        if self._outcome == "failed":
            self.failed += 1
            if len(self.failures) < MOST_FAILURES:
                message = "".join(self._message).strip()[:LONGEST_MESSAGE]
                self.failures.append(TestCase(name=self._name[:500], message=message))
        self._outcome = ""

    def tests(self) -> Tests:
        return Tests(total=self.total, failed=self.failed, skipped=self.skipped, failures=tuple(self.failures))


JUNIT = Reader(name="junit", matches=is_junit_path, read=read_junit)
