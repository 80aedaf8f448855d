"""``reportgen init``: a working project."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import DONE, App, pass_app, verb
from reportgen.errors import ReportgenError


@verb("init")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
@pass_app
def command(app: App, directory: Path) -> int:
    """Make a working project in DIR: reportgen.toml, content/ and a Jenkinsfile.

    A file that is there already is never overwritten: the command then changes nothing and names it.
    """
    files = starter_files()
    taken = [name for name in files if (directory / name).exists() or (directory / name).is_symlink()]
    if taken:
        listed = ", ".join(str(directory / name) for name in taken)
        raise ReportgenError(
            f"already there, nothing was changed: {listed}", hint="choose another directory, or move the files"
        )
    write_files(directory, files)
    app.console.line(f"made {', '.join(str(directory / name) for name in files)}")
    app.console.line(f"next: set [jenkins] url and a job in {directory / 'reportgen.toml'}, then run `reportgen build`")
    return DONE


def starter_files() -> dict[str, bytes]:
    """Return the files of a new project: relative path → bytes."""
    from reportgen import starter
    from reportgen.resources import content_dir

    here = Path(starter.__file__).parent
    files = {name: (here / name).read_bytes() for name in ("reportgen.toml", "Jenkinsfile")}
    files["content/index.md"] = (content_dir() / "index.md").read_bytes()
    return files


def write_files(directory: Path, files: dict[str, bytes]) -> None:
    """Write `files` below `directory`; a file that is there raises instead of being replaced."""
    for name, data in files.items():
        path = directory / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
        except OSError as problem:
            raise ReportgenError(
                f"{path}: cannot be written: {problem.strerror}", hint="check that you may write there"
            ) from problem
