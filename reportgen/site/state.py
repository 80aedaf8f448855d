"""How things stand now, for the pages that tell it: jobs, pipelines, and what is new since the last version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reportgen.analysis.pipeline import PipelineOptions
from reportgen.globs import covers
from reportgen.site.pages.listing import JobState
from reportgen.site.pages.news import BuildNews
from reportgen.site.pages.overview import PipelineState, StageState
from reportgen.site.plan import Survey
from reportgen.store.values import VersionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The version that "new since" refers to: its id, what it showed, and the largest build number of the store then."""

    version: str
    revision: int
    newest_build: int
    as_of: datetime | None

    @classmethod
    def of(cls, row: VersionRow) -> Since:
        """Return what the store remembers of a published version."""
        newest = row.detail.get("newest_build", 0)
        return cls(version=row.id, revision=row.revision, newest_build=int(newest), as_of=row.data_as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a version may tell of those before it: the last one, and which are kept, newest first, with their data as of."""

    since: Since | None = None
    versions: tuple[tuple[str, datetime | None], ...] = ()


def job_states(found: Survey) -> list[JobState]:
    """Return every job with its newest build, those that are gone last."""
    running = {build.job for build in found.running}
    states = []
    for job in found.jobs:
        builds = found.chronicle.jobs.get(job.name, ())
        last = builds[-1] if builds else None
        states.append(
            JobState(
                job=job.name,
                description=job.description,
                number=last.number if last else None,
                started_at=last.started_at if last else None,
                duration_s=last.duration_s if last else 0.0,
                result=last.result if last else "",
                builds=len(builds),
                succeeded=sum(1 for build in builds if build.result == "SUCCESS"),
                gone=job.gone_since is not None,
                running=job.name in running,
            )
        )
    return sorted(states, key=lambda state: (state.gone, state.job))


def pipeline_states(found: Survey) -> list[PipelineState]:
    """Return the pipelines with the last state of each stage."""
    return [pipeline_state(found, options) for options in found.pipelines]


def pipeline_state(found: Survey, options: PipelineOptions) -> PipelineState:
    """Return a pipeline with the last state of each stage."""
    by_hand = {options.approve, options.deploy}
    stages = [_stage(found, job, by_hand) for job in _named(options.jobs, found)]
    return PipelineState(name=options.name, title=options.label, stages=tuple(stages))


def _named(patterns: Iterable[str], found: Survey) -> list[str]:
    names: dict[str, None] = {}
    for pattern in patterns:
        fitting = sorted(job.name for job in found.jobs if covers(pattern, job.name))
        names |= dict.fromkeys(fitting or ([] if "*" in pattern else [pattern]))
    return list(names)


def _stage(found: Survey, job: str, by_hand: set[str | None]) -> StageState:
    builds = found.chronicle.jobs.get(job, ())
    last = builds[-1] if builds else None
    running = next((build for build in found.running if build.job == job), None)
    settings = next((each for each in found.jobs if each.name == job), None)
    return StageState(
        job=job,
        title=(settings.stage if settings else "") or job.rpartition("/")[2],
        number=last.number if last else None,
        started_at=last.started_at if last else None,
        duration_s=last.duration_s if last else 0.0,
        result=last.result if last else "",
        running=running,
        hand=job in by_hand,
    )


def news(found: Survey, since: Since | None) -> list[BuildNews]:
    """Return the builds that are new, changed or gone since a version, newest first; nothing for the first version."""
    if since is None:
        return []
    return [
        BuildNews(
            job=build.job,
            number=build.number,
            started_at=build.started_at,
            result=build.result,
            rows=tuple(found.chronicle.rows_of(build.id)),
            changed=build.id <= since.newest_build and build.gone_since is None,
            gone=build.gone_since is not None and build.id <= since.newest_build,
        )
        for build in found.builds
        if build.revision > since.revision
    ]


def store_words(found: Survey) -> str:
    """Return the state of the store in words."""
    gone = sum(1 for build in found.builds if build.gone_since is not None)
    jobs, builds = len(found.jobs), len(found.builds)
    words = f"{jobs:,} job{'' if jobs == 1 else 's'}, {builds:,} build{'' if builds == 1 else 's'} kept"
    return words + (f", {gone:,} gone from Jenkins" if gone else "")
