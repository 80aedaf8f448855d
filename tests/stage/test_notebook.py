"""Runs in a notebook: cells fail and are run again, and the run is what came of it in the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from reportgen.record import Record, read_record

OPEN = "import reportgen\nrun = reportgen.start_run('explore', environment=False)"
LOG = "reportgen.log_metric('m', 1)"


def records_of(cells: list[str], directory: Path) -> list[Record]:
    """Run the cells in a kernel, shut it down as a notebook does, and return the records it left."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(directory))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        for cell in cells:
            client.execute_interactive(cell, timeout=120, output_hook=lambda message: None)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    journals = sorted((directory / "reportgen-results").glob("*/events.jsonl"))
    return [read_record(journal.parent.name, journal.read_bytes()) for journal in journals]


@pytest.mark.parametrize(
    ("cells", "status", "error"),
    [
        ([OPEN, "1 / 0", LOG], "complete", None),
        ([OPEN, "1 / 0", "reportgen.end_run()"], "complete", None),
        (["1 / 0", OPEN], "complete", None),
        ([OPEN, LOG, "1 / 0"], "failed", "ZeroDivisionError"),
        ([OPEN, "raise KeyError('a')", "1 / 0"], "failed", "ZeroDivisionError"),
    ],
    ids=["mended", "mended and ended", "failed before", "failed last", "failed twice"],
)
def test_the_last_cell_says_how_the_run_ended(tmp_path, cells, status, error):
    [found] = records_of(cells, tmp_path)
    assert found.status == status
    assert (found.ending or {}).get("error", {}).get("type") == error
    assert not [event for event in found.events if event["kind"] == "metric" and LOG not in cells]


def test_a_block_that_fails_in_a_cell_has_failed_whatever_comes_after(tmp_path):
    [found] = records_of(["import reportgen\nwith reportgen.start_run('t', environment=False):\n    1 / 0", "2"], tmp_path)
    assert found.status == "failed"
