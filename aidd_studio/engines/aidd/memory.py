"""Running out of memory: recognising such errors, and remembering which graphics cards were full."""

from __future__ import annotations

import time

import torch

RETRY = 600.0
"""Seconds after which a full card is tried again: another program may have freed it by then."""

_full_since: dict[str, float] = {}
"""By device as the settings name it, for all windows of this process."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; torch has a class of its own for the GPU only."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def remember_full(device: str) -> None:
    """Remember for RETRY seconds that the device ran out of memory."""
    _full_since[device] = time.monotonic()


def was_full(device: str) -> bool:
    """Whether the device ran out of memory within the last RETRY seconds."""
    return time.monotonic() - _full_since.get(device, float("-inf")) < RETRY


def forget_full() -> None:
    """Forget all of it: try every device again."""
    _full_since.clear()
