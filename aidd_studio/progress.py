"""Progress and cancelling: the one object that long work reports to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from aidd_studio.errors import Cancelled

T = TypeVar("T")
Listener = Callable[[float, str], None]

PATIENCE = 0.02
"""Seconds between two looks at the watch while something else is waited for."""


class Watch:
    """Receives progress and carries the wish to stop.

    Work calls `report(fraction, stage)` and `check()` at least every 100 ms. The base class listens to
    nobody, so `Watch()` is the silent default. `cancel()` may be called from any thread.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._cancelled = threading.Event()

    def report(self, fraction: float, stage: str = "") -> None:
        """Tell how much is done (0 to 1) and what is being done; raises Cancelled when asked to stop."""
        self.check()
        if self._listener is not None:
            self._listener(min(1.0, max(0.0, fraction)), stage)

    def check(self) -> None:
        """Raise Cancelled when somebody asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def heard_by(self, listener: Listener) -> Watch:
        """The same watch, with a listener of its own that hears every report first."""
        return _Heard(self, listener)

    def silent(self) -> Watch:
        """A watch that passes on no progress; cancelling is shared."""
        return _Silent(self)

    def part(self, start: float, stop: float) -> Watch:
        """A watch for a share of the work: its 0 to 1 becomes `start` to `stop` here, cancelling is shared."""
        return _Part(self, start, stop)


class _Silent(Watch):
    def __init__(self, whole: Watch) -> None:
        super().__init__()
        self._cancelled = whole._cancelled


class _Part(Watch):
    def __init__(self, whole: Watch, start: float, stop: float) -> None:
        super().__init__(lambda fraction, stage: whole.report(start + fraction * (stop - start), stage))
        self._cancelled = whole._cancelled


class _Heard(Watch):
    def __init__(self, whole: Watch, listener: Listener) -> None:
        def both(fraction: float, stage: str) -> None:
            listener(fraction, stage)
            whole.report(fraction, stage)

        super().__init__(both)
        self._cancelled = whole._cancelled


def patiently(work: Callable[[], T], watch: Watch) -> T:
    """The result of `work`, done in another thread while the watch is looked at; raises Cancelled without waiting."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1, thread_name_prefix="patiently")
    try:
        future = pool.submit(work)
        while True:
            watch.check()
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                if future.done():
                    raise
    finally:
        pool.shutdown(wait=False)
