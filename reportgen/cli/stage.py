"""``reportgen log`` and ``reportgen run``: the same commands as in a stage, where only the standard library is there."""

from __future__ import annotations

import click


def _handed_on(name: str, told: str) -> click.Command:
    @click.command(
        name,
        help=told,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> int:
        from reportgen.stage import shell

        return shell.main([name, *arguments])

    return command


log = _handed_on("log", "Write to a run's record from a shell step.")
run = _handed_on("run", "Run a command as a run.")
