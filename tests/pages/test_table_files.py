"""Tables as files: the words and numbers of a table, as CSV and JSON beside its page."""

from __future__ import annotations

import csv
import io
import json

import pytest

from reportgen.analysis.compare import compare
from reportgen.analysis.shapes import compare_json, compare_rows
from reportgen.site.contexts.base import Cell, Column, Delta, Link, Plot, Result, Row, Span, Table, Tick
from reportgen.site.contexts.listing import ListingContext
from reportgen.site.links import job_directories
from reportgen.site.page import Page, TextFile
from reportgen.site.pages.compare import CompareInput, compare_page
from reportgen.site.pages.listing import JobState, jobs_page
from reportgen.site.pages.table_files import links_to, table_files
from tests.pages.support import VALIDATE, row, site
from tests.pages.test_pages import every_page
from tests.support import factories as f

HOSTILE = '=1+1,"'


def texts(page: Page) -> dict[str, str]:
    return {file.path: "".join(file.pieces()) for file in page.files if isinstance(file, TextFile)}


def made(table: Table, path: str = "jobs/a/index.html") -> tuple[list[list[str]], dict[str, object]]:
    as_csv, as_json = ("".join(file.pieces()) for file in table_files(path, table))
    return list(csv.reader(io.StringIO(as_csv))), json.loads(as_json)


def test_a_table_says_in_its_files_what_it_says_on_the_page() -> None:
    when = Span("2026-11-03", datetime="2026-11-03T02:00:00Z")
    cells = (
        Cell((Span("#7", "../b/7/index.html#metrics"),), result=Result("ok", "SUCCESS")),
        Cell((Span("13,050"),), "num"),
        Cell((), plot=Plot("5")),
        Cell((), "num", delta=Delta("−0.061", "dn", "worse")),
        Cell((when,)),
        Cell((Span("–"),)),
        Cell((Span(HOSTILE),)),
    )
    heads = [Column("Run"), Column("n", num=True), Column("Plot", axis=(Tick("0", "0"),)), Column("on first"), Column("Date")]
    part = Row((Cell((Span("a heading"),)),), "part")
    short = Row((Cell((Span("#6"),)), Cell((Span("not logged"),), "num", span=2), *[Cell(())] * 4))
    table = Table("c-x", (Span("Two "), Span("runs.")), (*heads, Column("Note"), Column("Said")), (part, Row(cells), short))
    lines, found = made(table)
    assert lines == [
        ["Run", "n", "on first", "Date", "Note", "Said", "page"],
        ["SUCCESS #7", "13050", "-0.061", "2026-11-03T02:00:00Z", "", f"'{HOSTILE}", "jobs/b/7/index.html"],
        ["#6", "not logged", "", "", "", "", ""],
    ]
    assert found["caption"] == "Two runs."
    assert found["rows"] == [
        ["SUCCESS #7", 13050, -0.061, "2026-11-03T02:00:00Z", None, HOSTILE, "jobs/b/7/index.html"],
        ["#6", "not logged", None, None, None, None, None],
    ]


def test_no_column_of_addresses_where_rows_lead_nowhere() -> None:
    table = Table("c-x", (), (Column("A"),), (Row((Cell((Span("x", "https://ci/"),)),)),))
    assert made(table)[0] == [["A"], ["x"]]


def test_the_list_of_jobs_links_to_its_files() -> None:
    page = jobs_page(site(), [JobState(VALIDATE, "words", 143, f.started(143), 70.0, "FAILURE", 60, 56)])
    assert isinstance(page.context, ListingContext)
    assert page.context.tables[0].data == (Link("CSV", "jobs~table.csv"), Link("JSON", "jobs~table.json"))
    assert list(texts(page)) == ["jobs/jobs~table.csv", "jobs/jobs~table.json"]
    assert texts(page)["jobs/jobs~table.csv"].splitlines()[1].startswith(f"{VALIDATE},FAILURE #143,")


def test_no_job_can_take_the_name_of_a_file() -> None:
    names = ["a", "a/runs.csv", "a/runs.json", "jobs~table.csv", "a/shifts~table.json"]
    directories = job_directories(names).values()
    assert not {"a/runs.csv", "a/runs.json", "jobs~table.csv", "a/shifts~table.json"} & set(directories)


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.path)
def test_every_file_of_a_table_is_linked_once_and_can_be_read(page: Page) -> None:
    found = texts(page)
    assert len(found) == sum(isinstance(file, TextFile) for file in page.files)
    for path, text in found.items():
        if path.endswith(".json"):
            columns, rows = (json.loads(text)[name] for name in ("columns", "rows")) if "~table" in path else ([], [])
            assert all(len(one) == len(columns) for one in rows)
        elif path.endswith(".csv"):
            assert len({len(line) for line in csv.reader(io.StringIO(text, newline=""))}) == 1


def test_a_comparison_has_its_numbers_beside_it_unless_it_goes_alone() -> None:
    runs = compare([row(140), row(143)])
    page = compare_page(site(), CompareInput(path="compare/x/index.html", comparison=runs, board="churn"))
    found = texts(page)
    assert json.loads(found["compare/x/comparison.json"]) == json.loads(json.dumps(compare_json(runs)))
    assert len(found["compare/x/comparison.csv"].splitlines()) == len(list(compare_rows(runs)))
    links = [Link("CSV", "comparison.csv"), Link("JSON", "comparison.json")]
    assert list(page.context.pager)[1:] == links  # type: ignore[attr-defined]
    alone = compare_page(site(), CompareInput(path="compare/x/index.html", comparison=runs, alone=True))
    assert (texts(alone), alone.context.pager) == ({}, ())  # type: ignore[attr-defined]
    assert list(links_to(tuple(file for file in page.files if isinstance(file, TextFile)))) == links
