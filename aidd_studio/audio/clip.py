"""A recording in memory, and the small changes made to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""float32 [channels, frames], full scale at ±1."""

MOST_CHANNELS = 8


@dataclass(frozen=True)
class Source:
    """Where a clip came from: what a writer must know to give the same kind of file back."""

    path: Path
    container: str  # soundfile's major format: "WAV", "FLAC", ...
    subtype: str  # soundfile's subtype: "PCM_16", "FLOAT", ...
    endian: str = "FILE"
    size: int = 0  # bytes on disk when it was read
    modified_ns: int = 0  # st_mtime_ns when it was read
    tags: Mapping[str, Any] = field(default_factory=dict, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)  # sentences: which sound is missing, and where


@dataclass(frozen=True, eq=False)
class Patch:
    """New samples for a few channels of a clip, from frame `start` on."""

    start: int
    channels: tuple[int, ...]
    samples: Samples  # [len(channels), frames]

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[0] != len(self.channels):
            raise ValueError("a patch holds one row of samples for each of its channels")
        object.__setattr__(self, "samples", _frozen(self.samples))

    @property
    def end(self) -> int:
        return self.start + int(self.samples.shape[1])


@dataclass(frozen=True, eq=False)
class Clip:
    """An immutable recording: `base` samples as they were read, and patches applied on top in order.

    Patches cost no copy of the recording, so an hour-long clip and its restored version share memory. float32 samples
    [channels, frames], or [frames] of one channel, are not copied either; other floating-point ones are converted.
    Raises ValueError for integers, whose full scale is unknown, and for what looks like [frames, channels].
    """

    base: Samples  # float32 [channels, frames], never written to
    rate: int  # frames per second
    source: Source | None = None
    patches: tuple[Patch, ...] = ()

    def __post_init__(self) -> None:
        given = np.asarray(self.base)
        if not np.issubdtype(given.dtype, np.floating):
            raise ValueError("samples must be floating point with full scale at 1; divide int16 by 32768, for instance")
        base = np.asarray(given, dtype=np.float32)
        if base.ndim == 1:
            base = base[None, :]
        if base.ndim != 2 or base.shape[0] < 1:
            raise ValueError("samples must be [channels, frames]")
        if base.shape[0] > max(MOST_CHANNELS, base.shape[1]):
            raise ValueError("samples must be [channels, frames], not [frames, channels]; transpose them")
        if self.rate <= 0:
            raise ValueError("the sample rate must be positive")
        object.__setattr__(self, "base", _frozen(base))

    @property
    def channels(self) -> int:
        return int(self.base.shape[0])

    @property
    def frames(self) -> int:
        return int(self.base.shape[1])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: which sound of the file is missing, and where."""
        return self.source.notes if self.source is not None else ()

    @property
    def samples(self) -> Samples:
        """All samples with the patches in place: float32 [channels, frames], read-only."""
        return self.read(0, self.frames)

    def read(self, start: int, end: int) -> Samples:
        """Frames `start` to `end` (half open, clamped to the clip) with patches in place: [channels, n], read-only."""
        start, end = max(0, start), min(self.frames, end)
        view = self.base[:, start : max(start, end)]
        touching = [patch for patch in self.patches if patch.start < end and patch.end > start]
        if not touching:
            return view
        rendered = view.copy()
        for patch in touching:
            first, last = max(start, patch.start), min(end, patch.end)
            rendered[list(patch.channels), first - start : last - start] = patch.samples[
                :, first - patch.start : last - patch.start
            ]
        return _frozen(rendered)

    def with_patches(self, *patches: Patch) -> Clip:
        """The same recording with more patches applied."""
        for patch in patches:
            if patch.start < 0 or patch.end > self.frames or not set(patch.channels) <= set(range(self.channels)):
                raise ValueError("a patch must lie inside the clip")
        return replace(self, patches=self.patches + patches)

    def without_patches(self) -> Clip:
        """The recording as it was read."""
        return replace(self, patches=())


def _frozen(samples: Samples) -> Samples:
    samples = np.asarray(samples, dtype=np.float32)
    if samples.flags.writeable:
        samples = samples.view()
        samples.flags.writeable = False
    return samples
