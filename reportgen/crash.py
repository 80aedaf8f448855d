"""The paste-ready log of a bug."""

from __future__ import annotations

import platform
import tempfile
import traceback
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from reportgen.redact import Redactor

_WORTH_NAMING = ("click", "jinja2", "pandas", "altair", "vl-convert-python", "python-jenkins", "requests", "nh3")


def write_log(bug: BaseException, arguments: Sequence[str]) -> Path | None:
    """Write versions, command and traceback to a new file and return it, or None where no file can be written."""
    redactor = Redactor()
    lines = [
        f"reportgen {_version('reportgen')}",
        f"Python {platform.python_version()} on {platform.platform()}",
        *(f"{name} {_version(name)}" for name in _WORTH_NAMING),
        redactor.text("command: reportgen " + " ".join(arguments)).value,
        "",
        redactor.text("".join(traceback.format_exception(bug))).value,
    ]
    try:
        with tempfile.NamedTemporaryFile("w", prefix="reportgen-bug-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write("\n".join(lines))
    except OSError:
        return None
    return Path(log.name)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
