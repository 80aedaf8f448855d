"""Writes a sample controller as Jenkins keeps it on its disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportgen.demo.model import CONTAINERS, MATRIX_CONFIGURATION, MULTIBRANCH, PIPELINE, Controller, SampleBuild, SampleJob


def write_home(controller: Controller, home: Path) -> None:
    """Write every job with its finished and running builds below ``home/jobs``."""
    kinds = {job.name: job.class_name for job in controller.items()}
    for job in controller.items():
        place = _place(home, job, kinds)
        place.mkdir(parents=True, exist_ok=True)
        if job.class_name in CONTAINERS:
            continue
        for build in job.builds:
            _write_build(place / "builds" / str(build.number), job, build)
        (place / "builds").mkdir(exist_ok=True)
        (place / "builds" / "lastSuccessfulBuild").symlink_to("1")


def _place(home: Path, job: SampleJob, kinds: dict[str, str]) -> Path:
    place, name = home, ""
    for part in job.name.split("/"):
        parent, name = name, f"{name}/{part}" if name else part
        if kinds[name] == MATRIX_CONFIGURATION:
            place = place / "configurations"
            for axis in part.split(","):
                key, _, value = axis.partition("=")
                place = place / f"axis-{key}" / value
        elif kinds.get(parent) == MULTIBRANCH:
            place = place / "branches" / part.replace("%2F", "-")
            place.mkdir(parents=True, exist_ok=True)
            (place / "name-utf8.txt").write_text(part)
        else:
            place = place / "jobs" / part
    return place


def _write_build(place: Path, job: SampleJob, build: SampleBuild) -> None:
    place.mkdir(parents=True)
    root = "flow-build" if job.class_name == PIPELINE else "build"
    facts: dict[str, Any] = {
        "timestamp": build.timestamp,
        "duration": build.duration,
        "result": None if build.building else build.result,
        "displayName": build.display_name or None,
        "description": build.description,
        "keepLog": str(build.keep_log).lower(),
        "builtOn": build.built_on,
    }
    fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in facts.items() if value is not None)
    actions = "".join(_action(action) for action in build.actions if action) + _fingerprints(build)
    xml = f"<?xml version='1.1' encoding='UTF-8'?>\n<{root}><actions>{actions}</actions>{fields}<odd>&#x1b;[31m</odd></{root}>"
    (place / "build.xml").write_text(xml, encoding="utf-8")
    for path, _ in build.artifacts.items():
        file = place / "archive" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(build.content(path))
    if build.console is not None:
        (place / "log").write_text(build.console)


def _action(action: dict[str, Any]) -> str:
    tag = action["_class"].replace("_", "__").replace("$", "_-")
    if "parameters" in action:
        inner = "".join(_parameter(each) for each in action["parameters"])
        return f"<{tag}><parameters>{inner}</parameters></{tag}>"
    if "causes" in action:
        entries = "".join(f"<entry>{_cause(each)}<int>1</int></entry>" for each in action["causes"])
        return f'<{tag}><causeBag class="linked-hash-map">{entries}</causeBag></{tag}>'
    if "lastBuiltRevision" in action:
        built = action["lastBuiltRevision"]
        branches = "".join(
            f"<hudson.plugins.git.Branch><name>{each['name']}</name></hudson.plugins.git.Branch>" for each in built["branch"]
        )
        marked = f"<marked><sha1>{built['SHA1']}</sha1><branches>{branches}</branches></marked>"
        entry = f"<entry><string>x</string><hudson.plugins.git.util.Build>{marked}</hudson.plugins.git.util.Build></entry>"
        remotes = "".join(f"<string>{url}</string>" for url in action["remoteUrls"])
        return f"<{tag}><buildsByBranchName>{entry}</buildsByBranchName><remoteUrls>{remotes}</remoteUrls></{tag}>"
    fields = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in action.items() if name != "_class")
    return f"<{tag}>{fields}</{tag}>"


def _parameter(parameter: dict[str, Any]) -> str:
    tag = parameter["_class"].replace("$", "_-")
    value = parameter.get("value", "")
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{tag}><name>{parameter['name']}</name><value>{text}</value></{tag}>"


def _cause(cause: dict[str, Any]) -> str:
    tag = cause["_class"].replace("$", "_-")
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in cause.items() if name not in ("_class", "shortDescription"))
    return f"<{tag}>{fields}</{tag}>"


def _fingerprints(build: SampleBuild) -> str:
    entries = "".join(
        f"<entry><string>{each['fileName']}</string><string>{each['hash']}</string></entry>" for each in build.fingerprint
    )
    tag = "hudson.tasks.Fingerprinter_-FingerprintAction"
    return f'<{tag}><record class="tree-map">{entries}</record></{tag}>' if entries else ""
