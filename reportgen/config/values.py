"""Values of the configuration that people write in several ways, each read to one."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")
_DIRECTIONS = {
    "higher": "higher", "maximize": "higher", "max": "higher",
    "lower": "lower", "minimize": "lower", "min": "lower",
    "none": "none", "neither": "none",
}  # fmt: skip


def parse_size(value: object) -> int:
    """Return a number of bytes from an int or from words such as ``"50 MB"`` (decimal) or ``"64 KiB"`` (binary)."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[2].lower() not in _UNITS:
        raise ValueError('a size is a number of bytes or words such as "50 MB"')
    return int(float(found[1]) * _UNITS[found[2].lower()])


def parse_direction(value: object) -> str:
    """Return "higher", "lower" or "none" from any of the spellings in use."""
    if isinstance(value, str) and value.lower() in _DIRECTIONS:
        return _DIRECTIONS[value.lower()]
    raise ValueError('a direction is "higher", "lower" or "none"')


def plain_url(value: str) -> str:
    """Return an address of the web without spaces around it; ValueError for anything else, and for one that holds a user."""
    value = value.strip()
    if not re.match(r"https?://[^/\s]+", value):
        raise ValueError("an address starts with http:// or https://")
    if "@" in value.split("//", 1)[1].split("/", 1)[0]:
        raise ValueError("an address must not hold a user or a token; use JENKINS_USER and JENKINS_TOKEN")
    return value


def _number_format(value: str) -> str:
    try:
        format(0.5, value)
        format(1, value)
    except ValueError:
        raise ValueError(f'"{value}" is not a number format; use one such as ".3f", ".1%" or ",d"') from None
    return value


def _job_pattern(value: str) -> str:
    cleaned = value.strip("/")
    if not cleaned:
        raise ValueError('a job is named by its full name, such as "churn/train-model"')
    return cleaned


Size = Annotated[int, BeforeValidator(parse_size)]
MetricDirection = Annotated[Literal["higher", "lower", "none"], BeforeValidator(parse_direction)]
NumberFormat = Annotated[str, AfterValidator(_number_format)]
JobPattern = Annotated[str, AfterValidator(_job_pattern)]
Role = Annotated[str, Field(min_length=1)]
