"""Every file of a version that is no page and no asset: exports, scripts with data, what lies beside content pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from reportgen.site.blocks import Blocks
from reportgen.site.export import export_leaderboards, export_runs
from reportgen.site.manifest import Entry
from reportgen.site.narrative import Narrative
from reportgen.site.page import TextFile
from reportgen.site.plan import Survey
from reportgen.site.publish import title_of
from reportgen.site.script_files import script_files
from reportgen.site.state import History
from reportgen.site.work import Outcome, Workshop
from reportgen.site.write import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFiles:
    """Makes the data files of one version; needs nothing of the store once all blocks are there."""

    found: Survey
    blocks: Blocks
    narrative: Narrative
    history: History
    version: str
    shop: Workshop
    before: Mapping[str, Entry]

    def make(self, outcome: Outcome, tables: Iterable[TextFile] = ()) -> None:
        """Put all of them into the version, and `tables` that pages need."""
        for table in tables:
            self.shop.stream(table, outcome)
        found, tree = self.found, self.shop.tree
        texts = chain(
            export_runs(self.blocks, found.links, sum(build.runs for build in found.builds), found.as_of),
            export_leaderboards(found.site, found.judged),
            script_files(
                found,
                self.blocks,
                self.version,
                pages=tuple(self.narrative.docs()),
                versions=[(name, title_of(name)) for name, _ in self.history.versions],
            ),
        )
        for path, pieces in texts:
            outcome.files[path] = tree.stream(path, pieces, self.before.get(path))
        for _, block in self.blocks.summaries():
            for path, entry in block.parts.items():
                linked = self.before.get(path) == entry and tree.link(path)
                outcome.files[path] = entry if linked else tree.stream(path, [block.part(path)], self.before.get(path))
        put_neighbours(self.narrative, tree, self.before, outcome)


def put_neighbours(narrative: Narrative, tree: Tree, before: Mapping[str, Entry], outcome: Outcome) -> None:
    """Put the files that lie beside content pages into the site."""
    for file in narrative.files():
        outcome.files[file.path] = tree.put(file.path, file.file.read_bytes(), before.get(file.path))
