"""``reportgen versions``: what is published, and how to go back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import DONE, MENDABLE, App, VerbGroup, pass_app
from reportgen.errors import PublishError

if TYPE_CHECKING:
    from reportgen.site.publish import Damage, Version
    from reportgen.store.db import Store

_SHOWN = 20


def _site_dir(function: Any) -> Any:
    return click.option(
        "--site-dir", type=click.Path(path_type=Path, file_okay=False), help="The published tree, if not the configured one."
    )(function)


@click.group("versions", cls=VerbGroup, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int | None:
    """List, compare, name, verify and delete published versions; without a command, list them."""
    return None if context.invoked_subcommand else int(context.invoke(list_command))


def _output(app: App, site_dir: Path | None) -> Path:
    return site_dir if site_dir is not None else app.config().output_path


@contextmanager
def _locked(app: App) -> Iterator[Store | None]:
    """Keep others from publishing meanwhile; None where there is no store yet."""
    from reportgen.store.db import DATABASE, Store

    path = app.config().store_path
    if not (path / DATABASE).is_file():
        yield None
        return
    with Store.open(path) as store:
        yield store


@command.command("list")
@_site_dir
@click.option("--json", "as_json", is_flag=True, help="Print versions.json as it would be written now.")
@pass_app
def list_command(app: App, site_dir: Path | None = None, as_json: bool = False) -> int:
    """List the published versions, newest first."""
    from reportgen.site.publish import list_versions, versions_bytes

    versions = list_versions(_output(app, site_dir))
    if as_json:
        click.echo(versions_bytes(versions).decode(), nl=False)
        return DONE
    if not versions:
        app.console.line(f"nothing is published in {_output(app, site_dir)} yet; run `reportgen build`")
    width = max((len(version.id) for version in versions), default=0)
    for version in versions:
        aliases = f"  ({', '.join(version.aliases)})" if version.aliases else ""
        click.echo(f"{version.id:{width}}  {version.title}{aliases}".rstrip())
    return DONE


@command.command("diff")
@click.argument("older")
@click.argument("newer")
@_site_dir
@click.option("--json", "as_json", is_flag=True, help="Print every path as JSON.")
@pass_app
def diff_command(app: App, older: str, newer: str, site_dir: Path | None, as_json: bool) -> int:
    """Tell which files differ between two versions (ids or aliases), pages first."""
    from reportgen.site.publish import difference

    output = _output(app, site_dir)
    found = difference(_manifest(output, older), _manifest(output, newer))
    if as_json:
        click.echo(json.dumps({"schema": 1, **found._asdict()}, indent=1))
        return DONE
    for word, paths in found._asdict().items():
        click.echo(f"{word}: {len(paths)}")
        for path in sorted(paths, key=lambda path: not path.endswith(".html"))[:_SHOWN]:
            click.echo(f"  {path}")
        if len(paths) > _SHOWN:
            click.echo(f"  … and {len(paths) - _SHOWN} more (--json lists them)")
    return DONE


def _manifest(output: Path, name: str) -> Any:
    from reportgen.site.manifest import read_manifest

    version = _resolve(output, name)
    files = read_manifest(output / version.id)
    if files is None:
        raise PublishError(
            f"the manifest of {version.id} cannot be read", hint="reportgen versions verify tells what is damaged"
        )
    return files


def _resolve(output: Path, name: str) -> Version:
    from reportgen.site.publish import list_versions

    versions = list_versions(output)
    for version in versions:
        if name == version.id or name in version.aliases:
            return version
    listed = ", ".join(version.id for version in versions[:5]) or "none"
    raise PublishError(f"there is no version {name!r}", hint=f"published: {listed}")


@command.command("alias")
@click.argument("target", metavar="VERSION")
@click.argument("name", default="latest")
@_site_dir
@pass_app
def alias_command(app: App, target: str, name: str, site_dir: Path | None) -> int:
    """Let the alias NAME lead to VERSION, by default `latest`.

    This is how to go back, and forth again. The next build that publishes moves `latest` to its own version.
    """
    from reportgen.site.publish import set_alias

    output = _output(app, site_dir)
    with _locked(app):
        version = _resolve(output, target).id
        set_alias(output, name, version, app.config().site.alias)
    app.console.line(f"{name} now leads to {version}")
    return DONE


@command.command("delete")
@click.argument("versions", nargs=-1, required=True)
@_site_dir
@pass_app
def delete_command(app: App, versions: tuple[str, ...], site_dir: Path | None) -> int:
    """Delete published versions, or aliases.

    A version that an alias leads to is refused. Of an alias only the name goes; the version stays. `latest` stays too.
    """
    from reportgen.site.publish import delete_versions, list_versions, remove_alias

    output = _output(app, site_dir)
    with _locked(app) as store:
        known = {alias for version in list_versions(output) for alias in version.aliases}
        ids = [name for name in versions if name not in known]
        for name in versions:
            if name in known:
                remove_alias(output, name)
        delete_versions(output, ids)
        for version in ids:
            if store is not None:
                store.forget_version(version)
    app.console.line(f"deleted {', '.join(versions)}")
    return DONE


@command.command("verify")
@click.argument("versions", nargs=-1)
@_site_dir
@pass_app
def verify_command(app: App, versions: tuple[str, ...], site_dir: Path | None) -> int:
    """Compare every file of versions with their manifests; without VERSIONS, of all."""
    from reportgen.site.publish import list_versions, verify

    output = _output(app, site_dir)
    damaged = 0
    chosen = [_resolve(output, name) for name in versions] or list_versions(output)
    if not chosen:
        app.console.line(f"nothing is published in {output}")
    for version in chosen:
        label = version.id
        damage = verify(output / label, lambda done, total, label=label: app.console.progress(label, done, total))  # type: ignore[misc]
        app.console.line(f"{label}: {_told(damage)}")
        damaged += bool(damage)
    return MENDABLE if damaged else DONE


def _told(damage: Damage) -> str:
    if not damage:
        return "whole"
    counts = [f"{len(paths)} {word} (first: {paths[0]})" for word, paths in damage._asdict().items() if paths]
    return ", ".join(counts)
