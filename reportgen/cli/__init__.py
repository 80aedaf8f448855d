"""The command line: one module per verb, imported when it is used, and the statuses every command ends with.

`main` is the entry. A verb's module holds a `click.Command` named ``command`` made with `verb`; it gets the `App` through
`pass_app` and returns its exit status.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reportgen.cli.console import Console
from reportgen.errors import ReportgenError

if TYPE_CHECKING:
    from types import FrameType

    from reportgen.config import Config

DONE, MENDABLE, USAGE, INCOMPLETE, GATE_FAILED, BUG, LOCKED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 70, 75, 130, 143

EXIT_CODES = """\b
Exit codes: 0 done; 1 an error you can mend; 2 wrong usage; 3 finished but
incomplete; 4 a gate failed; 70 a bug (a log is written); 75 another reportgen
holds the store; 130 interrupted; 143 terminated."""

VERBS = {
    "init": ("reportgen.cli.init:command", "Make a working project."),
    "demo": ("reportgen.cli.demo:command", "Harvest an embedded sample Jenkins and build its site."),
    "harvest": ("reportgen.cli.harvest:command", "Fetch what is new on Jenkins into the store."),
    "build": ("reportgen.cli.build:command", "Harvest, then publish a new version of the site."),
    "serve": ("reportgen.cli.serve:command", "Preview the site, and reload it as its sources change."),
    "show": ("reportgen.cli.show:command", "Show runs or a leaderboard in the terminal."),
    "compare": ("reportgen.cli.compare:command", "Compare runs: what differs first."),
    "versions": ("reportgen.cli.versions:command", "List, compare, name, verify and delete published versions."),
    "export": ("reportgen.cli.export:command", "Write a run or a comparison as one self-contained file."),
    "check": ("reportgen.cli.check:command", "Check configuration, store and published site."),
    "prune": ("reportgen.cli.prune:command", "Delete from the store what is no longer needed."),
    "log": ("reportgen.cli.stage:log", "Write to a run's record from a shell step."),
    "run": ("reportgen.cli.stage:run", "Run a command as a run."),
}


@dataclass
class App:
    """What the options that every command takes come to."""

    config_file: Path = Path("reportgen.toml")
    quiet: bool = False
    verbosity: int = 0
    debug: bool = False
    _console: Console | None = field(default=None, repr=False)

    @property
    def console(self) -> Console:
        """Where the command tells people what it does: a `Reporter` on standard error."""
        if self._console is None:
            self._console = Console(quiet=self.quiet, verbose=self.verbosity > 0)
        return self._console

    def config(self) -> Config:
        """Return the configuration; its notices are told once."""
        from reportgen.config import load_config

        config = load_config(self.config_file)
        for notice in config.notices:
            self.console.warn(notice)
        return config


pass_app = click.make_pass_decorator(App, ensure=True)


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        app = context.ensure_object(App)
        if context.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT:
            setattr(app, name, value)

    return callback


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from reportgen import __version__

        click.echo(f"reportgen {__version__}")
        context.exit()


def common_options() -> list[click.Parameter]:
    """Return the options that every command takes, before or after its name."""
    return [
        click.Option(
            ["-f", "--config-file"], type=click.Path(path_type=Path), default=Path("reportgen.toml"), metavar="FILE",
            help="Configuration to use.  [default: reportgen.toml]", expose_value=False, callback=_set("config_file"),
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, help="Tell only what is wrong.", expose_value=False, callback=_set("quiet"),
        ),
        click.Option(["-v", "--verbose"], count=True, help="Tell more.", expose_value=False, callback=_set("verbosity")),
        click.Option(["--debug"], is_flag=True, help="Show tracebacks.", expose_value=False, callback=_set("debug")),
        click.Option(
            ["-V", "--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.",
        ),
    ]  # fmt: skip


class Verb(click.Command):
    """A command that also takes the common options and lists the exit codes in its help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("epilog", EXIT_CODES)
        kwargs["context_settings"] = {"help_option_names": ["-h", "--help"], **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class VerbGroup(Verb, click.Group):
    """A verb with verbs of its own, such as ``versions list``."""

    command_class = Verb


class _Program(VerbGroup):
    """The program: lists its verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in VERBS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, VERBS, n=1)
            ctx.fail(f'there is no command "{name}".' + (f' Did you mean "{near[0]}"?' if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in VERBS.items()])


def verb(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Return the decorator that makes a function the command `name`, with the options every command takes."""
    return click.command(name, cls=Verb, **settings)


program = _Program(
    name="reportgen",
    help="""Model results from Jenkins as a versioned static website.

    Stages write records, `harvest` keeps them in a store that outlives Jenkins' own clean-up, `build` renders a page per run,
    leaderboards, comparisons and lineage.""",
)


class _Terminated(BaseException):
    """SIGTERM arrived."""


def _on_sigterm(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    app = App()
    previous = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        return _run(app, list(sys.argv[1:] if arguments is None else arguments))
    finally:
        signal.signal(signal.SIGTERM, previous)
        app.console.close()


def _run(app: App, arguments: list[str]) -> int:
    try:
        with program.make_context("reportgen", arguments, obj=app) as context:
            result = program.invoke(context)
        return result if isinstance(result, int) else DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as problem:
        problem.show()
        return USAGE
    except click.ClickException as problem:
        app.console.error(problem.format_message())
        return MENDABLE
    except ReportgenError as problem:
        if app.debug:
            traceback.print_exc()
        app.console.error(problem.message, hint=problem.hint)
        return problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        app.console.error("interrupted; what was finished is kept")
        return INTERRUPTED
    except _Terminated:
        app.console.error("terminated; what was finished is kept")
        return TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as bug:  # noqa: BLE001 - the last line of defence: whatever escapes is a bug, and is told as one
        return _bug(app, bug, arguments)


def _bug(app: App, bug: Exception, arguments: list[str]) -> int:
    from reportgen.crash import write_log

    if app.debug:
        traceback.print_exc()
    log = write_log(bug, arguments)
    app.console.error(
        f"reportgen has a bug: {type(bug).__name__}: {bug}", hint=f"please report it with {log}" if log else "run with --debug"
    )
    return BUG
