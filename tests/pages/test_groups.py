"""What a leaderboard's page tells of groups of runs, and of those whose title was asked for in vain."""

from __future__ import annotations

from reportgen.analysis.judge import judge
from reportgen.model import RunRow
from reportgen.site.contexts.leaderboard import BoardLine, LeaderboardContext
from reportgen.site.pages.base import Site, said
from reportgen.site.pages.leaderboard import LeaderboardInput, leaderboard_page
from tests.analysis.rows import digest, options, row
from tests.analysis.test_champion import JOBS, VALIDATED, approve, deploy
from tests.pages.support import render

SITE = Site(name="Churn")


def context(rows: list[RunRow], **more: object) -> LeaderboardContext:
    page = leaderboard_page(SITE, LeaderboardInput(name="churn", judged=judge(rows, options(jobs=JOBS, **more))))
    assert "<details>" in render(page) or not more
    found = page.context
    assert isinstance(found, LeaderboardContext)
    return found


def lines(rows: list[RunRow]) -> list[BoardLine]:
    return list(context(rows, group_by=("params.depth",)).boards[0].rows)


def seeded(depth: int, first: int, *values: float | None) -> list[RunRow]:
    return [row(n, value, params={"depth": depth, "seed": n}) for n, value in enumerate(values, first)]


def test_a_group_tells_its_spread_and_leads_to_its_runs() -> None:
    found = lines([
        *seeded(3, 1, 0.731, 0.742, 0.727, 0.738, 0.735, None), *seeded(4, 11, 0.72, 0.73), *seeded(5, 21, 0.6),
    ])  # fmt: skip
    assert [line.words for line in found] == [
        "5 of 6 seeds, from 0.727 to 0.742, sd 0.006, by seeds only 0.727–0.742; depth 3",
        "2 seeds, from 0.720 to 0.730; depth 4",
        "1 seed; depth 5",
    ]
    assert [[link.label for link in line.members] for line in found] == [
        ["#1", "#2", "#3", "#4", "#5", "#6"], ["#11", "#12"], [],
    ]  # fmt: skip
    assert found[0].members[0].href.endswith("jobs/churn/validate/1/index.html")


def test_those_who_were_turned_down_are_named_with_the_next_holder() -> None:
    rejected = [
        approve(1.6 + n / 10, "rejected", model=digest(f"m{model}"), params={"of": f"churn/validate#{model}"})
        for n, model in enumerate((1, 1, 2))
    ]
    held = context([*VALIDATED, deploy(1.5, "m1"), *rejected, deploy(4.5, "m4")]).champions
    assert held is not None
    assert said(held.rows[0].cells[5].text) == "no reason given. Turned down before: validate #1."
    assert "Turned down" not in said(held.rows[1].cells[5].text)
