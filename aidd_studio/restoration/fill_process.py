"""Filling in a separate process, so that the program stays alive and responsive whatever an engine does.

Engines hold Python's lock for a tenth of a second at a time (loading torch, long calls into native libraries), which
freezes a window; and an engine that runs out of memory takes its whole process down.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from aidd_studio.audio.clip import Clip
from aidd_studio.damage.damage import Damage
from aidd_studio.engines.engine import Engine, EngineInfo, Window
from aidd_studio.engines.registry import engine_info
from aidd_studio.errors import AiddError, DamageError, WorkerDied
from aidd_studio.progress import Progress
from aidd_studio.restoration.candidate import Candidate
from aidd_studio.restoration.plan import plan
from aidd_studio.restoration.restore import FillRequest, GapListener, fill_window, fill_windows, ready_engine

log = logging.getLogger(__name__)

PATIENCE = 0.02
"""Seconds between two checks for cancellation while nothing comes from the process."""

REPORT_EVERY = 0.05
"""Seconds between two reports of progress from the process."""

LESS_URGENT = 5
"""How much lower the process's priority is than the program's (Unix niceness)."""

LEAVING = 5.0
"""Seconds that the process gets to end after a request."""

DIED = (
    "The process that makes the fills ended unexpectedly, most likely for lack of memory; "
    "close other programs or ask for fewer candidates, then fill again."
)


NOT_STARTED = (
    "The process that makes the fills could not be started ({error}); close other programs or files, then fill again."
)


@dataclass(frozen=True, eq=False)
class _Task:
    """One window to fill. Windows of one `fill` share their engine, which may have learnt something on the way."""

    number: int
    fill: int
    engine: str
    settings: Mapping[str, Any]
    request: FillRequest
    window: Window


@dataclass(frozen=True)
class _Progress:
    fraction: float
    stage: str


@dataclass(frozen=True, eq=False)
class _Ended:
    """A task is over; `error` says why when it did not succeed."""

    error: BaseException | None = None


@dataclass(frozen=True)
class _Listed:
    """An engine as far as it is known without loading it."""

    info: EngineInfo


class FillProcess:
    """Fills gaps in another process, which is started with the first fill and keeps its models for the next one.

    One thread at a time may ask for fills. A process that died is replaced with the next fill.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._line: _Line | None = None
        self._numbers = itertools.count(1)
        self._fills = itertools.count(1)

    def fill_gaps(
        self,
        clip: Clip,
        gaps: Sequence[Damage],
        engine: str,
        settings: Mapping[str, Any],
        request: FillRequest,
        progress: Progress,
        on_gaps: GapListener | None = None,
        on_failed: Callable[[Sequence[Damage], str], None] | None = None,
    ) -> Iterator[Candidate]:
        """Candidates of all gaps as `restore.fill_gaps` makes them, one by one as they are finished.

        on_failed: called with gaps for which the engine found nothing or failed, and why; the others are still filled.
        Raises what the engine raises, WorkerDied, and Cancelled at once, whatever the process is doing.
        """
        windows = plan(clip, gaps, _Listed(engine_info(engine)))
        fill_one = partial(self._fill_window, next(self._fills), engine, settings, request)

        def fill_or_report(window: Window, share: Progress) -> Iterator[Candidate]:
            try:
                yield from fill_one(window, share)
            except (DamageError, RuntimeError) as error:
                if on_failed is None:
                    raise
                on_failed(window.gaps, str(error))

        yield from fill_windows(windows, fill_or_report, progress, on_gaps)

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        process, line = self._process, self._line
        self._process = self._line = None
        if line is not None:
            line.close()
        if process is not None:
            process.terminate()
            process.join(LEAVING)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()

    def _fill_window(
        self,
        fill: int,
        engine: str,
        settings: Mapping[str, Any],
        request: FillRequest,
        window: Window,
        progress: Progress,
    ) -> Iterator[Candidate]:
        progress.check()
        task = _Task(next(self._numbers), fill, engine, settings, request, window)
        try:
            yield from self._answers(task, progress)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self.close()
            raise WorkerDied(DIED) from error

    def _answers(self, task: _Task, progress: Progress) -> Iterator[Candidate]:
        line = self._started()
        line.send(task)
        is_over = False
        try:
            while not is_over:
                progress.check()
                if not line.has_come(PATIENCE):
                    continue
                number, message = line.receive()
                if number != task.number:
                    continue  # of a task that was cancelled
                if isinstance(message, _Progress):
                    progress.report(message.fraction, message.stage)
                elif isinstance(message, Candidate):
                    yield message
                else:
                    is_over = True
                    if message.error is not None:
                        raise message.error
        finally:
            if not is_over:
                with suppress(OSError):
                    line.send(task.number)  # asks it to stop

    def _started(self) -> _Line:
        if self._line is not None and self._process is not None and self._process.is_alive():
            return self._line
        self.close()
        context = multiprocessing.get_context("spawn")
        try:
            ours, theirs = context.Pipe()
            with theirs:
                process = context.Process(target=_serve, args=(theirs,), name="aidd-studio fills", daemon=True)
                process.start()
        except OSError as error:
            raise WorkerDied(NOT_STARTED.format(error=error)) from error
        self._process, self._line = process, _Line(ours)
        return self._line


class _Line:
    """One end of a pipe: whole things go through it in order, from any thread."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sending = threading.Lock()

    def send(self, thing: Any) -> None:
        """Send anything; arrays go out as they lie in memory, without Python's lock."""
        arrays: list[pickle.PickleBuffer] = []
        head = pickle.dumps(thing, protocol=5, buffer_callback=arrays.append)
        with self._sending:
            self._pipe.send_bytes(len(arrays).to_bytes(4, "big") + head)
            for array in arrays:
                self._pipe.send_bytes(array.raw())

    def receive(self) -> Any:
        """What the other end has sent; waits for it. Raises EOFError when there is no other end any more."""
        head = self._pipe.recv_bytes()
        arrays = [bytearray(self._pipe.recv_bytes()) for _ in range(int.from_bytes(head[:4], "big"))]
        return pickle.loads(head[4:], buffers=arrays)

    def has_come(self, seconds: float) -> bool:
        """Whether there is something to receive, within that time."""
        return self._pipe.poll(seconds)

    def close(self) -> None:
        self._pipe.close()


# In the process


def _serve(pipe: Connection) -> None:
    """Do tasks one after the other, for as long as the program at the other end lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the window
    if hasattr(os, "nice"):
        os.nice(LESS_URGENT)
    line = _Line(pipe)
    tasks: queue.SimpleQueue[tuple[_Task, Progress]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(line, tasks), name="listening", daemon=True).start()
    fill, engine = 0, None
    while True:
        task, progress = tasks.get()
        try:
            progress.check()
            if engine is None or task.fill != fill:
                fill, engine = task.fill, ready_engine(task.engine, task.settings, task.request.policy)
            _fill(line, task, engine, progress)
            ended = _Ended()
        except (AiddError, MemoryError) as error:
            ended = _Ended(error)
        except Exception as error:
            log.exception("A fill failed")
            ended = _Ended(
                RuntimeError(f"The engine failed unexpectedly ({str(error) or type(error).__name__}); try another one.")
            )
        line.send((task.number, ended))


def _listen(line: _Line, tasks: queue.SimpleQueue[tuple[_Task, Progress]]) -> None:
    """Take tasks and requests to stop; end the process when the program at the other end has gone."""
    running: dict[int, Progress] = {}
    while True:
        try:
            message = line.receive()
        except (EOFError, OSError):
            os._exit(0)
        if isinstance(message, _Task):
            running = {message.number: _reporting_to(line, message.number)}
            tasks.put((message, running[message.number]))
        elif message in running:
            running[message].cancel()


def _reporting_to(line: _Line, number: int) -> Progress:
    """Progress that is reported to the other end, though not too often."""
    last, stage_then = 0.0, ""

    def report(fraction: float, stage: str) -> None:
        nonlocal last, stage_then
        now = time.monotonic()
        if now - last >= REPORT_EVERY or stage != stage_then:
            last, stage_then = now, stage
            line.send((number, _Progress(fraction, stage)))

    return Progress(report)


def _fill(line: _Line, task: _Task, engine: Engine, progress: Progress) -> None:
    for candidate in fill_window(engine, task.request, task.window, progress):
        line.send((task.number, candidate))
