"""Memory that does not suffice: telling such errors from others, and remembering which graphics cards were full."""

from __future__ import annotations

import time

import torch

RETRY = 600.0
"""Seconds after which a card that was full is tried again: another program may have left it by then."""

_full_since: dict[str, float] = {}
"""By device as the settings name it, for all windows of this process."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is a lack of memory; torch has a class of its own for the GPU's alone."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def remember_full(device: str) -> None:
    """From now on `was_full` says so of that device, for RETRY seconds."""
    _full_since[device] = time.monotonic()


def was_full(device: str) -> bool:
    """Whether that device's memory did not suffice lately."""
    return time.monotonic() - _full_since.get(device, float("-inf")) < RETRY


def forget_full() -> None:
    """Try every device again."""
    _full_since.clear()
