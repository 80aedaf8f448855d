"""Hostile text in every field: shown as it is, executes nothing, breaks no page."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from reportgen.config import parse_config
from reportgen.content import ContentSource, read_pages
from reportgen.errors import ContentError
from reportgen.model import (
    Artifact,
    Attachment,
    Build,
    Cause,
    Change,
    Dataset,
    Decision,
    Failure,
    Fingerprint,
    Job,
    Metric,
    Model,
    Problem,
    Run,
    Stage,
    TestCase,
    Tests,
)
from reportgen.report import SilentReporter
from reportgen.site.builder import build_site
from reportgen.site.linkcheck import check_links
from reportgen.store.db import Store
from tests.support.corpus import PAYLOADS, QUADRATIC
from tools.site_check import ALLOWED_NOTICES, CHROMIUM_FLAGS, OWN_POLICY, served

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DIGEST = sha256(b"validation").hexdigest()
ACTIVE = (
    "iframe, base, form, object, embed, meta[http-equiv=refresh], [onerror], [onload], [onclick], [onmouseover], [onfocus],"
    " a[href^='javascript:' i], a[href^='data:' i], a[href^='vbscript:' i], img[src^='http'], img[src^='//'], math, style"
)


def hostile_build(store: Store, number: int, text: str) -> Build:
    """A build that says `text` wherever a person or a machine may say something."""
    at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=number)
    job = "hostile/" + (text.replace("\x00", "\ufffd")[:120].strip("/") or "x")
    table = io.StringIO()
    csv.writer(table).writerows([[text, "b"], [text, text], ["1", text]])
    label = text[:300]  # what a page shows is tested here; charts that take too long have their own tests
    spec = {
        "mark": "bar",
        "data": {"values": [{"a": label, "b": 1}, {"a": "other", "b": 2}]},
        "encoding": {"x": {"field": "a", "type": "nominal", "title": text[:200]}, "y": {"field": "b", "type": "quantitative"}},
    }
    files = {"table": table.getvalue().encode("utf-8", "replace"), "chart": json.dumps(spec).encode("utf-8", "replace")}
    stored = {kind: store.put_blob([data]) for kind, data in files.items()}
    attachments = (
        Attachment(kind="table", name=text, label=text, format="csv", path=text, sha256=stored["table"][0], caption=text),
        Attachment(kind="chart", name=text, label=text, format="vega-lite", path=text, sha256=stored["chart"][0], caption=text),
        Attachment(kind="artifact", name=text, label=text, format="bin", path=text, state="refused", reason=text),
    )
    model = Model(
        name=text,
        role="made",
        sha256=sha256(text.encode("utf-8", "replace")).hexdigest(),
        framework=text,
        inputs=(DIGEST,),
        facts={text: text},
    )
    run = Run(
        name=text,
        stage=text,
        status="failed",
        record=f"{number:08x}",
        params={text: text, "shared": text},
        metrics=(
            Metric(
                name="val/f1",
                value=0.5 + number / 100,
                low=0.4,
                high=0.9,
                n=100,
                direction="higher",
                unit=text,
                method=text,
                note=text,
            ),
            Metric(name=text or "x", value=None, reason=text, text=text),
            Metric(name=f"m/{text}", value=1.5, direction="lower"),
        ),
        tags={text: text},
        datasets=(Dataset(name=text, role="validation", sha256=DIGEST, rows=10), Dataset(name=text, role=text, sha256=None)),
        models=(model,),
        attachments=attachments,
        notes=(text,),
        decisions=(Decision(name=text, value="approved", by=text, reason=text, model=model.sha256, at=at),),
        environment={text: text, "packages": {text: text}},
        error=Failure(type=text, message=text, traceback=text),
        branch=text,
    )
    return Build(
        job=job,
        number=number,
        started_at=at,
        duration_s=5,
        result="FAILURE",
        display_name=text,
        description=text,
        node=text,
        branch=text,
        remote=text,
        causes=(Cause(kind="user", text=text, user=text), Cause(kind="upstream", text=text, job=text, number=3)),
        changes=(Change(commit=text, message=text),),
        parameters={text: text},
        stages=(Stage(name=text, status="FAILED", duration_s=3, error=text),),
        tests=Tests(total=2, failed=1, skipped=0, failures=(TestCase(name=text, message=text),)),
        approvers=(text,),
        console_tail=text,
        fingerprints=(Fingerprint(file=text, md5="0" * 32, job=text, number=1),),
        artifacts=(Artifact(path=text, state="refused", reason=text),),
        runs=(run,),
        problems=(Problem(path=text, reason=text),),
        last_read=at,
    )


def write_content_page(file: Path, text: str) -> None:
    """Say `text` wherever a content page may say something, unless such a page is refused with its line."""
    title = text.replace("\r", " ").replace("\n", " ")[:200]
    cell = title.replace("|", "/")
    page = (
        f"---\ntitle: {title}\ndescription: {title}\n---\n\n## {title}\n\n{text}\n\n- {text}\n\n> {text}\n\n`{title}`\n\n"
        f"| a | b |\n|---|---|\n| {cell} | x |\n\n```\n{text}\n```\n"
    ).encode("utf-8", "replace")
    if len(page) > 256_000:  # refused for that alone, which has a test of its own
        return
    try:
        read_pages([ContentSource(path=file.name, text=page.decode())])
    except ContentError as problem:
        refused = str(problem)
    else:
        refused = ""
        file.write_bytes(page)
    assert not refused or re.match(rf"content/{file.name}:\d+: ", refused)


CONFIG = """
[limits]
chart_seconds = 5
[site]
name = "<script>alert(1)</script>"
[leaderboards.all]
title = "{{7*7}}<b>"
jobs = ["hostile"]
metric = "val/f1"
columns = ["params.shared", "m/<script>alert(1)</script>"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    (root / "content").mkdir()
    config = parse_config(CONFIG, root / "reportgen.toml")
    texts = [*PAYLOADS.values(), *QUADRATIC.values()]
    for number, text in enumerate(texts):
        write_content_page(root / "content" / f"page-{number}.md", text)
    with Store.open(config.store_path) as store:
        builds = [hostile_build(store, number, text) for number, text in enumerate(texts, 1)]
        store.save_jobs(
            [Job(name=build.job, description=texts[place], display_name=texts[place]) for place, build in enumerate(builds)],
            now=NOW,
        )
        store.save_builds(builds, now=NOW)
        summary = build_site(config, store, now=NOW, program="reportgen test", reporter=SilentReporter())
    assert summary.failures == ()
    assert summary.directory is not None
    return summary.directory


@pytest.mark.slow
def test_every_link_of_the_hostile_site_resolves(site: Path) -> None:
    assert check_links(site) == []


@pytest.mark.slow
def test_no_name_of_a_file_is_anybody_elses(site: Path) -> None:
    for path in site.rglob("*"):
        name = path.relative_to(site).as_posix()
        assert name.isascii(), name
        assert not set(name) & set("<>\"'\\:*?|\x00\n"), name
        assert ".." not in path.parts


@pytest.mark.slow
@pytest.mark.browser
def test_nothing_is_executed_and_nothing_leaves(site: Path) -> None:
    from playwright.sync_api import sync_playwright

    found: list[str] = []
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    assert len(pages) > 2 * len(PAYLOADS)
    assert sum(name.startswith("page-") for name in pages) > len(PAYLOADS) / 2
    with sync_playwright() as playwright, served(site, OWN_POLICY) as base:
        program = os.environ.get("REPORTGEN_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        context = browser.new_context()
        page = context.new_page()
        page.on("dialog", lambda dialog: (found.append(f"dialog on {page.url}"), dialog.dismiss()))
        page.on("console", lambda message: found.append(f"{page.url}: {message.text}") if _ours(message) else None)
        page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
        page.on(
            "request", lambda request: None if request.url.startswith(base) else found.append(f"{page.url} asks {request.url}")
        )
        for name in pages:
            page.goto(base + name, wait_until="load")
            active = page.locator(ACTIVE).evaluate_all("nodes => nodes.map(node => node.outerHTML.slice(0, 200))")
            found.extend(f"{name}: {one}" for one in active)
            assert page.locator("h1").count() == 1, name
        shown = _text_of_run_pages(page, base, pages)
        browser.close()
    assert found == []
    for name in ("script", "handler", "template", "table break", "formula"):
        assert PAYLOADS[name] in shown, name


def _ours(message: Any) -> bool:
    return message.type in {"error", "warning"} and not any(allowed.search(message.text) for allowed in ALLOWED_NOTICES)


def _text_of_run_pages(page: Any, base: str, pages: list[str]) -> str:
    texts: Iterator[str] = (
        (page.goto(base + name, wait_until="load"), page.locator("body").inner_text())[1]
        for name in pages
        if name.startswith("jobs/hostile")
    )
    return "\n".join(texts)
