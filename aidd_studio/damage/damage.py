"""Damage: a part of a recording that is missing or spoilt, in time and optionally in frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aidd_studio.errors import DamageError

DamageKind = Literal["manual", "silence", "near-silence", "held", "invalid"]
"""How it was found: marked manually, digital silence, level cut, stuck or repeated samples, NaN or Inf."""

Known = Literal["nothing", "bounds", "degraded"]
"""What is left of the signal: nothing (a dropout), a bound on its value (clipping), or an attenuated or noisy version
of it (a dip, a noise on top)."""


@dataclass(frozen=True, order=True)
class Band:
    """Frequencies from `low` to `high` in Hz. Raises DamageError unless 0 <= low < high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise DamageError(f"A band needs two edges in Hz, not {self.low:g} and {self.high:g}.")
        if self.low < 0:
            raise DamageError(f"The band {self} begins below 0 Hz; its lower edge must be 0 or more.")
        if self.high <= self.low:
            raise DamageError(f"The band {self} is empty; its upper edge must lie above its lower edge.")

    def __str__(self) -> str:
        return f"{self.low:.6g}–{self.high:.6g} Hz"

    def overlaps(self, other: Band) -> bool:
        """True when both have frequencies in common."""
        return self.low < other.high and other.low < self.high

    def check_rate(self, rate: int) -> None:
        """Raise DamageError unless recordings of that rate hold the whole band."""
        if self.high > rate / 2:
            raise DamageError(
                f"The band {self} reaches beyond {rate / 2:.6g} Hz, half the recording's sample rate; lower its upper "
                "edge."
            )


@dataclass(frozen=True, order=True)
class Damage:
    """Frames `start` to `end` (half open) of the source, in some or all channels, in a band or the whole spectrum.

    `channels`, counted from 0, is None when all are damaged; `band` is None when all frequencies are. `confidence` is
    0 to 1 (1 for damage marked manually). `known` says what is left of the signal.
    """

    start: int
    end: int
    channels: tuple[int, ...] | None = None
    kind: DamageKind = "manual"
    confidence: float = 1.0
    band: Band | None = None
    known: Known = "nothing"

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise DamageError(f"A gap must end after it starts, but this one runs from {self.start} to {self.end}.")
        if self.channels is not None:
            if not self.channels:
                raise DamageError("A gap needs at least one channel.")
            object.__setattr__(self, "channels", tuple(sorted(set(self.channels))))

    @classmethod
    def from_seconds(
        cls, start: float, end: float, rate: int, channels: Sequence[int] | None = None, band: Band | None = None
    ) -> Damage:
        """The damage between two times of a recording of that rate, each at its nearest frame. Raises DamageError."""
        if not (math.isfinite(start) and math.isfinite(end)):
            raise DamageError(f"A gap needs a start and an end in seconds, not {start} and {end}.")
        if band is not None:
            band.check_rate(rate)
        first, last = (math.floor(time * rate + 0.5) for time in (start, end))
        return cls(first, last, None if channels is None else tuple(channels), band=band)

    @property
    def frames(self) -> int:
        return self.end - self.start

    def seconds(self, rate: int) -> float:
        """Length in seconds."""
        return self.frames / rate

    def touches(self, other: Damage) -> bool:
        """True when both overlap or meet in time, whatever their channels and bands."""
        return self.start <= other.end and other.start <= self.end

    def overlaps(self, other: Damage) -> bool:
        """True when both have frames, a channel and frequencies in common."""
        if self.start >= other.end or other.start >= self.end:
            return False
        if self.band is not None and other.band is not None and not self.band.overlaps(other.band):
            return False
        return self.channels is None or other.channels is None or not set(self.channels).isdisjoint(other.channels)

    def moved(self, start: int, end: int) -> Damage:
        """The same damage with other borders in time."""
        return replace(self, start=start, end=end)

    def channel_indices(self, channels: int) -> tuple[int, ...]:
        """The damaged channels of a recording with that many channels."""
        return tuple(range(channels)) if self.channels is None else self.channels
