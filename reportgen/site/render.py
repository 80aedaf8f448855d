"""Contexts to documents: one long-lived template environment per process."""

from __future__ import annotations

import dataclasses
import json
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, NoReturn

import jinja2

from reportgen.errors import ThemeError
from reportgen.site.page import Page
from reportgen.site.theme import Theme

_Load = tuple[str, str, Callable[[], bool]]


class Renderer:
    """Renders pages with one theme.

    A template gets its context as ``page`` and the theme's option values as ``theme``; ``asset(NAME)`` returns where an asset
    of the theme is published, relative to the version.
    """

    def __init__(self, theme: Theme, extra_assets: Mapping[str, str] | None = None) -> None:
        self.theme = theme
        self._assets = {**theme.asset_paths, **(extra_assets or {})}
        self._environment = jinja2.Environment(
            loader=jinja2.FunctionLoader(self._load),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            cache_size=-1,
            auto_reload=False,
            keep_trailing_newline=True,
        )
        self._environment.globals.update(asset=self._asset, theme=dict(theme.options))

    @property
    def autoescape(self) -> bool:
        """Whether everything that is placed is escaped; it always is."""
        return self._environment.autoescape is True

    def render(self, page: Page) -> bytes:
        """Return the document in UTF-8; a mistake in a template is a `ThemeError` that names its file and line."""
        try:
            text = self._environment.get_template(page.template).render(page=page.context)
        except jinja2.TemplateSyntaxError as problem:
            raise ThemeError(f"{problem.filename or problem.name}:{problem.lineno}: {problem.message}") from problem
        except ThemeError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a template raises is told with its place
            self._explain(page, problem)
        return text.encode("utf-8", "replace")

    def check(self) -> None:
        """Compile every template of the chain, so that a mistake is told even where no page uses it yet."""
        for layer in self.theme.layers:
            directory = layer.directory / "templates"
            for file in sorted(directory.rglob("*.html")):
                name = file.relative_to(directory).as_posix()
                try:
                    self._environment.get_template(f"{layer.name}:{name}")
                except jinja2.TemplateSyntaxError as problem:
                    raise ThemeError(f"{problem.filename or problem.name}:{problem.lineno}: {problem.message}") from problem

    def _asset(self, name: str) -> str:
        try:
            return self._assets[name]
        except KeyError:
            searched = ", ".join(str(layer.directory / "assets") for layer in self.theme.layers)
            raise ThemeError(f"theme {self.theme.name!r} has no asset {name!r}; searched: {searched}") from None

    def _load(self, name: str) -> _Load:
        text, file = self.theme.template_source(name)
        return text, str(file), lambda: True

    def _explain(self, page: Page, problem: Exception) -> NoReturn:
        """Raise with the place in the template, which Jinja puts into the traceback."""
        ours = [layer.directory for layer in self.theme.layers]
        for frame in reversed(traceback.extract_tb(problem.__traceback__)):
            if any(Path(frame.filename).is_relative_to(directory) for directory in ours):
                place = f"{frame.filename}:{frame.lineno}"
                break
        else:
            place = page.template
        what = problem.message if isinstance(problem, jinja2.UndefinedError) else f"{type(problem).__name__}: {problem}"
        raise ThemeError(f"{place}: {what} (on {page.path})") from problem


@cache
def _fields(kind: type) -> Callable[[Any], Any]:
    names = [field.name for field in dataclasses.fields(kind)]
    return attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(type(value))(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a context holds text, numbers, tuples and dataclasses, not {type(value).__name__}")


def fingerprint(page: Page, template_digest: str, program: str) -> str:
    """Return a digest of everything the rendered page depends on: its context, its templates, the program."""
    text = json.dumps(
        [page.path, page.context, template_digest, program], sort_keys=True, separators=(",", ":"), default=_plain
    )
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
