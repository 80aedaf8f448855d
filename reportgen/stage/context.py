"""What a step can tell about itself without being asked: its build, its code, its packages.

Git and packages are looked at once per process. The environment is an argument, so that a step can be described for
another one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from reportgen import record

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any


GIT_SECONDS = 10.0
"""How long git may take to answer; then the run is one outside git."""


def ci_of(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return job, build, url, node and branch of the Jenkins build that this environment describes; empty outside Jenkins."""
    job = environ.get("JOB_NAME", "")
    if not job:
        return {}
    build = environ.get("BUILD_NUMBER", "")
    ci: dict[str, Any] = {"job": job, "build": int(build) if build.isascii() and build.isdigit() else None}
    for key, variable in (("url", "BUILD_URL"), ("node", "NODE_NAME")):
        if environ.get(variable):
            ci[key] = environ[variable]
    branch = branch_of(environ)
    if branch:
        ci["branch"] = branch
    return ci


def branch_of(environ: Mapping[str, str]) -> str | None:
    """Return the branch Jenkins names: BRANCH_NAME, else GIT_LOCAL_BRANCH, else GIT_BRANCH without ``origin/``."""
    return (
        environ.get("BRANCH_NAME")
        or environ.get("GIT_LOCAL_BRANCH")
        or environ.get("GIT_BRANCH", "").removeprefix("origin/")
        or None
    )


def stage_of(environ: Mapping[str, str]) -> str | None:
    """Return the stage Jenkins is in, else the last part of the job's name; None outside Jenkins."""
    stage = environ.get("STAGE_NAME", "")
    return stage if stage.strip() else environ.get("JOB_NAME", "").rpartition("/")[2] or None


def source_of(environ: Mapping[str, str], directory: str | None = None) -> dict[str, Any]:
    """Return commit, branch and dirty of the checkout; what git does not know comes from the environment, else is left out."""
    try:
        found = dict(_git(directory or os.getcwd()))  # noqa: PTH109 - as text, which is what the answer is kept by
    except OSError:  # the working directory is gone
        found = {}
    source: dict[str, Any] = {}
    commit = found.get("commit") or environ.get("GIT_COMMIT")
    if commit:
        source["commit"] = commit
    branch = branch_of(environ) or found.get("branch")
    if branch:
        source["branch"] = branch
    if "dirty" in found:
        source["dirty"] = found["dirty"] == "yes"
    return source


@lru_cache(maxsize=8)
def _git(directory: str) -> tuple[tuple[str, str], ...]:
    if not any((parent / ".git").exists() for parent in (Path(directory), *Path(directory).parents)):
        return ()
    import subprocess

    command = [
        "git",
        "--no-optional-locks",
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=no",
        "--ignore-submodules",
    ]
    try:
        answer = subprocess.run(  # a hung file system must not hang a training job
            command, cwd=directory, capture_output=True, timeout=GIT_SECONDS, check=True, stdin=subprocess.DEVNULL
        ).stdout.decode("utf-8", "backslashreplace")
    except (OSError, subprocess.SubprocessError):
        return ()
    found: dict[str, str] = {"dirty": "no"}
    for line in answer.splitlines():
        if line.startswith("# branch.oid ") and not line.endswith("(initial)"):
            found["commit"] = line.split(" ", 2)[2]
        elif line.startswith("# branch.head ") and not line.endswith("(detached)"):
            found["branch"] = line.split(" ", 2)[2]
        elif line and not line.startswith("#"):
            found["dirty"] = "yes"
    return tuple(found.items())


@lru_cache(maxsize=1)
def host() -> str:
    """Return a digest of this machine's name: enough to tell whether a process id means anything here."""
    from zlib import crc32

    return f"{crc32(os.uname().nodename.encode('utf-8', 'replace')):08x}" if hasattr(os, "uname") else ""


def python_facts() -> dict[str, str]:
    """Return Python's version and implementation and the platform."""
    version = ".".join(map(str, sys.version_info[:3]))
    system = os.uname() if hasattr(os, "uname") else None
    platform = f"{system.sysname} {system.release} {system.machine}" if system else sys.platform
    return {"python": version, "implementation": sys.implementation.name, "platform": platform}


def python_event() -> str:
    """Return the event that says which Python with which packages this is, as `record.encode_body` makes it."""
    return _python_event(tuple(sys.path))


@lru_cache(maxsize=2)
def _python_event(path: tuple[str, ...]) -> str:
    value = {**python_facts(), "packages": dict(_packages(path))}
    return record.encode_body({"kind": "environment", "name": "python", "value": value})


def packages() -> dict[str, str]:
    """Return installed packages with their versions, told from the names of their metadata directories."""
    return dict(_packages(tuple(sys.path)))


@lru_cache(maxsize=2)
def _packages(path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for directory in path:
        try:
            entries = os.listdir(directory or ".")  # noqa: PTH208 - three times as fast, and every training step pays for it
        except OSError:
            continue
        for entry in entries:
            if entry.endswith((".dist-info", ".egg-info")):
                name, dash, version = entry.rpartition(".")[0].partition("-")
                if dash and name:
                    found.setdefault(name.lower().replace("_", "-").replace(".", "-"), version.partition("-py")[0])
    return tuple(sorted(found.items()))
