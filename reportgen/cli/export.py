"""``reportgen export``: a run or a comparison as one self-contained, script-free file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportgen.cli import DONE, App, pass_app, verb
from reportgen.errors import ReportgenError


@verb("export")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "-o", "--output", required=True, metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True), help="Where to."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@pass_app
def command(app: App, runs: tuple[str, ...], output: str, force: bool) -> int:
    """Write the page of a run, or of several runs compared to the first, as one file for mail and archives.

    Runs are written JOB#N, JOB#N/RUN or JOB#last. Styles and pictures are inside the file, and there is no script; links lead
    to the published site where its address is configured ([site] url). FILE may be - for the standard output.
    """
    from reportgen import __version__
    from reportgen.analysis.compare import Detail, compare
    from reportgen.analysis.options import metric_options
    from reportgen.cli.reading import find_environment, find_run, open_store
    from reportgen.site.maker import SiteMaker
    from reportgen.site.single import comparison_as_file, run_as_file

    if len(runs) > 20:
        raise click.UsageError("at most 20 runs can be compared")
    target = None if output == "-" else Path(output)
    if target is not None and target.exists() and not force:
        raise ReportgenError(f"{target} exists already", hint="--force writes over it")
    config = app.config()
    maker = SiteMaker(config, f"reportgen {__version__}", app.console)
    with open_store(config) as view:
        rows = [find_run(view, text) for text in runs]
        if len(rows) == 1:
            text = run_as_file(maker, view, rows[0])
        else:
            details = [Detail(environment=find_environment(view, row)) for row in rows]
            text = comparison_as_file(maker, view, compare(rows, metrics=metric_options(config), details=details))
    data = text.encode("utf-8", "replace")
    if target is None:
        sys.stdout.buffer.write(data)
    else:
        _write(target, data)
        app.console.line(f"wrote {target} ({len(data) / 1000:,.0f} kB)")
    return DONE


def _write(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ReportgenError(f"{target} cannot be written: {error.strerror}") from error
