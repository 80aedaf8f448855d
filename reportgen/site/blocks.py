"""What the data files say of runs, in blocks of some hundred builds of a job that are kept from one version to the next.

A nightly build makes the blocks of new builds again and only reads the others, which is cheaper than asking the store for every
run. The blocks are below the store's ``cache/`` and may be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from reportgen.analysis.shapes import RunsTable, line, run_json
from reportgen.charts.draw import write_atomically
from reportgen.model import RunRow
from reportgen.site.manifest import Entry
from reportgen.site.plan import Survey
from reportgen.site.scripts import PART_RUNS, Shape, compare_parts, doc_row, run_doc, series_path
from reportgen.site.write import disk_errors
from reportgen.store.values import BuildRow
from reportgen.store.view import StoreView

_FORMAT = 9
_Group = tuple[str, int]
Section = Literal["line", "csv", "doc"]
"""What is kept of every run: its lines of ``runs.json`` and (as a JSON string) ``runs.csv``, its row of the search index."""
_SECTIONS: tuple[Section, ...] = ("line", "csv", "doc")


@dataclass(frozen=True, slots=True)
class Block:
    """The runs of some builds of one job, in a file that is read as far as it is asked for.

    `builds` has the build of each run. `names` counts the runs that have a param, metric or data set: kind → name (or digest)
    → (count, name to show). `columns` are those that its lines of CSV were written under. `parts` are the scripts that the
    compare page loads for these runs, by path.
    """

    file: Path
    builds: Sequence[int]
    names: Mapping[str, Mapping[str, tuple[int, str]]]
    columns: Sequence[str]
    parts: Mapping[str, Entry]
    places: Mapping[str, tuple[int, int]]

    def section(self, name: Section) -> list[str]:
        """Return what is kept of each run."""
        return self._read(name).split("\n") if self.builds else []

    def part(self, path: str) -> str:
        """Return the text of a part."""
        return self._read(path)

    def _read(self, name: str) -> str:
        start, size = self.places[name]
        with disk_errors(self.file, "read"), self.file.open("rb") as file:
            file.seek(start)
            return file.read(size).decode()


class Blocks:
    """All blocks of a site; each is made when it is needed and not there."""

    def __init__(self, found: Survey, view: StoreView, cache: Path, base: str) -> None:
        self._found = found
        self._view = view
        self._directory = cache / "blocks"
        self._base = f"{_FORMAT} {base} {found.links.unusual()}"
        self._groups: dict[_Group, list[BuildRow]] = {}
        self._of_job: dict[str, list[BuildRow]] = {}
        self._known: dict[_Group, Block] = {}
        for build in found.builds:
            self._of_job.setdefault(build.job, []).append(build)
            self._groups.setdefault((build.job, build.number // PART_RUNS), []).append(build)

    def jobs(self) -> list[str]:
        """Return the jobs that have runs."""
        return sorted({build.job for build in self._found.builds if build.runs})

    def as_of(self, job: str) -> datetime:
        """Return the end of the build of `job` that ended last: its files stay as they are while only others build."""
        return max(build.started_at + timedelta(seconds=build.duration_s) for build in self._of_job[job])

    def runs(self, section: Section, job: str | None = None) -> Iterator[str]:
        """Yield a section of every run, or of those of one job, the newest build first."""
        return (text for _, text in self._runs(section, job))

    def table_lines(self, job: str | None = None) -> Iterator[tuple[Sequence[str], str]]:
        """Yield the columns and the line of CSV of every run, or of those of one job, the newest build first."""
        return ((self.block(group).columns, json.loads(text)) for group, text in self._runs("csv", job))

    def _runs(self, section: Section, job: str | None = None) -> Iterator[tuple[_Group, str]]:
        # a block's section is held only while builds of it are to come
        held: dict[_Group, dict[int, list[str]]] = {}
        left = {group: len(builds) for group, builds in self._groups.items()}
        for build in self._found.builds if job is None else self._of_job[job]:
            group = (build.job, build.number // PART_RUNS)
            if group not in held:
                block, held[group] = self.block(group), {}
                for owner, text in zip(block.builds, block.section(section), strict=True):
                    held[group].setdefault(owner, []).append(text)
            yield from ((group, text) for text in held[group].get(build.id, ()))
            left[group] -= 1
            if not left[group]:
                del held[group]

    def make(self) -> None:
        """Make all blocks that are not there: what is asked for later needs no store."""
        for group in self._groups:
            self.block(group)

    def summaries(self) -> Iterator[tuple[str, Block]]:
        """Yield each job with one of its blocks, the newest block of a job first."""
        for group in sorted(self._groups, key=lambda group: (group[0], -group[1])):
            yield group[0], self.block(group)

    def block(self, group: _Group) -> Block:
        """Return a block, from the cache where it is there."""
        if group not in self._known:
            builds = self._groups[group]
            text = (
                f"{self._base} {[(build.id, build.job, build.number, build.content, build.gone_since) for build in builds]!r}"
            )
            path = self._directory / f"{sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}.txt"
            try:
                self._known[group] = _opened(path)
            except (OSError, ValueError, KeyError, TypeError):
                write_atomically(path, self._make(builds))
                self._known[group] = _opened(path)
        return self._known[group]

    def _make(self, builds: Sequence[BuildRow]) -> bytes:
        ids = [build.id for build in builds]
        rows = self._view.run_rows(ids=ids)
        notes = self._view.notes(ids)
        site = self._found.site
        kept: dict[Section, list[str]] = {section: [] for section in _SECTIONS}
        entries, table = [], RunsTable()
        for row in rows:
            page = site.links.row(row)
            entry = run_json(row, page=page, url=site.on_jenkins(row.job, row.number) or None, about=site.metrics)
            entries.append(entry)
            kept["line"].append(line(entry))
            table.learn(entry)
            kept["doc"].append(doc_row(run_doc(row, page, notes=notes.get((row.build_id, row.name, row.record), ()))))
        kept["csv"] = [json.dumps(text) for text in table.lines(entries)]
        shapes = {name: self._shape(name, rows) for name in sorted({name for row in rows for name in row.metrics})}
        digests = self._view.series_digests(ids)

        def series(row: RunRow) -> str | None:
            digest = digests.get((row.build_id, row.name, row.record))
            return series_path(digest) if digest else None

        parts = compare_parts(rows, page_of=site.links.row, shapes=shapes, series=series)
        texts = {section: "\n".join(lines) for section, lines in kept.items()} | parts
        return _written([row.build_id for row in rows], _names(rows), table.columns, parts, texts)

    def _shape(self, name: str, rows: Iterable[RunRow]) -> Shape:
        style = self._found.site.style(name, [row.metrics[name] for row in rows if name in row.metrics])
        return Shape(style.title, style.spec, style.direction, style.unit)


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


def _written(
    builds: Sequence[int], names: object, columns: Sequence[str], parts: Iterable[str], texts: Mapping[str, str]
) -> bytes:
    """Return the file of a block: what is where on the first line, then all texts."""
    body = {name: text.encode("utf-8", "replace") for name, text in texts.items()}
    head = {
        "builds": builds,
        "names": names,
        "columns": columns,
        "parts": {path: Entry(sha256(body[path]).hexdigest(), len(body[path])) for path in parts},
        "sizes": {name: len(data) for name, data in body.items()},
    }
    return b"".join([json.dumps(head).encode(), b"\n", *body.values()])


def _opened(path: Path) -> Block:
    """Read the head of a block; ValueError if the file is not what was written."""
    with path.open("rb") as file:
        first = file.readline()
        size = os.fstat(file.fileno()).st_size
    head: dict[str, Any] = json.loads(first)
    places, start = {}, len(first)
    for name, length in head["sizes"].items():
        places[name] = (start, length)
        start += length
    if start != size:
        raise ValueError("the block was not written to its end")
    names = {kind: {name: (entry[0], entry[1]) for name, entry in each.items()} for kind, each in head["names"].items()}
    parts = {path: Entry(*entry) for path, entry in head["parts"].items()}
    return Block(path, head["builds"], names, head["columns"], parts, places)
