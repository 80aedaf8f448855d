"""Work beside other work: its result, and what becomes of it when one of the two fails."""

from __future__ import annotations

import threading

import pytest

from reportgen.site.pool import beside


def test_work_is_done_while_the_block_runs():
    met = threading.Barrier(2, timeout=10)
    with beside(lambda stop: (met.wait(), threading.get_ident())) as future:
        met.wait()
    assert future.result()[1] != threading.get_ident()


def test_a_block_that_fails_tells_the_work_to_stop_and_waits_for_it():
    ended = []

    def work(stop):
        assert stop.wait(10)
        ended.append(True)

    with pytest.raises(ZeroDivisionError), beside(work):
        1 / 0  # noqa: B018
    assert ended == [True]


def test_what_the_work_raises_is_raised_where_its_result_is_asked_for():
    def work(stop):
        raise OSError("no space")

    with beside(work) as future:
        pass
    with pytest.raises(OSError, match="no space"):
        future.result()
