"""The command line: `aidd-studio COMMAND …`, and the window when no command is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from aidd_studio import __version__
from aidd_studio.cli.detect import detect_command
from aidd_studio.cli.engines import engines_command
from aidd_studio.cli.restore import restore_command

app = typer.Typer(
    name="aidd-studio",
    help="Fill holes in recordings. Without a command the window opens: aidd-studio [FILE]",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aidd-studio {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[
        Optional[bool],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave."),
    ] = None,
) -> None:
    if context.invoked_subcommand is None:
        _open_studio([])


app.command("restore")(restore_command)
app.command("detect")(detect_command)
app.command("engines")(engines_command)


def run() -> None:
    """The entry point of the `aidd-studio` program."""
    arguments = sys.argv[1:]
    if arguments and _is_recording(arguments[0]):
        _open_studio(arguments)
        return
    app()


def _is_recording(argument: str) -> bool:
    """True when the first argument is a file to open, not a command."""
    names = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    return not argument.startswith("-") and argument not in names and Path(argument).suffix != ""


def _open_studio(files: list[str]) -> None:
    from importlib import import_module

    # By name: the doors do not know each other, only the program's start knows both.
    studio = import_module("aidd_studio.studio.app")
    raise SystemExit(studio.main(files))
