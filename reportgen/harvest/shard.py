"""One back-fill shared by several machines: which builds each of them reads, and what holds once their stores are one."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reportgen.harvest.plan import JobState, dump_state, load_state
from reportgen.store.db import Store
from reportgen.store.merge import merge_store
from reportgen.store.values import SaveResult
from reportgen.store.view import StoreView


@dataclass(frozen=True, slots=True)
class Shard:
    """The share `index` of `count`, from 1; every build of every job belongs to exactly one share."""

    index: int = 1
    count: int = 1

    def takes(self, job: str, number: int) -> bool:
        """Tell whether a build belongs to this share; builds in a row, which are alike in size, belong to different ones."""
        return (zlib.crc32(job.encode("utf-8", "surrogatepass")) + number) % self.count == self.index - 1

    @property
    def mark(self) -> str:
        """What a store says of a state that holds for this share alone, such as "1/3"; empty for all builds."""
        return f"{self.index}/{self.count}" if self.count > 1 else ""


WHOLE = Shard()


def parse_shard(text: str) -> Shard:
    """Return the share that is written as "i/n"; ValueError says what is wrong with any other text."""
    parts = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    if parts is None:
        raise ValueError(f'"{text}" is no share; write i/n, such as 1/3 for the first of three')
    index, count = int(parts[1]), int(parts[2])
    if not 1 <= index <= count:
        raise ValueError(f'"{text}" is no share: i goes from 1 to n')
    return Shard(index, count)


def merge(store: Store, other: Path, *, now: datetime) -> SaveResult:
    """Add what the store at `other` has, and take over which builds need not be asked for again.

    Raises as `merge_store`. A state that holds for a share of a job's builds counts once those of all shares are there.
    """
    result = merge_store(store, other, now=now)
    with StoreView.open(other) as source:
        states = source.harvest_states()
        running = source.running()
    for job, content in states.items():
        here = store.harvest_state(job)
        joined = join_states(here, content)
        if joined == here:
            continue
        store.set_harvest_state(job, joined)
        known = store.known_builds(job)
        with store.view() as view:
            found = {build.number: build for build in (*view.running(), *running) if build.job == job}
        store.set_running(job, [build for number, build in found.items() if number not in known])
    return result


def join_states(here: Any, other: Any) -> Any:
    """Return what to remember of a job whose builds in two stores came together; either may be None.

    What holds for all builds is kept, that of this store first. States of shares are collected until there is one of each.
    """
    if other is None or _is_whole(here):
        return here
    if _is_whole(other):
        return other
    parts = {**_parts(here), **_parts(other)}
    count = next(iter(_parts(other)), "").rpartition("/")[2]
    parts = {mark: part for mark, part in parts.items() if mark.rpartition("/")[2] == count}
    states = [state for mark, part in parts.items() if (state := load_state(part, mark))]
    if not count or len(states) < int(count):
        return {"shard": None, "parts": parts}
    return dump_state(_common(states))


def _is_whole(content: Any) -> bool:
    return load_state(content) is not None


def _parts(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        return {}
    return content.get("parts") or {content["shard"]: content}


def _common(states: list[JobState]) -> JobState:
    """Return what is settled in every share: there the builds of all of them are."""
    lows = [state.low for state in states if state.low is not None]
    highs = [state.high for state in states if state.high is not None]
    is_settled = len(lows) == len(highs) == len(states) and max(lows) <= min(highs)
    return JobState(
        low=max(lows) if is_settled else None,
        high=min(highs) if is_settled else None,
        attempts={number: count for state in states for number, count in state.attempts.items()},
        seen=min((state.seen for state in states if state.seen), default=None),
        former_end=max((state.former_end for state in states if state.former_end), default=None),
    )
