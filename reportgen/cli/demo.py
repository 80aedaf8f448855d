"""``reportgen demo``: the whole path on a sample Jenkins that lives inside the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import DONE, App, pass_app, verb
from reportgen.errors import ReportgenError

if TYPE_CHECKING:
    from reportgen.config import Config


@verb("demo")
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--no-serve", is_flag=True, help="End when the site is built, also on a terminal.")
@click.option(
    "-a", "--dev-addr", default="127.0.0.1:8000", metavar="IP:PORT", show_default=True, help="Where to serve the site."
)
@pass_app
def command(app: App, directory: Path, no_serve: bool, dev_addr: str) -> int:
    """Harvest an embedded sample Jenkins into DIR, build its site, and serve it on a terminal.

    Needs no server and no network. The results are real: five small scripts that train on a public data set. The clock of
    the builds and the reviewer are simulated.
    """
    from reportgen.config import load_config

    write_project(directory)
    app.config_file = directory / "reportgen.toml"
    config = load_config(app.config_file)
    status = harvest_sample(app, config)
    from reportgen.cli.build import build_site

    status = max(status, build_site(app, config))
    site = config.output_path / "latest"
    app.console.line(f"the site is at {site / 'index.html'}")
    if no_serve or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return status
    from reportgen.cli.serve import serve_published

    serve_published(app, config.output_path, dev_addr)
    return DONE


def write_project(directory: Path) -> None:
    """Write the sample's configuration and content; a file that is there and differs raises, and nothing is written."""
    files = sample_files()
    different = [
        name for name, data in files.items() if (directory / name).exists() and (directory / name).read_bytes() != data
    ]
    if different:
        listed = ", ".join(str(directory / name) for name in different)
        raise ReportgenError(f"already there and not of the demo: {listed}", hint="name an empty directory: reportgen demo DIR")
    from reportgen.cli.init import write_files

    write_files(directory, {name: data for name, data in files.items() if not (directory / name).exists()})


def sample_files() -> dict[str, bytes]:
    """Return the files of the sample project: relative path → bytes."""
    from reportgen import demo
    from reportgen.resources import content_dir

    content = content_dir()
    files = {f"content/{path.relative_to(content).as_posix()}": path.read_bytes() for path in sorted(content.rglob("*.md"))}
    return {"reportgen.toml": (Path(demo.__file__).parent / "reportgen.toml").read_bytes(), **files}


def harvest_sample(app: App, config: Config) -> int:
    """Serve the sample on loopback and harvest it as any Jenkins; return the exit status."""
    from reportgen.cli.harvest import run_harvest
    from reportgen.demo.jenkins import SampleJenkins
    from reportgen.demo.sample import load_sample

    if config.jenkins is None:
        raise ReportgenError("the sample's configuration has no [jenkins]")
    with SampleJenkins(load_sample(), log_requests=False) as jenkins:
        app.console.line(f"sample Jenkins at {jenkins.url}")
        there = config.jenkins.model_copy(update={"url": jenkins.url})
        return run_harvest(app, config.model_copy(update={"jenkins": there}))
