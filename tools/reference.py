"""Write the parts of the reference that are made from the code: commands, configuration, errors.

python tools/reference.py            write docs/reference/*.md
python tools/reference.py --check    exit 1 if one of them is not what the code says
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs" / "reference"


def commands() -> str:
    """Return the reference of the command line: the help of every verb."""
    import click

    from reportgen import cli

    lines = ["# Commands", "", "Made from the program's own help.", ""]

    def add(command: click.Command, path: str, depth: int) -> None:
        context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
        lines.extend([f"{'#' * depth} `{path}`", "", "```text", command.get_help(context).rstrip(), "```", ""])
        if isinstance(command, click.Group) and command is not cli.program:
            for name in sorted(command.list_commands(context)):
                inner = command.get_command(context, name)
                assert inner is not None
                add(inner, f"{path} {name}", depth + 1)

    add(cli.program, "reportgen", 2)
    for name in cli.VERBS:
        if name in {"log", "run"}:
            from reportgen.stage import shell

            lines.extend([f"## `reportgen {name}`", "", "```text", shell.help_text(name).rstrip(), "```", ""])
            continue
        command = cli.program.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        add(command, f"reportgen {name}", 2)
    return "\n".join(lines)


def configuration() -> str:
    """Return the reference of reportgen.toml: every key, its type, default and meaning."""
    from pydantic_core import PydanticUndefined

    from reportgen.config import reference

    lines = [
        "# Configuration", "",
        "`reportgen.toml`, key by key, made from the code that reads it. Relative paths are relative to the file;",
        "globs are Ant's: `*` within a part, `**` any depth, `?` one character.", "",
    ]  # fmt: skip
    for heading, section in reference().items():
        lines += [f"## `{heading}`", "", inspect.cleandoc(section.__doc__ or "").split(": ", 1)[-1].capitalize(), ""]
        lines += ["| key | default | meaning |", "|---|---|---|"]
        for name, field in section.model_fields.items():
            default = field.get_default(call_default_factory=True)
            shown = "" if default is PydanticUndefined else f"`{_toml(default)}`"
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{field.alias or name}` | {shown} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if value is None:
        return "unset"
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
    from reportgen import errors as module

    lines = ["# Errors", "", "Every error says what is wrong, where and why, and hints at what to do next.", ""]
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, module.ReportgenError)]
    for kind in kinds:
        lines += [f"## {kind.slug} {{#error-{kind.slug}}}", "", inspect.cleandoc(kind.__doc__ or ""), ""]
        lines += [f"`{kind.__name__}`, exit code {kind.exit_code}.", ""]
    return "\n".join(lines)


PAGES = {"commands.md": commands, "configuration.md": configuration, "errors.md": errors}


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
