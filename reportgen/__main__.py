"""The entry of the program: ``reportgen log`` and ``reportgen run`` start at once and need the standard library only."""

from __future__ import annotations

import sys

STAGE_VERBS = ("log", "run")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if verb_of(arguments) in STAGE_VERBS:
        from reportgen.stage.shell import main as stage_main

        return stage_main(arguments)
    try:
        from reportgen.cli import main as cli_main
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] == "reportgen":
            raise
        sys.stderr.write(
            f"error: {verb_of(arguments) or 'this'} needs a package that is not installed: {missing.name}\n"
            "hint: pip install reportgen (without --no-deps); 'reportgen log' and 'reportgen run' work without it\n"
        )
        return 1
    return cli_main(arguments)


def verb_of(arguments: list[str]) -> str | None:
    """Return the first argument that is no option, nor the value of one."""
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in {"-f", "--config-file"}:
            skip = True
        elif not argument.startswith("-"):
            return argument
    return None


if __name__ == "__main__":
    sys.exit(main())
