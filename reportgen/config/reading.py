"""Reading ``reportgen.toml``: all of its problems are told at once, each with its dotted key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from reportgen.config.sections import Config
from reportgen.errors import ConfigError

_LATER = ("gates", "acknowledge")
_SECRET_KEYS = ("token", "user", "password", "api_token", "username", "apitoken")


def load_config(path: Path) -> Config:
    """Return the configuration in the file `path`.

    Raises ConfigError when the file is missing, is not TOML, or has problems: all of them at once.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: there is no such file", hint="run `reportgen init` to make a project here, or name one with -f"
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path}: cannot be read: {problem}") from problem
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> Config:
    """Return the configuration written in `text`, as if it stood in the file `path`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{path}: not valid TOML: {problem}") from problem
    notices = tuple(
        f"{path.name}: [[{key}]] is not supported by this version and does nothing" for key in _LATER if data.pop(key, None)
    )
    try:
        config = Config.model_validate(data)
    except ValidationError as problem:
        raise _config_error(path, problem) from None
    return config.at(path, notices)


def _config_error(path: Path, error: ValidationError) -> ConfigError:
    problems = tuple(_problem(entry["loc"], entry["type"], entry["msg"], entry.get("input")) for entry in error.errors())
    lines = [f"{path}: {len(problems)} problem{'s' if len(problems) > 1 else ''}"]
    for key, what, hint in problems:
        lines.append(f"  {key}: {what}" + (f" ({hint})" if hint else ""))
    return ConfigError("\n".join(lines), hint=f"mend {path.name} and run again", problems=problems)


def _problem(loc: tuple[int | str, ...], kind: str, message: str, value: object) -> tuple[str, str, str | None]:
    key = dotted(loc)
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        if loc[:1] == ("jenkins",) and name in _SECRET_KEYS:
            return key, "credentials do not belong in this file", "set JENKINS_USER and JENKINS_TOKEN, or use netrc"
        near = difflib.get_close_matches(name, _known_keys(loc[:-1]), n=1)
        return key, "unknown key", f'did you mean "{near[0]}"?' if near else None
    if kind == "missing":
        return key, "is required", None
    said = message.removeprefix("Value error, ")
    shown = isinstance(value, (str, int, float)) and "://" not in str(value)  # an address may hold a password
    return key, said[:1].lower() + said[1:], f"it is {value!r}" if shown else None


def dotted(loc: tuple[int | str, ...]) -> str:
    """Return a place in the file as people write it: ``leaderboards.churn.metric``, ``jobs[2].name``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            name = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            text += f".{name}" if text else name
    return text


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in loc:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            continue
        nested = next(_nested_models(field.annotation), None)
        if nested is None:
            return []
        model = nested
    return [field.alias or name for name, field in model.model_fields.items()]


def _nested_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _nested_models(inner)
