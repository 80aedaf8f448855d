"""A site over the churn builds: page functions get what the builder would give them, templates are the default theme's."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

from reportgen.analysis.judge import Judged, judge
from reportgen.analysis.standing import Place
from reportgen.analysis.values import LeaderboardOptions
from reportgen.model import Build, RunKey, RunRow
from reportgen.resources import themes_dir
from reportgen.site.links import BuildAddress, Links
from reportgen.site.page import Page
from reportgen.site.pages.base import Live, Site, said
from reportgen.site.pages.past import Neighbour, RunPast, Upstream
from reportgen.site.pages.run import RunInput
from reportgen.site.render import Renderer
from reportgen.site.theme import load_theme
from tests.support import factories as f

VALIDATE = "churn/validate-model"
LIVE = Live(as_of=f.started(f.LAST), version="20261123T020001Z", words="5 jobs, 140 builds kept")


@cache
def builds() -> tuple[Build, ...]:
    return tuple(f.churn_builds())


@cache
def odd() -> tuple[Build, ...]:
    return tuple(f.odd_builds())


@cache
def rows() -> tuple[RunRow, ...]:
    return tuple(f.rows_of(builds()))


def row(number: int, job: str = VALIDATE) -> RunRow:
    return next(found for found in rows() if found.job == job and found.number == number)


def build(number: int, job: str = VALIDATE) -> Build:
    return next(found for found in (*builds(), *odd()) if found.job == job and found.number == number)


@cache
def site() -> Site:
    every = (*builds(), *odd())
    addresses = [BuildAddress(b.job, b.number, b.started_at, [(r.name, r.record) for r in b.runs]) for b in every]
    links = Links.of(dict.fromkeys(b.job for b in every), addresses)
    return Site(name="Churn models", links=links, jenkins_url="https://ci.example.com/", url="https://reports.example.com/")


@cache
def judged(metric: str = "val/f1", name: str = "churn") -> Judged:
    columns = ("val/precision", "val/recall", "val/predict_ms", "params.algorithm")
    options = LeaderboardOptions(
        name=name, metric=metric, title="Churn models", jobs=(VALIDATE,), columns=columns, baseline=RunKey(VALIDATE, 119)
    )
    return judge(rows(), options)


def past(number: int) -> RunPast:
    """Return the past of validation `number`, champion #131 and baseline #119 included."""
    window = range(max(f.FIRST, number - 21), number + 1)
    names = {metric.name for metric in f.scores(140)}
    history = {name: tuple(m.value if (m := row(n).metrics.get(name)) is not None else None for n in window) for name in names}
    return RunPast(
        metric="val/f1",
        previous=row(number - 1),
        validation="same" if f.dataset_of(number) == f.dataset_of(number - 1) else "changed",
        champion=row(131),
        champion_rule="deployed",
        champion_comparable=True,
        baseline=row(119),
        baseline_comparable=True,
        place=Place(2, 20),
        history=history,
        before=Neighbour(number - 1, f.started(number - 1)),
        after=Neighbour(number + 1, f.started(number + 1)) if number < f.LAST else None,
        last_good=row(141),
        first_of_kind=number == 142,
        upstream=(Upstream(row(number - 52, "churn/train-model"), "model.pkl", f.model_of(number)),),
    )


def run_input(number: int) -> RunInput:
    found = build(number)
    return RunInput(
        build=found, run=found.runs[0], past=past(number), notes=("<p>A <em>note</em>.</p>",) if number == 140 else ()
    )


@cache
def renderer(theme: str = "default") -> Renderer:
    found = load_theme(theme, root=themes_dir(), themes_dir=themes_dir())
    return Renderer(found)


def render(page: Page, theme: str = "default") -> str:
    return renderer(theme).render(page).decode()


class Document(HTMLParser):
    """What a browser would see: elements with attributes in order, and the text outside scripts."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "path", "line", "rect", "circle", "polyline"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.text))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


__all__ = [
    "LIVE",
    "VALIDATE",
    "Document",
    "build",
    "builds",
    "judged",
    "odd",
    "past",
    "render",
    "row",
    "rows",
    "run_input",
    "said",
    "site",
]
