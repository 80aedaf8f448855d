"""Text out of builds stays text: shown literally, in every field, on every page, and it runs nothing."""

# ruff: noqa: E501 - one hostile value in many fields

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reportgen.analysis.compare import compare
from reportgen.analysis.judge import judge
from reportgen.analysis.pipeline import PipelineOptions, find_passes
from reportgen.analysis.values import LeaderboardOptions
from reportgen.model import (
    Artifact,
    Attachment,
    Build,
    Cause,
    Change,
    Dataset,
    Decision,
    Failure,
    Job,
    Metric,
    Model,
    Problem,
    Run,
    Stage,
    TestCase,
    Tests,
)
from reportgen.site.links import BuildAddress, Links
from reportgen.site.page import Page
from reportgen.site.pages import lists, plain, previews
from reportgen.site.pages.base import Site
from reportgen.site.pages.build import BuildInput, build_page
from reportgen.site.pages.compare import CompareInput, compare_page
from reportgen.site.pages.dataset import DatasetInput, dataset_page
from reportgen.site.pages.job import BuildFact, JobInput, job_page
from reportgen.site.pages.leaderboard import LeaderboardInput, leaderboard_page
from reportgen.site.pages.listing import JobState, jobs_page
from reportgen.site.pages.overview import OverviewInput, PipelineState, StageState, overview_page
from reportgen.site.pages.passport import ModelInput, model_page
from reportgen.site.pages.past import RunPast
from reportgen.site.pages.pipeline import PipelineInput, pipeline_page
from reportgen.site.pages.run import RunInput, run_page
from reportgen.site.pages.run_files import Rows
from reportgen.site.pages.search import Indexed, NumberedBuild, search_page
from tests.pages.support import Document, render
from tests.support import factories as f
from tests.support.corpus import PAYLOADS

OURS = re.compile(r"^(?:\.\./)*(?:assets/|live\.js$)")


def hostile_build(text: str, number: int = 1, *, failed: bool = False) -> Build:
    """Return a build with `text` in every field that people or machines fill in."""
    sha = f.digest(f"{text} {number}")
    score = {"direction": "higher", "low": 0.6, "high": 0.8, "n": 100}
    attachment = Attachment(kind="chart", name=text, label=text, format="vega-lite", path=text, sha256=sha, caption=text)
    run = Run(
        name=text, stage=text, status="failed" if failed else "complete", record=f"{number:08x}", started_at=f.FIRST_DAY,
        params={text: text, "n": number, "algorithm": text},
        metrics=(
            Metric(name="val/f1", value=0.7 + number / 100, unit=text, **score),  # type: ignore[arg-type]
            Metric(name=text, value=0.5, **score),  # type: ignore[arg-type]
            Metric(name="odd", value=None, reason=text, text=text),
        ),
        tags={text: text},
        datasets=(Dataset(name=text, role="validation", sha256=f.digest(text), rows=9, columns=2), Dataset(name=text, role=text, sha256=None)),
        models=(Model(name=text, role="input", sha256=f.digest("m" + text), framework=text, facts={"type": text, text: text}),),
        attachments=(attachment, replace(attachment, kind="report", format="json", sha256=f.digest(f"{text} report")), replace(attachment, kind="table", format="csv"), replace(attachment, state="refused", reason=text)),
        decisions=(Decision(name=text, value=text, by=text, reason=text, model=f.digest("m" + text), at=f.FIRST_DAY),),
        environment={text: {"packages": {text: text}}, "python": text}, error=Failure(type=text, message=text, traceback=text) if failed else None,
        commit=text, branch=text, dirty=True, journal=sha, unread_lines=1, unknown_events=1,
    )  # fmt: skip
    return Build(
        job="folder/job", number=number, started_at=f.started(84 + number), duration_s=1.0, result="FAILURE" if failed else "SUCCESS",
        display_name=text, description=text, node=text, commit=text, branch=text, remote=text,
        causes=(Cause(kind="other", text=text), Cause(kind="user", user=text), Cause(kind="upstream", job=text, number=1)),
        changes=(Change(commit=text, message=text),), parameters={text: text}, stages=(Stage(name=text, status=text, error=text),),
        tests=Tests(total=1, failed=1, skipped=0, failures=(TestCase(name=text, message=text),)), approvers=(text,), aborted_by=text,
        console_tail=text, artifacts=(Artifact(path=text, state="stored", sha256=sha), Artifact(path=text, state="gone", reason=text)),
        runs=(run,), problems=(Problem(path=text, reason=text),),
    )  # fmt: skip


def pages(text: str) -> list[Page]:
    """Return a page of every kind with `text` wherever it can stand."""
    builds = [hostile_build(text, number, failed=number == 4) for number in range(1, 5)]
    several = replace(builds[0], number=9, runs=(builds[0].runs[0], replace(builds[1].runs[0], name=text + "2")))
    addresses = [BuildAddress(b.job, b.number, b.started_at, [(r.name, r.record) for r in b.runs]) for b in (*builds, several)]
    site = Site(
        name=text, links=Links.of(["folder/job", text], addresses), jenkins_url="https://ci.example.com/", generator=text
    )
    rows = f.rows_of(builds)
    options = LeaderboardOptions(name=text, metric="val/f1", title=text, columns=(text, f"params.{text}", f"tags.{text}"))
    found = judge(rows, options)
    past = RunPast(
        metric="val/f1", previous=rows[1], champion=rows[1], champion_comparable=True, validation="same", last_good=rows[1]
    )
    job = Job(name=text, display_name=text, description=text, upstream=(text,), downstream=(text,), stage=text)
    pipeline = PipelineOptions(name=text, title=text, jobs=("folder/job", text))
    state = PipelineState(
        text, text, (StageState("folder/job", text, 1, f.FIRST_DAY, 1.0, text, note=text), StageState(text, text))
    )
    tables = {builds[0].runs[0].attachments[2].sha256 or "": Rows((text, text), ((text, "1"),), 1, 2)}
    peeks = {f.digest(f"{text} report"): previews.peek(text.encode("utf-8", "replace"), "yaml")}
    board = found.leaderboard.current
    assert board is not None
    return [
        *(run_page(site, RunInput(build=b, run=b.runs[0], past=past, tables=tables, peeks=peeks)) for b in builds),
        build_page(site, BuildInput(build=several, rows=f.rows_of([several]), metric="val/f1")),
        job_page(site, JobInput(job=job, rows=rows, builds=[BuildFact(1, text, 1.0)], metric="val/f1", champion=rows[0])),
        leaderboard_page(site, LeaderboardInput(name=text, judged=found)),
        overview_page(site, OverviewInput(title=text, pages=((text, "x/index.html"),), judged=[found], pipelines=[state], recent=rows)),
        pipeline_page(site, PipelineInput(options=pipeline, state=state, passes=find_passes(pipeline, rows), newest={"folder/job": rows[0]})),
        model_page(site, ModelInput(model=builds[0].runs[0].models[0], makers=rows[:1], scorers=rows, rulings=found.titles.rulings)),
        dataset_page(site, DatasetInput(dataset=builds[0].runs[0].datasets[0], users=rows, boards=[(found, board)])),
        compare_page(site, CompareInput(path="compare/x/index.html", comparison=compare(rows[:3]), roles=(text,), metric="val/f1")),
        search_page(site, [Indexed(text, text, "index.html")], [(text, [NumberedBuild(1, f.FIRST_DAY, text)])]),
        jobs_page(site, [JobState(text, text, 1, f.FIRST_DAY, 1.0, text, 1, 1)]),
        lists.leaderboards_page(site, [found]),
        plain.content_page(site, plain.ContentInput(path="x/index.html", title=text, parts=[plain.cite(text, "../index.html", text)])),
    ]  # fmt: skip


def literal(text: str) -> str:
    """Return how `text` reads on a page: control characters may be replaced, white space is joined."""
    return re.sub(r"\s+", " ", text).strip()


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_hostile_text_stays_text(name: str) -> None:
    text = PAYLOADS[name]
    for page in pages(text):
        html = render(page)
        document = Document(html)
        where = f"{name} on {page.template}"
        assert document.unclosed == [], where
        assert all(OURS.match(script.get("src") or "") for script in document.all("script")), where
        assert not set(dict(document.elements)) & {"iframe", "form", "base", "math", "noscript", "style", "object", "embed"}, (
            where
        )
        for tag, attributes in document.elements:
            assert not [key for key in attributes if key.startswith("on") or key in ("style", "srcdoc")], where
            for key in ("href", "src"):
                address = (attributes.get(key) or "").strip().lower()
                assert not re.match(r"(?:javascript|data|vbscript):", address), f"{where}: {tag} {address[:80]}"
                assert "evil.example" not in address.split("?")[0].partition("//")[2].partition("/")[0], where
        if page.template == "run.html" and len(text) < 1000 and "\x00" not in text:
            assert literal(text) in document.words, where


@pytest.mark.parametrize("name", ["script", "attribute, double", "table break"])
def test_markup_in_names_is_escaped_once_and_only_once(name: str) -> None:
    html = render(pages(PAYLOADS[name])[0])
    assert "&amp;lt;" not in html
    assert PAYLOADS[name] not in html
