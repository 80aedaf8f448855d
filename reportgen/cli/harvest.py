"""``reportgen harvest``: from Jenkins, or from a directory, into the store."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen.cli import DONE, INCOMPLETE, App, pass_app, verb

if TYPE_CHECKING:
    from reportgen.config import Config
    from reportgen.harvest.shard import Shard
    from reportgen.harvest.source import Source
    from reportgen.harvest.summary import HarvestSummary
    from reportgen.store.db import Store

_SHOWN = 3


def _parse_shard(context: click.Context, parameter: click.Parameter, text: str | None) -> Shard | None:
    from reportgen.harvest.shard import parse_shard

    if text is None:
        return None
    try:
        return parse_shard(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem), context, parameter) from None


@verb("harvest")
@click.option("--job", "jobs", multiple=True, metavar="PATTERN", help="Only configured jobs that match; may be repeated.")
@click.option("--full", is_flag=True, help="Read every build anew.")
@click.option(
    "--from",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Read a directory of results, or a copy of a Jenkins home, instead of Jenkins.",
)
@click.option(
    "--shard",
    metavar="I/N",
    callback=_parse_shard,
    help="Read only share I of N of the builds, into a store of its own; other machines read the other shares.",
)
@click.option("--merge", "merging", is_flag=True, help="Add what the stores at STORE... have; ask Jenkins nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.argument("stores", nargs=-1, metavar="[STORE]...", type=click.Path(path_type=Path))
@pass_app
def command(
    app: App,
    jobs: tuple[str, ...],
    full: bool,
    directory: Path | None,
    shard: Shard | None,
    merging: bool,
    as_json: bool,
    stores: tuple[Path, ...],
) -> int:
    """Fetch what is new on Jenkins into the store, and keep it for good.

    Asks for what is new, once; what could not be fetched is named and tried again next time. JENKINS_USER and JENKINS_TOKEN,
    or netrc, say who asks.
    """
    if merging:
        if not stores:
            raise click.UsageError("--merge needs the directories of the stores to add")
        if jobs or full or directory or shard:
            raise click.UsageError("--merge takes no other option that says what to harvest")
        told = merge_into_store(app, app.config(), stores)
        if as_json:
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return DONE
    if stores:
        raise click.UsageError(f"{stores[0]}: stores are named after --merge; --from reads a directory of results")
    summary = harvest_into_store(app, app.config(), jobs=jobs, full=full, directory=directory, shard=shard)
    if as_json:
        click.echo(json.dumps(summary.to_json(), indent=2, ensure_ascii=False))
    return INCOMPLETE if summary.incomplete else DONE


def run_harvest(app: App, config: Config) -> int:
    """Harvest what is new and return the exit status."""
    return INCOMPLETE if harvest_into_store(app, config).incomplete else DONE


def harvest_into_store(
    app: App,
    config: Config,
    *,
    jobs: Sequence[str] = (),
    full: bool = False,
    directory: Path | None = None,
    shard: Shard | None = None,
) -> HarvestSummary:
    """Harvest, tell what was done, and return the summary."""
    from reportgen.cli.clock import now
    from reportgen.harvest.ingest import harvest
    from reportgen.harvest.shard import WHOLE

    with _open_store(app, config) as store:
        source = _directory_source(directory, config, store) if directory else _jenkins_source(config)
        try:
            summary = harvest(
                source, store, config, now=now(), reporter=app.console, full=full, jobs=jobs, shard=shard or WHOLE
            )
        finally:
            source.close()
    _tell(app, summary)
    return summary


def merge_into_store(app: App, config: Config, others: Sequence[Path]) -> dict[str, Any]:
    """Add what other stores have, tell of each, and return what ``--json`` prints."""
    from reportgen.cli.clock import now
    from reportgen.harvest.shard import merge

    told = []
    with _open_store(app, config) as store:
        for other in others:
            done = merge(store, other, now=now())
            pruned = f", {done.pruned} left out as pruned" if done.pruned else ""
            app.console.line(f"{other}: {done.new} builds added, {done.unchanged} known{pruned}")
            told.append({"store": str(other), "added": done.new, "known": done.unchanged, "pruned": done.pruned})
    return {"schema": 1, "merged": told}


def _open_store(app: App, config: Config) -> Store:
    from reportgen.store.db import Store

    store = Store.open(config.store_path, controller=config.jenkins.name if config.jenkins else "jenkins")
    for warning in store.warnings:
        app.console.warn(warning)
    return store


def _tell(app: App, summary: HarvestSummary) -> None:
    left_out = summary.skipped
    if left_out:
        more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
        app.console.line(f"left out: {'; '.join(map(str, left_out[:_SHOWN]))}{more}")
    app.console.line(summary.sentence())


def _jenkins_source(config: Config) -> Source:
    from reportgen.harvest.jenkins import open_jenkins

    return open_jenkins(config, os.environ)


def _directory_source(directory: Path, config: Config, store: Store) -> Source:
    from reportgen.harvest.directory import DirectorySource

    return DirectorySource(
        directory, config, lambda job: {number: build.started_at for number, build in store.known_builds(job).items()}
    )
