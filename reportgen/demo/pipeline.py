"""What the plugin "Pipeline: REST API" adds to the sample Jenkins: stages, inputs and sizes of artifacts."""

from __future__ import annotations

from typing import Any

from reportgen.demo.model import PIPELINE, SampleBuild, SampleJob
from reportgen.demo.objects import Index, job_path, segment
from reportgen.demo.responses import Response, json_response, not_found

MOST_RUNS = 10
_WORDS = {"SUCCESS": "SUCCESS", "UNSTABLE": "UNSTABLE", "FAILURE": "FAILED", "ABORTED": "ABORTED", "NOT_BUILT": "NOT_EXECUTED"}


def answer_pipeline_job(index: Index, job: SampleJob, what: tuple[str, ...]) -> Response:
    """Return ``<job>/wfapi/…``: a few newest runs, and a count that is no count of all."""
    if not _has_stages(index, job):
        return not_found()
    newest = list(index.builds(job).values())[:MOST_RUNS]
    match what:
        case ("describe",) | ("describe", ""):
            link = f"/{job_path(job.name)}wfapi/describe"
            return json_response({"_links": {"self": {"href": link}}, "name": job.name, "runCount": len(newest)})
        case ("runs",) | ("runs", ""):
            return json_response([_describe(job, build) for build in newest if build.stages is not None])
        case _:
            return not_found()


def answer_pipeline(index: Index, job: SampleJob, build: SampleBuild, what: tuple[str, ...]) -> Response:
    """Return ``<build>/wfapi/…``; 404 without the plugin and for jobs that are no pipelines."""
    if not _has_stages(index, job) or build.stages is None:
        return not_found()
    match what:
        case ("describe",) | ("describe", ""):
            return json_response(_describe(job, build))
        case ("pendingInputActions",):
            return json_response(list(build.pending_inputs))
        case ("nextPendingInputAction",):
            return json_response(build.pending_inputs[0] if build.pending_inputs else None)
        case ("artifacts",):
            return json_response([_artifact(job, build, place, path) for place, path in enumerate(build.artifacts, start=1)])
        case _:
            return not_found()


def _has_stages(index: Index, job: SampleJob) -> bool:
    return index.controller.has_stage_view and job.class_name == PIPELINE


def _describe(job: SampleJob, build: SampleBuild) -> dict[str, Any]:
    link = f"/{job_path(job.name)}{build.number}/wfapi/"
    stages = list(build.stages or ())
    return {
        "_links": {"self": {"href": link + "describe"}, "artifacts": {"href": link + "artifacts"}},
        "id": str(build.number),
        "name": build.display_name or f"#{build.number}",
        "status": _status(build),
        "startTimeMillis": build.timestamp,
        "endTimeMillis": build.timestamp + build.duration,
        "durationMillis": build.duration,
        "queueDurationMillis": 0,
        "pauseDurationMillis": 0,
        "stages": stages,
    }


def _status(build: SampleBuild) -> str | None:
    if build.pending_inputs:
        return "PAUSED_PENDING_INPUT"
    return "IN_PROGRESS" if build.building else _WORDS.get(build.result or "")


def _artifact(job: SampleJob, build: SampleBuild, place: int, path: str) -> dict[str, Any]:
    escaped = "/".join(segment(part) for part in path.split("/"))
    address = f"/{job_path(job.name)}{build.number}/artifact/{escaped}"
    name = path.rsplit("/", 1)[-1]
    size = 0 if build.artifacts[path] is None else len(build.content(path))
    return {"id": f"n{place}", "name": name, "path": path, "url": address, "size": size}
