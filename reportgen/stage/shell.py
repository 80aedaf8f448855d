"""``reportgen log …`` and ``reportgen run -- CMD``: the helpers for steps that are not Python.

Standard library only, and quick to start. A call of ``log`` joins the open run that fits it
(`reportgen.stage.session`), or opens one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from reportgen.errors import ReportgenError

TYPE_CHECKING = False  # as type checkers see `typing.TYPE_CHECKING`: that module is slow to import, and steps are short

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from reportgen.stage.run import Run

EXIT_CODES = """\
Every command also takes -f FILE, -q, -v, --debug and -V. With --strict a disk
that cannot be written to is an error; without, it is told once and is none.

Exit codes: 0 done; 1 an error you can mend; 2 wrong usage; 3 finished but
incomplete; 4 a gate failed; 70 a bug (a log is written); 75 another reportgen
holds the store; 130 interrupted; 143 terminated. Of these, 'log' ends with 0,
1, 2, 70, 130 or 143; 'run' ends with the status of its command.
"""
COMMON = {"-q", "--quiet", "-v", "--verbose", "--debug", "--strict"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\nhint: {self.prog} --help\n")


def main(argv: Sequence[str]) -> int:
    """Run ``log …`` or ``run …`` (options that every command takes may stand before it) and return the exit status."""
    options, rest = _common(list(argv))
    if options.version:
        from reportgen import __version__

        _say(f"reportgen {__version__}\n")
        return 0
    try:
        verb, *arguments = rest
        if verb == "run":
            return _run(arguments, options)
        return _log(arguments, options)
    except ReportgenError as problem:
        if options.debug:
            raise
        _complain(f"error: {problem.message}\n" + (f"hint: {problem.hint}\n" if problem.hint else ""))
        return problem.exit_code
    except OSError as problem:
        if options.debug:
            raise
        where = f": {problem.filename}" if problem.filename else ""
        _complain(f"error: {problem.strerror or problem}{where}\n")
        return 1
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    except KeyboardInterrupt:
        return 130
    except Exception as bug:  # noqa: BLE001 - the last line of defence: whatever escapes is a bug, and is told as one
        return _bug(bug, argv, debug=options.debug)


def _bug(bug: Exception, argv: Sequence[str], *, debug: bool) -> int:
    from reportgen.crash import write_log

    if debug:
        import traceback

        traceback.print_exc()
    log = write_log(bug, argv)
    hint = f"please report it with {log}" if log else "run with --debug"
    _complain(f"error: reportgen has a bug: {type(bug).__name__}: {bug}\nhint: {hint}\n")
    return 70


class _Options(argparse.Namespace):
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    strict: bool = False
    version: bool = False


def _common(arguments: list[str]) -> tuple[_Options, list[str]]:
    """Take the options that every command takes out of the arguments, up to a ``--`` or the command that is run."""
    options, rest = _Options(), list[str]()
    stop = arguments.index("--") if "--" in arguments else len(arguments)
    at = 0
    while at < stop:
        argument = arguments[at]
        if rest[:1] == ["run"] and not argument.startswith("-") and rest[-1] not in {"--name", "--stage"}:
            stop = at
            break
        if argument in {"-f", "--config-file"}:
            at += 1
        elif argument.startswith("--config-file="):
            pass
        elif argument in COMMON:
            name = {"-q": "quiet", "-v": "verbose"}.get(argument, argument.lstrip("-"))
            setattr(options, name, True)
        elif argument in {"-V", "--version"}:
            options.version = True
        else:
            rest.append(argument)
        at += 1
    return options, rest + arguments[stop:]


# -- log


def _log(arguments: Sequence[str], options: _Options) -> int:
    verb = arguments[0] if arguments else ""
    parser = _log_parser() if verb not in LOGGED else _verb_parser(verb)
    given = parser.parse_args(arguments[1:] if verb in LOGGED else arguments)
    LOGGED[verb][0](given, options)
    return 0


def _log_parser() -> _Parser:
    """Return the parser that only lists what can be logged: each has a parser of its own, made when it is used."""
    verbs = "".join(f"  {verb:<10}{told}\n" for verb, (_, told, *_) in LOGGED.items())
    parser = _Parser(
        prog="reportgen log",
        usage="reportgen log [-h] WHAT ...",
        description="Write to the record of a run. Without 'start', the first call opens a run named after the stage; later\n"
        "calls of the same build and stage find it below $REPORTGEN_DIR (default reportgen-results),\n"
        f"or in $REPORTGEN_RUN.\n\nWHAT is one of\n{verbs}\n'reportgen log WHAT --help' says more.",
        epilog=EXIT_CODES,
        formatter_class=_shape,
    )
    parser.add_argument("what", choices=list(LOGGED), metavar="WHAT", help=argparse.SUPPRESS)
    return parser


def help_text(verb: str, what: str | None = None) -> str:
    """Return the help of ``log``, of ``log WHAT`` or of ``run``."""
    parser = _run_parser() if verb == "run" else _verb_parser(what) if what else _log_parser()
    return parser.format_help()


def _verb_parser(verb: str) -> _Parser:
    _, told, places, options = LOGGED[verb]
    parser = _Parser(prog=f"reportgen log {verb}", description=told, epilog=EXIT_CODES, formatter_class=_shape)
    for place, more in places.items():
        parser.add_argument(place, **{"metavar": place.upper(), **more})
    for option, more in options.items():
        parser.add_argument(
            f"--{option}", **{"metavar": option.upper(), **(more if isinstance(more, dict) else {"help": more})}
        )
    return parser


def _shape(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=100)


def _say(text: str) -> None:
    """Print, where there is a standard output: what is logged does not depend on it."""
    if sys.stdout is not None:
        sys.stdout.write(text)


def _complain(text: str) -> None:
    from reportgen.stage.writer import complain

    complain(text)


def _session(options: _Options) -> Run:
    from reportgen.stage.session import join_or_open

    run = join_or_open(os.environ, strict=options.strict or None)
    run.skips_unreadable = False  # a command that is given a file tells by its status that it could not read it
    return run


def _start(given: Any, options: _Options) -> None:
    from reportgen.stage.session import look, open_run

    run = open_run(os.environ, given.name, stage=given.stage, strict=options.strict or None)
    _say(f"{run.directory if look(run.directory) else ''}\n")  # nothing to be found by, where the disk did not take it


def _end(given: Any, options: _Options) -> None:
    from reportgen.stage.session import join_to_end

    join_to_end(os.environ, strict=options.strict or None).end(given.status)


def _metric(given: Any, options: _Options) -> None:
    fields: dict[str, Any] = {key: getattr(given, key) for key in ("direction", "unit", "dataset")}
    for keys, read in ((("low", "high", "std"), _number), (("step", "n"), _whole)):
        fields |= {key: read(value, key) for key in keys if (value := getattr(given, key)) is not None}
    pairs = [(name, _number(value, name)) for name, value in map(_pair, given.pairs)]
    run = _session(options)
    for name, value in pairs:
        run.log_metric(name, value, **fields)


def _param(given: Any, options: _Options) -> None:
    pairs = {name: _value(value) for name, value in map(_pair, given.pairs)}
    _session(options).log_params(pairs)


def _tag(given: Any, options: _Options) -> None:
    pairs = {name: _value(value) for name, value in map(_pair, given.pairs)}
    _session(options).set_tags(pairs)


def _dataset(given: Any, options: _Options) -> None:
    _say(_session(options).log_dataset(given.name, given.path, given.role) + "\n")


def _model(given: Any, options: _Options) -> None:
    run = _session(options)
    digest = run.log_model(given.path, given.name, framework=given.framework, inputs=given.input, role=given.role)
    _say(digest + "\n")


def _attached(kind: str) -> Callable[[Any, _Options], None]:
    def act(given: Any, options: _Options) -> None:
        from pathlib import Path

        getattr(_session(options), f"log_{kind}")(given.name, Path(given.path), caption=given.caption)

    return act


def _artifact(given: Any, options: _Options) -> None:
    _session(options).log_artifact(given.path, given.name)


def _note(given: Any, options: _Options) -> None:
    text = sys.stdin.buffer.read().decode("utf-8", "backslashreplace") if given.text == "-" else given.text
    _session(options).log_note(text)


def _decision(given: Any, options: _Options) -> None:
    _session(options).log_decision(given.value, by=given.by, reason=given.reason, model=given.model)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise _Wrong(f"{text!r} is not NAME=VALUE")
    return name, value


def _number(text: str, name: str) -> int | float:
    try:
        if "_" in text:
            raise ValueError
        try:
            return int(text)
        except ValueError:
            return float(text)
    except ValueError:
        raise _Wrong(f"{name}: {text!r} is not a number") from None


def _whole(text: str, name: str) -> int:
    number = _number(text, name)
    if not isinstance(number, int):
        raise _Wrong(f"{name}: {text!r} is not a whole number")
    return number


def _value(text: str) -> Any:
    """Return what the text says as JSON (a number, true, false, null, a list, quoted text …), else the text itself."""
    from reportgen.record import decode_json

    return decode_json(text, text)


class _Wrong(ReportgenError):
    """Wrong usage."""

    exit_code = 2


PAIRS: dict[str, Any] = {"pairs": {"nargs": "+", "metavar": "NAME=VALUE"}}
NAMED: dict[str, Any] = {"name": {}, "path": {}}
CAPTION: dict[str, Any] = {"caption": "what it shows"}
STATUS = {"choices": ("complete", "failed", "aborted"), "default": "complete", "metavar": None}
LOGGED: dict[str, tuple[Callable[[Any, _Options], None], str, dict[str, Any], dict[str, Any]]] = {
    "start": (
        _start, "Open a run and print its directory.", {"name": {"nargs": "?"}}, {"stage": "the stage it belongs to"},
    ),
    "end": (_end, "End the run.", {}, {"status": STATUS}),
    "metric": (
        _metric, "Write measured numbers.", PAIRS,
        {
            "step": "step of a series", "direction": "higher, lower or none", "low": "lower end of the interval",
            "high": "upper end", "std": "spread", "n": "rows behind the value", "unit": "unit",
            "dataset": "what it was measured on",
        },
    ),
    "param": (_param, "Write inputs: numbers, true, false, null, lists, text.", PAIRS, {}),
    "tag": (_tag, "Write labels.", PAIRS, {}),
    "dataset": (
        _dataset, "Write which data were used; prints the digest.", NAMED, {"role": "training, validation, test …"},
    ),
    "model": (
        _model, "Write which model was made or used; prints the digest.", {"path": {}},
        {
            "framework": "what made it", "name": "its name",
            "role": {"choices": ("input",), "metavar": None, "help": "the model was used, not made"},
            "input": {"action": "append", "default": [], "metavar": "DIGEST", "help": "data it was made from; repeatable"},
        },
    ),
    "table": (_attached("table"), "Attach a CSV or TSV file.", NAMED, CAPTION),
    "chart": (_attached("chart"), "Attach a Vega-Lite file.", NAMED, CAPTION),
    "figure": (_attached("figure"), "Attach a picture.", NAMED, CAPTION),
    "artifact": (_artifact, "Attach any file.", {"path": {}}, {"name": "its name"}),
    "note": (_note, "Write a note in Markdown; - reads it from standard input.", {"text": {}}, {}),
    "decision": (
        _decision, "Write what was decided about a model: approved, rejected or revoked.", {"value": {}},
        {"by": "user id", "reason": "why", "model": "its digest"},
    ),
}  # fmt: skip


# -- run


def _run_parser() -> _Parser:
    parser = _Parser(
        prog="reportgen run",
        usage="reportgen run [--name NAME] [--stage STAGE] -- CMD [ARG ...]",
        description="Run a command as a run: its exit status, its duration, and the last lines of its standard error\n"
        "when it fails. The command finds the run in $REPORTGEN_RUN, so that 'reportgen log' and the Python\n"
        "helpers in it write to it.",
        epilog=EXIT_CODES,
        formatter_class=_shape,
    )
    parser.add_argument("--name", metavar="NAME", help="name of the run; the stage, or the command's name")
    parser.add_argument("--stage", metavar="STAGE", help="the stage it belongs to")
    return parser


def _run(arguments: Sequence[str], options: _Options) -> int:
    parser = _run_parser()
    own, command = _split(list(arguments))
    given, rest = parser.parse_known_args(own)
    command = [*rest, *command] if rest and not rest[0].startswith("-") else command
    if not command or (rest and rest[0].startswith("-")):
        parser.error(f"unknown option {rest[0]}" if rest else "there is no command to run")
    from reportgen.stage.wrap import run_command

    return run_command(command, name=given.name, stage=given.stage, strict=options.strict or None, environ=os.environ)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return own arguments and the command: after ``--``, or from the first argument that is no option."""
    if "--" in arguments:
        at = arguments.index("--")
        return arguments[:at], arguments[at + 1 :]
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in {"--name", "--stage"} else 1
    return arguments[:at], arguments[at:]
