"""The sentence a run page opens with: words that follow the statistics, and never claim more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.analysis.separable import Scored, single_delta
from reportgen.analysis.standing import Place
from reportgen.analysis.verdict import FORBIDDEN
from reportgen.model import Metric, RunRow
from reportgen.site.pages.past import RunPast
from reportgen.site.pages.run import RunInput
from tests.pages.support import build, row, run_input, said
from tests.pages.test_run import context

Point = tuple[float, float | None]
"""A value and half the width of its interval."""


def f1(point: Point) -> Metric:
    value, reach = point
    low, high = (None, None) if reach is None else (value - reach, value + reach)
    return replace(row(140).metrics["val/f1"], value=value, low=low, high=high)


def rival(number: int, point: Point) -> RunRow:
    return replace(row(number), metrics={"val/f1": f1(point)})


def sentence(point: Point, *, models: tuple[Any, ...] = (), **known: Any) -> str:
    found = run_input(140)
    assert found.run is not None
    run = replace(found.run, metrics=(f1(point),), models=models)
    settings: dict[str, Any] = {"metric": "val/f1", "validation": "same", **known}
    return said(context(RunInput(build=build(140), run=run, past=RunPast(**settings))).verdict)


@pytest.mark.parametrize(
    ("theirs", "clause"),
    [
        ((0.722, 0.022), "+0.012 on #139, not separable"),
        ((0.690, 0.022), "+0.044 on #139, clearly better"),
        ((0.780, 0.022), "−0.046 on #139, clearly worse"),
        ((0.722, None), "+0.012 on #139."),
        ((0.734, 0.022), "Same as #139."),
        ((0.73404, 0.022), "Same to three digits as #139."),
    ],
)
def test_the_clause_on_the_previous_run(theirs: Point, clause: str) -> None:
    assert clause in sentence((0.734, 0.022), previous=rival(139, theirs))


@pytest.mark.parametrize(
    ("theirs", "clause"),
    [
        ((0.738, 0.022), "−0.004 on champion #131, not separable"),
        ((0.690, 0.022), "Beats champion #131 by 0.044"),
        ((0.780, 0.022), "Behind champion #131 by 0.046"),
        ((0.780, None), "−0.046 on champion #131."),
        ((0.734, 0.022), "Same as champion #131."),
        ((0.73404, 0.022), "Same to three digits as champion #131."),
    ],
)
def test_the_clause_on_the_champion_then(theirs: Point, clause: str) -> None:
    known = {"champion": rival(131, theirs), "champion_rule": "deployed"}
    assert clause in sentence((0.734, 0.022), champion_comparable=True, **known)
    assert "champion" not in sentence((0.734, 0.022), champion_comparable=False, **known)


def test_one_model_scored_twice_is_said_to_be_one() -> None:
    before = rival(139, (0.734, 0.022))
    assert "Same as #139 (identical model)." in sentence((0.734, 0.022), models=before.models, previous=before)
    other = tuple(replace(model, sha256="f" * 64) for model in before.models)
    assert "Same as #139." in sentence((0.734, 0.022), models=other, previous=before)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(1, 31), "F1 0.734, the best of 31 comparable runs so far. "),
        (Place(1, 31, lucky=True), "F1 0.734, the best of 31 comparable runs so far; expect some luck. "),
        (Place(1, 31, tied=True), "F1 0.734, shares rank 1 of 31 comparable runs so far. "),
        (Place(3, 31), "F1 0.734, rank 3 of 31 comparable runs so far. "),
        (Place(1, 1), "F1 0.734, the first run on this validation set. "),
        (Place(None, 31), "F1 0.734. "),
    ],
)
def test_the_place_it_took(place: Place, words: str) -> None:
    assert sentence((0.734, 0.022), place=place, previous=rival(139, (0.7, 0.02))).startswith(words)


points = st.tuples(st.floats(0, 1), st.floats(0, 0.2) | st.none())


@given(points, points, points, points)
def test_a_run_never_claims_more_than_the_intervals_allow(mine: Point, before: Point, champion: Point, baseline: Point) -> None:
    given = {
        "previous": rival(139, before), "champion": rival(131, champion), "baseline": rival(119, baseline),
        "champion_comparable": True, "baseline_comparable": True,
    }  # fmt: skip
    text = sentence(mine, **given)
    assert len(text.split()) <= 40
    assert not any(word in text.lower() for word in FORBIDDEN)

    def told(theirs: Point) -> bool | None:
        a, b = (Scored(m.value or 0.0, m.low, m.high) for m in (f1(mine), f1(theirs)))
        return single_delta(a, b, "higher").separable

    clear = [told(theirs) for theirs in (before, baseline)].count(True)
    assert text.count("clearly") <= clear
    assert ("eats champion" in text or "ehind champion" in text) <= (told(champion) is True)
    assert text.count("not separable") <= [told(theirs) for theirs in (before, champion, baseline)].count(False)
