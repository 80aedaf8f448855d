"""The data scripts of a version, made from the store: live facts, the search index, and what the compare page loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from reportgen.content import description_text
from reportgen.site.blocks import Blocks
from reportgen.site.plan import Survey
from reportgen.site.scripts import LIVE, SEARCH, Doc, doc_row, live_script, search_script


def script_files(
    found: Survey,
    blocks: Blocks,
    version: str,
    *,
    pages: Sequence[Doc] = (),
    versions: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield path and text of what every page or the search loads; `pages` are further documents for the search (content pages).

    `versions` are the ids and titles of those that were published before, newest first.
    """
    yield LIVE, [live_script(version=version, as_of=found.as_of, newest=_newest(found), versions=versions)]
    yield SEARCH, search_index(found, blocks, pages)


def search_index(found: Survey, blocks: Blocks, pages: Iterable[Doc]) -> Iterator[str]:
    """Return the search index in pieces; `pages` are the content pages."""
    told = map(doc_row, chain(_site_docs(found), pages, _names(found, blocks)))
    return search_script(chain(told, blocks.runs("doc")))


def _newest(found: Survey) -> dict[str, str]:
    """Return the page of the newest finished build of each job, by the job's directory below ``jobs/``."""
    newest: dict[str, str] = {}
    for build in found.builds:
        directory = found.links.job_dir(build.job)
        if directory not in newest:
            newest[directory] = found.links.build(build.job, build.number, build.started_at)
    return {directory.removeprefix("jobs/"): page for directory, page in newest.items()}


def _site_docs(found: Survey) -> Iterator[Doc]:
    counts: dict[str, int] = {}
    for build in found.builds:
        counts[build.job] = counts.get(build.job, 0) + 1
    for job in found.jobs:
        yield Doc(
            "job",
            job.name,
            found.links.job(job.name),
            f"{counts.get(job.name, 0)} builds",
            description_text(job.description)[:200],
        )
    for judged in found.judged:
        name = judged.leaderboard.options.name
        yield Doc("leaderboard", name, found.links.leaderboard(name), judged.leaderboard.options.metric)


def _names(found: Survey, blocks: Blocks) -> Iterator[Doc]:
    """Yield params, metrics and data sets; a name leads to the first job that has it, by name."""
    counts: dict[tuple[str, str], tuple[int, str, str]] = {}
    for job, block in blocks.summaries():
        for kind in ("metric", "param", "dataset"):
            for name, (count, shown) in block.names[kind].items():
                known = counts.get((kind, name), (0, shown, job))
                counts[kind, name] = (known[0] + count, known[1], known[2])
    for (kind, name), (count, shown, job) in sorted(counts.items()):
        if kind == "dataset":
            yield Doc("dataset", shown, found.links.dataset(name), f"{count} runs", name)
        else:
            words = found.site.style(name).title if kind == "metric" else ""
            yield Doc(kind, name, found.links.job(job), f"{count} runs", words)
