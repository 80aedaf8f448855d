"""What a reader is given and what it gives back.

Readers are pure: bytes in, values out; no file is opened and nothing that is read is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reportgen.config import Limits
from reportgen.model import Attachment, Dataset, Metric, Model, Point, Problem, Run, Scalar, Tests


def _never(path: str) -> bool:
    return False


def _always(path: str) -> bool:
    return True


class OverLimit(ValueError):
    """A file is larger than the configuration allows: left out by that, and no failure to read it."""


def check_size(content: bytes, limit: int) -> None:
    """Raise OverLimit where there are more bytes than a limit of the configuration allows."""
    if len(content) > limit:
        raise OverLimit(f"{len(content):,} bytes are over the limit of {limit:,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """The build that the files belong to.

    `stage` is the name of the build's stage; `explicit` tells whether a path was named by a pattern of the configuration (a
    reader then need not guess whether it is meant); `digests` are the SHA-256 of the files by path; `listed` are all paths that
    the build archived, read or not.
    """

    job: str
    number: int
    stage: str
    started_at: datetime | None = None
    limits: Limits = field(default_factory=lambda: Limits.model_validate({}))
    explicit: Callable[[str], bool] = _never
    digests: Mapping[str, str] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """What was found in some files of one build.

    `runs` are whole runs (records, tracked experiments). Everything else belongs to the build's only run: to the implicit one
    where there is no record; in a build with a record, metrics and params are not taken a second time. An attachment names
    its file by `path`; whether and where it is stored is filled in later.
    """

    runs: tuple[Run, ...] = ()
    metrics: tuple[Metric, ...] = ()
    series: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Scalar] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    models: tuple[Model, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()
    tests: Tests | None = None
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Pictures that were inside another file, by a path of their own: the other file's, ``!/`` and a name."""

    @classmethod
    def quarantined(cls, path: str, why: str | Exception) -> ReadResult:
        """Return what is left of a file that could not be read: its name, and why it was set aside."""
        reason, over_limit = str(why), isinstance(why, OverLimit)
        name = path.rsplit("/", 1)[-1]
        ending = name.rpartition(".")[2].lower() if "." in name else ""
        attachment = Attachment(
            kind="artifact", name=name, label=name, format=ending, path=path, state="refused", reason=reason
        )
        return cls(attachments=(attachment,), problems=(Problem(path=path, reason=reason, over_limit=over_limit),))


def cut_metrics(metrics: Sequence[Metric], limit: int, path: str) -> tuple[tuple[Metric, ...], tuple[Problem, ...]]:
    """Return as many metrics of a run as the configuration allows, and what is to be said where that is not all of them."""
    if len(metrics) <= limit:
        return tuple(metrics), ()
    reason = f"{len(metrics)} metrics are over the limit of {limit}; the rest was left out"
    return tuple(metrics[:limit]), (Problem(path=path, reason=reason, partial=True, over_limit=True),)


def home_of(path: str, homes: Collection[str]) -> str | None:
    """Return which of `homes`, directories with their final slash, a path is in: the nearest; None for none."""
    end = path.rfind("/")
    while end >= 0 and path[: end + 1] not in homes:
        end = path.rfind("/", 0, end)
    home = path[: end + 1]
    return home if home in homes else None


def unread_lines(path: str, count: int) -> Problem:
    """Return what is said of a file that was read but for some of its lines."""
    return Problem(path=path, reason="1 line is no value" if count == 1 else f"{count} lines are no values", partial=True)


def is_unreadable(problem: Problem) -> bool:
    """Tell whether a file could not be read; what is over a limit was left out by configuration."""
    return bool(problem.path) and not problem.over_limit


def join(results: Iterable[ReadResult]) -> ReadResult:
    """Return one result with what is in all of them; of a name that comes twice the first one holds, tests are added up."""
    parts = list(results)
    if len(parts) == 1 and _is_joined(parts[0]):
        return parts[0]
    metrics: dict[str, Metric] = {}
    series: dict[str, tuple[Point, ...]] = {}
    params: dict[str, Any] = {}
    tags: dict[str, Scalar] = {}
    for part in parts:
        for metric in part.metrics:
            if metrics.setdefault(metric.name, metric) is metric and metric.name in part.series:
                series[metric.name] = part.series[metric.name]
        params.update((name, value) for name, value in part.params.items() if name not in params)
        tags.update((name, value) for name, value in part.tags.items() if name not in tags)
    return ReadResult(
        runs=tuple(run for part in parts for run in part.runs),
        metrics=tuple(metrics.values()),
        series=series,
        params=params,
        tags=tags,
        datasets=tuple(dataset for part in parts for dataset in part.datasets),
        models=tuple(model for part in parts for model in part.models),
        attachments=tuple(attachment for part in parts for attachment in part.attachments),
        notes=tuple(note for part in parts for note in part.notes),
        tests=_sum_tests([part.tests for part in parts if part.tests is not None]),
        problems=tuple(problem for part in parts for problem in part.problems),
        files={path: content for part in parts for path, content in part.files.items()},
    )


def _is_joined(part: ReadResult) -> bool:
    """Tell whether no name comes twice, so that joining would change nothing."""
    names = {metric.name for metric in part.metrics}
    return len(names) == len(part.metrics) and part.series.keys() <= names


def _sum_tests(tests: list[Tests]) -> Tests | None:
    if not tests:
        return None
    return Tests(
        total=sum(one.total for one in tests),
        failed=sum(one.failed for one in tests),
        skipped=sum(one.skipped for one in tests),
        failures=tuple(case for one in tests for case in one.failures),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads one kind of file.

    `matches` tells from a path alone whether the file may be of this kind; `claims`, where given, is asked instead with all
    paths of the build and returns those that are (for kinds that are made of several files). `read` gets the claimed files that
    could be fetched and never raises for bad input: it returns a problem for it. A claimed file for which `needs` is false is
    neither fetched nor read: it repeats what another file says. A file for which `is_model` is true is kept only where the
    configuration says so. `native` readers hold the only truth of a build: with runs from one, metrics of others are not
    taken.
    """

    name: str
    matches: Callable[[str], bool]
    read: Callable[[Mapping[str, bytes], ReadContext], ReadResult]
    claims: Callable[[frozenset[str]], Iterable[str]] | None = None
    needs: Callable[[str], bool] = _always
    is_model: Callable[[str], bool] = _never
    native: bool = False

    def claimed(self, paths: frozenset[str]) -> frozenset[str]:
        """Return those of `paths` that this reader wants."""
        if self.claims is not None:
            return frozenset(self.claims(paths))
        return frozenset(path for path in paths if self.matches(path))
