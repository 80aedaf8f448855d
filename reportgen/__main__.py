"""The program's entry: `log` and `run` work where only the standard library is there, every other verb needs the dependencies."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit status."""
    if _stage_verb(sys.argv[1:]):
        from reportgen.stage import shell

        return shell.main(sys.argv[1:])
    try:
        from reportgen.cli import main as cli_main
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] == "reportgen":
            raise
        sys.stderr.write(f"error: this installation has no {missing.name}; only `log` and `run` work without it\n")
        sys.stderr.write("hint: pip install reportgen\n")
        return 1
    return cli_main()


def _stage_verb(arguments: list[str]) -> bool:
    """Tell whether the first argument that is no option, nor the value of one, is a verb of the stage side."""
    takes_value = False
    for argument in arguments:
        if takes_value:
            takes_value = False
        elif argument in {"-f", "--config-file"}:
            takes_value = True
        elif not argument.startswith("-"):
            return argument in {"log", "run"}
    return False


if __name__ == "__main__":
    sys.exit(main())
