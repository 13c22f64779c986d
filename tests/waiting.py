"""Waiting for what another thread or process does: until it is so, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY = 0.01
"""Seconds between two looks."""


def until(
    condition: Callable[[], bool],
    seconds: float = 120.0,
    meanwhile: Callable[[], object] | None = None,
    every: float = LOOK_EVERY,
) -> None:
    """Return once the condition holds. Raises AssertionError when it does not within `seconds`.

    meanwhile: called before every look, such as Qt's way to work off its events.
    """
    deadline = time.monotonic() + seconds
    while True:
        if meanwhile is not None:
            meanwhile()
        if condition():
            return
        assert time.monotonic() < deadline, f"not so within {seconds:g} s"
        time.sleep(every)
