"""Which pass through a pipeline a build that runs or waits now belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reportgen.analysis.pipeline import Pass, PassState, Step
from reportgen.model import RunRow


def find_owners(passes: Sequence[Pass]) -> dict[tuple[str, int], int]:
    """Return which pass each build that runs now belongs to: the one whose build its question names, else the newest."""
    found: dict[tuple[str, int], int] = {}
    named: set[tuple[str, int]] = set()
    for index, one in enumerate(passes):
        for step in one.steps:
            running = step.running
            if running is None or (running.job, running.number) in named:
                continue
            key = (running.job, running.number)
            found.setdefault(key, index)
            if running.waiting_for and any(_names(running.waiting_for, other.run) for other in one.steps if other.run):
                found[key] = index
                named.add(key)
    return found


def _names(question: str, run: RunRow) -> bool:
    """Whether a question names the build of a run, as in "churn/train#84" or "train #84"."""
    names = "|".join(re.escape(name) for name in (run.job, run.job.rpartition("/")[2]))
    return re.search(rf"(?<![\w/.-])(?:{names})\s?#{run.number}(?!\d)", question) is not None


def as_owned(one: Pass, index: int, owners: Mapping[tuple[str, int], int]) -> Pass:
    """Return a pass with what runs or waits now only where it belongs; an older one that stopped short has ended."""
    owned = [step for step in one.steps if step.running and owners.get((step.running.job, step.running.number)) == index]
    foreign = [step for step in one.steps if step.running is not None and step not in owned]
    if owned or not index:
        steps = tuple(replace(step, state="open", running=None) if step in foreign else step for step in one.steps)
        ended = foreign and not owned and one.state in ("waiting", "running")
        return replace(one, steps=steps, state="open") if ended else replace(one, steps=steps)
    state: PassState = "done" if one.state in ("waiting", "running", "open") else one.state
    return replace(one, steps=tuple(_past(step) for step in one.steps), state=state)


def _past(step: Step) -> Step:
    return (
        step if step.run is not None or step.state in ("missing", "stopped") else replace(step, state="stopped", running=None)
    )
