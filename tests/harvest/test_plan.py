"""What a harvest plans for one job, from what Jenkins lists and what is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reportgen.harvest.fetch import _newest_tests
from reportgen.harvest.plan import JobState, dump_state, load_state, next_state, plan_job
from reportgen.harvest.source import ListedBuild, Listing
from reportgen.model import Job, TestCase, Tests
from reportgen.store.values import KnownBuild, listing_digest

OLD = datetime(2026, 1, 1, tzinfo=UTC)
NEW = datetime(2026, 6, 1, tzinfo=UTC)


def listed(number: int, start: datetime) -> ListedBuild:
    return ListedBuild(
        number=number,
        started_at=start + timedelta(hours=number),
        running=False,
        result="SUCCESS",
        description="",
        display_name=f"#{number}",
        keep=False,
    )


def known(number: int, start: datetime) -> KnownBuild:
    return KnownBuild(start + timedelta(hours=number), listing_digest("SUCCESS", "", f"#{number}", False))


def listing(start: datetime) -> Listing:
    builds = tuple(listed(number, start) for number in range(150, 50, -1))
    return Listing(job=Job(name="churn/train", kind="pipeline"), builds=builds, first=1, last=150)


def test_a_settled_job_has_nothing_left_to_read() -> None:
    stored = {number: known(number, OLD) for number in range(1, 151)}
    plan = plan_job(listing(OLD), stored, JobState(low=1, high=150))
    assert (plan.work, plan.missing_below, plan.replaced) == ((), (), ())


def test_a_job_that_was_made_again_is_read_below_the_window_too() -> None:
    stored = {number: known(number, OLD) for number in range(1, 121)}
    plan = plan_job(listing(NEW), stored, JobState(low=1, high=120))
    assert [work.number for work in plan.work] == list(range(150, 50, -1))
    assert plan.replaced == tuple((number, build.started_at) for number, build in stored.items())
    assert plan.missing_below == tuple(range(50, 0, -1))


def test_a_number_that_was_pruned_is_read_if_it_belongs_to_a_job_made_again() -> None:
    stored = {number: known(number, OLD) for number in range(1, 121)}
    stored |= {number: known(number, OLD)._replace(digest="", pruned=True) for number in (7, 90)}
    plan = plan_job(listing(NEW), stored, JobState(low=1, high=120))
    assert 90 in [work.number for work in plan.work]
    assert 7 in plan.missing_below
    assert not {7, 90} & {number for number, _ in plan.replaced}
    same = plan_job(listing(OLD), stored, JobState(low=1, high=120))
    assert not {7, 90} & {*same.missing_below, *(work.number for work in same.work)}


def test_a_job_that_was_gone_and_made_again_is_read_below_the_window_too() -> None:
    stored = {number: known(number, OLD)._replace(gone=True) for number in range(1, 121)}
    plan = plan_job(listing(NEW), stored, JobState(low=1, high=120))
    assert plan.made_again == JobState(former_end=stored[120].started_at)
    assert plan.missing_below == tuple(range(50, 0, -1))
    assert plan_job(listing(NEW), stored, plan.made_again).made_again is None


def test_a_job_made_again_with_more_builds_than_the_list_holds_is_known_by_its_first_one() -> None:
    stored = {number: known(number, OLD) for number in range(1, 21)}
    plain = plan_job(listing(NEW), stored, JobState(low=1, high=20))
    told = plan_job(replace(listing(NEW), first_started_at=NEW), stored, JobState(low=1, high=20))
    assert (len(plain.missing_below), plain.replaced) == (30, ())
    assert (len(told.missing_below), len(told.replaced)) == (50, 20)


def test_a_stored_build_that_is_newer_than_the_one_on_jenkins_is_gone_and_nothing_else_is() -> None:
    stored = {number: known(number, OLD) for number in range(1, 151)}
    stored[150] = known(150, NEW)
    plan = plan_job(listing(OLD), stored, JobState(low=1, high=150))
    assert plan.replaced == ((150, stored[150].started_at),)
    assert [work.number for work in plan.work] == [150]
    assert (plan.made_again, plan.missing_below) == (None, ())


def test_the_state_of_a_job_made_again_is_kept_as_it_is() -> None:
    state = JobState(low=3, high=9, attempts={4: 1}, seen=NEW, former_end=OLD)
    assert load_state(json.loads(json.dumps(dump_state(state)))) == state


def test_failures_of_builds_that_jenkins_discarded_are_forgotten() -> None:
    state = JobState(low=1, high=140, attempts={3: 2, 9: 1, 60: 1, 145: 2})
    found = replace(listing(OLD), first=9)
    after = next_state(state, found, settled_from=9, failed=[145, 146], settled=[60], seen=NEW)
    assert after.attempts == {9: 1, 145: 3, 146: 1}
    assert (after.low, after.high) == (1, 150)


def test_counts_of_tests_follow_jenkins_and_keep_their_cases_where_they_are_the_same() -> None:
    case = TestCase(name="t", message="no")
    before, same, more = (
        Tests(total=4, failed=1, skipped=0, failures=(case,)),
        Tests(total=4, failed=1, skipped=0),
        Tests(total=5, failed=0, skipped=0),
    )
    assert _newest_tests(before, same) == before
    assert _newest_tests(before, more) == more
    assert _newest_tests(before, None) == before
    assert _newest_tests(None, more) == more
