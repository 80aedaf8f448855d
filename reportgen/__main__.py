"""The entry of the program: ``reportgen log`` and ``reportgen run`` start at once and need the standard library only."""

from __future__ import annotations

import os
import sys

STAGE_VERBS = ("log", "run")
STAGE_HELP = """\
usage: reportgen (log | run) ...

  log   Write to a run's record from a shell step.
  run   Run a command as a run.

Only the stage side is installed here: 'pip install reportgen' without
--no-deps for harvest, build, serve and the other commands.

Exit codes: 0 done; 1 an error you can mend; 2 wrong usage; 70 a bug;
130 interrupted; 143 terminated.
"""


def run() -> None:
    """Run the command line, and end the process with its status.

    A build ends at once: to let go of ten thousand runs, object by object, takes half a second.
    """
    status = main()
    if verb_of(sys.argv[1:]) == "build":
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            sys.exit(status)  # as Python tells it
        os._exit(status)
    sys.exit(status)


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
        return _without_packages(arguments, missing.name)
    return cli_main(arguments)


def _without_packages(arguments: list[str], missing: str) -> int:
    """Answer where only the stage side is installed."""
    from reportgen import __version__

    verb = verb_of(arguments)
    if verb is None and {"-V", "--version"}.intersection(arguments):
        sys.stdout.write(f"reportgen {__version__}\n")
        return 0
    if verb is None and {"-h", "--help"}.intersection(arguments):
        sys.stdout.write(STAGE_HELP)
        return 0
    sys.stderr.write(
        f"error: {f'reportgen {verb}' if verb else 'this'} needs a package that is not installed: {missing}\n"
        "hint: pip install reportgen (without --no-deps); 'reportgen log' and 'reportgen run' work without it\n"
    )
    return 1


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
    run()
