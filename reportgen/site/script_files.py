"""The data scripts of a version, made from the store: live facts, the search index, and what the compare page loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reportgen.model import Dataset, RunRow
from reportgen.site.pages.base import Style
from reportgen.site.plan import Survey
from reportgen.site.scripts import LIVE, SEARCH, Doc, Shape, compare_parts, live_script, run_doc, search_script
from reportgen.store.view import StoreView


def script_files(found: Survey, view: StoreView, version: str, pages: Sequence[Doc] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every data script; `pages` are further documents for the search (content pages)."""
    yield LIVE, live_script(version=version, as_of=found.as_of, newest=_newest(found)).encode()
    docs: list[Doc] = []
    names = _Names()
    parts: dict[str, list[RunRow]] = {}
    notes = view.notes()
    styles = {name.name: found.site.style(name.name) for name in view.metric_names()}
    for row in view.iter_run_rows():
        page = found.links.row(row)
        docs.append(run_doc(row, page, notes=notes.get((row.build_id, row.name, row.record), ())))
        names.learn(row)
        parts.setdefault(row.job, []).append(row)
    yield SEARCH, search_script([*_site_docs(found), *pages, *names.docs(found, styles), *docs]).encode()
    for rows in parts.values():
        shapes = {name: _shape(found, name, rows) for name in sorted({name for row in rows for name in row.metrics})}
        for path, text in compare_parts(rows, page_of=found.links.row, shapes=shapes).items():
            yield path, text.encode("utf-8", "replace")


def _shape(found: Survey, name: str, rows: Iterable[RunRow]) -> Shape:
    style = found.site.style(name, (row.metrics[name] for row in rows if name in row.metrics))
    return Shape(style.title, style.spec, style.direction, style.unit)


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
        yield Doc("job", job.name, found.links.job(job.name), f"{counts.get(job.name, 0)} builds", job.description[:200])
    for judged in found.judged:
        name = judged.leaderboard.options.name
        yield Doc("leaderboard", name, found.links.leaderboard(name), judged.leaderboard.options.metric)


class _Names:
    """Params, metrics and data sets as they come by: what each is found under, with the newest run that has it."""

    def __init__(self) -> None:
        self._metrics: dict[str, tuple[int, RunRow]] = {}
        self._params: dict[str, tuple[int, RunRow]] = {}
        self._datasets: dict[str, tuple[int, Dataset]] = {}

    def learn(self, row: RunRow) -> None:
        for names, known in ((row.metrics, self._metrics), (row.params, self._params)):
            for name in names:
                count, first = known.get(name, (0, row))
                known[name] = (count + 1, first)
        for dataset in row.datasets:
            if dataset.sha256:
                count, newest = self._datasets.get(dataset.sha256, (0, dataset))
                self._datasets[dataset.sha256] = (count + 1, newest)

    def docs(self, found: Survey, styles: Mapping[str, Style]) -> Iterator[Doc]:
        """Yield one document for each; metrics and params lead to the job of the newest run that has them."""
        for name, (count, row) in sorted(self._metrics.items()):
            title = styles[name].title if name in styles else name
            yield Doc("metric", name, found.links.job(row.job), f"{count} runs", title)
        for name, (count, row) in sorted(self._params.items()):
            yield Doc("param", name, found.links.job(row.job), f"{count} runs")
        for digest, (count, dataset) in sorted(self._datasets.items()):
            yield Doc("dataset", dataset.name, found.links.dataset(digest), f"{count} runs", digest)
