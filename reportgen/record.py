"""The wire format: what a stage writes about one run, and how it is read back.

A record is a directory ``<run-name>-<8 hex>/`` with ``events.jsonl`` and ``files/``. The journal holds one JSON object
per line in UTF-8, each with ``v`` (1), ``id`` (unique within the record), ``t`` (UTC, ends in ``Z``) and ``kind``.
Rules for values:

- NaN and the infinities are the strings ``"nan"``, ``"inf"``, ``"-inf"``;
- integers that do not fit 64 bits are strings of digits (of hexadecimal digits beyond 4,000 bits) in params and tags;
  in a metric they are the nearest float;
- text is Unicode without lone surrogates: what cannot be encoded is written as ``\\udcXX``;
- one text is at most 1,000,000 characters; a longer one is cut and ends in ``… (cut, N characters)``;
- names are any text of 1 to 500 characters; ``/`` separates parts.

Standard library only, and light: every stage process imports this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any

VERSION = 1
KINDS = frozenset({
    "run", "param", "metric", "tag", "dataset", "model", "table", "chart", "figure", "note", "artifact", "decision",
    "environment", "end",
})  # fmt: skip
JOURNAL = "events.jsonl"
FILES = "files"
MAX_TEXT = 1_000_000
MAX_NAME = 500
MAX_DEPTH = 20
"""Values nested deeper than this are written as text."""

_INT_LIMIT = 1 << 63
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")
_NON_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_CONSTANTS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def json_encoder(comma: str, colon: str) -> Callable[[Any], str]:
    """Return the function that writes a value as JSON: the standard library's encoder in C made once, not at each call."""
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(comma, colon))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return encoder.encode
    parts = make(None, encoder.default, json.encoder.encode_basestring, None, colon, comma, False, False, False)
    return lambda value: "".join(parts(value, 0))


_encode = json_encoder(",", ":")
_quote = json.encoder.encode_basestring
_decode = json.JSONDecoder(parse_constant=_CONSTANTS.__getitem__).decode


class Record:
    """One record as it was found: its events in the order they were written, and what could not be read.

    `directory` is the name of the record's directory. `unread_lines` counts lines that are no event (torn by a kill, or
    damaged); `repeated` counts events whose id had been seen before (they are left out). Events of an unknown kind are
    among `events`.
    """

    __slots__ = ("directory", "events", "repeated", "unread_lines")

    def __init__(self, directory: str, events: tuple[dict[str, Any], ...], unread_lines: int = 0, repeated: int = 0) -> None:
        self.directory = directory
        self.events = events
        self.unread_lines = unread_lines
        self.repeated = repeated

    def __repr__(self) -> str:
        return f"<Record {self.directory}: {len(self.events)} events, {self.status}>"

    @property
    def opening(self) -> dict[str, Any]:
        """The first ``run`` event; empty where the journal has none."""
        return next((event for event in self.events if event["kind"] == "run"), {})

    @property
    def name(self) -> str:
        """The run's name: as logged, else the directory's name without its 8 hex digits."""
        name = self.opening.get("name")
        return name if isinstance(name, str) and name else split_directory(self.directory)[0]

    @property
    def code(self) -> str:
        """The 8 hex digits that tell records of one name apart; empty where the directory has none."""
        return split_directory(self.directory)[1]

    @property
    def stage(self) -> str | None:
        """The stage, as logged."""
        stage = self.opening.get("stage")
        return stage if isinstance(stage, str) else None

    @property
    def ci(self) -> Mapping[str, Any]:
        """Job, build and url of the Jenkins build that wrote the record; empty outside Jenkins."""
        ci = self.opening.get("ci")
        return ci if isinstance(ci, dict) else {}

    @property
    def source(self) -> Mapping[str, Any]:
        """Commit, branch and dirty of the code, where known."""
        source = self.opening.get("source")
        return source if isinstance(source, dict) else {}

    @property
    def ending(self) -> dict[str, Any] | None:
        """The ``end`` event that holds: the last one, unless the run was resumed after it."""
        last = next((event for event in reversed(self.events) if event["kind"] in {"end", "run"}), None)
        return last if last is not None and last["kind"] == "end" else None

    @property
    def status(self) -> str:
        """``complete``, ``failed``, ``aborted`` or ``interrupted`` (no end was written).

        A run that a single ``reportgen log`` call opened, which nobody is expected to end, is complete.
        """
        ending = self.ending
        if ending is not None:
            return str(ending.get("status", "complete"))
        return "complete" if self.opening.get("implicit") is True else "interrupted"

    @property
    def unknown(self) -> int:
        """How many events are of a kind this version does not know."""
        return sum(event["kind"] not in KINDS for event in self.events)

    def belongs_to(self, job: str | None, build: int | None) -> bool:
        """Tell whether this build wrote the record; one written outside Jenkins belongs wherever it is found."""
        if not self.ci.get("job"):
            return True
        return self.ci.get("job") == job and self.ci.get("build") == build


def read_record(directory: str, journal: bytes) -> Record:
    """Return the record whose journal has these bytes; nothing in them is an error."""
    events: list[dict[str, Any]] = []
    seen: set[str] = set()
    unread = repeated = 0
    for event in iter_events(journal):
        if event is None:
            unread += 1
        elif event["id"] in seen:
            repeated += 1
        else:
            seen.add(event["id"])
            events.append(event)
    return Record(directory.rstrip("/").rpartition("/")[2], tuple(events), unread, repeated)


def iter_events(journal: bytes) -> Iterator[dict[str, Any] | None]:
    """Yield each line's event, or None for a line that is none; empty lines are skipped."""
    start = 0
    while start < len(journal):
        stop = journal.find(b"\n", start)
        stop = len(journal) if stop < 0 else stop
        line = journal[start:stop]
        start = stop + 1
        if line.strip():
            yield decode_event(line)


def decode_event(line: bytes | str) -> dict[str, Any] | None:
    """Return the event on a line, or None if the line is not an event of a version this code reads."""
    try:
        event = _decode(line if isinstance(line, str) else line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or event.get("v") != VERSION:
        return None
    if not isinstance(event.get("id"), str) or not isinstance(event.get("kind"), str) or not isinstance(event.get("t"), str):
        return None
    if _is_clean(event):
        return event
    clean = plain(event)
    return clean if isinstance(clean, dict) else None


def encode_event(ident: str, moment: str, event: Mapping[str, Any]) -> bytes:
    """Return the event as one line of a journal, final newline included.

    `event` has a ``kind`` and no ``v``, ``id`` or ``t``; `ident` and `moment` hold nothing that JSON would escape.
    """
    return encode_lines([ident], moment, [encode_body(event)])


def encode_lines(idents: Iterable[str], moment: str, bodies: Iterable[str]) -> bytes:
    """Return lines of a journal, one for each of what `encode_body` made of events."""
    head = f'","t":"{moment}",'
    return "".join(
        [f'{{"v":{VERSION},"id":"{ident}{head}{body}\n' for ident, body in zip(idents, bodies, strict=False)]
    ).encode()


def encode_body(event: Mapping[str, Any]) -> str:
    """Return the fields of an event as JSON that lacks the opening brace, and that UTF-8 can hold."""
    try:
        body = _encode(event)[1:]
        if not body.isascii():
            body.encode()
    except (ValueError, TypeError, RecursionError):
        return _encode(plain(event))[1:]
    return body


def value_bodies(kind: str, values: Iterable[tuple[str, Any]], fields: Mapping[str, Any]) -> list[str]:
    """Return `encode_body` of events of one kind that share `fields`, from names and values that follow the rules."""
    rest = f",{encode_body(fields)}" if fields else "}"
    return [
        f'"kind":"{kind}","name":{_quote(name)},"value":{repr(value) if type(value) is float else _encode(value)}{rest}'
        for name, value in values
    ]


def decode_json(text: str, default: Any) -> Any:
    """Return what the text says as JSON, by the rules of this module; `default` where it says nothing."""
    try:
        return plain(_decode(text))
    except (ValueError, RecursionError):
        return default


def number(value: object) -> int | float | None:
    """Return the number that a metric's ``value``, ``low`` … stands for, or None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    return _NON_FINITE.get(value) if isinstance(value, str) else None


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return `value` as the format writes it: JSON's types only, by the rules of this module."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return int(value) if -_INT_LIMIT <= value < _INT_LIMIT else _digits(value)
    if isinstance(value, float):
        return finite(value)
    if depth == 0:
        return text(repr(value))
    if isinstance(value, Mapping):
        return {text(str(key)): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    return text(str(value))


def finite(value: float) -> float | str:
    """Return the float, or the string the format has for one that is not finite."""
    value = float(value)
    if value - value == 0.0:
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def text(value: str) -> str:
    """Return text that UTF-8 can hold, cut where it is over the limit."""
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            value = value.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(value) > MAX_TEXT:
        return f"{value[: MAX_TEXT - 50]}… (cut, {len(value)} characters)"
    return str(value)


def safe_part(name: str) -> str:
    """Return the name as one part of a path: ASCII letters, digits and ``-._``, no leading dot, at most 80 characters."""
    part = "".join(character if character in _SAFE else "-" for character in name)[:80]
    return ("-" + part[1:] if part.startswith(".") else part) or "-"


def split_directory(directory: str) -> tuple[str, str]:
    """Return name and 8 hex digits of a record's directory; the digits are empty where it has none."""
    name, dash, code = directory.rstrip("/").rpartition("/")[2].rpartition("-")
    if dash and len(code) == 8 and all(digit in "0123456789abcdef" for digit in code):
        return name, code
    return directory.rstrip("/").rpartition("/")[2], ""


def _digits(value: int) -> str:
    return str(value) if value.bit_length() <= 4000 else hex(value)


def _is_clean(value: Any) -> bool:
    """Tell whether a decoded value already follows the rules (it nearly always does, and is then not copied)."""
    if isinstance(value, str):
        return value.isascii() or text(value) == value
    if isinstance(value, dict):
        return all(_is_clean(key) and _is_clean(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_clean, value))
    if isinstance(value, float):
        return value - value == 0.0
    return not isinstance(value, int) or -_INT_LIMIT <= value < _INT_LIMIT
