"""``reportgen build``: harvest, then publish a new version of the site."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import DONE, INCOMPLETE, App, pass_app, verb
from reportgen.errors import HarvestError, PublishError, StoreError

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.site.builder import BuildOptions, Summary
    from reportgen.site.cluster import Cluster

_SHOWN = 10


@verb("build")
@click.option("--no-harvest", is_flag=True, help="Build from the store alone.")
@click.option("--site-dir", type=click.Path(path_type=Path, file_okay=False), help="Publish there, not where it is configured.")
@click.option("--clean", is_flag=True, help="Render every page anew and link none from the version before.")
@click.option("--strict", is_flag=True, help="Publish nothing if anything is incomplete.")
@click.option("--version-id", metavar="ID", help="Name of the new version; by default the time.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that render; by default as the work needs.")
@click.option("--executor", type=click.Choice(["processes", "dask"]), default="processes", help="Where pages are made.")
@click.option("--scheduler", metavar="ADDRESS", help="With --executor dask: the scheduler, HOST:PORT.")
@pass_app
def command(
    app: App,
    no_harvest: bool,
    site_dir: Path | None,
    clean: bool,
    strict: bool,
    version_id: str | None,
    workers: int | None,
    executor: str,
    scheduler: str | None,
) -> int:
    """Harvest what is new on Jenkins, then publish a new version of the site.

    Without [jenkins] in the configuration, or with --no-harvest, the site is built from the store alone. If nothing is new,
    nothing is published.
    """
    from reportgen.site.builder import BuildOptions
    from reportgen.site.publish import check_version_id

    config = app.config()
    if version_id is not None:
        check_version_id(version_id)
    with _cluster(executor, scheduler, workers) as cluster:
        trouble = ""
        if config.jenkins is not None and not no_harvest:
            trouble = _harvest_first(app, config, strict=strict)
        options = BuildOptions(
            output=site_dir, version=version_id, workers=workers, clean=clean, strict=strict, cluster=cluster
        )
        status = build_site(app, config, options)
    if not trouble:
        return status
    app.console.warn(f"the harvest was incomplete ({trouble}); the site shows what is in the store{_data_as_of(config)}")
    return max(status, INCOMPLETE)


def _cluster(executor: str, scheduler: str | None, workers: int | None) -> AbstractContextManager[Cluster | None]:
    """Connect to the scheduler before anything is done, so that one that is not there costs nobody a harvest."""
    if executor != "dask":
        if scheduler is not None:
            raise click.UsageError("--scheduler needs --executor dask")
        return nullcontext()
    if scheduler is None:
        raise click.UsageError("--executor dask needs --scheduler ADDRESS")
    if workers is not None:
        raise click.UsageError("--workers is for processes; with --executor dask the cluster decides")
    from reportgen.site.cluster import Cluster

    return Cluster.connect(scheduler)


def _harvest_first(app: App, config: Config, *, strict: bool) -> str:
    """Harvest and return what went wrong, empty if nothing did; where Jenkins cannot be asked, go on with the store."""
    from reportgen.cli.harvest import harvest_into_store

    try:
        trouble = harvest_into_store(app, config).trouble()
    except HarvestError as problem:
        if strict or not _has_builds(config):
            raise
        return f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    if strict and trouble:
        raise PublishError("the harvest was incomplete and --strict was given", hint="nothing was published")
    return trouble


def _data_as_of(config: Config) -> str:
    from reportgen.store.view import StoreView

    with StoreView.open(config.store_path) as view:
        time = view.data_as_of()
    return f", data as of {time:%Y-%m-%d %H:%M} UTC" if time else ""


def _has_builds(config: Config) -> bool:
    from reportgen.store.view import StoreView

    try:
        with StoreView.open(config.store_path) as view:
            return bool(view.build_ids())
    except StoreError:
        return False


def build_site(app: App, config: Config, options: BuildOptions | None = None) -> int:
    """Publish a version from the store, tell what was done, and return the exit status."""
    from reportgen import __version__
    from reportgen.cli.clock import now
    from reportgen.site import builder
    from reportgen.store.db import Store

    with Store.open(config.store_path, controller=config.jenkins.name if config.jenkins else "jenkins") as store:
        for warning in store.warnings:
            app.console.warn(warning)
        summary = builder.build_site(
            config, store, now=now(), program=f"reportgen {__version__}", reporter=app.console, options=options
        )
    _tell(app, summary)
    return INCOMPLETE if summary.failures else DONE


def _tell(app: App, summary: Summary) -> None:
    from reportgen.site.prepare import by_reason

    if summary.version is None:
        app.console.line(f"nothing new: {summary.directory} shows it already")
        return
    problems = by_reason(summary.failures)
    for problem in problems[:_SHOWN]:
        app.console.warn(problem)
    if len(problems) > _SHOWN:
        app.console.warn(f"and {len(problems) - _SHOWN} more problems")
    for warning in summary.warnings:
        app.console.warn(warning)
    kinds = ", ".join(f"{count:,} in {kind}" for kind, count in summary.kinds.items())
    app.console.line(
        f"{summary.pages:,} pages ({kinds}); {len(summary.written):,} rendered, {summary.linked:,} files unchanged"
    )
    heaviest = ", ".join(f"{path} {size / 1000:,.0f} kB" for path, size in summary.heaviest)
    app.console.line(f"heaviest: {heaviest}")
    if summary.retired:
        app.console.line(f"retired: {', '.join(summary.retired)}")
    for path in summary.written:
        app.console.detail(f"rendered {path}")
    app.console.line(f"published {summary.directory}")
