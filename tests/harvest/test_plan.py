"""What a harvest plans for one job, from what Jenkins lists and what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reportgen.harvest.fetch import _newest_tests
from reportgen.harvest.plan import JobState, plan_job
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
