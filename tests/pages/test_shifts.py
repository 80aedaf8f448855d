"""The level shifts on a job's page: the range of builds and commits, what else changed there, and what cannot be judged."""

from __future__ import annotations

from dataclasses import replace

from reportgen.model import Job, RunRow
from reportgen.site.pages.base import Site, said
from reportgen.site.pages.job import JobInput, job_page
from reportgen.site.pages.shifts import history_words, shifts_table
from tests.analysis.test_history import H, one, runs
from tests.pages.support import Document, render

SITE = Site(name="Churn")
PATH = "jobs/churn/validate/index.html"


def rows() -> list[RunRow]:
    """A fall at #17, a build without a value before it, and a recovery."""
    found = [replace(row, commit=f"{row.number // 17:07x}" + "0" * 33) for row in runs([*H, 0.701, 0.704, 0.699])]
    found[16] = replace(found[16], params={f"p{i}": 1 for i in range(8)})
    return found


def cells(given: list[RunRow]) -> list[list[str]]:
    table = shifts_table(SITE, PATH, [one(given)])
    assert table is not None
    return [[said(cell.text) or f"{cell.delta.text} {cell.delta.word}" for cell in row.cells] for row in table.rows]  # type: ignore[union-attr]


def test_a_regression_has_its_range_its_commits_and_what_changed() -> None:
    assert cells(rows()) == [
        [
            "#16 and #17", "0.732 → 0.701", "−0.031 worse", "3 builds; open", "0000000 .. 0000001",
            "p0, p1, p2, p3, p4 and 3 more",
        ]
    ]  # fmt: skip


def test_a_failed_build_inside_the_range_is_named_and_one_commit_is_said_to_be_one() -> None:
    given = [replace(row, commit="a" * 40) for row in runs([*H, None, 0.701, 0.704, 0.699])]
    (row,) = cells(given)
    assert (row[0], row[4], row[5], row[6]) == ("#16 and #18", "aaaaaaa, the same", "nothing that was logged", "#17")


def test_what_became_of_a_shift_is_said() -> None:
    back = cells(runs([*H, 0.76, 0.761, 0.759, 0.762, *H[:12]]))
    assert [row[3] for row in back] == ["12 builds; back to the level before", "16 builds"]
    assert [row[2].split()[1] for row in back] == ["worse", "better"]
    recovered = cells(runs([*H, *(v - 0.02 for v in H), *H]))
    assert [row[3] for row in recovered] == ["16 builds", "32 builds; recovered at #33"]


def test_the_page_tells_shifts_in_a_table_and_what_cannot_be_judged_under_the_chart() -> None:
    page = job_page(SITE, JobInput(job=Job(name="churn/validate"), rows=rows()[::-1], metric="val/f1", histories=[one(rows())]))
    assert "Level shifts" in Document(render(page)).words
    assert history_words([one(rows())]) == ""
    assert history_words([one(runs(H[:8]))]) == " Level shifts: too short to judge (8 of 11 builds)."
    assert history_words([]) == ""
    assert shifts_table(SITE, PATH, [one(runs(H))]) is None
