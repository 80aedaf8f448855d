"""What a pickle names, told from its opcodes: nothing is unpickled, imported or built.

Names that occur are no proof of what a file does, and names that do not occur are none either: a pickle can find code in ways
that no list of opcodes shows. So nothing here ever says that a file is safe.
"""

from __future__ import annotations

import bz2
import lzma
import pickletools
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

MOST_OPCODES = 500_000
MOST_NAMES = 200
MOST_UNPACKED = 64_000_000
MOST_RATIO = 200
_STRINGS = frozenset({
    "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINSTRING", "BINSTRING", "STRING",
})  # fmt: skip
_SKLEARN_VERSION = re.compile(
    rb"_sklearn_version(?:\x94|q.|r....)?(?:\x8c.|X....)(\d+(?:\.\d+){1,3}(?:\.?(?:dev|rc|a|b|post)\d+)?)", re.DOTALL
)
_LITERAL_NAMES = re.compile(
    rb"\x8c.([A-Za-z_][\w.]{0,199})(?:\x94|q.|r....)?\x8c.([A-Za-z_][\w.]{0,199})(?:\x94|q.|r....)?\x93", re.DOTALL
)


class PickleFacts(NamedTuple):
    """What opcodes tell: protocol, names of classes and functions in their order, and whether they could be read to the end."""

    protocol: int
    names: tuple[str, ...]
    sklearn_version: str
    complete: bool


class NoPickle(ValueError):
    """The bytes are no pickle."""


def unpack(content: bytes) -> tuple[bytes, str]:
    """Return the bytes inside a compressed pickle and the compression's name, empty for none; NoPickle where it is a bomb."""
    for mark, name, opener in _PACKED:
        if content.startswith(mark):
            limit = min(MOST_UNPACKED, MOST_RATIO * len(content) + 65_536)
            try:
                inside = opener(content, limit + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as problem:
                raise NoPickle(f"no {name} data: {problem}") from None
            if len(inside) > limit:
                raise NoPickle(f"unpacks to more than {limit:,} bytes")
            return inside, name
    return content, ""


def _inflate(wbits: int) -> Callable[[bytes, int], bytes]:
    return lambda content, limit: zlib.decompressobj(wbits).decompress(content, limit)


_PACKED: tuple[tuple[bytes, str, Callable[[bytes, int], bytes]], ...] = (
    (b"\x1f\x8b", "gzip", _inflate(31)),
    (b"\x78", "zlib", _inflate(15)),
    (b"BZh", "bzip2", lambda content, limit: bz2.BZ2Decompressor().decompress(content, limit)),
    (b"\xfd7zXZ", "xz", lambda content, limit: lzma.LZMADecompressor(memlimit=1 << 27).decompress(content, limit)),
    (b"\x5d\x00\x00", "lzma", lambda content, limit: lzma.LZMADecompressor(memlimit=1 << 27).decompress(content, limit)),
)


def read_pickle(content: bytes) -> PickleFacts:
    """Return what the opcodes of a pickle name.

    joblib writes arrays between the opcodes, where they cannot be followed any further; names that stand literally behind that
    point are added, and `complete` is false. Raises NoPickle.
    """
    if not content or (content[0] != 0x80 and content[:1] not in (b"(", b"c", b"]", b"}", b"I", b"V", b"S")):
        raise NoPickle("the first byte is not that of a pickle")
    walk = _Walk()
    end = walk.follow(content)
    if not walk.names and (walk.opcodes < 2 or content[0] != 0x80):
        raise NoPickle("its opcodes lead nowhere")
    complete = end == len(content)
    names = dict.fromkeys(walk.names)
    if not complete:
        names.update(dict.fromkeys(_literal_names(content)))
    version = _SKLEARN_VERSION.search(content)
    return PickleFacts(
        protocol=walk.protocol,
        names=tuple(names)[:MOST_NAMES],
        sklearn_version=version[1].decode() if version else "",
        complete=complete and len(names) <= MOST_NAMES,
    )


def _literal_names(content: bytes) -> Iterator[str]:
    for found in _LITERAL_NAMES.finditer(content):
        yield f"{found[1].decode()}.{found[2].decode()}"


class _Walk:
    """Follows opcodes, keeping the texts that were pushed last and what the memo holds of them."""

    def __init__(self) -> None:
        self.protocol = 0
        self.names: list[str] = []
        self.opcodes = 0
        self._texts: list[str] = []
        self._memo: dict[int, str] = {}
        self._last: str | None = None
        self._memoized = 0

    def follow(self, content: bytes) -> int:
        """Follow the opcodes and return the place behind the last one that could be read."""
        end = 0
        try:
            for opcode, argument, position in pickletools.genops(content):
                self.opcodes += 1
                if self.opcodes > MOST_OPCODES:
                    return end
                self._take(opcode.name, argument)
                end = (position or 0) + 1
        except (ValueError, IndexError, UnicodeError, OverflowError, MemoryError):
            return end
        return end

    def _take(self, opcode: str, argument: Any) -> None:
        if opcode in _STRINGS:
            self._push(argument if isinstance(argument, str) else argument.decode("utf-8", "replace"))
        elif opcode == "MEMOIZE":
            self._remember(self._memoized)
        elif opcode in {"BINPUT", "LONG_BINPUT", "PUT"}:
            self._remember(int(argument))
        elif opcode in {"BINGET", "LONG_BINGET", "GET"}:
            held = self._memo.get(int(argument))
            if held is not None:
                self._push(held)
        elif opcode == "PROTO":
            self.protocol = max(self.protocol, int(argument))
            self._memo, self._memoized = {}, 0  # joblib writes an array of objects as a pickle inside the pickle
        elif opcode in {"GLOBAL", "INST"}:
            self._name(str(argument).replace(" ", ".", 1))
        elif opcode == "STACK_GLOBAL" and len(self._texts) == 2:
            self._name(".".join(self._texts))
        else:
            self._last = None

    def _push(self, text: str) -> None:
        self._texts = [*self._texts[-1:], text[:200]]
        self._last = text[:200]

    def _remember(self, place: int) -> None:
        if self._last is not None:
            self._memo[place] = self._last
        self._memoized = max(self._memoized, place) + 1

    def _name(self, name: str) -> None:
        self._last = None
        self.names.append(name[:400])
