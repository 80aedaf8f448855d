"""What a run does beneath its methods: open, write, go on when the disk does not, and end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reportgen import record
from reportgen.errors import RecordError
from reportgen.stage import ending, values
from reportgen.stage.events import moment
from reportgen.stage.journal import Journal

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self, TypeVar

    from reportgen.redact import Redacted, Redactor

    T = TypeVar("T")


def _anchored(directory: Path) -> Path:
    """Return the directory as a whole path: a step may change into another one, and its record stays where it is."""
    try:
        return Path(os.getcwd(), directory)  # noqa: PTH109 - a path's own method takes twice the time
    except OSError:  # the working directory is gone
        return directory


def _make(directory: Path) -> None:
    """Make the directory: one call where its parent is there and it is not, as nearly always."""
    try:
        os.mkdir(directory)  # noqa: PTH102 - half the time of a path's own method
    except OSError:
        directory.mkdir(parents=True, exist_ok=True)


def complain(words: str) -> None:
    """Tell on standard error, where there is one that takes it."""
    try:
        sys.stderr.write(words)
    except Exception:  # noqa: BLE001 - a closed standard error is no reason to stop a training
        return


def rules_of(found: Redacted) -> list[str]:
    """Return the rules by which something was redacted, as an event names them."""
    return sorted({finding.rule for finding in found.findings})


UNSET: Any = object()
"""Stands for a param that was not logged."""


class Writer:
    """Writes the events of one record, in any thread or forked process; `Run` adds the methods people call."""

    skips_unreadable = True
    """Whether the work goes on, after a warning, where a file that is to be logged cannot be read."""

    def __init__(
        self,
        directory: Path,
        opening: Mapping[str, Any],
        *,
        clock: Callable[[], Any] | None = None,
        strict: bool = False,
        resumed: bool = False,
        joined: bool = False,
        secrets: tuple[Sequence[str], Sequence[str]] = ((), ()),
        first: Sequence[str] = (),
    ) -> None:
        """Open the record with its ``run`` event, and in the same write the bodies of those that come `first`."""
        self.directory = directory = _anchored(directory)
        self.name: str = opening["name"]
        self.stage: str = opening["stage"]
        self.strict = strict
        self._clock = clock
        self._monotonic = time.monotonic()
        self._journal = Journal(directory / record.JOURNAL)
        self._secrets = secrets
        self._rules: Redactor | None = None
        self._params: dict[str, Any] = {}
        self._metrics: dict[str, Any] = {}
        self._status: str | None = None
        self._warned = False
        self._skipped: set[str] = set()
        self._pid = os.getpid()
        self._earlier_s = 0.0
        self._leave: Callable[[Any], None] | None = None
        if resumed:
            self._recall()
        self._started = self._now()
        self._joined = joined
        if not joined:
            self._guard(lambda: _make(directory))
            self._write_bodies([record.encode_body({"kind": "run", **opening}), *first])

    def __repr__(self) -> str:
        return f"<reportgen.Run {self.name!r} in {str(self.directory)!r}, {self._status or 'open'}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Arrive in another process as a run that adds to this one's record."""
        from reportgen.stage.events import moment
        from reportgen.stage.joined import arrive

        opening = {"name": self.name, "stage": self.stage, "t": moment(self._started)}
        return arrive, (str(self.directory), opening, self.strict, self._secrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.owned:
            self.end(error=error)

    @property
    def owned(self) -> bool:
        """Whether this process opened the run, and so is the one to end it."""
        return not self._joined and os.getpid() == self._pid

    @property
    def status(self) -> str | None:
        """``complete``, ``failed`` or ``aborted``; None while the run is open."""
        return self._status

    @property
    def params(self) -> dict[str, Any]:
        """The params logged so far, as they were written."""
        return dict(self._params)

    @property
    def metrics(self) -> dict[str, Any]:
        """The last value of each metric logged so far."""
        return dict(self._metrics)

    # -- the end

    def end(
        self,
        status: str | None = None,
        *,
        error: BaseException | None = None,
        failure: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """End the run as ``complete``, ``failed`` or ``aborted`` (told from `error` if not said); a second end is nothing.

        `failure` describes what went wrong where there is no exception: type, message, traceback. `facts` are further fields
        of the ``end`` event. ``metrics.json`` and ``params.json`` are written beside the journal.
        """
        if self._status is not None:
            return
        if status not in {None, "complete", "failed", "aborted"}:
            raise RecordError(f"a run ends complete, failed or aborted, not {status!r:.80}")
        event: dict[str, Any] = {"kind": "end", "status": status or ending.status_of(error)}
        if error is not None and event["status"] == "failed":
            failure = ending.describe(error)
        if failure is not None:
            event["error"] = self._told(failure)
        if isinstance(error, SystemExit):
            event["exit_status"] = ending.exit_status(error)
        event.update(facts or {})
        event["duration_s"] = round(self._earlier_s + self._elapsed(), 3)
        try:
            self._guard(lambda: ending.write_summaries(self.directory, *self._summary()))
            self._write(event)
        finally:
            self._status = event["status"]
            self._journal.close()
            if self._leave is not None:
                self._leave(self)

    def _told(self, failure: Mapping[str, str]) -> dict[str, str]:
        """Return what went wrong, as it is written; only its type, where the secrets in it cannot be masked."""
        try:
            return {key: self._redactor.text(part).value for key, part in failure.items()}
        except Exception:  # noqa: BLE001 - where no further file can be opened, the run has failed all the same
            return {"type": failure["type"]}

    def _summary(self) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._journal.is_shared():
            self._recall()
        return self._params, self._metrics

    def _recall(self) -> None:
        """Take params, metrics and the time already spent from the journal."""
        state = ending.recall(self._journal.path)
        self._params, self._metrics, self._earlier_s = state.params, state.metrics, state.duration_s

    # -- how things are written

    @property
    def _redactor(self) -> Redactor:
        if self._rules is None:
            from reportgen.redact import Redactor

            self._rules = Redactor(*self._secrets)
        return self._rules

    def _labelled(self, kind: str, name: str, value: Any) -> dict[str, Any]:
        found = self._redactor.param(name, values.scalar(value))
        event = {"kind": kind, "name": name, "value": found.value}
        if found.findings:
            event["redacted"] = rules_of(found)
        return event

    def _attach(self, kind: str, name: str, make: Callable[[], dict[str, Any]], **more: Any) -> None:
        clean = values.name_of(name, kind)
        self._must_be_open()
        made: dict[str, Any] = {}
        if self._read(lambda: self._guard(lambda: made.update(make())), f"{kind} {clean!r}"):
            extra = {key: values.scalar(value) for key, value in more.items() if value is not None}
            if isinstance(extra.get("caption"), str):
                extra["caption"] = self._redactor.text(extra["caption"]).value
            self._write({"kind": kind, "name": clean, **made, **extra})

    def _write(self, *events: Mapping[str, Any]) -> None:
        self._write_bodies([record.encode_body(event) for event in events])

    def _write_bodies(self, bodies: Sequence[str]) -> None:
        self._must_be_open()
        if bodies:
            now = moment(self._now())
            self._guard(lambda: self._journal.append(bodies, now))

    def _must_be_open(self) -> None:
        if self._status is not None:
            raise RecordError(
                f"run {self.name!r} has ended ({self._status})", hint="log inside the with block, or start_run(resume=...)"
            )

    def _guard(self, act: Callable[[], None]) -> bool:
        """Do what touches the disk; tell once if that fails, and raise only in a strict run."""
        try:
            act()
        except OSError as problem:
            if self.strict:
                raise
            if not self._warned:
                self._warned = True
                complain(
                    f"warning: reportgen cannot write to {self.directory}: {problem.strerror or problem}; "
                    f"run {self.name!r} goes on and its record is incomplete\n"
                )
            return False
        return True

    def _read(self, make: Callable[[], T], what: str) -> T | None:
        """Return what is made of a file or an object that the step names.

        None where it cannot be read, or where the object's own code fails, which is told once. RecordError for misuse.
        """
        from reportgen.stage.files import Unreadable

        try:
            return make()
        except Unreadable as problem:
            if self.strict or not self.skips_unreadable:
                raise
            told = problem.message
        except RecordError:
            raise
        except Exception as problem:
            if self.strict or not self.skips_unreadable:
                raise
            told = f"{what} cannot be logged: {type(problem).__name__}: {values.word(problem):.500}"
        if told not in self._skipped:
            self._skipped.add(told)
            complain(f"warning: reportgen: {told}; run {self.name!r} goes on without it\n")
        return None

    def _now(self) -> float:
        if self._clock is None:
            return time.time()
        moment = self._clock()
        return float(moment.timestamp() if hasattr(moment, "timestamp") else moment)

    def _elapsed(self) -> float:
        return max(0.0, time.monotonic() - self._monotonic if self._clock is None else self._now() - self._started)
