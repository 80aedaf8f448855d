"""What the data files say of runs, in blocks of some hundred builds of a job that are kept from one version to the next.

A nightly build makes the blocks of new builds again and only reads the others, which is cheaper than asking the store for every
run. The blocks are below the store's ``cache/`` and may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from reportgen.analysis.shapes import line, run_fields, run_json
from reportgen.charts.draw import write_atomically
from reportgen.model import RunRow
from reportgen.site.plan import Survey
from reportgen.site.scripts import PART_RUNS, Shape, compare_parts, doc_row, run_doc
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

_FORMAT = 3
_Group = tuple[str, int]


class RunLine(NamedTuple):
    """A run in the exports: a line of ``runs.json``, its fields in ``runs.csv`` as JSON, and a row of the search index."""

    line: str
    fields: str
    doc: str


class Block(NamedTuple):
    """The runs of some builds of one job.

    `names` counts the runs that have a param, metric or data set: kind → name (or digest) → (count, name to show). `parts` are
    the scripts that the compare page loads for these runs, by path.
    """

    runs: Mapping[int, Sequence[RunLine]]
    names: Mapping[str, Mapping[str, tuple[int, str]]]
    parts: Mapping[str, str]


class Blocks:
    """All blocks of a site; each is read, or made, when it is needed."""

    def __init__(self, found: Survey, view: StoreView, cache: Path, base: str) -> None:
        self._found = found
        self._view = view
        self._directory = cache / "blocks"
        self._base = f"{_FORMAT} {base} {found.links.unusual()}"
        self._groups: dict[_Group, list[BuildRow]] = {}
        self._of_job: dict[str, list[BuildRow]] = {}
        for build in found.builds:
            self._of_job.setdefault(build.job, []).append(build)
            self._groups.setdefault((build.job, build.number // PART_RUNS), []).append(build)

    def jobs(self) -> list[str]:
        """Return the jobs that have runs."""
        return sorted({build.job for build in self._found.builds if build.runs})

    def runs(self, job: str | None = None) -> Iterator[RunLine]:
        """Yield every run, or those of one job, the newest build first; a block is held only while builds of it are to come."""
        open_blocks: dict[_Group, Block] = {}
        left = {group: len(builds) for group, builds in self._groups.items()}
        for build in self._found.builds if job is None else self._of_job[job]:
            group = (build.job, build.number // PART_RUNS)
            if group not in open_blocks:
                open_blocks[group] = self.block(group)
            yield from open_blocks[group].runs.get(build.id, ())
            left[group] -= 1
            if not left[group]:
                del open_blocks[group]

    def summaries(self) -> Iterator[tuple[str, Block]]:
        """Yield each job with one of its blocks, the newest block of a job first."""
        for group in sorted(self._groups, key=lambda group: (group[0], -group[1])):
            yield group[0], self.block(group)

    def block(self, group: _Group) -> Block:
        """Return a block, from the cache where it is there."""
        builds = self._groups[group]
        text = f"{self._base} {[(build.id, build.job, build.number, build.content, build.gone_since) for build in builds]!r}"
        path = self._directory / f"{sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}.txt"
        try:
            return _read(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError):
            block = self._make(builds)
            write_atomically(path, _written(block).encode("utf-8", "replace"))
            return block

    def _make(self, builds: Sequence[BuildRow]) -> Block:
        ids = [build.id for build in builds]
        rows = self._view.run_rows(ids=ids)
        notes = self._view.notes(ids)
        site = self._found.site
        runs: dict[int, list[RunLine]] = {}
        for row in rows:
            page = site.links.row(row)
            entry = run_json(row, page=page, url=site.on_jenkins(row.job, row.number) or None)
            doc = run_doc(row, page, notes=notes.get((row.build_id, row.name, row.record), ()))
            runs.setdefault(row.build_id, []).append(
                RunLine(_clean(line(entry)), _clean(line(run_fields(entry))), _clean(doc_row(doc)))
            )
        metrics = sorted({name for row in rows for name in row.metrics})
        shapes = {name: self._shape(name, rows) for name in metrics}
        return Block(runs, _names(rows), compare_parts(rows, page_of=site.links.row, shapes=shapes))

    def _shape(self, name: str, rows: Iterable[RunRow]) -> Shape:
        style = self._found.site.style(name, [row.metrics[name] for row in rows if name in row.metrics])
        return Shape(style.title, style.spec, style.direction, style.unit)


def _clean(text: str) -> str:
    """Return JSON as UTF-8 can hold it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _names(rows: Iterable[RunRow]) -> dict[str, dict[str, tuple[int, str]]]:
    found: dict[str, dict[str, tuple[int, str]]] = {"metric": {}, "param": {}, "tag": {}, "dataset": {}}

    def count(kind: str, name: str, shown: str) -> None:
        known = found[kind].get(name, (0, shown))
        found[kind][name] = (known[0] + 1, known[1])

    for row in rows:
        for name in row.metrics:
            count("metric", name, name)
        for name in row.params:
            count("param", name, name)
        for name in row.tags:
            count("tag", name, name)
        for dataset in row.datasets:
            if dataset.sha256:
                count("dataset", dataset.sha256, dataset.name)
    return found


def _written(block: Block) -> str:
    lines = [json.dumps({"names": block.names, "parts": block.parts})]
    for build, runs in block.runs.items():
        for run in runs:
            lines += [str(build), *run]
    return "\n".join(lines) + "\nend\n"


def _read(text: str) -> Block:
    lines = text.split("\n")
    if lines[-2:] != ["end", ""]:
        raise ValueError("the block was not written to its end")
    head: dict[str, Any] = json.loads(lines[0])
    runs: dict[int, list[RunLine]] = {}
    for place in range(1, len(lines) - 2, 4):
        runs.setdefault(int(lines[place]), []).append(RunLine(*lines[place + 1 : place + 4]))
    names = {kind: {name: (entry[0], entry[1]) for name, entry in each.items()} for kind, each in head["names"].items()}
    return Block(runs, names, head["parts"])
