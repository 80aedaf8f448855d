"""Titles: rules and their fall-backs, the history, decisions from every source, and questions about the past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reportgen.analysis.champion import Titles, find_titles
from reportgen.analysis.comparable import order, score
from reportgen.analysis.decisions import DecisionJobs, find_rulings
from reportgen.analysis.judge import judge
from reportgen.model import Cause, Decision, Fingerprint, RunRow
from tests.analysis.rows import SET_A, SET_B, at, digest, options, row

JOBS = ("churn/validate",)


def approve(hours: float, value: str = "approved", **more: Any) -> RunRow:
    """A run of the approve job that ends at `hours` with one decision."""
    decided = {"by": "jdoe", "reason": "better recall", **{k: more.pop(k) for k in ("model", "by", "reason") if k in more}}
    decision = Decision(name="approve", value=value, **decided)
    return row(int(hours * 100), job="churn/approve", name="approve", hours=hours, data=None, duration_s=0.0,
               **{"decisions": (decision,), **more})  # fmt: skip


def deploy(hours: float, model: str, **more: Any) -> RunRow:
    return row(
        int(hours * 100), job="churn/deploy-model", name="deploy", hours=hours, data=None, duration_s=0.0, model=model, **more
    )


def titles(rows: list[RunRow], **more: Any) -> Titles:
    return find_titles(score(rows, options(jobs=JOBS, **more)), rows)


def only_key(found: Titles) -> Any:
    (key,) = found.lines
    return key


VALIDATED = [
    row(1, 0.70, (0.68, 0.72), model="m1"),
    row(2, 0.75, (0.73, 0.77), model="m2"),
    row(3, 0.72, (0.70, 0.74), model="m3"),
    row(4, 0.76, (0.74, 0.78), model="m4"),
]


def test_the_deployed_model_holds_the_title_whatever_its_rank() -> None:
    rows = [*VALIDATED, approve(2.5, model=digest("m2")), deploy(3.5, "m1"), approve(4.5, model=digest("m4"))]
    found = titles(rows)
    holder = found.holder(only_key(found))
    assert holder is not None
    assert (holder.rule, holder.run.number, holder.since) == ("deployed", 1, at(3.5))  # type: ignore[union-attr]
    assert (found.applied, found.words) == ("deployed", "")
    judged = judge(rows, options(jobs=JOBS))
    assert [(r.run.number, r.rank, r.champion) for r in judged.leaderboard.boards[0].rows] == [
        (4, 1, False), (2, 2, False), (3, 3, False), (1, 4, True),
    ]  # fmt: skip


def test_rules_fall_back_and_say_so() -> None:
    approved = [*VALIDATED, approve(2.5, model=digest("m1"))]
    found = titles(approved)
    assert found.holder(only_key(found)).run.number == 1  # type: ignore[union-attr]
    assert found.words == "nothing was deployed yet: the champion is the approved model"
    by_rank = titles(VALIDATED, champion="approved")
    assert by_rank.holder(only_key(by_rank)).run.number == 4  # type: ignore[union-attr]
    assert by_rank.words == "nothing was approved yet: the champion is rank 1"
    assert titles(approved, champion="best").words == ""


def test_a_deployment_tells_who_approved_the_model_and_why() -> None:
    rows = [
        *VALIDATED,
        approve(3.2, model=digest("m1"), reason="finds more"),
        approve(3.3, model=digest("m2")),
        deploy(3.5, "m1"),
    ]
    found = titles(rows)
    holder = found.holder(only_key(found))
    assert holder is not None
    assert (holder.rule, holder.by, holder.reason) == ("deployed", "jdoe", "finds more")


def test_a_revoked_approval_gives_the_title_back() -> None:
    rows = [
        *VALIDATED, approve(2.5, model=digest("m1")), approve(3.5, model=digest("m2")),
        approve(4.5, "revoked", model=digest("m2")),
    ]  # fmt: skip
    found = titles(rows, champion="approved")
    assert [(t.holder.run.number, t.holder.rule) for t in found.history(only_key(found))] == [  # type: ignore[union-attr]
        (1, "best"), (2, "best"), (1, "approved"), (2, "approved"), (1, "approved"),
    ]  # fmt: skip


def test_ties_at_rank_one_leave_the_title_with_its_holder() -> None:
    found = titles([row(1, 0.7), row(2, 0.7), row(3, 0.8), row(4, 0.8)], champion="best")
    assert [t.holder.run.number for t in found.history(only_key(found))] == [1, 3]  # type: ignore[union-attr]


def test_history_says_who_decided_why_what_was_beaten_and_who_was_rejected() -> None:
    rows = [
        *VALIDATED, approve(1.5, model=digest("m1")), approve(3.5, "rejected", model=digest("m3"), reason="slower"),
        approve(4.5, model=digest("m4"), reason="more found"),
    ]  # fmt: skip
    found = titles(rows, champion="approved")
    last = found.history(only_key(found))[-1]
    assert (last.holder.by, last.holder.reason, last.since, last.until) == ("jdoe", "more found", at(4.5), None)
    assert last.beat is not None
    assert (round(last.beat.value, 9), last.beat.word, last.beat.separable) == (0.06, "better", True)
    assert [(r.model, r.reason) for r in last.rejected] == [(digest("m3"), "slower")]
    assert found.history(only_key(found))[-2].until == at(4.5)


def test_a_new_rank_one_that_cannot_be_told_apart_is_written_as_such() -> None:
    found = titles(VALIDATED, champion="best")
    notes = [(t.holder.run.number, t.note) for t in found.history(only_key(found))]  # type: ignore[union-attr]
    assert notes == [(1, ""), (2, ""), (4, "new rank 1, not separable from the previous")]


def test_a_title_never_crosses_validation_sets_silently() -> None:
    rows = [*VALIDATED, deploy(4.5, "m2"), row(5, 0.6, data=SET_B, model="m5")]
    found = titles(rows)
    new, old = (next(k for k in found.lines if k.by == (data,)) for data in (SET_B, SET_A))
    assert found.holder(old).run.number == 2  # type: ignore[union-attr]
    holder = found.holder(new)
    assert holder is not None
    assert (holder.run, holder.words) == (None, "champion unknown: model 6d32… was not trained in a harvested job")
    trained = [*rows, row(1, job="churn/train", made="m2", hours=0.5)]
    elsewhere = titles(trained).holder(new)
    assert elsewhere is not None
    assert elsewhere.words == "held; not scored on the current validation set"
    again = [*rows, row(6, 0.65, data=SET_B, model="m2")]
    assert titles(again).holder(new).run.number == 6  # type: ignore[union-attr]


def test_no_champion_by_rank_is_announced_across_sets() -> None:
    found = titles(VALIDATED, champion="best", comparable_by=())
    assert found.holder(only_key(found)) is None
    assert found.history(only_key(found)) == ()


def test_the_past_is_answered_as_it_was() -> None:
    rows = [*VALIDATED, approve(2.5, model=digest("m1")), deploy(3.5, "m3")]
    found = titles(rows)
    key = only_key(found)
    then = [found.holder(key, before=r) for r in VALIDATED]
    assert [(h.run.number, h.rule) if h else None for h in then] == [  # type: ignore[union-attr]
        None, (1, "best"), (1, "approved"), (3, "deployed"),
    ]  # fmt: skip


def test_a_decision_without_a_model_concerns_the_run_a_parameter_names() -> None:
    by_name = approve(5, params={"validate_build": "churn/validate#2"})
    by_number = approve(6, params={"jenkins.VALIDATE_BUILD": 3})
    by_address = approve(7, params={"BUILD": "https://ci.example.org/jenkins/job/churn/job/validate/4/"})
    rulings = find_rulings([*VALIDATED, by_name, by_number, by_address], DecisionJobs())
    assert [r.model for r in rulings] == [digest("m2"), digest("m3"), digest("m4")]


def test_else_the_nearest_upstream_run_with_a_model() -> None:
    check = row(1, job="churn/check", hours=4.2, data=None, upstream=(("churn/validate", 2),))
    rulings = find_rulings([*VALIDATED, check, approve(5, upstream=(("churn/check", 1),))], DecisionJobs())
    assert [(r.model, r.target.number) for r in rulings] == [(digest("m2"), 2)]  # type: ignore[union-attr]


def test_a_fingerprint_of_equal_bytes_does_not_outrun_a_cause_that_is_further_away() -> None:
    check = row(1, job="churn/check", hours=4.2, data=None, upstream=(("churn/validate", 2),))
    first_made = (Fingerprint(file="report.csv", md5="0" * 32, job="churn/validate", number=3),)
    caused = approve(5, upstream=(("churn/check", 1),), fingerprints=first_made)
    assert [r.target.number for r in find_rulings([*VALIDATED, check, caused], DecisionJobs()) if r.target] == [2]
    alone = approve(5, fingerprints=first_made)
    assert [r.target.number for r in find_rulings([*VALIDATED, alone], DecisionJobs()) if r.target] == [3]


def test_an_approve_job_without_events_tells_by_its_approver_or_the_user_who_started_it() -> None:
    user = (Cause(kind="user", user="asmith"),)
    rows = [
        *VALIDATED,
        approve(5, decisions=(), approvers=("jdoe",), params={"B": "churn/validate#1", "jenkins.REASON": "faster"}),
        approve(6, decisions=(), causes=user, params={"B": "churn/validate#2"}),
        approve(7, decisions=(), approvers=("jdoe",), result="ABORTED", params={"B": "churn/validate#3"}),
        approve(8, decisions=(), params={"B": "churn/validate#4"}),
        approve(9, decisions=(), causes=user, result="FAILURE", params={"B": "churn/validate#4"}),
    ]
    found = [(r.kind, r.model, r.by, r.reason) for r in find_rulings(rows, DecisionJobs())]
    assert found == [
        ("approved", digest("m1"), "jdoe", "faster"),
        ("approved", digest("m2"), "asmith", None),
        ("rejected", digest("m3"), "jdoe", None),
    ]


def test_a_failed_deployment_deploys_nothing() -> None:
    rows = [*VALIDATED, deploy(5, "m2"), deploy(6, "m3", result="FAILURE"), deploy(7, "m3", status="interrupted")]
    assert [r.model for r in find_rulings(rows, DecisionJobs()) if r.kind == "deployed"] == [digest("m2")]


def test_a_deployment_that_does_not_say_of_what_leaves_the_champion_unknown() -> None:
    rows = [row(1, 0.70, model="m1"), row(2, job="churn/deploy", name="deploy", stage="deploy", data=None)]
    scores = score(rows, options(jobs=JOBS, champion="deployed"))
    titles = find_titles(scores, rows)
    (holder,) = [titles.holder(key) for key in titles.lines]
    assert holder is not None
    assert (holder.run, holder.words) == (None, "champion unknown: nothing says which model was deployed")


def test_configured_jobs_decide_and_others_do_not() -> None:
    rows = [*VALIDATED, row(1, job="ops/release", hours=5, data=None, model="m2"), deploy(6, "m3")]
    jobs = DecisionJobs(deploy=frozenset({"ops/release"}))
    assert [r.model for r in find_rulings(rows, jobs)] == [digest("m2")]


MODELS = ["m1", "m2", "m3"]
validations = st.builds(
    lambda n, value, model, data: row(n, value, (value - 0.02, value + 0.02), model=model, data=data),
    st.integers(1, 60), st.sampled_from([0.5, 0.6, 0.7, 0.8]), st.sampled_from(MODELS), st.sampled_from([SET_A, SET_B]),
)  # fmt: skip
decisions = st.builds(
    lambda n, kind, model: replace(
        deploy(n + 0.5, model) if kind == "deployed" else approve(n + 0.5, kind, model=digest(model)), number=n
    ),
    st.integers(1, 60), st.sampled_from(["approved", "rejected", "revoked", "deployed"]), st.sampled_from(MODELS),
)  # fmt: skip
histories = st.lists(validations | decisions, min_size=2, max_size=25, unique_by=lambda r: (r.job, r.number))


@example(
    [row(1, 0.5, model="m1"), replace(approve(1.5, model=digest("m1")), number=1), replace(deploy(1.5, "m1"), number=1)],
    "deployed",
)
@given(histories, st.sampled_from(["deployed", "approved", "best"]))
def test_a_new_run_never_changes_who_was_champion_before(rows: list[RunRow], rule: str) -> None:
    rows = sorted(rows, key=order)
    now, before = titles(rows, champion=rule), titles(rows[:-1], champion=rule)
    for past in rows[:-1]:
        for key in before.lines:
            then, later = before.holder(key, past), now.holder(key, past)
            assert then == later


@pytest.mark.parametrize("count", [10_000])
def test_many_questions_about_the_past_are_quick(count: int) -> None:
    rows = [row(n, 0.5 + (n * 7919 % 1000) / 3000, model=f"m{n}") for n in range(1, count + 1)]
    found = titles([*rows, *(deploy(n + 0.5, f"m{n}") for n in range(100, count, 100))])
    key = only_key(found)
    assert all(found.holder(key, before=r) is not None for r in rows[1:])


def test_a_rejection_is_told_once_in_the_term_that_it_ended_before() -> None:
    rows = [
        *VALIDATED, deploy(1.5, "m1"), approve(1.6, "rejected", model=digest("m9")), deploy(2.5, "m2"),
        approve(2.6, "rejected", model=digest("m8")), deploy(4.5, "m4"),
    ]  # fmt: skip
    found = titles(rows)
    assert [[r.model for r in term.rejected] for term in found.history(only_key(found))] == [
        [], [], [digest("m9")], [digest("m8")],
    ]  # fmt: skip


def test_an_aborted_approve_job_without_an_approver_decided_nothing() -> None:
    started = (Cause(kind="user", user="jdoe"),)
    aborted = approve(2.5, decisions=(), result="ABORTED", causes=started, params={"of": "churn/validate#1"})
    jobs = DecisionJobs(approve=frozenset({"churn/approve"}))
    assert find_rulings([*VALIDATED, aborted], jobs) == ()
    turned_down = replace(aborted, approvers=("jdoe",))
    assert [r.kind for r in find_rulings([*VALIDATED, turned_down], jobs)] == ["rejected"]
