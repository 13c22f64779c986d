"""What the command line says, and where: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import errno
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer

from aidd_studio.errors import AiddError, Cancelled
from aidd_studio.progress import Progress

CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""Line ends and terminal control characters, which file names may contain, and how they are shown."""


KEPT = "Stopped; what is finished stays, and the same command goes on from there."
"""The message after Ctrl+C where work can be resumed."""


class OutputError(AiddError):
    """Results cannot be written to their output."""


def say(text: str) -> None:
    """Lines of result for a person. Raises OutputError."""
    encoding = _encoding(sys.stdout)
    try:
        typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has closed the pipe
            raise
        raise OutputError(f"The results cannot be written ({error.strerror or error}); send them elsewhere.") from error


def hint(text: str) -> None:
    """One line on stderr that is not a result, whatever characters it contains."""
    typer.echo(text.translate(CONTROLS), err=True)


def say_json(value: Any) -> None:
    """The one machine-readable object of a command. Raises OutputError."""
    any_letters = _encoding(sys.stdout).lower().startswith("utf")
    say(json.dumps(value, ensure_ascii=not any_letters, indent=2, allow_nan=False))


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A Progress that draws a bar on stderr; silent when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with RichProgress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def listen(fraction: float, stage: str) -> None:
            bar.update(task, completed=fraction, description=f"{title}: {stage}" if stage else title)

        yield Progress(listen)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Inside the block the first Ctrl+C or SIGTERM raises KeyboardInterrupt; further ones are ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = [signal.signal(each, interrupt) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def errors_as_sentences(as_json: bool = False, stopped: str | None = None) -> Iterator[None]:
    """Turn the project's errors into one sentence and an exit code, and Ctrl+C into 130.

    stopped: the message after Ctrl+C, where something is left behind.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise _end(Cancelled(stopped) if stopped else Cancelled(), as_json) from None
    except AiddError as error:
        raise _end(error, as_json) from error
    except OSError as error:  # what no room of the program expected: a folder that may not be made, a disk that is gone
        if error.errno == errno.EPIPE or error.filename is None:
            raise
        raise _end(
            AiddError(f"{error.filename} cannot be used ({error.strerror}); choose another place."), as_json
        ) from error
    except MemoryError as error:
        raise _end(
            AiddError("The machine's memory is full; close other programs or work on a shorter file."), as_json
        ) from error


def _end(error: AiddError, as_json: bool) -> typer.Exit:
    if as_json and not isinstance(error, OutputError):
        say_json({"error": str(error), "kind": type(error).__name__})
    hint(str(error))
    return typer.Exit(error.exit_code)
