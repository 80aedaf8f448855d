"""Plain JSON files of numbers: ``metrics.json`` as jdss and DVC write it, other metrics files, and ``params.json``.

Numbers are metrics, nested keys are joined with ``/``; texts and booleans are params. A file called ``metrics.json`` gives bare
names, any other gives ``stem/name``; several ``metrics.json`` of one build are told apart by their directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from reportgen.harvest.readers.values import OverLimit, ReadContext, Reader, ReadResult, check_size
from reportgen.harvest.strict import MOST_DIGITS, BadJson, clean_text, load_json
from reportgen.model import Attachment, Metric, Problem
from reportgen.store.rows import ThawedMetric

MOST_NUMBERS = 500
MOST_DEPTH = 4
MOST_YAML = 500_000
MOST_YAML_DEPTH = 100
LONGEST_PARAM = 10_000
NOT_METRICS = ("*lock*", "*config*", "*schema*", "package*")
_NON_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_FLOAT_LIMIT = 1 << 63


def is_metrics_path(path: str) -> bool:
    """Tell whether a file of this name may hold metrics."""
    name = path.rsplit("/", 1)[-1].lower()
    return name.endswith(".json") and not any(fnmatchcase(name, pattern) for pattern in NOT_METRICS)


def read_metrics(files: Mapping[str, bytes], context: ReadContext, *, prefixes: Mapping[str, str] | None = None) -> ReadResult:
    """Return the metrics and params in JSON files; a file that holds none is an attachment only.

    `prefixes` are what stands before the names of each file, where more files than these decide on them.
    """
    prefixes = name_prefixes(files) if prefixes is None else prefixes
    metrics: dict[str, Metric] = {}
    params: dict[str, Any] = {}
    attachments: list[Attachment] = []
    problems: list[Problem] = []
    for path in sorted(files):
        attachments.append(report(path))
        try:
            value = load_json(files[path]) if len(files[path]) <= context.limits.json_ else None
        except BadJson as problem:
            problems.append(Problem(path=path, reason=str(problem)))
            continue
        for name, leaf, number in find_metrics(value, explicit=context.explicit(path)):
            full = prefixes[path] + name
            if number is not None:
                if full not in metrics:
                    metrics[full] = made = ThawedMetric(name=full, value=number)
                    made.__class__ = Metric
            elif isinstance(leaf, (str, bool)):
                params.setdefault(full, clean_text(leaf)[:LONGEST_PARAM] if isinstance(leaf, str) else leaf)
    return ReadResult(metrics=tuple(metrics.values()), params=params, attachments=tuple(attachments), problems=tuple(problems))


def read_params(files: Mapping[str, bytes], context: ReadContext) -> ReadResult:
    """Return the params in ``params.json`` and ``params.yaml``, nested keys joined with ``/``."""
    params: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in sorted(files):
        try:
            value = _load_params(path, files[path], context)
        except ValueError as problem:
            problems.append(Problem(path=path, reason=str(problem), over_limit=isinstance(problem, OverLimit)))
            continue
        if not isinstance(value, Mapping):
            problems.append(Problem(path=path, reason="params are an object of names and values"))
            continue
        for name, leaf in leaves(value):
            params.setdefault(name, _param(leaf))
    attachments = tuple(report(path) for path in sorted(files))
    return ReadResult(params=params, attachments=attachments, problems=tuple(problems))


def _load_params(path: str, content: bytes, context: ReadContext) -> Any:
    check_size(content, context.limits.json_)
    if path.endswith(".json"):
        return load_json(content)
    return load_yaml(content)


def load_yaml(content: bytes) -> Any:
    """Return the plain values of a YAML document, an integer of thousands of digits as text; raise BadJson for anything else.

    A document with aliases is refused, as a few of them can stand for billions of values; so is one whose size or depth would
    cost the parser minutes.
    """
    import yaml

    if len(content) > MOST_YAML:
        raise BadJson(f"YAML of {len(content):,} bytes is not read, over {MOST_YAML:,}")
    try:
        return yaml.load(content, Loader=_yaml_loader())  # noqa: S506 - it builds plain values alone
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as problem:
        raise BadJson(f"no YAML: {' '.join(str(problem).split())[:300]}") from None


@cache
def _yaml_loader() -> Any:
    """Return the loader of plain YAML: a class, made when the first document is read, as the library is slow to import."""
    import yaml

    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise ValueError("aliases are not read")
            self.depth += 1
            if self.depth > MOST_YAML_DEPTH:
                raise ValueError(f"it is nested deeper than {MOST_YAML_DEPTH} levels")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def construct_integer(self, node: Any) -> Any:
            text = self.construct_scalar(node)
            return self.construct_yaml_int(node) if len(text) <= MOST_DIGITS else text

    Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_integer)
    return Loader


def _param(leaf: Any) -> Any:
    if isinstance(leaf, str):
        return clean_text(leaf)[:LONGEST_PARAM]
    if leaf is None or isinstance(leaf, (bool, int, float)):
        return leaf
    return [_param(item) for item in leaf] if isinstance(leaf, list) else str(leaf)


def report(path: str) -> Attachment:
    """Return the attachment for a file whose numbers were read."""
    name = path.rsplit("/", 1)[-1]
    return Attachment(kind="report", name=name, label=name, format=name.rsplit(".", 1)[-1].lower(), path=path)


def name_prefixes(paths: Mapping[str, bytes] | frozenset[str]) -> dict[str, str]:
    """Return what stands before the names of each metrics file: nothing, a directory, or the file's stem; with its slash."""
    plain = [path for path in paths if path.rsplit("/", 1)[-1] == "metrics.json"]
    common = _common_directory(plain)
    prefixes = {path: PurePosixPath(path).stem + "/" for path in paths}
    for path in plain:
        below = path.split("/")[len(common) : -1]
        prefixes[path] = "".join(part + "/" for part in below)
    return prefixes


def _common_directory(paths: list[str]) -> list[str]:
    common: list[str] = []
    for parts in zip(*(path.split("/")[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def is_metrics(value: Any, *, explicit: bool = False) -> bool:
    """Tell whether a JSON value is taken for metrics: an object with some numbers, not too many and not too deep.

    With `explicit`, a file that the configuration names, the number and the depth do not matter.
    """
    return bool(find_metrics(value, explicit=explicit))


def find_metrics(value: Any, *, explicit: bool = False) -> list[tuple[str, Any, int | float | None]]:
    """Return the leaves of a JSON value that `is_metrics`, each with its number (None for other leaves); else nothing."""
    if not isinstance(value, Mapping) or "vega" in str(value.get("$schema", "")):
        return []
    found: list[tuple[str, Any, int | float | None]] = []
    numbers = 0
    for name, leaf in leaves(value):
        number = leaf if type(leaf) is float else as_number(leaf)
        found.append((name, leaf, number))
        if number is None:
            continue
        numbers += 1
        if not explicit and (numbers > MOST_NUMBERS or name.count("/") >= MOST_DEPTH):
            return []
    return found if numbers else []


def leaves(value: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is no object, with its keys joined by ``/``, in the order of the file."""
    stack = [(prefix, iter(value.items()))]
    while stack:
        before, entries = stack[-1]
        for key, inner in entries:
            name = before + clean_text(str(key))[:500]
            if type(inner) is dict:
                stack.append((name + "/", iter(inner.items())))
                break
            yield name, inner
        else:
            stack.pop()


def as_number(value: Any) -> int | float | None:
    """Return a metric's value: a number, or the texts that stand for those that are not finite; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -_FLOAT_LIMIT <= value < _FLOAT_LIMIT else float(value) if abs(value) < 10**308 else None
    if isinstance(value, float):
        return value
    return _NON_FINITE.get(value.lower()) if isinstance(value, str) and len(value) < 5 else None


PARAMS = Reader(
    name="params",
    matches=lambda path: path.rsplit("/", 1)[-1] in ("params.json", "params.yaml", "params.yml"),
    read=read_params,
)
METRICS = Reader(name="metrics", matches=is_metrics_path, read=read_metrics)
