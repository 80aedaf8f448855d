"""``reportgen check``: configuration, store and published site, every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import DONE, MENDABLE, App, pass_app, verb

if TYPE_CHECKING:
    from reportgen.config import Config

_ANEW = "publish anew with reportgen build, and remove this one with reportgen versions delete {}"


@verb("check")
@click.option("--read-data", is_flag=True, help="Also read every byte of the store and of every published version.")
@click.option(
    "--site-dir", type=click.Path(path_type=Path, file_okay=False), help="The published tree, if not the configured one."
)
@pass_app
def command(app: App, read_data: bool, site_dir: Path | None) -> int:
    """Check configuration, store and published site.

    Lists every problem and changes nothing. Without --read-data the store's structure and the newest published version are
    checked, which takes seconds; with it every byte of the store and of all versions is compared with its digest. Jobs,
    builds and metrics that leaderboards and pipelines name and the store does not have are noted.
    """
    config = _check_config(app)
    if config is None:
        return MENDABLE
    _tell_misfits(app, config)
    problems = _check_store(app, config, read_data) + _check_site(app, config, site_dir or config.output_path, read_data)
    app.console.line("no problems" if problems == 0 else f"{problems} problem{'s' if problems > 1 else ''}")
    return DONE if problems == 0 else MENDABLE


def _check_config(app: App) -> Config | None:
    from reportgen.errors import ConfigError

    try:
        config = app.config()
    except ConfigError as error:
        app.console.error(error.message, hint=error.hint)
        return None
    app.console.line(f"{app.config_file}: in order")
    return config


def _tell_misfits(app: App, config: Config) -> None:
    from reportgen.site.reading import misfits
    from reportgen.store.db import DATABASE
    from reportgen.store.view import StoreView

    if (config.store_path / DATABASE).is_file():
        with StoreView.open(config.store_path) as view:
            for text in misfits(config, view, view.build_ids(), view.jobs()):
                app.console.line(f"note: {text}")


def _check_store(app: App, config: Config, read_data: bool) -> int:
    from reportgen.store.check import check_store
    from reportgen.store.db import DATABASE

    path = config.store_path
    if not (path / DATABASE).is_file():
        app.console.line(f"{path}: no store yet")
        return 0
    found = check_store(path, read_data=read_data, progress=app.console.progress)
    for note in found.notes:
        app.console.line(f"note: {note}")
    for problem in found.problems:
        app.console.error(problem.text, hint=problem.hint)
    read = f", {found.read_bytes:,} bytes read" if read_data else ""
    app.console.line(
        f"{path}: builds: {found.builds:,}, runs: {found.runs:,}, blobs: {found.blobs:,} ({found.blob_bytes:,} bytes){read}"
    )
    return len(found.problems)


def _check_site(app: App, config: Config, output: Path, read_data: bool) -> int:
    from reportgen.site.publish import list_versions

    versions = [version.id for version in list_versions(output)] if output.is_dir() else []
    if not versions:
        app.console.line(f"{output}: nothing published yet")
        return 0
    checked = versions if read_data else versions[:1]
    problems = _check_manifests(app, config, output)
    for version in checked:
        for text in _damage(app, output / version):
            app.console.error(text, hint=_ANEW.format(version))
            problems += 1
    app.console.line(f"{output}: {len(checked)} of {len(versions)} versions checked")
    return problems


def _check_manifests(app: App, config: Config, output: Path) -> int:
    """Compare the manifests with the digests that the store took when it published them."""
    from hashlib import sha256

    from reportgen.store.db import DATABASE
    from reportgen.store.view import StoreView

    if not (config.store_path / DATABASE).is_file():
        return 0
    with StoreView.open(config.store_path) as view:
        published = view.versions()
    problems = 0
    for version in published:
        manifest = output / version.id / "manifest.json"
        if not manifest.parent.is_dir() or not version.manifest_sha256:
            continue
        if not manifest.is_file() or sha256(manifest.read_bytes()).hexdigest() != version.manifest_sha256:
            app.console.error(f"{manifest} is not the one that was published", hint=_ANEW.format(version.id))
            problems += 1
    return problems


def _damage(app: App, directory: Path) -> Iterator[str]:
    from reportgen.errors import PublishError
    from reportgen.site.publish import verify

    try:
        damage = verify(directory, lambda done, total: app.console.progress(directory.name, done, total))
    except PublishError as error:
        yield error.message
        return
    for what, paths in (
        ("is missing", damage.missing),
        ("has changed", damage.changed),
        ("does not belong there", damage.extra),
    ):
        for path in paths:
            yield f"{directory / path} {what}"
