"""What is wrong with the templates of a theme, told before any page is made, with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import jinja2
from jinja2 import nodes

from reportgen.errors import ThemeError
from reportgen.site.contexts.reference import CONTEXTS
from reportgen.site.theme import Layer, Theme


def check_templates(
    theme: Theme, environment: jinja2.Environment, *, assets: Iterable[str], besides: Path | None = None
) -> None:
    """Raise `ThemeError` for the first template that cannot be compiled, or that names what no theme of the chain has.

    Looks at all layers but those below `besides`: the themes that come with the program have tests of their own.
    """
    known = frozenset(assets)
    for layer in theme.layers:
        if besides is None or not layer.directory.is_relative_to(besides.resolve()):
            directory = layer.directory / "templates"
            for file in sorted(directory.rglob("*.html")):
                _Check(theme, environment, known, layer, file.relative_to(directory).as_posix(), file).run()


def missing_option(theme: Theme, name: str) -> tuple[str, str]:
    """Return what to tell of an option that a template uses and no theme of the chain declares, and what to do."""
    near = get_close_matches(name, theme.options, n=1)
    own = next((layer for layer in theme.layers if (layer.directory / "theme.toml").is_file()), theme.layers[0])
    known = f"did you mean theme.{near[0]}?" if near else f"its options: {', '.join(sorted(theme.options)) or 'none'}"
    return f"theme {theme.name!r} has no option {name!r}", f"{known}; declare new ones in {own.directory / 'theme.toml'}"


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


class _Check:
    """One template of one layer."""

    def __init__(
        self, theme: Theme, environment: jinja2.Environment, assets: frozenset[str], layer: Layer, name: str, file: Path
    ) -> None:
        self._theme = theme
        self._environment = environment
        self._assets = assets
        self._layer = layer
        self._name = name
        self._file = file

    def run(self) -> None:
        """Raise for the first problem."""
        try:
            self._environment.get_template(f"{self._layer.name}:{self._name}")
        except jinja2.TemplateSyntaxError as problem:
            raise ThemeError(f"{problem.filename or problem.name}:{problem.lineno}: {problem.message}") from problem
        tree = self._parsed(self._name, self._layer.name)
        self._check_values(tree)
        for call in tree.find_all(nodes.Call):
            self._check_asset(call)
        for kind in (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport):
            for reference in tree.find_all(kind):
                self._check_reference(reference)
        parent = next((self._literal(found.template) for found in tree.find_all(nodes.Extends)), "")
        if parent:
            self._check_blocks(tree, frozenset(self._blocks(parent)))

    def _fail(self, node: nodes.Node, words: str, hint: str | None = None) -> None:
        raise ThemeError(f"{self._file}:{node.lineno}: {words}", hint=hint)

    def _parsed(self, name: str, layer: str = "") -> nodes.Template:
        text, _ = self._theme.template_source(f"{layer}:{name}" if layer else name)
        return self._environment.parse(text)

    @staticmethod
    def _literal(node: nodes.Node) -> str:
        return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else ""

    def _check_asset(self, call: nodes.Call) -> None:
        if isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args:
            name = self._literal(call.args[0])
            if name and name not in self._assets:
                near = get_close_matches(name, self._assets, n=1)
                hint = f"did you mean {near[0]}?" if near else f"put it into {self._layer.directory / 'assets'}"
                self._fail(call, f"no theme of the chain has the asset {name!r}", hint)

    def _check_values(self, tree: nodes.Template) -> None:
        """Raise for an option, or a field of the page, that does not exist; nothing is said of names that are set anew."""
        own = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        kinds = (CONTEXTS[self._name],) if self._name in CONTEXTS else tuple(dict.fromkeys(CONTEXTS.values()))
        for node in tree.find_all(nodes.Getattr):
            root, path = _unrolled(node)
            if root in own:
                continue
            if root == "theme" and len(path) == 1 and path[0] not in self._theme.options:
                self._fail(node, *missing_option(self._theme, path[0]))
            if root == "page":
                self._check_field(node, kinds, path)

    def _check_field(self, node: nodes.Node, kinds: Sequence[type], path: Sequence[str]) -> None:
        """Raise if none of some contexts has the last name of a path, as far as their types tell."""
        found: Sequence[Any] = kinds
        for name in path[:-1]:
            found = [hint for kind in found for field, hint in _hints(kind).items() if field == name]
            if not found or not all(isinstance(kind, type) and _hints(kind) for kind in found):
                return
        if not any(hasattr(kind, path[-1]) or path[-1] in _hints(kind) for kind in found):
            above = ".".join(["page", *path[:-1]])
            near = get_close_matches(path[-1], [field for kind in found for field in _hints(kind)], n=1)
            hint = f"did you mean {above}.{near[0]}?" if near else "the reference “Template contexts” lists what there is"
            self._fail(node, f"{above} has no field {path[-1]!r} in {self._name}", hint)

    def _check_reference(self, node: nodes.Node) -> None:
        assert isinstance(node, nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport)
        name = self._literal(node.template)
        if not name or (isinstance(node, nodes.Include) and node.ignore_missing):
            return
        try:
            _, file = self._theme.template_source(name)
        except ThemeError as problem:
            self._fail(node, problem.message)
        if file == self._file:
            parent = next((layer.name for layer in self._theme.layers[self._theme.layers.index(self._layer) + 1 :]), "default")
            self._fail(node, f"{name!r} is this template itself", f'write "{parent}:{self._name}"')

    def _blocks(self, name: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield the names of all blocks of a template and of what it extends."""
        tree = self._parsed(name)
        yield from (block.name for block in tree.find_all(nodes.Block))
        for found in tree.find_all(nodes.Extends):
            parent = self._literal(found.template)
            if parent and parent not in seen:
                yield from self._blocks(parent, (*seen, parent))

    def _check_blocks(self, tree: nodes.Template, known: frozenset[str]) -> None:
        """Raise for a block that nothing places: its name is not one of the parent's, and it stands in no other block."""
        inside = {inner.name for block in tree.find_all(nodes.Block) for inner in block.find_all(nodes.Block)}
        for block in tree.find_all(nodes.Block):
            if block.name not in known and block.name not in inside:
                near = get_close_matches(block.name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"its blocks: {', '.join(sorted(known))}"
                self._fail(
                    block, f"the block {block.name!r} is shown nowhere: what this template extends has none of that name", hint
                )


def _unrolled(node: nodes.Getattr) -> tuple[str, tuple[str, ...]]:
    """Return the name at the root of ``a.b.c`` and the names behind it; an empty root where it is no name."""
    path = [node.attr]
    inner = node.node
    while isinstance(inner, nodes.Getattr):
        path.append(inner.attr)
        inner = inner.node
    return (inner.name if isinstance(inner, nodes.Name) else ""), tuple(reversed(path))
