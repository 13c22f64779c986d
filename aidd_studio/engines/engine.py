"""What an engine is: something that fills the gaps of one window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aidd_studio.audio.clip import Samples
from aidd_studio.damage.damage import Damage
from aidd_studio.progress import Progress


@dataclass(frozen=True, eq=False)
class Window:
    """One or more neighbouring gaps with the sound around them, at the source's rate and channels.

    samples: float32 [channels, frames], finite everywhere, 0 where `missing`.
    missing: bool [channels, frames], True where there is no sound: in `gaps`, and in other windows' gaps within the
    context.
    offset: the source frame of the window's first frame.
    gaps: the gaps to fill, in source frames; all of them lie inside the window.
    """

    samples: Samples
    missing: NDArray[np.bool_]
    rate: int
    offset: int
    gaps: tuple[Damage, ...]

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """Where sound is to be made, in `gaps` only: bool [channels, frames]."""
        wanted = np.zeros(self.missing.shape, dtype=np.bool_)
        for gap in self.gaps:
            start, end = self.local(gap)
            wanted[list(gap.channel_indices(self.channels)), start:end] = True
        return wanted

    def local(self, gap: Damage) -> tuple[int, int]:
        """First and last frame (half open) of a gap, counted from the window's start."""
        return gap.start - self.offset, gap.end - self.offset


@dataclass(frozen=True)
class EngineInfo:
    """What can be shown of an engine without loading it."""

    name: str  # "autoregressive"
    title: str  # "Autoregressive (Janssen)"
    summary: str  # one sentence for a person
    stochastic: bool  # more than one candidate makes sense
    rate: int | None  # native sample rate, None when it works at any
    shortest: float  # recommended gap range in seconds
    longest: float
    context: float  # seconds of sound it uses on each side of a gap
    needs_weights: bool = False
    generative: bool = False  # it can insert sound that was never recorded
    bands: bool = False  # it can fill a band of frequencies and keep the rest


@dataclass(frozen=True, eq=False)
class Fill:
    """One way to fill all gaps of a window.

    samples: float32 [channels, frames] of the whole window. Inside the gaps they are the fill; outside they are
    either the window's own samples or the engine's rendition of them, which the splice may cross-fade with.
    score: higher is better; comparable within one engine and window only, except from `auto`, which calibrates the
    scores of all its engines to one scale.
    """

    samples: Samples
    engine: str
    seed: int
    score: float
    settings: Mapping[str, Any] = field(default_factory=dict)  # JSON-able; enough to make the fill again
    weights: Mapping[str, str] = field(default_factory=dict)  # model name -> sha256
    seconds: float = 0.0  # computing time
    note: str = ""  # why this engine, what was noticed ("ran on the CPU: the GPU's memory was full")


@runtime_checkable
class Engine(Protocol):
    """Fills windows. Engines hold settings and loaded models, never a recording."""

    @property
    def info(self) -> EngineInfo: ...

    def unavailable(self) -> str | None:
        """Why the engine cannot run now, in one sentence that says what to do; None when it can."""
        ...

    def fill(self, window: Window, candidates: int, seed: int, progress: Progress) -> Iterator[Fill]:
        """Yield up to `candidates` fills as they are finished; a deterministic engine yields one.

        Candidate i depends on (window, settings, seed, i) only, not on how many are asked for.
        Raises Cancelled through `progress`, ModelNotInstalled, DamageError.
        """
        ...
