"""Jobs, leaderboards, the overview and the other pages: what they say, and that they render whole."""

# ruff: noqa: E501 - sentences stand in one piece

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from reportgen.analysis.compare import compare
from reportgen.analysis.judge import judge
from reportgen.analysis.pipeline import PipelineOptions, find_passes
from reportgen.analysis.values import MetricOptions
from reportgen.model import Dataset, Job, RunningBuild, RunRow, Stage
from reportgen.site.contexts.compare import CompareContext
from reportgen.site.contexts.job import JobContext
from reportgen.site.contexts.leaderboard import LeaderboardContext
from reportgen.site.contexts.listing import ListingContext
from reportgen.site.contexts.model import DatasetContext, ModelContext
from reportgen.site.contexts.other import ChangesContext, SearchContext
from reportgen.site.contexts.overview import OverviewContext
from reportgen.site.contexts.pipeline import PipelineContext
from reportgen.site.page import Page
from reportgen.site.pages import lists, plain
from reportgen.site.pages.base import Shown
from reportgen.site.pages.build import BuildInput, build_page
from reportgen.site.pages.changes import ChangesInput, VersionFact, changes_page
from reportgen.site.pages.compare import CompareInput, compare_page
from reportgen.site.pages.compare_index import Ready, ReadyBoard, compare_index
from reportgen.site.pages.dataset import DatasetInput, dataset_page
from reportgen.site.pages.job import BuildFact, JobInput, job_charts, job_page
from reportgen.site.pages.leaderboard import LeaderboardInput, leaderboard_charts, leaderboard_page
from reportgen.site.pages.listing import JobState, jobs_page
from reportgen.site.pages.news import BROKEN, NEEDS, NEW, BuildNews, failure_words, find_news
from reportgen.site.pages.overview import OverviewInput, PipelineState, StageState, overview_page
from reportgen.site.pages.passport import ModelInput, model_page
from reportgen.site.pages.pipeline import PipelineInput, pipeline_page
from reportgen.site.pages.search import Indexed, NumberedBuild, builds_page, search_page
from tests.pages.support import LIVE, VALIDATE, Document, builds, judged, odd, render, row, rows, said, site
from tests.support import factories as f


def job_input(name: str = VALIDATE, metric: str = "val/f1") -> JobInput:
    return JobInput(
        job=next(job for job in f.churn_jobs() if job.name == name),
        rows=[found for found in rows() if found.job == name],
        builds=[BuildFact(b.number, b.result, b.duration_s) for b in reversed(builds()) if b.job == name],
        running=[running for running in f.churn_running() if running.job == name],
        metric=metric,
        champion=row(140),
        baseline=row(119),
        leaderboard="churn",
        live=LIVE,
    )


def state() -> PipelineState:
    stages = []
    for name in f.JOBS:
        newest = [b for b in builds() if b.job == name][-1]
        running = next((r for r in f.churn_running() if r.job == name), None)
        stages.append(StageState(name, name, newest.number, newest.started_at, newest.duration_s, newest.result, running))
    return PipelineState("churn", "Churn", tuple(stages))


def news_of(last: int) -> list[BuildNews]:
    return [
        BuildNews(b.job, b.number, b.started_at, b.result, tuple(r for r in rows() if (r.job, r.number) == (b.job, b.number)))
        for b in builds()
        if b.started_at > f.started(last)
    ]


# ---- job ----------------------------------------------------------------------------------------------------------------------


def test_a_job_says_where_its_newest_run_stands() -> None:
    context = job_page(site(), job_input()).context
    assert isinstance(context, JobContext)
    assert said(context.verdict).startswith("F1 0.756 at #143, rank 2 of 22 comparable runs on the current validation set.")
    assert "#142 failed" in said(context.verdict)
    assert context.strip_heading == "Success, 93 %"
    assert context.strip_caption == "56 SUCCESS, 1 UNSTABLE and 3 FAILURE; tall bars failed."


def test_runs_are_compared_with_the_comparable_run_before_them() -> None:
    context = job_page(site(), job_input()).context
    assert isinstance(context, JobContext)
    found = {line.label: line for line in context.rows}
    assert (found["#143"].delta.text, found["#143"].delta.state) == ("+0.069", "up")
    assert (found["#142"].value, found["#142"].missing) == ("–", "build failed")
    assert found["#133"].missing == "not logged"
    assert found["#127"].missing == "not finite"
    assert found["#119"].delta.text == "–", "the first on a new validation set has nothing to be compared with"
    assert found["#118"].group == "validation-2026-06: not comparable with the runs above"
    assert (found["#140"].tag, found["#119"].tag) == ("champion", "baseline")


def test_params_that_vary_become_columns() -> None:
    context = job_page(site(), job_input()).context
    assert isinstance(context, JobContext)
    labels = [column.label for column in context.columns]
    assert "algorithm" in labels
    assert "random_state" not in labels


def test_charts_of_a_job_come_in_three_widths_and_say_what_they_show() -> None:
    charts = job_charts(site(), job_input())
    assert {"trend-wide", "trend-middle", "trend-small", "duration"} <= set(charts)
    assert "rises from" in charts["trend-wide"].alt
    drawings = {slot: Shown(f"files/aa/{slot}.svg", 10, 10, chart.alt) for slot, chart in charts.items()}
    document = Document(render(job_page(site(), replace(job_input(), drawings=drawings))))
    shown = [image for image in document.all("img") if "trend" in (image["src"] or "")]
    assert [image["class"] for image in shown] == ["wide", "middle", "small"]
    assert all(image["alt"] and image["width"] for image in document.all("img"))


def test_a_chart_that_was_not_drawn_says_so() -> None:
    drawings = {f"trend-{size}": Shown("", problem="took too long") for size in ("wide", "middle", "small")}
    assert "Not drawn: took too long." in render(job_page(site(), replace(job_input(), drawings=drawings)))


def test_an_empty_job_says_what_to_do() -> None:
    text = Document(render(job_page(site(), JobInput(job=Job(name="a/b"))))).words
    assert "No finished build yet." in text
    assert "reportgen harvest --full --job a/b" in text


def test_a_waiting_build_is_listed_on_its_job() -> None:
    text = Document(render(job_page(site(), job_input("churn/approve", "")))).words
    assert "Waiting for a person: #9 since 2026-11-22 05:10 UTC: “Deploy this model?”" in text


# ---- leaderboard --------------------------------------------------------------------------------------------------------------


def board(**more: object) -> LeaderboardContext:
    found = leaderboard_page(site(), LeaderboardInput(name="churn", judged=judged(), live=LIVE, **more)).context  # type: ignore[arg-type]
    assert isinstance(found, LeaderboardContext)
    return found


def test_a_board_per_validation_set_the_current_one_first() -> None:
    context = board()
    assert [part.heading for part in context.boards] == [f.NEW, f.OLD]
    assert said(context.verdict).startswith("Too close to call.")
    assert said(context.because) == "Champion: the run whose model is deployed. A decision, not a rank."


def test_ranks_tags_and_reasons() -> None:
    part = board().boards[0]
    assert [line.rank for line in part.rows[:3]] == ["1", "2", "3"]
    assert part.rows[0].against == "leader"
    assert part.rows[0].tags == ("challenger",)
    champion = next(line for line in part.rows if line.me)
    assert (champion.label, champion.tags, champion.delta.text) == ("#140", ("champion",), "–")
    assert {line.label: line.reason.partition(":")[0] for line in part.unranked} == {
        "#142": "build failed",
        "#133": "not logged",
        "#127": "not finite",
    }


def test_the_notes_above_a_board_are_sentences() -> None:
    notes = [note for part in board().boards for note in part.notes]
    assert notes
    assert [note for note in notes if note[:1].islower() or not note.endswith(".") or note.endswith("..")] == []


def test_a_test_set_that_many_models_were_scored_on_is_noted_above_the_board() -> None:
    assert not any("test set" in note for part in board().boards for note in part.notes)
    held_out = Dataset(name="held-out", role="test", sha256="9" * 64)
    scored = [replace(r, datasets=(*r.datasets, held_out)) for r in rows()]
    worn = judge(scored, judged().leaderboard.options)
    page = leaderboard_page(site(), LeaderboardInput(name="churn", judged=worn))
    assert any(
        "scored on test set 999999999999: this test set has become a validation set." in n for n in page.context.boards[0].notes
    )  # type: ignore[union-attr]
    assert "this test set has become a validation set" in Document(render(page)).words


def test_being_behind_the_champion_is_not_coloured() -> None:
    assert {line.delta.state for part in board().boards for line in part.rows} <= {"", "up"}


def test_values_line_up_on_the_decimal_point() -> None:
    values = [line.value for line in board().boards[0].rows]
    assert len({len(value.partition(".")[2]) for value in values}) == 1


def test_the_title_says_who_approved_and_why() -> None:
    table = board().champions
    assert table is not None
    first = table.rows[0]
    assert first.kind == "me"
    words = [said(cell.text) for cell in first.cells]
    assert words[0] == "#140"
    assert words[2].endswith("to now")
    assert words[4] == "reviewer-1"
    assert words[5].startswith("Better recall on new customers")


def test_cost_is_drawn_against_quality() -> None:
    charts = leaderboard_charts(site(), LeaderboardInput(name="churn", judged=judged()))
    assert set(charts) == {"scatter-wide", "scatter-small"}
    context = board(drawings={slot: Shown("files/x.svg", 1, 1, chart.alt) for slot, chart in charts.items()})
    assert context.scatter is not None
    assert context.front is not None
    assert leaderboard_charts(site(), LeaderboardInput(name="cost", judged=judged("val/brier"))) == {}


# ---- overview and news --------------------------------------------------------------------------------------------------------


def overview(**more: object) -> OverviewContext:
    given = OverviewInput(
        judged=[judged(), judged("val/auc")],
        pipelines=[state()],
        jobs=[JobState(VALIDATE, "", 143, f.started(143), 70.0, "SUCCESS", 60, 56), JobState("churn/approve")],
        recent=list(rows()),
        running=f.churn_running(),
        builds=news_of(140),
        last_version="20261118T020001Z",
        last_as_of=f.started(140),
        live=LIVE,
    )
    found = overview_page(site(), replace(given, **more)).context  # type: ignore[arg-type]
    assert isinstance(found, OverviewContext)
    return found


def test_the_overview_answers_first() -> None:
    context = overview()
    assert said(context.verdict) == (
        "Champion #140 holds at F1 0.754. Challenger #139 is 0.006 ahead, too little to tell apart. "
        "One build waits for a person. Since 13 November one build failed."
    )
    card = context.cards[0]
    assert (card.title, card.big, card.small) == ("Churn models by F1", "0.754", "0.741–0.767")
    assert card.spark is not None
    assert len(card.spark.gaps) == 3
    assert [step.result.kind for step in context.flows[0].steps] == ["ok", "ok", "ok", "wait", "ok"]


def test_an_empty_store_says_what_to_configure() -> None:
    page = overview_page(site(), OverviewInput())
    text = Document(render(page)).words
    assert "Nothing to show yet." in text
    assert "[[jobs]]" in text


def test_news_are_grouped_the_gravest_first() -> None:
    found = find_news(
        site(), "index.html", builds=news_of(140), running=f.churn_running(), judged=[judged()], since=f.started(140)
    )
    assert [item.group for item in found] == sorted([item.group for item in found], key=[NEEDS, BROKEN, NEW, "Gone"].index)
    assert [item.result.word for item in found if item.group == BROKEN] == ["Failed", "Regression"]
    regression = next(item for item in found if item.result.word == "Regression")
    assert said(regression.text) == "F1 0.687, −0.067 on #140"
    assert sum(item.result.word == "Champion" for item in found) == 1


def test_a_new_champion_leads_what_is_new_and_the_verdict() -> None:
    given = ChangesInput(builds=news_of(140), judged=[judged()], last_version="v1", last_as_of=f.started(140))
    new = [
        item
        for item in find_news(site(), "x", builds=given.builds, judged=given.judged, since=f.started(140))
        if item.group == NEW
    ]
    assert [item.result.word for item in new][:2] == ["Champion", "New run"]
    context = changes_page(site(), given).context
    assert isinstance(context, ChangesContext)
    assert said(context.verdict).startswith("New champion validate-model #140. ")


def test_a_failure_among_the_news_says_why() -> None:
    failed = next(b for b in builds() if b.job == VALIDATE and b.number == 142)
    assert failure_words(failed).startswith("ValueError: Found unknown categories")
    assert (
        failure_words(
            replace(failed, runs=(), stages=(Stage(name="clone", status="FAILED", error="no route to host\nat line 1"),))
        )
        == "no route to host"
    )
    assert failure_words(replace(failed, runs=(), stages=())) == ""
    told = [news._replace(error="no route to host") if news.number == 142 else news for news in news_of(140)]
    found = find_news(site(), "x", builds=told, since=f.started(140))
    assert [said(item.text) for item in found if item.result.word == "Failed"] == ["Failed in validate: no route to host"]


def test_a_title_taken_on_several_boards_is_told_once() -> None:
    found = find_news(site(), "index.html", builds=[], judged=[judged(), judged("val/auc", "auc")], since=f.started(140))
    assert [item.label for item in found if item.result.word == "Champion"] == ["validate-model #140"]


def test_the_first_version_has_no_news() -> None:
    assert overview(last_version="", last_as_of=None).news is None
    for given, words in [
        (ChangesInput(), "It holds no build yet."),
        (ChangesInput(unchanged=252), "It holds 252 builds."),
        (ChangesInput(builds=news_of(140)), f"It holds {len(news_of(140))} builds."),
    ]:
        context = changes_page(site(), given).context
        assert isinstance(context, ChangesContext)
        assert said(context.verdict) == f"This is the first version. {words}"


def test_changes_count_and_list_versions() -> None:
    given = ChangesInput(
        builds=news_of(140), running=f.churn_running(), judged=[judged()], last_version="v1", last_as_of=f.started(140),
        versions=[VersionFact("v2", f.started(143)), VersionFact("v1", f.started(140), "../../v1/index.html")], unchanged=120, live=LIVE,
    )  # fmt: skip
    context = changes_page(site(), given).context
    assert isinstance(context, ChangesContext)
    assert context.headings == (NEEDS, BROKEN, NEW)
    assert said(context.verdict).endswith("120 builds are as they were.")
    assert context.versions is not None


# ---- the chain ----------------------------------------------------------------------------------------------------------------


def pipeline_context(running: Sequence[RunningBuild] | None = None) -> PipelineContext:
    options = PipelineOptions(name="churn", title="Churn", jobs=f.JOBS, approve=f.JOBS[3], deploy=f.JOBS[4])
    passes = find_passes(options, rows(), rulings=judged().titles.rulings, running=running or f.churn_running())
    newest = {name: next(found for found in rows() if found.job == name) for name in f.JOBS}
    found = pipeline_page(
        site(), PipelineInput(options=options, state=state(), passes=passes, newest=newest, judged=judged(), live=LIVE)
    )
    assert isinstance(found.context, PipelineContext)
    return found.context


def test_a_pipeline_says_what_waits_and_what_is_live() -> None:
    context = pipeline_context()
    words = said(context.verdict)
    assert words.startswith("One build waits for a person: approve #9")
    assert "The model of validate-model #140 is live since 14 November." in words
    assert [one.state for one in context.passes].count("live") == 1
    assert [one.state for one in context.passes].count("waiting") == 1, "only the newest pass waits"
    assert context.passes[0].cells[2].note == "rank 2 of 22"
    assert context.waiting is not None
    assert [said(cell.text) for cell in context.waiting.rows[0].cells[2:4]] == ["validate-model #143 rank 2 of 22", "F1 0.756"]


def test_a_question_that_names_a_build_belongs_to_the_pass_of_that_build() -> None:
    running = [replace(found, waiting_for="Approve the model of churn/train-model#87?") for found in f.churn_running()]
    context = pipeline_context(running)
    waiting = [number for number, one in enumerate(context.passes) if any(cell.word == "waiting" for cell in one.cells)]
    assert [context.passes[number].cells[1].label for number in waiting] == ["#87"]
    assert context.passes[0].state == "open"


def model_input() -> ModelInput:
    maker = row(88, "churn/train-model")
    model = maker.models[0]
    rulings = [ruling for ruling in judged().titles.rulings if ruling.model == model.sha256]
    return ModelInput(
        model=model, makers=[maker], ancestors=[(row(12, "churn/featureset"), "training-12")], scorers=[row(140)], rulings=rulings,
        serving=True, metric="val/f1", live=LIVE,
    )  # fmt: skip


def test_a_passport_says_who_approved_and_warns_of_pickles() -> None:
    context = model_page(site(), model_input()).context
    assert isinstance(context, ModelContext)
    assert said(context.verdict) == (
        "Approved and live. Deployed on 14 November, approved by reviewer-1. F1 0.754 on 13,050 rows it had not seen. "
        "Load it only from this digest: a pickle runs code."
    )
    assert context.caution[0] == "This file is a pickle."
    assert [said(step.label) for step in context.chain] == [
        "featureset #12", "train-model #88", "validate-model #140", "approve #7", "deploy-model #7",
    ]  # fmt: skip
    assert [step.here for step in context.chain].index(True) == 1


def test_a_passport_gives_every_number_its_unit() -> None:
    titled = replace(site(), metrics={"val/predict_ms": MetricOptions(name="val/predict_ms", title="Prediction time")})
    context = model_page(titled, replace(model_input(), metric="val/predict_ms")).context
    assert isinstance(context, ModelContext)
    assert re.search(r"[0-9] ms on 13,050 rows it had not seen", said(context.verdict))
    assert any(re.search(r"[0-9] ms$|[0-9] ms ", said(step.text)) for step in context.chain)


def test_a_model_nobody_decided_about() -> None:
    context = model_page(site(), replace(model_input(), rulings=(), serving=False, scorers=())).context
    assert isinstance(context, ModelContext)
    assert said(context.verdict).startswith("Nobody decided about it yet. It was never scored.")
    assert context.validations_empty is not None


def test_a_data_set_says_what_it_decides() -> None:
    dataset = row(140).datasets[0]
    users = [found for found in reversed(rows()) if dataset in found.datasets]
    current = judged().leaderboard.current
    assert current is not None
    context = dataset_page(site(), DatasetInput(dataset=dataset, users=users, boards=[(judged(), current)], live=LIVE)).context
    assert isinstance(context, DatasetContext)
    assert said(context.verdict).startswith(
        "13,050 rows × 42 columns. It decides who is comparable on Churn models: 22 runs ranked on it."
    )
    assert said(context.verdict).endswith("Two runs nearer than 0.018 in F1 cannot be told apart. No known build made it.")
    assert context.gaps is not None
    assert [said(cell.text) for cell in context.gaps.rows[0].cells[1:3]] == ["0.018", "0.034"]
    assert said(context.worn).endswith("may be luck of the pick.")
    assert context.others is not None
    assert [line.kind for line in context.others.rows].count("me") == 1
    assert context.uses is not None
    assert len(context.uses.rows) == len(users)
    links = {span.href for line in context.uses.rows for cell in line.cells for span in cell.text if "/models/" in span.href}
    assert links == {f"../../models/{m.sha256[:12]}/index.html" for found in users for m in found.models}
    assert any(cell.plot for cell in context.uses.rows[0].cells)


def test_a_data_set_lists_as_many_runs_as_a_table_may_have_and_says_where_the_others_are() -> None:
    dataset = row(140).datasets[0]
    users = [found for found in reversed(rows()) if dataset in found.datasets]
    context = dataset_page(replace(site(), table_rows=5), DatasetInput(dataset=dataset, users=users)).context
    assert isinstance(context, DatasetContext)
    assert context.uses is not None
    assert len(context.uses.rows) == 5
    assert said(context.uses.caption).startswith(f"The newest 5 of {len(users)} runs")
    assert VALIDATE in [span.text for span in context.uses_more if span.href == f"../../search/index.html#jobs/{VALIDATE}"]
    assert context.uses_more[-2].href == f"../../search/index.html#q={dataset.sha256[:12]}"  # type: ignore[index]


def test_a_board_without_a_champion_tells_differences_to_the_baseline() -> None:
    known = judged().leaderboard.options
    found = judge(rows(), replace(known, comparable_by=(), champion="best"))
    context = leaderboard_page(site(), LeaderboardInput(name="churn", judged=found)).context
    assert isinstance(context, LeaderboardContext)
    (part,) = context.boards
    assert part.delta_head == "on #119"
    told = {line.label: line.delta.text for line in part.rows}
    value = {n: row(n).metrics["val/f1"].value for n in (119, 140)}
    assert told["#140"] == f"+{value[140] - value[119]:.3f}"  # type: ignore[operator]
    assert told["#119"] == "–"


# ---- comparisons --------------------------------------------------------------------------------------------------------------


def comparison(*numbers: int) -> CompareContext:
    given = CompareInput(
        path="compare/x/index.html",
        comparison=compare([row(n) for n in numbers]),
        roles=("champion",),
        board="churn",
        metric="val/f1",
    )
    found = compare_page(site(), given).context
    assert isinstance(found, CompareContext)
    return found


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (
            (140, 143),
            "#143 and champion #140 cannot be told apart: F1 +0.002, not separable. Same validation set, 2 parameters differ.",
        ),
        ((140, 141), "#141 is worse than champion #140 by F1 0.067, separable."),
        ((140, 100), "cannot be compared by F1. Scored on different validation sets, so no difference is judged"),
        ((140, 143, 131), "F1: 0 of 2 can be told apart from #140."),
    ],
)
def test_what_a_comparison_claims(numbers: tuple[int, ...], words: str) -> None:
    assert words in said(comparison(*numbers).verdict)


def test_without_a_direction_a_separable_difference_is_neither_better_nor_worse() -> None:
    runs = [replace(row(n), metrics={"x": replace(row(n).metrics["val/f1"], name="x", direction="none")}) for n in (140, 141)]
    given = CompareInput(path="compare/x/index.html", comparison=compare(runs), roles=("champion",), board="churn", metric="x")
    context = compare_page(site(), given).context
    assert isinstance(context, CompareContext)
    assert said(context.verdict).startswith("#141 differs from #140 by X 0.067, separable.")


def test_a_comparison_leads_with_the_metric_of_its_board_and_no_wide_interval_shrinks_the_rest() -> None:
    def with_more(number: int) -> RunRow:
        known = dict(row(number).metrics)
        base = known["val/f1"]
        others = {f"a{n:02d}": replace(base, name=f"a{n:02d}") for n in range(9)}
        wide = {"wide": replace(base, name="wide", value=0.9 + number / 1e4, low=-1.0, high=0.95)}
        return replace(row(number), metrics=others | known | wide)

    given = CompareInput(path="compare/x/index.html", comparison=compare([with_more(140), with_more(143)]), metric="val/f1")
    context = compare_page(site(), given).context
    assert isinstance(context, CompareContext)
    assert [line.name for line in context.groups[0].rows][:2] == ["val/f1", "a00"]
    first = context.groups[0].rows[0].plots[0]
    assert float(first.high.rstrip("%")) - float(first.low.rstrip("%")) > 20


def test_a_comparison_on_other_data_draws_nothing() -> None:
    context = comparison(140, 100)
    assert context.axis == ()
    assert {cell.delta.text for group in context.groups for line in group.rows for cell in line.cells} == {"–"}


def test_a_list_of_older_builds_leads_back_in_a_sentence() -> None:
    page = builds_page(site(), VALIDATE, 1, [NumberedBuild(n, f.started(n), "SUCCESS") for n in (2, 1)])
    assert isinstance(page.context, SearchContext)
    assert said(page.context.verdict) == f"2 builds of {VALIDATE}. The newest stand with those of all jobs."
    assert [span.href for span in page.context.verdict if span.href] == [f"../../index.html#jobs/{VALIDATE}"]
    assert page.context.jobs[0].more == ()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (jobs_page(site(), [JobState(VALIDATE)]), "1 job, none of which has a finished build yet."),
        (jobs_page(site(), [JobState(VALIDATE, "", 1, f.started(1), 1.0, "SUCCESS", 1, 1)]), "1 job, none of which failed last time."),
        (lists.models_page(site(), []), "No model is known yet."),
        (lists.datasets_page(site(), []), "No data set is known yet. Two runs are comparable when they were scored on the same one."),
        (compare_index(site(), []), "No comparison ready. Where scripts run, any two to twenty runs chosen in a table can be compared here."),
    ],
)  # fmt: skip
def test_what_is_not_there_yet_is_told_in_words(page: Page, words: str) -> None:
    assert said(page.context.verdict) == words  # type: ignore[attr-defined]


# ---- everything renders -------------------------------------------------------------------------------------------------------


def every_page() -> list[Page]:
    b8 = odd()[-1]
    dataset = row(140).datasets[0]
    options = PipelineOptions(name="churn", jobs=f.JOBS)
    facts = [
        lists.ModelFact("a" * 64, "model.pkl", row(140), "live", f.started(140)),
        lists.ModelFact("b" * 64, "m", None, "", None),
    ]
    return [
        job_page(site(), job_input()),
        job_page(site(), job_input("churn/featureset", "")),
        leaderboard_page(site(), LeaderboardInput(name="churn", judged=judged(), live=LIVE)),
        overview_page(site(), OverviewInput(judged=[judged()], pipelines=[state()], recent=rows(), live=LIVE)),
        build_page(site(), BuildInput(build=b8, rows=f.rows_of([b8]), metric="val/f1")),
        pipeline_page(site(), PipelineInput(options=options, state=state(), passes=find_passes(options, rows()))),
        model_page(site(), model_input()),
        dataset_page(site(), DatasetInput(dataset=dataset)),
        compare_page(site(), CompareInput(path="compare/x/index.html", comparison=compare([row(140), row(143), row(131)]))),
        compare_index(site(), ready_boards(), LIVE),
        compare_index(site(), [], LIVE),
        changes_page(site(), ChangesInput(builds=news_of(141), last_version="v1", last_as_of=f.started(141))),
        search_page(site(), [Indexed("val/f1", "metric", "index.html"), Indexed("9", "job", "index.html")],
                    [(VALIDATE, [NumberedBuild(b.number, b.started_at, b.result) for b in builds() if b.job == VALIDATE])]),
        jobs_page(site(), [JobState(VALIDATE, "words", 143, f.started(143), 70.0, "FAILURE", 60, 56, gone=True)]),
        jobs_page(site(), []),
        lists.leaderboards_page(site(), [judged()]), lists.leaderboards_page(site(), []),
        lists.pipelines_page(site(), [state()]), lists.pipelines_page(site(), []),
        lists.models_page(site(), facts), lists.models_page(site(), []),
        lists.datasets_page(site(), [lists.DatasetFact("a" * 64, "x", "validation", 10, None, 3, None)]), lists.datasets_page(site(), []),
        plain.not_found_page(site()), plain.states_page(site()),
        plain.content_page(site(), plain.ContentInput(path="why/index.html", title="Why", parts=[plain.html("<p>x</p>"), plain.cite("0.7", "../index.html", "F1")],
                                                      headings=(("A", "a"), ("B", "b"), ("C", "c")), cited=(("#140", "index.html"),), others=(("Other", "o/index.html"),))),
    ]  # fmt: skip


def ready_boards() -> list[ReadyBoard]:
    """The comparisons of every board: its champion, or else its leader, against the others."""
    found = []
    for position, board in enumerate(board for board in judged().leaderboard.boards if board.ranked):
        ranked = board.rows[: board.ranked]
        first = next((line.run for line in ranked if line.champion), ranked[0].run)
        others = [Ready(f"compare/{n}/index.html", r, f"rank {r.rank}") for n, r in enumerate(ranked) if r.run is not first]
        found.append(ReadyBoard(judged(), board, position, first, others))
    return found


def test_the_compare_page_says_values_differences_and_which_validation_set() -> None:
    boards = ready_boards()
    page = compare_index(site(), boards, LIVE)
    tables = page.context.tables  # type: ignore[attr-defined]
    shown = [given for given in boards if given.ready]
    assert shown
    assert len(tables) == len(shown)
    for table, given in zip(tables, shown, strict=True):
        caption = "".join(span.text for span in table.caption)
        assert all(name in caption for name in given.board.comparable.names)
        for line, one in zip(table.rows, given.ready, strict=True):
            assert f"#{given.first.number} and #{one.row.run.number}" in line.cells[0].text[0].text
            assert float(line.cells[2].text[0].text.strip()) == pytest.approx(one.row.value, abs=0.0006)
            assert line.cells[4].delta.text[0] in "+−0"


@pytest.mark.parametrize("theme", ["default", "plain"])
def test_every_page_is_whole(theme: str) -> None:
    titles = set()
    for page in every_page():
        document = Document(render(page, theme))
        where = f"{page.template} {page.path}"
        assert document.unclosed == [], where
        assert document.open == [], where
        assert len(document.all("h1")) == 1, where
        assert len(document.all("main")) == 1, where
        assert len(document.all("caption")) == len(document.all("table")), where
        ids = [attributes["id"] for _, attributes in document.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), where
        labelled = {attributes["aria-labelledby"] for _, attributes in document.elements if "aria-labelledby" in attributes}
        assert labelled <= set(ids), where
        levels = [int(tag[1]) for tag, _ in document.elements if tag in ("h1", "h2", "h3")]
        assert levels[0] == 1, where
        assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), f"{where}: {levels}"
        assert "None" not in document.words.replace("None.", ""), where
        titles.add((page.context.chrome.title, page.path))  # type: ignore[attr-defined]
    assert titles


def test_the_same_input_gives_the_same_bytes() -> None:
    assert [render(page) for page in every_page()] == [render(page) for page in every_page()]


def test_times_are_in_utc_whatever_the_zone() -> None:
    from datetime import timezone

    east = timezone(timedelta(hours=5, minutes=30))
    moved = replace(row(143), started_at=row(143).started_at.astimezone(east))
    a = job_page(site(), replace(job_input(), rows=[moved]))
    b = job_page(site(), replace(job_input(), rows=[row(143)]))
    assert render(a) == render(b)


def test_a_job_page_says_that_it_shows_the_newest_runs_only() -> None:
    given = job_input()
    older = [BuildFact(number, "SUCCESS", 60.0) for number in range(9000, 0, -1)]
    context = job_page(site(), replace(given, rows=given.rows * 9, builds=[*given.builds, *older])).context
    assert isinstance(context, JobContext)
    total = len(given.builds) + len(older)
    assert said(context.caption).startswith(f"The newest 200 runs of {total:,} builds; F1")
    assert said(context.more) == "All builds: by number, runs.csv"


def test_models_are_listed_with_their_standing() -> None:
    board = judged().leaderboard.current
    assert board is not None
    first = board.rows[0]
    facts = [
        lists.ModelFact(first.run.models[0].sha256, "m.pkl", None, "live", None),
        lists.ModelFact("f" * 64, "m.pkl", None, "", None),
    ]
    context = lists.models_page(site(), facts, [judged()]).context
    assert isinstance(context, ListingContext)
    (table,) = context.tables
    assert [column.label for column in table.columns] == ["Model", "F1", "Rank", "State", "Made by", "Date"]
    assert [line.cells[1].text[0].text for line in table.rows] == [f"{first.value:.3f}", "–"]
    assert said(table.caption) == "2 files called m.pkl, by digest. F1 is a model's best on Churn models. Dates are UTC."


def test_the_index_says_how_many_of_its_names_it_has_room_for() -> None:
    few = search_page(site(), [Indexed(f"n{at}", "metric", "index.html") for at in range(3)], []).context
    many = search_page(site(), [Indexed(f"n{at}", "metric", "index.html") for at in range(2003)], []).context
    assert said(few.verdict).startswith("3 names and")  # type: ignore[attr-defined]
    assert said(many.verdict).startswith("2,003 names (the first 2,000 below) and")  # type: ignore[attr-defined]
