"""The packed sample: one ``.tar.xz`` with everything a `Controller` holds.

``jenkins.json`` describes jobs and builds, with artifacts as ``{"relative/path": "<sha256>"}`` (null: listed, no longer there);
``files/<sha256>`` holds each content once. Packing is deterministic: the same controller gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from reportgen.demo.model import PIPELINE, Controller, SampleBuild, SampleJob
from reportgen.errors import ReportgenError

FORMAT = 1
_DESCRIPTION = "jenkins.json"


def load_sample(path: Path | None = None) -> Controller:
    """Return the controller packed in `path`, by default in the sample that comes with reportgen.

    Raises ReportgenError when the file is missing or of another format.
    """
    try:
        packed = path.read_bytes() if path else (files("reportgen.demo") / "sample.tar.xz").read_bytes()
    except OSError as problem:
        raise ReportgenError(f"the sample cannot be read: {problem}", hint="reinstall reportgen") from problem
    members: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as archive:
        for member in archive:
            held = archive.extractfile(member)
            if held is not None:
                members[member.name] = held.read()
    return make_controller(json.loads(members[_DESCRIPTION]), members)


def make_controller(description: Mapping[str, Any], members: Mapping[str, bytes]) -> Controller:
    """Return the controller that ``jenkins.json`` describes; `members` gives the bytes of ``files/<sha256>``.

    Raises ReportgenError when the description is of another format.
    """
    if description.get("format") != FORMAT:
        raise ReportgenError(f"the sample has format {description.get('format')}, this reportgen reads {FORMAT}")
    return Controller(jobs=tuple(_load_job(job, members) for job in description["jobs"]))


def _load_job(entry: Mapping[str, Any], members: Mapping[str, bytes]) -> SampleJob:
    return SampleJob(
        name=entry["name"],
        class_name=entry.get("class") or PIPELINE,
        description=entry.get("description"),
        display_name=entry.get("displayName") or "",
        buildable=entry.get("buildable", True),
        upstream=tuple(entry.get("upstream") or ()),
        downstream=tuple(entry.get("downstream") or ()),
        builds=tuple(_load_build(build, members) for build in entry.get("builds") or ()),
    )


def _load_build(entry: Mapping[str, Any], members: Mapping[str, bytes]) -> SampleBuild:
    change_sets = entry.get("changeSets") or ([entry["changeSet"]] if entry.get("changeSet") else [])
    stages = entry.get("stages")
    artifacts = entry.get("artifacts") or {}
    return SampleBuild(
        number=entry["number"],
        timestamp=entry["timestamp"],
        duration=entry.get("duration") or 0,
        result=entry.get("result"),
        building=bool(entry.get("building")),
        display_name=entry.get("displayName") or "",
        description=entry.get("description"),
        built_on=entry.get("builtOn") or "",
        keep_log=bool(entry.get("keepLog")),
        queue_id=entry.get("queueId", -1),
        actions=tuple(entry.get("actions") or ()),
        change_sets=tuple(change_sets),
        fingerprint=tuple(entry.get("fingerprint") or ()),
        stages=None if stages is None else tuple(stages),
        pending_inputs=tuple(entry.get("pendingInputs") or ()),
        test_report=entry.get("testReport"),
        console=entry.get("console"),
        artifacts={path: members[f"files/{digest}"] if digest else None for path, digest in artifacts.items()},
    )


def pack_sample(controller: Controller, path: Path) -> None:
    """Write `controller` to `path` as ``.tar.xz``; the same controller gives the same bytes."""
    contents: dict[str, bytes] = {}
    jobs = [_pack_job(job, contents) for job in sorted(controller.jobs, key=lambda job: job.name)]
    description = json.dumps({"format": FORMAT, "jobs": jobs}, ensure_ascii=False, sort_keys=True, indent=1)
    with lzma.open(path, "wb", preset=9 | lzma.PRESET_EXTREME) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, _DESCRIPTION, description.encode())
        for digest in sorted(contents):
            _add(archive, f"files/{digest}", contents[digest])


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    stream: IO[bytes] = io.BytesIO(content)
    archive.addfile(member, stream)


def _pack_job(job: SampleJob, contents: dict[str, bytes]) -> dict[str, Any]:
    builds = sorted(job.builds, key=lambda build: build.number)
    return {
        "name": job.name,
        "class": job.class_name,
        "description": job.description,
        "displayName": job.display_name,
        "buildable": job.buildable,
        "upstream": list(job.upstream),
        "downstream": list(job.downstream),
        "builds": [_pack_build(build, contents) for build in builds],
    }


def _pack_build(build: SampleBuild, contents: dict[str, bytes]) -> dict[str, Any]:
    artifacts: dict[str, str | None] = {}
    for path in sorted(build.artifacts):
        if build.artifacts[path] is None:
            artifacts[path] = None
            continue
        content = build.content(path)
        digest = hashlib.sha256(content).hexdigest()
        artifacts[path], contents[digest] = digest, content
    return {
        "number": build.number,
        "timestamp": build.timestamp,
        "duration": build.duration,
        "result": build.result,
        "building": build.building,
        "displayName": build.display_name,
        "description": build.description,
        "builtOn": build.built_on,
        "keepLog": build.keep_log,
        "queueId": build.queue_id,
        "actions": list(build.actions),
        "changeSets": list(build.change_sets),
        "fingerprint": list(build.fingerprint),
        "stages": None if build.stages is None else list(build.stages),
        "pendingInputs": list(build.pending_inputs),
        "testReport": build.test_report,
        "console": build.console,
        "artifacts": artifacts,
    }
