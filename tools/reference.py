"""Write the parts of the reference that are made from the code: commands, configuration, errors, template contexts.

python tools/reference.py            write docs/reference/*.md
python tools/reference.py --check    exit 1 if one of them is not what the code says
"""

from __future__ import annotations

import inspect
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

if TYPE_CHECKING:
    from reportgen.errors import ReportgenError

DOCS = Path(__file__).parents[1] / "docs" / "reference"


WIDTH = 100
EXIT_CODES = {
    "DONE": "Done. Also when there was nothing new.",
    "MENDABLE": "An error you can mend: it is told, with a hint. `--strict` turns a 3 into this, and publishes nothing.",
    "USAGE": "Wrong usage: an unknown command, option or value.",
    "INCOMPLETE": "Finished, but this run met something new that it could not fetch, read or render; or Jenkins could not be"
    " asked while the store had something to build from. What is left out by configuration does not count.",
    "GATE_FAILED": "A gate failed. Kept for later: no command of this version ends with it.",
    "BUG": "A bug of reportgen. A log is written that can be pasted into a report; secrets are masked in it.",
    "LOCKED": "Another reportgen holds the store. Nothing was changed; run it again later.",
    "INTERRUPTED": "Interrupted (Ctrl+C). What was finished is kept.",
    "TERMINATED": "Terminated (SIGTERM), as Jenkins does when a build is aborted. What was finished is kept.",
}
ENVIRONMENT = {
    "JENKINS_USER": "with `JENKINS_TOKEN`: who harvests. They come before netrc.",
    "JENKINS_TOKEN": "the API token of `JENKINS_USER`.",
    "NETRC": "a netrc file other than `~/.netrc`.",
    "REQUESTS_CA_BUNDLE": "trusted certificates, where `[jenkins] ca_bundle` is not set.",
    "HTTP_PROXY": 'with `HTTPS_PROXY` and `NO_PROXY`, in either case: used where `[jenkins] proxy` is `"env"`, else ignored.',
    "SOURCE_DATE_EPOCH": "the time of a harvest and of a version, in seconds since 1970, instead of the clock.",
    "NO_COLOR": "no colours.",
    "REPORTGEN_DIR": "in a stage: where records are written, by default `reportgen-results`.",
    "REPORTGEN_RUN": "in a stage: the directory of the run to write to.",
    "REPORTGEN_STRICT": "in a stage: a disk that cannot be written to is an error.",
}


def commands() -> str:
    """Return the reference of the command line: manners, statuses, environment and the help of every verb."""
    import click

    from reportgen import cli
    from reportgen.stage import shell

    lines = [
        "# Commands", "",
        "Made from the program's own help. Options that every command takes may stand before or after its name. What people",
        "read goes to standard error, data to standard output; bars are drawn on a terminal only.", "",
        "## Exit codes", "", "| code | meaning |", "|---|---|",
        *(f"| {getattr(cli, name)} | {meaning} |" for name, meaning in EXIT_CODES.items()), "",
        "Where several apply, 1 comes before 4, and 4 before 3. The kinds of error are listed in [Errors](errors.md).", "",
        "## Environment", "", "| variable | what it sets |", "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items()), "",
    ]  # fmt: skip

    def block(title: str, text: str, depth: int) -> None:
        lines.extend([f"{'#' * depth} `{title}`", "", "```text", text.rstrip(), "```", ""])

    def add(command: click.Command, parent: click.Context | None, path: str, name: str, depth: int) -> None:
        settings = {"max_content_width": WIDTH, "terminal_width": WIDTH}
        context = command.context_class(command, parent=parent, info_name=name, **settings)  # type: ignore[arg-type]
        block(path, command.get_help(context), depth)
        if isinstance(command, click.Group) and command is not cli.program:
            for inner in sorted(command.list_commands(context)):
                found = command.get_command(context, inner)
                assert found is not None
                add(found, context, f"{path} {inner}", inner, depth + 1)

    add(cli.program, None, "reportgen", "reportgen", 2)
    program = cli.program.context_class(cli.program, info_name="reportgen")
    for name in cli.VERBS:
        if name in {"log", "run"}:
            block(f"reportgen {name}", shell.help_text(name), 2)
            for what in shell.LOGGED if name == "log" else ():
                block(f"reportgen log {what}", shell.help_text(name, what).partition("\nEvery command also")[0], 3)
            continue
        command = cli.program.get_command(program, name)
        assert command is not None
        add(command, program, f"reportgen {name}", name, 2)
    return "\n".join(lines)


def configuration() -> str:
    """Return the reference of reportgen.toml: every key, its type, default and meaning."""
    from pydantic_core import PydanticUndefined

    from reportgen.config import parse_size, reference

    lines = [
        "# Configuration", "",
        "`reportgen.toml`, key by key, made from the code that reads it. Relative paths are relative to the file;",
        "globs are Ant's: `*` within a part, `**` any depth, `?` one character. A size is a number of bytes or words such as",
        '`"50 MB"`. Unknown keys are errors; `reportgen check` lists all problems at once.',
        "It also notes, as `build` warns, which jobs and metrics of leaderboards and pipelines the store does not have.", "",
        "The smallest file that harvests:", "",
        "```toml", "[jenkins]", 'url = "https://ci.example.com/jenkins"', "", "[[jobs]]", 'name = "churn/**"', "```", "",
    ]  # fmt: skip
    for heading, section in reference().items():
        lines += [f"## `{heading}`", "", _heading_words(section), ""]
        lines += ["| key | default | meaning |", "|---|---|---|"]
        for name, field in section.model_fields.items():
            size = any(getattr(entry, "func", None) is parse_size for entry in field.metadata)
            default = field.get_default(call_default_factory=True)
            shown = "" if default is PydanticUndefined else f"{f'`{_size(default)}`' if size else _shown(default)}"
            meaning = (field.description or "").replace("|", "\\|")
            if get_origin(field.annotation) is Literal:
                meaning += f" One of {', '.join(f'`{_toml(value)}`' for value in get_args(field.annotation))}."
            lines.append(f"| `{field.alias or name}` | {shown} | {meaning} |")
        lines.append("")
    lines += [
        "## Later", "",
        "`[[gates]]` and `[[acknowledge]]` are reserved: a file that has them is told that they do nothing yet.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _heading_words(section: type) -> str:
    words = inspect.cleandoc(section.__doc__ or "").split(": ", 1)[-1]
    return words[:1].upper() + words[1:]


def _shown(default: object) -> str:
    return "" if default is None else f"`{_toml(default)}`"


def _size(size: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale and size % scale == 0:
            return f'"{size // scale} {unit}"'
    return str(size)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:,}".replace(",", "_") if isinstance(value, int) else f"{value:g}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return f'"{value}"'


def errors() -> str:
    """Return the reference of the errors: what each means and the status a command ends with."""
    lines = [
        "# Errors", "",
        "Every error says what is wrong, where and why, and its hint what to do next. `--debug` adds the traceback. Each kind",
        "is an exception of `reportgen.errors`; [Commands](commands.md#exit-codes) lists the exit codes.", "",
    ]  # fmt: skip
    for slug, alike in groupby(kinds(), key=lambda kind: kind.slug):
        lines += [f"## {slug} {{#error-{slug}}}", ""]
        for kind in alike:
            text = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
            lines += [text, "", f"`{kind.__name__}`, exit code {kind.exit_code}.", ""]
    lines += [
        "## A bug {#error-bug}", "",
        "Anything else that escapes is a bug of reportgen: the command ends with 70 and names a log to report it with. It",
        "holds versions, the command and the traceback, with secrets masked.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def kinds() -> list[type[ReportgenError]]:
    """Return the kinds of error that have a paragraph."""
    from reportgen import errors as module
    from reportgen.harvest.http.failures import TooLarge
    from reportgen.site.links import BadReference
    from reportgen.site.write import DamagedFile
    from reportgen.store.blobs import BlobTooLarge

    found = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, module.ReportgenError)]
    return [*found, TooLarge, BlobTooLarge, BadReference, DamagedFile]


def contexts() -> str:
    """Return the theme manual's reference of what templates get."""
    from reportgen.site.contexts.reference import markdown

    return markdown()


PAGES = {"commands.md": commands, "configuration.md": configuration, "errors.md": errors, "theme-contexts.md": contexts}


def main() -> int:
    """Write or check the pages and return the exit status."""
    stale = []
    for name, make in PAGES.items():
        text = make().rstrip() + "\n"
        path = DOCS / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, "utf-8")
    if stale:
        print(("stale: " if "--check" in sys.argv else "wrote: ") + ", ".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
