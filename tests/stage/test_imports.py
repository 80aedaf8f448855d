"""What importing costs: standard library only, and little of it."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

import reportgen

ROOT = Path(reportgen.__file__).parents[1]


def python(code: str, *options: str) -> str:
    """Run code in a fresh interpreter that has no site-packages."""
    return subprocess.run(
        [sys.executable, "-S", "-E", *options, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


EVERYTHING = (
    "import sys, reportgen; [getattr(reportgen, name) for name in reportgen.__all__ if name != 'autolog'];"
    "import reportgen.stage.shell, reportgen.stage.session, reportgen.stage.wrap, reportgen.stage.evaluate,"
    "reportgen.stage.attach,"
    "reportgen.stage.ending, reportgen.estimate, reportgen.record, reportgen.redact, reportgen.stage.sklearn,"
    "reportgen.stage.xgboost,"
    "reportgen.stage.lightgbm;"
)


def test_only_the_standard_library_is_imported():
    names = python(EVERYTHING + "print(*sorted({name.partition('.')[0] for name in sys.modules}))").split()
    foreign = set(names) - sys.stdlib_module_names - {"reportgen", "__main__"}
    assert foreign == set()


def test_importing_reportgen_loads_next_to_nothing():
    before = set(python("import sys; print(*sys.modules)").split())
    after = set(python("import sys, reportgen; print(*sys.modules)").split())
    assert after - before <= {"reportgen", "__future__"}


def test_only_what_the_stage_may_use_is_imported_of_the_project():
    names = python(EVERYTHING + "print(*(name for name in sys.modules if name.startswith('reportgen.')))").split()
    parts = {name.split(".")[1] for name in names}
    assert parts <= {"stage", "record", "errors", "redact", "estimate"}


def test_the_arithmetic_imports_nothing_else_of_the_project():
    names = python(
        "import sys, reportgen.estimate; print(*(name for name in sys.modules if name.startswith('reportgen.')))"
    ).split()
    assert all(name.startswith("reportgen.estimate") for name in names)


def test_the_version_is_the_one_of_the_package():
    assert reportgen.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_every_name_is_there_and_no_other():
    assert set(reportgen.__all__) <= set(dir(reportgen))
    assert all(callable(getattr(reportgen, name)) for name in reportgen.__all__ if name != "__version__")
    with pytest.raises(AttributeError, match="no attribute 'log_everything'"):
        _ = reportgen.log_everything
    with pytest.raises(AttributeError):
        _ = reportgen.stage.log_everything


@pytest.mark.slow
def test_start_is_quick():
    """A generous bound, as other work runs beside the tests; `benchmarks/stage.py` measures."""

    def best(code: str) -> float:
        times = []
        for _ in range(7):
            started = time.perf_counter()
            python(code, "-X", "pycache_prefix=" + str(ROOT / ".pytest_cache" / "pycache"))
            times.append(time.perf_counter() - started)
        return min(times)

    assert best("import reportgen") - best("pass") < 0.025
