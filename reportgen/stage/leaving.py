"""With which status a script leaves that ends by `sys.exit`, `exit` or `quit` while a run is open.

Python tells nobody which status it is about to end with: the exception is gone when the functions of `atexit` run. So the
calls are noted as they are made, and a noted one holds if the script did not go on and return afterwards. A bare
``raise SystemExit(3)`` is not seen, nor an ``exit`` that another module than the script took from `sys` before; a ``with``
block sees those, too.
"""

from __future__ import annotations

import builtins
import sys
import threading

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NoReturn

_asked: tuple[SystemExit, FrameType] | None = None
"""The last exit that the main thread asked for, and the outermost frame of the program."""


def watch() -> None:
    """Note from now on what `sys.exit`, `exit` and `quit` are called with; they do what they did."""
    leave = sys.exit

    def exit(status: Any = None, /) -> NoReturn:  # noqa: A001 - the name that a traceback shows
        _note(status)
        leave(status)

    exit.__doc__ = leave.__doc__
    sys.exit = exit
    main = vars(sys.modules["__main__"])
    main.update({name: exit for name, value in main.items() if value is leave})  # from sys import exit
    quitter: Any = type(getattr(builtins, "exit", None))
    if quitter.__module__ == "_sitebuiltins":
        quitter.__call__ = _noted(quitter.__call__)


def _noted(call: Callable[..., Any]) -> Callable[..., Any]:
    def quit(self: Any, code: Any = None) -> Any:  # noqa: A001 - as above
        _note(code)
        return call(self, code)

    return quit


def _note(status: Any) -> None:
    global _asked
    if threading.current_thread() is threading.main_thread():
        frame = sys._getframe()  # noqa: SLF001 - `inspect` is slow to import and gives the same
        while frame.f_back is not None:
            frame = frame.f_back
        _asked = SystemExit(status), frame


def asked() -> SystemExit | None:
    """Return the exit that this program ends with, as far as it was asked for by a call; only at the program's end."""
    if _asked is None:
        return None
    leaving, outermost = _asked
    return None if _returned(outermost) else leaving


def _returned(frame: FrameType) -> bool:
    """Tell whether a frame that is no longer running returned, rather than being left by an exception."""
    import opcode

    last = opcode.opname[frame.f_code.co_code[frame.f_lasti]] if frame.f_lasti >= 0 else ""
    return last.startswith("RETURN_")
