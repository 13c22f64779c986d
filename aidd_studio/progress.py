"""Progress and cancelling: the one object that long work reports to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from aidd_studio.errors import Cancelled

T = TypeVar("T")
Listener = Callable[[float, str], None]

PATIENCE = 0.02
"""Seconds between two checks for cancellation while waiting for something else."""


class StopSignal(Protocol):
    """What cancellation is read from and written to; `threading.Event` is one."""

    def is_set(self) -> bool: ...

    def set(self) -> None: ...


class Progress:
    """What long work reports to, and by which it is cancelled.

    Work calls `report(fraction, stage)` and `check()` at least every 100 ms. Without a
    listener it is silent, so `Progress()` is the default. `cancel()` may be called from any thread.
    """

    def __init__(self, listener: Listener | None = None, stop: StopSignal | None = None) -> None:
        """stop: cancels this progress, and is set when it is cancelled; give the same one to share cancellation."""
        self._listener = listener
        self._stop = stop if stop is not None else threading.Event()

    def report(self, fraction: float, stage: str = "") -> None:
        """Report the fraction done (0 to 1) and the current stage; raises Cancelled when asked to stop."""
        self.check()
        if self._listener is not None:
            self._listener(min(1.0, max(0.0, fraction)), stage)

    def check(self) -> None:
        """Raise Cancelled when asked to stop."""
        if self._stop.is_set():
            raise Cancelled()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._stop.set()

    @property
    def is_cancelled(self) -> bool:
        return self._stop.is_set()

    def forward_to(self, listener: Listener) -> Progress:
        """The same progress, with a listener of its own that gets every report first; cancelling is shared."""

        def both(fraction: float, stage: str) -> None:
            listener(fraction, stage)
            self.report(fraction, stage)

        return Progress(both, self._stop)

    def silent(self) -> Progress:
        """A progress that forwards no reports; cancelling is shared."""
        return Progress(stop=self._stop)

    def part(self, start: float, stop: float) -> Progress:
        """Progress for a share of the work: its 0 to 1 becomes `start` to `stop` here, cancelling is shared."""
        return Progress(lambda fraction, stage: self.report(start + fraction * (stop - start), stage), self._stop)


def patiently(work: Callable[[], T], progress: Progress) -> T:
    """The result of `work`, done in another thread; raises Cancelled without waiting for it."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1, thread_name_prefix="patiently")
    try:
        future = pool.submit(work)
        while True:
            progress.check()
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                if future.done():
                    raise
    finally:
        pool.shutdown(wait=False)
