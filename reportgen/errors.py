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

    Raised as it is where none of the kinds below fits, such as for a file that would be overwritten or a run that is not in
    the store. ``slug`` names the paragraph of the error reference; ``exit_code`` is the status the command ends with.
    """

    slug = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(ReportgenError):
    """The configuration is missing, is not TOML, or has problems.

    All of them are told at once, each with its dotted key and, where a key is unknown, with the nearest known one. Nothing is
    harvested or published before the file is in order. ``problems`` holds ``(dotted key, what is wrong, hint)`` for each.
    """

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
    """A record cannot be read, or the stage helpers were called with something they refuse.

    In a stage, a misuse is raised at the call: a name without text, a param set twice to different values, a direction that is
    none of the three. A disk that cannot be written to is no misuse: it is told once, unless ``strict`` was asked for.
    """

    slug = "record"


class StoreError(ReportgenError):
    """The store cannot be opened, read or written.

    It is not there yet, its disk is full, its directory may not be written to, or its file is damaged: ``reportgen check`` says
    which. Builds are saved whole or not at all, so what was saved before is still there.
    """

    slug = "store"


class StoreLocked(StoreError):
    """Another reportgen is writing to this store.

    Only one writes at a time; the other ends at once and has changed nothing. Run it again when the first is done. The lock
    belongs to a living process: there is no file to remove after a crash.
    """

    slug = "store-locked"
    exit_code = 75


class StoreTooNew(StoreError):
    """The store was written by a newer reportgen than this one.

    An older one never writes to it, because it would not know what it breaks. Install the newer version here too.
    """

    slug = "store-too-new"


class HarvestError(ReportgenError):
    """Something could not be fetched or read from a source.

    Where only some builds or files are concerned, they are named, left for the next time, and the command ends with 3.
    """

    slug = "harvest"


class Unreachable(HarvestError):
    """The source did not answer, or not in time.

    The address is wrong, a proxy or certificate is in the way (``[jenkins] proxy``, ``ca_bundle``), or Jenkins is down.
    Requests are repeated a few times before this is told. ``reportgen build`` goes on with what the store has and ends with 3.
    """

    slug = "unreachable"


class AccessDenied(HarvestError):
    """The source answered that this user may not read it.

    ``JENKINS_USER`` and ``JENKINS_TOKEN`` (or netrc) are missing or wrong, the token was revoked, or the user lacks
    Overall/Read or Job/Read.
    """

    slug = "access-denied"


class NotFound(HarvestError):
    """The source says that what was asked for is not there.

    A job's full name is mistyped, or the user may not see it: Jenkins answers both in the same way. The address may also lack
    its context path, such as ``/jenkins``.
    """

    slug = "not-found"


class ContentError(ReportgenError):
    """A content page cannot be rendered; the message names file and line.

    Its front matter is not valid, or a reference to a run, metric, table or chart leads nowhere.
    """

    slug = "content"


class ChartError(ReportgenError):
    """A chart specification is refused or could not be drawn.

    It is larger than ``[limits] chart``, took longer than ``chart_seconds``, loads something from elsewhere, or is no valid
    Vega-Lite. The page says so in the chart's place.
    """

    slug = "chart"


class ThemeError(ReportgenError):
    """A theme is incomplete or one of its templates fails.

    The message names the template, and the directories that were searched for it.
    """

    slug = "theme"


class PublishError(ReportgenError):
    """A version cannot be published, changed or found.

    A version appears whole or not at all: after this error the published versions are those that were there before, and
    ``latest`` leads where it led.
    """

    slug = "publish"
