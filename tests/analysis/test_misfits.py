"""Names of the configuration that fit nothing in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen import cli
from reportgen.analysis.misfits import find_misfits
from reportgen.config import parse_config
from reportgen.store.db import Store
from tests.support.builds import NOW, make_build

KNOWN = {
    "jobs": ["churn/train", "churn/validate"],
    "builds": {("churn/train", 1), ("churn/validate", 1), ("churn/validate", 2)},
    "metrics": {"val/f1", "val/recall"},
}
BOARD = '[leaderboards.churn]\njobs = ["churn/validate"]\nmetric = "val/f1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOARD, []),
        (BOARD + 'columns = ["val/recall", "params.depth", "tags.kind", "duration_s", "shrunk"]\n', []),
        (BOARD.replace("churn/validate", "churn/*"), []),
        (BOARD.replace("churn/validate", "churn"), []),
        (BOARD + 'baseline = "churn/validate#2"\n', []),
        (
            BOARD.replace("churn/validate", "churn/validat"),
            ['leaderboards.churn: no job is called "churn/validat" (did you mean "churn/validate"?)'],
        ),
        (BOARD.replace("val/f1", "val/f2"), ['leaderboards.churn: no run has the metric "val/f2" (did you mean "val/f1"?)']),
        (BOARD + 'columns = ["metrics.zzz"]\n', ['leaderboards.churn: no run has the metric "zzz"']),
        (BOARD + "where = { zzz = 1 }\n", ['leaderboards.churn: no run has the metric "zzz"']),
        (BOARD + 'baseline = "churn/validate#3"\n', ["leaderboards.churn: the baseline churn/validate#3 is not in the store"]),
        (
            '[pipelines.all]\njobs = ["churn/train", "churn/**"]\napprove = "churn/trian"\n',
            ['pipelines.all: there is no job "churn/trian" (did you mean "churn/train"?)'],
        ),
    ],
)
def test_a_name_that_fits_nothing_is_told_with_the_nearest_that_would(tmp_path: Path, text: str, said: list[str]) -> None:
    config = parse_config(text, tmp_path / "reportgen.toml")
    assert find_misfits(config, **KNOWN) == said
    assert find_misfits(config, **{**KNOWN, "builds": set()}) == [], "an empty store fits every name"


def test_build_warns_and_check_notes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reportgen.toml").write_text(BOARD.replace("val/f1", "val/f2"))
    with Store.open(tmp_path / ".reportgen") as store:
        store.save_builds([make_build(1)], now=NOW)
    text = 'leaderboards.churn: no run has the metric "val/f2" (did you mean "val/f1"?)'
    assert cli.main(["build", "-f", str(tmp_path / "reportgen.toml")]) == 0
    assert f"warning: {text}" in capsys.readouterr().err
    assert cli.main(["check", "-f", str(tmp_path / "reportgen.toml")]) == 0
    assert f"note: {text}" in capsys.readouterr().err
