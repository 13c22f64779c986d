"""The command line: `aidd-studio COMMAND …`, and the window when no command is given."""

from __future__ import annotations

import gc
import signal
from typing import Annotated, Optional

import typer

from aidd_studio import __version__
from aidd_studio.cli.batch import batch_command
from aidd_studio.cli.detect import detect_command
from aidd_studio.cli.engines import engines_command
from aidd_studio.cli.evaluate import evaluate
from aidd_studio.cli.models import models_app
from aidd_studio.cli.restore import restore_command
from aidd_studio.cli.train import train_app

app = typer.Typer(
    name="aidd-studio",
    help="Fill holes in recordings. Without a command the window opens: aidd-studio [FILE]",
    epilog="Results go to stdout, progress and errors to stderr. "
    "Exit codes: 0 done, 1 bad input, 2 usage, 3 nothing to restore, 130 interrupted.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aidd-studio {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        Optional[bool],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    pass


app.command("restore")(restore_command)
app.command("detect")(detect_command)
app.command("batch")(batch_command)
app.command("engines")(engines_command)
app.command("evaluate")(evaluate)
app.add_typer(models_app)
app.add_typer(train_app, name="train")


def is_command(argument: str) -> bool:
    """True when an argument is a command or option rather than a file to open."""
    names = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    return argument.startswith("-") or argument in names


def run() -> None:
    """Run the command line on the program's arguments; SIGTERM ends it as Ctrl+C does, worker processes included."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Importing torch creates 300,000 lasting objects; collecting garbage among them as often as usual takes 0.2 s.
    gc.set_threshold(50_000, 20, 20)
    try:
        app()
    finally:
        gc.freeze()  # spares the interpreter's last look through all of them: 0.3 s
