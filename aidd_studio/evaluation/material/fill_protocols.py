"""The protocols: how long the segments are, where their gaps lie, and which segments of a recording are used."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from aidd_studio.damage.damage import Damage
from aidd_studio.errors import UsageError

if TYPE_CHECKING:
    from aidd_studio.audio.clip import Clip

FillProtocolName = Literal["musicnet", "maestro", "short", "sweep"]

QUIETEST = 10 ** (-50 / 20)
"""A segment is used only when its level (RMS, full scale 1) is at least −50 dB: filling silence proves nothing."""

TRIES = 50


@dataclass(frozen=True)
class FillProtocol:
    """How gaps are laid into segments of recordings."""

    name: FillProtocolName
    title: str
    seconds: float  # length of a segment
    gap_count: int  # gaps in each segment, evenly spaced
    gaps_ms: tuple[float, ...]
    rate: int | None  # sample rate of the comparison; None keeps that of the recording
    samples: int  # fills per segment of a stochastic engine; their measures are averaged
    surroundings: float = 0.0  # seconds of the recording on each side that engines may use but that are not measured

    def gaps(self, frames: int, rate: int, gap_ms: float) -> tuple[Damage, ...]:
        """The gaps of a segment: centres at 1/(n+1) … n/(n+1) of its length. Raises UsageError when they do not fit."""
        length = max(1, round(gap_ms * rate / 1000))
        if length * self.gap_count * 2 > frames:
            raise UsageError(
                f"Gaps of {gap_ms:g} ms take more than half of a {self.seconds:g} s segment; choose shorter ones."
            )
        centres = [round(frames * (index + 1) / (self.gap_count + 1)) for index in range(self.gap_count)]
        return tuple(Damage(centre - length // 2, centre - length // 2 + length) for centre in centres)


FILL_PROTOCOLS: dict[str, FillProtocol] = {
    "musicnet": FillProtocol(
        "musicnet", "MusicNet protocol", 4.17, 4, (50.0, 100.0, 150.0, 200.0, 250.0, 300.0), 24_000, 10
    ),
    "maestro": FillProtocol("maestro", "MAESTRO protocol", 6.0, 1, (375.0, 750.0), 24_000, 10),
    "short": FillProtocol(
        "short", "short gaps after the EBU-SQAM studies", 5.0, 5, (5, 10, 20, 30, 40, 60, 80), 44_100, 1
    ),
    "sweep": FillProtocol(
        "sweep", "routing sweep", 6.0, 1, (5, 10, 20, 40, 80, 160, 320, 640, 1000, 2000), None, 3, surroundings=60.0
    ),
}


def fill_protocol(
    name: str, gaps_ms: Sequence[float] = (), rate: int | None = None, samples: int | None = None
) -> FillProtocol:
    """A protocol by name, with other gap lengths, sample rate or number of samples where given.

    Raises UsageError for an unknown name or senseless numbers.
    """
    if name not in FILL_PROTOCOLS:
        raise UsageError(f"There is no protocol {name}; choose one of {', '.join(FILL_PROTOCOLS)}.")
    chosen = FILL_PROTOCOLS[name]
    if any(not gap > 0 for gap in gaps_ms):
        raise UsageError("Gap lengths must be positive numbers of milliseconds.")
    if samples is not None and samples < 1:
        raise UsageError("At least one sample is needed.")
    return replace(
        chosen,
        gaps_ms=tuple(sorted(set(map(float, gaps_ms or chosen.gaps_ms)))),
        rate=chosen.rate if rate is None else rate or None,
        samples=chosen.samples if samples is None else samples,
    )


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a recording, mono, at the comparison's sample rate."""

    path: Path
    name: str  # path inside the folder, stable across machines
    start: float  # seconds
    seconds: float
    rate: int


def segments(path: Path, name: str, recording: Clip, chosen: FillProtocol, count: int, seed: int) -> list[Excerpt]:
    """Segments of one recording, drawn from the seed and the recording's name alone; fewer when it is short or quiet.

    Segments do not overlap and are not silent.
    """
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    room = recording.duration - chosen.seconds
    if room < 0:
        return []
    starts: list[float] = []
    for _ in range(TRIES):
        start = round(float(generator.uniform(0.0, room)), 3)
        clear = all(abs(start - other) >= chosen.seconds for other in starts)
        if clear and _loud_enough(recording, start, chosen.seconds):
            starts.append(start)
        if len(starts) == count:
            break
    rate = chosen.rate or recording.rate
    return [Excerpt(path, name, start, chosen.seconds, rate) for start in sorted(starts)]


def _loud_enough(recording: Clip, start: float, seconds: float) -> bool:
    """True when each sixth of the segment is loud enough, so that no gap lies in a long pause."""
    first, frames = round(start * recording.rate), round(seconds * recording.rate)
    samples = recording.read(first, first + frames).mean(axis=0)
    return all(float(np.sqrt(np.mean(np.square(part)))) >= QUIETEST for part in np.array_split(samples, 6))
