"""What a harvest has to do about one job: a pure comparison of what Jenkins lists with what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reportgen.harvest.source import ListedBuild, Listing
from reportgen.store.values import KnownBuild, listing_digest

MOST_ATTEMPTS = 3
"""A build that could not be read in so many harvests is left alone, unless everything is read anew."""
FEW = 20
"""So many builds below the window are fetched one by one rather than with a query that makes Jenkins load all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What is remembered of a job between harvests.

    All numbers from `low` to `high` are settled: stored, or found to be absent; but for those in `attempts`, which count how
    often reading a build went wrong. `seen` is when Jenkins last listed the job. Builds that started up to `former_end` are
    those of a job of this name that was deleted; the numbers of the job that was made since are its own.
    """

    low: int | None = None
    high: int | None = None
    attempts: Mapping[int, int] = field(default_factory=dict)
    seen: datetime | None = None
    former_end: datetime | None = None

    def is_settled(self, number: int) -> bool:
        """Tell whether the number need not be asked for again."""
        if self.low is None or self.high is None or number in self.attempts:
            return False
        return self.low <= number <= self.high


def load_state(content: Any, shard: str = "") -> JobState | None:
    """Return the state that `dump_state` made for `shard`, None where there is none, or one of other builds."""
    if not isinstance(content, dict) or content.get("shard", "") != shard:
        return None
    seen, former_end = content.get("seen"), content.get("former_end")
    return JobState(
        low=content.get("low"),
        high=content.get("high"),
        attempts={int(number): count for number, count in (content.get("attempts") or {}).items()},
        seen=datetime.fromisoformat(seen) if seen else None,
        former_end=datetime.fromisoformat(former_end) if former_end else None,
    )


def dump_state(state: JobState, shard: str = "") -> dict[str, Any]:
    """Return a state as JSON; it holds for all builds of the job, or for those of `shard`."""
    return {
        **({"shard": shard} if shard else {}),
        "low": state.low,
        "high": state.high,
        "attempts": {str(number): count for number, count in sorted(state.attempts.items())},
        "seen": state.seen.isoformat() if state.seen else None,
        **({"former_end": state.former_end.isoformat()} if state.former_end else {}),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A build to read: one not stored yet, or one whose facts moved (`again`: read all of it anew)."""

    number: int
    listed: ListedBuild | None = None
    is_known: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """What to do about a job: builds to read newest first, builds that run, builds that are gone for sure or by all signs.

    `missing_below` are the numbers older than the list that are not settled, newest first; whoever carries the plan out decides
    whether to ask for them in one query. `hidden` are stored builds absent from within the list. `made_again` says that the job
    was deleted and made again: what was remembered is forgotten but for this. `replaced` are stored builds whose numbers belong
    to others now.
    """

    work: tuple[Work, ...] = ()
    running: tuple[ListedBuild, ...] = ()
    gone: tuple[int, ...] = ()
    replaced: tuple[tuple[int, datetime], ...] = ()
    hidden: tuple[int, ...] = ()
    missing_below: range | tuple[int, ...] = ()
    made_again: JobState | None = None

    def share(self, takes: Callable[[int], bool]) -> JobPlan:
        """Return the plan with only those builds to read whose numbers `takes` accepts."""
        work = tuple(each for each in self.work if takes(each.number))
        return replace(self, work=work, missing_below=tuple(filter(takes, self.missing_below)))


def plan_job(
    listing: Listing,
    known: Mapping[int, KnownBuild],
    state: JobState | None,
    *,
    full: bool = False,
    authoritative: bool = True,
) -> JobPlan:
    """Return the plan for one job; from a source that is not `authoritative` nothing is gone, and nothing gone is back."""
    state = state or JobState()
    listed = {build.number: build for build in listing.builds}
    made_again = _made_again(listing, known, state) if authoritative else None
    if made_again is not None:
        state = made_again
    work = [each for build in listing.builds if (each := _work(build, known.get(build.number), state, full=full))]
    if not authoritative:
        gone_before = {number for number, build in known.items() if build.gone}
        return JobPlan(work=tuple(each for each in work if not (each.is_known and each.number in gone_before)))
    return JobPlan(
        work=tuple(work),
        running=tuple(build for build in listing.builds if build.running),
        gone=tuple(sorted(_gone(listing, known, listed))),
        replaced=tuple(_replaced(listing, known, made_again)),
        hidden=tuple(sorted(_hidden(listing, known, listed))),
        missing_below=_missing_below(listing, known, state, listed, full=full),
        made_again=made_again,
    )


def _work(build: ListedBuild, known: KnownBuild | None, state: JobState, *, full: bool) -> Work | None:
    if build.running:
        return None
    attempts = state.attempts.get(build.number, 0)
    if attempts >= MOST_ATTEMPTS and not full:
        return None
    if known is None or known.started_at != build.started_at:
        return Work(number=build.number, listed=build)
    if known.pruned:
        return None
    moved = known.gone or known.digest != listing_digest(build.result, build.description, build.display_name, build.keep)
    if full or attempts or moved:
        return Work(number=build.number, listed=build, is_known=True, again=full or attempts > 0)
    return None


def _gone(listing: Listing, known: Mapping[int, KnownBuild], listed: Mapping[int, ListedBuild]) -> Iterable[int]:
    for number, build in known.items():
        if build.gone or build.pruned or number in listed:
            continue
        if listing.first is None or number < listing.first or number > (listing.last or 0):
            yield number


def _hidden(listing: Listing, known: Mapping[int, KnownBuild], listed: Mapping[int, ListedBuild]) -> Iterable[int]:
    if listing.first is None or listing.last is None or not (listed or listing.complete):
        return
    low, high = listing.first if listing.complete else min(listed), listing.last
    for number, build in known.items():
        if low <= number <= high and number not in listed and not build.gone and not build.pruned:
            yield number


def _starts(listing: Listing) -> Iterator[tuple[int, datetime]]:
    """Yield number and start of every build that the answer tells of: those of the list, and the first one below it."""
    for build in listing.builds:
        yield build.number, build.started_at
    if listing.first is not None and listing.first_started_at is not None:
        yield listing.first, listing.first_started_at


def _made_again(listing: Listing, known: Mapping[int, KnownBuild], state: JobState) -> JobState | None:
    """Return the state to go on from if the job was deleted and made again: numbers belong to builds that started later.

    Then whatever started before the first build of now is of the former job, but for numbers below it.
    """
    taken = [
        stored.started_at
        for number, started_at in _starts(listing)
        if (stored := known.get(number)) and stored.started_at < started_at
    ]
    first, begin = listing.first, listing.first_started_at
    if taken and first is not None and begin is not None:
        taken += [stored.started_at for number, stored in known.items() if number >= first and stored.started_at < begin]
    if not taken or (state.former_end is not None and max(taken) <= state.former_end):
        return None
    return JobState(former_end=max(taken))


def _replaced(listing: Listing, known: Mapping[int, KnownBuild], made_again: JobState | None) -> Iterator[tuple[int, datetime]]:
    """Yield the builds whose numbers belong to other builds now, and with them all of a former job."""
    starts = dict(_starts(listing))
    end = made_again.former_end if made_again else None
    for number, stored in known.items():
        if stored.gone or stored.pruned:
            continue
        is_former = end is not None and stored.started_at <= end
        if stored.started_at != starts.get(number) if number in starts else is_former:
            yield number, stored.started_at


def _missing_below(
    listing: Listing,
    known: Mapping[int, KnownBuild],
    state: JobState,
    listed: Mapping[int, ListedBuild],
    *,
    full: bool,
) -> tuple[int, ...]:
    if listing.complete or listing.first is None or not listed:
        return ()
    numbers = range(min(listed) - 1, listing.first - 1, -1)
    if full:
        return tuple(numbers)
    end = state.former_end
    held = {number for number, build in known.items() if not build.gone and (end is None or build.started_at > end)}
    return tuple(
        number
        for number in numbers
        if (number not in held or number in state.attempts)
        and not state.is_settled(number)
        and state.attempts.get(number, 0) < MOST_ATTEMPTS
    )


def next_state(
    state: JobState | None,
    listing: Listing,
    *,
    settled_from: int | None,
    failed: Iterable[int],
    settled: Iterable[int],
    unfinished: Iterable[int] = (),
    seen: datetime,
) -> JobState:
    """Return what to remember after a harvest of one job.

    From `settled_from` up to the newest build listed nothing is left to do; it is None when the harvest did not get through
    the list. `failed` are builds that could not be read, `settled` those that were, `unfinished` those below the list that run.
    """
    state = state or JobState()
    done = set(settled)
    attempts = {number: count for number, count in state.attempts.items() if number not in done}
    for number in failed:
        attempts[number] = attempts.get(number, 0) + 1
    for number in unfinished:
        attempts.setdefault(number, 0)
    first = listing.first
    attempts = {number: count for number, count in attempts.items() if first is not None and number >= first}
    finished = [build.number for build in listing.builds if not build.running]
    if settled_from is None or not finished:
        return replace(state, attempts=attempts, seen=seen)
    high = _unbroken_end(listing)
    low = settled_from
    if state.low is not None and state.high is not None and settled_from <= state.high + 1:
        low = min(low, state.low)
    return replace(state, low=low, high=high, attempts=attempts, seen=seen)


def _unbroken_end(listing: Listing) -> int:
    """Return the number below the oldest build that still runs, else the newest one."""
    running = [build.number for build in listing.builds if build.running]
    return min(running) - 1 if running else max(build.number for build in listing.builds)
