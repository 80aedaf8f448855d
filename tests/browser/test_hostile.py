"""Hostile text and charts in what the scripts draw: search, comparisons, filters, column names, tooltips."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.model import Attachment, Build, Dataset, Metric
from reportgen.store.db import Store
from tests.browser.test_scripts import until
from tests.charts.test_check import REFUSED
from tests.site.support import Project, digest
from tests.support.builds import NOW, make_build
from tests.support.corpus import PAYLOADS

pytestmark = pytest.mark.browser

JOB = "hostile/all"
LANGUAGE = ("__proto__", "constructor", "toString", "hasOwnProperty")
TEXTS = {name: text for name, text in PAYLOADS.items() if len(text) < 1000}
BEACON = "http://evil.example/beacon.gif"
ACTIVE = (
    "iframe, base, form:not(.vega-bindings), object, embed, math, style, meta[http-equiv=refresh], [onerror], [onload], "
    "[onclick], [onmouseover], [onfocus], a[href^='javascript:' i], a[href^='data:' i], img[src^='http://evil'], img[src='x']"
)
CONFIG = f"""
[leaderboards.all]
jobs = ["{JOB}"]
metric = "val/f1"
columns = ["params.algorithm"]
"""


def chart(text: str) -> dict[str, Any]:
    """Return bars that say `text` on the axis and in the tooltip, which also has a column called ``image``."""
    return {
        "width": 300,
        "height": 120,
        "data": {"values": [{"name": text[:60], "size": 3, "image": BEACON}, {"name": "other", "size": 2, "image": BEACON}]},
        "mark": {"type": "bar", "href": "javascript:alert(1)", "tooltip": {"content": "data"}},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "title": text[:60]},
            "x": {"field": "size", "type": "quantitative"},
        },
    }


def build(store: Store, number: int, name: str, text: str) -> Build:
    plain = make_build(number, job=JOB, f1=0.6 + number / 100)
    attachments = []
    specs = {name: chart(text)} if name in ("script", "handler", "table break") else {}
    if name == "template":
        specs = REFUSED
    for label, spec in specs.items():
        sha, size = store.put_blob([json.dumps(spec).encode()])[:2]
        attachments.append(
            Attachment(
                kind="chart", name=label, label=label, format="vega-lite", path=f"{label}.vl.json", sha256=sha, size_bytes=size
            )
        )
    run = replace(
        plain.runs[0],
        params={"algorithm": text[:40], f"p {text[:30]}": text, "n": number},
        metrics=(*plain.runs[0].metrics, Metric(name=f"m/{text}", value=0.5, direction="higher", unit=text[:20])),
        tags={text: text},
        notes=(text,),
        datasets=(Dataset(name=text, role="validation", sha256=digest("validation"), rows=100),),
        attachments=tuple(attachments),
    )
    return replace(plain, runs=(run,), description=text, display_name=text)


def named_like_the_language(job: str, number: int) -> Build:
    """Return a build of which the odd ones have params and metrics of these names, and the even ones have not."""
    plain = make_build(number, job=job, f1=0.7)
    if number % 2 == 0:
        return plain
    metrics = (Metric(name=name, value=0.25 + at / 100, direction="higher") for at, name in enumerate(LANGUAGE))
    run = replace(plain.runs[0], params=dict.fromkeys(LANGUAGE, "chosen"), metrics=(*plain.runs[0].metrics, *metrics))
    return replace(plain, runs=(run,))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = Project(tmp_path_factory.mktemp("hostile"), CONFIG)
    with Store.open(project.root / ".reportgen") as store:
        store.save_builds([build(store, n, name, text) for n, (name, text) in enumerate(TEXTS.items(), 1)], now=NOW)
        store.save_builds([named_like_the_language(name, n) for name in LANGUAGE for n in (1, 2)], now=NOW)
    summary = project.build()
    assert summary.directory is not None
    return summary.directory


@pytest.fixture
def page(browser: Any, base: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    said: list[str] = []
    found.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    found.on("request", lambda request: None if request.url.startswith(base) else said.append(f"asked {request.url}"))
    yield found
    active = found.locator(ACTIVE).evaluate_all("nodes => nodes.map(node => node.outerHTML.slice(0, 200))")
    context.close()
    assert said == []
    assert active == []


def literal(text: str) -> str:
    return " ".join(text.split())


def shown(page: Any, place: str) -> str:
    return literal(" ".join(page.locator(place).all_inner_texts()))


def numbered(name: str) -> int:
    return list(TEXTS).index(name) + 1


@pytest.mark.parametrize("name", ["script", "handler", "table break", "template", "island", "terminal", "proto"])
def test_search_says_what_was_found_as_text(page: Any, base: str, name: str) -> None:
    word = max(TEXTS[name].split(), key=len)
    page.goto(base + "/search/index.html")
    page.get_by_role("searchbox").fill(word)
    until(page, "document.querySelectorAll('.found li').length > 0")
    assert any(f"#{numbered(name)}" in text for text in page.locator(".found li").all_inner_texts())
    assert page.locator(".found li :not(a, span)").count() == 0


@pytest.mark.parametrize("first", range(0, len(TEXTS), 15))
def test_a_comparison_shows_names_and_values_as_text(page: Any, base: str, first: int) -> None:
    texts = list(TEXTS.values())[first : first + 15]
    keys = ",".join(f"{JOB}/{first + at}" for at in range(1, len(texts) + 1))
    page.goto(f"{base}/compare/index.html#runs={keys}")
    until(page, "document.querySelectorAll('table.compared').length > 2")
    words = shown(page, "[data-compare]")
    for text in texts:
        if not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text):
            assert literal(text) in words, text
    assert page.locator("[data-compare] img, [data-compare] svg, [data-compare] script").count() == 0


@pytest.mark.parametrize("job", LANGUAGE)
def test_names_that_mean_something_in_the_language_are_names(page: Any, base: str, job: str) -> None:
    page.goto(f"{base}/compare/index.html#runs={job}/1,{job}/2")
    until(page, "document.querySelectorAll('table.compared').length > 2")
    for at, name in enumerate(LANGUAGE):
        metric, param = page.locator(f"table.compared tr:has(th[title='{name}'])").all()
        assert literal(metric.inner_text()).endswith(f" {0.25 + at / 100:.3f} not logged")  # behind its title
        assert literal(param.inner_text()) == f"{name} chosen not set"
    page.goto(f"{base}/jobs/{job}/1/index.html")
    assert page.get_by_role("link", name="Newest: #2").count() == 1


@pytest.mark.parametrize("where", [f"/jobs/{JOB}/index.html", "/leaderboards/all/index.html"])
def test_tables_filter_sort_and_name_their_columns_as_text(page: Any, base: str, where: str) -> None:
    page.goto(base + where)
    box = page.get_by_label("Filter the rows of this table").first
    for text in TEXTS.values():
        box.fill(text.replace("\x00", " ")[:100])
    box.fill(max(TEXTS["script"].split(), key=len)[:40])
    found = page.locator("tbody tr:not(.part):not([hidden])").count()
    assert found >= 1 or "leaderboards" not in where, "the board has the param as a column"
    box.fill("")
    page.get_by_text("Columns", exact=True).first.click()
    labels = page.locator("details.columns label")
    assert labels.count() > 3
    assert page.locator("details.columns :is(img, svg, script, b)").count() == 0
    for head in page.locator("button.sort").all()[:8]:
        head.click()
    page.reload()
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("name", ["script", "handler", "table break"])
def test_a_tooltip_is_text_and_loads_nothing(page: Any, base: str, name: str) -> None:
    address = f"{base}/jobs/{JOB}/{numbered(name)}/index.html"
    page.goto(address)
    page.evaluate("document.querySelector('img[data-chart]').parentNode.scrollIntoView()")
    until(page, "document.querySelector('.chart svg') !== null && document.querySelector('img.asleep') !== null")
    bar = page.locator(".chart .mark-rect path").first
    bar.hover()
    until(page, "document.querySelector('#vg-tooltip-element.visible') !== null")
    words = page.inner_text("#vg-tooltip-element")
    assert literal(TEXTS[name][:60]) in literal(words) or "other" in words
    assert BEACON in words, "a column called image is told like any other"
    assert page.locator("#vg-tooltip-element :not(table, tbody, tr, td)").count() == 0
    bar.click()
    assert page.url == address
    assert page.locator(".chart a").count() == 0


def test_charts_that_are_refused_say_why_and_ask_for_nothing(page: Any, base: str) -> None:
    page.goto(f"{base}/jobs/{JOB}/{numbered('template')}/index.html")
    page.mouse.wheel(0, 20_000)
    page.wait_for_timeout(300)
    problems = page.locator("figure .empty").all_inner_texts()
    assert len(problems) == len(REFUSED)
    assert all(problem.startswith("Not drawn: ") and len(problem) > 20 for problem in problems)
    assert page.locator(".chart svg").count() == 0


def test_a_board_scrolls_sideways_only_where_it_does_not_fit(page: Any, base: str) -> None:
    page.set_viewport_size({"width": 3000, "height": 900})
    page.goto(f"{base}/leaderboards/all/index.html")
    page.wait_for_selector(".stick:not(.over)")
    page.evaluate("document.querySelector('.stick td.nw').append('wide'.repeat(400))")
    page.wait_for_selector(".stick.over")
    inside, whole = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert inside == whole
    page.evaluate("document.querySelector('.stick td.nw').lastChild.remove()")
    page.wait_for_selector(".stick:not(.over)")


def test_whether_a_board_scrolls_is_settled_once(page: Any, base: str) -> None:
    page.set_viewport_size({"width": 3000, "height": 900})
    page.goto(f"{base}/leaderboards/all/index.html")
    page.wait_for_selector(".stick:not(.over)")
    found = page.evaluate(
        """async () => {
            const place = document.querySelector(".stick"), table = place.firstElementChild, seen = [];
            const style = new CSSStyleSheet();  // a table that is narrower while it scrolls, as heads are that need not wrap
            style.replaceSync(".stick > table { width: 4000px !important } .stick.over > table { width: 500px !important }");
            document.adoptedStyleSheets = [style];
            for (let frame = 0; frame < 30; frame++) {
                await new Promise(requestAnimationFrame);
                seen.push(place.classList.contains("over"));
            }
            return seen.slice(5);
        }"""
    )
    assert found == [True] * 25
