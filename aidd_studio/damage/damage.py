"""A gap: a stretch of a recording where sound is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aidd_studio.errors import DamageError

DamageKind = Literal["manual", "silence", "near-silence", "held", "invalid"]
"""How the sound is missing: marked by hand, digital zero, level cut, held/repeated samples, NaN or Inf."""


@dataclass(frozen=True, order=True)
class Damage:
    """Frames `start` to `end` (half open) of the source, in some or all channels.

    `channels`, counted from 0, is None when all are damaged. `confidence` is 0 to 1 (1 for gaps marked by hand).
    """

    start: int
    end: int
    channels: tuple[int, ...] | None = None
    kind: DamageKind = "manual"
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise DamageError(f"A gap must end after it starts, but this one runs from {self.start} to {self.end}.")
        if self.channels is not None:
            if not self.channels:
                raise DamageError("A gap needs at least one channel.")
            object.__setattr__(self, "channels", tuple(sorted(set(self.channels))))

    @classmethod
    def from_seconds(cls, start: float, end: float, rate: int, channels: Sequence[int] | None = None) -> Damage:
        """The gap between two times of a recording of that rate, each at its nearest frame. Raises DamageError."""
        if not (math.isfinite(start) and math.isfinite(end)):
            raise DamageError(f"A gap needs a start and an end in seconds, not {start} and {end}.")
        first, last = (math.floor(time * rate + 0.5) for time in (start, end))
        return cls(first, last, None if channels is None else tuple(channels))

    @property
    def frames(self) -> int:
        return self.end - self.start

    def seconds(self, rate: int) -> float:
        """Length in seconds."""
        return self.frames / rate

    def touches(self, other: Damage) -> bool:
        """True when both overlap or meet, whatever their channels."""
        return self.start <= other.end and other.start <= self.end

    def overlaps(self, other: Damage) -> bool:
        """True when both have a sample in common: frames, and a channel."""
        if self.start >= other.end or other.start >= self.end:
            return False
        return self.channels is None or other.channels is None or not set(self.channels).isdisjoint(other.channels)

    def moved(self, start: int, end: int) -> Damage:
        """The same gap with other borders."""
        return replace(self, start=start, end=end)

    def channel_indices(self, channels: int) -> tuple[int, ...]:
        """The damaged channels of a recording with that many channels."""
        return tuple(range(channels)) if self.channels is None else self.channels
