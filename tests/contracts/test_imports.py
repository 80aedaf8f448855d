"""Imports only point down, and each heavy library has one owner."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "reportgen"

# From the bottom up; modules of one layer do not import each other unless they share a package.
LAYERS = [
    {"errors", "model", "record", "globs", "report", "resources", "many"},
    {"estimate", "redact", "runmetrics"},
    {"crash"},
    {"stage"},
    {"config"},
    {"store"},
    {"harvest", "analysis"},
    {"charts", "content"},
    {"site"},
    {"serve"},
    {"demo", "starter"},
    {"cli", "__init__"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
STANDARD_LIBRARY_ONLY = {"errors", "record", "estimate", "redact", "crash", "stage", "__init__", "__main__"}
OWNERS = {
    "altair": {"charts"},
    "vl_convert": {"charts"},
    "markdown": {"content"},
    "markdown_it": {"content"},
    "nh3": {"content"},
    "jenkins": {"harvest.http"},
    "requests": {"harvest.http"},
    "urllib3": {"harvest.http"},
    "jinja2": {"site.render", "site.compiled", "site.theme_check"},
    "click": {"cli"},
    "rich": {"cli"},
    "watchdog": {"serve"},
    "pydantic": {"config"},
    "sqlite3": {"store"},
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found.append((name, path))
    return found


def type_checking_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for inner in node.body:
                lines.update(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    return lines


def imports(tree: ast.Module, module: str, path: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield (imported module, line, is it at the top) of everything that is imported when the code runs."""
    skipped = type_checking_lines(tree)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = (module if path.name == "__init__.py" else module.rpartition(".")[0]).split(".")
                kept = package[: len(package) - node.level + 1]
                base = ".".join(["reportgen", *[part for part in kept if part], *([base] if base else [])])
            if base == "reportgen":
                for alias in node.names:
                    yield f"reportgen.{alias.name}", node.lineno, id(node) in top
            else:
                yield base, node.lineno, id(node) in top


MODULES = modules()
IDS = [name for name, _ in MODULES]


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_imports_point_down(name: str, path: Path) -> None:
    own = name.split(".")[0]
    for imported, line, at_top in imports(ast.parse(path.read_text("utf-8")), name, path):
        if not imported.startswith("reportgen"):
            continue
        other = imported.split(".")[1] if "." in imported else "__init__"
        if other == "__version__":
            continue
        where = f"{path.relative_to(PACKAGE.parent)}:{line} imports {imported}"
        assert own in LEVEL, f"{name} has no layer"
        if own == other:
            continue
        if own == "cli":
            continue
        assert other != "__init__", f"{where}: the package root is for users"
        assert LEVEL[other] < LEVEL[own], f"{where}, which is not below it"
        late = {"__init__", "__main__", "stage"}  # these start within a few milliseconds, or not at all
        assert at_top or own in late, f"{where} inside a function"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_every_library_has_one_owner(name: str, path: Path) -> None:
    for imported, line, _ in imports(ast.parse(path.read_text("utf-8")), name, path):
        owners = OWNERS.get(imported.split(".")[0])
        if owners and imported.split(".")[0] != "reportgen":
            where = f"{path.relative_to(PACKAGE.parent)}:{line} imports {imported}; its owner is {', '.join(sorted(owners))}"
            assert any(name == owner or name.startswith(owner + ".") for owner in owners), where


@pytest.mark.parametrize(("name", "path"), [m for m in MODULES if m[0].split(".")[0] in STANDARD_LIBRARY_ONLY])
def test_the_stage_side_imports_the_standard_library_alone(name: str, path: Path) -> None:
    for imported, line, at_top in imports(ast.parse(path.read_text("utf-8")), name, path):
        root = imported.split(".")[0]
        where = f"{path.relative_to(PACKAGE.parent)}:{line} imports {imported}"
        if root == "reportgen":
            other = imported.split(".")[1] if "." in imported else ""
            allowed = other in {*STANDARD_LIBRARY_ONLY, "__version__"} or (name == "__main__" and not at_top)
            assert allowed or name == "__init__", where
        elif not at_top:
            continue  # what a user hands over (pandas, matplotlib, scikit-learn) may be looked at, late
        else:
            assert root in sys.stdlib_module_names, where


def test_pages_are_pure() -> None:
    forbidden = {"jinja2", "sqlite3", "os", "time", "random", "subprocess", "socket", "shutil"}
    for name, path in MODULES:
        if name.startswith(("site.pages", "analysis")):
            for imported, line, _ in imports(ast.parse(path.read_text("utf-8")), name, path):
                root = imported.split(".")[0]
                assert root not in forbidden, f"{path}:{line} imports {imported}"
                if name.startswith("analysis"):
                    assert not imported.startswith("reportgen.store"), f"{path}:{line}: analysis never sees the store"


def test_render_never_sees_the_store() -> None:
    path = PACKAGE / "site" / "render.py"
    found = {imported for imported, _, _ in imports(ast.parse(path.read_text("utf-8")), "site.render", path)}
    assert not {name for name in found if name.startswith("reportgen.store")}
