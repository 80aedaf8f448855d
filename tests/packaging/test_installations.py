"""What is built is what was written: wheel, sdist and editable installation carry themes, content and the sample."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ("themes/default/theme.toml", "themes/default/templates/base.html", "themes/plain/theme.toml", "content/index.md")


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "REPORTGEN", "JENKINS"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**clean, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist, built from the checkout."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist", "--outdir", out, ROOT, cwd=ROOT)
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_the_wheel_carries_themes_content_and_the_sample(built: tuple[Path, Path]) -> None:
    files = wheel_files(built[0])
    for name in DATA:
        assert files[f"reportgen/_data/{name}"] == (ROOT / name).read_bytes()
    assert "reportgen/demo/sample.tar.xz" in files
    assert "reportgen/starter/Jenkinsfile" in files
    assert "reportgen/py.typed" in files
    assert not [name for name in files if name.startswith(("tests/", "examples/", "benchmarks/"))]
    assert len(files["reportgen/demo/sample.tar.xz"]) <= 3_000_000


@pytest.mark.slow
def test_the_sdist_makes_the_same_wheel(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data") if sys.version_info >= (3, 12) else archive.extractall(tmp_path)
    source = next(path for path in tmp_path.iterdir() if path.is_dir())
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "again", source, cwd=source)
    again = wheel_files(next((tmp_path / "again").glob("*.whl")))
    assert again == wheel_files(built[0])


@pytest.mark.slow
def test_the_wheel_passes_the_demo_in_a_clean_environment(built: tuple[Path, Path], tmp_path: Path) -> None:
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built[0], cwd=elsewhere)
    where = run(python, "-c", "import reportgen; print(reportgen.__file__)", cwd=elsewhere).stdout
    assert str(tmp_path / "clean") in where
    run(tmp_path / "clean" / "bin" / "reportgen", "demo", "--no-serve", cwd=elsewhere)
    assert (elsewhere / "public" / "latest" / "index.html").is_file()
    assert len(list((elsewhere / "public" / "latest" / "jobs").rglob("index.html"))) > 100


@pytest.mark.slow
def test_the_wheel_without_dependencies_gives_working_stage_helpers(built: tuple[Path, Path], tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", built[0], cwd=tmp_path)
    command = tmp_path / "bare" / "bin" / "reportgen"
    run(command, "log", "metric", "val/f1=0.73", "--direction", "higher", cwd=tmp_path)
    run(command, "log", "end", cwd=tmp_path)
    run(command, "run", "--", sys.executable, "-c", "print('hello')", cwd=tmp_path)
    records = list((tmp_path / "reportgen-results").glob("*/events.jsonl"))
    assert len(records) == 2
    assert any('"val/f1"' in record.read_text("utf-8") for record in records)
    refused = subprocess.run([str(command), "build"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "hint: pip install reportgen" in refused.stderr


@pytest.mark.slow
def test_an_editable_installation_finds_themes_and_content_in_the_source_tree(tmp_path: Path) -> None:
    venv.create(tmp_path / "edit", with_pip=True)
    python = tmp_path / "edit" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--editable", ROOT, cwd=tmp_path)
    code = "from reportgen.resources import content_dir, themes_dir; print(themes_dir()); print(content_dir())"
    assert run(python, "-c", code, cwd=tmp_path).stdout.split() == [str(ROOT / "themes"), str(ROOT / "content")]
