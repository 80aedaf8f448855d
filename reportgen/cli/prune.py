"""``reportgen prune``: the only command that deletes from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reportgen.cli import DONE, App, pass_app, verb

if TYPE_CHECKING:
    from reportgen.store.prune import Pruned


@verb("prune")
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@click.option(
    "--run", "run", metavar="RUN", help="Delete this run: JOB#N, JOB#N/RUN or JOB#last; JOB#N~YYYYMMDD of a recreated job."
)
@click.option("--reason", metavar="TEXT", help="Why; it stays in the store and keeps the run from coming back.")
@pass_app
def command(app: App, dry_run: bool, run: str | None, reason: str | None) -> int:
    """Delete from the store what is no longer needed.

    Without --run: files that no build refers to and that are older than seven days, such as those of a harvest that was
    interrupted. With --run: wrong or personal data. The run's values and files are removed for good, and a tombstone with the
    reason stays, so that a later harvest does not bring it back.
    """
    if (run is None) != (reason is None):
        raise click.UsageError("--run and --reason go together.")
    from reportgen.cli.clock import now
    from reportgen.errors import StoreError
    from reportgen.store.db import DATABASE, Store
    from reportgen.store.prune import prune_blobs, prune_run

    config = app.config()
    if not (config.store_path / DATABASE).is_file():
        raise StoreError(
            f"there is no store at {config.store_path}", hint="reportgen harvest fills it; reportgen demo makes a sample"
        )
    controller = config.jenkins.name if config.jenkins is not None else "jenkins"
    with Store.open(config.store_path, controller=controller) as store:
        if run is None or reason is None:
            _tell(app, prune_blobs(store, now=now(), dry_run=dry_run), dry_run)
        else:
            _tell(app, prune_run(store, run, reason, now=now(), dry_run=dry_run), dry_run)
            if not dry_run:
                _warn_of_versions(app)
    return DONE


def _tell(app: App, pruned: Pruned, dry_run: bool) -> None:
    verb_told = "would delete" if dry_run else "deleted"
    for blob in pruned.blobs:
        app.console.detail(f"{verb_told} {blob.digest} ({blob.size_bytes:,} bytes)")
    what = f"{_files(len(pruned.blobs))}, {pruned.size_bytes:,} bytes"
    app.console.line(f"{verb_told} {f'{pruned.run} and ' if pruned.run else ''}{what}")
    if pruned.young:
        app.console.line(f"kept {_files(pruned.young)} that no build refers to yet: younger than seven days")


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _warn_of_versions(app: App) -> None:
    from reportgen.site.publish import list_versions

    output = app.config().output_path
    versions = [version.id for version in list_versions(output)] if output.is_dir() else []
    if versions:
        app.console.warn(
            f"published versions ({len(versions)}) still show it: publish a new one with reportgen build,"
            " then remove the older ones with reportgen versions delete"
        )
