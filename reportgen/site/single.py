"""One page of the site without the rest of it: a run, or a comparison of runs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from reportgen.analysis.compare import Comparison
from reportgen.errors import ReportgenError
from reportgen.model import RunRow
from reportgen.site.chronicle import ref_of
from reportgen.site.maker import SiteMaker
from reportgen.site.onefile import one_file
from reportgen.site.pages.base import run_label
from reportgen.site.pages.compare import CompareInput, compare_page
from reportgen.site.sides import find_sides
from reportgen.site.work import Chunk, Outcome, Task, Workshop
from reportgen.site.write import Tree
from reportgen.store.view import StoreView


def run_as_file(maker: SiteMaker, view: StoreView, row: RunRow) -> str:
    """Return the page of a run as one file; ReportgenError where the page cannot be made."""
    found = maker.survey(view)
    wanted = ref_of(row)
    facts = next((facts for facts in found.chronicle.facts(row.job) if facts.run == wanted), None)
    if facts is None:
        raise ReportgenError(f"{row.key} has no page", hint="only finished builds have one")

    def make(shop: Workshop) -> Outcome:
        return shop.runs(Chunk((Task(facts, "", None),), tuple(found.chronicle.failed(row.job))))

    return _file(maker, view, facts.path, make)


def comparison_as_file(maker: SiteMaker, view: StoreView, comparison: Comparison) -> str:
    """Return the comparison of runs as one file."""
    found = maker.survey(view)
    path = "compare/chosen/index.html"
    metrics = {found.chronicle.metric(run.job) for run in comparison.runs}
    job = comparison.runs[0].job if len({run.job for run in comparison.runs}) == 1 else ""
    labels = [run_label(run, job) for run in comparison.runs]

    def make(shop: Workshop) -> Outcome:
        outcome = Outcome()
        sides = find_sides(view, shop.studio, found.site, comparison.runs, labels)
        given = CompareInput(
            path=path,
            comparison=comparison,
            metric=metrics.pop() if len(metrics) == 1 else "",
            sides=sides.sides,
            curves=sides.curves,
            files=sides.files,
            alone=True,
        )
        outcome.files |= shop.studio.written
        shop.put(compare_page(found.site, given), "", None, outcome)
        return outcome

    return _file(maker, view, path, make)


def _file(maker: SiteMaker, view: StoreView, path: str, make: Callable[[Workshop], Outcome]) -> str:
    with tempfile.TemporaryDirectory(prefix="reportgen-export-") as name:
        root = Path(name)
        shop = Workshop(maker.setup(maker.survey(view), Tree(root)))
        try:
            outcome = make(shop)
        finally:
            shop.close()
        if outcome.failures:
            first = outcome.failures[0]
            raise ReportgenError(f"{first.path}: {first.reason}")
        for asset in maker.theme.assets.values():
            target = root / asset.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(asset.content)
        url = maker.config.site.url
        address = f"{url.rstrip('/')}/latest/" if url else ""
        html = (root / path).read_text(encoding="utf-8")
        return one_file(html, path, read=lambda wanted: _read(root, wanted), site_url=address)


def _read(root: Path, path: str) -> bytes | None:
    try:
        return (root / path).read_bytes()
    except OSError:
        return None
