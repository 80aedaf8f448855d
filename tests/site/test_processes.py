"""Processes that make run pages: when one of them is killed, the build ends and says so."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from reportgen.config import load_config
from reportgen.errors import PublishError
from reportgen.report import SilentReporter
from reportgen.site.maker import SiteMaker
from reportgen.site.processes import runs_in_processes
from reportgen.site.summed import open_view
from reportgen.site.work import Chunk, Setup
from reportgen.site.write import start_tree
from tests.site.support import filled

EMPTY = Chunk((), ())


class Deadly:
    """Kills whoever unpacks it."""

    def __reduce__(self) -> tuple[object, ...]:
        return _die, ()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def setup(tmp_path) -> Setup:
    """What workers need for a small project, and more than a pipe holds."""
    project = filled(tmp_path)
    config = load_config(project.file)
    maker = SiteMaker(config, "reportgen test", SilentReporter())
    with open_view(config.store_path, {}) as view:
        made = maker.setup(maker.survey(view), start_tree(tmp_path / "public", "v1", None))
    return replace(made, assets={"large": "x" * 1_000_000})


def leftovers(setup: Setup) -> list[str]:
    return [path.name for path in setup.root.parent.iterdir() if path != setup.root]


def test_chunks_are_made(setup):
    outcomes = list(runs_in_processes(setup, [EMPTY, EMPTY, EMPTY], 2))
    assert [outcome.made for outcome in outcomes] == [[], [], []]
    assert leftovers(setup) == []


def test_a_process_that_dies_as_it_begins_ends_the_build(setup):
    with pytest.raises(PublishError, match="was killed") as problem:
        list(runs_in_processes(replace(setup, assets={**setup.assets, "deadly": Deadly()}), [EMPTY] * 9, 2))
    assert "memory" in problem.value.hint
    assert leftovers(setup) == []


def test_a_process_that_is_killed_at_work_ends_the_build(setup):
    with pytest.raises(PublishError, match="was killed"):
        list(runs_in_processes(setup, [EMPTY, Chunk((Deadly(),), ()), EMPTY], 2))
    assert leftovers(setup) == []
