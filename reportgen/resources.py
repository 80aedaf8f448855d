"""Where the files that travel with the package are: in an installation, or at the top of a source tree."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Return the directory `name` ("themes" or "content") of this installation.

    A wheel carries it as ``reportgen/_data/<name>``; a checkout and an editable installation have it beside the package.
    """
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    beside = _PACKAGE.parent / name
    if beside.is_dir():
        return beside
    raise FileNotFoundError(f"this installation of reportgen has no {name}/: neither {installed} nor {beside} is there")


def themes_dir() -> Path:
    """Return the directory that holds the themes which travel with the package."""
    return data_dir("themes")


def content_dir() -> Path:
    """Return the directory of the starter content pages."""
    return data_dir("content")
