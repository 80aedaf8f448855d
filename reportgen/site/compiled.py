"""Compiled templates of the themes that travel with the package, kept where Python keeps compiled modules.

To compile the templates of a page costs as much as to render a hundred such pages, and each process has to. As with modules,
what is kept is used only while the source is the same, and where nothing may be written nothing is kept. Templates of a project
are compiled anew: nothing of a project's directories is ever run as code.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

import jinja2.compiler
from jinja2.bccache import Bucket, BytecodeCache

from reportgen.charts.draw import write_atomically
from reportgen.resources import themes_dir


class KeptTemplates(BytecodeCache):
    """Keeps what templates of the package's themes compile to, in ``__pycache__`` in the theme's directory."""

    def __init__(self, generator: str) -> None:
        """`generator` is the file of the code that compiles; what another has compiled is not used."""
        self._themes = themes_dir().resolve()
        self._generator = generator

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket where what is kept has been made from the same source by the same program."""
        file = self._file(bucket)
        if file is None:
            return
        with suppress(OSError, EOFError, ValueError, TypeError), file.open("rb") as kept:
            if kept.read(32) == self._mark(bucket):
                bucket.load_bytecode(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a bucket holds, if that is possible."""
        file = self._file(bucket)
        if file is None or sys.dont_write_bytecode:
            return
        with suppress(OSError):
            write_atomically(file, self._mark(bucket) + bucket.bytecode_to_string())
            file.chmod(0o644)

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The key of a template is its file."""
        return filename or ""

    def _file(self, bucket: Bucket) -> Path | None:
        source = Path(bucket.key)
        if not source.is_relative_to(self._themes):
            return None
        theme, *rest = source.relative_to(self._themes).parts
        try:
            return Path(cache_from_source(str(self._themes / theme / f"{'.'.join(rest)}.py")))
        except NotImplementedError:
            return None

    def _mark(self, bucket: Bucket) -> bytes:
        return sha256(f"{bucket.key} {bucket.checksum} {_digest(self._generator)}".encode("utf-8", "surrogateescape")).digest()


@cache
def _digest(generator: str) -> str:
    """Return what tells one program that compiles templates from another."""
    return " ".join(sha256(Path(file).read_bytes()).hexdigest() for file in (generator, jinja2.compiler.__file__))
