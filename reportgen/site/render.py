"""Contexts to documents: one long-lived template environment per process."""

from __future__ import annotations

import dataclasses
import json
import traceback
from collections.abc import Callable, Mapping
from functools import cache, partial
from hashlib import sha256
from keyword import iskeyword
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import jinja2
import jinja2.compiler
import jinja2.nodes
from jinja2.runtime import Macro
from jinja2.utils import missing
from markupsafe import Markup, escape

from reportgen.errors import ThemeError
from reportgen.site.compiled import KeptTemplates
from reportgen.site.page import Page
from reportgen.site.theme import Theme
from reportgen.site.theme_check import check_templates, missing_option

_Load = tuple[str, str, Callable[[], bool]]

try:
    from markupsafe._speedups import _escape_inner as _escape_text
except ImportError:

    def _escape_text(s: str, /) -> str:
        return str(escape(s))


class _QuickGenerator(jinja2.compiler.CodeGenerator):
    """Generates code that fits what our templates get: contexts have attributes, and most calls are macros.

    A page makes thousands of look-ups and hundreds of macro calls; the general forms cost as much as all the rest together.
    """

    def visit_Getattr(self, node: jinja2.nodes.Getattr, frame: Any) -> None:  # noqa: N802 - named by Jinja
        if iskeyword(node.attr):
            super().visit_Getattr(node, frame)
            return
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def visit_Call(self, node: jinja2.nodes.Call, frame: Any, forward_caller: bool = False) -> None:  # noqa: N802
        if forward_caller or node.dyn_args is not None or node.dyn_kwargs is not None:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("environment.callee(context, ")
        self.visit(node.node, frame)
        self.write(")(")
        parts: list[tuple[str, Any]] = [("", each) for each in node.args]
        parts += [(f"{each.key}=", each.value) for each in node.kwargs]
        for lead, value in parts:
            self.write(lead)
            self.visit(value, frame)
            self.write(", ")
        self.write(")")

    def _output_child_pre(self, node: Any, frame: Any, finalize: Any) -> None:
        if frame.eval_ctx.volatile or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.placed(")


class _QuickEnvironment(jinja2.Environment):
    code_generator_class = _QuickGenerator

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._macros: dict[int, tuple[Macro, Callable[..., Any]]] = {}

    def callee(self, context: jinja2.runtime.Context, function: Any) -> Callable[..., Any]:
        """Return what to call for `function`: a macro's own code where that is what it is."""
        if type(function) is not Macro:
            return partial(context.call, function)
        known = self._macros.get(id(function))
        if known is None or known[0] is not function:
            known = self._macros[id(function)] = (function, _direct(function))
        return known[1]

    @staticmethod
    def placed(value: Any) -> str:
        """Return a value as it stands in the document: escaped, unless it is markup."""
        kind = type(value)
        if kind is str:
            return _escape_text(value)
        if kind is Markup:
            return str(value)
        return str(escape(value))


def _direct(macro: Macro) -> Callable[..., Any]:
    """Return a function that calls a macro's code with what is missing filled in."""
    if macro.catch_kwargs or macro.catch_varargs or macro.caller:
        return macro
    code = macro._func  # noqa: SLF001 - the point of the exercise
    count, places = len(macro.arguments), {name: place for place, name in enumerate(macro.arguments)}

    def call(*given: Any, **named: Any) -> Any:
        if len(given) == count and not named:
            return Markup(code(*given))  # noqa: S704 - what a macro returns is markup, escaped by its template
        if len(given) > count or not named.keys() <= places.keys():
            return macro(*given, **named)
        values = [*given, *[missing] * (count - len(given))]
        for name, value in named.items():
            values[places[name]] = value
        return Markup(code(*values))  # noqa: S704 - as above

    return call


def _options(theme: Theme) -> SimpleNamespace:
    """Return the option values of a theme as attributes; one that there is not says what there is."""

    class Options(SimpleNamespace):
        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            problem, hint = missing_option(theme, name)
            raise jinja2.UndefinedError(f"{problem}; {hint}")

    return Options(**theme.options)


class Renderer:
    """Renders pages with one theme.

    A template gets its context as ``page`` and the theme's option values as ``theme``; ``asset(NAME)`` returns where an asset
    of the theme is published, relative to the version.
    """

    def __init__(self, theme: Theme, extra_assets: Mapping[str, str] | None = None) -> None:
        self.theme = theme
        self._assets = {**theme.asset_paths, **(extra_assets or {})}
        self._environment = _QuickEnvironment(
            loader=jinja2.FunctionLoader(self._load),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            cache_size=-1,
            auto_reload=False,
            keep_trailing_newline=True,
            bytecode_cache=KeptTemplates(__file__),
        )
        self._environment.globals.update(asset=self._asset, theme=_options(theme))

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

    def check(self, *, besides: Path | None = None) -> None:
        """Raise `ThemeError` for a mistake in any template of the chain, used or not, but those below `besides`."""
        check_templates(self.theme, self._environment, assets=self._assets, besides=besides)

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
        known = isinstance(problem, jinja2.UndefinedError | AttributeError)
        what = str(problem) if known else f"{type(problem).__name__}: {problem}"
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
