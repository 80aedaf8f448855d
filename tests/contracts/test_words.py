"""The house rules that a reader would otherwise have to watch for."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reportgen"


def tracked(*patterns: str) -> list[Path]:
    if not (ROOT / ".git").exists():
        return [path for pattern in patterns for path in ROOT.rglob(pattern) if ".venv" not in path.parts]
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def test_no_path_of_one_machine_is_named() -> None:
    somewhere = re.compile(r"(^|[^A-Za-z0-9_./~-])/(work|root|farm|home/[a-z]+)/", re.MULTILINE)
    kinds = "*.py *.md *.toml *.html *.css *.js *.sh *.yml *.yaml *.json *.txt Makefile"
    for path in tracked(*kinds.split()):
        found = somewhere.search(path.read_text("utf-8", errors="replace"))
        assert path == Path(__file__) or not found, f"{path}: {found and found[0]}"


def test_no_minified_script_is_committed() -> None:
    for path in tracked("*.js"):
        lines = path.read_text("utf-8").splitlines()
        assert max(map(len, lines), default=0) < 400, f"{path} looks minified"


def test_modules_are_small_enough_to_read() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text("utf-8").count("\n")
        assert lines <= 420, f"{path.relative_to(ROOT)} has {lines} lines"


def test_print_is_for_the_command_line() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{path}:{node.lineno}"
