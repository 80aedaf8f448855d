"""Themes: a directory with ``theme.toml``, ``templates/`` and ``assets/`` that may extend another.

Looked up first to last: the project's ``themes/overrides/``, the theme, its parent, the parent's parent. A template may extend
the one it hides by naming its theme: ``{% extends "default:run.html" %}``.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from reportgen.errors import ThemeError

OptionValue = str | int | float | bool

OVERRIDES = "overrides"
_CSS_URL = re.compile(r"""url\(\s*(?P<quote>["']?)(?P<target>[^"')]+)(?P=quote)\s*\)|@import\s+["'](?P<plain>[^"']+)["']""")
_REFERENCE = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+(?P<what>["'][^"']+["']|[^%]+?)[\s%]""")


class Option(NamedTuple):
    """An option that a theme declares."""

    default: OptionValue
    help: str
    choices: tuple[OptionValue, ...] = ()


class Layer(NamedTuple):
    """One directory of the chain; `name` is what ``NAME:template`` says."""

    name: str
    directory: Path


class Asset(NamedTuple):
    """A file of the theme: its name in the theme, where it is published, and its bytes."""

    name: str
    path: str
    content: bytes


@dataclass(frozen=True)
class Theme:
    """A theme with everything it extends, ready to be used. Made by `load_theme`."""

    name: str
    layers: tuple[Layer, ...]
    options: Mapping[str, OptionValue]
    declared: Mapping[str, Option] = field(default_factory=dict)

    def template_source(self, name: str) -> tuple[str, Path]:
        """Return text and file of a template; `name` may start with ``THEME:`` to skip what hides it."""
        wanted, mark, rest = name.partition(":")
        layers = [layer for layer in self.layers if layer.name == wanted] if mark else list(self.layers)
        plain = rest if mark else name
        for layer in layers:
            file = layer.directory / "templates" / plain
            if ".." not in plain.split("/") and file.is_file():
                try:
                    return file.read_text(encoding="utf-8"), file
                except (OSError, UnicodeDecodeError) as problem:
                    raise ThemeError(f"{file}: cannot be read: {problem}") from problem
        searched = ", ".join(str(layer.directory / "templates") for layer in layers) or "no directory: no such theme here"
        raise ThemeError(f"theme {self.name!r} has no template {name!r}; searched: {searched}")

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """All assets of the chain by their names, with a digest of the content in the published names."""
        files = dict(sorted(_files_of(self.layers, "assets").items()))
        return _Publisher(files).all()

    @cached_property
    def asset_paths(self) -> Mapping[str, str]:
        """Where each asset is published."""
        return {name: asset.path for name, asset in self.assets.items()}

    @cached_property
    def digest(self) -> str:
        """Digest of everything in the chain: all templates, assets and option values."""
        parts = [f"{name} {sha256(file.read_bytes()).hexdigest()}" for name, file in sorted(self._all_templates().items())]
        return sha256("\n".join([*parts, self.common_digest]).encode()).hexdigest()

    @cached_property
    def common_digest(self) -> str:
        """Digest of what every page depends on: the assets' names and the option values."""
        return sha256(json.dumps([dict(self.asset_paths), dict(self.options)], sort_keys=True).encode()).hexdigest()

    def template_digest(self, name: str) -> str:
        """Digest of a template, of all it extends, includes or imports, and of what every page depends on."""
        found = self._digests.get(name)
        if found is None:
            found = self._digests[name] = self._chain_digest(name)
        return found

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {}

    def _chain_digest(self, name: str) -> str:
        seen: dict[str, str] = {}
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            text, _ = self.template_source(current)
            seen[current] = sha256(text.encode()).hexdigest()
            for match in _REFERENCE.finditer(text):
                what = match["what"].strip()
                if what[0] not in "\"'":
                    return self.digest
                waiting.append(what.strip("\"'"))
        return sha256(json.dumps([sorted(seen.items()), self.common_digest]).encode()).hexdigest()

    def _all_templates(self) -> dict[str, Path]:
        return {
            f"{layer.name}:{name}": file for layer in self.layers for name, file in _files_below(layer.directory / "templates")
        }


def load_theme(name: str, *, root: Path, themes_dir: Path, options: Mapping[str, OptionValue] | None = None) -> Theme:
    """Return the theme `name`: a directory relative to `root`, a name below ``root/themes``, or one in `themes_dir`.

    `options` are the project's values; one that no theme of the chain declares, or of another type, is a ThemeError.
    """
    layers: list[Layer] = []
    declared: dict[str, Option] = {}
    wanted: str | None = name
    base = root
    while wanted:
        directory = _find(wanted, base, root, themes_dir, [layer.directory for layer in layers])
        settings = _read_settings(directory)
        layers.append(Layer(_own_name(settings, directory), directory))
        declared = {**_declared(settings, directory), **declared}
        wanted, base = settings.get("extends") or None, directory
    overrides = root / "themes" / OVERRIDES
    if overrides.is_dir() and overrides.resolve() not in {layer.directory for layer in layers}:
        layers.insert(0, Layer(OVERRIDES, overrides.resolve()))
    chosen = next(layer.name for layer in layers if layer.name != OVERRIDES)
    return Theme(chosen, tuple(layers), _values(chosen, declared, options or {}), declared)


def _find(name: str, base: Path, root: Path, themes_dir: Path, used: list[Path]) -> Path:
    places = [root / "themes" / name, themes_dir / name]
    if "/" in name or name.startswith("."):
        places.insert(0, base / name)
        places.insert(1, root / name)
    else:
        places.append(root / name)
    for place in places:
        if (place / "theme.toml").is_file() and place.resolve() not in used:
            return place.resolve()
    looked = ", ".join(str(place) for place in dict.fromkeys(places))
    if used and any(place.resolve() in used for place in places):
        raise ThemeError(f"theme {name!r} extends itself; looked for another in: {looked}")
    raise ThemeError(f"there is no theme {name!r}; looked for theme.toml in: {looked}", hint='set theme = "default"')


def _read_settings(directory: Path) -> Mapping[str, Any]:
    file = directory / "theme.toml"
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ThemeError(f"{file}: cannot be read: {problem}") from problem
    unknown = sorted(set(settings) - {"name", "extends", "description", "options"})
    if unknown:
        raise ThemeError(f"{file}: unknown key {unknown[0]!r}", hint="known: name, extends, description, options")
    return settings


def _own_name(settings: Mapping[str, Any], directory: Path) -> str:
    name = settings.get("name", directory.name)
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise ThemeError(f"{directory / 'theme.toml'}: name: letters, digits, '.', '_' and '-' only")
    return name


def _declared(settings: Mapping[str, Any], directory: Path) -> dict[str, Option]:
    declared = {}
    for name, entry in settings.get("options", {}).items():
        table = entry if isinstance(entry, dict) else {"default": entry}
        if not isinstance(table.get("default"), (str, int, float, bool)):
            raise ThemeError(f"{directory / 'theme.toml'}: options.{name}: needs a default that is text, a number or a boolean")
        declared[name] = Option(table["default"], str(table.get("help", "")), tuple(table.get("choices", ())))
    return declared


def _values(theme: str, declared: Mapping[str, Option], given: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    values = {name: option.default for name, option in declared.items()}
    for name, value in given.items():
        option = declared.get(name)
        if option is None:
            known = ", ".join(sorted(declared)) or "none"
            raise ThemeError(f"site.theme_options.{name}: theme {theme!r} has no such option", hint=f"its options: {known}")
        if not _same_kind(option.default, value):
            raise ThemeError(f"site.theme_options.{name}: {value!r} is not of the kind of its default, {option.default!r}")
        if option.choices and value not in option.choices:
            raise ThemeError(f"site.theme_options.{name}: {value!r} is not one of {', '.join(map(repr, option.choices))}")
        values[name] = value
    return values


def _same_kind(default: OptionValue, value: OptionValue) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    numbers = (int, float)
    return isinstance(value, numbers) if isinstance(default, numbers) else isinstance(value, str)


def _files_below(directory: Path) -> Iterator[tuple[str, Path]]:
    if not directory.is_dir():
        return
    for file in sorted(directory.rglob("*")):
        name = file.relative_to(directory).as_posix()
        if file.is_file() and not any(part.startswith(".") for part in name.split("/")) and not name.endswith("~"):
            yield name, file


def _files_of(layers: tuple[Layer, ...], kind: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for layer in layers:
        for name, file in _files_below(layer.directory / kind):
            found.setdefault(name, file)
    return found


class _Publisher:
    """Gives assets their published names; a style sheet after those it refers to, since their names are in its bytes."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._done: dict[str, Asset] = {}
        self._open: list[str] = []

    def all(self) -> dict[str, Asset]:
        for name in self._files:
            self._publish(name)
        return {name: self._done[name] for name in self._files}

    def _publish(self, name: str) -> Asset:
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise ThemeError(f"assets/{name}: style sheets refer to each other in a circle: {' → '.join(self._open)}")
        self._open.append(name)
        content = self._files[name].read_bytes()
        if name.endswith(".css"):
            content = self._rewrite(name, content.decode("utf-8")).encode()
        self._open.pop()
        stem, extension = posixpath.splitext(name)
        path = f"assets/{stem}-{sha256(content).hexdigest()[:10]}{extension}"
        asset = self._done[name] = Asset(name, path, content)
        return asset

    def _rewrite(self, name: str, text: str) -> str:
        def replace(match: re.Match[str]) -> str:
            target = match["target"] or match["plain"]
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|/", target):
                return match[0]
            plain, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", target).groups()  # type: ignore[union-attr]
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), plain))
            if wanted not in self._files:
                line = text.count("\n", 0, match.start()) + 1
                raise ThemeError(f"{self._files[name]}:{line}: url({target}): no theme of the chain has assets/{wanted}")
            published = self._publish(wanted).path
            link = posixpath.relpath(published, posixpath.dirname(f"assets/{name}"))
            return match[0].replace(target, f"{link}{mark}{rest}")

        return _CSS_URL.sub(replace, text)
