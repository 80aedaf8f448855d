"""The errors a user can meet.

    ReportgenError            what, where and why; ``hint`` says what to do next
    ├── ConfigError           reportgen.toml, all problems at once
    ├── RecordError           a stage's record, or a call that misuses the helpers
    ├── StoreError            the store cannot be read or written
    │   ├── StoreLocked       another reportgen holds the store
    │   └── StoreTooNew       written by a newer reportgen
    ├── HarvestError          Jenkins, or a directory that is read as one
    │   ├── Unreachable       no answer, or none in time
    │   ├── AccessDenied      not logged in, or not allowed
    │   └── NotFound          a configured job, a build or a file is not there
    ├── ContentError          a Markdown page: file and line
    ├── ChartError            a chart specification that is refused or cannot be drawn
    ├── ThemeError            a theme or one of its templates
    └── PublishError          a version cannot be published

Anything else that escapes is a bug.
"""

from __future__ import annotations


class ReportgenError(Exception):
    """An error the user can mend, shown as ``error: …`` and ``hint: …`` without a traceback.

    ``slug`` names the paragraph of the error reference; ``exit_code`` is the status the command ends with.
    """

    slug = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ReportgenError):
    """The configuration has problems; ``problems`` holds ``(dotted key, what is wrong, hint)`` for each."""

    slug = "config"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        problems: tuple[tuple[str, str, str | None], ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class RecordError(ReportgenError, ValueError):
    """A record cannot be read, or the stage helpers were called with something they refuse."""

    slug = "record"


class StoreError(ReportgenError):
    """The store cannot be opened, read or written."""

    slug = "store"


class StoreLocked(StoreError):
    """Another reportgen is writing to this store."""

    slug = "store-locked"
    exit_code = 75


class StoreTooNew(StoreError):
    """The store was written by a newer reportgen than this one."""

    slug = "store-too-new"


class HarvestError(ReportgenError):
    """Something could not be fetched or read from a source."""

    slug = "harvest"


class Unreachable(HarvestError):
    """The source did not answer, or not in time."""

    slug = "unreachable"


class AccessDenied(HarvestError):
    """The source answered that this user may not read it."""

    slug = "access-denied"


class NotFound(HarvestError):
    """The source says that what was asked for is not there."""

    slug = "not-found"


class ContentError(ReportgenError):
    """A content page cannot be rendered; the message names file and line."""

    slug = "content"


class ChartError(ReportgenError):
    """A chart specification is refused or could not be drawn."""

    slug = "chart"


class ThemeError(ReportgenError):
    """A theme is incomplete or one of its templates fails."""

    slug = "theme"


class PublishError(ReportgenError):
    """A version cannot be published, changed or found."""

    slug = "publish"
