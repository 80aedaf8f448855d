"""The page of a run: what it says of good, failed, interrupted and empty builds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reportgen.model import Attachment, Build, Dataset, Model, Problem, Stage
from reportgen.site.contexts.base import Picture
from reportgen.site.contexts.run import RunContext
from reportgen.site.pages import previews
from reportgen.site.pages.figures import kind_of
from reportgen.site.pages.past import RunPast, Upstream
from reportgen.site.pages.run import RunInput, run_page
from reportgen.site.pages.run_differences import differences
from reportgen.site.pages.run_files import Rows, tables
from tests.pages.support import Document, build, odd, past, render, row, run_input, said, site


def context(given: RunInput) -> RunContext:
    found = run_page(site(), given).context
    assert isinstance(found, RunContext)
    return found


def odd_build(number: int) -> Build:
    return next(found for found in odd() if found.number == number)


def test_the_verdict_has_value_rank_and_what_can_be_told_apart() -> None:
    words = said(context(run_input(140)).verdict)
    assert words.startswith("F1 0.754, rank 2 of 20 comparable runs so far. −0.006 on #139, not separable")
    assert "+0.023 on baseline #119, clearly better" in words
    assert len(words.split()) <= 40


def test_a_lead_that_can_be_told_apart_beats_the_champion() -> None:
    given = run_input(140)
    lesser = replace(past(140), champion=row(135))
    assert "Beats champion #135 by 0.068" in said(context(replace(given, past=replace(lesser, previous=None))).verdict)


def test_runs_on_other_data_are_named_and_not_compared() -> None:
    found = context(run_input(119))
    assert "Validation set changed: not comparable with #118." in said(found.verdict)
    assert found.ladder is not None
    previous = next(line for line in found.ladder.rows if line.role == "previous")
    assert (previous.delta.text, previous.verdict, previous.plot.dot) == ("–", "other validation set", "")
    assert found.metrics is not None
    assert "on previous" not in [head.label for head in found.metrics.heads]


def test_metrics_are_grouped_by_direction_and_coloured_only_where_told_apart() -> None:
    metrics = context(run_input(140)).metrics
    assert metrics is not None
    assert [(group.title, len(group.rows)) for group in metrics.groups] == [("Quality", 4), ("Error and cost", 2)]
    f1 = metrics.groups[0].rows[0]
    assert (f1.title, f1.name, f1.value, f1.interval) == ("F1", "val/f1", "0.754", "0.741–0.767")
    assert [delta.state for delta in f1.deltas] == ["", "", "up"]
    assert f1.deltas[2].word == "better"
    assert f1.spark is not None
    assert f1.spark.alt == "from 0.731 to 0.754"
    cost = metrics.groups[1].rows[1]
    assert cost.interval == "no interval"
    assert all(delta.state == "" for delta in cost.deltas), "without intervals nothing is coloured"


def test_what_changed_leads_with_the_params_that_differ() -> None:
    changed = context(run_input(140)).changed
    assert changed is not None
    assert [(c.name, c.old, c.new) for c in changed.changes] == [("max_depth", "12", "4"), ("n_estimators", "200", "600")]
    assert changed.same == "10 parameters are the same."


def test_a_failed_run_says_why_and_what_differs_from_the_last_good_one() -> None:
    found = context(run_input(142))
    assert said(found.verdict).startswith("Failed in stage Validate after 1 min 06 s: ValueError: Found unknown categories")
    assert "No metric was logged, so nothing was ranked." in said(found.verdict)
    assert found.failed is not None
    assert found.failed.place == "validate.py, line 88, in score. First failure of this kind in this job."
    assert found.differences_title == "Different from the last good run, #141"
    assert found.differences is not None
    assert "threshold" in [cells[0].text[0].text for cells, _ in found.differences.rows]
    assert found.empty is not None
    assert "The last good run is #141." in said(found.empty.text)
    assert found.logged is not None
    assert found.console.endswith("Finished: FAILURE")
    assert "Last good #141" in [link.label for link in found.pager]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            "Error cloning remote repo 'origin'\nmore",
            "Failed in stage Validate after 41 s: Error cloning remote repo 'origin'. No metric",
        ),
        ("script returned exit code 1", "Failed in stage Validate after 41 s. No metric was logged"),
        ("", "Failed in stage Validate after 41 s. No metric was logged"),
    ],
)
def test_a_build_that_failed_without_a_record_says_what_its_stage_said(error: str, words: str) -> None:
    found = replace(
        odd_build(4), result="FAILURE", stages=(Stage(name="Validate", status="FAILED", duration_s=3, error=error),)
    )
    assert said(context(RunInput(build=found, run=None)).verdict).startswith(words)


def test_differences_of_parameters_are_counted_apart_from_the_parameters() -> None:
    given = run_input(140)
    few = replace(given.build.runs[0], params={"max_depth": 4})
    words = context(replace(given, run=few)).params_words
    assert words == "1 parameter, 12 differences from #139"


@pytest.mark.parametrize(
    ("number", "shape", "lead", "notice"),
    [
        (1, "ok", "F1 0.710", "Gone from Jenkins."),
        (2, "torn", "Interrupted.", "Interrupted."),
        (3, "off", "Aborted by jdoe after 41 s", None),
        (4, "ok", "Finished after 41 s.", None),
        (5, "nil", "Not built after 41 s.", None),
        (6, "ok", "F1 0.710", "Set aside."),
    ],
)
def test_every_way_a_build_can_end(number: int, shape: str, lead: str, notice: str | None) -> None:
    found = odd_build(number)
    page = context(RunInput(build=found, run=found.runs[0] if found.runs else None, past=RunPast(metric="val/f1")))
    assert page.result.kind == shape
    assert said(page.verdict).startswith(lead)
    assert (notice in [n.lead for n in page.notices]) if notice else not page.notices


def test_a_damaged_record_is_told() -> None:
    found = odd_build(2)
    leads = [n.lead for n in context(RunInput(build=found, run=found.runs[0])).notices]
    assert leads == ["Interrupted.", "Record damaged."]


def test_many_problems_are_counted_not_listed() -> None:
    found = replace(odd_build(6), problems=tuple(Problem(path=f"{n}.json", reason="not JSON") for n in range(40)))
    notices = context(RunInput(build=found, run=found.runs[0])).notices
    assert len(notices) == 6
    assert said(notices[-1].text) == "35 more files could not be read."


def test_a_build_whose_record_is_damaged_is_not_told_to_archive_one() -> None:
    found = replace(odd_build(4), problems=(Problem(path="a/events.jsonl", reason="the record holds no event."),))
    page = context(RunInput(build=found, run=found.runs[0], past=RunPast(previous=row(139))))
    assert said(page.verdict).endswith("What it logged could not be read.")
    assert page.empty is not None
    assert (said(page.empty.text), page.empty.code) == (
        "What the build archived is damaged: the lines above say which files. The last good run is validate-model #139.", "",
    )  # fmt: skip
    words = "a/events.jsonl could not be read, so this page lacks what it says: the record holds no event."
    assert words in [said(notice.text) for notice in page.notices]


def test_what_was_read_but_for_some_of_it_is_not_called_unreadable() -> None:
    told = (
        Problem(path="a.json", reason="its length could not be verified", partial=True),
        Problem(path="", reason="600 metrics are over the limit of 500; the rest was left out", partial=True),
        Problem(path="b.json", reason="no JSON at byte 9"),
    )
    notices = context(RunInput(build=replace(odd_build(6), problems=told), run=odd_build(6).runs[0])).notices
    assert [(each.lead, said(each.text)) for each in notices] == [
        ("Set aside.", "b.json could not be read, so this page lacks what it says: no JSON at byte 9."),
        ("Read in part.", "a.json: its length could not be verified."),
        ("Read in part.", "600 metrics are over the limit of 500; the rest was left out."),
    ]


def test_a_build_without_record_says_what_to_archive() -> None:
    found = odd_build(4)
    empty = context(RunInput(build=found, run=found.runs[0])).empty
    assert empty is not None
    assert empty.lead == "No results."
    assert "archiveArtifacts" in empty.code


def test_what_a_build_without_record_did_not_log_is_no_difference() -> None:
    build, good = run_input(140).build, row(139)
    logged = build.runs[0]
    silent = replace(logged, status="implicit", metrics={}, params={"jenkins.SEED": "7"}, datasets=())
    other = replace(good, params={"algorithm": "svc", "jenkins.SEED": "1"})
    assert [(c.name, c.old, c.new) for c in differences(build, silent, other) if c.kind == "param"] == [
        ("jenkins.SEED", "1", "7")
    ]
    assert not [c for c in differences(build, silent, other) if c.name.endswith(" set")]
    spoken = replace(silent, status="failed")
    assert ("algorithm", "svc", "not set") in [(c.name, c.old, c.new) for c in differences(build, spoken, other)]


def test_user_ids_are_hidden_on_request() -> None:
    found = odd_build(3)
    page = run_page(replace(site(), people=False), RunInput(build=found, run=found.runs[0]))
    assert "jdoe" not in render(page)


def test_a_gone_build_has_no_link_to_jenkins() -> None:
    found = odd_build(1)
    assert "ci.example.com" not in render(run_page(site(), RunInput(build=found, run=found.runs[0])))


def test_runs_of_one_build_have_pages_of_their_own() -> None:
    found = odd_build(8)
    pages = [run_page(site(), RunInput(build=found, run=run, past=RunPast(metric="val/f1"))) for run in found.runs]
    assert len({page.path for page in pages}) == 5
    first = pages[0].context
    assert isinstance(first, RunContext)
    assert first.number == "#8/fold-1"
    assert [link.label for link in first.siblings] == ["fold-2", "fold-3", "fold-4", "fold-5"]


def test_a_run_page_depends_on_nothing_that_comes_later() -> None:
    text = render(run_page(site(), run_input(140)))
    assert "Data as of" not in text
    assert "Version 2" not in text


def test_the_page_fits_its_budget_and_holds_its_landmarks() -> None:
    import gzip

    text = render(run_page(site(), run_input(140)))
    assert len(gzip.compress(text.encode(), 9)) < 12_000
    document = Document(text)
    assert document.unclosed == []
    assert document.open == []
    assert len(document.all("h1")) == 1
    assert document.all("main") == [{"id": "main", "class": "wrap", "tabindex": "-1"}]
    assert len(document.all("caption")) == len(document.all("table"))
    assert all("scope" in th for th in document.all("th"))


def test_stored_files_are_brought_along_and_linked() -> None:
    page = run_page(site(), run_input(140))
    paths = {file.path for file in page.files}
    text = render(page)
    linked = {path for path in paths if path.rpartition("/")[2] in text}
    assert linked == paths
    assert any(path.endswith(".csv") for path in paths)
    assert not any("parquet" in path for path in paths), "what stayed on Jenkins is not published"


def test_a_run_scored_on_what_its_model_was_trained_on_says_so_first() -> None:
    given = run_input(140)
    assert context(given).notices == ()
    validation = next(d.sha256 for d in given.run.datasets if d.role == "validation")
    own = replace(given.run, datasets=(*given.run.datasets, Dataset(name="rows", role="training", sha256=validation)))
    used, made = (Model(name="m", role=role, sha256="d" * 64) for role in ("input", "made"))
    maker = replace(row(135), datasets=(Dataset(name="rows", role="training", sha256=validation),), models=(made,))
    other = replace(given.run, models=(used,))
    above = replace(given.past, upstream=(Upstream(maker, "m", "d" * 64),))
    for leaked in (replace(given, run=own), replace(given, run=other, past=above)):
        (notice,) = context(leaked).notices
        assert (notice.kind, notice.lead) == ("bad", "Leakage.")
        assert said(notice.text).startswith("The validation set is the training set, byte for byte")
    elsewhere = replace(maker, models=(replace(made, sha256="e" * 64),))
    assert not context(replace(given, run=other, past=replace(above, upstream=(Upstream(elsewhere, "m"),)))).notices


def test_a_score_equal_to_the_one_on_training_rows_is_asked_about() -> None:
    given = run_input(140)
    f1 = next(metric for metric in given.run.metrics if metric.name == "val/f1")
    equal = replace(given.run, metrics=(*given.run.metrics, replace(f1, name="train/f1")))
    (notice,) = context(replace(given, run=equal)).notices
    assert (notice.kind, said(notice.text)) == (
        "warn", "val/f1 equals train/f1 to six digits: were both computed on the same rows?",
    )  # fmt: skip


def test_what_no_run_has_is_no_column() -> None:
    given = run_input(140)
    bare = tuple(replace(metric, low=None, high=None) for metric in given.run.metrics)
    earlier = {name: replace(metric, low=None, high=None) for name, metric in row(139).metrics.items()}
    known = RunPast(metric="val/f1", previous=replace(row(139), metrics=earlier), validation="same")
    found = run_page(site(), replace(given, run=replace(given.run, metrics=bare), past=known))
    assert isinstance(found.context, RunContext)
    ladder, metrics = found.context.ladder, found.context.metrics
    assert ladder is not None
    assert (ladder.intervals, ladder.judged) == (False, False)
    assert said(ladder.caption).endswith("no intervals.")
    assert metrics is not None
    assert not metrics.intervals
    assert said(metrics.caption).endswith("no intervals.")
    assert "95 % interval" not in render(found)
    assert ">Verdict<" not in render(found)


@pytest.mark.parametrize(
    ("mine", "theirs", "unit", "words"),
    [
        ("a" * 64, "a" * 64, "", "Training set unchanged."),
        ("a" * 64, "b" * 64, "", "Training set changed."),
        ("a" * 64, "", "", "Validation set unknown."),
        ("", "", "", "Validation set unknown."),
        ("", "", "ms", "."),
    ],
)
def test_folds_need_a_training_set_and_times_none(mine: str, theirs: str, unit: str, words: str) -> None:
    def trained(digest: str) -> tuple[Dataset, ...]:
        return (Dataset(name="train", role="training", sha256=digest),) if digest else ()

    given = run_input(140)
    metrics = tuple(replace(metric, unit=unit) for metric in given.run.metrics)
    known = RunPast(metric="val/f1", previous=replace(row(139), datasets=trained(theirs)))
    verdict = said(context(replace(given, run=replace(given.run, metrics=metrics, datasets=trained(mine)), past=known)).verdict)
    assert verdict.endswith(words)
    assert ("Validation set" in verdict) == words.startswith("Validation")


def test_a_stage_that_was_skipped_took_no_time() -> None:
    found = build(140)
    skipped = replace(found, stages=(*found.stages[:-1], replace(found.stages[-1], status="NOT_EXECUTED", duration_s=1.7)))
    stages = context(replace(run_input(140), build=skipped)).stages
    assert stages is not None
    assert (stages.rows[-1].time, stages.rows[-1].width) == ("–", "")


def test_a_build_that_was_stopped_is_not_told_to_archive() -> None:
    found = replace(odd_build(4), result="ABORTED")
    page = context(RunInput(build=found, run=found.runs[0], past=RunPast(previous=row(139))))
    assert page.empty is not None
    assert (page.empty.lead, page.empty.code) == ("No results.", "")


@pytest.mark.parametrize("alone", [True, False])
def test_of_very_many_params_the_first_are_shown_and_all_are_counted(alone: bool) -> None:
    given = run_input(140)
    assert given.run is not None
    many = {f"weight_{number}": number for number in range(5000)}
    other = None if alone else replace(row(139), params={**many, "weight_4321": 0})
    found = context(replace(given, run=replace(given.run, params=many), past=replace(given.past, previous=other)))
    assert found.params is not None
    assert len(found.params.rows) == 400
    assert said(found.params.caption).endswith("The first 400 are shown.")
    assert found.params_words.startswith("5,000 parameters")
    first = said(found.params.rows[0].cells[0].text)
    assert first == ("weight_0" if alone else "weight_4321")


def test_a_wide_chart_takes_two_places() -> None:
    assert kind_of(Picture("a.svg", "512", "248", "")) == "half"
    assert kind_of(Picture("a.svg", "297", "267", "")) == ""
    assert kind_of(Picture("a.png", "", "", "")) == ""


def test_numbers_of_a_table_stand_below_one_another() -> None:
    rows = Rows(("size", "recall", "n", "seed"), (("small", "1.0", "76", "1e-3"), ("large", "0.9231", "5", "0.25")), 2, 4)
    logged = Attachment(name="by-size", label="by-size.csv", kind="table", format="csv", sha256="a" * 64, state="stored")
    (table,), _ = tables("index.html", replace(run_input(140).run, attachments=(logged,)), {"a" * 64: rows})
    assert [[cell.text[0].text for cell in line.cells] for line in table.rows] == [
        ["small", "1.0000", "76", "1e-3"],
        ["large", "0.9231", "5", "0.25"],
    ]


def test_files_of_numbers_are_previewed_with_the_lists_no_metric_holds() -> None:
    given = run_input(140)
    content = b'{"f1": 0.734, "per_fold": [0.71, null, 0.75], "test": {"f1": 0.7, "by": [{"a": 1}]}, "name": "</pre><b>"}'
    digest = "ab" * 32
    report = Attachment(
        kind="report",
        name="metrics.json",
        label="metrics.json",
        format="json",
        path="out/metrics.json",
        sha256=digest,
        size_bytes=99,
    )
    run = replace(given.build.runs[0], attachments=(report, replace(report, state="over limit", sha256="cd" * 32)))
    page = run_page(site(), replace(given, run=run, peeks={digest: previews.peek(content, "json")}))
    assert isinstance(page.context, RunContext)
    (shown,) = page.context.previews
    assert shown.summary == "out/metrics.json, 99 B"
    assert shown.text.splitlines() == [
        "{", '  "f1": 0.734,', '  "per_fold": [0.71, null, 0.75],', '  "test": {', '    "f1": 0.7,', '    "by": [', "      {",
        '        "a": 1', "      }", "    ]", "  },", '  "name": "</pre><b>"', "}",
    ]  # fmt: skip
    assert shown.cut == ""
    assert any(file.path == f"files/ab/{digest}.json" for file in page.files)
    document = Document(render(page))
    assert '"per_fold": [0.71, null, 0.75]' in document.words
    assert "</pre><b>" in document.words


@pytest.mark.parametrize(
    ("content", "format_", "lines", "more"),
    [
        (b'{"a": ' + b"[" * 50_000, "json", 1, -1),
        (b'{"a": ' + b"9" * 5_000 + b"}", "json", 1, 0),
        (b"not json", "json", 1, 0),
        (json.dumps({str(n): n for n in range(100)}).encode(), "json", 60, 42),
        (b"a: 1\nb: [1, 2]\n", "yaml", 2, 0),
        (b"a: 1\n" * 4_000, "yaml", 60, -1),
        (b"", "json", 0, 0),
    ],
)
def test_what_cannot_be_laid_out_is_shown_as_it_stands_and_cut(content: bytes, format_: str, lines: int, more: int) -> None:
    found = previews.peek(content, format_)
    assert (len(found.lines), found.more) == (lines, more)
    assert all(len(line) <= 160 for line in found.lines)
